"""Who wears what: garments, colours and patterns of one person. Everybody is dressed, always."""

from dataclasses import replace

import numpy

from posebook.datasets.pictures import colours
from posebook.datasets.pictures.materials import Material
from posebook.datasets.pictures.textures import Random, Surface, pick, ramp

_SHIRTS = ("plain", "stripes", "upright stripes", "checks", "dots", "print", "sleeves", "texture")
_SHIRTS_OFTEN = (0.46, 0.12, 0.04, 0.09, 0.04, 0.1, 0.09, 0.06)


def shirt(random: Random, chest_mm: float, bare: colours.Colour) -> Material:
    """A shirt, a blouse or a jumper. chest_mm: height of the chest at rest; bare: colour of skin.

    Half of the sleeves reach the wrist.
    """
    pattern = str(random.choice(_SHIRTS, p=_SHIRTS_OFTEN))
    ends = 2.0 if random.random() < 0.5 else random.uniform(0.08, 0.5)
    made = Material(colours.cloth(random), colours.cloth(random), pattern, ends=ends, bare=bare)
    if pattern in ("print", "texture"):
        stops = [made.colour, *(colours.cloth(random) for _ in range(int(random.integers(1, 4))))]
        surface = Surface(
            pick(random, "leaves", "clouds", "paper"), random.uniform(0.8, 2.5), ramp(*stops)
        )
        made = replace(made, surface=surface, middle_mm=chest_mm)
        return replace(made, period_mm=random.uniform(60, 120))
    return replace(made, period_mm=random.uniform(30, 130))


def bottoms(random: Random, bare: colours.Colour) -> Material:
    """Trousers, shorts or a skirt: mostly of one colour. A third of the trousers are shorts."""
    made = Material(
        colours.cloth(random),
        colours.cloth(random),
        period_mm=random.uniform(40, 150),
        ends=2.0 if random.random() < 0.67 else random.uniform(0.3, 0.7),
        bare=bare,
    )
    if random.random() < 0.12:
        pattern = ("upright stripes", "checks", "dots")[int(random.integers(3))]
        return replace(made, pattern=pattern)
    return made


def shoes(random: Random) -> Material:
    """Shoes or boots."""
    return Material(colours.cloth(random), gloss=0.1)


def skin(random: Random) -> Material:
    """Skin, which shines a little."""
    return Material(colours.skin(random), gloss=0.06)


def hair(random: Random, grey: float) -> Material:
    """Hair. grey: the chance that it is."""
    return Material(colours.hair(random, grey), gloss=0.12)


def eyes() -> Material:
    """Eyes, dark as a few pixels of them are."""
    return Material(numpy.array([0.12, 0.1, 0.09], numpy.float32))
