"""The archives that VideoPose3D made common: what is in one, checked, as arrays and joint sets.

    data_3d_h36m.npz             positions_3d: {subject: {action: (frames, 32 or 17, 3)}}, metres,
                                 world axes (z up)
    data_2d_h36m_<detector>.npz  positions_2d: {subject: {action: [one array per camera]}}, each
                                 (frames, joints, 2), pixels; metadata: layout_name, num_joints
    data_2d_custom_<name>.npz    the same by video, with one 'camera' and the action 'custom';
                                 metadata has the size of each video

HumanEva's (`humaneva`) have 15 joints, and subjects such as 'Train/S1'.

Source: Pavllo et al. 2019, arXiv:1811.11742.
"""

import re
import zipfile
from pathlib import Path
from typing import Any

import numpy
import torch

from posebook.datasets.clips import Clip
from posebook.datasets.readers import joint_sets
from posebook.datasets.readers.files import listed, picture_size, short
from posebook.datasets.readers.keypoint_files import in_pixels
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.files import regular
from posebook.skeletons import (
    HOURGLASS_16,
    HOUSE,
    HUMAN36M_KEPT_OF_32,
    HUMANEVA_15,
    Conversion,
    Skeleton,
    conversion,
)

_FAR_M = 1000.0
#: The house joints without neck_nose.
HUMAN36M_16 = Skeleton(
    "human36m_16",
    tuple(joint for joint in HOUSE.joints if joint != "neck_nose"),
    tuple(
        "thorax" if parent == "neck_nose" else parent
        for joint, parent in zip(HOUSE.joints, HOUSE.parents, strict=True)
        if joint != "neck_nose"
    ),
    "hip",
    HOUSE.source,
)


def holds(path: Path, key: str) -> bool:
    """Whether an .npz has pickled `key` ('positions_2d', 'positions_3d'); nothing is unpickled."""
    path = regular(path, "a NumPy archive (.npz)")
    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{key}.npy") as member:
            return b"|O" in member.read(128)
    except Exception:  # whatever it is, the reader of arrays will say what is wrong with it
        return False


def read_keypoints(
    path: Path | str, size: Any = None, fps: float | int | None = None
) -> list[Clip]:
    """The clips of a 2D archive by itself: data_2d_h36m_* or data_2d_custom_* (any video)."""
    archive = read_npz(path)
    videos = subjects_of(archive, "positions_2d", path)
    metadata = _dict(archive.get("metadata"))
    sizes = _dict(metadata.get("video_metadata"))
    clips = []
    for video, takes in videos.items():
        entry = _dict(sizes.get(video))
        own = entry.get("w"), entry.get("h")
        size_px = picture_size(own if None not in own else size, f"{path}: size of {short(video)}")
        for take, pictures in takes.items():
            where = f"{path}: {short(video)} {short(take)}"
            if not isinstance(pictures, list | numpy.ndarray):
                raise InputError(f"{where}: {short(pictures)}; expected an array for each camera")
            for camera, points in enumerate(pictures):
                if points is None:  # no file of this camera when the archive was made
                    continue
                table = table_of(points, 2, where)
                skeleton, note = skeleton_of(metadata, table, where, Path(path).stem)
                name = video if take == "custom" else f"{video}/{take}"
                known, confidence = known_points(table, where, size_px)
                clips.append(
                    Clip(
                        name=name if len(pictures) == 1 else f"{name}/{camera + 1}",
                        skeleton=skeleton,
                        frames_per_second=fps,
                        keypoints_px=known,
                        confidence=confidence,
                        size_px=size_px,
                        subject=video,
                        action="" if take == "custom" else action_of(take),
                        notes=(note,) if note else (),
                    )
                )
    if not clips:
        raise InputError(f"{path}: positions_2d is empty; expected key points")
    return clips


def _dict(held: Any) -> dict:
    """What is held, if it is a dict: archives by other people may have anything there."""
    return held if isinstance(held, dict) else {}


def action_of(take: str) -> str:
    """'Walking 1' -> 'Walking'; 'Directing Traffic 4 (train)' -> 'Directing Traffic'; HumanEva's
    'Box 1 chunk0' -> 'Box'."""
    return re.sub(r"(\s+\d+)?(\s+chunk\d+|\s*\([^()]*\))?\s*$", "", take) or take


def read_subjects(path: Path, key: str) -> dict[str, dict[str, Any]]:
    """`subjects_of` an archive's file."""
    return subjects_of(read_npz(path), key, path)


def subjects_of(archive: dict[str, Any], key: str, path: Path | str) -> dict[str, dict[str, Any]]:
    """The nested dicts of an archive, checked."""
    subjects = archive.get(key)
    if not isinstance(subjects, dict) or not subjects:
        raise InputError(f"{path}: holds {listed(archive)}; expected {key} by subject and action")
    for subject, takes in subjects.items():
        if not isinstance(subject, str) or not isinstance(takes, dict):
            raise InputError(f"{path}: {key} of {short(subject)}; expected arrays by action")
        if not all(isinstance(take, str) for take in takes):
            raise InputError(f"{path}: {key} of {subject}; expected names of actions")
    return subjects


