"""What makes an answer right: one module for each chapter, one function for each exercise.

A function's parameters are variables of the notebook. It returns nothing for a right answer, raises
`NotAttempted` for an untouched one, and `Wrong` with the reason for any other.
"""

from collections.abc import Iterable
from typing import Any

from posebook.course.checking import Wrong


def names_in(answer: Any) -> set[str]:
    """The names of an answer that is a set of names; one name may stand by itself."""
    if isinstance(answer, str):
        return {answer}
    if not isinstance(answer, Iterable) or not all(isinstance(name, str) for name in answer):
        raise Wrong("The answer is a set of names.")
    return set(answer)
