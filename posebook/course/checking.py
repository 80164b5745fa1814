"""Check a reader's answer to an exercise without telling the answer."""

import inspect
import math
import re
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from posebook import chapters, figures
from posebook.errors import InputError


class NotAttempted(Exception):
    """The reader has not changed what the exercise starts from."""


class Wrong(Exception):
    """Why an answer is wrong, in words that help and do not give the answer away.

    figure  the pose or the curve that refutes the answer, where there is one
    """

    def __init__(self, why: str, figure: Any = None) -> None:
        super().__init__(why)
        self.figure = figure


def check(exercise: str) -> None:
    """Print whether the answer to an exercise is right, and if not, what speaks against it.

    exercise  the chapter's number and the exercise's, such as '6.1' or '06.1'

    The answer is taken from the variables of the notebook: the function that checks it names them
    as its parameters. Nothing is raised for a wrong answer, so that a notebook runs to its end.
    """
    checks = check_of(exercise)
    line, figure = judged(checks, sys._getframe(1).f_globals)
    print(f"Exercise {exercise}: {line}")
    if figure is not None:
        figures.show(figure, alt=line)


def judged(checks: Callable[..., None], names: Mapping[str, Any]) -> tuple[str, Any]:
    """One line about an answer, and the figure that refutes it or None.

    checks  a function of `posebook.course.answers`
    names   the notebook's variables
    """
    wanted = inspect.signature(checks).parameters
    absent = [name for name in wanted if name not in names]
    if absent:
        return f"run the cells above first; {', '.join(absent)} is not there yet.", None
    for name in wanted:
        if _not_a_number(names[name]):
            return f"not yet. {name} is not a number.", None
    try:
        checks(**{name: names[name] for name in wanted})
    except NotAttempted:
        return "not attempted yet.", None
    except Wrong as wrong:
        return f"not yet. {wrong}", wrong.figure
    except Exception as error:  # the reader's own function may raise anything
        why = " ".join(str(error).split())[:200]
        return f"not yet. It raises {type(error).__name__}: {why}", None
    return "right.", None


def _not_a_number(value: Any) -> bool:
    """Whether this is NaN. No comparison finds it wrong, so that a check would let it pass."""
    try:
        return math.isnan(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # not one number
        return False


def check_of(exercise: str) -> Callable[..., None]:
    """The function that checks an exercise; InputError where there is none of that number."""
    parts = re.fullmatch(r"0?([0-9]{1,2})\.0?([0-9]{1,2})", exercise)
    if parts is None:
        raise InputError(f"exercise '{exercise}': expected a chapter and a number, such as '6.1'")
    chapter = chapters.find(f"{int(parts[1]):02d}")
    module = import_module(f"posebook.course.answers.{chapter.id}")
    found = getattr(module, f"exercise_{int(parts[2])}", None)
    if found is None:
        raise InputError(f"chapter {chapter.number} has no exercise {parts[2]} that can be checked")
    return found


def guessed(*guess: Any) -> str:
    """A reader's guess in words, to stand beside the answer: 'you guessed 3' or 'no guess yet'."""
    made = [str(value) for value in guess if value is not None]
    return f"you guessed {', '.join(made)}" if made else "no guess yet"
