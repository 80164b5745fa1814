"""Whether people in a film keep their numbers: IDF1, and MOTA with its counts.

Sources: Ristani, Solera, Zou, Cucchiara & Tomasi 2016, "Performance Measures and a Data Set for
Multi-Target, Multi-Camera Tracking", arXiv:1609.01775 (IDF1, section 3); Bernardin & Stiefelhagen
2008, doi:10.1155/2008/246309 (MOTA).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy
from numpy import ndarray

#: Who is found counts as a true person from this likeness on: half, as boxes' overlap is used.
ALIKE = 0.5


@dataclass(frozen=True)
class Identities:
    """Counts over a film, in people times frames.

    people, found            true ones and found ones
    kept                     found ones whose number belongs to their true person (IDTP): each
                             number belongs to at most one person, each person has at most one
                             number, and they are paired so that `kept` is largest
    missed, false, switches  of MOTA: true ones that nobody found, found ones that are nobody, and
                             true ones whose number is not the one that they had last
    """

    people: int
    found: int
    kept: int
    missed: int
    false: int
    switches: int

    @property
    def idf1(self) -> float:
        """2 IDTP / (2 IDTP + IDFP + IDFN), which is 2 kept / (people + found); 1 is perfect."""
        return 2 * self.kept / (self.people + self.found) if self.people + self.found else 1.0

    @property
    def id_precision(self) -> float:
        return self.kept / self.found if self.found else 1.0

    @property
    def id_recall(self) -> float:
        return self.kept / self.people if self.people else 1.0

    @property
    def mota(self) -> float:
        """1 - (missed + false + switches) / people; may be below 0."""
        wrong = self.missed + self.false + self.switches
        return 1 - wrong / self.people if self.people else 1.0 - wrong


def identities(
    truth: Sequence[ndarray],
    found: Sequence[ndarray],
    alike: Sequence[ndarray],
    least: float = ALIKE,
) -> Identities:
    """Compare numbers frame by frame.

    truth  for each frame, (people,) int: the numbers of the people in it
    found  for each frame, (tracks,) int: the numbers that a tracker gave; a negative one counts as
           not found
    alike  for each frame, (people, tracks): how much each true person is like each found one, such
           as overlap of boxes, or object key point similarity
    least  from this likeness on a found one may count as a true one
    """
    found = [numpy.asarray(numbers) for numbers in found]
    alike = [
        numpy.asarray(table, float).reshape(len(truth[t]), len(found[t]))[:, found[t] >= 0]
        for t, table in enumerate(alike)
    ]
    found = [numbers[numbers >= 0] for numbers in found]
    people, theirs = (_places(numbers) for numbers in (truth, found))
    missed, false, switches = _clear(people, theirs, alike, least)
    return Identities(
        people=sum(map(len, people)),
        found=sum(map(len, theirs)),
        kept=_kept(people, theirs, alike, least),
        missed=missed,
        false=false,
        switches=switches,
    )


def _places(numbers: Sequence[ndarray]) -> list[ndarray]:
    """The numbers of all frames as 0, 1, 2, ..."""
    flat = numpy.concatenate([numpy.zeros(0, int), *map(numpy.asarray, numbers)])
    _, places = numpy.unique(flat, return_inverse=True)
    return numpy.split(places, numpy.cumsum([len(some) for some in numbers])[:-1])


def _kept(people: list, found: list, alike: list, least: float) -> int:
    """IDTP. A pair of a person and a number costs the frames that only one of the two is in, or in
    which they are not alike; somebody alone costs all their frames. So the cheapest pairing is the
    one with the most frames in common."""
    from scipy.optimize import linear_sum_assignment

    size = [1 + max((int(some.max()) for some in each if len(some)), default=-1)
            for each in (people, found)]  # fmt: skip
    common = numpy.zeros(size, int)
    for ours, theirs, table in zip(people, found, alike, strict=True):
        numpy.add.at(common, (ours[:, None], theirs[None]), table >= least)
    return int(common[linear_sum_assignment(-common)].sum())


def _clear(people: list, found: list, alike: list, least: float) -> tuple[int, int, int]:
    """Missed, false, switches. Pairs of the frame before stay while they are alike; the others are
    matched anew, so that as many as can be are, and these as much alike as can be."""
    from scipy.optimize import linear_sum_assignment

    missed = false = switches = 0
    before: dict[int, int] = {}
    last: dict[int, int] = {}
    for ours, theirs, table in zip(people, found, alike, strict=True):
        gain = numpy.where(table >= least, 1e3 + table, 0.0)
        for row, person in enumerate(ours.tolist()):
            gain[row] += 1e6 * (theirs == before.get(person, -1)) * (gain[row] > 0)
        pairs = [pair for pair in zip(*linear_sum_assignment(-gain), strict=True) if gain[pair] > 0]
        before = {int(ours[row]): int(theirs[column]) for row, column in pairs}
        missed += len(ours) - len(pairs)
        false += len(theirs) - len(pairs)
        switches += sum(last.get(person, number) != number for person, number in before.items())
        last |= before
    return missed, false, switches
