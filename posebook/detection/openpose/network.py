"""A network of Caffe's in torch: the few kinds of layers that OpenPose is made of."""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy
import torch
from torch import Tensor
from torch.nn import functional

from posebook.detection.openpose import caffemodel, prototxt
from posebook.detection.openpose.prototxt import Part
from posebook.errors import InputError, printable
from posebook.files import listed, short

MOST_LAYERS = 1000
#: Maps are an eighth of the picture in each direction.
STRIDE = 8
#: Sizes are followed for a picture of so many px: no layer gives larger maps than the picture, nor
#: more numbers than twice those of OpenPose's largest.
_TRIAL_PX = 64
_MOST_NUMBERS = 128 * _TRIAL_PX**2
#: Names of layers in files of Caffe's first form.
_OLD_TYPES = {"CONVOLUTION": "Convolution", "RELU": "ReLU", "POOLING": "Pooling",
              "CONCAT": "Concat", "DROPOUT": "Dropout", "SPLIT": "Split"}  # fmt: skip
_PASSED_ON = ("Dropout", "Split")


class Maps(NamedTuple):
    """What stands between two layers: how many maps, and their side, px."""

    channels: int
    side: int


@dataclass(frozen=True)
class Layer:
    """One layer: what it takes and gives, by names, and its numbers."""

    name: str
    type: str
    bottoms: tuple[str, ...]
    top: str
    part: Part
    weights: tuple[Tensor, ...]

    def number(self, group: str, name: str, default: int | None = None, least: int = 0) -> int:
        texts = self.part.part(group).texts(name)
        if not texts and default is not None:
            return default
        if len(set(texts)) != 1 or not texts[0].isdecimal() or int(texts[0][:6]) < least:
            raise InputError(f"layer {self.name}: {name} is {', '.join(texts) or 'not there'}; "
                             "expected one whole number")  # fmt: skip
        return int(texts[0][:6])

    def __call__(self, given: list[Tensor]) -> Tensor:
        first = given[0]
        if self.type == "Convolution":
            weight, bias = (*self.weights, None)[:2]
            return functional.conv2d(
                first, weight, bias,
                stride=self.number("convolution_param", "stride", 1, 1),
                padding=self.number("convolution_param", "pad", 0),
                dilation=self.number("convolution_param", "dilation", 1, 1),
                groups=self.number("convolution_param", "group", 1, 1),
            )  # fmt: skip
        if self.type == "ReLU":
            return functional.relu(first)
        if self.type == "PReLU":
            return functional.prelu(first, self.weights[0].reshape(-1))
        if self.type == "Pooling":
            # Caffe counts the pixels at an edge that fill half a window.
            return functional.max_pool2d(
                first, self.number("pooling_param", "kernel_size", None, 1),
                self.number("pooling_param", "stride", 1, 1),
                self.number("pooling_param", "pad", 0), ceil_mode=True,
            )  # fmt: skip
        return torch.cat(given, 1) if self.type == "Concat" else first


@dataclass(frozen=True)
class Network:
    """Layers in the order of the file; the last one's answer is the network's."""

    input: str
    layers: tuple[Layer, ...]
    channels: int

    def __call__(self, picture: Tensor) -> Tensor:
        """(1, 3, height, width) to (1, channels, height / 8, width / 8)."""
        last = {name: n for n, layer in enumerate(self.layers) for name in layer.bottoms}
        held = {self.input: picture}
        with torch.no_grad():
            for number, layer in enumerate(self.layers):
                held[layer.top] = layer([held[name] for name in layer.bottoms])
                # What nobody takes any more is let go.
                held = {n: t for n, t in held.items() if last.get(n, -1) > number or
                        n == self.layers[-1].top}  # fmt: skip
        return held[self.layers[-1].top]


def read(text_file: Path, weights_file: Path) -> Network:
    """The network of both files. InputError, one line, where they are none, or do not fit each
    other."""
    whole = prototxt.read(text_file)
    arrays = caffemodel.read(weights_file)
    entries = [*whole.parts("layer"), *whole.parts("layers")]
    inputs = whole.texts("input")
    inputs += [top for part in entries if part.text("type") == "Input" for top in part.texts("top")]
    if not entries or len(inputs) != 1:
        raise InputError(
            f"{text_file}: describes {len(entries)} layers and {len(inputs)} inputs; expected "
            f"{prototxt.EXPECTED}"
        )
    if len(entries) > MOST_LAYERS:
        raise InputError(f"{text_file}: has more than {MOST_LAYERS} layers")
    layers = [_layer(part, arrays, text_file) for part in entries if part.text("type") != "Input"]
    if not layers:
        raise InputError(f"{text_file}: describes no layers; expected {prototxt.EXPECTED}")
    maps = {inputs[0]: Maps(3, _TRIAL_PX)}
    for layer in layers:
        try:
            maps[layer.top] = made = _maps(layer, maps)
            if not 1 <= made.side <= _TRIAL_PX or made.channels * made.side**2 > _MOST_NUMBERS:
                raise InputError(f"layer {layer.name} gives {made} of {_TRIAL_PX} px")
        except InputError as error:
            raise InputError(f"{text_file}, {weights_file.name}: {error}") from None
    if (side := maps[layers[-1].top].side) * STRIDE != _TRIAL_PX:
        raise InputError(f"{text_file}: gives maps of {side} px of {_TRIAL_PX}; expected an eighth")
    return Network(inputs[0], tuple(layers), maps[layers[-1].top].channels)


