"""Curves, bars, and cameras round a person."""

import csv
import io
import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, SupportsFloat

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from posebook.cameras import Camera
from posebook.errors import InputError
from posebook.figures.parts import (
    CURVES,
    DASHES,
    FAINT,
    INK,
    WIDTH_PX,
    Look,
    body,
    drawn,
    label,
    layout,
    legend,
    placed,
    plain,
    to_plot,
)
from posebook.figures.space import box, floor_grid, scene
from posebook.files import read_utf8
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, Skeleton

MAIN = CURVES[0]
GRID = {"gridcolor": "#E3E6EA", "zeroline": False, "linecolor": FAINT, "showline": True}


def loss_curves(
    log: str | Path | Mapping[str, Sequence[SupportsFloat]],
    *,
    x: str = "epoch",
    unit: str = "",
    log_scale: bool = False,
    levels: Mapping[str, SupportsFloat] | None = None,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Curves of a training run, each with a colour and a dash of its own, named at its end.

    log      a Run's `log.csv`, or name -> values; empty cells and NaN are left out
    unit     of the vertical axis, printed on it: "mm"
    levels   name -> value: level lines to compare with, such as the mean pose's error
    """
    table = dict(log) if isinstance(log, Mapping) else _read(Path(log))
    count = max((len(v) for v in table.values()), default=0)
    across = table.get(x, list(range(count)))
    chosen = [name for name in table if name != x]
    made = layout(title, note, height=300, foot=52)
    made["margin"] |= {"l": 68, "r": 16}
    traces, values = [], []
    for i, name in enumerate(chosen):
        points = np.array(list(zip(across, map(float, table[name]), strict=False)), dtype=float)
        points = points.reshape(-1, 2)
        points = points[~np.isnan(points[:, 1])]
        values += points[:, 1].tolist()
        colour, dash = CURVES[i % len(CURVES)], DASHES[i % len(DASHES)]
        traces.append(placed(points) | {
            "mode": "lines+markers" if len(points) <= 3 else "lines",
            "name": plain(name.replace("_", " ")),
            "line": {"color": colour, "dash": dash, "width": 2.4},
        })  # fmt: skip
    made["xaxis"] = GRID | {"title": {"text": plain(x)}}
    made["yaxis"] = GRID | {
        "title": {"text": plain(unit)},
        "type": "log" if log_scale else "linear",
    }
    if log_scale:  # few labels: full size at powers of ten, or 1, 2, 5 where there is no other
        positive = [value for value in values if value > 0]
        wide = positive and max(positive) >= 10 * min(positive)
        made["yaxis"]["dtick"] = 1 if wide else "D2"
    elif min(values, default=0.0) >= 0:  # 0 means nothing to a logarithm of a likelihood
        made["yaxis"]["rangemode"] = "tozero"
    made["shapes"], made["annotations"] = [], []
    for name, level in (levels or {}).items():
        value = float(level)
        made["shapes"].append({
            "type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": value, "y1": value,
            "line": {"color": FAINT, "width": 1.5, "dash": "dash"},
        })  # fmt: skip
        y = math.log10(value) if log_scale else value
        made["annotations"].append(label(
            f"{plain(name)}: {value:.1f}", 0.99, y, 11, font={"color": "#57606A"},
            xref="paper", xanchor="right", yanchor="bottom",
        ))  # fmt: skip
    return go.Figure(traces, made)


def _read(path: Path) -> dict[str, list[float]]:
    """Columns of a CSV whose cells are numbers or empty."""
    try:
        rows = list(csv.DictReader(io.StringIO(read_utf8(path, "a CSV of numbers"))))
        names = list(rows[0]) if rows else []
        return {n: [float(r[n]) if r[n] else math.nan for r in rows] for n in names}
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise InputError(f"{path}: expected a CSV of numbers with one header line") from error


def bars(
    values: Mapping[str, SupportsFloat],
    unit: str,
    *,
    spread: Mapping[str, SupportsFloat] | None = None,
    highlight: str | Collection[str] | None = None,
    levels: Mapping[str, SupportsFloat] | None = None,
    digits: int = 1,
    end: float | int | None = None,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Horizontal bars with their values written at the end, in the order given: for ablations.

    values     name -> value
    unit       of the values: "mm"
    spread     name -> half width of an error bar (what it is belongs in the note)
    highlight  the bar, or bars, that the reader should find first
    levels     name -> value: upright lines to compare with, such as a baseline or the paper's
    end        where the axis ends, such as 100 for shares in %; None: a little beyond the longest
    """
    if not values:
        raise InputError("values is empty, expected at least one named bar")
    names, numbers = list(values), [float(v) for v in values.values()]
    found = {highlight} if isinstance(highlight, str) else set(highlight or ())
    some = {name: float(half) for name, half in (spread or {}).items()}
    lines = {name: float(level) for name, level in (levels or {}).items()}
    head = 34 if levels else 0
    made = layout(title, note, height=34 * len(names) + 16 + head, foot=46, legend=False)
    made["margin"] |= {"l": 14, "r": 30, "t": made["margin"]["t"] + head}
    ends = [abs(v) + some.get(n, 0) for n, v in zip(names, numbers, strict=True)]
    reach = max([e for e in ends if math.isfinite(e)] + [abs(v) for v in lines.values()] + [1e-9])
    reach *= 1.32 if some else 1.22  # room for the words behind the longest bar
    text = [
        f"{v:.{digits}f} {unit}" + (f" ± {some[n]:.{digits}f}" if n in some else "")
        for n, v in zip(names, numbers, strict=True)
    ]
    labels = [f"<b>{plain(n)}</b>" if n in found else plain(n) for n in names]
    trace: dict[str, Any] = {
        "type": "bar", "orientation": "h", "x": numbers, "y": labels,
        "hoverinfo": "skip", "width": 0.66,
        "marker": {
            "color": [MAIN if n in found or not found else "#A9B4C0" for n in names],
        },
    }  # fmt: skip
    if some:
        trace["error_x"] = {
            "type": "data", "array": [some.get(n, 0) for n in names], "thickness": 1.5,
            "color": INK,
        }  # fmt: skip
    low = min([0.0, *(v for v in numbers if math.isfinite(v))])
    made["xaxis"] = GRID | {"title": {"text": plain(unit)}, "range": [low * 1.15, reach]}
    if end is not None:  # the room for the values is left beside the axis
        made["xaxis"] |= {"range": [low * 1.15, float(end)], "domain": [0, 0.85]}
    made["yaxis"] = {"autorange": "reversed", "automargin": True, "ticksuffix": "  "}
    made["shapes"], made["annotations"] = [], []
    for name, place, value, words in zip(names, labels, numbers, text, strict=True):
        made["annotations"].append({
            "x": max(value, 0) + some.get(name, 0), "y": place, "text": plain(words),
            "showarrow": False, "xanchor": "left", "xshift": 4, "bgcolor": "rgba(255,255,255,.85)",
        })  # fmt: skip
    for i, (name, value) in enumerate(lines.items()):
        colour = CURVES[(i + 1) % len(CURVES)]
        made["shapes"].append({
            "type": "line", "yref": "paper", "y0": 0, "y1": 1, "x0": value, "x1": value,
            "line": {"color": colour, "width": 2, "dash": DASHES[(i + 1) % len(DASHES)]},
        })  # fmt: skip
        made["annotations"].append(label(
            f"{plain(name)}<br>{value:.{digits}f}", value, 1, 11, font={"color": colour},
            yref="paper", yanchor="bottom",
        ))  # fmt: skip
    return go.Figure([trace], made)


def rig(
    cameras: Sequence[Camera],
    world_mm: Pose3D | None = None,
    skeleton: Skeleton = HOUSE,
    *,
    title: str = "",
) -> go.Figure:
    """Cameras as pyramids (the picture's corners, 700 mm in front of each) round a person.

    world_mm  (joints, 3) or (people, joints, 3), world axes, z up, mm
    """
    people = None if world_mm is None else to_plot(world_mm, "world").reshape(-1, len(skeleton), 3)
    outlines = [_frustum(camera, 700.0) for camera in cameras]
    everything = np.concatenate(
        [o for o, _ in outlines] + ([] if people is None else [people.reshape(-1, 3)])
    )
    low, high = box(everything)
    low[2] = min(float(low[2]), 0.0) if people is None else float(np.nanmin(people[..., 2]))
    high[2] += 450  # room for the cameras' names
    grid, step = floor_grid(low, high)
    traces: list[dict[str, Any]] = [grid]
    if people is not None:
        traces += legend(skeleton, three=True)
        for person in people:
            traces += body(person, skeleton, look=Look(size=3, line=5))
    for i, (camera, (outline, place)) in enumerate(zip(cameras, outlines, strict=True)):
        colour = CURVES[2:][i % 5]
        traces.append(drawn(outline, colour, 4))
        down = np.array([[*place[:2], low[2]], place, place + [0, 0, 350]])
        traces.append(drawn(down, colour, 1.5, dash="dot") | {
            "mode": "lines+text",
            "text": ["", "", plain(camera.name or f"camera {i + 1}")], "textposition": "top center",
            "textfont": {"color": colour, "size": 12},
        })  # fmt: skip
    squares = f"Squares on the floor: {step} mm. Dotted: straight down from each camera."
    height = 480
    made = layout(title, squares, height=height, legend=people is not None)
    made["scene"] = scene(
        low, high, "world", front=np.array([0.0, -1.0]), labels=("x (mm)", "y (mm)", "z (mm)"),
        shape=(WIDTH_PX - 24) / height, height=1.5, zoom=0.95,
    )  # fmt: skip
    return go.Figure(traces, made)


def _frustum(camera: Camera, depth_mm: float) -> tuple[np.ndarray, np.ndarray]:
    """The pen's way round a pyramid, in the world, and where the camera stands."""
    size = camera.size_px or tuple((2 * camera.centre_px).tolist())
    focal, centre = camera.focal_px.double(), camera.centre_px.double()
    corners_px = torch.tensor(
        [[0, 0], [size[0], 0], [size[0], size[1]], [0, size[1]]], dtype=torch.float64
    )
    flat = (corners_px - centre) / focal * depth_mm
    corners = torch.cat([flat, torch.full((4, 1), depth_mm, dtype=torch.float64)], 1)
    tip = torch.zeros(1, 3, dtype=torch.float64)
    points: Tensor = camera.to_world(torch.cat([tip, corners]))
    order = [1, 2, 3, 4, 1, 0, 2, 0, 3, 0, 4]
    return points[order].cpu().numpy(), points[0].cpu().numpy()
