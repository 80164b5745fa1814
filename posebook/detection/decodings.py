"""From a network's maps to places and scores, each way under the name that a file may say."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.methods.pose_resnet.soft_argmax import expected_place, soft_argmax
from posebook.methods.stacked_hourglass import heatmaps
from posebook.methods.stacked_hourglass.heatmaps import HeatMaps
from posebook.shapes import Pose2D

Scores = Float[Tensor, "*batch joints"]
#: Probability within this part of the map's width to each side of a place counts for it: about half
#: the height of a head.
NEAR = 0.08


def share_near(maps: HeatMaps, places: Pose2D) -> Scores:
    """The part of each map's probability (the softmax of its logarithms) that is near a place.

    A network that is sure puts nearly all of it there: 1. One that has no idea spreads it over the
    map: nearly 0.
    """
    share = maps.flatten(-2).softmax(-1).unflatten(-1, maps.shape[-2:])
    rows, columns = (torch.arange(n, device=maps.device) + 0.5 for n in maps.shape[-2:])
    reach = NEAR * maps.shape[-1]
    near_x = (columns - places[..., :1]).abs() <= reach  # (..., joints, columns)
    near_y = (rows - places[..., 1:]).abs() <= reach
    return (share * near_y.unsqueeze(-1) * near_x.unsqueeze(-2)).sum((-1, -2)).clamp(0, 1)


def height(maps: HeatMaps, places: Pose2D) -> Scores:
    """The largest value of each map, where the target is a Gaussian of height 1."""
    return heatmaps.scores(maps).clamp(0, 1)


def _of_logits(maps: HeatMaps) -> Pose2D:
    return heatmaps.parabola(maps, logits=True)


#: Name: (maps to places in px of the map, maps and places to scores in [0, 1]). The first is for
#: networks that learned by `losses.cross_entropy`; `expected_place` for those that learned through
#: it; the others for maps that are Gaussians of height 1.
DECODINGS: dict[str, tuple[Callable[[HeatMaps], Pose2D], Callable[[HeatMaps, Pose2D], Scores]]] = {
    "parabola_of_logits": (_of_logits, share_near),
    "expected_place": (expected_place, share_near),
    "parabola": (heatmaps.parabola, height),
    "quarter_pixel": (heatmaps.quarter_pixel, height),
    "soft_argmax": (soft_argmax, height),
}
