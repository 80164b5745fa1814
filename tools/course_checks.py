"""Whether a course works from end to end; part of `release_checks`.

Each chapter's student edition runs from its first cell to its last at `ci`, with all exercises not
attempted, and the same with the solutions filled in has all of them right. And a class of three
goes through nbgrader: released, handed in, graded.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat

from posebook import chapters
from posebook.course import editions, grading, making

#: What nbgrader's class works on: a chapter that runs in seconds.
CHAPTER = "02"
WEEK = "week1"
_ASK_S = 1800


def solved(book: Any, but: int | None = None) -> Any:
    """The student edition with its solutions below the blanks.

    but  number of an exercise that stays as it is
    """
    made = editions.student(book)
    by_id = {cell.id: cell for cell in made.cells}
    for one in editions.exercises(book.cells):
        if one.number != but:
            by_id[book.cells[one.blank].id].source += "\n" + book.cells[one.solution].source
    return made


def at_ci(folder: Path) -> Iterator[tuple[str, str]]:
    """(what was tried, what is wrong or ''), for the editions of every chapter."""
    for chapter in chapters.all_chapters():
        book = editions.book(chapter)
        there = folder / "class" / chapter.id
        shutil.rmtree(there, ignore_errors=True)
        for student, made in (("blank", editions.student(book)), ("solved", solved(book))):
            (there / student).mkdir(parents=True)
            nbformat.write(made, there / student / f"{chapter.source.stem}.ipynb")
        for one in grading.check_class(there, jobs=1):
            wanted = {"blank": "open", "solved": "right"}[one.of.student]
            wrong = [f"{name}: {one.lines[name]}" for name, state in one.states.items()
                     if state != wanted]  # fmt: skip
            yield f"{chapter.id}, {one.of.student}", "; ".join([*one.remarks, *wrong])


def with_nbgrader(folder: Path, run: list[str]) -> Iterator[tuple[str, str]]:
    """The same for a class of three.

    run  how to run nbgrader's Python
    """
    chapter = chapters.find(CHAPTER)
    book = editions.book(chapter)
    place = folder / "nbgrader_course"
    shutil.rmtree(place, ignore_errors=True)
    making.make(place, weeks=1, picked=CHAPTER)
    root, name = place / "nbgrader", f"{chapter.source.stem}.ipynb"
    ask = _asker(run, folder, root)
    if why := ask("generate_assignment", WEEK):
        yield "generate_assignment", why
        return
    release = nbformat.read(root / "release" / WEEK / name, 4)
    student = nbformat.read(place / "student" / WEEK / name, 4)
    same = [c.source for c in release.cells] == [c.source for c in student.cells]
    yield "release is the student edition", "" if same else "its cells are others"
    first, *others = editions.exercises(book.cells)
    most = sum(one.points for one in (first, *others))
    handed_in = {"ada": (solved(book), most), "bob": (student, 0),
                 "cleo": (solved(book, but=first.number), most - first.points)}  # fmt: skip
    for who, (made, _) in handed_in.items():
        (root / "submitted" / who / WEEK).mkdir(parents=True)
        nbformat.write(made, root / "submitted" / who / WEEK / name)
    why = ask("autograde", WEEK) or ask("export")
    if why:
        yield "autograde", why
        return
    with (root / "grades.csv").open() as file:
        scores = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file)}
    for who, (_, points) in handed_in.items():
        found = scores.get(who)
        yield f"{who}: {found} of {most} points", "" if found == points else f"expected {points}"


def _asker(run: list[str], folder: Path, root: Path) -> Callable[..., str]:
    """A function that runs a command of nbgrader and gives the last line of what went wrong.

    Notebooks run in a kernel of this environment, not of nbgrader's.
    """
    kernel = folder / "jupyter" / "kernels" / "python3"
    kernel.mkdir(parents=True, exist_ok=True)
    argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    words = dict(argv=argv, display_name="Python 3 (ipykernel)", language="python")
    (kernel / "kernel.json").write_text(json.dumps(words))
    # It calls `alembic`, which lies beside its Python.
    programs = os.pathsep.join([str(Path(run[0]).parent), os.environ["PATH"]])
    environment = {**os.environ, "JUPYTER_PATH": str(folder / "jupyter"), "PATH": programs}

    def ask(*command: str) -> str:
        done = subprocess.run(
            [*run, "-m", "nbgrader", *command], cwd=root, env=environment, capture_output=True,
            text=True, timeout=_ASK_S,
        )  # fmt: skip
        said = [line for line in done.stderr.splitlines() if line.strip()] or ["no word"]
        return f"{said[-1]:.300}" if done.returncode else ""

    return ask
