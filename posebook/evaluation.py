"""A lifter against the truth: every metric of chapter 5, by action, beside what needs no learning.

    evaluate("simple_baseline", "human36m", root="my/archives").table()

Beside each number of the lifter stand those of two methods that have learned nothing about depth:
the *mean pose* of the training people, whatever the picture shows, and *zero depth*, the picture
itself at the true distance of the hip, every joint as far away as the hip. Both are given the true
scale; the lifter is not.
"""

import json
import platform
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebook import datasets, lifting
from posebook.datasets.clips import Clip, PoseDataset
from posebook.errors import InputError
from posebook.metrics import Score, evaluate_all
from posebook.metrics.protocols import Protocol
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, conversion
from posebook.tables import Table

MEAN_POSE, ZERO_DEPTH = "mean pose", "zero depth"


def protocol(scale: str, frames_per_second: float | None) -> Protocol:
    """Root-aligned at the hip, all 17 joints, every frame counts once."""
    return Protocol(
        joints="17",
        root="hip",
        alignment="root",
        scale=scale,
        average="frame",
        frames_per_second=frames_per_second,
    )


@dataclass(frozen=True)
class Evaluation:
    """Scores of one lifter, and of the two baselines, on one set of data.

    scores  {method: [Score, ...]}; each Score has `by_action`
    notes   what the data set and the evaluation have to say
    """

    lifter: str
    data: str
    split: str
    keypoints: str
    frames: int
    seconds: float
    scores: Mapping[str, Sequence[Score]]
    notes: tuple[str, ...] = ()

    def value(self, metric: str, method: str | None = None, action: str | None = None) -> float:
        """One number: of the lifter unless a method is named, over all unless an action is."""
        for score in self.scores[method or self.lifter]:
            if score.metric == metric:
                return score.value if action is None else score.by_action[action]
        raise InputError(f"no metric is called '{metric}'")

    def records(self) -> list[dict[str, Any]]:
        """For programs: the fields of a results.json line, `by_action` and the count of frames."""
        return [
            {
                **record_of(score, method),
                "baseline": self._baseline(score.metric, method),
                "data": self.data,
                "split": self.split,
                "keypoints": self.keypoints,
                "device": "cpu",
                "seconds": round(self.seconds, 2),
                "versions": _versions(),
            }
            for method, scores in self.scores.items()
            for score in scores
        ]

    def _baseline(self, metric: str, method: str) -> float | None:
        """The mean pose's figure under the same metric, beside the lifter's."""
        found = [s.value for s in self.scores.get(MEAN_POSE, ()) if s.metric == metric]
        return found[0] if found and method == self.lifter else None

    def to_json(self) -> str:
        return json.dumps(self.records(), indent=1, ensure_ascii=False)

    def overall(self) -> Table:
        """Every metric over all frames, methods side by side, with the protocol."""
        return score_table(
            [r for m, s in self.scores.items() for r in (record_of(x, m) for x in s)]
        )

    def by_action(self, metric: str = "P-MPJPE") -> Table:
        """One metric, an action in each row, methods side by side."""
        first = {m: next(s for s in all_ if s.metric == metric) for m, all_ in self.scores.items()}
        own = first[self.lifter]
        headers = ["action", *(f"{method} ({own.unit})" for method in first)]
        rows = [
            [action, *(score.by_action.get(action) for score in first.values())]
            for action in sorted(own.by_action)
        ]
        rows.append(["all", *(score.value for score in first.values())])
        return Table(headers, rows, f"{metric} by action, {self.data}: {own.protocol}")

    def table(self) -> str:
        """All of it, to read."""
        head = (
            f"{self.lifter} on {self.data}, {self.split}, key points {self.keypoints}: "
            f"{self.frames} frames, {self.seconds:.1f} s"
        )
        tables = [self.overall(), self.by_action("MPJPE"), self.by_action("P-MPJPE")]
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
        train = _train_split(data, split, given)
    return evaluate_clips(
        loaded, dataset, mean_pose_mm=None if train is None else mean_pose(train.pose_mm),
        keypoints=keypoints,
    )  # fmt: skip


