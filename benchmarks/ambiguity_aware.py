"""Training as in Yu et al. 2021: what of an epoch is not arithmetic, and how far from the floor.

    python benchmarks/ambiguity_aware.py [--poses 60000] [--pieces 13] [--threads 1] [--width 1024]

What is measured, and how: `epochs.py`. A step is one of the plain trainer's: once round the cycle,
and a step of the critic after every third. The exit status is 1 where more than 5 % of an
epoch at batch 64 is not arithmetic.
"""

import argparse
import sys

import epochs  # first: it sets the threads that torch sees
import torch

from posebook.datasets.batches import Batches
from posebook.methods.ambiguity_aware import losses, sampling
from posebook.methods.ambiguity_aware import step as ambiguity_aware_step
from posebook.methods.ambiguity_aware.network import YuCritic, YuLifter

SETTINGS = ambiguity_aware_step.RELEASED["true", "adv"]
BLOCKS = dict(lifter=5, critic=2)


class Rounds:
    """Both networks, their optimisers, and a step as chapter 15 takes it."""

    def __init__(self, width: int, batch: int, poses: int):
        self.generator = torch.Generator().manual_seed(0)
        self.networks = ambiguity_aware_step.Networks(YuLifter(width=width), YuCritic(width=width))
        pairs = dict(pose=self.networks.lifter, critic=self.networks.critic)
        self.optimisers = {
            name: torch.optim.Adam(network.parameters(), 2e-4, (0.5, 0.9))
            for name, network in pairs.items()
        }
        self.keypoints = 0.07 * torch.randn(poses, 17, 2)
        rows = torch.arange(poses)
        self.batches = Batches(dict(row=rows), batch, self.generator, drop_last=True)
        self.state = pairs | dict(optimisers=self.optimisers)
        self.iteration = 0
        self.one = self.gathered(rows[:batch])

    def gathered(self, rows):
        angles = sampling.random_views(len(rows), self.generator)
        return dict(keypoints=self.keypoints[rows], rotation=losses.view_rotation(angles))

    def trained(self, batch):
        turn = ambiguity_aware_step.plain_turn(self.iteration)
        self.iteration += 1
        return ambiguity_aware_step.step(self.networks, self.optimisers, batch, turn, SETTINGS)

    def step(self, batch):
        return self.trained(self.gathered(batch["row"]))

    def fixed(self):
        return self.trained(self.one)


def products(width: int, batch: int) -> list[tuple[int, int, int]]:
    """Sizes of the matrix products of three steps: one of them has a critic step.

    A layer (o x i): forward, the slope of its weights, the slope of its input. The lifter does all
    three for the picture and for the new one, but nobody asks for the slope of the picture itself.
    The critic looks at new pictures and hands the slope on; in one step of three it looks at
    twice as many, and wants the slopes of its weights.
    """

    def layers(blocks: int, outputs: int) -> list[tuple[int, int]]:
        block = [(width, width), (width, width), (width + 34, width)]
        return [(34, width), *blocks * block, (width, outputs)]

    todo = []
    for number, (i, o) in enumerate(layers(BLOCKS["lifter"], 17)):
        todo += 3 * (2 * [(batch, i, o), (o, batch, i)] + (2 if number else 1) * [(batch, o, i)])
    for number, (i, o) in enumerate(layers(BLOCKS["critic"], 1)):
        todo += 3 * [(batch, i, o), (batch, o, i)]
        todo += [(2 * batch, i, o), (o, 2 * batch, i)] + [(2 * batch, o, i)] * (number > 0)
    return todo


def measured(batch: int, options: argparse.Namespace) -> dict[str, float]:
    rounds = Rounds(options.width, batch, options.poses)
    three = epochs.product_of(products(options.width, batch))
    found = epochs.measure(rounds, three, options)
    return found | dict(products=found["products"] / 3)


if __name__ == "__main__":
    sys.exit(epochs.report(epochs.options_of(__doc__, poses=60_000), measured))
