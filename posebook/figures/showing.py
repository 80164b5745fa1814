"""Figures on their way to a reader: in a notebook, as a still, as a file. Alt text is required.

A shown figure is stored as a turnable plotly figure (JupyterLab), as a small still (GitHub, print)
with its description, and as that description in words under the figure. Stills are drawn by a
Chromium that stays open (about 1.7 s to start, then 0.15 s each in 2D, 1 s in 3D); where there is
none, or the profile is `ci`, or POSEBOOK_STILLS=0, a figure is shown without.
Nothing heavy is imported before it is used.
"""

import base64
import io
import json
import os
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


def plotly_bundle(figure: Any) -> dict[str, Any]:
    """What plotly's own renderer stores: arrays packed, no template."""
    made = json.loads(figure.to_json())
    made["config"] = dict(CONFIG)
    return made


def show_live(widget: Any, figure: Any, *, alt: str) -> None:
    """Show a widget that is alive after Run All, and leaves `figure` behind where it is stored.

    widget  an ipywidgets widget (a slider with a FigureWidget, say)
    figure  a plotly Figure of the same thing standing still
    Stored widgets swell a notebook by 5 MB; `strip_widget_state` takes them out after a run, and
    the figure and its still, which are in the same output, are seen in their place.
    """
    show(figure, alt=alt, widget=widget)


def show(figure: Any, *, alt: str, widget: Any = None) -> None:
    """Show a figure in a notebook, with a still and a description for readers without plotly.

    figure  a plotly Figure
    alt     what it shows, in a sentence or two, for somebody who cannot see it; also printed
    widget  see `show_live`
    """
    from IPython.core.getipython import get_ipython
    from IPython.display import display

    alt = described(alt)
    if get_ipython() is None:
        print(f"[Figure: {alt}]")
        return
    data: dict[str, Any] = {PLOTLY: plotly_bundle(figure), "text/plain": f"[Figure: {alt}]"}
    metadata: dict[str, Any] = {}
    # JPEG, not PNG: where a PNG stands beside a plotly figure, JupyterLab shows that, and makes the
    # figure only when a mouse is over it; keyboards and fingers could not turn it.
    if stills_wanted() and (picture := still(figure, "jpg")) is not None:
        data["image/jpeg"] = base64.b64encode(picture).decode()
        metadata["image/jpeg"] = {"alt": alt}
    if widget is not None:
        _configure(widget)
        live = widget._repr_mimebundle_()
        data[WIDGET] = (live[0] if isinstance(live, tuple) else live)[WIDGET]
    display(data, metadata=metadata, raw=True)
    # plotly's canvas has no alt text of its own: the description stands under it.
    words = (
        '<details style="max-width:700px;font-size:90%"><summary>Description of the figure'
        f"</summary>{escape(alt, quote=False)}</details>"
    )
    display({"text/html": words, "text/plain": ""}, raw=True)


def _configure(widget: Any) -> None:
    """The house's settings for each FigureWidget in a tree of widgets."""
    if hasattr(widget, "_config"):
        widget._config = {**widget._config, **CONFIG}
    for child in getattr(widget, "children", ()):
        _configure(child)


def strip_widget_state(notebook: Any) -> None:
    """Take widgets out of an executed notebook (nbformat node or dict), in place.

    The state goes (it carries plotly.js: 5 MB), and so does the reference to it in each output;
    an output that had nothing else to show goes too. What `show_live` left beside stays.
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
