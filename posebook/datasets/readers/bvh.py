"""BVH: motion capture as a tree of joints and a table of angles.

HIERARCHY names the joints, each with an OFFSET from its parent and the CHANNELS that move it, in
the order in which they are applied; MOTION holds one row of numbers per frame. Three channels turn
a joint; six move it too, and the position then replaces the offset. Unit and axes are not in the
file (see `rig_to_house`).
Source: Meredith & Maddock 2001, "Motion Capture File Formats Explained", University of Sheffield.
"""

import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor

from posebook.datasets.clips import Motion
from posebook.datasets.readers.files import (
    frame_rate,
    number,
    plain_numbers,
    read_text,
    short,
    three_numbers,
)
from posebook.datasets.readers.rig_to_house import house_motion
from posebook.datasets.readers.rigs import Rig
from posebook.errors import InputError
from posebook.geometry import euler_to_matrix

_EXPECTED = "a BVH motion file (HIERARCHY, then MOTION)"
_MOST_JOINTS = 1000
_CHANNEL = re.compile(r"[xyz](position|rotation)")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|[+-]?(inf|nan)", re.IGNORECASE)


@dataclass
class _Node:
    """One joint as the HIERARCHY block writes it; channels like 'xposition', in file order."""

    name: str
    parent: int
    offset: list[float] | None = None
    channels: list[str] = field(default_factory=list)


def read_bvh(path: Path | str, *, fps: float | int | None = None, **options: Any) -> Motion:
    """A BVH file as house joints, mm, z up; `Motion.notes` says what was assumed.

    fps      overrides the file's frame time
    options  unit, up and names, as in `rig_to_house.house_motion`
    """
    rig, rate, notes = read_rig(path)
    return house_motion(rig, Path(path), frame_rate(fps) or rate, notes=notes, **options)


def read_rig(path: Path | str) -> tuple[Rig, float, tuple[str, ...]]:
    """(the skeleton in motion, in the file's own unit and axes; frames per second; notes)."""
    text = re.sub(r"(?m)^[ \t]*(#|//).*$", "", read_text(path, _EXPECTED))
    parts = re.split(r"(?im)^[ \t]*MOTION[ \t]*$", text, maxsplit=1)
    if len(parts) != 2 or "HIERARCHY" not in parts[0][:2000].upper():
        raise InputError(f"{path}: no HIERARCHY and MOTION; expected {_EXPECTED}")
    nodes = _hierarchy(parts[0], path)
    rows, rate = _motion(parts[1], sum(len(node.channels) for node in nodes), path)
    places, turns, notes = _channels(nodes, rows)
    rig = Rig(
        names=tuple(node.name for node in nodes),
        parents=tuple(node.parent for node in nodes),
        offsets=torch.tensor([node.offset for node in nodes], dtype=torch.float64),
        places=places,
        turns=turns,
    )
    return rig, rate, notes


def _hierarchy(text: str, path: Path | str) -> list[_Node]:
    """The joints in file order, which puts parents before children and sorts the channels."""
    nodes: list[_Node] = []
    open_nodes: list[int] = []  # the joints whose braces are open
    named: int | None = None  # the joint whose opening brace comes next
    for line in text.replace("{", "\n{\n").replace("}", "\n}\n").splitlines():
        words = line.split()
        if not words or words[0].upper() == "HIERARCHY":
            continue
        word = words[0].upper()
        if word in ("ROOT", "JOINT", "END"):
            if len(nodes) >= _MOST_JOINTS:
                raise InputError(f"{path}: over {_MOST_JOINTS} joints; expected a body")
            parent = open_nodes[-1] if open_nodes else -1
            if word == "END" and parent < 0:
                raise InputError(f"{path}: an End Site outside any joint")
            name = f"{nodes[parent].name}.end" if word == "END" else " ".join(words[1:])
            named = len(nodes)
            nodes.append(_Node(name, parent))
        elif word == "{":
            if named is None:
                raise InputError(f"{path}: a brace opens after no joint; expected {_EXPECTED}")
            open_nodes.append(named)
            named = None
        elif word == "}":
            if not open_nodes:
                raise InputError(f"{path}: a brace closes that never opened")
            open_nodes.pop()
        elif word in ("OFFSET", "CHANNELS") and open_nodes:
            node = nodes[open_nodes[-1]]
            if word == "OFFSET":
                what = f"OFFSET of {short(node.name)}"
                node.offset = three_numbers(plain_numbers(line).split()[1:], path, what)
            else:
                node.channels = _channel_names(words[1:], node, path)
        else:
            raise InputError(f"{path}: HIERARCHY says {short(line.strip())}; expected OFFSET, ...")
    if open_nodes or not nodes:
        raise InputError(f"{path}: HIERARCHY ends with braces open; the file is cut short")
    without = [node.name for node in nodes if node.offset is None]
    if without:
        raise InputError(f"{path}: joint {short(without[0])} has no OFFSET")
    return nodes


