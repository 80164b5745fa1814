"""What people wear, as numbers: the colours of torso and legs, to tell them apart in a film.

Key points say where torso and legs are; pixels are taken there and counted by lightness and by two
colour differences, each in bins that overlap, so that a little more light changes little.
"""

import numpy
from jaxtyping import Float, UInt8
from numpy import ndarray

from posebook.key_points import MIN_CONFIDENCE
from posebook.skeletons import Skeleton

#: Bins of lightness and of each of the two colour differences.
BINS = 8
#: What is looked at.
PARTS = ("torso", "legs")
#: Numbers of a person: for each part three rows of bins, each with a sum of 1.
LENGTH = len(PARTS) * 3 * BINS
#: A colour difference of more, in parts of full light, lies in the outermost bin.
_MOST_COLOUR = 0.4
#: Shares of the way along and across a part where pixels are taken.
_ALONG = numpy.linspace(0.1, 0.9, 9)

Looks = Float[ndarray, "people numbers"]


def looks(
    picture: UInt8[ndarray, "height width 3"],
    keypoints_px: Float[ndarray, "people joints 2"],
    scores: Float[ndarray, "people joints"],
    skeleton: Skeleton,
) -> Looks:
    """(people, LENGTH): the colours of each person; NaN for a part that is not seen.

    Joints with less than `MIN_CONFIDENCE` are not looked at.
    """
    found = numpy.full((len(keypoints_px), len(PARTS), 3 * BINS), numpy.nan, numpy.float32)
    names = skeleton.joints
    for who, (points, score) in enumerate(zip(keypoints_px, scores, strict=True)):
        known = numpy.isfinite(points).all(1) & (score >= MIN_CONFIDENCE)
        place = {name: points[j] for j, name in enumerate(names) if known[j]}
        for part, samples in enumerate((_torso(place), _legs(place))):
            colours = _taken(picture, samples)
            if len(colours) >= BINS:
                found[who, part] = _counted(colours)
    return found.reshape(len(keypoints_px), LENGTH)


def unlike(one: ndarray, others: Looks) -> Float[ndarray, " people"]:
    """Hellinger distances, 0 to 1, of one person's looks, (LENGTH,), to others', (people, LENGTH);
    NaN where no part is seen of both."""
    rows = (len(others), -1, BINS)
    common = numpy.sqrt(one.reshape(1, -1, BINS) * others.reshape(rows)).sum(-1)
    apart = numpy.sqrt((1 - common).clip(0))
    known = numpy.isfinite(apart)
    mean = numpy.where(known, apart, 0).sum(1) / numpy.maximum(known.sum(1), 1)
    return numpy.where(known.any(1), mean, numpy.nan)


def _torso(place: dict[str, ndarray]) -> ndarray:
    """Points in the quadrilateral of shoulders and hips; a side view has it narrow."""
    corners = [f"{side}_{joint}" for joint in ("shoulder", "hip") for side in ("left", "right")]
    if not set(corners) <= set(place):
        return numpy.zeros((0, 2))
    left, right, left_hip, right_hip = (place[name] for name in corners)
    across = _ALONG[::2, None, None]
    top, bottom = left + across * (right - left), left_hip + across * (right_hip - left_hip)
    return (top + _ALONG[:, None] * (bottom - top)).reshape(-1, 2)


def _legs(place: dict[str, ndarray]) -> ndarray:
    """Points along the thighs and shins that are seen."""
    bones = [(f"{side}_{upper}", f"{side}_{lower}") for side in ("left", "right")
             for upper, lower in (("hip", "knee"), ("knee", "foot"))]  # fmt: skip
    made = [place[start] + _ALONG[:, None] * (place[end] - place[start])
            for start, end in bones if start in place and end in place]  # fmt: skip
    return numpy.concatenate([numpy.zeros((0, 2)), *made])


def _taken(picture: ndarray, samples: ndarray) -> ndarray:
    """(n, 3) colours from 0 to 1 of those of the points that lie in the picture."""
    tall, wide = picture.shape[:2]
    inside = (samples >= 0).all(1) & (samples < (wide, tall)).all(1)
    column, row = samples[inside].astype(int).T
    return picture[row, column].astype(numpy.float32) / 255


def _counted(colours: ndarray) -> ndarray:
    """(3 * BINS,): shares of lightness and of two colour differences, each sum 1."""
    red, green, blue = colours.T
    scale = 2 * _MOST_COLOUR
    rows = ((red + green + blue) / 3, (red - green) / scale + 0.5,
            ((red + green) / 2 - blue) / scale + 0.5)  # fmt: skip
    made = numpy.zeros((3, BINS), numpy.float32)
    for held, values in zip(made, rows, strict=True):
        place = (values * BINS - 0.5).clip(0, BINS - 1)
        low = place.astype(int).clip(0, BINS - 2)
        numpy.add.at(held, low, 1 - (place - low))
        numpy.add.at(held, low + 1, place - low)
    return (made / len(colours)).reshape(-1)
