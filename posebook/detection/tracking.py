"""Who is who in a film: people found frame by frame become tracks, one number each.

Three steps. Within a frame, people found twice are taken once. From frame to frame, people are
matched to tracks by motion (where a track, at its steady speed, should be) and appearance (what
they wear), so that the sum of the costs is least (Hungarian method); what somebody wears is learned
only while nobody overlaps them. At the end, pieces of tracks are joined: people who were hidden, or
left and came back, get their number again, by appearance, and by motion where they were away
briefly. Two tracks that took each other's place while they overlapped are put right.
Sources: the constant speed and the Hungarian method, Bewley et al. 2016, arXiv:1602.00763 (SORT);
appearance beside motion, Wojke et al. 2017, arXiv:1703.07402 (Deep SORT).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy
from jaxtyping import Float
from numpy import ndarray

from posebook.detection.appearance import LENGTH, unlike
from posebook.detection.likeness import SPREAD, boxes_around, extents, likeness, overlaps

#: The place where somebody should be grows less sure by this part of their extent, for each second
#: that nobody was seen.
_LESS_SURE = 0.5
#: Two people found in one frame are one person from this likeness of their joints on,
ONE_PERSON = 0.65
#: and from this on somebody is no new person beside one who is known: found twice, with faults.
_NOBODY_NEW = 0.4
#: Appearance counts by so much beside motion; a whole cost of more is no match.
WEIGHT, MOST = 1.5, 1.25
#: A cost of motion of more is no match, whatever somebody wears.
_MOST_MOTION = 0.97
#: Somebody whose box is shared by more than this with another's does not show what they wear alone.
_ALONE = 0.1
#: For so long a track goes on by itself, s; then it ends, and may be joined to a later one.
_COASTS_S = 0.8
#: Somebody who was away for longer gets a new number, s; until here motion has a say, s.
LONGEST_AWAY_S, _BRIEF_S = 60.0, 1.0
#: Pieces of tracks may be one person's up to this difference of appearance.
SAME_LOOKS = 0.3
#: A track of less than this, s, and of fewer frames, is nobody: a detector's slip.
_SHORTEST_S, _FEWEST = 0.12, 3
#: The last so many seconds before an overlap, and the first after it, say who is who.
_AROUND_S = 1.0


@dataclass(frozen=True)
class Seen:
    """People in one frame.

    points_px  (n, joints, 2)  NaN where missing
    scores     (n, joints)     in [0, 1]
    looks      (n, numbers)    `appearance.looks`; NaN where not seen
    """

    points_px: Float[ndarray, "n joints 2"]
    scores: Float[ndarray, "n joints"]
    looks: Float[ndarray, "n numbers"]


@dataclass
class _Track:
    """One person so far: (frame, row, alone) of each time seen, and what to expect next."""

    points: ndarray
    size: float
    when: int
    rows: list[tuple[int, int, bool]] = field(default_factory=list)
    speed: ndarray = field(default_factory=lambda: numpy.zeros(2))
    worn: ndarray = field(default_factory=lambda: numpy.full(LENGTH, numpy.nan))
    learned: float = 0.0

    def expected(self, frame: int, most: float) -> ndarray:
        return self.points + self.speed * min(frame - self.when, most)


def follow(
    frames: Sequence[Seen],
    frames_per_second: float | int,
    *,
    motion: bool = True,
    looks: bool = True,
) -> list[ndarray]:
    """(n,) int for each frame: the number of everybody in it, from 0; -1 for who was left out,
    being found twice, or seen too briefly to be anybody. Numbers are given in the order in which
    people appear.

    motion, looks  switch off what matches by motion, or by appearance, to see what it is good for
    """
    rate = float(max(frames_per_second, 0.1))
    doubled = [_doubled(seen) for seen in frames]
    tracks = _matched(frames, doubled, rate, motion, looks)
    if looks:
        _put_right(tracks, frames, rate)
    fewest = min(max(_FEWEST, round(_SHORTEST_S * rate)), (len(frames) + 1) // 2)
    tracks = [track for track in tracks if len(track.rows) >= fewest]
    tracks = _joined(tracks, frames, rate, motion, looks)
    numbers = [numpy.full(len(seen.points_px), -1) for seen in frames]
    for number, track in enumerate(sorted(tracks, key=lambda track: track.rows[0])):
        for frame, row, _ in track.rows:
            numbers[frame][row] = number
    return numbers


def _doubled(seen: Seen) -> ndarray:
    """(n,): who is the same as somebody surer in the same frame."""
    sure = seen.scores.mean(1)
    size = extents(seen.points_px)
    left_out = numpy.zeros(len(sure), bool)
    for row in numpy.argsort(-sure, kind="stable"):
        if not left_out[row]:
            same = likeness(seen.points_px[row], size[row], seen.points_px) >= ONE_PERSON
            left_out |= same & (numpy.arange(len(sure)) != row)
    return left_out


def _matched(
    frames: Sequence[Seen], doubled: list[ndarray], rate: float, motion: bool, looks: bool
) -> list[_Track]:
    """Pieces of tracks, each of somebody who was never away for long."""
    from scipy.optimize import linear_sum_assignment

    live: list[_Track] = []
    ended: list[_Track] = []
    coasts = max(1.0, _COASTS_S * rate)
    for now, seen in enumerate(frames):
        ended += [track for track in live if now - track.when > coasts]
        live = [track for track in live if now - track.when <= coasts]
        rows = numpy.flatnonzero(~doubled[now])
        boxes, size = boxes_around(seen.points_px[rows]), extents(seen.points_px[rows])
        shared = overlaps(boxes, boxes) - numpy.eye(len(rows))
        alone = shared.max(1, initial=0) <= _ALONE
        left = set(range(len(rows)))
        if live and left:
            cost = numpy.stack(
                [_costs(track, seen, rows, boxes, now, rate, motion, looks) for track in live]
            )
            for track, place in zip(*linear_sum_assignment(cost), strict=True):
                if cost[track, place] <= MOST:
                    left.remove(int(place))
                    _extend(live[track], seen, int(rows[place]), bool(alone[place]), now)
        known = [int(rows[place]) for place in range(len(rows)) if place not in left]
        for place in sorted(left):
            row = int(rows[place])
            like = likeness(seen.points_px[row], size[place], seen.points_px[known])
            if like.max(initial=0) >= _NOBODY_NEW:
                continue
            known.append(row)
            track = _Track(seen.points_px[row].copy(), float(size[place]), now)
            _extend(track, seen, row, bool(alone[place]), now)
            live.append(track)
    return ended + live


def _costs(
    track: _Track, seen: Seen, rows: ndarray, boxes: ndarray, now: int, rate: float,
    motion: bool, looks: bool,
) -> ndarray:  # fmt: skip
    """(rows,): how badly each of the people found would go on a track."""
    cost = numpy.zeros(len(rows))
    if motion:
        expected = track.expected(now, _COASTS_S * rate)
        spread = 1 + _LESS_SURE * (now - track.when - 1) / rate / SPREAD
        alike = likeness(expected, track.size, seen.points_px[rows], spread)
        shared = overlaps(boxes_around(expected[None]), boxes)[0]
        cost += 1 - (alike + shared) / 2
        cost[cost > _MOST_MOTION] = 10 * MOST
    if looks:
        apart = unlike(track.worn, seen.looks[rows])
        cost += WEIGHT * numpy.where(numpy.isfinite(apart), apart, SAME_LOOKS)
        if not motion:
            cost[numpy.isfinite(apart) & (apart > 2 * SAME_LOOKS)] = 10 * MOST
    return cost


def _extend(track: _Track, seen: Seen, row: int, alone: bool, now: int) -> None:
    """Somebody goes on: the speed is steadied, and what they wear is learned."""
    points = seen.points_px[row]
    moved = points - track.points
    known = numpy.isfinite(moved).all(1)
    if now > track.when and known.any():
        step = numpy.median(moved[known], axis=0) / (now - track.when)
        share = max(0.25, 1 / len(track.rows))
        track.speed = (1 - share) * track.speed + share * step
        track.points = track.points + track.speed * (now - track.when)
    seen_here = numpy.isfinite(points).all(1)
    track.points = numpy.where(seen_here[:, None], points, track.points)
    size = float(extents(points[None])[0])
    track.size = 0.8 * track.size + 0.2 * size
    track.when = now
    track.rows.append((now, row, alone))
    weight = 1.0 if alone else 0.05
    track.learned += weight
    share = max(weight / track.learned, 0.05 * weight)
    new = seen.looks[row].astype(float)
    mixed = (1 - share) * track.worn + share * new
    track.worn = numpy.where(numpy.isnan(new), track.worn, numpy.where(
        numpy.isnan(track.worn), new, mixed))  # fmt: skip


def _put_right(tracks: list[_Track], frames: Sequence[Seen], rate: float) -> None:
    """Exchange the ends of two tracks that took each other's place while they overlapped."""
    around = max(2, round(_AROUND_S * rate))
    for number, one in enumerate(tracks):
        for other in tracks[number + 1 :]:
            if other.rows[0] > one.rows[-1] or one.rows[0] > other.rows[-1]:
                continue  # never both
            for first, last in _overlapping(one, other, frames):
                before = [_worn(t, frames, first - around, first) for t in (one, other)]
                after = [_worn(t, frames, last + 1, last + 1 + around) for t in (one, other)]
                stay = unlike(before[0], after[0][None])[0] + unlike(before[1], after[1][None])[0]
                swap = unlike(before[0], after[1][None])[0] + unlike(before[1], after[0][None])[0]
                if swap < 0.75 * stay and stay - swap > 0.15:  # False where one of them is NaN
                    ends = [[row for row in t.rows if row[0] > last] for t in (one, other)]
                    for track, end in zip((one, other), reversed(ends), strict=True):
                        track.rows = [row for row in track.rows if row[0] <= last] + end


