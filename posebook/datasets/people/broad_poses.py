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
from posebook.datasets.people.dice import Dice
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
    dice = _Dice(len(directions), generator)
    directions = torch.where(dice.chance(LEGS, 1, 1), _with_legs(directions, dice), directions)
    directions = torch.where(dice.chance(TRUNK, 1, 1), _with_trunk(directions, dice), directions)
    directions = _with_arms(directions, dice)
    turned = _turned(directions, ("neck_nose", "head"), dice.normal(0.35, 3))
    directions = torch.where(dice.chance(HEAD, 1, 1), turned, directions)
    tip = dice.normal(1.0, 3)
    tipped = directions @ axis_angle_to_matrix(tip).mT
    return torch.where(dice.chance(WHOLE, 1, 1), tipped, directions)


class _Dice(Dice):
    """Dice whose normal numbers are about 0 and not cut off."""

    def normal(self, deviation: float | int, *shape: int) -> Tensor:
        like = dict(generator=self.generator, dtype=torch.float64)
        return deviation * torch.randn(self.count, *shape, **like)


def _turned(directions: Tensor, bones: tuple[str, ...], turn: Tensor) -> Tensor:
    """Some bones turned about an axis of the room by `turn` (people, 3), radians."""
    places = [BONE[bone] for bone in bones]
    turned = directions.clone()
    turned[:, places] = directions[:, places] @ axis_angle_to_matrix(turn).mT
    return turned


def _with_legs(directions: Tensor, dice: _Dice) -> Tensor:
    """Thighs forward or out, knees bent; half of the people do alike with both legs."""
    legs = directions.clone()
    same = dice.even(0, 1) < 0.5
    forward = dice.even(-20, 120)
    bend = forward + dice.normal(30)  # shins upright, as seated or squatting people have them
    for side, outward in _SIDES:
        other_forward, other_bend = dice.even(-20, 120), dice.even(0, 140) * dice.even(0, 1)
        raise_by = torch.deg2rad(torch.where(same, forward + dice.normal(8), other_forward))
        knee = torch.deg2rad(torch.where(same, bend + dice.normal(8), other_bend).clamp(0, 145))
        out = torch.deg2rad((12 + dice.normal(15)).clamp(-20, 50))
        zero = torch.zeros_like(out)
        # About x the thigh comes up in front; about y it goes out; the shin bends back.
        hip = axis_angle_to_matrix(torch.stack([zero, -outward * out, zero], -1))
        hip = hip @ axis_angle_to_matrix(torch.stack([raise_by, zero, zero], -1))
        hip = hip @ axis_angle_to_matrix(torch.stack([zero, zero, dice.normal(0.3)], -1))
        down = torch.tensor([0.0, 0.0, -1.0], dtype=torch.float64)
        shin = torch.stack([zero, -knee.sin(), -knee.cos()], -1)
        legs[:, BONE[f"{side}_knee"]] = hip @ down
        legs[:, BONE[f"{side}_foot"]] = (hip @ shin.unsqueeze(-1)).squeeze(-1)
    return legs


def _with_trunk(directions: Tensor, dice: _Dice) -> Tensor:
    """Bent, leaned and twisted over the hips; the lower spine takes half of it."""
    bend = torch.deg2rad(dice.even(-30, 110) * dice.even(0, 1))
    side, twist = dice.normal(math.radians(12)), dice.normal(math.radians(20))
    turn = torch.stack([-bend, side, twist], -1)
    bent = _turned(directions, ("spine",), 0.5 * turn)
    return _turned(bent, ("thorax", *_ABOVE_HIPS), turn)


def _with_arms(directions: Tensor, dice: _Dice) -> Tensor:
    """Upper arms anywhere but mostly out, forward and down; elbows bent forward and inward."""
    across = unit(directions[:, BONE["right_shoulder"]] - directions[:, BONE["left_shoulder"]])
    up = directions[:, BONE["thorax"]]
    forward = unit(torch.linalg.cross(up, across))
    chest = torch.stack([torch.linalg.cross(forward, up), forward, up], dim=1)
    arms = directions.clone()
    for side, outward in _SIDES:
        likely = torch.tensor([0.5 * outward, 0.35, -0.3], dtype=torch.float64)
        upper = unit(unit(dice.normal(1, 3)) + likely)
        inward = torch.tensor([-0.3 * outward, 0.7, 0.3], dtype=torch.float64)
        bend_to = unit(dice.normal(1, 3)) + inward
        bend_to = unit(bend_to - (bend_to * upper).sum(-1, keepdim=True) * upper)
        elbow = dice.even(0, math.radians(150), 1)
        lower = elbow.cos() * upper + elbow.sin() * bend_to
        places = [BONE[f"{side}_elbow"], BONE[f"{side}_wrist"]]
        drawn = torch.stack([upper, lower], dim=1) @ chest
        arms[:, places] = torch.where(dice.chance(ARMS, 1, 1), drawn, directions[:, places])
    return arms
