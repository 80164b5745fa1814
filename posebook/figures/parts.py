"""The house style of figures, and the parts they are made of: bodies, lines, legends, labels.

Left warm, right cool, middle grey, truth black; never colour alone: left joints are circles,
right joints squares, the middle diamonds; truth is dashed; what was invented is hollow and
dotted; what is missing is a gap. The colours are Okabe & Ito's, which people with the common kinds
of colour blindness can tell apart.
"""

import textwrap
from collections.abc import Collection
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.strokes import along, broken, strokes
from posebook.skeletons import Skeleton

Frame = Literal["camera", "world"]
COLOUR = {"left": "#D55E00", "right": "#0072B2", "middle": "#6B6B6B", "truth": "#000000"}
SYMBOL = {"left": "circle", "right": "square", "middle": "diamond"}
#: For curves and bars, where left and right play no part; each curve gets a dash of its own too.
CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7A6A00", "#6A3D9A", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
INK, FAINT, FLOOR = "#1F2328", "#8A8F98", "#BCC2CA"
WIDTH_PX = 700
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
#: An axis of a flat drawing, where the drawing shows its scale itself.
HIDDEN = {"visible": False, "fixedrange": True}

HOVER_2D = "%{text}<br>x %{x:.0f} px, y %{y:.0f} px"
HOVER_3D = {
    "camera": "%{text}<br>x %{x:.0f}, z %{y:.0f}, −y %{z:.0f} mm",
    "world": "%{text}<br>x %{x:.0f}, y %{y:.0f}, z %{z:.0f} mm",
}


def plain(text: str) -> str:
    """Text from anywhere, safe inside plotly's and a page's markup."""
    return escape(str(text), quote=False)


def wrapped(text: str, width_px: float | int, font_px: float | int) -> tuple[str, int]:
    """Markup with line breaks that fits a width, and the number of its lines."""
    lines = textwrap.wrap(str(text), max(12, int(width_px / (0.53 * font_px)))) or [""]
    return "<br>".join(plain(line) for line in lines), len(lines)


def layout(
    title: str, note: str = "", *, height: float | int, foot: float | int = 12, legend: bool = True
) -> dict[str, Any]:
    """The layout that every figure starts from: a white card, legible on light and dark pages.

    title   a full sentence: what the picture shows
    note    a smaller line under it: credit, what was left out, what the axes are
    height  of the drawing itself, px; title, note and legend come above it, `foot` px below it
    """
    text, lines = wrapped(title, WIDTH_PX - 30, 15) if title else ("", 0)
    if note:
        small, more = wrapped(note, WIDTH_PX - 30, 12)
        small = f'<span style="font-size:12px;color:#57606A">{small}</span>'
        text += ("<br>" if text else "") + small
        lines += more
    head = 14 + 20 * lines if lines else 8
    first = 14 if lines == 1 else 24  # plotly hangs one line by its top, several by a baseline
    top = head + (36 if legend else 8)
    whole = round(top + height + foot)
    return {
        "template": {},
        "width": WIDTH_PX,
        "height": whole,
        "margin": {"l": 12, "r": 12, "t": top, "b": foot},
        "paper_bgcolor": "#FFFFFF",
        "plot_bgcolor": "#FFFFFF",
        "font": {"family": FONT, "size": 12, "color": INK},
        "title": {
            "text": text, "x": 0.5, "xref": "container", "xanchor": "center",
            "y": 1 - first / whole, "yref": "container", "yanchor": "top",
            "font": {"size": 15, "color": INK},
        },
        # Notebooks and pages print title and note themselves (`showing.untitled`).
        "meta": {"title": str(title), "note": str(note), "head_px": head},
        "showlegend": legend,
        "legend": {
            "orientation": "h", "x": 0.5, "xanchor": "center",
            "y": 1 - (head + 2) / whole, "yref": "container",
            "yanchor": "top", "bgcolor": "rgba(255,255,255,0)", "itemsizing": "constant",
        },
        "hoverlabel": {"bgcolor": "#FFFFFF", "font": {"color": INK}},
    }  # fmt: skip


def checked(points: Tensor, skeleton: Skeleton, what: str) -> None:
    """An InputError where points (..., joints, d) do not have the skeleton's joints."""
    if points.shape[-2] != len(skeleton):
        raise InputError(
            f"{what} has {points.shape[-2]} joints, expected {len(skeleton)} ({skeleton.name})"
        )


def to_plot(pose_mm: Tensor, frame: Frame) -> np.ndarray:
    """Drawing axes (to the right, away from the viewer, up) of a pose (..., joints, 3), mm.

    Camera axes (x right, y down, z forward) are drawn as (x, z, -y); world axes are z up already.
    """
    points = pose_mm.detach().cpu().double().numpy()
    if frame == "camera":
        return np.stack([points[..., 0], points[..., 2], -points[..., 1]], -1)
    if frame == "world":
        return points
    raise InputError(f"frame is '{frame}', expected 'camera' or 'world'")


def flat(keypoints_px: Tensor) -> np.ndarray:
    """Keypoints as an array for drawing."""
    return keypoints_px.detach().cpu().double().numpy()


@dataclass(frozen=True)
class Look:
    """How a body is drawn: as itself (left and right), or as the truth (black and dashed).

    dash_mm  length of a dash of the truth in 3D; None: a few dashes a bone, for animations
    halo     white round bones and joints, for drawing on photographs (2D)
    sheer    the colours are see-through, so that a truth behind them can be read
    """

    truth: bool = False
    size: float | int = 7.0
    line: float | int = 3.0
    dash_mm: float | int | None = 55.0
    halo: bool = False
    sheer: bool = False