def table_of(array: Any, numbers: int, where: str) -> numpy.ndarray:
    """(frames, joints, numbers), checked: float32 where the file has that, else float64."""
    if isinstance(array, list):
        try:
            array = numpy.array(array, dtype=numpy.float64)
        except (TypeError, ValueError, OverflowError):
            array = None
    shape = getattr(array, "shape", ())
    # Two numbers and, in some archives, a score; or three: joints are never so few.
    wide = range(numbers, 4)
    if len(shape) != 3 or shape[2] not in wide or 0 in shape or array.dtype.kind not in "fiu":
        raise InputError(
            f"{where}: {short(array) if array is None else f'an array of shape {shape}'}; expected "
            f"(frames, joints, {numbers})"
        )
    precision = numpy.float32 if array.dtype == numpy.float32 else numpy.float64
    return array[..., :numbers].astype(precision, copy=False)


def world_mm(array: Any, where: str, skeleton: Skeleton = HOUSE) -> torch.Tensor:
    """Joints of `skeleton` (the house's out of 32, too), mm, from metres; NaN where the file has
    no number."""
    metres = table_of(array, 3, where)
    if skeleton is HOUSE and metres.shape[1] == 32:
        metres = metres[:, list(HUMAN36M_KEPT_OF_32)]
    if metres.shape[1] != len(skeleton):
        expected = "32 or 17" if skeleton is HOUSE else len(skeleton)
        raise InputError(f"{where}: {metres.shape[1]} joints; expected {expected}")
    known = numpy.isfinite(metres)
    if not known.any() or numpy.abs(metres).max(where=known, initial=0.0) > _FAR_M:
        raise InputError(f"{where}: no numbers, or further than {_FAR_M:g} m away; expected metres")
    metres = metres if known.all() else numpy.where(known, metres, numpy.nan)
    return torch.from_numpy((1000 * metres).astype(numpy.float32))


def known_points(
    table: numpy.ndarray, where: str, size_px: tuple[int, int] | None
) -> tuple[torch.Tensor, torch.Tensor]:
    sure = numpy.ones(table.shape[:2], dtype=numpy.float32)
    points, confidence, _ = in_pixels(table, sure, size_px, where)
    if not confidence.any():
        raise InputError(f"{where}: not one key point is a number; expected pixels")
    return (
        torch.from_numpy(points.astype(numpy.float32)),
        torch.from_numpy(confidence.astype(numpy.float32)),
    )


def skeleton_of(
    metadata: Any, table: numpy.ndarray, where: str, name: str = ""
) -> tuple[Skeleton, str]:
    """(the joint set of a 2D archive, a note or '').

    It follows from the archive's layout_name, else from how many joints there are and, of 16, from
    the archive's name: a stacked hourglass fine-tuned on Human3.6M (`sh_ft_h36m`) keeps MPII's
    order and marks Human3.6M's joints. What keypoints_symmetry calls left and right must be so.
    """
    joints = table.shape[1]
    layout = _dict(metadata).get("layout_name")
    layout = layout if isinstance(layout, str) else None
    note = ""
    if layout == "h36m" and joints == 16:
        skeleton = HUMAN36M_16
    elif joints == 16 and layout in (None, "mpii") and "ft_h36m" in name:
        skeleton, note = HOURGLASS_16, f"16 joints taken to be {HOURGLASS_16.name}, by the name"
    elif joints == 15 and layout is None and "humaneva15" in name:
        skeleton, note = HUMANEVA_15, f"15 joints taken to be {HUMANEVA_15.name}, by the name"
    else:
        try:
            skeleton, _, note = joint_sets.of_count(joints, where, layout)
        except InputError:
            skeleton, _, note = joint_sets.of_count(joints, where, None, table)
    left, right = _sides(metadata, where)

    def fits(candidate: Skeleton) -> bool:
        return left <= set(candidate.left) and right <= set(candidate.right)

    if layout is None and joints == 17 and not fits(skeleton) and fits(HOUSE):
        skeleton, note = HOUSE, f"17 joints taken to be {HOUSE.name}, by keypoints_symmetry"
    if not fits(skeleton):
        raise InputError(
            f"{where}: keypoints_symmetry has {listed(sorted(left))} on the left and "
            f"{listed(sorted(right))} on the right, but its joints, {skeleton.name}, have "
            f"{listed(skeleton.left)} and {listed(skeleton.right)}"
        )
    return skeleton, note


def _sides(metadata: Any, where: str) -> tuple[set[int], set[int]]:
    """(left joints, right joints) of keypoints_symmetry; empty where there is none."""
    pair = _dict(metadata).get("keypoints_symmetry")
    try:
        left, right = ({int(joint) for joint in side} for side in pair or ((), ()))
    except (TypeError, ValueError, OverflowError):
        raise InputError(
            f"{where}: keypoints_symmetry is {short(pair)}; expected two lists of joints"
        ) from None
    return left, right


def layout_of(
    metadata: Any, seen: dict[str, dict[str, Any]], path: Path
) -> tuple[Conversion | None, int, str]:
    """(how the archive's joints become house joints, or None where they are; how many they are;
    what to say about it)."""
    lists = [held for takes in seen.values() for held in takes.values() if isinstance(held, list)]
    first = next((points for pictures in lists for points in pictures if points is not None), None)
    table = table_of(first, 2, f"{path}: the first clip")
    if table.shape[1] == 32:
        return None, 32, "17 of 32 key points kept"
    skeleton, note = skeleton_of(metadata, table, str(path), path.stem)
    convert = to_house(skeleton)
    change = "" if convert is None else convert.describe()
    return convert, len(skeleton), "; ".join(part for part in (note, change) if part)


def to_house(skeleton: Skeleton) -> Conversion | None:
    """The conversion to house joints; None where they are."""
    return None if skeleton is HOUSE else conversion(skeleton, HOUSE)
