"""What came of a class, as a table to read and as records for a program."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from posebook import chapters
from posebook.course.grading import Graded
from posebook.errors import printable

FORMATS = ("md", "csv", "json")
#: How a table shows a state.
SHOWN = {"right": "right", "wrong": "wrong", "open": "-", "fails": "!", "unknown": "?"}
#: Whose line is printed, too.
EXPLAINED = ("wrong", "fails", "unknown")
_HAS_FIGURE = " [figure]"
LEGEND = (
    "right and wrong; -: not attempted, which is not wrong; !: attempted, and its cell fails; "
    "?: could not be judged"
)


def report(graded: Sequence[Graded], form: str = "md") -> str:
    """form  md: a table for each chapter, and below it what speaks against the wrong answers; csv,
    json: a row for each notebook and exercise"""
    if form == "md":
        return "\n\n".join([*_tables(graded), *others(graded)])
    rows = [
        dict(student=printable(one.of.student), file=printable(one.of.path),
             chapter=one.of.chapter, exercise=name, state=one.states.get(name, "unknown"),
             points=one.points.get(name, 0) * (name in one.right), most=one.points.get(name, 0),
             line=one.lines.get(name, ""), remarks="; ".join(one.remarks))
        for one in graded for name in (one.states or {"": ""})
    ]  # fmt: skip
    if form == "json":
        return json.dumps(rows, indent=1, ensure_ascii=False)
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _harmless(text) for key, text in row.items()} for row in rows)
    return out.getvalue().rstrip("\n")


def _harmless(value: Any) -> Any:
    """Text that no spreadsheet takes for a formula: a file's name may begin with '='."""
    text = str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def by_chapter(graded: Sequence[Graded]) -> Iterator[tuple[str, list[Graded], list[str], list]]:
    """(title, notebooks, exercises, rows of the table) of each chapter that was handed in.

    There is a column of files where somebody has handed in two, and one of notes where there are
    any.
    """
    for chapter in chapters.all_chapters():
        mine = [one for one in graded if one.of.chapter == chapter.id]
        if not mine:
            continue
        names = sorted({name for one in mine for name in one.states}, key=number)
        files = len({one.of.student for one in mine}) < len(mine)
        notes = any(map(note, mine))
        rows = [["student", *["file"] * files, *names, "right", "points", *["notes"] * notes]]
        for one in mine:
            marks = [SHOWN[one.states.get(name, "unknown")] for name in names]
            rows.append([
                _short(one.of.student), *[_short(one.of.path)] * files, *marks,
                f"{len(one.right)} of {len(one.states)}", f"{one.scored} of {one.most}",
                *[note(one)] * notes,
            ])  # fmt: skip
        yield f"{chapter.number} {chapter.title}", mine, names, rows


def note(one: Graded) -> str:
    """What a row says of a notebook beside its marks: the remarks say more."""
    if one.failing:
        return f"{one.failing} cell{'s fail' if one.failing > 1 else ' fails'}"
    return "see below" if one.remarks else ""


def _tables(graded: Sequence[Graded]) -> list[str]:
    parts = []
    for title, mine, names, rows in by_chapter(graded):
        lines = [title, "", *_aligned(rows)]
        for one in mine:
            said = [f"    {name}: {one.lines[name]}{_HAS_FIGURE * (name in one.figures)}"
                    for name in names if one.states.get(name) in EXPLAINED]  # fmt: skip
            if said or one.remarks:
                lines += [f"  {_short(one.of.path)}  {'; '.join(one.remarks)}".rstrip(), *said]
        parts.append("\n".join(lines))
    if parts and any(one.figures for one in graded):
        parts.append(f"{_HAS_FIGURE.strip()}: on the page of --report FILE.html")
    return [*parts, LEGEND] if parts else []


def others(graded: Sequence[Graded]) -> list[str]:
    """What could not be run at all."""
    lines = [f"  {_short(one.of.path)}: {one.of.why}" for one in graded if not one.of.chapter]
    return ["\n".join(["Not run:", *lines])] if lines else []


def number(name: str) -> int:
    return int(name.partition(".")[2])


def _short(text: str) -> str:
    text = printable(text).replace("|", "/")
    return text if len(text) <= 60 else f"{text[:25]}...{text[-32:]}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """A Markdown table whose columns stand below each other."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
             + " |" for row in rows]  # fmt: skip
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return [lines[0], rule, *lines[1:]]
