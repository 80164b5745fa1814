"""How a network that the user brings takes pictures: size, layout, numbers.

Size and layout stand in the file. What the numbers mean does not: it is the way of the project
that such networks come from, unless the file keeps bytes for a range of numbers, which tells.
"""

from dataclasses import dataclass, replace

import numpy
import torch
from jaxtyping import UInt8
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.detection.brought.networks import Network, Slot
from posebook.errors import InputError
from posebook.methods.stacked_hourglass.inputs import IMAGENET, PictureInput

#: Ranges of numbers by the words that stand for them; of red, green, blue.
COLOURS = {
    "imagenet": IMAGENET,
    "unit": PictureInput(False, 255.0, (0.0, 0.0, 0.0)),
    "bytes": PictureInput(False, 1.0, (0.0, 0.0, 0.0)),
    "signed": PictureInput(False, 127.5, (1.0, 1.0, 1.0)),
}
#: Sides of a picture that a network may take, px.
SMALLEST_PX, LARGEST_PX = 32, 2048
#: What letterboxing networks see beside the picture.
GREY = 114
_TYPES = ("float32", "float16", "float64", "uint8", "int8", "int32", "int64")


@dataclass(frozen=True)
class Taken:
    """What goes into a network.

    size           width, height, px
    channels_last  (batch, height, width, 3); else (batch, 3, height, width)
    batch          pictures that it takes at once
    colours        how bytes become its numbers
    """

    network: Network
    size: tuple[int, int]
    channels_last: bool
    batch: int
    colours: PictureInput

    def answers(self, pictures: UInt8[Tensor, "n height width 3"]) -> list[numpy.ndarray]:
        """All answers of the network to pictures of its size, the first side being n where it is
        the network's batch."""
        parts = []
        for part in pictures.split(self.batch):
            left = self.batch - len(part)
            full = torch.cat([part, part[:1].expand(left, -1, -1, -1)]) if left else part
            answers = self.network.run(self._numbers(full))
            kept = len(part)
            parts.append([a[:kept] if left and len(a) == self.batch else a for a in answers])
        if len(parts) == 1:
            return parts[0]
        return [numpy.concatenate(each) for each in zip(*parts, strict=True)]

    def _numbers(self, pictures: Tensor) -> numpy.ndarray:
        slot = self.network.inputs[0]
        values = self.colours(pictures)  # (n, 3, height, width)
        values = (values.permute(0, 2, 3, 1) if self.channels_last else values).numpy()
        kind = numpy.dtype(slot.dtype)
        if slot.scale:
            values = values / slot.scale + slot.zero
        if kind.kind in "iu":
            low, high = numpy.iinfo(kind).min, numpy.iinfo(kind).max
            values = numpy.clip(numpy.rint(values), low, min(high, 1 << 30))
        return numpy.ascontiguousarray(values, kind)

    def square(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        """The whole picture in the network's size, grey beside it, and the map (3, 3) from px of
        the picture to px of the network's."""
        tall, wide = picture.shape[:2]
        width, height = self.size
        scale = min(width / wide, height / tall)
        side = torch.tensor([max(width, height) / scale])
        middle = torch.tensor([[wide / 2, tall / 2]])
        matrix = crops.matrix(middle, side, torch.zeros(1), self.size)[0]
        crop = crops.cut(picture, matrix, self.size)
        left, top = round((width - scale * wide) / 2), round((height - scale * tall) / 2)
        boxed = torch.full_like(crop, GREY)
        boxed[top : height - top, left : width - left] = (
            crop[top : height - top, left : width - left]
        )  # fmt: skip
        return boxed, matrix


def taken(
    network: Network,
    usual: tuple[int, int],
    size: tuple[int, int] | None,
    colours: PictureInput,
    said: bool,
) -> Taken:
    """What goes into a network, from what its file declares.

    usual    width and height of such networks, where the file leaves them open
    size     the user's, which has to fit what the file declares
    colours  the project's, or the user's if `said`
    InputError where it takes no picture.
    """
    where, slots = network.path, network.inputs
    slot = slots[0] if slots else Slot("", "none", ())
    if len(slots) != 1 or len(slot.shape) != 4 or slot.dtype not in _TYPES:
        shown = ", ".join(f"{s.name} {_shown(s.shape)} {s.dtype}" for s in slots[:4]) or "nothing"
        raise InputError(
            f"{where}: takes {shown:.200}; expected one picture (1, 3, height, width) or "
            "(1, height, width, 3)"
        )
    batch, *rest = slot.shape
    channels_last = rest[2] == 3 and rest[0] != 3
    channels = rest[2] if channels_last else rest[0]
    if channels not in (3, None):
        raise InputError(f"{where}: takes {_shown(slot.shape)}; expected a picture of 3 colours")
    tall, wide = rest[:2] if channels_last else rest[1:]
    width, height = size or (wide or usual[0], tall or usual[1])
    if (wide or width, tall or height) != (width, height):
        raise InputError(f"{where}: takes pictures of {wide}x{tall} px, not {width}x{height}")
    if not all(SMALLEST_PX <= side <= LARGEST_PX for side in (width, height)):
        raise InputError(
            f"{where}: takes pictures of {width}x{height} px; expected {SMALLEST_PX} to "
            f"{LARGEST_PX}"
        )
    if batch is not None and batch > 64:
        raise InputError(f"{where}: takes {batch} pictures at once; expected at most 64")
    if not said:
        colours = _of_range(slot) or colours
    return Taken(network, (width, height), channels_last, batch or 1, colours)


def ordered(colours: PictureInput, blue_first: bool) -> PictureInput:
    """The same numbers for the channels in another order."""
    if colours.blue_first == blue_first:
        return colours
    mean, spread = colours.mean[::-1], colours.spread[::-1]
    return replace(colours, blue_first=blue_first, mean=mean, spread=spread)


def _of_range(slot: Slot) -> PictureInput | None:
    """What the numbers mean where bytes stand for a range of them; None: it is not told."""
    kind = numpy.dtype(slot.dtype)
    if kind.kind not in "iu":
        return None
    if not slot.scale:
        return COLOURS["bytes"]
    high = (numpy.iinfo(kind).max - slot.zero) * slot.scale
    low = (numpy.iinfo(kind).min - slot.zero) * slot.scale
    if low < -1.5:
        return COLOURS["imagenet"]
    return COLOURS["signed" if low < -0.5 else "unit" if high < 2 else "bytes"]


def _shown(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("?" if side is None else str(side) for side in shape) + ")"
