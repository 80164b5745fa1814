"""Photographs to poses: a detector finds the person, a lifter gives the third dimension."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from posebook import detection, lifting, paths
from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.datasets.pictures import picture_files
from posebook.detection import Detector, Found
from posebook.detection.shipped import default
from posebook.errors import InputError
from posebook.export.upright import lift_upright
from posebook.figures.plane import SmallJpeg, small_jpeg
from posebook.files import read_bytes
from posebook.lifting import Lifter
from posebook.lifting.evidence import on_a_line
from posebook.lifting.from_depth import FromDepth
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses

#: A page shows a photograph with no side longer than this.
_SHOWN_PX, _QUALITY = 960, 80
#: With less than this part of the joints seen, nobody is found.
_FEWEST_SEEN = 1 / 3
_EXPECTED = "a picture (JPEG, PNG, WebP, TIFF, ...), or a folder of pictures"
_SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm",
             ".jp2", ".avif", ".heic", ".heif")  # fmt: skip
#: A folder with such files holds key points or motion capture, and perhaps pictures beside them.
_OTHERS = (".json", ".bvh", ".amc", ".asf", ".c3d", ".trc", ".txt", ".csv", ".npz", ".npy", ".h5",
           ".mat")  # fmt: skip


class Shown(NamedTuple):
    """A person's poses, and the picture to draw on their page; None where there is none."""

    poses: Poses
    picture: Any = None


def are(source: Path) -> bool:
    """Whether a file is a picture, or a folder holds pictures and nothing else that is lifted."""
    if not source.is_dir():
        return _is_picture(source)
    files = _files(source)
    if any(file.suffix.lower() in _OTHERS for file in files):
        return False
    return any(map(_is_picture, files))


def lifted(
    source: Path,
    detector: str | Path | Detector | None,
    lifter: Lifter | None,
    most: int,
    *,
    camera: Camera | None = None,
    min_confidence: float,
    height_mm: float | None = None,
) -> tuple[list[Shown], tuple[Note, ...]]:
    """Everybody in a picture, or in the pictures of a folder, lifted; and what was left out.

    detector  name of a shipped one, a file, or a Detector; None: the shipped one
    lifter    None: the detector's own depth, or `lifting.default_for` one frame
    most      pictures of a folder that are lifted; the others are left out
    The other options are those of `upright.lift_upright`. A picture of a folder that cannot be
    read, or in which nobody is found, is named in a note and passed over. InputError, one line,
    for one that is alone, and for a folder in which none is left.
    """
    if detector is None:
        seer = default()
    else:
        seer = detector if isinstance(detector, Detector) else detection.load(detector)
    options = dict(camera=camera, min_confidence=min_confidence, height_mm=height_mm)
    if not source.is_dir():
        if not _is_picture(source) and source.suffix.lower() not in _SUFFIXES:
            raise InputError(
                f"{source}: seems to be no picture, and --detector takes {_EXPECTED}; leave it out "
                "to lift key points or motion capture"
            )
        one = _lifted(source, seer, lifter, str(source), source.stem, options)
        return [one], ()
    files = _pictures(source)
    shown: list[Shown] = []
    passed: list[Note] = []
    for number, file in enumerate(files):
        if len(shown) == most:
            left = len(files) - number
            text = f"{left} of {len(files)} pictures in {source}; {most} are lifted."
            passed.append(Note("left out", text, dict(pictures=left, of=len(files))))
            break
        try:
            shown.append(_lifted(file, seer, lifter, str(source), file.name, options))
        except InputError as error:
            passed.append(Note("passed over", str(error)))
    if not shown:
        why = passed[0].text if len(passed) == 1 else f"{len(passed)} pictures; {passed[0].text}"
        raise InputError(f"{paths.shown(source)}: no picture in it could be lifted: {why}")
    return shown, tuple(passed)


def _lifted(
    file: Path, detector: Detector, lifter: Lifter | None, input: str, name: str, options: dict
) -> Shown:
    """The person in one picture file; InputError where nobody is found."""
    content = read_bytes(file, _EXPECTED)
    picture = picture_files.decoded(content, f"{file}")
    found = detector.detect(picture)
    _check_somebody(file, found, options["min_confidence"])
    tall, wide = picture.shape[:2]
    clip = Clip(
        f"{file}", found.skeleton, None, found.keypoints_px, found.scores, size_px=(wide, tall)
    )
    joints = len(found.skeleton)
    seen = int((found.scores >= options["min_confidence"]).sum())
    text = f"found by {detector.name}; {seen} of {joints} joints are sure enough."
    notes = [Note("key points", text, dict(joints=seen, of=joints))]
    if picture_files.holds_several(content):
        notes.append(Note("picture", "the file holds several; the first is taken."))
    chosen = lifter or _from_depth(detector, found) or lifting.default_for(clip)
    poses = lift_upright(clip, chosen, input=input, notes=notes, detected=True, **options)
    return Shown(replace(poses, clip=name), _small(picture))


def _check_somebody(file: Path, found: Found, least: float) -> None:
    scores, sure = found.scores[0], found.scores >= least
    seen, joints = int(sure.sum()), len(scores)
    expected = "expected one person in the middle, seen whole"
    if seen < _FEWEST_SEEN * joints:
        raise InputError(
            f"{file}: nobody is found in it: {seen} of {joints} joints have a score of {least:g} "
            f"(the surest has {scores.max():.2f}); {expected}. --min-confidence takes less sure "
            "joints"
        )
    if on_a_line(found.keypoints_px, sure).any():
        raise InputError(f"{file}: nobody is found in it: all joints lie on one line; {expected}")


def _from_depth(detector: Detector, found: Found) -> Lifter | None:
    if found.depth is None:
        return None
    pose_px = torch.cat([found.keypoints_px, found.depth.unsqueeze(-1)], -1)
    return FromDepth(detector.name, pose_px)


def _small(picture: Tensor) -> SmallJpeg:
    return small_jpeg(picture.numpy(), _SHOWN_PX, _QUALITY)


def _files(folder: Path) -> list[Path]:
    """The files of a folder by their names; hidden ones are what systems leave behind."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from None
    return [file for file in found if not file.name.startswith(".") and file.is_file()]


def _pictures(folder: Path) -> list[Path]:
    """The pictures of a folder: by what is in the file, or what its name says that there is."""
    found = [f for f in _files(folder) if f.suffix.lower() in _SUFFIXES or _is_picture(f)]
    if not found:
        raise InputError(f"{folder}: holds no picture; expected {_EXPECTED}")
    return found


def _is_picture(file: Path) -> bool:
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return picture_files.is_picture(opened.read(64), file)
    except OSError:
        return False
