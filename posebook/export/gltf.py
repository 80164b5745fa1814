"""The rigid body in motion as binary glTF 2.0 (`poses.glb`), for viewers, Blender and web pages.

Metres, right-handed, Y up; the person of the rest pose faces +Z, as glTF asks. The nodes are the
joints of `rigid_body.JOINTS` and the ends of the limbs; a skin makes them the skeleton of a simple
figure, left orange, right blue, which is what a viewer shows. An animation turns every joint and
moves the hips. Without it, the nodes stand as in the first frame; a single frame has none.
Source: Khronos Group, "glTF 2.0 Specification" (2021), ISO/IEC 12113:2022.
"""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from posebook.errors import printable
from posebook.export.figure_mesh import Surface, rest_m, surfaces
from posebook.export.rigid_body import JOINTS, Rig
from posebook.figures.parts import COLOUR
from posebook.geometry import matrix_to_quaternion
from posebook.lifting.poses import Poses
from posebook.paths import replacing

#: Numbers that the format gives to types of numbers, and to what a part of the file is for.
_FLOAT, _UNSIGNED_BYTE, _VERTICES = 5126, 5121, 34962


class _Binary:
    """The file's binary part while it is filled, and the tables that say what lies where."""

    def __init__(self) -> None:
        self.content = bytearray()
        self.views: list[dict[str, int]] = []
        self.accessors: list[dict[str, Any]] = []

    def add(
        self, values: Tensor, kind: str, *, bounds: bool = False, vertices: bool = False
    ) -> int:
        """The index of the accessor of an array, a row an element.

        kind    what a row is to glTF: SCALAR, VEC3, VEC4, MAT4
        bounds  with the least and the largest of each column
        """
        array = values.numpy().astype("<f4" if values.is_floating_point() else "u1")
        array = array.reshape(len(array), -1)
        self.content += bytes(-len(self.content) % 4)
        self.views.append(
            {"buffer": 0, "byteOffset": len(self.content), "byteLength": array.nbytes}
            | ({"target": _VERTICES} if vertices else {})
        )
        self.content += array.tobytes()
        self.accessors.append(
            {
                "bufferView": len(self.views) - 1,
                "componentType": _FLOAT if array.dtype.kind == "f" else _UNSIGNED_BYTE,
                "count": len(array),
                "type": kind,
            }
            | ({"min": array.min(0).tolist(), "max": array.max(0).tolist()} if bounds else {})
        )
        return len(self.accessors) - 1


