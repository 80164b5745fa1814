"""What the triangles of people and furniture are made of: colours, patterns, textures.

A pattern is a function of where a point lies on the body at rest, mm, so that it moves with the
cloth. Columns of `laid`: left, up, forward, and how far along a limb (0 at its root, 1 at its end).
"""

from dataclasses import dataclass

import numpy
from jaxtyping import Float, Int
from numpy import ndarray

from posebook.datasets.pictures.textures import Surface, look_up

Points = Float[ndarray, "points 3"]
Laid = Float[ndarray, "points 4"]
Colour = Float[ndarray, "3"]
PATTERNS = ("plain", "stripes", "upright stripes", "checks", "dots", "print", "sleeves", "texture")


@dataclass(frozen=True)
class Material:
    """colour, second (3,): linear RGB; the pattern says where the second one is.

    period_mm  of stripes, checks and dots; of a print: its half width
    middle_mm  height of a print's middle at rest
    surface    of 'texture' and 'print'
    ends       how far along a limb the cloth reaches; further on the skin shows, of colour `bare`
    gloss      reflected light of its own colour that follows the key light, 0 to 1
    """

    colour: Colour
    second: Colour | None = None
    pattern: str = "plain"
    period_mm: float = 100.0
    middle_mm: float = 0.0
    surface: Surface | None = None
    ends: float = 2.0
    bare: Colour | None = None
    gloss: float = 0.0


def albedo(
    materials: tuple[Material, ...],
    which: Int[ndarray, " points"],
    laid: Laid,
    mm_per_px: Float[ndarray, " points"],
    textures: ndarray,
) -> Points:
    """What each point reflects, linear RGB. which: its material; mm_per_px: what a pixel spans."""
    table = numpy.stack([one.colour for one in materials]).astype(numpy.float32)
    found = table[which]
    for number, material in enumerate(materials):
        if material.pattern == "plain" and material.ends > 1:
            continue
        rows = numpy.flatnonzero(which == number)
        if material.pattern != "plain" and len(rows):
            found[rows] = _patterned(material, laid[rows], mm_per_px[rows], textures)
        if material.ends <= 1:
            found[rows[laid[rows, 3] > material.ends]] = material.bare
    return found


def _patterned(material: Material, laid: Laid, mm_per_px: ndarray, textures: ndarray) -> Points:
    period = numpy.float32(material.period_mm)
    across, up = laid[:, 0] / period, laid[:, 1] / period
    if material.pattern == "texture":
        return _texture(material.surface, laid, mm_per_px, textures)
    if material.pattern == "print":
        up = (laid[:, 1] - material.middle_mm) / period
        there = (abs(across) < 1) & (abs(up) < 1) & (laid[:, 2] > 0) & (laid[:, 3] < 0.02)
        drawn = _texture(material.surface, laid, mm_per_px, textures)
        return numpy.where(there[:, None], drawn, material.colour.astype(numpy.float32))
    if material.pattern == "sleeves":
        share = (laid[:, 3] > 0.05).astype(numpy.float32)
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


def _texture(surface: Surface, laid: Laid, mm_per_px: ndarray, textures: ndarray) -> Points:
    per_mm = 1 / surface.mm_per_texel
    grey = look_up(textures, surface.texture, laid[:, :2] * per_mm, mm_per_px * per_mm)
    return surface.colours[grey]
