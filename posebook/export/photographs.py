"""Photographs to poses: a detector finds people, a lifter gives the third dimension."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from posebook import detection, lifting, paths
from posebook.cameras import Camera
from posebook.cameras.camera import FOCAL_PX
from posebook.datasets.clips import Clip
from posebook.datasets.pictures import exif, picture_files
from posebook.detection import AnyDetector, Detector, Found
from posebook.detection.shipped import about_default, default
from posebook.errors import InputError
from posebook.export import picture_folders
from posebook.export.upright import lift_upright
from posebook.figures.plane import SmallJpeg, small_jpeg
from posebook.files import read_bytes
from posebook.lifting import Lifter
from posebook.lifting.evidence import on_a_line
from posebook.lifting.from_depth import FromDepth
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE

#: A page shows a photograph with no side longer than this.
_SHOWN_PX, _QUALITY = 960, 80
#: With less than this part of the joints seen, nobody is found.
_FEWEST_SEEN = 1 / 3


class Shown(NamedTuple):
    """A person's poses, and the photograph to draw on their page; None where there is none."""

    poses: Poses
    picture: Any = None


def lifted(
    source: Path,
    detector: str | Path | AnyDetector | None,
    lifter: Lifter | None,
    most: int,
    *,
    person: int | None = None,
    camera: Camera | None = None,
    min_confidence: float,
    height_mm: float | None = None,
) -> tuple[list[Shown], tuple[Note, ...]]:
    """Everybody in a picture, or in the pictures of a folder, lifted; and what was left out.

    detector  a name or a file, as `detection.load` takes it, or a detector; None: the best one that
              is here
    lifter    None: the detector's own depth, or `lifting.default_for` one frame
    most      people who are lifted; the others are left out
    person    which one of each picture, 1 for the most prominent; None: everybody
    The other options are those of `upright.lift_upright`. A picture of a folder that cannot be
    read, or in which nobody is found, is named in a note and passed over. InputError, one line,
    for one that is alone, and for a folder in which none is left.
    """
    notes: list[Note] = []
    if detector is None:
        seer, text = default(), about_default()
        notes += [Note("detector", text)] if text else []
    else:
        seer = detection.load(detector) if isinstance(detector, str | Path) else detector
    options = dict(camera=camera, min_confidence=min_confidence, height_mm=height_mm)
    if not source.is_dir():
        named_so = source.suffix.lower() in picture_folders.SUFFIXES
        if not named_so and not picture_folders.is_picture(source):
            raise InputError(
                f"{source}: seems to be no picture, and --detector takes "
                f"{picture_folders.EXPECTED}; leave it out to lift key points or motion capture"
            )
        shown = _lifted(source, seer, lifter, str(source), source.stem, person, options)
        return shown[:most], (*notes, *_left_out(source, len(shown), most))
    files, aside = picture_folders.pictures(source)
    notes += aside
    shown: list[Shown] = []
    for number, file in enumerate(files):
        if len(shown) >= most:
            left = len(files) - number
            text = f"{left} of {len(files)} pictures in {source}; {len(shown)} people are lifted."
            notes.append(Note("left out", text, dict(pictures=left, of=len(files))))
            break
        try:
            here = _lifted(file, seer, lifter, str(source), file.name, person, options)
        except InputError as error:
            notes.append(Note("passed over", str(error)))
            continue
        room = most - len(shown)
        notes += _left_out(file, len(here), room)
        shown += here[:room]
    if not shown:
        passed = [note for note in notes if note.kind == "passed over"]
        why = passed[0].text if len(passed) == 1 else f"{len(passed)} pictures; {passed[0].text}"
        raise InputError(f"{paths.shown(source)}: no picture in it could be lifted: {why}")
    return shown, tuple(notes)


def _left_out(file: Path, count: int, most: int) -> list[Note]:
    if count <= most:
        return []
    text = f"{count - most} of {count} people in {file}; the most prominent are lifted."
    return [Note("left out", text, dict(people=count - most, of=count))]


