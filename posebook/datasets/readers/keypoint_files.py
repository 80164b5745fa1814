"""Key points as detectors write them: OpenPose, AlphaPose, MMPose, COCO.

`read` takes one JSON file of any of them, or a folder with one JSON file a frame.
What the formats have in common is here: frames numbered by names, gaps between the numbers, missing
joints, joint sets, several people. What each looks like inside is in `keypoint_json`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.clips import Clip
from posebook.datasets.readers import joint_sets, tracking
from posebook.datasets.readers.files import picture_size, read_json
from posebook.datasets.readers.keypoint_json import Film, films, openpose_people
from posebook.datasets.readers.tracking import Found
from posebook.errors import InputError
from posebook.skeletons import Skeleton

#: Coordinates further out than this (px) are damage, not pictures.
FAR_PX = 1e6
#: A confidence below it is 0 in float32.
_LEAST = float(numpy.finfo(numpy.float32).tiny)
_MOST_FRAMES = 5_000_000
_EXPECTED = "key points in OpenPose, COCO, AlphaPose or MMPose JSON"


def read(
    path: Path,
    layout: str | None = None,
    size: Sequence[int] | str | None = None,
    person: int | str | None = None,
    fps: float | None = None,
) -> list[Clip]:
    """The clips of a JSON file or of a folder: one per film or picture in it, and person chosen.

    In a folder, `NAME_000000000012_keypoints.json` is frame 12 of NAME. Numbers that are missing
    become empty frames, and files of several NAMEs are several clips. A folder with a single JSON
    file is that file.

    layout  the joint set, where the file does not say (see `joint_sets.named`)
    size    (width, height) of the picture, where the file does not say
    person  see `tracking.clips`
    fps     frames per second, which these files do not say
    """
    files = [path]
    if path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix.lower() == ".json")
    if not files:
        raise InputError(
            f"{path}: holds no .json file; expected a folder of OpenPose JSON files, one a frame"
        )
    if len(files) == 1:
        found = films(read_json(files[0], _EXPECTED), files[0])
    else:
        found = _films_of_folder(path, files)
    clips: list[Clip] = []
    for film in found:
        where = film.where if len(found) == 1 else f"{film.where}: {film.name}"
        clips += _clips(film, film.name or files[0].stem, where, layout, size, person, fps)
    return clips


def _films_of_folder(folder: Path, files: list[Path]) -> list[Film]:
    """A film for each NAME among files of one frame each."""
    found: dict[str, Film] = {}
    for file in files:
        stem = re.sub(r"_keypoints$", "", file.stem)
        name = re.sub(r"\d+$", "", stem)
        film = found.setdefault(name, Film(str(folder), name.rstrip("_-. ") or folder.name))
        film.frame(stem)
        _add_frame(film, read_json(file, "OpenPose JSON"), file)
    return list(found.values())


def _add_frame(film: Film, content: Any, file: Path) -> None:
    """The people of one frame's file: OpenPose's, or the instances of one picture (MMPose)."""
    if isinstance(content, dict):
        for values in openpose_people(content, file):
            film.add(values)
    elif content != []:
        pictures = films(content, file)
        if len(pictures) != 1 or len(pictures[0].keys) != 1:
            raise InputError(f"{file}: several frames in one file of a folder; expected one each")
        for values, identity in zip(pictures[0].values, pictures[0].identities, strict=True):
            film.add(values, identity)


def _clips(
    film: Film, name: str, where: str, layout: str | None,
    size: Sequence[int] | str | None, person: int | str | None, fps: float | None,
) -> list[Clip]:  # fmt: skip
    """Clips of a film as it was written: people followed, joints named, numbers in pixels."""
    if not film.values:
        raise InputError(f"{where}: nobody in {len(film.keys)} frames; expected key points")
    table = _table(film.values, where)
    size_px = film.size_px or picture_size(size)
    points, confidence, scaled = in_pixels(table[..., :2], table[..., 2], size_px, where)
    skeleton, kept, assumed = _skeleton(film, table.shape[1], layout, where)
    frame, frames, missing = number_frames(film.keys)
    order = numpy.argsort(frame[film.when], kind="stable")
    found = Found(
        frame=frame[film.when][order],
        points_px=points[order, :kept],
        confidence=confidence[order, :kept],
        identity=numpy.array(film.identities)[order],
        frames=frames,
    )
    return tracking.clips(
        found,
        skeleton,
        name,
        where,
        person=person,
        size_px=size_px,
        frames_per_second=fps,
        notes=tuple(note for note in (scaled, assumed, missing) if note),
    )


def _skeleton(film: Film, joints: int, layout: str | None, where: str) -> tuple[Skeleton, int, str]:
    """As `joint_sets.of_count`: by the user's word, else by the file's names, else by the count."""
    if layout is None and film.names:
        skeleton = joint_sets.of_names(film.names, where)
        if len(skeleton) != joints:
            raise InputError(f"{where}: {len(skeleton)} joint names but {joints} joints")
        return skeleton, joints, ""
    return joint_sets.of_count(joints, where, layout)


def _table(values: list[list], where: str) -> numpy.ndarray:
    """(people, joints, 3) float64; null becomes NaN."""
    lengths = {len(row) for row in values}
    if len(lengths) != 1 or lengths == {0} or next(iter(lengths)) % 3:
        some = ", ".join(str(length) for length in sorted(lengths)[:4])
        raise InputError(
            f"{where}: people of {some} numbers; expected x, y, confidence for the same joints each"
        )
    try:
        return numpy.array(values, dtype=numpy.float64).reshape(len(values), -1, 3)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where}: key points that are no numbers; expected x, y, c") from None


def in_pixels(
    points: numpy.ndarray, confidence: numpy.ndarray, size_px: tuple[int, int] | None, where: str
) -> tuple[numpy.ndarray, numpy.ndarray, str]:
    """Missing joints as NaN with confidence 0; the rest in pixels with confidence in (0, 1].

    Missing is: confidence 0, a number that is not finite, or the place (0, 0), which OpenPose and
    COCO write for joints they did not find. Coordinates that all lie in [0, 1] (or [-1, 1]) are
    parts of the picture: they need its size. The precision is that of `points`.
    """
    with numpy.errstate(invalid="ignore"):
        farther = numpy.maximum(numpy.abs(points[..., 0]), numpy.abs(points[..., 1]))  # or NaN
        there = (farther >= 1e-6) & (farther <= FAR_PX)
        there &= (confidence > _LEAST) & (confidence < numpy.inf)
    confidence = numpy.minimum(confidence, 1.0)
    if not there.all():
        points = numpy.where(there[..., None], points, numpy.nan)
        confidence = numpy.where(there, confidence, 0.0)
    note = ""
    parts = there.sum() >= 4 and farther.max(where=there, initial=0.0) <= 1.0
    if parts and numpy.ptp(known := points[there]) > 0:
        if size_px is None:
            raise InputError(
                f"{where}: coordinates between -1 and 1 are parts of a picture, not pixels; say "
                "its size (WIDTHxHEIGHT)"
            )
        if known.min() < 0:
            points = (points.astype(numpy.float64) + 1) / 2
            note = "coordinates from -1 to 1 scaled to the picture"
        else:
            note = "coordinates from 0 to 1 scaled to the picture"
        points = points * numpy.array(size_px, dtype=numpy.float64)
    return points, confidence, note


def number_frames(keys: list[str]) -> tuple[numpy.ndarray, int, str]:
    """(frame index of each key, how many frames there are, a note or '').

    A key is a file name or a number; its last digits are the frame's number. The first number is
    frame 0; numbers that no key has are empty frames. Keys without numbers, or with numbers far
    apart (time stamps, ids of pictures), are taken in order.
    """
    found = [re.findall(r"\d+", key)[-1:] for key in keys]
    if all(found) and keys:
        numbers = [int(digits[0]) if len(digits[0]) < 16 else -1 for digits in found]
        first, last = min(numbers), max(numbers)
        frames = last - first + 1
        apart = len(set(numbers)) == len(numbers)
        if apart and first >= 0 and frames <= min(20 * len(keys) + 100, _MOST_FRAMES):
            note = ""
            if frames > len(keys):
                note = f"{frames - len(keys)} frame numbers between {first} and {last} are missing"
            return numpy.array(numbers) - first, frames, note
    return numpy.arange(len(keys)), len(keys), ""
