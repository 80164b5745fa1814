"""Each chapter is a pair: the text, and the notebook built from it, fit to be seen on any page."""

import nbformat
import pytest
from build_notebooks import LARGEST_BYTES, cells_of, clean_outputs, machine_paths, stored_metadata

from posebook import chapters, paths

#: Longer cells are not read.
LONGEST_CELL = 40


def stored(chapter):
    assert chapter.notebook.exists(), "run: python tools/build_notebooks.py " + chapter.number
    return nbformat.read(chapter.notebook, 4)


def code_cells(notebook):
    return [c for c in notebook.cells if c.cell_type == "code" and c.source.strip()]


def test_each_notebook_has_its_text():
    found = {path.stem for path in paths.NOTEBOOKS.glob("*.ipynb")}
    assert found == {chapter.source.stem for chapter in chapters.all_chapters()}


def test_pair_is_one_by_source_and_tags(chapter):
    text = chapters.load(chapter.source)
    assert cells_of(stored(chapter)) == cells_of(text), "the .ipynb is not of this .py: build it"
    for key in ("posebook", "kernelspec"):
        assert stored(chapter).metadata[key] == text.metadata[key]


def test_what_gives_an_answer_away_is_folded_up(chapter):
    """And nothing else is kept with a cell."""
    expected = [stored_metadata(cell) for cell in chapters.load(chapter.source).cells]
    assert [cell.metadata for cell in stored(chapter).cells] == expected, "build it"
    assert "jupytext" not in stored(chapter).metadata, "JupyterLab would write into the text"


def test_folds_by_tag():
    def folded(kind, *tags):
        cell = {"cell_type": kind, "metadata": {"tags": list(tags)} if tags else {}}
        return stored_metadata(nbformat.from_dict(cell))

    hidden = {"source_hidden": True, "outputs_hidden": True}
    assert folded("code") == {} and folded("code", "run") == {"tags": ["run"]}
    assert folded("code", "solution", "core")["jupyter"] == hidden
    assert folded("code", "setup", "solution")["jupyter"] == hidden
    assert folded("code", "exercise_check")["jupyter"] == {"source_hidden": True}
    assert folded("markdown", "solution")["jupyter"] == {"source_hidden": True}


def test_every_cell_was_executed_in_order_at_laptop(chapter):
    """nbval passes a notebook that was never run; so it has to be asked here."""
    notebook = stored(chapter)
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    assert notebook.metadata.built.profile == "laptop"


def test_stored_outputs_can_be_shown_anywhere(chapter):
    notebook = stored(chapter)
    outputs = [output for cell in code_cells(notebook) for output in cell.outputs]
    assert not [o for o in outputs if o.output_type == "error"]
    assert machine_paths(notebook) == []
    assert "widgets" not in notebook.metadata
    assert chapter.notebook.stat().st_size < LARGEST_BYTES
    red = [o.text for o in outputs if o.output_type == "stream" and o.name == "stderr"]
    assert red == [], "a reader sees this in red"


def test_tags_are_ones_that_the_book_knows(chapter):
    known = {
        "hook", "goals", "parameters", "notation", "predict", "run", "core", "check", "result",
        "failures", "ablation", "exercise", "solution", "nbval-check-output",
        "nbval-ignore-output", "nbval-skip", "hide-input", "imports", "takeaway", "references",
        "setup", "reveal", "exercise_check",
    }  # fmt: skip
    cells = chapters.load(chapter.source).cells
    tags = [set(cell.metadata.get("tags", [])) for cell in cells]
    assert set().union(*tags) <= known
    assert {"hook", "goals", "parameters", "check", "result"} <= set().union(*tags)
    code = [
        set(cell.metadata.get("tags", [])) & {"exercise", "solution", "exercise_check"}
        for cell in cells
        if cell.cell_type == "code"
    ]
    for this, after, last in zip(code, [*code[1:], set()], [*code[2:], set(), set()], strict=True):
        if "exercise" in this:
            assert after == {"solution"} and last == {"exercise_check"}
    longest = max(len(cell.source.splitlines()) for cell in cells if cell.cell_type == "code")
    assert longest <= LONGEST_CELL, f"a cell of {longest} lines"


@pytest.mark.parametrize(
    ("text", "bad"),
    [
        ("saved to /home/ada/runs/x", True),
        (r"C:\Users\ada", True),
        ('File "/opt/python/x.py"', True),
        ("runs/quickstart/1", False),
        ("https://x.org/home/ada", False),
        ("and/or", False),
        ("data:image/png;base64,iVBOR/home/w0KGgo", False),
    ],
)
def test_what_looks_like_a_path_of_a_machine(text, bad):
    output = nbformat.v4.new_output("stream", text=text)
    cell = nbformat.v4.new_code_cell("x", outputs=[output])
    assert bool(machine_paths(nbformat.v4.new_notebook(cells=[cell]))) == bad


def test_outputs_are_cleaned():
    def stream(text, name="stdout"):
        return nbformat.v4.new_output("stream", name=name, text=text)

    shown = nbformat.v4.new_output("display_data", data={"text/html": "<img>"})
    kept = clean_outputs([stream("\r 0%"), stream("\r50%"), stream("\r100%\nok\n"), shown])
    assert [o.output_type for o in kept] == ["stream", "display_data"]
    assert kept[0].text == "100%\nok\n"
    assert clean_outputs([stream("\n")]) == []
