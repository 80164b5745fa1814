"""A clip of MPI-INF-3DHP out of its arrays, in whichever form they came."""

from pathlib import Path
from typing import Any

import numpy
import torch

from posebook.datasets.clips import Clip
from posebook.datasets.readers.keypoint_files import FAR_PX, in_pixels
from posebook.errors import InputError
from posebook.skeletons import HOUSE, MPI_INF_3DHP_17, Skeleton, conversion

#: 25 frames/s but for these.
FIFTY = {"S1/Seq2", "S3/Seq1", "S3/Seq2", "S5/Seq1", "S5/Seq2"}


def rate_of(subject: str, sequence: str) -> float:
    """Frames per second of a sequence of the training half."""
    return 50.0 if f"{subject}/{sequence}" in FIFTY else 25.0


def size_of(subject: str) -> tuple[int, int]:
    """Width and height, px, of the pictures; two of the test films were taken outdoors."""
    return (1920, 1080) if subject in ("TS5", "TS6") else (2048, 2048)


def _extent(places: torch.Tensor) -> float:
    """The longest side of the box around a person's joints (frames, joints, dims), the median."""
    known = torch.isfinite(places).all(-1, keepdim=True)
    low = torch.where(known, places, torch.inf).amin(1)
    high = torch.where(known, places, -torch.inf).amax(1)
    sides = (high - low).amax(-1)
    return sides[torch.isfinite(sides)].median().item()


def clip_of(
    name: str,
    points: numpy.ndarray,
    pose_mm: numpy.ndarray,
    skeleton: Skeleton,
    path: Path,
    notes: tuple[str, ...],
    **known: Any,
) -> Clip:
    """House joints by way of the set's own 17; known: what else there is to say of a `Clip`."""
    where = f"{path}: {name}"
    points, confidence, _ = in_pixels(
        points.astype(numpy.float64), numpy.ones(points.shape[:2]), known["size_px"], where
    )
    with numpy.errstate(all="ignore"):
        there = numpy.isfinite(pose_mm).all(-1, keepdims=True)
        there &= (numpy.abs(pose_mm) <= FAR_PX).all(-1, keepdims=True)
    pose = torch.from_numpy(numpy.where(there, pose_mm.astype(numpy.float64), numpy.nan))
    seen = torch.from_numpy(points), torch.from_numpy(confidence)
    if not (confidence > 0).any() or not there.any():
        raise InputError(f"{where}: no key point or no position is a number; expected px and mm")
    tall_mm, depth_mm = _extent(pose), pose[..., 2].nanmedian().item()
    if not 300 <= tall_mm <= 4000 or depth_mm <= 0:
        raise InputError(
            f"{where}: people {tall_mm:.3g} across, {depth_mm:.3g} before the camera; expected mm "
            "in camera axes (z forward)"
        )
    if _extent(seen[0]) < 1:
        raise InputError(f"{where}: all key points of a person in one place; expected pixels")
    for source, target in ((skeleton, MPI_INF_3DHP_17), (MPI_INF_3DHP_17, HOUSE)):
        change = conversion(source, target)
        seen, (pose, _) = change(*seen), change(pose)
    return Clip(
        name=name,
        skeleton=HOUSE,
        keypoints_px=seen[0].float(),
        confidence=seen[1].float(),
        pose_mm=pose.float(),
        notes=(*notes, conversion(MPI_INF_3DHP_17, HOUSE).describe()),
        **known,
    )
