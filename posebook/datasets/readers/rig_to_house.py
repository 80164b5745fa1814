"""A motion-capture rig becomes a Motion of house joints: millimetres, z up, names, notes.

Three questions, each answered from the skeleton itself unless the caller says: how long is the
file's unit, which way is up, and which joints are ours. What was assumed or invented stands in
`Motion.notes`.
"""

from pathlib import Path

import torch
from torch import Tensor

from posebook.datasets.clips import Motion
from posebook.datasets.readers import units_axes
from posebook.datasets.readers.rig_names import find_joints, is_head_by_name
from posebook.datasets.readers.rigs import Rig
from posebook.datasets.readers.units_axes import along, leg_length, stature
from posebook.errors import InputError
from posebook.skeletons import HOUSE

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
    path: Path,
    frames_per_second: float,
    *,
    unit: str | float | int | None = None,
    declared_mm: float | None = None,
    up: str | None = None,
    names: dict[str, str] | None = None,
    subject: str = "",
    notes: tuple[str, ...] = (),
) -> Motion:
    """House joints of a rig, `(frames, 17, 3)` float32, mm, z up, with notes; named after its file.

    unit         mm, cm, inch, m, cmu, or millimetres per unit; None: from the length of the legs
    declared_mm  millimetres per unit as the file says; believed where legs come out human
    up           x, y, z, -x, -y, -z; None: from the skeleton at rest, or from how the person stands
    names        {'left_knee': 'name in the file', ...} where the names are not understood
    """
    joints = find_joints(rig, names, f"{path}")
    where, axes = rig.positions()
    found = {joint: where[:, index] for joint, index in joints.items()}

    sound = torch.isfinite(where).flatten(1).all(1)
    if not sound.any():
        raise InputError(f"{path}: not one frame has finite positions; expected a body in motion")
    standing = {joint: places[sound] for joint, places in found.items()}
    to_mm, unit_note = units_axes.millimetres(leg_length(standing), f"{path}", unit, declared_mm)
    direction, up_note = _up(rig, joints, standing, up)
    house, invented = _house_joints(rig, joints, where, axes)
    notes = (*notes, unit_note, up_note, *invented)
    world_mm = units_axes.to_z_up(to_mm * house, direction)
    known = (torch.isfinite(world_mm) & (world_mm.abs() < _FAR_MM)).all(-1)
    unmarked = HOUSE.indices("neck_nose", "head") if "head" not in joints else []
    known[:, unmarked] = True
    lost = ~known.all(1)
    if lost.all():
        raise InputError(f"{path}: every frame is broken or lies further than 10 km away")
    if lost.any():
        notes += (f"{int(lost.sum())} of {len(rig)} frames have no usable numbers: left empty",)
        world_mm[lost] = torch.nan
    return Motion(
        name=path.stem,
        world_mm=world_mm.to(torch.float32),
        frames_per_second=frames_per_second,
        skeleton=HOUSE,
        subject=subject,
        action=path.stem,
        notes=notes,
    )


def _up(
    rig: Rig, joints: dict[str, int], in_motion: dict[str, Tensor], up: str | None
) -> tuple[str, str]:
    """('y' or another axis of the file, what to say about it).

    The frames know better than the skeleton at rest, which is often drawn in other axes: where the
    person stands along one axis in nearly all of them, that is up.
    """
    if up is not None:
        return units_axes.given_up(up), f"up as given: {up}"
    axis, clear = along(stature(in_motion).median(0).values)
    if clear and _always_stands(in_motion, axis):
        return axis, f"up taken to be {axis}: the person mostly stands along it"
    at_rest = {joint: rig.rest()[index] for joint, index in joints.items()}
    upright = stature(at_rest)
    if _stands(at_rest) and along(upright)[1]:
        rest_axis = along(upright)[0]
        note = f"up taken to be {rest_axis}: the skeleton at rest stands along it"
        if (axis, clear) != (rest_axis, True):
            note += " (the person in motion mostly does not; if that is wrong: --up)"
        return rest_axis, note
    if clear:
        return axis, f"up taken to be {axis}: the person mostly stands along it"
    return "y", "up taken to be y, as BVH has it: neither rest pose nor motion tells (--up)"


