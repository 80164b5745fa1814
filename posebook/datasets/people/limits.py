"""How far joints go: the angles that people can make, measured and enforced on bone directions.

Limits are generous: the ranges of the healthy, after the tables of the American Academy of
Orthopaedic Surgeons (knee and elbow bend to about 150 degrees and hardly beyond straight; hip
bends to 120 and stretches to 30, more with the lumbar spine, which is part of it here). Twist
about a bone leaves no trace in joints, so only what shows in them is limited.
"""

import math

import torch
from torch import Tensor

from posebook.datasets.people.body import (
    BONE,
    directions_of,
    forward_kinematics,
    raised,
    unit,
)
from posebook.shapes import Pose3D

#: Largest angle in degrees between a bone and the one it hangs on, both as directions.
BETWEEN = {
    ("left_knee", "left_foot"): 152, ("right_knee", "right_foot"): 152,
    ("left_elbow", "left_wrist"): 152, ("right_elbow", "right_wrist"): 152,
    ("spine", "thorax"): 55, ("thorax", "neck_nose"): 85, ("neck_nose", "head"): 95,
}  # fmt: skip
#: A shank never points forward of its thigh by more than this sine, a leg bends forward and
#: backward at the hip, and goes outward and inward, by no more than these degrees.
KNEE_FORWARD, HIP_FORWARD, HIP_BACKWARD, HIP_ASIDE = 0.15, 175, 60, 85

#: Joints are inside the body: so high over the floor, in mm, at least.
JOINT_OVER_FLOOR = 20.0


def enforce(directions: Pose3D) -> Pose3D:
    """Bone directions (..., 16, 3), unit, with the nearest that lie within the limits."""
    bone = dict(zip(BONE, directions.unbind(-2), strict=True))
    right, forward, up = pelvis_axes(directions)
    for (upper, lower), degrees in BETWEEN.items():
        bone[lower] = _within_cone(bone[lower], bone[upper], math.radians(degrees))
    for side in ("left", "right"):
        thigh, shank = f"{side}_knee", f"{side}_foot"
        swing, aside = hip_angles(bone[thigh], right, forward, up)
        swing = swing.clamp(-math.radians(HIP_BACKWARD), math.radians(HIP_FORWARD))
        aside = aside.clamp(-math.radians(HIP_ASIDE), math.radians(HIP_ASIDE))
        along = aside.cos() * (swing.sin() * forward - swing.cos() * up)
        bone[thigh] = along + aside.sin() * right
        ahead = unit(torch.linalg.cross(right, bone[thigh]))
        bone[shank] = -_within_cone(-bone[shank], ahead, math.pi / 2 + math.asin(KNEE_FORWARD))
    return torch.stack([bone[name] for name in BONE], dim=-2)


def limited(pose: Pose3D, lengths_mm: Tensor) -> Pose3D:
    """House poses (..., 17, 3) of bodies (..., 16) with every joint brought within its limits.

    The hip stays where it is, or is lifted until no joint is under the floor.
    """
    pose = pose[..., :1, :] + forward_kinematics(enforce(directions_of(pose)), lengths_mm)
    return above_floor(pose)


def above_floor(pose: Pose3D) -> Pose3D:
    """Poses (..., 17, 3) in world axes, lifted as a whole where a joint is under the floor."""
    sunk = (JOINT_OVER_FLOOR - pose[..., 2].amin(-1)).clamp(min=0)
    return raised(pose, sunk)


def pelvis_axes(directions: Pose3D) -> tuple[Tensor, Tensor, Tensor]:
    """The pelvis's right, forward and up (..., 3), from the hips and the lower spine."""
    right = unit(directions[..., BONE["right_hip"], :] - directions[..., BONE["left_hip"], :])
    spine = directions[..., BONE["spine"], :]
    forward = unit(torch.linalg.cross(spine, right))
    return right, forward, torch.linalg.cross(right, forward)


def hip_angles(thigh: Tensor, right: Tensor, forward: Tensor, up: Tensor):
    """Forward swing from hanging, and angle to the right, of a thigh: (..., 1) each, radians."""
    ahead, down, aside = ((thigh * axis).sum(-1, keepdim=True) for axis in (forward, -up, right))
    swing = torch.atan2(ahead, down)
    # Past the trunk is too far forward, not backward.
    swing = torch.where(swing < -math.radians(120), swing + 2 * math.pi, swing)
    return swing, torch.asin(aside.clamp(-1, 1))


def _within_cone(vectors: Tensor, axis: Tensor, angle: float) -> Tensor:
    """Unit vectors turned towards `axis` where they are further from it than `angle`."""
    along = (vectors * axis).sum(-1, keepdim=True)
    aside = unit(vectors - along * axis)
    edge = math.cos(angle) * axis + math.sin(angle) * aside
    return torch.where(along < math.cos(angle), edge, vectors)
