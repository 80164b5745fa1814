"""A place as a mean over a heat map, as bzhao96 released it and as it should be.

Source: bzhao96's 3d-human-pose; the idea: X. Sun et al. 2018, arXiv:1711.08229. Taught in
09_pose_resnet.
"""

import torch
from torch import Tensor

from posebook.methods.stacked_hourglass.heatmaps import HeatMaps, peaks
from posebook.shapes import Pose2D

#: The released softmax multiplies by this, so that its mean is the largest entry's place.
RELEASED_FACTOR = 1000.0


def soft_argmax(maps: HeatMaps, *, reach: int = 5, half_pixel: bool = True) -> Pose2D:
    r"""The mean place of what is positive near the peak: (..., joints, 2), px of the map.

    reach       px from the peak to each side; 2.5 standard deviations of the target are enough
    half_pixel  False: the middle of a pixel is at whole numbers, as bzhao96's targets have it
    At the edge of a map the window is smaller, by as much on the other side: the mean stays with
    the peak. A map without anything positive gives its peak. Gradients reach the values.

    Maths: :math:`\sum_p w_p\,p/\sum_p w_p`, with :math:`w=\max(H,0)` in the window.
    """
    rows, columns = maps.shape[-2:]
    at = peaks(maps)
    x = torch.arange(columns, device=maps.device) - at[..., :1]  # (..., joints, columns)
    y = torch.arange(rows, device=maps.device) - at[..., 1:]
    room = torch.stack([at[..., 0], columns - 1 - at[..., 0]]).amin(0).clamp(1, reach)
    near_x = x.abs() <= room.unsqueeze(-1)
    room = torch.stack([at[..., 1], rows - 1 - at[..., 1]]).amin(0).clamp(1, reach)
    near_y = y.abs() <= room.unsqueeze(-1)
    weight = maps.clamp_min(0) * near_y.unsqueeze(-1) * near_x.unsqueeze(-2)
    total = weight.sum((-1, -2))
    moved = torch.stack([(weight.sum(-2) * x).sum(-1), (weight.sum(-1) * y).sum(-1)], -1)
    moved = torch.where(total.unsqueeze(-1) > 0, moved / total.clamp_min(1e-12).unsqueeze(-1), 0.0)
    return at + moved + (0.5 if half_pixel else 0.0)


def released_soft_argmax(maps: HeatMaps, factor: float = RELEASED_FACTOR) -> Pose2D:
    """A softmax of the sums over rows and over columns, and its mean place: as released.

    (..., joints, 2), px of the map, the middle of a pixel at whole numbers. At the released factor
    it is the place of the largest sum, a whole number, but for exact ties: what it was meant to
    add to the arg-max is lost. With a small factor the whole map counts, and draws the place
    towards its middle.
    """
    return torch.stack([_mean_index(factor * maps.sum(dim)) for dim in (-2, -1)], -1)


def _mean_index(logits: Tensor) -> Tensor:
    index = torch.arange(logits.shape[-1], dtype=logits.dtype, device=logits.device)
    return (logits.softmax(-1) * index).sum(-1)


def expected_place(logits: HeatMaps, *, half_pixel: bool = True) -> Pose2D:
    """The mean place under a softmax over the whole map, for a network that learned through it:
    (..., joints, 2), px of the map. Gradients reach every pixel."""
    share = logits.flatten(-2).softmax(-1).unflatten(-1, logits.shape[-2:])
    columns, rows = (
        torch.arange(count, dtype=logits.dtype, device=logits.device)
        for count in (logits.shape[-1], logits.shape[-2])
    )
    place = torch.stack([(share.sum(-2) * columns).sum(-1), (share.sum(-1) * rows).sum(-1)], -1)
    return place + (0.5 if half_pixel else 0.0)
