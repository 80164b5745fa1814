"""Zhou's names of a stacked hourglass's weights, as ours.

Names: the published code (branches `2D` and `hg3d` of pytorch-pose-hg-3d), read for its facts.
Taught in 08_stacked_hourglass.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor, nn

from posebook.datasets.readers import torch_files
from posebook.errors import InputError

State = dict[str, Tensor]


def read(path: Path | str, network: nn.Module) -> None:
    """Fill a `StackedHourglass` from a file of Zhou's 2D network that `torch.save` wrote.

    A state, or a checkpoint that holds one. A file that holds the whole network as an object is
    refused, since reading it would run what it says. InputError, one line, also where joints,
    stacks, modules or features are not the network's.
    """
    fill(path, network, of_zhou(torch_files.read_state(path)))


def fill(path: Path | str, network: nn.Module, state: State, but: tuple[str, ...] = ()) -> None:
    """Load a state under our names; the parts whose names begin with one of `but` may be missing,
    and keep what they have."""
    wanted = network.state_dict()
    for name, tensor in wanted.items():
        if not tensor.is_floating_point():
            continue  # the number of batches seen
        if name not in state:
            if name.startswith(but):
                continue
            raise InputError(f"{path}: has no {name}, which {type(network).__name__} needs")
        if state[name].shape != tensor.shape:
            raise InputError(
                f"{path}: {name} is {tuple(state[name].shape)}; this {type(network).__name__} "
                f"has {tuple(tensor.shape)}"
            )
    if others := sorted(state.keys() - wanted.keys()):
        raise InputError(
            f"{path}: has {others[0][:60]}, which this {type(network).__name__} has not"
        )
    network.load_state_dict({**wanted, **state})


_RESIDUAL = {
    "bn": "norm1", "bn1": "norm2", "bn2": "norm3",
    "conv1": "conv1", "conv2": "conv2", "conv3": "conv3", "conv4": "skip",
}  # fmt: skip
_PLACES = {"up1_": "across", "low1_": "down", "low2_": "inner", "low3_": "up"}
_STEM = {"conv1_": "0", "bn1": "1", "r1": "3", "r4": "5", "r5": "6"}


def of_residual(name: str) -> str:
    """'bn1.weight' -> 'norm2.weight'."""
    part, _, rest = name.partition(".")
    return f"{_RESIDUAL[part]}.{rest}"


def of_hourglass(name: str) -> str:
    """'low2.up1_.0.bn.weight' -> 'inner.across.0.norm1.weight'."""
    inner, deeper = "", name
    while deeper.startswith("low2."):
        inner, deeper = f"{inner}inner.", deeper.removeprefix("low2.")
    place, number, rest = deeper.split(".", 2)
    return f"{inner}{_PLACES[place]}.{number}.{of_residual(rest)}"


def of_zhou(theirs: Mapping[str, Tensor]) -> State:
    """A state of Zhou's 2D or 3D network under our names; `module.` in front of a name goes.

    The names of the depth module begin with `depth.`: `weak_supervision.network` has it.
    InputError names a weight that neither network has.
    """
    theirs = {name.removeprefix("module."): tensor for name, tensor in theirs.items()}
    blocks = [int(m[1]) for name in theirs if (m := re.match(r"Residual\.(\d{1,3})\.", name))]
    stacks = {m[1] for name in theirs if (m := re.match(r"hourglass\.(\d{1,2})\.", name))}
    modules = (max(blocks, default=0) + 1) // max(len(stacks), 1)
    ours = {}
    for name, tensor in theirs.items():
        try:
            ours[_of_zhou(name, modules)] = tensor
        except (KeyError, ValueError, ZeroDivisionError):
            raise InputError(
                f"weights: {name[:60]!r} is not a name in Zhou's stacked hourglass"
            ) from None
    return ours


def _of_zhou(name: str, modules: int) -> str:
    part, _, rest = name.partition(".")
    if part in _STEM:
        inner = of_residual(rest) if part.startswith("r") else rest
        return f"stem.{_STEM[part]}.{inner}"
    if part == "reg":
        return f"depth.last.{rest}"
    number, _, rest = rest.partition(".")
    place = int(number)
    if part == "hourglass":
        return f"stacks.{place}.0.{of_hourglass(rest)}"
    if part == "Residual":
        return f"stacks.{place // modules}.{1 + place % modules}.{of_residual(rest)}"
    if part == "lin_":
        layer, _, rest = rest.partition(".")
        return f"stacks.{place}.{1 + modules + int(layer)}.{rest}"
    if part == "reg_":
        return f"depth.blocks.{place}.{of_residual(rest)}"
    head = {"tmpOut": "heads", "ll_": "from_features", "tmpOut_": "from_heatmaps"}[part]
    return f"{head}.{place}.{rest}"
