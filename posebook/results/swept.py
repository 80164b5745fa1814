"""Runs with different parameters, as a table that says what was swept: mean and spread over seeds.

`posebook.chapters.sweeps.reading` reads runs from a folder; here, nothing is read.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from statistics import fmean, stdev
from typing import Any

from posebook.errors import InputError, one_line
from posebook.files import listed
from posebook.results.number import Number, text_of

#: What a run may be told apart by besides its chapter's parameters.
OF_A_RUN = ("name", "chapter", "profile")
SEED = "seed"
#: More runs than these that are missing for the same reason are counted, not all named.
_MOST_ALIKE = 4


@dataclass(frozen=True)
class Run:
    """One run of a chapter.

    folder      as seen from the sweep's
    name        what the sweep's file calls it; "" where there is none
    parameters  all that is known: what it was given, and the chapter's defaults
    state       finished, failed, cut short, not begun, or that its record is damaged; only what is
                finished is in tables
    reason      why it failed
    text        what its chapter's text hashed to; "" where that is not known
    recorded    whether its parameters are known; a notebook leaves results alone
    """

    folder: str
    chapter: str
    profile: str
    parameters: Mapping[str, Any]
    numbers: Sequence[Number] = ()
    name: str = ""
    state: str = "finished"
    reason: str = ""
    seconds: float = 0.0
    text: str = ""
    recorded: bool = True

    def told(self, name: str) -> str:
        """The value of a parameter, or of `OF_A_RUN`, as it is typed; "" where it has none.

        None is "default": what a chapter then takes goes by its profile.
        """
        own = getattr(self, name) if name in OF_A_RUN else self.parameters.get(name, "")
        return "default" if own is None else str(own).lower() if isinstance(own, bool) else str(own)

    @property
    def seed(self) -> int:
        given = self.parameters.get(SEED)
        return self.numbers[0].seed if self.numbers else given if type(given) is int else 0


@dataclass(frozen=True)
class Row:
    """One metric of one method, of all runs that agree in what the table is by.

    by       the values that they agree in; None where the numbers are the same for every value
             that runs of the row's chapter have
    number   the first of them: its metric, unit, protocol, data, split, method, chapter
    values   seed -> value; where several runs have one seed, their mean
    folders  of these runs
    holds    the values that the row holds for, where `by` is None
    """

    by: tuple[str, ...] | None
    number: Number
    values: Mapping[int, float | int]
    folders: tuple[str, ...] = ()
    holds: tuple[tuple[str, ...], ...] = ()

    @property
    def mean(self) -> float:
        return fmean(self.values.values())

    @property
    def spread(self) -> float | None:
        """Standard deviation over the seeds."""
        return stdev(self.values.values()) if len(self.values) > 1 else None

    @property
    def text(self) -> str:
        return with_spread(self.mean, self.spread, self.number.unit)


def with_spread(mean: float, spread: float | None, unit: str) -> str:
    """Such as 52.1 ± 0.4 mm; the spread with as many digits as the mean."""
    if spread is None:
        return text_of(mean, unit)
    digits = len(text_of(mean, "").partition(".")[2])
    return f"{text_of(mean, '')} ± {spread:.{digits}f} {unit}".rstrip()


def in_order(values: Iterable[str]) -> list[str]:
    """Values of a parameter, each once: numbers by size, then words as they come."""

    def size(text: str) -> tuple[int, float]:
        try:
            return (0, float(text))
        except ValueError:
            return (1, 0.0)

    return sorted(dict.fromkeys(values), key=size)


def differing(runs: Iterable[Run]) -> list[str]:
    """What tells the runs apart, besides their seeds: parameters that do not all have one value."""
    runs = list(runs)
    every = {tuple(run.told(n) for n in _names(runs) if n != SEED) for run in runs}
    if any(run.name for run in runs) and 1 < len({run.name for run in runs}) == len(every):
        return ["name"]  # which says it all
    return [n for n in _names(runs) if n != SEED and len({run.told(n) for run in runs}) > 1]


def _names(runs: Iterable[Run]) -> list[str]:
    return [*OF_A_RUN, *dict.fromkeys(name for run in runs for name in run.parameters)]


def known(kind: str, asked: Sequence[str], there: Iterable[str]) -> list[str]:
    """The names that were asked for as they are spelled; InputError names what there is."""
    there = list(dict.fromkeys(there))
    spelled = {name.lower(): name for name in there}
    for name in asked:
        if name.lower() not in spelled:
            near = get_close_matches(name.lower(), spelled, 1)
            meant = f" (did you mean {spelled[near[0]]}?)" if near else ""
            raise InputError(f"--{kind} {name}: not there{meant}; there are {'; '.join(there)}")
    return [spelled[name.lower()] for name in asked]


def rows(
    runs: Iterable[Run],
    by: Sequence[str],
    *,
    metrics: Sequence[str] = (),
    methods: Sequence[str] = (),
) -> list[Row]:
    """The table: a row for each metric, method and value of `by`; baselines once.

    metrics, methods  those alone; empty: all

    Rows of a chapter that are the same for each value of `by`, as those of methods that do not
    learn are, become one. Runs with the same parameters count once.
    """
    counted = _once(run for run in runs if run.state == "finished")
    runs_of = Counter(run.chapter for run in counted)
    groups: dict[tuple, dict[tuple[str, ...], list[tuple[Run, Number]]]] = {}
    for run in counted:
        values = tuple(run.told(name) for name in by)
        for n in run.numbers:
            if (metrics and n.metric not in metrics) or (methods and n.method not in methods):
                continue
            what = (n.protocol, n.data, n.split, n.metric, n.method, n.unit, n.profile, run.chapter)
            groups.setdefault(what, {}).setdefault(values, []).append((run, n))
    orders = [in_order(run.told(name) for run in counted) for name in by]
    found = []
    for what, each in groups.items():
        every = sum(map(len, each.values())) == runs_of[what[-1]]
        same = every and len(each) > 1 and _same_in_all(list(each.values()))
        joined = [(None, sum(each.values(), []))] if same else each.items()
        made = [_row(values, members, tuple(each)) for values, members in joined]
        found += sorted(made, key=lambda row: _places(row.by, orders))
    return found


def _places(by: Sequence[str] | None, orders: Sequence[Sequence[str]]) -> list[int]:
    return [order.index(value) for value, order in zip(by or (), orders, strict=False)]


def _once(runs: Iterable[Run]) -> list[Run]:
    """Without those that have the parameters of an earlier one."""
    found: dict[tuple, Run] = {}
    for run in runs:
        key = (run.chapter, run.profile, run.name, repr(sorted(run.parameters.items())))
        # What says nothing of its parameters is told apart by its folder alone.
        found.setdefault(key if run.recorded and run.parameters else (run.folder,), run)
    return list(found.values())


def _same_in_all(groups: Sequence[Sequence[tuple[Run, Number]]]) -> bool:
    """Whether no value depends on what the groups differ in."""
    by_seed: dict[int, list[float]] = {}
    for members in groups:
        for run, number in members:
            by_seed.setdefault(run.seed, []).append(number.value)
    every = [value for values in by_seed.values() for value in values]
    compared = len(by_seed) == 1 or all(len(values) > 1 for values in by_seed.values())
    pools = by_seed.values() if compared else [every]
    return all(max(v) - min(v) <= 1e-9 * max(map(abs, v), default=0) for v in pools)


def _row(
    by: tuple[str, ...] | None,
    members: Sequence[tuple[Run, Number]],
    holds: tuple[tuple[str, ...], ...],
) -> Row:
    values: dict[int, list[float]] = {}
    for run, number in members:
        values.setdefault(run.seed, []).append(number.value)
    means = {seed: fmean(found) for seed, found in sorted(values.items())}
    folders = tuple(run.folder for run, _ in members)
    return Row(by, members[0][1], means, folders, holds if by is None else ())


def pooled(runs: Iterable[Run], by: Sequence[str]) -> dict[str, list[str]]:
    """Parameters that differ among runs of one row: name -> its values."""
    groups: dict[tuple[str, ...], list[Run]] = {}
    for run in runs:
        if run.state == "finished":
            key = (run.chapter, run.profile, *map(run.told, by))
            groups.setdefault(key, []).append(run)
    found: dict[str, dict[str, None]] = {}
    for members in groups.values():
        for name in differing(members):
            if name not in by:
                values = filter(None, (run.told(name) for run in members))
                found.setdefault(name, {}).update(dict.fromkeys(values))
    return {name: in_order(values) for name, values in found.items()}


def changed(runs: Iterable[Run]) -> list[str]:
    """A line for what may have been changed between runs, other than parameters that are known."""
    runs = list(runs)
    chapters: dict[str, list[Run]] = {}
    for run in runs:
        if run.state == "finished":
            chapters.setdefault(run.chapter, []).append(run)
    unknown = [run.folder for run in runs if run.state == "finished" and not run.recorded]
    lines = [f"no parameters are known of {listed(unknown, 4)}: rows pool them"] if unknown else []
    for chapter, members in chapters.items():
        codes = dict.fromkeys(n.code for run in members for n in run.numbers if n.code)
        if len({run.text for run in members if run.text}) > 1:
            lines.append(f"the text of {chapter} was changed between its runs: compare with care")
        if len(codes) > 1:
            commits = listed(codes, 4)
            lines.append(f"runs of {chapter} were made at different commits: {commits}")
    return lines


def unfinished(runs: Iterable[Run]) -> list[str]:
    """Which runs are in no table, and why: a line for each, or for many with the same reason."""
    groups: dict[str, list[str]] = {}
    for run in runs:
        if run.state != "finished" or not run.numbers:
            state = "finished, without results" if run.state == "finished" else run.state
            why = f"{state}: {run.reason}" if run.reason else state
            groups.setdefault(why, []).append(run.folder)
    lines: list[str] = []
    for why, folders in groups.items():
        if len(folders) <= _MOST_ALIKE:
            lines += [f"{folder}: {why}" for folder in folders]
        else:
            lines.append(f"{len(folders)} runs ({listed(folders, _MOST_ALIKE)}): {why}")
    return list(map(one_line, lines))
