"""What moves in a figure: the frames, and the buttons and the slider that show them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from posebook.figures.parts import INK


def frames_of(
    names: Iterable[Any], states: Iterable[list[dict[str, Any]]], fixed: int
) -> list[dict[str, Any]]:
    """A frame for each state: what its traces draw, in place of those behind the first `fixed`.

    Only places change, so only they are stored; nothing of a trace that stays where it is.
    """
    places = [[{k: t[k] for k in ("type", "x", "y", "z") if k in t} for t in s] for s in states]
    moving = [i for i in range(len(places[0])) if not _stands(state[i] for state in places)]
    return [
        {
            "name": str(name),
            "data": [state[i] for i in moving],
            "traces": [fixed + i for i in moving],
        }
        for name, state in zip(names, places, strict=True)
    ]


def _stands(states: Iterable[dict[str, Any]]) -> bool:
    """Whether a trace is at the same place in all of several states."""
    first, *others = states
    return bool(others) and all(
        np.array_equal(first[axis], other[axis], equal_nan=True)
        for other in others
        for axis in "xyz"
        if axis in first
    )


def _at_once(frame: Any, redraw: bool) -> list[Any]:
    """What a button or a step asks of plotly: this frame, without a transition."""
    how = {"mode": "immediate", "transition": {"duration": 0}}
    return [[frame], how | {"frame": {"duration": 0, "redraw": redraw}}]


def slider(
    labels: Mapping[str, str], redraw: bool, *, prefix: str | None = None, **about: Any
) -> dict[str, Any]:
    """A slider under the drawing. labels: name of a frame -> what the slider says of it."""
    shown = {"font": {"size": 12, "color": INK}} | ({"prefix": prefix} if prefix else {})
    steps = [
        {"method": "animate", "label": text, "args": _at_once(name, redraw)}
        for name, text in labels.items()
    ]
    return {
        "y": 0, "yanchor": "top", "ticklen": 0, "minorticklen": 0, "currentvalue": shown,
        "font": {"size": 1, "color": "rgba(0,0,0,0)"}, "steps": steps, **about,
    }  # fmt: skip


def player(
    numbers: Sequence[int], frames_per_second: float | int | None, step: int
) -> dict[str, Any]:
    """Play and pause buttons and a slider under the drawing, for frames named 0, 1, 2, ...

    numbers  of the frames in the motion, of which every `step` is drawn
    """
    rate = frames_per_second / step if frames_per_second else 25.0
    labels = {
        str(i): f"{n} ({n / frames_per_second:.2f} s)" if frames_per_second else f"{n}"
        for i, n in enumerate(numbers)
    }
    run = {"mode": "immediate", "transition": {"duration": 0}, "fromcurrent": True}
    run |= {"frame": {"duration": 1000 / rate, "redraw": True}}
    buttons = [
        {"label": "▶ Play", "method": "animate", "args": [None, run]},
        {"label": "❚❚ Pause", "method": "animate", "args": _at_once(None, False)},
    ]
    menu = {
        "type": "buttons", "direction": "left", "showactive": False, "buttons": buttons,
        "x": 0.0, "xanchor": "left", "y": 0.0, "yanchor": "top", "pad": {"t": 28, "l": 2},
    }  # fmt: skip
    under = slider(labels, True, prefix="frame ", active=0, x=0.3, len=0.68, pad={"t": 16})
    return {"updatemenus": [menu], "sliders": [under]}
