"""Marker positions with names: TRC (OpenSim, Pose2Sim, Motion Analysis) and C3D.

TRC is text: three lines about the file, a line of marker names, one of axes, then a row a frame:
its number, its time, x, y, z of each marker. C3D is binary and is read by the package ezc3d, where
that is installed, in a process of its own. Names that are joints (RHip, LKnee, LAnkle, LKJC) become
joints; markers on the skin (LASI, RKNE) are none, and are refused unless the user names them.
Sources: OpenSim's documentation, "Marker (.trc) Files"; c3d.org, "The C3D File Format".
"""

import re
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy

from posebook.datasets.readers.files import listed, plain_numbers, read_lines
from posebook.datasets.readers.matlab import read_c3d_arrays
from posebook.datasets.readers.text_tables import number
from posebook.errors import InputError

#: The house joints as `posebook lift` names them in a .trc: as Pose2Sim does, whose models for
#: OpenSim know these names. None of them has a marker at the spine or at neck_nose.
NAMES = {
    "hip": "Hip", "right_hip": "RHip", "right_knee": "RKnee", "right_foot": "RAnkle",
    "left_hip": "LHip", "left_knee": "LKnee", "left_foot": "LAnkle", "spine": "Spine",
    "thorax": "Neck", "neck_nose": "NeckNose", "head": "Head", "left_shoulder": "LShoulder",
    "left_elbow": "LElbow", "left_wrist": "LWrist", "right_shoulder": "RShoulder",
    "right_elbow": "RElbow", "right_wrist": "RWrist",
}  # fmt: skip
_TRC = "marker positions (.trc): PathFileType, DataRate, ..., then a row a frame"
_C3D = "a motion in C3D"


@dataclass(frozen=True)
class Markers:
    """values (frames, markers, 3) in the file's unit and axes, NaN where missing; names; the unit
    as the file says it, or ''; frames per second, or None."""

    values: numpy.ndarray
    names: list[str]
    unit: str
    frames_per_second: float | None


def read_trc(path: Path) -> Markers:
    """A .trc file."""
    lines = read_lines(path, _TRC)
    split = "\t" if any("\t" in line for line in lines[:6]) else None
    rows = [[cell.strip() for cell in line.split(split)] for line in lines]
    about = dict(zip(rows[1], rows[2], strict=False)) if len(rows) > 5 else {}
    titles = [n for n, row in enumerate(rows[:10]) if re.match("(?i)frame ?#?$", "".join(row[:1]))]
    if not titles or "DataRate" not in about:
        raise InputError(f"{path}: no lines DataRate and Frame#; expected {_TRC}")
    names = [cell for cell in rows[titles[0]][2:] if cell]
    axes = [re.fullmatch("(?i)(.+?)[ _.]?([xyz])", name) for name in names]
    if len(names) > 2 and all(axes) and axes[0][1] == axes[1][1] == axes[2][1]:
        names = [axis[1] for axis in axes[::3]]  # a column of its own for each axis
    values = []
    for line, row in enumerate(rows[titles[0] + 1 :], titles[0] + 2):
        if not row or not re.fullmatch(r"\d+(\.0*)?", row[0]):
            continue  # the line of axes, or an empty one
        if split is None or any("," in cell for cell in row):
            row = [plain_numbers(cell) for cell in row]
        cells = (row[2:] + [""] * 3 * len(names))[: 3 * len(names)]
        found = [number(cell) for cell in cells]
        if None in found:
            raise InputError(f"{path}: line {line} holds a word; expected numbers")
        values.append(found)
    if names == list(NAMES.values()):  # our own: what it calls Neck is between the shoulders
        names = list(NAMES)
    if not names or not values:
        raise InputError(f"{path}: {len(names)} markers, {len(values)} frames; expected {_TRC}")
    table = numpy.array(values).reshape(len(values), -1, 3)
    table[(table == 0).all(-1)] = numpy.nan  # how markers that were not seen are written
    rate = number(about["DataRate"].replace(",", "."))
    return Markers(table, names, about.get("Units", ""), rate if rate and rate > 0 else None)


def read_c3d(path: Path) -> Markers:
    """A .c3d file, through ezc3d."""
    if find_spec("ezc3d") is None:
        raise InputError(
            f"{path}: is a C3D file, which needs the package ezc3d: `pip install ezc3d`, or export "
            "the motion as TRC or BVH"
        )
    held = read_c3d_arrays(path, _C3D)
    points, names = held.get("points"), [str(name) for name in held.get("labels", ())]
    if points is None or points.ndim != 3 or points.shape[0] < 3 or not points.shape[2]:
        raise InputError(f"{path}: no marker positions in it; expected {_C3D}")
    values = points[:3].transpose(2, 1, 0).astype(numpy.float64)
    if len(names) < values.shape[1]:
        raise InputError(f"{path}: {values.shape[1]} markers, names {listed(names, 4)}; damaged?")
    values[(values == 0).all(-1)] = numpy.nan
    rate = float(held.get("rate", numpy.zeros(1)).reshape(-1)[0])
    return Markers(values, names[: values.shape[1]], str(held.get("unit", "")), rate or None)
