"""What a chapter trained, as a lifter file beside the chapter's results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from posebook.datasets.clips import PoseDataset
from posebook.lifting.lifter import Lifter
from posebook.results import Results
from posebook.skeletons import HOUSE


def keep_lifter(
    network: nn.Module,
    arguments: Mapping[str, Any],
    normalisation: Mapping[str, Any],
    tensors: Mapping[str, Tensor],
    *,
    title: str,
    train: PoseDataset,
    book: Results,
    method: str,
    network_class: str = "",
) -> Path:
    """Write `<chapter>.safetensors` into the run's folder, and give its path.

    network        trained, on the CPU, in evaluation mode
    arguments      what the network is built with
    normalisation  its kind and settings, as in `normalisations`
    tensors        what the normalisation needs besides: means, deviations
    title          what the lifter's name begins with, such as 'repnet of chapter 13'
    train          the data; the lifter's licence names its terms
    book, method   the run's results, and the method whose scores go into the file
    network_class  a key of `lifter_files.NETWORKS`: the package's twin of a network that the
                   chapter wrote out; without it, the network's own class
    """
    name = network_class or type(network).__name__
    header = dict(
        name=f"{title}, {train.name}, {book.profile} profile, seed {book.seed}",
        network={"class": name, "arguments": dict(arguments)},
        skeleton=HOUSE.name,
        normalisation=dict(normalisation),
        data=train.name,
        licence=f"weights: MIT; training data: {train.terms or 'its own terms'}",
        metrics=book.of(method),
    )
    file = book.out_dir / f"{book.chapter}.safetensors"
    return Lifter(header, network, tensors).save(file)
