"""bzhao96's pose ResNet against stored arrays: targets, soft-argmax, numbers of weights."""

import pytest
import torch
from golden_arrays import golden, largest

from posebook.methods.pose_resnet import soft_argmax
from posebook.methods.pose_resnet.network import STRIDE, PoseResNet
from posebook.methods.stacked_hourglass.heatmaps import gaussian_maps

ARRAYS = golden("repnet")
PLACES = ARRAYS["pr_kp_384"] / STRIDE
MAPS = gaussian_maps(PLACES, (96, 96), sigma=2, half_pixel=False)


def test_targets():
    assert largest(MAPS[:, [30, 75, 2]] - ARRAYS["pr_heatmap_rows"]) < 1e-9
    assert largest(MAPS.sum((1, 2)) - ARRAYS["pr_heatmap_sum"]) < 1e-6


def test_soft_argmax_as_released_and_as_it_should_be():
    released = soft_argmax.released_soft_argmax(MAPS)
    assert largest(released - ARRAYS["pr_soft_argmax_96"]) < 1e-9
    corrected = soft_argmax.soft_argmax(MAPS, half_pixel=False)
    assert largest(corrected[:2] - PLACES[:2]) < 0.03
    assert largest(corrected[2] - PLACES[2]) < 0.51, "at the edge it is the peak"


@pytest.mark.parametrize(("depth", "joints", "weights"), [(101, 17, 52_991_825)])
def test_numbers_of_weights(depth, joints, weights):
    network = PoseResNet(depth, joints).eval()
    with torch.no_grad():
        found = network(torch.rand(1, 3, 96, 64))
    assert sum(parameter.numel() for parameter in network.parameters()) == weights
    assert found.shape == (1, joints, 24, 16)
