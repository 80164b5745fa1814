"""What people do: each action pulls the strings of many puppets at once.

`HUMAN36M` has the fifteen actions of Human3.6M under their names there, `MORE` what people do
besides. An action is a function (dice, time (clips, frames) in s, body) -> Strings.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import torch
from torch import Tensor

from posebook.datasets.people.body import Body
from posebook.datasets.people.dice import Dice, visits
from posebook.datasets.people.gait import gait
from posebook.datasets.people.hands import hands
from posebook.datasets.people.postures import balance, crawl, jump, lie, seated, tumble
from posebook.datasets.people.puppet import Strings
from posebook.datasets.people.standing import standing

Action = Callable[[Dice, Tensor, Body], Strings]


def waving(dice: Dice, time: Tensor, body: Body) -> Strings:
    """Greeting: a raised hand goes to and fro; now and then a bow."""
    strings = standing(dice, time, body, one=("wave",), other=("hang", "wave"), bend=(-0.05, 0.4))
    beat = torch.sin(2 * math.pi * (time * dice.even(1.0, 2.5, 1) + dice.unit(1)))
    wag = dice.even(0.0, 0.15, 1) * beat * (strings.wrists[..., 2].amax(-1) > 0.1)
    strings.wrists[..., 0] += wag.unsqueeze(-1)
    return strings


def strolling(dice: Dice, time: Tensor, body: Body, **hands_options) -> Strings:
    """Walking with the hands at something else."""
    walk = gait(dice, time, body, speed=(0.4, 1.2), radius_mm=(600.0, 1600.0))
    wrists, elbows = hands(dice, time, **hands_options)
    busy = torch.tensor([1.0, 0.0], dtype=torch.float64)
    busy = torch.where(dice.chance(0.5, 1), busy, busy.flip(0))[:, None, :]
    both = dice.chance(0.3, 1, 1)
    busy = torch.where(both, torch.ones_like(busy), busy)
    return replace(
        walk,
        wrists=torch.lerp(walk.wrists, wrists, busy.unsqueeze(-1).expand_as(wrists)),
        elbows_out=torch.lerp(walk.elbows_out, elbows, busy.expand_as(elbows)),
    )


def sitting_down(dice: Dice, time: Tensor, body: Body, **options) -> Strings:
    """Standing, sitting down, sitting, getting up: on a chair or on the floor."""
    stops = torch.tensor([0.0, 1.0, 1.0], dtype=torch.float64).expand(len(time), 3)
    period = dice.even(1.6, 4.0, 1)
    down = visits(time, stops, period, dice.even(1.1, 1.8, 1) / period, 3 * dice.unit(1))
    return seated(dice, time, body, down=down, **options)


def wiping(dice: Dice, time: Tensor, body: Body) -> Strings:
    """Hands go round and round on something in front, as in wiping a table or painting a wall."""
    strings = standing(
        dice, time, body, one=("wall", "plate"), other=("hang", "wall", "lap"), bend=(0.0, 0.5)
    )
    angle = 2 * math.pi * (time * dice.even(0.4, 1.4, 1) + dice.unit(1))
    wide, high = dice.even(0.03, 0.22, 1), dice.even(0.03, 0.22, 1)
    strings.wrists[..., 0] += (wide * angle.cos()).unsqueeze(-1)
    strings.wrists[..., 2] += (high * angle.sin()).unsqueeze(-1)
    return strings


def climbing(dice: Dice, time: Tensor, body: Body) -> Strings:
    """One foot high, hands overhead, as on a ladder or a rock."""
    strings = balance(dice, time, body, forward=True)
    wrists, elbows = hands(dice, time, ("up", "wall"), ("up", "wall"), seconds=(0.8, 2.0))
    return replace(strings, wrists=wrists, elbows_out=elbows)


TALK = ("talk", "wide", "hang", "chest", "pocket", "hip", "crossed")

#: The actions of Human3.6M, under the names that its archives give them.
HUMAN36M: dict[str, Action] = {
    "Directions": partial(
        standing, one=("point", "wide", "talk"), other=("hang", "point", "pocket")
    ),
    "Discussion": partial(standing, one=TALK, other=TALK, together=0.3),
    "Eating": partial(seated, one=("mouth", "plate"), other=("plate", "lap", "mouth")),
    "Greeting": waving,
    "Phoning": partial(standing, one=("ear",), other=("hang", "pocket", "talk", "crossed")),
    "Photo": partial(
        standing, one=("eyes", "chest"), other=("eyes", "hang"), together=0.6, bend=(-0.05, 0.5)
    ),
    "Posing": partial(
        standing,
        one=("hip", "head", "crossed", "behind", "wide", "up", "side"),
        other=("hip", "head", "crossed", "pocket", "hang", "side"),
        together=0.4,
    ),
    "Purchases": partial(
        standing,
        one=("down", "chest", "wall", "lead"),
        other=("hang", "down", "lead"),
        together=0.4,
        deep=(0.6, 1.0),
        bend=(0.0, 1.0),
    ),
    "Sitting": partial(seated, one=("lap", "knee", "talk", "chest"), other=("lap", "knee", "ear")),
    "SittingDown": partial(
        sitting_down, one=("lap", "knee", "talk"), other=("lap", "hang", "knee"), floor=0.5
    ),
    "Smoking": partial(standing, one=("mouth", "hang", "talk"), other=("hang", "pocket")),
    "Waiting": partial(
        standing, one=("hang", "pocket", "crossed"), other=("hang", "behind", "hip"), look=0.5
    ),
    "WalkDog": partial(strolling, one=("lead",), other=("lead", "hang")),
    "WalkTogether": partial(strolling, one=("hang", "talk", "pocket"), other=("hang", "wide")),
    "Walking": partial(gait, radius_mm=(800.0, 1700.0)),
}

#: What else people do, with the share of `synthetic_wide` that each is.
MORE: dict[str, tuple[Action, float]] = {
    "Running": (partial(gait, speed=(2.0, 4.5), radius_mm=(2500.0, 8000.0), run=True), 1.0),
    "Jumping": (jump, 1.0),
    "Wiping": (wiping, 1.5),
    "Reaching": (
        partial(
            standing,
            one=("up", "down", "wall", "side", "anywhere"),
            other=("hang", "anywhere", "up"),
            together=0.3,
            deep=(0.7, 1.0),
            bend=(-0.2, 0.9),
            spread=(0.6, 2.5),
        ),
        1.5,
    ),
    "Crouching": (
        partial(
            standing,
            one=("knee", "down", "lead", "chest"),
            other=("knee", "down", "anywhere"),
            together=0.4,
            deep=(0.34, 0.8),
            bend=(0.1, 0.7),
            spread=(0.8, 2.5),
        ),
        1.0,
    ),
    "Bending": (
        partial(
            standing, one=("down", "lead"), other=("down", "hang"), together=0.5,
            deep=(0.8, 1.0), bend=(0.5, 2.0), spread=(0.5, 2.0),
        ),
        1.0,
    ),
    "Playing": (
        partial(
            standing, one=("anywhere", "chest", "wide"), other=("anywhere", "chest", "wide"),
            together=0.3, seconds=(0.4, 1.2), deep=(0.7, 1.0), bend=(-0.1, 0.6),
            spread=(0.8, 2.3), step_mm=250.0,
        ),
        1.5,
    ),
    "Gesturing": (
        partial(standing, one=("anywhere",), other=("anywhere",), together=0.3), 2.0,
    ),
    "Balancing": (balance, 1.0),
    "Climbing": (climbing, 0.7),
    "Crawling": (crawl, 0.4),
    "Lying": (lie, 0.7),
    "Tumbling": (tumble, 1.0),
}  # fmt: skip
