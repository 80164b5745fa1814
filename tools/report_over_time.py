"""Lifters of single frames beside lifters over time, on whole clips at their own frame rate.

    python tools/report_over_time.py --archives DIR              # synthetic test people, and S8
    python tools/report_over_time.py --archives DIR --test       # S9 and S11, once, at the end
    python tools/report_over_time.py --lifters simple_baseline FILE.safetensors

P-MPJPE, MPJPE and velocity error with exact key points, a detector's errors, missing joints, other
joint sets, unknown intrinsics and fewer frames per second. Some minutes on one core.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from shipped_lifters.reports import drop_joints

from posebook import datasets, evaluation, lifting
from posebook.datasets import detector_errors, layouts
from posebook.datasets.clips import Clip, PoseDataset
from posebook.figures import Table
from posebook.skeletons import BODY_25, COCO_17, HOUSE, MPII_16, Skeleton

METRICS = {"P-MPJPE": "mm", "MPJPE": "mm", "velocity error per second": "mm/s"}
Change = Callable[[Clip, torch.Generator], Clip]


def as_it_is(clip: Clip, generator: torch.Generator) -> Clip:
    return clip


def without_camera(clip: Clip, generator: torch.Generator) -> Clip:
    """The size of the picture is all that is known of the camera."""
    return replace(clip, camera=None, size_px=clip.camera.size_px)


def detected(clip: Clip, generator: torch.Generator) -> Clip:
    return detector_errors.detect(clip, generator)


def in_the_wild(clip: Clip, generator: torch.Generator) -> Clip:
    return without_camera(detected(clip, generator), generator)


#: Words, every n-th frame, joint set, what happens to the clip.
CONDITIONS: tuple[tuple[str, int, Skeleton, Change], ...] = (
    ("exact", 1, HOUSE, as_it_is),
    ("exact, every 2nd frame", 2, HOUSE, as_it_is),
    ("exact, every 4th frame", 4, HOUSE, as_it_is),
    ("intrinsics unknown", 1, HOUSE, without_camera),
    ("detector errors", 1, HOUSE, detected),
    ("15 % of the joints missing", 1, HOUSE, drop_joints),
    ("COCO-17", 1, COCO_17, as_it_is),
    ("BODY_25", 1, BODY_25, as_it_is),
    ("MPII-16", 1, MPII_16, as_it_is),
    ("COCO-17, detector errors, intrinsics unknown", 1, COCO_17, in_the_wild),
    ("BODY_25, detector errors, intrinsics unknown", 1, BODY_25, in_the_wild),
)


def rows_of(dataset: PoseDataset, lifters: list[lifting.Lifter], only: str) -> list[list]:
    """A line for each condition whose words begin with `only`."""
    rows = []
    for words, step, joints, change in CONDITIONS:
        if not words.startswith(only):
            continue
        truth = dataset.every(step)
        generator = torch.Generator().manual_seed(0)
        seen = [change(layouts.in_layout(clip, joints), generator) for clip in truth]
        about = dict(seen=seen, beside=evaluation.baselines(truth, seen=seen))
        found = [evaluation.evaluate_clips(lifter, truth, **about) for lifter in lifters]
        values = [each.value(metric) for metric in METRICS for each in found]
        rows.append([dataset.name, words, found[0].frames, *values])
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    add = parser.add_argument
    add("--archives", type=Path, help="Human3.6M-like archives; without: synthetic people only")
    add("--test", action="store_true", help="S9 and S11 of the archives, and nothing else")
    add("--every", type=int, default=1, help="clips left out: only each n-th is lifted")
    add("--only", default="", help="conditions that begin with this word")
    add("--lifters", nargs="+", default=["simple_baseline", "temporal_convolutions"])
    given = parser.parse_args()
    lifters = [lifting.load(name) for name in given.lifters]
    sets = []
    if not given.test:
        sets.append(datasets.load("synthetic", split="test"))
    if given.archives is not None:
        split = "test" if given.test else "train"
        real = datasets.load("human36m", given.archives, split=split)
        real = real if given.test else real.where(lambda clip: clip.subject == "S8")
        sets.append(replace(real, name="S9+S11" if given.test else "S8"))
    sets = [replace(each, clips=each.clips[:: given.every]) for each in sets]
    rows = [row for each in sets for row in rows_of(each, lifters, given.only)]
    names = [lifter.name for lifter in lifters]
    headers = [f"{name}, {metric} ({unit})" for metric, unit in METRICS.items() for name in names]
    caption = "17 joints, frame mean, root-aligned at the hip (P-MPJPE: Procrustes with scale)"
    print(Table(["data", "key points", "frames", *headers], rows, caption))


if __name__ == "__main__":
    main()
