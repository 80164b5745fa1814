"""What one picture cannot tell: mirror images, sizes, and scores in spite of them."""

import math

import pytest
import torch

from posebook import results
from posebook.datasets.people.synthetic import sample_poses
from posebook.geometry import facing_sine
from posebook.metrics import ambiguity
from posebook.skeletons import HOUSE

# World axes (z up) to camera axes: x right, y down, z forward.
LEVEL = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]], dtype=torch.float64)


@pytest.fixture(scope="module")
def truth_mm():
    poses = sample_poses(400, torch.Generator().manual_seed(0)).double() @ LEVEL.T
    return poses - poses[:, :1]


def scores(pose, truth_mm):
    return {m: value for m, value, _, _ in ambiguity.common_scores(pose, truth_mm)}


def test_people_have_the_nose_before_the_chest(truth_mm):
    sine = facing_sine(truth_mm)
    assert (sine.abs() <= 1 + 1e-12).all()
    assert (sine > 0).double().mean() > 0.85
    assert torch.allclose(facing_sine(ambiguity.mirrored(truth_mm)), -sine, atol=1e-12)


def test_facing_does_not_change_when_the_person_turns(truth_mm):
    c, s = math.cos(2.1), math.sin(2.1)
    turn = torch.tensor([[c, 0, s], [0, 1, 0], [-s, 0, c]], dtype=torch.float64)
    assert torch.allclose(facing_sine(truth_mm @ turn.T), facing_sine(truth_mm), atol=1e-9)


def test_facing_of_a_collapsed_pose_is_zero_with_a_gradient_of_zero():
    pose = torch.zeros(2, 17, 3, requires_grad=True)
    sine = facing_sine(pose)
    sine.sum().backward()
    assert (sine == 0).all() and (pose.grad == 0).all()


def test_the_truth_in_any_unit_scores_nothing(truth_mm):
    found = scores(truth_mm * 0.003 + 7, truth_mm)
    for metric, value in found.items():
        if metric != "nose before chest":
            below = 1e-6 if metric != "MPJPE, mirrored by facing" else 60
            assert value < below, metric


def test_mirror_images_are_wrong_unless_they_are_forgiven(truth_mm):
    found = scores(ambiguity.mirrored(truth_mm), truth_mm)
    assert found["P-MPJPE"] > 20 and found["MPJPE"] > 100
    assert found["P-MPJPE, reflections allowed"] < 1e-6 and found["MPJPE, mirror oracle"] < 1e-6
    assert found["MPJPE, mirrored by facing"] < found["MPJPE"] / 2
    assert found["nose before chest"] < 15


def test_true_scale_looks_at_the_picture_only(truth_mm):
    deeper = truth_mm * torch.tensor([1.0, 1.0, 3.0])
    scaled = ambiguity.at_true_scale(deeper / 500, truth_mm)
    assert torch.allclose(scaled, deeper, atol=1e-6)
    assert (ambiguity.at_true_scale(torch.zeros_like(truth_mm), truth_mm) == 0).all()


def test_a_results_file_gets_every_number_with_its_protocol(truth_mm, tmp_path):
    book = results.Results("elsewhere", tmp_path, profile="ci", seed=0, device="cpu")
    found = ambiguity.add_scores(
        book, "doubled", 2 * truth_mm, truth_mm, data="synthetic", split="test",
        baseline={"MPJPE": 100.0},
    )  # fmt: skip
    assert {n.metric: n.value for n in book.numbers} == found
    assert all(n.protocol for n in book.numbers)
    assert [n.baseline for n in book.numbers if n.metric == "MPJPE"] == [100.0]
    assert HOUSE.index("hip") == 0
