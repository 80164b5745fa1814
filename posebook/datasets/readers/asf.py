"""ASF: the skeleton file of CMU's motion capture, bones with directions, lengths and axes.

Source: the format notes at mocap.cs.cmu.edu.
"""

import math
from dataclasses import dataclass, field
from pathlib import Path

from posebook.datasets.readers.files import (
    listed,
    number,
    plain_numbers,
    read_text,
    short,
    three_numbers,
)
from posebook.errors import InputError

_ASF = "an Acclaim skeleton (.asf)"
_MOST_BONES = 1000
#: Directions are rounded to a few digits; hands of one person differ in length by a sixth.
_NOT_UNIT, _UNEVEN = 0.01, 1.5
_OF_NUMBERS = ("direction", "length", "axis", "position", "orientation")
_MOVES = ("tx", "ty", "tz", "rx", "ry", "rz", "l")


@dataclass
class Bone:
    """One bone of the .asf, or its root (length 0): lengths in the file's unit, angles as there."""

    name: str
    parent: str | None = None
    direction: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    length: float = 0.0
    axis: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    order: str = "xyz"
    dof: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Skeleton:
    """An .asf file: bones with parents before children, the root first."""

    path: Path
    bones: tuple[Bone, ...]
    millimetres: float
    degrees: bool

    @property
    def doubts(self) -> tuple[str, ...]:
        """What looks damaged, one note a kind."""
        bones = {bone.name: bone for bone in self.bones[1:]}
        size = {name: math.hypot(*bone.direction) for name, bone in bones.items()}
        short = [name for name, bone in bones.items() if bone.length == 0 or size[name] == 0]
        bent = [name for name in bones if name not in short and abs(size[name] - 1) > _NOT_UNIT]
        uneven = [
            f"{name} {bone.length:g} and {other.name} {other.length:g}"
            for name, bone in bones.items()
            if name.startswith("l") and (other := bones.get("r" + name[1:])) is not None
            and max(bone.length, other.length) > _UNEVEN * min(bone.length, other.length)
        ]  # fmt: skip
        kinds = {
            "bones without length or direction": short,
            "bones whose direction is not 1 long, and which are that much shorter or longer": bent,
            "bones of left and right that differ much in length": uneven,
        }
        return tuple(
            f"{self.path.name} has {what} (damaged?): {listed(found)}"
            for what, found in kinds.items()
            if found
        )


def read_asf(path: Path | str) -> Skeleton:
    """An .asf file: its bones, the length of its unit, degrees or radians."""
    text = read_text(path, _ASF)
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] = []
    for line in text.splitlines():
        words = line.split("#")[0].split()
        if words and words[0].lower() in _OF_NUMBERS:
            words = [words[0], *plain_numbers(" ".join(words[1:])).split()]
        if words and words[0].startswith(":"):
            current = sections.setdefault(words[0][1:].lower(), [])
            words = words[1:]
        if words:
            current.append(words)
    if "bonedata" not in sections or "hierarchy" not in sections or "root" not in sections:
        raise InputError(f"{path}: lacks :root, :bonedata or :hierarchy; expected {_ASF}")
    units = {words[0].lower(): words[-1] for words in sections.get("units", [])}
    scale = number(units.get("length", "1"), path, ":units length")
    if scale <= 0:
        raise InputError(f"{path}: :units length is {scale:g}; expected more than 0")
    bones = {bone.name: bone for bone in _bones(sections["bonedata"], path)}
    bones["root"] = _root(sections["root"], path)
    ordered = _in_order(bones, sections["hierarchy"], path)
    return Skeleton(
        Path(path), tuple(ordered), 25.4 / scale, not units.get("angle", "deg").startswith("rad")
    )


def _root(lines: list[list[str]], path: Path | str) -> Bone:
    fields = {words[0].lower(): words[1:] for words in lines}
    root = Bone("root", dof=[word.lower() for word in fields.get("order", [])])
    root.order = (fields.get("axis") or ["xyz"])[0].lower()
    if "orientation" in fields:
        root.axis = three_numbers(fields["orientation"][:3], path, "root orientation")
    _check(root, path)
    return root


def _bones(lines: list[list[str]], path: Path | str) -> list[Bone]:
    """The begin ... end blocks of :bonedata."""
    bones: list[Bone] = []
    bone: Bone | None = None
    for words in lines:
        word, rest = words[0].lower(), words[1:]
        if word == "begin":
            bone = Bone("")
        elif bone is None:
            raise InputError(f"{path}: :bonedata says {short(' '.join(words))}; expected 'begin'")
        elif word == "end":
            _check(bone, path)
            bones.append(bone)
            bone = None
        elif word == "name" and rest:
            bone.name = rest[0]
        elif word == "direction":
            bone.direction = three_numbers(rest[:3], path, f"direction of {short(bone.name)}")
        elif word == "length" and rest:
            bone.length = number(rest[0], path, f"length of {short(bone.name)}")
        elif word == "axis":
            bone.axis = three_numbers(rest[:3], path, f"axis of {short(bone.name)}")
            bone.order = rest[3].lower() if len(rest) > 3 else "xyz"
        elif word == "dof":
            bone.dof = [move.lower() for move in rest]
    if bone is not None or not 0 < len(bones) <= _MOST_BONES:
        raise InputError(f"{path}: :bonedata has {len(bones)} whole bones; expected {_ASF}")
    if len({bone.name for bone in bones}) < len(bones):
        raise InputError(f"{path}: :bonedata has two bones of one name")
    return bones


def _check(bone: Bone, path: Path | str) -> None:
    if bone.length < 0:
        raise InputError(
            f"{path}: length of {short(bone.name)} is {bone.length:g}; expected 0 or more"
        )
    if not bone.name:
        raise InputError(f"{path}: :bonedata has a bone without a name")
    if sorted(bone.order) != ["x", "y", "z"]:
        raise InputError(
            f"{path}: axis order of {short(bone.name)} is {short(bone.order)}; expected XYZ"
        )
    if len(set(bone.dof)) < len(bone.dof) or not set(bone.dof) <= set(_MOVES):
        raise InputError(
            f"{path}: dof of {short(bone.name)} is {short(' '.join(bone.dof))}; expected rx"
        )


def _in_order(bones: dict[str, Bone], lines: list[list[str]], path: Path | str) -> list[Bone]:
    """Bones with their parents set, parents first. (The file may list them in any order.)"""
    children: dict[str, list[str]] = {}
    for parent, *below in lines:
        for child in below:
            if parent not in bones or child not in bones or child == "root":
                raise InputError(
                    f"{path}: :hierarchy joins {short(parent)} and {short(child)}; "
                    "expected bones of :bonedata"
                )
            if bones[child].parent is not None:
                raise InputError(f"{path}: :hierarchy gives {short(child)} two parents")
            bones[child].parent = parent
            children.setdefault(parent, []).append(child)
    ordered, ahead = [], ["root"]
    while ahead:
        bone = ahead.pop(0)
        ordered.append(bones[bone])
        ahead[:0] = children.get(bone, [])
    return ordered
