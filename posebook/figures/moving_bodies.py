"""People drawn by Pillow, frame after frame, for films: on a picture, and in a scene that turns.

One frame takes milliseconds; matplotlib takes a hundred times as long, and plotly a second.
"""

import math
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8
from numpy import ndarray

from posebook.figures.parts import COLOUR, FLOOR
from posebook.figures.space import grid_pen
from posebook.skeletons import Skeleton

#: Drawn so many times as large, then made smaller: lines get soft edges.
_SHARP = 2
_BLANK = (238, 240, 242)
#: How high the eye stands over the floor, rad; and the part of the places that has to fit: a few
#: that are far off do not make everybody small.
_PITCH, _FITS = 0.2, 0.99
#: Sides of the squares on the floor, mm.
_SQUARES_MM = (250, 500, 1000, 2000, 5000, 10000)

Picture = UInt8[ndarray, "height width 3"]


class Sheet:
    """A picture to draw on, or a sheet of one colour; `pixels` gives it as it is drawn."""

    def __init__(self, size: tuple[int, int], under: Picture | tuple[int, int, int]):
        from PIL import Image, ImageDraw, ImageFont

        large = (_SHARP * size[0], _SHARP * size[1])
        if isinstance(under, tuple):
            self._image = Image.new("RGB", large, under)
        else:  # what nobody draws on comes out as it was
            self._image = Image.fromarray(under).resize(large, Image.Resampling.NEAREST)
        self._pen = ImageDraw.Draw(self._image)
        self._font = ImageFont.load_default(13 * _SHARP)

    def line(self, a: ndarray, b: ndarray, colour: Any, width: float | int) -> None:
        ends, wide = (_SHARP * np.stack([a, b])).round(), max(1, round(_SHARP * width))
        self._pen.line([*map(tuple, ends)], colour, wide)
        if wide > 2:
            for x, y in ends:
                r = (wide - 1) / 2
                self._pen.ellipse((x - r, y - r, x + r, y + r), colour)

    def mark(self, side: str, at: ndarray, size: float | int, colour: Any, hollow: bool) -> None:
        """A joint: a circle on the left, a square on the right, a diamond in the middle."""
        (x, y), r = _SHARP * at, _SHARP * size
        look = dict(fill="#FFFFFF" if hollow else colour, width=_SHARP,
                    outline=colour if hollow else "#FFFFFF")  # fmt: skip
        if side == "left":
            self._pen.ellipse((x - r, y - r, x + r, y + r), **look)
        elif side == "right":
            r *= 0.9
            self._pen.rectangle((x - r, y - r, x + r, y + r), **look)
        else:
            r *= 1.25
            self._pen.polygon([(x - r, y), (x, y - r), (x + r, y), (x, y + r)], **look)

    def name(self, text: str, points: ndarray) -> None:
        """Somebody's number over their highest point."""
        known = points[np.isfinite(points).all(-1)]
        if not text or not len(known):
            return
        x, y = _SHARP * known[known[:, 1].argmin()]
        wide = self._pen.textlength(text, self._font) + 8 * _SHARP
        top = max(0.0, y - 28 * _SHARP)
        self._pen.rectangle((x - wide / 2, top, x + wide / 2, top + 18 * _SHARP), fill="#1F2328")
        place = (x - wide / 2 + 4 * _SHARP, top + 1 * _SHARP)
        self._pen.text(place, text, "#FFFFFF", self._font)

    def pixels(self) -> ndarray:
        return np.asarray(self._image.reduce(_SHARP))


def on_picture(
    picture: Picture | None,
    size: tuple[int, int],
    people: Float[ndarray, "people joints 2"],
    skeleton: Skeleton,
    *,
    names: Sequence[str] = (),
    invented: Collection[str] = (),
) -> Picture:
    """A picture of that size with key points on it, in its px; None: a grey one."""
    sheet = Sheet(size, _BLANK if picture is None else picture)
    wide = 2 + size[0] / 400
    made_up = [joint in invented for joint in skeleton.joints]
    for who, points in enumerate(people):
        known = np.isfinite(points).all(-1) & (np.abs(points) < 1e5).all(-1)
        bones = [(a, b) for a, b in skeleton.bones if known[a] and known[b]]
        for a, b in bones if picture is not None else ():
            sheet.line(points[a], points[b], "#FFFFFF", wide + 2)
        for a, b in bones:
            thin = 0.5 if made_up[a] or made_up[b] else 1.0
            colour = COLOUR[skeleton.side(skeleton.joints[b])]
            sheet.line(points[a], points[b], colour, wide * thin)
        for j, joint in enumerate(skeleton.joints):
            if known[j]:
                side = skeleton.side(joint)
                sheet.mark(side, points[j], wide + 0.8, COLOUR[side], made_up[j])
        sheet.name(names[who] if len(people) > 1 else "", points[known])
    return sheet.pixels()


