"""MoveNet as one detector: `multipose` finds people, `thunder` reads each of them.

    detector = detection.load("movenet")             # its weights: `posebook detectors get`
    found = detector.detect(picture)                 # found.keypoints_px (n, 17, 2)

In films, `search` is needed now and then; in between `again` reads the same people: see `in_films`.
Source: Google's model cards of MoveNet.SinglePose and MoveNet.MultiPose, 2021; the next crop as in
Google's own example, `determine_crop_region`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import boxes_around
from posebook.detection import tfjs
from posebook.detection.duplicates import different
from posebook.detection.found import Found
from posebook.detection.looking import SEARCHED_SIDE_PX, part_squares, smaller
from posebook.skeletons import COCO_17, Skeleton

#: Both networks look at squares of so many px here.
SIZE = 256
#: With a smaller score of multipose nobody is there.
SOMEBODY = 0.25
#: A joint with less says nothing about where to look next.
SURE = 0.2
#: Whoever has fewer sure joints than this in a film's next picture is lost.
FEWEST = 5
#: The next square reaches so many times as far from the hips as the torso does, and as the body.
_TORSO_ROOM, _BODY_ROOM = 1.9, 1.2
#: Without a hip and a shoulder it is the box of the joints, so many times as large.
_BOX_ROOM = 1.25
#: Parts of the picture that are smaller than this share of it are not searched.
_SMALLEST_PART = 0.5
_TORSO = ("left_shoulder", "right_shoulder", "left_hip", "right_hip")

Network = Callable[[Tensor], Tensor]


class Squares(NamedTuple):
    """Where to look: centre_px (n, 2) and side_px (n,), as `crops.matrix` takes them."""

    centre_px: Float[Tensor, "n 2"]
    side_px: Float[Tensor, " n"]


class Read(NamedTuple):
    """Key points (n, 17, 2), px of the picture, their scores (n, 17), and where to look next."""

    keypoints_px: Float[Tensor, "n 17 2"]
    scores: Float[Tensor, "n 17"]
    squares: Squares


@dataclass(frozen=True)
class MoveNet:
    """The two networks, and what stands between them.

    finder  multipose: (1, 256, 256, 3) int32 to (1, 6, 56), six people: y, x and score of 17
            joints, then a box and a score
    reader  thunder: (1, 256, 256, 3) int32 to (1, 1, 17, 3), y, x and score
    sha256  of the weights
    """

    finder: Network
    reader: Network
    sha256: str = ""

    name = "movenet"

    @property
    def skeleton(self) -> Skeleton:
        return COCO_17

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """Everybody in a picture of bytes, red, green, blue, of any size; the most prominent first.

        The whole picture is searched, then parts of it. Each person is read twice: the first
        reading says better than the search where the second has to look.
        """
        return self.search(picture)[0]

    def search(self, picture: UInt8[Tensor, "height width 3"]) -> tuple[Found, Squares]:
        """What `detect` gives, and where to look for these people in a film's next picture."""
        small, factor = smaller(picture, SEARCHED_SIDE_PX)
        return self._found(small, factor, self.read(small, self.find(small)).squares, 1)

    def again(
        self, picture: UInt8[Tensor, "height width 3"], squares: Squares
    ) -> tuple[Found, Squares]:
        """The same people in a film's next picture, looked for in squares: no search, one reading.
        Whoever is not there any more is left out."""
        small, factor = smaller(picture, SEARCHED_SIDE_PX)
        return self._found(small, factor, squares, FEWEST)

    def find(self, picture: UInt8[Tensor, "height width 3"]) -> Squares:
        """Where people are, each as a square of the picture."""
        points, scores = [], []
        longer = max(picture.shape[:2])
        for centre, side in part_squares(picture):
            if float(side) < _SMALLEST_PART * longer:
                break
            crop, matrix = _cut(picture, centre, side)
            six = self.finder(crop)[0]  # (6, 56)
            six = six[six[:, 55] >= SOMEBODY]
            joints = six[:, :51].reshape(-1, 17, 3)
            points.append(crops.points(matrix.inverse(), SIZE * joints[..., :2].flip(-1)))
            scores.append(joints[..., 2])
        found, sure = torch.cat(points), torch.cat(scores)
        kept = different(found, sure, least=SURE)
        return next_squares(found[kept], sure[kept])

    def read(self, picture: UInt8[Tensor, "height width 3"], squares: Squares) -> Read:
        """The key points of the people in squares. Joints outside the picture have a score of 0."""
        points, scores = torch.zeros(0, 17, 2), torch.zeros(0, 17)
        for centre, side in zip(squares.centre_px, squares.side_px, strict=True):
            crop, matrix = _cut(picture, centre[None], side[None])
            joints = self.reader(crop)[0]  # (1, 17, 3)
            there = crops.points(matrix.inverse(), SIZE * joints[..., :2].flip(-1))
            points, scores = torch.cat([points, there]), torch.cat([scores, joints[..., 2]])
        limit = torch.tensor([picture.shape[1], picture.shape[0]])
        inside = ((points >= 0) & (points <= limit)).all(-1)
        scores = torch.where(inside, scores, 0.0)
        return Read(points, scores, next_squares(points, scores))

    def _found(
        self, small: Tensor, factor: int, squares: Squares, least: int
    ) -> tuple[Found, Squares]:
        """People read in squares of a picture that was made smaller by a factor, if at least so
        many of their joints are sure."""
        read = self.read(small, squares)
        sure = ((read.scores > SURE).sum(-1) >= least).nonzero()[:, 0]
        points, scores = read.keypoints_px[sure] * factor, read.scores[sure]
        kept = different(points, scores)
        found = Found(points[kept], scores[kept], boxes_around(points[kept]), self.skeleton)
        return found, Squares(*(part[sure[kept]] for part in read.squares))


