"""The same person as other joint sets mark it: nose, eyes, ears, toes and heels from house joints.

Detectors answer in COCO-17, BODY_25, MPII-16 and so on. To train on, and to score, what they
would say about a person whose house pose is known, their landmarks are built in 3D from the house
joints and then projected. Joints of the same name are the house joints themselves; what differs
in the field between, say, COCO's hips and Human3.6M's is not modelled. Taught in 04_datasets.

Distances on the head are medians of US adults (ANSUR II 2012: bitragion breadth 145, tragion to
top of head 130, pupils 63 apart and 113 below the top, tip of the nose 120 in front of the
tragion and 153 below the top), on the foot of Winter 2009 (foot length 0.152, ankle height 0.039
of stature). They scale with the head's and the leg's bones.
"""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.datasets.people.body import unit
from posebook.errors import InputError
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, Skeleton

#: Where the house joint neck_nose lies in the head: below the crown and in front of the ears.
#: Its bone to the crown leans back by the angle between the two (in Human3.6M's skeleton, too).
_NECK_NOSE_BELOW, _NECK_NOSE_FRONT = 105.0, 40.0
#: Landmarks of the head, mm from neck_nose (person's right, forward, up) in a head of
#: median size; the right side is the mirror image.
_HEAD_MM = {
    "nose": (0.0, 80.0, -48.0),
    "left_eye": (-31.5, 42.0, -8.0),
    "left_ear": (-72.5, -40.0, -25.0),
    "mid_head": (0.0, -30.0, -10.0),
}
#: Landmarks of the foot, fractions of foot length from the ankle (outward, forward along the
#: sole, down along the shank).
_FOOT = {
    "big_toe": (-0.12, 0.70, 0.22),
    "small_toe": (0.18, 0.58, 0.22),
    "heel": (0.0, -0.24, 0.24),
    "toe_base": (0.0, 0.50, 0.22),
    "toe": (0.0, 0.73, 0.22),
}
#: Landmarks that lie on a line between others: weights that sum to 1.
_BETWEEN = {
    "mid_ears": {"left_ear": 0.5, "right_ear": 0.5},
    "mid_shoulders": {"left_shoulder": 0.5, "right_shoulder": 0.5},
    "upper_neck": {"thorax": 0.55, "mid_ears": 0.45},
    "mid_neck_head": {"upper_neck": 0.5, "head": 0.5},
    "head_top": {"head": 1.0},
    "spine_2": {"hip": 0.4, "spine": 0.6},
    "spine_3": {"spine": 0.6, "thorax": 0.4},
    "spine_4": {"spine": 0.3, "thorax": 0.7},
    "left_clavicle": {"thorax": 0.85, "left_shoulder": 0.15},
    "right_clavicle": {"thorax": 0.85, "right_shoulder": 0.15},
    "left_hand": {"left_wrist": 1.35, "left_elbow": -0.35},
    "right_hand": {"right_wrist": 1.35, "right_elbow": -0.35},
}
#: What a name means in one joint set only.
_MEANS = {
    "body_25": {"neck": "mid_shoulders"},
    "openpose_coco_18": {"neck": "mid_shoulders"},
    "lsp_14": {"neck": "upper_neck"},
    "mpi_inf_3dhp_28": {"neck": "upper_neck", "head": "mid_head"},
    "mpi_inf_3dhp_17": {"neck": "upper_neck", "head": "mid_head"},
}


def landmarks(pose_mm: Pose3D, skeleton: Skeleton) -> Float[Tensor, "*batch marked 3"]:
    """The landmarks of another joint set on house poses, in the same axes.

    pose_mm   (..., 17, 3)  house order, mm, any right-handed axes (world or camera), any root
    returns   (..., joints of `skeleton`, 3) mm
    Raises InputError where the set has a joint that no rule builds.
    """
    if skeleton == HOUSE:
        return pose_mm
    joint = dict(zip(HOUSE.joints, pose_mm.unbind(-2), strict=True))
    _add_head(joint)
    for side in ("left", "right"):
        _add_foot(joint, side)
    for name, weights in _BETWEEN.items():
        joint[name] = sum(weight * joint[other] for other, weight in weights.items())
    means = _MEANS.get(skeleton.name, {})
    names = [means.get(name, name) for name in skeleton.joints]
    unknown = [name for name in names if name not in joint]
    if unknown:
        raise InputError(
            f"{skeleton.name}: no rule builds {', '.join(unknown)} from {HOUSE.name}; "
            "layouts are known for the joint sets of 2D detectors"
        )
    return torch.stack([joint[name] for name in names], dim=-2)


