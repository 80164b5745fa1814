"""Weights of the user's own for a pose ResNet: ImageNet's classifier, or a whole pose network.

Names: torchvision's ResNet and the published code of Xiao et al. 2018, read for their facts. Taught
in 09_pose_resnet.
"""

from pathlib import Path

from posebook.datasets.readers import torch_files
from posebook.errors import InputError
from posebook.methods.pose_resnet.network import BLOCKS, PoseResNet
from posebook.methods.stacked_hourglass.weights import State, fill


def read(path: Path | str, network: PoseResNet) -> str:
    """Fill a pose ResNet from a file that `torch.save` wrote; returns what was filled, in words.

    - A ResNet trained on ImageNet (torchvision's `resnet50-*.pth`): the body; its classifier is
      left out, and layers that enlarge and the head stay as they are.
    - A pose ResNet of Xiao et al. (`pose_resnet_101_384x384.pth.tar`) or of bzhao96: all of it. If
      the file's joints are as many as the network's, the head too; otherwise the head stays as it
      is, which is how bzhao96 starts from MPII's sixteen joints.
    InputError, one line, for a file of anything else, also of another depth.
    """
    state = {
        name: tensor
        for name, tensor in torch_files.read_state(path).items()
        if not name.startswith("fc.")
    }
    check_depth(path, state, network)
    if not any(name.startswith("deconv_layers.") for name in state):
        fill(path, network, state, but=("deconv_layers.", "final_layer."))
        return "the body; the layers that enlarge and the head are new"
    return fill_pose(path, state, network)


def fill_pose(path: Path | str, state: State, network: PoseResNet) -> str:
    """Fill body, enlarging layers and, where it has as many joints, the head."""
    joints = len(state["final_layer.bias"]) if "final_layer.bias" in state else 0
    wanted = network.final_layer.out_channels
    if joints == wanted:
        fill(path, network, state)
        return "all of it"
    body = {n: tensor for n, tensor in state.items() if not n.startswith("final_layer.")}
    fill(path, network, body, but=("final_layer.",))
    return f"all but the head, which is new: {joints} joints in the file, {wanted} here"


def check_depth(path: Path | str, state: State, network: PoseResNet) -> None:
    """InputError if the file is of no ResNet, or of one of another depth."""
    counts = tuple(
        len({n.split(".")[1] for n in state if n.startswith(f"layer{part}.")})
        for part in range(1, 5)
    )
    kind = counts, "layer1.0.conv3.weight" in state
    depths = [depth for depth, known in BLOCKS.items() if known == kind]
    if not depths:
        raise InputError(
            f"{path}: not the weights of a ResNet of {', '.join(map(str, BLOCKS))} layers"
        )
    if depths[0] != network.depth:
        raise InputError(f"{path}: a ResNet of {depths[0]} layers; the network has {network.depth}")
