"""How a contact sheet is laid out: cells on one pair of axes in mm, and a frame for every turn."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from posebook.errors import InputError
from posebook.figures.parts import FLOOR, INK, WIDTH_PX, Look, body, key, layout, legend_of, wrapped
from posebook.skeletons import Skeleton

TURNS = tuple(range(-90, 91, 15))
ELEVATION = math.radians(10)


@dataclass
class Cell:
    """One place on the sheet: a caption, perhaps the 2D input, and bodies over each other.

    bodies  (points (joints, 3) in drawing axes with the root at 0, look, words for each joint)
    """

    caption: str
    bodies: list[tuple[np.ndarray, Look, Sequence[str]]]
    input_px: np.ndarray | None = None
    words: Sequence[str] = field(default=())


def turned(points: np.ndarray, degrees: float | int) -> np.ndarray:
    """(..., 3) in drawing axes -> (..., 2), mm: what a far viewer sees who has walked round by
    `degrees` (0: at the camera's place; 90: at the right-hand side of the picture)."""
    angle = math.radians(degrees)
    right = points[..., 0] * math.cos(angle) + points[..., 1] * math.sin(angle)
    away = -points[..., 0] * math.sin(angle) + points[..., 1] * math.cos(angle)
    up = points[..., 2] * math.cos(ELEVATION) + away * math.sin(ELEVATION)
    return np.stack([right, up], -1)


def sheet(
    cells: list[Cell],
    skeleton: Skeleton,
    columns: int,
    turn: int,
    title: str,
    note: str,
    input_skeleton: Skeleton | None = None,
) -> go.Figure:
    """Lay the cells out on one pair of axes in mm, and make a frame for every turn."""
    if turn not in TURNS:
        raise InputError(f"turn is {turn}, expected one of {', '.join(map(str, TURNS))}")
    points = np.concatenate([b for cell in cells for b, _, _ in cell.bodies])
    finite = points[np.isfinite(points).all(-1)]
    radius = max(400.0, float(np.linalg.norm(finite[:, :2], axis=-1).max(initial=0)) * 1.04 + 40)
    slope = radius * math.sin(ELEVATION)
    low = float(finite[:, 2].min(initial=0)) - slope - 30
    high = float(finite[:, 2].max(initial=0)) + 0.4 * slope + 60
    tall, wide = high - low, 2 * radius
    inlet = min(wide, 0.66 * tall) if input_skeleton is not None else 0.0
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
    fixed = key(legend_of(skeleton, truth), three=False)
    shapes, texts = [], []
    for (left, place), cell, (caption, _) in zip(places, cells, captions, strict=True):
        top = place[1] + high
        has_input = cell.input_px is not None
        texts.append({
            "x": left + 30 if has_input else place[0], "y": top + head, "text": caption,
            "showarrow": False,
            "xanchor": "left" if has_input else "center", "yanchor": "top",
            "align": "left" if has_input else "center", "font": {"size": 13},
        })  # fmt: skip
        if has_input:
            pad = 0.03 * inlet
            shapes.append({
                "type": "rect", "x0": left + 20, "x1": left + inlet, "y0": place[1] + low + 20,
                "y1": top - 10, "fillcolor": "#EEF1F4", "line": {"width": 0}, "layer": "below",
            })  # fmt: skip
            fitted = _fitted(
                cell.input_px, left + 20 + pad, left + inlet - pad,
                place[1] + low + 20 + pad, top - 10 - pad,
            )  # fmt: skip
            fixed += merged([(fitted, Look(size=4.5, line=2.2), cell.words)], input_skeleton)
    if input_skeleton is not None:
        note = f"{note} On grey: the 2D input. Beside it: the lifted pose, turned.".strip()
    note = f"{note} Squares on the floor: 250 mm.".strip()
    frames_at = {degrees: at(degrees) for degrees in TURNS}
    first = frames_at[turn]
    moves = [len(fixed) + i for i in range(len(first))]
    frames = [
        {
            "data": [{k: t[k] for k in ("type", "x", "y")} for t in traces],
            "name": str(degrees),
            "traces": moves,
        }
        for degrees, traces in frames_at.items()
    ]
    height_mm = rows * cell_tall
    made = layout(title, note, height=height_mm / mm_per_px, foot=74)
    hidden = {"visible": False, "fixedrange": True}
    made["xaxis"] = hidden | {"range": [0, drawn_px * mm_per_px]}
    made["yaxis"] = hidden | {"range": [-height_mm, 0], "scaleanchor": "x"}
    made |= {"annotations": texts, "shapes": shapes, "sliders": [_slider(turn)]}
    return go.Figure(fixed + first, made, frames)


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
    drawn = []
    for cell, (_, place) in zip(cells, places, strict=True):
        lowest = min(float(np.nanmin(b[:, 2], initial=0)) for b, _, _ in cell.bodies)
        pen = floor_pen(np.arange(-half, half + 1, 250), lowest)
        drawn.append(turned(pen, degrees) + place)
    return floor_trace(np.concatenate(drawn))


def floor_pen(ticks: np.ndarray, height: float) -> np.ndarray:
    """A pen's way over a square grid on the floor, (n, 3) in drawing axes."""
    low, high = ticks[0], ticks[-1]
    lines = [((t, low), (t, high)) for t in ticks] + [((low, t), (high, t)) for t in ticks]
    return np.array([(x, y, height) for a, b in lines for x, y in (a, b, (np.nan, np.nan))])


def floor_trace(pen: np.ndarray) -> dict[str, Any]:
    """A floor that is drawn flat; pen (n, 2)."""
    pen = pen.astype(np.float32)
    return {
        "type": "scatter", "mode": "lines", "x": pen[:, 0], "y": pen[:, 1],
        "line": {"color": FLOOR, "width": 1}, "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip


def _slider(turn: int) -> dict[str, Any]:
    now = {"mode": "immediate", "transition": {"duration": 0}}
    now |= {"frame": {"duration": 0, "redraw": False}}
    return {
        "active": TURNS.index(turn), "x": 0.15, "len": 0.7, "y": 0, "yanchor": "top",
        "pad": {"t": 4, "b": 0}, "ticklen": 0, "minorticklen": 0,
        "font": {"size": 1, "color": "rgba(0,0,0,0)"},
        "currentvalue": {"font": {"size": 12, "color": INK}},
        "steps": [
            {"method": "animate", "args": [[str(d)], now],
             "label": f"turned {abs(d)}° to the {'right' if d >= 0 else 'left'}" if d else
             "not turned: as the camera sees it"}
            for d in TURNS
        ],
    }  # fmt: skip
