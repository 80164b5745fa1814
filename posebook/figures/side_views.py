"""One lifted pose from all sides, in steps of 15 degrees: what Kudo et al. 2018 show of a result.

`from_all_sides` is the book's picture of it; `side_view` is the little picture that the published
demo draws, line by line, so that the two can be compared. Taught in 12_adversarial_lifting.
"""

import math
from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.cells import merged, turned
from posebook.figures.parts import (
    HIDDEN,
    WIDTH_PX,
    Look,
    checked,
    label,
    layout,
    legend,
    names_of,
    to_plot,
)
from posebook.skeletons import HOUSE, Skeleton

#: All the way round; the last is the first again.
DEGREES = tuple(range(0, 361, 15))
# The published picture, px: its size, the place of the root, pixels in a unit, grey of the ground.
_SIZE, _ROOT, _UNIT, _GREY = (200, 350), (100, 150), 80, 160
_DISC = 5  # half the width of a joint's disc


def from_all_sides(
    pose: Float[Tensor, "joints 3"],
    skeleton: Skeleton = HOUSE,
    *,
    degrees: Sequence[float | int] = DEGREES,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """A pose as it is seen by someone who walks round it, one small drawing for each angle.

    pose     (joints, 3), camera axes (x right, y down, z away), any unit, about its root
    degrees  turned by so much; 0 is the camera's own view, 180 the view from behind
    """
    checked(pose, skeleton, "pose")
    points = to_plot(pose, "camera")
    finite = points[np.isfinite(points).all(-1)]
    if not len(degrees) or not len(finite):
        raise InputError("side views: expected at least one angle and one joint that is not NaN")
    # Room for the pose at every angle: its radius about the axis, its highest and lowest joint.
    radius = max(1e-6, float(np.hypot(finite[:, 0], finite[:, 1]).max()))
    low, high = float(finite[:, 2].min()), float(finite[:, 2].max())
    columns = min(9, len(degrees))
    rows = math.ceil(len(degrees) / columns)
    wide = 2.1 * radius
    drawn_px = WIDTH_PX - 24
    unit_px = min(drawn_px / (columns * wide), 260 / max(high - low, 1e-6))
    head = 22 / unit_px  # the line with the angle
    tall = (high - low) + head + 14 / unit_px
    spare = drawn_px / unit_px - columns * wide
    bodies, texts = [], []
    for place, angle in enumerate(degrees):
        row, column = divmod(place, columns)
        middle, above = spare / 2 + (column + 0.5) * wide, -row * tall
        flat = turned(points, angle, elevation=0) + np.array([middle, above - head - high])
        words = [f"{name}, {angle:g}°" for name in names_of(skeleton)]
        bodies.append((flat, Look(size=3.5, line=2.0), words))
        texts.append(label(f"{angle:g}°", middle, above, 11, xanchor="center", yanchor="top"))
    made = layout(title, note, height=rows * tall * unit_px)
    made["xaxis"] = HIDDEN | {"range": [0, drawn_px / unit_px]}
    made["yaxis"] = HIDDEN | {"range": [-rows * tall, 0], "scaleanchor": "x"}
    made["annotations"] = texts
    return go.Figure(legend(skeleton) + merged(bodies, skeleton), made)


def side_view(
    pose: Float[Tensor, "joints 3"], degrees: float | int = 0
) -> UInt8[np.ndarray, "350 200 3"]:
    """The published demo's picture of a pose: bytes (height, width, RGB).

    pose  (17, 3), house joints, camera axes, root at 0, mean joint distance 1: 80 px to the unit

    White lines cross at the root; joints are discs whose colour runs from blue over green to red in
    the order of the joints, bones likewise. Places are cut to whole pixels, as there.
    """
    from PIL import Image, ImageDraw

    checked(pose, HOUSE, "pose")
    picture = Image.new("RGB", _SIZE, (_GREY,) * 3)
    pen = ImageDraw.Draw(picture)
    white = (255, 255, 255)
    right, low = _SIZE  # one beyond the last: the far sides of the border are 2 px wide
    pen.line([(_ROOT[0], 0), (_ROOT[0], low)], white)
    pen.line([(0, _ROOT[1]), (right, _ROOT[1])], white)
    pen.rectangle([0, 0, right, low], outline=white, width=3)
    flat = turned(to_plot(pose, "camera"), degrees, elevation=0) * [_UNIT, -_UNIT] + _ROOT
    places = [tuple(int(value) for value in point) for point in flat]
    for number, (parent, child) in enumerate(HOUSE.bones):
        colour = _ramp(number / (len(HOUSE.bones) - 1))
        pen.line([places[parent], places[child]], colour, width=3)
    for number, (x, y) in enumerate(places):
        # An octagon is what that demo's ring of radius 3 and width 3 comes to in whole pixels.
        a, b = _DISC, _DISC // 2
        corners = [(b, a), (a, b), (a, -b), (b, -a), (-b, -a), (-a, -b), (-a, b), (-b, a)]
        pen.polygon([(x + dx, y + dy) for dx, dy in corners], _ramp(number / (len(places) - 1)))
    return np.asarray(picture)


def _ramp(share: float | int) -> tuple[int, int, int]:
    """Blue, cyan, green, yellow, red (RGB) for 0, 1/4, 1/2, 3/4, 1."""
    stops = np.array([[0, 0, 255], [0, 255, 255], [0, 255, 0], [255, 255, 0], [255, 0, 0]])
    return tuple(int(np.interp(4 * share, range(5), channel)) for channel in stops.T)
