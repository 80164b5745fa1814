"""Where people are drawn: rooms, streets, gardens; all of it planes, boxes and textures.

World axes, mm: z up, floor at z = 0, walls along x and y. The person stands near the origin. A
place is a box seen from inside; outdoors its walls are far away, end in an uneven line, and above
them is sky.
"""

import math
from dataclasses import dataclass, field

import numpy
from jaxtyping import Float
from numpy import ndarray

from posebook.datasets.pictures import colours
from posebook.datasets.pictures.shading import Light
from posebook.datasets.pictures.textures import Random, Surface, pick, ramp

Point = Float[ndarray, "3"]
#: Sides of a place: walls at low and high x, at low and high y, floor, ceiling or sky.
FLOOR, ABOVE = 4, 5


@dataclass(frozen=True)
class Box:
    """A box on its feet: middle and half its edges, mm; turned about the upright by `turn`."""

    middle_mm: Point
    half_mm: Point
    turn: float | int
    surface: Surface


@dataclass(frozen=True)
class Panel:
    """A rectangle on a wall: a door, a poster, a skirting board. low, high: along it and up, mm."""

    side: int
    low_mm: Float[ndarray, "2"]
    high_mm: Float[ndarray, "2"]
    surface: Surface


@dataclass(frozen=True)
class Place:
    """A place and its light. outdoors: above the walls, whose tops are uneven, there is sky."""

    low_mm: Point
    high_mm: Point
    surfaces: tuple[Surface, ...]
    light: Light
    outdoors: bool = False
    panels: tuple[Panel, ...] = ()
    boxes: tuple[Box, ...] = field(default=())


def _plain(random: Random, *, busy: bool) -> Surface:
    """A wall of a room."""
    colour = colours.wall(random)
    if not busy or random.random() < 0.5:
        return Surface(pick(random, "plaster"), 12.0, ramp(0.8 * colour, colour.clip(0, 0.92)))
    kind = ("paper", "bricks", "planks", "tiles", "plaster", "clouds")[int(random.integers(6))]
    other = colours.wall(random) * random.uniform(0.5, 1)
    return Surface(pick(random, kind), random.uniform(5, 14), ramp(0.7 * colour, other, colour))


def _inside_floor(random: Random, *, busy: bool) -> Surface:
    kind = ("planks", "tiles", "plaster", "gravel")[int(random.integers(4))]
    brown = colours.linear(numpy.array([150, 110, 75]) / 255 * random.uniform(0.7, 1.5))
    other = colours.anything(random) if busy else colours.wall(random) * random.uniform(0.3, 0.9)
    colour = (brown if random.random() < 0.4 else other).clip(0.02, 0.8)
    deep = random.uniform(0.35, 0.9) if busy else random.uniform(0.75, 0.95)
    return Surface(pick(random, kind), random.uniform(5, 12), ramp(deep * colour, colour))


def _ground(random: Random) -> Surface:
    kind = ("grass", "gravel", "tiles", "plaster", "clouds", "bricks")[int(random.integers(6))]
    base = {
        "grass": (86, 110, 50), "gravel": (140, 134, 126), "tiles": (150, 146, 140),
        "plaster": (96, 96, 98), "clouds": (176, 152, 116), "bricks": (140, 104, 90),
    }[kind]  # fmt: skip
    tint = random.uniform(0.75, 1.25) * numpy.array(base) / 255 + random.uniform(-0.06, 0.06, 3)
    colour = colours.linear(tint.clip(0.05, 0.9))
    return Surface(
        pick(random, kind), random.uniform(4, 14), ramp(0.55 * colour, colour, 1.25 * colour)
    )


def _backdrop(random: Random) -> Surface:
    """What stands around a street or a garden: house fronts, hedges and woods, walls."""
    kind = ("windows", "leaves", "grass", "bricks", "clouds", "shelves")[int(random.integers(6))]
    if kind in ("grass", "clouds") or (kind == "leaves" and random.random() < 0.5):
        green = colours.linear(numpy.array([70, 96, 44]) / 255 * random.uniform(0.6, 1.3))
        stops = (0.15 * green, green, (1.6 * green).clip(0, 0.8))
        return Surface(pick(random, kind), random.uniform(15, 40), ramp(*stops))
    stops = [colours.anything(random) for _ in range(4)]
    if kind == "windows":
        stops = [0.3 * stops[0], 0.6 * stops[1], colours.wall(random)]
    return Surface(pick(random, kind), random.uniform(15, 60), ramp(*stops))


def thing(random: Random) -> Surface:
    """The surface of a piece of furniture or a box."""
    kind = ("planks", "plaster", "clouds", "leaves", "paper")[int(random.integers(5))]
    if random.random() < 0.5:
        brown = colours.linear(numpy.array([146, 104, 66]) / 255 * random.uniform(0.4, 1.4))
        return Surface(pick(random, "planks", "plaster"), 6.0, ramp(0.6 * brown, brown))
    first, second = colours.anything(random), colours.anything(random)
    stops = (0.8 * first, first) if random.random() < 0.7 else (first, second)
    return Surface(pick(random, kind), random.uniform(2, 8), ramp(*stops))


