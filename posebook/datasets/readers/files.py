"""How the files of others are opened: what the guarded reading of `posebook.files` does not know of
text, numbers and the options of data sets.
"""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from posebook.errors import InputError
from posebook.files import MOST_BYTES, existing, listed, parsed, read_bytes, read_head, short

__all__ = [
    "MOST_BYTES",
    "chosen",
    "existing",
    "folder_with",
    "frame_rate",
    "listed",
    "number",
    "one_of",
    "picture_size",
    "read_bytes",
    "read_head",
    "read_json",
    "read_text",
    "short",
    "three_numbers",
]


def folder_with(root: Path | str, name: str, data: str) -> Path:
    """The folder of a data set, if the file `name` is in it; `data`: the set's, for the message."""
    root = existing(root, f"the folder with {name}")
    if not root.is_dir():
        raise InputError(f"{root}: is a file; expected the folder with {name}")
    if not (root / name).exists():
        raise InputError(f"{root}: no {name}; `posebook data info {data}` says how to get it")
    return root


def read_text(path: Path | str, expected: str) -> str:
    """A file as text: UTF-8, UTF-16 with its mark, or Latin-1; never binary content."""
    content = read_bytes(path, expected)
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError:
            raise InputError(f"{path}: broken UTF-16 text; expected {expected}") from None
    if b"\x00" in content:
        raise InputError(f"{path}: binary content, not text; expected {expected}")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")  # names with accents; what is read from it is ASCII


def read_json(path: Path | str, expected: str) -> Any:
    """A file as JSON; see `files.parsed`."""
    return parsed(read_text(path, expected), path, expected)


def number(value: Any, path: Path | str, field: str) -> float:
    """A finite number out of parsed JSON or text, or an InputError that names the field."""
    try:
        if isinstance(value, bool):
            raise ValueError
        result = float(value)
        if not math.isfinite(result):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{path}: {field} is {short(value)}; expected a finite number") from None
    return result


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
        width, height = (round(float(side)) for side in sides)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{what} is {short(size)}; expected WIDTHxHEIGHT in pixels") from None
    if not (0 < width <= 100_000 and 0 < height <= 100_000):
        raise InputError(f"{what} is {width}x{height}; expected a picture's width and height")
    return width, height


def frame_rate(fps: Any, what: str = "fps") -> float | None:
    """Frames per second out of None, a number or its text."""
    if fps is None:
        return None
    rate = number(fps, what, "the frame rate")
    if not 0.001 <= rate <= 100_000:
        raise InputError(
            f"{what} is {rate:g}; expected 0.001 to 100000 frames per second, such as 50"
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
