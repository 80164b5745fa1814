"""How a file is opened: every way in which it can be the wrong thing gets one line.

Readers take their bytes, text and JSON from here, so that a folder in place of a file, an empty
file, a Git-LFS pointer or a file that is not text is refused before any parsing.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from posebook.errors import InputError

#: Larger files are refused: nothing that the readers of this package know is that large.
MOST_BYTES = 4 << 30
_LFS = b"version https://git-lfs"


def existing(path: Path | str, expected: str) -> Path:
    """The path, if there is a file or folder; `expected` says in words what should be there."""
    if not str(path):  # which would be the current folder
        raise InputError(f"an empty name stands for no file or folder; expected {expected}")
    try:
        path = Path(path)
        there = path.exists()
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path!s:.200}: not a usable path; expected {expected}") from error
    if not there:
        raise InputError(f"{path}: there is no such file or folder; expected {expected}")
    return path


def folder_with(root: Path | str, name: str, data: str) -> Path:
    """The folder of a data set, if the file `name` is in it; `data`: the set's, for the message."""
    root = existing(root, f"the folder with {name}")
    if not root.is_dir():
        raise InputError(f"{root}: is a file; expected the folder with {name}")
    if not (root / name).exists():
        raise InputError(f"{root}: no {name}; `posebook data info {data}` says how to get it")
    return root


def read_bytes(path: Path | str, expected: str) -> bytes:
    """All of a file's bytes. InputError for anything that is not a file with content."""
    return _read(path, expected, None)


def read_head(path: Path | str, expected: str, count: int) -> bytes:
    """The first bytes of a file that a library is to open by name; the checks of `read_bytes`."""
    return _read(path, expected, max(count, len(_LFS)))[:count]


def _read(path: Path | str, expected: str, count: int | None) -> bytes:
    path = existing(path, expected)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected {expected}")
    if not path.is_file():
        raise InputError(f"{path}: is not a regular file; expected {expected}")
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise InputError(f"{path}: {size} bytes are too many; expected {expected}")
        with path.open("rb") as file:
            content = file.read() if count is None else file.read(count)
    except (OSError, MemoryError) as error:
        raise InputError(f"{path}: cannot be read ({error}); expected {expected}") from error
    if not content:
        raise InputError(f"{path}: the file is empty; expected {expected}")
    if content.startswith(_LFS):
        raise InputError(
            f"{path}: is a Git-LFS pointer, not the file itself; run `git lfs pull`, "
            f"then it should be {expected}"
        )
    return content


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
    """A file as JSON."""
    text = read_text(path, expected)
    try:
        return json.loads(text)
    except RecursionError:
        raise InputError(f"{path}: JSON nested too deeply; expected {expected}") from None
    except ValueError as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(
            f"{path}: not valid JSON ({place:.80}; cut short?); expected {expected}"
        ) from None


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


def short(value: Any) -> str:
    """How a value is quoted in an error: what kind, and at most 40 characters of it."""
    if isinstance(value, list | dict | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value[:60] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 40 else text[:37] + "..."


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


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names for an error line: the first few, none of them long, and how many more."""
    names = [str(name) for name in names]
    first = [name if name.isprintable() and len(name) <= 40 else short(name) for name in names]
    more = len(names) - most
    return ", ".join(first[:most]) + (f" and {more} more" if more > 0 else "")


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
