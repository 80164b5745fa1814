"""Two sweeps side by side, paired by seed: how much they differ, and whether that can be told."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean, stdev

from posebook.results.swept import Row

#: With fewer pairs, the interval rests on a spread that is hardly known.
LEAST_PAIRS = 5
CONFIDENCE = 0.95


@dataclass(frozen=True)
class Difference:
    """The second sweep's values less the first's, seed by seed.

    interval  of the mean difference, at 95 % confidence; None with fewer than two pairs
    """

    first: Row | None
    second: Row | None
    differences: tuple[float | int, ...]

    @property
    def mean(self) -> float | None:
        return fmean(self.differences) if self.differences else None

    @property
    def interval(self) -> tuple[float, float] | None:
        return interval_of(self.differences)

    @property
    def verdict(self) -> str:
        """What may be said: which is lower, or that it cannot be told, and why."""
        count = len(self.differences)
        if self.first is None or self.second is None:
            return f"only in the {'second' if self.first is None else 'first'}"
        if self.differences and not any(self.differences):
            return "the same"
        if count < LEAST_PAIRS:
            return f"cannot tell: {count} of at least {LEAST_PAIRS} pairs of seeds"
        low, high = self.interval
        if low <= 0 <= high:
            return "cannot tell: the interval holds 0"
        return f"the second is {'lower' if high < 0 else 'higher'}"


def interval_of(differences: Sequence[float | int]) -> tuple[float, float] | None:
    """Of the mean of paired differences, at 95 % confidence: Student's t, as in a paired t-test.

    Maths: mean ± t(n - 1; 0.975) · s / √n, s the standard deviation over the n pairs.
    """
    count = len(differences)
    if count < 2:
        return None
    from scipy.special import stdtrit  # slow to import

    half = stdtrit(count - 1, (1 + CONFIDENCE) / 2) * stdev(differences) / math.sqrt(count)
    mean = fmean(differences)
    return mean - float(half), mean + float(half)


def paired(first: Sequence[Row], second: Sequence[Row]) -> list[Difference]:
    """The rows of two tables that are of the same: by, metric, protocol, data, method and chapter.

    Of what is left, the same method of two chapters is a pair; and so, where just one row of each
    is left over, are these two. A row that holds for every value of `by`, as a baseline's does, is
    a pair with any of its method and chapter.
    """
    first, second = _spelled_out(first, second), _spelled_out(second, first)
    sides: tuple[dict[tuple, list[Row]], ...] = ({}, {})
    for side, table in zip(sides, (first, second), strict=True):
        for row in table:
            side.setdefault((row.by, *_about(row)), []).append(row)
    found = []
    for what in dict.fromkeys([*sides[0], *sides[1]]):
        left, right = (side.get(what, []) for side in sides)
        for same in (_method_and_chapter, lambda row: row.number.method, lambda row: None):
            for row in list(left):
                others = [other for other in right if same(other) == same(row)]
                alone = sum(same(other) == same(row) for other in left) == len(others) == 1
                if alone:
                    left.remove(row)
                    right.remove(others[0])
                    found.append(_difference(row, others[0]))
        found += [Difference(row, None, ()) for row in left]
        found += [Difference(None, row, ()) for row in right]
    return found


def _spelled_out(table: Sequence[Row], other: Sequence[Row]) -> list[Row]:
    """With a row that holds for every value of `by` once for each value that the other has."""
    found = []
    for row in table:
        values = [
            one.by for one in other
            if _about(one) == _about(row) and _method_and_chapter(one) == _method_and_chapter(row)
        ]  # fmt: skip
        alone = row.by is None and values and None not in values
        found += [replace(row, by=each) for each in values] if alone else [row]
    return found


def _about(row: Row) -> tuple[str, ...]:
    n = row.number
    return n.metric, n.unit, n.protocol, n.data, n.split, n.profile


def _method_and_chapter(row: Row) -> tuple[str, str]:
    return row.number.method, row.number.chapter


def _difference(first: Row, second: Row) -> Difference:
    seeds = [seed for seed in first.values if seed in second.values]
    return Difference(first, second, tuple(second.values[s] - first.values[s] for s in seeds))
