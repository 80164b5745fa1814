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
    footing,
    key,
    layout,
    legend_of,
    scene,
    to_plot,
    travel,
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
    points: np.ndarray, size_px: tuple[int, int] | None, room: tuple[float, float] = (0.1, 0.1)
) -> tuple[dict[str, Any], dict[str, Any]]:
    """x axis and y axis (downwards) of a picture with square pixels.

    size_px  the whole picture; None: what holds all points, with `room` around them
             (across, along; parts of the larger side)
    """
    if size_px is not None:
        x, y = [0.0, float(size_px[0])], [float(size_px[1]), 0.0]
    else:
        low, high = _extent(points)
        half = (high - low) / 2 + np.array(room) * max(float((high - low).max()), 10.0)
        middle = (low + high) / 2
        x = [float(middle[0] - half[0]), float(middle[0] + half[0])]
        y = [float(middle[1] + half[1]), float(middle[1] - half[1])]
    common = {"showgrid": False, "zeroline": False, "mirror": True, "showline": True, "nticks": 6}
    common |= {"linecolor": FAINT, "ticks": "outside", "tickcolor": FAINT, "constrain": "domain"}
    x_axis = common | {"range": x, "title": {"text": "x, right (px)", "standoff": 6}}
    y_axis = common | {"range": y, "title": {"text": "y, down (px)", "standoff": 6}}
    return x_axis, y_axis | {"scaleanchor": "x", "scaleratio": 1}


def _background(image: Any, most_px: int = 480) -> tuple[dict[str, Any], tuple[int, int]]:
    """A photograph under the drawing, and its size in px."""
    uri, size_px = picture_uri(image, most_px)
    return {
        "source": uri, "xref": "x", "yref": "y", "x": 0, "y": 0, "layer": "below",
        "sizex": size_px[0], "sizey": size_px[1], "sizing": "stretch",
    }, size_px  # fmt: skip


