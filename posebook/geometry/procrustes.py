"""The similarity that lays one pose over another, by the textbook's route: one SVD for each pose.

A `Similarity` is written for rows, as the field writes it: ``y = scale * x @ rotation +
translation``. `fast_procrustes` gives the distances that are left several times faster, for scores
over many thousand poses; a test holds the two equal. Taught in 05_metrics_and_protocols.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.shapes import Pose3D, Seen


@dataclass(frozen=True)
class Similarity:
    """A turn, a scale and a shift, for points in rows: y = scale * x @ rotation + translation.

    rotation (..., 3, 3), determinant +1; scale (...,) >= 0; translation (..., 3)
    """

    rotation: Tensor
    scale: Tensor
    translation: Tensor

    def apply(self, pose: Pose3D) -> Pose3D:
        turned = pose @ self.rotation
        return self.scale[..., None, None] * turned + self.translation.unsqueeze(-2)


def procrustes(
    pose: Pose3D, target: Pose3D, *, scale: bool = True, seen: Seen | None = None
) -> Similarity:
    r"""The similarity that brings `pose` nearest to `target`, by least squares; no reflections.

    pose, target  (..., joints, 3), one unit for both
    scale         False: turn and shift only
    seen          (..., joints); False leaves a joint out (its coordinates are not looked at)

    Always defined. All joints of `pose` in one place: scale 0, so it maps to the target's mean.
    Where several turns are equally good (joints on a line), one of them. NaN only from NaN.

    Maths: with centred poses :math:`A, B`, the best turn maximises
    :math:`\mathrm{tr}(R^\top A^\top B)`; its scale is that trace over :math:`\lVert A\rVert^2`.
    Source: Kabsch 1976; Umeyama 1991.
    """
    dtype = torch.promote_types(pose.dtype, target.dtype)
    pose, target = torch.broadcast_tensors(pose.double(), target.double())
    weight = torch.ones_like(pose[..., :1]) if seen is None else seen.unsqueeze(-1).double()
    (a, a_mean), (b, b_mean) = centred(pose, weight), centred(target, weight)
    a_size, b_size = (torch.linalg.matrix_norm(points) for points in (a, b))
    point = in_one_place(a_size, a_mean) | in_one_place(b_size, b_mean)
    product = (a_size * b_size)[..., None, None]
    rotation, trace = best_rotation(torch.where(point[..., None, None], 0.0, a.mT @ b / product))
    size = torch.where(point, 0.0, trace.clamp(min=0) * b_size / a_size)
    size = size if scale else torch.ones_like(size)
    shift = b_mean - size[..., None, None] * a_mean @ rotation
    return Similarity(rotation.to(dtype), size.to(dtype), shift.squeeze(-2).to(dtype))


def best_rotation(s: Float[Tensor, "*batch 3 3"]) -> tuple[Tensor, Tensor]:
    """The turn (..., 3, 3) for which tr(rotation.T @ s) is largest, and that trace (...)."""
    u, singular, vt = torch.linalg.svd(s.nan_to_num())
    sign = torch.where(torch.linalg.det(u @ vt) < 0, -1.0, 1.0).to(s)
    signs = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
    nan = 0.0 * s.sum((-2, -1))  # 0, or NaN where s holds one: the SVD would refuse it
    return (u * signs.unsqueeze(-2)) @ vt + nan[..., None, None], (singular * signs).sum(-1) + nan


def centred(points: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Points (..., joints, 3) about their mean, 0 where the weight is 0, and the mean."""
    points = torch.where(weight > 0, points, 0.0)
    mean = points.sum(-2, keepdim=True) / weight.sum(-2, keepdim=True).clamp(min=1)
    return (points - mean) * weight, mean


def in_one_place(size: Tensor, mean: Tensor) -> Tensor:
    """Whether joints agree to the last digits: what is left is rounding, not shape."""
    return size <= 1e-14 * mean.abs().amax((-2, -1))
