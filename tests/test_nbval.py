"""Do the marked cells of the stored notebooks say the same at `ci`, where they were not made?"""

import os
import subprocess
import sys

import nbformat
import pytest

MARK = "nbval-check-output"
COMMAND = [
    sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env",
    "--nbval-cell-timeout=1200", "--nbval-kernel-startup-timeout=1200", "-q", "-o", "addopts=",
    "-p", "no:cacheprovider", "-p", "no:xdist",
]  # fmt: skip


def nbval(notebook, runs):
    environment = os.environ | {"POSEBOOK_PROFILE": "ci", "POSEBOOK_RUNS": str(runs)}
    environment.pop("PYTEST_ADDOPTS", None)
    return subprocess.run(
        [*COMMAND, str(notebook)],
        env=environment,
        cwd=notebook.parent,
        capture_output=True,
        text=True,
        timeout=3600,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.slow
def test_marked_cells_say_the_same(chapter, tmp_path):
    """Cells behind the last marked one have nothing to compare; `test_chapter_at_ci` runs them."""
    notebook = nbformat.read(chapter.notebook, 4)
    notebook.cells = notebook.cells[: last_marked(notebook) + 1]
    nbformat.write(notebook, tmp_path / chapter.notebook.name)
    done = nbval(tmp_path / chapter.notebook.name, tmp_path)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def last_marked(notebook: nbformat.NotebookNode) -> int:
    """The place of the last cell whose output nbval compares."""
    return max(i for i, cell in enumerate(notebook.cells) if MARK in cell.metadata.get("tags", []))


@pytest.mark.slow
def test_a_changed_answer_is_noticed(tmp_path):
    cell = nbformat.v4.new_code_cell("print(6 * 7)", execution_count=1, metadata=dict(tags=[MARK]))
    kernel = dict(name="python3", display_name="Python 3 (ipykernel)", language="python")
    notebook = nbformat.v4.new_notebook(cells=[cell], metadata=dict(kernelspec=kernel))
    for text, status in (("42\n", 0), ("41\n", 1)):
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
        nbformat.write(notebook, tmp_path / "one.ipynb")
        assert nbval(tmp_path / "one.ipynb", tmp_path).returncode == status


def test_every_chapter_has_marked_cells(chapter):
    from posebook import chapters

    tags = [cell.metadata.get("tags", []) for cell in chapters.load(chapter.source).cells]
    assert any(MARK in each for each in tags)