def _towards(random: Random, low: float | int, high: float | int) -> Point:
    """A direction to the light, its height over the horizon between two angles in degrees."""
    height, around = math.radians(random.uniform(low, high)), random.uniform(0, 2 * math.pi)
    flat = math.cos(height)
    return numpy.array([flat * math.cos(around), flat * math.sin(around), math.sin(height)])


def _lamp(random: Random, *, gentle: bool) -> Light:
    key = random.uniform(0.6, 1.2) if gentle else random.uniform(0.3, 1.8)
    white = colours.light(random, (5000, 7000) if gentle else (3200, 7500))
    around = colours.light(random, (5000, 7500))
    soft = 30.0 if gentle else random.uniform(10, 45)
    return Light(_towards(random, 35, 75), key * white, 0.7 * around, 0.5 * around, soft)


def _daylight(random: Random) -> Light:
    sky = colours.light(random, (6500, 8200))
    if random.random() < 0.4:  # clouds before the sun
        return Light(_towards(random, 50, 85), 0.3 * sky, sky, 0.35 * sky, 60.0)
    sun = colours.light(random, (5000, 6300))
    return Light(
        _towards(random, 18, 70), random.uniform(1.5, 3.5) * sun, 0.8 * sky, 0.3 * sky, 6.0
    )


def _extent(
    random: Random, camera_mm: Point, low: float | int, high: float | int
) -> tuple[ndarray, ndarray]:
    """Walls this far behind the origin and behind the camera, mm."""
    near = numpy.minimum(camera_mm, 0)[:2] - random.uniform(low, high, 2)
    far = numpy.maximum(camera_mm, 0)[:2] + random.uniform(low, high, 2)
    return near, far


def _panels(random: Random, low: Point, high: Point) -> tuple[Panel, ...]:
    """Doors, windows, posters, boards and shelves on the four walls."""
    found = []
    for side in range(4):
        axis = 1 - side // 2  # a wall at a given x runs along y
        if random.random() < 0.5:  # the skirting board
            board = Surface(pick(random, "plaster"), 10.0, ramp(0.5 * colours.wall(random)))
            found.append(Panel(side, numpy.array([-1e6, 0]), numpy.array([1e6, 90.0]), board))
        for _ in range(int(random.integers(0, 4))):
            width, bottom, height = (
                (random.uniform(800, 950), 0.0, 2050.0),
                (random.uniform(400, 1600), random.uniform(700, 1300), random.uniform(400, 1200)),
                (random.uniform(900, 2200), random.uniform(0, 200), random.uniform(1200, 2000)),
            )[int(random.integers(3))]
            start = low[axis] + random.random() * max(high[axis] - low[axis] - width, 0.0)
            stops = [colours.anything(random) for _ in range(int(random.integers(2, 5)))]
            kind = pick(random, "shelves", "leaves", "plaster", "clouds", "windows", "planks")
            surface = Surface(kind, random.uniform(3, 9), ramp(*stops))
            corner = numpy.array([start, bottom])
            found.append(Panel(side, corner, corner + numpy.array([width, height]), surface))
    return tuple(found)


def quiet_room(random: Random, camera_mm: Point) -> Place:
    """A studio or a laboratory: plain walls, an even floor, soft light."""
    low, high = _extent(random, camera_mm, 1200, 4000)
    wall = _plain(random, busy=False)
    sides = (wall,) * 4 + (_inside_floor(random, busy=False), _plain(random, busy=False))
    return Place(
        numpy.array([*low, 0.0]),
        numpy.array([*high, random.uniform(3000, 4500)]),
        sides,
        _lamp(random, gentle=True),
    )


def room(random: Random, camera_mm: Point) -> Place:
    """Any room: papered, tiled or panelled, with doors, pictures and shelves."""
    low, high = _extent(random, camera_mm, 500, 3500)
    low, high = numpy.array([*low, 0.0]), numpy.array([*high, random.uniform(2500, 4000)])
    high[2] = max(high[2], camera_mm[2] + 300)
    walls = [_plain(random, busy=True) for _ in range(2)]
    sides = (*(walls[int(random.integers(2))] for _ in range(4)), _inside_floor(random, busy=True))
    return Place(
        low,
        high,
        (*sides, _plain(random, busy=False)),
        _lamp(random, gentle=False),
        panels=_panels(random, low, high),
    )


def street(random: Random, camera_mm: Point) -> Place:
    """Under the sky: ground, and house fronts, hedges or woods around it."""
    low, high = _extent(random, camera_mm, 3000, 30000)
    sky = colours.linear(numpy.array([120, 160, 215]) / 255 * random.uniform(0.8, 1.15))
    cloud = numpy.full(3, random.uniform(0.6, 0.95))
    above = Surface(pick(random, "clouds"), 60.0, ramp(1.6 * sky, 1.6 * sky, 1.7 * cloud))
    tops = random.uniform(600, 4500) if random.random() < 0.5 else random.uniform(4000, 15000)
    sides = (*(_backdrop(random) for _ in range(4)), _ground(random), above)
    return Place(
        numpy.array([*low, 0.0]),
        numpy.array([*high, tops]),
        sides,
        _daylight(random),
        outdoors=True,
    )
