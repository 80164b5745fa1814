"""Random numbers for many clips at once, and smooth signals made of them.

Everything here is a closed formula of time, so that frame 17 of clip 5 can be had without any
other: a batch of single poses and a batch of clips come from the same code.
"""

import math

import torch
from torch import Tensor

#: Random numbers that a clip may use up.
COLUMNS = 512


class Dice:
    """Draws for `count` clips.

    With a generator, numbers come from it as they are asked for. With seeds, each clip has a
    generator of its own, so that it comes out the same whichever clips are made beside it.
    """

    def __init__(self, count: int, generator: torch.Generator | None = None, seeds=()):
        self.count, self.generator, self.used = count, generator, 0
        self.table = torch.empty(count, 0 if generator else COLUMNS, dtype=torch.float64)
        if generator is None:
            for row, seed in zip(self.table, seeds, strict=True):
                row.uniform_(generator=torch.Generator().manual_seed(int(seed)))

    def unit(self, *shape: int) -> Tensor:
        """Uniform in [0, 1): (count, *shape), float64."""
        size = math.prod(shape)
        if self.generator is not None:
            drawn = torch.rand(self.count, size, generator=self.generator, dtype=torch.float64)
        else:
            drawn = self.table[:, self.used : self.used + size]
            self.used += size
            assert self.used <= COLUMNS, "a clip used up its random numbers; raise COLUMNS"
        return drawn.reshape(self.count, *shape)

    def even(self, low: float | int | Tensor, high: float | int | Tensor, *shape: int) -> Tensor:
        """Uniform in [low, high): (count, *shape)."""
        return low + (high - low) * self.unit(*shape)

    def normal(self, mean: float | Tensor, deviation: float | Tensor, *shape: int) -> Tensor:
        """Normal, cut off at about 3.5 deviations: (count, *shape)."""
        return mean + deviation * torch.special.ndtri(self.unit(*shape).clamp(2e-4, 1 - 2e-4))

    def chance(self, share: float, *shape: int) -> Tensor:
        """True for a share of the clips: (count, *shape)."""
        return self.unit(*shape) < share


def wander(dice: Dice, time: Tensor, channels: int, size: float, hertz: float) -> Tensor:
    """Slow noise (count, frames, channels) of standard deviation `size`: three sines each.

    time  (count, frames) in seconds
    """
    rate = hertz * dice.even(0.2, 1.0, 1, channels, 3)
    phase = dice.unit(1, channels, 3)
    weight = size * math.sqrt(2 / 3)
    return weight * torch.sin(2 * math.pi * (time[..., None, None] * rate + phase)).sum(-1)


def smooth_step(x: Tensor) -> Tensor:
    """0 to 1 with no jerk at the ends (Flash & Hogan 1985), for x from 0 to 1; flat outside."""
    x = x.clamp(0, 1)
    return x * x * x * (10 + x * (6 * x - 15))


def visits(time: Tensor, values: Tensor, period: Tensor, move: float | Tensor, start: Tensor):
    """Go from value to value, stay at each for a while, begin again after the last.

    time    (count, frames) s        values  (count, stations, ...) what is visited
    period  (count, 1) s from one station to the next; `move` is the share of it spent moving
    start   (count, 1) in stations, where time 0 is
    returns (count, frames, ...)
    """
    count, stations = values.shape[:2]
    place = time / period + start
    station = place.floor()
    share = smooth_step((place - station) / move)
    here = station.long() % stations
    following = (here + 1) % stations
    row = torch.arange(count).unsqueeze(1)
    share = share.reshape(*share.shape, *(1,) * (values.ndim - 2))
    return values[row, here] * (1 - share) + values[row, following] * share
