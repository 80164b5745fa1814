"""Who finds people for a network that reads one person at a time: the best that is here."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from posebook.datasets.pictures.people import boxes_around
from posebook.detection import blazepose, litert, movenet, weights
from posebook.detection.found import AnyDetector, Found
from posebook.key_points import MIN_CONFIDENCE

#: A box around key points is made so many times as large before it counts as a person's: heads and
#: feet reach beyond their joints. mmdeploy's and rtmlib's trackers do the same.
AROUND_JOINTS = 1.25


class Finder(NamedTuple):
    """name  as notes say it; detector  that finds people, None: the picture's parts are read"""

    name: str
    detector: AnyDetector | None


def best() -> Finder:
    """BlazePose or MoveNet where their weights have been fetched; else nobody."""
    made: dict[str, Callable] = {"blazepose": blazepose.of_files, "movenet": movenet.of_files}
    for name, of_files in made.items():
        runs = litert.there() or weights.of(name).needs is None
        if runs and weights.are_here(name):
            return Finder(name, of_files(weights.read(name), weights.of(name).sha256))
    return Finder("looking at the picture and its parts", None)


def boxes_of(found: Found) -> Tensor:
    """(n, 4) x, y, width, height: the boxes of people who were found."""
    return boxes(found.keypoints_px, found.scores)


def boxes(points: Tensor, scores: Tensor) -> Tensor:
    """(n, 4): boxes of people by those of their joints that are sure, or by all where few are."""
    sure = scores >= MIN_CONFIDENCE
    sure = torch.where(sure.sum(-1, keepdim=True) >= 3, sure, True)
    box = boxes_around(torch.where(sure.unsqueeze(-1), points, torch.nan))
    middle, size = box[:, :2] + box[:, 2:] / 2, AROUND_JOINTS * box[:, 2:]
    return torch.cat([middle - size / 2, size], -1)
