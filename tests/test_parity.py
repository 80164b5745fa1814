"""What a chapter inlines is what the package holds: its core cells, run here, against posebook.

Neither may import the other: a core cell stands alone, and the package never reads a notebook.
"""

import ast
import builtins
import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy
import pytest
import torch

from posebook import chapters, shapes

# What a core cell may use without importing it. Nothing of posebook's but names of shapes.
GIVEN = {
    "torch": torch,
    "nn": torch.nn,
    "functional": torch.nn.functional,
    "math": math,
    "np": numpy,
    "Tensor": torch.Tensor,
    **{name: value for name, value in vars(shapes).items() if name[0].isupper()},
}
COMPARISONS: dict[str, Callable[[SimpleNamespace], None]] = {}


def parity(chapter_id: str):
    """Register the comparison of one chapter's core, given as a namespace, with the package."""

    def register(compare: Callable[[SimpleNamespace], None]):
        COMPARISONS[chapter_id] = compare
        return compare

    return register


def core_text(chapter: chapters.Chapter) -> str:
    cells = chapters.load(chapter.source).cells
    return "\n\n".join(c.source for c in cells if "core" in c.metadata.get("tags", []))


def core_of(text: str) -> SimpleNamespace:
    """The names that core cells define, run in a namespace that holds only GIVEN."""
    space = dict(GIVEN)
    exec(compile(text, "core", "exec"), space)
    return SimpleNamespace(**{k: v for k, v in space.items() if k not in GIVEN})


def borrowed(text: str) -> set[str]:
    """Names that the text uses and neither defines nor is given, and its imports of posebook."""
    tree = ast.parse(text)
    defined = set(GIVEN) | set(dir(builtins))
    used, imported = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else defined).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.arg):
            defined.add(node.arg)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            module = getattr(node, "module", None)
            for alias in node.names:
                defined.add(alias.asname or alias.name.partition(".")[0])
                whole = module or alias.name
                if whole.partition(".")[0] == "posebook" and whole != "posebook.shapes":
                    imported.add(whole)
    return (used - defined) | imported


# --- the comparisons, one function for each chapter with a core --------------------------------


# -----------------------------------------------------------------------------------------------


def test_core_equals_the_package(chapter):
    text = core_text(chapter)
    if not text:
        assert chapter.id not in COMPARISONS, "a comparison without a core cell"
        return
    assert not borrowed(text), f"a core cell stands alone, this one borrows {borrowed(text)}"
    longest = max((node.end_lineno - node.lineno + 1 for node in ast.parse(text).body), default=0)
    assert longest <= 60, "the core is one idea in few lines"
    assert chapter.id in COMPARISONS, "write what its core is compared with in this file"
    torch.manual_seed(0)
    COMPARISONS[chapter.id](core_of(text))


def test_comparisons_are_of_this_book():
    assert COMPARISONS.keys() <= {chapter.id for chapter in chapters.all_chapters()}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(x: Pose3D):\n    return torch.sin(x)", set()),
        ("def f(x):\n    y = [i for i in x]\n    return len(y)", set()),
        ("from posebook import losses\nf = losses.g", {"posebook"}),
        ("import posebook.losses as l", {"posebook.losses"}),
        ("def f(x):\n    return reprojection_loss(x)", {"reprojection_loss"}),
    ],
)
def test_what_a_core_borrows_is_seen(text, names):
    assert borrowed(text) == names
