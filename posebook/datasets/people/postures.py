"""Postures other than standing and walking: seated, on one leg, in the air, on the floor."""

import math

import torch
from torch import Tensor

from posebook.datasets.people.body import Body
from posebook.datasets.people.dice import Dice, smooth_step, visits, wander
from posebook.datasets.people.hands import hands
from posebook.datasets.people.puppet import Strings, flat_axes
from posebook.datasets.people.standing import standing

#: So high over the hip's own height that nothing touches the floor before a tumble.
ALOFT_MM = 3000.0


def seated(
    dice: Dice,
    time: Tensor,
    body: Body,
    *,
    one: tuple[str, ...],
    other: tuple[str, ...],
    down: Tensor | None = None,
    floor: float = 0.0,
) -> Strings:
    """People on a chair, or a share `floor` of them on the ground, legs stretched or crossed.

    down  (clips, frames) from 0, standing, to 1, seated; without it everybody sits
    """
    frames = time.shape[1]
    down = torch.ones_like(time) if down is None else down
    ground = dice.chance(floor, 1)
    facing = dice.even(-math.pi, math.pi, 1) + wander(dice, time, 1, 0.04, 0.2)[..., 0]
    seat = body.leg * torch.where(ground, dice.even(0.12, 0.2, 1), dice.even(0.42, 0.62, 1))
    seat = seat + 0 * body.ankle
    ahead = torch.where(ground, dice.even(0.45, 0.95, 1), dice.even(0.3, 0.65, 1))
    ahead = body.leg.unsqueeze(-1) * (ahead.unsqueeze(-1) + dice.normal(0.0, 0.06, 2, 3))
    ahead = visits(time, ahead.transpose(1, 2), dice.even(2.0, 8.0, 1), 0.2, 3 * dice.unit(1))
    # Crossed legs: feet near the body and before each other, knees out to the sides.
    crossed = dice.chance(0.35, 1) & ground
    ahead = torch.where(crossed.unsqueeze(-1), 0.35 * body.leg.unsqueeze(-1), ahead)
    wide = body.hip * torch.where(crossed, -0.6, dice.even(0.4, 1.6, 1))
    over = dice.chance(0.25, 1) & ~ground & (down.amin(-1, keepdim=True) > 0.99)
    right, forward = flat_axes(facing)
    ankles = []
    for side, sign in ((0, -1), (1, 1)):
        # Standing, the feet are under the hip; they stay where they are when it goes down.
        way = ahead[..., side]
        out = sign * wide
        height = body.ankle + 0 * way
        if side == 0:
            out = torch.where(over, 0.9 * body.hip, out)
            height = height + torch.where(over, 0.25 * body.leg, 0.0)
            way = torch.where(over, 0.72 * body.leg, way)
        flat = way.unsqueeze(-1) * forward + out.unsqueeze(-1) * right
        ankles.append(torch.cat([flat, height.unsqueeze(-1)], dim=-1))
    feet = torch.stack(ankles, dim=2)
    stand = feet[..., :2].mean(2)
    tall = body.ankle + 0.98 * body.leg
    place = torch.lerp(stand, wander(dice, time, 2, 10.0, 0.2), down.unsqueeze(-1))
    height = torch.lerp(tall.expand_as(down), seat.expand_as(down), down)
    lean = dice.even(-0.25, 0.25, 3).unsqueeze(-1)
    lean = visits(time, lean, dice.even(2.0, 6.0, 1), 0.6, 3 * dice.unit(1))[..., 0]
    swing = 4 * down * (1 - down)
    zero = torch.zeros_like(lean)
    tip = torch.stack([0.4 * lean * down + 0.45 * swing, zero, zero], dim=-1)
    bend = torch.stack([0.6 * lean * down + 0.25 * swing + 0.15, zero, zero], dim=-1)
    wrists, elbows = hands(dice, time, one, other, together=0.3)
    toes = dice.normal(0.15, 0.2, 1, 2)
    toes = torch.where(crossed.unsqueeze(-1), 1.1, toes)
    return Strings(
        pelvis_mm=torch.cat([place, height.unsqueeze(-1)], dim=-1),
        facing=facing,
        pelvis=tip + wander(dice, time, 3, 0.04, 0.2),
        spine=bend + wander(dice, time, 3, 0.09, 0.3),
        neck=dice.normal(0.0, 0.12, 1, 3) + wander(dice, time, 3, 0.15, 0.4),
        ankles_mm=feet,
        toes_out=toes.expand(-1, frames, -1),
        wrists=wrists,
        elbows_out=elbows,
        shrug=dice.normal(-0.06, 0.06, 1, 2).expand(-1, frames, -1),
    )


