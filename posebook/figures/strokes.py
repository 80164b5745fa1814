"""Bones as lines of a pen: few and short, since an animation stores them once a frame."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from posebook.skeletons import Skeleton


@dataclass(frozen=True)
class Stroke:
    """Bones of one side that are drawn in one go: joint indices, -1 lifts the pen."""

    side: str
    invented: bool
    joints: tuple[int, ...]


def strokes(skeleton: Skeleton, invented: Collection[str] = ()) -> list[Stroke]:
    """The bones of a skeleton as few polylines; a bone is on the side of its far end.

    A bone that ends in an invented joint, at either end, is invented.
    """
    made_up = {skeleton.index(joint) for joint in invented}
    found = []
    for side in ("left", "right", "middle"):
        for guess in (False, True):
            bones = [
                (parent, child)
                for parent, child in skeleton.bones
                if skeleton.side(skeleton.joints[child]) == side
                and bool(made_up & {parent, child}) == guess
            ]
            if bones:
                found.append(Stroke(side, guess, tuple(_chain(bones))))
    return found


def _chain(bones: list[tuple[int, int]]) -> list[int]:
    """Bones joined end to end where they meet, which halves what a frame stores."""
    path: list[int] = []
    rest = list(bones)
    while rest:
        start = next((b for b in rest if not any(b[0] == other[1] for other in rest)), rest[0])
        path += [-1] if path else []
        path += start
        rest.remove(start)
        while following := next((b for b in rest if b[0] == path[-1]), None):
            path.append(following[1])
            rest.remove(following)
    return path


def along(points: np.ndarray, joints: Sequence[int]) -> np.ndarray:
    """Points (joints, d) in the order of a stroke; NaN where the pen is lifted."""
    return np.concatenate([points, points[:1] * np.nan])[list(joints)]


def broken(points: np.ndarray, joints: Sequence[int], dash_mm: float | int | None) -> np.ndarray:
    """A stroke as dashes, (points, 3), for 3D: plotly's own 3D dashes differ from bone
    to bone. Each bone begins and ends with a dash of about `dash_mm`; None: three dashes a bone."""
    drawn = []
    for start, end in zip(joints, joints[1:], strict=False):
        if start < 0 or end < 0:
            continue
        a, b = points[start], points[end]
        length = float(np.linalg.norm(b - a))
        finite = dash_mm is not None and math.isfinite(length)
        count = min(max(round(length / dash_mm / 1.8), 2), 40) if finite else 3
        share = 0.55
        unit = share + (count - 1)  # dash, gap, dash, ..., dash
        for i in range(count):
            drawn += [a + (b - a) * i / unit, a + (b - a) * (i + share) / unit, a * np.nan]
    return np.array(drawn).reshape(-1, points.shape[-1])
