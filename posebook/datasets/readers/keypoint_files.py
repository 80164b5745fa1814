"""Key points as detectors write them: OpenPose, AlphaPose, MMPose, COCO, MediaPipe, YOLO.

`read` takes one file of any of them, or a folder with one file a frame. What the formats have in
common is here: frames numbered by names, gaps between the numbers, missing joints, joint sets,
several people. What each looks like inside is in `keypoint_json` and `yolo_labels`.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.clips import Clip
from posebook.datasets.readers import joint_sets, stills, tracking, yolo_labels
from posebook.datasets.readers.files import (
    decoded,
    first_entries,
    frame_rate,
    parsed,
    picture_size,
    read_head,
    read_json,
    read_text,
)
from posebook.datasets.readers.film import Film
from posebook.datasets.readers.keypoint_json import films, people_of
from posebook.datasets.readers.tracking import Found
from posebook.errors import InputError

#: Coordinates further out than this (px) are damage, not pictures.
FAR_PX = 1e6
#: In float32 a confidence below the first is 0, and one above the second infinite.
_LEAST, _MOST = float(numpy.finfo(numpy.float32).tiny), float(numpy.finfo(numpy.float32).max)
#: Parts of a picture lie between 0 and 1, but for joints outside it: none so far as this,
_FARTHEST_PART = 3.0
#: and few a little below 0; more, or further, and they are counted from the middle, -1 to 1.
_NEGATIVE, _OUTSIDE = 0.2, 0.5
_MOST_FRAMES = 5_000_000
#: A picture's labels are never larger: a thousand people take as many bytes, or fewer.
_MOST_LABELS = 1 << 20
#: Of a JSON file of more letters than the first, so many are read before the rest is: those of a
#: list, or of an object with more names than the second (a frame each, then).
_LONG, _MANY = 8 << 20, 1000
_PICTURE = re.compile(r"\.(png|jpe?g|bmp|tiff?|jp2|webp|json|txt|mp4)$", re.IGNORECASE)
_EXPECTED = "key points in OpenPose, COCO, AlphaPose, MMPose, MediaPipe or Ultralytics JSON"
_LABELS = "YOLO's pose labels: class, box, then x, y, confidence of each joint"


def read(
    path: Path,
    layout: str | None = None,
    size: Sequence[int] | str | None = None,
    person: int | str | None = None,
    fps: float | None = None,
) -> list[Clip]:
    """The clips of a file or of a folder: one per film or picture in it, and person chosen.

    In a folder of .json files, or of YOLO's .txt labels, `NAME_000000000012_keypoints.json` is
    frame 12 of NAME. Numbers that are missing become empty frames, and files of several NAMEs are
    several clips. A folder with a single file is that file.

    layout  the joint set, where the file does not say (see `joint_sets.named`)
    size    (width, height) of the picture, where the file does not say
    person  see `tracking.clips`
    fps     frames per second, where the file does not say
    """
    files = [path]
    if path.is_dir():
        inside = sorted(path.iterdir())
        files = [file for file in inside if file.suffix.lower() == ".json"]
        if not files:
            texts = [file for file in inside if file.suffix.lower() == ".txt"]
            files = [file for file in texts if _label(file) is not None]
    if not files:
        raise InputError(
            f"{path}: holds no .json file, and no YOLO labels (.txt); expected a folder of OpenPose"
            " JSON files, one a frame"
        )
    if len(files) == 1 and not is_label(files[0]):
        found = _films_of_file(files[0])
    else:
        found = _films_of_folder(path, files)
    found = [part for film in found for part in stills.separated(film)]
    clips: list[Clip] = []
    for film in found:
        where = film.where if len(found) == 1 else f"{film.where}: {film.name}"
        clips += clips_of(film, film.name or files[0].stem, where, layout, size, person, fps)
    return clips


def _films_of_file(file: Path) -> list[Film]:
    """The films of a JSON file; where it is long, its beginning is asked first whether there are
    key points in it at all."""
    text = read_text(file, _EXPECTED)
    if len(text) > _LONG:
        start = first_entries(text, _LONG)
        if len(start) > _MANY and not any(film.people for film in films(start, file)):
            raise InputError(
                f"{file}: nobody in its first {len(start)} entries; expected {_EXPECTED}"
            )
    return films(parsed(text, file, _EXPECTED), file)


def _label(file: Path) -> list | None:
    """The people in a file of YOLO's labels; None where it is none. An empty one shows nobody."""
    if file.suffix.lower() == ".txt" and file.stat().st_size == 0:
        return []
    start = decoded(read_head(file, _LABELS, 64), cut=True) or ""
    if not re.match(r"\s*[0-9]", start):
        return None
    if file.stat().st_size > _MOST_LABELS:
        return None
    return yolo_labels.people(read_text(file, _LABELS))


