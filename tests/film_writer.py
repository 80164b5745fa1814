"""Films of a few pictures, written with the ffmpeg that comes with imageio."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import imageio_ffmpeg
import numpy as np

WIDE, TALL, RATE = 64, 48, 25


def run(*options: str, given: bytes = b"") -> None:
    ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
    subprocess.run([ffmpeg, "-v", "error", "-y", *options], input=given, check=True)


def counting(count: int, wide: int = WIDE, tall: int = TALL) -> np.ndarray:
    """(count, tall, wide, 3): of up to 50 pictures each grey says the number; a corner is red."""
    pictures = np.empty((count, tall, wide, 3), np.uint8)
    pictures[:] = (40 + 4 * np.arange(count)).astype(np.uint8)[:, None, None, None]
    pictures[:, : tall // 3, : wide // 3] = 230, 20, 20
    return pictures


def number_of(picture) -> int:
    """Which picture of `counting` it is: by its middle's grey."""
    tall, wide = picture.shape[:2]
    middle = picture[tall // 2 - 4 : tall // 2 + 4, wide // 2 - 4 : wide // 2 + 4]
    return round((float(np.asarray(middle, np.float64).mean()) - 40) / 4)


def write(
    path: Path, pictures: np.ndarray, rate: float = RATE, options: Sequence[str] = ()
) -> Path:
    """A film of pictures; options of ffmpeg's output."""
    tall, wide = pictures.shape[1:3]
    run(
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{wide}x{tall}", "-r", f"{rate}"),
        *("-i", "-", "-pix_fmt", "yuv420p", *options, str(path)),
        given=pictures.tobytes(),
    )
    return path


def at_times(path: Path, pictures: np.ndarray, when: str, options: Sequence[str] = ()) -> Path:
    """A film whose rate is not constant. when: of picture N, in steps of 1/RATE s."""
    step = ("-vf", f"setpts='({when})/{RATE}/TB'", "-fps_mode", "passthrough")
    return write(path, pictures, options=(*step, *options))


def turned(path: Path, film: Path, degrees: int) -> Path:
    """The same film, with a display matrix that asks to be turned anticlockwise."""
    run("-display_rotation", str(degrees), "-i", str(film), "-c", "copy", str(path))
    return path
