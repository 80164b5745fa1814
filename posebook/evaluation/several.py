"""Several lifters on the same data, such as all that one training left behind: a line for each.

    evaluate_several(["gen_epoch_1.npz", "gen_epoch_2.npz"], "human36m", root="my/archives").table()

The data are read once, and the two baselines are scored once.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from posebook import datasets, evaluation, lifting, results
from posebook.errors import InputError
from posebook.evaluation import MEAN_POSE, ZERO_DEPTH, Evaluation
from posebook.results import Number
from posebook.tables import Table

#: What is shown by action; `to_json` has every metric so.
BY_ACTION = ("MPJPE", "P-MPJPE")


@dataclass(frozen=True)
class Several:
    """An `Evaluation` for each lifter, in the order they were given; no two have the same name."""

    evaluations: tuple[Evaluation, ...]

    @property
    def numbers(self) -> list[Number]:
        """Of every lifter, and of the baselines once, at the end."""
        own = [n for one in self.evaluations for n in one.numbers if n.method == one.lifter]
        first = self.evaluations[0]
        return own + [n for n in first.numbers if n.method != first.lifter]

    def to_json(self) -> str:
        """For programs: a list as in a results.json; each number has `by_action`."""
        return results.records(self.numbers, "json")

    def scores(self) -> Table:
        """A line for each lifter and each baseline, a metric in each column."""
        columns = dict.fromkeys((n.metric, n.unit) for n in self.numbers)
        rows = [
            [method, *(n.value if n else None for n in (found.get(m) for m, _ in columns))]
            for method, found in self._by_method().items()
        ]
        headers = ["lifter", *(f"{metric} ({unit})" for metric, unit in columns)]
        protocol = self.evaluations[0].number("MPJPE").protocol
        given = "mean pose and zero depth are given the true scale"
        return Table(headers, rows, f"MPJPE: {protocol}; {given}")

    def by_action(self, metric: str) -> Table:
        """A line for each lifter and each baseline, an action in each column."""
        own = self.evaluations[0].number(metric)
        actions = sorted(own.by_action)
        rows = [
            [method, *(found[metric].by_action.get(a) for a in actions), found[metric].value]
            for method, found in self._by_method().items()
        ]
        return Table(["lifter", *actions, "all"], rows, f"{metric} ({own.unit}) by action")

    def _by_method(self) -> dict[str, dict[str, Number]]:
        found: dict[str, dict[str, Number]] = {}
        for number in self.numbers:
            found.setdefault(number.method, {})[number.metric] = number
        return found

    def table(self) -> str:
        """All of it, to read."""
        first = self.evaluations[0]
        seconds = sum(one.seconds for one in self.evaluations)
        head = (
            f"{len(self.evaluations)} lifters on {first.data}, {first.split}, key points "
            f"{first.keypoints}: {first.frames} frames, {seconds:.1f} s"
        )
        tables = [self.scores(), *map(self.by_action, BY_ACTION)]
        shared = [note for note in first.notes if all(note in e.notes for e in self.evaluations)]
        notes = [f"- {note}" for note in shared]
        notes += [
            f"- {one.lifter}: {note}"
            for one in self.evaluations
            for note in one.notes
            if note not in shared
        ]
        return "\n\n".join([head, *map(str, tables)] + (["\n".join(notes)] if notes else []))

    __str__ = table


def evaluate_several(
    lifters: Sequence[str | Path],
    data: str,
    root: Path | str | None = None,
    *,
    split: str = "test",
    keypoints: str = "true",
    **options: Any,
) -> Several:
    """Score lifters, each a name or a file, on one data set; all else as for `evaluate`.

    All are opened before the first is scored, so that a bad one is told before any work is lost.
    """
    opened = [lifting.load(lifter) for lifter in lifters]
    named = [
        replace(one, header=one.header | dict(name=name))
        for one, name in zip(opened, names(lifters), strict=True)
    ]
    given = dict(root=root, keypoints=keypoints, **options)
    dataset = datasets.load(data, split=split, **given)
    train = evaluation.train_split(data, split, given)
    mean_mm = None if train is None else evaluation.mean_pose(train.pose_mm)
    beside = evaluation.baselines(dataset, mean_pose_mm=mean_mm)
    scored = dict(mean_pose_mm=mean_mm, keypoints=keypoints, beside=beside)
    return Several(tuple(evaluation.evaluate_clips(one, dataset, **scored) for one in named))


def names(lifters: Sequence[str | Path]) -> list[str]:
    """What each is called in a table: a shipped one by its name, a file by its stem, or by its path
    where two files have the same stem."""
    paths = [str(lifter) for lifter in lifters]
    if twice := sorted({path for path in paths if paths.count(path) > 1}):
        raise InputError(f"{twice[0]}: is named twice; expected each lifter once")
    stems = [Path(path).stem if path not in lifting.SHIPPED else path for path in paths]
    reserved = (MEAN_POSE, ZERO_DEPTH)
    return [
        path if stems.count(stem) > 1 or stem in reserved else stem
        for path, stem in zip(paths, stems, strict=True)
    ]
