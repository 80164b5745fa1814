"""Every exercise's check: right answers pass, wrong ones hear why, untouched ones are not wrong.

One row an answer: exercise, the notebook's variables, and a piece of the line that must come out.
"""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from posebook import course
from posebook.course.checking import check_of
from posebook.errors import InputError

DEVIATION_MM = torch.full((48,), 100.0)


def distances(output, target):
    return torch.linalg.vector_norm(((output - target) * DEVIATION_MM).view(-1, 16, 3), dim=-1)


ROWS: list[tuple[str, dict[str, Any], str]] = [
    ("6.2", dict(distance_loss=lambda o, t: o.new_tensor(float("nan"))), "not attempted"),
    ("6.2", dict(distance_loss=lambda o, t: distances(o, t).mean()), "right"),
    ("6.2", dict(distance_loss=lambda o, t: (o - t).abs().mean()), "the loss says"),
    ("6.2", dict(distance_loss=lambda o, t: distances(o, t).sum()), "the loss says"),
    ("6.2", dict(distance_loss=lambda o, t: o.no_such()), "It raises AttributeError"),
]
#: Variables that a chapter gives to all of its checks.
GIVEN: dict[str, dict[str, Any]] = {"6": dict(deviation_mm=DEVIATION_MM)}


@pytest.mark.parametrize("exercise, names, expected", ROWS)
def test_answer(exercise: str, names: dict[str, Any], expected: str) -> None:
    checks: Callable[..., None] = check_of(exercise)
    line, _ = course.judged(checks, GIVEN.get(exercise.partition(".")[0], {}) | names)
    assert expected in line


def test_check_prints_and_takes_the_callers_variables(capsys) -> None:
    course.check("06.2")
    assert "run the cells above first; distance_loss" in capsys.readouterr().out


@pytest.mark.parametrize("exercise", ["6", "6.x", "99.1", "6.77"])
def test_no_such_exercise(exercise: str) -> None:
    with pytest.raises(InputError):
        check_of(exercise)