def in_layout(clip: Clip, skeleton: Skeleton) -> Clip:
    """The same clip as another joint set marks it.

    Needs the 3D truth and the camera of a clip in house joints. The result's `pose_mm` holds the
    3D landmarks of the new set; score against the house truth of the clip that came in, which
    has the same frames. A landmark is missing where every house joint of the frame is.
    """
    if clip.skeleton != HOUSE:
        raise InputError(
            f"{clip.name}: is in {clip.skeleton.name}, layouts start from {HOUSE.name}"
        )
    if clip.pose_mm is None or clip.camera is None:
        raise InputError(f"{clip.name}: a layout is built from 3D truth and its camera; none here")
    pose_mm = landmarks(clip.pose_mm, skeleton)
    keypoints_px = clip.camera.project(pose_mm)
    seen = torch.isfinite(keypoints_px).all(-1) & (pose_mm[..., 2] > 0)
    seen &= (clip.confidence > 0).any(-1, keepdim=True)
    note = f"landmarks of {skeleton.name} built from {HOUSE.name}"
    return replace(
        clip,
        skeleton=skeleton,
        keypoints_px=torch.where(seen.unsqueeze(-1), keypoints_px, torch.nan),
        confidence=seen.to(clip.confidence),
        pose_mm=pose_mm,
        notes=(*clip.notes, note),
    )


def _across(vectors: Tensor, axis: Tensor) -> Tensor:
    """The part of `vectors` at right angles to the unit `axis`."""
    return vectors - (vectors * axis).sum(-1, keepdim=True) * axis


def _add_head(joint: dict[str, Tensor]) -> None:
    """Nose, eyes, ears and middle of the head.

    Forward: neck_nose stands out in front of the line from thorax to crown. Where these three
    are nearly in line, that says little, and the chest's forward fills in.
    """
    thorax, neck_nose, crown = joint["thorax"], joint["neck_nose"], joint["head"]
    bone = crown - neck_nose
    size = torch.linalg.vector_norm(bone, dim=-1, keepdim=True)
    back_up = bone / size.clamp(min=1e-6)
    chest_right = joint["right_shoulder"] - joint["left_shoulder"]
    chest_forward = unit(torch.linalg.cross(thorax - joint["spine"], chest_right))
    line = unit(crown - thorax)
    out = _across(neck_nose - thorax, line)
    forward = unit(_across(out + 0.15 * size * chest_forward, back_up))
    tilt = torch.atan2(torch.tensor(_NECK_NOSE_FRONT), torch.tensor(_NECK_NOSE_BELOW))
    up = tilt.cos() * back_up + tilt.sin() * forward
    forward = tilt.cos() * forward - tilt.sin() * back_up
    right = torch.linalg.cross(forward, up)
    scale = size / (_NECK_NOSE_BELOW**2 + _NECK_NOSE_FRONT**2) ** 0.5
    for name, (x, y, z) in _HEAD_MM.items():
        joint[name] = neck_nose + scale * (x * right + y * forward + z * up)
        if name.startswith("left_"):
            twin = name.replace("left_", "right_")
            joint[twin] = neck_nose + scale * (-x * right + y * forward + z * up)


def _add_foot(joint: dict[str, Tensor], side: str) -> None:
    """Toes and heel, the sole at right angles to the shank.

    Forward is where the knee points: away from the line hip to ankle where the knee is bent,
    the pelvis's forward where the leg is straight.
    """
    hip, knee, ankle = (joint[f"{side}_{name}"] for name in ("hip", "knee", "foot"))
    thigh, shank = knee - hip, ankle - knee
    leg = sum(torch.linalg.vector_norm(bone, dim=-1, keepdim=True) for bone in (thigh, shank))
    down = unit(shank)
    right = unit(joint["right_hip"] - joint["left_hip"])
    pelvis_forward = unit(torch.linalg.cross(joint["spine"] - joint["hip"], right))
    bent = _across(thigh, down) / leg.clamp(min=1e-6)
    forward = unit(_across(bent + 0.1 * pelvis_forward, down))
    outward = torch.linalg.cross(down, forward) * (-1.0 if side == "left" else 1.0)
    foot = 0.152 / 0.491 * leg
    for name, (out, front, below) in _FOOT.items():
        offset = out * outward + front * forward + below * down
        joint[f"{side}_{name}"] = ankle + foot * offset
