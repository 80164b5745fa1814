"""Films to poses: a detector finds people frame by frame, who is who is found out, each is lifted.

In the folder of the results, `found-*.jsonl` keeps what the detector found (see `film_points`), and
`keypoints.json` has everybody with their numbers, in a form that `posebook lift` takes again.
"""

import json
from pathlib import Path
from typing import Any

import numpy

from posebook import detection, paths
from posebook.datasets.clips import Clip
from posebook.datasets.pictures import film_files
from posebook.datasets.pictures.film_files import Film
from posebook.datasets.readers import tracking as clips_of
from posebook.detection import film_points, in_films, shipped
from posebook.detection.film_points import Frame
from posebook.detection.tracking import Seen, follow
from posebook.errors import InputError
from posebook.export.photographs import named
from posebook.export.playing import Footage, chosen_span
from posebook.key_points import ASSUMED_FRAMES_PER_SECOND, MIN_CONFIDENCE
from posebook.lifting.notes import Note, of_input
from posebook.skeletons import Skeleton

KEYPOINTS = "keypoints.json"


def are(source: Path) -> bool:
    """Whether a file is a film, or is called as if it were one."""
    return film_files.is_film(source)


def found(
    source: Path,
    detector: Any,
    out: Path | None,
    person: Any = None,
    fps: float | None = None,
    excerpt_s: tuple[float | int, float | int] | None = None,
) -> tuple[list[Clip], Path, str, Footage, tuple[Note, ...]]:
    """A clip of everybody in a film, the most prominent first; the folder to write into; the name
    of the detector, with its hash; the film, as pages show it; notes.

    detector  name of a shipped one, a file, or one of its own; None: the one that is taken for
              photographs
    out       None: a new folder, or the newest in which this film was begun with this detector
              and not finished
    person    1, 2, ... in the order of prominence; None or 'all': everybody
    fps       wins over what the film says
    excerpt_s from where to where pages show it
    """  # fmt: skip
    film = film_files.read(source)
    if excerpt_s is not None:  # before hours of work
        rate = fps or film.frames_per_second or ASSUMED_FRAMES_PER_SECOND
        chosen_span(excerpt_s, film.frames, rate)
    seer, said = _chosen(detector)
    known = film_points.about(film, seer)
    folder = out or _begun(known) or paths.new_run("lift")
    folder.mkdir(parents=True, exist_ok=True)
    with paths.alone_in(folder):
        frames, held = film_points.find(film, seer, film_points.kept_in(folder, known))
        rate = fps or film.frames_per_second
        numbers = _numbers(frames, rate)
        skeleton, people = seer.skeleton, sum(len(frame.scores) for frame in frames)
        if not people:
            raise InputError(
                f"{source}: nobody is found in its {len(frames)} frames by {seer.name}; expected a "
                "film of people, seen whole"
            )
        _write(folder / KEYPOINTS, film, frames, numbers, skeleton, rate)
    notes = [*said, *of_input([*film.notes, *film.lacking(len(frames))])]
    empty = sum(not len(frame.scores) for frame in frames)
    text = f"found by {seer.name} (weights {known['weights'][:12]}) in {len(frames)} frames"
    text += f", of which {empty} show nobody" if empty else ""
    notes.append(Note("key points", f"{text}.", dict(frames=len(frames), empty=empty)))
    notes.append(_who_is_who(numbers, people))
    footage = Footage(film, excerpt_s, notes=tuple(notes))
    if held:  # not on the pages, which are the same as if nothing had been cut short
        notes.append(Note("kept", f"the key points of {held} frames, from an earlier run."))
    clips = clips_of.clips(
        _rows(frames, numbers), skeleton, source.stem, f"{source}",
        person="all" if person is None else person, size_px=film.size_px, frames_per_second=rate,
    )  # fmt: skip
    return clips, folder, named(seer), footage, tuple(notes)


def _chosen(detector: Any) -> tuple[Any, tuple[Note, ...]]:
    """A detector as films take it, and what there is to say about its choice."""
    if detector is None:
        text = shipped.about_default()
        return in_films.of(shipped.default()), (Note("detector", text),) if text else ()
    chosen = detection.load(detector) if isinstance(detector, str | Path) else detector
    return in_films.of(chosen), ()


def _begun(known: dict[str, Any]) -> Path | None:
    """The newest folder in which key points were begun and no poses are: a command was cut."""
    try:
        folders = sorted((paths.runs() / "lift").iterdir(), reverse=True)
    except OSError:
        return None
    for folder in folders:
        if film_points.kept_in(folder, known).is_file() and not any(folder.rglob("poses.json")):
            return folder
    return None


def _numbers(frames: list[Frame], rate: float | None) -> list[numpy.ndarray]:
    """Everybody's number in each frame, from 0; -1 for who was left out."""
    seen = [
        Seen(
            numpy.where((frame.scores >= MIN_CONFIDENCE)[..., None], frame.points_px, numpy.nan),
            frame.scores,
            frame.looks,
        )
        for frame in frames
    ]
    return follow(seen, rate or ASSUMED_FRAMES_PER_SECOND)


def _who_is_who(numbers: list[numpy.ndarray], people: int) -> Note:
    flat = numpy.concatenate(numbers)
    count, left = len(numpy.unique(flat[flat >= 0])), int((flat < 0).sum())
    text = f"{count} {'person is' if count == 1 else 'people are'} followed by motion and clothes"
    if left:
        text += (
            f"; {left} of {people} places where somebody was found are left out: found twice, or "
            "too briefly"
        )
    return Note("people", f"{text}.", dict(people=count, left_out=left))


def _rows(frames: list[Frame], numbers: list[numpy.ndarray]) -> clips_of.Found:
    """What the readers of key-point files make of a file with track numbers."""
    kept = [number >= 0 for number in numbers]
    when = [numpy.full(int(rows.sum()), t) for t, rows in enumerate(kept)]
    points, scores, who = (
        numpy.concatenate([own[rows] for own, rows in zip(each, kept, strict=True)])
        for each in ([f.points_px for f in frames], [f.scores for f in frames], numbers)
    )
    # Counted from 1: a file in which everybody is 0 has nobody told apart.
    points = numpy.where((scores > 0)[..., None], points, numpy.nan)
    return clips_of.Found(numpy.concatenate(when), points, scores, who + 1, len(frames))


def _write(
    path: Path, film: Film, frames: list[Frame], numbers: list[numpy.ndarray],
    skeleton: Skeleton, rate: float | None,
) -> None:  # fmt: skip
    """Everybody's key points with their numbers, as a file of key points that any reader takes."""
    held = []
    for t, (frame, own) in enumerate(zip(frames, numbers, strict=True)):
        table = numpy.concatenate([frame.points_px, frame.scores[..., None]], -1)
        people = [dict(track_id=int(number) + 1, keypoints=row.reshape(-1).tolist())
                  for row, number in zip(table, own, strict=True) if number >= 0]  # fmt: skip
        held.append(dict(frame=t, people=people))
    width, height = film.size_px
    record = dict(width=width, height=height, fps=rate, keypoint_names=list(skeleton.joints),
                  frames=held)  # fmt: skip
    with paths.replacing(path) as part:
        part.write_text(json.dumps(record, separators=(",", ":")), encoding="utf-8")
