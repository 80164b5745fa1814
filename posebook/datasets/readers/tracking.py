"""Several people in a film: who in this frame is who in the last one, and which of them to take.

Detectors find people frame by frame. A track follows one of them: in each frame, the people found
are matched to the tracks so that the sum of distances is least (Hungarian method), a distance being
that between like joints, in units of the person's size, after the track has moved on at its last
speed. Who is too far from every track begins a new one; a track survives short gaps.
"""

from dataclasses import dataclass, field

import numpy
import torch
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.datasets.readers.joint_sets import spread
from posebook.errors import InputError
from posebook.skeletons import Skeleton

#: A person may be away from where a track expects them by this part of their own size (the
#: diagonal of the box around their joints), and by as much again after a second's gap or so.
GATE = 0.35
#: Frames without being seen after which a track ends.
LONGEST_GAP = 60
_MOST_PEOPLE = 200


@dataclass(frozen=True)
class Found:
    """People found in the frames of a film, one row for each, sorted by frame.

    frame         (people,) int, from 0; several people may share one, and frames may have none
    points_px     (people, joints, 2); NaN where missing
    confidence    (people, joints) in [0, 1]; 0 where missing
    identity      (people,) int: the detector's own track numbers; -1 where it has none
    frames        how many frames the film has
    labels        what the file calls a number, where it has names for people
    """

    frame: numpy.ndarray
    points_px: numpy.ndarray
    confidence: numpy.ndarray
    identity: numpy.ndarray
    frames: int
    labels: dict[int, str] = field(default_factory=dict)


def tracks(found: Found) -> list[numpy.ndarray]:
    """Rows of `found` for each person, the most prominent first.

    The detector's own numbers are used where they say who is who (`doubt`); else people are matched
    from frame to frame. Prominent is who is seen in many frames, large and with confidence.
    """
    rows = numpy.flatnonzero((found.confidence > 0).any(1))
    if not len(rows):
        return []
    if doubt(found) is None:
        lists = [rows[found.identity[rows] == n] for n in numpy.unique(found.identity[rows])]
    elif len(numpy.unique(found.frame[rows])) == len(rows) and _steady(found, rows):
        lists = [rows]
    else:
        lists = _matched(found, rows)
    weight = _size(found.points_px) * found.confidence.mean(1)
    return sorted(lists, key=lambda row: -float(weight[row].sum()))


def doubt(found: Found) -> str | None:
    """Why the file's own numbers do not say who is who; '' where it has none, None: they do.

    A number twice in a frame cannot be one person: some programs write 0 for everybody. A number
    that never comes back counts people, and does not follow them.
    """
    rows = numpy.flatnonzero((found.confidence > 0).any(1))
    frame, identity = found.frame[rows], found.identity[rows]
    if (identity < 0).any():
        return ""
    pairs, count = numpy.unique(numpy.stack([frame, identity]), axis=1, return_counts=True)
    if (count > 1).any():
        frames = len(numpy.unique(pairs[0, count > 1]))
        return f"the file's person numbers repeat within {frames} frame{'s' * (frames > 1)}"
    numbers = numpy.unique(identity)
    if len(numbers) == 1 and numbers[0] == 0 and 0 not in found.labels:
        return ""  # nobody was told apart
    if len(numbers) == len(rows) > 1 and len(numpy.unique(frame)) > 1:
        return "the file's person numbers are never used twice"
    return None


def _steady(found: Found, rows: numpy.ndarray) -> bool:
    """Whether one person per frame is the same person throughout: no jump beyond the gate."""
    with numpy.errstate(invalid="ignore"):
        step = numpy.abs(numpy.diff(_middle(found.points_px[rows]), axis=0)).max(1, initial=0)
        size = numpy.maximum(_size(found.points_px[rows])[1:], 1e-6)
        gaps = numpy.diff(found.frame[rows])
        return bool((step / size < GATE * gaps).all()) if len(rows) > 1 else True


def _matched(found: Found, rows: numpy.ndarray) -> list[numpy.ndarray]:
    """Match people from frame to frame."""
    from scipy.optimize import linear_sum_assignment  # slow to import; one person needs none of it

    points, size = found.points_px.astype(numpy.float64), _size(found.points_px)
    live: list[_Track] = []
    ended: list[_Track] = []
    starts = numpy.flatnonzero(numpy.diff(found.frame[rows], prepend=-1))
    for people in numpy.split(rows, starts[1:]):
        now = int(found.frame[people[0]])
        people = people[numpy.argsort(-size[people], kind="stable")][:_MOST_PEOPLE]
        ended += [track for track in live if now - track.when > LONGEST_GAP]
        live = [track for track in live if now - track.when <= LONGEST_GAP]
        left = set(people.tolist())
        if live:
            cost = numpy.stack(
                [track.distances(points[people], size[people], now) for track in live]
            )
            for track, person in zip(*linear_sum_assignment(cost), strict=True):
                gate = GATE * (1 + (now - live[track].when - 1) / LONGEST_GAP)
                if cost[track, person] < gate:
                    row = int(people[person])
                    live[track].extend(row, points[row], size[row], now)
                    left.remove(row)
        live += [_Track(row, points[row], size[row], now) for row in people.tolist() if row in left]
    return [numpy.array(track.rows) for track in ended + live]


