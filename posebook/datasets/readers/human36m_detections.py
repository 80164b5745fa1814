"""Key points for Human3.6M, of every detector whose files are in a folder.

    data_2d_h36m_<detector>.npz                    VideoPose3D's archives; `gt`: the true ones
    S1/StackedHourglass/<take>.<camera>.h5         `hourglass_h5`: of a stacked hourglass trained on
                                                   MPII, as Martinez et al. gave them away
    S1/StackedHourglassFineTuned240/...            `hourglass_ft_h5`: fine-tuned on Human3.6M

An .h5 file holds `poses`: (frames, 16, 2) or (frames, 32) px in MPII's order, or (frames, 17, 2) or
(frames, 34) in Human3.6M's. The fine-tuned hourglass answers with Human3.6M's spine, thorax and
head where MPII has thorax, upper neck and head. VideoPose3D's `sh_pt_mpii` and `sh_ft_h36m` are the
same two.
Sources: Martinez et al. 2017, arXiv:1705.03098; Pavllo et al. 2019, arXiv:1811.11742.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.readers.files import short
from posebook.datasets.readers.human36m_archives import layout_of, subjects_of, to_house
from posebook.datasets.readers.matlab import read_hdf5
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.skeletons import HOURGLASS_16, HOUSE, MPII_16, Conversion, Skeleton

HOURGLASS = {
    "hourglass_h5": ("StackedHourglass", MPII_16),
    "hourglass_ft_h5": ("StackedHourglassFineTuned240", HOURGLASS_16),
}
_POSES = "an HDF5 file with poses (frames, 16, 2) px"
_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}


@dataclass
class Detections:
    """One detector's key points.

    pictures  (subject, take, names of the cameras) -> an array for each camera, None where there
              is no file for it; None where there is nothing for the take
    convert   (joints of an array, where it is) -> how they become house joints; None: they are
    """

    pictures: Callable[[str, str, Sequence[str]], list[Any] | None]
    convert: Callable[[int, str], Conversion | None]
    notes: list[str] = field(default_factory=list)


def names(root: Path) -> list[str]:
    """The detectors in a folder."""
    archives = (path.stem.removeprefix("data_2d_h36m_") for path in root.glob("data_2d_h36m_*.npz"))
    return sorted(archives) + [name for name in HOURGLASS if hourglass_files(root, name)]


def read(root: Path, name: str) -> Detections:
    """The key points of one of `names`."""
    if name in HOURGLASS:
        return _of_hourglass(root, name)
    return of_archive(root / f"data_2d_h36m_{name}.npz")


def of_archive(path: Path) -> Detections:
    """The key points of a 2D archive."""
    archive = read_npz(path)
    seen = subjects_of(archive, "positions_2d", path)
    convert, joints, note = layout_of(archive.get("metadata"), seen, path)

    def pictures(subject: str, take: str, _: Sequence[str]) -> list[Any] | None:
        arrays = seen.get(subject, {}).get(take)
        if arrays is None:
            return None
        if not isinstance(arrays, list | numpy.ndarray):
            raise InputError(
                f"{path}: {subject} {short(take)}: {short(arrays)}; expected an array for each "
                "camera"
            )
        return list(arrays)

    def conversion_of(count: int, where: str) -> Conversion | None:
        if count != joints:
            raise InputError(f"{where}: {count} joints, but {joints} in other clips")
        return convert

    return Detections(pictures, conversion_of, [note] if note else [])


def hourglass_files(root: Path, name: str) -> dict[tuple[str, str, str], Path]:
    """{(subject, take, camera): file}, in the folder or in `h36m` inside it."""
    folder = HOURGLASS[name][0]
    inside = f"S*/{folder}/*.h5"
    found = {}
    for path in sorted([*root.glob(inside), *root.glob(f"h36m/{inside}")]):
        take, _, camera = path.stem.rpartition(".")
        found.setdefault((path.parent.parent.name, _take(take.replace("_", " ")), camera), path)
    return found


def _take(take: str) -> str:
    """'TakingPhoto 1' -> 'Photo 1': S1 has other names for two actions in some copies."""
    return re.sub(r"^(TakingPhoto|WalkingDog)\b", lambda match: _RENAMED[match[1]], take)


def _of_hourglass(root: Path, name: str) -> Detections:
    files = hourglass_files(root, name)
    skeleton = HOURGLASS[name][1]
    layouts: dict[int, tuple[Skeleton, Conversion | None]] = {
        16: (skeleton, to_house(skeleton)),
        17: (HOUSE, None),
    }
    detections = Detections(lambda *_: None, lambda count, _: layouts[count][1])

    def pictures(subject: str, take: str, cameras: Sequence[str]) -> list[Any] | None:
        found = [files.get((subject, _take(take), camera)) for camera in cameras]
        if not any(found):
            return None
        arrays = [None if path is None else _poses(path) for path in found]
        for array in arrays:
            convert = None if array is None else layouts[array.shape[1]][1]
            note = convert.describe() if convert is not None else ""
            if note and note not in detections.notes:
                detections.notes.append(note)
        return arrays

    detections.pictures = pictures
    return detections


def _poses(path: Path) -> numpy.ndarray:
    """(frames, 16 or 17, 2)"""
    array = read_hdf5(path, _POSES, ["poses"]).get("poses")
    if array is not None and array.dtype.kind in "fiu" and array.size:
        if array.ndim == 2 and array.shape[1] in (32, 34):
            array = array.reshape(len(array), -1, 2)
        if array.ndim == 3 and array.shape[1:] in ((16, 2), (17, 2)):
            return array
    what = "no poses" if array is None else f"poses {array.dtype} of shape {array.shape}"
    raise InputError(f"{path}: {what}; expected {_POSES}")
