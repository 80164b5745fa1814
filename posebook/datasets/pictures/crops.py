"""One affine matrix takes a person out of a picture, and the key points with them.

A point (x, y) in px has its origin at the top left corner of the top left pixel, so that the middle
of that pixel is at (0.5, 0.5) and scaling a picture scales its points. `matrix`, `points` and
`sampled` all mean the same: what stands at a point of the picture stands at the mapped point of
the crop, to a fraction of a pixel.
Source: the transform of Zhou et al. 2017, arXiv:1704.02447 (a square around a centre, turned about
it). Taught in 08_stacked_hourglass.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

#: A picture that shrinks by more is averaged first: bilinear sampling alone would leave pixels out.
_SHRINKS_ALONE = 2.0


def sides(size: int | Sequence[int]) -> tuple[int, int]:
    """(width, height) of a crop in px: `size` is both, or a pair."""
    width, height = (size, size) if isinstance(size, int) else size
    return int(width), int(height)


def matrix(
    centre_px: Tensor, side_px: Tensor, rotation_deg: Tensor, size: int | Sequence[int]
) -> Tensor:
    """(n, 3, 3) float64: from px of the picture to px of the crop.

    centre_px     (n, 2)  what comes to the middle of the crop
    side_px       (n,)    how much of the picture fills the longer side of the crop
    rotation_deg  (n,)    by how much the crop is turned about its middle. Its axes being x right
                          and y down, a positive angle turns the person anticlockwise, as one
                          looks at the crop
    size          side of the square crop in px, or (width, height)
    """
    width, height = sides(size)
    centre_px, side_px = centre_px.double(), side_px.double()
    angle = torch.deg2rad(rotation_deg.double())
    scale = max(width, height) / side_px
    cos, sin = scale * angle.cos(), scale * angle.sin()
    made = torch.zeros(len(centre_px), 3, 3, dtype=torch.float64)
    made[:, 0, 0], made[:, 0, 1] = cos, sin
    made[:, 1, 0], made[:, 1, 1] = -sin, cos
    middle = torch.tensor([width / 2, height / 2], dtype=torch.float64)
    made[:, :2, 2] = middle - (made[:, :2, :2] @ centre_px.unsqueeze(-1)).squeeze(-1)
    made[:, 2, 2] = 1.0
    return made


def mirrored(matrices: Tensor, flipped: Tensor, size: int | Sequence[int]) -> Tensor:
    """The same maps, followed by a reflection from left to right where `flipped` (n,) is True."""
    mirror = torch.eye(3, dtype=matrices.dtype)
    mirror[0, 0], mirror[0, 2] = -1.0, sides(size)[0]
    return torch.where(flipped[:, None, None], mirror @ matrices, matrices)


def points(matrices: Tensor, keypoints_px: Tensor) -> Tensor:
    """Key points (n, joints, 2) under the maps (n, 3, 3); NaN stays NaN.

    With `matrices.inverse()` they come back from the crop to the picture.
    """
    linear, shift = matrices[:, :2, :2], matrices[:, :2, 2]
    mapped = keypoints_px.to(matrices) @ linear.transpose(1, 2) + shift.unsqueeze(1)
    return mapped.to(keypoints_px)


def sampled(pictures: Tensor, matrices: Tensor, size: int | Sequence[int]) -> Tensor:
    """Crops (n, channels, height, width) of pictures of one size, bilinear, black outside.

    pictures  (n, channels, height, width) floating
    matrices  (n, 3, 3) from px of the picture to px of the crop
    """
    width, height = sides(size)
    tall, wide = pictures.shape[-2:]
    # From corners of the crop in [-1, 1] back to corners of the picture in [-1, 1].
    to_crop = torch.tensor(
        [[width / 2, 0, width / 2], [0, height / 2, height / 2], [0, 0, 1]], dtype=matrices.dtype
    )
    to_unit = torch.tensor([[2 / wide, 0, -1], [0, 2 / tall, -1], [0, 0, 1]], dtype=matrices.dtype)
    back = (to_unit @ torch.linalg.inv(matrices) @ to_crop)[:, :2].to(pictures)
    shape = [len(pictures), pictures.shape[1], height, width]
    grid = functional.affine_grid(back, shape, align_corners=False)
    return functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="zeros", align_corners=False
    )


def crop(
    picture: Tensor,
    centre_px: Tensor,
    side_px: Tensor | float | int,
    rotation_deg: Tensor | float | int = 0.0,
    size: int | Sequence[int] = 256,
) -> tuple[Tensor, Tensor]:
    """One person out of a picture: the crop (height, width, 3) uint8, and its matrix (3, 3).

    picture  (height, width, 3) uint8; the other arguments as in `matrix`, for one person
    """
    centre_px = torch.as_tensor(centre_px, dtype=torch.float64)
    side_px, rotation_deg = (
        torch.as_tensor(value, dtype=torch.float64).reshape(1) for value in (side_px, rotation_deg)
    )
    found = matrix(centre_px.reshape(1, 2), side_px, rotation_deg, size)
    return cut(picture, found[0], size), found[0]


def cut(picture: Tensor, one: Tensor, size: int | Sequence[int]) -> Tensor:
    """The crop (height, width, 3) uint8 of a picture (height, width, 3) uint8 under a map (3, 3).

    Only the part of the picture that the crop shows is touched. Where that part shrinks to less
    than a half, squares of pixels are averaged first.
    """
    width, height = sides(size)
    corners = torch.tensor([[0, 0], [width, 0], [0, height], [width, height]], dtype=one.dtype)
    seen = points(torch.linalg.inv(one)[None], corners[None])[0]
    limit = torch.tensor([picture.shape[1], picture.shape[0]])
    shrinks = float(1 / one[:2, :2].det().abs().sqrt())
    factor = int(shrinks) if shrinks >= _SHRINKS_ALONE else 1
    low = ((seen.amin(0).floor().long() - factor) // factor * factor).clamp(min=0)
    high = torch.minimum(seen.amax(0).ceil().long() + factor + 1, limit)
    if (low >= high).any():
        return torch.zeros(height, width, picture.shape[2], dtype=torch.uint8)
    part = picture[low[1] : high[1], low[0] : high[0]].permute(2, 0, 1)[None].float()
    to_picture = torch.eye(3, dtype=one.dtype)
    to_picture[0, 2], to_picture[1, 2] = low.to(one.dtype)
    if factor > 1:
        part = functional.avg_pool2d(part, factor, ceil_mode=True, count_include_pad=False)
        to_picture[0, 0] = to_picture[1, 1] = factor
    made = sampled(part, (one @ to_picture)[None], size)[0]
    return made.round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous()
