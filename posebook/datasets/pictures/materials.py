"""What the triangles of people and furniture are made of: colours, patterns, textures.

A pattern is a function of where a point lies on the body at rest, mm, so that it moves with the
cloth. Axes at rest: x across, y depth, z up.
"""

from dataclasses import dataclass

import numpy
from jaxtyping import Float, Int
from numpy import ndarray

from posebook.datasets.pictures.textures import Surface, look_up

Points = Float[ndarray, "points 3"]
Colour = Float[ndarray, "3"]
PATTERNS = ("plain", "stripes", "upright stripes", "checks", "dots", "print", "sleeves", "texture")


@dataclass(frozen=True)
class Material:
    """colour, second (3,): linear RGB; the pattern says where the second one is.

    period_mm  of stripes, checks and dots; of a print: its half width; of sleeves: where they begin
    middle_mm  height of a print's middle at rest
    surface    of 'texture' and 'print'
    gloss      reflected light of its own colour that follows the key light, 0 to 1
    """

    colour: Colour
    second: Colour | None = None
    pattern: str = "plain"
    period_mm: float = 100.0
    middle_mm: float = 0.0
    surface: Surface | None = None
    gloss: float = 0.0


def albedo(
    materials: tuple[Material, ...],
    which: Int[ndarray, " points"],
    rest_mm: Points,
    mm_per_px: Float[ndarray, " points"],
    textures: ndarray,
) -> Points:
    """What each point reflects, linear RGB. which: its material; mm_per_px: what a pixel spans."""
    table = numpy.stack([one.colour for one in materials]).astype(numpy.float32)
    found = table[which]
    for number, material in enumerate(materials):
        if material.pattern != "plain":
            rows = numpy.flatnonzero(which == number)
            if len(rows):
                found[rows] = _patterned(material, rest_mm[rows], mm_per_px[rows], textures)
    return found


def _patterned(material: Material, rest: Points, mm_per_px: ndarray, textures: ndarray) -> Points:
    period = numpy.float32(material.period_mm)
    across, up = rest[:, 0] / period, rest[:, 2] / period
    if material.pattern == "texture":
        return _texture(material.surface, rest, mm_per_px, textures)
    if material.pattern == "print":
        up = (rest[:, 2] - material.middle_mm) / period
        there = (abs(across) < 1) & (abs(up) < 1)
        drawn = _texture(material.surface, rest, mm_per_px, textures)
        return numpy.where(there[:, None], drawn, material.colour.astype(numpy.float32))
    if material.pattern == "sleeves":
        share = (abs(across) > 1).astype(numpy.float32)
    elif material.pattern == "dots":
        middle = numpy.hypot(across % 1 - 0.5, up % 1 - 0.5)
        share = (middle < 0.28).astype(numpy.float32)
    elif material.pattern == "checks":
        share = 0.5 * ((across % 1 < 0.5).astype(numpy.float32) + (up % 1 < 0.5))
    else:
        place = up if material.pattern == "stripes" else across
        share = (place % 1 < 0.5).astype(numpy.float32)
    # Finer than two pixels, a pattern is its mean.
    fine = ((mm_per_px / period - 0.3) / 0.3).clip(0, 1) * (material.pattern != "sleeves")
    share = (share + (0.5 - share) * fine)[:, None].astype(numpy.float32)
    first, second = (each.astype(numpy.float32) for each in (material.colour, material.second))
    return first + share * (second - first)


def _texture(surface: Surface, rest: Points, mm_per_px: ndarray, textures: ndarray) -> Points:
    per_mm = 1 / surface.mm_per_texel
    grey = look_up(textures, surface.texture, rest[:, (0, 2)] * per_mm, mm_per_px * per_mm)
    return surface.colours[grey]
