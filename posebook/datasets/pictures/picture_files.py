"""Pictures one after the other, decoded when they are asked for: files, packed JPEGs, or tensors.

Every one comes as (height, width, 3) uint8, RGB, the right way up. A picture that is missing, cut
short or no picture is named in one line (`InputError`).
"""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy
import torch
from torch import Tensor

from posebook.errors import InputError
from posebook.files import read_bytes

#: A picture of more is refused before it is decoded: 100 megapixels are 300 MB.
MOST_PIXELS = 100_000_000
_EXPECTED = "a picture (JPEG, PNG, ...)"


def decoded(content: bytes, where: str, size_px: tuple[int, int] | None = None) -> Tensor:
    """(height, width, 3) uint8 RGB of a picture file's bytes.

    size_px  (width, height) that the annotation says. A picture is turned as its EXIF data ask;
             where only the picture as it is stored has the annotated size, it is not turned
    """
    from PIL import Image, ImageOps, UnidentifiedImageError

    try:
        with Image.open(io.BytesIO(content)) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise InputError(f"{where}: {width}x{height} pixels are too many; expected at "
                                 f"most {MOST_PIXELS // 1_000_000} megapixels")  # fmt: skip
            picture.load()
            turned = ImageOps.exif_transpose(picture)
            if size_px is not None and turned.size != size_px and picture.size == size_px:
                turned = picture
            if turned.mode.startswith("I;16"):  # which `convert` would clip at 255
                turned = Image.fromarray((numpy.asarray(turned) >> 8).astype(numpy.uint8))
            array = numpy.array(turned.convert("RGB"))
    except InputError:
        raise
    except Exception as error:  # damaged files make Pillow raise a dozen kinds
        why = "no kind that is known" if isinstance(error, UnidentifiedImageError) else error
        raise InputError(
            f"{where}: not a whole picture ({why!s:.80}; cut short?); expected {_EXPECTED}"
        ) from None
    if size_px is not None and (array.shape[1], array.shape[0]) != tuple(size_px):
        raise InputError(
            f"{where}: is {array.shape[1]}x{array.shape[0]}; its annotation says "
            f"{size_px[0]}x{size_px[1]} px"
        )
    return torch.from_numpy(array)


class PictureFiles(Sequence):
    """Pictures in files; sizes_px: (width, height) of each where the annotation says it."""

    def __init__(
        self, paths: Sequence[Path], sizes_px: Sequence[tuple[int, int] | None] | None = None
    ):
        self.paths = list(paths)
        self.sizes_px = None if sizes_px is None else list(sizes_px)

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int) -> Tensor:
        path = self.paths[index]
        size_px = None if self.sizes_px is None else self.sizes_px[index]
        return decoded(read_bytes(path, _EXPECTED), f"{path}", size_px)


class PackedPictures(Sequence):
    """JPEGs that stand one after the other in one array of bytes.

    jpeg  (bytes,) uint8;  ends  (n,) int64: where each one ends;  where: the file, for errors
    """

    def __init__(self, jpeg: numpy.ndarray, ends: numpy.ndarray, where: str):
        self.jpeg, self.ends, self.where = jpeg, ends, where

    def __len__(self) -> int:
        return len(self.ends)

    def __getitem__(self, index: int) -> Tensor:
        start = int(self.ends[index - 1]) if index else 0
        content = self.jpeg[start : int(self.ends[index])].tobytes()
        return decoded(content, f"{self.where}: picture {index}")
