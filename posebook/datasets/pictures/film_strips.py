"""A few seconds of a film, made small, as a file that browsers play: WebM with VP9, no sound.

The pictures are those that `Film.pictures` gives, one for one and in the same order.
"""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy

from posebook.datasets.pictures.ffmpeg import ONE_THREAD, Ffmpeg
from posebook.datasets.pictures.film_files import Film
from posebook.errors import InputError

#: No side of the small film is longer, px.
MOST_PX = 640
#: Frames a second in the file; whoever plays it may go slower or faster.
_SLOWEST, _FASTEST = 5.0, 60.0
#: A key frame at least every so many frames, so that a reader can jump to any.
_KEY_FRAMES = 15
#: Of the quality that is aimed at (0 best, 63 worst), and kbit/s that are enough for any film.
_QUALITY, _MOST_KBIT = 34, 1500
#: With less than this many kbit/s nobody is recognised any more: fewer frames are kept instead.
_LEAST_KBIT = 120
_TRIES = 4


class Strip(NamedTuple):
    """The file's content, how many frames it has, and how many of them it plays in a second."""

    content: bytes
    count: int
    rate: float | int


def strip(
    film: Film, first: int, count: int, rate: float | int, most_bytes: int, most_px: int = MOST_PX
) -> Strip:
    """Frames `first` to `first + count - 1`, or as many of them as `most_bytes` hold.

    InputError, one line, where the film cannot be read again, or ffmpeg cannot write VP9.
    """
    if not film.path.is_file():
        raise InputError(f"{film.path.name} cannot be read again: it is not there any more")
    rate = min(_FASTEST, max(_SLOWEST, rate))
    count = max(1, min(count, int(most_bytes * 8 / (_LEAST_KBIT * 1000) * rate)))
    for _ in range(_TRIES):
        kbit = min(_MOST_KBIT, most_bytes * 8 * rate / (count * 1000) * 0.9)
        content, made = _encoded(film, first, count, rate, kbit, small_size(film.size_px, most_px))
        if len(content) <= most_bytes:
            return Strip(content, made, rate)
        count = max(1, int(count * 0.85 * most_bytes / len(content)))
    raise InputError(f"{film.path.name}: its pictures take too many bytes")


def small_pictures(film: Film, first: int, size: tuple[int, int]) -> Iterator[numpy.ndarray]:
    """(height, width, 3) uint8 RGB of each picture from number `first` on, in another size."""
    if not film.path.is_file():
        raise InputError(f"{film.path.name} cannot be read again: it is not there any more")
    reading, filters = film.recipe(first)
    filters += f",scale={size[0]}:{size[1]}:flags=area"
    writing = ["-vf", filters, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24",
               *ONE_THREAD, "-"]  # fmt: skip
    with Ffmpeg(film.path, reading, writing) as running:
        while len(content := running.read(3 * size[0] * size[1])) == 3 * size[0] * size[1]:
            yield numpy.frombuffer(content, numpy.uint8).reshape(size[1], size[0], 3)


def small_size(size_px: tuple[float | int, float | int], most_px: int) -> tuple[int, int]:
    """Width and height with no side over `most_px`, in even numbers, as encoders ask."""
    factor = min(1.0, most_px / max(size_px))
    wide, tall = (max(2, 2 * round(side * factor / 2)) for side in size_px)
    return wide, tall


def _encoded(
    film: Film, first: int, count: int, rate: float | int, kbit: float | int, size: tuple[int, int]
) -> tuple[bytes, int]:
    """The file's content, and how many frames are in it."""
    reading, filters = film.recipe(first)
    filters += f",scale={size[0]}:{size[1]},setsar=1,setpts=N/({rate:.6f})/TB"
    with TemporaryDirectory() as folder:
        path = Path(folder) / "strip.webm"  # a file, since an index for jumping is written last
        vp9 = ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt",
               "yuv420p", "-crf", str(_QUALITY), "-b:v", f"{max(kbit, 20):.0f}k"]  # fmt: skip
        writing = ["-vf", filters, "-frames:v", str(count), "-fps_mode", "passthrough", *vp9,
                   "-g", str(_KEY_FRAMES), *ONE_THREAD, "-map_metadata", "-1", "-fflags",
                   "+bitexact", "-progress", "pipe:1", "-y", str(path)]  # fmt: skip
        frames = 0
        with Ffmpeg(film.path, reading, writing) as running:
            while line := running.line():
                key, _, value = line.decode(errors="replace").strip().partition("=")
                if key == "frame" and value.strip().isdecimal():
                    frames = int(value)
            said = running.said()
        if not frames or not path.is_file():
            words = [text for text in said if "ncoder" in text or "rror" in text]
            why = words[0] if words else "no frame came out of it"
            raise InputError(f"{film.path.name} cannot be shown: {why:.100}")
        return path.read_bytes(), frames
