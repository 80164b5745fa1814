"""Poses for pictures: banks of them, by split; nobody and no motion is in two splits.

Half are single poses on bodies of every kind, as `sample_poses` gives them, half are moments of
the corpus `synthetic`: S1 to S7 to train, S8 for validation, S9 and S11 to test.
"""

import hashlib
import math
from functools import lru_cache

import numpy
import torch

from posebook.datasets.people import synthetic
from posebook.shapes import Pose3D

#: Pictures that follow each other take their poses from one bank of so many.
BANK = 1024
SPLITS = ("train", "val", "test")
_SUBJECTS = {"train": ("S1", "S5", "S6", "S7"), "val": ("S8",), "test": ("S9", "S11")}


def seed_of(*parts: object) -> int:
    """The same number for the same words on every machine."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7], "big")


@lru_cache(maxsize=4)
def _single(split: str, number: int) -> Pose3D:
    generator = torch.Generator().manual_seed(seed_of("rendered poses", split, number))
    return synthetic.sample_poses(BANK, generator)


@lru_cache(maxsize=4)
def _moments(split: str, number: int) -> Pose3D:
    half = "test" if split == "test" else "train"
    clips = synthetic.motions(
        "synthetic", split=half, subjects=_SUBJECTS[split], frames=150, seed=number
    )
    return torch.cat([clip.world_mm[::10] for clip in clips]).to(torch.float32)


def pose(split: str, index: int, share: float, random: numpy.random.Generator) -> Pose3D:
    """A pose (17, 3), mm, z up, its hip over the origin. share: the chance of a single pose."""
    number = index // BANK
    if random.random() < share:
        found = _single(split, number)
    else:
        found = _moments(split, number if split == "train" else 0)
    one = found[int(random.integers(len(found)))]
    return one - one[:1] * torch.tensor([1.0, 1.0, 0.0])


def turned(pose_mm: Pose3D, random: numpy.random.Generator) -> Pose3D:
    """The pose turned about the upright by any angle."""
    angle = random.uniform(0, 2 * math.pi)
    cos, sin = math.cos(angle), math.sin(angle)
    return pose_mm @ torch.tensor([[cos, sin, 0.0], [-sin, cos, 0.0], [0.0, 0.0, 1.0]])
