"""Editions of a chapter, from its own cells: for students, for teachers, and for nbgrader.

An exercise is its solution minus blanks, by construction: a student edition is made of what is let
through, cell by cell, and a solution is not. What was shown from the first solution on may follow
from it, and is left out as a whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import nbformat

from posebook import chapters
from posebook.course import teaching

Notebook = nbformat.NotebookNode
#: The end of a blank. nbgrader, too, is told to put it where a solution was.
BLANK = (
    "# YOUR ANSWER: change the lines above; add lines and cells as you like.\n"
    "# Stuck? Import hint from posebook.course, and call it as check is called below."
)
#: How nbgrader marks what it takes out of a release.
_SOLUTION = "### BEGIN SOLUTION\n{}\n### END SOLUTION"
_HIDDEN = (
    "{}\n### BEGIN HIDDEN TESTS\nfrom posebook.course import assert_right\n"
    'assert_right("{}")\n### END HIDDEN TESTS'
)
#: What a student edition shows folded up.
_FOLDED = {"reveal": {"source_hidden": True}, "setup": {"source_hidden": True}}
_CHECKED = re.compile(r"""\bcheck\(\s*["']?([0-9.]+)["']?\s*\)""")
#: How the text of an exercise begins: its number, and mostly its kind and its difficulty.
TASK = re.compile(r"\*\*([0-9]+)((?: · [^*]+?)?)\.\*\*\s*", re.MULTILINE)
#: nbgrader's points by difficulty.
POINTS = {"easy": 1, "medium": 2, "hard": 3}
_KEPT_METADATA = ("kernelspec", "language_info", "posebook")


@dataclass(frozen=True)
class Exercise:
    """name  as its check says it, '6.1'; blank, solution, check: numbers of its cells; points: by
    its difficulty, 1 where its text does not say"""

    name: str
    blank: int
    solution: int
    check: int
    points: int = 1

    @property
    def number(self) -> int:
        return int(self.name.partition(".")[2])


def book(chapter: chapters.Chapter) -> Notebook:
    """The stored notebook, with its outputs; without them where it is not of the chapter's text."""
    text = chapters.load(chapter.source)
    if chapter.notebook.exists():
        stored = nbformat.read(chapter.notebook, as_version=4)
        if [_text(cell) for cell in stored.cells] == [_text(cell) for cell in text.cells]:
            return stored
    return text


def _text(cell: Any) -> tuple[str, str, list[str]]:
    return cell.cell_type, cell.source, tags_of(cell)


def tags_of(cell: Any) -> list[str]:
    return list(cell.metadata.get("tags", []))


def checks_in(source: str) -> list[str]:
    """Names of the exercises that a cell checks."""
    return _CHECKED.findall(source)


def exercises(cells: Sequence[Any]) -> Iterator[Exercise]:
    """The exercises of a chapter: a blank, its solution and its check follow each other."""
    blank = solution = None
    points: dict[int, int] = {}
    for place, cell in enumerate(cells):
        tags = tags_of(cell) if cell.cell_type == "code" else []
        if cell.cell_type == "markdown":
            found = TASK.finditer(cell.source)
            points |= {int(one[1]): POINTS.get(one[2].rpartition(" ")[2], 1) for one in found}
        if "exercise" in tags:
            blank = place
        elif "solution" in tags:
            solution = place
        elif "exercise_check" in tags and blank is not None and solution is not None:
            name = checks_in(cell.source)[0]
            worth = points.get(int(name.partition(".")[2]), 1)
            yield Exercise(name, blank, solution, place, worth)
            blank = solution = None


def student(notebook: Notebook) -> Notebook:
    """Without solutions, and without anything that was shown after the first of them; blanks are
    marked, and what answers a prediction is folded up and not shown either."""
    found = list(exercises(notebook.cells))
    by_place = {one.blank: one for one in found} | {one.check: one for one in found}
    made, solved = [], False
    for place, cell in enumerate(notebook.cells):
        tags = tags_of(cell)
        if "solution" in tags:
            solved = True
            continue
        new = _plain(cell)
        if cell.cell_type == "code" and not solved and not {"reveal", "exercise"} & set(tags):
            new.outputs = cell.get("outputs", [])
            new.execution_count = cell.get("execution_count")
        if one := by_place.get(place):
            new.metadata["nbgrader"] = _graded(one, place)
            if place == one.blank:
                new.source += f"\n{BLANK}"
        made.append(new)
    return _notebook(notebook, made)


def for_nbgrader(notebook: Notebook) -> Notebook:
    """What `nbgrader generate_assignment` makes the student edition of: each blank and its
    solution are one cell, and each check has a hidden one, which raises."""
    released = student(notebook)
    cells = [cell for cell in released.cells if "nbgrader" in cell.metadata]
    for one, blank, check in zip(exercises(notebook.cells), cells[::2], cells[1::2], strict=True):
        start, solution = (notebook.cells[at].source for at in (one.blank, one.solution))
        blank.source = f"{start}\n{_SOLUTION.format(solution)}"
        check.source = _HIDDEN.format(check.source, one.name)
    return released


def teacher(notebook: Notebook, words: teaching.Teaching) -> Notebook:
    """All cells with all that they show, nothing folded up, and what a teacher wants to know: first
    of the chapter, and of each exercise the hints."""
    made = []
    checked = {one.check: one for one in exercises(notebook.cells)}
    for place, cell in enumerate(notebook.cells):
        new = _plain(cell)
        new.metadata.pop("jupyter", None)
        if cell.cell_type == "code":
            new.outputs = cell.get("outputs", [])
            new.execution_count = cell.get("execution_count")
        made.append(new)
        if place == 0 and words.wrong:
            made.append(_for_teachers(_front(words), "front"))
        hints = words.hints.get(checked[place].number, []) if place in checked else []
        if hints:
            told = "\n".join(f"* {text}" for text in hints)
            name = checked[place].name
            text = f'**For the teacher:** what `hint("{name}")` says, one after another\n\n{told}'
            made.append(_for_teachers(text, f"hints-{place}"))
    return _notebook(notebook, made)


def _front(words: teaching.Teaching) -> str:
    title, project = words.project
    return (
        f"# For the teacher\n\n## What students get wrong\n\n{words.wrong}\n\n"
        f"## For discussion\n\n{words.discussion}\n\n## Project: {title}\n\n{project}"
    )


def _for_teachers(text: str, name: str) -> Any:
    return nbformat.v4.new_markdown_cell(text, id=f"teacher-{name}", metadata={"tags": ["teacher"]})


def _plain(cell: Any) -> Any:
    """A new cell with the source and the tags of another, and nothing else of it."""
    tags = tags_of(cell)
    folds = {name: value for tag in tags for name, value in _FOLDED.get(tag, {}).items()}
    metadata = ({"tags": tags} if tags else {}) | ({"jupyter": folds} if folds else {})
    makes = {
        "code": nbformat.v4.new_code_cell,
        "markdown": nbformat.v4.new_markdown_cell,
        "raw": nbformat.v4.new_raw_cell,
    }
    kept = {"id": cell.id} if "id" in cell else {}
    return makes[cell.cell_type](cell.source, metadata=metadata, **kept)


def _graded(one: Exercise, place: int) -> dict[str, Any]:
    """What nbgrader keeps with a cell: to it, a blank is a solution and a check a test."""
    blank, name = place == one.blank, one.name.replace(".", "-")
    return {
        "schema_version": 3, "grade_id": f"{'answer' if blank else 'check'}-{name}",
        "solution": blank, "grade": not blank, "locked": not blank, "task": False,
    } | ({} if blank else {"points": one.points})  # fmt: skip


def _notebook(notebook: Notebook, cells: list[Any]) -> Notebook:
    kept = {key: notebook.metadata[key] for key in _KEPT_METADATA if key in notebook.metadata}
    return nbformat.v4.new_notebook(metadata=kept, cells=cells)
