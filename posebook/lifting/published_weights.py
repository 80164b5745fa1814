"""Weights that the authors of a method gave away, or that their code wrote, as one of our lifters.

    gen_epoch_6.npz           Chainer, the generator of 3dpose_gan (Kudo et al. 2018, chapter 12)
    pretrained_h36m_cpn.bin   torch, VideoPose3D (Pavllo et al. 2019, chapter 7)
    tmc_klbone.pth.tar        torch, Ambiguity-Aware-HPE (Yu et al. 2021, chapter 15)

What a file is, is told from the names and shapes in it, not from the file's name. `--lifter FILE`
and `lifting.load` take such a file as they take one of our own; `Lifter.save` writes it as one.
Nothing that a file says is executed, see `torch_files` and `safe_pickle`.
Names and shapes: the published code, read for its facts.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from safetensors import safe_open
from torch import Tensor

from posebook import paths
from posebook.datasets.readers import torch_files
from posebook.datasets.readers.files import listed, read_head, read_json, short
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.skeletons import HOUSE, YU_17

State = dict[str, Tensor]
EXPECTED = (
    "a lifter file (.safetensors), or published weights: a generator of 3dpose_gan (.npz), "
    "VideoPose3D (.bin), Ambiguity-Aware-HPE (.pth.tar)"
)
_JOINTS = len(HOUSE)
_UNKNOWN = "not said in the file"


@dataclass(frozen=True)
class Weights:
    """What a file of weights holds.

    title          what it is, in words; it becomes the lifter's name
    network        the network's class here, and `arguments` to build it with
    state          its state, under our names
    normalisation  a lifter's, see `normalisations`; None: it is no lifter but a critic
    data, licence  what it was trained on, and on what terms it was given away, as far as known
    """

    title: str
    network: str
    arguments: dict[str, Any]
    state: State
    normalisation: dict[str, Any] | None
    data: str
    licence: str


def is_published(start: bytes) -> bool:
    """Whether a file that starts so is no safetensors: .npz, torch's, Keras's, a pickle."""
    return start.startswith((b"PK", b"\x80\x02", b"\x80\x04", b"\x89HDF"))


def as_lifter(path: Path | str, prefix: str) -> tuple[dict[str, Any], State]:
    """Header and tensors, as `lifter_files.read` gives them for a lifter file of our own; `prefix`
    stands before the names of the network's."""
    weights = read(path)
    if weights.normalisation is None:
        raise InputError(
            f"{path}: {weights.title} is no lifter; its generator is (gen_epoch_*.npz)"
        )
    header = dict(
        name=f"{Path(path).stem[:80]}: {weights.title}",
        network={"class": weights.network, "arguments": weights.arguments},
        skeleton=HOUSE.name,
        normalisation=weights.normalisation,
        data=weights.data,
        licence=weights.licence,
        metrics=[],
    )
    tensors = {f"{prefix}{name}": tensor for name, tensor in weights.state.items()}
    return header, tensors | {"mean_place": _mean_place()}


def read(path: Path | str) -> Weights:
    """The weights in a file; InputError, one line, says what a file seems to be that has none."""
    path = Path(path)
    head = read_head(path, EXPECTED, 4)
    if head.startswith(b"\x89HDF"):
        raise InputError(f"{path}: an HDF5 file, such as Keras writes; expected {EXPECTED}")
    if torch_files.is_torch_file(path):
        return _of_torch(path, torch_files.read(path))
    if head.startswith(b"PK"):
        return _kudo(path, read_npz(path))
    raise InputError(f"{path}: a bare pickle, not weights; expected {EXPECTED}")


def _mean_place() -> Tensor:
    """(17, 2): where joints are on average, for those that are missing: as chapter 12's lifter has
    it, since published weights do not say."""
    with safe_open(paths.DATA / "lifters" / "adversarial_lifting.safetensors", "pt") as file:
        return file.get_tensor("mean_place").float()


# ------------------------------------------------------------------------------- Kudo et al. 2018

_CHAINER = {"W": "weight", "b": "bias", "gamma": "weight", "beta": "bias"}
_CHAINER |= {"avg_mean": "running_mean", "avg_var": "running_var"}
_LAYERS = {"l1": "first", "l2": "second", "l3": "third", "l4": "last"}
_LAYERS |= {f"bn{number + 1}": f"norms.{number}" for number in range(3)}
_TRAINER = "updater/model:gen/"


