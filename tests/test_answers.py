"""Every exercise's check: right answers pass, wrong ones hear why, untouched ones are not wrong.

`tests/answers/<chapter>.py` has one row an answer: exercise, the variables that the reader sets,
and a piece of the line that must come out; GIVEN are variables of the chapter itself.
"""

import importlib.util
from pathlib import Path

import pytest

from posebook import course
from posebook.course.checking import check_of
from posebook.errors import InputError


def answers():
    for path in sorted(Path(__file__).with_name("answers").glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"answers_{path.stem}", path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for exercise, names, expected in module.ROWS:
            yield pytest.param(
                exercise, module.GIVEN | names, expected, id=f"{exercise}-{expected}"
            )


@pytest.mark.parametrize(("exercise", "names", "expected"), list(answers()))
def test_answer(exercise, names, expected):
    line, _ = course.judged(check_of(exercise), names)
    assert expected in line


def test_check_prints_and_takes_the_callers_variables(capsys):
    course.check("06.2")
    assert "run the cells above first; distance_loss" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", ["6", "6.x", "99.1", "6.77"])
def test_no_such_exercise(exercise):
    with pytest.raises(InputError):
        check_of(exercise)
