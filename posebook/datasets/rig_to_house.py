"""A motion-capture rig becomes a Motion of house joints: millimetres, z up, names, notes.

Three questions, each answered from the skeleton itself unless the caller says: how long is the
file's unit, which way is up, and which joints are ours. What was assumed or invented is said in
`Motion.notes`.
"""

import math

import torch
from torch import Tensor

from posebook.datasets.clips import Motion
from posebook.datasets.rig_names import find_joints
from posebook.datasets.rigs import Rig
from posebook.errors import InputError
from posebook.skeletons import HOUSE

UNITS_MM = {"mm": 1.0, "cm": 10.0, "inch": 25.4, "m": 1000.0, "cmu": 25.4 / 0.45}
#: A person's leg, from hip joint to ankle, is between 0.40 and 1.15 m long (an adult's about
#: 0.85). The ranges, in the unit, do not overlap; 'cmu' is 1/0.45 inch, CMU's own unit.
_LEG_IN_UNIT = (
    ("m", 0.3, 2.0), ("cmu", 6.5, 19.0), ("inch", 19.0, 45.0), ("cm", 45.0, 150.0),
    ("mm", 350.0, 1500.0),
)  # fmt: skip
#: Rows take the file's axes to ours (x right, y away, z up) without mirroring.
_TO_Z_UP = {
    "y": [[1, 0, 0], [0, 0, -1], [0, 1, 0]],
    "z": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "x": [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
    "-y": [[1, 0, 0], [0, 0, 1], [0, -1, 0]],
    "-z": [[1, 0, 0], [0, -1, 0], [0, 0, -1]],
    "-x": [[0, -1, 0], [0, 0, 1], [-1, 0, 0]],
}
#: Positions further from the origin than this (mm) are damage, not people.
_FAR_MM = 1e7
#: How far up from hip to thorax the house joint 'spine' lies, about: 0.42 in CMU's clips of 17
#: joints, 0.48 in Human3.6M. The joint of the back that is nearest to this is taken.
_SPINE_AT = 0.42
#: The house joint neck_nose lies ahead of the base of the skull, by this part of the head's length
#: (65 of 92 mm in CMU's clips of 17 joints).
_NOSE_AHEAD = 0.7


def house_motion(
    rig: Rig,
    frames_per_second: float,
    name: str,
    path: str,
    *,
    unit: str | float | None = None,
    declared_mm: float | None = None,
    up: str | None = None,
    names: dict[str, str] | None = None,
    subject: str = "",
    action: str = "",
    notes: tuple[str, ...] = (),
) -> Motion:
    """House joints of a rig, `(frames, 17, 3)` float32, mm, z up, with notes.

    unit  mm, cm, inch, m, cmu, or millimetres per unit; None: from the length of the legs
    declared_mm  millimetres per unit as the file says; believed where legs come out human
    up    x, y, z, -x, -y, -z; None: from the skeleton at rest, or from how the person stands
    names {joint: name in the file} where the names are not understood
    """
    joints = find_joints(rig, names, path)
    where, axes = rig.positions()
    found = {joint: where[:, index] for joint, index in joints.items()}
    told = list(notes)

    sound = torch.isfinite(where).flatten(1).all(1)
    if not sound.any():
        raise InputError(f"{path}: not one frame has finite positions; expected a body in motion")
    to_mm, said = _unit(found, sound, unit, declared_mm, path)
    told.append(said)
    direction, said = _up(rig, joints, found, sound, up, path)
    told.append(said)

    house, invented = _house_joints(rig, joints, where, axes)
    told.extend(invented)
    world_mm = to_mm * house @ torch.tensor(_TO_Z_UP[direction], dtype=house.dtype).T
    known = torch.isfinite(world_mm) & (world_mm.abs() < _FAR_MM)
    lost = ~(known.flatten(1).all(1))
    if lost.all() and "head" in joints:
        raise InputError(f"{path}: every frame is broken or lies further than 10 km away")
    if lost.any() and not lost.all():
        told.append(f"{int(lost.sum())} of {len(rig)} frames have no usable numbers: left empty")
        world_mm[lost] = torch.nan
    return Motion(
        name=name,
        world_mm=world_mm.to(torch.float32),
        frames_per_second=frames_per_second,
        skeleton=HOUSE,
        subject=subject,
        action=action,
        notes=tuple(told),
    )


def _unit(
    found: dict[str, Tensor],
    sound: Tensor,
    unit: str | float | None,
    declared_mm: float | None,
    path: str,
) -> tuple[float, str]:
    """(millimetres per unit, what to say about it)."""
    leg = _leg(found, sound)
    if unit is not None:
        if isinstance(unit, str) and unit.lower() in UNITS_MM:
            to_mm = UNITS_MM[unit.lower()]
        else:
            try:
                to_mm = float(unit)
            except ValueError:
                to_mm = math.nan
        if not (math.isfinite(to_mm) and to_mm > 0):
            raise InputError(
                f"unit is '{unit}'; expected {', '.join(UNITS_MM)} or millimetres per unit"
            )
        return to_mm, f"unit as given: {to_mm:g} mm; the legs are {leg * to_mm:.0f} mm long"
    if declared_mm is not None and 300 <= leg * declared_mm < 1500:
        return declared_mm, f"unit as the file says: {declared_mm:.4g} mm"
    for name, shortest, longest in _LEG_IN_UNIT:
        if shortest <= leg < longest:
            to_mm = UNITS_MM[name]
            return to_mm, f"unit taken to be {name}: the legs are then {leg * to_mm:.0f} mm long"
    raise InputError(
        f"{path}: the legs are {leg:.4g} units long, which fits no unit; say unit= "
        f"({', '.join(UNITS_MM)} or millimetres per unit)"
    )


def _leg(found: dict[str, Tensor], sound: Tensor) -> float:
    """Median length of a leg over the sound frames, in the file's unit."""
    lengths = [
        torch.linalg.vector_norm(found[f"{side}_{a}"] - found[f"{side}_{b}"], dim=-1)
        for side in ("left", "right")
        for a, b in (("hip", "knee"), ("knee", "foot"))
    ]
    return float(torch.stack(lengths)[:, sound].sum(0).median() / 2)


def _stature(where: dict[str, Tensor]) -> Tensor:
    """From between the ankles to between the shoulders, (..., 3)."""
    return (
        where["left_shoulder"] + where["right_shoulder"] - where["left_foot"] - where["right_foot"]
    ) / 2


def _up(
    rig: Rig, joints: dict[str, int], found: dict[str, Tensor], sound: Tensor,
    up: str | None, path: str,
) -> tuple[str, str]:  # fmt: skip
    """('y' or another axis of the file, what to say about it)."""
    if up is not None:
        if up.lower() not in _TO_Z_UP:
            raise InputError(f"up is '{up}'; expected {', '.join(_TO_Z_UP)}")
        return up.lower(), f"up as given: {up.lower()}"
    in_motion = _axis(_stature({j: w[sound] for j, w in found.items()}).median(0).values)
    rest = rig.rest()
    at_rest = {joint: rest[index] for joint, index in joints.items()}
    stature, legs = _stature(at_rest), _leg_vector(at_rest)
    if float(stature @ -legs) > 0.8 * float(stature.norm() * legs.norm()):
        axis, clear = _axis(stature)
        if clear:
            note = f"up taken to be {axis}: the skeleton at rest stands along it"
            if in_motion != (axis, True):
                note += " (the person in motion mostly does not; if that is wrong, say up=)"
            return axis, note
    if in_motion[1]:
        return in_motion[0], f"up taken to be {in_motion[0]}: the person mostly stands along it"
    return "y", "up taken to be y, as BVH has it: neither rest pose nor motion tells"


def _leg_vector(where: dict[str, Tensor]) -> Tensor:
    return sum(where[f"{s}_foot"] - where[f"{s}_hip"] for s in ("left", "right")) / 2


def _axis(vector: Tensor) -> tuple[str, bool]:
    """The axis a vector mostly points along, and whether it clearly does."""
    index = int(vector.abs().argmax())
    clear = bool(vector[index].abs() > 0.8 * vector.norm())
    return ("-" if vector[index] < 0 else "") + "xyz"[index], clear


def _house_joints(
    rig: Rig, joints: dict[str, int], where: Tensor, axes: list[Tensor]
) -> tuple[Tensor, list[str]]:
    """(frames, 17, 3) in the file's unit and axes, and what had to be invented."""
    said: list[str] = []
    found = {joint: where[:, index] for joint, index in joints.items()}
    house = {joint: found[joint] for joint in HOUSE.joints if joint.startswith(("left_", "right_"))}
    between_hips = (house["left_hip"] + house["right_hip"]) / 2
    leg = torch.linalg.vector_norm(house["left_hip"] - house["left_foot"], dim=-1).nanmedian()
    pelvis = found.get("pelvis", between_hips + torch.inf)
    if torch.linalg.vector_norm(pelvis - between_hips, dim=-1).nanmedian() < 0.4 * leg:
        house["hip"] = pelvis
    else:
        house["hip"] = between_hips
        said.append("hip: between the hips")

    between_shoulders = (house["left_shoulder"] + house["right_shoulder"]) / 2
    if "neck" not in found:
        house["thorax"] = between_shoulders
        said.append("thorax: between the shoulders")
    elif "neck_2" in found:
        house["thorax"] = (found["neck"] + found["neck_2"]) / 2
        said.append(
            f"thorax: between {rig.names[joints['neck']]} and {rig.names[joints['neck_2']]}"
        )
    else:
        house["thorax"] = found["neck"]
    house["spine"], note = _spine(rig, joints, where, house)
    said.extend(note)
    house["neck_nose"], house["head"], note = _face(rig, joints, found, axes, house)
    said.extend(note)
    return torch.stack([house[joint] for joint in HOUSE.joints], dim=1), said


def _spine(
    rig: Rig, joints: dict[str, int], where: Tensor, house: dict[str, Tensor]
) -> tuple[Tensor, list[str]]:
    """The joint of the back nearest to `_SPINE_AT` of the way up, or a point there."""
    trunk = house["thorax"] - house["hip"]
    top = joints.get("neck", joints["left_shoulder"])
    best, nearest = None, 0.25
    for index in rig.chain(top)[1:]:
        if index in (joints.get("pelvis"), joints.get("head")):
            continue
        along = ((where[:, index] - house["hip"]) * trunk).sum(-1) / trunk.square().sum(-1)
        away = abs(float(along.nanmedian()) - _SPINE_AT)
        if away < nearest:
            best, nearest = index, away
    if best is None:
        return house["hip"] + 0.45 * trunk, ["spine: 0.45 of the way from hip to thorax"]
    return where[:, best], []


def _face(
    rig: Rig, joints: dict[str, int], found: dict[str, Tensor], axes: list[Tensor],
    house: dict[str, Tensor],
) -> tuple[Tensor, Tensor, list[str]]:  # fmt: skip
    """neck_nose and head. A joint called Head sits at the base of the skull; its end is the top."""
    said: list[str] = []
    if "head" not in found:
        unknown = torch.full_like(house["hip"], torch.nan)
        return unknown, unknown, ["neck_nose and head: no joint is called head; left empty"]
    base = found["head"]
    neck = base - house["thorax"]
    if "head_top" in found and _is_head(found["head_top"] - base, house):
        top = found["head_top"]
    else:
        top = base + neck
        said.append("head: as far above the Head joint as that is above the thorax")
    ahead = _rest_ahead(rig, joints)
    if ahead is None:
        return base, top, said
    length = torch.linalg.vector_norm(top - base, dim=-1, keepdim=True)
    nose = base + _NOSE_AHEAD * length * (axes[joints["head"]] @ ahead)
    said.append("neck_nose: ahead of the Head joint, which is at the base of the skull")
    return nose, top, said


def _is_head(vector: Tensor, house: dict[str, Tensor]) -> bool:
    """Whether an end is as long as a head: a twelfth to a half of a thigh and shin together."""
    leg = torch.linalg.vector_norm(house["left_hip"] - house["left_knee"], dim=-1) * 2
    part = (torch.linalg.vector_norm(vector, dim=-1) / leg).nanmedian()
    return bool(0.05 < part < 0.5)


def _rest_ahead(rig: Rig, joints: dict[str, int]) -> Tensor | None:
    """Where the face looks in the rest pose, as a unit vector in the Head joint's axes.

    None where the rest pose is no standing person, or where the Head joint already lies well ahead
    of the neck: then it marks the face itself.
    """
    rest = rig.rest()
    where = {joint: rest[index] for joint, index in joints.items()}
    up, across = _stature(where), where["left_hip"] - where["right_hip"]
    standing = float(up @ -_leg_vector(where)) > 0.8 * float(up.norm() * _leg_vector(where).norm())
    ahead = torch.linalg.cross(across, up)
    if not standing or not float(ahead.norm()) > 0.5 * float(across.norm() * up.norm()):
        return None
    ahead = ahead / ahead.norm()
    neck = where["head"] - where.get("neck", (where["left_shoulder"] + where["right_shoulder"]) / 2)
    if float(neck @ ahead) > 0.3 * float(neck.norm()):
        return None
    return ahead
