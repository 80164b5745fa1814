"""Figures on their way to a reader: in a notebook, as a still, as a file. Alt text is required.

A shown figure is stored as its caption, as a turnable plotly figure as wide as the page
(JupyterLab), as a small still with its description (GitHub, print), and as that description in
words under the figure. Stills are drawn by a Chromium that stays open (about 1.7 s to start, then
0.15 s each in 2D, 1 s in 3D); where there is none, or the profile is `ci`, or POSEBOOK_STILLS=0, a
figure is shown without.
Nothing heavy is imported before it is used.
"""

import base64
import io
import json
import os
from collections.abc import Callable, Mapping
from html import escape
from typing import Any

from posebook.errors import InputError
from posebook.figures.painter import Painter

PLOTLY = "application/vnd.plotly.v1+json"
WIDGET = "application/vnd.jupyter.widget-view+json"
STILL_COLOURS = 96
#: plotly.js draws a button that uploads the reader's data to its maker's cloud: not in this book.
CONFIG = {
    "displaylogo": False,
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "modeBarButtonsToRemove": ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
}
#: The painter of stills once there is one, and whether it turned out that there can be none.
_chromium: dict[str, Any] = {"painter": None, "missing": False}


def described(alt: str) -> str:
    """The alt text, on one line; an InputError where it says nothing."""
    if not isinstance(alt, str) or len(" ".join(alt.split())) < 10:
        raise InputError(
            f"alt is {alt!r}: expected a sentence that tells somebody who cannot see the figure "
            "what it shows"
        )
    return " ".join(alt.split())


def stills_wanted() -> bool:
    """Stills are left out at the `ci` profile (time) and with POSEBOOK_STILLS=0; =1 forces them."""
    wish = os.environ.get("POSEBOOK_STILLS", "")
    return wish != "0" if wish else os.environ.get("POSEBOOK_PROFILE") != "ci"


def still(figure: Any, form: str = "png") -> bytes | None:
    """A figure as a picture: 'png' (reduced to a palette, 10 to 40 KB) or 'jpg' (20 to 80 KB).

    None where Chromium cannot be found or started; the reason is printed once.
    """
    if _chromium["missing"]:
        return None
    layout = figure.layout
    options = dict(format="png", width=layout.width or 700, height=layout.height or 450)
    try:
        if _chromium["painter"] is None:
            _chromium["painter"] = Painter()
        drawn = _chromium["painter"].paint(figure, **options)
    except Exception as error:  # Chromium is not ours: whatever ails it, the book goes on
        if _chromium["painter"] is not None:
            _chromium["painter"].close()
        _chromium.update(painter=None, missing=True)
        why = str(error).strip().splitlines() or [type(error).__name__]
        print(f"(no stills of figures: {why[0][:150]}; the README says how to install Chromium)")
        return None
    return _small(drawn, form)


