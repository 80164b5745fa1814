"""What VideoPose3D's own detection script writes for each video: `infer_video_d2.py`, an .npz.

    boxes      a frame's boxes, by class: [[], (people, 5)]
    keypoints  a frame's people, by class: [[], (people, 4, 17)]; rows x, y, logit, probability
    segments   None; metadata: {'w': width, 'h': height}

Its older script for Detectron wrote the same. The people are COCO's 17 joints, in pixels.
Source: github.com/facebookresearch/VideoPose3D, INFERENCE.md.
"""

from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.readers.files import short
from posebook.datasets.readers.film import Film
from posebook.datasets.readers.person_points import Points
from posebook.errors import InputError


def is_one(archive: dict[str, Any]) -> bool:
    """Whether an .npz holds such detections."""
    return {"boxes", "keypoints", "metadata"} <= archive.keys()


def film(archive: dict[str, Any], path: Path) -> Film:
    """All frames of the video with everybody in them."""
    made = Film(str(path), path.stem.removesuffix(".mp4"))
    about = archive["metadata"]
    sides = (about.get("w"), about.get("h")) if isinstance(about, dict) else ()
    if len(sides) == 2 and all(isinstance(side, int) and side > 0 for side in sides):
        made.size_px = sides
    frames = archive["keypoints"]
    if not isinstance(frames, list | numpy.ndarray):
        raise InputError(f"{path}: keypoints is {short(frames)}; expected a list of frames")
    frames = list(frames)
    if len(frames) % 2 == 0 and all(isinstance(one, list) and not one for one in frames[::2]):
        frames = frames[1::2]  # an array (frames, classes) is read as its items in a row
    for number, frame in enumerate(frames):
        made.frame(number)
        for person in _people(frame, f"{path}: frame {number}"):
            made.add(Points(person))
    return made


def _people(frame: Any, where: str) -> list[list]:
    """x, y, probability, ... of everybody in a frame: of its last class that has somebody."""
    if isinstance(frame, list | tuple):
        held = [one for one in frame if isinstance(one, numpy.ndarray) and one.size]
        if not held:
            return []
        frame = held[-1]
    if not isinstance(frame, numpy.ndarray) or frame.dtype.kind not in "fiu":
        raise InputError(f"{where}: {short(frame)}; expected an array (people, 4, 17)")
    if frame.size == 0:
        return []
    if frame.ndim != 3 or frame.shape[1] not in (3, 4):
        raise InputError(f"{where}: shape {frame.shape}; expected (people, 4, 17)")
    return [person[[0, 1, -1]].T.reshape(-1).astype(float).tolist() for person in frame]
