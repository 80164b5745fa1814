"""The network's parts: how it starts, what the cap does, which switches it has."""

import math

import pytest
import torch

from posebook.methods.simple_baseline.network import (
    CappedLinear,
    Dropout,
    Martinez,
    Standardiser,
)


def test_start_is_a_cut_normal_for_weights_and_biases():
    torch.manual_seed(0)
    layer = CappedLinear(400, 300)
    for values, fan in ((layer.weight, 400), (layer.bias, 300)):
        scale = math.sqrt(2 / fan)
        assert values.abs().max() <= 2 * scale
        assert values.std().item() == pytest.approx(0.88 * scale, rel=0.12)
    assert (layer.bias != 0).all()


def test_cap_is_of_the_whole_matrix_and_leaves_the_store_alone():
    layer = CappedLinear(6, 5).double()
    layer.weight.data *= 3 / layer.weight.norm()
    before = layer.weight.detach().clone()
    values = torch.randn(4, 6, dtype=torch.float64)
    expected = values @ (before / 3).T + layer.bias
    assert torch.allclose(layer(values), expected)
    assert torch.equal(layer.weight, before)
    layer.weight.data *= 0.1  # a norm of 0.3 is under the cap
    assert torch.allclose(layer(values), values @ layer.weight.T + layer.bias)


def test_gradient_goes_through_the_cap():
    layer = CappedLinear(3, 2).double()
    layer.weight.data *= 5 / layer.weight.norm()
    values = torch.randn(4, 3, dtype=torch.float64)
    layer(values).square().sum().backward()
    # Under the cap only the matrix's direction counts: no gradient along the matrix itself.
    free_of_bias = CappedLinear(3, 2).double()
    free_of_bias.load_state_dict(layer.state_dict())
    free_of_bias(values).sum().backward()
    along = (free_of_bias.weight.grad * free_of_bias.weight).sum().item()
    assert along == pytest.approx(0, abs=1e-9)
    assert layer.weight.grad.abs().max() > 1e-6


@pytest.mark.parametrize("norm", (0.4, 3.0))
def test_gradients_are_those_of_the_plain_formula(norm):
    layer = CappedLinear(6, 5).double()
    layer.weight.data *= norm / layer.weight.norm()
    values = torch.randn(4, 6, dtype=torch.float64, requires_grad=True)
    parameters = (values, layer.weight, layer.bias)
    plain = values @ (layer.weight / layer.weight.norm().clamp(min=1)).T + layer.bias
    expected = torch.autograd.grad(plain.square().sum(), parameters)
    found = torch.autograd.grad(layer(values).square().sum(), parameters)
    for ours, theirs in zip(found, expected, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-12)


@pytest.mark.parametrize("switch", ("max_norm", "batch_norm", "residual"))
def test_each_part_can_go(switch):
    torch.manual_seed(0)
    whole = Martinez(width=32).eval()
    without = Martinez(width=32, **{switch: False}).eval()
    without.load_state_dict(whole.state_dict(), strict=switch != "batch_norm")
    keypoints = torch.randn(8, 16, 2)
    assert whole(keypoints).shape == without(keypoints).shape == (8, 16, 3)
    if switch != "batch_norm":  # a fresh running mean and variance change little in evaluation
        assert (whole(keypoints) - without(keypoints)).abs().max() > 1e-3
    names = [name for name, _ in without.named_parameters()]
    assert any(".1.weight" in name for name in names) == (switch != "batch_norm")


def test_dropout_is_the_probability_to_drop():
    torch.manual_seed(0)
    keypoints = torch.randn(8, 16, 2)
    for drop, same in ((0.0, True), (0.5, False)):
        network = Martinez(width=32, dropout=drop, batch_norm=False).train()
        assert torch.equal(network(keypoints), network(keypoints)) == same
    dropped = Martinez(width=2048, dropout=0.25, blocks=0, batch_norm=False).train()
    hidden = dropped.first(torch.randn(64, 32))
    kept_by_relu = dropped.eval().first(torch.randn(64, 32)) > 0
    share = (hidden > 0).double().mean() / kept_by_relu.double().mean()
    assert share.item() == pytest.approx(0.75, abs=0.02)


def test_dropout_drops_its_share_and_keeps_the_mean():
    torch.manual_seed(0)
    ones = torch.ones(1000, 333, requires_grad=True)
    for share in (0.25, 0.1, 0.5):
        dropped = Dropout(share)(ones)
        assert (dropped == 0).float().mean().item() == pytest.approx(share, abs=0.004)
        assert dropped.mean().item() == pytest.approx(1, abs=0.01)
        assert dropped.unique().numel() == 2
        (slope,) = torch.autograd.grad(dropped.sum(), ones)
        assert torch.equal(slope, dropped)
        assert (dropped[:, 0] == 0).float().mean().item() == pytest.approx(share, abs=0.06)
        assert torch.equal(Dropout(share).eval()(ones), ones)
    assert torch.equal(Dropout(0.0)(ones), ones) and not Dropout(1.0)(ones).any()


def test_other_joints_and_dimensions():
    network = Martinez(5, 7, width=8, blocks=1, input_dimensions=3, output_dimensions=2)
    assert network(torch.randn(4, 5, 3)).shape == (4, 7, 2)


def test_it_learns():
    """A network of 64 units learns a linear lift from 256 poses, far better than their mean."""
    torch.manual_seed(0)
    keypoints, lift = torch.randn(256, 16, 2), torch.randn(32, 48) / 32**0.5
    target = (keypoints.flatten(1) @ lift).unflatten(1, (16, 3))
    network = Martinez(width=64, dropout=0.0)
    optimiser = torch.optim.Adam(network.parameters(), 1e-2)
    for _ in range(60):
        loss = (network(keypoints) - target).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.3 * target.var().item()


def test_standardiser_forces_what_never_changes_to_zero_and_back():
    poses = torch.randn(50, 4, 3) * 300 + 4000.1
    poses[:, 0] = 4000.1
    standardise = Standardiser.of(poses)
    made = standardise(poses)
    assert (made[:, 0] == 0).all() and torch.isfinite(made).all()
    assert made[:, 1:].mean(0).abs().max() < 1e-3
    assert torch.allclose(made[:, 1:].std(0, correction=0), torch.ones(3, 3), atol=1e-4)
    back = standardise.inverse(made + 1.0)
    assert torch.equal(back[:, 0], standardise.mean[0].expand(50, 3)), "std 0: whatever comes out"


def test_standardiser_is_saved_with_the_weights():
    assert set(Standardiser(torch.zeros(2, 3), torch.ones(2, 3)).state_dict()) == {"mean", "std"}
