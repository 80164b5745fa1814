"""Does nbval find that marked cells of stored notebooks say something else at `ci`?

`test_notebooks` validates every chapter in this way, from what papermill executed there.
"""

import os
import subprocess
import sys
from pathlib import Path

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


def nbval(stored: Path, runs: Path, executed: Path | None = None) -> subprocess.CompletedProcess:
    """Validate a stored notebook: by executing it, or by what was executed before."""
    environment = os.environ | {"POSEBOOK_PROFILE": "ci", "POSEBOOK_RUNS": str(runs)}
    environment.pop("PYTEST_ADDOPTS", None)
    plugin = []
    if executed:
        environment |= {
            replay.EXECUTED: str(executed), "PYTHONPATH": str(Path(__file__).parent)
        }  # fmt: skip
        plugin = ["-p", "replay"]
    return subprocess.run(
        [*COMMAND, *plugin, str(stored)],
        env=environment,
        cwd=stored.parent,
        capture_output=True,
        text=True,
        timeout=3600,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_nbval_executes_a_chapter(tmp_path):
    notebook = chapters.find("01").notebook
    (tmp_path / notebook.name).write_bytes(notebook.read_bytes())
    done = nbval(tmp_path / notebook.name, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def notebook_with(answer: str, source: str = "print(6 * 7)") -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(source, execution_count=1, metadata=dict(tags=[MARK]))
    cell.outputs = [nbformat.v4.new_output("stream", text=answer)]
    kernel = dict(name="python3", display_name="Python 3 (ipykernel)", language="python")
    return nbformat.v4.new_notebook(cells=[cell], metadata=dict(kernelspec=kernel))


@pytest.mark.slow
def test_a_changed_answer_is_noticed(tmp_path):
    for text, status in (("42\n", 0), ("41\n", 1)):
        nbformat.write(notebook_with(text), tmp_path / "one.ipynb")
        assert nbval(tmp_path / "one.ipynb", tmp_path).returncode == status


@pytest.mark.slow
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
    done = nbval(tmp_path / "stored.ipynb", tmp_path, tmp_path / "executed.ipynb")
    assert done.returncode == status, done.stdout + done.stderr


def test_every_chapter_has_marked_cells(chapter):
    tags = [cell.metadata.get("tags", []) for cell in chapters.load(chapter.source).cells]
    assert any(MARK in each for each in tags)
