"""Key points and positions as bare arrays: .npz, .npy, .csv.

Two numbers a joint are key points in pixels; three are positions in space, unless the third is a
confidence: between 0 and 1 throughout, beside coordinates that are not. Joint set, unit and axes
come from the file's names where it has them, else from the numbers, and the notes say so.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy
import torch

from posebook.datasets.clips import Clip, Motion
from posebook.datasets.readers import joint_sets, tracking, units_axes
from posebook.datasets.readers.files import frame_rate, picture_size
from posebook.datasets.readers.keypoint_files import in_pixels
from posebook.datasets.readers.tables import KEYPOINT_KEYS, POSITION_KEYS, Table, read_tables
from posebook.datasets.readers.tracking import Found
from posebook.errors import InputError
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32, Skeleton

#: Numbers in a row, where the file does not say what is a joint: (joints, numbers for each).
_FLAT = {
    28: (14, 2), 32: (16, 2), 34: (17, 2), 36: (18, 2), 50: (25, 2), 56: (28, 2), 62: (31, 2),
    42: (14, 3), 48: (16, 3), 51: (17, 3), 54: (18, 3), 75: (25, 3), 84: (28, 3), 93: (31, 3),
    96: (32, 3), 64: (32, 2),
}  # fmt: skip
_STANDS_ON = ("hip", "knee", "foot", "shoulder")


def holds_positions(path: Path | str) -> bool:
    """Whether a file's arrays are positions in space rather than key points."""
    return _is_positions(_in_joints(read_tables(path)[0], None))


def read_keypoints(
    path: Path | str,
    layout: str | None = None,
    size: Sequence[int] | str | None = None,
    person: int | str | None = None,
    fps: float | None = None,
) -> list[Clip]:
    """One clip for each array of key points, (frames, joints, 2) px or with confidence third."""
    clips = []
    for table in read_tables(path):
        table = _in_joints(table, layout)
        if _is_positions(table):
            raise InputError(
                f"{table.where}: positions in space, shape {table.values.shape}; expected key "
                "points (frames, joints, 2); `read_motion` reads positions"
            )
        clips += _clip(table, layout, size, person, fps)
    return clips


def read_positions(
    path: Path | str,
    layout: str | None = None,
    *,
    unit: str | float | int | None = None,
    up: str | None = None,
    fps: float | None = None,
) -> list[Motion]:
    """One motion for each array of positions, (frames, joints, 3), as mm, z up.

    unit, up  as in `bvh.read_bvh`; a key that ends in _mm says the unit, world_mm is z up and
              pose_mm is in camera axes (y down), as this package writes them
    fps       frames per second; 0 stands for not known
    """
    motions = []
    for table in read_tables(path):
        table = _in_joints(table, layout)
        if not _is_positions(table):
            raise InputError(
                f"{table.where}: key points, shape {table.values.shape}; expected positions "
                "(frames, joints, 3); `read_keypoints` reads key points"
            )
        motions.append(_motion(table, layout, unit, up, fps))
    return motions


def _in_joints(table: Table, layout: str | None) -> Table:
    """The same with (frames, joints, 2 or 3), where the file had rows of numbers."""
    if table.values.ndim == 3:
        return table
    wide = table.values.shape[1]
    names = layout or table.layout
    joints = len(joint_sets.named(names)) if names else len(table.names or ()) or None
    if joints is None and wide in _FLAT:
        joints = _FLAT[wide][0]
    if joints is None or wide not in (2 * joints, 3 * joints):
        raise InputError(
            f"{table.where}: {wide} numbers in a row are no joint set known; say layout="
        )
    values = table.values.reshape(len(table.values), joints, -1)
    return replace(table, values=values)


def _is_positions(table: Table) -> bool:
    if table.values.shape[2] == 2 or table.key in KEYPOINT_KEYS:
        return False
    if table.key in POSITION_KEYS:
        return True
    with numpy.errstate(invalid="ignore"):
        third = table.values[..., 2]
        third = third[numpy.isfinite(third)]
        flat = table.values[..., :2]
        flat = flat[numpy.isfinite(flat)]
    between = len(third) > 0 and third.min() >= 0 and third.max() <= 1.001
    return not (between and len(flat) > 0 and numpy.abs(flat).max() > 20)


