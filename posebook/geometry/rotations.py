"""Rotation matrices from quaternions, turns about axes, and where a camera looks.

A rotation *matrix* turns column vectors: v' = R v, which for points in rows reads
``points @ R.T``. Angles are in radians; quaternions are (w, x, y, z).
Taught in 02_skeletons_and_axes.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Points3D, Rotation


def quaternion_to_matrix(wxyz: Float[Tensor, "*batch 4"]) -> Rotation:
    """Rotation matrix (..., 3, 3) of a quaternion; any length but 0 (it is normalised)."""
    w, x, y, z = (wxyz / torch.linalg.vector_norm(wxyz, dim=-1, keepdim=True)).unbind(-1)
    rows = (
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    )  # fmt: skip
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def matrix_to_quaternion(matrix: Rotation) -> Float[Tensor, "*batch 4"]:
    """Quaternion (..., 4) of a rotation matrix, of length 1; of the two that there are, the one
    whose largest part is positive."""
    (a, b, c), (d, e, f), (g, h, i) = (row.unbind(-1) for row in matrix.unbind(-2))
    # Four times the products of the quaternion's parts with each other: each row is the quaternion,
    # times one of its parts. The row of the largest part is the most exact.
    products = (
        1 + a + e + i, h - f, c - g, d - b,
        h - f, 1 + a - e - i, b + d, c + g,
        c - g, b + d, 1 - a + e - i, f + h,
        d - b, c + g, f + h, 1 - a - e + i,
    )  # fmt: skip
    rows = torch.stack(products, -1).unflatten(-1, (4, 4))
    largest = rows.diagonal(dim1=-2, dim2=-1).argmax(-1)[..., None, None]
    return torch.nn.functional.normalize(rows.take_along_dim(largest, -2).squeeze(-2), dim=-1)


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
