"""What makes an answer right: one module for each chapter, one function for each exercise.

A function's parameters are variables of the notebook. It returns nothing for a right answer, raises
`NotAttempted` for an untouched one, and `Wrong` with the reason for any other.
"""

import re
from types import CodeType
from typing import Any

from posebook import chapters

_BLANK = re.compile(r'^# %% tags=\["exercise"\]\n(.*?)(?=^# %%)', re.DOTALL | re.MULTILINE)


def is_stub(function: Any, chapter: str) -> bool:
    """Whether a function is still what its exercise starts from. Its code says so, and not what it
    gives: an answer may give the same.

    chapter  number, such as '06'
    """
    code = getattr(function, "__code__", None)
    source = chapters.find(chapter).source.read_text(encoding="utf-8")
    blanks = [text for text in _BLANK.findall(source) if code and f"def {code.co_name}(" in text]
    stubs = [c for text in blanks for c in compile(text, chapter, "exec").co_consts]
    return any(isinstance(one, CodeType) and _bare(one) == _bare(code) for one in stubs)


def _bare(code: CodeType) -> tuple[Any, ...]:
    """What code does, without where it stands."""
    constants = [_bare(c) if isinstance(c, CodeType) else c for c in code.co_consts]
    return code.co_name, code.co_code, code.co_names, constants
