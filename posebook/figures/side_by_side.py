"""One motion in several panels: the 2D, then poses of several origins, moving together.

Panels are flat drawings (orthographic, from slightly above), as on contact sheets: they take no 3D
canvas, and one viewer's place serves them all. `side_by_side` is interactive, `side_by_side_film`
writes mp4 or gif.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.cells import floor_pen, floor_trace, turned
from posebook.figures.film import joint_lines, literally, sheet_of, written
from posebook.figures.motion import player
from posebook.figures.parts import (
    FLOOR,
    HOVER_2D,
    INK,
    WIDTH_PX,
    Look,
    body,
    checked,
    flat,
    key,
    layout,
    legend_of,
    plain,
    to_plot,
)
from posebook.figures.plane import extent
from posebook.figures.sheets import rooted
from posebook.figures.strokes import along
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
    panels = _panels(keypoints_px, poses_mm, skeleton)
    step = math.ceil(len(keypoints_px) / most_frames)
    shown = [f"Shown: every {step} frames of {len(keypoints_px)}."] * (step > 1)
    remarks = " ".join([*shown, "Squares on the floor: 250 mm."])
    made = layout(title, remarks, height=300, foot=96)
    fixed = key(legend_of(skeleton, False, ()), three=False)
    wide = 1 / len(panels)
    made["annotations"] = []
    for n, panel in enumerate(panels):
        axes = f"{n + 1}" if n else ""
        middle, half = panel.middle, panel.half
        made[f"xaxis{axes}"] = {
            "visible": False, "fixedrange": True, "anchor": f"y{axes}",
            "domain": [n * wide + _GAP / 2, (n + 1) * wide - _GAP / 2],
            "range": [middle[0] - half, middle[0] + half],
        }  # fmt: skip
        up = (1, -1)[n == 0]  # pixels count downwards
        made[f"yaxis{axes}"] = {
            "visible": False, "fixedrange": True, "anchor": f"x{axes}", "scaleanchor": f"x{axes}",
            "constrain": "domain", "range": [middle[1] - up * half, middle[1] + up * half],
        }  # fmt: skip
        made["annotations"].append({
            "text": plain(panel.name),
            "xref": "paper", "yref": "paper", "x": (n + 0.5) * wide, "y": 0,
            "xanchor": "center", "yanchor": "top", "showarrow": False,
            "font": {"size": 12, "color": INK},
        })  # fmt: skip
        if panel.floor is not None:
            own = {"xaxis": f"x{axes}", "yaxis": f"y{axes}"}
            fixed.append(floor_trace(panel.floor) | own)

    def at(i: int) -> list[dict[str, Any]]:
        moving = []
        for n, panel in enumerate(panels):
            axes = f"{n + 1}" if n else ""
            moving += body(
                panel.points[i], skeleton, look=Look(size=4.5, line=2.4),
                extra={"xaxis": f"x{axes}", "yaxis": f"y{axes}"},
                hover="%{text}" if n else HOVER_2D,
            )  # fmt: skip
        return moving

    first = at(0)
    moves = [len(fixed) + i for i in range(len(first))]
    numbers = list(range(0, len(keypoints_px), step))
    frames = [
        {
            "data": [{k: t[k] for k in ("type", "x", "y")} for t in at(i)],
            "name": str(n),
            "traces": moves,
        }
        for n, i in enumerate(numbers)
    ]
    made |= player(numbers, frames_per_second, step)
    for part in (*made["updatemenus"], *made["sliders"]):  # under the panels' names
        part["pad"]["t"] += 14
    made["width"] = WIDTH_PX
    return go.Figure(fixed + first, made, frames)


def side_by_side_film(
    path: str | Path,
    keypoints_px: Float[Tensor, "frames joints 2"],
    poses_mm: Motions,
    skeleton: Skeleton = HOUSE,
    *,
    frames_per_second: float | int,
    alt: str,
    title: str = "",
    size_px: tuple[int, int] = (960, 300),
) -> Path:
    """The same as a film: .mp4 (h264) or .gif. The alt text goes beside it (.txt)."""
    panels = _panels(keypoints_px, poses_mm, skeleton)
    sheet = sheet_of(size_px, title)
    moving = []
    for n, panel in enumerate(panels):
        axes = sheet.add_subplot(1, len(panels), n + 1)
        (x, y), half = panel.middle, panel.half
        up = (1, -1)[n == 0]
        axes.set(xlim=(x - half, x + half), ylim=(y - up * half, y + up * half))
        axes.set_aspect("equal")
        axes.set_axis_off()
        label = dict(ha="center", va="top", size=9)
        axes.text(0.5, -0.02, literally(panel.name), transform=axes.transAxes, **label)
        if panel.floor is not None:
            axes.plot(*panel.floor.T, color=FLOOR, lw=0.8)
        moving.append((panel.points, joint_lines(axes, skeleton)))
    sheet.subplots_adjust(left=0.01, right=0.99, bottom=0.1, top=0.9, wspace=0.02)

    def draw(i: int) -> list[Any]:
        changed = []
        for points, lines in moving:
            for line, joints in lines:
                line.set_data(*along(points[i], joints).T)
                changed.append(line)
        return changed

    return written(sheet, draw, len(keypoints_px), path, frames_per_second, alt)


class _Panel:
    """A name, points (frames, joints, 2), what the window shows, and perhaps a floor."""

    def __init__(self, name: str, points: np.ndarray, floor: np.ndarray | None = None):
        self.name, self.points, self.floor = name, points, floor
        low, high = extent(points if floor is None else np.concatenate([*points, floor]))
        self.middle = (low + high) / 2
        self.half = 0.53 * max(float((high - low).max()), 1.0)


def _panels(keypoints_px: Tensor, poses_mm: Motions, skeleton: Skeleton) -> list[_Panel]:
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
    floor = turned(floor_pen(np.linspace(-500, 500, 5), low), _TURN)
    panels = [_Panel("the 2D", flat(keypoints_px))]
    panels += [
        _Panel(name, turned(points, _TURN), floor)
        for name, points in zip(poses_mm, spaces, strict=True)
    ]
    half = max(panel.half for panel in panels[1:])  # one scale, one height for all poses
    middle = np.mean([panel.middle for panel in panels[1:]], axis=0)
    for panel in panels[1:]:
        panel.half, panel.middle = half, middle
    return panels
