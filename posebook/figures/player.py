"""A film or photograph with key points on it, and the pose in 3D beside it, as a part of a page.

Both are drawn by a few hundred lines of script (`player.js`, `player_controls.js`) and not by
plotly: every frame of a motion is kept, in two bytes a number, and shown at the film's own rate.
"""

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.parts import COLOUR, checked, flat
from posebook.figures.plane import SmallJpeg, walking_windows
from posebook.figures.showing import described
from posebook.skeletons import HOUSE, Skeleton

_MISSING = -32768
_HERE = Path(__file__).parent
#: Bytes of a page for each number of each frame: two, in letters.
_BYTES_A_NUMBER = 8 / 3

STYLE = """
main.broad{max-width:80rem}
.player .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,24rem),1fr));
gap:4px;align-items:stretch;position:relative}
.player canvas{display:block;width:100%;border-radius:4px}
.player .seen canvas{max-height:62vh}
.player .solid canvas{height:100%;min-height:22rem;max-height:62vh;cursor:grab;touch-action:none}
.player canvas:focus-visible{outline:3px solid #0072B2;outline-offset:-3px}
.player img,.player video{max-width:100%}
.player.alive img{display:none}
.player.alive video{position:absolute;width:1px;height:1px;opacity:0;pointer-events:none}
.player:not(.alive) .controls,.player:not(.alive) canvas{display:none}
.player .card{color:#1f2328}
.player .controls{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;
padding:.5rem .4rem .2rem}
.player .controls input{flex:1 1 12rem;min-width:8rem}
.player .controls output{min-width:11rem;font-variant-numeric:tabular-nums}
.player button,.player select{font:inherit;padding:.2rem .6rem}
.player .key{font-size:.85rem;padding:.2rem .4rem;margin:0;max-width:none}
.player code{white-space:nowrap}
.player .tip{position:absolute;background:#1f2328;color:#fff;font-size:.8rem;padding:.1rem .4rem;
border-radius:4px;pointer-events:none;white-space:nowrap;z-index:2}
"""


class FilmStrip(NamedTuple):
    """A part of a film, as a file that browsers play.

    content   of the file, WebM
    first     number of its first frame in the motion; count: of its frames
    rate      frames a second in the file, which need not be the motion's
    """

    content: bytes
    first: int
    count: int
    rate: float | int


@dataclass(frozen=True)
class Player:
    """What the reader sees, plays and turns: a part of a `page`.

    keypoints_px  (frames, people, marked, 2), px; NaN: missing
    pose_mm       (frames, people, joints, 3), mm, world axes (x right, y away, z up); NaN: missing
    truth_mm      the same shape, drawn black and dashed, or None
    names         of the people, as the drawings say them where there are several
    frames_per_second  at which it is played
    first         number of the first frame in the motion that these frames are a part of
    parts         what the reader may choose to see: name, first frame and last frame of the motion;
                  the first is shown at the beginning
    image, film   what lies under the key points; at most one of them
    invented      names of joints that nobody marked: hollow, their bones dotted
    follow        keep the one person in the middle of the floor
    """

    keypoints_px: Float[Tensor, "frames people marked 2"]
    pose_mm: Float[Tensor, "frames people joints 3"]
    alt: str
    size_px: tuple[int, int] | None
    marked: Skeleton = HOUSE
    truth_mm: Float[Tensor, "frames people joints 3"] | None = None
    names: Sequence[str] = ("",)
    frames_per_second: float | int = 25.0
    first: int = 0
    parts: Sequence[tuple[str, int, int]] = ()
    image: SmallJpeg | None = None
    film: FilmStrip | None = None
    invented: Sequence[str] = ()
    follow: bool = False
    caption: str = ""
    note: str = ""

    def __post_init__(self):
        described(self.alt)
        checked(self.keypoints_px, self.marked, "keypoints_px")
        checked(self.pose_mm, HOUSE, "pose_mm")
        if not len(self.pose_mm) or self.pose_mm.shape[:2] != self.keypoints_px.shape[:2]:
            raise InputError(
                f"pose_mm has shape {tuple(self.pose_mm.shape)}, keypoints_px "
                f"{tuple(self.keypoints_px.shape)}; expected the same frames and people, at least 1"
            )
        if len(self.names) != self.pose_mm.shape[1]:
            raise InputError(f"{len(self.names)} names; expected one for each person")


def frames_that_fit(
    most_bytes: float | int, marked: Skeleton, people: int, truth: bool = False
) -> int:
    """How many frames of so many people take so many bytes of a page."""
    each = 2 * len(marked) + 3 * len(HOUSE) * (2 if truth else 1)
    return max(1, int(most_bytes / (_BYTES_A_NUMBER * each * people)))


def scripts() -> str:
    """What draws all players of a page."""
    return "".join((_HERE / name).read_text() for name in ("player.js", "player_controls.js"))


