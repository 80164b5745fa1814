"""Pictures one after the other, decoded when they are asked for: files, packed JPEGs, or tensors.

Every one comes as (height, width, 3) uint8, RGB, the right way up. A picture that is missing, cut
short or no picture is named in one line (`InputError`).
"""

import io
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from posebook.datasets.readers.content import HEAD, seems
from posebook.errors import InputError
from posebook.files import read_bytes, regular

#: A picture of more is refused before it is decoded.
MOST_PIXELS = 100_000_000
#: A file of more is not read: a picture of so many pixels takes less, even without compression.
MOST_BYTES = 1 << 30
#: Formats that Pillow may open. Some others start programs, such as a PostScript interpreter.
FORMATS = ("JPEG", "MPO", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "JPEG2000", "AVIF")
_EXPECTED = "a picture (JPEG, PNG, ...)"
#: What the largest number of a picture of more than 8 bits may be: 10, 12, 14 or 16 bits.
_LARGEST = (255, 1023, 4095, 16383, 65535)
#: So many pixels are converted at a time.
_AT_A_TIME = 4_000_000
_ORIENTATION = 0x0112


def decoded(content: bytes, where: str, size_px: tuple[int, int] | None = None) -> Tensor:
    """(height, width, 3) uint8 RGB of a picture file's bytes; the first picture, where the file
    holds several. What is transparent is shown on white.

    size_px  (width, height) that the annotation says. A picture is turned as its EXIF data ask;
             where only the picture as it is stored has the annotated size, it is not turned
    """
    from PIL import Image, UnidentifiedImageError

    try:
        with opened(content) as picture:
            width, height = picture.size
            if width * height > MOST_PIXELS:
                raise _too_large(where, f"{width}x{height} pixels are")
            picture.load()
            turned = _upright(picture)
            if size_px is not None and turned.size != size_px and picture.size == size_px:
                turned = picture
            array = _array(turned)
    except InputError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _too_large(where, "its pixels are") from None
    except Exception as error:  # damaged files make Pillow raise a dozen kinds
        if isinstance(error, UnidentifiedImageError):
            found = seems(content[:HEAD], where)
            if found is not None and not _is_read(content):
                raise InputError(
                    f"{where}: seems to be {found[0]}, which is not read; expected {_EXPECTED}"
                ) from None
            error = "no kind that is known"
        raise InputError(
            f"{where}: not a whole picture ({error!s:.80}; cut short?); expected {_EXPECTED}"
        ) from None
    if size_px is not None and (array.shape[1], array.shape[0]) != tuple(size_px):
        raise InputError(
            f"{where}: is {array.shape[1]}x{array.shape[0]}; its annotation says "
            f"{size_px[0]}x{size_px[1]} px"
        )
    return torch.from_numpy(array)


def is_picture(head: bytes, path: Path | str) -> bool:
    """Whether a file's first bytes are a picture's, of a format that is read or not."""
    found = seems(head, path)
    portable = head[:2] in (b"P5", b"P6") and head[2:3].isspace()
    return portable or (found is not None and found[0].endswith(" picture"))


def holds_several(content: bytes) -> bool:
    """Whether a file that `decoded` has taken holds more than one picture: an animation, pages.
    A telephone's JPEG with a small second picture beside it does not count."""
    with opened(content) as picture:
        return picture.format != "MPO" and getattr(picture, "is_animated", False)


@contextmanager
def opened(content: bytes) -> Iterator[Any]:
    """A picture file as Pillow opens it, nothing decoded, of a format that is read."""
    from PIL import Image

    Image.init()
    pillows = Image.MAX_IMAGE_PIXELS  # where Pillow begins to warn
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of odd metadata
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        known = [name for name in FORMATS if name in Image.OPEN]
        try:
            Image.MAX_IMAGE_PIXELS = MOST_PIXELS
            with Image.open(io.BytesIO(content), formats=known) as picture:
                yield picture
        finally:
            Image.MAX_IMAGE_PIXELS = pillows


def size_of(path: Path | str) -> tuple[int, int]:
    """(width, height) of a picture file, the right way up; only its beginning is read."""
    from PIL import Image

    path = regular(path, _EXPECTED)
    Image.init()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            known = [name for name in FORMATS if name in Image.OPEN]
            with Image.open(path, formats=known) as picture:
                width, height = picture.size
                across = picture.getexif().get(0x0112) in (5, 6, 7, 8)
    except Exception as error:  # damaged files make Pillow raise a dozen kinds
        raise InputError(
            f"{path}: not a whole picture ({error!s:.80}; cut short?); expected {_EXPECTED}"
        ) from None
    return (height, width) if across else (width, height)


def _is_read(content: bytes) -> bool:
    """Whether the bytes begin as a format that is read: then the rest of them is damaged."""
    starts = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM", b"II*\0", b"MM\0*")
    return content.startswith(starts) or content[8:12] == b"WEBP"


def _upright(picture: Any) -> Any:
    """Turned as its EXIF data ask; as it is stored where they are damaged."""
    from PIL import ImageOps

    try:
        turns = picture.getexif().get(_ORIENTATION, 1) != 1
        return ImageOps.exif_transpose(picture) if turns else picture
    except Exception:  # damaged metadata make Pillow raise a dozen kinds
        return picture


def _array(picture: Any) -> numpy.ndarray:
    """(height, width, 3) RGB of 8 bits. Rows are converted some at a time: of a large picture, each
    copy takes 400 MB."""
    wide, tall = picture.size
    rows = max(1, _AT_A_TIME // wide)
    strips = [(0, start, wide, min(start + rows, tall)) for start in range(0, tall, rows)]
    full = None
    if picture.mode.startswith("I") or picture.mode == "F":  # which `convert` would clip at 255
        full = _largest(picture.mode, max(float(_grey(picture.crop(s)).max()) for s in strips))
    array = numpy.empty((tall, wide, 3), numpy.uint8)
    for strip in strips:
        array[strip[1] : strip[3]] = numpy.asarray(_as_rgb(picture.crop(strip), full))
    return array


def _largest(mode: str, high: float) -> float:
    """What stands for white in a picture of more than 8 bits whose brightest place is `high`."""
    if mode == "F" and high <= 1:
        return 1.0
    return float(next((bits for bits in _LARGEST if high <= bits), high))


def _grey(picture: Any) -> numpy.ndarray:
    return numpy.nan_to_num(numpy.asarray(picture).astype(numpy.float32)).clip(0)


def _as_rgb(picture: Any, full: float | None) -> Any:
    from PIL import Image

    if full is not None:
        picture = Image.fromarray((_grey(picture) * (255 / full)).astype(numpy.uint8))
    if picture.has_transparency_data:
        shown = picture.convert("RGBA")
        white = Image.new("RGBA", shown.size, "white")
        white.alpha_composite(shown)
        picture = white
    return picture.convert("RGB")


def _too_large(where: str, what: str) -> InputError:
    return InputError(
        f"{where}: {what} too many; expected at most {MOST_PIXELS // 1_000_000} megapixels"
    )


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
        return decoded(read_bytes(path, _EXPECTED, MOST_BYTES), f"{path}", size_px)


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
