"""Rotations, similarity Procrustes, bones, kinematic chain space. Tensors in, tensors out.

Two conventions, said once. A rotation *matrix* turns column vectors: v' = R v, which for points
in rows reads ``points @ R.T``. A `Similarity` is written for rows, as the field writes it:
``y = scale * x @ rotation + translation``. Angles are in radians; quaternions are (w, x, y, z).
Taught in 02_skeletons_and_axes and 05_metrics_and_protocols.
"""

import itertools
from collections.abc import Iterator, Sequence
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
    position: Points3D, target: Points3D, up: Sequence[float | int] = (0.0, 0.0, 1.0)
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
    Where several turns are equally good (joints on a line), one of them. NaN only from NaN.

    Maths: the best turn of the centred poses :math:`A, B` has
    :math:`\lambda=\max_R \mathrm{tr}(R^\top S)` with :math:`S=A^\top B`, and the scale is
    :math:`\lambda/\lVert A\rVert^2`. :math:`\lambda` is the largest root of Horn's quartic (Horn
    1987, found by Newton's method as in Theobald 2005), and :math:`R=\partial\lambda/\partial S`,
    which differentiating the quartic gives in closed form. That is plain arithmetic, several times
    faster than one SVD per pose; the few poses where it loses digits go through the SVD.
    """
    batch, pieces = _pieces(pose, target, seen)
    fits = [_fit(*piece, scale) for piece in pieces]
    rotation = torch.cat([fit.rotation for fit in fits], -1).permute(2, 0, 1)
    size = torch.cat([fit.scale for fit in fits], -1)
    shift = torch.cat([fit.shift() for fit in fits], -1).T
    dtype = torch.promote_types(pose.dtype, target.dtype)
    return Similarity(
        rotation.reshape(*batch, 3, 3).to(dtype),
        size.reshape(batch).to(dtype),
        shift.reshape(*batch, 3).to(dtype),
    )


@torch.no_grad()
def aligned_distances(
    pose: Pose3D, target: Pose3D, *, scale: bool = True, seen: Seen | None = None
) -> Float[Tensor, "*batch joints"]:
    """Distance of each joint from its target after `procrustes`: same arguments, one fast pass.

    Joints that are not `seen` have the distance 0. For measuring: no gradient comes back.
    """
    batch, pieces = _pieces(pose, target, seen)
    distances = []
    for piece in pieces:
        fit = _fit(*piece, scale)
        apart = fit.b.neg_()
        for a_along, turn in zip(fit.a.split(1, dim=1), fit.scale * fit.rotation, strict=True):
            apart.addcmul_(a_along, turn)
        distances.append(apart.square_().sum(1).sqrt_().T.contiguous())
    dtype = torch.promote_types(pose.dtype, target.dtype)
    return torch.cat(distances).reshape(*batch, pose.shape[-2]).to(dtype)


# From here to the bones, arrays have the batch LAST: poses (joints, 3, n), matrices (3, 3, n). Each
# line is then one long run over memory; a few thousand poses at a time stay in the cache; and what
# is as large as they are is worked on in place. Together that is five times faster than the same
# lines on (n, joints, 3).


@dataclass
class _Fit:
    """A fitted similarity: scale * a @ rotation lies on b; both were centred at their means."""

    a: Tensor
    b: Tensor
    a_mean: Tensor
    b_mean: Tensor
    rotation: Tensor
    scale: Tensor

    def shift(self) -> Tensor:
        return self.b_mean - self.scale * (self.a_mean[:, None] * self.rotation).sum(0)


def _pieces(
    pose: Tensor, target: Tensor, seen: Tensor | None
) -> tuple[torch.Size, Iterator[tuple[Tensor, Tensor, Tensor | None]]]:
    """The batch shape, and (pose, target, weight of joints) in float64, some poses at a time."""
    pose, target = torch.broadcast_tensors(pose, target)
    batch, joints = pose.shape[:-2], pose.shape[-2]
    count = max(1, batch.numel())
    step = 4096 if pose.device.type == "cpu" else count

    def batch_last(values: Tensor, width: int) -> Iterator[Tensor]:
        for piece in values.reshape(-1, joints * width).split(step):
            copy = torch.empty(piece.T.shape, dtype=torch.float64, device=piece.device)
            yield copy.copy_(piece.T).view(joints, width, -1)

    nothing = itertools.repeat(None)
    weights = nothing if seen is None else batch_last(seen.expand(*batch, joints), 1)
    return batch, zip(batch_last(pose, 3), batch_last(target, 3), weights, strict=False)


def _fit(a: Tensor, b: Tensor, weight: Tensor | None, scale: bool) -> _Fit:
    if weight is None:
        a_mean, b_mean = a.mean(0), b.mean(0)
        a -= a_mean
        b -= b_mean
    else:
        a, b = torch.where(weight > 0, a, 0.0), torch.where(weight > 0, b, 0.0)
        count = weight.sum(0).clamp(min=1)
        a_mean, b_mean = a.sum(0) / count, b.sum(0) / count
        a, b = (a - a_mean) * weight, (b - b_mean) * weight
    s, a_squares, b_squares = (a.new_zeros(*size, a.shape[-1]) for size in ((3, 3), (3,), (3,)))
    for a_joint, b_joint in zip(a, b, strict=True):
        s.addcmul_(a_joint[:, None], b_joint)
        a_squares.addcmul_(a_joint, a_joint)
        b_squares.addcmul_(b_joint, b_joint)
    a_size, b_size = a_squares.sum(0).sqrt(), b_squares.sum(0).sqrt()
    # Joints that agree to the last digits are in one place: what is left is rounding, not shape.
    digits = 8 * torch.finfo(a.dtype).eps * len(a) ** 0.5
    point = a_size <= digits * a_mean.abs().amax(0)
    point |= b_size <= digits * b_mean.abs().amax(0)
    rotation, lam = _best_rotation(torch.where(point, 0.0, s / (a_size * b_size)))
    ratio = torch.where(point, 0.0, lam.clamp(min=0) * b_size / a_size)
    return _Fit(a, b, a_mean, b_mean, rotation, ratio if scale else torch.ones_like(ratio))


def _best_rotation(s: Float[Tensor, "3 3 n"]) -> tuple[Tensor, Tensor]:
    """(rotation, lam) with lam = max tr(rotation.T @ s), where lam is known to be at most 1."""
    squares = s.square().sum((0, 1))
    further = {(i, j): s.roll((-i, -j), (0, 1)) for i in (1, 2) for j in (1, 2)}  # s[+i, +j]
    cofactors = further[1, 1] * further[2, 2] - further[1, 2] * further[2, 1]
    det = (s[0] * cofactors[0]).sum(0)
    constant = squares.square() - 4 * cofactors.square().sum((0, 1))
    # lam^4 - 2 squares lam^2 - 8 det lam + constant = 0. All four roots are real; from above the
    # largest, Newton's steps come down to it and do not pass it.
    lam = (3 * squares).sqrt().clamp(max=1)
    for _ in range(16):
        slope = 4 * (lam * (lam * lam - squares) - 2 * det)
        value = (lam * lam - 2 * squares) * lam * lam - 8 * det * lam + constant
        step = value / slope
        lam = lam - step
        if not (step.abs() > 1e-9).any():  # the next step would be under 1e-15
            break
    slope = 4 * (lam * (lam * lam - squares) - 2 * det)
    sss = (s[:, :, None] * (s[:, :, None] * s[:, None]).sum(0)).sum(1)  # s @ s.T @ s
    rotation = ((lam * lam + squares) * s + 2 * lam * cofactors - 2 * sss) * (4 / slope)
    # The slope is the product of the distances to the other roots: where it is small, two turns
    # are nearly as good as each other and the closed form has lost digits.
    doubtful = ~((slope > 1e-2) & (step.abs() < 1e-9)) & torch.isfinite(squares)
    if doubtful.any():
        rows = doubtful.nonzero().squeeze(-1)
        by_svd, lam_by_svd = _best_rotation_by_svd(s[:, :, rows].permute(2, 0, 1))
        rotation = rotation.index_copy(2, rows, by_svd.permute(1, 2, 0))
        lam = lam.index_copy(0, rows, lam_by_svd)
    return rotation, lam


def _best_rotation_by_svd(s: Float[Tensor, "n 3 3"]) -> tuple[Tensor, Tensor]:
    """The same by the textbook's route (Kabsch 1976), with the batch first."""
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
