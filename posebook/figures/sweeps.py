"""What a sweep came to: one metric over what was swept, a dot for each seed."""

from collections.abc import Sequence

import plotly.graph_objects as go

from posebook.errors import InputError
from posebook.figures.charts import GRID
from posebook.figures.parts import CURVES, DASHES, layout, plain
from posebook.results.swept import Row, in_order


def sweep_chart(rows: Sequence[Row], by: Sequence[str], *, title: str = "") -> go.Figure:
    """The first name of `by` across; a line for each method and each value of the other names.

    rows  of one metric, unit and protocol (`results.swept.rows`). A dot is a seed; a bar reaches
          one standard deviation over the seeds up and down. What is the same for every value, as
          a baseline is, is a level line.
    """
    metrics = {(row.number.metric, row.number.unit, row.number.protocol) for row in rows}
    if len(metrics) != 1:
        raise InputError(f"rows are of {len(metrics)} metrics or protocols, expected one")
    ((metric, unit, protocol),) = metrics
    lines: dict[str, list[Row]] = {}
    for row in rows:
        rest = [f"{n} {v}" for n, v in zip(by[1:], (row.by or ())[1:], strict=False)]
        lines.setdefault(", ".join([row.number.method, *rest]), []).append(row)
    places = in_order(row.by[0] for row in rows if row.by) or ["all runs"]
    made = layout(title, protocol, height=380, foot=60)
    made["margin"] |= {"l": 70, "r": 24}
    across = by[0] if by else ""
    made["xaxis"] = GRID | {
        "title": {"text": plain(across)}, "type": "category", "categoryorder": "array",
        "categoryarray": [plain(place) for place in places],
    }  # fmt: skip
    words = f"{metric} ({unit})" if unit else metric
    made["yaxis"] = GRID | {"title": {"text": plain(words)}, "rangemode": "tozero"}
    traces = []
    for number, (name, members) in enumerate(lines.items()):
        look = {"color": CURVES[number % len(CURVES)], "dash": DASHES[number % len(DASHES)]}
        traces += _line(name, members, places, look)
    return go.Figure(traces, made)


def _line(name: str, rows: Sequence[Row], places: Sequence[str], look: dict) -> list[dict]:
    colour = look["color"]
    if all(not row.by for row in rows) and len(places) > 1:  # a level line
        return [{
            "type": "scatter", "mode": "lines", "name": plain(name), "line": look | {"width": 1.5},
            "x": [plain(place) for place in places], "y": [rows[0].mean] * len(places),
            "hovertemplate": f"{plain(name)}<br>%{{y:.1f}}<extra></extra>",
        }]  # fmt: skip
    ordered = sorted(rows, key=lambda row: places.index(row.by[0]) if row.by else 0)
    at = [plain(row.by[0] if row.by else places[0]) for row in ordered]
    curve = {
        "type": "scatter", "mode": "lines+markers", "name": plain(name), "x": at,
        "y": [row.mean for row in ordered], "line": look | {"width": 2}, "legendgroup": name,
        "marker": {"size": 9, "color": colour},
        "error_y": {"type": "data", "array": [row.spread or 0 for row in ordered]},
        "hovertemplate": f"{plain(name)}<br>%{{x}}: %{{y:.1f}}<extra></extra>",
    }  # fmt: skip
    pairs = [(x, row, s) for x, row in zip(at, ordered, strict=True) for s in row.values]
    dots = {
        "type": "scatter", "mode": "markers", "showlegend": False, "legendgroup": name,
        "x": [x for x, _, _ in pairs], "y": [row.values[seed] for _, row, seed in pairs],
        "text": [f"seed {seed}" for _, _, seed in pairs],
        "marker": {"size": 6, "color": colour, "opacity": 0.45},
        "hovertemplate": "%{text}: %{y:.1f}<extra></extra>",
    }  # fmt: skip
    return [curve, dots]
