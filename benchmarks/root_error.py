"""How far from the true hip a lifter puts it, by distance from the camera.

    python benchmarks/root_error.py [--archives DIR] [--lifters simple_baseline ...] [--frames 6000]

A picture does not say how large a person is, and an average adult is assumed: most of the error
comes from there, and grows with the distance. DIR has archives in VideoPose3D's format, such as
Human3.6M's.
"""

import argparse
from collections.abc import Iterator

import torch
from torch import Tensor

from posebook import datasets, lifting
from posebook.datasets.clips import PoseDataset
from posebook.skeletons import HOUSE
from posebook.tables import Table

BINS_M = (0, 3, 4, 5, 6, 8, 1000)


def distances_and_errors(
    lifter: lifting.Lifter, people: PoseDataset, most: int
) -> tuple[Tensor, Tensor]:
    """(frames,) each, mm, of the first clips that have so many frames together."""
    away, wrong = [torch.empty(0)], [torch.empty(0)]
    for clip in people:
        if sum(map(len, away)) >= most:
            break
        true_mm = clip.pose_mm[:, HOUSE.index("hip")]
        away.append(torch.linalg.vector_norm(true_mm, dim=-1))
        wrong.append(torch.linalg.vector_norm(lifter.lift(clip).root_mm - true_mm, dim=-1))
    return torch.cat(away), torch.cat(wrong)


def rows_of(away: Tensor, wrong: Tensor) -> list[list]:
    edges = list(zip(BINS_M, BINS_M[1:], strict=False))
    chosen = {f"{a} to {b} m": (away >= 1e3 * a) & (away < 1e3 * b) for a, b in edges}
    chosen["all"] = torch.ones_like(away).bool()
    return [
        [words, int(frames.sum()), wrong[frames].nanmean().item(), wrong[frames].nanmedian().item()]
        for words, frames in chosen.items()
        if frames.any()
    ]


def sets(archives: str | None) -> Iterator[tuple[str, PoseDataset]]:
    for name in ("synthetic", "synthetic_wide"):
        for keypoints in ("true", "detected"):
            people = datasets.load(name, split="test", keypoints=keypoints)
            yield f"{people.name}, {keypoints}", people
    for keypoints in ("true", "simulated") if archives else ():
        people = datasets.load("human36m", root=archives, split="test", keypoints=keypoints)
        yield f"{people.name}, {keypoints}", people


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", help="folder of data_3d_h36m.npz and its key points")
    parser.add_argument(
        "--lifters", nargs="+", default=["simple_baseline", "temporal_convolutions"]
    )
    parser.add_argument("--frames", type=int, default=6000, help="at most about so many of a set")
    options = parser.parse_args()
    headers = ("distance", "frames", "mean (mm)", "median (mm)")
    for title, people in sets(options.archives):
        for name in options.lifters:
            rows = rows_of(*distances_and_errors(lifting.load(name), people, options.frames))
            print(Table(headers, rows, f"{title}, {name}", 0), end="\n\n", flush=True)


if __name__ == "__main__":
    main()
