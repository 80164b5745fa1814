"""What a chapter trained, as a detector file beside the chapter's results."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import nn

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import PicturePeople
from posebook.detection.detector import Detector
from posebook.methods.stacked_hourglass.inputs import PictureInput
from posebook.results import Results
from posebook.skeletons import Skeleton


def keep_detector(
    network: nn.Module,
    arguments: Mapping[str, Any],
    *,
    size: int | Sequence[int],
    decoding: str,
    colours: PictureInput,
    skeleton: Skeleton,
    title: str,
    train: PicturePeople,
    book: Results,
    method: str,
    network_class: str = "",
    depth_unit: float | None = None,
    weights: torch.dtype = torch.float32,
    file: str = "",
) -> Path:
    """Write `<chapter>.safetensors` into the run's folder, and give its path.

    network        trained, on the CPU, in evaluation mode
    arguments      what the network is built with
    size           of the crops it takes, px: one number, or (width, height)
    decoding       a key of `decodings.DECODINGS`: 'parabola_of_logits' after training by
                   `cross_entropy`, 'parabola' after training by `squared_error`
    colours        such as `stacked_hourglass.inputs.OURS`
    skeleton       of its maps, one of `skeletons.SKELETONS`
    title          what the detector's name begins with, such as 'stacked hourglass of chapter 8'
    train          the pictures; the detector's licence names their terms
    book, method   the run's results, and the method whose scores go into the file
    network_class  a key of `detector_files.NETWORKS`: the package's twin of a network that the
                   chapter wrote out; without it, the network's own class
    depth_unit     of a network that gives depth: which part of the crop's side a depth of 1 is;
                   None: half of it
    weights        torch.float16 halves the file
    file           its name without ending, where the chapter's name is another file's
    """
    name = network_class or type(network).__name__
    header: dict[str, Any] = dict(
        name=f"{title}, {train.name}, {book.profile} profile, seed {book.seed}",
        network={"class": name, "arguments": dict(arguments)},
        skeleton=skeleton.name,
        size=list(crops.sides(size)),
        decoding=decoding,
        colours={k: list(v) if isinstance(v, tuple) else v for k, v in asdict(colours).items()},
        data=train.name,
        licence=f"weights: MIT; training data: {train.terms or 'its own terms'}",
        metrics=book.of(method),
    )
    if depth_unit is not None:
        header["depth_unit"] = depth_unit
    place = book.out_dir / f"{file or book.chapter}.safetensors"
    return Detector(header, network).save(place, weights)