def is_label(path: Path) -> bool:
    """Whether a text file holds YOLO's pose labels."""
    return path.is_file() and _label(path) is not None


def _films_of_folder(folder: Path, files: list[Path]) -> list[Film]:
    """A film for each NAME among files of one frame each."""
    found: dict[str, Film] = {}
    for file in files:
        stem = re.sub(r"_keypoints$", "", file.stem)
        name = re.sub(r"\d+$", "", stem)
        film = found.setdefault(name, Film(str(folder), name.rstrip("_-. ") or folder.stem))
        film.frame(stem)
        if (people := _label(file)) is None:
            people = _people_of_file(read_json(file, _EXPECTED), file, film)
        for points, identity in people:
            film.add(points, identity)
    return list(found.values())


def _people_of_file(content: Any, file: Path, film: Film) -> list:
    """The people of one frame's file: OpenPose's, or the instances of one picture."""
    if isinstance(content, dict) and ("people" in content or "bodies" in content):
        return people_of(content, file)
    if content in ([], {}, None):
        return []
    pictures = films(content, file)
    if len(pictures) != 1 or len(pictures[0].keys) != 1:
        raise InputError(f"{file}: several frames in one file of a folder; expected one each")
    film.size_px, film.names = film.size_px or pictures[0].size_px, pictures[0].names
    return list(zip(pictures[0].people, pictures[0].identities, strict=True))


def clips_of(
    film: Film, name: str, where: str, layout: str | None,
    size: Sequence[int] | str | None, person: int | str | None, fps: float | None,
) -> list[Clip]:  # fmt: skip
    """Clips of a film as it was written: people followed, joints named, numbers in pixels."""
    if not film.people:
        raise InputError(f"{where}: nobody in {len(film.keys)} frames; expected key points")
    table, names = _table(film, where)
    size_px = film.size_px or picture_size(size)
    points, confidence, scaled = in_pixels(table[..., :2], table[..., 2], size_px, where)
    joints = table.shape[1]
    if layout is None and names:
        skeleton, kept, assumed = joint_sets.of_names(names, joints, where)
    else:
        skeleton, kept, assumed = joint_sets.of_count(joints, where, layout, points)
    frame, frames, missing = number_frames(film.keys)
    order = numpy.argsort(frame[film.when], kind="stable")
    identity, labels = numbered([film.identities[row] for row in order])
    found = Found(
        frame=frame[film.when][order],
        points_px=points[order, :kept],
        confidence=confidence[order, :kept],
        identity=identity,
        frames=frames,
        labels=labels,
    )
    return tracking.clips(
        found,
        skeleton,
        name,
        where,
        person=person,
        size_px=size_px,
        frames_per_second=fps or frame_rate(film.fps, where),
        notes=tuple(note for note in (film.note, scaled, assumed, missing) if note),
    )


def numbered(identities: Sequence[int | str | None]) -> tuple[numpy.ndarray, dict[int, str]]:
    """Track numbers and names as whole numbers, -1 for none; and the names by their numbers."""
    named = list(dict.fromkeys(one for one in identities if isinstance(one, str)))
    first = 1 + max((one for one in identities if isinstance(one, int)), default=-1)
    number = {name: first + place for place, name in enumerate(named)}
    found = [-1 if one is None else number.get(one, one) for one in identities]
    return numpy.array(found, dtype=numpy.int64), {value: key for key, value in number.items()}


