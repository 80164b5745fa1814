"""From 17 house joints to a rotation for each bone of the body.

A body keeps its own lengths: only directions are taken from the pose, so a child can walk as a
tall adult did. Limbs take the pose's directions exactly. Each twists so that its knee or elbow
bends about its own hinge; where the limb is straight, the hinge is the one it has without a twist.
A frame is a rotation whose columns are left, up and forward of the part it belongs to. All of it
works in any right-handed axes, world or camera.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.shapes import Pose3D, Rotation
from posebook.skeletons import HOUSE

Vectors = Float[Tensor, "*#batch 3"]
J = {name: index for index, name in enumerate(HOUSE.joints)}
SIDES = ("left", "right")
#: A hinge counts for as much as the limb's default at this sine of the angle it is bent by.
_ELBOW, _KNEE = 0.12, 0.25
#: A shoulder follows the pose's by at most this angle from where the chest puts it, in radians.
_SHRUG = 0.6
#: Ankles turn between these angles to keep the sole flat: toes up, toes down, in radians.
_ANKLE = (-0.45, 0.7)
#: The sole is kept flat while the ankle is this near the lowest ankle, mm; half way at the middle.
_NEAR_FLOOR_MM = (90.0, 260.0)


def unit(vectors: Vectors) -> Vectors:
    """The vectors' directions."""
    return vectors / torch.linalg.vector_norm(vectors, dim=-1, keepdim=True).clamp(min=1e-9)


def dot(a: Vectors, b: Vectors) -> Float[Tensor, "*#batch 1"]:
    """Scalar products, with an axis of one kept."""
    return (a * b).sum(-1, keepdim=True)


def cross(a: Vectors, b: Vectors) -> Vectors:
    """Vector products of broadcast vectors."""
    return torch.linalg.cross(*torch.broadcast_tensors(a, b), dim=-1)


def frame(left: Vectors, up: Vectors) -> Rotation:
    """The frame whose second axis is `up`; its first is as near to `left` as that allows."""
    up = unit(up)
    left = unit(left - dot(left, up) * up)
    return torch.stack([left, up, cross(left, up)], dim=-1)


def about(axis: Vectors, angle: Float[Tensor, "*#batch"]) -> Rotation:
    """Rotation by `angle` radians about unit axes (Rodrigues)."""
    x, y, z = axis.unbind(-1)
    zero = torch.zeros_like(x)
    skew = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], -1).unflatten(-1, (3, 3))
    sin, cos = angle.sin()[..., None, None], angle.cos()[..., None, None]
    return torch.eye(3).to(axis) + sin * skew + (1 - cos) * (skew @ skew)


def between(first: Vectors, second: Vectors, most: float = 4.0) -> Rotation:
    """The shortest rotation from one direction to another, by at most `most` radians."""
    first, second = unit(first), unit(second)
    axis = cross(first, second)
    sine = torch.linalg.vector_norm(axis, dim=-1)
    angle = torch.atan2(sine, dot(first, second).squeeze(-1))
    # Opposite directions leave the axis open; any that stands on both will do.
    spare = cross(first, first.roll(1, -1) * torch.tensor([1.0, -1.0, 1.0]).to(first))
    axis = torch.where(sine.unsqueeze(-1) > 1e-6, axis, spare)
    return about(unit(axis), angle.clamp(max=most))


def part_way(first: Rotation, second: Rotation, share: Tensor) -> Rotation:
    """Rotations (..., 3, 3) on the way from one to another; `share` from 0 to 1."""
    step = first.transpose(-1, -2) @ second
    skew = step - step.transpose(-1, -2)
    axis = torch.stack([skew[..., 2, 1], skew[..., 0, 2], skew[..., 1, 0]], -1)
    cosine = step.diagonal(dim1=-2, dim2=-1).sum(-1) - 1
    angle = torch.atan2(torch.linalg.vector_norm(axis, dim=-1), cosine)
    return first @ about(unit(axis), angle * share)


def turned(rotation: Rotation, points: Vectors) -> Vectors:
    """Points, each turned by its rotation."""
    return (rotation @ points.unsqueeze(-1)).squeeze(-1)


def pair(points: dict[str, Tensor], name: str) -> Tensor:
    """A joint of both sides: (..., 2, 3), left first."""
    return torch.stack([points[f"{side}_{name}"] for side in SIDES], dim=-2)


def _head(points: dict[str, Tensor], chest: Rotation) -> Rotation:
    """The head's frame: its front is where neck_nose stands out from the thorax.

    Where thorax, neck_nose and crown are nearly in line, the chest's front fills in.
    """
    bone = points["head"] - points["neck_nose"]
    up = unit(bone)
    front = points["neck_nose"] - points["thorax"]
    size = torch.linalg.vector_norm(bone, dim=-1, keepdim=True)
    front = (front - dot(front, up) * up) / size.clamp(min=1e-9) + 0.3 * chest[..., 2]
    return frame(cross(up, front), up)


def _trunk(points: dict[str, Tensor]) -> tuple[Rotation, Rotation, Rotation]:
    """Frames of pelvis, chest and head of a pose, or of a body at rest."""
    hips, shoulders = pair(points, "hip"), pair(points, "shoulder")
    across = hips[..., 0, :] - hips[..., 1, :]
    up = points["spine"] - points["hip"]
    up = up - dot(up, unit(across)) * unit(across)
    pelvis = frame(across, up)
    chest = frame(shoulders[..., 0, :] - shoulders[..., 1, :], points["thorax"] - points["spine"])
    return pelvis, chest, _head(points, chest)


