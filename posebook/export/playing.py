"""What a page plays: which frames of a motion it has, which of its film, and what it leaves out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
import torch
from torch import Tensor

from posebook import figures
from posebook.datasets.pictures import film_strips
from posebook.datasets.pictures.film_files import Film
from posebook.errors import InputError
from posebook.figures.plane import small_photograph
from posebook.figures.player import frames_that_fit
from posebook.lifting.notes import Note
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE

#: A page is at most so large.
MOST_BYTES = 15_000_000
#: Of these for the film at most, as a file; and for words, tables and the script at least.
_FILM_BYTES, _WORDS_BYTES = 9_500_000, 250_000
#: A file of so many bytes takes so many letters of a page.
_LETTERS = 4 / 3
#: At least so many bytes are kept for a film, as a file.
_LEAST_FILM_BYTES = 500_000
#: A film is shown whole up to so many seconds, else so many of it.
WHOLE_S, EXCERPT_S = 30.0, 20.0
#: Whoever is seen in less than this part of the time that they could be gets an excerpt of their
#: own; else everybody's is shown, which has been made already.
_SEEN_ENOUGH = 0.6

Span = tuple[int, int]


@dataclass
class Footage:
    """The film that people are in, for all pages that show it.

    film      None: there is none, or it cannot be shown
    chosen_s  from where to where the reader wants to see, in s; None: where most people are seen
    shared    first and last frame of the excerpt that suits everybody
    notes     what is said of the film and of those who are found in it
    """

    film: Film | None = None
    chosen_s: tuple[float | int, float | int] | None = None
    shared: Span | None = None
    notes: tuple[Note, ...] = ()
    _made: dict[Any, Any] = field(default_factory=dict)

    def strip(self, span: Span, rate: float | int, most_bytes: int) -> figures.FilmStrip | str:
        """That part of the film, or less of it; or why it is not shown. Made once."""
        key = (span, rate, most_bytes)
        if key not in self._made:
            self._made[key] = self._strip(span, rate, most_bytes)
        return self._made[key]

    def _strip(self, span: Span, rate: float | int, most_bytes: int) -> figures.FilmStrip | str:
        first, last = span
        try:
            made = film_strips.strip(self.film, first, last - first + 1, rate, most_bytes)
        except (InputError, OSError) as error:
            return f"The film is not shown: {error}."
        return figures.FilmStrip(made.content, first, made.count, made.rate)


def there(poses: Poses) -> numpy.ndarray:
    """(frames,): whether the person has a pose in each."""
    return torch.isfinite(poses.world_mm).flatten(1).all(-1).numpy()


def playable(world_mm: Tensor, follow: bool) -> numpy.ndarray:
    """(frames, people, joints, 3) as an array; a person who is followed stays over the origin."""
    points = world_mm.double().numpy()
    if not follow:
        return points
    hip = points[:, :1, [HOUSE.index("hip")]].copy()
    hip[..., 2] = 0
    return points - hip


def names_of(people: Sequence[Poses]) -> list[str]:
    """What drawings call people: 'walk/person 2' is '2'."""
    return [one.clip.rpartition("/")[2].removeprefix("person ") or "1" for one in people]


def span_of(seen: numpy.ndarray, rate: float | int, footage: Footage, own: bool = False) -> Span:
    """First and last frame of what is shown first.

    seen  (frames,) how many people there are in each
    own   they are not everybody
    """
    count = len(seen)
    if footage.chosen_s is not None:
        return chosen_span(footage.chosen_s, count, rate)
    if footage.film is None or count <= WHOLE_S * rate:
        return 0, count - 1
    length = min(count, max(1, round(EXCERPT_S * rate)))
    sums = numpy.concatenate([[0], numpy.cumsum(seen)])
    sums = sums[length:] - sums[:-length]
    best = int(sums.argmax())
    if own and footage.shared and sums[footage.shared[0]] >= _SEEN_ENOUGH * sums[best]:
        return footage.shared
    return best, best + length - 1


def chosen_span(chosen_s: tuple[float | int, float | int], count: int, rate: float | int) -> Span:
    """First and last frame from one second to another; InputError where the motion is shorter."""
    first = int(chosen_s[0] * rate + 1e-6)
    if first >= count:
        raise InputError(
            f"--excerpt begins at {chosen_s[0]:g} s; expected less than {count / rate:.2f} s, "
            "where the motion ends"
        )
    return first, max(first, min(count, round(chosen_s[1] * rate)) - 1)


def player(
    people: Sequence[Poses],
    world_mm: Tensor,
    footage: Footage,
    *,
    alt: str,
    caption: str,
    note: str = "",
    truth_mm: Tensor | None = None,
    image: Any = None,
    share: int = 1,
    **look: Any,
) -> figures.Player:
    """The figure of one person or several of one film, in the axes of the first.

    world_mm  (frames, people, 17, 3); truth_mm: the same, or None
    image     the photograph that they are in
    share     how many figures share a page
    look      more of what `figures.Player` takes
    """
    first = people[0]
    points = torch.stack([one.input_px.to(world_mm) for one in people], 1)
    rate, size = first.rate, first.camera.size_px
    picture = None if image is None else small_photograph(image)
    seen = numpy.sum([there(one) for one in people], 0)
    span = span_of(seen, rate, footage, own=len(people) == 1)
    remarks = [note] if note else []
    fitting = _fitting(len(people), first, truth_mm is not None)
    room = (MOST_BYTES - _WORDS_BYTES) // share
    film, span, said = _film(footage, span, len(points), rate, fitting, room)
    remarks += said
    most = fitting(
        room - _LETTERS * (len(film.content) if film else 0)
        - _LETTERS * (len(picture.content) if picture else 0)
    )  # fmt: skip
    span = span[0], min(span[1], span[0] + most - 1)
    kept = _around(span, len(points), most)
    part = slice(kept[0], kept[1] + 1)
    if kept[1] - kept[0] + 1 < len(points):
        remarks.append(
            f"The page has {kept[1] - kept[0] + 1} of {len(points)} frames, from "
            f"{_seconds(kept, rate)}: it would be too large with all."
        )
    parts = [("excerpt", span)] + [("everything" if kept == (0, len(points) - 1) else
              "all that is in the page", kept)] * (kept != span)  # fmt: skip
    return figures.Player(
        points[part], world_mm[part], alt, picture.size_px if picture else size,
        marked=first.input_skeleton,
        truth_mm=None if truth_mm is None else truth_mm[part],
        frames_per_second=rate, first=kept[0], image=picture, film=film,
        parts=[(f"{name}: {_seconds(frames, rate)}", *frames) for name, frames in parts],
        names=names_of(people), caption=caption, note=" ".join(remarks), **look,
    )  # fmt: skip


def _fitting(people: int, first: Poses, truth: bool) -> Any:
    """How many frames so many bytes of a page hold."""
    return lambda room: frames_that_fit(room, first.input_skeleton, people, truth)


def _film(
    footage: Footage, span: Span, count: int, rate: float | int, fitting: Any, room: int
) -> tuple[figures.FilmStrip | None, Span, list[str]]:
    """The part of the film, the frames that it has, and what to say of it."""
    if footage.film is None:
        return None, span, []
    room -= int(_LETTERS * _LEAST_FILM_BYTES)
    asked = span[1] - span[0] + 1
    span = span[0], min(span[1], span[0] + fitting(room) - 1)
    share = (span[1] - span[0] + 1) / max(fitting(room), 1)
    most = min(_FILM_BYTES, _LEAST_FILM_BYTES + int((1 - share) * room / _LETTERS))
    film = footage.strip(span, rate, most)
    if isinstance(film, str):
        return None, span, [film]
    size = film_strips.small_size(footage.film.size_px, film_strips.MOST_PX)
    span = span[0], span[0] + film.count - 1
    whole = span == (0, count - 1)
    shown = "whole" if whole else f"from {_seconds(span, rate)} of {count / rate:.2f} s"
    text = f"The film is shown {shown}, made smaller to {size[0]} x {size[1]} px, without sound"
    text += "." if whole else "; --excerpt A-B shows another part."
    if film.count < asked:
        text += f" More than {film.count} of the {asked} frames asked for do not fit into a page."
    return film, span, [text]


def _around(span: Span, count: int, most: int) -> Span:
    """As many frames around a span as may be; all, where they are not more."""
    if count <= most:
        return 0, count - 1
    first = min(max(0, span[0] - (most - (span[1] - span[0] + 1)) // 2), count - most)
    return first, first + most - 1


def _seconds(span: Span, rate: float | int) -> str:
    return f"{span[0] / rate:.2f} to {(span[1] + 1) / rate:.2f} s"
