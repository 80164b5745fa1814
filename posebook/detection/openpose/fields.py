"""From OpenPose's maps to people: peaks of the heat maps, joined along the part affinity fields.

A field of a limb is a vector at each place: on the limb it points from one joint to the other, and
elsewhere it is zero. Two peaks belong together as far as the field between them points from one to
the other. Pairs are taken in the order of their sums, each joint once, and grow into people.
Source: Cao et al. 2019, arXiv:1812.08008; order of maps, thresholds and the growing of people as in
CMU's OpenPose (`poseParameters`, `bodyPartConnectorBase`).
"""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from posebook.detection.openpose.network import STRIDE
from posebook.skeletons import BODY_25, OPENPOSE_COCO_18, OPENPOSE_MPI_15, Skeleton

#: No more peaks a joint are looked at.
MOST_PEAKS = 127
#: Of places along a limb, so many have to agree.
AGREEING = 0.95
#: A person has at least so many joints, feet not counted, with a mean score and agreement of this.
FEWEST_JOINTS, LEAST_SCORE = 3, 0.4
#: Peaks nearer than this part of the picture's size are joined without a field between them.
_NEAR = 1 / 150
_WINDOW = 3


@dataclass(frozen=True)
class Layout:
    """One of OpenPose's sets of maps.

    limbs     pairs of joints, in the order in which the released code goes through them
    fields    for each limb the number of its field: channels 2n and 2n + 1 behind the heat maps
    least     height of a peak; agrees  how well a field has to agree at one place
    """

    skeleton: Skeleton
    limbs: tuple[tuple[int, int], ...]
    fields: tuple[int, ...]
    least: float
    agrees: float

    @property
    def channels(self) -> int:
        """Heat maps, one of the background, and two for each limb."""
        return len(self.skeleton) + 1 + 2 * len(self.limbs)


def _pairs(text: str) -> tuple[tuple[int, int], ...]:
    return tuple(tuple(map(int, pair.split("-"))) for pair in text.split())


LAYOUTS = (
    Layout(
        BODY_25,
        _pairs("1-8 1-2 1-5 2-3 3-4 5-6 6-7 8-9 9-10 10-11 8-12 12-13 13-14 1-0 0-15 15-17 0-16 "
               "16-18 2-17 5-18 14-19 19-20 14-21 11-22 22-23 11-24"),
        (0, 7, 11, 8, 9, 12, 13, 3, 1, 2, 4, 5, 6, 15, 16, 18, 17, 19, 10, 14,
         20, 21, 22, 23, 24, 25),
        0.05, 0.05,
    ),
    Layout(
        OPENPOSE_COCO_18,
        _pairs("1-2 1-5 2-3 3-4 5-6 6-7 1-8 8-9 9-10 1-11 11-12 12-13 1-0 0-14 14-16 0-15 15-17 "
               "2-16 5-17"),
        (6, 10, 7, 8, 11, 12, 0, 1, 2, 3, 4, 5, 14, 15, 17, 16, 18, 9, 13),
        0.05, 0.05,
    ),
    Layout(
        OPENPOSE_MPI_15,
        _pairs("0-1 1-2 2-3 3-4 1-5 5-6 6-7 1-14 14-8 8-9 9-10 14-11 11-12 12-13"),
        tuple(range(14)),
        0.3, 0.01,
    ),
)  # fmt: skip


class Peaks(NamedTuple):
    """Peaks of one joint's map: places (n, 2), px of the picture that the network saw, and heights
    (n,)."""

    places: Float[Tensor, "n 2"]
    heights: Float[Tensor, " n"]


class Link(NamedTuple):
    """Two peaks that a field joins: how well, with their heights; how well alone; limb, peaks."""

    total: float
    score: float
    limb: int
    one: int
    other: int


def people(
    maps: Float[Tensor, "channels rows columns"], layout: Layout
) -> tuple[Float[Tensor, "n joints 2"], Float[Tensor, "n joints"]]:
    """Everybody in the network's maps: joints in px of the picture that it saw, NaN where one is
    not found, and scores in [0, 1], 0 there."""
    joints = len(layout.skeleton)
    found = peaks(maps[:joints], layout.least)
    vectors = maps[joints + 1 :].unflatten(0, (-1, 2))[list(layout.fields)]  # (limbs, 2, ...)
    links = [
        link
        for limb, (one, other) in enumerate(layout.limbs)
        for link in _links(limb, found[one], found[other], vectors[limb], layout)
    ]
    kept = [person for person in _grown(links, found, layout) if _is_somebody(person, layout)]
    points, scores = torch.full((len(kept), joints, 2), torch.nan), torch.zeros(len(kept), joints)
    for row, person in enumerate(kept):
        for joint, peak in person.peaks.items():
            points[row, joint] = found[joint].places[peak]
            scores[row, joint] = found[joint].heights[peak]
    return points, scores.clamp(0, 1)


