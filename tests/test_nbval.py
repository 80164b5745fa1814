"""Does nbval find that marked cells of stored notebooks say something else at `ci`?

`test_notebooks` validates every chapter in this way, from what papermill executed there.
"""

import os
import subprocess
import sys

import nbformat
import pytest
import replay

from posebook import chapters

MARK = "nbval-check-output"
COMMAND = [
    sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env",
    "--nbval-cell-timeout=1200", "--nbval-kernel-startup-timeout=1200", "-q", "-o", "addopts=",
    "-p", "no:cacheprovider", "-p", "no:xdist",
]  # fmt: skip


def notebook_with(answer: str, source: str = "print(6 * 7)") -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, execution_count=1, metadata=dict(tags=[MARK]))
    cell.outputs = [nbformat.v4.new_output("stream", text=answer)]
    kernel = dict(name="python3", display_name="Python 3 (ipykernel)", language="python")
    return nbformat.v4.new_notebook(cells=[cell], metadata=dict(kernelspec=kernel))


@pytest.mark.slow
def test_nbval_executes_a_chapter_and_notices_a_changed_answer(tmp_path):
    """With kernels of nbval's own: a chapter and a right answer pass, a wrong one fails."""
    chapter = chapters.find("02").notebook
    (tmp_path / chapter.name).write_bytes(chapter.read_bytes())
    for name, text in (("right", "42\n"), ("wrong", "41\n")):
        nbformat.write(notebook_with(text), tmp_path / f"{name}.ipynb")
    environment = os.environ | {"POSEBOOK_PROFILE": "ci", "POSEBOOK_RUNS": str(tmp_path / "runs")}
    environment.pop("PYTEST_ADDOPTS", None)
    done = subprocess.run(
        [*COMMAND, chapter.name, "right.ipynb", "wrong.ipynb"],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=3600,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    cells = nbformat.read(chapter, 4).cells
    passed = sum(cell.cell_type == "code" for cell in cells) + 1
    words = done.stdout[-6000:] + done.stderr[-2000:]
    assert done.returncode == 1 and f"1 failed, {passed} passed" in done.stdout, words
    assert "FAILED wrong.ipynb::Cell 0" in done.stdout, words


@pytest.mark.parametrize(
    ("executed", "status"),
    [
        (notebook_with("42\n"), 0),
        (notebook_with("41\n"), 1),
        (notebook_with(""), 1),
        (notebook_with("42\n", source="print(42)"), 1),
    ],
)
def test_a_changed_answer_is_noticed_in_what_was_executed(executed, status, tmp_path):
    nbformat.write(notebook_with("42\n"), tmp_path / "stored.ipynb")
    nbformat.write(executed, tmp_path / "executed.ipynb")
    found, text = replay.compare(tmp_path / "stored.ipynb", tmp_path / "executed.ipynb")
    assert found == status and f"1 {'failed' if status else 'passed'}" in text, text


def test_every_chapter_has_marked_cells(chapter):
    tags = [cell.metadata.get("tags", []) for cell in chapters.load(chapter.source).cells]
    assert any(MARK in each for each in tags)
