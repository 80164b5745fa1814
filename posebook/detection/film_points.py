"""Key points of everybody in a film, kept in a file as they are found.

The file has a line of JSON for each frame, after one that says what they are of. So a command that
was killed goes on from the lines that are whole, and a film that was looked at once need not be
looked at again. A detector that searches now and then (`in_films`) goes on from the last frame that
it searched, so that it finds what it would have found undisturbed. What is kept is what the
detector said, and what each person wears; who is who is found out afterwards (`tracking`).
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch
from tqdm import tqdm

from posebook import paths
from posebook.datasets.pictures.film_files import Film
from posebook.detection import appearance
from posebook.detection.in_films import InFilm
from posebook.errors import InputError
from posebook.files import is_number
from posebook.key_points import MIN_CONFIDENCE

#: Raised whenever the lines have another meaning.
_VERSION = 1
#: So many bytes of a film's beginning and end tell it from other films.
_ENDS = 1 << 20
#: How far, for how long, how long yet, and frames a second, also where that is less than one.
_BAR = "{l_bar}{bar}| {n_fmt}/{total_fmt} [{elapsed}<{remaining}, {rate_noinv_fmt}]"
#: With less than this part of the joints seen, nobody is found.
FEWEST_SEEN = 1 / 3
#: Whoever a detector finds, there are no more people in a picture.
MOST_PEOPLE = 200


@dataclass(frozen=True)
class Frame:
    """People found in one frame: (n, joints, 2) px, (n, joints) in [0, 1], (n, appearance.LENGTH).

    Numbers are rounded as the file keeps them.
    """

    points_px: numpy.ndarray
    scores: numpy.ndarray
    looks: numpy.ndarray


def about(film: Film, detector: Any) -> dict[str, Any]:
    """What key points are of: a film and a detector, by what is in them."""
    size = film.path.stat().st_size
    with film.path.open("rb") as opened:
        ends = opened.read(_ENDS)
        opened.seek(max(0, size - _ENDS))
        ends += opened.read(_ENDS)
    return dict(
        version=_VERSION,
        film=hashlib.sha256(ends).hexdigest(),
        bytes=size,
        frames_per_second=film.frames_per_second,
        size_px=list(film.size_px),
        detector=detector.name,
        weights=_hash_of(detector),
        skeleton=detector.skeleton.name,
    )


def kept_in(folder: Path, known: dict[str, Any]) -> Path:
    """The file in a folder that keeps the key points of a film as a detector finds them."""
    key = hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()[:12]
    return folder / f"found-{key}.jsonl"


def find(film: Film, detector: Any, file: Path, *, show: bool = True) -> tuple[list[Frame], int]:
    """Everybody in every frame, and how many frames the file held before.

    detector  name, skeleton, and `detect(picture) -> Found`
    file      as `kept_in` names it; made if need be, gone on with if it is there
    show      a progress bar on the error stream, with frames a second and the time left
    """
    known, joints = about(film, detector), len(detector.skeleton)
    remembers = isinstance(detector, InFilm)
    frames, length, ended = _kept(file, known, joints, remembers)
    held = len(frames)
    if ended:
        return frames, held
    with file.open("r+b" if length else "wb") as kept:
        kept.truncate(length)
        kept.seek(length)
        if not length:
            kept.write(_line(known))
        total = max(film.frames, held)
        with tqdm(total=total, initial=held, unit="frame", desc=film.path.name, mininterval=0.5,
                  bar_format=_BAR, disable=not show) as bar:  # fmt: skip
            last = None
            for picture in film.pictures(held):
                line: dict[str, Any] = dict(frame=len(frames))
                # A film whose rate varies repeats pictures: what is in them is known.
                if last is None or not torch.equal(picture, last):
                    people, last = _people(picture, detector), picture
                    if remembers and detector.searched:
                        line["searched"] = True
                kept.write(_line(line | dict(people=people)))
                kept.flush()
                frames.append(_frame(people, joints))
                bar.update()
        kept.write(_line(dict(end=len(frames))))
    return frames, held


def _people(picture: torch.Tensor, detector: Any) -> list[dict[str, Any]]:
    """What one line says of each person."""
    found = detector.detect(picture)
    points, scores = found.keypoints_px.double().numpy(), found.scores.double().numpy()
    seen = (scores >= MIN_CONFIDENCE).sum(1) >= FEWEST_SEEN * len(found.skeleton)
    points, scores = points[seen][:MOST_PEOPLE], scores[seen][:MOST_PEOPLE]
    points = numpy.where(numpy.isfinite(points).all(-1, keepdims=True), points, -1.0)
    worn = appearance.looks(picture.numpy(), points, scores, found.skeleton)
    table = numpy.concatenate([points.round(2), scores.round(3)[..., None]], -1)
    return [
        dict(keypoints=row.reshape(-1).tolist(), looks=_written(own))
        for row, own in zip(table, worn, strict=True)
    ]


def _frame(people: list[dict[str, Any]], joints: int) -> Frame:
    table = numpy.array([one["keypoints"] for one in people], float).reshape(-1, joints, 3)
    looks = numpy.array([_read(one["looks"]) for one in people]).reshape(-1, appearance.LENGTH)
    return Frame(table[..., :2], table[..., 2], looks)


def _written(looks: numpy.ndarray) -> str:
    """Looks as text, a byte a number; a part that is not seen as zeros."""
    return (255 * numpy.nan_to_num(looks)).round().astype(numpy.uint8).tobytes().hex()


def _read(text: str) -> numpy.ndarray:
    rows = numpy.frombuffer(bytes.fromhex(text), numpy.uint8).reshape(-1, appearance.BINS)
    total = rows.sum(1, keepdims=True)
    return numpy.where(total > 0, rows / numpy.maximum(total, 1), numpy.nan).reshape(-1)


def _kept(
    file: Path, known: dict[str, Any], joints: int, remembers: bool
) -> tuple[list[Frame], int, bool]:
    """The frames that a file holds, up to which byte it is whole, and whether it has them all.

    remembers  the detector's answers depend on the frames since it searched: where the file does
               not have them all, those before the last search are given
    """
    frames: list[Frame] = []
    length, anew = 0, (0, 0)
    if not file.exists():
        return frames, length, False
    paths.keep_no_folder(file)
    for number, (line, end) in enumerate(_lines(file)):
        if number == 0:
            if line != known:
                raise InputError(
                    f"{paths.shown(file)}: is not what its name says; remove it, or choose another "
                    "--out"
                )
        elif line == dict(end=len(frames)):
            return frames, length, True
        elif _is_frame(line, len(frames), joints):
            if number == 1 or line.get("searched") is True:
                anew = (len(frames), length)
            frames.append(_frame(line["people"], joints))
        else:
            break
        length = end
    if remembers and frames:
        count, length = anew
        frames = frames[:count]
    return frames, length, False


def _lines(file: Path) -> Iterator[tuple[Any, int]]:
    """Each whole line as plain values, and where it ends; until the first that is damaged."""
    end = 0
    with file.open("rb") as opened:
        for line in opened:
            end += len(line)
            try:
                held = json.loads(line) if line.endswith(b"\n") else None
            except (ValueError, RecursionError):
                return
            if held is None:
                return
            yield held, end


def _is_frame(line: Any, number: int, joints: int) -> bool:
    """Whether a line is one that `find` wrote, of the frame that is next."""
    if not isinstance(line, dict) or line.get("frame") != number:
        return False
    people = line.get("people")
    return isinstance(people, list) and all(_is_person(one, joints) for one in people)


def _is_person(one: Any, joints: int) -> bool:
    if not isinstance(one, dict) or one.keys() != {"keypoints", "looks"}:
        return False
    numbers, looks = one["keypoints"], one["looks"]
    if not isinstance(numbers, list) or len(numbers) != 3 * joints:
        return False
    if not isinstance(looks, str) or len(looks) != 2 * appearance.LENGTH:
        return False
    return all(map(is_number, numbers)) and set(looks) <= set("0123456789abcdef")


def _line(record: dict[str, Any]) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode() + b"\n"


def _hash_of(detector: Any) -> str:
    """Of the weights: what the detector says of its file, or else of the weights themselves."""
    if said := getattr(detector, "sha256", ""):
        return said
    held = hashlib.sha256()
    for name, tensor in detector.network.state_dict().items():
        held.update(name.encode() + tensor.detach().cpu().contiguous().numpy().tobytes())
    return held.hexdigest()