class Turning:
    """A scene that holds people through a whole motion, seen from any side.

    points_mm  (frames, people, joints, 3), world axes, z up; NaN: missing
    size       width and height of the drawing, px
    """

    def __init__(self, points_mm: ndarray, skeleton: Skeleton, size: tuple[int, int]):
        self.skeleton, self.size = skeleton, size
        known = points_mm[np.isfinite(points_mm).all(-1)]
        known = known if len(known) else np.zeros((1, 3))
        low, high = np.quantile(known, [(1 - _FITS) / 2, (1 + _FITS) / 2], axis=0)
        low[2] = min(low[2], 0.0)
        middle, half = (low + high) / 2, np.maximum((high - low) / 2, 400)
        low, high = middle - half, middle + half
        self._middle, self._reach = middle, float(np.hypot(*half[:2]))
        self._far = 5 * math.hypot(self._reach, half[2])
        tall = half[2] * math.cos(_PITCH) + self._reach * math.sin(_PITCH)
        self._scale = (1 - self._reach / self._far) * min(
            0.5 * size[0] / self._reach, 0.48 * size[1] / tall
        )
        square = next((s for s in _SQUARES_MM if (high - low)[:2].max() <= 10 * s), _SQUARES_MM[-1])
        first, last = np.floor(low[:2] / square), np.ceil(high[:2] / square)
        xs, ys = (square * np.arange(a, b + 1) for a, b in zip(first, last, strict=True))
        self._floor = grid_pen(xs, ys, float(low[2])).reshape(-1, 3, 3)[:, :2]

    def draw(
        self,
        people: Float[ndarray, "people joints 3"],
        yaw: float | int,
        *,
        truth: Float[ndarray, "people joints 3"] | None = None,
        names: Sequence[str] = (),
        invented: Collection[str] = (),
    ) -> Picture:
        """The scene from a side; yaw in rad, 0 as from the camera."""
        sheet, s = Sheet(self.size, (255, 255, 255)), self.skeleton
        for line in self._seen(self._floor, yaw)[..., :2]:
            sheet.line(*line, FLOOR, 1)
        parts: list[tuple[float, Any]] = []
        wide = min(6.0, max(1.5, 40 * self._scale))
        made_up = [joint in invented for joint in s.joints]
        shown = self._seen(people, yaw)
        for points in shown:
            known = np.isfinite(points).all(-1)
            for a, b in s.bones:
                if known[a] and known[b]:
                    thin = 0.5 if made_up[a] or made_up[b] else 1.0
                    parts.append((points[[a, b], 2].mean(), (points[a], points[b],
                                  COLOUR[s.side(s.joints[b])], wide * thin)))  # fmt: skip
            parts += [(points[j, 2] - 90, (s.side(joint), points[j], 0.8 * wide, made_up[j]))
                      for j, joint in enumerate(s.joints) if known[j]]  # fmt: skip
        for points in () if truth is None else self._seen(truth, yaw):
            known = np.isfinite(points).all(-1)
            parts += [(points[[a, b], 2].mean(), (points[a], points[b], COLOUR["truth"], wide / 3))
                      for a, b in s.bones if known[a] and known[b]]  # fmt: skip
        for _, part in sorted(parts, key=lambda part: -part[0]):
            if isinstance(part[0], str):
                side, point, size, hollow = part
                sheet.mark(side, point[:2], size, COLOUR[side], hollow)
            else:
                a, b, colour, width = part
                sheet.line(a[:2], b[:2], "#FFFFFF", 1.4 * width)
                sheet.line(a[:2], b[:2], colour, width)
        for who, points in enumerate(shown):
            sheet.name(names[who] if len(shown) > 1 else "", points[:, :2])
        return sheet.pixels()

    def _seen(self, points_mm: ndarray, yaw: float | int) -> ndarray:
        """(..., 3): x and y on the sheet, px, and how far away, mm."""
        x, y, z = np.moveaxis(points_mm - self._middle, -1, 0)
        right = math.cos(yaw) * x + math.sin(yaw) * y
        back = math.cos(yaw) * y - math.sin(yaw) * x
        deep = math.cos(_PITCH) * back - math.sin(_PITCH) * z
        high = math.sin(_PITCH) * back + math.cos(_PITCH) * z
        scale = self._scale * self._far / (self._far + deep)
        wide, tall = self.size
        return np.stack([wide / 2 + scale * right, tall / 2 - scale * high, deep], -1)
