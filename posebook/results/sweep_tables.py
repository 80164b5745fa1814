"""Tables of sweeps: for readers, one under each protocol; for programs, CSV and JSON."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from posebook.files import listed
from posebook.results.number import text_of
from posebook.results.paired import CONFIDENCE, Difference
from posebook.results.swept import Row, Run, changed, pooled, unfinished
from posebook.tables import Table

SPREAD = "±: one standard deviation over seeds"
#: More seeds, or longer folders, than these are counted, not named.
_MOST_SEEDS = 10


def markdown(rows: Sequence[Row], by: Sequence[str]) -> str:
    """A table under each protocol and data; `by` is what the rows are told apart by."""
    tables = []
    several = len({row.number.chapter for row in rows}) > 1
    for heading, group in _by_protocol(rows, lambda row: row.number):
        lines = [
            [*_by(row, by, several), row.number.method, row.number.metric, row.text,
             text_of(row.number.paper, row.number.unit), _seeds(row.values), _folders(row, several)]
            for row in group
        ]  # fmt: skip
        headers = [*by, "method", "metric", "value", "paper", "seeds", "runs"]
        tables.append(f"{heading}\n\n{_filled(headers, lines).markdown()}")
    return "\n\n".join(tables) or "no results"


def compared(differences: Sequence[Difference], by: Sequence[str], names: Sequence[str]) -> str:
    """Two sweeps side by side; `names` are what they are called in the columns."""
    tables = []
    several = len({(d.first or d.second).number.chapter for d in differences}) > 1
    for heading, group in _by_protocol(differences, lambda d: (d.first or d.second).number):
        lines = []
        for one in group:
            row = one.first or one.second
            low_high = one.interval
            lines.append([
                *_by(row, by, several), _method(one), row.number.metric,
                *(side.text if side else "" for side in (one.first, one.second)),
                _signed(one.mean, row.number.unit),
                " to ".join(_signed(end, "", one.mean) for end in low_high) if low_high else "",
                str(len(one.differences)), one.verdict,
            ])  # fmt: skip
        interval = f"{100 * CONFIDENCE:.0f} % interval"
        headers = [*by, "method", "metric", *names, "difference", interval, "pairs", "verdict"]
        tables.append(f"{heading}\n\n{_filled(headers, lines).markdown()}")
    return "\n\n".join(tables) or "no results"


def notes(runs: Sequence[Run], by: Sequence[str], rows: Sequence[Row]) -> list[str]:
    """What a reader of the table has to know besides."""
    found = [SPREAD] if any(row.spread is not None for row in rows) else []
    about = dict.fromkeys(r.number.note for r in rows if r.number.paper is not None)
    found += [f"paper: {note.removeprefix('paper: ')}" for note in about if note]
    if several := pooled(runs, by):
        names = "; ".join(f"{name} ({listed(values, 6)})" for name, values in several.items())
        found.append(
            f"rows pool runs that also differ in {names}: tell them apart with --by "
            f"{','.join([*by, *several])}"
        )
    found += changed(runs)
    return found + [f"not in the table: {line}" for line in unfinished(runs)]


def records(rows: Sequence[Row], by: Sequence[str], form: str) -> str:
    """For programs, 'csv' or 'json': values with all their digits."""
    found = [_record(row, by) for row in rows]
    if form == "json":
        return json.dumps(found, indent=1, ensure_ascii=False)
    return _csv([
        one | dict(seeds=" ".join(map(str, one["seeds"])), runs=" ".join(one["runs"]))
        for one in found
    ])  # fmt: skip


def compared_records(differences: Sequence[Difference], by: Sequence[str], form: str) -> str:
    """The same of two sweeps: mean and spread of each, and their difference."""
    found = []
    for one in differences:
        record = _record(one.first or one.second, by)
        record = {name: record[name] for name in record if name not in _OF_ONE_SWEEP}
        low, high = one.interval or (None, None)
        sides = {"first": one.first, "second": one.second}
        record |= {name: side and side.mean for name, side in sides.items()}
        record |= {f"{name}_spread": side and side.spread for name, side in sides.items()}
        record |= dict(difference=one.mean, low=low, high=high, pairs=len(one.differences))
        found.append(record | dict(method=_method(one), verdict=one.verdict))
    return json.dumps(found, indent=1, ensure_ascii=False) if form == "json" else _csv(found)


_OF_ONE_SWEEP = ("mean", "spread", "seeds", "runs")


def _record(row: Row, by: Sequence[str]) -> dict[str, Any]:
    n = row.number
    return dict(zip(by, row.by or [None] * len(by), strict=True)) | dict(
        method=n.method, metric=n.metric, mean=row.mean, spread=row.spread, unit=n.unit,
        protocol=n.protocol, data=n.data, split=n.split, chapter=n.chapter, profile=n.profile,
        seeds=list(row.values), runs=list(row.folders),
    )  # fmt: skip


def _csv(rows: Sequence[dict[str, Any]]) -> str:
    file = io.StringIO()
    writer = csv.DictWriter(file, list(rows[0]) if rows else [], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue().rstrip("\n")


def _by_protocol(rows: Iterable[Any], number: Any) -> list[tuple[str, list[Any]]]:
    groups: dict[str, list[Any]] = {}
    for row in rows:
        n = number(row)
        data = f"{n.data} {n.split}".strip()
        groups.setdefault(f"{n.protocol}; {data}, {n.profile} profile", []).append(row)
    return list(groups.items())


def _filled(headers: Sequence[str], lines: Sequence[Sequence[str]]) -> Table:
    """Without the columns that are empty."""
    full = [i for i in range(len(headers)) if any(line[i] for line in lines)]
    return Table([headers[i] for i in full], [[line[i] for i in full] for line in lines])


def _by(row: Row, by: Sequence[str], several: bool) -> list[str]:
    """What tells a row apart; `several`: the table has rows of other chapters, too."""
    if row.by is not None:
        return [value or "–" for value in row.by]
    chapter = row.number.chapter
    any_of = f"any of {chapter}" if several else "any"
    return [chapter if name == "chapter" else any_of for name in by]


def _seeds(values: Iterable[int]) -> str:
    seeds = list(map(str, values))
    return ", ".join(seeds) if len(seeds) <= _MOST_SEEDS else f"{len(seeds)} seeds"


def _folders(row: Row, several: bool) -> str:
    """The runs' folders, as a shell takes them: those that differ in one number as one pattern."""
    if row.by is None:  # every run has it
        return f"all of {row.number.chapter}" if several else "all"
    alike: dict[tuple[str, ...], list[str]] = {}
    for folder in row.folders:
        before, seed, after = re.fullmatch(r"(.*?\bseed=)(\d+)(\b.*)|.*", folder).groups()
        alike.setdefault((before, after) if seed else (folder,), []).append(seed)
    found = []
    for (before, *after), seeds in alike.items():
        inner = seeds[0] if len(seeds) == 1 else f"{{{','.join(seeds[:_MOST_SEEDS])}}}"
        if len(seeds) > _MOST_SEEDS:
            inner = "*"
        found.append(f"{before}{inner}{after[0]}" if after else before)
    more = len(found) - _MOST_SEEDS
    return " ".join(found[:_MOST_SEEDS]) + (f" and {more} more" if more > 0 else "")


def _method(one: Difference) -> str:
    names = [side.number.method for side in (one.first, one.second) if side]
    return " / ".join(dict.fromkeys(names))


def _signed(value: float | None, unit: str, like: float | int | None = None) -> str:
    """With its sign, and as many digits as `like` would have."""
    if value is None:
        return ""
    digits = len(text_of(float(value if like is None else like), "").partition(".")[2])
    return f"{value:+.{digits}f} {unit}".rstrip() if value else text_of(0.0, unit)
