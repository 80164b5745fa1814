"""How the files of others are opened: what the guarded reading of `posebook.files` does not know of
text, numbers and the options of data sets.
"""

import math
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from posebook.datasets.readers.content import HEAD, refused
from posebook.errors import InputError
from posebook.files import (
    MOST_BYTES,
    collecting_later,
    existing,
    first_entries,
    listed,
    parsed,
    read_bytes,
    read_head,
    short,
)

__all__ = [
    "MOST_BYTES",
    "chosen",
    "collecting_later",
    "decoded",
    "existing",
    "first_entries",
    "folder_with",
    "frame_rate",
    "listed",
    "number",
    "one_of",
    "parsed",
    "picture_size",
    "plain_numbers",
    "read_bytes",
    "read_head",
    "read_json",
    "read_lines",
    "read_text",
    "short",
    "three_numbers",
]

_CONTROL = bytes([*range(1, 9), *range(14, 26), *range(28, 32), 127])  # letters of no text
#: A line of DeepLabCut's with 30 animals of 30 points has 60 thousand letters or so, its header
#: some more; a table with a row for each of 33 points has 4 million lines an hour.
_LONGEST_LINE, _MOST_LINES = 1_000_000, 20_000_000
_FIRST_LINES = 50_000
_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
)  # fmt: skip


def folder_with(root: Path | str, name: str, data: str) -> Path:
    """The folder of a data set, if the file `name` is in it; `data`: the set's, for the message."""
    root = existing(root, f"the folder with {name}")
    if not root.is_dir():
        raise InputError(f"{root}: is a file; expected the folder with {name}")
    if not (root / name).exists():
        raise InputError(f"{root}: no {name}; `posebook data info {data}` says how to get it")
    return root


def read_text(path: Path | str, expected: str) -> str:
    """A file as text with LF at its line ends: UTF-8, UTF-16 or Latin-1; never binary content."""
    content = read_bytes(path, expected)
    text = decoded(content)
    if text is None:
        raise refused(path, content[:HEAD], expected)
    return text


def read_lines(path: Path | str, expected: str, letters: int | None = None) -> list[str]:
    """The lines of a text file; InputError where one is longer, or there are more, than in any
    table of motion.

    letters  take the lines that are whole in so many letters at the file's beginning, but no more
             than _FIRST_LINES; None: all
    """
    text = read_text(path, expected)
    start = 0
    while len(text) - start > _LONGEST_LINE:
        end = text.rfind("\n", start, start + _LONGEST_LINE + 1)
        if end < 0:
            raise InputError(
                f"{path}: a line of more than {_LONGEST_LINE} letters; expected {expected}"
            )
        start = end + 1
    if letters is not None and len(text) > letters:
        lines = text[: text.rfind("\n", 0, letters)].split("\n", _FIRST_LINES)
        return lines[:_FIRST_LINES]
    if (count := text.count("\n")) > _MOST_LINES:
        raise InputError(f"{path}: {count} lines; expected {expected}")
    return text.split("\n")


def decoded(content: bytes, cut: bool = False) -> str | None:
    """Bytes as text, every line end (CR LF, CR) as LF; None for binary content.

    cut  the bytes are the beginning of a file, and may end within a letter
    """
    text = _letters(content, "ignore" if cut else "strict")
    return None if text is None else text.replace("\r\n", "\n").replace("\r", "\n")


def _letters(content: bytes, errors: str) -> str | None:
    wide = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    if wide is None and b"\x00" in (start := content[:4000]):
        # UTF-16 without its mark: every second byte of plain text is 0.
        zeros = [start[side::2].count(0) / max(1, len(start[side::2])) for side in (0, 1)]
        if len(start) >= 16 and max(zeros) > 0.9 and min(zeros) < 0.05:
            wide = "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    try:
        if wide is not None:
            return content.decode(wide, errors)
        content = content.rstrip(b"\x00\x1a")  # what some loggers and DOS leave behind the end
        odd = len(start := content[:4000]) - len(start.translate(None, _CONTROL))
        if b"\x00" in content or 100 * odd > len(start):
            return None
        return content.decode("utf-8-sig", errors)
    except UnicodeDecodeError:
        # Names with accents; what is read from them is ASCII.
        return None if wide is not None else content.decode("latin-1")


def plain_numbers(text: str) -> str:
    """Text of numbers with a decimal point and room before each minus.

    Some programs write decimal commas (0,5), and some no space before a minus: 0.00000-75.00000.
    Exponents (1e-05) stay as they are.
    """
    if "," in text:
        decimal = not re.search(r"\d\.\d|\d,\d+,", text)
        text = re.sub(r"(?<=\d),(?=\d)", ".", text) if decimal else re.sub(r",(?=\s)", " ", text)
    return re.sub(r"(?<=[\d.])(?=[-+]\.?\d)", " ", text)


def read_json(path: Path | str, expected: str) -> Any:
    """A file as JSON; see `files.parsed`."""
    return parsed(read_text(path, expected), path, expected)


def number(value: Any, path: Path | str, field: str) -> float:
    """A finite number out of parsed JSON or text, or an InputError that names the field."""
    try:
        # `float` takes 1_000, and digits of any script, which a person did not mean.
        if isinstance(value, bool) or (isinstance(value, str) and not plain_digits(value)):
            raise ValueError
        result = float(value)
        if not math.isfinite(result):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{path}: {field} is {short(value)}; expected a finite number") from None
    return result


def plain_digits(text: str) -> bool:
    """Whether what Python would read as a number is written in the digits 0 to 9 alone."""
    return text.isascii() and "_" not in text


def three_numbers(words: list[str], path: Path | str, field: str) -> list[float]:
    """Three finite numbers out of the words of a line."""
    if len(words) != 3:
        raise InputError(f"{path}: {field} has {len(words)} numbers; expected 3")
    return [number(word, path, field) for word in words]


def picture_size(size: Any, what: str = "size") -> tuple[int, int] | None:
    """(width, height) in pixels out of None, a pair, or text such as '1000x1002'."""
    if size is None:
        return None
    try:
        sides = size
        if isinstance(size, str):
            sides = size.lower().replace("×", "x").replace(",", "x").split("x")
            if not all(map(plain_digits, sides)):
                raise ValueError
        width, height = (round(float(side)) for side in sides)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} is {short(size)}; expected WIDTHxHEIGHT in pixels") from None
    if not (0 < width <= 100_000 and 0 < height <= 100_000):
        raise InputError(f"{what} is {width}x{height}; expected a picture's width and height")
    return width, height


def frame_rate(fps: Any, what: str = "fps") -> float | None:
    """Frames per second out of None, a number or its text: what a BVH can say in turn."""
    if fps is None:
        return None
    rate = number(fps, what, "the frame rate")
    if not 0.01 <= rate <= 100_000:
        raise InputError(
            f"{what} is {rate:g}; expected 0.01 to 100000 frames per second, such as 50"
        )
    return rate


def one_of(what: str, value: str, allowed: Iterable[str]) -> None:
    """InputError where an option is none of the words it may be."""
    if value not in allowed:
        raise InputError(f"{what} is '{value}'; expected {listed(allowed)}")


def chosen(subjects: Iterable[str] | str, there: Iterable[str], root: Path) -> list[str]:
    """The subjects asked for, 'S1,S2' or a list; InputError where one is not there."""
    subjects = subjects.split(",") if isinstance(subjects, str) else list(subjects)
    there = list(there)
    if absent := [subject for subject in subjects if subject not in there]:
        raise InputError(f"{root}: no subject {listed(absent)}; there are {listed(there)}")
    return subjects
