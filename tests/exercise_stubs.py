"""Functions as a chapter's exercises start from them."""

import re
from types import CodeType, FunctionType

import torch

from posebook import chapters


def stub(chapter: str, name: str) -> dict[str, FunctionType]:
    """{name: the function}, from the cell in which a reader finds it."""
    source = chapters.find(chapter).source.read_text(encoding="utf-8")
    cells = re.findall(
        r'^# %% tags=\["exercise"\]\n(.*?)(?=^# %%)', source, re.DOTALL | re.MULTILINE
    )
    (cell,) = [text for text in cells if f"def {name}(" in text]
    codes = [c for c in compile(cell, chapter, "exec").co_consts if isinstance(c, CodeType)]
    (code,) = [c for c in codes if c.co_name == name]
    return {name: FunctionType(code, {"torch": torch})}
