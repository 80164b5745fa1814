"""How a file is opened: every way in which it can be the wrong thing gets one line.

Everything that the package reads, of others or of its own, comes through here. A folder, a FIFO, a
device, an empty file or a Git-LFS pointer is refused before any parsing; JSON is bounded in depth,
in what it unfolds to and in its integers; and the records that posebook writes are checked, field
by field, when they are read back (`check`). What only files of others need is in
`datasets.readers.files`.
"""

import gc
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from posebook.errors import InputError, printable

#: Larger files are refused: nothing that the readers of this package know is that large.
MOST_BYTES = 4 << 30
#: A record that posebook wrote itself (a run's, its results, a camera) is never larger.
MOST_RECORD_BYTES = 16 << 20
#: JSON nested deeper than this is no format that anybody writes, and breaks whoever walks it.
MOST_DEEP = 64
#: JSON may have more lists and dicts than this where they are less than an eighth of its letters.
#: An empty one takes two letters, and a hundred bytes or two of memory; a dict counts twice, since
#: it takes twice as much.
_MOST_BRACKETS = 500_000
#: It may have more names than this where there are no more than _NAMES_EACH for a list or dict.
_MOST_NAMES, _NAMES_EACH = 500_000, 50
#: Text longer than this is looked at before it is parsed.
_LONG = 1 << 20
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


def regular(path: Path | str, expected: str, most: int = MOST_BYTES) -> Path:
    """The path, if it is a file with content: no folder, FIFO, socket or device, which could wait
    for ever or never end, and none of more than `most` bytes.

    For what a library opens by name. InputError otherwise.
    """
    path = existing(path, expected)
    if path.is_dir():
        raise InputError(f"{path}: is a folder; expected {expected}")
    if not path.is_file():
        raise InputError(f"{path}: is not a regular file; expected {expected}")
    size = path.stat().st_size
    if size > most:
        raise InputError(f"{path}: {size} bytes are too many; expected {expected}")
    if size == 0:
        raise InputError(f"{path}: the file is empty; expected {expected}")
    return path


def read_bytes(path: Path | str, expected: str, most: int = MOST_BYTES) -> bytes:
    """All of a file's bytes. InputError for anything that is not a file with content."""
    return _read(path, expected, None, most)


def read_head(path: Path | str, expected: str, count: int) -> bytes:
    """The first bytes of a file that a library is to open by name; the checks of `read_bytes`."""
    return _read(path, expected, max(count, len(_LFS)), MOST_BYTES)[:count]


def _read(path: Path | str, expected: str, count: int | None, most: int) -> bytes:
    path = regular(path, expected, most)
    try:
        with path.open("rb") as file:  # no further than the size that was checked
            content = file.read(path.stat().st_size if count is None else count)
    except (OSError, MemoryError) as error:
        raise InputError(f"{path}: cannot be read ({error}); expected {expected}") from error
    if content.startswith(_LFS):
        raise InputError(
            f"{path}: is a Git-LFS pointer, not the file itself; run `git lfs pull`, "
            f"then it should be {expected}"
        )
    return content


def read_utf8(path: Path | str, expected: str, most: int = MOST_RECORD_BYTES) -> str:
    """A file that posebook wrote, as text."""
    try:
        return read_bytes(path, expected, most).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text in UTF-8; expected {expected}") from None


def read_record(path: Path | str, expected: str, most: int = MOST_RECORD_BYTES) -> Any:
    """A JSON file that posebook wrote, as plain values; see `parsed`, then `check`."""
    return parsed(read_utf8(path, expected, most), path, expected)


