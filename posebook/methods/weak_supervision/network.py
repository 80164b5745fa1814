"""Zhou 2017's networks: a picture in, heat maps and one depth a joint out.

Source: X. Zhou et al. 2017, arXiv:1704.02447, and its published code; the second network is that of
its later form, after StarMap (X. Zhou et al. 2018, arXiv:1803.09331). Taught in
10_weak_supervision.
"""

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.errors import InputError
from posebook.methods.pose_resnet.network import PoseResNet, head
from posebook.methods.stacked_hourglass.network import Maps, Pictures, StackedHourglass, residuals

Depths = Float[Tensor, "batch joints"]


class DepthModule(nn.Module):
    """One depth a joint from a whole map: (batch, features, size, size) -> (batch, joints).

    Four times `modules` residual blocks and a halving, then one linear layer. There is no
    activation: a depth is in half sides of the crop, from the spine's plane. The linear layer fixes
    the size of the picture.
    """

    def __init__(
        self, joints: int = 16, modules: int = 2, features: int = 256, size: int = 64,
        levels: int = 4,
    ):  # fmt: skip
        super().__init__()
        self.modules, self.size = modules, size
        self.blocks = residuals(levels * modules, features)
        self.last = nn.Linear(features * (size // 2**levels) ** 2, joints)

    def forward(self, maps: Maps) -> Depths:
        if maps.shape[-2:] != (self.size, self.size):
            raise InputError(
                f"depth module: a map of {tuple(maps.shape[-2:])}; expected {self.size} x "
                f"{self.size}, for which its linear layer was made"
            )
        for number, block in enumerate(self.blocks, 1):
            maps = block(maps)
            if number % self.modules == 0:
                maps = functional.max_pool2d(maps, 2)
        return self.last(maps.contiguous().flatten(1))


class DepthHourglass(nn.Module):
    """A stacked hourglass and depths from its last features.

    (batch, 3, side, side) -> list of heat maps (batch, joints, side / 4, side / 4), one of each
    stack, and depths (batch, joints). At the defaults there are 14,429,104 weights.

    side  px of the pictures, a multiple of 64; the others are `StackedHourglass`'s
    """

    def __init__(
        self, joints: int = 16, stacks: int = 2, modules: int = 2, features: int = 256,
        side: int = 256, stride: int = 4,
    ):  # fmt: skip
        super().__init__()
        self.places = StackedHourglass(
            joints, stacks, modules, features, stride=stride, last_feedback=True
        )
        self.depth = DepthModule(joints, modules, features, side // stride)

    def forward(self, pictures: Pictures) -> tuple[list[Maps], Depths]:
        found, features = self.places.with_features(pictures)
        return found, self.depth(features)


class DepthMapResNet(nn.Module):
    """The later form: a pose ResNet with a second head, a map of depths for each joint.

    (batch, 3, H, W) -> heat maps and depth maps, both (batch, joints, H / 4, W / 4). A joint's
    depth is read at the peak of its heat map (`losses.at_places`). With 50 layers there are
    34,003,552 weights.
    """

    def __init__(self, depth: int = 50, joints: int = 16, width: int = 64, deconv: int = 256):
        super().__init__()
        self.places = PoseResNet(depth, joints, width, deconv)
        self.depth = head(deconv, joints)

    def forward(self, pictures: Pictures) -> tuple[Maps, Maps]:
        features = self.places.features(pictures)
        return self.places.final_layer(features), self.depth(features)
