"""BlazePose's second network: 33 points of one person, in an upright square of 256 px.

It answers with 39 points. Six are no part of the body: number 33 is the middle of the hips and 34
the extent of the body, which make the square for a second look or for the next frame. Each has a
heat map, by which its place is made better, and a place in space, in metres about the hips.

Source: Bazarevsky et al. 2020, arXiv:2006.10204; MediaPipe 0.10's graph `pose_landmark_cpu`.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

#: Side of the square that the network looks at, px.
SIZE = 256
#: Points of a body, and of all.
BODY, ALL = 33, 39
#: The middle of the hips, and the extent of the body.
MIDDLE, EXTENT = 33, 34
#: A heat map is looked at in a window of so many places around the point,
_WINDOW = 7
#: and only where it is at least so sure.
_SURE = 0.5


class Landmarks(NamedTuple):
    """What the second network says of squares that each hold one person.

    points      (n, 39, 2)  px of the square
    visibility  (n, 39)     in [0, 1]: inside the picture and not hidden
    presence    (n, 39)     in [0, 1]: inside the picture
    somebody    (n,)        in [0, 1]: whether a person is there at all
    world_mm    (n, 33, 3)  mm about the middle of the hips: axes of the square, x right, y down,
                            z away from the camera
    """

    points: Float[Tensor, "n 39 2"]
    visibility: Float[Tensor, "n 39"]
    presence: Float[Tensor, "n 39"]
    somebody: Float[Tensor, " n"]
    world_mm: Float[Tensor, "n 33 3"]


def decoded(values: Tensor, somebody: Tensor, maps: Tensor, world: Tensor) -> Landmarks:
    """Landmarks of the network's numbers.

    values    (n, 195)          39 points: x, y, z in px, and logits of visibility and presence
    somebody  (n, 1)            in [0, 1]
    maps      (n, 64, 64, 39)   logits: rows, columns, points
    world     (n, 117)          39 points, metres
    """
    parts = values.reshape(-1, ALL, 5)
    points = refined(parts[..., :2] / SIZE, maps.permute(0, 3, 1, 2)) * SIZE
    return Landmarks(
        points,
        parts[..., 3].sigmoid(),
        parts[..., 4].sigmoid(),
        somebody.reshape(-1),
        1000 * world.reshape(-1, ALL, 3)[:, :BODY],
    )


def refined(
    points: Float[Tensor, "n joints 2"], maps: Float[Tensor, "n joints rows columns"]
) -> Float[Tensor, "n joints 2"]:
    """Points moved to the mean place of their heat map in a window around them.

    points  in parts of the square
    maps    logits; a point stays where it is if none of the window reaches a probability of 0.5,
            or if it lies outside the square
    """
    tall, wide = maps.shape[-2:]
    size = torch.tensor([wide, tall]).to(points)
    place = (points * size).floor()
    inside = ((place >= 0) & (place < size)).all(-1)
    half = _WINDOW // 2
    steps = torch.arange(-half, half + 1).to(points)
    x, y = (place[..., axis, None].clamp(0, float(size[axis]) - 1) + steps for axis in (0, 1))
    # Beyond the map's edges there is no probability.
    padded = functional.pad(maps.sigmoid(), (half,) * 4)
    rows, columns = (y + half).long(), (x + half).long()
    flat = rows.unsqueeze(-1) * padded.shape[-1] + columns.unsqueeze(-2)  # (n, joints, 7, 7)
    share = padded.flatten(-2).gather(-1, flat.flatten(-2)).unflatten(-1, flat.shape[-2:])
    total = share.sum((-1, -2)).clamp(min=1e-12)
    mean_x = (share.sum(-2) * x).sum(-1) / total
    mean_y = (share.sum(-1) * y).sum(-1) / total
    moved = torch.stack([mean_x, mean_y], -1) / size
    better = inside & (share.amax((-1, -2)) >= _SURE)
    return torch.where(better.unsqueeze(-1), moved, points)


def turned_back(
    world_mm: Float[Tensor, "n joints 3"], rotation_deg: Float[Tensor, " n"]
) -> Float[Tensor, "n joints 3"]:
    """Places in space in the picture's axes, of those in the axes of squares that are turned."""
    angle = torch.deg2rad(rotation_deg.double()).to(world_mm)
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    x, y, z = world_mm.unbind(-1)
    return torch.stack([cos * x - sin * y, sin * x + cos * y, z], -1)
