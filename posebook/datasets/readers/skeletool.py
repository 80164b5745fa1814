"""Skeletool's camera files, `camera.calibration` of MPI-INF-3DHP.

    Skeletool Camera Calibration File V1.0
    name          0
      sensor      10 10
      size        2048 2048
      animated    0
      intrinsic   16 numbers: a 4 x 4 matrix, row by row; its upper left 3 x 3 is K, px
      extrinsic   16 numbers: world to camera, row by row, mm
      radial      0

and so on for each camera. How the cameras stand shows which of the world's axes points up.
"""

from pathlib import Path

import torch

from posebook.cameras import Camera
from posebook.datasets.readers.files import number, read_text, short
from posebook.datasets.readers.units_axes import TO_Z_UP, along
from posebook.errors import InputError

_EXPECTED = "a Skeletool camera calibration"
_NEEDED = {"size": 2, "intrinsic": 16, "extrinsic": 16}
_MOST_CAMERAS = 1000


def read_cameras(path: Path | str) -> dict[str, Camera]:
    """{name: camera}; world axes with z up, mm."""
    found: dict[str, dict[str, list[float]]] = {}
    current: dict[str, list[float]] = {}
    for line in read_text(path, _EXPECTED).splitlines():
        key, *words = line.split() or [""]
        if key == "name" and words:
            if words[0] in found or len(found) >= _MOST_CAMERAS:
                raise InputError(f"{path}: camera {short(words[0])} twice; expected {_EXPECTED}")
            current = found.setdefault(words[0], {})
        elif key in _NEEDED or key == "radial":
            what = f"{key} of camera {short(list(found)[-1] if found else '')}"
            current[key] = [number(word, path, what) for word in words[:17]]
    if not found:
        raise InputError(f"{path}: names no camera; expected {_EXPECTED}")
    for name, fields in found.items():
        for key, count in _NEEDED.items():
            if len(fields.get(key, [])) != count:
                raise InputError(f"{path}: camera {short(name)} has no {key} of {count} numbers")
        if any(fields.get("radial", [])):
            raise InputError(f"{path}: camera {short(name)} has lens terms; expected radial 0")
    rotations = torch.stack([_matrix(fields, "extrinsic")[:, :3] for fields in found.values()])
    # Down in the picture (the second row) is down in the room, for cameras that stand upright.
    axis, _ = along(-rotations[:, 1].mean(0))
    to_z_up = torch.tensor(TO_Z_UP[axis], dtype=torch.float64)
    return {name: _camera(name, fields, to_z_up, path) for name, fields in found.items()}


def _matrix(fields: dict[str, list[float]], key: str) -> torch.Tensor:
    return torch.tensor(fields[key], dtype=torch.float64).view(4, 4)[:3]


def _camera(
    name: str, fields: dict[str, list[float]], to_z_up: torch.Tensor, path: Path | str
) -> Camera:
    width, height = (round(side) for side in fields["size"])
    intrinsic, extrinsic = _matrix(fields, "intrinsic"), _matrix(fields, "extrinsic")
    focal, rotation = intrinsic.diagonal(), extrinsic[:, :3]
    where = f"{path}: camera {short(name)}"
    if not (0 < width <= 100_000 and 0 < height <= 100_000 and (focal[:2] > 0).all()):
        raise InputError(f"{where} has a size or a focal length that is none")
    off = (rotation @ rotation.T - torch.eye(3, dtype=torch.float64)).abs().max()
    if not (off < 1e-3 and torch.linalg.det(rotation) > 0):
        raise InputError(f"{where} has an extrinsic that is no rotation")
    return Camera(
        focal_px=focal[:2],
        centre_px=intrinsic[:2, 2],
        size_px=(width, height),
        rotation=rotation @ to_z_up.T,
        position_mm=to_z_up @ (-rotation.T @ extrinsic[:, 3]),
        name=name,
    )
