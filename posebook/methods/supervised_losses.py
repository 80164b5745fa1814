"""Losses against the truth: differentiable, pure functions, one idea each.

Each returns one number, the mean over the batch. Nothing here knows of missing joints: choose the
joints first. Taught in 03_cameras_and_depth and 06_simple_baseline.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.geometry import bone_lengths
from posebook.shapes import Matrix3, Pose2D, Pose3D, Scalar
from posebook.skeletons import Skeleton


def mpjpe_loss(prediction_mm: Pose3D, target_mm: Pose3D) -> Scalar:
    r"""Mean distance of joints from their targets, mm.

    prediction_mm, target_mm  (batch, joints, 3), any axes, the same for both
    Maths: :math:`\frac{1}{NJ}\sum_{nj}\lVert\hat Y_{nj}-Y_{nj}\rVert`.
    Source: Pavllo et al. 2019, arXiv:1811.11742.
    """
    return torch.linalg.vector_norm(prediction_mm - target_mm, dim=-1).mean()


def weighted_mpjpe_loss(
    prediction_mm: Pose3D, target_mm: Pose3D, weights: Float[Tensor, "*#batch #joints"]
) -> Scalar:
    r"""Mean of weight times distance.

    weights  (batch, joints), or 1 in place of either; not normalised. For trajectories: 1 / depth
    Maths: :math:`\frac{1}{NJ}\sum_{nj}w_{nj}\lVert\hat Y_{nj}-Y_{nj}\rVert`.
    Source: Pavllo et al. 2019, arXiv:1811.11742.
    """
    apart_mm = torch.linalg.vector_norm(prediction_mm - target_mm, dim=-1)
    return (weights * apart_mm).mean()


def reprojection_loss(pose_mm: Pose3D, seen_px: Pose2D, camera_px: Matrix3) -> Scalar:
    r"""Mean distance, in pixels, from the projected pose to the keypoints seen.

    pose_mm    (batch, joints, 3)  camera axes: x right, y down, z forward, z > 0;
                                   absolute, NOT root-relative
    seen_px    (batch, joints, 2)  image axes: x right, y down, origin top left
    camera_px  (3, 3)              intrinsics K, focal length in pixels

    Maths: :math:`\frac{1}{NJ}\sum_{nj}\lVert\pi(KX_{nj})-x_{nj}\rVert`.
    Source: pinhole camera, Hartley & Zisserman 2004, ch. 6. Taught in 03_cameras_and_depth.
    """
    rays = pose_mm @ camera_px.to(pose_mm).T
    projected_px = rays[..., :2] / rays[..., 2:]
    return torch.linalg.vector_norm(projected_px - seen_px, dim=-1).mean()


def bone_length_loss(
    pose_mm: Pose3D, reference_mm: Float[Tensor, "*others joints 3"], skeleton: Skeleton
) -> Scalar:
    r"""Mean difference of two batches' mean bone lengths, mm: who is measured is left open.

    pose_mm, reference_mm  (batch, joints, 3); the batches may differ in size
    Maths: :math:`\frac1B\sum_b|\bar\ell_b(Y)-\bar\ell_b(Y')|`, bars over the batch.
    Source: Pavllo et al. 2019, arXiv:1811.11742, whose two batches are unlabelled and labelled.
    """
    return (_mean_lengths(pose_mm, skeleton) - _mean_lengths(reference_mm, skeleton)).abs().mean()


def _mean_lengths(pose_mm: Tensor, skeleton: Skeleton) -> Tensor:
    return bone_lengths(pose_mm, skeleton).flatten(end_dim=-2).mean(0)
