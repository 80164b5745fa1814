"""Pictures with their truth in one file: an uncompressed .npz that is quick to read from.

Members, n pictures with J points each:
jpeg (bytes,) uint8: all files, one after the other; ends (n,) int64: where each one ends
keypoints_px (n, J, 2), pose_mm (n, J, 3) camera axes, box_px (n, 4) x y width height,
head_px (n,), camera (n, 4) fx fy cx cy in px: float32
visible (n, J) int8, as COCO has it: 0 outside the picture, 1 hidden, 2 seen
about: a JSON text as uint8: domain, split, size, first, count, version, body (hash of its file),
points (J names)
"""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy

from posebook import paths
from posebook.datasets.pictures.rasteriser import inside
from posebook.datasets.pictures.scene import Picture


def write(path: Path | str, pictures: Iterable[Picture], about: dict[str, Any]) -> Path:
    """Pictures, at least one and all of one size, into a file, in one step."""
    found = list(pictures)
    size = len(found[0].mask)
    files = [numpy.frombuffer(picture.jpeg, numpy.uint8) for picture in found]
    places = numpy.stack([picture.keypoints_px for picture in found])
    seen = numpy.stack([picture.visible for picture in found])
    numbers = [[*p.camera.focal_px.tolist(), *p.camera.centre_px.tolist()] for p in found]
    text = json.dumps({**about, "count": len(found), "points": list(found[0].names)})
    members = {
        "jpeg": numpy.concatenate(files),
        "ends": numpy.cumsum([len(file) for file in files], dtype=numpy.int64),
        "keypoints_px": places,
        "visible": (inside(places, (size, size)) * (1 + seen)).astype(numpy.int8),
        "pose_mm": numpy.stack([picture.pose_mm for picture in found]),
        "box_px": numpy.stack([picture.box_px for picture in found]),
        "head_px": numpy.array([picture.head_px for picture in found], numpy.float32),
        "camera": numpy.array(numbers, numpy.float32),
        "about": numpy.frombuffer(text.encode(), numpy.uint8),
    }
    with paths.replacing(path) as file:
        numpy.savez(file, **members)
    return Path(path)


def about(path: Path | str) -> dict[str, Any] | None:
    """What a file says of itself; None where it is no such file, or not whole."""
    try:
        with numpy.load(path, allow_pickle=False) as held:
            said = json.loads(held["about"].tobytes())
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return None
    return said if isinstance(said, dict) else None
