"""Where a detector looks in a picture: all of it, then its parts, for people who are small."""

from collections.abc import Iterator

import numpy
import torch
from torch import Tensor

#: Larger pictures are made smaller first: a crop of an eighth still has more px than networks take.
LARGEST_SIDE_PX = 4096
#: A detector that also searches parts of a picture needs less of it: a third of this is more than
#: its networks take.
SEARCHED_SIDE_PX = 1600
#: Parts of a picture are looked at where they have at least so many px to show.
_SMALLEST_PART_PX = 160


def smaller(picture: Tensor, most_px: int = LARGEST_SIDE_PX) -> tuple[Tensor, int]:
    """The picture with sides of less than twice `most_px`, and by what it was divided."""
    factor = max(1, max(picture.shape[:2]) // most_px)
    if factor == 1:
        return picture, 1
    from PIL import Image

    reduced = Image.fromarray(picture.numpy()).reduce(factor)
    return torch.from_numpy(numpy.array(reduced)), factor


def part_squares(picture: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Squares to search, each as centre (1, 2) and side (1,) in px: the whole picture with black
    beside it, then overlapping ones of two sizes."""
    tall, wide = picture.shape[:2]
    longer = max(tall, wide)
    yield torch.tensor([[wide / 2, tall / 2]]), torch.tensor([float(longer)])
    for side in (longer * 0.6, longer * 0.36):
        if side < _SMALLEST_PART_PX:
            return
        columns, rows = (_spread(length, side) for length in (wide, tall))
        for y in rows:
            for x in columns:
                yield torch.tensor([[x, y]]), torch.tensor([side])


def _spread(length: int, side: float) -> list[float]:
    """Middles of pieces that overlap by a third or more and cover a length."""
    if side >= length:
        return [length / 2]
    count = 1 + int(numpy.ceil((length - side) / (side * 2 / 3)))
    return numpy.linspace(side / 2, length - side / 2, count).tolist()
