"""How a contact sheet is laid out: cells on one pair of axes in mm, and a frame for every turn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from posebook.errors import InputError
from posebook.figures.moving import frames_of, slider
from posebook.figures.parts import (
    FLOOR,
    HIDDEN,
    INK,
    WIDTH_PX,
    Look,
    body,
    drawn,
    label,
    layout,
    legend,
    plain,
    wrapped,
)
from posebook.figures.space import grid_pen
from posebook.skeletons import Skeleton

TURNS = tuple(range(-90, 91, 15))
ELEVATION = math.radians(10)
GREY = "#EEF1F4"
_LABELS = {
    str(d): f"turned {abs(d)}° to the {'right' if d >= 0 else 'left'}"
    if d
    else "not turned: as the camera sees it"
    for d in TURNS
}


@dataclass
class Cell:
    """One place on the sheet: a caption, perhaps the 2D input, and bodies over each other.

    bodies  (points (joints, 3) in drawing axes with the root at 0, look, words for each joint)
    """

    caption: str
    bodies: list[tuple[np.ndarray, Look, Sequence[str]]]
    input_px: np.ndarray | None = None
    words: Sequence[str] = ()


def turned(
    points: np.ndarray, degrees: float | int, elevation: float | int = ELEVATION
) -> np.ndarray:
    """(..., 3) in drawing axes -> (..., 2), mm: what a far viewer sees who has walked round by
    `degrees` (0: at the camera's place; 90: at the right-hand side of the picture).

    elevation  radians that the viewer looks down
    """
    angle = math.radians(degrees)
    right = points[..., 0] * math.cos(angle) + points[..., 1] * math.sin(angle)
    away = -points[..., 0] * math.sin(angle) + points[..., 1] * math.cos(angle)
    up = points[..., 2] * math.cos(elevation) + away * math.sin(elevation)
    return np.stack([right, up], -1)


def sheet(
    cells: list[Cell],
    skeleton: Skeleton,
    columns: int,
    turn: int,
    title: str,
    note: str,
) -> go.Figure:
    """Lay the cells out on one pair of axes in mm, and make a frame for every turn.

    All cells have a 2D input or none has.
    """
    if turn not in TURNS:
        raise InputError(f"turn is {turn}, expected one of {', '.join(map(str, TURNS))}")
    points = np.concatenate([b for cell in cells for b, _, _ in cell.bodies])
    finite = points[np.isfinite(points).all(-1)]
    radius = max(400.0, float(np.linalg.norm(finite[:, :2], axis=-1).max(initial=0)) * 1.04 + 40)
    slope = radius * math.sin(ELEVATION)
    low = float(finite[:, 2].min(initial=0)) - slope - 30
    high = float(finite[:, 2].max(initial=0)) + 0.4 * slope + 60
    tall, wide = high - low, 2 * radius
    with_input = cells[0].input_px is not None
    inlet = min(wide, 0.66 * tall) if with_input else 0.0
    cell_wide = wide + inlet + 60
    rows = math.ceil(len(cells) / columns)
    drawn_px = WIDTH_PX - 24
    mm_per_px = max(columns * cell_wide / drawn_px, tall / 330)
    captions = [wrapped(c.caption, min(cell_wide / mm_per_px, 330) - 6, 13) for c in cells]
    head = (19 * max(lines for _, lines in captions) + 8) * mm_per_px
    cell_tall = tall + head + 6 * mm_per_px
    spare = (drawn_px * mm_per_px - columns * cell_wide) / (2 * columns)

    places = []  # the root of each pose, and the left edge of each cell
    for n in range(len(cells)):
        left = spare + (n % columns) * (cell_wide + 2 * spare)
        base = -(n // columns + 1) * cell_tall - low + 3 * mm_per_px
        places.append((left, np.array([left + inlet + 30 + radius, base])))

    def at(degrees: float | int) -> list[dict[str, Any]]:
        moving = [_floors(cells, places, radius, degrees)]
        for layer in range(max(len(cell.bodies) for cell in cells)):
            moving += merged(
                [
                    (turned(cell.bodies[layer][0], degrees) + place, *cell.bodies[layer][1:])
                    for cell, (_, place) in zip(cells, places, strict=True)
                ],
                skeleton,
            )
        return moving

    truth = any(look.truth for cell in cells for _, look, _ in cell.bodies)
    fixed = legend(skeleton, truth)
    shapes, texts = [], []
    for (left, place), cell, (caption, _) in zip(places, cells, captions, strict=True):
        top, foot = place[1] + high, place[1] + low + 20
        x, side = (left + 30, "left") if with_input else (place[0], "center")
        texts.append(label(caption, x, top + head, 13, xanchor=side, align=side, yanchor="top"))
        if with_input:
            shapes.append({
                "type": "rect", "x0": left + 20, "x1": left + inlet, "y0": foot, "y1": top - 10,
                "fillcolor": GREY, "line": {"width": 0}, "layer": "below",
            })  # fmt: skip
            pad = 0.03 * inlet
            fitted = _fitted(
                cell.input_px, left + 20 + pad, left + inlet - pad, foot + pad, top - 10 - pad
            )
            fixed += merged([(fitted, Look(size=4.5, line=2.2), cell.words)], skeleton)
    if with_input and not note:
        note = "On grey: the 2D input. Beside it: the lifted pose, turned."
    note = f"{note} Squares on the floor: 250 mm.".strip()
    states = [at(degrees) for degrees in TURNS]
    height_mm = rows * cell_tall
    made = layout(title, note, height=height_mm / mm_per_px, foot=74)
    made["xaxis"] = HIDDEN | {"range": [0, drawn_px * mm_per_px]}
    made["yaxis"] = HIDDEN | {"range": [-height_mm, 0], "scaleanchor": "x"}
    active = TURNS.index(turn)
    under = slider(_LABELS, False, active=active, x=0.15, len=0.7, pad={"t": 4, "b": 0})
    made |= {"annotations": texts, "shapes": shapes, "sliders": [under]}
    return go.Figure(fixed + states[active], made, frames_of(TURNS, states, len(fixed)))


def _fitted(
    points_px: np.ndarray,
    left: float | int,
    right: float | int,
    low: float | int,
    high: float | int,
) -> np.ndarray:
    """Keypoints scaled into a box on the sheet, upright (pixels count downwards)."""
    finite = points_px[np.isfinite(points_px).all(-1)]
    if len(finite) == 0:
        return np.full_like(points_px, np.nan)
    span = np.maximum(np.ptp(finite, axis=0), 1e-6)
    scale = min((right - left) / span[0], (high - low) / span[1]) * 0.92
    middle = (finite.min(0) + finite.max(0)) / 2
    placed = (points_px - middle) * scale * np.array([1, -1])
    return placed + np.array([(left + right) / 2, (low + high) / 2])


def merged(
    bodies: Sequence[tuple[np.ndarray, Look, Sequence[str]]],
    skeleton: Skeleton,
) -> list[dict[str, Any]]:
    """The traces of bodies that look alike, as the traces of one: fewer, and smaller frames."""
    each = []
    for points, look, words in bodies:
        traces = body(points, skeleton, look=look)
        traces[-1] |= {"text": list(words), "hovertemplate": "%{text}<extra></extra>"}
        each.append(traces)
    together = []
    gap = np.array([np.nan], dtype=np.float32)
    for alike in zip(*each, strict=True):
        lines = alike[0]["mode"] == "lines"
        trace = alike[0] | {
            axis: np.concatenate(
                [p for t in alike for p in ((t[axis], gap) if lines else (t[axis],))]
            )
            for axis in "xy"
        }
        if not lines:
            trace["text"] = [word for t in alike for word in t["text"]]
            marker = dict(trace["marker"])
            for part in ("color", "symbol"):
                marker[part] = [value for t in alike for value in t["marker"][part]]
            trace["marker"] = marker
        together.append(trace)
    return together


def _floors(
    cells: list[Cell],
    places: Sequence[tuple[float, np.ndarray]],
    radius: float,
    degrees: float | int,
) -> dict[str, Any]:
    """A small grid under each pose, which turns with it."""
    half = 250 * max(1, round(0.6 * radius / 250))
    ticks = np.arange(-half, half + 1, 250)
    floors = []
    for cell, (_, place) in zip(cells, places, strict=True):
        lowest = min(float(np.nanmin(b[:, 2], initial=0)) for b, _, _ in cell.bodies)
        floors.append(turned(grid_pen(ticks, ticks, lowest), degrees) + place)
    return drawn(np.concatenate(floors), FLOOR, 1)


def panel_axes(
    number: int,
    middle: np.ndarray,
    half: np.ndarray | float,
    domain: tuple[float, float],
    *,
    down: bool = False,
) -> dict[str, Any]:
    """The x and y axis of one panel beside others, equal and hidden.

    middle, half  (2,): what the panel shows, in the units of its drawing
    domain        where it begins and ends on the sheet, parts of the width
    down          y counts downwards, as pixels do
    """
    n = "" if number == 1 else number
    (left, low), (right, high) = middle - half, middle + half
    across = {"range": [left, right], "domain": list(domain), "anchor": f"y{n}"}
    upright = {"range": [high, low] if down else [low, high], "anchor": f"x{n}"}
    upright |= {"scaleanchor": f"x{n}", "constrain": "domain"}
    return {f"xaxis{n}": HIDDEN | across, f"yaxis{n}": HIDDEN | upright}


def panel_name(text: str, x: float) -> dict[str, Any]:
    """A panel's name under it; x: the panel's middle, parts of the width."""
    under = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "top"}
    return label(plain(text), x, 0, 12, font={"color": INK}, **under)
