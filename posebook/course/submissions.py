"""What a class has handed in: notebooks and scripts, whose they are, and of which chapter.

Nothing is executed here. Names, order and number of cells, metadata: students change all of them.
"""

import ast
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posebook.chapters import Chapter
from posebook.course.editions import checks_in
from posebook.errors import InputError
from posebook.files import existing, read_record, read_utf8

#: A notebook with films in its outputs is no larger.
MOST_BYTES = 200 << 20
_MOST_FILES = 20_000
_NOTEBOOK = "a notebook (.ipynb)"
#: What students hand in where a notebook was asked for.
_NO_NOTEBOOK = re.compile(r".*\.(zip|rar|7z|tar|t?gz|pdf|html?|docx?|odt|txt|rtf)$", re.IGNORECASE)
#: Names of files and folders that programs leave beside a student's notebook.
_LEFT_OVER = re.compile(r"\.|__MACOSX$|__pycache__$|~|.*-checkpoint\.ipynb$")
#: How scripts made of notebooks say where a cell begins.
_CELL = re.compile(r"^# (?:%%|In\s*\[[ 0-9]*\]:).*$", re.MULTILINE)


@dataclass(frozen=True)
class Submission:
    """student  the name of the folder, or of the file where there are no folders
    path     as it is shown, from the folder of the class
    chapter  id; '' where it cannot be told
    cells    sources of the code cells
    why      what is wrong with the file; '' where it can be run
    """

    student: str
    path: str
    chapter: str
    cells: Sequence[str] = ()
    why: str = ""


def collect(folder: Path, chapters: Sequence[Chapter]) -> list[Submission]:
    """Everything that was handed in, by student; InputError where there is nothing.

    folder  a folder for each student, with any folders in it; or notebooks side by side; or
            nbgrader's `submitted/STUDENT/ASSIGNMENT/`, or the folder above it; or one notebook
    """
    folder = existing(folder, "a folder with the notebooks of a class")
    if not folder.is_dir():
        return [_read(folder, folder.name, folder.stem, chapters)]
    _refuse_a_course(folder)
    if (folder / "submitted").is_dir():
        folder = folder / "submitted"
    found = []
    for path in _files(folder):
        place = path.relative_to(folder)
        student = _student(place.parts[0]) if len(place.parts) > 1 else place.stem
        one = _read(path, place.as_posix(), student, chapters)
        if path.suffix.lower() == ".ipynb" or one.chapter:
            found.append(one)
    if not found:
        raise InputError(f"{folder}: no notebook in it; expected those of a class (zip: unpack it)")
    return [*found, *_without(folder, {one.student for one in found})]


def _refuse_a_course(folder: Path) -> None:
    """What `course make` wrote is no class: its editions would be taken for students."""
    for place in (folder, folder.absolute().parent):
        made = all((place / name).exists() for name in ("syllabus.md", "student", "teacher"))
        if made and (place == folder or folder.name in ("student", "teacher", "slides")):
            raise InputError(
                f"{folder}: this is the course; expected the folder with what the class handed in"
            )


def _without(folder: Path, known: Set[str]) -> Iterator[Submission]:
    """Students of whom there is something, but no notebook."""
    for path in sorted(folder.iterdir()):
        name = path.name
        if {_student(name), path.stem} & known or _LEFT_OVER.match(name):
            continue
        if path.is_dir():
            yield Submission(_student(name), f"{name}/", "", why=_why_none(path))
        elif _NO_NOTEBOOK.fullmatch(name):
            yield Submission(path.stem, name, "", why=f"it is no notebook{_unpack([name])}")


def _student(folder: str) -> str:
    """The name in a folder's: Moodle's are `Ada Lovelace_1234_assignsubmission_file_`."""
    return re.sub(r"(.)_[0-9]+_assignsubmission_[a-z]+_?$", r"\1", folder)


def _why_none(folder: Path) -> str:
    if folder.is_symlink():
        return "it is a link"
    try:
        names = sorted(name for name in os.listdir(folder) if not _LEFT_OVER.match(name))
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    there = f"only {', '.join(names[:3])}{', ...' * (len(names) > 3)}" if names else "it is empty"
    return f"no notebook in it: {there}{_unpack(names)}"


