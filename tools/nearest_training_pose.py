"""How far each test pose is from the nearest pose that the prior was fitted to.

    python tools/nearest_training_pose.py --archives DIR [--cmu DIR] [--csv FILE]

A lifter may do well on poses it has all but seen. Here every test pose is put on one body, turned
to one facing, and compared with every pose of S1, S5-S8 of the archives, and with its mirror image:
the mean joint distance to the nearest is what no lifter can have learned from the prior alone.
"""

import argparse
import csv
from pathlib import Path

import torch
from other_bodies import motions_of, nearest_mm, same_body_and_facing
from torch import Tensor

from posebook import datasets
from posebook.datasets.clips import Motion, PoseDataset
from posebook.figures import Table
from posebook.skeletons import HOUSE

QUANTILES = (0.05, 0.5, 0.95, 1.0)
HEADERS = ("data", "action", "poses", "mean (mm)", "5 %", "median", "95 %", "largest")


class Nearest:
    """The reference poses, ready to be asked."""

    def __init__(self, archives: Path):
        world = world_of(motions_of(datasets.load("human36m", archives, split="train")))
        parents, children = zip(*HOUSE.bones, strict=True)
        bones = torch.linalg.vector_norm(world[:, children] - world[:, parents], dim=-1)
        self.lengths_mm = bones.mean(0)
        poses = same_body_and_facing(world, self.lengths_mm)
        self.poses = torch.cat([poses, HOUSE.flip(poses)])

    def distances(self, motion: Motion) -> Tensor:
        """(frames,) mm, for each frame of a motion."""
        poses = same_body_and_facing(motion.world_mm.float(), self.lengths_mm)
        return nearest_mm(poses, self.poses)


def world_of(motions: list[Motion]) -> Tensor:
    return torch.cat([motion.world_mm for motion in motions]).float()


def test_sets(archives: Path, cmu: Path | None) -> dict[str, PoseDataset]:
    """What the shipped lifter is judged on, by name; no frame of it may be fitted on."""
    sets = {"S9+S11": datasets.load("human36m", archives, split="test")}
    if cmu is not None:
        takes = [f"02_{number:02d}" for number in range(4, 11)]
        chosen = {
            "cmu 02_04-02_10": datasets.load("cmu", cmu / "02", split="test", actions=takes),
            "cmu 03": datasets.load("cmu", cmu / "03", split="test"),
        }
        # 120 frames per second say little more than 30.
        sets |= {name: found.every(4) for name, found in chosen.items()}
    sets["synthetic"] = datasets.load("synthetic", split="test").every(5)
    sets["synthetic_wide"] = datasets.load("synthetic_wide", split="test").every(5)
    return sets


def rows_of(name: str, dataset: PoseDataset, nearest: Nearest) -> tuple[list[list], list[list]]:
    """Rows for the table, one for each action and one for all; and a line for each pose."""
    by_action: dict[str, list[Tensor]] = {}
    lines = []
    for motion in motions_of(dataset):
        far = nearest.distances(motion)
        by_action.setdefault(motion.action, []).append(far)
        lines += [[name, motion.name, frame, round(mm, 2)] for frame, mm in enumerate(far.tolist())]
    parts = {action: torch.cat(found) for action, found in sorted(by_action.items())}
    if len(parts) > 1:
        parts["all"] = torch.cat(list(parts.values()))
    rows = [
        [name, action, len(far), far.mean().item(), *torch.quantile(far, Q).tolist()]
        for action, far in parts.items()
    ]
    return rows, lines


Q = torch.tensor(QUANTILES)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--archives", type=Path, required=True, help="Human3.6M-like archives")
    parser.add_argument("--cmu", type=Path, help="folder with 02/ and 03/ of CMU's .asf and .amc")
    parser.add_argument("--csv", type=Path, help="write the distance of every pose")
    given = parser.parse_args()
    nearest, rows, lines = Nearest(given.archives), [], []
    for name, dataset in test_sets(given.archives, given.cmu).items():
        more, each = rows_of(name, dataset, nearest)
        rows, lines = rows + more, lines + each
    print(Table(HEADERS, rows, f"Mean joint distance to the nearest of {len(nearest.poses)} poses"))
    if given.csv:
        with open(given.csv, "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["data", "motion", "frame", "nearest_mm"])
            writer.writerows(lines)
        print(f"{len(lines)} poses in {given.csv}")


if __name__ == "__main__":
    main()