def _kudo(path: Path, arrays: Mapping[str, Any]) -> Weights:
    """The perceptron of 3dpose_gan: generator (17 numbers out) or discriminator (1)."""
    if any(name.startswith(_TRAINER) for name in arrays):  # a whole snapshot of the training
        arrays = {n.removeprefix(_TRAINER): a for n, a in arrays.items() if n.startswith(_TRAINER)}
    if not {f"l{number}/W" for number in range(1, 5)} <= arrays.keys():
        raise InputError(f"{path}: an archive of {listed(arrays, 6)}; expected {EXPECTED}")
    state = {}
    for name, array in arrays.items():
        layer, _, part = name.partition("/")
        if layer in _LAYERS and part in _CHAINER:
            if not isinstance(array, numpy.ndarray) or array.dtype.kind not in "fiu":
                raise InputError(f"{path}: {name} is {short(array)}; expected numbers")
            state[f"{_LAYERS[layer]}.{_CHAINER[part]}"] = torch.tensor(array).float()
    shapes = [tuple(state[f"{layer}.weight"].shape) for layer in ("first", "last")]
    (width, inputs), (outputs, _) = (s if len(s) == 2 else (0, 0) for s in shapes)
    if inputs != 2 * _JOINTS or outputs not in (1, _JOINTS):
        raise InputError(
            f"{path}: a perceptron of {inputs} numbers to {outputs}; expected 3dpose_gan's, of "
            f"{2 * _JOINTS} to {_JOINTS} (generator) or 1 (discriminator)"
        )
    normed = "norms.0.weight" in state
    relu, how, data = _kudo_options(path, normed)
    critic = outputs == 1
    return Weights(
        f"3dpose_gan's {'discriminator' if critic else 'generator'} (Kudo et al. 2018), {how}",
        "KudoCritic" if critic else "KudoGenerator",
        dict(width=width, batch_norm=normed, relu=relu),
        state,
        None
        if critic
        else dict(kind="root_centred", scale="mean_joint_distance", factor=1.0, per="pose"),
        data,
        "3dpose_gan's code: MIT; the weights: not said",
    )


def _kudo_options(path: Path, normed: bool) -> tuple[bool, str, str]:
    """(whether its activation is a ReLU, that in words, the data): the weights do not say, but the
    options.json does that the training wrote beside them. Without it the recipes decide: batch
    normalisation goes with a ReLU, none with a leaky one."""
    file = path.with_name("options.json")
    options = read_json(file, "the options of a 3dpose_gan training") if file.is_file() else {}
    name = options.get("activate_func") if isinstance(options, dict) else None
    if name is None:
        return normed, f"{'ReLU' if normed else 'leaky ReLU'} assumed", _UNKNOWN
    if name not in ("relu", "leaky_relu"):
        raise InputError(f"{file}: activate_func is {short(name)}; expected relu or leaky_relu")
    return name == "relu", name, f"{str(options.get('dataset', ''))[:40]!r} by options.json"


# ------------------------------------------------------------------------------- torch's files


def _of_torch(path: Path, held: Any) -> Weights:
    """VideoPose3D's or Yu's, by the names in it."""
    if not isinstance(held, dict):
        raise InputError(f"{path}: holds {short(held)}; expected {EXPECTED}")
    for key, first, method in (
        ("model_pos", "expand_conv.weight", _videopose3d),
        ("pose_model_state_dict", "lifter_before.pre.0.weight", _yu),
    ):
        # Some keep the state itself, without what else a checkpoint has.
        state = held[key] if isinstance(held.get(key), dict) else held
        tensors = {
            str(name).removeprefix("module."): tensor  # of a training on several devices
            for name, tensor in state.items()
            if isinstance(tensor, Tensor) and tensor.is_floating_point()
        }
        if first in tensors:
            most = path.stat().st_size
            if sum(4 * tensor.numel() for tensor in tensors.values()) > 4 * most:
                raise InputError(f"{path}: tensors of more numbers than the file has; damaged?")
            try:
                return method(path, {name: tensor.float() for name, tensor in tensors.items()})
            except (ValueError, LookupError, TypeError, RuntimeError) as error:
                if isinstance(error, InputError):
                    raise
                raise InputError(
                    f"{path}: {first} and others have shapes that do not fit"
                ) from None
    raise InputError(f"{path}: a checkpoint of {listed(held, 6)}; expected {EXPECTED}")


