"""The two networks of Kudo et al. 2018: one small perceptron, used as generator and as critic.

    h1 = f(W1 x)     h2 = f(W2 h1)     h3 = f(W3 h2 + h1)     out = W4 h3

Biases everywhere, no dropout, nothing after the last layer. With batch normalisation it comes after
each of the first three matrices, so that the sum reads f(BN(W3 h2) + h1). f is a leaky ReLU of
slope 0.2 (learning without 3D) or a ReLU (learning with it).

Source: Kudo, Ogaki, Matsui, Odagiri 2018, arXiv:1803.08244. Taught in 12_adversarial_lifting.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.geometry import root_relative
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE

SLOPE = 0.2  # of the leaky ReLU below zero
BATCH_NORM_EPSILON = 2e-5
WEIGHT_SPREAD = 0.02  # standard deviation of the first weights


class _Perceptron(nn.Module):
    """(batch, inputs) -> (batch, outputs), by the formula at the top of this file."""

    def __init__(self, inputs: int, outputs: int, width: int, batch_norm: bool, relu: bool):
        super().__init__()
        self.slope = 0.0 if relu else SLOPE
        self.first = nn.Linear(inputs, width)
        self.second = nn.Linear(width, width)
        self.third = nn.Linear(width, width)
        self.last = nn.Linear(width, outputs)
        for layer in (self.first, self.second, self.third, self.last):
            nn.init.normal_(layer.weight, std=WEIGHT_SPREAD)
            nn.init.zeros_(layer.bias)
        self.norms = nn.ModuleList(
            nn.BatchNorm1d(width, eps=BATCH_NORM_EPSILON) if batch_norm else nn.Identity()
            for _ in range(3)
        )

    def activation(self, values: Tensor) -> Tensor:
        return functional.leaky_relu(values, self.slope)

    def network(self, values: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        one, two, three = self.norms
        skip = self.activation(one(self.first(values)))
        hidden = self.activation(two(self.second(skip)))
        hidden = self.activation(three(self.third(hidden)) + skip)  # the sum comes before f
        return self.last(hidden)


class KudoGenerator(_Perceptron):
    """A depth for each joint of a 2D pose.

    In:  (batch, joints, 2), root-centred, mean distance of the other joints from the root 1;
         x right, y down; unitless.    Out: (batch, joints), depth in the same unit, away from the
         camera; the root's is free and need not be 0.

    width 1024; batch_norm and relu are off in the unsupervised recipe and on in the supervised one.
    """

    def __init__(
        self,
        joints: int = len(HOUSE),
        width: int = 1024,
        batch_norm: bool = False,
        relu: bool = False,
    ):
        super().__init__(2 * joints, joints, width, batch_norm, relu)

    def forward(self, keypoints: Pose2D) -> Float[Tensor, "batch joints"]:
        return self.network(keypoints.flatten(1))

    def pose(self, keypoints: Pose2D) -> Pose3D:
        """(batch, joints, 3): x and y as they were given, z as the network says."""
        return torch.cat([keypoints, self(keypoints).unsqueeze(-1)], -1)

    def lift(self, keypoints: Pose2D) -> Pose3D:
        """(batch, 17, 3) about the hip, camera axes, the unit of the input: house joints only.

        The network's hip depth is subtracted. The paper's own scores keep it: `pose` does.
        """
        return root_relative(self.pose(keypoints), HOUSE)


class KudoCritic(_Perceptron):
    """How real a 2D pose looks: (batch, joints, 2) as for the generator -> (batch,) logits.

    The paper calls it the discriminator.
    """

    def __init__(
        self,
        joints: int = len(HOUSE),
        width: int = 1024,
        batch_norm: bool = False,
        relu: bool = False,
    ):
        super().__init__(2 * joints, 1, width, batch_norm, relu)

    def forward(self, keypoints: Pose2D) -> Float[Tensor, " batch"]:
        return self.network(keypoints.flatten(1)).squeeze(-1)
