"""Lifted poses as files: `poses.npz` for programs, `poses.json` to read, `poses.bvh` to animate.

`KEYS` documents every key of the npz and, with lists in place of arrays, of the JSON. Nothing in
them needs pickle: `numpy.load(path)` as it comes is enough.
"""

import json
import math
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
import torch
from torch import Tensor

from posebook.datasets.readers import mocap
from posebook.errors import InputError
from posebook.export.bvh import bvh_text
from posebook.export.rigid_body import JOINTS, rig
from posebook.key_points import bridge_frames
from posebook.lifting.poses import ORIGINS, Poses
from posebook.paths import replacing, write_text
from posebook.skeletons import HOUSE

KEYS = {
    "pose_mm": "(frames, 17, 3) float32, mm. The lifted pose in camera axes (x right, y down, "
    "z forward), relative to its hip. NaN in frames with nobody in them",
    "root_mm": "(frames, 3) float32, mm. The hip in camera axes, where the pose is seen at its "
    "key points; its distance is an estimate that hangs on the assumed camera and body size",
    "world_mm": "(frames, 17, 3) float32, mm. The pose in world axes: right-handed, z up, floor at "
    "z = 0; `notes` says what was assumed about the camera's tilt",
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
    "notes": "lines of text: what was chosen, invented, filled and assumed",
}


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
        "notes": np.array(poses.notes or ("",)),
    }


def write_npz(path: Path, poses: Poses, rigid_mm: Tensor) -> Path:
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **arrays(poses, rigid_mm))
    return path


def write_json(path: Path, poses: Poses, rigid_mm: Tensor) -> Path:
    """The npz's keys as lists (0.1 mm, 0.1 px), `scores` where there is truth, and `about`."""
    digits = {"camera_matrix": 6, "camera_rotation": 9, "confidence": 3}
    record: dict[str, Any] = {
        name: _plain(value, digits.get(name, 1)) if value.dtype.kind == "f" else value.tolist()
        for name, value in arrays(poses, rigid_mm).items()
    }
    record["frames_per_second"] = poses.rate
    record["notes"] = list(poses.notes)
    record["scores"] = [score.to_dict() for score in poses.scores]
    # Whose results a folder holds, wherever the command is given next.
    record["input_path"] = str(Path(poses.input).resolve())
    record["about"] = {"keys": KEYS, "not a number": "null", "origin": list(ORIGINS)}
    write_text(path, json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
    return path


def _plain(values: np.ndarray, digits: int) -> Any:
    def mend(value: Any) -> Any:
        if isinstance(value, list):
            return [mend(item) for item in value]
        return round(value, digits) if math.isfinite(value) else None

    return mend(values.astype(np.float64).tolist())


def write_bvh(path: Path, poses: Poses) -> tuple[Path, Tensor, tuple[str, ...]]:
    """`poses.bvh`; also what is in it, as house joints (frames, 17, 3) world mm, and notes."""
    whole, bridged = bridge_frames(poses.world_mm.double())
    if not torch.isfinite(whole).all():
        raise InputError(f"{poses.input}: no frame has a pose, so there is nothing to write")
    body = rig(whole)
    write_text(path, bvh_text(body, poses.rate))
    notes = [
        f"BVH: every bone has its mean length over the clip, left and right alike, which moves a "
        f"joint by {body.moved_mm:.0f} mm on average; toes and finger tips are invented; Y up, cm."
    ]
    if bridged.any():
        count = int(bridged.sum())
        notes.append(f"BVH: {count} of {len(poses)} frames have nobody in them and are bridged.")
    return path, body.house_mm, tuple(notes)


def read_bvh_back(path: Path | str) -> Tensor:
    """(frames, 17, 3) world mm: the house joints of a `poses.bvh`, by the names that it has.

    `datasets.read_motion` reads any BVH and has to tell unit, axes and joints from the body; here
    they are known, and the poses may be as odd as they like.
    """
    rig, _, _ = mocap.read_rig(path)
    where, _ = rig.positions()
    names = {joint.at: joint.name for joint in reversed(JOINTS)} | {"head": "Head.end"}
    x, y, z = (10 * where[:, [rig.names.index(names[j]) for j in HOUSE.joints]]).unbind(-1)
    return torch.stack([x, -z, y], -1)


def read_npz(path: Path | str) -> dict[str, np.ndarray]:
    """A `poses.npz` back: its arrays by name. Nothing in it can be executed."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
    except (OSError, ValueError, EOFError, KeyError, BadZipFile) as error:
        raise InputError(f"{path}: not a poses.npz that posebook wrote: {error}") from None
    absent = set(KEYS) - {"truth_mm"} - set(found)
    if absent:
        raise InputError(f"{path}: not a poses.npz that posebook wrote: no {sorted(absent)[0]}")
    return found
