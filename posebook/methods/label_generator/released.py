"""The release's networks in ours: TensorFlow's names, (in, out) matrices, and vectors of numbers.

Source: as in `right_view`. The view synthesis works on planar vectors (x0..x16, y0..y16), the
reconstruction on interleaved ones (x0, y0, x1, y1, ..), the left view before the right one; see
`datasets.published.wang2019`. Inside this book a pose is (joints, 2) or (joints, 3), which is
interleaved when it is flattened: planar weights are put in that order here.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from posebook.errors import InputError
from posebook.methods.label_generator.network import Reconstruction, ViewSynthesis
from posebook.methods.simple_baseline.network import Martinez


def load_view_synthesis(network: ViewSynthesis, arrays: Mapping[str, Tensor]) -> None:
    """Put released weights, of planar vectors, into a network of the same width and blocks.

    arrays  w1, b1, then w2_<block>, b2_<block>, w3_<block>, b3_<block>, then w4, b4; and for batch
            norm bn_, bn1_<block>_, bn2_<block>_ with gamma, beta, mean, var
    """
    _load(network, dict(arrays) | {
        "w1": _rows(arrays, "w1", network), "w4": _rows(arrays, "w4", network, turned=True),
        "b4": _rows(arrays, "b4", network),
    })  # fmt: skip


def load_reconstruction(network: Reconstruction, arrays: Mapping[str, Tensor]) -> None:
    """Put released weights, of interleaved vectors, into a network; `arrays` as above."""
    _load(network, arrays)


def _rows(arrays: Mapping[str, Tensor], name: str, network: Martinez, turned: bool = False):
    """A matrix or bias whose rows (turned: columns) are planar, with them interleaved."""
    held = _array(arrays, name)
    held = held.T if turned else held
    joints, axes = network.output_shape
    if len(held) != joints * axes:
        raise InputError(f"{name} is for {len(held)} numbers; expected {joints * axes}")
    held = held.unflatten(0, (axes, joints)).transpose(0, 1).flatten(0, 1)
    return held.T if turned else held


def _load(network: Martinez, arrays: Mapping[str, Tensor]) -> None:
    blocks = range(len(network.blocks))
    linears = ["1", *(f"{part}_{block}" for block in blocks for part in (2, 3))]
    norms = ["bn", *(f"bn{part}_{block}" for block in blocks for part in (1, 2))]
    layers = [network.first, *(layer for block in network.blocks for layer in block)]
    put: list[tuple[str, Tensor, Tensor]] = []
    for layer, linear, norm in zip(layers, linears, norms, strict=True):
        put.append((f"w{linear}", layer[0].weight, _array(arrays, f"w{linear}").T))
        put.append((f"b{linear}", layer[0].bias, _array(arrays, f"b{linear}")))
        if isinstance(layer[1], torch.nn.BatchNorm1d):
            for ours, theirs in (("weight", "gamma"), ("bias", "beta"),
                                 ("running_mean", "mean"), ("running_var", "var")):  # fmt: skip
                name = f"{norm}_{theirs}"
                put.append((name, getattr(layer[1], ours), _array(arrays, name)))
    put.append(("w4", network.last.weight, _array(arrays, "w4").T))
    put.append(("b4", network.last.bias, _array(arrays, "b4")))
    for name, parameter, value in put:
        if parameter.shape != value.shape:
            raise InputError(
                f"{name} fits a layer of {tuple(value.shape)}; expected {tuple(parameter.shape)}"
            )
    with torch.no_grad():
        for _, parameter, value in put:
            parameter.copy_(value)


def _array(arrays: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in arrays:
        raise InputError(f"the released weights lack {name}")
    return arrays[name]