def _unpack(names: Sequence[str]) -> str:
    packed = any(re.search(r"\.(zip|rar|7z|tar|t?gz)$", name, re.IGNORECASE) for name in names)
    return " (unpack it)" if packed else ""


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _LEFT_OVER.match(name))
        for name in sorted(names):
            if not _LEFT_OVER.match(name) and name.lower().endswith((".ipynb", ".py")):
                count += 1
                if count > _MOST_FILES:
                    raise InputError(f"{folder}: over {_MOST_FILES} notebooks; is it a class?")
                yield Path(base) / name


def _read(path: Path, shown: str, student: str, chapters: Sequence[Chapter]) -> Submission:
    if path.is_symlink():  # which may lead to somebody else's work
        return Submission(student, shown, "", why="it is a link")
    try:
        if path.suffix.lower() == ".py":
            metadata, cells = {}, script_cells(read_utf8(path, "a script"))
        else:
            metadata, cells = notebook_cells(read_record(path, _NOTEBOOK, MOST_BYTES))
    except InputError as error:
        return Submission(student, shown, "", why=str(error).replace(f"{path}: ", ""))
    chapter = chapter_of(metadata, cells, path.name, chapters)
    why = "" if chapter else "of no chapter: neither metadata nor a check nor its name tells"
    return Submission(student, shown, chapter, cells, why)


def notebook_cells(record: Any) -> tuple[Mapping[str, Any], list[str]]:
    """(metadata, sources of the code cells) of a notebook of format 3 or 4."""
    if not isinstance(record, dict):
        raise InputError(f"no list of cells; expected {_NOTEBOOK}")
    sheets = record.get("worksheets")
    cells = record.get("cells")
    if cells is None and isinstance(sheets, list):
        cells = [cell for sheet in sheets if isinstance(sheet, dict)
                 for cell in sheet.get("cells", [])]  # fmt: skip
    if not isinstance(cells, list):
        raise InputError(f"no list of cells; expected {_NOTEBOOK}")
    sources = []
    for cell in cells:
        if isinstance(cell, dict) and cell.get("cell_type") == "code":
            source = cell.get("source", cell.get("input", ""))
            lines = source if isinstance(source, list) else [source]
            sources.append("".join(line for line in lines if isinstance(line, str)))
    metadata = record.get("metadata")
    kept = [source for source in sources if source.strip()]
    return (metadata if isinstance(metadata, dict) else {}), kept


def script_cells(text: str) -> list[str]:
    """The cells of a script; where it says none, its statements, so that one which fails does not
    stop the others."""
    marks = list(_CELL.finditer(text))
    if marks:
        ends = [mark.start() for mark in marks[1:]] + [len(text)]
        pieces = [(mark.group(), text[mark.end() : end])
                  for mark, end in zip(marks, ends, strict=True)]  # fmt: skip
        cells = [body.strip() for head, body in pieces if "[markdown]" not in head]
        before = text[: marks[0].start()].strip()
        return [cell for cell in [before, *cells] if cell]
    try:
        statements = ast.parse(text).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return [text]
    return [ast.get_source_segment(text, one) or "" for one in statements]


def chapter_of(
    metadata: Mapping[str, Any], cells: Sequence[str], name: str, chapters: Sequence[Chapter]
) -> str:
    """The id of a chapter by a notebook's metadata, else by its checks, else by its name."""
    header = metadata.get("posebook")
    said = header.get("id") if isinstance(header, dict) else None
    if any(said == chapter.id for chapter in chapters):
        return said
    numbers = {int(chapter.number): chapter.id for chapter in chapters}
    checked = [check.partition(".")[0] for cell in cells for check in checks_in(cell)]
    counts = Counter(numbers[int(n)] for n in checked if n and int(n) in numbers)
    if counts:
        return counts.most_common(1)[0][0]
    named = [chapter.id for chapter in chapters if chapter.id in name]
    return max(named, key=len, default="")
