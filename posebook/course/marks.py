"""What came of a class, as a table to read and as records for a program."""

import csv
import io
import json
from collections.abc import Sequence

from posebook import chapters
from posebook.course.grading import Graded
from posebook.errors import printable

FORMATS = ("md", "csv", "json")
#: How a table shows a state.
_SHOWN = {"right": "right", "wrong": "wrong", "open": "-", "fails": "!", "unknown": "?"}
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


def _harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula: a file's name may begin with '='."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text


def _tables(graded: Sequence[Graded]) -> list[str]:
    parts = []
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
        lines = [f"{chapter.number} {chapter.title}", "", *_aligned(rows)]
        for one in mine:
            said = [f"    {name}: {one.lines[name]}" for name in names
                    if one.states.get(name) in ("wrong", "fails", "unknown")]  # fmt: skip
            if said or one.remarks:
                lines += [f"  {_short(one.of.path)}  {'; '.join(one.remarks)}".rstrip(), *said]
        parts.append("\n".join(lines))
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
