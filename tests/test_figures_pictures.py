"""Sheets of pictures: everybody over their own picture, and what cannot be drawn is refused."""

import json

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError

from posebook import figures
from posebook.errors import InputError
from posebook.figures import showing
from posebook.skeletons import MPII_16

PICTURES = torch.arange(256, dtype=torch.uint8)[: 7 * 16].view(7, 1, 16, 1).repeat(1, 64, 3, 3)
POINTS = torch.rand(7, 16, 2) * torch.tensor([48.0, 64.0])


def joints_of(figure):
    return [t for t in figure.data if t.mode.startswith("markers") and len(t.x) == 7 * 16]


def test_each_person_lies_on_their_own_picture():
    figure = figures.picture_sheet(PICTURES, POINTS, captions=list("abcdefg"), columns=3)
    (joints,) = joints_of(figure)
    x = np.array(joints.x).reshape(7, 16) - POINTS[..., 0].numpy()
    y = np.array(joints.y).reshape(7, 16) - POINTS[..., 1].numpy()
    assert np.ptp(x, 1).max() < 1e-3 and np.ptp(y, 1).max() < 1e-3  # moved as a whole
    corners = np.stack([x[:, 0], y[:, 0]], -1)
    assert corners[0] == pytest.approx([0, 0]) and corners[2, 0] > 2 * 48 - 1e-3
    assert corners[3, 0] == pytest.approx(0, abs=1e-3) and corners[3, 1] > 64
    (image,) = figure.layout.images
    assert image.sizex >= corners[2, 0] + 48 and image.sizey >= corners[6, 1] + 64
    assert [a.text for a in figure.layout.annotations] == list("abcdefg")
    assert len(json.dumps(showing.plotly_bundle(figure))) < 60_000


def test_long_captions_are_wrapped_below_their_picture():
    made = []
    for words in ("short", "1.5 heads: left and right exchanged, and more"):
        figure = figures.picture_sheet(PICTURES[:4], captions=[words] * 4, columns=4)
        made.append((figure.layout.annotations[0].text, figure.layout.images[0].sizey))
    (one, low), (two, high) = made
    assert one == "short" and "<br>" in two and high > low


def test_what_lies_outside_a_picture_or_is_missing_is_a_gap():
    points = POINTS.clone()
    points[2, 5] = torch.nan
    points[3, 6] = torch.tensor([60.0, 10.0])  # would lie on the next picture
    (joints,) = joints_of(figures.picture_sheet(PICTURES, points))
    missing = np.isnan(np.array(joints.x).reshape(7, 16))
    assert missing.sum() == 2 and missing[2, 5] and missing[3, 6]


def test_truth_is_drawn_beside_a_prediction():
    figure = figures.picture_sheet(PICTURES, POINTS, truth_px=POINTS + 1)
    assert len(joints_of(figure)) == 2 and any("truth" in (t.name or "") for t in figure.data)
    alone = figures.picture_sheet(PICTURES, truth_px=POINTS)
    assert len(joints_of(alone)) == 1 and [t.name for t in alone.data if t.name] == [
        "truth (dashed)"
    ]
    assert not figures.picture_sheet(PICTURES[:1]).data  # a picture alone


def test_heat_maps_are_bright_where_they_are_large():
    maps = torch.zeros(2, 16, 12)
    maps[0, 4, 3] = maps[1, 4, 3] = 0.01  # small, but the largest
    places = torch.tensor([[3.5, 4.5], [3.5, 4.5]])
    figure = figures.heat_maps(maps, PICTURES[:1], places=places, columns=2)
    (crosses,) = figure.data
    assert crosses.x[0] == pytest.approx(3.5 * 4) and crosses.y[0] == pytest.approx(4.5 * 4)
    assert "own scale" in figure.layout.title.text
    from posebook.figures.pictures import _coloured

    dark, bright = _coloured(np.array([[[0.0, 1.0]]]))[0, 0].astype(int).sum(-1)
    assert bright > dark + 300


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: figures.picture_sheet(PICTURES, POINTS[:3]),
        lambda: figures.picture_sheet(PICTURES, POINTS[:, :3], MPII_16),
        lambda: figures.picture_sheet(PICTURES, captions=["one"]),
        lambda: figures.picture_sheet(PICTURES[:0]),
        lambda: figures.heat_maps(torch.zeros(3, 4, 4), PICTURES[:2]),
    ],
)
def test_what_does_not_fit_is_refused(wrong):
    with pytest.raises((InputError, TypeCheckError)):
        wrong()
