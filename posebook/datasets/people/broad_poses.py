"""Poses that no recording held: each part of the body moved by itself, as far as joints go.

A prior that was fitted to recordings knows what was recorded, and a lifter that is trained on it
alone is lost elsewhere. So some of its poses get arms, legs, trunk or head drawn broadly, each by
itself. Ranges of the joints after the tables of the American Academy of Orthopaedic Surgeons
(hip: 120 degrees forward, 20 to 30 back, 45 out; knee and elbow: 150), rounded down.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.datasets.people.body import BONE, unit
from posebook.geometry import axis_angle_to_matrix

Directions = Float[Tensor, "people bones 3"]
_SIDES = (("left", -1.0), ("right", 1.0))
_ARM_BONES = tuple(f"{side}_{bone}" for side, _ in _SIDES for bone in ("elbow", "wrist"))
_ABOVE_HIPS = ("neck_nose", "head", "left_shoulder", "right_shoulder", *_ARM_BONES)
#: Share of the people with that part drawn anew; arms: each by itself; whole: tipped over.
ARMS, LEGS, TRUNK, HEAD, WHOLE = 0.15, 0.06, 0.08, 0.1, 0.02


def broaden(directions: Directions, generator: torch.Generator) -> Directions:
    """Draw parts of some people anew.

    directions  (people, 16, 3)  unit; x to the person's right, y forward, z up
    """
    draw = _Draw(len(directions), generator)
    directions = torch.where(draw.chance(LEGS), _with_legs(directions, draw), directions)
    directions = torch.where(draw.chance(TRUNK), _with_trunk(directions, draw), directions)
    directions = _with_arms(directions, draw)
    turned = _turned(directions, ("neck_nose", "head"), draw.normal(0.35, 3))
    directions = torch.where(draw.chance(HEAD), turned, directions)
    tip = draw.normal(1.0, 3)
    tipped = directions @ axis_angle_to_matrix(tip).mT
    return torch.where(draw.chance(WHOLE), tipped, directions)


class _Draw:
    """Random numbers, one set for each person."""

    def __init__(self, people: int, generator: torch.Generator):
        self.people, self.generator = people, generator

    def even(self, low: float | int, high: float | int, *shape: int) -> Tensor:
        draw = torch.rand(self.people, *shape, generator=self.generator, dtype=torch.float64)
        return low + (high - low) * draw

    def normal(self, size: float | int, *shape: int) -> Tensor:
        return size * torch.randn(
            self.people, *shape, generator=self.generator, dtype=torch.float64
        )

    def chance(self, share: float) -> Tensor:
        """(people, 1, 1), true for a share of the people."""
        return self.even(0, 1, 1, 1) < share


def _turned(directions: Tensor, bones: tuple[str, ...], turn: Tensor) -> Tensor:
    """Some bones turned about an axis of the room by `turn` (people, 3), radians."""
    places = [BONE[bone] for bone in bones]
    turned = directions.clone()
    turned[:, places] = directions[:, places] @ axis_angle_to_matrix(turn).mT
    return turned


def _with_legs(directions: Tensor, draw: _Draw) -> Tensor:
    """Thighs forward or out, knees bent; half of the people do alike with both legs."""
    legs = directions.clone()
    same = draw.even(0, 1) < 0.5
    forward = draw.even(-20, 120)
    bend = forward + draw.normal(30)  # shins upright, as seated or squatting people have them
    for side, outward in _SIDES:
        other_forward, other_bend = draw.even(-20, 120), draw.even(0, 140) * draw.even(0, 1)
        raise_by = torch.deg2rad(torch.where(same, forward + draw.normal(8), other_forward))
        knee = torch.deg2rad(torch.where(same, bend + draw.normal(8), other_bend).clamp(0, 145))
        out = torch.deg2rad((12 + draw.normal(15)).clamp(-20, 50))
        zero = torch.zeros_like(out)
        # About x the thigh comes up in front; about y it goes out; the shin bends back.
        hip = axis_angle_to_matrix(torch.stack([zero, -outward * out, zero], -1))
        hip = hip @ axis_angle_to_matrix(torch.stack([raise_by, zero, zero], -1))
        hip = hip @ axis_angle_to_matrix(torch.stack([zero, zero, draw.normal(0.3)], -1))
        down = torch.tensor([0.0, 0.0, -1.0], dtype=torch.float64)
        shin = torch.stack([zero, -knee.sin(), -knee.cos()], -1)
        legs[:, BONE[f"{side}_knee"]] = hip @ down
        legs[:, BONE[f"{side}_foot"]] = (hip @ shin.unsqueeze(-1)).squeeze(-1)
    return legs


def _with_trunk(directions: Tensor, draw: _Draw) -> Tensor:
    """Bent, leaned and twisted over the hips; the lower spine takes half of it."""
    bend = torch.deg2rad(draw.even(-30, 110) * draw.even(0, 1))
    side, twist = draw.normal(math.radians(12)), draw.normal(math.radians(20))
    turn = torch.stack([-bend, side, twist], -1)
    bent = _turned(directions, ("spine",), 0.5 * turn)
    return _turned(bent, ("thorax", *_ABOVE_HIPS), turn)


def _with_arms(directions: Tensor, draw: _Draw) -> Tensor:
    """Upper arms anywhere but mostly out, forward and down; elbows bent forward and inward."""
    across = unit(directions[:, BONE["right_shoulder"]] - directions[:, BONE["left_shoulder"]])
    up = directions[:, BONE["thorax"]]
    forward = unit(torch.linalg.cross(up, across))
    chest = torch.stack([torch.linalg.cross(forward, up), forward, up], dim=1)
    arms = directions.clone()
    for side, outward in _SIDES:
        likely = torch.tensor([0.5 * outward, 0.35, -0.3], dtype=torch.float64)
        upper = unit(unit(draw.normal(1, 3)) + likely)
        inward = torch.tensor([-0.3 * outward, 0.7, 0.3], dtype=torch.float64)
        bend_to = unit(draw.normal(1, 3)) + inward
        bend_to = unit(bend_to - (bend_to * upper).sum(-1, keepdim=True) * upper)
        elbow = draw.even(0, math.radians(150), 1)
        lower = elbow.cos() * upper + elbow.sin() * bend_to
        places = [BONE[f"{side}_elbow"], BONE[f"{side}_wrist"]]
        drawn = torch.stack([upper, lower], dim=1) @ chest
        arms[:, places] = torch.where(draw.chance(ARMS), drawn, directions[:, places])
    return arms
