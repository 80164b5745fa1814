"""Synthetic people in motion: data sets that need no download and whose truth is known.

`synthetic` is shaped like Human3.6M: seven subjects, fifteen actions, four cameras, 50 frames/s.
`synthetic_wide` has people, bodies, poses and cameras of every kind. `sample_poses` draws single
poses of the latter, for training lifters. Terms: the generator is ours (MIT); the numbers of the
fitted prior: see data/prior/README.md. Taught in 04_datasets.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product

import torch
from torch import Tensor

from posebook.cameras import bounding_ball, human36m_rig, random_rig
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.datasets.detector_errors import detect
from posebook.datasets.people.actions import HUMAN36M, Action
from posebook.datasets.people.body import Body, bodies_of_a_study, wide_bodies
from posebook.datasets.people.dice import Dice
from posebook.datasets.people.fitted_motion import fitted_motion
from posebook.datasets.people.limits import limited
from posebook.datasets.people.pose_samples import SHARES, sample_poses
from posebook.datasets.people.puppet import pose_of
from posebook.errors import InputError

__all__ = ["ACTIONS", "NAMES", "SUBJECTS", "Size", "make", "motions", "sample_poses"]

NAMES = ("synthetic", "synthetic_wide")
ACTIONS = tuple(HUMAN36M)
SUBJECTS = {"train": ("S1", "S5", "S6", "S7", "S8"), "test": ("S9", "S11")}
SUBJECTS["all"] = SUBJECTS["train"] + SUBJECTS["test"]
#: The test people are always drawn with this seed, whatever the training people are drawn with:
#: scores of trainings with different seeds are of the same people, those of `posebook evaluate`.
TEST_SEED = 0
FRAMES_PER_SECOND = 50.0
#: What clips of the fitted prior are called in `synthetic_wide`, and their share of its people.
FITTED, FITTED_SHARE = "Fitted", 0.4
TERMS = "MIT; made here, the prior fitted to CMU motion capture (mocap.cs.cmu.edu)"


@dataclass(frozen=True)
class Size:
    """How much to make.

    frames  of each clip, at 50 per second
    takes   `synthetic`: clips of each subject and action; `synthetic_wide`: people for training
            (a quarter as many for testing)
    """

    frames: int
    takes: int

    def __post_init__(self):
        if self.frames < 1 or self.takes < 1:
            raise InputError(f"size: {self} has nothing in it; at least 1 frame and 1 take")


DEFAULT = {"synthetic": Size(frames=250, takes=1), "synthetic_wide": Size(frames=100, takes=400)}


def _default_size(name: str) -> Size:
    if name not in NAMES:
        raise InputError(f"no synthetic data set is called '{name}'; there are {', '.join(NAMES)}")
    return DEFAULT[name]


def size_for(name: str, frames: int) -> Size:
    """The size of a data set of about so many frames, in both halves and all cameras together.

    Clips are as many as keep about the default length, at least the fewest that the set has (one
    of each subject and action; two people), and all have the same whole number of frames.
    """
    default = _default_size(name)
    views = 4 if name == "synthetic" else 1
    whole = views * len(cast(name)) * default.frames
    takes = max(1, round(default.takes * frames / whole))
    clips = views * len(cast(name, size=Size(default.frames, takes)))
    return Size(max(1, round(frames / clips)), takes)


@dataclass(frozen=True)
class Person:
    """One clip to be made: what it is called, who does what, and where its numbers come from."""

    name: str
    subject: str
    action: str
    seed: int


def _seed(*parts: object) -> int:
    """The same number for the same words on every machine."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:7], "big")