def _layer(part: Part, arrays: dict[str, list[numpy.ndarray]], path: Path) -> Layer:
    name, type = part.text("name"), part.text("type")
    type = _OLD_TYPES.get(type, type)
    known = ("Convolution", "ReLU", "PReLU", "Pooling", "Concat", *_PASSED_ON)
    tops = part.texts("top")
    if type not in known or len(tops) != 1 or not part.texts("bottom"):
        what = f"is of the type {short(printable(type))}" if type not in known else "takes nothing"
        raise InputError(f"{path}: layer {short(name)} {what}; known are {listed(known)}")
    kept = arrays.get(name, []) if type in ("Convolution", "PReLU") else []
    # Old files write an array of one axis as one of four.
    weights = [torch.from_numpy(array.copy()) for array in kept]
    weights[1:] = [array.reshape(-1) for array in weights[1:]]
    return Layer(name, type, tuple(part.texts("bottom")), tops[0], part, tuple(weights))


def _maps(layer: Layer, maps: dict[str, Maps]) -> Maps:
    """What a layer gives; InputError where its numbers do not fit what it takes."""
    if missing := [name for name in layer.bottoms if name not in maps]:
        raise InputError(f"layer {layer.name} takes {listed(missing)}, which no layer gives")
    taken = [maps[name] for name in layer.bottoms]
    channels, side = taken[0]
    if layer.type == "Concat":
        along = layer.part.part("concat_param").text("axis", "1")
        if along != "1" or any(one.side != side for one in taken):
            raise InputError(f"layer {layer.name} joins maps of other sizes, or no channels")
        return Maps(sum(one.channels for one in taken), side)
    if layer.type == "PReLU":
        sizes = [weight.numel() for weight in layer.weights]
        if sizes not in ([channels], [1]):
            raise InputError(f"layer {layer.name} has weights {sizes}; expected {channels}")
    if layer.type == "ReLU":
        slope = layer.part.part("relu_param").text("negative_slope", "0")
        if slope not in ("0", "0.0"):
            raise InputError(f"layer {layer.name} has a negative slope; expected none")
    if layer.type == "Pooling":
        if layer.part.part("pooling_param").text("pool", "MAX") not in ("MAX", "0"):
            raise InputError(f"layer {layer.name} takes a mean; expected the largest value")
        kernel = layer.number("pooling_param", "kernel_size", None, 1)
        pad = layer.number("pooling_param", "pad", 0)
        if 2 * pad > kernel:
            raise InputError(f"layer {layer.name} pads {pad} px for windows of {kernel}")
        left = side + 2 * pad - kernel
        return Maps(channels, -(-left // layer.number("pooling_param", "stride", 1, 1)) + 1)
    return _convolved(layer, taken[0]) if layer.type == "Convolution" else taken[0]


def _convolved(layer: Layer, taken: Maps) -> Maps:
    group = "convolution_param"
    made = layer.number(group, "num_output", None, 1)
    kernel = layer.number(group, "kernel_size", None, 1)
    groups = layer.number(group, "group", 1, 1)
    biased = layer.part.part(group).text("bias_term", "true") == "true"
    wanted = [(made, taken.channels // groups, kernel, kernel)] + [(made,)] * biased
    shapes = [tuple(weight.shape) for weight in layer.weights]
    if shapes != wanted or taken.channels % groups or made % groups:
        raise InputError(
            f"layer {layer.name} has {shapes or 'no weights'}; expected {wanted}: not the weights "
            "of this network?"
        )
    if not all(torch.isfinite(weight).all() for weight in layer.weights):
        raise InputError(f"layer {layer.name} has weights that are not finite")
    reach = layer.number(group, "dilation", 1, 1) * (kernel - 1) + 1
    left = taken.side + 2 * layer.number(group, "pad", 0) - reach
    return Maps(made, left // layer.number(group, "stride", 1, 1) + 1)