def _small(drawn: bytes, form: str) -> bytes:
    """The same picture, smaller: PNG with a palette, or JPEG."""
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(drawn)) as picture:
        flat = picture.convert("RGB")
    if form == "jpg":
        # No chroma subsampling: it would smear thin lines of the house colours.
        flat.save(out, "JPEG", quality=72, subsampling=0, optimize=True)
        return out.getvalue()
    few = flat.quantize(STILL_COLOURS, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(out, "PNG", optimize=True)
    return min(out.getvalue(), drawn, key=len)


def untitled(figure: Any) -> tuple[Any, str, str]:
    """A copy of a figure without its title and note, and these two as text.

    Inside a figure a line of words is as long as it was made; outside it wraps with the window.
    """
    import plotly.graph_objects as go

    bare = go.Figure(figure)
    words = bare.layout.meta if isinstance(bare.layout.meta, dict) else {}
    bare.layout.meta = None
    if words.get("title") or words.get("note"):
        bare.layout.title = None
        freed = words["head_px"] - 8
        bare.layout.margin.t -= freed
        bare.layout.height -= freed
        bare.layout.legend.y = 1 - 10 / bare.layout.height
    return bare, words.get("title", ""), words.get("note", "")


def plotly_bundle(figure: Any) -> dict[str, Any]:
    """What plotly's own renderer stores, as wide as its place: arrays packed, no template."""
    made = json.loads(figure.to_json())
    made["layout"].pop("width", None)
    made["layout"]["autosize"] = True
    # Not `responsive`, which takes the height from the place as well: JupyterLab's has none of its
    # own, and the figure would fold up. JupyterLab sees to the width by itself.
    made["config"] = dict(CONFIG)
    return made


def show(figure: Any, *, alt: str) -> None:
    """Show a figure in a notebook, with a still and a description for readers without plotly.

    figure  a plotly Figure
    alt     what it shows, in a sentence or two, for somebody who cannot see it; also printed
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    alt = described(alt)
    if get_ipython() is None:
        print(f"[Figure: {alt}]")
        return
    for data, metadata in _outputs(figure, alt, with_still=stills_wanted()):
        display(data, metadata=metadata, raw=True)


def show_live(
    figure: Any, controls: Mapping[str, Any], redraw: Callable[..., Any], *, alt: str
) -> None:
    """Show a figure, and controls by which a reader with a running notebook gets another one.

    figure    a plotly Figure that needs no kernel, such as frames with a slider
    controls  name -> an ipywidgets widget that has a `value`
    redraw    is called with all values, by name, whenever one changes; returns the other Figure,
              which is drawn below the controls
    alt       as for `show`; for the other figure too

    The figure never depends on the controls. They stand in an output of their own, which stays
    empty where widgets do not work, and which `strip_widget_state` takes out after a run. What they
    ask for is drawn by the renderer that drew the figure: nothing more has to be loaded for it.
    """
    from IPython.core.getipython import get_ipython

    show(figure, alt=alt)
    if get_ipython() is None:
        return
    import ipywidgets
    from IPython.display import display

    place = ipywidgets.Output()

    def draw(_: Any) -> None:
        try:
            made = redraw(**{name: control.value for name, control in controls.items()})
            parts = _outputs(made, described(alt), with_still=False)
        except Exception as error:  # said where the reader looks; a callback's traceback is lost
            words = f"{type(error).__name__}: {error}\n"
            place.outputs = ({"output_type": "stream", "name": "stderr", "text": words},)
            return
        place.layout.min_height = f"{made.layout.height or 450}px"  # no jump while it is drawn
        place.outputs = tuple(
            {"output_type": "display_data", "data": data, "metadata": about}
            for data, about in parts
        )

    for control in controls.values():
        control.observe(draw, names="value")
    live = ipywidgets.VBox([*controls.values(), place])._repr_mimebundle_()
    live = live[0] if isinstance(live, tuple) else live
    display({WIDGET: live[WIDGET], "text/plain": ""}, raw=True)


def _outputs(
    figure: Any, alt: str, *, with_still: bool
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """What a notebook shows of a figure, as (data, metadata): caption, figure, description."""
    bare, title, note = untitled(figure)
    made = []
    if title or note:
        lines = [f"<b>{escape(title, quote=False)}</b>"] * bool(title)
        lines += [f'<span style="font-size:90%">{escape(note, quote=False)}</span>'] * bool(note)
        caption = f'<div style="max-width:46rem">{"<br>".join(lines)}</div>'
        made.append(({"text/html": caption, "text/plain": title or note}, {}))
    data: dict[str, Any] = {PLOTLY: plotly_bundle(bare), "text/plain": f"[Figure: {alt}]"}
    metadata: dict[str, Any] = {}
    # JPEG, not PNG: where a PNG stands beside a plotly figure, JupyterLab shows that, and makes the
    # figure only when a mouse is over it; keyboards and fingers could not turn it.
    if with_still and (picture := still(bare, "jpg")) is not None:
        data["image/jpeg"] = base64.b64encode(picture).decode()
        metadata["image/jpeg"] = {"alt": alt}
    made.append((data, metadata))
    # plotly's canvas has no alt text of its own: the description stands under it.
    words = (
        '<details style="max-width:46rem;font-size:90%"><summary>Description of the figure'
        f"</summary>{escape(alt, quote=False)}</details>"
    )
    return [*made, ({"text/html": words, "text/plain": ""}, {})]


def strip_widget_state(notebook: Any) -> None:
    """Take widgets out of an executed notebook (nbformat node or dict), in place.

    The state goes, and so does the reference to it in each output; an output that had nothing else
    to show goes too. The figure of `show_live` is an output without a widget, and stays.
    """
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        kept = []
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if data.pop(WIDGET, None) is None or any(k != "text/plain" for k in data):
                kept.append(output)
            elif "it/s" in (text := "".join(data.get("text/plain", ""))) or "%|" in text:
                kept.append(output)  # a progress bar that has words of its own
        if "outputs" in cell:
            cell["outputs"] = kept