def cast(name: str, split: str = "all", size: Size | None = None, seed: int = 0) -> list[Person]:
    """The clips of a data set, before any of them is made. seed: of the training people."""
    default = _default_size(name)
    size = size or default
    if split not in SUBJECTS:
        raise InputError(f"split '{split}': expected train, test or all")
    if name == "synthetic":
        takes = product(SUBJECTS[split], ACTIONS, range(1, size.takes + 1))
        return [
            Person(f"{who}/{what} {take}", who, what, _seed(_own(who, seed), name, who, what, take))
            for who, what, take in takes
        ]
    counts = {"train": size.takes, "test": -(-size.takes // 4)}
    return [
        _anyone(half, index, seed)
        for half in (("train", "test") if split == "all" else (split,))
        for index in range(counts[half])
    ]


def _own(subject: str, seed: int) -> int:
    """The seed that a subject is drawn with."""
    return TEST_SEED if subject in SUBJECTS["test"] else seed


def _anyone(half: str, index: int, seed: int) -> Person:
    number = _seed(TEST_SEED if half == "test" else seed, "synthetic_wide", half, index)
    pick = torch.rand(1, generator=torch.Generator().manual_seed(number), dtype=torch.float64)
    shares = torch.tensor([share for _, share in SHARES.values()], dtype=torch.float64)
    edges = shares.cumsum(0) / shares.sum() * (1 - FITTED_SHARE)
    action = [*SHARES, FITTED][int(torch.searchsorted(edges, pick))]
    subject = f"{'P' if half == 'train' else 'Q'}{index + 1}"
    return Person(f"{subject}/{action}", subject, action, number)


def world_of(people: Sequence[Person], frames: int, seed: int = 0) -> Tensor:
    """Joints (people, frames, 17, 3) mm, float64, world axes, of any clips in any order."""
    world = torch.empty(len(people), frames, 17, 3, dtype=torch.float64)
    time = torch.arange(frames, dtype=torch.float64) / FRAMES_PER_SECOND
    for action in sorted({person.action for person in people}):
        rows = [row for row, person in enumerate(people) if person.action == action]
        body = Body(torch.cat([_body(people[row], seed) for row in rows]))
        dice = Dice(len(rows), seeds=[people[row].seed for row in rows])
        if action == FITTED:
            world[rows] = fitted_motion(dice, frames, FRAMES_PER_SECOND, body)
            continue
        act: Action = SHARES[action][0]
        strings = act(dice, time.expand(len(rows), -1), body)
        world[rows] = limited(pose_of(strings, body.lengths_mm), body.lengths_mm.unsqueeze(1))
    return world


def _body(person: Person, seed: int) -> Tensor:
    """Bone lengths (1, 16): a subject of `synthetic` has one body in all clips."""
    if person.subject in SUBJECTS["all"]:
        place = SUBJECTS["all"].index(person.subject)
        return _subjects(_own(person.subject, seed))[place : place + 1]
    return wide_bodies(1, torch.Generator().manual_seed(_seed(person.seed, "body")))


@lru_cache
def _subjects(seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(_seed(seed, "bodies"))
    return bodies_of_a_study(len(SUBJECTS["train"]), len(SUBJECTS["test"]), generator)


def motions(
    name: str = "synthetic",
    *,
    subjects: Sequence[str] | None = None,
    count: int | None = None,
    seed: int = 0,
    frames: int | None = None,
    split: str = "all",
) -> list[Motion]:
    """Clips as motion capture would give them, in the world; float64, mm, z up.

    subjects  those to make, by name ("S1"); None: all of the split
    count     the first so many clips; None: all
    frames    of each clip, at 50 per second
    The same seed gives the same clips, whichever others are made with them. It draws the training
    people: the test people are the same with every seed.
    """
    size = _default_size(name)
    size = replace(size, frames=frames or size.frames)
    if name == "synthetic_wide" and count is not None:
        size = replace(size, takes=count)
    people = cast(name, split, size, seed)
    if subjects is not None:
        unknown = sorted(set(subjects) - {person.subject for person in people})
        if unknown:
            raise InputError(f"{name}: no subject {', '.join(unknown)}")
        people = [person for person in people if person.subject in subjects]
    people = people[:count]
    return _motions(people, size.frames, seed)


def _motions(people: Sequence[Person], frames: int, seed: int) -> list[Motion]:
    return [
        Motion(
            person.name, world_mm, FRAMES_PER_SECOND, subject=person.subject, action=person.action
        )
        for person, world_mm in zip(people, world_of(people, frames, seed), strict=True)
    ]


def make(
    name: str = "synthetic",
    split: str = "train",
    size: Size | int | None = None,
    keypoints: str = "true",
    seed: int = 0,
) -> PoseDataset:
    """A synthetic data set: motion seen by cameras.

    name       synthetic: the four cameras of Human3.6M's room; synthetic_wide: one camera of any
               kind for each person
    size       see `Size`; a number means frames per clip
    keypoints  'true', or 'detected': with the errors of a detector (see `detector_errors`)
    seed       of the training people; the test people are always the same (`TEST_SEED`)
    """
    if keypoints not in ("true", "detected"):
        raise InputError(f"{name}: keypoints '{keypoints}'; expected true or detected")
    if isinstance(size, int):
        size = replace(_default_size(name), frames=size)
    size = size or _default_size(name)
    people = cast(name, split, size, seed)
    clips = []
    for person, motion in zip(people, _motions(people, size.frames, seed), strict=True):
        for camera in _cameras(name, person, motion.world_mm):
            clip = in_float32(motion.seen_by(camera))
            if keypoints == "detected":
                generator = torch.Generator().manual_seed(_seed(person.seed, camera.name))
                clip = detect(clip, generator)
            clips.append(clip)
    return PoseDataset(name, split, tuple(clips), terms=TERMS)


def _cameras(name: str, person: Person, world_mm: Tensor):
    if name == "synthetic":
        return human36m_rig(person.subject)
    centre, radius = bounding_ball(world_mm.flatten(0, 1))
    generator = torch.Generator().manual_seed(_seed(person.seed, "camera"))
    rig = random_rig(1, generator, target_mm=centre.unsqueeze(0), radius_mm=radius.unsqueeze(0))
    return (replace(rig[0], name="camera"),)


def in_float32(clip: Clip) -> Clip:
    """The clip with its tensors as networks take them."""
    return replace(
        clip,
        keypoints_px=clip.keypoints_px.to(torch.float32),
        confidence=clip.confidence.to(torch.float32),
        pose_mm=None if clip.pose_mm is None else clip.pose_mm.to(torch.float32),
    )