def _videopose3d(path: Path, theirs: State) -> Weights:
    """Pavllo et al. 2019. The weights say neither whether the network is causal nor which 17 joints
    it takes; `pretrained_h36m_cpn.bin` is not causal and takes Human3.6M's."""
    widths = [theirs["expand_conv.weight"].shape[-1]]
    while (name := f"layers_conv.{2 * len(widths) - 2}.weight") in theirs:
        widths.append(theirs[name].shape[-1])
    channels, inputs = theirs["expand_conv.weight"].shape[:2]
    outputs = theirs["shrink.weight"].shape[0] if "shrink.weight" in theirs else 0
    if (inputs, outputs) != (2 * _JOINTS, 3 * _JOINTS):
        raise InputError(
            f"{path}: VideoPose3D for {inputs // 2} joints in and {outputs // 3} out; expected "
            f"{_JOINTS} of Human3.6M"
        )
    if "coco" in path.name.lower():
        raise InputError(
            f"{path}: by its name VideoPose3D for COCO's joints, which a lifter here does not get; "
            "expected one for Human3.6M's, such as pretrained_h36m_cpn.bin"
        )
    state = {}
    for name, tensor in theirs.items():
        if layer := re.fullmatch(r"layers_(conv|bn)\.(\d{1,3})\.(\w+)", name):
            kind, number, part = layer[1], int(layer[2]), layer[3]
            place = f"blocks.{number // 2}.{'narrow' if number % 2 else 'wide'}"
        elif layer := re.fullmatch(r"expand_(conv|bn)\.(\w+)", name):
            kind, place, part = layer[1], "expand", layer[2]
        else:  # shrink, a filter of width 1
            state[name] = tensor.squeeze(-1) if name == "shrink.weight" else tensor
            continue
        state[f"{place}.{'convolution' if kind == 'conv' else 'norm'}.{part}"] = tensor
    reach = [(widths[0] - 1) * widths[0] ** number + 1 for number in range(len(widths))]
    dense = len(widths) > 1 and widths[0] > 1 and widths == reach
    if dense:  # filters as long as dilated ones reach, an ablation of the paper
        widths = widths[:1] * len(widths)
    return Weights(
        f"VideoPose3D (Pavllo et al. 2019), {math.prod(widths)} frames, taken for one that is not "
        "causal and of Human3.6M's joints",
        "VideoPose3D",
        dict(filter_widths=widths, channels=channels, dense=dense),
        state,
        dict(kind="screen_clip", frames_per_second=50.0),
        _UNKNOWN,
        "VideoPose3D's own weights: CC BY-NC 4.0; of others: not said",
    )


def _yu(path: Path, theirs: State) -> Weights:
    """Yu et al. 2021: key points and depths of `YU_17` in their order; ours are the house's."""
    if others := sorted(
        {n.partition(".")[0] for n in theirs} - {"lifter_before", "lifter_after", "scaler"}
    ):
        raise InputError(
            f"{path}: Ambiguity-Aware-HPE with {listed(others)}, which is not in the release"
        )
    width, inputs = theirs["lifter_before.pre.0.weight"].shape
    if inputs != 2 * _JOINTS:
        raise InputError(
            f"{path}: Ambiguity-Aware-HPE of {inputs} numbers in; expected {2 * _JOINTS}"
        )
    blocks = len({n.split(".")[2] for n in theirs if n.startswith("lifter_before.blocks.")})
    wide = theirs.get("scaler.pre.weight")
    if wide is not None and wide.shape[-1] != 2 * _JOINTS:
        raise InputError(
            f"{path}: a scale network of {wide.shape[-1]} numbers in; the released settings have "
            f"{2 * _JOINTS}"
        )
    branch = f"lifter.blocks.{blocks}."
    renamed = (
        ("lifter_before.pre.", "lifter.first."), ("lifter_before.blocks.", "lifter.blocks."),
        ("lifter_after.out.", "lifter.last."), ("lifter_after.", branch),
        ("scaler.pre.", "scale.first."), ("scaler.blocks.", "scale.blocks."),
        ("scaler.out.", "scale.last."),
    )  # fmt: skip
    # Where each of our joints is among theirs, for depths; and twice for x and y of key points.
    depths = torch.tensor(YU_17.indices(*HOUSE.joints))
    numbers = torch.stack([2 * depths, 2 * depths + 1], -1).flatten()
    state = {}
    for name, tensor in theirs.items():
        start, new = next((pair for pair in renamed if name.startswith(pair[0])), ("", ""))
        new += name.removeprefix(start).replace("sc.", "skip.") if start else name
        if new.endswith("first.0.weight") or new == "scale.first.weight":
            tensor = tensor[:, numbers]
        elif new.endswith("skip.weight") and tensor.shape[-1] > inputs:
            features = tensor.shape[-1] - inputs  # the network's raw input comes after them
            tensor = torch.cat([tensor[:, :features], tensor[:, features:][:, numbers]], -1)
        elif new.startswith("lifter.last.") and len(tensor) == _JOINTS:
            tensor = tensor[depths]
        state[new] = tensor
    scale = wide is not None
    arguments = dict(width=width, blocks=blocks, scale=scale)
    return Weights(
        f"Ambiguity-Aware-HPE (Yu et al. 2021), {'with' if scale else 'without'} a scale network",
        "YuModel",
        arguments | (dict(scale_width=len(wide)) if scale else {}),
        state,
        dict(kind="root_centred", scale="head_hip", factor=0.1, per="clip"),
        _UNKNOWN,
        _UNKNOWN,
    )
