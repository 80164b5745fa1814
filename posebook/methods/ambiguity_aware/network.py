"""Yu et al. 2021: a lifter that predicts depth, a scale network for its input, and a critic.

Source: Z. Yu, B. Ni, J. Xu, J. Wang, C. Zhao, W. Zhang, "Towards Alleviating the Modeling Ambiguity
of Unsupervised Monocular 3D Human Pose Estimation", ICCV 2021, pp. 8651-8660, and the code that was
released with it; built on Chen et al., CVPR 2019, arXiv:1904.04812. Taught in 15_ambiguity_aware.
The losses are in `losses`. We know of no difference from the released networks.

Units are the method's own. The camera is 10 away from the hip. Key points are tangents of
directions, relative to the hip; the distance from hip to head of an average person is 0.1.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.geometry import root_relative
from posebook.methods.ambiguity_aware.inputs import extents
from posebook.methods.ambiguity_aware.losses import DISTANCE, back_project
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE


class ResBlock(nn.Module):
    """Two layers, and beside them one linear map of features and raw input together.

    The two results are added, with no activation after the sum. So the network's raw input reaches
    every block.
    """

    def __init__(self, width: int, raw: int, batch_norm: bool = True, dropout: float = 0.25):
        super().__init__()
        self.main = nn.Sequential(
            *dense(width, width, batch_norm, dropout), *dense(width, width, batch_norm, dropout)
        )
        self.skip = nn.Linear(width + raw, width)

    def forward(
        self, features: Float[Tensor, "batch width"], raw: Float[Tensor, "batch raw"]
    ) -> Float[Tensor, "batch width"]:
        return self.main(features) + self.skip(torch.cat([features, raw], 1))


class _Residual(nn.Module):
    """`first`, then blocks that also see the raw input, then `last`; subclasses define these."""

    def forward(self, keypoints: Float[Tensor, "batch *frames joints 2"]) -> Float[Tensor, "b out"]:
        raw = keypoints.flatten(1)
        features = self.first(raw)
        for block in self.blocks:
            features = block(features, raw)
        return self.last(features)


class YuLifter(_Residual):
    """Key points to the depth of each joint, relative to the camera's distance from the hip.

    In:   (batch, joints, 2)   tangents about the hip, x right, y down
    Out:  (batch, joints)      depth beyond `DISTANCE`; the hip's is predicted like the others'
    """

    def __init__(self, joints: int = 17, width: int = 1024, blocks: int = 4, dropout: float = 0.25):
        super().__init__()
        raw = 2 * joints
        self.first = nn.Sequential(*dense(raw, width, True, dropout))
        self.blocks = nn.ModuleList(
            ResBlock(width, raw, dropout=dropout) for _ in range(blocks + 1)
        )  # the last of them is the released code's "branch"
        self.last = nn.Linear(width, joints)


class YuScale(_Residual):
    """Key points to one number m, from which the factor for the key points follows.

    In:   (batch, joints, 2), as for the lifter
    Out:  (batch, 1); the factor is 2 m minus the mean of the person's width and height
    """

    def __init__(self, joints: int = 17, width: int = 1024, dropout: float = 0.25):
        super().__init__()
        raw = 2 * joints
        self.first = nn.Linear(raw, width)
        self.blocks = nn.ModuleList([ResBlock(width, raw, dropout=dropout)])
        self.last = nn.Linear(width, 1)


class YuCritic(_Residual):
    """How real key points look. The paper calls it the *discriminator*.

    It has no batch norm, which would mix real and lifted poses.

    In:   (batch, frames, joints, 2), or (batch, joints, 2) if frames is 1
    Out:  (batch, 1), near 1 for real
    frames   2: the released code's temporal critic, which none of its settings uses
    """

    def __init__(
        self,
        joints: int = 17,
        width: int = 1024,
        blocks: int = 2,
        dropout: float = 0.25,
        frames: int = 1,
    ):
        super().__init__()
        raw = 2 * joints * frames
        self.first = nn.Sequential(*dense(raw, width, False, dropout))
        self.blocks = nn.ModuleList(
            ResBlock(width, raw, batch_norm=False, dropout=dropout) for _ in range(blocks)
        )
        self.last = nn.Linear(width, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Linear):
                nn.init.normal_(layer.weight, std=0.02)
                nn.init.zeros_(layer.bias)


class YuModel(nn.Module):
    """What is kept after training: the lifter and, for `best`, the scale network."""

    def __init__(
        self,
        joints: int = 17,
        width: int = 1024,
        blocks: int = 4,
        dropout: float = 0.25,
        scale: bool = False,
        scale_width: int = 1024,
        both_ways: bool = False,
    ):
        """scale         whether there is a scale network, of `scale_width` units
        both_ways     `lift` also lifts the picture with left and right exchanged, exchanges that
                      pose back, and gives the mean of the two (house joints; ours)
        """
        super().__init__()
        self.both_ways = both_ways
        self.lifter = YuLifter(joints, width, blocks, dropout)
        self.scale = YuScale(joints, scale_width, dropout) if scale else None

    def factor(self, keypoints: Pose2D) -> Float[Tensor, "batch 1"]:
        """What the key points are multiplied by before they are lifted."""
        if self.scale is None:
            return torch.ones_like(keypoints[:, 0, :1])
        return factor_of(self.scale(keypoints), keypoints)

    def forward(self, keypoints: Pose2D) -> Pose3D:
        """(batch, joints, 2) -> (batch, joints, 3) in camera axes, the camera at the origin."""
        scaled = self.factor(keypoints).unsqueeze(-1) * keypoints
        return back_project(scaled, self.lifter(scaled))

    def lift(self, keypoints: Pose2D) -> Pose3D:
        """House joints in; (batch, 17, 3) about the hip out, in the unit of the key points.

        That is the pose in lengths from hip to head, divided by the camera's distance.
        """
        pose = self(keypoints)
        if self.both_ways:
            pose = (pose + HOUSE.flip(self(HOUSE.flip(keypoints)))) / 2
        return root_relative(pose, HOUSE) / DISTANCE


def factor_of(middle: Float[Tensor, "batch 1"], keypoints: Pose2D) -> Float[Tensor, "batch 1"]:
    """The factor s = 2 m - e; e is the mean of width and height in the picture."""
    return 2 * middle - extents(keypoints).mean(1, keepdim=True)


def dense(inputs: int, outputs: int, batch_norm: bool, dropout: float) -> list[nn.Module]:
    """A linear map, batch normalisation, ReLU, dropout."""
    norm = [nn.BatchNorm1d(outputs)] if batch_norm else []
    return [nn.Linear(inputs, outputs), *norm, nn.ReLU(), nn.Dropout(dropout)]
