"""Training as in Kudo et al. 2018: what of an epoch is not arithmetic, and how far from the floor.

    python benchmarks/adversarial_lifting.py [--poses 60000] [--pieces 13] [--threads 1]

What is measured, and how: `epochs.py`. The exit status is 1 where more than 5 % of an epoch at
batch 64 is not arithmetic.
"""

import argparse
import math
import sys

import epochs  # first: it sets the threads that torch sees
import torch

from posebook.datasets.batches import Batches
from posebook.methods.adversarial_lifting import losses
from posebook.methods.adversarial_lifting import step as adversarial_lifting_step
from posebook.methods.adversarial_lifting.network import KudoCritic, KudoGenerator


class Players:
    """Both networks, their optimisers, and a step."""

    def __init__(self, width: int, batch: int, poses: int):
        self.generator = torch.Generator().manual_seed(0)
        self.lifter, self.critic = KudoGenerator(width=width), KudoCritic(width=width)
        self.optimisers = tuple(
            adversarial_lifting_step.adam(network.parameters())
            for network in (self.lifter, self.critic)
        )
        keypoints = torch.randn(poses, 17, 2)
        self.one = dict(keypoints=keypoints[:batch].clone())
        self.batches = Batches(dict(keypoints=keypoints), batch, self.generator, drop_last=True)
        self.state = dict(lifter=self.lifter, critic=self.critic, optimisers=self.optimisers)

    def view(self, pose):
        angle = 2 * math.pi * torch.rand(len(pose), generator=self.generator)
        return losses.turned(pose, angle)

    def step(self, batch):
        """A whole step: with a cap of 1 nobody ever waits, however well one batch is known."""
        return adversarial_lifting_step.update(
            self.lifter, self.critic, self.optimisers, batch["keypoints"], self.view, cap=1
        )

    def fixed(self):
        return self.step(self.one)


def products(width: int, batch: int) -> list[tuple[int, int, int]]:
    """Sizes of the matrix products of one step.

    A layer (o x i) on a batch: forward, the slope of its weights, the slope of its input: three
    products of one size. Generator: all three. Critic: forward twice; the generator's loss goes
    back to its input; its own loss goes back to its weights, twice.
    """
    sizes = [(34, width), (width, width), (width, width)]
    todo = []
    for outputs, first, forward, weights, inputs in ((17, False, 1, 1, 1), (1, True, 2, 2, 3)):
        for number, (i, o) in enumerate([*sizes, (width, outputs)]):
            todo += [(batch, i, o)] * forward + [(o, batch, i)] * weights
            # Nobody asks for the slope of the pictures, except where the generator made them.
            todo += [(batch, o, i)] * (inputs if number else int(first))
    return todo


def measured(batch: int, options: argparse.Namespace) -> dict[str, float]:
    players = Players(options.width, batch, options.poses)
    multiply = epochs.product_of(products(options.width, batch))
    return epochs.measure(players, multiply, options)


if __name__ == "__main__":
    sys.exit(epochs.report(epochs.options_of(__doc__, poses=60_000), measured))
