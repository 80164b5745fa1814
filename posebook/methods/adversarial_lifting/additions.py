"""What chapter 12 adds to the game of Kudo et al. 2018, so that it works after minutes of training.

All five are ours: mirrored people (`some_mirrored`), a camera that looks down and new pictures of
one size (`looked_down_on`, which the chapter normalises), a critic that sees blurred poses
(`ShortSighted`), and the running mean of the weights (`averaging`). Taught in
12_adversarial_lifting.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from posebook.methods.adversarial_lifting.losses import turned
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE


def some_mirrored(keypoints: Pose2D, draw: torch.Generator) -> Pose2D:
    """(batch, 17, 2): half of the poses with left and right exchanged, drawn one by one."""
    chosen = (torch.rand(len(keypoints), generator=draw) < 0.5).to(keypoints.device)
    return torch.where(chosen[:, None, None], HOUSE.flip(keypoints), keypoints)


def looked_down_on(
    pose: Pose3D,
    angle: Float[Tensor, "*batch"],
    before: Float[Tensor, "*batch"],
    after: Float[Tensor, "*batch"],
) -> Pose2D:
    """What `losses.turned` gives if the camera looks down: (batch, joints, 2), not normalised.

    pose    (batch, joints, 3)  unitless; x right, y down, z away from the camera
    angle   (batch,)  radians, the turn about the person's own upright axis
    before  (batch,)  radians, how far down the camera looked when it took the picture
    after   (batch,)  radians, how far down it looks when it takes the new one
    """

    def tipped(y: Tensor, z: Tensor, by: Tensor) -> tuple[Tensor, Tensor]:
        c, s = by.cos().unsqueeze(-1), by.sin().unsqueeze(-1)
        return y * c + z * s, z * c - y * s

    x, y, z = pose.unbind(-1)
    upright = torch.stack([x, *tipped(y, z, before)], -1)
    across, down = turned(upright, angle).unbind(-1)
    away = turned(upright, angle + torch.pi / 2)[..., 0]  # a quarter turn further, depth is width
    return torch.stack([across, tipped(down, away, -after)[0]], -1)


class ShortSighted(nn.Module):
    """A critic to which every pose looks blurred.

    critic  2D poses (batch, joints, 2) -> logits
    draw    where the noise comes from      blur  its standard deviation, unit of the key points
    """

    def __init__(self, critic: nn.Module, draw: torch.Generator, blur: float):
        super().__init__()
        self.critic, self.draw, self.blur = critic, draw, blur

    def forward(self, keypoints: Pose2D) -> Tensor:
        noise = torch.randn(keypoints.shape, generator=self.draw).to(keypoints)
        return self.critic(keypoints + self.blur * noise)


def averaging(network: nn.Module, decay: float) -> AveragedModel:
    """A copy that holds the running mean of a network's weights, after each `update_parameters`.

    decay  share of the old mean that is kept in a step. In the first steps less is kept, so that
           the mean follows quickly at first and slowly later.
    """

    def follow(means: list[Tensor], now: list[Tensor], steps: Tensor) -> None:
        kept = min(decay, (1 + int(steps)) / (10 + int(steps)))
        for mean, weights in zip(means, now, strict=True):
            mean.lerp_(weights, 1 - kept)

    return AveragedModel(network, multi_avg_fn=follow)
