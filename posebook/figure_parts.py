"""The house style of figures, and the parts they are made of: strokes, legends, scenes.

Left warm, right cool, middle grey, truth black; never colour alone: left joints are circles,
right joints squares, the middle diamonds; truth is dashed; what was invented is hollow and
dotted; what is missing is a gap. The colours are Okabe & Ito's, which people with the common kinds
of colour blindness can tell apart.
"""

import math
import textwrap
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any, Literal

import numpy as np
from torch import Tensor

from posebook.errors import InputError
from posebook.skeletons import Skeleton

Frame = Literal["camera", "world"]
SIDES = ("left", "right", "middle")
COLOUR = {"left": "#D55E00", "right": "#0072B2", "middle": "#6B6B6B", "truth": "#000000"}
SYMBOL = {"left": "circle", "right": "square", "middle": "diamond"}
SHAPE_NAMES = {"left": "circles", "right": "squares", "middle": "diamonds"}
#: For curves and bars, where left and right play no part; each curve gets a dash of its own too.
CURVES = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#7A6A00", "#56B4E9", "#000000")
DASHES = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid")
INK, FAINT, FLOOR = "#1F2328", "#8A8F98", "#C9CDD3"
WIDTH_PX = 700
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def plain(text: str) -> str:
    """Text from anywhere, safe inside plotly's and a page's markup."""
    return escape(str(text), quote=False)


def wrapped(text: str, width_px: float, font_px: float) -> tuple[str, int]:
    """Markup with line breaks that fits a width, and the number of its lines."""
    lines = textwrap.wrap(str(text), max(12, int(width_px / (0.53 * font_px)))) or [""]
    return "<br>".join(plain(line) for line in lines), len(lines)


def layout(
    title: str, note: str = "", *, height: float, foot: float = 12, legend: bool = True
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
        "meta": {"title": str(title), "note": str(note)},  # pages print these themselves
        "showlegend": legend,
        "legend": {
            "orientation": "h", "x": 0.5, "xanchor": "center",
            "y": 1 - (head + 2) / whole, "yref": "container",
            "yanchor": "top", "bgcolor": "rgba(255,255,255,0)", "itemsizing": "constant",
        },
        "hoverlabel": {"bgcolor": "#FFFFFF", "font": {"color": INK}},
    }  # fmt: skip


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
class Stroke:
    """Bones of one side that are drawn in one go: joint indices, -1 lifts the pen."""

    side: str
    invented: bool
    joints: tuple[int, ...]


def strokes(skeleton: Skeleton, invented: Collection[str] = ()) -> list[Stroke]:
    """The bones of a skeleton as few polylines; a bone is on the side of its far end.

    A bone that ends in an invented joint, at either end, is invented.
    """
    made_up = {skeleton.index(joint) for joint in invented}
    found = []
    for side in SIDES:
        for guess in (False, True):
            bones = [
                (parent, child)
                for parent, child in skeleton.bones
                if skeleton.side(skeleton.joints[child]) == side
                and bool(made_up & {parent, child}) == guess
            ]
            if bones:
                found.append(Stroke(side, guess, tuple(_chain(bones))))
    return found


def _chain(bones: list[tuple[int, int]]) -> list[int]:
    """Bones joined end to end where they meet, which halves what a frame stores."""
    path: list[int] = []
    rest = list(bones)
    while rest:
        start = next((b for b in rest if not any(b[0] == other[1] for other in rest)), rest[0])
        path += [-1] if path else []
        path += start
        rest.remove(start)
        while following := next((b for b in rest if b[0] == path[-1]), None):
            path.append(following[1])
            rest.remove(following)
    return path


def along(points: np.ndarray, joints: Sequence[int]) -> np.ndarray:
    """Points (joints, d) in the order of a stroke, float32; NaN where the pen is lifted."""
    padded = np.concatenate([points, np.full((1, points.shape[-1]), np.nan)])
    return padded[list(joints)].astype(np.float32)


