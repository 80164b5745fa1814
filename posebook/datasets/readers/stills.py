"""Whether the pictures in a list are a film, or pictures that have nothing to do with each other.

COCO's results for four photographs look like those for four frames. Names in a row (frame_1,
frame_2) are those of a film, unless the people jump and change their size. Names or ids without
order are those of a film only where the same people go on from each picture to the next.
"""

import re

import numpy

from posebook.datasets.readers.film import Film

#: So many neighbours are looked at, from the beginning.
_MOST_PAIRS = 100
#: Joints of one person are away from those in the last frame by less than this part of their size.
_NEAR = 0.35
#: In the last frame a person was at most so many times as large or small.
_AS_LARGE = 1.3
_ENDING = re.compile(r"\d*(\.[A-Za-z]\w*)?$")


def separated(film: Film) -> list[Film]:
    """The film; or a film for each picture in which somebody is, with a note, where they are
    unrelated: in most pairs of neighbours nobody of the one is in the other."""
    if len(film.people) < 2 or _numbered(film):
        return [film]
    pairs = _pairs(film)
    in_a_row = _in_a_row(film.keys)
    jumps = [_jump(one, other, in_a_row) for one, other in pairs]
    if not pairs or 2 * sum(jumps) <= len(jumps):
        return [film]
    why = "the people" if in_a_row else "names and people"
    note = f"{len(film.keys)} unrelated pictures, not a film: {why} do not follow each other"
    made: dict[int, Film] = {}
    for when, points, identity in zip(film.when, film.people, film.identities, strict=True):
        if when not in made:
            key = film.keys[when]
            one = Film(film.where, key, film.size_px, names=film.names, note=note)
            one.frame(key)
            made[when] = one
        made[when].add(points, identity)
    return [made[when] for when in sorted(made)]


def _numbered(film: Film) -> bool:
    """Whether track numbers come back in another picture: then the file itself follows people."""
    held = {(one, when) for one, when in zip(film.identities, film.when, strict=True) if one}
    return len({one for one, _ in held}) < len(held)


def _in_a_row(keys: list[str]) -> bool:
    """Whether names are one film's: the same but for a number, and the numbers not far apart or in
    equal steps, or time stamps."""
    if len({_ENDING.sub("", key) for key in keys}) > 1:
        return all(re.fullmatch(r"\d+\.\d+", key) for key in keys)
    ends = [re.search(r"(\d{1,15})(\.[A-Za-z]\w*)?$", key) for key in keys]
    numbers = [int(end[1]) for end in ends if end]
    if len(numbers) < len(keys):
        return False
    steps = numpy.diff(numbers)
    return max(numbers) - min(numbers) < 10 * len(keys) or (len(steps) > 1 and not numpy.ptp(steps))


def _pairs(film: Film) -> list[tuple[list, list]]:
    """The people of each picture and of the next in which somebody is."""
    frames: dict[int, list] = {}
    for when, points in zip(film.when, film.people, strict=True):
        if when not in frames and len(frames) > _MOST_PAIRS:
            break
        held = frames.setdefault(when, [])
        try:
            table = numpy.array(points.values, dtype=numpy.float64).reshape(-1, 3)
        except (TypeError, ValueError, OverflowError):
            continue  # the reader says what is wrong with it
        seen = (table[:, 2] != 0) & numpy.isfinite(table).all(1)
        held.append(numpy.where(seen[:, None], table[:, :2], numpy.nan))
    known = [held for _, held in sorted(frames.items()) if held]
    return list(zip(known, known[1:], strict=False))


def _jump(one: list, other: list, in_a_row: bool) -> bool:
    """Whether nobody in the one picture may be somebody in the other.

    in_a_row  somebody who only moved, in a film of few frames a second, may be
    """
    return not any(_continues(a, b, in_a_row) for a in one[:20] for b in other[:20])


def _continues(one: numpy.ndarray, other: numpy.ndarray, in_a_row: bool) -> bool:
    if one.shape != other.shape:
        return False
    both = numpy.isfinite(one).all(1) & numpy.isfinite(other).all(1)
    if both.sum() < 3:
        return in_a_row
    one, other = one[both], other[both]
    with numpy.errstate(all="ignore"):
        sizes = [float(numpy.linalg.norm(numpy.ptp(points, axis=0))) for points in (one, other)]
        apart = float(numpy.median(numpy.linalg.norm(one - other, axis=1)))
    near = apart <= _NEAR * max(sizes)
    as_large = max(sizes) <= _AS_LARGE * min(sizes)
    return (near or as_large) if in_a_row else (near and as_large)
