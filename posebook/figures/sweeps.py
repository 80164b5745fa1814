"""What a sweep came to: one metric over what was swept, a dot for each seed."""

from collections.abc import Sequence

import plotly.graph_objects as go

from posebook.errors import InputError
from posebook.figures.charts import GRID
from posebook.figures.parts import CURVES, DASHES, layout, plain, wrapped
from posebook.results.swept import Row, in_order

#: Lines stand this far apart beside a value, but take no more room than the share together.
_APART, _SHARE = 0.05, 0.5
_WIDE_PX, _TEXT_PX, _MOST_LETTERS = 600, 11, 36
#: Of lines of one colour, where there are more lines than colours.
SYMBOLS = ("circle", "square", "diamond", "x")


def sweep_chart(rows: Sequence[Row], by: Sequence[str], *, title: str = "") -> go.Figure:
    """The first name of `by` across; a line for each method and each value of the other names.

    rows  of one metric, unit and protocol (`results.swept.rows`). A dot is a seed; a bar reaches
          one standard deviation over the seeds up and down. What is the same for every value, as
          a baseline is, is a level line, as far as its chapter's runs go.
    """
    metrics = {(row.number.metric, row.number.unit, row.number.protocol) for row in rows}
    if len(metrics) != 1:
        raise InputError(f"rows are of {len(metrics)} metrics or protocols, expected one")
    ((metric, unit, protocol),) = metrics
    method_of = {(row.number.method, row.number.chapter) for row in rows}
    shared = {method for method, _ in method_of if sum(method == m for m, _ in method_of) > 1}
    lines: dict[str, list[Row]] = {}
    for row in rows:
        method, chapter = row.number.method, row.number.chapter
        words = [f"{method} ({chapter})" if method in shared else method]
        words += [f"{n} {v}" for n, v in zip(by[1:], (row.by or ())[1:], strict=False)]
        lines.setdefault(", ".join(words), []).append(row)
    places = in_order(value[0] for row in rows for value in _values(row) if value) or ["all runs"]
    ticks, tick_px, angle = _ticks(places)
    # A row of the legend for each two lines, about.
    made = layout(title, protocol, height=380 + 12 * len(lines), foot=46 + tick_px)
    made["margin"] |= {"l": 70, "r": 24}
    made["xaxis"] = GRID | {
        "title": {"text": plain(by[0] if by else ""), "standoff": 12},
        "tickmode": "array", "tickvals": list(range(len(places))), "ticktext": ticks,
        "tickangle": angle, "tickfont": {"size": _TEXT_PX}, "range": [-0.5, len(places) - 0.5],
    }  # fmt: skip
    words = f"{metric} ({unit})" if unit else metric
    made["yaxis"] = GRID | {"title": {"text": plain(words)}, "rangemode": "tozero"}
    drawn = [name for name, members in lines.items() if not _level(members)]
    step = min(_APART, _SHARE / max(1, len(drawn)))
    traces = []
    for number, (name, members) in enumerate(lines.items()):
        turn, which = divmod(number, len(CURVES))
        look = {"color": CURVES[which], "dash": DASHES[which]}
        if _level(members):
            traces.append(_level_line(name, members, places, look))
        else:
            aside = step * (drawn.index(name) - (len(drawn) - 1) / 2)
            traces += _line(name, members, places, look, SYMBOLS[turn % len(SYMBOLS)], aside)
    return go.Figure(traces, made)


def _values(row: Row) -> Sequence[tuple[str, ...]]:
    """The values of `by` that a row holds for."""
    return row.holds if row.by is None else [row.by]


def _ticks(places: Sequence[str]) -> tuple[list[str], int, int]:
    """How values stand below the axis: as text, how many px that takes, at which angle."""
    room = _WIDE_PX / len(places)
    longest = max(map(len, places))
    if longest * 0.53 * _TEXT_PX <= room or room > 80:
        texts, heights = zip(*(wrapped(place, room - 8, _TEXT_PX) for place in places), strict=True)
        return list(texts), 15 * max(heights), 0
    half = _MOST_LETTERS // 2
    cut = [p if len(p) <= _MOST_LETTERS else f"{p[: half - 1]}…{p[-half:]}" for p in places]
    return list(map(plain, cut)), round(0.6 * _TEXT_PX * max(map(len, cut))) + 8, -90


def _level(rows: Sequence[Row]) -> bool:
    return all(row.by is None for row in rows)


def _level_line(name: str, rows: Sequence[Row], places: Sequence[str], look: dict) -> dict:
    level = [(places.index(value[0]), row.mean) for row in rows for value in row.holds]
    return {
        "type": "scatter", "mode": "lines", "name": plain(name), "line": look | {"width": 1.5},
        "x": [end for at, _ in level for end in (at - 0.5, at + 0.5, None)],
        "y": [end for _, mean in level for end in (mean, mean, None)],
        "hovertemplate": f"{plain(name)}<br>%{{y:.1f}}<extra></extra>",
    }  # fmt: skip


def _line(
    name: str, rows: Sequence[Row], places: Sequence[str], look: dict, symbol: str, aside: float
) -> list[dict]:
    colour = look["color"]
    ordered = sorted(rows, key=lambda row: places.index(row.by[0]) if row.by else 0)
    whats = [row.by[0] if row.by else places[0] for row in ordered]
    at = [places.index(what) + aside for what in whats]
    curve = {
        # Names have no order, so that a line between them would say nothing.
        "type": "scatter", "mode": "lines+markers" if _are_numbers(places) else "markers",
        "name": plain(name), "x": at, "text": list(map(plain, whats)),
        "y": [row.mean for row in ordered], "line": look | {"width": 2}, "legendgroup": name,
        "marker": {"size": 9, "color": colour, "symbol": symbol},
        "error_y": {"type": "data", "array": [row.spread or 0 for row in ordered]},
        "hovertemplate": f"{plain(name)}<br>%{{text}}: %{{y:.1f}}<extra></extra>",
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


def _are_numbers(places: Sequence[str]) -> bool:
    try:
        return bool([float(place) for place in places])
    except ValueError:
        return False