def _skeleton(table: Table, layout: str | None) -> tuple[Skeleton, list[int], list[str]]:
    """(joint set, which of the file's joints it takes, notes)."""
    joints = table.values.shape[1]
    if layout is None and table.names is not None and len(table.names) == joints:
        return joint_sets.of_names(table.names, table.where), list(range(joints)), []
    if layout is None and joints == 32:
        return HOUSE, list(HUMAN36M_KEPT_OF_32), ["17 of Human3.6M's 32 joints kept"]
    skeleton, kept, note = joint_sets.of_count(
        joints, table.where, layout or table.layout, table.values[..., : 2 + _is_positions(table)]
    )
    return skeleton, list(range(kept)), [note] if note else []


def _clip(
    table: Table, layout: str | None, size: Sequence[int] | str | None,
    person: int | str | None, fps: float | None,
) -> list[Clip]:  # fmt: skip
    skeleton, kept, notes = _skeleton(table, layout)
    size_px = picture_size(size) or picture_size(table.size, f"{table.where}: size")
    confidence = table.confidence
    if confidence is None:
        with_third = table.values.shape[2] == 3
        confidence = table.values[..., 2] if with_third else numpy.ones(table.values.shape[:2])
    points, confidence, note = in_pixels(table.values[..., :2], confidence, size_px, table.where)
    frames = len(points)
    found = Found(
        frame=numpy.arange(frames),
        points_px=points[:, kept],
        confidence=confidence[:, kept],
        identity=numpy.zeros(frames, dtype=numpy.int64),  # an array is one person throughout
        frames=frames,
    )
    return tracking.clips(
        found,
        skeleton,
        table.name,
        table.where,
        person=person,
        size_px=size_px,
        frames_per_second=fps or frame_rate(table.frames_per_second, table.where),
        notes=tuple(notes + ([note] if note else [])),
    )


def _motion(
    table: Table,
    layout: str | None,
    unit: str | float | int | None,
    up: str | None,
    fps: float | None,
) -> Motion:
    skeleton, kept, notes = _skeleton(table, layout)
    points = torch.from_numpy(table.values[:, kept])
    points = torch.where(torch.isfinite(points).all(-1, keepdim=True), points, torch.nan)
    if not torch.isfinite(points).any():
        raise InputError(f"{table.where}: not one position is finite; expected lengths")
    joints = {
        f"{side}_{joint}": points[:, skeleton.index(f"{side}_{joint}")]
        for side in ("left", "right")
        for joint in _STANDS_ON
        if f"{side}_{joint}" in skeleton.joints
    }
    whole = len(joints) == 2 * len(_STANDS_ON)

    if unit is None and table.key.endswith("_mm"):
        unit = "mm"
    if whole:
        to_mm, note = units_axes.millimetres(units_axes.leg_length(joints), table.where, unit)
    elif unit is not None:
        to_mm, note = units_axes.given_unit(unit), ""
    else:
        raise InputError(f"{table.where}: no legs to tell the unit by; say unit=")
    notes += [note] if note else []

    direction, note = _up(table, joints if whole else None, up)
    notes.append(note)
    world_mm = units_axes.to_z_up(to_mm * points, direction)
    far = ~(world_mm.abs() <= 1e7).all(-1, keepdim=True)
    if far.all():
        raise InputError(f"{table.where}: every joint is over 10 km away; expected a person")
    rate = fps or frame_rate(table.frames_per_second, table.where)
    if rate is None:
        notes.append("frames per second not known")
    return Motion(
        name=table.name,
        world_mm=torch.where(far, torch.nan, world_mm).to(torch.float32),
        frames_per_second=rate or 0.0,
        skeleton=skeleton,
        action=table.name,
        notes=tuple(notes),
    )


def _up(table: Table, joints: dict | None, up: str | None) -> tuple[str, str]:
    if up is not None:
        return units_axes.given_up(up), f"up as given: {up}"
    if table.key == "world_mm":
        return "z", "world axes, z up, by the name world_mm"
    if table.key == "pose_mm":
        return "-y", "camera axes, y down, by the name pose_mm"
    if joints is not None:
        upright = units_axes.stature(joints)
        upright = upright[torch.isfinite(upright).all(-1)]
        if len(upright):
            axis, clear = units_axes.along(upright.median(0).values)
            if clear and math.isfinite(float(upright.abs().max())):
                return axis, f"up taken to be {axis}: the person mostly stands along it"
    return "z", "up taken to be z: the person stands along no axis (if it is not, say up=)"
