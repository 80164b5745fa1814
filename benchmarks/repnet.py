"""Training as in chapter 13: what of an epoch is not arithmetic, and how far from the floor.

    python benchmarks/repnet.py [--poses 9600] [--pieces 5] [--threads 1] [--width 1000]

What is measured, and how: `epochs.py`. An iteration is five steps of the critic and one of the
generator, on five batches of 64. Beside it, in turn, stands the same iteration written plainly,
as published code has it: the whole generator runs for each step of the critic, gradients go through
everything, and a leaky ReLU is differentiated twice. Both end in equal weights, which is checked.
The exit status is 1 where they do not, or where ours takes longer.
"""

import argparse
import copy
import statistics
import sys

import epochs  # first: it sets the threads that torch sees
import torch
from torch import nn

from posebook.datasets.batches import Batches
from posebook.methods.repnet import losses
from posebook.methods.repnet import network as repnet_network
from posebook.methods.repnet import step as repnet_step

STEPS = repnet_step.CRITIC_STEPS
#: Measured for the published code on a machine of two cores, seconds for an iteration.
PUBLISHED_SECONDS = 0.535


class Players:
    """Generator and critic, their optimisers, and an iteration as chapter 13 has it."""

    def __init__(self, width: int, batch: int, poses: int):
        draw = torch.Generator().manual_seed(0)
        torch.manual_seed(0)
        self.generator, self.critic = (
            repnet_network.RepNetGenerator(width),
            repnet_network.RepNetCritic(width),
        )
        self.optimisers = tuple(
            repnet_step.adam(network.parameters()) for network in (self.generator, self.critic)
        )
        tensors = dict(
            keypoints=0.2 * torch.randn(poses, 16, 2, generator=draw),
            real=0.4 * torch.randn(poses, 16, 3, generator=draw),
            share=torch.rand(poses, generator=draw),
        )
        self.one = {name: tensor[: STEPS * batch].clone() for name, tensor in tensors.items()}
        self.batches = Batches(tensors, STEPS * batch, draw, drop_last=True)
        self.state = dict(generator=self.generator, critic=self.critic, optimisers=self.optimisers)

    def step(self, batch):
        return repnet_step.update(self.generator, self.critic, self.optimisers, **batch)

    def fixed(self):
        return self.step(self.one)

    def plainly(self, batch) -> None:
        """The same iteration, nothing saved."""
        generator_optimiser, critic_optimiser = self.optimisers
        parts = [batch[name].chunk(STEPS) for name in ("keypoints", "real", "share")]
        for keypoints, real, share in zip(*parts, strict=True):
            fake, _ = self.generator(keypoints)
            loss = losses.critic_loss(self.critic(real), self.critic(fake))
            between = losses.between(real, fake, share)
            loss = loss + losses.PENALTY_WEIGHT * losses.gradient_penalty(self.critic, between)
            critic_optimiser.zero_grad()
            generator_optimiser.zero_grad()
            loss.backward()
            critic_optimiser.step()
        pose, camera = self.generator(keypoints)
        seen = losses.reproject(pose, camera)
        loss = losses.REPROJECTION_WEIGHT * losses.reprojection_loss(keypoints, seen)
        loss = loss + losses.camera_loss(camera).mean()
        loss = loss + losses.generator_loss(self.critic(pose))
        generator_optimiser.zero_grad()
        critic_optimiser.zero_grad()
        loss.backward()
        generator_optimiser.step()


def products(width: int, batch: int) -> list[tuple[int, int, int]]:
    """Sizes of the matrix products of one iteration.

    A layer (o x i) on a batch: forward, the slope of its input, the slope of its weights. Critic,
    in each step: on real and new poses all three; on those between them forward, the slope of the
    input, that slope's own way forward, and the slope of the weights. Generator: forward
    without the camera for the early steps, all three for the last batch, through the critic to its
    input and back.
    """
    square = (width, width)
    pose = [(32, width), *[square] * 7, (width, 48)]
    camera = [*[square] * 4, (width, 6)]
    small = [(48, 100), (100, 100), (100, 100), (100, 100)]
    critic = [*small, (225, width), square, square, (width + 100, 100), (100, 1)]
    todo = []
    for i, o in critic:
        inputs = i not in (48, 225)  # nobody asks for the slope of real or new poses
        todo += STEPS * [(2 * batch, i, o), (o, 2 * batch, i)]
        todo += STEPS * [(2 * batch, o, i)] * inputs
        todo += STEPS * [(batch, i, o), (batch, o, i), (batch, i, o), (o, batch, i)]
        todo += [(batch, i, o), (batch, o, i)]
    todo += [((STEPS - 1) * batch, i, o) for i, o in pose]
    for i, o in pose + camera:
        todo += [(batch, i, o), (o, batch, i)] + [(batch, o, i)] * (i != 32)
    return todo


def as_published(network: nn.Module) -> nn.Module:
    """The critic with PyTorch's leaky ReLU: same values, more work when differentiated twice."""
    for module in network.modules():
        if hasattr(module, "activation"):
            module.activation = nn.functional.leaky_relu
    return network


def plain_seconds(width: int, batch: int, pieces: int) -> tuple[float, float, float]:
    """Seconds of an iteration of ours and of the plain one, in turn; how far the weights differ."""
    ours, plain = Players(width, batch, STEPS * batch), Players(width, batch, STEPS * batch)
    plain.generator.load_state_dict(copy.deepcopy(ours.generator.state_dict()))
    plain.critic.load_state_dict(copy.deepcopy(ours.critic.state_dict()))
    original = repnet_network.leaky
    seconds = dict(ours=[], plain=[])
    for _ in range(pieces):
        seconds["ours"].append(epochs.seconds_of(lambda: ours.step(ours.one)))
        repnet_network.leaky = nn.functional.leaky_relu
        as_published(plain.critic)
        seconds["plain"].append(epochs.seconds_of(lambda: plain.plainly(plain.one)))
        repnet_network.leaky = original
    pairs = zip(ours.generator.parameters(), plain.generator.parameters(), strict=True)
    apart = max((a - b).abs().max().item() for a, b in pairs)
    return statistics.median(seconds["ours"]), statistics.median(seconds["plain"]), apart


def measured(batch: int, options: argparse.Namespace) -> dict[str, float]:
    players = Players(options.width, batch, options.poses)
    multiply = epochs.product_of(products(options.width, batch))
    return epochs.measure(players, multiply, options)


def main() -> int:
    options = epochs.options_of(__doc__, poses=9_600, width=1000, batches=[64])
    epochs.report(options, measured)
    ours, plain, apart = plain_seconds(options.width, options.batches[0], options.pieces)
    print(f"an iteration: ours {ours:.3f} s, written plainly {plain:.3f} s of one core")
    print(f"published code, two cores: {PUBLISHED_SECONDS:.3f} s; weights differ by {apart:.1e}")
    return int(ours > min(plain, PUBLISHED_SECONDS) or apart > 1e-4)


if __name__ == "__main__":
    sys.exit(main())