def _table(film: Film, where: str) -> tuple[numpy.ndarray, list[str] | None]:
    """((people, joints, 3) float64, null as NaN; the joints' names, where the file has them)."""
    named = [one.names for one in film.people if one.names]
    names, rows = film.names, [one.values for one in film.people]
    if named and len(named) == len(rows):
        names = list(dict.fromkeys(name for own in named for name in own))
        rows = [one.in_order(names) for one in film.people]
    lengths = {len(row) for row in rows}
    if len(lengths) != 1 or lengths == {0} or next(iter(lengths)) % 3:
        some = ", ".join(str(length) for length in sorted(lengths)[:4])
        raise InputError(
            f"{where}: people of {some} numbers; expected x, y, confidence for the same joints each"
        )
    try:
        table = numpy.array(rows, dtype=numpy.float64).reshape(len(rows), -1, 3)
    except (TypeError, ValueError, OverflowError):
        raise InputError(f"{where}: key points that are no numbers; expected x, y, c") from None
    if any(one.deep for one in film.people) and (table[..., 2] < 0).any():
        table[..., 2] = 1.0  # a depth, which no confidence can be: it would not be negative
    return table, names


def in_pixels(
    points: numpy.ndarray, confidence: numpy.ndarray, size_px: tuple[int, int] | None, where: str
) -> tuple[numpy.ndarray, numpy.ndarray, str]:
    """Missing joints as NaN with confidence 0; the rest in pixels, with the file's confidence.

    Missing is: confidence 0, a number that is not finite, or the place (0, 0), which OpenPose and
    COCO write for joints they did not find. Coordinates that nearly all lie in [0, 1], or in
    [-1, 1], are parts of the picture: they need its size. The precision is that of `points`.
    """
    with numpy.errstate(invalid="ignore"):
        farther = numpy.maximum(numpy.abs(points[..., 0]), numpy.abs(points[..., 1]))  # or NaN
        placed = (farther >= 1e-6) & (farther <= FAR_PX)
        there = placed & (confidence > _LEAST) & (confidence <= _MOST)
    if placed.any() and not there.any():
        raise InputError(
            f"{where}: people are there, but every confidence is 0, which means not seen; write 1 "
            "where the key points are to be believed"
        )
    if not there.all():
        points = numpy.where(there[..., None], points, numpy.nan)
        confidence = numpy.where(there, confidence, 0.0)
    known = points[there]
    if there.sum() < 4 or not _parts_of_picture(known):
        return points, confidence, ""
    if size_px is None:
        raise InputError(
            f"{where}: coordinates between -1 and 1 are parts of a picture, not pixels; say "
            "its size (--size WIDTHxHEIGHT)"
        )
    from_middle = numpy.mean(known < 0) > _NEGATIVE or known.min() < -_OUTSIDE
    if from_middle:
        points = (points.astype(numpy.float64) + 1) / 2
    note = f"coordinates from {-1 if from_middle else 0} to 1 scaled to the picture"
    if outside := int((farther > 1)[there].sum()):
        note += f"; {outside} joints are beyond its edge"
    return points * numpy.array(size_px, dtype=numpy.float64), confidence, note


def _parts_of_picture(known: numpy.ndarray) -> bool:
    """Whether coordinates (joints, 2) are parts of a picture. Some may lie outside it, but not far:
    a person in pixels does not fit between 0 and 1."""
    farther = numpy.abs(known).max(1)
    return bool(
        farther.max() <= _FARTHEST_PART and numpy.mean(farther <= 1) > 0.5 and numpy.ptp(known) > 0
    )


def number_frames(keys: list[str]) -> tuple[numpy.ndarray, int, str]:
    """(frame index of each key, how many frames there are, a note or '').

    A key is a file name or a number; its last digits are the frame's number. The first number is
    frame 0; numbers that no key has are empty frames. Keys without numbers, or with numbers far
    apart (time stamps, ids of pictures), are taken in order.
    """
    keys = [_PICTURE.sub("", key) for key in keys]
    if any(re.fullmatch(r"\d+\.\d+", key) for key in keys):  # seconds
        return numpy.arange(len(keys)), len(keys), ""
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
