"""What came of a class, as a table to read, as records for a program, and as a page."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from posebook import chapters
from posebook.course.grading import Graded
from posebook.errors import printable
from posebook.figures import pages
from posebook.figures.showing import plotly_bundle, untitled
from posebook.tables import Table

FORMATS = ("md", "csv", "json")
#: How a table shows a state.
_SHOWN = {"right": "right", "wrong": "wrong", "open": "-", "fails": "!", "unknown": "?"}
#: Whose line is printed, too.
_EXPLAINED = ("wrong", "fails", "unknown")
_HAS_FIGURE = " [figure]"
_LEGEND = (
    "right and wrong; -: not attempted, which is not wrong; !: attempted, and its cell fails; "
    "?: could not be judged"
)


def report(graded: Sequence[Graded], form: str = "md") -> str:
    """form  md: a table for each chapter, and below it what speaks against the wrong answers; csv,
    json: a row for each notebook and exercise"""
    if form == "md":
        return "\n\n".join([*_tables(graded), *_others(graded)])
    rows = [
        dict(student=printable(one.of.student), file=printable(one.of.path),
             chapter=one.of.chapter, exercise=name, state=one.states.get(name, "unknown"),
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


def page(path: str | Path, graded: Sequence[Graded]) -> Path:
    """One HTML page with the tables, what speaks against each answer, and the figures."""
    return pages.page(path, "What came of the class", [*_parts(graded)])


def _parts(graded: Sequence[Graded]) -> Iterator[pages.Part]:
    for title, mine, names, rows in _by_chapter(graded):
        yield pages.Heading(title)
        yield Table(rows[0], rows[1:])
        for one in mine:
            if one.remarks:
                yield f"{printable(one.of.path)}: {'; '.join(one.remarks)}"
            for name in (name for name in names if one.states.get(name) in _EXPLAINED):
                line = f"{printable(one.of.path)}, {name}: {one.lines[name]}"
                yield line
                if figure := _figure(one.figures.get(name, "")):
                    yield pages.Picture(figure, line)
    yield _LEGEND
    for block in _others(graded):
        yield from block.splitlines()


def _figure(text: str) -> Any:
    """What a notebook's process drew; None where it is none, since it may have written anything."""
    from plotly import io

    with suppress(ValueError, TypeError, KeyError, AttributeError):
        figure = io.from_json(text, skip_invalid=True) if text else None
        if figure is not None:
            plotly_bundle(untitled(figure)[0])
        return figure
    return None


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a file's name may begin with '='."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _by_chapter(graded: Sequence[Graded]) -> Iterator[tuple[str, list[Graded], list[str], list]]:
    """(title, notebooks, exercises, rows of the table) of each chapter that was handed in."""
    for chapter in chapters.all_chapters():
        mine = [one for one in graded if one.of.chapter == chapter.id]
        if not mine:
            continue
        names = sorted({name for one in mine for name in one.states}, key=_number)
        rows = [["student", "file", *names, "right"]]
        for one in mine:
            right = sum(state == "right" for state in one.states.values())
            marks = [_SHOWN[one.states.get(name, "unknown")] for name in names]
            rows.append([_short(one.of.student), _short(one.of.path), *marks, str(right)])
        yield f"{chapter.number} {chapter.title}", mine, names, rows


def _tables(graded: Sequence[Graded]) -> list[str]:
    parts = []
    for title, mine, names, rows in _by_chapter(graded):
        lines = [title, "", *_aligned(rows)]
        for one in mine:
            said = [f"    {name}: {one.lines[name]}{_HAS_FIGURE * (name in one.figures)}"
                    for name in names if one.states.get(name) in _EXPLAINED]  # fmt: skip
            if said or one.remarks:
                lines += [f"  {_short(one.of.path)}  {'; '.join(one.remarks)}".rstrip(), *said]
        parts.append("\n".join(lines))
    if parts and any(one.figures for one in graded):
        parts.append(f"{_HAS_FIGURE.strip()}: --report FILE.html shows it")
    return [*parts, _LEGEND] if parts else []


def _others(graded: Sequence[Graded]) -> list[str]:
    """What could not be run at all."""
    lines = [f"  {_short(one.of.path)}: {one.of.why}" for one in graded if not one.of.chapter]
    return ["\n".join(["Not run:", *lines])] if lines else []


def _number(name: str) -> int:
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