def _overlapping(one: _Track, other: _Track, frames: Sequence[Seen]) -> list[tuple[int, int]]:
    """(first, last) frame of each spell in which two tracks share part of their boxes."""
    rows, others = ({t: row for t, row, _ in track.rows} for track in (one, other))
    both = sorted(set(rows) & set(others))
    shares = [t for t in both if overlaps(*(boxes_around(frames[t].points_px[[held[t]]])
              for held in (rows, others)))[0, 0] > _ALONE]  # fmt: skip
    spells: list[tuple[int, int]] = []
    for t in shares:
        if spells and t - spells[-1][1] <= 3:
            spells[-1] = (spells[-1][0], t)
        else:
            spells.append((t, t))
    return spells


def _worn(track: _Track, frames: Sequence[Seen], first: int, end: int) -> ndarray:
    """(numbers,): mean of what somebody wears from a frame until before another, seen alone where
    that was ever the case; NaN where they were not seen."""
    rows = [row for row in track.rows if first <= row[0] < end]
    rows = [row for row in rows if row[2]] or rows
    if not rows:
        return numpy.full(LENGTH, numpy.nan)
    held = numpy.stack([frames[t].looks[row] for t, row, _ in rows]).astype(float)
    known = numpy.isfinite(held)
    mean = numpy.where(known, held, 0).sum(0) / numpy.maximum(known.sum(0), 1)
    return numpy.where(known.any(0), mean, numpy.nan)


