"""A trained detector as one file: what `network_files` keeps, for networks that see.

Besides what every such file says, a detector's header says:
size        [width, height] of the crops that the network takes, px
decoding    a key of `decodings.DECODINGS`: how its maps become places
colours     the fields of `stacked_hourglass.inputs.PictureInput`: how bytes become its numbers
depth_unit  where the network gives depth: which part of the crop's side a depth of 1 is; 0.5
            where it is left out
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from posebook.detection.decodings import DECODINGS
from posebook.errors import InputError
from posebook.files import is_number, listed, short
from posebook.methods import network_files
from posebook.methods.label_generator.baseline import DepthAtJoints
from posebook.methods.pose_resnet.network import PoseResNet
from posebook.methods.stacked_hourglass.inputs import PictureInput
from posebook.methods.stacked_hourglass.network import StackedHourglass
from posebook.methods.weak_supervision.network import DepthHourglass, DepthMapResNet
from posebook.skeletons import SKELETONS

#: Networks that a file may name.
NETWORKS: dict[str, type[nn.Module]] = {
    "StackedHourglass": StackedHourglass,
    "PoseResNet": PoseResNet,
    "DepthHourglass": DepthHourglass,
    "DepthMapResNet": DepthMapResNet,
    "DepthAtJoints": DepthAtJoints,
}
#: Those that give a depth for each joint, too.
WITH_DEPTH = ("DepthHourglass", "DepthMapResNet", "DepthAtJoints")
KIND = network_files.Kind(
    "detector",
    ("name", "network", "skeleton", "size", "decoding", "colours", "data", "licence", "metrics"),
    NETWORKS,
)
#: Crops are no larger: published networks take up to 384 px.
_LARGEST_SIDE_PX = 1024
#: Nor do the numbers of one of a network's maps take more than this.
_MOST_BYTES = 1 << 30


def write(path: Path | str, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Path:
    """Write a detector in one step, as `network_files.write` does; InputError, too, where its
    header could not be read back."""
    if all(field in header for field in KIND.required):
        check(path, header, tensors)
    return network_files.write(path, KIND, header, tensors)


def read(path: Path | str) -> tuple[dict[str, Any], nn.Module]:
    """Header and network of a detector file; an InputError of one line for anything else."""
    header, tensors = network_files.read(path, KIND)
    check(path, header, tensors)
    network = network_files.build(path, KIND, header, tensors)
    _try(path, header, network)
    return header, network


def check(path: Path | str, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> None:
    """InputError where a field that only detectors have is not what it should be."""
    size = header["size"]
    if not (
        isinstance(size, list | tuple)
        and len(size) == 2
        and all(type(side) is int and 1 <= side <= _LARGEST_SIDE_PX for side in size)
    ):
        raise InputError(
            f"{path}: size is {size!r:.40}; expected width and height, 1 to {_LARGEST_SIDE_PX} px"
        )
    for field, known in (("skeleton", SKELETONS), ("decoding", DECODINGS)):
        if not isinstance(header[field], str) or header[field] not in known:
            raise InputError(
                f"{path}: {field} is {short(header[field])}; expected {listed(known, 20)}"
            )
    _check_colours(path, header["colours"])
    unit = header.get("depth_unit", 0.5)
    if not is_number(unit) or not 0 < unit <= 1:
        raise InputError(
            f"{path}: depth_unit is {short(unit)}; expected a part of the side, 0 to 1"
        )
    widest = max((max(tensor.shape) for tensor in tensors.values() if tensor.ndim == 4), default=1)
    if size[0] * size[1] * widest > _MOST_BYTES:  # at half the size, in float32
        raise InputError(f"{path}: size is {size}, too large for {widest} channels")


def _check_colours(path: Path | str, colours: Any) -> None:
    expected = "blue_first, divisor, and mean and spread of three numbers"
    if not isinstance(colours, dict) or colours.keys() != PictureInput.__dataclass_fields__.keys():
        raise InputError(f"{path}: colours are {colours!r:.60}; expected {expected}")
    three = (colours["mean"], colours["spread"])
    triples = all(
        isinstance(one, list | tuple) and len(one) == 3 and all(map(is_number, one))
        for one in three
    )
    fits = isinstance(colours["blue_first"], bool) and is_number(colours["divisor"]) and triples
    if not fits or not all(value >= 1e-3 for value in (colours["divisor"], *colours["spread"])):
        raise InputError(f"{path}: colours are {colours!r:.120}; expected {expected}")


def _try(path: Path | str, header: Mapping[str, Any], network: nn.Module) -> None:
    """InputError where the network makes no maps of a grey picture."""
    joints = len(SKELETONS[header["skeleton"]])
    width, height = header["size"]
    try:
        with torch.no_grad():
            answer = network(torch.zeros(1, 3, height, width))
    except (RuntimeError, ValueError, TypeError, ArithmeticError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: network and size do not fit: {reason}") from None
    parts = answer if isinstance(answer, tuple) else (answer,)
    for part in (part if isinstance(part, Tensor) else part[-1] for part in parts):
        if part.shape[1] != joints or not torch.isfinite(part).all():
            raise InputError(
                f"{path}: the network answers {tuple(part.shape)} to a grey picture; expected "
                f"finite numbers for {joints} joints ({header['skeleton']})"
            )
