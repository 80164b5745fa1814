"""From light to a file: exposure, contrast, blur, noise, JPEG."""

import io
from dataclasses import dataclass

import numpy
from jaxtyping import Float, UInt8
from numpy import ndarray
from PIL import Image

Random = numpy.random.Generator
Light = Float[ndarray, "rows columns 3"]


@dataclass(frozen=True)
class Film:
    """How a picture is taken.

    stops      brighter than an even exposure by this power of two
    balance    (3,) factors of red, green and blue
    blur_px    deviation of a Gaussian blur; moved_px: (right, down) of a moved camera
    noise      deviation of the noise, in parts of full light, at middle grey
    quality    of the JPEG, 1 to 95
    """

    stops: float = 0.0
    balance: Float[ndarray, "3"] | None = None
    contrast: float = 1.0
    blur_px: float = 0.0
    moved_px: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.0
    quality: int = 92


def gentle(random: Random) -> Film:
    """A good camera on a stand."""
    return Film(random.uniform(0.0, 0.5), noise=0.004, quality=int(random.integers(88, 95)))


def any_camera(random: Random, size: int) -> Film:
    """Cameras of every kind: dark and bright, out of focus, moved, noisy, compressed."""
    scale = size / 64
    blur = random.uniform(0.3, 1.1) * scale**0.5 if random.random() < 0.35 else 0.0
    moved = random.normal(0, 1.0, 2) * scale if random.random() < 0.15 else (0.0, 0.0)
    return Film(
        stops=random.normal(0.0, 0.45),
        balance=1 + random.normal(0, 0.07, 3),
        contrast=random.uniform(0.85, 1.25),
        blur_px=blur,
        moved_px=(float(moved[0]), float(moved[1])),
        noise=random.uniform(0.0, 0.03) if random.random() < 0.6 else 0.0,
        quality=int(random.integers(35, 95)),
    )


def develop(light: Light, film: Film, random: Random) -> UInt8[ndarray, "rows columns 3"]:
    """Light to sRGB bytes, exposed so that its typical value is middle grey."""
    grey = light @ numpy.array([0.2126, 0.7152, 0.0722], light.dtype)
    typical = float(numpy.exp(numpy.log(grey + 1e-3).mean()))
    light = light * numpy.float32(0.2 * 2.0**film.stops / typical)
    if film.balance is not None:
        light = light * film.balance.astype(numpy.float32)
    light = _moved(_blurred(light, film.blur_px), film.moved_px)
    # A shoulder, as film and cameras have, in place of clipping: 2 is white.
    light = (1.15 * light * (1 + light / 4) / (1 + light)).clip(0, 1)
    coded = numpy.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    coded = 0.5 + film.contrast * (coded - 0.5) if film.contrast != 1 else coded
    if film.noise:
        shake = random.standard_normal(coded.shape, numpy.float32)
        coded = coded + shake * (film.noise * (0.5 + coded.clip(0, 1)))
    return (255 * coded + 0.5).clip(0, 255).astype(numpy.uint8)


def _blurred(light: Light, deviation: float) -> Light:
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(light, (deviation, deviation, 0), truncate=2.5) if deviation else light


def _moved(light: Light, moved_px: tuple[float, float]) -> Light:
    """The mean over a straight path of the camera."""
    steps = int(max(abs(moved_px[0]), abs(moved_px[1]))) + 1
    if steps < 2:
        return light
    right, down = moved_px
    shifts = [(round(down * k / steps), round(right * k / steps)) for k in range(steps)]
    shifts = [(y - round(down / 2), x - round(right / 2)) for y, x in shifts]
    reach = 1 + max(max(abs(y), abs(x)) for y, x in shifts)
    padded = numpy.pad(light, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    rows, columns = light.shape[:2]
    parts = [
        padded[reach + y : reach + y + rows, reach + x : reach + x + columns] for y, x in shifts
    ]
    return numpy.mean(parts, 0, dtype=numpy.float32)


def encode(rgb: UInt8[ndarray, "rows columns 3"], quality: int) -> bytes:
    """A JPEG of a picture."""
    file = io.BytesIO()
    Image.fromarray(rgb).save(file, "jpeg", quality=quality)
    return file.getvalue()


def decode(jpeg: bytes) -> UInt8[ndarray, "rows columns 3"]:
    """The picture of a JPEG."""
    return numpy.array(Image.open(io.BytesIO(jpeg)).convert("RGB"))
