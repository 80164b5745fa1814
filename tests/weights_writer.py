"""Files of weights under the names and in the shapes that published code gives them."""

from pathlib import Path

import numpy as np
import torch

C = 12  # units of a hidden layer


def kudo(path: Path, arrays: dict, prefix: str, snapshot: bool = False) -> Path:
    """Chainer's .npz of the small network whose golden arrays begin with `prefix`."""
    parts = {"mean": "avg_mean", "var": "avg_var"}
    held = {}
    for name, array in arrays.items():
        words = name.removeprefix(f"{prefix}_").split("_")
        if name.startswith(f"{prefix}_") and len(words) == 2 and words[0][0] in "lb":
            held[f"{words[0]}/{parts.get(words[1], words[1])}"] = array.numpy()
    if any(name.startswith("bn") for name in held):
        held |= {f"bn{number}/N": np.array(7) for number in (1, 2, 3)}
    if snapshot:
        held = {f"updater/model:gen/{name}": array for name, array in held.items()}
        held |= {"updater/iteration": np.array(9), "updater/model:dis/l1/W": np.zeros((4, 34))}
    with open(path, "wb") as file:
        np.savez_compressed(file, **held)
    return path


def videopose3d(path: Path, state: dict, old: bool = False) -> Path:
    """A checkpoint as VideoPose3D's run.py writes it, with its random generator and its optimiser.

    old  in torch's format before version 1.6, as the authors' own files are
    """
    state = {name: tensor.float() if tensor.is_floating_point() else tensor
             for name, tensor in state.items()}  # fmt: skip
    parameter = torch.nn.Parameter(state["shrink.bias"].clone())
    optimiser = torch.optim.Adam([parameter], amsgrad=True)
    parameter.grad = torch.ones_like(parameter)
    optimiser.step()
    random = np.random.RandomState(1234)
    held = dict(
        epoch=80, lr=1e-4, random_state=random, optimizer=optimiser.state_dict(), model_pos=state,
        model_traj=None, random_state_semi=None,
    )  # fmt: skip
    torch.save(held, path, _use_new_zipfile_serialization=not old)
    return path


def linear(state: dict, name: str, inputs: int, outputs: int, draw) -> None:
    state[f"{name}.weight"], state[f"{name}.bias"] = draw(outputs, inputs), draw(outputs)


def norm(state: dict, name: str, width: int, draw) -> None:
    state |= {f"{name}.weight": draw(width), f"{name}.bias": draw(width)}
    state |= {f"{name}.running_mean": draw(width), f"{name}.running_var": draw(width).abs() + 0.5}
    state[f"{name}.num_batches_tracked"] = torch.tensor(9)


def block(state: dict, name: str, draw) -> None:
    for number in (0, 4):
        linear(state, f"{name}.main.{number}", C, C, draw)
        norm(state, f"{name}.main.{number + 1}", C, draw)
    linear(state, f"{name}.sc", C + 34, C, draw)


def yu_state(scale: bool, blocks: int = 2) -> dict:
    """The pose model of Yu et al. 2021, under its names, with numbers drawn here."""
    generator = torch.Generator().manual_seed(5)

    def draw(*shape):
        return 0.2 * torch.randn(*shape, generator=generator)

    state: dict = {}
    linear(state, "lifter_before.pre.0", 34, C, draw)
    norm(state, "lifter_before.pre.1", C, draw)
    for number in range(blocks):
        block(state, f"lifter_before.blocks.{number}", draw)
    block(state, "lifter_after", draw)
    linear(state, "lifter_after.out", C, 17, draw)
    if scale:
        linear(state, "scaler.pre", 34, C, draw)
        block(state, "scaler.blocks.0", draw)
        linear(state, "scaler.out", C, 1, draw)
    return state


def yu(path: Path, scale: bool = True, several: bool = False, old: bool = False) -> dict:
    """A checkpoint as main.py of Ambiguity-Aware-HPE writes it; returns its pose model's state.

    several  of a training on several devices
    """
    state = yu_state(scale)
    named = {f"module.{name}": tensor for name, tensor in state.items()} if several else state
    held = dict(
        epoch=3, auc=0.0, p1_mpjpe=87.85, p2_mpjpe=np.float64(42.0), pose_model_state_dict=named,
        discriminator_state_dict={"out.weight": torch.zeros(1, C)}, optimizer_g={"state": {}},
    )  # fmt: skip
    torch.save(held, path, _use_new_zipfile_serialization=not old)
    return state
