"""Three panels of one lifted person: the picture, the pose from the camera, the pose turned."""

from collections.abc import Collection
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.cells import floor_pen, floor_trace, turned
from posebook.figures.parts import (
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
    to_plot,
)
from posebook.figures.plane import photograph, picture_axes
from posebook.figures.sheets import rooted
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, Skeleton


def three_panels(
    keypoints_px: Float[Tensor, "*people marked 2"],
    pose_mm: Pose3D,
    skeleton: Skeleton = HOUSE,
    *,
    image: Any = None,
    input_skeleton: Skeleton | None = None,
    invented: Collection[str] = (),
    turn: float | int = 60,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Left: the key points, on the photograph where there is one. Middle: the pose as from the
    camera, slightly from above. Right: the same, the viewer having walked round it.

    keypoints_px    (joints, 2), px, joints of `input_skeleton` where that is not the pose's own
    pose_mm         (joints, 3), mm, camera axes; drawn about its root
    image           as in `pose_2d`
    invented        joints of the pose that nobody marked: hollow, their bones dotted
    turn            degrees that the viewer walks to the right
    """
    seen_as = input_skeleton or skeleton
    checked(keypoints_px, seen_as, "keypoints_px")
    checked(pose_mm, skeleton, "pose_mm")
    if keypoints_px.dim() != 2 or pose_mm.dim() != 2:
        raise InputError("three_panels draws one person: keypoints_px (joints, 2), pose_mm (.., 3)")
    background, size_px = (None, None) if image is None else photograph(image)
    points_px = flat(keypoints_px)
    x_axis, y_axis = picture_axes(points_px, size_px)
    height = 300.0
    made = layout(title, note, height=height, foot=16)
    hidden = {"visible": False, "fixedrange": True}
    ends = [(0.0, 0.36), (0.38, 0.68), (0.70, 1.0)]
    names = ["the picture", "lifted, from the camera", f"turned by {abs(turn):g}°"]
    made["xaxis"] = x_axis | {"domain": list(ends[0]), "visible": False}
    made["yaxis"] = y_axis | {"visible": False, "constrain": "domain"}
    made["images"] = [background] if background else []
    if background is None:
        made["shapes"] = [{
            "type": "rect", "xref": "x domain", "yref": "y domain", "x0": 0, "x1": 1, "y0": 0,
            "y1": 1, "fillcolor": "#EEF1F4", "line": {"width": 0}, "layer": "below",
        }]  # fmt: skip
    look = Look(size=5, line=2.6, halo=image is not None)
    traces = key(legend_of(skeleton, False, invented), three=False)
    traces += body(points_px, seen_as, look=look, hover=HOVER_2D)
    points = rooted(to_plot(pose_mm, "camera"), skeleton)
    finite = points[np.isfinite(points).all(-1)]
    reach = max(200.0, 0.5 * float(np.linalg.norm(finite, axis=-1).max(initial=0)))
    floor = floor_pen(np.linspace(-reach, reach, 5), float(finite[:, 2].min(initial=0)))
    around = [turned(np.concatenate([finite, floor]), degrees) for degrees in (0.0, turn)]
    low, high = (end(np.concatenate(around), axis=0) for end in (np.nanmin, np.nanmax))
    middle, half = (low + high) / 2, (high - low) * 0.54
    for panel, degrees in ((2, 0.0), (3, turn)):
        axes = {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}
        traces.append(axes | floor_trace(turned(floor, degrees)))
        traces += body(
            turned(points, degrees), skeleton, look=Look(size=5, line=2.6),
            invented=invented, extra=axes, hover="%{text}",
        )  # fmt: skip
        made[f"xaxis{panel}"] = hidden | {
            "range": [middle[0] - half[0], middle[0] + half[0]], "anchor": f"y{panel}",
            "domain": list(ends[panel - 1]),
        }  # fmt: skip
        made[f"yaxis{panel}"] = hidden | {
            "range": [middle[1] - half[1], middle[1] + half[1]], "anchor": f"x{panel}",
            "scaleanchor": f"x{panel}", "constrain": "domain",
        }  # fmt: skip
    made["annotations"] = [
        {
            "text": name, "xref": "paper", "yref": "paper", "x": (left + right) / 2, "y": 0,
            "xanchor": "center", "yanchor": "top", "showarrow": False,
            "font": {"size": 12, "color": INK},
        }
        for name, (left, right) in zip(names, ends, strict=True)
    ]  # fmt: skip
    made["margin"] |= {"b": 26}
    made["width"] = WIDTH_PX
    return go.Figure(traces, made)
