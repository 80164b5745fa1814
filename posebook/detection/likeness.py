"""How much two people in a picture are in one place: by their boxes, and by their joints."""

import numpy
from jaxtyping import Float
from numpy import ndarray

#: Joints may be so far apart, in parts of the person's extent: there the likeness is 0.6.
SPREAD = 0.12


def extents(points: Float[ndarray, "n joints 2"]) -> Float[ndarray, " n"]:
    """The diagonal of the box around each person's joints, px; 0 where none is known."""
    boxes = boxes_around(points)
    return numpy.hypot(*(boxes[:, 2:] - boxes[:, :2]).T)


def boxes_around(points: Float[ndarray, "n joints 2"]) -> Float[ndarray, "n 4"]:
    """Left, top, right, bottom of each person's joints, px; zeros where none is known."""
    known = numpy.isfinite(points)
    low = numpy.where(known, points, numpy.inf).min(1, initial=numpy.inf)
    high = numpy.where(known, points, -numpy.inf).max(1, initial=-numpy.inf)
    found = numpy.concatenate([low, high], 1).astype(float)
    return numpy.where(numpy.isfinite(found).all(1, keepdims=True), found, 0.0)


def overlaps(boxes: Float[ndarray, "n 4"], others: Float[ndarray, "m 4"]) -> Float[ndarray, "n m"]:
    """Intersection over union of boxes (left, top, right, bottom)."""
    low = numpy.maximum(boxes[:, None, :2], others[None, :, :2])
    high = numpy.minimum(boxes[:, None, 2:], others[None, :, 2:])
    both = (high - low).clip(0).prod(-1)
    areas = [(each[:, 2:] - each[:, :2]).prod(-1) for each in (boxes, others)]
    return both / numpy.maximum(areas[0][:, None] + areas[1] - both, 1e-9)


def likeness(
    points: Float[ndarray, "joints 2"],
    size: float | int,
    others: Float[ndarray, "n joints 2"],
    spread: float | int = 1.0,
) -> Float[ndarray, " n"]:
    """Object key point similarity, 0 to 1, with one spread for all joints: `spread * SPREAD` of
    the size. Over the joints that both have; 0 where there is none."""
    apart = numpy.square(points - others).sum(-1)
    known = numpy.isfinite(apart)
    near = numpy.exp(-numpy.where(known, apart, 0) / (2 * (spread * SPREAD * max(size, 1.0)) ** 2))
    return (near * known).sum(1) / numpy.maximum(known.sum(1), 1)