def balance(dice: Dice, time: Tensor, body: Body, *, forward: bool = False) -> Strings:
    """One foot on the floor, the other anywhere: kicks, lunges, high knees; or only `forward`."""
    strings = standing(
        dice, time, body, one=("anywhere", "side"), other=("anywhere", "side"),
        deep=(0.75, 1.0), bend=(-0.2, 0.5),
    )  # fmt: skip
    swing = dice.even(0.1 if forward else -0.9, 1.4, 3, 1)
    stops = torch.cat([swing, dice.even(-0.3, 0.9, 3, 1), dice.even(0.62, 1.0, 3, 1)], dim=-1)
    angle, out, far = visits(
        time, stops, dice.even(0.5, 2.0, 1), dice.even(0.5, 1.0, 1), 3 * dice.unit(1)
    ).unbind(-1)
    # From the hip: swung forward by `angle`, out by `out`, at `far` of the leg's length.
    sides = dice.chance(0.5, 1)
    sign = torch.where(sides, 1.0, -1.0)
    way = _swung(strings.facing, angle, sign, out)
    free = strings.pelvis_mm + (body.leg * far).unsqueeze(-1) * way
    free[..., 2] = torch.maximum(free[..., 2], body.ankle)
    stand = strings.ankles_mm
    both = torch.stack([free, stand[:, :, 1]], dim=2), torch.stack([stand[:, :, 0], free], dim=2)
    strings.ankles_mm = torch.where(sides[..., None, None], both[1], both[0])
    return strings


def _swung(facing: Tensor, ahead: Tensor, side: Tensor, out: Tensor) -> Tensor:
    """Unit vectors (..., 3) in the world of hanging legs, swung forward by the angle `ahead`, then
    to their `side` (1: right, -1: left) by the angle `out`."""
    cos, sin = facing.cos(), facing.sin()
    forward, up = ahead.sin() * out.cos(), -ahead.cos() * out.cos()
    lateral = side * out.sin()
    return torch.stack([lateral * cos - forward * sin, lateral * sin + forward * cos, up], dim=-1)


def jump(dice: Dice, time: Tensor, body: Body) -> Strings:
    """Jumps on the spot: down, up with the arms, a ballistic flight, a soft landing."""
    strings = standing(
        dice, time, body, one=("up", "side", "anywhere"), other=("up", "side"), together=0.8,
        seconds=(0.5, 1.5), deep=(0.93, 0.99), spread=(0.5, 2.0), step_mm=0.0,
    )  # fmt: skip
    high = dice.even(0.08, 0.4, 1)  # metres; flight lasts 2 sqrt(2 h / g)
    flight = 2 * (2 * high / 9.81).sqrt()
    # The legs push off with even force: from `deep` to straight in the time that gives the speed.
    deep = body.leg * dice.even(0.12, 0.4, 1)
    push = 2 * deep / 1000 / (2 * 9.81 * high).sqrt()
    rest = dice.even(0.4, 0.9, 1)
    side = rest + push
    cycle = flight + 2 * side
    moment = (time + cycle * dice.unit(1)) % cycle
    air = ((moment - side) / flight).clamp(0, 1)
    rise = 1000 * high * 4 * air * (1 - air)
    away = torch.maximum(side - moment, moment - side - flight).clamp(min=0)
    low = torch.where(
        away < push,
        1 - (1 - away / push).square(),
        1 - smooth_step((away - push) / rest),
    )
    tilt = 0.6 * deep / body.leg * low.square()
    tuck = dice.even(0.0, 0.35, 1) * 4 * air * (1 - air)
    strings.pelvis_mm[..., 2] += rise - deep * low
    strings.ankles_mm[..., 2] += (rise + body.leg * tuck).unsqueeze(-1)
    strings.pelvis[..., 0] += 2 * tilt
    strings.spine[..., 0] += tilt
    return strings