def _always_stands(where: dict[str, Tensor], axis: str) -> bool:
    """Whether trunk and legs point along an axis in nine of ten frames."""
    sign, index = -1 if axis.startswith("-") else 1, "xyz".index(axis[-1])
    upright, legs = stature(where), -_leg_vector(where)
    steep = [
        sign * v[:, index] > 0.8 * torch.linalg.vector_norm(v, dim=-1) for v in (upright, legs)
    ]
    return bool((steep[0] & steep[1]).double().mean() > 0.9)


def _stands(where: dict[str, Tensor]) -> bool:
    """Whether a single pose stands: legs and trunk in line, head and feet at opposite ends."""
    upright, legs = stature(where), _leg_vector(where)
    return float(upright @ -legs) > 0.8 * float(upright.norm() * legs.norm())


def _leg_vector(where: dict[str, Tensor]) -> Tensor:
    return sum(where[f"{s}_foot"] - where[f"{s}_hip"] for s in ("left", "right")) / 2


def _house_joints(
    rig: Rig, joints: dict[str, int], where: Tensor, axes: list[Tensor]
) -> tuple[Tensor, list[str]]:
    """(frames, 17, 3) in the file's unit and axes, and what had to be invented."""
    notes: list[str] = []
    found = {joint: where[:, index] for joint, index in joints.items()}
    house = {joint: found[joint] for joint in HOUSE.joints if joint.startswith(("left_", "right_"))}
    between_hips = (house["left_hip"] + house["right_hip"]) / 2
    leg = torch.linalg.vector_norm(house["left_hip"] - house["left_foot"], dim=-1).nanmedian()
    pelvis = found.get("pelvis", between_hips + torch.inf)
    if torch.linalg.vector_norm(pelvis - between_hips, dim=-1).nanmedian() < 0.4 * leg:
        house["hip"] = pelvis
    else:
        house["hip"] = between_hips
        notes.append("hip: between the hips")

    between_shoulders = (house["left_shoulder"] + house["right_shoulder"]) / 2
    if "neck" not in found:
        house["thorax"] = between_shoulders
        notes.append("thorax: between the shoulders")
    elif "neck_2" in found:
        house["thorax"] = (found["neck"] + found["neck_2"]) / 2
        notes.append(
            f"thorax: between {rig.names[joints['neck']]} and {rig.names[joints['neck_2']]}"
        )
    else:
        house["thorax"] = found["neck"]
    house["spine"], note = _spine(rig, joints, where, house)
    notes.extend(note)
    house["neck_nose"], house["head"], note = _face(rig, joints, found, axes, house)
    notes.extend(note)
    return torch.stack([house[joint] for joint in HOUSE.joints], dim=1), notes


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
    notes: list[str] = []
    if "head" not in found:
        unknown = torch.full_like(house["hip"], torch.nan)
        return unknown, unknown, ["neck_nose and head: no joint is called head; left empty"]
    name = rig.names[joints["head"]]
    if not is_head_by_name(name):
        notes.append(f"head and neck: found by their place; the head is '{name}'")
    base = found["head"]
    neck = base - house["thorax"]
    if "head_top" in found and _is_head(found["head_top"] - base, house):
        top = found["head_top"]
    else:
        top = base + neck
        notes.append("head: as far above the Head joint as that is above the thorax")
    ahead = _rest_ahead(rig, joints)
    if ahead is None:
        return base, top, notes
    length = torch.linalg.vector_norm(top - base, dim=-1, keepdim=True)
    nose = base + _NOSE_AHEAD * length * (axes[joints["head"]] @ ahead)
    notes.append("neck_nose: ahead of the Head joint, which is at the base of the skull")
    return nose, top, notes


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
    up, across = stature(where), where["left_hip"] - where["right_hip"]
    ahead = torch.linalg.cross(across, up)
    if not _stands(where) or not float(ahead.norm()) > 0.5 * float(across.norm() * up.norm()):
        return None
    ahead = ahead / ahead.norm()
    neck = where["head"] - where.get("neck", (where["left_shoulder"] + where["right_shoulder"]) / 2)
    if float(neck @ ahead) > 0.3 * float(neck.norm()):
        return None
    return ahead
