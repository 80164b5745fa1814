"""All that is known about how good a lifter is, in one run: a few minutes on one core.

    python tools/report_shipped_lifter.py --archives DIR [--cmu DIR] [--lifter NAME] [--json FILE]

Real motion that nothing was fitted to, by action; the same motion on five other bodies under random
cameras; other people; synthetic people; other joint sets with invented and missing joints and a
detector's errors. Beside each number: mean pose and zero depth. Last: how far each test pose is
from the nearest one that the prior was fitted to, and how the error grows with that distance.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import torch
from shipped_lifters.other_bodies import motions_of, other_bodies
from shipped_lifters.reports import HEADERS, MISSING, Nearest, drop_joints, rows_of, test_sets

from posebook import evaluation, lifting, results
from posebook.datasets import detector_errors, layouts
from posebook.datasets.clips import Clip, PoseDataset
from posebook.evaluation import MEAN_POSE, ZERO_DEPTH, Evaluation, evaluate_clips
from posebook.figures import Table
from posebook.geometry import procrustes
from posebook.skeletons import BODY_25, COCO_17, HOUSE, LSP_14, MPII_16, Skeleton

LAYOUTS = (HOUSE, COCO_17, BODY_25, MPII_16, LSP_14)


def damages() -> dict[str, Callable[[Clip, torch.Generator], Clip]]:
    return {
        "exact": lambda clip, generator: clip,
        f"{100 * MISSING:.0f} % missing": drop_joints,
        "detector errors": lambda clip, generator: detector_errors.detect(clip, generator),
    }


def seen_as(dataset: PoseDataset, skeleton: Skeleton, damage, seed: int = 0) -> list[Clip]:
    """The clips as another joint set marks them, damaged."""
    generator = torch.Generator().manual_seed(seed)
    return [damage(layouts.in_layout(clip, skeleton), generator) for clip in dataset]


def layout_table(lifter, dataset: PoseDataset, mean_pose_mm) -> Table:
    """P-MPJPE for each joint set and each damage, zero depth under the same damage beside it."""
    rows = []
    for skeleton in LAYOUTS:
        for words, damage in damages().items():
            seen = seen_as(dataset, skeleton, damage)
            found = evaluate_clips(lifter, dataset, seen=seen, mean_pose_mm=mean_pose_mm)
            values = [
                found.value(metric, method)
                for metric in ("P-MPJPE", "MPJPE")
                for method in (None, MEAN_POSE, ZERO_DEPTH)
            ]
            rows.append([skeleton.name, words, *values])
    headers = ["joint set", "key points", *headers_of("P-MPJPE", "MPJPE")]
    return Table(headers, rows, f"Joint sets and damage: {dataset.name}, {len(dataset)} frames, mm")


def headers_of(*metrics: str) -> list[str]:
    """The lifter's metric, then the same of the two baselines."""
    return [name for metric in metrics for name in (metric, "(mean pose)", "(zero depth)")]


def summary_row(name: str, found: Evaluation) -> list:
    methods = (None, MEAN_POSE, ZERO_DEPTH)
    metrics = ("P-MPJPE", "MPJPE", "N-MPJPE")
    return [name, found.frames, *(found.value(m, method) for m in metrics for method in methods)]


def by_distance(lifter, dataset: PoseDataset, nearest: Nearest) -> list[list]:
    """The lifter's P-MPJPE in four bands of distance to the nearest fitted pose."""
    far = {motion.name: nearest.distances(motion) for motion in motions_of(dataset)}
    errors, distances = [], []
    for clip in dataset:
        pose = lifter.lift(clip).pose_mm.double()
        truth = clip.pose_mm.double()
        aligned = procrustes(pose, truth).apply(pose)
        errors.append(torch.linalg.vector_norm(aligned - truth, dim=-1).mean(-1))
        distances.append(far[clip.name.removesuffix(f"/{clip.camera.name}")])
    error, distance = torch.cat(errors), torch.cat(distances)
    good = torch.isfinite(error) & torch.isfinite(distance)
    error, distance = error[good], distance[good]
    edges = [0, 15, 30, 60, 120, float("inf")]
    rows = []
    for low, high in zip(edges, edges[1:], strict=False):
        inside = (distance >= low) & (distance < high)
        if inside.any():
            band = f"{low} to {high} mm" if high < float("inf") else f"over {low} mm"
            rows.append([band, int(inside.sum()), error[inside].mean().item()])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--archives", type=Path, required=True, help="Human3.6M-like archives")
    parser.add_argument("--cmu", type=Path, help="folder with 02/ and 03/ of CMU's .asf and .amc")
    parser.add_argument("--lifter", default="simple_baseline")
    parser.add_argument("--json", type=Path, help="write every number")
    given = parser.parse_args()
    started = time.monotonic()
    lifter = lifting.load(given.lifter)
    from posebook import datasets

    train = datasets.load("human36m", given.archives, split="train")
    mean_pose_mm = evaluation.mean_pose(train.pose_mm)
    sets = test_sets(given.archives, given.cmu)
    bodies = other_bodies(sets["S9+S11"].every(2), seed=0)
    sets = {"S9+S11": sets.pop("S9+S11"), "S9+S11, five other bodies": bodies, **sets}

    rows, numbers, found = [], [], {}
    for name, dataset in sets.items():
        found[name] = evaluate_clips(lifter, dataset, mean_pose_mm=mean_pose_mm)
        rows.append(summary_row(name, found[name]))
        numbers += found[name].numbers
        print(found[name].table() if name == "S9+S11" else found[name].by_action("P-MPJPE"), "\n")
    headers = ["data", "frames", *headers_of("P-MPJPE", "MPJPE", "N-MPJPE")]
    caption = (
        f"Summary of {lifter.name}, mm: 17 joints, frame mean, root-aligned at the hip (P-MPJPE: "
        f"Procrustes). It is not given the scale; {MEAN_POSE} (of S1, S5-S8) and {ZERO_DEPTH} are"
    )
    print(Table(headers, rows, caption), "\n")
    print(layout_table(lifter, sets["S9+S11"].every(5), mean_pose_mm), "\n")

    nearest = Nearest(given.archives)
    near = [row for n, d in sets.items() if d is not bodies for row in rows_of(n, d, nearest)]
    caption = f"Mean joint distance, mm, to the nearest of {len(nearest.poses)} poses of the prior"
    print(Table(HEADERS, near, caption), "\n")
    bands = by_distance(lifter, sets["S9+S11"], nearest)
    headers = ("nearest fitted pose", "frames", f"P-MPJPE of {lifter.name} (mm)")
    print(Table(headers, bands, "Error against distance, S9+S11"))
    print(f"\n{time.monotonic() - started:.0f} s")
    if given.json:
        given.json.write_text(results.records(numbers, "json"))


if __name__ == "__main__":
    main()
