"""Boxes that stand about: what people sit on, what is beside and behind them, what hides them."""

import math
from dataclasses import replace

import numpy

from posebook.datasets.pictures.places import Box, Place, thing
from posebook.datasets.pictures.scene import Person
from posebook.datasets.pictures.textures import Random
from posebook.skeletons import HOUSE

#: A thing may hide at most so many of a person's 17 joints, or it is not put there.
_MOST_HIDDEN = 8
_NEAREST_MM = 300.0


def furnished(
    random: Random, place: Place, people: list[Person], eye: numpy.ndarray, *, seats_only: bool
) -> Place:
    """The place with seats under those who sit, and with other things unless `seats_only`."""
    boxes = [box for person in people if (box := seat(random, person))]
    if not seats_only:
        if random.random() < 0.55:
            for _ in range(int(random.integers(1, 4))):
                boxes += _somewhere(random, eye, place)
        if random.random() < 0.3:
            boxes += _before(random, people[0], eye)
    clear = [box for box in boxes if _clear_of(box, eye)]
    return replace(place, boxes=tuple(clear))


def seat(random: Random, person: Person) -> Box | None:
    """What a person sits on: thighs forward, and the feet not below the hips; None: nothing."""
    names = {name: person.points_mm[HOUSE.index(name)] for name in HOUSE.joints}
    hip, height = names["hip"], person.height_mm
    thighs = [names[f"{side}_knee"] - names[f"{side}_hip"] for side in ("left", "right")]
    level = [abs(t[2]) < 0.65 * numpy.linalg.norm(t) for t in thighs]
    forward = (thighs[0] + thighs[1])[:2]
    length = numpy.linalg.norm(forward)
    if not (0.15 * height < hip[2] < 0.45 * height and all(level) and length > 0.1 * height):
        return None
    forward = forward / length
    feet = (names["left_foot"] + names["right_foot"])[:2] / 2
    if (feet - hip[:2]) @ forward < 0.11 * height:
        return None  # crouching: the feet carry the body
    deep, wide = 0.125 * height, 0.14 * height * random.uniform(1, 2.2)
    top = float(hip[2]) - 0.058 * height
    middle = hip[:2] - forward * 0.03 * height
    turn = math.atan2(forward[1], forward[0])
    return Box(
        numpy.array([*middle, top / 2]), numpy.array([deep, wide, top / 2]), turn, thing(random)
    )


def _somewhere(random: Random, eye: numpy.ndarray, place: Place) -> list[Box]:
    """A table, a cupboard, a post, a car-sized block: beside or behind the person."""
    ahead = -eye[:2] / numpy.linalg.norm(eye[:2])
    aside = numpy.array([-ahead[1], ahead[0]]) * (1 if random.random() < 0.5 else -1)
    spot = ahead * random.uniform(-300, 4000) + aside * random.uniform(700, 2600)
    turn = random.uniform(0, math.pi) if random.random() < 0.5 else 0.0
    half = random.uniform((150, 150, 200), (600, 450, 650))
    kind = random.random()
    if kind < 0.25:
        return _table(random, spot, turn)
    if kind < 0.4:
        half = numpy.array([40.0, 40.0, random.uniform(900, 1800)])
    elif kind < 0.55 and place.outdoors:
        half = random.uniform((800, 1700, 600), (950, 2300, 850))
        spot = spot + ahead * 2500 + aside * 1500
    return [Box(numpy.array([*spot, half[2]]), half, turn, thing(random))]


def _table(random: Random, spot: numpy.ndarray, turn: float) -> list[Box]:
    """A top on four legs."""
    wide, deep, high = random.uniform(350, 800), random.uniform(300, 450), random.uniform(650, 780)
    top, leg = thing(random), thing(random)
    cos, sin = math.cos(turn), math.sin(turn)
    made = [Box(numpy.array([*spot, high]), numpy.array([wide, deep, 20.0]), turn, top)]
    for x, y in ((-1, -1), (-1, 1), (1, -1), (1, 1)):
        x, y = x * (wide - 40), y * (deep - 40)
        foot = spot + numpy.array([cos * x - sin * y, sin * x + cos * y])
        made.append(
            Box(numpy.array([*foot, high / 2]), numpy.array([25.0, 25.0, high / 2]), turn, leg)
        )
    return made


def _before(random: Random, person: Person, eye: numpy.ndarray) -> list[Box]:
    """Something between the person and the camera, that leaves most of the person to be seen."""
    away = numpy.linalg.norm(eye[:2])
    towards = eye[:2] / away
    aside = numpy.array([-towards[1], towards[0]])
    reach = float((person.mesh.vertices_mm[:, :2] @ towards).max())
    turn = math.atan2(towards[1], towards[0]) + random.normal(0, 0.3)
    for _ in range(4):
        near = reach + random.uniform(250, max(300.0, 0.5 * (away - reach)))
        spot = towards * near + aside * random.normal(0, 450)
        kind = random.random()
        if kind < 0.3:
            made = _table(random, spot, turn)
        elif kind < 0.5:
            half = numpy.array([35.0, 35.0, random.uniform(900, 1500)])
            made = [Box(numpy.array([*spot, half[2]]), half, turn, thing(random))]
        else:
            half = random.uniform((120, 150, 150), (300, 700, 480))
            made = [Box(numpy.array([*spot, half[2]]), half, turn, thing(random))]
        if near < away - 600 and sum(hidden(made, person, eye)) <= _MOST_HIDDEN:
            return made
    return []


def hidden(boxes: list[Box], person: Person, eye: numpy.ndarray) -> numpy.ndarray:
    """Which of the 17 joints (17,) lie behind a box, as the camera at `eye` sees them."""
    joints = person.points_mm[: len(HOUSE)].astype(float)
    found = numpy.zeros(len(joints), bool)
    for box in boxes:
        cos, sin = math.cos(box.turn), math.sin(box.turn)
        turn = numpy.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        start, end = (eye - box.middle_mm) @ turn, (joints - box.middle_mm) @ turn
        step = end - start
        step = numpy.where(abs(step) < 1e-9, 1e-9, step)
        first, second = (-box.half_mm - start) / step, (box.half_mm - start) / step
        enter = numpy.minimum(first, second).max(1)
        leave = numpy.maximum(first, second).min(1)
        found |= (enter < leave) & (enter > 0) & (enter < 1)
    return found


def _clear_of(box: Box, eye: numpy.ndarray) -> bool:
    """Whether the camera is outside a box and not close to it."""
    reach = float(numpy.hypot(*box.half_mm[:2])) + _NEAREST_MM
    return bool(numpy.hypot(*(box.middle_mm - eye)[:2]) > reach)