def _joined(
    tracks: list[_Track], frames: Sequence[Seen], rate: float, motion: bool, looks: bool
) -> list[_Track]:
    """Join each piece of a track to the one that goes on with it, so that the costs are least."""
    from scipy.optimize import linear_sum_assignment

    if len(tracks) < 2:
        return tracks
    worn = numpy.stack([_worn(track, frames, 0, len(frames)) for track in tracks])
    begin, end = (numpy.array([track.rows[k][0] for track in tracks]) for k in (0, -1))
    firsts = numpy.stack([frames[t.rows[0][0]].points_px[t.rows[0][1]] for t in tracks])
    cost = numpy.full((len(tracks), len(tracks)), 10 * MOST)
    for row, track in enumerate(tracks):
        away = (begin - end[row]) / rate
        apart = unlike(worn[row], worn)
        known = numpy.isfinite(apart) & looks
        brief = (away <= _BRIEF_S) & motion
        fits = (away > 0) & (away <= LONGEST_AWAY_S) & (brief | known)
        fits &= ~known | (apart <= SAME_LOOKS)
        places = numpy.flatnonzero(fits)
        found = WEIGHT * numpy.where(known, apart, SAME_LOOKS)[places] + 0.5
        for place, moved in zip(places, brief[places], strict=True):
            if moved:
                expected = track.expected(int(begin[place]), _COASTS_S * rate)
                spread = 1 + _LESS_SURE * away[place] / SPREAD
                alike = likeness(expected, track.size, firsts[place][None], spread)[0]
                found[places == place] += 0.5 - alike
        cost[row, places] = found
    goes_on: dict[int, int] = {}
    for row, place in zip(*linear_sum_assignment(cost), strict=True):
        if cost[row, place] <= MOST:
            goes_on[int(row)] = int(place)
    for row in numpy.argsort(-begin, kind="stable").tolist():  # from the last piece to the first
        if row in goes_on:
            tracks[row].rows += tracks[goes_on[row]].rows
    later = set(goes_on.values())
    return [track for row, track in enumerate(tracks) if row not in later]
