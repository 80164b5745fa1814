"""A person on strings: where pelvis, feet and hands are decides where every joint is.

The trunk follows its angles; legs and arms reach for ankles and wrists by the law of cosines
(inverse kinematics of two bones), so a planted foot stays planted and knees and elbows bend the
way they can. All tensors are batched (clips, frames, ...), float64.
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from posebook.datasets.people.body import BONE, unit
from posebook.skeletons import HOUSE

#: A knee and an elbow bend by at most this much, in radians, and are never quite straight.
MOST_BEND, LEAST_BEND = 2.6, 0.05
#: The nose lies in front of the neck, the crown behind the nose (angles from the vertical).
NECK_FORWARD, HEAD_BACK = 0.42, 0.4
#: Joints are inside the body: so high over the floor, in mm, at least.
WRIST_OVER_FLOOR, LYING_OVER_FLOOR = 40.0, 70.0


class Frame(NamedTuple):
    """Axes of a body part in the world: unit vectors (..., 3)."""

    right: Tensor
    forward: Tensor
    up: Tensor

    def pitched(self, angle: Tensor) -> "Frame":
        """Tipped forward: up goes to where forward was."""
        forward, up = _rotated(self.forward, self.up, angle)
        return self._replace(forward=forward, up=up)

    def leaned(self, angle: Tensor) -> "Frame":
        """Leaned over to the right."""
        right, up = _rotated(self.right, self.up, angle)
        return self._replace(right=right, up=up)

    def turned(self, angle: Tensor) -> "Frame":
        """Turned to the left."""
        forward, right = _rotated(self.forward, self.right, angle)
        return self._replace(right=right, forward=forward)

    def bent(self, angles: Tensor) -> "Frame":
        """Tipped, leaned and turned, in this order, by `angles` (..., 3)."""
        tipped, leaned, turned = angles.unbind(-1)
        return self.pitched(tipped).leaned(leaned).turned(turned)

    def at(self, place: Tensor) -> Tensor:
        """Coordinates (..., 3) along right, forward, up -> world."""
        return (
            place[..., :1] * self.right + place[..., 1:2] * self.forward + place[..., 2:] * self.up
        )


def _rotated(one: Tensor, other: Tensor, angle: Tensor) -> tuple[Tensor, Tensor]:
    """Two axes at right angles, turned by `angle`: `other` goes to where `one` was."""
    cos, sin = angle.cos().unsqueeze(-1), angle.sin().unsqueeze(-1)
    return cos * one - sin * other, cos * other + sin * one


@dataclass
class Strings:
    """What an action decides, per clip and frame. Angles in radians; pairs are (left, right).

    pelvis_mm   (c, f, 3)     hip joint in the world, z up, floor at 0
    facing      (c, f)        heading; 0 looks along +y, positive turns left
    pelvis      (c, f, 3)     tipped forward, leaned right, turned left against the heading
    spine       (c, f, 3)     the same for the chest against the pelvis
    neck        (c, f, 3)     the same for the head against the chest
    ankles_mm   (c, f, 2, 3)  in the world
    toes_out    (c, f, 2)     where knees point: outward from the heading
    wrists      (c, f, 2, 3)  from the shoulder, in arm lengths: outward, forward, up of the chest
    elbows_out  (c, f, 2)     0: elbows hang; pi/2: they stand out to the sides
    shrug       (c, f, 2)     shoulder joint above the thorax, angle of the clavicle
    tumble      (c, f, 2)     the whole person tipped forward and leaned right about the hip;
                              such a person then lies or kneels on the floor as low as can be
    """

    pelvis_mm: Tensor
    facing: Tensor
    pelvis: Tensor
    spine: Tensor
    neck: Tensor
    ankles_mm: Tensor
    toes_out: Tensor
    wrists: Tensor
    elbows_out: Tensor
    shrug: Tensor
    tumble: Tensor | None = None


def flat_axes(facing: Tensor) -> tuple[Tensor, Tensor]:
    """To the right and forward over the floor, (..., 2) each, for a heading `facing` (...)."""
    cos, sin = facing.cos(), facing.sin()
    return torch.stack([cos, sin], dim=-1), torch.stack([-sin, cos], dim=-1)


def upright(facing: Tensor) -> Frame:
    """The frame of someone who stands straight and looks along `facing` (...)."""
    axes = torch.eye(3, dtype=facing.dtype).expand(*facing.shape, 3, 3)
    return Frame(*axes.unbind(-1)).turned(facing)


def pose_of(strings: Strings, lengths_mm: Tensor) -> Tensor:
    """Joints (clips, frames, 17, 3) mm in the world of bodies with bone lengths (clips, 16)."""
    length = {bone: lengths_mm[:, None, None, place] for bone, place in BONE.items()}
    heading = upright(strings.facing)
    hips = heading.turned(strings.pelvis[..., 2])
    hips = hips.pitched(strings.pelvis[..., 0]).leaned(strings.pelvis[..., 1])
    half = hips.bent(strings.spine / 2)
    chest = half.bent(strings.spine / 2)
    head = chest.bent(strings.neck)
    joint = {"hip": _within_reach(strings, hips, length)}
    joint["spine"] = joint["hip"] + length["spine"] * half.up
    joint["thorax"] = joint["spine"] + length["thorax"] * chest.up
    nose = head.pitched(torch.full_like(strings.facing, NECK_FORWARD)).up
    crown = head.pitched(torch.full_like(strings.facing, -HEAD_BACK)).up
    joint["neck_nose"] = joint["thorax"] + length["neck_nose"] * nose
    joint["head"] = joint["neck_nose"] + length["head"] * crown
    for side, name in enumerate(("left", "right")):
        sign = 2 * side - 1
        joint[f"{name}_hip"] = joint["hip"] + sign * length[f"{name}_hip"] * hips.right
        joint[f"{name}_knee"], joint[f"{name}_foot"] = reach(
            joint[f"{name}_hip"],
            strings.ankles_mm[..., side, :],
            length[f"{name}_knee"],
            length[f"{name}_foot"],
            _knee_pole(strings, hips, joint[f"{name}_hip"], side),
        )
        shrug = strings.shrug[..., side, None]
        clavicle = sign * shrug.cos() * chest.right + shrug.sin() * chest.up
        joint[f"{name}_shoulder"] = joint["thorax"] + length[f"{name}_shoulder"] * clavicle
        arm = length[f"{name}_elbow"] + length[f"{name}_wrist"]
        mirrored = Frame(sign * chest.right, chest.forward, chest.up)
        elbows = strings.elbows_out[..., side, None]
        goal = joint[f"{name}_shoulder"] + arm * mirrored.at(strings.wrists[..., side, :])
        # Elbows of hanging arms point back, of raised arms forward.
        backward = 0.5 * strings.wrists[..., side, 2:]
        goal[..., 2] = goal[..., 2].clamp(min=WRIST_OVER_FLOOR)
        joint[f"{name}_elbow"], joint[f"{name}_wrist"] = reach(
            joint[f"{name}_shoulder"],
            goal,
            length[f"{name}_elbow"],
            length[f"{name}_wrist"],
            elbows.sin() * mirrored.right - elbows.cos() * chest.up + backward * chest.forward,
        )
    pose = torch.stack([joint[name] for name in HOUSE.joints], dim=-2)
    return pose if strings.tumble is None else _tumbled(pose, strings)


def _tumbled(pose: Tensor, strings: Strings) -> Tensor:
    """Turn people over about their hip and put them on the floor."""
    old = upright(strings.facing.unsqueeze(-1))
    new = old.pitched(strings.tumble[..., :1]).leaned(strings.tumble[..., 1:])
    hip = pose[..., :1, :]
    away = pose - hip
    place = torch.stack([(away * axis).sum(-1) for axis in old], dim=-1)
    turned = hip + new.at(place)
    lowest = turned[..., 2].amin(-1, keepdim=True)
    turned[..., 2] = turned[..., 2] - lowest + LYING_OVER_FLOOR
    return turned


def _within_reach(strings: Strings, hips: Frame, length: dict[str, Tensor]) -> Tensor:
    """Lower the hip until both legs reach their ankles, so that feet stay where they are put."""
    hip = strings.pelvis_mm
    height = hip[..., 2]
    for side, name in enumerate(("left", "right")):
        out = (2 * side - 1) * length[f"{name}_hip"] * hips.right
        away = strings.ankles_mm[..., side, :] - hip - out
        leg = (length[f"{name}_knee"] + length[f"{name}_foot"]).squeeze(-1) * 0.995
        drop = (leg.square() - away[..., :2].square().sum(-1)).clamp(min=0).sqrt()
        highest = strings.ankles_mm[..., side, 2] - out[..., 2] + drop
        # A soft minimum, 25 mm wide, keeps the hip's path free of corners.
        height = (height + highest - torch.hypot(height - highest, torch.tensor(25.0))) / 2
    # Feet too far apart for any stance slip rather than pull the hip through the floor.
    height = torch.maximum(height, torch.minimum(hip[..., 2], 0.25 * leg))
    return torch.stack([hip[..., 0], hip[..., 1], height], dim=-1)


def _knee_pole(strings: Strings, hips: Frame, hip_joint: Tensor, side: int) -> Tensor:
    """Where a knee points: forward of the leg, whichever way the leg goes, turned outward."""
    along = unit(strings.ankles_mm[..., side, :] - hip_joint)
    toes = strings.toes_out[..., side, None]
    outward = (2 * side - 1) * hips.right
    return toes.cos() * torch.linalg.cross(hips.right, along) + toes.sin() * outward


def reach(start: Tensor, goal: Tensor, upper: Tensor, lower: Tensor, pole: Tensor):
    """Middle and end joint of a limb from `start` to `goal`, bending towards `pole`.

    start, goal, pole  (..., 3)       upper, lower  (..., 1) bone lengths
    A goal out of reach is brought nearer, one too near is pushed away, along the same line.
    """
    way = goal - start
    distance = torch.linalg.vector_norm(way, dim=-1, keepdim=True)
    along = way / distance.clamp(min=1e-6)

    def chord(bend: float) -> Tensor:
        """Length of the limb when its middle joint is bent by `bend`."""
        cos = torch.cos(torch.tensor(bend, dtype=way.dtype))
        return (upper.square() + lower.square() + 2 * upper * lower * cos).sqrt()

    distance = distance.clamp(min=chord(MOST_BEND), max=chord(LEAST_BEND))
    adjacent = (upper.square() - lower.square() + distance.square()) / (2 * distance)
    height = (upper.square() - adjacent.square()).clamp(min=0).sqrt()
    aside = unit(pole - (pole * along).sum(-1, keepdim=True) * along)
    return start + adjacent * along + height * aside, start + distance * along
