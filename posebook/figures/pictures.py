"""Sheets of small pictures: people with their key points drawn over them, and heat maps.

All pictures of a sheet are one image under one pair of axes, and the same joint or bone of all
people is one trace, so that a sheet of many pictures stays small and quick. Drawn over a picture,
a body has white around it; truth is black and dashed, as everywhere.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import plotly.graph_objects as go
from jaxtyping import Float, UInt8
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.parts import (
    HIDDEN,
    WIDTH_PX,
    Look,
    body,
    checked,
    flat,
    label,
    layout,
    legend,
    names_of,
    wrapped,
)
from posebook.figures.plane import photograph
from posebook.skeletons import MPII_16, Skeleton

_MOST_PX = 1400  # of the image under a sheet
_WIDEST_PX = 260  # of one picture on the page
_WORDS_PX = 11  # size of the words under one
_HOVER = "%{text}<br>x %{customdata[0]:.1f} px, y %{customdata[1]:.1f} px"


class _Places(NamedTuple):
    """Where each picture stands on its sheet, in px of the pictures."""

    corners: np.ndarray  # (n, 2) of their top left corners
    size: tuple[float, float]  # of the sheet
    zoom: float  # px of the page to one of the pictures
    captions: Sequence[str] = ()  # in lines that are no wider than a picture


def picture_sheet(
    pictures: UInt8[Tensor, "n height width 3"],
    keypoints_px: Float[Tensor, "n joints 2"] | None = None,
    skeleton: Skeleton = MPII_16,
    *,
    truth_px: Float[Tensor, "n joints 2"] | None = None,
    captions: Sequence[str] = (),
    columns: int = 4,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Pictures of one size side by side, each with the body of one person over it; one is enough.

    pictures      (n, height, width, 3) bytes, RGB
    keypoints_px  (n, joints, 2) px of these, origin top left; NaN: missing, drawn as a gap
    truth_px      the same shape, drawn black and dashed
    captions      a few words under each picture
    """
    size, count = _size(pictures), len(pictures)
    places = _places(count, size, columns, captions)
    traces = []
    if keypoints_px is not None or truth_px is not None:
        traces = legend(skeleton, truth_px is not None)
    if keypoints_px is None:
        traces = traces[-1:]  # the truth alone
    made = _sheet(places, pictures.cpu().numpy(), title, note, legend=bool(traces))
    scale = min(1.0, places.zoom * max(size) / _WIDEST_PX + 0.25)
    for points, look in (
        (truth_px, Look(True, 4.5 * scale, 2.2 * scale, halo=True)),
        (
            keypoints_px,
            Look(False, 5.5 * scale, 2.8 * scale, halo=True, sheer=truth_px is not None),
        ),
    ):
        if points is not None:
            checked(points, skeleton, "truth_px" if look.truth else "keypoints_px")
            traces += _bodies(_as_many(points, count), places, size, skeleton, look)
    return go.Figure(traces, made)


