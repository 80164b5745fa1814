"""From a person with a 3D label to what Zhou's network learns: places and depths of one scale.

Source: X. Zhou et al. 2017, arXiv:1704.02447, and its published code. Taught in
10_weak_supervision.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.methods.weak_supervision.skeleton import bone_sum
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import MPII_16

#: Side of Human3.6M's crops, px.
SIDE_PX = 224


@dataclass(frozen=True)
class Targets:
    """What a person with a 3D label gives.

    scaled     (..., 16, 3)  px of the crop; depth from a plane half a side behind the spine's
    places_px  (..., 16, 2)  where the heat maps have their peaks, px of the crop
    depths     (..., 16)     of half a crop's side, 0 in the spine's plane
    drawn      (..., 16)     joints whose heat map is drawn
    """

    scaled: Float[Tensor, "*batch 16 3"]
    places_px: Float[Tensor, "*batch 16 2"]
    depths: Float[Tensor, "*batch 16"]
    drawn: Bool[Tensor, "*batch 16"]


def targets_of(keypoints_px: Pose2D, pose_mm: Pose3D, side_px: float | int = SIDE_PX) -> Targets:
    r"""Places and depths under one scale: the 3D pose as a far-away camera would see it.

    keypoints_px  (..., 16, 2)  px of the crop; Human3.6M's joints in MPII's places (`FROM_HOUSE`)
    pose_mm       (..., 16, 3)  camera axes
    side_px       of the crop, which is square

    The picture is perspective, the answer is not: x, y and depth in mm are all multiplied by the
    same s, px per mm, that makes the bones as long in sum as they look. So places differ a little
    from the key points. The joint in the thorax's place, Human3.6M's spine, is where both are
    equal; afterwards it is put between the shoulders, where MPII's thorax is.

    Maths: :math:`s=\sum_e\lVert p_a-p_b\rVert/\sum_e\lVert X^{xy}_a-X^{xy}_b\rVert`.
    """
    root = MPII_16.index("thorax")
    left, right = MPII_16.indices("left_shoulder", "right_shoulder")
    centred = pose_mm - pose_mm[..., root : root + 1, :]
    scale = bone_sum(keypoints_px) / bone_sum(centred[..., :2])
    scaled = centred * scale[..., None, None]
    anchor = keypoints_px[..., root, :]
    plane = torch.full_like(anchor[..., :1], side_px / 2)
    scaled = scaled + torch.cat([anchor, plane], -1).unsqueeze(-2)
    moved = scaled.clone()
    moved[..., root, :] = (scaled[..., left, :] + scaled[..., right, :]) / 2
    return Targets(
        scaled, moved[..., :2], 2 * moved[..., 2] / side_px - 1, keypoints_px[..., 0] > 1
    )


def pose_in_map(
    places: Pose2D, depths: Float[Tensor, "*batch joints"], size_px: int = 64
) -> Pose3D:
    """Places in a map and depths as one pose (..., joints, 3), in px of the map."""
    return torch.cat([places, (depths.unsqueeze(-1) + 1) * (size_px / 2)], -1)
