"""Three panels of one lifted person: everything is drawn, in the same house colours."""

import numpy as np
import pytest
import torch

from posebook import datasets, figures
from posebook.errors import InputError
from posebook.figures.parts import COLOUR
from posebook.skeletons import COCO_17, HOUSE

POSE_MM = 400 * torch.randn(17, 3, generator=torch.Generator().manual_seed(0))
SEEN_PX = 300 + 0.5 * POSE_MM[:, :2]


def drawn_in(figure, axis):
    return [t for t in figure.data if (t.xaxis or "x") == axis and t.x[0] is not None]


def test_three_panels_show_the_picture_and_two_sides():
    figure = figures.three_panels(SEEN_PX, POSE_MM, turn=60, title="Three panels")
    joints = {
        axis: next(t for t in drawn_in(figure, axis) if t.mode == "markers")
        for axis in ("x", "x2", "x3")
    }
    assert np.allclose(joints["x"].x, SEEN_PX[:, 0], atol=1e-3)
    about_hip = POSE_MM - POSE_MM[:1]
    assert np.allclose(joints["x2"].x, about_hip[:, 0], atol=1e-2), "from the camera x is x"
    angle = np.radians(60)
    turned = about_hip[:, 0] * np.cos(angle) + about_hip[:, 2] * np.sin(angle)
    assert np.allclose(joints["x3"].x, turned, atol=1e-2)
    for trace in joints.values():
        assert trace.marker.color[HOUSE.index("left_wrist")] == COLOUR["left"]
        assert trace.marker.color[HOUSE.index("right_wrist")] == COLOUR["right"]
    for panel in "23":
        for axis in "xy":
            low, high = sorted(figure.layout[f"{axis}axis{panel}"].range)
            values = getattr(joints[f"x{panel}"], axis)
            assert low <= min(values) and max(values) <= high, "nobody is cut off"


def test_a_photograph_other_joints_and_missing_ones():
    points = SEEN_PX.clone()
    points[COCO_17.index("left_foot")] = torch.nan
    pose_mm = POSE_MM.clone()
    image = np.zeros((480, 640, 3), np.uint8)
    figure = figures.three_panels(
        points, pose_mm, image=image, input_skeleton=COCO_17, invented=["spine"]
    )
    assert figure.layout.images[0].sizex == 640
    assert any("invented" in (t.name or "") for t in figure.data)
    for wrong in (SEEN_PX[:14], SEEN_PX.expand(2, 17, 2)):
        with pytest.raises(InputError):
            figures.three_panels(wrong, POSE_MM)


def test_it_takes_a_clip_of_the_book():
    clip = datasets.load("synthetic", split="test", subjects=["S9"], actions=["Walking"]).clips[0]
    figure = figures.three_panels(clip.keypoints_px[0], clip.pose_mm[0])
    assert len(figure.data) > 10
