"""A folder of prepared key points: N.json, N.npz or N.pkl beside N.jpg, one person each.

That is what the demonstration of Yu et al. 2021 takes: `joints_2d`, 17 joints as the network wants
them, and `original_joints_2d`, the same in pixels of the photograph, (17, 2) each. It ships them
pickled; a pickle is a program, so ours are read by `safe_pickle`, which runs none of it, and .json
(lists) or .npz with the same two names are preferred where both are there.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from jaxtyping import Float
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.datasets.readers import joint_sets
from posebook.datasets.readers.files import existing, listed, read_json, short
from posebook.datasets.readers.keypoint_files import FAR_PX
from posebook.datasets.readers.safe_pickle import read_npz, read_pickle
from posebook.errors import InputError
from posebook.skeletons import HOUSE, YU_17, conversion

PIXELS, NORMALISED = "original_joints_2d", "joints_2d"
_READERS = {
    ".json": lambda path: read_json(path, "prepared key points"),
    ".npz": read_npz,
    ".pkl": read_pickle,
    ".pickle": read_pickle,
}
_PHOTOGRAPHS = (".jpg", ".jpeg", ".png")
_EXPECTED = f"a folder of {', '.join(_READERS)} files with {PIXELS} and {NORMALISED}"


@dataclass(frozen=True)
class Prepared:
    """One person in one photograph.

    clip        one frame, house joints, px; where the file has no pixels, in the file's own units
    normalised  (17, 2) house joints, as the file has them; None where it has none
    photograph  the picture beside the file; None where there is none
    """

    clip: Clip
    normalised: Float[Tensor, "17 2"] | None
    photograph: Path | None


def read(folder: Path | str) -> list[Prepared]:
    """Everybody in the folder, in the order of names (numbers by their value).

    A file may say `layout`, the name of its joint set; without it, the order is that of the
    released code (`skeletons.YU_17`). Raises InputError, one line, for anything else.
    """
    folder = existing(folder, _EXPECTED)
    if not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected {_EXPECTED}")
    files: dict[str, Path] = {}
    for ending in _READERS:  # the first that is there wins
        for file in folder.iterdir():
            if file.suffix.lower() == ending:
                files.setdefault(file.stem, file)
    if not files:
        raise InputError(f"{folder}: holds no prepared key points; expected {_EXPECTED}")
    return [_person(files[name]) for name in sorted(files, key=_by_number)]


def _by_number(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() and len(name) < 10 else (1, 0, name)


def _person(file: Path) -> Prepared:
    held = _READERS[file.suffix.lower()](file)
    if not isinstance(held, dict) or not {PIXELS, NORMALISED} & held.keys():
        found = listed(map(short, held), 4) if isinstance(held, dict) else short(held)
        raise InputError(f"{file}: holds {found}; expected {PIXELS} and {NORMALISED}")
    layout = held.get("layout")
    if isinstance(layout, numpy.ndarray):
        layout = str(layout)
    try:
        skeleton = YU_17 if layout is None else joint_sets.named(layout)
    except InputError as error:
        raise InputError(f"{file}: {error}") from None
    points = {
        key: conversion(skeleton, HOUSE)(_points(held[key], len(skeleton), f"{file}: {key}"))[0]
        for key in (PIXELS, NORMALISED)
        if key in held
    }
    notes = [] if PIXELS in points else ["no pixels in the file: units are the file's own"]
    seen = points.get(PIXELS, points.get(NORMALISED))
    clip = Clip(
        file.stem, HOUSE, None, seen.unsqueeze(0),
        torch.isfinite(seen).all(-1).double().unsqueeze(0), notes=tuple(notes),
    )  # fmt: skip
    beside = [
        other
        for other in sorted(file.parent.iterdir())
        if other.stem == file.stem and other.suffix.lower() in _PHOTOGRAPHS
    ]
    return Prepared(clip, points.get(NORMALISED), beside[0] if beside else None)


def _points(values: Any, joints: int, where: str) -> Tensor:
    """(joints, 2) float64; null and NaN are missing joints."""
    try:
        array = numpy.asarray(values, dtype=numpy.float64)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where} is {short(values)}; expected numbers") from None
    array = array.squeeze(0) if array.shape == (1, joints, 2) else array
    if array.shape != (joints, 2):
        raise InputError(f"{where} has shape {array.shape}; expected ({joints}, 2)")
    seen = numpy.isfinite(array).all(-1)
    if (numpy.abs(array[seen]) > FAR_PX).any():
        raise InputError(f"{where}: coordinates beyond {FAR_PX:g}; expected those of a photograph")
    if seen.sum() < 3 or numpy.ptp(array[seen], axis=0).max() <= 0:
        raise InputError(f"{where}: fewer than three joints, or all in one place")
    return torch.from_numpy(numpy.where(seen[:, None], array, numpy.nan))
