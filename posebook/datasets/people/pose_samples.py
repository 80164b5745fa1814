"""Independent poses for training lifters: the prior's and the actions', on bodies of every kind."""

import math

import torch
from torch import Tensor

from posebook.datasets.people import limits
from posebook.datasets.people.actions import HUMAN36M, MORE
from posebook.datasets.people.body import (
    BONE,
    BONES,
    Body,
    forward_kinematics,
    levelled,
    raised,
    turned,
    unit,
    wide_bodies,
)
from posebook.datasets.people.broad_poses import broaden
from posebook.datasets.people.dice import Dice
from posebook.datasets.people.motion_prior import sample_directions
from posebook.datasets.people.puppet import pose_of
from posebook.shapes import Pose3D

CHUNK = 20_000
#: Share of the poses that come from the fitted prior; the others are those of hand-made actions.
FROM_PRIOR = 0.6
#: Every action and its share of the hand-made poses and clips of `synthetic_wide`.
SHARES = {**{name: (action, 1.0) for name, action in HUMAN36M.items()}, **MORE}


def sample_poses(count: int, generator: torch.Generator) -> Pose3D:
    """Independent poses (count, 17, 3), float32, mm, world axes (z up, floor at z = 0).

    Every pose has a body of its own; the hip is above the origin, the facing is any.
    """
    chunks = [
        _sample_chunk(min(CHUNK, count - start), generator) for start in range(0, count, CHUNK)
    ]
    return torch.cat(chunks) if chunks else torch.zeros(0, 17, 3)


def _sample_chunk(count: int, generator: torch.Generator) -> Tensor:
    fitted = round(FROM_PRIOR * count)
    pose = torch.cat([from_prior(fitted, generator), from_actions(count - fitted, generator)])
    return pose[torch.randperm(count, generator=generator)].to(torch.float32)


def from_prior(count: int, generator: torch.Generator) -> Tensor:
    """Poses (count, 17, 3) of the fitted prior, arms exchanged and limbs shaken now and then."""
    like = dict(generator=generator, dtype=torch.float64)
    directions = levelled(prior_directions(count, generator), torch.rand(count, 1, **like) < 0.5)
    body = Body(wide_bodies(count, generator))
    pose = forward_kinematics(directions, body.lengths_mm)
    pose = turned(pose, 2 * math.pi * torch.rand(count, 1, **like))
    return stand(pose, body)


def prior_directions(count: int, generator: torch.Generator) -> Tensor:
    """Bone directions (count, 16, 3) of `from_prior`, before they get a body."""
    directions = mix_arms(sample_directions(count, generator), generator)
    directions = broaden(directions, generator)
    return limits.enforce(shake(directions, generator))


def from_actions(count: int, generator: torch.Generator) -> Tensor:
    """Poses (count, 17, 3) of hand-made actions, each at a random moment."""
    shares = torch.tensor([share for _, share in SHARES.values()], dtype=torch.float64)
    edges = shares.cumsum(0) / shares.sum()
    draw = torch.rand(count, generator=generator, dtype=torch.float64)
    counts = torch.bincount(torch.searchsorted(edges, draw), minlength=len(edges))
    parts = []
    for (action, _), people in zip(SHARES.values(), counts.tolist(), strict=True):
        body = Body(wide_bodies(people, generator))
        time = 20 * torch.rand(people, 1, generator=generator, dtype=torch.float64)
        strings = action(Dice(people, generator), time, body)
        parts.append(limits.limited(pose_of(strings, body.lengths_mm)[:, 0], body.lengths_mm))
    pose = torch.cat(parts)
    away = pose[:, :1] * torch.tensor([1.0, 1.0, 0.0])
    return pose - away


def torso_frame(directions: Tensor) -> Tensor:
    """Rows: the chest's right, forward and up (count, 3, 3)."""
    across = directions[:, BONE["right_shoulder"]] - directions[:, BONE["left_shoulder"]]
    up = directions[:, BONE["thorax"]]
    forward = unit(torch.linalg.cross(up, across))
    return torch.stack([torch.linalg.cross(forward, up), forward, up], dim=1)


def mix_arms(directions: Tensor, generator: torch.Generator) -> Tensor:
    """Give a share of the people one arm, or both, of the next one."""
    count = len(directions)
    donor = torch.roll(directions, 1, 0)
    carry = torso_frame(donor).transpose(1, 2) @ torso_frame(directions)
    chosen = torch.rand(count, 2, generator=generator, dtype=torch.float64) < 0.4
    mixed = directions.clone()
    for column, side in enumerate(("left", "right")):
        arm = [BONE[f"{side}_elbow"], BONE[f"{side}_wrist"]]
        moved = donor[:, arm] @ carry
        mixed[:, arm] = torch.where(chosen[:, column, None, None], moved, directions[:, arm])
    return mixed


def shake(directions: Tensor, generator: torch.Generator) -> Tensor:
    """Noise on every bone; its size differs from person to person."""
    count = len(directions)
    size = 0.25 * torch.rand(count, 1, 1, generator=generator, dtype=torch.float64) ** 2
    noise = torch.randn(count, len(BONES), 3, generator=generator, dtype=torch.float64)
    return unit(directions + size * noise)


def stand(pose: Tensor, body: Body) -> Tensor:
    """Lower or raise each pose until its lowest joint is at ankle height over the floor."""
    return raised(pose, body.ankle[:, 0] - pose[..., 2].amin(-1))
