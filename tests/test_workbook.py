"""The copies that `make lab` opens; and a JupyterLab started by hand, over the stored notebooks."""

import shutil

import nbformat
import pytest
import workbook

from posebook import chapters, paths


@pytest.fixture
def book(tmp_path):
    (tmp_path / "book").mkdir()
    for name in ("01_a.ipynb", "02_b.ipynb"):
        (tmp_path / "book" / name).write_text(f"{name}, first edition")
    return tmp_path / "book"


def test_copies_follow_the_book_until_the_reader_changes_them(book, tmp_path):
    folder = tmp_path / "workbook"
    assert workbook.lay_out(book, folder) == []
    first, second = folder / "01_a.ipynb", folder / "02_b.ipynb"
    assert "first edition" in first.read_text()
    first.write_text("mine")
    assert workbook.lay_out(book, folder) == []  # no newer one: nothing to tell
    for name in ("01_a.ipynb", "02_b.ipynb"):
        (book / name).write_text(f"{name}, second edition")
    for _ in range(2):
        assert workbook.lay_out(book, folder) == ["01_a.ipynb"]
        assert first.read_text() == "mine" and "second edition" in second.read_text()
    first.rename(folder / "mine.ipynb")
    assert workbook.lay_out(book, folder) == []
    assert "second edition" in first.read_text()
    assert (folder / "mine.ipynb").read_text() == "mine"


@pytest.mark.parametrize("record", [None, "", "[1]", '{"01_a.ipynb": 3}', '{"01_a'])
def test_without_a_record_nothing_is_written_over(book, tmp_path, record):
    folder = tmp_path / "workbook"
    workbook.lay_out(book, folder)
    (folder / workbook.RECORD).unlink()
    if record is not None:
        (folder / workbook.RECORD).write_text(record)
    (book / "01_a.ipynb").write_text("second edition")
    assert workbook.lay_out(book, folder) == ["01_a.ipynb"]
    assert "first edition" in (folder / "01_a.ipynb").read_text()


def test_a_copy_is_where_git_does_not_look():
    assert "workbook/" in (paths.CHECKOUT / ".gitignore").read_text().splitlines()


def test_jupyter_over_the_stored_notebooks_leaves_their_texts_alone(tmp_path):
    """JupyterLab started there by hand, with jupytext's manager of files, writes into no `.py`."""
    from jupytext.sync_contentsmanager import TextFileContentsManager  # what it takes by default

    folder = tmp_path / "notebooks"
    folder.mkdir()
    shutil.copy(paths.NOTEBOOKS / "jupytext.toml", folder)
    chapter = chapters.find("quickstart")
    text = folder / chapter.source.name
    shutil.copy(chapter.source, text)
    notebook = chapters.load(chapter.source)
    nbformat.write(notebook, folder / chapter.notebook.name)
    before = text.read_bytes()
    for root, name in ((folder, chapter.notebook.name), (tmp_path, f"notebooks/{text.stem}.ipynb")):
        manager = TextFileContentsManager(root_dir=str(root))
        model = manager.get(name)
        model["content"]["cells"][0]["source"] += "\n\nMine."
        manager.save(model, name)
    assert text.read_bytes() == before
    assert "Mine" in (folder / chapter.notebook.name).read_text()
    assert sorted(path.name for path in folder.glob("*.py")) == [text.name]
    assert TextFileContentsManager(root_dir=str(folder)).get(text.name)["type"] == "file"
