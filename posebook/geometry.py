"""Rotations, similarity Procrustes, bones, kinematic chain space. Tensors in, tensors out.

Two conventions, said once. A rotation *matrix* turns column vectors: v' = R v, which for points
in rows reads ``points @ R.T``. A `Similarity` is written for rows, as the field writes it:
``y = scale * x @ rotation + translation``. Angles are in radians; quaternions are (w, x, y, z).
Taught in 02_skeletons_and_axes and 05_metrics_and_protocols.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Points3D, Pose3D, Rotation, Seen
from posebook.skeletons import Skeleton

# ---------------------------------------------------------------------------------- rotations


def quaternion_to_matrix(wxyz: Float[Tensor, "*batch 4"]) -> Rotation:
    """Rotation matrix (..., 3, 3) of a quaternion; any length but 0 (it is normalised)."""
    w, x, y, z = (wxyz / torch.linalg.vector_norm(wxyz, dim=-1, keepdim=True)).unbind(-1)
    rows = (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def axis_angle_to_matrix(turn: Points3D) -> Rotation:
    """Rotation matrix (..., 3, 3) of a turn (..., 3): its direction the axis, its length the angle.

    Smooth through the zero turn, which is the identity.
    """
    angle = torch.linalg.vector_norm(turn, dim=-1, keepdim=True)
    half_sine = 0.5 * torch.sinc(angle / (2 * torch.pi))  # sin(angle / 2) / angle
    return quaternion_to_matrix(torch.cat([torch.cos(angle / 2), half_sine * turn], -1))


def euler_to_matrix(angles: Float[Tensor, "*batch turns"], order: str = "xyz") -> Rotation:
    """Product of turns about the axes, written from left to right as in `order`.

    order "xyz" is R = Rx(angles[0]) Ry(angles[1]) Rz(angles[2]): Human3.6M's camera angles. A BVH
    file whose channels read Zrotation Xrotation Yrotation is order "zxy". Any number of turns.
    """
    if angles.shape[-1] != len(order) or set(order.lower()) - set("xyz"):
        raise InputError(f"{angles.shape[-1]} angles and order '{order}': expected a letter each")
    matrix = torch.eye(3, dtype=angles.dtype, device=angles.device)
    for angle, axis in zip(angles.unbind(-1), order.lower(), strict=True):
        c, s, one, zero = angle.cos(), angle.sin(), torch.ones_like(angle), torch.zeros_like(angle)
        turn = {
            "x": (one, zero, zero, zero, c, -s, zero, s, c),
            "y": (c, zero, s, zero, one, zero, -s, zero, c),
            "z": (c, -s, zero, s, c, zero, zero, zero, one),
        }[axis]
        matrix = matrix @ torch.stack(turn, -1).unflatten(-1, (3, 3))
    return matrix


def look_at(
    position: Points3D, target: Points3D, up: Sequence[float] = (0.0, 0.0, 1.0)
) -> Rotation:
    """World-to-camera rotation (..., 3, 3) of a camera at `position` that looks at `target`.

    Camera axes: x right, y down, z forward, so the rows are these directions in the world. Looking
    straight up or down leaves the roll open: then the world's x axis (or y axis) serves as `up`.
    """
    forward = torch.nn.functional.normalize(target - position, dim=-1)
    ups = torch.tensor([tuple(up), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0)]).to(forward)
    rights = torch.linalg.cross(*torch.broadcast_tensors(forward.unsqueeze(-2), ups))
    usable = torch.linalg.vector_norm(rights, dim=-1) > 1e-6
    first = usable.to(torch.uint8).argmax(-1)[..., None, None]
    right = torch.nn.functional.normalize(rights.take_along_dim(first, dim=-2).squeeze(-2), dim=-1)
    return torch.stack([right, torch.linalg.cross(forward, right), forward], -2)


# --------------------------------------------------------------------------------- Procrustes


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
    Where several turns are equally good (joints on a line), one of them.

    Maths: the best turn of the centred poses :math:`A, B` has
    :math:`\lambda=\max_R \mathrm{tr}(R^\top S)` with :math:`S=A^\top B`, and the scale is
    :math:`\lambda/\lVert A\rVert^2`. :math:`\lambda` is the largest root of the quartic of Horn
    1987 (found by Newton's method, Theobald 2005), and :math:`R=\partial\lambda/\partial S`, which
    differentiating the quartic gives in closed form. That is elementwise arithmetic, several times
    faster than one SVD per pose; the few poses where it loses digits go through the SVD.
    """
    a, b = torch.broadcast_tensors(pose.double(), target.double())
    if seen is None:
        a_mean, b_mean = a.mean(-2, keepdim=True), b.mean(-2, keepdim=True)
        a, b = a - a_mean, b - b_mean
    else:
        weight = seen.to(a).unsqueeze(-1)
        count = weight.sum(-2, keepdim=True).clamp(min=1)
        a, b = torch.where(weight > 0, a, 0.0), torch.where(weight > 0, b, 0.0)
        a_mean, b_mean = a.sum(-2, keepdim=True) / count, b.sum(-2, keepdim=True) / count
        a, b = (a - a_mean) * weight, (b - b_mean) * weight
    a_size = torch.linalg.vector_norm(a, dim=(-2, -1))
    b_size = torch.linalg.vector_norm(b, dim=(-2, -1))
    # Joints that agree to the last digits are in one place: what is left is rounding, not shape.
    digits = 8 * torch.finfo(a.dtype).eps * a.shape[-2] ** 0.5
    a_point = a_size <= digits * a_mean.abs().amax(dim=(-2, -1))
    b_point = b_size <= digits * b_mean.abs().amax(dim=(-2, -1))
    ratio = torch.where(a_point | b_point, 0.0, b_size / a_size)
    unit = torch.where(a_point | b_point, 0.0, 1 / (a_size * b_size))
    rotation, fit = _best_rotation((a.mT @ b) * unit[..., None, None])
    size = ratio * fit.clamp(min=0) if scale else torch.ones_like(fit)
    shift = (b_mean - size[..., None, None] * (a_mean @ rotation)).squeeze(-2)
    dtype = torch.promote_types(pose.dtype, target.dtype)
    return Similarity(rotation.to(dtype), size.to(dtype), shift.to(dtype))


