"""Key points and positions as bare arrays: .npz, .npy, .csv, .h5.

Two numbers a joint are key points in pixels; three are positions in space, unless the third is a
confidence (between 0 and 1 throughout, beside coordinates that are not) or a depth beside places in
a picture, as MediaPipe writes it. Joint set, unit and axes come from the file's names where it has
them, else from the numbers, and the notes say so.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy
import torch

from posebook.datasets.clips import Clip, Motion
from posebook.datasets.readers import joint_sets, tracking, units_axes
from posebook.datasets.readers.file_kinds import kind
from posebook.datasets.readers.files import frame_rate, listed, picture_size
from posebook.datasets.readers.film import identity_of
from posebook.datasets.readers.keypoint_files import in_pixels, number_frames, numbered
from posebook.datasets.readers.tables import Table, read_tables
from posebook.datasets.readers.tracking import Found
from posebook.datasets.readers.what_numbers import in_joints, is_positions
from posebook.errors import InputError
from posebook.files import regular
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32, Skeleton

#: A text table of more bytes is judged by so many letters at its beginning, before all is read.
_LONG = 8 << 20
_STANDS_ON = ("hip", "knee", "foot", "shoulder")


def holds_positions(path: Path | str, layout: str | None = None) -> bool:
    """Whether a file's arrays are positions in space rather than key points."""
    if regular(path, "key points").stat().st_size > _LONG and kind(path, "key points") == "table":
        in_joints(read_tables(path, _LONG)[0], layout)  # refuses what cannot be a table
    return is_positions(in_joints(read_tables(path)[0], layout))


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
        table = in_joints(table, layout)
        if is_positions(table):
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
    names: dict[str, str] | None = None,
) -> list[Motion]:
    """One motion for each array of positions, (frames, joints, 3), as mm, z up.

    unit, up  as in `bvh.read_bvh`; a key that ends in _mm says the unit, world_mm is z up and
              pose_mm is in camera axes (y down), as this package writes them
    fps       frames per second; 0 stands for not known
    names     {'left_knee': 'name in the file', ...} where joint names are not understood
    """
    motions = []
    for table in read_tables(path):
        table = in_joints(table, layout)
        if not is_positions(table):
            raise InputError(
                f"{table.where}: key points, shape {table.values.shape}; expected positions "
                "(frames, joints, 3); `read_keypoints` reads key points"
            )
        table = _renamed(table, names)
        motions += [_motion(one, layout, unit, up, fps) for one in _one_by_one(table)]
    return motions


def _renamed(table: Table, names: dict[str, str] | None) -> Table:
    """The table with our names for the columns that the user names."""
    if not names:
        return table
    there = table.names or []
    if absent := [theirs for theirs in names.values() if theirs not in there]:
        raise InputError(
            f"{table.where}: no joint is called '{absent[0]:.40}'; there are {listed(there)}"
        )
    ours = {theirs: our for our, theirs in names.items()}
    return replace(table, names=[ours.get(name, name) for name in there])


def _one_by_one(table: Table) -> list[Table]:
    """The rows of each person by themselves, in the order of the frames."""
    if table.who is None:
        return [table]
    made = []
    for name in dict.fromkeys(who for who in table.who if who):
        rows = [row for row, who in enumerate(table.who) if who == name]
        made.append(replace(table, name=f"{table.name}/{name}", values=table.values[rows]))
    return made


def _skeleton(table: Table, layout: str | None) -> tuple[Skeleton, list[int], list[str]]:
    """(joint set, which of the file's joints it takes, notes)."""
    joints = table.values.shape[1]
    if layout is None and table.names is not None and len(table.names) == joints:
        skeleton, kept, note = joint_sets.of_names(table.names, joints, table.where)
        return skeleton, list(range(kept)), [note] if note else []
    if layout is None and joints == 32:
        return HOUSE, list(HUMAN36M_KEPT_OF_32), ["17 of Human3.6M's 32 joints kept"]
    skeleton, kept, note = joint_sets.of_count(
        joints, table.where, layout or table.layout, table.values[..., : 2 + is_positions(table)]
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
    found, missing = _found(table, points[:, kept], confidence[:, kept])
    notes += [missing] if missing else []
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


def _found(table: Table, points: numpy.ndarray, confidence: numpy.ndarray) -> tuple[Found, str]:
    """The rows of a table as people in frames, and a note on frames that are missing."""
    rows = len(points)
    frame, frames, note = numpy.arange(rows), rows, ""
    if table.frames is not None:
        keys = list(dict.fromkeys(table.frames))
        if len(keys) < rows and table.who is None and not any(keys):
            keys = []  # a column without content
        if keys:
            numbers, frames, note = number_frames(keys)
            of_key = dict(zip(keys, numbers.tolist(), strict=True))
            frame = numpy.array([of_key[key] for key in table.frames])
    order = numpy.argsort(frame, kind="stable")
    if table.who is not None:
        given = [identity_of(who) for who in table.who]
    elif len(numpy.unique(frame)) < rows:
        given = [None] * rows  # several in a frame, and nobody says who is who
    else:
        given = ["the person"] * rows  # one throughout
    identity, labels = numbered([given[row] for row in order])
    found = Found(frame[order], points[order], confidence[order], identity, frames, labels)
    return found, note


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
    declared_mm = units_axes.UNITS_MM.get(table.unit.strip().lower())
    if whole:
        leg = units_axes.leg_length(joints)
        to_mm, note = units_axes.millimetres(leg, table.where, unit, declared_mm)
    elif unit is not None:
        to_mm, note = units_axes.given_unit(unit), ""
    else:
        raise InputError(f"{table.where}: no legs to tell the unit by; say --unit")
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
    return "z", "up taken to be z: the person stands along no axis (if it is not: --up)"
