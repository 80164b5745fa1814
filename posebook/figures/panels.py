"""Three panels of one lifted person: the picture, the pose from the camera, the pose turned."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.cells import GREY, panel_axes, panel_name, turned
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
from posebook.figures.plane import photograph, picture_axes
from posebook.figures.space import grid_pen, rooted
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
    made = layout(title, note, height=300, foot=16)
    domains = [(0.0, 0.36), (0.38, 0.68), (0.70, 1.0)]
    names = ["the picture", "lifted, from the camera", f"turned by {abs(turn):g}°"]
    made["xaxis"] = x_axis | {"domain": list(domains[0]), "visible": False}
    made["yaxis"] = y_axis | {"visible": False, "constrain": "domain"}
    made["images"] = [background] if background else []
    if background is None:
        made["shapes"] = [{
            "type": "rect", "xref": "x domain", "yref": "y domain", "x0": 0, "x1": 1, "y0": 0,
            "y1": 1, "fillcolor": GREY, "line": {"width": 0}, "layer": "below",
        }]  # fmt: skip
    look = Look(size=5, line=2.6)
    traces = legend(skeleton, False, invented)
    traces += body(points_px, seen_as, look=replace(look, halo=image is not None), hover=HOVER_2D)
    points = rooted(to_plot(pose_mm, "camera"), skeleton)
    finite = points[np.isfinite(points).all(-1)]
    reach = max(200.0, 0.5 * float(np.linalg.norm(finite, axis=-1).max(initial=0)))
    ticks = np.linspace(-reach, reach, 5)
    floor = grid_pen(ticks, ticks, float(finite[:, 2].min(initial=0)))
    around = [turned(np.concatenate([finite, floor]), degrees) for degrees in (0.0, turn)]
    low, high = (end(np.concatenate(around), axis=0) for end in (np.nanmin, np.nanmax))
    middle, half = (low + high) / 2, (high - low) * 0.54
    for panel, degrees in ((2, 0.0), (3, turn)):
        made |= panel_axes(panel, middle, half, domains[panel - 1])
        axes = {"xaxis": f"x{panel}", "yaxis": f"y{panel}"}
        traces.append(drawn(turned(floor, degrees), FLOOR, 1) | axes)
        traces += body(
            turned(points, degrees), skeleton, look=look, invented=invented, axes=axes,
            hover="%{text}",
        )  # fmt: skip
    made["annotations"] = [
        panel_name(name, sum(domain) / 2) for name, domain in zip(names, domains, strict=True)
    ]
    made["margin"]["b"] = 26
    return go.Figure(traces, made)