def _extent(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest x and y of the finite points."""
    finite = points.reshape(-1, points.shape[-1])
    finite = finite[np.isfinite(finite).all(-1)]
    if len(finite) == 0:
        return np.zeros(points.shape[-1]), np.ones(points.shape[-1])
    return finite.min(0), finite.max(0)


def _windows(
    seen: np.ndarray, size_px: tuple[int, int] | None
) -> list[dict[str, list[float]]] | None:
    """Axis ranges for each frame that walk along with the person, where the person is small in
    what all frames cover; None where one window serves.

    seen  (frames, joints, 2), px
    """
    extents = np.array([_extent(frame) for frame in seen])  # (frames, low or high, 2)
    some = np.isfinite(seen).all(-1).any(-1)
    if not some.any():
        return None
    span = (extents[some, 1] - extents[some, 0]).max(0)
    low, high = _extent(seen)
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
        background, size_px = _background(image)
    fit = people if true is None else np.concatenate([people, true])
    x_axis, y_axis = _picture_axes(fit, size_px, room=(0.35, 0.1) if names else (0.1, 0.1))
    wide, tall = (abs(a["range"][1] - a["range"][0]) for a in (x_axis, y_axis))
    height = min(480.0, (WIDTH_PX - 90) * tall / wide)
    made = layout(title, note, height=height, foot=52)
    made["margin"] |= {"l": 62, "r": 28}
    made |= {"xaxis": x_axis, "yaxis": y_axis, "images": [background] if background else []}
    size = 9 if height > 300 else 7
    traces = key(legend_of(skeleton, true is not None, invented), three=False)
    for person in true if true is not None else ():
        traces += body(person, skeleton, look=Look(True, size, 2.5), hover=HOVER_2D)
    for person in people:
        look = Look(size=size, line=4 if image is not None else 3, halo=image is not None)
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
    front = facing(first, skeleton) if frame == "world" else None
    made["scene"] = scene(low, high, frame, front=front, shape=(WIDTH_PX - 24) / height)
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
    most_frames: int | None = None,
    title: str = "",
    note: str = "",
    height: int = 400,
) -> go.Figure:
    """A motion with a play button and a slider; the 2D keypoints beside the 3D pose.

    pose_mm       (frames, joints, 3), mm; NaN: missing
    keypoints_px  (frames, joints, 2), px, or None: 3D alone
    truth_mm      (frames, joints, 3), drawn black and dashed
    follow        keep the hip in the middle of the floor; None: when the walk is longer than 2 m
    most_frames   longer motions are thinned out evenly, and the figure says so; None: 90, or 60
                  with a truth: 200 to 300 KB
    """
    _checked(pose_mm, skeleton, "pose_mm")
    if pose_mm.ndim != 3 or len(pose_mm) == 0:
        raise InputError(
            f"pose_mm has shape {tuple(pose_mm.shape)}, expected (frames, joints, 3), frames > 0"
        )
    step = ceil(len(pose_mm) / (most_frames or (90 if truth_mm is None else 60)))
    points = to_plot(pose_mm, frame)[::step]
    true = None if truth_mm is None else to_plot(truth_mm, frame)[::step]
    seen = None if keypoints_px is None else flat(keypoints_px)[::step]
    for other, what in ((true, "truth_mm"), (seen, "keypoints_px")):
        if other is not None and other.shape[:2] != points.shape[:2]:
            raise InputError(
                f"{what} does not fit pose_mm: both need the same number of frames and joints"
            )
    labels = list(AXES[frame])
    if follow or (follow is None and travel(points) > 2000):
        centre = footing(points, skeleton)
        points, true = points - centre, None if true is None else true - centre
        labels[:2] = [
            label.split(",")[0].replace(" (mm)", "") + " from the hip (mm)" for label in labels[:2]
        ]
    low, high = box(points if true is None else np.concatenate([points, true]))
    grid, square = floor_grid(low, high)
    windows = None
    if seen is not None and image is None:
        windows = _windows(seen, size_px)
    remarks = [note, f"Squares on the floor: {square} mm."]
    remarks += ["The 2D window walks along with the person."] * (windows is not None)
    remarks += [f"Shown: every {_ordinal(step)} of {len(pose_mm)} frames."] * (step > 1)
    made = layout(title, " ".join(r for r in remarks if r), height=height, foot=84)
    front = facing(points[0] if true is None else true[0], skeleton) if frame == "world" else None
    shape = (1.0 if seen is None else 0.58) * (WIDTH_PX - 24) / height
    made["scene"] = scene(low, high, frame, front=front, labels=labels, shape=shape)
    made["scene"]["domain"] = {"x": [0.42 if seen is not None else 0.0, 1.0]}

    def at(i: int) -> list[dict[str, Any]]:
        moving = []
        if seen is not None:
            moving += body(seen[i], skeleton, look=Look(size=6), invented=invented, hover=HOVER_2D)
        if true is not None:
            look = Look(True, 3, 5, dash_mm=None)
            moving += body(true[i], skeleton, look=look, hover=HOVER_3D[frame])
        look = Look(size=5, line=7, dash_mm=None)
        hover = HOVER_3D[frame]
        return moving + body(points[i], skeleton, look=look, invented=invented, hover=hover)

    fixed = [grid] + key(legend_of(skeleton, true is not None, invented), three=seen is None)
    if seen is not None:
        if image is not None:
            background, size_px = _background(image, most_px=360)
            made["images"] = [background]
        made["xaxis"], made["yaxis"] = _picture_axes(seen, size_px)
        made["xaxis"] |= {"domain": [0.08, 0.41]}
        made["yaxis"] |= {"domain": [0.12, 0.98]}
        if windows is not None:
            made["xaxis"]["range"], made["yaxis"]["range"] = windows[0]["x"], windows[0]["y"]
    first = at(0)
    moves = [len(fixed) + i for i in range(len(first))]
    frames = []
    for i in range(len(points)):
        data = [{k: t[k] for k in ("type", "x", "y", "z") if k in t} for t in at(i)]
        frames.append(go.Frame(data=data, name=str(i), traces=moves))
        if windows is not None:
            axes = {f"{axis}axis": {"range": windows[i][axis]} for axis in "xy"}
            frames[-1].layout = axes
    made |= _player([i * step for i in range(len(points))], frames_per_second, step)
    return go.Figure(fixed + first, made, frames)


def _ordinal(n: int) -> str:
    return {2: "2nd", 3: "3rd"}.get(n, f"{n}th")


def _player(numbers: list[int], frames_per_second: float | None, step: int) -> dict[str, Any]:
    """Play and pause buttons and a slider under the drawing."""
    now = {"mode": "immediate", "transition": {"duration": 0}}
    rate = frames_per_second / step if frames_per_second else 25.0
    time = (lambda n: f" ({n / frames_per_second:.2f} s)") if frames_per_second else lambda n: ""
    steps = [
        {
            "method": "animate",
            "label": f"{n}{time(n)}",
            "args": [[str(i)], now | {"frame": {"duration": 0, "redraw": True}}],
        }
        for i, n in enumerate(numbers)
    ]
    run = now | {"frame": {"duration": 1000 / rate, "redraw": True}, "fromcurrent": True}
    return {
        "updatemenus": [{
            "type": "buttons", "direction": "left", "showactive": False,
            "x": 0.0, "xanchor": "left", "y": 0.0, "yanchor": "top",
            "pad": {"t": 28, "l": 2},
            "buttons": [
                {"label": "▶ Play", "method": "animate", "args": [None, run]},
                {"label": "❚❚ Pause", "method": "animate",
                 "args": [[None], now | {"frame": {"duration": 0, "redraw": False}}]},
            ],
        }],
        "sliders": [{
            "active": 0, "x": 0.26, "len": 0.72, "y": 0.0, "yanchor": "top",
            "pad": {"t": 16}, "ticklen": 0, "minorticklen": 0,
            "font": {"size": 1, "color": "rgba(0,0,0,0)"},
            "currentvalue": {"prefix": "frame ", "font": {"size": 12, "color": INK}},
            "steps": steps,
        }],
    }  # fmt: skip