def markup(part: Player, number: int) -> tuple[str, str]:
    """The figure as HTML, and the script element that holds its data."""
    alt = escape(" ".join(part.alt.split()))
    moves, under = len(part.pose_mm) > 1, ""
    if part.image is not None:
        under = f'<img alt="{alt}" src="{_data("image/jpeg", part.image.content)}">'
    elif part.film is not None:
        source = _data("video/webm", part.film.content)
        under = f'<video muted playsinline controls preload="auto" src="{source}"></video>'
    caption = f"<figcaption>{escape(part.caption)}</figcaption>" if part.caption else ""
    broken = (
        '<p class="note broken" hidden>This browser cannot show the film (WebM, VP9); the key '
        "points are shown alone.</p>"
        if part.film is not None
        else ""
    )
    text = json.dumps(_record(part), separators=(",", ":"), allow_nan=False)
    figure = (
        f'<figure class="player" id="player-{number}">{caption}<div class="card">'
        f'<div class="pair"><div class="seen"><canvas role="img" aria-label="Key points in the '
        f'picture. {alt}"></canvas>{under}</div><div class="solid"><canvas tabindex="0" role="img" '
        f'aria-label="The pose in 3D. Arrow keys turn it, plus and minus enlarge it. {alt}">'
        f'</canvas></div><div class="tip" hidden></div></div>{_controls(part) if moves else ""}'
        f'<p class="key">{_key(part)} <span class="squares"></span></p></div>{broken}'
        f"{f'<p class=note>{_words(part.note)}</p>' if part.note else ''}"
        f"<details><summary>Description of the figure</summary>{alt}</details></figure>"
    )
    safe = text.replace("<", "\\u003c")
    return figure, f'<script type="application/json" id="player-{number}-data">{safe}</script>'


def _words(note: str) -> str:
    """A note as HTML; an option of the command stays on one line."""
    return re.sub(r"--[a-z]+( [A-Z]-[A-Z])?", r"<code>\g<0></code>", escape(note))


def _controls(part: Player) -> str:
    """Play, scrub, slow down, choose a part."""
    first, last = _parts(part)[0][1:]
    speeds = ((1, "full speed"), (0.5, "half speed"), (0.25, "quarter speed"))
    made = (
        f'<div class="controls"><button type="button">▶ Play</button><input type="range" min='
        f'"{first}" max="{last}" value="{first}" step="1" aria-label="frame"><output></output>'
        '<select class="speed" aria-label="speed">'
        + "".join(f'<option value="{value}">{text}</option>' for value, text in speeds)
        + "</select>"
    )
    if len(part.parts) > 1:
        options = (
            f'<option value="{i}">{escape(name)}</option>'
            for i, (name, _, _) in enumerate(part.parts)
        )
        made += f'<select class="part" aria-label="part">{"".join(options)}</select>'
    return made + "</div>"


def _key(part: Player) -> str:
    """What colours, shapes and dashes mean."""
    signs = [("left", "●", "left (circles)"), ("right", "■", "right (squares)")]
    if part.invented:
        signs.append(("middle", "○", "hollow and dotted: nobody marked it"))
    if part.truth_mm is not None:
        signs.append(("truth", "╌", "truth (dashed)"))
    return " ".join(
        f'<span style="color:{COLOUR[side]}">{sign}</span> {text} &nbsp;'
        for side, sign, text in signs
    )


def _parts(part: Player) -> list[tuple[str, int, int]]:
    """The parts, their frames counted from the first that the page has."""
    given = part.parts or [("", part.first, part.first + len(part.pose_mm) - 1)]
    return [(name, first - part.first, last - part.first) for name, first, last in given]


def _record(part: Player) -> dict[str, Any]:
    """What the script reads."""
    seen = flat(part.keypoints_px)
    frames, people = seen.shape[:2]
    film, windows = part.film, None
    if part.image is None and film is None and people == 1:
        windows = walking_windows(seen[:, 0], part.size_px)
    size = part.size_px
    if size is None:
        # No picture is known: what holds all points, or walks along with them, is shown.
        finite = seen[np.isfinite(seen).all(-1)]
        low, high = finite.min(0), finite.max(0)
        room = 0.08 * max(float((high - low).max()), 10.0)
        size = (1, 1)
        if windows is None:
            around = [low[0] - room, high[0] + room, low[1] - room, high[1] + room]
            windows = [{"x": around[:2], "y": around[:1:-1]}] * frames
    kept = None
    if windows is not None:
        kept = np.array([[*window["x"], *window["y"][::-1]] for window in windows], float)
    own = part.invented if part.marked == HOUSE else ()
    return {
        "first": part.first, "rate": part.frames_per_second, "people": people,
        "size": list(size), "names": list(part.names), "follow": part.follow and people == 1,
        "parts": [{"first": first, "last": last} for _, first, last in _parts(part)],
        "film": film and {"first": film.first - part.first, "count": film.count, "rate": film.rate},
        "marked": _body(part.marked, own), "house": _body(HOUSE, part.invented), "root": HOUSE.root,
        "seen": _packed(seen), "pose": _packed(flat(part.pose_mm)), "windows": _packed(kept),
        "truth": _packed(None if part.truth_mm is None else flat(part.truth_mm)),
    }  # fmt: skip


def _body(skeleton: Skeleton, invented: Sequence[str]) -> dict[str, Any]:
    made_up = [joint in invented for joint in skeleton.joints]
    return {
        "joints": list(skeleton.joints), "invented": made_up,
        "sides": [skeleton.side(joint) for joint in skeleton.joints],
        "bones": [
            [a, b, skeleton.side(skeleton.joints[b]), made_up[a] or made_up[b]]
            for a, b in skeleton.bones
        ],
    }  # fmt: skip


def _packed(values: np.ndarray | None) -> dict[str, Any] | None:
    """Numbers in 16 bits each, as many steps between the smallest and the largest."""
    if values is None:
        return None
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 0.0)
    middle, step = (low + high) / 2, max((high - low) / 65000, 1e-6)
    whole = np.where(np.isfinite(values), np.round((values - middle) / step), _MISSING)
    text = base64.b64encode(whole.astype("<i2").tobytes()).decode()
    return {"text": text, "middle": middle, "step": step}


def _data(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"
