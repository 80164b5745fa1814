"""One take of Human3.6M as h36m-fetch leaves it: `<subject>/<Action>-<subaction>/annot.h5`.

    pose/2d       (rows, 32, 2)  px
    pose/3d       (rows, 32, 3)  camera axes, absolute, mm. Absent from its first versions
    pose/3d-univ  (rows, 32, 3)  the same motion with the bones of one skeleton for everybody
    camera, frame, subject, action, subaction  (rows,)  whole numbers; frames count from 1, at 50/s

Rows are those of one camera after the other. The first versions wrote `<subject>/<Action>/` without
subaction and count actions from 1; later ones from 2, as Human3.6M does. Which frames are kept has
changed, too: every fifth; or, in later versions, every 64th of S9 and S11 and of the others those
in which a joint has moved by 40 mm.

Source: https://github.com/anibali/h36m-fetch, `process_all.py`, whose layout this follows.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy

from posebook.cameras.human36m import LENSES, PLACES
from posebook.datasets.readers.files import existing, listed
from posebook.datasets.readers.matlab import read_hdf5
from posebook.errors import InputError
from posebook.skeletons import HUMAN36M_KEPT_OF_32

CAMERAS = tuple(lens[0] for lens in LENSES)
#: In Human3.6M's order, from 2 on: 1 is all of them.
ACTIONS = (
    "Directions", "Discussion", "Eating", "Greeting", "Phoning", "Posing", "Purchases", "Sitting",
    "SittingDown", "Smoking", "TakingPhoto", "Waiting", "Walking", "WalkingDog", "WalkTogether",
)  # fmt: skip
#: What VideoPose3D calls them, so that `actions=` means the same everywhere.
_RENAMED = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog"}
_EXPECTED = "annot.h5 of h36m-fetch: pose/2d, pose/3d, camera, frame, subject, action"
_FAR_MM, _FAR_PX = 20_000.0, 100_000.0


@dataclass(frozen=True)
class View:
    """What one camera has of a take: house joints.

    frame  (frames,) int64, rising     pose_mm  (frames, 17, 3) float64, camera axes, absolute
    px     (frames, 17, 2) float64
    """

    frame: numpy.ndarray
    pose_mm: numpy.ndarray
    px: numpy.ndarray


@dataclass(frozen=True)
class Annotations:
    """One annot.h5. take: as in VideoPose3D's archives ('Photo 1'), but with h36m-fetch's number.

    universal  whether the poses are of the universal skeleton, since there are no others
    """

    path: Path
    subject: str
    take: str
    universal: bool
    views: dict[str, View]


def find(root: Path | str) -> list[Path]:
    """Every annot.h5 below `processed/`, or below the folder that holds it, in order."""
    root = existing(root, "the folder processed/ of h36m-fetch")
    for folder in (root, root / "processed"):
        if found := sorted(folder.glob("S*/*/annot.h5"), key=_order):
            return found
    raise InputError(
        f"{root}: no S*/*/annot.h5; expected the folder processed/ that h36m-fetch's "
        "process_all.py writes"
    )


def _order(path: Path) -> tuple:
    subject = path.parts[-3]
    return (list(PLACES).index(subject) if subject in PLACES else len(PLACES), path.parts[-3:])


def take_of(path: Path) -> tuple[str, str, str]:
    """(subject, action, subaction or '') by the names of the two folders."""
    subject, (action, _, number) = path.parts[-3], path.parts[-2].partition("-")
    if subject not in PLACES:
        raise InputError(f"{path}: no cameras are known of '{subject}'; expected {listed(PLACES)}")
    if action not in ACTIONS or not re.fullmatch("(|[1-9][0-9]?)", number):
        raise InputError(
            f"{path}: its folder is no <Action>-<subaction>; actions are {listed(ACTIONS, 20)}"
        )
    return subject, action, number


def read(path: Path) -> Annotations:
    """One file, checked; InputError names the file and what is wrong with it."""
    subject, action, number = take_of(path)
    names = ["pose/2d", "pose/3d", "pose/3d-univ", "camera", "frame", "subject", "action",
             "subaction"]  # fmt: skip
    arrays = read_hdf5(path, _EXPECTED, names)
    universal = "pose/3d" not in arrays
    poses = _joints(arrays, "pose/3d-univ" if universal else "pose/3d", 3, path)
    points = _joints(arrays, "pose/2d", 2, path)
    rows = {name: _whole(arrays, name, len(poses), path) for name in names[3:7]}
    if numpy.abs(points).max() > _FAR_PX:
        raise InputError(f"{path}: pose/2d is further than {_FAR_PX:g} px away; expected pixels")
    if len(points) != len(poses):
        raise InputError(f"{path}: {len(poses)} poses, but {len(points)} of key points")
    _must_be(rows["subject"], {int(subject[1:])}, "subject", path)
    # The first versions, which have no subaction, count from 1.
    first = 2 if "subaction" in arrays else 1
    _must_be(rows["action"], {ACTIONS.index(action) + first}, "action", path)
    if number and "subaction" in arrays:
        numbers = _whole(arrays, "subaction", len(poses), path)
        _must_be(numbers, {int(number)}, "subaction", path)
    _must_be(rows["camera"], {int(camera) for camera in CAMERAS}, "camera", path)
    views = {}
    for camera in CAMERAS:
        own = rows["camera"] == int(camera)
        if own.any():
            frame, pose_mm = rows["frame"][own], poses[own]
            where = f"{path}: camera {camera}"
            if frame[0] < 1 or (numpy.diff(frame) < 1).any():
                raise InputError(f"{where}: frame does not rise from 1 on; expected its numbers")
            depth = pose_mm[..., 2]
            if depth.min() <= 0 or numpy.abs(pose_mm).max() > _FAR_MM:
                raise InputError(
                    f"{where}: joints {depth.min():.0f} to {depth.max():.0f} mm before the camera; "
                    f"expected absolute poses in camera axes, mm, within {_FAR_MM / 1000:g} m"
                )
            views[camera] = View(frame, pose_mm, points[own])
    take = f"{_RENAMED.get(action, action)} {number}".strip()
    return Annotations(path, subject, take, universal, views)


def _there(arrays: dict, name: str, path: Path) -> numpy.ndarray:
    if name not in arrays:
        raise InputError(f"{path}: no {name}; expected {_EXPECTED}")
    return arrays[name]


def _joints(arrays: dict, name: str, axes: int, path: Path) -> numpy.ndarray:
    array, shape = _there(arrays, name, path), f"(rows, 32, {axes})"
    if array.dtype.kind != "f" or array.shape[1:] != (32, axes) or not len(array):
        raise InputError(f"{path}: {name} is {array.dtype} {array.shape}; expected {shape}")
    array = array[:, list(HUMAN36M_KEPT_OF_32)].astype(numpy.float64)
    if not numpy.isfinite(array).all():
        raise InputError(f"{path}: {name} has joints that are no numbers; expected {shape}")
    return array


def _whole(arrays: dict, name: str, count: int, path: Path) -> numpy.ndarray:
    array = _there(arrays, name, path)
    if array.dtype.kind not in "iu" or array.shape != (count,):
        raise InputError(
            f"{path}: {name} is {array.dtype} {array.shape}; expected {count} whole numbers"
        )
    return array.astype(numpy.int64)


def _must_be(array: numpy.ndarray, allowed: set[int], name: str, path: Path) -> None:
    other = sorted(set(array.tolist()) - allowed)
    if other:
        raise InputError(
            f"{path}: {name} is {listed(other, 4)}; expected {listed(sorted(allowed))}"
        )
