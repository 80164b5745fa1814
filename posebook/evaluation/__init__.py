"""A lifter against the truth: every metric of chapter 5, by action, beside what needs no learning.

    evaluate("simple_baseline", "human36m", root="my/archives").table()

Beside each number of the lifter stand those of two methods that have learned nothing about depth:
the *mean pose* of the training people, whatever the picture shows, and *zero depth*, the picture
itself at the true distance of the hip, every joint as far away as the hip. Both are given the true
scale; the lifter is not.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebook import datasets, lifting, results
from posebook.datasets.clips import Clip, PoseDataset
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.metrics import Score, evaluate_all
from posebook.metrics.protocols import Protocol
from posebook.results import Number
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, conversion
from posebook.tables import Table

MEAN_POSE, ZERO_DEPTH = "mean pose", "zero depth"


def protocol(
    scale: str, frames_per_second: float | None, joints: str | tuple[str, ...] = "17"
) -> Protocol:
    """Root-aligned at the hip, all 17 joints or those named, every frame counts once."""
    return Protocol(
        joints=joints,
        root="hip",
        alignment="root",
        scale=scale,
        average="frame",
        frames_per_second=frames_per_second,
    )


@dataclass(frozen=True)
class Evaluation:
    """Scores of one lifter, and of the two baselines, on one set of data.

    numbers  of the lifter first; each has `by_action` and `frames`
    notes    what the data set and the evaluation have to say
    """

    lifter: str
    data: str
    split: str
    keypoints: str
    frames: int
    seconds: float
    numbers: Sequence[Number]
    notes: tuple[str, ...] = ()

    def number(self, metric: str, method: str | None = None) -> Number:
        """One number: of the lifter unless a method is named."""
        for number in self.numbers:
            if (number.metric, number.method) == (metric, method or self.lifter):
                return number
        raise InputError(f"no metric is called '{metric}'")

    def value(self, metric: str, method: str | None = None, action: str | None = None) -> float:
        """The value of one number: over all frames unless an action is named."""
        number = self.number(metric, method)
        return number.value if action is None else number.by_action[action]

    def to_json(self) -> str:
        """For programs: a list as in a results.json."""
        return results.records(self.numbers, "json")

    def by_action(self, metric: str = "P-MPJPE") -> Table:
        """One metric, an action in each row, methods side by side."""
        own = self.number(metric)
        shown = [number for number in self.numbers if number.metric == metric]
        headers = ["action", *(f"{number.method} ({number.unit})" for number in shown)]
        rows = [
            [action, *(number.by_action.get(action) for number in shown)]
            for action in sorted(own.by_action)
        ]
        rows.append(["all", *(number.value for number in shown)])
        return Table(headers, rows, f"{metric} by action, {self.data}: {own.protocol}")

    def table(self) -> str:
        """All of it, to read."""
        head = (
            f"{self.lifter} on {self.data}, {self.split}, key points {self.keypoints}: "
            f"{self.frames} frames, {self.seconds:.1f} s"
        )
        tables = [score_table(self.numbers), self.by_action("MPJPE"), self.by_action("P-MPJPE")]
        notes = [f"- {note}" for note in self.notes]
        return "\n\n".join([head, *map(str, tables)] + (["\n".join(notes)] if notes else []))

    __str__ = table


def evaluate(
    lifter: Any,
    data: str | PoseDataset,
    root: Path | str | None = None,
    *,
    split: str = "test",
    keypoints: str = "true",
    **options: Any,
) -> Evaluation:
    """Score a lifter on a data set under the protocol of `protocol`.

    lifter     a name, a file or a Lifter
    data       a name that `datasets.load` knows, with its `root`, `split`, `keypoints` and
               options; or a PoseDataset
    Raises InputError where the data has no 3D truth.
    """
    loaded = lifting.load(lifter) if isinstance(lifter, (str, Path)) else lifter
    if isinstance(data, PoseDataset):
        dataset, train = data, None
    else:
        given = dict(root=root, keypoints=keypoints, **options)
        dataset = datasets.load(data, split=split, **given)
        train = train_split(data, split, given)
    return evaluate_clips(
        loaded, dataset, mean_pose_mm=None if train is None else mean_pose(train.pose_mm),
        keypoints=keypoints,
    )  # fmt: skip


Scores = Mapping[str, Sequence[Score]]


def evaluate_clips(
    lifter: Any,
    dataset: PoseDataset,
    *,
    seen: Sequence[Clip] | None = None,
    mean_pose_mm: Tensor | None = None,
    keypoints: str = "true",
    beside: Scores | None = None,
) -> Evaluation:
    """Score a lifter on clips in memory.

    dataset       clips in house joints with 3D truth
    seen          what the lifter is shown in place of the dataset's clips: as many, as long, in
                  any joint set, with missing joints or errors; the truth stays the dataset's
    mean_pose_mm  (17, 3) of the training people; None: of the data themselves, which flatters it
    beside        what `baselines` gave for the same dataset, seen and mean pose, where several
                  lifters are scored on them; None: found here
    """
    started = time.monotonic()
    truth_mm = dataset.pose_mm
    name = getattr(lifter, "name", type(lifter).__name__)
    shown = dataset.clips if seen is None else seen
    lifted_mm = torch.cat([lifter.lift(clip).pose_mm for clip in shown]).to(truth_mm)
    own = _scores(lifted_mm, dataset, "metric")
    if name in (MEAN_POSE, ZERO_DEPTH):
        raise InputError(f"a lifter is called '{name}', as a baseline is; give it another name")
    if beside is None:
        beside = baselines(dataset, seen=seen, mean_pose_mm=mean_pose_mm)
    notes = list(dataset.notes)
    if mean_pose_mm is None:
        notes.append("mean pose: of the very poses that are scored, for want of a training split")
    if own[0].left_out:
        notes.append(f"{own[0].left_out} frames without a lifted pose do not count")
    seconds = time.monotonic() - started
    split = dataset.split if keypoints == "true" else f"{dataset.split}, {keypoints} key points"
    numbers = numbers_of(
        {name: own, **beside}, lifter=name, data=dataset.name, split=split, seconds=seconds
    )
    return Evaluation(
        name, dataset.name, dataset.split, keypoints, len(truth_mm), seconds, numbers, tuple(notes)
    )


def baselines(
    dataset: PoseDataset,
    *,
    seen: Sequence[Clip] | None = None,
    mean_pose_mm: Tensor | None = None,
) -> Scores:
    """The scores of what needs no learning; the arguments are those of `evaluate_clips`."""
    truth_mm = dataset.pose_mm
    mean_mm = mean_pose(truth_mm) if mean_pose_mm is None else mean_pose_mm
    pairs = zip(dataset.clips if seen is None else seen, dataset.clips, strict=True)
    flat_mm = torch.cat([zero_depth(shown, clip) for shown, clip in pairs])
    return {
        MEAN_POSE: _scores(mean_mm.expand_as(truth_mm), dataset, "true"),
        ZERO_DEPTH: _scores(flat_mm, dataset, "true"),
    }


def _scores(
    pose_mm: Tensor, dataset: PoseDataset, scale: str, joints: str | tuple[str, ...] = "17"
) -> list[Score]:
    truth_mm = dataset.pose_mm
    under = protocol(scale, dataset.frames_per_second or None, joints)
    return evaluate_all(
        pose_mm.to(truth_mm), truth_mm, under,
        clip_of_frame=dataset.clip_of_frame, actions=[clip.action or "all" for clip in dataset],
        leave_out=True,
    )  # fmt: skip


def numbers_of(
    scores: Scores, *, lifter: str, data: str, split: str, seconds: float
) -> list[Number]:
    """Scores of a lifter and of what needs no learning, by method, as numbers."""
    mean = {score.metric: score.value for score in scores.get(MEAN_POSE, ())}
    about = dict(
        data=data, split=split, profile=results.OF_A_FILE,
        seconds=round(seconds, 2), versions=results.versions(), code=results.code(),
    )  # fmt: skip
    return [
        Number(
            score.metric, score.value, score.unit, str(score.protocol), method=method,
            chapter=method,
            baseline=mean.get(score.metric) if method == lifter else None,
            frames=score.frames, by_action=score.by_action, **about,
        )
        for method, found in scores.items()
        for score in found
    ]  # fmt: skip


def mean_pose(pose_mm: Pose3D) -> Tensor:
    """(17, 3): the mean of poses in camera axes about their hips, mm."""
    return torch.nanmean(root_relative(pose_mm, HOUSE), 0)


def train_split(data: str, split: str, given: dict[str, Any]) -> PoseDataset | None:
    """The training people of the same data, where there are any."""
    if split == "train":
        return None
    try:
        return datasets.load(data, split="train", **given)
    except InputError:
        return None


def zero_depth(seen: Clip, truth: Clip) -> Tensor:
    """(frames, 17, 3): the key points back-projected to the depth of the true hip, hip at 0.

    A joint that is not seen is put on the hip; without a camera the true x and y are taken.
    """
    if truth.camera is None:
        relative = root_relative(truth.pose_mm, HOUSE)
        return torch.cat([relative[..., :2], torch.zeros_like(relative[..., 2:])], -1)
    points, _ = conversion(seen.skeleton, HOUSE)(seen.keypoints_px, seen.confidence)
    depth_mm = truth.pose_mm[:, [HOUSE.index("hip")], 2].to(points).expand(points.shape[:-1])
    return root_relative(truth.camera.back_project(points, depth_mm), HOUSE).nan_to_num(0.0)


def scores_of(pose_mm: Pose3D, clip: Clip, method: str) -> list[Number]:
    """Every metric of one lifted clip against its own truth, with zero depth beside it.

    clip  in any joint set; its truth is converted by name, and joints that it cannot give do not
          count. No scores where it gives no hip, which both poses are put about
    """
    truth_mm, _ = conversion(clip.skeleton, HOUSE)(clip.pose_mm)
    known = torch.isfinite(truth_mm).all(-1).any(0).tolist()
    joints = tuple(j for j, there in zip(HOUSE.joints, known, strict=True) if there)
    if "hip" not in joints:
        return []
    joints = "17" if all(known) else joints
    truth = replace(clip, skeleton=HOUSE, pose_mm=truth_mm)
    dataset = PoseDataset(clip.name, "", (truth,))
    flat = _scores(zero_depth(clip, truth), dataset, "true", joints)
    found = {method: _scores(pose_mm, dataset, "metric", joints), ZERO_DEPTH: flat}
    return numbers_of(found, lifter=method, data=clip.name, split="", seconds=0.0)


def score_table(numbers: Iterable[Number]) -> Table:
    """Metrics in rows, methods in columns, the lifter's protocol last."""
    numbers = list(numbers)
    methods = list(dict.fromkeys(number.method for number in numbers))
    lines: dict[tuple[str, str], dict[str, Number]] = {}
    for number in numbers:
        lines.setdefault((number.metric, number.unit), {})[number.method] = number
    rows = []
    for (metric, unit), found in lines.items():
        values = [found[method].value if method in found else None for method in methods]
        rows.append([metric, *values, unit, next(iter(found.values())).protocol])
    given = [method for method in methods[1:] if method in (MEAN_POSE, ZERO_DEPTH)]
    caption = f"{' and '.join(given)} are given the true scale" if given else ""
    caption = caption.replace(" are ", " is ") if len(given) == 1 else caption
    return Table(("metric", *methods, "unit", "protocol"), rows, caption.capitalize())