def broken(points: np.ndarray, joints: Sequence[int], dash_mm: float | None) -> np.ndarray:
    """A stroke as dashes, float32, (points, 3), for 3D: plotly's own 3D dashes differ from bone
    to bone. Each bone begins and ends with a dash of about `dash_mm`; None: two long dashes."""
    drawn = []
    for start, end in zip(joints, joints[1:], strict=False):
        if start < 0 or end < 0:
            continue
        a, b = points[start], points[end]
        length = float(np.linalg.norm(b - a))
        count = 2 if dash_mm is None or not math.isfinite(length) else round(length / dash_mm / 1.8)
        count = min(max(count, 2), 40)
        share = 0.36 if dash_mm is None else 0.55
        unit = share + (count - 1)  # dash, gap, dash, ..., dash
        for i in range(count):
            drawn += [a + (b - a) * i / unit, a + (b - a) * (i + share) / unit, a * np.nan]
    return np.array(drawn, dtype=np.float32).reshape(-1, points.shape[-1])


@dataclass(frozen=True)
class Look:
    """How a body is drawn: as itself (left and right), or as the truth (black and dashed).

    dash_mm  length of a dash of the truth in 3D; None: two dashes a bone, for animations
    halo     white round bones and joints, for drawing on photographs (2D)
    """

    truth: bool = False
    size: float = 7.0
    line: float = 3.0
    dash_mm: float | None = 55.0
    halo: bool = False


