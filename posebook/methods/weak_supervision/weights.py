"""Weights of Zhou's own networks, from files of the user's, and the start of one stage from the
last.

Names: the published code, first and later form, read for its facts. Taught in 10_weak_supervision.
"""

from pathlib import Path

from posebook.datasets.readers import torch_files
from posebook.methods.pose_resnet.weights import check_depth
from posebook.methods.stacked_hourglass.weights import fill, of_zhou
from posebook.methods.weak_supervision.network import DepthHourglass, DepthMapResNet

#: What the first stage does not train, and a network for 2D does not have.
_NEW = ("depth.", "places.from_features.", "places.from_heatmaps.")


def read(path: Path | str, network: DepthHourglass | DepthMapResNet) -> str:
    """Fill a network from a file that `torch.save` wrote; returns what was filled, in words.

    A file of 2D alone serves too, as stage two begins: depth, and an hourglass's last feedback,
    which such a network does not have, stay as they are. InputError, one line, for anything else,
    and for a file that holds the whole network as an object.
    """
    state = torch_files.read_state(path)
    if isinstance(network, DepthMapResNet):
        heads = {"hm": "places.final_layer", "final_layer": "places.final_layer", "depth": "depth"}
        check_depth(path, state, network.places)
        ours = {}
        for name, tensor in state.items():
            part, _, rest = name.partition(".")
            ours[f"{heads[part]}.{rest}" if part in heads else f"places.{name}"] = tensor
        whole = "depth.weight" in ours
        fill(path, network, ours, but=("depth.",) if not whole else ())
    else:
        theirs = of_zhou(state)
        whole = any(name.startswith("depth.") for name in theirs)
        ours = {n if n.startswith("depth.") else f"places.{n}": t for n, t in theirs.items()}
        fill(path, network, ours, but=_NEW if not whole else ())
    return "all of it" if whole else "what 2D needs; depth is new"
