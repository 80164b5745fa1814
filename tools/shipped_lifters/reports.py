"""What the reports need: people to measure on, lost joints, and how far a pose is from the prior's.

A lifter may do well on poses it has all but seen. So every test pose is put on one body, turned to
one facing, and compared with every pose of S1, S5-S8 of the archives, and with its mirror image:
the mean joint distance to the nearest is what no lifter can have learned from the prior alone.
"""

from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from posebook import datasets
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.geometry import bone_lengths
from posebook.skeletons import HOUSE
from shipped_lifters.other_bodies import motions_of, nearest_mm, same_body_and_facing

MISSING = 0.15
QUANTILES = torch.tensor([0.05, 0.5, 0.95, 1.0])
HEADERS = ("data", "action", "poses", "mean (mm)", "5 %", "median", "95 %", "largest")


def drop_joints(clip: Clip, generator: torch.Generator, share: float = MISSING) -> Clip:
    """Each joint of each frame is missing with this probability."""
    kept = torch.rand(clip.confidence.shape, generator=generator) >= share
    points = torch.where(kept.unsqueeze(-1), clip.keypoints_px, torch.nan)
    return replace(clip, keypoints_px=points, confidence=clip.confidence * kept)


class Nearest:
    """The poses that the prior was fitted to, ready to be asked."""

    def __init__(self, archives: Path):
        motions = motions_of(datasets.load("human36m", archives, split="train"))
        world = torch.cat([motion.world_mm for motion in motions]).float()
        self.lengths_mm = bone_lengths(world, HOUSE).mean(0)
        poses = same_body_and_facing(world, self.lengths_mm)
        self.poses = torch.cat([poses, HOUSE.flip(poses)])

    def distances(self, motion: Motion) -> Tensor:
        """(frames,) mm, for each frame of a motion."""
        poses = same_body_and_facing(motion.world_mm.float(), self.lengths_mm)
        return nearest_mm(poses, self.poses)


def test_sets(archives: Path, cmu: Path | None) -> dict[str, PoseDataset]:
    """What the shipped lifter is measured on, by name; no frame of it may be fitted on."""
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


def rows_of(name: str, dataset: PoseDataset, nearest: Nearest) -> list[list]:
    """Rows for the table: one for each action and one for all."""
    by_action: dict[str, list[Tensor]] = {}
    for motion in motions_of(dataset):
        by_action.setdefault(motion.action, []).append(nearest.distances(motion))
    parts = {action: torch.cat(found) for action, found in sorted(by_action.items())}
    if len(parts) > 1:
        parts["all"] = torch.cat(list(parts.values()))
    return [
        [name, action, len(far), far.mean().item(), *torch.quantile(far, QUANTILES).tolist()]
        for action, far in parts.items()
    ]
