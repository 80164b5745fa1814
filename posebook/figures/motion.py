"""A motion with a play button and a slider; the 2D keypoints beside the 3D pose."""

from collections.abc import Collection, Sequence
from math import ceil
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.moving import frames_of, player
from posebook.figures.parts import (
    HOVER_2D,
    HOVER_3D,
    WIDTH_PX,
    Frame,
    Look,
    body,
    checked,
    flat,
    layout,
    legend,
    to_plot,
)
from posebook.figures.plane import photograph, picture_axes, walking_windows
from posebook.figures.space import AXES, box, facing, floor_grid, footing, scene, travel
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, Skeleton


def animate(
    pose_mm: Pose3D,
    keypoints_px: Float[Tensor, "frames marked 2"] | None = None,
    skeleton: Skeleton = HOUSE,
    *,
    input_skeleton: Skeleton | None = None,
    frames_per_second: float | int | None = None,
    frame: Frame = "camera",
    truth_mm: Pose3D | None = None,
    image: Any = None,
    size_px: tuple[int, int] | None = None,
    invented: Collection[str] = (),
    follow: bool | None = None,
    labels: Sequence[str] | None = None,
    most_frames: int | None = None,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """A motion with a play button and a slider; the 2D keypoints beside the 3D pose.

    pose_mm       (frames, joints, 3), mm; NaN: missing
    keypoints_px  (frames, joints, 2), px, or None: 3D alone
    input_skeleton  the keypoints' own joint set, where it is not the pose's
    truth_mm      (frames, joints, 3), drawn black and dashed
    follow        keep the hip in the middle of the floor; None: when the walk is longer than 2 m

    labels        of the three axes, such as "x, to the right (mm)"; None: those of `frame`
    most_frames   longer motions are thinned out evenly, and the figure says so; None: 75 frames, or
                  50 with a truth, which makes 150 to 270 KB
    """
    checked(pose_mm, skeleton, "pose_mm")
    marked = input_skeleton or skeleton
    if keypoints_px is not None:
        checked(keypoints_px, marked, "keypoints_px")
    if pose_mm.ndim != 3 or len(pose_mm) == 0:
        raise InputError(
            f"pose_mm has shape {tuple(pose_mm.shape)}, expected (frames, joints, 3), frames > 0"
        )
    for other, what in ((truth_mm, "truth_mm"), (keypoints_px, "keypoints_px")):
        if other is not None and len(other) != len(pose_mm):
            raise InputError(f"{what} has {len(other)} frames, expected {len(pose_mm)} as pose_mm")
    step = ceil(len(pose_mm) / (most_frames or (75 if truth_mm is None else 50)))
    points = to_plot(pose_mm, frame)[::step]
    true = None if truth_mm is None else to_plot(truth_mm, frame)[::step]
    seen = None if keypoints_px is None else flat(keypoints_px)[::step]
    labels = list(labels or AXES[frame])
    if follow or (follow is None and travel(points) > 2000):
        centre = footing(points, skeleton)
        points, true = points - centre, None if true is None else true - centre
        labels[:2] = [_from_hip(label) for label in labels[:2]]
    low, high = box(points if true is None else np.concatenate([points, true]))
    grid, square = floor_grid(low, high)
    windows = None
    if seen is not None and image is None:
        windows = walking_windows(seen, size_px)
    remarks = [note, f"Squares on the floor: {square} mm."]
    remarks += ["The 2D window walks along with the person."] * (windows is not None)
    remarks += [f"Shown: every {_ordinal(step)} of {len(pose_mm)} frames."] * (step > 1)
    height = 400
    made = layout(title, " ".join(r for r in remarks if r), height=height, foot=84)
    front = facing(points[0] if true is None else true[0], skeleton) if frame == "world" else None
    shape = (1.0 if seen is None else 0.58) * (WIDTH_PX - 24) / height
    # Smaller than its place, which must also hold the titles of the axes.
    made["scene"] = scene(low, high, frame, front=front, labels=labels, shape=shape, zoom=0.92)
    made["scene"]["domain"] = {"x": [0.42 if seen is not None else 0.0, 1.0]}

    unmarked = [joint for joint in invented if input_skeleton is None]

    hover = HOVER_3D[frame]

    def at(i: int) -> list[dict[str, Any]]:
        moving = []
        if seen is not None:
            moving += body(seen[i], marked, look=Look(size=6), invented=unmarked, hover=HOVER_2D)
        if true is not None:
            moving += body(true[i], skeleton, look=Look(True, 3, 5, dash_mm=None), hover=hover)
        look = Look(size=5, line=8, dash_mm=None, sheer=true is not None)
        return moving + body(points[i], skeleton, look=look, invented=invented, hover=hover)

    fixed = [grid, *legend(skeleton, true is not None, invented, three=seen is None)]
    if seen is not None:
        if image is not None:
            background, size_px = photograph(image, most_px=360)
            made["images"] = [background]
        made["xaxis"], made["yaxis"] = picture_axes(seen, size_px)
        made["xaxis"] |= {"domain": [0.08, 0.41]}
        made["yaxis"] |= {"domain": [0.12, 0.98]}
        if windows is not None:
            made["xaxis"]["range"], made["yaxis"]["range"] = windows[0]["x"], windows[0]["y"]
    states = [at(i) for i in range(len(points))]
    frames = frames_of(range(len(points)), states, len(fixed))
    for frame_made, window in zip(frames, windows or (), strict=False):
        frame_made["layout"] = {f"{axis}axis": {"range": window[axis]} for axis in "xy"}
    made |= player(range(0, len(pose_mm), step), frames_per_second, step)
    return go.Figure(fixed + states[0], made, frames)


def _from_hip(label: str) -> str:
    """'x, to the right (mm)' -> 'x from the hip, to the right (mm)'; 'x (mm)' -> 'x from the hip
    (mm)'."""
    axis, comma, way = label.removesuffix(" (mm)").partition(",")
    return f"{axis} from the hip{comma}{way} (mm)"


def _ordinal(n: int) -> str:
    ending = "th" if n % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{ending}"
