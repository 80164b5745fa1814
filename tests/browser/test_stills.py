"""Stills: what a reader on GitHub or on paper sees in place of a figure that turns."""

import io

import numpy as np
from PIL import Image

from posebook import figures
from posebook.datasets.people import synthetic
from posebook.figures.parts import COLOUR


def test_stills_are_small_and_keep_the_house_colours():
    person = synthetic.make(size=1).clips[0]
    for figure, form in (
        (figures.pose_2d(person.keypoints_px[0]), "png"),
        (figures.pose_3d(person.pose_mm[0]), "png"),
        (figures.pose_2d(person.keypoints_px[0]), "jpg"),
    ):
        drawn = figures.still(figure, form)
        assert drawn is not None, "Chromium is needed for this test"
        assert len(drawn) < 40_000
        pixels = np.array(Image.open(io.BytesIO(drawn)).convert("RGB")).reshape(-1, 3).astype(int)
        for side in ("left", "right"):
            colour = [int(COLOUR[side][i : i + 2], 16) for i in (1, 3, 5)]
            assert (np.abs(pixels - colour).max(1) <= 12).sum() > 200, side
