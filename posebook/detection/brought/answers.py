"""From what a network answers to a crop of one person, to places in it and scores.

Each function takes the answers in the order of the file and the size of the crop, and gives key
points (n, joints, 2), px of the crop from its top left corner, and scores (n, joints) in [0, 1].

In the projects that these networks come from, the middle of the first pixel is at 0; here at 0.5.
"""

import numpy
import torch
from torch import Tensor

from posebook.methods.stacked_hourglass import heatmaps

Size = tuple[int, int]
Answers = list[numpy.ndarray]
#: In px of the crop: the middle of the first pixel.
_MIDDLE = 0.5


def simcc(answers: Answers, size: Size) -> tuple[Tensor, Tensor]:
    """SimCC: a row of values for x and one for y, (n, joints, r width) and (n, joints, r height).

    A joint is where both are largest. Source: Li et al. 2022, arXiv:2107.03332; the score as in
    mmpose, `get_simcc_maximum`: the smaller of both.
    """
    rows = [torch.from_numpy(answer.copy()) for answer in answers[:2]]
    best = [row.max(-1) for row in rows]
    places = torch.stack(
        [value.indices * (side / row.shape[-1])
         for value, row, side in zip(best, rows, size, strict=True)], -1
    )  # fmt: skip
    scores = torch.minimum(best[0].values, best[1].values)
    return places + _MIDDLE, scores.clamp(0, 1)


def heat_maps(answers: Answers, size: Size) -> tuple[Tensor, Tensor]:
    """Heat maps (n, joints, rows, columns), a Gaussian of height 1 each: HRNet and its like.

    Place i of a map stands for px i size / columns of the crop: mmpose's `MSRAHeatmap`. Between
    pixels the place is read off a parabola, where mmpose moves it by a quarter of one.
    """
    maps = torch.from_numpy(answers[-1].copy())
    unit = torch.tensor(size) / torch.tensor([maps.shape[-1], maps.shape[-2]])
    return _places(maps) * unit + _MIDDLE, heatmaps.scores(maps).clamp(0, 1)


def udp_maps(answers: Answers, size: Size) -> tuple[Tensor, Tensor]:
    """Heat maps whose first and last places stand for the first and last px of the crop: ViTPose.

    Source: Huang et al. 2020, arXiv:1911.07524; mmpose's `UDPHeatmap`.
    """
    maps = torch.from_numpy(answers[-1].copy())
    last = torch.tensor([maps.shape[-1], maps.shape[-2]]) - 1
    unit = (torch.tensor(size) - 1) / last.clamp(min=1)
    return _places(maps) * unit + _MIDDLE, heatmaps.scores(maps).clamp(0, 1)


def _places(maps: Tensor) -> Tensor:
    return heatmaps.parabola(maps, half_pixel=False)


def movenet(answers: Answers, size: Size) -> tuple[Tensor, Tensor]:
    """MoveNet for one person: (n, 1, joints, 3), y, x in parts of the crop, and the score."""
    joints = torch.from_numpy(answers[0].copy())[:, 0]
    return joints[..., :2].flip(-1) * torch.tensor(size), joints[..., 2].clamp(0, 1)


def posenet(answers: Answers, size: Size) -> tuple[Tensor, Tensor]:
    """PoseNet: logits (n, joints, rows, columns), and how far a joint is from its place in them,
    (n, 2 joints, rows, columns) in px, all y before all x.

    Source: Papandreou et al. 2018, arXiv:1803.08225; TensorFlow's example `posenet`.
    """
    maps, offsets = (torch.from_numpy(answer.copy()) for answer in answers[:2])
    rows, columns = maps.shape[-2:]
    at = heatmaps.peaks(maps)  # (n, joints, 2): column, row
    flat = (at[..., 1] * columns + at[..., 0]).unsqueeze(-1)
    y, x = (half.flatten(-2).gather(-1, flat)[..., 0] for half in offsets.chunk(2, 1))
    stride = (torch.tensor(size) - 1) / (torch.tensor([columns, rows]) - 1).clamp(min=1)
    places = at * stride + torch.stack([x, y], -1)
    return places + _MIDDLE, heatmaps.scores(maps).sigmoid()
