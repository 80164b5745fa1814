"""A trained lifter as one file: what `network_files` keeps, for networks that lift.

Besides what every such file says, a lifter's header says how poses become the network's numbers
and back: its normalisation.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from posebook.files import read_head, regular
from posebook.lifting import published_weights
from posebook.methods import network_files
from posebook.methods.adversarial_lifting.network import KudoGenerator
from posebook.methods.ambiguity_aware.network import YuModel
from posebook.methods.elepose.network import ElePoseLifter
from posebook.methods.label_generator.network import LabelGenerator
from posebook.methods.network_files import PREFIX
from posebook.methods.repnet.network import RepNetGenerator
from posebook.methods.simple_baseline.network import Martinez
from posebook.methods.temporal_convolutions.network import VideoPose3D
from posebook.methods.video_gan.network import VideoGan

#: Networks that a file may name.
NETWORKS: dict[str, type[nn.Module]] = {
    "Martinez": Martinez,
    "VideoPose3D": VideoPose3D,
    "KudoGenerator": KudoGenerator,
    "YuModel": YuModel,
    "ElePoseLifter": ElePoseLifter,
    "RepNetGenerator": RepNetGenerator,
    "VideoGan": VideoGan,
    "LabelGenerator": LabelGenerator,
}
KIND = network_files.Kind(
    "lifter",
    ("name", "network", "skeleton", "normalisation", "data", "licence", "metrics"),
    NETWORKS,
)


def write(path: Path | str, header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> Path:
    """Write a lifter in one step, as `network_files.write` does."""
    return network_files.write(path, KIND, header, tensors)


def read(path: Path | str) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Header and tensors of a lifter file, or of published weights as `published_weights` reads
    them; an InputError of one line for anything else."""
    path = regular(path, published_weights.EXPECTED)
    if published_weights.is_published(read_head(path, published_weights.EXPECTED, 8)):
        return published_weights.as_lifter(path, PREFIX)
    return network_files.read(path, KIND)


def build_network(
    path: Path | str, header: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> nn.Module:
    """The network that a header names, with its weights, in float32, ready to be used."""
    return network_files.build(path, KIND, header, tensors)
