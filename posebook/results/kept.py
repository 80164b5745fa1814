"""The ledger: the numbers that the book and its pages print, `data/ledger.jsonl`."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean, stdev

from posebook import paths
from posebook.errors import InputError
from posebook.files import parsed, read_utf8
from posebook.results.number import Number

LEDGER = paths.DATA / "ledger.jsonl"
_EXPECTED = "the ledger: a results record a line"


def ledger(key: str) -> Number:
    """The number that the book prints under this key (see `Number.key`).

    An InputError lists the keys that are near, so that a stale key cannot print a stale number.
    """
    found = [number for number in ledger_numbers() if number.key == key]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"ledger: '{key}' stands for {len(found)} numbers; tell them apart")
    chapter = key.partition("/")[0]
    near = [number.key for number in ledger_numbers() if number.chapter == chapter]
    raise InputError(f"ledger: no number '{key}'; {chapter} has {', '.join(near) or 'none'}")


def ledger_numbers(path: Path | str | None = None) -> list[Number]:
    """All lines of the book's ledger, or of another; none where there is no such file."""
    path = Path(path or LEDGER)
    lines = read_utf8(path, _EXPECTED).splitlines() if path.exists() else []
    return [Number.from_dict(parsed(line, path, _EXPECTED)) for line in lines if line.strip()]


def kept_means(chapter: str, path: Path | str | None = None) -> dict[tuple[str, str, str], str]:
    """What the ledger keeps of test sets: (data, method, metric) -> "35.7", or "35.7 ± 0.5" where
    it has several seeds, or the spread over them beside their mean."""
    values: dict[tuple[str, str, str], list[float]] = {}
    for n in ledger_numbers(path):
        if (n.chapter, n.split) == (chapter, "test"):
            values.setdefault((n.data, n.method, n.metric), []).append(n.value)
    means = {}
    for key, found in values.items():
        kept = values.get((*key[:2], f"{key[2]}, spread"))
        spread = stdev(found) if len(found) > 1 else kept[0] if kept else None
        means[key] = f"{fmean(found):.1f}" + ("" if spread is None else f" ± {spread:.1f}")
    return means


def keep(numbers: Iterable[Number], path: Path | str | None = None) -> None:
    """Put numbers into the ledger; one with the same key and protocol is replaced."""
    path = Path(path or LEDGER)
    kept = {(n.key, n.protocol): n for n in ledger_numbers(path)}
    kept.update({(n.key, n.protocol): n for n in numbers})
    lines = [json.dumps(kept[k].to_dict(), ensure_ascii=False) for k in sorted(kept)]
    paths.write_text(path, "".join(line + "\n" for line in lines))
