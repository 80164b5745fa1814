"""Walking and running: footprints on a path, and a body that swings over them.

Facts: stance takes about 62 % of a walking stride and 35 % of a running one; step length and
cadence grow together with speed; the hip joint is highest over the standing leg and lowest with
both feet down, 40 mm apart; the pelvis turns with the swinging leg and the chest against it; arms
swing against the legs. Sources: Winter 2009, ch. 1, 4 and 5; Grieve & Gear 1966 (step length
grows with about the square root of speed); Saunders, Inman & Eberhart 1953.
"""

import math

import torch
from torch import Tensor

from posebook.datasets.people.body import Body, unit
from posebook.datasets.people.dice import Dice, smooth_step, wander
from posebook.datasets.people.puppet import Strings


def gait(
    dice: Dice,
    time: Tensor,
    body: Body,
    *,
    speed: tuple[float, float] = (0.7, 1.6),
    radius_mm: tuple[float, float] = (900.0, 4000.0),
    run: bool = False,
) -> Strings:
    """People who walk, or run, in circles around the origin at a steady pace.

    speed      m/s for a leg of 840 mm; other legs go at the same Froude number
    radius_mm  of the circle; to the left or to the right
    """
    leg = body.leg
    pace = 1000 * dice.even(*speed, 1) * (leg / 840).sqrt()
    if run:
        step = leg * dice.normal(0.52, 0.05, 1) * (pace / 1000).sqrt() * 1.25
        duty = dice.normal(0.36, 0.03, 1)
    else:
        step = leg * dice.normal(0.68, 0.05, 1) * (pace / 1000).sqrt()
        duty = dice.normal(0.62, 0.015, 1)
    stride = 2 * step
    radius = dice.even(*radius_mm, 1) * torch.where(dice.chance(0.5, 1), 1.0, -1.0)
    phase = pace * time / stride + dice.unit(1)
    travelled = stride * phase
    start = dice.even(-math.pi, math.pi, 1)

    half_width = (0.45 * body.hip * dice.normal(1.0, 0.25, 1)).clamp(min=15)
    lift = leg * (dice.even(0.12, 0.4, 1) if run else dice.even(0.02, 0.09, 1))
    ankles = []
    for side in (0, 1):
        along, forward, height = _foot(phase + 0.5 * side, duty, body, lift, run)
        along = stride * (along - 0.5 * side) + forward
        ankles.append(_on_circle(along, (2 * side - 1) * half_width, height, radius, start))

    bounce = leg * (dice.even(0.03, 0.05, 1) if run else dice.even(0.018, 0.03, 1))
    # With phase 0 the left foot lands; both legs are at their widest then, the hip lowest.
    beat = 4 * math.pi * (phase - duty / 2)
    turn = 2 * math.pi * (phase - duty / 2)
    height = body.ankle + leg * (dice.even(0.90, 0.95, 1) if run else dice.even(0.95, 0.975, 1))
    height = height + bounce * (-beat.cos() if run else beat.cos())
    sway = -dice.even(10.0, 30.0, 1) * turn.cos()
    pelvis = _on_circle(travelled, sway, height, radius, start)
    facing = start + travelled / radius

    lean = dice.even(0.05, 0.25, 1) if run else dice.even(-0.03, 0.12, 1)
    twist = dice.even(0.04, 0.18, 1) * turn.sin()
    hips = torch.stack([lean + 0 * turn, -dice.even(0.02, 0.08, 1) * turn.cos(), twist], dim=-1)
    counter = -(1 + dice.even(0.4, 1.2, 1)) * twist
    spine = torch.stack([dice.even(-0.05, 0.15, 1) + 0 * turn, -hips[..., 1], counter], dim=-1)
    neck = torch.stack([dice.even(-0.15, 0.2, 1) - lean + 0 * turn, 0 * turn, 0.8 * twist], dim=-1)
    neck = neck + wander(dice, time, 3, 1.0, 0.4) * torch.tensor([0.08, 0.05, 0.2])
    wrists, elbows = _swing(dice, turn, pace, run)
    return Strings(
        pelvis_mm=pelvis,
        facing=facing,
        pelvis=hips,
        spine=spine + wander(dice, time, 3, 0.03, 0.4),
        neck=neck,
        ankles_mm=torch.stack(ankles, dim=2),
        toes_out=dice.normal(0.12, 0.1, 1, 2).expand(-1, time.shape[1], -1),
        wrists=wrists,
        elbows_out=elbows,
        shrug=dice.normal(-0.06, 0.06, 1, 2).expand(-1, time.shape[1], -1),
    )


