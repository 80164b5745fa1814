r"""Learning from clips without 3D: pose and path projected into the picture, and bones compared.

One batch has a labelled half, with the true pose and the true path of the hip, and an unlabelled
half, with key points only. The four parts of the loss, all with weight 1:

    pose        mean distance of joints, m                                     labelled half
    trajectory  mean distance of the hip over its true depth, unitless          labelled half
    projection  mean distance in the picture of pose + path, screen units       unlabelled half
    bones       mean difference of the halves' mean bone lengths, m             both halves

Source: Pavllo et al. 2019, arXiv:1811.11742, section 4. The paper ties the unlabelled bones to the
labelled; its code, followed here, lets the gradient reach both. Taught in 07_temporal_convolutions.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.cameras import Camera, normalise_screen
from posebook.cameras.lenses import distort
from posebook.errors import InputError
from posebook.methods.supervised_losses import (
    bone_length_loss,
    mpjpe_loss,
    weighted_mpjpe_loss,
)
from posebook.shapes import Pose2D, Pose3D, Scalar
from posebook.skeletons import HOUSE, Skeleton

Intrinsics = Float[Tensor, "*#batch 9"]
#: Of the nine numbers, those that change sign when a picture is mirrored: centre x and the
#: tangential term that goes with x.
MIRRORED = (2, 7)


def screen_intrinsics(cameras: Sequence[Camera | None]) -> Float[Tensor, "cameras 9"]:
    """Focal length, centre, k1, k2, k3, p1, p2 of each camera in screen units, float32.

    Screen units (`cameras.normalise_screen`) go from -1 to 1 across the picture's width. The two
    tangential terms are in the order of the convention 'videopose3d' of `lenses`. A camera of
    another convention (OpenCV, Human3.6M) has them the other way round; here they change places.
    """
    rows = []
    for camera in cameras:
        if camera is None or camera.size_px is None:
            who = "a clip without camera" if camera is None else f"camera {camera.name}"
            raise InputError(f"{who}: screen units need a camera and the size of its picture")
        focal = 2 / camera.size_px[0] * camera.focal_px
        centre = normalise_screen(camera.centre_px, *camera.size_px)
        swapped = camera.distortion != "videopose3d"
        tangential = camera.tangential.flip(0) if swapped else camera.tangential
        rows.append(torch.cat([focal, centre, camera.radial, tangential]))
    return torch.stack(rows).float()


def flip_intrinsics(intrinsics: Intrinsics, mirrored: Bool[Tensor, " batch"]) -> Intrinsics:
    """The cameras (batch, 9) of pictures, those that are `mirrored` (batch,) as mirrored."""
    sign = torch.ones_like(intrinsics)
    sign[..., MIRRORED] = torch.where(mirrored, -1.0, 1.0).to(sign).unsqueeze(-1)
    return sign * intrinsics


def project_to_screen(
    pose_mm: Pose3D, intrinsics: Intrinsics, *, lens: bool = True
) -> Float[Tensor, "*batch joints 2"]:
    """Where cameras see absolute poses (..., joints, 3), in screen units.

    intrinsics  (..., 9), one camera for each pose; see `screen_intrinsics`
    lens        False: without distortion

    As published, a ray more than 45 degrees off the axis is moved to 45 degrees. Further out, and
    behind the camera, the projection has no useful slope.
    """
    focal, centre, radial, tangential = (
        part.unsqueeze(-2) for part in intrinsics.split((2, 2, 3, 2), -1)
    )
    rays = (pose_mm[..., :2] / pose_mm[..., 2:]).clamp(-1, 1)
    if lens:
        rays = distort(rays, radial, tangential, "videopose3d")
    return focal * rays + centre


def projection_loss(
    pose_mm: Pose3D, keypoints: Pose2D, intrinsics: Intrinsics, *, lens: bool = True
) -> Scalar:
    r"""Mean distance in the picture, screen units: the loss that needs no truth in 3D.

    pose_mm     (..., joints, 3)  absolute, camera axes: the pose plus the hip's path
    keypoints   (..., joints, 2)  screen units, the same joints
    Maths: :math:`\frac1{NJ}\sum\lVert\Pi(\hat y+\hat r)-\tilde u\rVert`.
    """
    seen = project_to_screen(pose_mm, intrinsics, lens=lens)
    return torch.linalg.vector_norm(seen - keypoints, dim=-1).mean()


def trajectory_loss(root_mm: Pose3D, true_root_mm: Pose3D) -> Scalar:
    r"""Mean distance of the hip over its true depth: :math:`\frac1{y_z}\lVert\hat r-r\rVert`.

    root_mm, true_root_mm  (..., 1, 3)  absolute, camera axes. Unitless.
    Far paths get a smaller weight: they are harder to predict, and their errors matter less.
    """
    return weighted_mpjpe_loss(root_mm, true_root_mm, 1 / true_root_mm[..., 2])


def semi_supervised_losses(
    pose_mm: Float[Tensor, "both frames joints 3"],
    root_mm: Float[Tensor, "both frames 1 3"],
    true_pose_mm: Float[Tensor, "labelled frames joints 3"],
    true_root_mm: Float[Tensor, "labelled frames 1 3"],
    keypoints: Float[Tensor, "unlabelled frames joints 2"],
    intrinsics: Float[Tensor, "unlabelled frames_or_1 9"],
    *,
    skeleton: Skeleton = HOUSE,
    lens: bool = True,
) -> dict[str, Scalar]:
    """The four parts of the loss, by name, each with its weight: their sum is what is minimised.

    pose_mm       (labelled + unlabelled, frames, joints, 3)  predicted, about the hip
    root_mm       (labelled + unlabelled, frames, 1, 3)       predicted path of the hip, absolute
    true_pose_mm  (labelled, frames, joints, 3)               about the hip, whose own target is 0
    true_root_mm  (labelled, frames, 1, 3)                    absolute, camera axes
    keypoints     (unlabelled, frames, joints, 2)             screen units, of the same joints
    intrinsics    (unlabelled, frames or 1, 9)                of the camera that saw them
    """
    labelled = len(true_pose_mm)
    free_mm = pose_mm[labelled:] + root_mm[labelled:]
    bones_mm = bone_length_loss(pose_mm[labelled:], pose_mm[:labelled], skeleton)
    return dict(
        pose=mpjpe_loss(pose_mm[:labelled], true_pose_mm) / 1000,  # the weights are for metres
        trajectory=trajectory_loss(root_mm[:labelled], true_root_mm),
        projection=projection_loss(free_mm, keypoints, intrinsics, lens=lens),
        bones=bones_mm / 1000,
    )
