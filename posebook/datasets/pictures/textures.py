"""Surfaces out of formulas: plaster, wood, tiles, bricks, grass, leaves, windows, shelves.

A texture is a square of grey values that repeats, with its smaller versions (mipmaps: Williams
1983, doi:10.1145/800059.801126). A surface gives it a size in mm and colours. Nothing here is a
photograph; leaves are discs that hide each other, whose statistics are near those of photographs
(dead leaves: Lee, Mumford and Huang 2001, doi:10.1023/A:1011109015675).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy
from jaxtyping import Float, Int, UInt8
from numpy import ndarray

SIDE = 256
_LEVELS = SIDE.bit_length()
_STARTS = numpy.cumsum([0] + [(SIDE >> level) ** 2 for level in range(_LEVELS)])
#: How many textures of each kind a bank holds.
EACH = 4
Random = numpy.random.Generator


@dataclass(frozen=True)
class Surface:
    """What a plane looks like. texture: row of the bank; colours (256, 3): linear RGB by grey."""

    texture: int
    mm_per_texel: float
    colours: Float[ndarray, "greys 3"]


def noise(random: Random, slope: float = 1.5, stretch: float = 1.0) -> Float[ndarray, "side side"]:
    """Noise in [0, 1] that repeats; its amplitude falls with frequency to the power of `slope`."""
    rows = numpy.fft.fftfreq(SIDE)[:, None] * stretch
    columns = numpy.fft.rfftfreq(SIDE)[None] / stretch
    frequency = numpy.hypot(rows, columns)
    frequency[0, 0] = numpy.inf
    white = numpy.fft.rfft2(random.standard_normal((SIDE, SIDE)))
    field = numpy.fft.irfft2(white * frequency**-slope, (SIDE, SIDE))
    return (0.5 + field / (5 * field.std())).clip(0, 1)


def _cells(random: Random, rows: int, columns: int, shifted: bool) -> tuple[ndarray, ...]:
    """Cells of a wall: place in the cell down and across (0 to 1), and a number for each cell."""
    down, across = numpy.meshgrid(
        numpy.arange(SIDE) / SIDE, numpy.arange(SIDE) / SIDE, indexing="ij"
    )
    row = numpy.floor(down * rows).astype(int)
    place = across * columns + (0.5 * (row % 2) if shifted else 0)
    column = numpy.floor(place).astype(int) % columns
    number = random.random((rows, columns))[row, column]
    return down * rows - row, place % 1, number


def _bricks(random: Random, shifted: bool = True, joint: float = 0.07) -> ndarray:
    rows = int(random.integers(4, 13)) * 2
    columns = rows // 2 if shifted else rows
    down, across, number = _cells(random, rows, columns, shifted)
    line = (down < 2 * joint) | (across < joint) if shifted else (down < joint) | (across < joint)
    return numpy.where(line, 0.95 * random.integers(0, 2), 0.3 + 0.4 * number * random.random())


def _planks(random: Random) -> ndarray:
    down, _, number = _cells(random, int(random.choice([8, 16, 24])), 2, True)
    grain = noise(random, 1.2, 8.0)
    return numpy.where(down < 0.06, 0.05, 0.25 + 0.3 * number + 0.4 * grain)


def _leaves(random: Random) -> ndarray:
    """Discs and boxes of all sizes, each before those that came earlier."""
    grey = numpy.zeros((SIDE, SIDE))
    rows, columns = numpy.meshgrid(numpy.arange(SIDE), numpy.arange(SIDE), indexing="ij")
    round_ones = random.random() < 0.6
    for count in range(160):
        radius = 60 * (1 - count / 170) ** 2 * random.random() + 4
        y, x, value = random.random(3)
        dy = (rows - y * SIDE + SIDE / 2) % SIDE - SIDE / 2
        dx = (columns - x * SIDE + SIDE / 2) % SIDE - SIDE / 2
        flat = random.uniform(0.4, 2.5)
        away = numpy.hypot(dy, dx * flat) if round_ones else numpy.maximum(abs(dy), abs(dx * flat))
        grey[away < radius] = value
    return 0.85 * grey + 0.15 * noise(random, 0.8)


def _windows(random: Random) -> ndarray:
    rows, columns = random.integers(4, 9, 2)
    down, across, number = _cells(random, int(rows), int(columns), False)
    tall, wide = random.uniform(0.15, 0.3, 2)
    glass = (abs(down - 0.5) < 0.5 - tall) & (abs(across - 0.5) < 0.5 - wide)
    return numpy.where(glass, 0.5 * number * (0.5 + 0.5 * down), 0.75 + 0.2 * noise(random, 1.0))


def _shelves(random: Random) -> ndarray:
    down, _, _ = _cells(random, 5, 1, False)
    height = numpy.repeat(random.uniform(0.5, 0.85, (5, SIDE // 4)), 4, 1)
    book = numpy.repeat(random.random((5, SIDE // 4)), 4, 1)
    row = numpy.repeat(numpy.arange(5), SIDE // 5 + 1)[:SIDE]
    stands = (1 - down) < height[row]
    return numpy.where(down > 0.93, 0.5, numpy.where(stands, 0.2 + 0.8 * book[row], 0.08))


def _paper(random: Random) -> ndarray:
    """Wallpaper: stripes or a lattice of dots."""
    down, across, _ = _cells(random, 16, 16, bool(random.integers(0, 2)))
    if random.random() < 0.5:
        return 0.5 + 0.25 * numpy.sign(numpy.sin(2 * numpy.pi * across)) + 0.1 * noise(random, 0.7)
    return numpy.where(numpy.hypot(down - 0.5, across - 0.5) < random.uniform(0.15, 0.35), 0.8, 0.4)


_KINDS = {
    "plaster": lambda random: 0.5 + 0.35 * (noise(random, 0.9) - 0.5),
    "clouds": lambda random: noise(random, 1.8),
    "grass": lambda random: noise(random, random.uniform(0.3, 0.8), random.uniform(0.6, 1.0)),
    "gravel": lambda random: 0.6 * noise(random, 0.2) + 0.4 * noise(random, 1.5),
    "planks": _planks,
    "bricks": _bricks,
    "tiles": lambda random: _bricks(random, False, 0.04),
    "leaves": _leaves,
    "windows": _windows,
    "shelves": _shelves,
    "paper": _paper,
}
KINDS = tuple(_KINDS)


@lru_cache(maxsize=3)
def bank(seed: int) -> UInt8[ndarray, "textures texels"]:
    """All textures with their smaller versions, one row each; `KINDS` in turn, `EACH` of a kind."""
    random = numpy.random.Generator(numpy.random.PCG64(seed))
    return numpy.stack([_levels(_KINDS[kind](random)) for kind in KINDS for _ in range(EACH)])


def _levels(grey: ndarray) -> ndarray:
    flat, level = [], grey.clip(0, 1)
    while True:
        flat.append((255 * level + 0.5).astype(numpy.uint8).ravel())
        if len(level) == 1:
            return numpy.concatenate(flat)
        half = len(level) // 2
        level = level.reshape(half, 2, half, 2).mean((1, 3))


def pick(random: Random, *kinds: str) -> int:
    """The row of a texture of one of these kinds."""
    kind = KINDS.index(kinds[int(random.integers(len(kinds)))])
    return kind * EACH + int(random.integers(EACH))


def look_up(
    textures: UInt8[ndarray, "textures texels"],
    rows: Int[ndarray, " points"] | int,
    places: Float[ndarray, "points 2"],
    texels_per_px: Float[ndarray, " points"],
) -> UInt8[ndarray, " points"]:
    """Grey values (points,) at places (points, 2) in texels; a picture's pixel spans so many."""
    bits = numpy.frexp(numpy.maximum(texels_per_px, 0.5))[1]
    level = bits.clip(0, _LEVELS - 1)
    mask = (SIDE >> level) - 1
    across = (places[:, 0].astype(numpy.int64) >> level) & mask
    down = (places[:, 1].astype(numpy.int64) >> level) & mask
    return textures[rows, _STARTS[level] + down * (mask + 1) + across]


def ramp(*colours: Float[ndarray, "3"]) -> Float[ndarray, "256 3"]:
    """Colours (256, 3) that run through the given ones, evenly."""
    stops = numpy.linspace(0, 255, len(colours))
    greys = numpy.arange(256)
    return numpy.stack(
        [numpy.interp(greys, stops, [colour[axis] for colour in colours]) for axis in range(3)], 1
    ).astype(numpy.float32)