def peaks(heat: Float[Tensor, "joints rows columns"], least: float) -> list[Peaks]:
    """The peaks of each heat map, the highest first.

    Maps are enlarged to the picture's size first. A place is the mean of the values around it.
    """
    tall, wide = (_enlarging(side) for side in heat.shape[1:])
    found = []
    along, beside = torch.arange(-_WINDOW, _WINDOW + 1), torch.arange(3)
    for one in tall @ heat @ wide.mT:
        row, column = (one > least).nonzero(as_tuple=True)
        around = functional.pad(one, (1,) * 4, value=-torch.inf)
        around = around[(row[:, None] + beside).unsqueeze(-1), (column[:, None] + beside)[:, None]]
        top = one[row, column] >= around.amax((-1, -2))
        row, column = row[top], column[top]
        order = one[row, column].argsort(descending=True)[:MOST_PEAKS]
        row, column = _apart(row[order], column[order])
        padded = functional.pad(one.clamp(min=0), (_WINDOW,) * 4)
        rows, columns = row[:, None] + along + _WINDOW, column[:, None] + along + _WINDOW
        window = padded[rows.unsqueeze(-1), columns.unsqueeze(-2)]  # (n, 7, 7)
        total = window.sum((-1, -2)).clamp(min=1e-9)
        x = column + (window.sum(-2) * along).sum(-1) / total
        y = row + (window.sum(-1) * along).sum(-1) / total
        found.append(Peaks(torch.stack([x, y], -1) + 0.5, one[row, column]))
    return found


def _enlarging(side: int) -> Float[Tensor, "large small"]:
    """The matrix that makes one side of a map as long as the picture's, bicubic."""
    one = torch.eye(side)[None, None]
    return functional.interpolate(one, [STRIDE * side, side], mode="bicubic")[0, 0]


def _apart(row: Tensor, column: Tensor) -> tuple[Tensor, Tensor]:
    """Of peaks that touch, which equal values make, the first."""
    kept: list[int] = []
    for n in range(len(row)):
        beside = (row[kept] - row[n]).abs().maximum((column[kept] - column[n]).abs()) <= 1
        if not beside.any():
            kept.append(n)
    return row[kept], column[kept]


def _links(
    limb: int, one: Peaks, other: Peaks, field: Float[Tensor, "2 rows columns"], layout: Layout
) -> list[Link]:
    """How well the field of a limb joins the peaks of its two joints, where it joins them."""
    if not len(one.places) or not len(other.places):
        return []
    across = other.places[None] - one.places[:, None]  # (n, m, 2)
    length = torch.linalg.vector_norm(across, dim=-1)
    count = int((5 * across.abs().max()).sqrt().round().clamp(5, 25))
    steps = torch.arange(count) / count
    places = one.places[:, None, None] + steps[:, None] * across.unsqueeze(-2)  # (n, m, count, 2)
    rows, columns = field.shape[1:]
    grid = 2 * places / (STRIDE * torch.tensor([columns, rows])) - 1
    seen = functional.grid_sample(
        field[None], grid.flatten(0, 1)[None], padding_mode="border", align_corners=False
    )[0].unflatten(1, across.shape[:2])  # (2, n, m, count)
    along = (across / length.clamp(min=1e-6)[..., None]).permute(2, 0, 1).unsqueeze(-1)
    agreement = (seen * along).sum(0)
    agrees = agreement > layout.agrees
    share = agrees.float().mean(-1)
    score = (agreement * agrees).sum(-1) / agrees.sum(-1).clamp(min=1)
    near = length < _NEAR * STRIDE * (rows * columns) ** 0.5
    score = torch.where(share > AGREEING, score, torch.where(near, layout.least, 0.0))
    score = torch.where(length > 1e-6, score, 0.0)
    total = score + 0.1 * (one.heights[:, None] + other.heights[None])
    a, b = joined = (score > 1e-6).nonzero(as_tuple=True)
    numbers = (total[joined].tolist(), score[joined].tolist(), a.tolist(), b.tolist())
    return [Link(t, s, limb, one, other) for t, s, one, other in zip(*numbers, strict=True)]


@dataclass(eq=False)
class Person:
    """Joints of one person, each with the number of its peak, and the sum of all scores."""

    peaks: dict[int, int]
    score: float


def _grown(links: list[Link], found: list[Peaks], layout: Layout) -> list[Person]:
    """People, grown link by link, the best links first."""
    owner: dict[tuple[int, int], Person] = {}
    everybody: dict[int, Person] = {}
    heights = [own.heights.tolist() for own in found]
    for link in sorted(links, reverse=True):
        ends = tuple(zip(layout.limbs[link.limb], (link.one, link.other), strict=True))
        owners = [owner.get(end) for end in ends]
        height = [heights[joint][peak] for joint, peak in ends]
        if owners[0] is None and owners[1] is None:
            person = Person(dict(ends), link.score + sum(height))
            everybody[id(person)] = person
            owner |= dict.fromkeys(ends, person)
        elif owners[0] is None or owners[1] is None:
            new = 0 if owners[0] is None else 1
            person, (joint, peak) = owners[1 - new], ends[new]
            if joint not in person.peaks:  # otherwise a better link came first
                person.peaks[joint] = peak
                person.score += link.score + height[new]
                owner[ends[new]] = person
        elif owners[0] is owners[1]:
            owners[0].score += link.score
        elif not owners[0].peaks.keys() & owners[1].peaks.keys():
            first, second = owners
            first.peaks |= second.peaks
            first.score += second.score + link.score
            owner |= dict.fromkeys(second.peaks.items(), first)
            del everybody[id(second)]
    return list(everybody.values())


def _is_somebody(person: Person, layout: Layout) -> bool:
    """Whether enough was found; of BODY_25 feet do not count, which are often found twice."""
    feet = range(19, 25) if layout.skeleton is BODY_25 else range(0)
    body = [joint for joint in person.peaks if joint not in feet]
    if len(body) < len(person.peaks) and len(body) <= 4:
        return False
    return len(body) >= FEWEST_JOINTS and person.score / len(body) >= LEAST_SCORE
