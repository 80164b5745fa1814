"""`posebook course make`: everything for a course, in a folder."""

import os
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path

import nbformat

from posebook import paths
from posebook.course import editions, slides, syllabus, teaching
from posebook.course.syllabus import Unit
from posebook.errors import InputError

WEEKS = 6
#: The README of a course.
_ABOUT = Path(__file__).with_name("about_a_course.md")
#: The README of the student edition.
_FOR_STUDENTS = Path(__file__).with_name("for_students.md")
_NBGRADER = """import os

c = get_config()  # noqa: F821  nbgrader defines it
c.CourseDirectory.course_id = "posebook"
c.CourseDirectory.root = os.path.dirname(os.path.abspath(__file__))
c.ClearSolutions.code_stub = {{"python": {blank!r}}}
c.ExecutePreprocessor.timeout = 600
# Chapters run in seconds at this profile; notebooks take it from the environment.
os.environ.setdefault("POSEBOOK_PROFILE", "ci")
os.environ.setdefault("POSEBOOK_STILLS", "0")
"""


def make(
    out: Path, *, weeks: int | None = None, level: str | None = None, picked: str | None = None
) -> str:
    """Write a course into a new or empty folder, and say what it has.

    weeks  None: six, or one for each chapter where there are fewer

    The folder appears when all of it is written. Nothing in it is ever written over: InputError
    where it holds something.
    """
    out = Path(out).absolute()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        what = "is not empty" if out.is_dir() else "is a file"
        raise InputError(f"{paths.shown(out)}: {what}; choose a new folder")
    chosen = syllabus.picked(level, picked)
    units = [Unit(one, editions.book(one), teaching.of(one.id)) for one in chosen]
    plan = syllabus.in_weeks(units, min(WEEKS, len(units)) if weeks is None else weeks)
    out.parent.mkdir(parents=True, exist_ok=True)
    made = out.with_name(f"{paths.UNFINISHED}{secrets.token_hex(4)}")
    try:
        _write(made, plan)
        if out.exists():
            out.rmdir()
        os.replace(made, out)
    except OSError as error:
        raise paths.named(error, out, made) from None
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return _told(out, plan)


def _write(folder: Path, plan: Sequence[Sequence[Unit]]) -> None:
    (folder / "slides").mkdir(parents=True)
    slides.write_plotly(folder / "slides")
    _text(folder / "README.md", _ABOUT.read_text(encoding="utf-8"))
    _text(folder / "student" / "README.md", _FOR_STUDENTS.read_text(encoding="utf-8"))
    _text(folder / "syllabus.md", syllabus.text(plan))
    _text(folder / "nbgrader" / "nbgrader_config.py", _NBGRADER.format(blank=editions.BLANK))
    for number, week in enumerate(plan, 1):
        for unit in week:
            name, book = unit.chapter.source.stem, unit.notebook
            for edition, notebook in (
                ("student", editions.student(book)),
                ("teacher", editions.teacher(book, unit.words)),
                ("nbgrader/source", editions.for_nbgrader(book)),
            ):
                place = folder / edition / f"week{number}" / f"{name}.ipynb"
                _text(place, nbformat.writes(notebook) + "\n")
            page = slides.page(unit.chapter, book, unit.words)
            _text(folder / "slides" / f"{name}.html", page)


def _text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def _told(out: Path, plan: Sequence[Sequence[Unit]]) -> str:
    lines = [f"{paths.shown(out)}: begin with README.md and syllabus.md"]
    for number, week in enumerate(plan, 1):
        names = ", ".join(f"{int(u.chapter.number)} {u.chapter.title}" for u in week)
        exercises = sum(len(unit.exercises) for unit in week)
        lines.append(f"week {number}: {names} ({syllabus.counted(exercises, 'exercise')})")
    units = [unit for week in plan for unit in week]
    if missing := syllabus.assumed(units):
        names = ", ".join(f"{int(one.number)} {one.title}" for one in missing)
        whole = syllabus.option_of([*missing, *(unit.chapter for unit in units)])
        lines.append(f"assumed, and not in this course: {names}")
        lines.append(f"with them: --chapters {whole}")
    plain = [u.chapter.number for week in plan for u in week if not _has_outputs(u)]
    if plain:
        lines.append(f"without outputs, since the stored notebook is of another text: {plain}")
    return "\n".join(lines)


def _has_outputs(unit: Unit) -> bool:
    return any(cell.get("outputs") for cell in unit.notebook.cells)