def _best_rotation(s: Float[Tensor, "*batch 3 3"]) -> tuple[Tensor, Tensor]:
    """(rotation, lam) with lam = max tr(rotation.T @ s); s has a Frobenius norm of at most 1."""
    squares = (s * s).sum((-2, -1))
    x, y, z = s.unbind(-2)
    cross = torch.linalg.cross
    cofactors = torch.stack([cross(y, z), cross(z, x), cross(x, y)], -2)
    det = (x * cofactors[..., 0, :]).sum(-1)
    constant = squares * squares - 4 * (cofactors * cofactors).sum((-2, -1))
    # lam^4 - 2 squares lam^2 - 8 det lam + constant = 0. All four roots are real; from above the
    # largest, Newton's steps come down to it and never pass it.
    lam = (3 * squares).sqrt()
    for _ in range(50):
        slope = 4 * (lam * (lam * lam - squares) - 2 * det)
        value = (lam * lam - 2 * squares) * lam * lam - 8 * det * lam + constant
        step = torch.where(slope > 0, value / slope, 0.0)
        lam = lam - step
        if not (step.abs() > 1e-12).any():
            break
    slope = 4 * (lam * (lam * lam - squares) - 2 * det)
    wide = lambda v: v[..., None, None]  # noqa: E731
    numerator = wide(lam * lam + squares) * s + wide(2 * lam) * cofactors - 2 * s @ (s.mT @ s)
    rotation = 4 * numerator / wide(slope)
    # The slope is the product of the distances to the other roots: where it is small, two turns
    # are nearly as good as each other and the closed form has lost digits.
    doubtful = ~(slope > 1e-2) & torch.isfinite(squares)
    if doubtful.any():
        rotation, lam = rotation.clone(), lam.clone()
        rotation[doubtful], lam[doubtful] = _best_rotation_by_svd(s[doubtful])
    return rotation, lam


def _best_rotation_by_svd(s: Float[Tensor, "batch 3 3"]) -> tuple[Tensor, Tensor]:
    u, singular, vt = torch.linalg.svd(s)
    sign = torch.where(torch.linalg.det(u @ vt) < 0, -1.0, 1.0).to(s)
    signs = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
    return (u * signs.unsqueeze(-2)) @ vt, (singular * signs).sum(-1)


# -------------------------------------------------------------------------------------- bones


def bone_vectors(
    pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton
) -> Float[Tensor, "*batch bones dim"]:
    """From each bone's parent joint to its child joint, in the order of `skeleton.bones`."""
    parents, children = zip(*skeleton.bones, strict=True)
    return pose[..., list(children), :] - pose[..., list(parents), :]


def bone_lengths(
    pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton
) -> Float[Tensor, "*batch bones"]:
    """Length of each bone, in the pose's unit, in the order of `skeleton.bones`."""
    return torch.linalg.vector_norm(bone_vectors(pose, skeleton), dim=-1)


def kinematic_chain(
    pose: Pose3D, bones: Sequence[tuple[int, int]]
) -> Float[Tensor, "*batch bones bones"]:
    """Kinematic chain space: the dot product of each bone with each other bone.

    bones  (start joint, end joint) indices; may name pairs that no skeleton joins
    Squared bone lengths on the diagonal, angles off it; does not change under rotation or
    reflection. Source: Wandt & Rosenhahn 2019 (RepNet), arXiv:1902.09868, section 3.3.
    """
    starts, ends = zip(*bones, strict=True)
    vectors = pose[..., list(starts), :] - pose[..., list(ends), :]
    return vectors @ vectors.mT


def root_relative(
    pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton
) -> Float[Tensor, "*batch joints dim"]:
    """The pose with its root at the origin; between the hips where the set marks no pelvis."""
    roots = (skeleton.root,) if skeleton.root else ("left_hip", "right_hip")
    return pose - pose[..., skeleton.indices(*roots), :].mean(-2, keepdim=True)