def _limb(
    rest: tuple[Tensor, Tensor, Tensor],
    posed: tuple[Tensor, Tensor, Tensor],
    base: Rotation,
    hinge: Vectors,
    soft: float,
) -> tuple[Rotation, Rotation, Rotation]:
    """Rotations of a limb's two segments, both sides at once (..., 2, 3, 3).

    rest, posed   its three joints (..., 2, 3)
    base          rotation of what the limb hangs on
    hinge         its hinge at rest: the bone above it turns about this into the one below
    returns       upper segment without its twist, upper segment, lower segment
    """
    first, second = rest[1] - rest[0], rest[2] - rest[1]
    upper, lower = unit(posed[1] - posed[0]), unit(posed[2] - posed[1])
    carried = turned(base, first)
    swung = between(carried, upper) @ base
    axis = cross(upper, lower) + soft * turned(swung, hinge)
    still = cross(unit(first), unit(second)) + soft * hinge
    turns = [
        frame(axis, now) @ frame(still, before).transpose(-1, -2)
        for now, before in ((upper, first), (lower, second))
    ]
    return swung, *turns


def _flat_feet(
    shin: Rotation,
    rest: dict[str, Tensor],
    posed: dict[str, Tensor],
    up: Float[Tensor, "*people 3"],
) -> Rotation:
    """Rotations of the feet (..., 2, 3, 3): soles flat where they are near the floor.

    up   (..., 3) away from the floor
    """
    ankle = pair(posed, "foot")
    height = dot(ankle, up.unsqueeze(-2)).squeeze(-1)
    height = height - height.amin(-1, keepdim=True)
    near, far = _NEAR_FLOOR_MM
    weight = ((far - height) / (far - near)).clamp(0, 1)
    local = (shin.transpose(-1, -2) @ up[..., None, :, None]).squeeze(-1)
    # Turned about the left axis by `angle`, the sole's own up (0, 1, 0) meets the floor's.
    angle = torch.atan2(local[..., 2], local[..., 1].clamp(min=1e-6))
    angle = torch.where(local[..., 1] > 0, angle, torch.zeros_like(angle))
    axis = torch.tensor([1.0, 0.0, 0.0]).to(local).expand_as(local)
    return shin @ about(axis, weight * angle.clamp(*_ANKLE))


def bone_rotations(
    rest: dict[str, Tensor], pose_mm: Pose3D, up: Vectors | None = None
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """A rotation for each bone of the body, from rest to pose.

    rest      named points of the bodies at rest, each (batch, 3) mm, axes left, up, forward
    pose_mm   (batch, 17, 3)  house joints, mm, any right-handed axes
    up        (batch, 3) unit, away from the floor, in the pose's axes; None leaves feet as they
              are on the shins
    returns   by bone: of the middle (batch, 3, 3), and of both sides (batch, 2, 3, 3), left first
    """
    posed = dict(zip(HOUSE.joints, pose_mm.unbind(-2), strict=True))
    now = torch.stack(_trunk(posed), dim=-3)
    then = torch.stack(_trunk(rest), dim=-3)
    pelvis, chest, head = (now @ then.transpose(-1, -2)).unbind(-3)
    shares = torch.tensor([0.25, 0.5, 0.8]).to(pelvis)
    spine = part_way(pelvis.unsqueeze(-3), chest.unsqueeze(-3), shares)
    turns = {"pelvis": pelvis, "chest": chest, "head": head}
    turns |= dict(zip(("spine_low", "spine_mid", "spine_high"), spine.unbind(-3), strict=True))
    turns["neck"] = part_way(chest, head, torch.tensor(0.5).to(head))

    sides = {"chest": chest.unsqueeze(-3), "pelvis": pelvis.unsqueeze(-3)}
    reach = pair(rest, "shoulder") - rest["thorax"].unsqueeze(-2)
    wanted = pair(posed, "shoulder") - posed["thorax"].unsqueeze(-2)
    carried = turned(sides["chest"], reach)
    clavicle = between(carried, wanted, _SHRUG) @ sides["chest"]

    arm = tuple(pair(rest, name) for name in ("shoulder", "elbow", "wrist"))
    leg = tuple(pair(rest, name) for name in ("hip", "knee", "foot"))
    elbow = unit(cross(arm[1] - arm[0], arm[2] - arm[1]))
    knee = torch.tensor([1.0, 0.0, 0.0]).to(elbow).expand_as(elbow)
    arms = tuple(pair(posed, name) for name in ("shoulder", "elbow", "wrist"))
    legs = tuple(pair(posed, name) for name in ("hip", "knee", "foot"))
    swung_arm, upper_arm, fore_arm = _limb(arm, arms, clavicle, elbow, _ELBOW)
    swung_leg, thigh, shin = _limb(leg, legs, sides["pelvis"], knee, _KNEE)
    half = torch.tensor(0.5).to(pelvis)
    foot = shin if up is None else _flat_feet(shin, rest, posed, up)
    both = {
        "clavicle": clavicle,
        "shoulder": part_way(clavicle, swung_arm, torch.tensor(0.35).to(pelvis)),
        "upper_arm_near": part_way(swung_arm, upper_arm, half),
        "upper_arm": upper_arm, "fore_arm": fore_arm, "hand": fore_arm,
        "thigh_near": part_way(swung_leg, thigh, half), "thigh": thigh, "shin": shin, "foot": foot,
    }  # fmt: skip
    return turns, both
