"""What `posebook results` is asked for: rows of one folder, or two folders side by side."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from posebook import paths
from posebook.chapters.sweeps.reading import runs_in
from posebook.errors import InputError
from posebook.results import paired, sweep_tables, swept
from posebook.results.swept import Row, Run


@dataclass(frozen=True)
class Asked:
    """by       names that tell rows apart; None: whatever differs, but the seed
    metrics  and methods: those alone; empty: all
    form     md, csv or json
    """

    by: Sequence[str] | None = None
    metrics: Sequence[str] = ()
    methods: Sequence[str] = ()
    form: str = "md"


def of_folders(
    folders: Sequence[Path], asked: Asked, plot: Path | None = None
) -> tuple[str, list[str]]:
    """The table as text, and notes for whoever reads it. `plot` is a page that is written.

    folders  one; or two, which are paired by seed
    """
    read = [runs_in(folder) for folder in folders]
    every = [run for runs, _ in read for run in runs]
    numbers = [number for run in every for number in run.numbers if run.state == "finished"]
    if not numbers:
        states = Counter(run.state for run in every if run.state != "finished")
        more = ", ".join(f"{count} {state}" for state, count in states.items())
        raise InputError(f"{paths.shown(folders[0])}: no finished run with results in it" + (
            f" ({more}); the command that began it goes on" if more else ""
        ))  # fmt: skip
    metrics = swept.known("metric", asked.metrics, [n.metric for n in numbers])
    methods = swept.known("method", asked.methods, [n.method for n in numbers])
    by = _by(asked, [runs for runs, _ in read])
    if len(folders) == 2:
        for folder, (runs, _) in zip(folders, read, strict=True):
            mixed = [n for n in swept.pooled(runs, by) if n != "seed"]
            if mixed:
                raise InputError(
                    f"{paths.shown(folder)}: seeds cannot be paired, since runs also differ in "
                    f"{', '.join(mixed)}; add that to --by"
                )
    tables = [swept.rows(runs, by, metrics=metrics, methods=methods) for runs, _ in read]
    notes = [f"passed over: {line}" for _, damaged in read for line in damaged]
    if len(read) == 2:
        notes += _what_differs(read[0][0], read[1][0], _names(folders), by)
    for (runs, _), rows in zip(read, tables, strict=True):
        notes += sweep_tables.notes(runs, by, rows)
    # Programs have a column that says what the spread is.
    notes = [n for n in dict.fromkeys(notes) if asked.form == "md" or n != sweep_tables.SPREAD]
    if plot is not None:
        _draw(plot, folders, tables, by)
    if len(folders) == 1:
        if asked.form == "md":
            return sweep_tables.markdown(tables[0], by), notes
        return sweep_tables.records(tables[0], by, asked.form), notes
    found = paired.paired(*tables)
    if asked.form == "md":
        return sweep_tables.compared(found, by, _names(folders)), notes
    return sweep_tables.compared_records(found, by, asked.form), notes


def _by(asked: Asked, sides: Sequence[Sequence[Run]]) -> list[str]:
    every = [run for runs in sides for run in runs]
    if asked.by is not None:
        there = [*swept.OF_A_RUN, *dict.fromkeys(name for run in every for name in run.parameters)]
        return list(dict.fromkeys(swept.known("by", asked.by, there)))
    finished = [[run for run in runs if run.state == "finished"] for runs in sides]
    return list(dict.fromkeys(name for runs in finished for name in swept.differing(runs)))


def _what_differs(
    first: Sequence[Run], second: Sequence[Run], names: Sequence[str], by: Sequence[str]
) -> list[str]:
    """A line for what one sweep has and the other has not, besides what the rows are told apart
    by: parameters, and seeds without a partner. What is no parameter of the other's chapters goes
    without saying."""
    found = []
    sides = [[run for run in runs if run.state == "finished"] for runs in (first, second)]
    chapters = [{run.chapter for run in side} for side in sides]
    for what in dict.fromkeys([*swept.differing([*sides[0], *sides[1]]), swept.SEED]):
        left, right = (
            [value for value in swept.in_order(run.told(what) for run in side) if value]
            for side in sides
        )
        foreign = chapters[0] != chapters[1] and not (left and right)
        if what not in by and left != right and not foreign:
            told = (f"{name} has {', '.join(values) or 'none'}" for name, values in
                    zip(names, (left, right), strict=True))  # fmt: skip
            found.append(f"the two differ in {what}: {'; '.join(told)}")
    return found


def _names(folders: Sequence[Path]) -> list[str]:
    """Short names of two folders; their paths where those are the same."""
    short = [folder.resolve().name for folder in folders]
    return short if len(set(short)) == len(short) else [paths.shown(folder) for folder in folders]


def _draw(
    plot: Path, folders: Sequence[Path], tables: Sequence[Sequence[Row]], by: Sequence[str]
) -> None:
    from posebook.figures import Picture, page
    from posebook.figures.sweeps import sweep_chart

    names = _names(folders)
    if len(folders) > 1:  # both in one chart
        tables = [[_of_sweep(row, name) for row in rows]
                  for name, rows in zip(names, tables, strict=True)]  # fmt: skip
        by = [*by, "sweep"]
    groups: dict[tuple, list[Row]] = {}
    for row in (row for rows in tables for row in rows):
        n = row.number
        groups.setdefault((n.metric, n.unit, n.protocol, n.data, n.split), []).append(row)
    parts: list = []
    for (metric, _, _, data, split), rows in groups.items():
        title = f"{' and '.join(names)}: {metric} on {data} {split}"
        title += f", by {', '.join(by)}" if by and len(folders) == 1 else ""
        values = "; ".join(f"{r.number.method} {' '.join(r.by or ())}: {r.text}" for r in rows)
        parts.append(Picture(sweep_chart(rows, by, title=title), alt=f"{title}. {values}"))
    page(plot, "What was swept", [
        "A dot is a seed; a bar reaches one standard deviation over seeds up and down.", *parts
    ])  # fmt: skip


def _of_sweep(row: Row, name: str) -> Row:
    """A row that is also told apart by its sweep."""
    if row.by is not None:
        return replace(row, by=(*row.by, name))
    return replace(row, number=replace(row.number, method=f"{row.number.method}, {name}"))
