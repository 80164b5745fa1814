"""Pictures of poses, in plotly: 2D, 3D, overlay, animation, the gallery of worst poses.

Every function takes torch tensors and returns a plotly Figure, drawn on a white card so that it
reads on light and dark pages. Poses in camera axes (x right, y down, z forward) are drawn upright:
x to the right, z away, -y up. House colours and shapes are explained in `figure_parts`; showing and
saving (`show`, `save`, `page`, `film`) asks for a description in words, the alt text.
Each of `pose_3d`, `overlay`, `animate` and `rig` takes one of the sixteen 3D canvases that a
browser keeps alive in one window; `compare` and `gallery` take none.
"""

from collections.abc import Collection
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go
from torch import Tensor

from posebook.errors import InputError
from posebook.figure_charts import bars, loss_curves, rig
from posebook.figure_film import film
from posebook.figure_pages import Heading, Picture, Table, page
from posebook.figure_parts import (
    AXES,
    FAINT,
    INK,
    WIDTH_PX,
    Frame,
    Look,
    body,
    box,
    facing,
    flat,
    floor_grid,
    key,
    layout,
    legend_of,
    scene,
    to_plot,
)
from posebook.figure_sheets import compare, gallery
from posebook.shapes import Pose2D, Pose3D
from posebook.showing import (
    picture_uri,
    save,
    show,
    show_live,
    still,
    strip_widget_state,
)
from posebook.skeletons import HOUSE, Skeleton

__all__ = [
    "Heading", "Picture", "Table", "animate", "bars", "compare", "film", "gallery", "loss_curves",
    "overlay", "page", "pose_2d", "pose_3d", "rig", "save", "show", "show_live", "still",
    "strip_widget_state",
]  # fmt: skip

HOVER_2D = "%{text}<br>x %{x:.0f} px, y %{y:.0f} px"
HOVER_3D = {
    "camera": "%{text}<br>x %{x:.0f}, z %{y:.0f}, −y %{z:.0f} mm",
    "world": "%{text}<br>x %{x:.0f}, y %{y:.0f}, z %{z:.0f} mm",
}


def _checked(points: Tensor, skeleton: Skeleton, what: str) -> None:
    if points.shape[-2] != len(skeleton):
        raise InputError(
            f"{what} has {points.shape[-2]} joints, expected {len(skeleton)} ({skeleton.name})"
        )


def _picture_axes(
    points: np.ndarray, size_px: tuple[int, int] | None, width: float, tallest: float = 560
) -> tuple[dict[str, Any], dict[str, Any], float]:
    """x axis, y axis (downwards) of a picture with square pixels, and the height it asks for."""
    if size_px is not None:
        x, y = [0.0, float(size_px[0])], [float(size_px[1]), 0.0]
    else:
        finite = points.reshape(-1, 2)
        finite = finite[np.isfinite(finite).all(-1)]
        finite = finite if len(finite) else np.array([[0.0, 0.0], [1.0, 1.0]])
        low, high = finite.min(0), finite.max(0)
        half = np.maximum((high - low) * 0.6, max(float((high - low).max()) * 0.3, 1.0))
        middle = (low + high) / 2
        x = [float(middle[0] - half[0]), float(middle[0] + half[0])]
        y = [float(middle[1] + half[1]), float(middle[1] - half[1])]
    common = {"showgrid": False, "zeroline": False, "mirror": True, "showline": True, "nticks": 6}
    common |= {"linecolor": FAINT, "ticks": "outside", "tickcolor": FAINT}
    x_axis = common | {"range": x, "title": {"text": "x, right (px)", "standoff": 6}}
    y_axis = common | {"range": y, "title": {"text": "y, down (px)", "standoff": 6}}
    y_axis |= {"scaleanchor": "x", "scaleratio": 1, "constrain": "domain"}
    x_axis |= {"constrain": "domain"}
    return x_axis, y_axis, min(tallest, width * abs(y[1] - y[0]) / (x[1] - x[0]))


