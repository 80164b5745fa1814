"""Tables as text: rows and columns out of CSV, TSV and what spreadsheets write.

Between the cells: comma, semicolon, tab, bar or blanks. Decimal commas are understood where the
comma is not what stands between the cells. Lines that begin with # are remarks. A cell that is
empty, or says NaN, null, NA or the like, is a missing number.
"""

import csv
import re
from collections import Counter
from pathlib import Path

import numpy

from posebook.datasets.readers.files import read_lines
from posebook.errors import InputError

#: What an error says about columns; data/custom.md has the whole of it.
LAYOUT = (
    "a frame in each row, columns such as left_knee_x, left_knee_y (and left_knee_confidence); "
    "a column frame and a column person, where there are several (data/custom.md)"
)
_MISSING = {"", "nan", "-nan", "null", "none", "na", "n/a", "#n/a", "#nv", "-", "--", "nil", "?"}
_DECIMAL_COMMA = re.compile(r"[+-]?\d*,\d+(e[+-]?\d+)?", re.IGNORECASE)
_MOST_CELLS = 200_000_000


def rows_of(path: Path, letters: int | None = None) -> list[list[str]]:
    """The rows of a text file, cells without blanks around them; rows without content left out.

    letters  of so many letters at its beginning; None: of all
    """
    lines = read_lines(path, "numbers in rows (.csv)", letters)
    first = next((n for n, line in enumerate(lines) if line.strip()), 0)
    named = re.fullmatch(r"\"?sep=(.)\"?", lines[first].strip())  # Excel's word for the separator
    if named:
        lines[first] = ""
    lines = [_without_remark(line) for line in lines]
    mark = named[1] if named else _separator([line for line in lines if line.strip()][:200])
    try:
        if mark == " ":
            rows = [line.split() for line in lines]
        else:
            rows = list(csv.reader((line + "\n" for line in lines), delimiter=mark))
    except csv.Error as error:
        raise InputError(f"{path}: not a table ({error}); expected numbers in rows") from None
    rows = [[cell.strip() for cell in row] for row in rows]
    rows = [row for row in rows if any(row)]
    if sum(map(len, rows)) > _MOST_CELLS:
        raise InputError(f"{path}: over {_MOST_CELLS} cells; expected numbers in rows")
    if mark != "," or any("," in cell for row in rows[:50] for cell in row):
        rows = _with_points(rows)
    return rows


def _without_remark(line: str) -> str:
    """A line; '' for a remark, except where a header hides behind the mark, as NumPy writes it."""
    if not line.lstrip().startswith(("#", "%")):
        return line
    rest = line.lstrip().lstrip("#% ")
    return rest if re.search(r"[_. ][xyXY]\b.*[,;\t ].*[_. ][xyXY]\b", rest[:300]) else ""


def _separator(lines: list[str]) -> str:
    """What stands between the cells: what is in most lines equally often, a comma last of all."""
    for mark in (";", "\t", "|", ","):
        counts = Counter(line.count(mark) for line in lines if mark in line)
        if counts and 2 * max(counts.values()) > len(lines):
            return mark
    return "," if any("," in line for line in lines) else " "


def _with_points(rows: list[list[str]]) -> list[list[str]]:
    """The same with decimal points, where numbers have decimal commas ('1.234,5' too)."""
    cells = [cell for row in rows for cell in row]
    if not any(_DECIMAL_COMMA.fullmatch(cell.replace(".", "")) for cell in cells if "," in cell):
        return rows
    plain = re.compile(r"[+-]?\d{1,3}(\.\d{3})*,\d+(e[+-]?\d+)?|[+-]?\d*,\d+(e[+-]?\d+)?", re.I)
    return [
        [c.replace(".", "").replace(",", ".") if plain.fullmatch(c) else c for c in row]
        for row in rows
    ]


def number(cell: str) -> float | None:
    """A cell as a number, NaN where it is missing; None for text."""
    if cell.lower() in _MISSING:
        return numpy.nan
    try:
        return float(cell.replace("\u00a0", "").replace("\u202f", ""))
    except ValueError:
        return None


def is_data(row: list[str]) -> bool:
    """Whether a row is of numbers, at least by half: beside them there may be names and dates."""
    found = [number(cell) for cell in row if cell]
    words = sum(value is None for value in found)
    return len(found) > words and 2 * words <= len(found)


def numbers(rows: list[list[str]], path: Path, first: int) -> tuple[numpy.ndarray, numpy.ndarray]:
    """((rows, columns) float64 with NaN for what is no number, (columns,): whether it is text).

    first  the number of the first row in the file, for errors
    """
    wide = max(len(row) for row in rows)
    while wide > 1 and all(len(row) < wide or not row[wide - 1] for row in rows):
        wide -= 1  # a separator at the end of each line
    for place, row in enumerate(rows):
        if len(row) < wide:
            raise InputError(
                f"{path}: row {first + place} has {len(row)} cells, other rows {wide}; cut short?"
            )
    values = numpy.full((len(rows), wide), numpy.nan)
    words = numpy.zeros(wide, dtype=int)
    for place, row in enumerate(rows):
        try:
            values[place] = list(map(float, row[:wide]))  # many times faster than cell by cell
            continue
        except ValueError:
            pass
        for column, cell in enumerate(row[:wide]):
            value = number(cell)
            if value is None:
                words[column] += 1
            else:
                values[place, column] = value
    return values, 2 * words > numpy.isfinite(values).sum(0)