def parsed(text: str, where: Path | str, expected: str) -> Any:
    """JSON text as plain values, at most `MOST_DEEP` deep.

    Integers beyond 64 bits come as floats, as they would from any other parser. Text of little but
    brackets or names, which takes fifty times its size in memory, is refused before it is parsed.
    So is long text without an end.
    """
    lists, dicts, names = (text.count(mark) for mark in ("[", "{", '":'))
    if lists + 2 * dicts > max(_MOST_BRACKETS, len(text) // 8):
        raise InputError(f"{where}: JSON of {lists + dicts} lists and dicts; expected {expected}")
    if names > max(_MOST_NAMES, _NAMES_EACH * (lists + dicts)):
        raise InputError(f"{where}: JSON of {names} names; expected {expected}")
    if len(text) > _LONG and text[0] in "[{" and text[-100:].rstrip()[-1:] not in ("]", "}", ""):
        raise InputError(
            f"{where}: not valid JSON (no bracket at its end; cut short?); expected {expected}"
        )
    try:
        with collecting_later():
            held = json.loads(text, parse_int=_integer if _LONG_INTEGER.search(text) else None)
    except RecursionError:
        raise InputError(f"{where}: JSON nested too deeply; expected {expected}") from None
    except ValueError as error:
        place = f"line {error.lineno}" if isinstance(error, json.JSONDecodeError) else str(error)
        raise InputError(
            f"{where}: not valid JSON ({place:.80}; cut short?); expected {expected}"
        ) from None
    level = [held] if isinstance(held, list | dict) else []
    for _ in range(MOST_DEEP):
        inside = [one.values() if isinstance(one, dict) else one for one in level]
        # Most lists hold numbers alone: `map` sees that many times faster than a loop.
        inside = [items for items in inside if not {list, dict}.isdisjoint(map(type, items))]
        level = [item for items in inside for item in items if isinstance(item, list | dict)]
        if not level:
            return held
    raise InputError(f"{where}: JSON nested too deeply; expected {expected}")


def first_entries(text: str, letters: int) -> list | dict:
    """What is whole in the first `letters` of a JSON list or object; empty for anything else."""
    read, beginning = json.JSONDecoder().raw_decode, text[:letters]
    made: list[Any] = []
    place = _BETWEEN.match(beginning).end()
    try:
        with collecting_later():
            while True:
                held, place = read(beginning, place)
                made.append(held)
                place = _BETWEEN.match(beginning, place).end()
    except (ValueError, RecursionError):  # the end of the beginning, or damage: not told here
        pass
    if not beginning.lstrip().startswith("{"):
        return made
    names = [name for name in made[::2] if isinstance(name, str)]
    return dict(zip(names, made[1::2], strict=False))


@contextmanager
def collecting_later() -> Iterator[None]:
    """Keeps Python's garbage collector from going through millions of new things again and again.

    None of them is garbage while a file is being read.
    """
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


#: What stands before the first entry of a list or object, and between two.
_BETWEEN = re.compile(r"\s*[\[{,:]?\s*")
_LONG_INTEGER = re.compile(r"[0-9]{19}")


def _integer(text: str) -> int | float:
    if len(text) <= 20 and -(2**63) <= (number := int(text)) < 2**63:
        return number
    return float(text)


class Kind(NamedTuple):
    """What a field of a record may be: in words, and as a test."""

    words: str
    fits: Callable[[Any], bool]


def is_number(value: Any) -> bool:
    """Finite, and not so large that a table of it is no table."""
    return isinstance(value, float | int) and not isinstance(value, bool) and abs(value) <= 1e15


def is_line(value: Any, most: int = 1000) -> bool:
    """One line of text: nothing in it that a terminal or a table would obey."""
    return isinstance(value, str) and len(value) <= most and printable(value) == value


LINE = Kind("one line of text", is_line)
NUMBER = Kind("a number", is_number)
WHOLE = Kind("a whole number", lambda value: type(value) is int and abs(value) <= 2**63)
YES_OR_NO = Kind("true or false", lambda value: isinstance(value, bool))


def optional(kind: Kind) -> Kind:
    """The same, or null."""
    return Kind(f"{kind.words} or null", lambda value: value is None or kind.fits(value))


def by_name(kind: Kind, most: int = 1000) -> Kind:
    """An object whose names are lines of text and whose values are of one kind."""

    def fits(value: Any) -> bool:
        return (
            isinstance(value, dict)
            and len(value) <= most
            and all(is_line(name) and kind.fits(item) for name, item in value.items())
        )

    return Kind(f"an object, each value of it {kind.words}", fits)


def check(
    record: Any, kinds: Mapping[str, Kind], needed: Iterable[str], where: str, expected: str
) -> dict[str, Any]:
    """A record that was read, if it has the fields `needed`, none that `kinds` does not know, and
    each is of its kind. InputError, one line, names the first field that is not.

    where     the file (and the place in it)
    expected  what the record should be, in words
    """
    if not isinstance(record, dict):
        raise InputError(f"{where}: is {short(record)}; expected {expected}")
    if missing := [name for name in needed if name not in record]:
        raise InputError(f"{where}: lacks {listed(missing)}; expected {expected}")
    if unknown := [name for name in record if name not in kinds]:
        raise InputError(f"{where}: has {listed(unknown, 4)}; expected {expected}")
    for name, value in record.items():
        if not kinds[name].fits(value):
            raise InputError(f"{where}: {name} is {short(value)}; expected {kinds[name].words}")
    return record


def short(value: Any) -> str:
    """How a value is quoted in an error: what kind, and at most 40 characters of it."""
    if isinstance(value, list | dict | tuple):
        return f"a {type(value).__name__} of {len(value)}"
    text = repr(value[:60] if isinstance(value, str | bytes) else value)
    return text if len(text) <= 40 else text[:37] + "..."


def listed(names: Iterable[object], most: int = 12) -> str:
    """Names for an error line: the first few, none of them long, and how many more."""
    names = list(names)
    first = [str(name) for name in names[:most]]
    first = [name if name.isprintable() and len(name) <= 40 else short(name) for name in first]
    more = len(names) - most
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
