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
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.readers.files import short
from posebook.datasets.readers.human36m_archives import layout_of, subjects_of, to_house
from posebook.datasets.readers.matlab import read_hdf5
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.skeletons import HOURGLASS_16, MPII_16, Conversion

HOURGLASS = {
    "hourglass_h5": ("StackedHourglass", MPII_16),
    "hourglass_ft_h5": ("StackedHourglassFineTuned240", HOURGLASS_16),
}
_POSES = "an HDF5 file with poses (frames, 16, 2) px"
_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}


class Archive:
    """One detector's key points, from a 2D archive."""

    def __init__(self, path: Path):
        archive = read_npz(path)
        self.path, self.seen = path, subjects_of(archive, "positions_2d", path)
        layout = layout_of(archive.get("metadata"), self.seen, path)
        self.to_house, self.joints, note = layout
        self.notes = [note] if note else []

    def pictures(self, subject: str, take: str, cameras: Sequence[str]) -> list[Any] | None:
        """An array for each camera, None where there is none; None where the take has nothing."""
        arrays = self.seen.get(subject, {}).get(take)
        if arrays is not None and not isinstance(arrays, list | numpy.ndarray):
            raise InputError(
                f"{self.path}: {subject} {short(take)}: {short(arrays)}; expected an array for "
                "each camera"
            )
        return None if arrays is None else list(arrays)

    def conversion(self, joints: int, where: str) -> Conversion | None:
        """How so many joints, found at `where`, become house joints; None: they are."""
        if joints != self.joints:
            raise InputError(f"{where}: {joints} joints, but {self.joints} in other clips")
        return self.to_house


class Hourglass:
    """The key points of a stacked hourglass, from a file for each take and camera."""

    def __init__(self, root: Path, name: str):
        self.files = hourglass_files(root, name)
        self.to_house = to_house(HOURGLASS[name][1])
        self.notes: list[str] = []

    def pictures(self, subject: str, take: str, cameras: Sequence[str]) -> list[Any] | None:
        """As of an `Archive`."""
        found = [self.files.get((subject, _take(take), camera)) for camera in cameras]
        if not any(found):
            return None
        arrays = [None if path is None else _poses(path) for path in found]
        if not self.notes and any(array is not None and array.shape[1] == 16 for array in arrays):
            self.notes.append(self.to_house.describe())
        return arrays

    def conversion(self, joints: int, where: str) -> Conversion | None:
        """As of an `Archive`; 17 joints are house joints already."""
        return self.to_house if joints == 16 else None


Detections = Archive | Hourglass


def names(root: Path) -> list[str]:
    """The detectors in a folder."""
    archives = (path.stem.removeprefix("data_2d_h36m_") for path in root.glob("data_2d_h36m_*.npz"))
    return sorted(archives) + [name for name in HOURGLASS if hourglass_files(root, name)]


def read(root: Path, name: str) -> Detections:
    """The key points of one of `names`."""
    if name in HOURGLASS:
        return Hourglass(root, name)
    return Archive(root / f"data_2d_h36m_{name}.npz")


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
