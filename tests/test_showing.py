"""Figures on their way to a reader: descriptions, captions, stills, controls, what is stored."""

import base64
import json

import plotly.graph_objects as go
import pytest
from test_figures import CLIP, SEEN, film

from posebook import figures
from posebook.errors import InputError
from posebook.figures import painter, showing

# --- alt text ------------------------------------------------------------------------------------


@pytest.mark.parametrize("alt", ["", "   ", "plot"])
def test_no_figure_leaves_without_a_description(alt, tmp_path):
    figure = figures.bars({"a": 1.0}, "mm")
    for send in (
        lambda: figures.show(figure, alt=alt),
        lambda: figures.show_live(figure, {}, lambda: figure, alt=alt),
        lambda: figures.Picture(figure, alt),
        lambda: film(tmp_path / "a.mp4", frames_per_second=25, alt=alt),
    ):
        with pytest.raises(InputError, match="alt is"):
            send()
    with pytest.raises(TypeError):
        figures.show(figure)
    assert not list(tmp_path.iterdir())


# --- notebooks -----------------------------------------------------------------------------------


@pytest.fixture
def notebook(monkeypatch):
    """What `display` was given, as a running notebook would store it."""
    import IPython.core.getipython
    import IPython.display

    shown = []
    monkeypatch.setattr(IPython.core.getipython, "get_ipython", lambda: object())
    monkeypatch.setattr(
        IPython.display,
        "display",
        lambda data, metadata=None, raw=False: shown.append((data, metadata)),
    )
    return shown


def test_show_stores_plotly_a_still_and_the_description(notebook, monkeypatch):
    monkeypatch.setenv("POSEBOOK_STILLS", "1")
    monkeypatch.setattr(showing, "still", lambda figure, form: b"picture")
    made = figures.pose_2d(SEEN, title="What <it> is", note="less")
    figures.show(made, alt="A person <stands> in the picture.")
    (caption, _), (data, metadata), (words, _) = notebook
    assert "<b>What &lt;it&gt; is</b>" in caption["text/html"] and "less" in caption["text/html"]
    assert data[showing.PLOTLY]["data"]
    layout = data[showing.PLOTLY]["layout"]  # as wide as its place, and no line of words in it
    assert "width" not in layout and "title" not in layout and layout["autosize"] is True
    assert len(json.dumps(data[showing.PLOTLY]["layout"].get("template"))) < 100  # not plotly's own
    assert base64.b64decode(data["image/jpeg"]) == b"picture"
    assert metadata["image/jpeg"]["alt"] == "A person <stands> in the picture."
    assert "A person &lt;stands&gt; in the picture." in words["text/html"]
    assert "A person <stands>" in data["text/plain"]


def test_controls_stand_beside_a_figure_that_needs_no_kernel(notebook, monkeypatch):
    """Figure and controls are outputs of their own, so that one can fail without the other."""
    import ipywidgets

    monkeypatch.setenv("POSEBOOK_STILLS", "0")
    number = ipywidgets.IntSlider(value=1, min=0, max=3)

    def draw(number: int):
        return figures.bars({"a": 6.0 / number}, "mm", title=f"One part of {number}")

    figures.show_live(draw(1), dict(number=number), draw, alt="One bar, of 6 mm over a number.")
    with_widget = [showing.WIDGET in data for data, _ in notebook]
    assert with_widget == [False, False, False, True]
    assert showing.PLOTLY in notebook[1][0] and "text/html" not in notebook[3][0]
    box = ipywidgets.widgets.widget._instances[notebook[3][0][showing.WIDGET]["model_id"]]
    place = box.children[-1]
    assert box.children[0] is number and place.outputs == ()  # nothing before it is asked for
    number.value = 2
    (caption, drawn, _) = place.outputs
    assert "One part of 2" in caption["data"]["text/html"]
    assert drawn["data"][showing.PLOTLY]["data"][0]["x"] in (
        [3.0],
        {"bdata": "AwM=", "dtype": "i1"},
    )
    number.value = 0
    assert place.outputs[0]["text"] == "ZeroDivisionError: float division by zero\n"
    number.value = 3
    assert "One part of 3" in place.outputs[0]["data"]["text/html"]
    assert len(notebook) == 4


