"""ElePose's lifter: one frame of 2D key points in, a depth for each joint and one elevation out.

Source: B. Wandt, J. J. Little, H. Rhodin, "ElePose: Unsupervised 3D Human Pose Estimation by
Predicting Camera Elevation and Learning Normalizing Flows on 2D Poses", CVPR 2022,
arXiv:2112.07088, and its published code. Taught in 16_elepose. The published class has batch norm
layers that are never used. They are left out here: 20,480 weights fewer.

Key points are normalised: hip at 0, x right, y down, divided by ten times the mean distance in the
picture from head to hip. So a person ten units away has the head about one unit above the hip.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.methods.elepose.losses import back_project
from posebook.shapes import Pose2D, Pose3D

SLOPE = 0.01  # of the leaky ReLU


class ElePoseLifter(nn.Module):
    """A shared residual block, then two paths: depths of the joints, elevation of the camera.

    In:   (batch, joints, 2), normalised key points
    Out:  (batch, joints) depth relative to the hip, in units, and (batch,) elevation, in radians.
          The elevation is the turn about the camera's x axis that sets the lifted person upright.
          It is negative for a camera that looks down, and not bounded.

    width            units of a hidden layer; the paper has 1024 (10,550,290 weights)
    start_elevation  added to the elevation before training, radians; the paper adds nothing
    """

    def __init__(
        self,
        joints: int = 17,
        width: int = 1024,
        start_elevation: float | int = 0.0,
    ):
        super().__init__()
        self.first = nn.Linear(2 * joints, width)
        self.shared = nn.Sequential(ResidualBlock(width), nn.LeakyReLU(SLOPE))
        self.depth_path = _path(width, joints)
        self.elevation_path = _path(width, 1)
        with torch.no_grad():
            self.elevation_path[-1].bias += start_elevation

    def forward(
        self, keypoints: Pose2D
    ) -> tuple[Float[Tensor, "batch joints"], Float[Tensor, " batch"]]:
        hidden = self._hidden(keypoints)
        return self.depth_path(hidden), self.elevation_path(hidden).squeeze(-1)

    def depths(self, keypoints: Pose2D) -> Float[Tensor, "batch joints"]:
        """The depths without the elevation."""
        return self.depth_path(self._hidden(keypoints))

    def _hidden(self, keypoints: Pose2D) -> Float[Tensor, "batch width"]:
        return self.shared(self.first(keypoints.flatten(1)))

    def lift(self, keypoints: Pose2D) -> Pose3D:
        """(batch, joints, 3) about the hip in units, camera axes: x right, y down, z away.

        Each joint is put at its depth on the ray through its key point, the hip at 10 units.
        """
        return back_project(keypoints, self.depths(keypoints))


class ResidualBlock(nn.Module):
    """x + LeakyReLU(Linear(LeakyReLU(Linear(x))))"""

    def __init__(self, width: int):
        super().__init__()
        self.inner = nn.Sequential(
            nn.Linear(width, width), nn.LeakyReLU(SLOPE),
            nn.Linear(width, width), nn.LeakyReLU(SLOPE),
        )  # fmt: skip

    def forward(self, hidden: Float[Tensor, "batch width"]) -> Float[Tensor, "batch width"]:
        return hidden + self.inner(hidden)


def _path(width: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        ResidualBlock(width), nn.LeakyReLU(SLOPE),
        ResidualBlock(width), nn.LeakyReLU(SLOPE),
        nn.Linear(width, outputs),
    )  # fmt: skip


def learning_rate_factor(epoch: int) -> float:
    """The lifter's learning rate in an epoch, counted from 0, over its first one (2e-4)."""
    return 0.95**epoch
