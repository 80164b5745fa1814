"""What each stage of Zhou 2017 must do on a handful of drawn pictures, without any data."""

import pytest
import torch

from posebook.methods.stacked_hourglass import heatmaps, losses
from posebook.methods.stacked_hourglass.network import StackedHourglass
from posebook.methods.weak_supervision import losses as weak_losses
from posebook.methods.weak_supervision.network import DepthHourglass


def people(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of 64 px with a coloured square at each joint, and the joints' places in a map."""
    generator = torch.Generator().manual_seed(3)
    places = torch.rand(count, 16, 2, generator=generator) * 12 + 2
    spots = heatmaps.gaussian_maps(4 * places, (64, 64), 3.0)
    colours = torch.rand(16, 3, generator=generator)
    return torch.einsum("njhw,jc->nchw", spots, colours), places


def train(network, loss_of, steps: int, rate: float) -> float:
    optimiser = torch.optim.RMSprop(network.parameters(), lr=rate)
    for _ in range(steps):
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return loss.item()


@pytest.mark.slow
def test_the_first_stage_learns_eight_pictures_by_heart():
    torch.manual_seed(0)
    pictures, places = people(8)
    network = StackedHourglass(features=24, modules=1, levels=2)
    target = heatmaps.gaussian_maps(places, (16, 16), 1.0)
    everybody = torch.ones(8, 16, dtype=torch.bool)
    for steps, rate in ((60, 3e-3), (30, 5e-4)):
        train(
            network,
            lambda: losses.cross_entropy(network(pictures), target, everybody),
            steps,
            rate,
        )
    with torch.no_grad():
        found = heatmaps.parabola(network(pictures)[-1], logits=True)
    assert (found - places).norm(dim=-1).max() < 0.8, "half a tenth of the map"


@pytest.mark.slow
def test_depth_is_learned_and_bones_become_equal_without_moving_a_place():
    torch.manual_seed(0)
    pictures, places = people(4)
    network = DepthHourglass(features=16, modules=1, stacks=1, side=64)
    truth = torch.rand(4, 16) - 0.5
    everybody = torch.ones(4, dtype=torch.bool)
    for steps, rate in ((110, 1e-3), (60, 2e-4), (40, 5e-5)):
        last = train(
            network,
            lambda: 0.1 * weak_losses.depth_loss(network(pictures)[1], truth, everybody),
            steps,
            rate,
        )
    assert last < 1e-4

    seen = torch.ones(4, 16, dtype=torch.bool)
    unit = weak_losses.unit_places(places, 16)
    network.places.requires_grad_(False)
    network.eval()
    with torch.no_grad():
        before, depths = network(pictures)
        spread = weak_losses.bone_spread(depths, unit, seen).sum()
    train(
        network.depth,
        lambda: weak_losses.geometry_loss(network(pictures)[1], unit, seen, ~everybody),
        steps=15,
        rate=1e-4,
    )
    with torch.no_grad():
        after, depths = network(pictures)
    assert weak_losses.bone_spread(depths, unit, seen).sum() < 0.9 * spread
    assert torch.equal(before[-1], after[-1]), "heat maps stay, and so does their accuracy"