def next_squares(points: Float[Tensor, "n 17 2"], scores: Float[Tensor, "n 17"]) -> Squares:
    """Where to look for people again, from their key points (px) and scores."""
    sure = scores > SURE
    centres, sides = [], []
    torso = COCO_17.indices(*_TORSO)
    for own, seen in zip(points.double(), sure, strict=True):
        if seen[torso[:2]].any() and seen[torso[2:]].any():
            hips = [joint for joint in torso[2:] if seen[joint]]
            centre = own[hips].mean(0)
            away = (own - centre).abs().amax(-1)
            reach = torch.maximum(
                _TORSO_ROOM * away[[joint for joint in torso if seen[joint]]].amax(),
                _BODY_ROOM * away[seen].amax(),
            )
            side = 2 * reach
        else:
            known = own[seen] if seen.any() else own
            low, high = known.amin(0), known.amax(0)
            centre, side = (low + high) / 2, _BOX_ROOM * (high - low).amax()
        centres.append(centre)
        sides.append(side.clamp(min=2.0))
    if not centres:
        return Squares(torch.zeros(0, 2, dtype=torch.float64), torch.zeros(0, dtype=torch.float64))
    return Squares(torch.stack(centres), torch.stack(sides))


def of_files(files: Mapping[str, bytes], sha256: str) -> MoveNet:
    """The detector of its files, under the names that `weights` gives them."""
    return MoveNet(
        *(
            tfjs.network(files[f"{name}.json"], files[f"{name}.bin"], name)
            for name in ("multipose", "thunder")
        ),
        sha256,
    )


def _cut(picture: Tensor, centre_px: Tensor, side_px: Tensor) -> tuple[Tensor, Tensor]:
    """A square of the picture as the networks take it, and its matrix (1, 3, 3)."""
    matrix = crops.matrix(centre_px, side_px, torch.zeros(1), SIZE)
    return crops.cut(picture, matrix[0], SIZE)[None].int(), matrix
