"""Colours as reflectances: linear RGB in [0, 1], of cloth, skin, hair, walls and light.

Clothes are mostly black, white, grey, blue and brown; a bright colour is rarer, and no dye
reflects everything or nothing.
"""

import numpy
from jaxtyping import Float
from numpy import ndarray

Colour = Float[ndarray, "3"]
Random = numpy.random.Generator


def linear(srgb: Float[ndarray, "*n 3"]) -> Float[ndarray, "*n 3"]:
    """Linear light of sRGB values in [0, 1]. Source: IEC 61966-2-1."""
    return numpy.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)


#: sRGB, 0 to 255, and how often: what people wear.
_CLOTH = (
    ((28, 28, 32), 16), ((55, 56, 60), 9), ((110, 110, 112), 8), ((165, 164, 160), 7),
    ((222, 220, 214), 14), ((36, 46, 76), 10), ((66, 88, 122), 10), ((112, 138, 170), 6),
    ((196, 178, 146), 6), ((122, 94, 70), 5), ((78, 80, 58), 4), ((104, 34, 40), 4),
    ((176, 48, 44), 4), ((46, 92, 66), 3), ((206, 160, 60), 2), ((210, 140, 150), 3),
    ((90, 60, 108), 2), ((60, 140, 150), 2), ((214, 110, 50), 2),
)  # fmt: skip
#: From light to dark, after the fair and dark ends of measured skin (linear values are lower).
_SKIN = (
    (240, 206, 184),
    (226, 184, 154),
    (204, 156, 122),
    (172, 122, 88),
    (126, 84, 60),
    (78, 52, 40),
)
_HAIR = (
    (22, 18, 16),
    (44, 32, 26),
    (78, 54, 38),
    (120, 86, 54),
    (186, 152, 98),
    (128, 62, 36),
    (176, 172, 168),
)
_HAIR_OFTEN = numpy.array([0.28, 0.26, 0.2, 0.1, 0.07, 0.03, 0.06])


def _jittered(random: Random, srgb: ndarray, most: float) -> Colour:
    """A colour near one in sRGB (0 to 255), lighter or darker, tinted a little."""
    light = 1 + most * random.uniform(-1, 1)
    shifted = srgb / 255 * light + 0.2 * most * random.uniform(-1, 1, 3)
    return linear(shifted.clip(0.04, 0.94)).astype(numpy.float32)


def cloth(random: Random) -> Colour:
    """What a piece of cloth reflects."""
    colours, often = zip(*_CLOTH, strict=True)
    chosen = random.choice(len(colours), p=numpy.array(often) / sum(often))
    colour = numpy.array(colours[chosen], float)
    faded = random.uniform(0.0, 0.5)
    return _jittered(random, (1 - faded) * colour + faded * colour.mean(), 0.22)


def skin(random: Random) -> Colour:
    """What skin reflects: anything between the lightest and the darkest."""
    place = random.uniform(0, len(_SKIN) - 1)
    low = min(int(place), len(_SKIN) - 2)
    pair = numpy.array(_SKIN[low : low + 2], float)
    return _jittered(random, pair[0] + (place - low) * (pair[1] - pair[0]), 0.06)


def hair(random: Random, grey: float = 0.0) -> Colour:
    """What hair reflects. grey: the chance that it has turned grey or white."""
    if random.random() < grey:
        return _jittered(random, numpy.array([185.0, 182.0, 178.0]), 0.2)
    return _jittered(random, numpy.array(_HAIR[random.choice(7, p=_HAIR_OFTEN)], float), 0.15)


def wall(random: Random) -> Colour:
    """A wall's paint: mostly pale, sometimes a colour."""
    base = 0.95 - 0.6 * random.random() ** 2 * numpy.ones(3)
    tint = random.uniform(-1, 1, 3) * (0.03 if random.random() < 0.8 else 0.1)
    return linear((base + tint).clip(0.05, 0.95)).astype(numpy.float32)


def anything(random: Random) -> Colour:
    """Any colour, the grey ones more often."""
    grey = random.uniform(0.1, 0.9)
    tint = random.uniform(-0.35, 0.35, 3) * random.random() ** 2
    return linear((grey + tint).clip(0.04, 0.94)).astype(numpy.float32)


def light(random: Random, kelvin: tuple[float | int, float | int]) -> Colour:
    """White light between two colour temperatures, its mean 1. Source: a fit to black bodies."""
    warm = (6500 - random.uniform(*kelvin)) / 6500
    colour = numpy.array([1 + 0.75 * warm, 1.0, 1 - 1.05 * warm]).clip(0.2, 2)
    return (colour / colour.mean()).astype(numpy.float32)
