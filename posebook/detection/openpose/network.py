"""A network of Caffe's in torch: the few kinds of layers that OpenPose is made of."""

from dataclasses import dataclass
from pathlib import Path

import numpy
import torch
from torch import Tensor
from torch.nn import functional

from posebook.detection.openpose import caffemodel, prototxt
from posebook.detection.openpose.prototxt import Part
from posebook.errors import InputError, printable
from posebook.files import listed, short

MOST_LAYERS, MOST_CHANNELS = 1000, 4096
#: Names of layers in files of Caffe's first form.
_OLD_TYPES = {"CONVOLUTION": "Convolution", "RELU": "ReLU", "POOLING": "Pooling",
              "CONCAT": "Concat", "DROPOUT": "Dropout", "SPLIT": "Split"}  # fmt: skip
_PASSED_ON = ("Dropout", "Split")


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
    channels = {inputs[0]: 3}
    for layer in layers:
        try:
            channels[layer.top] = _channels(layer, channels)
        except InputError as error:
            raise InputError(f"{text_file}, {weights_file.name}: {error}") from None
    if not layers:
        raise InputError(f"{text_file}: describes no layers; expected {prototxt.EXPECTED}")
    return Network(inputs[0], tuple(layers), channels[layers[-1].top])


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


def _channels(layer: Layer, channels: dict[str, int]) -> int:
    """How many channels a layer gives; InputError where its numbers do not fit."""
    if missing := [name for name in layer.bottoms if name not in channels]:
        raise InputError(f"layer {layer.name} takes {listed(missing)}, which no layer gives")
    taken = [channels[name] for name in layer.bottoms]
    if layer.type == "Concat":
        if layer.part.part("concat_param").text("axis", "1") != "1":
            raise InputError(f"layer {layer.name} joins along another axis than the channels")
        return sum(taken)
    if layer.type == "PReLU":
        sizes = [weight.numel() for weight in layer.weights]
        if sizes not in ([taken[0]], [1]):
            raise InputError(f"layer {layer.name} has weights {sizes}; expected {taken[0]}")
    if layer.type == "ReLU" and layer.part.part("relu_param").text("negative_slope", "0") not in (
        "0", "0.0",
    ):  # fmt: skip
        raise InputError(f"layer {layer.name} has a negative slope; expected none")
    if layer.type == "Pooling":
        if layer.part.part("pooling_param").text("pool", "MAX") not in ("MAX", "0"):
            raise InputError(f"layer {layer.name} takes a mean; expected the largest value")
        layer.number("pooling_param", "kernel_size", None, 1)
    if layer.type != "Convolution":
        return taken[0]
    made = layer.number("convolution_param", "num_output", None, 1)
    side = layer.number("convolution_param", "kernel_size", None, 1)
    groups = layer.number("convolution_param", "group", 1, 1)
    biased = layer.part.part("convolution_param").text("bias_term", "true") == "true"
    wanted = [(made, taken[0] // groups, side, side)] + [(made,)] * biased
    if (shapes := [tuple(weight.shape) for weight in layer.weights]) != wanted:
        raise InputError(
            f"layer {layer.name} has {shapes or 'no weights'}; expected {wanted}: not the weights "
            "of this network?"
        )
    if made > MOST_CHANNELS or not all(torch.isfinite(w).all() for w in layer.weights):
        raise InputError(f"layer {layer.name} has weights that are not finite, or too many")
    return made
