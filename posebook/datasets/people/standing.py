"""People on their two feet, who shift from place to place while their hands are busy."""

import math

import torch
from torch import Tensor

from posebook.datasets.people.body import Body
from posebook.datasets.people.dice import Dice, visits, wander
from posebook.datasets.people.hands import hands
from posebook.datasets.people.puppet import Strings


def standing(
    dice: Dice,
    time: Tensor,
    body: Body,
    *,
    one: tuple[str, ...] = ("hang",),
    other: tuple[str, ...] = ("hang",),
    together: float = 0.0,
    seconds: tuple[float, float] = (0.8, 3.0),
    deep: tuple[float, float] = (0.95, 1.0),
    bend: tuple[float, float] = (-0.05, 0.15),
    spread: tuple[float, float] = (0.5, 1.5),
    look: float = 0.3,
    step_mm: float = 200.0,
) -> Strings:
    """Standing people, from upright to crouched and bent.

    one, other, together, seconds  what the hands do, see `hands`
    deep      height of the hip over the ankles, in leg lengths: the range it moves in
    bend      forward bend of the trunk, in rad: the range it moves in
    spread    half the distance between the feet, in half hip widths (at least 60 mm)
    look      deviation of the head's turns, in rad
    step_mm   deviation of the places that the feet go to
    """
    facing, feet = _steps(dice, time, body, spread, step_mm)
    levels = torch.stack([dice.even(*deep, 3), dice.even(*bend, 3)], dim=-1)
    level = visits(time, levels, dice.even(*seconds, 1), dice.even(0.4, 1.0, 1), 3 * dice.unit(1))
    height, tip = level.unbind(-1)
    # Who bends forward, or crouches, keeps the middle of the body over the feet.
    back = body.leg * (0.3 * tip.clamp(min=0).sin() + 0.1 * (1 - height))
    middle = feet[..., :2].mean(2) + wander(dice, time, 2, 20.0, 0.3)
    middle = (
        middle + 0.12 * wander(dice, time, 1, 1.0, 0.25) * (feet[:, :, 1] - feet[:, :, 0])[..., :2]
    )
    middle = middle + torch.stack([facing.sin(), -facing.cos()], dim=-1) * back.unsqueeze(-1)
    top = (body.ankle + body.leg * height).unsqueeze(-1)
    zero = torch.zeros_like(tip)
    crouch = (1 - height).clamp(min=0)
    hips = torch.stack([0.55 * tip + 0.4 * crouch, zero, zero], dim=-1)
    spine = torch.stack([0.45 * tip + 0.3 * crouch, zero, zero], dim=-1)
    neck = torch.stack([-0.25 * tip - 0.4 * crouch, zero, zero], dim=-1)
    glance = wander(dice, time, 3, 1.0, 0.4) * torch.tensor([0.5 * look, 0.3 * look, look])
    wrists, elbows = hands(dice, time, one, other, together=together, seconds=seconds)
    return Strings(
        pelvis_mm=torch.cat([middle, top], dim=-1),
        facing=facing,
        pelvis=hips + wander(dice, time, 3, 0.06, 0.3),
        spine=spine + wander(dice, time, 3, 0.09, 0.3),
        neck=neck + dice.normal(0.05, 0.1, 1, 3) + glance,
        ankles_mm=feet,
        toes_out=dice.normal(0.2, 0.15, 1, 2).expand(-1, time.shape[1], -1),
        wrists=wrists,
        elbows_out=elbows,
        shrug=dice.normal(-0.06, 0.06, 1, 2) + wander(dice, time, 2, 0.03, 0.3),
    )


def _steps(dice: Dice, time: Tensor, body: Body, spread: tuple[float, float], step_mm: float):
    """Heading (clips, frames) and ankles (clips, frames, 2, 3): one foot goes, then the other.

    A foot stands still between its steps and is lifted during them.
    """
    stops = torch.cat(
        [
            dice.normal(0.0, step_mm, 4, 2),
            (dice.even(-math.pi, math.pi, 1) + dice.normal(0.0, 0.35, 4)).unsqueeze(-1),
        ],
        dim=-1,
    )
    period, start, move = dice.even(2.5, 8.0, 1), 4 * dice.unit(1), dice.even(0.15, 0.3, 1)
    wide = (body.hip * dice.even(*spread, 1)).clamp(min=60)
    ahead = dice.normal(0.0, 60.0, 1)
    ankles = []
    for side, sign in ((0, -1), (1, 1)):
        begin = start - 0.2 * side
        x, y, turn = visits(time, stops, period, move, begin).unbind(-1)
        share = ((time / period + begin) % 1 / move).clamp(max=1)
        height = body.ankle + 60 * torch.sin(math.pi * share).square()
        right, forward = sign * wide, -sign * ahead
        x = x + right * turn.cos() - forward * turn.sin()
        y = y + right * turn.sin() + forward * turn.cos()
        ankles.append(torch.stack([x, y, height], dim=-1))
    facing = visits(time, stops, period, move, start - 0.1)[..., 2]
    return facing, torch.stack(ankles, dim=2)
