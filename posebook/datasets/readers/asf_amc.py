"""ASF/AMC: the motion capture of CMU (and others), a skeleton file and a motion file.

The .asf has bones: direction and length at rest, the axes its angles turn about, and which of them
are free (`dof`). The .amc has, per frame, the root's place and angles and each bone's angles. A
bone begins where its parent ends; here each becomes a joint at its beginning, named after it.
With C the rotation to a bone's axes and M that of its angles, the bone turns by C M C'.
The frame rate is not in the file: CMU's is 120.
Source: the format notes at mocap.cs.cmu.edu; Acclaim's ASF/AMC as by M. Lander 1998.
"""

import math
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from posebook.datasets.clips import Motion
from posebook.datasets.readers.asf import Bone, Skeleton, read_asf
from posebook.datasets.readers.files import (
    existing,
    frame_rate,
    listed,
    plain_numbers,
    read_text,
    short,
)
from posebook.datasets.readers.rig_to_house import house_motion
from posebook.datasets.readers.rigs import Rig
from posebook.errors import InputError
from posebook.geometry import euler_to_matrix

CMU_FRAMES_PER_SECOND = 120.0
_AMC = "an Acclaim motion (.amc)"


def read_amc(path: Path | str, *, fps: float | int | None = None, **options: Any) -> Motion:
    """An .amc motion as house joints, mm, z up; `Motion.notes` says what was assumed.

    Its skeleton is `02.asf` beside `02_01.amc`, or the only .asf in the folder.

    fps      frames per second; None: 120, as CMU recorded
    options  unit (which overrides the length in the .asf), up and names, as in
             `rig_to_house.house_motion`
    """
    path = Path(path)
    rig, skeleton, notes = read_rig(path)
    rate = frame_rate(fps)
    if rate is None:
        rate = CMU_FRAMES_PER_SECOND
        notes += ("120 frames/s assumed, as CMU recorded: the file does not say",)
    subject = path.stem.partition("_")[0] if "_" in path.stem else skeleton.path.stem
    declared_mm = skeleton.millimetres
    return house_motion(
        rig, path, rate, declared_mm=declared_mm, subject=subject, notes=notes, **options
    )


def find_asf(path: Path) -> Path:
    """The skeleton that belongs to a motion file."""
    own = path.with_name(path.stem.partition("_")[0] + ".asf")
    there = [own] if own.exists() else sorted(path.parent.glob("*.asf"))
    if len(there) != 1:
        found = f"{len(there)} of them ({listed(p.name for p in there)})" if there else "none"
        raise InputError(f"{path}: needs its skeleton, {own.name}, beside it; there is {found}")
    return there[0]


def read_rig(path: Path | str) -> tuple[Rig, Skeleton, tuple[str, ...]]:
    """(the skeleton in motion in the file's own unit and axes, the .asf, notes)."""
    path = existing(path, _AMC)
    skeleton = read_asf(find_asf(path))
    rows, notes = _frames(path, skeleton)
    return _rig(skeleton, rows), skeleton, skeleton.doubts + notes


def _frames(path: Path, skeleton: Skeleton) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """{bone: (frames, dof) float64}; NaN where a frame does not say; and notes."""
    dof = {bone.name: len(bone.dof) for bone in skeleton.bones if bone.dof}
    rows: dict[str, list[list[float]]] = {name: [] for name in dof}
    numbers: list[int] = []
    unknown: dict[str, list[float]] = {name: [math.nan] * count for name, count in dof.items()}
    content = read_text(path, _AMC)
    lines = content.splitlines()
    for line, text in enumerate(lines, 1):
        words = text.split()
        if not words or words[0][0] in "#:":
            continue
        words[1:] = plain_numbers(" ".join(words[1:])).split()
        if len(words) == 1 and words[0].isascii() and words[0].isdecimal():
            numbers.append(int(words[0][:15]))
            for name, row in rows.items():
                row.append(unknown[name])
            continue
        whole = words[0] in dof and len(words) == dof[words[0]] + 1 and bool(numbers)
        values = _floats(words[1:]) if whole else None
        if values is not None:
            rows[words[0]][-1] = values
        elif line == len(lines) and len(numbers) > 1 and content[-1] != "\n":
            break  # the file ends within this line: `_cut_short` says so
        else:
            raise InputError(
                f"{path}: line {line} is {short(text.strip())}; expected a frame number, or a "
                f"bone of {skeleton.path.name} and its numbers"
            )
    if not numbers:
        raise InputError(f"{path}: not one frame; expected {_AMC}")
    tables = {name: torch.tensor(row, dtype=torch.float64) for name, row in rows.items()}
    numbers, tables, notes = _cut_short(numbers, tables, content[-1] == "\n", path)
    tables, gaps = _in_place(numbers, tables)
    silent = [name for name, table in tables.items() if bool(table.isnan().all())]
    if "root" not in tables or "root" in silent:
        raise InputError(f"{path}: the root never moves; expected {_AMC}")
    if silent:
        notes += (f"never moved by the file, kept as at rest: {listed(silent)}",)
    spoken = torch.stack([~table.isnan().any(1) for n, table in tables.items() if n not in silent])
    if holes := int((~spoken.all(0) & spoken.any(0)).sum()):
        notes += (f"{holes} of {spoken.shape[1]} frames do not say how every bone is turned",)
    notes += gaps
    return {name: torch.zeros_like(t) if name in silent else t for name, t in tables.items()}, notes


