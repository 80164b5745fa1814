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
from posebook.figures.cells import merged
from posebook.figures.parts import WIDTH_PX, Look, checked, key, layout, legend_of
from posebook.skeletons import HOUSE, Skeleton

#: All the way round; the last is the first again.
DEGREES = tuple(range(0, 361, 15))
# The published picture, px: its size, the place of the root, pixels in a unit, grey of the ground.
_SIZE, _ROOT, _UNIT, _GREY = (200, 350), (100, 150), 80, 160
_DISC = 5  # half the width of a joint's disc


def seen_from(pose: np.ndarray, degrees: float | int) -> np.ndarray:
    """(..., 3) camera axes -> (..., 2): turned about the upright axis, seen from far away."""
    angle = math.radians(degrees)
    across = pose[..., 0] * math.cos(angle) + pose[..., 2] * math.sin(angle)
    return np.stack([across, pose[..., 1]], -1)


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
    points = pose.detach().cpu().double().numpy()
    finite = points[np.isfinite(points).all(-1)]
    if not len(degrees) or not len(finite):
        raise InputError("side views: expected at least one angle and one joint that is not NaN")
    # Room for the pose at every angle: its radius about the axis, its highest and lowest joint.
    radius = max(1e-6, float(np.hypot(finite[:, 0], finite[:, 2]).max()))
    top, bottom = float(finite[:, 1].min()), float(finite[:, 1].max())
    columns = min(9, len(degrees))
    wide = 2.1 * radius
    unit_px = min((WIDTH_PX - 24) / (columns * wide), 260 / max(bottom - top, 1e-6))
    head = 22 / unit_px  # the line with the angle
    tall = (bottom - top) + head + 14 / unit_px
    spare = (WIDTH_PX - 24) / unit_px - columns * wide
    bodies, texts = [], []
    for place, angle in enumerate(degrees):
        row, column = divmod(place, columns)
        middle = spare / 2 + (column + 0.5) * wide
        above = -row * tall
        flat = seen_from(points, angle) * np.array([1, -1])
        flat += np.array([middle, above - head + top])
        words = [f"{joint.replace('_', ' ')}, {angle:g}°" for joint in skeleton.joints]
        bodies.append((flat, Look(size=3.5, line=2.0), words))
        texts.append({
            "x": middle, "y": above, "text": f"{angle:g}°", "showarrow": False,
            "xanchor": "center", "yanchor": "top", "font": {"size": 11},
        })  # fmt: skip
    rows = math.ceil(len(degrees) / columns)
    made = layout(title, note, height=rows * tall * unit_px)
    hidden = {"visible": False, "fixedrange": True}
    made["xaxis"] = hidden | {"range": [0, (WIDTH_PX - 24) / unit_px]}
    made["yaxis"] = hidden | {"range": [-rows * tall, 0], "scaleanchor": "x"}
    made["annotations"] = texts
    traces = merged(bodies, skeleton)
    return go.Figure(key(legend_of(skeleton), three=False) + traces, made)


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
    flat = seen_from(pose.detach().cpu().double().numpy(), degrees) * _UNIT + _ROOT
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
