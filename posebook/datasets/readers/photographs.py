"""People in photographs, marked by hand: what the readers of such sets have in common.

Nobody is seen twice, so there are no films: the people are the frames of one clip whose frames per
second are None, and its subject and action are empty.
"""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy
import torch

from posebook.datasets.clips import Clip
from posebook.datasets.readers.files import existing, listed
from posebook.datasets.readers.joint_sets import spread
from posebook.datasets.readers.keypoint_files import FAR_PX, in_pixels
from posebook.errors import InputError
from posebook.skeletons import Skeleton

#: Half of the people must be larger than this, px, or the file is not in pixels.
_SMALLEST_PX = 5.0
UNRELATED = "each frame is another person in another photograph"


def marked_clip(
    name: str,
    points: numpy.ndarray,
    confidence: numpy.ndarray | None,
    skeleton: Skeleton,
    where: str,
    notes: tuple[str, ...] = (),
) -> Clip:
    """A clip of unrelated people.

    points      (people, joints, 2) px; not finite, (0, 0) or (-1, -1) where a joint is not marked
    confidence  (people, joints) in [0, 1], 0 where a joint is not marked; None: 1 throughout
    """
    with numpy.errstate(all="ignore"):
        places = numpy.isfinite(points).all(-1, keepdims=True) & (numpy.abs(points) <= FAR_PX)
        places &= ~(points == -1).all(-1, keepdims=True)
        points = numpy.where(places.all(-1, keepdims=True), points, numpy.nan)
    known = numpy.isfinite(points).all(-1).any(1)
    if not known.any():
        raise InputError(f"{where}: not one joint has a place; expected pixels")
    typical = float(numpy.median(spread(points[known]).max(-1)))
    if typical <= _SMALLEST_PX:
        raise InputError(f"{where}: people are {typical:.3g} px large; expected pixels")
    if confidence is None:
        confidence = numpy.ones(points.shape[:2])
    points, confidence, _ = in_pixels(points, confidence, None, where)
    missing = int((confidence == 0).sum())
    if missing:
        notes += (f"{missing} of {confidence.size} joints are not marked",)
    return Clip(
        name=name,
        skeleton=skeleton,
        frames_per_second=None,
        keypoints_px=torch.from_numpy(points.astype(numpy.float32)),
        confidence=torch.from_numpy(confidence.astype(numpy.float32)),
        notes=(UNRELATED, *notes),
    )


def the_file(root: Path | str, name: str, pattern: str, data: str) -> Path:
    """The file itself, or the only one in a folder (and the folders in it).

    name     what the file is called as it is given away; pattern: what it may be called
    """
    root = existing(root, f"{name}, or a folder with it")
    if not root.is_dir():
        return root
    found = sorted(path for path in root.rglob(pattern) if os.path.isfile(path))
    named = [path for path in found if path.name == name]
    if len(named) == 1 or len(found) == 1:
        return (named or found)[0]
    if not found:
        raise InputError(f"{root}: holds no {name}; `posebook data info {data}` says how to get it")
    names = listed((path.relative_to(root) for path in found), 4)
    raise InputError(f"{root}: holds {names}; name one of them as root")


def no_choice(
    name: str, keypoints: str, subjects: Sequence[str] | None, actions: Sequence[str] | None
) -> None:
    """Such a set has one kind of key points, and nothing to choose people by."""
    if keypoints != "true":
        raise InputError(
            f"{name}: no key points '{keypoints}'; there are only those that people marked, 'true'"
        )
    if subjects is not None or actions is not None:
        raise InputError(f"{name}: has no subjects and no actions to choose from")
