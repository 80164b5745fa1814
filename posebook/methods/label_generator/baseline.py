"""The baseline network: a picture in, key points and a depth for each joint out.

Wang et al. 2019 (source: as in `right_view`) train "an ordinary network" on their labels. Its code
was never published; the paper's readers name Zhou et al. 2017 as its base. Here it is chapter 8's
stacked hourglass, and a depth for each joint from the hourglass's last features at the joints.

Zhou's own depth module reads the whole map instead. That needs a hundred times the training.
"""

from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.methods.stacked_hourglass import heatmaps
from posebook.methods.stacked_hourglass.network import Maps, Pictures, StackedHourglass

Depths = Float[Tensor, "batch joints"]
Clues = Float[Tensor, "batch joints clues"]


class Seen(NamedTuple):
    """What the hourglass says of pictures: heat maps of each stack, and at each joint the features
    and the place, from -1 at the picture's left or upper edge to 1."""

    maps: list[Maps]
    clues: Clues


class DepthAtJoints(nn.Module):
    """(batch, 3, H, W) -> list of heat maps (batch, joints, H / 4, W / 4), and depths
    (batch, joints), of half the picture's side.

    joints, stacks, modules, features  of the hourglass, `places`, as in `StackedHourglass`
    hidden, dropout                    of the three linear layers that give depth, `depth`
    The first depths are 0. No gradient runs from the depths into the hourglass.
    """

    def __init__(
        self,
        joints: int = 16,
        stacks: int = 2,
        modules: int = 1,
        features: int = 128,
        hidden: int = 512,
        dropout: float = 0.5,
    ):
        super().__init__()
        self.places = StackedHourglass(joints, stacks, modules, features)

        def layer(inputs: int) -> list[nn.Module]:
            linear = nn.Linear(inputs, hidden)
            return [linear, nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(dropout)]

        last = nn.Linear(hidden, joints)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.depth = nn.Sequential(*layer(joints * (features + 2)), *layer(hidden), last)

    def look(self, pictures: Pictures) -> Seen:
        """What `depths` reads. It does not depend on the layers that give depth."""
        maps, features = self.places.with_features(pictures)
        scores = maps[-1].detach()
        side = scores.new_tensor([scores.shape[-1], scores.shape[-2]])
        places = 2 * heatmaps.parabola(scores, logits=True) / side - 1
        there = functional.grid_sample(
            features.detach(), places.unsqueeze(1), align_corners=False, padding_mode="border"
        )
        return Seen(maps, torch.cat([there.squeeze(2).transpose(1, 2), places], -1))

    def depths(self, clues: Clues) -> Depths:
        """Depths of half a picture's side, away from the camera."""
        return self.depth(clues.flatten(1))

    def forward(self, pictures: Pictures) -> tuple[list[Maps], Depths]:
        maps, clues = self.look(pictures)
        return maps, self.depths(clues)