def test_show_never_offers_to_upload_the_readers_data(notebook, monkeypatch):
    monkeypatch.setenv("POSEBOOK_STILLS", "0")
    figures.show(figures.pose_2d(SEEN), alt="A person stands in the picture.")
    config = notebook[0][0][showing.PLOTLY]["config"]
    assert config["showSendToCloud"] is False and config["plotlyServerURL"] == ""
    assert "image/jpeg" not in notebook[0][0]


def test_stills_are_left_out_at_ci_and_on_wish(monkeypatch):
    for stills, profile, wanted in (
        ("", "ci", False), ("", "laptop", True), ("", "", True), ("0", "laptop", False),
        ("1", "ci", True),
    ):  # fmt: skip
        monkeypatch.setenv("POSEBOOK_STILLS", stills)
        monkeypatch.setenv("POSEBOOK_PROFILE", profile)
        assert showing.stills_wanted() == wanted


@pytest.mark.parametrize("browser", [None, "#!/bin/sh\nexit 1\n", "#!/bin/sh\nexec sleep 600\n"])
def test_without_a_chromium_that_works_a_figure_is_shown_all_the_same(
    browser, notebook, monkeypatch, capsys, tmp_path
):
    """None on this machine; one that breaks; one that never answers. None may be waited for."""
    file = tmp_path / "chromium"
    if browser is not None:
        file.write_text(browser)
        file.chmod(0o755)
    monkeypatch.setenv("BROWSER_PATH", str(file))
    monkeypatch.setenv("POSEBOOK_STILLS", "1")
    monkeypatch.setattr(painter, "LONGEST_S", 2.0)
    monkeypatch.setattr(showing, "_chromium", {"painter": None, "missing": False})
    for _ in range(2):
        figures.show(figures.bars({"a": 1.0}, "mm"), alt="One bar of one millimetre.")
    assert showing.PLOTLY in notebook[0][0] and "image/jpeg" not in notebook[0][0]
    assert capsys.readouterr().out.count("no stills of figures") == 1


def test_stripping_leaves_the_still_in_the_widgets_place():
    live = {showing.WIDGET: {}, "image/png": "x", "text/plain": "[Figure: a]"}
    bar = {showing.WIDGET: {}, "text/plain": "100%|####| 5/5 [00:01, 5it/s]"}
    bare = {showing.WIDGET: {}, "text/plain": "IntSlider()"}
    table = {"text/plain": "plain"}
    outputs = [{"output_type": "display_data", "data": d} for d in (live, bar, bare, table)]
    stream = {"output_type": "stream", "text": "hello"}
    notebook = {
        "metadata": {"widgets": {"state": "5 MB"}, "kernelspec": {}},
        "cells": [{"cell_type": "markdown"}, {"outputs": [*outputs, stream]}],
    }
    showing.strip_widget_state(notebook)
    assert notebook["metadata"] == {"kernelspec": {}}
    kept = notebook["cells"][1]["outputs"]
    assert kept == [outputs[0], outputs[1], outputs[3], stream]
    assert "image/png" in live and showing.WIDGET not in live


def test_a_title_outside_a_figure_leaves_no_room_behind():
    for figure in (
        figures.bars({"a": 1.0}, "mm", levels={"b": 1.0}, title="A title", note="A note " * 40),
        figures.animate(CLIP[:3], title="A title"),
    ):
        bare, title, note = showing.untitled(figure)
        assert title == "A title" and note and bare.layout.title.text is None
        inner = [f.layout.height - f.layout.margin.t - f.layout.margin.b for f in (figure, bare)]
        assert inner[0] == inner[1] and bare.layout.margin.t >= 8
        named = figures.bars({"a": 1.0}, "mm", levels={"b": 1.0})
        assert figure.layout.title.text  # a copy
    assert showing.untitled(named)[0].layout.margin.t == named.layout.margin.t >= 42
    plain = go.Figure(layout=dict(title=dict(text="its own")))
    assert showing.untitled(plain)[0].layout.title.text == "its own"