def crawl(dice: Dice, time: Tensor, body: Body) -> Strings:
    """On hands and knees."""
    strings = standing(dice, time, body, one=("hang",), other=("hang",), step_mm=0.0)
    beat = 2 * math.pi * (time * dice.even(0.3, 0.9, 1) + dice.unit(1))
    right, forward = flat_axes(strings.facing)
    thigh, shank = body.bone("left_knee"), body.bone("left_foot")
    strings.pelvis_mm[..., 2] = 70 + thigh * dice.even(0.93, 0.99, 1)
    wide = body.hip * dice.even(0.7, 1.3, 1)
    for side, sign in ((0, -1), (1, 1)):
        stride = 0.25 * thigh * torch.sin(beat + math.pi * side)
        behind = (stride - 0.95 * shank).unsqueeze(-1) * forward
        strings.ankles_mm[:, :, side, :2] = (
            strings.pelvis_mm[..., :2] + behind + (sign * wide).unsqueeze(-1) * right
        )
        strings.wrists[:, :, side, 0] = dice.even(0.0, 0.2, 1)
        strings.wrists[:, :, side, 1] = 0.97
        strings.wrists[:, :, side, 2] = -0.25 * torch.sin(beat + math.pi * side)
    strings.ankles_mm[..., 2] = body.ankle.unsqueeze(-1)
    strings.pelvis[..., 0] += dice.even(1.1, 1.45, 1)
    strings.spine[..., 0] += dice.even(-0.1, 0.4, 1)
    strings.neck[..., 0] -= dice.even(0.0, 0.9, 1)
    return strings


def lie(dice: Dice, time: Tensor, body: Body) -> Strings:
    """On the back, the front or a side; limbs as they please."""
    return _loose(dice, time, body, on_floor=True)


def tumble(dice: Dice, time: Tensor, body: Body) -> Strings:
    """Any attitude at all: handstands, falls, cartwheels, yoga."""
    return _loose(dice, time, body, on_floor=False)


def _loose(dice: Dice, time: Tensor, body: Body, *, on_floor: bool) -> Strings:
    strings = standing(
        dice, time, body, one=("anywhere", "hang"), other=("anywhere", "up"), together=0.3,
        seconds=(1.0, 3.0), step_mm=0.0,
    )  # fmt: skip
    strings.pelvis_mm[..., 2] += ALOFT_MM
    angles = torch.cat([
        dice.even(-0.4, 1.35, 3, 2),  # hip flexion, left and right
        dice.even(-0.3, 0.8, 3, 2),  # legs apart
        dice.even(0.55, 1.0, 3, 2),  # 1: straight leg
    ], dim=-1)  # fmt: skip
    angles = visits(time, angles, dice.even(1.0, 4.0, 1), 0.6, 3 * dice.unit(1))
    flexion, apart, far = angles.unflatten(-1, (3, 2)).unbind(2)
    sign = torch.tensor([-1.0, 1.0], dtype=torch.float64)
    way = _swung(strings.facing.unsqueeze(-1), flexion, sign, apart)
    reach = (body.leg.unsqueeze(-1) * far).unsqueeze(-1) * way
    strings.ankles_mm = strings.pelvis_mm.unsqueeze(2) + reach
    right, _ = flat_axes(strings.facing)
    strings.ankles_mm[..., :2] += sign[:, None] * body.hip[..., None, None] * right.unsqueeze(2)
    strings.spine[..., 0] += dice.even(-0.3, 0.7, 1)
    strings.spine[..., 1:] += dice.normal(0.0, 0.2, 1, 2)
    quarter = math.pi / 2
    if on_floor:
        pick = dice.unit(1)
        tip = torch.where(pick < 0.4, -quarter, torch.where(pick < 0.7, quarter, 0.0))
        lean = torch.where(pick < 0.7, 0.0, torch.where(pick < 0.85, -quarter, quarter))
        turn = torch.stack([tip, lean], dim=-1) + dice.normal(0.0, 0.15, 1, 2)
    else:
        turn = dice.normal(0.0, 0.9, 1, 2)
    strings.tumble = turn + wander(dice, time, 2, 0.1, 0.2)
    return strings
