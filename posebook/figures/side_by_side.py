"""One motion in several panels: the 2D, then poses of several origins, moving together.

Panels are flat drawings (orthographic, from slightly above), as on contact sheets: they take no 3D
canvas, and one viewer's place serves them all. `side_by_side` is interactive, `film` writes the
same as mp4 or gif.
"""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.cells import panel_axes, panel_name, turned
from posebook.figures.moving import frames_of, player
from posebook.figures.parts import (
    FLOOR,
    HOVER_2D,
    Look,
    body,
    checked,
    drawn,
    flat,
    layout,
    legend,
    to_plot,
)
from posebook.figures.plane import extent
from posebook.figures.space import grid_pen, rooted
from posebook.skeletons import HOUSE, Skeleton

Motions = Mapping[str, Float[Tensor, "_frames joints 3"]]
_GAP = 0.02  # between panels, parts of the width
_MOST = 20
_TURN = 30  # degrees that the viewer has walked to the right of the camera


def side_by_side(
    keypoints_px: Float[Tensor, "frames joints 2"],
    poses_mm: Motions,
    skeleton: Skeleton = HOUSE,
    *,
    frames_per_second: float | int | None = None,
    most_frames: int = 60,
    title: str = "",
) -> go.Figure:
    """The 2D on the left, and beside it each pose about its own root, with a player under them.

    keypoints_px  (frames, joints, 2), px; NaN: missing
    poses_mm      name -> (frames, joints, 3), mm, camera axes; one panel each, in this order
    most_frames   longer motions are thinned out evenly, and the figure says so
    """
    if not most_frames >= 1 or not 0.001 <= (frames_per_second or 25) <= 100_000:
        raise InputError(
            f"side by side: most_frames {most_frames}, {frames_per_second} frames/s; expected 1 or "
            "more, and 0.001 to 100000"
        )
    panels = panels_of(keypoints_px, poses_mm, skeleton)
    step = math.ceil(len(keypoints_px) / most_frames)
    shown = [f"Shown: every {step} frames of {len(keypoints_px)}."] * (step > 1)
    made = layout(title, " ".join([*shown, "Squares on the floor: 250 mm."]), height=300, foot=96)
    wide = 1 / len(panels)
    fixed, names, axes = legend(skeleton), [], []
    for n, panel in enumerate(panels):
        domain = (n * wide + _GAP / 2, (n + 1) * wide - _GAP / 2)
        made |= panel_axes(n + 1, panel.middle, panel.half, domain, down=panel.in_pixels)
        names.append(panel_name(panel.name, (n + 0.5) * wide))
        axes.append({f"{axis}axis": f"{axis}{n + 1}" if n else axis for axis in "xy"})
        if panel.floor is not None:
            fixed.append(drawn(panel.floor, FLOOR, 1) | axes[n])
    made["annotations"] = names

    def at(i: int) -> list[dict[str, Any]]:
        moving = []
        for panel, own in zip(panels, axes, strict=True):
            moving += body(
                panel.points[i], skeleton, look=Look(size=4.5, line=2.4), axes=own,
                hover=HOVER_2D if panel.in_pixels else "%{text}",
            )  # fmt: skip
        return moving

    numbers = range(0, len(keypoints_px), step)
    states = [at(i) for i in numbers]
    made |= player(numbers, frames_per_second, step)
    for part in (*made["updatemenus"], *made["sliders"]):  # under the panels' names
        part["pad"]["t"] += 14
    return go.Figure(fixed + states[0], made, frames_of(range(len(states)), states, len(fixed)))


class Panel:
    """A name, points (frames, joints, 2), what the window shows, and perhaps a floor."""

    def __init__(self, name: str, points: np.ndarray, floor: np.ndarray | None = None):
        self.name, self.points, self.floor = name, points, floor
        self.in_pixels = floor is None  # and counts downwards
        low, high = extent(points if floor is None else np.concatenate([*points, floor]))
        self.middle = (low + high) / 2
        self.half = 0.53 * max(float((high - low).max()), 1.0)


def panels_of(keypoints_px: Tensor, poses_mm: Motions, skeleton: Skeleton) -> list[Panel]:
    """The 2D, then each motion, all motions at one scale and one height; InputError if they do not
    fit together."""
    checked(keypoints_px, skeleton, "keypoints_px")
    if keypoints_px.dim() != 3 or not len(keypoints_px) or not poses_mm:
        raise InputError("side by side: expected frames of keypoints_px and at least one motion")
    if len(poses_mm) > _MOST:
        raise InputError(f"side by side: {len(poses_mm)} motions; expected at most {_MOST}")
    for name, pose in poses_mm.items():
        checked(pose, skeleton, name)
        if pose.shape[:-1] != keypoints_px.shape[:-1]:
            raise InputError(
                f"{name} has shape {tuple(pose.shape)}, expected {len(keypoints_px)} frames of "
                f"{len(skeleton)} joints"
            )
    spaces = [rooted(to_plot(pose, "camera"), skeleton) for pose in poses_mm.values()]
    found = np.concatenate([points.reshape(-1, 3) for points in spaces])
    found = found[np.isfinite(found).all(-1)]
    low = float(np.percentile(found[:, 2], 1)) if len(found) else 0.0
    ticks = np.linspace(-500, 500, 5)
    floor = turned(grid_pen(ticks, ticks, low), _TURN)
    poses = [
        Panel(name, turned(points, _TURN), floor)
        for name, points in zip(poses_mm, spaces, strict=True)
    ]
    half = max(panel.half for panel in poses)
    middle = np.mean([panel.middle for panel in poses], axis=0)
    for panel in poses:
        panel.half, panel.middle = half, middle
    return [Panel("the 2D", flat(keypoints_px)), *poses]