def _foot(phase: Tensor, duty: Tensor, body: Body, lift: Tensor, run: bool):
    """Where an ankle is: strides travelled along the path, mm before that, mm above the floor.

    The foot stands for `duty` of each stride. At the end of that the heel rises: the ankle
    rolls over the toes. In the rest of the stride the foot swings to its next place.
    """
    stride = phase.floor()
    share = phase - stride
    rising = smooth_step((share - 0.5 * duty) / (0.5 * duty + 0.06))
    swing = smooth_step((share - duty) / (1 - duty))
    falling = 1 - smooth_step((share - duty) / (0.75 * (1 - duty)))
    roll = rising * falling * (0.6 if run else 0.85)
    toes = 0.115 / 0.491 * body.leg  # from the ankle to the ball of the foot
    forward = toes * (1 - roll.cos()) + body.ankle * roll.sin()
    up = toes * roll.sin() + body.ankle * roll.cos()
    air = ((share - duty) / (1 - duty)).clamp(0, 1)
    hump = torch.sin(math.pi * air.pow(0.75 if run else 0.9)).square()
    # The hip is over the foot a little before the middle of the stand.
    place = stride + 0.4 * duty + swing
    return place, forward, up + lift * hump


def _on_circle(along: Tensor, right: Tensor, height: Tensor, radius: Tensor, start: Tensor):
    """World position of a place on the path: mm along it, mm to the right of it, height.

    A positive radius turns left, around the origin; the heading is `start` + along / radius.
    """
    heading = start + along / radius
    out = radius + right
    flat = torch.zeros_like(along)
    x, y, z = out * heading.cos(), out * heading.sin(), height + flat
    return torch.stack([x, y, z], dim=-1)


def _swing(dice: Dice, turn: Tensor, pace: Tensor, run: bool) -> tuple[Tensor, Tensor]:
    """Arms that swing from the shoulder against the leg of their side."""
    swings, elbows = [], []
    reach = dice.even(0.1, 0.55, 1) * (pace / 1300).clamp(0.3, 1.3)
    bend = dice.even(1.5, 2.1, 1) if run else dice.even(0.1, 0.7, 1)
    for side in (0, 1):
        sign = 1 - 2 * side
        # The left foot is foremost at turn = -pi * duty; so is the right arm.
        angle = -sign * reach * torch.cos(turn + 0.55 * math.pi)
        angle = angle + dice.normal(0.0, 0.08, 1) - 0.15 * bend
        elbow = (
            bend * (1 + (0.15 if run else 0.35) * torch.sin(angle) / reach.clamp(min=0.15))
        ).clamp(0.05, 2.2)
        out = dice.even(0.05, 0.25, 1)
        upper = torch.stack([out + 0 * angle, angle.sin(), -angle.cos()], dim=-1)
        lower_angle = angle + elbow
        inward = -dice.even(0.0, 0.4, 1) * elbow
        lower = torch.stack([inward, lower_angle.sin(), -lower_angle.cos()], dim=-1)
        swings.append(0.54 * unit(upper) + 0.46 * unit(lower))
        elbows.append(dice.even(0.15, 0.6, 1).expand_as(turn))
    return torch.stack(swings, dim=2), torch.stack(elbows, dim=2)
