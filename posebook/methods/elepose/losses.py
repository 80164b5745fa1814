"""ElePose's training without 3D: lift, set upright, look from elsewhere, ask how likely that is.

Source: B. Wandt, J. J. Little, H. Rhodin 2022, arXiv:2112.07088, and its published code. Taught in
16_elepose. Key points are normalised: hip at 0, x right, y down, the head about 0.1 from the hip.
Poses are in units, relative to the hip, in camera axes: x right, y down, z away; the head is about
1 from the hip. As in chapter 15, the camera is 10 units away from the hip, also after a turn. No
random number is drawn here; random numbers are arguments.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.geometry import bone_lengths, euler_to_matrix, root_relative
from posebook.methods.ambiguity_aware import losses as unit_camera
from posebook.methods.ambiguity_aware.losses import DISTANCE
from posebook.shapes import Pose2D, Pose3D, Rotation, Scalar
from posebook.skeletons import HOUSE

#: If elevations are not learned, cameras tilt up or down by at most this, radians (20 degrees).
FIXED_TILT = math.pi / 9
#: Lengths of the house skeleton's bones over their mean; a bone is named after its far joint.
#: Published without a source. Such means come from measured people, that is, from 3D.
BONE_RATIOS: dict[str, float] = {
    "right_hip": 0.5181, "right_knee": 1.7371, "right_foot": 1.7229,
    "left_hip": 0.5181, "left_knee": 1.7371, "left_foot": 1.7229,
    "spine": 0.9209, "thorax": 0.9879, "neck_nose": 0.4481, "head": 0.4450,
    "left_shoulder": 0.5746, "left_elbow": 1.0812, "left_wrist": 0.9652,
    "right_shoulder": 0.5746, "right_elbow": 1.0812, "right_wrist": 0.9652,
}  # fmt: skip

Depths = Float[Tensor, "batch joints"]
Each = Float[Tensor, " batch"]


def normalise(keypoints_px: Pose2D, scale_px: Tensor | float | int) -> Pose2D:
    """Key points about the hip, divided by ten times a length in the picture: normalised units.

    keypoints_px  (batch, joints, 2)  px
    scale_px      the mean distance in the picture from head to hip, over all training poses
    """
    return root_relative(keypoints_px, HOUSE) / (DISTANCE * scale_px)


def back_project(keypoints: Pose2D, depths: Depths) -> Pose3D:
    """Put each joint at its depth on its ray: (batch, joints, 3) in units, relative to the hip.

    keypoints  (batch, joints, 2)  normalised, hip at 0
    depths     (batch, joints)     relative to the hip, in units; the hip's own is replaced by 0
    No joint comes nearer to the camera than one unit.
    """
    hip = HOUSE.index("hip")
    others = torch.ones_like(depths[:1])
    others[:, hip] = 0
    return root_relative(unit_camera.back_project(keypoints, depths * others), HOUSE)


def project(pose: Pose3D) -> Pose2D:
    """What a camera ten units from the hip sees: (batch, joints, 2); not normalised again."""
    return pose[..., :2] / (pose[..., 2:] + DISTANCE)


def random_view(elevation: Each, azimuth: Each, noise: Each) -> Rotation:
    r"""The turn from each pose's own camera to one with an elevation like those of the batch.

    elevation  (batch,)  predicted, radians: pose @ turn_x(elevation).T is upright
    azimuth    (batch,)  radians, drawn evenly from the full circle
    noise      (batch,)  drawn from the standard normal distribution
    The gradient goes through the elevations, their mean and their (unbiased) standard deviation.

    Maths: :math:`R_x(-\bar\theta+\sigma_\theta\epsilon)\,R_y(\alpha)\,R_x(\theta)`.
    """
    if len(elevation) < 2:
        raise InputError("ElePose: a batch of one pose has no spread of elevations; expected 2")
    tilt = -elevation.mean() + elevation.std() * noise
    return euler_to_matrix(torch.stack([tilt, azimuth, elevation], -1), "xyx")


def fixed_view(azimuth: Each, tilt: Each) -> Rotation:
    r"""The variant that learns no elevation: spin, then tilt. (batch, 3, 3)

    tilt  (batch,)  radians, drawn evenly from -FIXED_TILT to FIXED_TILT
    Maths: :math:`R_x(\beta)R_y(\alpha)`.
    """
    return euler_to_matrix(torch.stack([tilt, azimuth], -1), "xy")


@dataclass(frozen=True)
class Cycle:
    """A pose and what the round trip makes of it; (batch, joints, 2 or 3), relative to the hip.

    pose             lifted from the picture, in its camera's axes
    turned           the same pose in another camera's axes
    seen             what the other camera sees
    seen_pose        lifted from that
    back, back_seen  turned back, and projected into the first camera
    """

    pose: Pose3D
    turned: Pose3D
    seen: Pose2D
    seen_pose: Pose3D
    back: Pose3D
    back_seen: Pose2D


def cycle(
    keypoints: Pose2D, depths: Depths, view: Rotation, depths_of: Callable[[Pose2D], Depths]
) -> Cycle:
    """Lift, turn by `view` (batch, 3, 3), project, lift again with `depths_of`, and turn back."""
    pose = back_project(keypoints, depths)
    turned = pose @ view.mT
    seen = project(turned)
    seen_pose = back_project(seen, depths_of(seen))
    back = seen_pose @ view
    return Cycle(pose, turned, seen, seen_pose, back, project(back))


def keypoint_loss(keypoints: Pose2D, back_seen: Pose2D) -> Scalar:
    r"""Mean over poses of the sum of absolute differences: :math:`\lVert\hat x-x\rVert_1`."""
    return (back_seen - keypoints).abs().sum((-1, -2)).mean()


def pose_loss(turned: Pose3D, seen_pose: Pose3D) -> Scalar:
    r"""Mean over poses of the norm over all joints together: :math:`\lVert Y-\hat Y\rVert_2`."""
    return torch.linalg.vector_norm((turned - seen_pose).flatten(1), dim=-1).mean()


def deformation_loss(pose: Pose3D, back: Pose3D) -> Scalar:
    r"""The difference of two poses must be the same before and after the round trip.

    Poses 0 and 1 of the batch are a pair, 2 and 3 the next; a last one without a partner is left
    out. The batch is shuffled, so a pair has nothing to do with time.
    Maths: :math:`\lVert(X_{2i}-X_{2i+1})-(\hat X_{2i}-\hat X_{2i+1})\rVert_2`, mean over pairs.
    """
    count = len(pose) // 2 * 2
    change = (pose - back)[:count]
    return torch.linalg.vector_norm((change[0::2] - change[1::2]).flatten(1), dim=-1).mean()


def bone_loss(pose: Pose3D, ratios: Mapping[str, float] = BONE_RATIOS) -> Scalar:
    r"""Squared difference between relative bone lengths and given ratios, summed over bones.

    Maths: :math:`\sum_b(\rho_b-\ell_b/\bar\ell)^2`, mean over poses.
    """
    wanted = pose.new_tensor([ratios[bone] for bone in HOUSE.bone_names])
    return (wanted - relative_lengths(pose)).square().sum(-1).mean()


def own_bone_loss(pose: Pose3D) -> Scalar:
    r"""`bone_loss` with the mean ratios of the batch, left and right together, as the wanted ones.

    This is ours, not the paper's. It needs no measured person. People have similar proportions, and
    equal sides. So a bone that is short in one pose and long in the next was lifted wrongly in one
    of them.
    Maths: :math:`\sum_b(\bar r_b-r_b)^2` with :math:`r_b=\ell_b/\bar\ell`, mean over poses.
    """
    lengths = relative_lengths(pose)
    names = HOUSE.bone_names
    twin = [names.index(HOUSE.joints[HOUSE.mirror[HOUSE.index(bone)]]) for bone in names]
    mean = lengths.mean(0)
    return (lengths - (mean + mean[twin]) / 2).square().sum(-1).mean()


def relative_lengths(pose: Pose3D) -> Float[Tensor, "batch bones"]:
    """Bone lengths over the mean of the pose's bone lengths."""
    lengths = bone_lengths(pose, HOUSE)
    return lengths / lengths.mean(-1, keepdim=True)