def evaluate_clips(
    lifter: Any,
    dataset: PoseDataset,
    *,
    seen: Sequence[Clip] | None = None,
    mean_pose_mm: Tensor | None = None,
    keypoints: str = "true",
) -> Evaluation:
    """Score a lifter on clips in memory.

    dataset       clips in house joints with 3D truth
    seen          what the lifter is shown in place of the dataset's clips: as many, as long, in
                  any joint set, with missing joints or errors; the truth stays the dataset's
    mean_pose_mm  (17, 3) of the training people; None: of the data themselves, which flatters it
    """
    started = time.monotonic()
    truth_mm = dataset.pose_mm
    seen = list(dataset.clips) if seen is None else list(seen)
    name = getattr(lifter, "name", type(lifter).__name__)
    lifted_mm = torch.cat([lifter.lift(clip).pose_mm for clip in seen]).to(truth_mm)
    flat_mm = torch.cat([zero_depth(s, c) for s, c in zip(seen, dataset.clips, strict=True)])
    notes = list(dataset.notes)
    if mean_pose_mm is None:
        mean_pose_mm = mean_pose(truth_mm)
        notes.append("mean pose: of the very poses that are scored, for want of a training split")
    answers = {
        name: (lifted_mm, "metric"),
        MEAN_POSE: (mean_pose_mm.to(truth_mm).expand_as(truth_mm), "true"),
        ZERO_DEPTH: (flat_mm.to(truth_mm), "true"),
    }
    where = dict(
        clip_of_frame=dataset.clip_of_frame,
        actions=[clip.action or "all" for clip in dataset],
        leave_out=True,
    )
    scores = {
        method: evaluate_all(
            pose, truth_mm, protocol(scale, dataset.frames_per_second or None), **where
        )
        for method, (pose, scale) in answers.items()
    }
    if scores[name][0].left_out:
        notes.append(f"{scores[name][0].left_out} frames without a lifted pose do not count")
    seconds = time.monotonic() - started
    return Evaluation(
        name, dataset.name, dataset.split, keypoints, len(truth_mm), seconds, scores, tuple(notes)
    )


def mean_pose(pose_mm: Pose3D) -> Tensor:
    """(17, 3): the mean of poses in camera axes about their hips, mm."""
    hip = HOUSE.index("hip")
    return torch.nanmean(pose_mm - pose_mm[:, hip : hip + 1], 0)


def _train_split(data: str, split: str, given: dict[str, Any]) -> PoseDataset | None:
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
    hip = HOUSE.index("hip")
    if truth.camera is None:
        relative = truth.pose_mm - truth.pose_mm[:, hip : hip + 1]
        return torch.cat([relative[..., :2], torch.zeros_like(relative[..., 2:])], -1)
    points, _ = conversion(seen.skeleton, HOUSE)(seen.keypoints_px, seen.confidence)
    depth_mm = truth.pose_mm[:, hip : hip + 1, 2].to(points).expand(points.shape[:-1])
    flat = truth.camera.back_project(points, depth_mm)
    return (flat - flat[:, hip : hip + 1]).nan_to_num(0.0)


def scores_of(pose_mm: Pose3D, clip: Clip, method: str) -> list[dict[str, Any]]:
    """Every metric of one lifted clip against its own truth, with zero depth beside it."""
    rate = clip.frames_per_second or None
    answers = {method: (pose_mm, "metric"), ZERO_DEPTH: (zero_depth(clip, clip), "true")}
    where = torch.zeros(len(clip), dtype=torch.int64)
    known = dict(clip_of_frame=where, actions=[clip.action or "all"], leave_out=True)
    return [
        record_of(score, method)
        for method, (pose, scale) in answers.items()
        for score in evaluate_all(
            pose.to(clip.pose_mm), clip.pose_mm, protocol(scale, rate), **known
        )
    ]


def record_of(score: Score, method: str) -> dict[str, Any]:
    return {"method": method, **score.to_dict()}


def score_table(records: Sequence[Mapping[str, Any]]) -> Table:
    """Metrics in rows, methods in columns, the lifter's protocol last."""
    methods = list(dict.fromkeys(record["method"] for record in records))
    lines: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = {}
    for record in records:
        lines.setdefault((record["metric"], record["unit"]), {})[record["method"]] = record
    rows = []
    for (metric, unit), found in lines.items():
        values = [found[method]["value"] if method in found else None for method in methods]
        rows.append([metric, *values, unit, next(iter(found.values()))["protocol"]])
    given = [method for method in methods[1:] if method in (MEAN_POSE, ZERO_DEPTH)]
    caption = f"{' and '.join(given)} are given the true scale" if given else ""
    caption = caption.replace(" are ", " is ") if len(given) == 1 else caption
    return Table(("metric", *methods, "unit", "protocol"), rows, caption.capitalize())


@cache
def _versions() -> dict[str, str]:
    names = ("posebook", "torch", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}