def heat_maps(
    maps: Float[Tensor, "n rows columns"],
    pictures: UInt8[Tensor, "some height width 3"] | None = None,
    *,
    places: Float[Tensor, "n 2"] | None = None,
    captions: Sequence[str] = (),
    columns: int = 5,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Heat maps side by side, from dark (the map's smallest value) to bright (its largest).

    maps      (n, rows, columns): each has a scale of colours of its own
    pictures  (n or 1, height, width, 3) bytes, shown in grey under the maps
    places    (n, 2) px of the maps, origin top left: a white cross at each joint's true place
    captions  a few words under each map
    """
    count = len(maps)
    values = maps.detach().cpu().double().numpy()
    low, high = (end(values, axis=(1, 2), keepdims=True) for end in (np.min, np.max))
    share = (values - low) / np.maximum(high - low, 1e-12)
    drawn = _coloured(share)
    if pictures is not None:
        if len(pictures) not in (1, count):
            raise InputError(f"pictures: {len(pictures)} of them, expected 1 or {count}")
        drawn = _over(drawn, share, pictures.cpu().numpy())
    size = (drawn.shape[2], drawn.shape[1])
    on_page = _places(count, size, columns, captions)
    note = f"{note} Each map has its own scale: dark is its smallest value, bright its largest."
    made = _sheet(on_page, drawn, title, note.strip(), legend=False)
    traces = []
    if places is not None:
        per_px = np.array(size) / np.array([maps.shape[2], maps.shape[1]])
        at = flat(_as_many(places, count)) * per_px + on_page.corners
        traces = [{
            "type": "scatter", "x": at[:, 0], "y": at[:, 1], "mode": "markers",
            "marker": {"symbol": "cross-thin", "size": 11,
                       "line": {"width": 2, "color": "#FFFFFF"}},
            "hovertemplate": "true place<extra></extra>", "showlegend": False,
        }]  # fmt: skip
    return go.Figure(traces, made)


# ---------------------------------------------------------------------------------------- parts


def _size(pictures: Tensor) -> tuple[int, int]:
    """(width, height) of each; an InputError where there is none."""
    if not len(pictures):
        raise InputError("pictures is empty, expected at least one")
    return pictures.shape[2], pictures.shape[1]


def _as_many(points: Tensor, count: int) -> Tensor:
    if len(points) != count:
        raise InputError(f"points of {len(points)} people, expected {count}: one a picture")
    return points


def _places(count: int, size: tuple[int, int], columns: int, captions: Sequence[str]) -> _Places:
    """The sheet's plan: rows from the top, a gap around each picture, room for words below it."""
    if captions and len(captions) != count:
        raise InputError(f"captions: {len(captions)} of them, expected {count}: one a picture")
    columns = max(1, min(columns, count))
    zoom = min((WIDTH_PX - 24) / columns, _WIDEST_PX) / (1.04 * size[0])
    words = [wrapped(one, size[0] * zoom, _WORDS_PX) for one in captions]
    below = 14 * max(lines for _, lines in words) + 4 if words else 0
    step = np.array([1.04 * size[0], size[1] + 0.04 * size[0] + below / zoom])
    order = np.arange(count)
    corners = np.stack([order % columns, order // columns], -1) * step
    whole = step * [columns, -(-count // columns)]
    return _Places(corners, (float(whole[0]), float(whole[1])), zoom, [one for one, _ in words])


def _sheet(
    places: _Places, pictures: np.ndarray, title: str, note: str, *, legend: bool
) -> dict[str, Any]:  # fmt: skip
    """The layout: all pictures as one image below the traces, words under each."""
    height, width = pictures.shape[1:3]
    fine = max(1, min(4, int(_MOST_PX / max(places.size))))  # px of the image to one of a picture
    wide, tall = (round(fine * side) for side in places.size)
    canvas = np.full((tall, wide, 3), 255, np.uint8)
    for (x, y), picture in zip(places.corners, pictures, strict=True):
        left, top = round(fine * x), round(fine * y)
        large = picture.repeat(fine, 0).repeat(fine, 1)[: tall - top, : wide - left]
        canvas[top : top + large.shape[0], left : left + large.shape[1]] = large
    background, _ = photograph(canvas, _MOST_PX)
    background |= {"sizex": places.size[0], "sizey": places.size[1]}
    made = layout(title, note, height=places.size[1] * places.zoom, foot=8, legend=legend)
    # Between two margins of the same width, so that one px of a picture is `zoom` on the page.
    side = (WIDTH_PX - places.size[0] * places.zoom) / 2
    made["margin"] |= {"l": side, "r": side}
    made["xaxis"] = HIDDEN | {"range": [0, places.size[0]]}
    made["yaxis"] = HIDDEN | {"range": [places.size[1], 0], "scaleanchor": "x"}
    made["images"] = [background]
    made["annotations"] = [
        label(words, x + width / 2, y + height, _WORDS_PX, yanchor="top")
        for (x, y), words in zip(places.corners, places.captions, strict=bool(places.captions))
    ]
    return made


def _bodies(
    points: Tensor, places: _Places, size: tuple[int, int], skeleton: Skeleton, look: Look
) -> list[dict[str, Any]]:
    """One trace for each stroke of all people, then one for all their joints. What lies outside a
    picture is not drawn: it would lie in the next one."""
    local = flat(points)
    inside = ((local >= 0) & (local <= np.array(size))).all(-1, keepdims=True)
    local = np.where(inside, local, np.nan)
    people = [
        body(one + corner, skeleton, look=look, hover=_HOVER)
        for one, corner in zip(local, places.corners, strict=True)
    ]
    gap = np.full(1, np.nan, np.float32)
    traces = []
    for parts in zip(*people, strict=True):
        whole = dict(parts[0])
        is_joints = whole["mode"].startswith("markers")
        for axis in "xy":
            pieces = [part[axis] for part in parts]
            if not is_joints:
                pieces = [piece for one in pieces for piece in (one, gap)]
            whole[axis] = np.concatenate(pieces)
        if is_joints:
            marker = dict(whole["marker"])
            marker |= {name: marker[name] * len(parts) for name in ("color", "symbol")}
            marker["line"] = {"width": 1.2 * (look.size > 3), "color": "#FFFFFF"}
            whole |= {"marker": marker, "text": names_of(skeleton) * len(parts)}
            whole["customdata"] = local.reshape(-1, 2).astype(np.float32)
        traces.append(whole)
    return traces


def _coloured(share: np.ndarray) -> np.ndarray:
    """(n, rows, columns) in [0, 1] as bytes (n, rows, columns, 3), from nearly black to yellow."""
    from plotly.colors import get_colorscale, unlabel_rgb, validate_colors

    stops = get_colorscale("Inferno")
    colours = np.array([unlabel_rgb(validate_colors(c, "rgb")[0]) for _, c in stops])
    at = [place for place, _ in stops]
    return np.stack([np.interp(share, at, colours[:, i]) for i in range(3)], -1).astype(np.uint8)


def _over(drawn: np.ndarray, share: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """Maps over grey pictures, at the size of these: the brighter a map, the less shows through."""
    height, width = pictures.shape[1:3]
    rows = (np.arange(height) * drawn.shape[1] // height)[:, None]
    columns = np.arange(width) * drawn.shape[2] // width
    colour, cover = drawn[:, rows, columns], share[:, rows, columns, None]
    grey = pictures.mean(-1, keepdims=True) * 0.6
    return (colour * (0.25 + 0.75 * cover) + grey * 0.75 * (1 - cover)).clip(0, 255).astype("u1")
