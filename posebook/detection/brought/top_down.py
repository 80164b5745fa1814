"""Networks that read one person at a time: somebody else finds people, each is cut out and read.

The crop is mmpose's: the person's box, made 1.25 times as large, and then as long or wide as the
network's picture is. Each person is read twice, the second time in a box around the joints of the
first; in films, in a box around those of the picture before.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import boxes_around
from posebook.detection.brought import finders
from posebook.detection.brought.finders import Finder
from posebook.detection.brought.inputs import Taken
from posebook.detection.duplicates import different
from posebook.detection.found import Found
from posebook.detection.looking import SEARCHED_SIDE_PX, part_squares, smaller
from posebook.detection.movenet import Squares
from posebook.key_points import MIN_CONFIDENCE
from posebook.skeletons import Skeleton

#: The crop is so many times as large as the person's box (mmpose's `GetBBoxCenterScale`).
PADDING = 1.25
#: Whoever has fewer sure joints than this part is nobody, or lost.
FEWEST_SURE = 0.25

#: Answers and the size of the crop to key points (n, joints, 2), px of the crop, and scores.
Reading = Callable[[Any, tuple[int, int]], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class TopDown:
    """A network that reads one person, and who finds people for it.

    reading   one of `answers`, after what puts the network's answers in order
    joints    how many of the network's joints are the skeleton's, from the front
    next_to   where to look for people again, by key points, scores and the size of the crop
    """

    name: str
    sha256: str
    skeleton: Skeleton
    taken: Taken
    reading: Reading
    joints: int
    finder: Finder
    next_to: Callable[[Tensor, Tensor, tuple[int, int]], Squares]

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """Everybody in a picture of bytes, red, green, blue, of any size; the most prominent
        first."""
        return self.search(picture)[0]

    def search(self, picture: UInt8[Tensor, "height width 3"]) -> tuple[Found, Squares]:
        """What `detect` gives, and where to look for these people in a film's next picture."""
        small, factor = smaller(picture, SEARCHED_SIDE_PX)
        if self.finder.detector is not None:
            found = self.finder.detector.detect(small)
            squares = around(finders.boxes_of(found), self.taken.size)
        else:
            squares = self._in_parts(small)
        return self._found(small, factor, self._next(*self._read(small, squares)))

    def again(
        self, picture: UInt8[Tensor, "height width 3"], squares: Squares
    ) -> tuple[Found, Squares]:
        """The same people in a film's next picture; whoever is not there any more is left out."""
        return self._found(*smaller(picture, SEARCHED_SIDE_PX), squares)

    def _found(self, small: Tensor, factor: int, squares: Squares) -> tuple[Found, Squares]:
        points, scores = self._read(small, squares)
        sure = (scores >= MIN_CONFIDENCE).float().mean(-1) >= FEWEST_SURE
        points, scores = points[sure], scores[sure]
        kept = different(points, scores)
        points, scores = points[kept], scores[kept]
        squares = self._next(points, scores)
        points = points * factor
        return Found(points, scores, boxes_around(points), self.skeleton), squares

    def _in_parts(self, picture: Tensor) -> Squares:
        """Where people are, as the network itself reads the whole picture and its parts."""
        centres, sides = zip(*part_squares(picture), strict=True)
        corner = torch.cat(centres) - torch.cat(sides)[:, None] / 2
        looked = around(
            torch.cat([corner, torch.cat(sides)[:, None].expand(-1, 2)], -1),
            self.taken.size,
            padding=1.0,
        )
        points, scores = self._read(picture, looked)
        sure = (scores >= MIN_CONFIDENCE).float().mean(-1) >= FEWEST_SURE
        points, scores = points[sure], scores[sure]
        kept = different(points, scores)
        return self._next(points[kept], scores[kept])

    def _next(self, points: Tensor, scores: Tensor) -> Squares:
        return self.next_to(points, scores, self.taken.size)

    def _read(self, picture: Tensor, squares: Squares) -> tuple[Tensor, Tensor]:
        """Key points (n, joints, 2), px of the picture, and scores of people in squares. Joints
        outside the picture have a score of 0."""
        size, count = self.taken.size, len(squares.side_px)
        if not count:
            return torch.zeros(0, self.joints, 2), torch.zeros(0, self.joints)
        matrices = crops.matrix(*squares, torch.zeros(count), size)
        read = [
            self.reading(self.taken.answers(crops.cut(picture, one, size)[None]), size)
            for one in matrices
        ]
        points, scores = (torch.cat(part)[:, : self.joints].float() for part in zip(*read))  # noqa: B905
        points = crops.points(matrices.inverse(), points.nan_to_num(-1e6))
        limit = torch.tensor([picture.shape[1], picture.shape[0]])
        inside = ((points >= 0) & (points <= limit)).all(-1)
        return points, torch.where(inside, scores.nan_to_num(0.0), 0.0)


def around(boxes: Tensor, size: tuple[int, int], padding: float = PADDING) -> Squares:
    """Where to cut people out: boxes (n, 4) x, y, width, height, px, made larger and then as long
    or wide as the crop is."""
    box = boxes.double()
    aspect = size[0] / size[1]
    wide = torch.maximum(box[:, 2], box[:, 3] * aspect)
    side = padding * wide * max(1.0, 1 / aspect)
    return Squares(box[:, :2] + box[:, 2:] / 2, side.clamp(min=2.0))


def around_joints(points: Tensor, scores: Tensor, size: tuple[int, int]) -> Squares:
    """The same, by key points (n, joints, 2) and scores (n, joints)."""
    return around(finders.boxes(points, scores), size)
