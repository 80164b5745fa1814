"""The stacked hourglass: a picture in, one heat map a joint out, from each of its stacks.

Source: A. Newell, K. Yang, J. Deng 2016, arXiv:1603.06937, with the layers of X. Zhou et al. 2017,
arXiv:1704.02447: two stacks, two residual blocks in each place, 256 channels. Taught in
08_stacked_hourglass.

An hourglass halves its map again and again, so that one position sees the whole person, and then
doubles it again. At each size a second path goes across, so that no place is lost. All maps are
kept with their channels last, which is what convolutions on a CPU want.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.errors import InputError
from posebook.methods.stacked_hourglass.lean import norm_relu_conv

Pictures = Float[Tensor, "batch 3 height width"]
Maps = Float[Tensor, "batch _channels _rows _columns"]


class Residual(nn.Module):
    """Batch norm, ReLU and convolution, three times (1 x 1, 3 x 3, 1 x 1), added to the input.

    (batch, inputs, h, w) -> (batch, outputs, h, w). In the middle there are outputs / 2 channels.
    Where the two numbers of channels differ, a 1 x 1 convolution of the raw input is added instead.
    """

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        middle = outputs // 2
        self.norm1, self.conv1 = nn.BatchNorm2d(inputs), nn.Conv2d(inputs, middle, 1)
        self.norm2, self.conv2 = nn.BatchNorm2d(middle), nn.Conv2d(middle, middle, 3, padding=1)
        self.norm3, self.conv3 = nn.BatchNorm2d(middle), nn.Conv2d(middle, outputs, 1)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, maps: Maps) -> Maps:
        change = norm_relu_conv(maps, self.norm1, self.conv1)
        change = norm_relu_conv(change, self.norm2, self.conv2)
        change = norm_relu_conv(change, self.norm3, self.conv3)
        return change.add_(self.skip(maps))


def residuals(count: int, channels: int) -> nn.Sequential:
    """`count` residual blocks in a row, as many channels out as in."""
    return nn.Sequential(*(Residual(channels, channels) for _ in range(count)))


class Hourglass(nn.Module):
    """Halves a map `levels` times and doubles it again: (batch, channels, h, w) -> the same shape.

    modules  residual blocks in each place
    h and w must be multiples of 2 ** levels.
    """

    def __init__(self, levels: int = 4, modules: int = 2, channels: int = 256):
        super().__init__()
        self.across = residuals(modules, channels)
        self.down = residuals(modules, channels)
        self.inner = (
            Hourglass(levels - 1, modules, channels) if levels > 1 else residuals(modules, channels)
        )
        self.up = residuals(modules, channels)

    def forward(self, maps: Maps) -> Maps:
        small = self.up(self.inner(self.down(functional.max_pool2d(maps, 2))))
        return self.across(maps).add_(functional.interpolate(small, scale_factor=2))


class StackedHourglass(nn.Module):
    """Heat maps from each stack: (batch, 3, H, W) -> list of (batch, joints, H / 4, W / 4).

    joints         heat maps of each stack
    stacks         hourglasses in a row; each sees what the one before it answered
    modules        residual blocks in each place of an hourglass
    features       channels; a multiple of 4
    levels         how often an hourglass halves its map
    stride         pixels of the picture to one of the map: 4 as published, or 2, for small pictures
    last_feedback  whether the last stack's answer is fed back too, as a network that reads the
                   features afterwards needs it (Zhou et al. 2017)
    H and W must be multiples of stride * 2 ** levels: 64. At the defaults there are 12,577,184
    weights. There is no sigmoid: a heat map may hold any number.
    """

    def __init__(
        self,
        joints: int = 16,
        stacks: int = 2,
        modules: int = 2,
        features: int = 256,
        levels: int = 4,
        stride: int = 4,
        last_feedback: bool = False,
    ):
        super().__init__()
        if features < 4 or features % 4:
            raise InputError(f"stacked hourglass: features is {features}, expected a multiple of 4")
        if stride not in (2, 4):
            raise InputError(f"stacked hourglass: stride is {stride}, expected 2 or 4")
        self.stride, self.multiple = stride, stride * 2**levels
        narrow, half = features // 4, features // 2
        self.stem = nn.Sequential(
            nn.Conv2d(3, narrow, 7, stride=2, padding=3), nn.BatchNorm2d(narrow), nn.ReLU(True),
            Residual(narrow, half), nn.MaxPool2d(2) if stride == 4 else nn.Identity(),
            Residual(half, half), Residual(half, features),
        )  # fmt: skip
        self.stacks = nn.ModuleList(
            nn.Sequential(
                Hourglass(levels, modules, features), *residuals(modules, features),
                nn.Conv2d(features, features, 1), nn.BatchNorm2d(features), nn.ReLU(True),
            )
            for _ in range(stacks)
        )  # fmt: skip
        fed_back = stacks if last_feedback else stacks - 1
        self.heads = nn.ModuleList(nn.Conv2d(features, joints, 1) for _ in range(stacks))
        self.from_features = nn.ModuleList(
            nn.Conv2d(features, features, 1) for _ in range(fed_back)
        )
        self.from_heatmaps = nn.ModuleList(nn.Conv2d(joints, features, 1) for _ in range(fed_back))

    def forward(self, pictures: Pictures) -> list[Maps]:
        return self.with_features(pictures)[0]

    def with_features(self, pictures: Pictures) -> tuple[list[Maps], Maps]:
        """The heat maps of each stack, and the features (batch, features, H / 4, W / 4) that the
        next stack, or a head of another kind, reads."""
        if any(size < self.multiple or size % self.multiple for size in pictures.shape[-2:]):
            raise InputError(
                f"stacked hourglass: pictures of {tuple(pictures.shape[-2:])} px; expected "
                f"multiples of {self.multiple}"
            )
        features = self.stem(pictures.contiguous(memory_format=torch.channels_last))
        found = []
        for number, (stack, head) in enumerate(zip(self.stacks, self.heads, strict=True)):
            hidden = stack(features)
            found.append(head(hidden))
            if number < len(self.from_features):
                again = self.from_features[number](hidden)
                features = again.add_(self.from_heatmaps[number](found[-1])).add_(features)
        return found, features
