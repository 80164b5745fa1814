"""Pictures of poses, in plotly: 2D, 3D, overlay, animation, the gallery of worst poses.

Every function takes torch tensors and returns a plotly Figure, drawn on a white card so that it
reads on light and dark pages. Poses in camera axes (x right, y down, z forward) are drawn upright:
x to the right, z away, -y up. House colours and shapes are explained in `parts`; showing and
saving (`show`, `page`, `side_by_side_film`) asks for a description in words, the alt text.
Each of `pose_3d`, `overlay`, `animate` and `rig` takes one of the sixteen 3D canvases that a
browser keeps alive in one window; `compare` and `gallery` take none.
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from posebook.figures.charts import bars, loss_curves, rig
from posebook.figures.failures import failures
from posebook.figures.film import side_by_side_film
from posebook.figures.motion import animate
from posebook.figures.pages import Heading, Picture, page
from posebook.figures.panels import three_panels
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
from posebook.figures.pictures import heat_maps, picture_sheet
from posebook.figures.plane import photograph, picture_axes
from posebook.figures.player import FilmStrip, Player
from posebook.figures.sheets import compare, gallery
from posebook.figures.showing import show, show_live, still, strip_widget_state
from posebook.figures.side_by_side import side_by_side
from posebook.figures.side_views import from_all_sides
from posebook.figures.space import box, facing, floor_grid, scene
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE, Skeleton
from posebook.tables import Table

__all__ = [
    "FilmStrip", "Heading", "Picture", "Player", "Table", "animate", "bars", "compare", "failures",
    "from_all_sides", "gallery", "heat_maps", "loss_curves", "overlay", "page", "picture_sheet",
    "pose_2d", "pose_3d", "rig", "show", "show_live", "side_by_side", "side_by_side_film", "still",
    "strip_widget_state", "three_panels",
]  # fmt: skip
_HEIGHT_PX = 460  # of a drawing in 3D


def pose_2d(
    keypoints_px: Pose2D,
    skeleton: Skeleton = HOUSE,
    *,
    image: Any = None,
    size_px: tuple[int, int] | None = None,
    invented: Collection[str] = (),
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
    names         write each joint's name beside it
    """
    checked(keypoints_px, skeleton, "keypoints_px")
    people = flat(keypoints_px).reshape(-1, len(skeleton), 2)
    background = None
    if image is not None:
        background, size_px = photograph(image)
    x_axis, y_axis = picture_axes(people, size_px, room=(0.35, 0.1) if names else (0.1, 0.1))
    wide, tall = (abs(a["range"][1] - a["range"][0]) for a in (x_axis, y_axis))
    height = min(480.0, (WIDTH_PX - 90) * tall / wide)
    made = layout(title, note, height=height, foot=52)
    made["margin"] |= {"l": 62, "r": 28}
    made |= {"xaxis": x_axis, "yaxis": y_axis, "images": [background] if background else []}
    size = 9 if height > 300 else 7
    traces = legend(skeleton, invented=invented)
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
    labels: Sequence[str] | None = None,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """A pose that the reader can turn; equal axes in mm, a grid under the lowest joint.

    pose_mm   (joints, 3) or (people, joints, 3), mm; NaN: missing, drawn as a gap
    frame     'camera': x right, y down, z forward, drawn as x, z, -y; 'world': z up
    truth_mm  the same shape; drawn black and dashed (see `overlay`)
    invented  names of joints that no detector marked: drawn hollow, their bones dotted
    labels    of the three axes, such as "x, to the right (mm)"; None: those of `frame`
    """
    checked(pose_mm, skeleton, "pose_mm")
    people = to_plot(pose_mm, frame).reshape(-1, len(skeleton), 3)
    true = None
    if truth_mm is not None:
        checked(truth_mm, skeleton, "truth_mm")
        true = to_plot(truth_mm, frame).reshape(-1, len(skeleton), 3)
    low, high = box(people if true is None else np.concatenate([people, true]))
    grid, step = floor_grid(low, high)
    traces = [grid, *legend(skeleton, true is not None, invented, three=True)]
    for person in true if true is not None else ():
        traces += body(person, skeleton, look=Look(True, 3.5, 5), hover=HOVER_3D[frame])
    for person in people:
        traces += body(
            person, skeleton, look=Look(size=5, line=8, sheer=true is not None), invented=invented,
            hover=HOVER_3D[frame], names=names,
        )  # fmt: skip
    squares = f"Squares on the floor: {step} mm."
    made = layout(title, f"{note} {squares}".strip(), height=_HEIGHT_PX)
    first = people[0] if true is None else true[0]
    front = facing(first, skeleton) if frame == "world" else None
    shape = (WIDTH_PX - 24) / _HEIGHT_PX
    made["scene"] = scene(low, high, frame, front=front, labels=labels, shape=shape)
    return go.Figure(traces, made)


def overlay(
    prediction_mm: Pose3D,
    truth_mm: Pose3D,
    skeleton: Skeleton = HOUSE,
    *,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """A prediction in the house colours over the truth, black and dashed.

    prediction_mm, truth_mm  (joints, 3), mm, camera axes; align them first (by the root, or by
    Procrustes): this draws what it is given
    """
    checked(truth_mm, skeleton, "truth_mm")
    return pose_3d(prediction_mm, skeleton, truth_mm=truth_mm, title=title, note=note)
