"""PCKh, PCK and accuracy on maps, by numbers worked out by hand."""

import pytest
import torch

from posebook.errors import InputError
from posebook.metrics import pictures
from posebook.skeletons import HOUSE, MPII_16

HEAD = torch.tensor([30.0, 30.0])


def two_people() -> tuple[torch.Tensor, torch.Tensor]:
    """Predictions 0, 1, ..., 15 px right of the truth, for both people."""
    truth = torch.rand(2, 16, 2) * 200 + 20
    predicted = truth.clone()
    predicted[..., 0] += torch.arange(16.0)
    return predicted, truth


def test_pckh_counts_fourteen_joints_and_strictly_less():
    predicted, truth = two_people()
    # Less than 15 px: all joints but the last, of fourteen; hip and thorax do not count.
    predicted[:, 15] = truth[:, 15] + torch.tensor([15.5, 0.0])
    assert pictures.pckh(predicted, truth, HEAD) == pytest.approx(100 * 13 / 14)
    predicted[:, MPII_16.indices("hip", "thorax")] += 500
    assert pictures.pckh(predicted, truth, HEAD) == pytest.approx(100 * 13 / 14)
    apart = torch.zeros(1, 16, 2)
    exact = apart.clone()
    exact[..., 0] = 5
    assert pictures.pckh(exact, apart, torch.tensor([10.0])) == 0, "half a head is not less"
    assert pictures.pckh(exact, apart, torch.tensor([10.1])) == 100


def test_joints_are_averaged_not_pooled():
    predicted, truth = torch.zeros(4, 16, 2), torch.zeros(4, 16, 2)
    truth[1:, :15] = torch.nan  # one person has all, three only the last joint
    predicted[1:, 15] = 100.0
    found = pictures.pckh(predicted, truth, torch.full((4,), 10.0))
    assert found == pytest.approx(100 * (13 + 0.25) / 14)


def test_what_is_missing():
    predicted, truth = torch.zeros(2, 16, 2), torch.zeros(2, 16, 2)
    predicted[0, 0] = torch.nan
    errors = pictures.relative_errors(predicted, truth, torch.tensor([10.0, 0.0]))
    assert errors[0, 0] == torch.inf and errors[0, 1] == 0
    assert errors[1].isnan().all(), "nobody knows how large this head is"
    with pytest.raises(InputError, match="no joint is known"):
        pictures.pooled(torch.full((2, 3), torch.nan), 0.5)


def test_head_length_is_mpiis():
    assert pictures.head_length(torch.tensor([[10.0, 10.0, 40.0, 50.0]])).item() == pytest.approx(
        30
    )


def test_the_lenient_one_and_the_torso():
    truth = torch.zeros(1, 17, 2)
    truth[0, HOUSE.index("head"), 1] = -40.0
    truth[0, HOUSE.index("left_shoulder"), 0] = 60.0
    predicted = truth.clone()
    predicted[..., 1] += 20.0  # half the distance from thorax to head: at most
    assert pictures.pckh_neck(predicted, truth, HOUSE) == 100
    assert pictures.pck(predicted, truth, HOUSE) == 0  # 0.2 of 60 px are 12
    predicted[0, :8] = truth[0, :8]
    assert pictures.pck(predicted, truth, HOUSE) == pytest.approx(100 * 8 / 17)


@pytest.mark.parametrize(
    ("at_most", "released", "expected"),
    [(False, True, 1 / 2), (True, True, 1.0), (False, False, 2 / 3), (True, False, 1.0)],
)
def test_accuracy_on_maps(at_most, released, expected):
    """Of three joints one is right, one 4 px off, of 80, and one lies in column 0."""
    truth = torch.tensor([[[5.0, 5.0], [10.0, 10.0], [0.0, 9.0]]], dtype=torch.float64)
    predicted = truth.clone()
    predicted[0, 1, 0] += 4.0
    found = pictures.map_accuracy(predicted, truth, 80, at_most=at_most, released=released)
    assert found == pytest.approx(expected)


def test_accuracy_of_nothing_is_nothing():
    assert pictures.map_accuracy(torch.ones(1, 2, 2), torch.zeros(1, 2, 2)) == 0
