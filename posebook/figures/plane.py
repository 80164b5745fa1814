"""Pictures: axes in pixels, photographs under a drawing, windows that walk along."""

import base64
import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from posebook.errors import InputError
from posebook.figures.parts import FAINT
from posebook.files import regular


def picture_axes(
    points: np.ndarray, size_px: tuple[int, int] | None, room: tuple[float, float] = (0.1, 0.1)
) -> tuple[dict[str, Any], dict[str, Any]]:
    """x axis and y axis (downwards) of a picture with square pixels.

    size_px  the whole picture; None: what holds all points, with `room` around them
             (across, along; parts of the larger side)
    """
    if size_px is not None:
        x, y = [0.0, float(size_px[0])], [float(size_px[1]), 0.0]
    else:
        low, high = extent(points)
        half = (high - low) / 2 + np.array(room) * max(float((high - low).max()), 10.0)
        middle = (low + high) / 2
        x = [float(middle[0] - half[0]), float(middle[0] + half[0])]
        y = [float(middle[1] + half[1]), float(middle[1] - half[1])]
    common = {"showgrid": False, "zeroline": False, "mirror": True, "showline": True, "nticks": 6}
    common |= {"linecolor": FAINT, "ticks": "outside", "tickcolor": FAINT, "constrain": "domain"}
    x_axis = common | {"range": x, "title": {"text": "x, right (px)", "standoff": 6}}
    y_axis = common | {"range": y, "title": {"text": "y, down (px)", "standoff": 6}}
    return x_axis, y_axis | {"scaleanchor": "x", "scaleratio": 1}


class SmallJpeg(NamedTuple):
    """A photograph that was made small before, as a JPEG file's bytes; and its own size.

    size_px  (width, height) of the picture that the key points are in
    """

    content: bytes
    size_px: tuple[int, int]


def small_jpeg(picture: Any, most_px: int, quality: int = 72) -> SmallJpeg:
    """A Pillow picture in RGB, or an array of bytes, with no side longer than `most_px`."""
    from PIL import Image

    picture = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    size = picture.size
    small = picture.convert("RGB")
    small.thumbnail((most_px, most_px))
    out = io.BytesIO()
    small.save(out, "JPEG", quality=quality, optimize=True)
    return SmallJpeg(out.getvalue(), size)


def small_photograph(image: Any, most_px: int = 960) -> SmallJpeg:
    """A photograph made small.

    image  a path, an array (height, width), (height, width, 3) or (..., 4) of bytes, or a
           `SmallJpeg`, which is taken as it is
    """
    from PIL import Image

    try:
        if isinstance(image, SmallJpeg):
            return image
        if isinstance(image, (str, Path)):
            with Image.open(regular(image, "a picture file")) as opened:
                return small_jpeg(opened, most_px)
        return small_jpeg(image, most_px)
    except InputError:
        raise
    except (
        OSError, TypeError, ValueError, AttributeError, SyntaxError, Image.DecompressionBombError
    ) as error:  # fmt: skip
        name = image if isinstance(image, (str, Path)) else f"a {type(image).__name__}"
        raise InputError(
            f"image is {name}: expected a picture file or an array of bytes"
        ) from error


def photograph(image: Any, most_px: int = 480) -> tuple[dict[str, Any], tuple[int, int]]:
    """A photograph under the drawing, made small, and its own (width, height) in px.

    image  as `small_photograph` takes it
    """
    small = small_photograph(image, most_px)
    width, height = small.size_px
    return {
        "source": "data:image/jpeg;base64," + base64.b64encode(small.content).decode(),
        "xref": "x", "yref": "y", "x": 0, "y": 0, "layer": "below", "sizing": "stretch",
        "sizex": width, "sizey": height,
    }, (width, height)  # fmt: skip


def extent(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest x and y of the finite points."""
    finite = points.reshape(-1, points.shape[-1])
    finite = finite[np.isfinite(finite).all(-1)]
    if len(finite) == 0:
        return np.zeros(points.shape[-1]), np.ones(points.shape[-1])
    return finite.min(0), finite.max(0)


def walking_windows(
    seen: np.ndarray, size_px: tuple[int, int] | None
) -> list[dict[str, list[float]]] | None:
    """Axis ranges for each frame that walk along with the person, where the person is small in
    what all frames cover; None where one window serves.

    seen  (frames, joints, 2), px
    """
    extents = np.array([extent(frame) for frame in seen])  # (frames, low or high, 2)
    some = np.isfinite(seen).all(-1).any(-1)
    if not some.any():
        return None
    span = (extents[some, 1] - extents[some, 0]).max(0)
    low, high = extent(seen)
    whole = np.array(size_px, dtype=float) if size_px is not None else high - low
    half = np.maximum(span * 0.6, span.max() * 0.35)
    if not (2 * half < 0.6 * whole).any():
        return None
    middles = np.full((len(seen), 2), np.nan)
    middles[some] = extents[some].mean(1)
    known = np.flatnonzero(some)
    middles = np.stack(
        [np.interp(np.arange(len(seen)), known, middles[some, i]) for i in (0, 1)], 1
    )
    width = min(9, len(seen) // 2 * 2 + 1)  # a calm window: the mean over nine frames
    padded = np.pad(middles, ((width // 2, width // 2), (0, 0)), mode="edge")
    calm = np.stack([np.convolve(padded[:, i], np.ones(width) / width, "valid") for i in (0, 1)], 1)
    return [
        {
            "x": [round(float(m[0] - half[0]), 1), round(float(m[0] + half[0]), 1)],
            "y": [round(float(m[1] + half[1]), 1), round(float(m[1] - half[1]), 1)],
        }
        for m in calm
    ]