def names_of(skeleton: Skeleton) -> list[str]:
    """The joints' names as a reader sees them."""
    return [joint.replace("_", " ") for joint in skeleton.joints]


def placed(points: np.ndarray) -> dict[str, Any]:
    """What a trace says of its places: points (n, 2) or (n, 3) in drawing axes; NaN is a gap."""
    axes = "xyz"[: points.shape[-1]]
    places = zip(axes, points.astype(np.float32).T, strict=True)
    return {"type": "scatter3d" if len(axes) == 3 else "scatter", **dict(places)}


def drawn(points: np.ndarray, colour: str, width: float | int, **more: Any) -> dict[str, Any]:
    """A line from point to point, (n, 2) or (n, 3); NaN lifts the pen. more: such as `dash`."""
    line = {"color": colour, "width": width, **more}
    about = {"mode": "lines", "line": line, "hoverinfo": "skip", "showlegend": False}
    return placed(points) | about


def label(
    text: str, x: float | int, y: float | int, size: float | int, **more: Any
) -> dict[str, Any]:
    """Words on a drawing, in markup, without an arrow."""
    font = {"size": size} | more.pop("font", {})
    return {"text": text, "x": x, "y": y, "showarrow": False, "font": font} | more


def body(
    points: np.ndarray,
    skeleton: Skeleton,
    *,
    look: Look = Look(),
    invented: Collection[str] = (),
    hover: str = "",
    names: bool = False,
    axes: dict[str, str] | None = None,
) -> list[dict[str, Any]]:
    """Traces of one body: one for each stroke, then one for the joints. The same skeleton and the
    same invented joints always give the same number of traces, so that frames can replace them.

    points  (joints, 2) or (joints, 3) in drawing axes; NaN is a gap
    axes    of the panel it is drawn in, such as {"xaxis": "x2", "yaxis": "y2"}
    """
    three = points.shape[-1] == 3
    traces = []
    for stroke in strokes(skeleton, invented):
        dash = "dot" if stroke.invented else "5px,3px" if look.truth else "solid"
        if three and dash != "solid":
            steps = look.dash_mm
            if stroke.invented:  # shorter, so that a bone still joins its ends; longer in films
                steps = 22 if look.dash_mm else 45
            line, dash = broken(points, stroke.joints, steps), "solid"
        else:
            line = along(points, stroke.joints)
        colour = COLOUR["truth" if look.truth else stroke.side]
        traces.append(drawn(line, colour, look.line, dash=dash))
    if look.halo:
        white = {"color": "#FFFFFF", "width": look.line + 3}
        traces = [t | {"line": white, "opacity": 0.75} for t in traces] + traces
    sides = [skeleton.side(joint) for joint in skeleton.joints]
    hollow = [joint in invented for joint in skeleton.joints]
    marker: dict[str, Any] = {
        "color": [COLOUR["truth" if look.truth else side] for side in sides],
        "symbol": [SYMBOL[s] + ("-open" if h else "") for s, h in zip(sides, hollow, strict=True)],
        "size": look.size,
    }
    if not three:
        marker["line"] = {"width": 0}
        if look.halo or any(hollow):
            marker["line"] = {
                "width": [1.5 if h else 1.2 * look.halo for h in hollow],
                "color": ["#FFFFFF"] * len(sides) if look.halo else marker["color"],
            }
    words = zip(names_of(skeleton), hollow, strict=True)
    joints = placed(points) | {
        "mode": "markers+text" if names else "markers",
        "marker": marker,
        "text": [f"{word} (invented)" if h else word for word, h in words],
        "hovertemplate": ("truth: " if look.truth else "") + hover + "<extra></extra>",
        "showlegend": False,
    }
    if look.sheer:
        traces = [trace | {"opacity": 0.55} for trace in traces]
        joints["opacity"] = 0.75
    if names:
        joints |= {"textposition": _outwards(points.astype(np.float32)), "textfont": {"size": 11}}
    return [trace | (axes or {}) for trace in (*traces, joints)]


def _outwards(points: np.ndarray) -> list[str]:
    """Each joint's name on the side where the body is not."""
    finite = points[np.isfinite(points).all(-1), 0]
    middle = float(finite.mean()) if len(finite) else 0.0
    return ["middle left" if x < middle else "middle right" for x in points[:, 0]]


def legend(
    skeleton: Skeleton,
    truth: bool = False,
    invented: Collection[str] = (),
    *,
    three: bool = False,
) -> list[dict[str, Any]]:
    """What the drawing's colours, shapes and dashes mean, as traces without points.

    three  the drawing is a 3D one
    """
    entries = {
        "left": (skeleton.left, "left (circles)", "lines+markers", "circle", "solid"),
        "right": (skeleton.right, "right (squares)", "lines+markers", "square", "solid"),
        "truth": (truth, "truth (dashed)", "lines", "diamond", "dash"),
        "invented": (
            invented, "invented (hollow, dotted)", "lines+markers", "circle-open", "dot",
        ),
    }  # fmt: skip
    nowhere = {axis: [None] for axis in ("xyz" if three else "xy")}
    made = []
    for entry, (wanted, name, mode, symbol, dash) in entries.items():
        colour = COLOUR.get(entry, COLOUR["middle"])
        if wanted:
            made.append(nowhere | {
                "type": "scatter3d" if three else "scatter", "name": name, "mode": mode,
                "line": {"color": colour, "width": 3, "dash": dash},
                "marker": {"color": colour, "symbol": symbol, "size": 8},
                "hoverinfo": "skip", "showlegend": True,
            })  # fmt: skip
    return made