def pose_2d(
    keypoints_px: Pose2D,
    skeleton: Skeleton = HOUSE,
    *,
    image: Any = None,
    size_px: tuple[int, int] | None = None,
    invented: Collection[str] = (),
    truth_px: Pose2D | None = None,
    names: bool = False,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Keypoints in the picture.

    keypoints_px  (joints, 2) or (people, joints, 2), px; x right, y down, origin top left;
                  NaN: missing, drawn as a gap
    image         the photograph: a path, or an array (height, width, 3) of bytes; it is made
                  smaller than 50 KB for the figure
    size_px       (width, height) of the picture, where there is no image; else the view fits
    invented      names of joints that no detector marked: drawn hollow, their bones dotted
    truth_px      drawn under the keypoints, black and dashed
    names         write each joint's name beside it
    """
    _checked(keypoints_px, skeleton, "keypoints_px")
    people = flat(keypoints_px).reshape(-1, len(skeleton), 2)
    true = None if truth_px is None else flat(truth_px).reshape(-1, len(skeleton), 2)
    background = None
    if image is not None:
        uri, size_px = picture_uri(image)
        background = {"source": uri, "xref": "x", "yref": "y", "x": 0, "y": 0, "layer": "below"}
        background |= {"sizex": size_px[0], "sizey": size_px[1], "sizing": "stretch"}
    fit = people if true is None else np.concatenate([people, true])
    x_axis, y_axis, height = _picture_axes(fit, size_px, WIDTH_PX - 90)
    made = layout(title, note, height=height, foot=52)
    made["margin"] |= {"l": 62, "r": 28}
    made |= {"xaxis": x_axis, "yaxis": y_axis, "images": [background] if background else []}
    size = 9 if height > 300 else 7
    traces = key(legend_of(skeleton, true is not None, invented), three=False)
    for person in true if true is not None else ():
        traces += body(person, skeleton, look=Look(True, size, 2.5), hover=HOVER_2D)
    for person in people:
        look = Look(size=size, line=4 if image is not None else 3)
        traces += body(person, skeleton, look=look, invented=invented, hover=HOVER_2D, names=names)
    return go.Figure(traces, made)


def pose_3d(
    pose_mm: Pose3D,
    skeleton: Skeleton = HOUSE,
    *,
    frame: Frame = "camera",
    truth_mm: Pose3D | None = None,
    invented: Collection[str] = (),
    names: bool = False,
    title: str = "",
    note: str = "",
    height: int = 460,
) -> go.Figure:
    """A pose that the reader can turn; equal axes in mm, a grid under the lowest joint.

    pose_mm   (joints, 3) or (people, joints, 3), mm; NaN: missing, drawn as a gap
    frame     'camera': x right, y down, z forward, drawn as x, z, -y; 'world': z up
    truth_mm  the same shape; drawn black and dashed (see `overlay`)
    invented  names of joints that no detector marked: drawn hollow, their bones dotted
    """
    _checked(pose_mm, skeleton, "pose_mm")
    people = to_plot(pose_mm, frame).reshape(-1, len(skeleton), 3)
    true = None
    if truth_mm is not None:
        _checked(truth_mm, skeleton, "truth_mm")
        true = to_plot(truth_mm, frame).reshape(-1, len(skeleton), 3)
    low, high = box(people if true is None else np.concatenate([people, true]))
    grid, step = floor_grid(low, high)
    traces = [grid] + key(legend_of(skeleton, true is not None, invented), three=True)
    for person in true if true is not None else ():
        traces += body(person, skeleton, look=Look(True, 3.5, 5), hover=HOVER_3D[frame])
    for person in people:
        traces += body(
            person, skeleton, look=Look(size=5, line=7), invented=invented,
            hover=HOVER_3D[frame], names=names,
        )  # fmt: skip
    squares = f"Squares on the floor: {step} mm."
    made = layout(title, f"{note} {squares}".strip(), height=height)
    first = people[0] if true is None else true[0]
    made["scene"] = scene(
        low, high, frame, front=facing(first, skeleton) if frame == "world" else None
    )
    return go.Figure(traces, made)


def overlay(
    prediction_mm: Pose3D,
    truth_mm: Pose3D,
    skeleton: Skeleton = HOUSE,
    *,
    frame: Frame = "camera",
    invented: Collection[str] = (),
    title: str = "",
    note: str = "",
    height: int = 460,
) -> go.Figure:
    """A prediction in the house colours over the truth, black and dashed.

    prediction_mm, truth_mm  (joints, 3), mm, in the same axes; align them first (by the root, or by
    Procrustes): this draws what it is given
    """
    _checked(truth_mm, skeleton, "truth_mm")
    return pose_3d(
        prediction_mm, skeleton, frame=frame, truth_mm=truth_mm, invented=invented,
        title=title, note=note, height=height,
    )  # fmt: skip


def animate(
    pose_mm: Pose3D,
    keypoints_px: Pose2D | None = None,
    skeleton: Skeleton = HOUSE,
    *,
    frames_per_second: float | None = None,
    frame: Frame = "camera",
    truth_mm: Pose3D | None = None,
    image: Any = None,
    size_px: tuple[int, int] | None = None,
    invented: Collection[str] = (),
    follow: bool | None = None,
    most_frames: int = 90,
    title: str = "",
    note: str = "",
    height: int = 400,
) -> go.Figure:
    """A motion with a play button and a slider; the 2D keypoints beside the 3D pose.

    pose_mm       (frames, joints, 3), mm; NaN: missing
    keypoints_px  (frames, joints, 2), px, or None: 3D alone
    truth_mm      (frames, joints, 3), drawn black and dashed
    follow        keep the hip in the middle of the floor; None: when the walk is longer than 2 m
    most_frames   longer motions are thinned out evenly, and the figure says so; 90 frames with
                  2D take about 200 KB
    """
    _checked(pose_mm, skeleton, "pose_mm")
    if pose_mm.ndim != 3 or len(pose_mm) == 0:
        raise InputError(
            f"pose_mm has shape {tuple(pose_mm.shape)}, expected (frames, joints, 3), frames > 0"
        )
    step = ceil(len(pose_mm) / most_frames)
    points = to_plot(pose_mm, frame)[::step]
    true = None if truth_mm is None else to_plot(truth_mm, frame)[::step]
    seen = None if keypoints_px is None else flat(keypoints_px)[::step]
    for other, what in ((true, "truth_mm"), (seen, "keypoints_px")):
        if other is not None and other.shape[:2] != points.shape[:2]:
            raise InputError(
                f"{what} does not fit pose_mm: both need the same number of frames and joints"
            )
    labels = None
    if follow or (follow is None and _travel(points) > 2000):
        centre = _centre(points, skeleton)
        points, labels = points - centre, [f"{a} from the hip" for a in AXES[frame][:2]]
        labels = [a.replace(" (mm)", "") + " (mm)" for a in labels] + [AXES[frame][2]]
        true = None if true is None else true - centre
    low, high = box(points if true is None else np.concatenate([points, true]))
    grid, square = floor_grid(low, high)
    remarks = [note, f"Squares on the floor: {square} mm."]
    if step > 1:
        remarks.append(f"Shown: every {_ordinal(step)} of {len(pose_mm)} frames.")
    made = layout(title, " ".join(r for r in remarks if r), height=height + 84)
    front = facing(points[0] if true is None else true[0], skeleton)
    made["scene"] = scene(
        low, high, frame, front=front if frame == "world" else None, labels=labels
    )
    foot = 84 / (made["height"] - made["margin"]["t"] - made["margin"]["b"])
    made["scene"]["domain"] = {"x": [0.44 if seen is not None else 0.0, 1.0], "y": [foot, 1.0]}

    def at(i: int) -> list[dict[str, Any]]:
        moving = []
        if seen is not None:
            moving += body(seen[i], skeleton, look=Look(size=6), invented=invented, hover=HOVER_2D)
        if true is not None:
            moving += body(true[i], skeleton, look=Look(True, 3.5, 5), hover=HOVER_3D[frame])
        return moving + body(
            points[i], skeleton, look=Look(size=5, line=7), invented=invented,
            hover=HOVER_3D[frame],
        )  # fmt: skip

    fixed = [grid] + key(
        legend_of(skeleton, true is not None, invented),
        three=seen is None,
        **({} if seen is None else {"xaxis": "x", "yaxis": "y"}),
    )
    if seen is not None:
        background = None
        if image is not None:
            uri, size_px = picture_uri(image, most_px=360)
            background = {"source": uri, "xref": "x", "yref": "y", "x": 0, "y": 0}
            background |= {"sizex": size_px[0], "sizey": size_px[1], "sizing": "stretch"}
            background |= {"layer": "below"}
        x_axis, y_axis, _ = _picture_axes(seen, size_px, 280)
        made["xaxis"] = x_axis | {"domain": [0.075, 0.42]}
        made["yaxis"] = y_axis | {"domain": [foot + 0.11, 0.97]}
        made["images"] = [background] if background else []
    first = at(0)
    moves = [len(fixed) + i for i in range(len(first))]
    rate = frames_per_second / step if frames_per_second else 25.0
    frames = [
        go.Frame(data=[_motion_only(t) for t in at(i)], name=str(i), traces=moves)
        for i in range(len(points))
    ]
    seconds = (
        None
        if not frames_per_second
        else [i * step / frames_per_second for i in range(len(points))]
    )
    made |= _player([i * step for i in range(len(points))], seconds, rate)
    return go.Figure(fixed + first, made, frames)


def _ordinal(n: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(n, f"{n}th")


def _travel(points: np.ndarray) -> float:
    """How far the middle of the body moves over the floor, mm."""
    with np.errstate(all="ignore"):
        path = np.nanmean(points[..., :2], axis=1)
    path = path[np.isfinite(path).all(-1)]
    return float(np.ptp(path, axis=0).max()) if len(path) else 0.0


def _centre(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(frames, 1, 3): where the body stands on the floor in each frame; height 0."""
    if skeleton.root is not None:
        middle = points[:, skeleton.index(skeleton.root)]
    elif {"left_hip", "right_hip"} <= set(skeleton.joints):
        middle = points[:, skeleton.indices("left_hip", "right_hip")].mean(1)
    else:
        middle = np.nanmean(points, axis=1)
    middle = np.nan_to_num(middle)[:, None].copy()
    middle[..., 2] = 0
    return middle


def _motion_only(trace: dict[str, Any]) -> dict[str, Any]:
    """What of a trace changes from frame to frame."""
    return {k: trace[k] for k in ("type", "x", "y", "z") if k in trace}


def _player(numbers: list[int], seconds: list[float] | None, rate: float) -> dict[str, Any]:
    """Play and pause buttons and a slider under the drawing."""
    now = {"mode": "immediate", "transition": {"duration": 0}}
    step = [
        {
            "method": "animate",
            "label": f"{n}" if seconds is None else f"{n} ({seconds[i]:.2f} s)",
            "args": [[str(i)], now | {"frame": {"duration": 0, "redraw": True}}],
        }
        for i, n in enumerate(numbers)
    ]
    run = now | {"frame": {"duration": 1000 / rate, "redraw": True}, "fromcurrent": True}
    return {
        "updatemenus": [{
            "type": "buttons", "direction": "left", "showactive": False,
            "x": 0.0, "xanchor": "left", "y": 0.0, "yanchor": "bottom",
            "pad": {"t": 0, "b": 12, "l": 4},
            "buttons": [
                {"label": "▶ Play", "method": "animate", "args": [None, run]},
                {"label": "❚❚ Pause", "method": "animate",
                 "args": [[None], now | {"frame": {"duration": 0, "redraw": False}}]},
            ],
        }],
        "sliders": [{
            "active": 0, "x": 0.26, "len": 0.72, "y": 0.0, "yanchor": "bottom",
            "pad": {"t": 0, "b": 4}, "ticklen": 0, "minorticklen": 0,
            "font": {"size": 1, "color": "rgba(0,0,0,0)"},
            "currentvalue": {"prefix": "frame ", "font": {"size": 12, "color": INK}},
            "steps": step,
        }],
    }  # fmt: skip