def write_gltf(path: Path, poses: Poses, body: Rig) -> Path:
    """`poses.glb`. body: the poses as `pose_files.rigid` gives them."""
    binary = _Binary()
    content = _content(poses, body, binary)
    text = json.dumps(content, allow_nan=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    binary.content += bytes(-len(binary.content) % 4)
    whole = 12 + 8 + len(text) + 8 + len(binary.content)
    with replacing(path) as temporary, open(temporary, "wb") as file:
        file.write(struct.pack("<4sII", b"glTF", 2, whole))
        file.write(struct.pack("<I4s", len(text), b"JSON") + text)
        file.write(struct.pack("<I4s", len(binary.content), b"BIN\0"))
        file.write(binary.content)
    return path


def _content(poses: Poses, body: Rig, binary: _Binary) -> dict[str, Any]:
    """The JSON part; the arrays go into `binary`."""
    names, parents, rest = rest_m(body)
    root_m, turns = body.root_cm / 100, _without_jumps(matrix_to_quaternion(body.turns))
    nodes: list[dict[str, Any]] = []
    for index, (name, parent) in enumerate(zip(names, parents, strict=True)):
        place = root_m[0] if parent < 0 else rest[index] - rest[parent]
        nodes.append({"name": name, "translation": place.tolist()})
        if index < len(JOINTS):
            nodes[-1]["rotation"] = turns[0, index].tolist()
        if below := [child for child, above in enumerate(parents) if above == index]:
            nodes[-1]["children"] = below
    joints = list(range(len(nodes)))
    nodes.append({"name": "figure", "mesh": 0, "skin": 0})
    parts = surfaces(body)
    content = {
        "asset": {
            "version": "2.0",
            "generator": "posebook",
            "extras": {
                "lifter": printable(poses.lifter),
                "notes": [str(note) for note in poses.notes],
            },
        },
        "scene": 0,
        "scenes": [{"nodes": [0, len(nodes) - 1]}],
        "nodes": nodes,
        "materials": [_material(side) for side in parts],
        "meshes": [{"primitives": [_primitive(part, binary) for part in parts.values()]}],
        "skins": [{"joints": joints, "skeleton": 0, "inverseBindMatrices": _unbound(rest, binary)}],
    }
    for number, primitive in enumerate(content["meshes"][0]["primitives"]):
        primitive["material"] = number
    if len(poses) > 1:  # players divide by an animation's length
        content["animations"] = [_animation(poses, root_m, turns, binary)]
    return content | {
        "accessors": binary.accessors,
        "bufferViews": binary.views,
        "buffers": [{"byteLength": len(binary.content)}],
    }


def _animation(poses: Poses, root_m: Tensor, turns: Tensor, binary: _Binary) -> dict[str, Any]:
    """Where the hips are and how each joint is turned, at the time of each frame.

    turns  (frames, joints, 4)  quaternions x, y, z, w
    """
    seconds = torch.arange(len(poses), dtype=torch.float64) / poses.rate
    times = binary.add(seconds, "SCALAR", bounds=True)
    moved = [(0, "translation", binary.add(root_m, "VEC3"))]
    moved += [
        (index, "rotation", binary.add(turns[:, index], "VEC4")) for index in range(len(JOINTS))
    ]
    return {
        "name": poses.clip,
        "samplers": [{"input": times, "output": output} for _, _, output in moved],
        "channels": [
            {"sampler": number, "target": {"node": node, "path": path}}
            for number, (node, path, _) in enumerate(moved)
        ],
    }


def _without_jumps(wxyz: Tensor) -> Tensor:
    """(frames, joints, 4) as x, y, z, w: of the two that are one rotation, the one that is nearer
    to the frame before, so that whoever draws between frames takes the shorter way."""
    nearer = torch.where((wxyz[1:] * wxyz[:-1]).sum(-1) < 0, -1.0, 1.0).cumprod(0)
    signs = torch.cat([torch.ones_like(wxyz[:1, :, 0]), nearer.to(wxyz)])
    return (signs.unsqueeze(-1) * wxyz).roll(-1, -1)


def _unbound(rest: Tensor, binary: _Binary) -> int:
    """Matrices that take the figure of the rest pose to each joint; the columns one by one."""
    matrices = torch.eye(4, dtype=torch.float64).repeat(len(rest), 1, 1)
    matrices[:, 3, :3] = -rest
    return binary.add(matrices, "MAT4")


def _primitive(part: Surface, binary: _Binary) -> dict[str, Any]:
    joints = torch.zeros(len(part.joints), 4, dtype=torch.uint8)
    joints[:, 0] = part.joints
    weights = torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(len(joints), 1)
    return {
        "attributes": {
            "POSITION": binary.add(part.corners_m, "VEC3", bounds=True, vertices=True),
            "NORMAL": binary.add(part.normals, "VEC3", vertices=True),
            "JOINTS_0": binary.add(joints, "VEC4", vertices=True),
            "WEIGHTS_0": binary.add(weights, "VEC4", vertices=True),
        }
    }


def _material(side: str) -> dict[str, Any]:
    """A dull colour. The format wants light, where screens' colours are stored by their look."""
    stored = np.array([int(COLOUR[side][place : place + 2], 16) for place in (1, 3, 5)]) / 255
    light = np.where(stored <= 0.04045, stored / 12.92, ((stored + 0.055) / 1.055) ** 2.4)
    return {
        "name": side,
        "pbrMetallicRoughness": {
            "baseColorFactor": [*light.round(4).tolist(), 1.0],
            "metallicFactor": 0.0,
            "roughnessFactor": 0.9,
        },
    }
