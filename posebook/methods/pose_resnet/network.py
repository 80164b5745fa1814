"""Pose ResNet: an image classifier's body, and three layers that enlarge its small map again.

Source: B. Xiao, H. Wu, Y. Wei 2018, arXiv:1804.06208; as bzhao96 uses it, with 101 layers and
pictures of 384 px. Taught in 09_pose_resnet. Weights are named as in torchvision's ResNet and in
the published code, so that their files fit.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.errors import InputError

Pictures = Float[Tensor, "batch 3 height width"]
Maps = Float[Tensor, "batch _channels _rows _columns"]

#: Layers in the name of a ResNet: blocks in each of its four parts, and whether those have three
#: convolutions, with a bottleneck, or two.
BLOCKS: dict[int, tuple[tuple[int, int, int, int], bool]] = {
    18: ((2, 2, 2, 2), False), 34: ((3, 4, 6, 3), False), 50: ((3, 4, 6, 3), True),
    101: ((3, 4, 23, 3), True), 152: ((3, 8, 36, 3), True),
}  # fmt: skip
#: Pixels of the picture to one of the last map of the body, and to one of a heat map.
BODY_STRIDE, STRIDE = 32, 4


class Basic(nn.Module):
    """Two 3 x 3 convolutions with batch norm, added to the input: ResNet-18 and 34."""

    widening = 1

    def __init__(self, inputs: int, channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = shortcut(inputs, channels, stride)

    def forward(self, maps: Maps) -> Maps:
        change = self.bn1(self.conv1(maps)).relu_()
        return self.bn2(self.conv2(change)).add_(self.downsample(maps)).relu_()


class Bottleneck(nn.Module):
    """1 x 1, 3 x 3 and 1 x 1 convolution with batch norm, added to the input: ResNet-50 and up."""

    widening = 4

    def __init__(self, inputs: int, channels: int, stride: int):
        super().__init__()
        outputs = self.widening * channels
        self.conv1 = nn.Conv2d(inputs, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        self.downsample = shortcut(inputs, outputs, stride)

    def forward(self, maps: Maps) -> Maps:
        change = self.bn1(self.conv1(maps)).relu_()
        change = self.bn2(self.conv2(change)).relu_()
        return self.bn3(self.conv3(change)).add_(self.downsample(maps)).relu_()


def shortcut(inputs: int, outputs: int, stride: int) -> nn.Module:
    """The input of a block, in the shape of its output."""
    if stride == 1 and inputs == outputs:
        return nn.Identity()
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class PoseResNet(nn.Module):
    """One heat map a joint: (batch, 3, H, W) -> (batch, joints, H / 4, W / 4).

    depth   layers of the ResNet: 18, 34, 50, 101 or 152
    joints  heat maps
    width   channels of the ResNet's first part; 64 as published, fewer for small pictures
    deconv  channels of the three layers that enlarge the map; 256 as published
    H and W must be multiples of 32. With 101 layers and 17 joints there are 52,991,825 weights. The
    enlarging layers and the head start from N(0, 0.001); the body from torch's own initialisation,
    until `weights.read` fills it from a file.
    """

    def __init__(self, depth: int = 50, joints: int = 17, width: int = 64, deconv: int = 256):
        super().__init__()
        if depth not in BLOCKS:
            raise InputError(
                f"pose ResNet: depth is {depth}, expected {', '.join(map(str, BLOCKS))}"
            )
        self.depth = depth
        counts, bottlenecks = BLOCKS[depth]
        kind = Bottleneck if bottlenecks else Basic
        self.conv1 = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn1, self.maxpool = nn.BatchNorm2d(width), nn.MaxPool2d(3, stride=2, padding=1)
        parts, channels = [], width
        for number, count in enumerate(counts):
            blocks = []
            for block in range(count):
                stride = 2 if number and not block else 1
                blocks.append(kind(channels, width * 2**number, stride))
                channels = kind.widening * width * 2**number
            parts.append(nn.Sequential(*blocks))
        self.layer1, self.layer2, self.layer3, self.layer4 = parts
        layers: list[nn.Module] = []
        for _ in range(3):
            enlarge = nn.ConvTranspose2d(channels, deconv, 4, stride=2, padding=1, bias=False)
            nn.init.normal_(enlarge.weight, std=0.001)
            layers += [enlarge, nn.BatchNorm2d(deconv), nn.ReLU(inplace=True)]
            channels = deconv
        self.deconv_layers = nn.Sequential(*layers)
        self.final_layer = head(deconv, joints)

    def forward(self, pictures: Pictures) -> Maps:
        return self.final_layer(self.features(pictures))

    def features(self, pictures: Pictures) -> Maps:
        """What the heads read: (batch, deconv, H / 4, W / 4)."""
        return self.deconv_layers(self.body(pictures))

    def body(self, pictures: Pictures) -> Maps:
        """What the classifier reads: its last map, (batch, channels, H / 32, W / 32)."""
        if any(size < BODY_STRIDE or size % BODY_STRIDE for size in pictures.shape[-2:]):
            raise InputError(
                f"pose ResNet: pictures of {tuple(pictures.shape[-2:])} px; expected multiples of "
                f"{BODY_STRIDE}"
            )
        maps = self.conv1(pictures.contiguous(memory_format=torch.channels_last))
        maps = self.maxpool(self.bn1(maps).relu_())
        for part in (self.layer1, self.layer2, self.layer3, self.layer4):
            maps = part(maps)
        return maps


def head(inputs: int, joints: int) -> nn.Conv2d:
    """The last layer, one map a joint, started as published: N(0, 0.001) and zeros."""
    layer = nn.Conv2d(inputs, joints, 1)
    nn.init.normal_(layer.weight, std=0.001)
    nn.init.zeros_(layer.bias)
    return layer
