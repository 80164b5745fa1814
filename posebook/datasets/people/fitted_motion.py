"""Motion of the fitted prior: dreamt windows, chained to clips of any length.

A pool of windows of 1.3 s is drawn from the prior once. A clip is a walk through the pool: after
each window comes one that begins much as it ended (a motion graph, Kovar et al. 2002), and the two
are blended where they overlap. The person's way over the floor follows from the feet, which stand
still while they carry the body, so it fits every body's legs.
"""

import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from posebook.datasets.people.body import (
    BONE,
    Body,
    forward_kinematics,
    levelled,
    turned,
    unit,
)
from posebook.datasets.people.dice import Dice, smooth_step
from posebook.datasets.people.limits import above_floor, enforce
from posebook.datasets.people.motion_prior import RATE, SPAN, cosines, mixture, windows_channels
from posebook.skeletons import HOUSE

POOL, FOLLOWERS = 2048, 6
#: Frames of the prior's rate from one window to the next; the rest of a window is overlap.
HOP = 30
OVERLAP = SPAN - HOP
#: A flight below this, in leg lengths, is the fit's noise, not a jump.
NO_FLIGHT = 0.03


@dataclass(frozen=True)
class Pool:
    """Windows, and how they follow each other.

    waves      (windows, cosines, 51)  coefficients of directions, way and flight over time
    follower   (windows, FOLLOWERS)    those that begin most like this one ends
    turn       (windows, 2)            heading in the middle of the overlaps at start and end, rad
    way        (windows, 2, 2)         way at the same two moments, leg lengths
    """

    waves: Tensor
    follower: Tensor
    turn: Tensor
    way: Tensor


@cache
def pool() -> Pool:
    """The pool of `synthetic_wide`, the same in every run."""
    return draw_pool(torch.Generator().manual_seed(0))


def draw_pool(generator: torch.Generator) -> Pool:
    """Other windows of the same people."""
    flat = mixture("windows").sample(POOL, generator)
    waves = flat.view(POOL, -1, len(windows_channels())) / windows_channels()
    moments = torch.tensor([OVERLAP / 2, HOP + OVERLAP / 2], dtype=torch.float64)
    around = (moments.unsqueeze(1) + torch.tensor([-2.0, 0.0, 2.0])).flatten()
    values = torch.einsum("fk,wkc->wfc", cosines(around, waves.shape[1]), waves)
    values = values.view(POOL, 2, 3, -1)
    bones = values[..., :48].unflatten(-1, (16, 3))
    turn = _heading(bones[:, :, 1])
    # How a window looks at either end, seen from the person: bones, and where they are going.
    local = turned(bones, -turn[..., None, None])
    looks = torch.cat([local[:, :, 1], 3 * (local[:, :, 2] - local[:, :, 0])], dim=-2)
    looks = looks.flatten(2)
    unlike = torch.cdist(looks[:, 1], looks[:, 0]).fill_diagonal_(torch.inf)
    follower = unlike.topk(FOLLOWERS, largest=False).indices
    return Pool(waves, follower, turn, values[:, :, 1, 48:50])


def fitted_motion(
    dice: Dice, frames: int, rate: float, body: Body, dreams: Pool | None = None
) -> Tensor:
    """Joints (clips, frames, 17, 3) mm, world axes, around the origin; `dreams`: `pool()`."""
    dreams = dreams or pool()
    windows, start_turn = _walk(dice, math.ceil(frames / rate * RATE / HOP), dreams)
    directions, way, flight = _blended(windows, start_turn, frames, rate, dreams)
    directions = levelled(enforce(directions), dice.chance(0.5, 1, 1))
    return _grounded(directions, way, flight, body)


def _walk(dice: Dice, count: int, dreams: Pool) -> tuple[Tensor, Tensor]:
    """Indices (clips, count) into the pool, and the heading (clips, 1) to begin with."""
    now = (dice.unit() * POOL).long()
    walk = [now]
    for choice in (dice.unit(count) * FOLLOWERS).long().unbind(1)[1:]:
        now = dreams.follower[now, choice]
        walk.append(now)
    return torch.stack(walk, dim=1), dice.even(-math.pi, math.pi, 1)


def _blended(windows: Tensor, turn: Tensor, frames: int, rate: float, dreams: Pool):
    """Directions (clips, frames, 16, 3), way (..., 2) and flight (...,) in leg lengths."""
    clips = len(windows)
    total = torch.zeros(clips, frames, 51, dtype=torch.float64)
    # Each window is turned and moved so that heading and place agree mid-overlap.
    heading = turn + dreams.turn[windows[:, 0], :1]
    place = turned(dreams.way[windows[:, 0], :1], turn)
    last = windows.shape[1] - 1
    for step, window in enumerate(windows.unbind(1)):
        begin = math.ceil(step * HOP / RATE * rate)
        end = min(frames, math.ceil((step * HOP + SPAN) / RATE * rate))
        moment = torch.arange(begin, end, dtype=torch.float64) / rate * RATE - step * HOP
        turn = heading - dreams.turn[window, :1]
        origin = place - turned(dreams.way[window, :1], turn)
        heading = turn + dreams.turn[window, 1:]
        place = origin + turned(dreams.way[window, 1:], turn)
        waves = dreams.waves[window]
        values = torch.einsum("fk,wkc->wfc", cosines(moment, waves.shape[1]), waves)
        bones = turned(values[..., :48].unflatten(-1, (16, 3)), turn.unsqueeze(-1))
        way = origin + turned(values[..., 48:50], turn)
        values = torch.cat([bones.flatten(2), way, values[..., 50:]], dim=-1)
        fade_in = smooth_step(moment / OVERLAP) if step else 1.0
        fade_out = 1 - smooth_step((moment - HOP) / OVERLAP) if step < last else 1.0
        share = torch.ones_like(moment) * fade_in * fade_out
        total[:, begin:end] += share.unsqueeze(1) * values
    bones = unit(total[..., :48].unflatten(-1, (16, 3)))
    return bones, total[..., 48:50], (total[..., 50] - NO_FLIGHT).clamp(min=0)


def _grounded(directions: Tensor, way: Tensor, flight: Tensor, body: Body) -> Tensor:
    """Put people on their feet: the lower foot on the floor, standing feet at rest."""
    pose = forward_kinematics(directions, body.lengths_mm.unsqueeze(1))
    feet = pose[:, :, HOUSE.indices("left_foot", "right_foot")]
    lowest = feet[..., 2].amin(-1, keepdim=True)
    carries = torch.softmax(-(feet[..., 2] - lowest) / 12.0, dim=-1).unsqueeze(-1)
    back = feet.diff(dim=1)[..., :2]
    carried = -(back * (carries[:, 1:] + carries[:, :-1]) / 2).sum(2)
    flown = way.diff(dim=1) * body.leg.unsqueeze(-1)
    on_floor = torch.exp(-20 * flight[:, 1:]).unsqueeze(-1)
    steps = on_floor * carried + (1 - on_floor) * flown
    flat = torch.cat([torch.zeros_like(steps[:, :1]), steps.cumsum(1)], dim=1)
    flat = flat - flat.mean(1, keepdim=True)
    height = body.ankle + body.leg * flight - lowest[..., 0]
    return above_floor(pose + torch.cat([flat, height.unsqueeze(-1)], -1).unsqueeze(2))


def _heading(bones: Tensor) -> Tensor:
    """Angle to the left of +y that the hips face, (...,), from directions (..., 16, 3)."""
    right = bones[..., BONE["right_hip"], :] - bones[..., BONE["left_hip"], :]
    return torch.atan2(right[..., 1], right[..., 0])