def body(
    points: np.ndarray,
    skeleton: Skeleton,
    *,
    look: Look = Look(),
    invented: Collection[str] = (),
    hover: str = "",
    names: bool = False,
    extra: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Traces of one body: one for each stroke, then one for the joints. The same skeleton and the
    same invented joints always give the same number of traces, so that frames can replace them.

    points  (joints, 2) or (joints, 3) in drawing axes; NaN is a gap
    """
    axes = "xyz"[: points.shape[-1]]
    kind = {"type": "scatter3d" if len(axes) == 3 else "scatter", "showlegend": False}
    kind |= extra or {}
    traces = []
    for stroke in strokes(skeleton, invented):
        dash = "dot" if stroke.invented else "5px,3px" if look.truth else "solid"
        if len(axes) == 3 and dash != "solid":
            steps = 22 if stroke.invented and look.dash_mm else look.dash_mm
            line, dash = broken(points, stroke.joints, steps), "solid"
        else:
            line = along(points, stroke.joints)
        colour = COLOUR["truth" if look.truth else stroke.side]
        traces.append(
            kind
            | {axis: line[:, i] for i, axis in enumerate(axes)}
            | {
                "mode": "lines",
                "line": {"color": colour, "width": look.line, "dash": dash},
                "hoverinfo": "skip",
            }
        )
    if look.halo:
        white = {"color": "#FFFFFF", "width": look.line + 3}
        traces = [t | {"line": white, "opacity": 0.75} for t in traces] + traces
    sides = [skeleton.side(joint) for joint in skeleton.joints]
    hollow = [joint in invented for joint in skeleton.joints]
    joints = points.astype(np.float32)
    marker: dict[str, Any] = {
        "color": [COLOUR["truth" if look.truth else side] for side in sides],
        "symbol": [SYMBOL[s] + ("-open" if h else "") for s, h in zip(sides, hollow, strict=True)],
        "size": look.size,
    }
    if len(axes) == 2:
        marker["line"] = {
            "width": [1.5 if h else 1.2 * look.halo for h in hollow],
            "color": [
                c if h or not look.halo else "#FFFFFF"
                for c, h in zip(marker["color"], hollow, strict=True)
            ],
        }
    words = [j.replace("_", " ") for j in skeleton.joints]
    traces.append(
        kind
        | {axis: joints[:, i] for i, axis in enumerate(axes)}
        | {
            "mode": "markers+text" if names else "markers",
            "marker": marker,
            "text": [f"{w} (invented)" if h else w for w, h in zip(words, hollow, strict=True)],
            "hovertemplate": ("truth: " if look.truth else "") + hover + "<extra></extra>",
        }
        | ({"textposition": _outwards(joints), "textfont": {"size": 11}} if names else {})
    )
    return traces


def _outwards(points: np.ndarray) -> list[str]:
    """Each joint's name on the side where the body is not."""
    finite = points[np.isfinite(points).all(-1), 0]
    middle = float(finite.mean()) if len(finite) else 0.0
    return ["middle left" if x < middle else "middle right" for x in points[:, 0]]


def key(
    entries: Collection[str], three: bool, scene: str | None = None, **more: Any
) -> list[dict[str, Any]]:
    """Legend entries for 'left', 'right', 'truth', 'invented': traces without points."""
    nothing: list[float | None] = [None]
    kind: dict[str, Any] = {"x": nothing, "y": nothing, "hoverinfo": "skip", "showlegend": True}
    kind |= {"type": "scatter3d", "z": nothing} if three else {"type": "scatter"}
    if scene:
        kind["scene"] = scene
    made = []
    for entry in entries:
        colour = COLOUR.get(entry, COLOUR["middle"])
        symbol = SYMBOL.get(entry, "circle-open" if entry == "invented" else "diamond")
        dash = {"truth": "dash", "invented": "dot"}.get(entry, "solid")
        words = {
            "left": "left (circles)", "right": "right (squares)", "truth": "truth (dashed)",
            "invented": "invented (hollow, dotted)",
        }.get(entry, entry)  # fmt: skip
        made.append(
            kind
            | {
                "name": words,
                "mode": "lines" if entry == "truth" else "lines+markers",
                "line": {"color": colour, "width": 3, "dash": dash},
                "marker": {"color": colour, "symbol": symbol, "size": 8},
            }
            | more
        )
    return made


def legend_of(skeleton: Skeleton, truth: bool = False, invented: Collection[str] = ()) -> list[str]:
    """What the legend of a figure has to explain."""
    entries = [side for side in ("left", "right") if getattr(skeleton, side)]
    return entries + ["truth"] * truth + ["invented"] * bool(invented)


# --- 3D scenes -----------------------------------------------------------------------------------

AXES = {
    "camera": ("x, right (mm)", "z, away (mm)", "−y, up (mm)"),
    "world": ("x (mm)", "y (mm)", "z, up (mm)"),
}


def box(points: np.ndarray, margin_mm: float = 120.0) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest corner, in drawing axes, of a box that holds all finite points."""
    finite = points.reshape(-1, 3)
    finite = finite[np.isfinite(finite).all(-1)]
    if len(finite) == 0:
        finite = np.zeros((1, 3))
    low, high = finite.min(0), finite.max(0)
    middle, half = (low + high) / 2, np.maximum((high - low) / 2 + margin_mm, [400, 400, 300])
    new_low, new_high = middle - half, middle + half
    new_low[2] = low[2]  # people stand on the floor of the box
    return new_low, np.maximum(new_high, new_low + 300)


def floor_grid(low: np.ndarray, high: np.ndarray) -> tuple[dict[str, Any], int]:
    """A grid under the lowest joint as one trace, and the side of its squares in mm."""
    span = float((high - low)[:2].max())
    step = next((s for s in (250, 500, 1000, 2000, 5000) if span / s <= 10), 10000)
    x0, y0 = (math.floor(v / step) * step for v in low[:2])
    x1, y1 = (math.ceil(v / step) * step for v in high[:2])
    lines = [((x, y0), (x, y1)) for x in np.arange(x0, x1 + 1, step)]
    lines += [((x0, y), (x1, y)) for y in np.arange(y0, y1 + 1, step)]
    pen = np.full((3 * len(lines), 3), np.nan, dtype=np.float32)
    for i, (start, end) in enumerate(lines):
        pen[3 * i] = (*start, low[2])
        pen[3 * i + 1] = (*end, low[2])
    trace = {
        "type": "scatter3d", "mode": "lines", "x": pen[:, 0], "y": pen[:, 1], "z": pen[:, 2],
        "line": {"color": FLOOR, "width": 2}, "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    low[:2], high[:2] = (x0, y0), (x1, y1)
    return trace, step


def facing(points: np.ndarray, skeleton: Skeleton) -> np.ndarray | None:
    """Which way a person in drawing axes faces, (x, y) of length 1; None where it is not known."""
    if not {"left_hip", "right_hip"} <= set(skeleton.joints):
        return None
    across = points[skeleton.index("left_hip")] - points[skeleton.index("right_hip")]
    front = np.array([across[1], -across[0]])  # left x up
    length = np.linalg.norm(front)
    return front / length if np.isfinite(length) and length > 1e-6 else None


def scene(
    low: np.ndarray,
    high: np.ndarray,
    frame: Frame,
    *,
    front: np.ndarray | None = None,
    labels: Sequence[str] | None = None,
    shape: float = 1.5,
    height: float = 0.75,
    zoom: float = 1.0,
) -> dict[str, Any]:
    """A 3D scene with equal axes in mm, seen from the front side.

    front   where the viewer stands, (x, y) from the person; None: where the camera is
    shape   width of the scene's place on the sheet, over its height
    height  of the viewer's eye over the middle of the scene, which is 3.3 away
    """
    span = high - low
    across = float(np.hypot(span[0], span[1]))
    ratio = span * 2.45 * zoom / max(span[2] + across * height / 3.3, across / shape)
    toward = np.array([0.0, -1.0]) if front is None else front
    turn = math.radians(32)  # a little to the side, so that depth shows
    turned = np.array(
        [
            toward[0] * math.cos(turn) - toward[1] * math.sin(turn),
            toward[0] * math.sin(turn) + toward[1] * math.cos(turn),
        ]
    )
    made: dict[str, Any] = {
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", ratio.tolist(), strict=True)),
        "camera": {
            "eye": {"x": 3.3 * turned[0], "y": 3.3 * turned[1], "z": height},
            "center": {"x": 0, "y": 0, "z": -0.17},
        },
        "uirevision": "keep",
    }
    for axis, label, a, b in zip("xyz", labels or AXES[frame], low, high, strict=True):
        step = next((s for s in (500, 1000, 2000, 5000) if (b - a) / s <= 5), 10000)
        made[f"{axis}axis"] = {
            "range": [float(a), float(b)], "title": {"text": label, "font": {"size": 11}},
            "dtick": step, "tickfont": {"size": 10, "color": "#57606A"},
            "showgrid": False, "zeroline": False, "showbackground": False, "showspikes": False,
            "showline": True, "linecolor": FAINT, "ticks": "outside", "tickcolor": FAINT,
        }  # fmt: skip
    return made


def travel(points: np.ndarray) -> float:
    """How far the middle of the body moves over the floor, mm."""
    with np.errstate(all="ignore"):
        path = np.nanmean(points[..., :2], axis=1)
    path = path[np.isfinite(path).all(-1)]
    return float(np.ptp(path, axis=0).max()) if len(path) else 0.0


def footing(points: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """(frames, 1, 3): where the body stands on the floor in each frame; height 0."""
    if skeleton.root is not None:
        middle = points[:, skeleton.index(skeleton.root)]
    elif {"left_hip", "right_hip"} <= set(skeleton.joints):
        middle = points[:, skeleton.indices("left_hip", "right_hip")].mean(1)
    else:
        middle = np.nanmean(points, axis=1)
    middle = np.nan_to_num(middle)[:, None].copy()
    middle[..., 2] = 0
    return middle
