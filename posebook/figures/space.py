"""3D scenes: equal axes in mm, a grid on the floor, a viewer at the front side.

Drawing axes throughout: to the right, away from the viewer, up; arrays (..., joints, 3) in mm.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from posebook.figures.parts import FAINT, FLOOR, Frame, drawn
from posebook.skeletons import Skeleton

AXES = {
    "camera": ("x, right (mm)", "z, away (mm)", "−y, up (mm)"),
    "world": ("x (mm)", "y (mm)", "z, up (mm)"),
}


def box(points: np.ndarray, margin_mm: float | int = 120.0) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner, in drawing axes, of a box that holds all finite points."""
    finite = points.reshape(-1, 3)
    finite = finite[np.isfinite(finite).all(-1)]
    if len(finite) == 0:
        finite = np.zeros((1, 3))
    low, high = finite.min(0), finite.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 + margin_mm, [400, 400, 300])
    new_low, new_high = middle - half, middle + half
    new_low[2] = low[2]  # people stand on the floor of the box
    return new_low, np.maximum(new_high, new_low + 300)


def floor_grid(low: np.ndarray, high: np.ndarray) -> tuple[dict[str, Any], int]:
    """A grid under the lowest joint as one trace, and the side of its squares in mm."""
    span = float((high - low)[:2].max())
    step = next((s for s in (250, 500, 1000, 2000, 5000) if span / s <= 10), 10000)
    x0, y0 = (math.floor(v / step) * step for v in low[:2])
    x1, y1 = (math.ceil(v / step) * step for v in high[:2])
    pen = grid_pen(np.arange(x0, x1 + 1, step), np.arange(y0, y1 + 1, step), low[2])
    low[:2], high[:2] = (x0, y0), (x1, y1)
    return drawn(pen, FLOOR, 3), step


def grid_pen(xs: np.ndarray, ys: np.ndarray, height: float) -> np.ndarray:
    """A pen's way over a grid on the floor, (n, 3): along every x, then along every y."""
    lines = [((x, ys[0]), (x, ys[-1])) for x in xs] + [((xs[0], y), (xs[-1], y)) for y in ys]
    lifted = (np.nan, np.nan, np.nan)
    return np.array([way for a, b in lines for way in ((*a, height), (*b, height), lifted)])


def facing(points: np.ndarray, skeleton: Skeleton) -> np.ndarray | None:
    """Which way a person in drawing axes faces, (x, y) of length 1; None where it is not known."""
    if not {"left_hip", "right_hip"} <= set(skeleton.joints):
        return None
    across = points[skeleton.index("left_hip")] - points[skeleton.index("right_hip")]
    front = np.array([across[1], -across[0]])  # left x up
    length = np.linalg.norm(front)
    return front / length if np.isfinite(length) and length > 1e-6 else None


def scene(
    low: np.ndarray,
    high: np.ndarray,
    frame: Frame,
    *,
    front: np.ndarray | None = None,
    labels: Sequence[str] | None = None,
    shape: float = 1.5,
    height: float = 0.75,
    zoom: float = 1.0,
) -> dict[str, Any]:
    """A 3D scene with equal axes in mm, seen from the front side.

    front   where the viewer stands, (x, y) from the person; None: where the camera is
    shape   width of the scene's place on the sheet, over its height
    height  of the viewer's eye over the middle of the scene, which is 3.3 away
    """
    span = high - low
    across = float(np.hypot(span[0], span[1]))
    ratio = span * 2.45 * zoom / max(span[2] + across * height / 3.3, across / shape)
    toward = np.array([0.0, -1.0]) if front is None else front
    turn = math.radians(32)  # a little to the side, so that depth shows
    turned = np.array(
        [
            toward[0] * math.cos(turn) - toward[1] * math.sin(turn),
            toward[0] * math.sin(turn) + toward[1] * math.cos(turn),
        ]
    )
    made: dict[str, Any] = {
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", ratio.tolist(), strict=True)),
        "camera": {
            "eye": {"x": 3.3 * turned[0], "y": 3.3 * turned[1], "z": height},
            "center": {"x": 0, "y": 0, "z": -0.22},
        },
        "uirevision": "keep",
    }
    for axis, label, a, b in zip("xyz", labels or AXES[frame], low, high, strict=True):
        step = next((s for s in (500, 1000, 2000, 5000) if (b - a) / s <= 5), 10000)
        made[f"{axis}axis"] = {
            "range": [float(a), float(b)], "title": {"text": label, "font": {"size": 11}},
            "dtick": step, "tickfont": {"size": 10, "color": "#57606A"},
            "showgrid": False, "zeroline": False, "showbackground": False, "showspikes": False,
            "showline": True, "linecolor": FAINT, "ticks": "outside", "tickcolor": FAINT,
        }  # fmt: skip
    return made


def travel(points: np.ndarray) -> float:
    """How far the middle of the body moves over the floor, mm."""
    known = points[np.isfinite(points).all(-1).any(-1)]
    path = np.nanmean(known[..., :2], axis=1)
    return float(np.ptp(path, axis=0).max()) if len(path) else 0.0


def root_of(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(..., joints, d) -> (..., 1, d): the root, or the place between the hips, or the mean."""
    if skeleton.root is not None:
        return points[..., [skeleton.index(skeleton.root)], :]
    if {"left_hip", "right_hip"} <= set(skeleton.joints):
        return points[..., skeleton.indices("left_hip", "right_hip"), :].mean(-2, keepdims=True)
    return _middle(points)


def rooted(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """Points (..., joints, d) with the root (see `root_of`) at 0."""
    root = root_of(points, skeleton)
    return points - np.where(np.isfinite(root), root, _middle(points))


def _middle(points: np.ndarray) -> np.ndarray:
    """(..., joints, d) -> (..., 1, d): the mean of the joints that are there; NaN where none is."""
    there = np.isfinite(points).sum(-2, keepdims=True)
    total = np.nansum(points, axis=-2, keepdims=True)
    return np.divide(total, there, out=np.full_like(total, np.nan), where=there > 0)


def footing(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(frames, 1, 3): where the body stands on the floor in each frame; height 0."""
    middle = np.nan_to_num(root_of(points, skeleton))
    middle[..., 2] = 0
    return middle