def _floats(words: list[str]) -> list[float] | None:
    try:
        return [float(word) for word in words]
    except ValueError:
        return None


def _cut_short(
    numbers: list[int], tables: dict[str, Tensor], ended: bool, path: Path
) -> tuple[list[int], dict[str, Tensor], tuple[str, ...]]:
    """The same without a last frame that is not whole, and a note on where the file ends.

    ended  the file's last line has a line end
    """
    said = {name for name, table in tables.items() if not table.isnan().all()}
    missing = [name for name in said if bool(tables[name][-1].isnan().any())]
    last = numbers[-1]
    if missing and len(numbers) == 1:
        raise InputError(f"{path}: its only frame is not whole, cut short?; expected {_AMC}")
    if missing:
        note = f"the last frame, {last}, lacks {len(missing)} of {len(said)} bones: left out"
        tables = {name: table[:-1] for name, table in tables.items()}
        return numbers[:-1], tables, (f"{note} (is the file cut short?)",)
    if not ended:
        note = f"the last line, in frame {last}, has no line end: its last number may be cut short"
        return numbers, tables, (note,)
    return numbers, tables, ()


def _in_place(
    numbers: list[int], tables: dict[str, Tensor]
) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """Frames by their numbers: those that are missing are empty (NaN); and a note."""
    when = torch.tensor(numbers) - numbers[0]
    steps = when.diff()
    if not len(steps) or bool((steps == 1).all()):
        return tables, ()
    span = int(when[-1]) + 1
    if bool((steps > 0).all()) and span <= 20 * len(numbers) + 100:
        lost = span - len(numbers)
        placed = {}
        for name, table in tables.items():
            placed[name] = torch.full((span, table.shape[1]), torch.nan, dtype=table.dtype)
            placed[name][when] = table
        text = f"{lost} frame numbers between {numbers[0]} and {numbers[-1]} are missing"
        return placed, (f"{text}: these frames are empty",)
    odd = int((steps != 1).sum())
    return tables, (f"{odd} frame numbers do not follow the one before: taken in the file's order",)


def _rig(skeleton: Skeleton, rows: dict[str, Tensor]) -> Rig:
    """Each bone as a joint at its beginning; a bone without children has an end besides."""
    frames = len(rows["root"])
    index = {bone.name: place for place, bone in enumerate(skeleton.bones)}
    reach = {
        bone.name: torch.tensor(bone.direction, dtype=torch.float64) * bone.length
        for bone in skeleton.bones
    }
    names, parents, offsets, turns = [], [], [], []
    for bone in skeleton.bones:
        names.append(bone.name)
        parents.append(-1 if bone.parent is None else index[bone.parent])
        offsets.append(reach[bone.parent] if bone.parent else torch.zeros(3, dtype=torch.float64))
        turns.append(_turn(bone, rows.get(bone.name), frames, skeleton.degrees))
    for bone in skeleton.bones[1:]:
        if not any(other.parent == bone.name for other in skeleton.bones):
            names.append(f"{bone.name}.end")
            parents.append(index[bone.name])
            offsets.append(reach[bone.name])
            turns.append(torch.eye(3, dtype=torch.float64).expand(frames, 3, 3))
    places = torch.stack(offsets).repeat(frames, 1, 1)
    for column, move in enumerate(skeleton.bones[0].dof):
        if move.startswith("t"):
            places[:, 0, "xyz".index(move[1])] = rows["root"][:, column]
    return Rig(tuple(names), tuple(parents), torch.stack(offsets), places, torch.stack(turns, 1))


def _turn(bone: Bone, rows: Tensor | None, frames: int, degrees: bool) -> Tensor:
    """C M C' per frame; of the angles, those that are not free are 0."""
    to_radians = math.pi / 180 if degrees else 1.0
    angles = torch.zeros(frames, 3, dtype=torch.float64)
    for column, move in enumerate(bone.dof):
        if move.startswith("r"):
            angles[:, "xyz".index(move[1])] = rows[:, column] * to_radians
    axis = torch.tensor(bone.axis, dtype=torch.float64) * to_radians
    # Axis order XYZ turns about x first: Rz Ry Rx, written from left to right as "zyx".
    order = bone.order[::-1]
    picks = ["xyz".index(letter) for letter in order]
    c = euler_to_matrix(axis[picks], order)
    return c @ euler_to_matrix(angles[:, picks], order) @ c.T
