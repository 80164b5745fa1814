"""Lifted poses as files: `poses.npz` for programs, `poses.json` to read, `poses.bvh` to animate.

`KEYS` documents every key of the npz and, with lists in place of arrays, of the JSON. Nothing in
them needs pickle: `numpy.load(path)` as it comes is enough.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from posebook.datasets.readers import bvh
from posebook.errors import InputError
from posebook.export.bvh import bvh_pieces
from posebook.export.formats import NAMES
from posebook.export.rigid_body import JOINTS, Rig, rig, z_up
from posebook.key_points import bridge_frames
from posebook.lifting.house_clip import ORIGINS
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses
from posebook.paths import replacing
from posebook.skeletons import HOUSE

KEYS = {
    "pose_mm": "(frames, 17, 3) float32, mm. The lifted pose in camera axes (x right, y down, "
    "z forward), relative to its hip. NaN in frames with nobody in them",
    "root_mm": "(frames, 3) float32, mm. The hip in camera axes, where the pose is seen at its "
    "key points; its distance is an estimate that hangs on the assumed camera and body size",
    "world_mm": "(frames, 17, 3) float32, mm. The pose in world axes: right-handed, z up, floor at "
    "z = 0, which goes through the lowest joint: an ankle, mostly. The origin is under the hip of "
    "this person's first pose: of several people each has their own, and world_mm - "
    "camera_place_mm puts them beside each other. `notes` says what was assumed about the tilt",
    "rigid_mm": "(frames, 17, 3) float32, mm. world_mm with the mean bone lengths of poses.bvh",
    "truth_mm": "(frames, 17, 3) float32, mm. The true pose in camera axes, absolute; only where "
    "the input was motion capture",
    "keypoints_px": "(frames, 17, 2) float32, pixels (x right, y down, origin top left). The key "
    "points as house joints; NaN where a joint was missing",
    "confidence": "(frames, 17) float32 in [0, 1]; 0 where missing",
    "input_px": "(frames, joints, 2) float32, pixels. The key points in the input's own joint set, "
    "short gaps filled",
    "input_joints": "names of those joints, in the array's order",
    "origin": "(frames, 17) uint8. How each key point came about: 0 seen, 1 invented from other "
    "joints, 2 filled in a short gap, 3 missing (the lifter guessed the joint)",
    "joints": "(17,) names of the joints, in the arrays' order",
    "parents": "(17,) int64 index of each joint's parent, -1 for the hip",
    "frames_per_second": "a number",
    "camera_matrix": "(3, 3) float64, pixels. Intrinsics used, known or assumed",
    "camera_rotation": "(3, 3) float64. world = camera axes @ camera_rotation.T + camera_place_mm",
    "camera_place_mm": "(3,) float64, mm. Where the camera is in world axes",
    "input": "the file that was lifted",
    "clip": "name of the person, film or motion in it",
    "lifter": "name of the lifter",
    "detector": "name of the detector that found the key points in a picture, and the hash of its "
    "weights; empty where the input was no picture",
    "notes": "what was chosen, invented, filled and assumed: lines of text; in the JSON each with "
    "its kind, text and counts",
}

#: So many frames are made text at a time, so that a long clip does not fill the memory.
_PIECE = 10_000


def arrays(poses: Poses, rigid_mm: Tensor) -> dict[str, np.ndarray]:
    """The npz as a dict; see `KEYS`."""
    found = {
        "pose_mm": poses.pose_mm,
        "root_mm": poses.root_mm,
        "world_mm": poses.world_mm,
        "rigid_mm": rigid_mm,
        "keypoints_px": poses.keypoints_px,
        "confidence": poses.confidence,
        "input_px": poses.input_px,
    }
    if poses.truth_mm is not None:
        found["truth_mm"] = poses.truth_mm
    return {
        **{name: value.detach().cpu().float().numpy() for name, value in found.items()},
        "origin": poses.origin.to(torch.uint8).numpy(),
        "input_joints": np.array(poses.input_skeleton.joints),
        "joints": np.array(HOUSE.joints),
        "parents": np.array(HOUSE.parent_indices, dtype=np.int64),
        "frames_per_second": np.array(poses.rate, dtype=np.float64),
        "camera_matrix": poses.camera.matrix.double().numpy(),
        "camera_rotation": poses.camera_rotation.double().numpy(),
        "camera_place_mm": poses.camera_place_mm.double().numpy(),
        "input": np.array(poses.input),
        "clip": np.array(poses.clip),
        "lifter": np.array(poses.lifter),
        "detector": np.array(poses.detector),
        "notes": np.array([str(note) for note in poses.notes] or [""]),
    }


def write_npz(path: Path, poses: Poses, rigid_mm: Tensor) -> Path:
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays(poses, rigid_mm))
    return path


def write_json(path: Path, poses: Poses, rigid_mm: Tensor, files: Sequence[str] = NAMES) -> Path:
    """The npz's keys as lists (0.1 mm, 0.1 px), `scores` where there is truth, and `about`.

    files  names of all files that are written together
    """
    digits = {"camera_matrix": 6, "camera_rotation": 9, "confidence": 3}
    record: dict[str, Any] = {
        **arrays(poses, rigid_mm),
        "frames_per_second": poses.rate,
        "notes": [asdict(note) for note in poses.notes],
        "scores": [score.to_dict() for score in poses.scores],
        # Whose results a folder holds, wherever the command is given next.
        "input_path": str(Path(poses.input).resolve()),
        "files": list(files),
        "about": {"keys": KEYS, "not a number": "null", "origin": list(ORIGINS)},
    }
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        before = "{"
        for name, value in record.items():
            file.write(f"{before}{json.dumps(name)}: ")
            before = ", "
            if isinstance(value, np.ndarray) and value.dtype.kind == "f":
                file.writelines(_number_lists(value, digits.get(name, 1)))
                continue
            value = value.tolist() if isinstance(value, np.ndarray) else value
            # A file's name may hold bytes that are no text: escaped, they come back as they were.
            escaped = name in ("input", "input_path")
            file.write(json.dumps(value, ensure_ascii=escaped, allow_nan=False))
        file.write("}\n")
    return path


def _number_lists(values: np.ndarray, digits: int) -> Iterator[str]:
    """An array as JSON, in pieces; null for what is not a number.

    A clip has millions of numbers but few different ones, once they are rounded: only these are
    made text.
    """
    # What stands before, between and behind the numbers of a frame.
    around = np.array(f", {np.zeros(values.shape[1:]).tolist()}".split("0.0"), dtype="S")
    yield "["
    for start in range(0, len(values), _PIECE):
        piece = np.round(values[start : start + _PIECE].astype(np.float64), digits)
        piece[~np.isfinite(piece)] = np.nan
        # By their bits, since -0.0 equals 0.0 and NaN does not equal itself.
        different, where = np.unique(piece.view(np.int64), return_inverse=True)
        text = json.dumps(different.view(np.float64).tolist())[1:-1].replace("NaN", "null")
        words = np.array(text.split(", "), dtype="S")
        lines = np.empty((len(piece), 2 * len(around) - 1), np.result_type(words, around))
        lines[:, 0::2] = around
        lines[:, 1::2] = words[where.reshape(len(piece), -1)]
        letters = lines.view(np.uint8)  # each word is filled up with zeros
        text = letters[letters != 0].tobytes().decode()
        yield text if start else text.removeprefix(", ")
    yield "]"


def rigid(poses: Poses, files: Sequence[str] = ("poses.bvh",)) -> tuple[Rig, tuple[Note, ...]]:
    """The poses as one rigid body in motion, and notes on what that changes in `files`."""
    whole, bridged = bridge_frames(poses.world_mm.double())
    if not torch.isfinite(whole).all():
        raise InputError(f"{poses.input}: no frame has a pose, so there is nothing to write")
    body, where = rig(whole), f"in {' and '.join(files)}"
    text = (
        f"{where} every bone has its mean length over the clip, left and right alike, which moves "
        f"a joint by {body.moved_mm:.0f} mm on average; toes and finger tips are invented; Y up."
    )
    notes = [Note("bones", text)]
    if count := int(bridged.sum()):
        text = f"{where} {count} of {len(poses)} frames have nobody in them and are bridged."
        notes.append(Note("bridged", text, dict(frames=count, of=len(poses))))
    return body, tuple(notes)


def write_bvh(path: Path, poses: Poses, body: Rig) -> Path:
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        file.writelines(bvh_pieces(body, poses.rate))
    return path


def read_bvh_back(path: Path | str) -> Tensor:
    """(frames, 17, 3) world mm: the house joints of a `poses.bvh`, by the names that it has.

    `datasets.read_motion` reads any BVH and has to tell unit, axes and joints from the body; here
    they are known, and the poses may be as odd as they like.
    """
    rig, _, _ = bvh.read_rig(path)
    where, _ = rig.positions()
    names = {joint.at: joint.name for joint in reversed(JOINTS)} | {"head": "Head.end"}
    return z_up(10 * where[:, [rig.names.index(names[j]) for j in HOUSE.joints]])