class _Track:
    """One person so far: rows, the last known place of every joint, and the speed."""

    def __init__(self, row: int, points: numpy.ndarray, size: float, now: int):
        self.rows, self.points, self.size, self.when = [row], points.copy(), float(size), now
        self.speed = numpy.zeros(2)

    def distances(self, people: numpy.ndarray, sizes: numpy.ndarray, now: int) -> numpy.ndarray:
        """To each person: median distance of like joints, in units of size; large if none."""
        expected = self.points + self.speed * min(now - self.when, 5)
        gap = numpy.linalg.norm(people - expected, axis=-1)
        known = numpy.isfinite(gap)
        gap = numpy.where(known, gap, numpy.inf)
        gap.sort(axis=1)
        count = known.sum(1)
        middle = gap[numpy.arange(len(gap)), numpy.maximum(count - 1, 0) // 2]
        unit = numpy.maximum((sizes + self.size) / 2, 1e-6)
        return numpy.where(count > 0, numpy.minimum(middle / unit, 10.0), 10.0)

    def extend(self, row: int, points: numpy.ndarray, size: float, now: int) -> None:
        moved = points - self.points
        known = numpy.isfinite(moved).all(1)
        if known.any():
            step = numpy.median(moved[known], axis=0) / max(now - self.when, 1)
            self.speed = 0.5 * self.speed + 0.5 * step
            self.points = self.points + self.speed  # joints not seen move along
        seen = numpy.isfinite(points).all(1)
        self.points = numpy.where(seen[:, None], points, self.points)
        self.size = 0.8 * self.size + 0.2 * float(size)
        self.when = now
        self.rows.append(row)


def _size(points: numpy.ndarray) -> numpy.ndarray:
    """(people,): diagonal of the box around the joints seen."""
    return numpy.hypot(*spread(points).T)


def _middle(points: numpy.ndarray) -> numpy.ndarray:
    """(people, 2): mean of the joints seen."""
    known = numpy.isfinite(points)
    return numpy.where(known, points, 0).sum(1) / numpy.maximum(known.sum(1), 1)


def clips(
    found: Found,
    skeleton: Skeleton,
    name: str,
    where: str,
    *,
    person: int | str | None = None,
    size_px: tuple[int, int] | None = None,
    frames_per_second: float | None = None,
    notes: tuple[str, ...] = (),
) -> list[Clip]:
    """Clips of the people chosen; each spans the whole film, empty where the person is not seen.

    person  None: the most prominent, and a note if there are others; a number from 1: that one in
            order of prominence; 'all': every one
    """
    people = tracks(found)
    if not people:
        raise InputError(f"{where}: nobody in {found.frames} frames; expected at least one person")
    chosen, note = _choose(people, person, where, found)
    made = []
    for number in chosen:
        points, confidence, gaps = _over_the_film(found, people[number])
        made.append(
            Clip(
                name=name if len(people) == 1 else f"{name}/person {number + 1}",
                skeleton=skeleton,
                frames_per_second=frames_per_second,
                keypoints_px=points,
                confidence=confidence,
                size_px=size_px,
                notes=notes + note + gaps,
            )
        )
    return made


def _choose(
    people: list[numpy.ndarray], person: int | str | None, where: str, found: Found
) -> tuple[list[int], tuple[str, ...]]:
    """(which tracks, notes)."""
    text = "" if person is None else str(person).strip()
    why = doubt(found)
    notes = (f"{why}: they are not believed",) if why and (found.frames > 1 or text) else ()
    names = ["" if why is not None else found.labels.get(int(found.identity[rows[0]]), "")
             for rows in people]  # fmt: skip
    if text.lower() == "all":
        return list(range(len(people))), notes
    if text == "":
        if len(people) == 1:
            return [0], notes
        called = [f"'{name:.40}'" if name else f"person {n + 1}" for n, name in enumerate(names)]
        more = f" and {len(people) - 7} more" if len(people) > 7 else ""
        left_out = f"{', '.join(called[1:7])}{more} left out"
        frames = ", ".join(str(len(rows)) for rows in people[:6])
        frames += ", ..." if len(people) > 6 else ""
        if found.frames == 1:
            how = f"{len(people)} people in the picture"
        elif why is None:
            how = f"{len(people)} people, told apart by the file, seen in {frames} frames"
        else:
            how = f"{len(people)} people, followed from frame to frame, seen in {frames} frames"
        return [0], (
            *notes,
            f"{how}: took the most prominent, {called[0]}; {left_out} (--person 2 is the next, "
            "--person all takes each)",
        )
    if text in names:
        return [names.index(text)], (*notes, f"person '{text:.40}' of {len(people)}")
    if not (text.isascii() and text.isdecimal()) or not 1 <= int(text[:9]) <= len(people):
        called = "".join(f", '{name:.20}'" for name in names[:6] if name)
        raise InputError(
            f"{where}: person is '{text:.20}'; expected 1 to {len(people)}{called}, or all"
        )
    return [int(text) - 1], (*notes, f"person {text} of {len(people)}, in order of prominence")


def _over_the_film(found: Found, rows: numpy.ndarray) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """(one person's key points in every frame, their confidence, notes on what is missing)."""
    joints = found.points_px.shape[1]
    points = torch.full((found.frames, joints, 2), torch.nan)
    confidence = torch.zeros(found.frames, joints)
    when = torch.from_numpy(found.frame[rows].astype(numpy.int64))
    points[when] = torch.from_numpy(found.points_px[rows].astype(numpy.float32))
    confidence[when] = torch.from_numpy(found.confidence[rows].astype(numpy.float32))
    notes: tuple[str, ...] = ()
    if empty := found.frames - len(rows):
        notes += (f"{empty} of {found.frames} frames are empty",)
    if holes := int((confidence[when] == 0).sum()):
        notes += (f"{holes} of {len(rows) * joints} joints are missing in the frames with people",)
    return points, confidence, notes
