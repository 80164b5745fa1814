"""Where hands go: regions around the shoulder, and visits from one to the next."""

import torch
from torch import Tensor

from posebook.datasets.people.body import unit
from posebook.datasets.people.dice import Dice, visits, wander

#: Regions in arm lengths from the shoulder, (outward, forward, up) of the chest: middle,
#: half width, and between which angles the elbow stands out (0 hangs, 1.57 level).
REGIONS = {
    "hang": ((0.13, 0.07, -0.93), (0.06, 0.10, 0.05), (0.2, 0.7)),
    "talk": ((0.05, 0.50, -0.35), (0.22, 0.15, 0.25), (0.1, 0.8)),
    "wide": ((0.45, 0.45, -0.15), (0.25, 0.25, 0.30), (0.1, 0.8)),
    "hip": ((0.22, 0.00, -0.62), (0.06, 0.06, 0.05), (1.1, 1.6)),
    "crossed": ((-0.35, 0.42, -0.42), (0.07, 0.06, 0.08), (0.3, 0.8)),
    "pocket": ((0.10, 0.02, -0.78), (0.04, 0.06, 0.05), (0.6, 1.1)),
    "behind": ((-0.15, -0.28, -0.62), (0.08, 0.05, 0.10), (0.5, 1.0)),
    "lap": ((-0.08, 0.45, -0.58), (0.10, 0.12, 0.10), (0.2, 0.7)),
    "knee": ((0.00, 0.62, -0.60), (0.08, 0.08, 0.08), (0.2, 0.7)),
    "plate": ((-0.08, 0.55, -0.42), (0.10, 0.08, 0.06), (0.2, 0.7)),
    "mouth": ((-0.22, 0.34, 0.05), (0.05, 0.06, 0.06), (0.2, 1.0)),
    "ear": ((0.04, 0.18, 0.10), (0.08, 0.07, 0.08), (0.3, 1.1)),
    "eyes": ((-0.20, 0.42, 0.20), (0.05, 0.08, 0.05), (0.3, 1.2)),
    "head": ((-0.08, -0.02, 0.42), (0.08, 0.06, 0.06), (1.2, 1.8)),
    "wave": ((0.25, 0.32, 0.45), (0.15, 0.15, 0.20), (0.4, 1.2)),
    "point": ((0.30, 0.80, 0.05), (0.40, 0.20, 0.30), (0.2, 0.9)),
    "wall": ((0.05, 0.62, 0.25), (0.30, 0.12, 0.35), (0.2, 1.2)),
    "side": ((0.95, 0.10, 0.00), (0.05, 0.20, 0.30), (0.0, 0.8)),
    "up": ((0.15, 0.12, 0.90), (0.20, 0.20, 0.10), (0.8, 1.5)),
    "down": ((0.00, 0.55, -0.80), (0.25, 0.25, 0.10), (0.1, 0.8)),
    "lead": ((0.05, 0.42, -0.62), (0.10, 0.12, 0.10), (0.1, 0.6)),
    "chest": ((-0.10, 0.42, -0.18), (0.10, 0.08, 0.10), (0.3, 1.1)),
}


def stations(dice: Dice, regions: tuple[str, ...], count: int) -> Tensor:
    """Random stops (clips, count, 4) for one hand: outward, forward, up, angle of the elbow.

    The region "anywhere" is the whole space that an arm reaches, less what lies far behind.
    """
    boxes = [_box(region) for region in regions if region != "anywhere"]
    if "anywhere" in regions:
        direction = dice.normal(0.0, 1.0, count, 3) + torch.tensor([0.5, 0.6, -0.1])
        place = unit(direction) * dice.even(0.4, 1.0, count, 1)
        anywhere = torch.cat([place, dice.even(0.0, 1.5, count, 1)], dim=-1)
        if not boxes:
            return anywhere
    middle, half = (torch.stack(column) for column in zip(*boxes, strict=True))
    chosen = (dice.unit(count) * len(regions)).long()
    box = chosen.clamp(max=len(boxes) - 1)
    stops = middle[box] + half[box] * dice.even(-1.0, 1.0, count, 4)
    if "anywhere" in regions:
        stops = torch.where((chosen == len(boxes)).unsqueeze(-1), anywhere, stops)
    return stops


def _box(region: str) -> tuple[Tensor, Tensor]:
    middle, half, (low, high) = REGIONS[region]
    return (
        torch.tensor([*middle, (low + high) / 2], dtype=torch.float64),
        torch.tensor([*half, (high - low) / 2], dtype=torch.float64),
    )


def hands(
    dice: Dice,
    time: Tensor,
    one: tuple[str, ...],
    other: tuple[str, ...],
    *,
    together: float = 0.0,
    seconds: tuple[float, float] = (0.8, 3.0),
) -> tuple[Tensor, Tensor]:
    """Wrists (clips, frames, 2, 3) and elbow angles (clips, frames, 2) that visit regions.

    Which hand is the `one` and which the `other` is drawn for each clip; a share `together` of
    people mirror one hand's movement with the other. `seconds`: from stop to stop.
    """
    count = 3
    first, second = stations(dice, one, count), stations(dice, other, count)
    period, share = dice.even(*seconds, 1), dice.even(0.3, 1.0, 1)
    start, later = (dice.unit(2, 1) * count).unbind(1)
    mirrored = dice.chance(together, 1)
    second = torch.where(mirrored.unsqueeze(-1), first, second)
    later = torch.where(mirrored, start, later)
    paths = [
        visits(time, first, period, share, start),
        visits(time, second, period, share, later),
    ]
    both = torch.stack(paths, dim=2) + wander(dice, time, 8, 0.015, 1.5).unflatten(-1, (2, 4))
    swap = dice.chance(0.5, 1, 1, 1)
    both = torch.where(swap, both.flip(2), both)
    return both[..., :3], both[..., 3]
