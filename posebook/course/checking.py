"""Check a reader's answer to an exercise without telling the answer."""

import collections.abc
import contextlib
import functools
import inspect
import math
import re
import sys
import types
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, get_args, get_origin

from torch import Tensor

from posebook import chapters, figures
from posebook.course import teaching
from posebook.errors import InputError

#: The two lines that other programs look for.
RIGHT, UNTOUCHED = "right.", "not attempted yet."


class NotAttempted(Exception):
    """The reader has not changed what the exercise starts from."""


class Wrong(Exception):
    """Why an answer is wrong, in words that help and do not give the answer away.

    figure  the pose or the curve that refutes the answer, where there is one
    """

    def __init__(self, why: str, figure: Any = None) -> None:
        super().__init__(why)
        self.figure = figure


def check(exercise: str | float | int) -> None:
    """Print whether the answer to an exercise is right, and if not, what speaks against it.

    exercise  the chapter's number and the exercise's, such as '6.1', '06.1' or 6.1

    The answer is taken from the variables of the notebook: the function that checks it names them
    as its parameters. Nothing is raised for a wrong answer, nor where there is no such exercise, so
    that a notebook runs to its end.
    """
    try:
        checks = check_of(exercise)
    except InputError as error:
        print(error)
        return
    line, figure = judged(checks, sys._getframe(1).f_globals)
    print(f"Exercise {exercise}: {line}")
    if figure is not None:
        figures.show(figure, alt=line)


def hint(exercise: str | float | int) -> None:
    """Print a hint for an exercise; called again, the next one too.

    exercise  the chapter's number and the exercise's, such as '6.1', '06.1' or 6.1
    """
    try:
        chapter, number = exercise_of(exercise)
        hints = teaching.of(chapter.id).hints.get(number, [])
        if not hints:
            check_of(exercise)  # there may be no such exercise
    except InputError as error:
        print(error)
        return
    if not hints:
        print(f"Exercise {exercise} has no hints; check() says what speaks against an answer.")
        return
    key = chapter.id, number
    _shown[key] = min(_shown.get(key, 0) + 1, len(hints))
    for place, text in enumerate(hints[: _shown[key]], 1):
        print(f"Hint {place} of {len(hints)}: {text}")


#: (chapter, exercise) -> how many of its hints this kernel has shown.
_shown: dict[tuple[str, int], int] = {}


def assert_right(exercise: str) -> None:
    """AssertionError where an answer is not right: for nbgrader, which counts cells that raise."""
    line, _ = judged(check_of(exercise), sys._getframe(1).f_globals)
    assert line == RIGHT, line


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
        return UNTOUCHED, None
    except Wrong as wrong:
        return f"not yet. {wrong}", wrong.figure
    except Exception as error:  # the reader's own function may raise anything
        if told := _misfit(checks, {name: names[name] for name in wanted}, error):
            return f"not yet. {told}", None
        why = " ".join(str(error).split())[:200]
        return f"not yet. It raises {type(error).__name__}: {why}", None
    return RIGHT, None


def _misfit(checks: Callable[..., None], values: Mapping[str, Any], error: Exception) -> str:
    """Which answer has another type than the check can work with, where that is why it raises; ''
    where the reader's own code raises, or nobody can say."""
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_globals.get("__name__") == "__main__":
            return ""
        trace = trace.tb_next
    kinds = {name: one.annotation for name, one in inspect.signature(checks).parameters.items()}
    functions = {
        name for name, kind in kinds.items() if get_origin(kind) is collections.abc.Callable
    }
    for name, value in values.items():
        if name in functions and not callable(value):
            return f"`{name}` is {_kind(value)}; a function is expected."
        if kinds[name] is Any and isinstance(value, str) and re.search("str|literal", str(error)):
            return f"`{name}` is text; {_instead_of_text(value)}."
        if kinds[name] is Any and f"'{type(value).__name__}' object is not iterable" in str(error):
            return f"`{name}` is {_kind(value)}; a tuple, a list or a set is expected."
        if kinds[name] is Any and _wanted_a_tensor(value, error):
            return f"`{name}` is {_kind(value)}; a tensor is expected."
    returned: dict[str, Any] = {}

    def recorded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def recording(*args: Any, **kwargs: Any) -> Any:
            returned[name] = function(*args, **kwargs)
            return returned[name]

        return recording

    asked = {name: recorded(name, value) if name in functions else value
             for name, value in values.items()}  # fmt: skip
    with contextlib.suppress(Exception):
        checks(**asked)
    for name, value in returned.items():
        kind = get_args(kinds[name])[-1]
        if value is None:
            return f"`{name}` returns nothing (None): is there a `return`?"
        for one, words, fits in _RETURNED:
            if (kind is one or get_origin(kind) is one) and not isinstance(value, fits):
                return f"`{name}` returns {_kind(value)}; {words} is expected."
    return ""


#: What a function is to return: its type, in words, and what checks get along with.
_RETURNED = (
    (Tensor, "a tensor", Tensor),
    (float, "a number", int | float | Tensor),
    (tuple, "a tuple", tuple | list | Tensor),
)
_KINDS = {str: "text", int: "a whole number", float: "a number", type(None): "nothing (None)",
          list: "a list", tuple: "a tuple", dict: "a dictionary", set: "a set", Tensor: "a tensor",
          types.FunctionType: "a function"}  # fmt: skip


def _kind(value: Any) -> str:
    return _KINDS.get(type(value), f"of type {type(value).__name__}")


def _instead_of_text(text: str) -> str:
    try:
        float(text)
    except ValueError:
        if re.match(r"\s*[-+]?[0-9.]+\s*[a-z%]", text):
            return "a number is expected, without unit"
        return "something else is expected"
    return "a number is expected, without the quotes"


def _wanted_a_tensor(value: Any, error: Exception) -> bool:
    """Whether an error comes of a value that is no tensor."""
    if isinstance(error, AttributeError):
        return error.obj is value and hasattr(Tensor, error.name or "")
    kind = type(value).__name__
    return isinstance(error, TypeError) and f"must be Tensor, not {kind}" in str(error)


def _not_a_number(value: Any) -> bool:
    """Whether this is NaN. No comparison finds it wrong, so that a check would let it pass."""
    try:
        return math.isnan(value)
    except (TypeError, ValueError, RuntimeError, OverflowError):  # not one number
        return False


def check_of(exercise: str | float | int) -> Callable[..., None]:
    """The function that checks an exercise; InputError where there is none of that number."""
    chapter, number = exercise_of(exercise)
    module = import_module(f"posebook.course.answers.{chapter.id}")
    found = getattr(module, f"exercise_{number}", None)
    if found is None:
        raise InputError(f"chapter {chapter.number} has no exercise {number} that can be checked")
    return found


def exercise_of(exercise: str | float | int) -> tuple[chapters.Chapter, int]:
    """'06.2' -> the chapter and the exercise's number; InputError where there is none.

    exercise  6.2 is as good: no chapter has ten exercises, so that 6.1 is no 6.10
    """
    parts = re.fullmatch(r"0?([0-9]{1,2})\.0?([0-9]{1,2})", str(exercise))
    if parts is None:
        raise InputError(f"exercise '{exercise}': expected a chapter and a number, such as '6.1'")
    return chapters.find(f"{int(parts[1]):02d}"), int(parts[2])


def guessed(*guess: Any) -> str:
    """A reader's guess in words, to stand beside the answer: 'you guessed 3' or 'no guess yet'."""
    made = [str(value) for value in guess if value is not None]
    return f"you guessed {', '.join(made)}" if made else "no guess yet"
