"""Every exercise's check: right answers pass, wrong ones hear why, untouched ones are not wrong.

`tests/answers/<chapter>.py` has one row an answer: exercise, the variables that the reader sets,
and a piece of the line that must come out; GIVEN are variables of the chapter itself.
"""

import importlib.util
import inspect
import re
import types
from pathlib import Path

import pytest

from posebook import chapters, course
from posebook.course import editions
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


def test_nan_is_no_answer():
    """A comparison with NaN is never true, so that a careless check would let it pass."""
    for parameter in answers():
        exercise, names, expected = parameter.values
        asked = inspect.signature(check_of(exercise)).parameters
        numbers = [n for n in asked if isinstance(names.get(n), int | float)]
        if expected == "right" and numbers:
            nothing = names | dict.fromkeys(numbers, float("nan"))
            assert "right." not in course.judged(check_of(exercise), nothing)[0], exercise


def raises(*_):
    return 1 + "a"


@pytest.mark.parametrize(
    ("exercise", "answer", "says"),
    [
        ("5.2", "52.06", "`theirs_over_16_mm` is text; a number is expected, without the quotes."),
        ("5.2", "52.06 mm", "`theirs_over_16_mm` is text; a number is expected, without unit."),
        ("5.2", "my paper", "`theirs_over_16_mm` is text; something else is expected."),
        ("5.3", 3, "`cheat_mm` is a whole number; a tensor is expected."),
        ("5.3", [3.0], "`cheat_mm` is a list; a tensor is expected."),
        ("6.2", 3, "`distance_loss` is a whole number; a function is expected."),
        ("6.2", lambda *_: 3, "`distance_loss` returns a whole number; a tensor is expected."),
        ("6.2", lambda *_: None, "`distance_loss` returns nothing (None): is there a `return`?"),
        ("6.2", raises, "It raises TypeError: unsupported operand type(s) for +: 'int' and 'str'"),
    ],
)
def test_an_answer_of_another_type(exercise, answer, says):
    if answer is raises:  # the reader's own, as a notebook knows it
        answer = types.FunctionType(raises.__code__, {"__name__": "__main__"})
    names = next(p.values[1] for p in answers() if p.values[0] == exercise)
    (own,) = {"5.2": ["theirs_over_16_mm"], "5.3": ["cheat_mm"], "6.2": ["distance_loss"]}[exercise]
    line, _ = course.judged(check_of(exercise), names | {own: answer})
    assert line == f"not yet. {says}"


def exercises_of(chapter) -> list[tuple[int, str, str]]:
    """Number, kind and difficulty of each exercise, as the chapter's text says them."""
    label = re.compile(r"^\*\*(\d+) · ([a-z ]+) · ([a-z]+)\.\*\* ", re.MULTILINE)
    cells = [c for c in chapters.load(chapter.source).cells if c.cell_type == "markdown"]
    found = [match.groups() for cell in cells for match in label.finditer(cell.source)]
    return [(int(number), kind, difficulty) for number, kind, difficulty in found]


def test_each_chapter_asks_in_four_ways(chapter):
    """Every exercise says its kind and its difficulty, and has a check."""
    numbers, kinds, difficulties = zip(*exercises_of(chapter), strict=True)
    assert numbers == tuple(range(1, len(numbers) + 1)) and 4 <= len(numbers) < 10
    assert set(kinds) == {"recall", "derive", "code", "break it"}
    assert set(difficulties) <= {"easy", "medium", "hard"}
    cells = chapters.load(chapter.source).cells
    checks = [c.source for c in cells if "exercise_check" in c.metadata.get("tags", [])]
    assert checks == [f'check("{int(chapter.number)}.{number}")' for number in numbers]


def test_each_check_knows_right_wrong_and_untouched_answers():
    said: dict[str, list[str]] = {}
    for parameter in answers():
        exercise, _, expected = parameter.values
        said.setdefault(exercise, []).append(expected)
    for chapter in chapters.all_chapters():
        for number, _, _ in exercises_of(chapter):
            lines = said[f"{int(chapter.number)}.{number}"]
            assert {"right", "not attempted"} <= set(lines)
            assert len([line for line in lines if line not in ("right", "not attempted")]) >= 2


def test_check_prints_and_takes_the_callers_variables(capsys):
    course.check("06.2")
    assert "run the cells above first; distance_loss" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", ["6", "6.x", "99.1", "6.77"])
def test_no_such_exercise(exercise):
    with pytest.raises(InputError):
        check_of(exercise)


@pytest.mark.parametrize("told", [course.check, course.hint])
@pytest.mark.parametrize(
    ("exercise", "says"),
    [
        (6, "exercise '6': expected a chapter and a number, such as '6.1'"),
        ("7.9", "chapter 07 has no exercise 9 that can be checked"),
        (7.9, "chapter 07 has no exercise 9 that can be checked"),
    ],
)
def test_no_such_exercise_is_said_in_a_line(told, exercise, says, capsys):
    told(exercise)
    assert capsys.readouterr().out == f"{says}\n"


def test_an_exercise_may_be_a_number(capsys):
    frame = {"check": inspect.unwrap(course.check), "frames_seen": 15}
    exec("check(7.1)", frame)
    assert capsys.readouterr().out == "Exercise 7.1: right.\n"
    assert editions.checks_in("check( 7.1 )") == editions.checks_in('check("7.1")') == ["7.1"]