def _channel_names(words: list[str], node: _Node, path: Path | str) -> list[str]:
    names = [word.lower() for word in words[1:]]
    if words[:1] != [str(len(names))] or not all(_CHANNEL.fullmatch(name) for name in names):
        raise InputError(
            f"{path}: CHANNELS of {short(node.name)} are {short(' '.join(words))}; expected "
            "their count, then names such as Xposition and Zrotation"
        )
    if len(set(names)) < len(names):
        raise InputError(f"{path}: CHANNELS of {short(node.name)} name one channel twice")
    return names


def _motion(text: str, channels: int, path: Path | str) -> tuple[Tensor, float]:
    """(frames, channels) float64, and frames per second."""
    header = re.match(r"(?i)\s*Frames\s*:\s*(\S+)\s+Frame\s+Time\s*:\s*(\S+)", text)
    if header is None or channels == 0:
        raise InputError(f"{path}: MOTION; expected 'Frames: COUNT' and 'Frame Time: SECONDS'")
    frames = number(header[1], path, "Frames")
    seconds = number(header[2].replace(",", "."), path, "Frame Time")
    if frames != int(frames) or frames < 1 or not 1e-5 <= seconds <= 100:
        raise InputError(
            f"{path}: Frames: {short(header[1])}, Frame Time: {short(header[2])}; "
            "expected a count and seconds"
        )
    values = _numbers(text[header.end() :], path)
    if len(values) != frames * channels:
        raise InputError(
            f"{path}: MOTION should be {frames:.0f} frames of {channels} channels, but holds "
            f"{len(values)} numbers ({len(values) / channels:.1f} frames); cut short?"
        )
    return torch.from_numpy(values.reshape(-1, channels)), 1 / seconds


def _numbers(block: str, path: Path | str) -> numpy.ndarray:
    """All numbers of the MOTION block in a row."""
    for text in (block, plain_numbers(block)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error", DeprecationWarning)  # what is no number is one
                return numpy.fromstring(text, dtype=numpy.float64, sep=" ")  # makes no words of it
        except (DeprecationWarning, ValueError):
            pass
    wrong = next((word for word in text.split() if not _NUMBER.fullmatch(word)), "?")
    raise InputError(f"{path}: MOTION holds {short(wrong)}; expected numbers only")


def _channels(nodes: list[_Node], rows: Tensor) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """Per joint and frame: its place from the parent, its turn, and what there is to say."""
    offsets = torch.tensor([node.offset for node in nodes], dtype=torch.float64)
    places = offsets.repeat(len(rows), 1, 1)
    turns = torch.eye(3, dtype=torch.float64).repeat(len(rows), len(nodes), 1, 1)
    start = unmoved = 0
    for joint, node in enumerate(nodes):
        columns = rows[:, start : start + len(node.channels)]
        start += len(node.channels)
        turning = [i for i, name in enumerate(node.channels) if name.endswith("rotation")]
        moving = [i for i, name in enumerate(node.channels) if name.endswith("position")]
        if turning:
            order = "".join(node.channels[i][0] for i in turning)
            turns[:, joint] = euler_to_matrix(torch.deg2rad(columns[:, turning]), order)
        zeros = bool(moving) and bool((columns[:, moving] == 0).all())
        if zeros and node.parent >= 0 and any(node.offset):
            unmoved += 1  # written as a change of the offset: none
            continue
        for column in moving:
            places[:, joint, "xyz".index(node.channels[column][0])] = columns[:, column]
    if not unmoved:
        return places, turns, ()
    return places, turns, (f"positions of {unmoved} joints are all 0: their offsets are kept",)