def _lifted(
    file: Path,
    detector: AnyDetector,
    lifter: Lifter | None,
    input: str,
    name: str,
    person: int | None,
    options: dict,
) -> list[Shown]:
    """The people in one picture file; InputError where nobody is found."""
    content = read_bytes(file, picture_folders.EXPECTED, picture_files.MOST_BYTES)
    picture = picture_files.decoded(content, f"{file}")
    found = detector.detect(picture)
    who = _somebody(file, found, options["min_confidence"], isinstance(detector, Detector))
    if person is not None:
        if person > len(who):
            raise InputError(f"{file}: person is {person}; expected 1 to {len(who)}, or all")
        chosen = {person: who[person - 1]}
    else:
        chosen = dict(enumerate(who, 1))
    tall, wide = picture.shape[:2]
    small, joints, shown = _small(picture), len(found.skeleton), []
    focal = exif.FocalLength(None)
    if options["camera"] is None:
        focal = exif.focal_length(content, (wide, tall))
        options = options | dict(camera=_of_exif(focal.px, (wide, tall)))
    for number, row in chosen.items():
        one = f"{name}/person {number}" if len(who) > 1 else name
        scores = found.scores[row : row + 1]
        # Guessed beyond the picture's edge: legs of a portrait may reach far out of it.
        points_px = torch.where(scores[..., None] > 0, found.keypoints_px[row : row + 1], torch.nan)
        clip = Clip(f"{file}", found.skeleton, None, points_px, scores, size_px=(wide, tall))
        seen = int((clip.confidence >= options["min_confidence"]).sum())
        text = f"found by {named(detector)}; {seen} of {joints} joints are sure enough."
        notes = [Note("key points", text, dict(joints=seen, of=joints))]
        if len(who) > 1:
            text = f"{number} of the {len(who)} who are found, the most prominent first."
            notes.append(Note("person", text, dict(person=number, of=len(who))))
        if picture_files.holds_several(content):
            notes.append(Note("picture", "the file holds several; the first is taken."))
        own = lifter or _from_depth(detector, found, row) or lifting.default_for(clip)
        poses = lift_upright(clip, own, input=input, notes=notes, detected=True, **options)
        poses = replace(poses, notes=_with_focal_length(poses, focal))
        shown.append(Shown(replace(poses, clip=one, detector=named(detector)), small))
    return shown


def _of_exif(focal_px: float | None, size_px: tuple[int, int]) -> Camera | None:
    """A camera of this focal length, its axis through the middle of the picture."""
    if focal_px is None or not FOCAL_PX[0] <= focal_px <= FOCAL_PX[1]:
        return None
    return Camera(torch.tensor([focal_px] * 2), torch.tensor(size_px) / 2, size_px, name="EXIF")


def _with_focal_length(poses: Poses, focal: exif.FocalLength) -> tuple[Note, ...]:
    """The notes of a lift; the one on the camera says what came of the EXIF data."""
    if not focal.text:
        return poses.notes
    if poses.camera.name == "EXIF":
        text = (
            f"its focal length, {poses.camera.focal_px[0]:.0f} px, is that of the photograph's "
            f"EXIF data ({focal.text}), unless it was cut since; its axis is taken to go through "
            "the middle of the picture (--intrinsics)."
        )
        return tuple(Note("camera", text) if n.kind == "camera" else n for n in poses.notes)
    return tuple(
        replace(n, text=f"{n.text} {focal.text[:1].upper()}{focal.text[1:]}.")
        if n.kind == "camera" else n for n in poses.notes
    )  # fmt: skip


def named(detector: AnyDetector) -> str:
    """A detector's name, with the hash of its weights where it has one."""
    return f"{detector.name} (SHA-256 {detector.sha256})" if detector.sha256 else detector.name


def _somebody(file: Path, found: Found, least: float, one: bool) -> list[int]:
    """The rows of those who are seen well enough to be lifted; InputError where nobody is.

    one  the detector finds one person, in the middle
    """
    expected = "expected one person in the middle, seen whole" if one else "expected people"
    if not len(found.scores):
        raise InputError(f"{file}: nobody is found in it; {expected}")
    joints, sure = len(found.skeleton), found.scores >= least
    # A face has many joints in some sets, and makes no pose.
    body = [j for j, joint in enumerate(found.skeleton.joints) if joint in HOUSE.joints]
    enough = (sure.sum(-1) >= _FEWEST_SEEN * joints) & (
        sure[:, body].sum(-1) >= _FEWEST_SEEN * len(body)
    )
    if not enough.any():
        best = int(sure.sum(-1).argmax())
        if not sure[best, body].sum() > 2 and sure[best].sum() >= _FEWEST_SEEN * joints:
            raise InputError(f"{file}: only a face or a hand is seen; a pose needs shoulders or "
                             "hips in the picture")  # fmt: skip
        raise InputError(
            f"{file}: nobody is found in it: {int(sure[best].sum())} of {joints} joints have a "
            f"score of {least:g} (the surest has {found.scores[best].max():.2f}); {expected}. "
            "--min-confidence takes less sure joints"
        )
    enough &= ~on_a_line(found.keypoints_px, sure)
    if not enough.any():
        raise InputError(f"{file}: nobody is found in it: all joints lie on one line; {expected}")
    return enough.nonzero()[:, 0].tolist()


def _from_depth(detector: AnyDetector, found: Found, row: int) -> Lifter | None:
    if found.depth is None:
        return None
    pose_px = torch.cat([found.keypoints_px, found.depth.unsqueeze(-1)], -1)[row : row + 1]
    return FromDepth(detector.name, pose_px)


def _small(picture: Tensor) -> SmallJpeg:
    return small_jpeg(picture.numpy(), _SHOWN_PX, _QUALITY)
