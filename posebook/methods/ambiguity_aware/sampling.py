"""Yu et al. 2021: to which cameras a pose is turned, and which second frame goes with a first.

Source: as in `losses`. Taught in 15_ambiguity_aware. Second frames are given as indices, with which
a batch is gathered from tensors in memory.
"""

import math
from collections.abc import Sequence

import numpy
import torch
from jaxtyping import Float, Int
from torch import Tensor

#: Half ranges of azimuth, elevation and roll in degrees.
HALF_RANGES = (140.0, 20.0, 10.0)
VIEW_SEED = 2019


def view_table(poses: int, seed: int = VIEW_SEED) -> Float[Tensor, "views 3"]:
    """The released fixed views: azimuth, elevation and roll in radians, float64, for 2 x poses.

    Pose i keeps row i for the whole training. NumPy's legacy generator draws all azimuths, then all
    elevations, then all rolls. This block is repeated with azimuth + pi, and the rows are shuffled.
    """
    azimuth, elevation = 2.44346, 0.34906585
    legacy = numpy.random.RandomState(seed)
    columns = [legacy.uniform(-half, half, poses) for half in (azimuth, elevation, elevation / 2)]
    block = numpy.stack(columns, 1)
    table = numpy.concatenate([block, block + numpy.array([math.pi, 0.0, 0.0])])
    legacy.shuffle(table)
    return torch.from_numpy(table)


def random_views(
    poses: int,
    generator: torch.Generator,
    half_ranges: Sequence[float] = HALF_RANGES,
    tilt: float = 0.0,
) -> Float[Tensor, "poses 3"]:
    """New views like those of `view_table`: azimuth, elevation, roll in radians, float32.

    half_ranges  of the three, in degrees
    tilt         in radians; elevations are drawn about it (see `losses.view_rotation`)
    """
    half = torch.tensor(half_ranges).deg2rad()
    angles = (2 * torch.rand(poses, 3, generator=generator) - 1) * half
    behind = torch.rand(poses, generator=generator) < 0.5
    angles[:, 0] += torch.where(behind, math.pi, 0.0)
    angles[:, 1] += tilt
    return angles


# --------------------------------------------------------------------------------- second frames


def frames_apart(clip_of_frame: Int[Tensor, " frames"], apart: int) -> Int[Tensor, " frames"]:
    """For each frame, the frame `apart` later in its clip, or earlier if the clip ends before.

    clip_of_frame  (frames,), clips one after the other, frames in order
    If the clip is too short for both, it is the frame itself.
    """
    index = torch.arange(len(clip_of_frame))
    later = (index + apart).clamp(max=len(index) - 1)
    earlier = (index - apart).clamp(min=0)
    within = clip_of_frame[later] == clip_of_frame
    other = torch.where(within & (later - index == apart), later, earlier)
    whole = (clip_of_frame[other] == clip_of_frame) & ((other - index).abs() == apart)
    return torch.where(whole, other, index)


def far_frames(
    rows: Int[Tensor, " batch"],
    clip_of_frame: Int[Tensor, " frames"],
    generator: torch.Generator,
    at_least: int = 5,
) -> Int[Tensor, " batch"]:
    """For each row, a frame of its clip drawn evenly from those `at_least` frames away.

    If there is none, it is the end of the clip that is further away. (The released code tries
    random frames until it finds one. If there is none, it never ends.)
    """
    counts = torch.bincount(clip_of_frame)
    first = (counts.cumsum(0) - counts)[clip_of_frame[rows]]
    count = counts[clip_of_frame[rows]]
    place = rows - first
    before = (place - at_least + 1).clamp(min=0)
    after = (count - place - at_least).clamp(min=0)
    pick = (torch.rand(len(rows), generator=generator) * (before + after)).long()
    other = torch.where(pick < before, pick, pick - before + place + at_least)
    further = torch.where(place > count - 1 - place, 0, count - 1)
    return first + torch.where(before + after > 0, other, further)
