"""Networks that find everybody in one look at the whole picture: YOLO-pose, RTMO, multipose."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import boxes_around
from posebook.detection.brought.inputs import Taken
from posebook.detection.brought.people_rows import People, suppressed
from posebook.detection.duplicates import different
from posebook.detection.found import Found
from posebook.detection.looking import smaller
from posebook.skeletons import Skeleton

#: People with a smaller score are nobody, and of boxes that overlap by more the surer counts: the
#: settings of ultralytics. Exports that suppress by themselves are not harmed.
SOMEBODY, MOST_OVERLAP = 0.25, 0.7


@dataclass(frozen=True)
class WholePicture:
    """A network that finds everybody at once.

    reading  answers and the size of the picture that the network saw to `People`
    joints   how many of the network's joints are the skeleton's, from the front
    """

    name: str
    sha256: str
    skeleton: Skeleton
    taken: Taken
    reading: Callable[[Any, tuple[int, int]], People]
    joints: int

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """Everybody in a picture of bytes, red, green, blue, of any size; the most prominent
        first."""
        tall, wide = picture.shape[:2]
        small, factor = smaller(picture)
        boxed, matrix = self.taken.square(small)
        people = self.reading(self.taken.answers(boxed[None]), self.taken.size)
        finite = torch.isfinite(people.boxes).all(-1) & torch.isfinite(people.sure)
        sure = torch.where(finite, people.sure, 0.0)
        kept = suppressed(people._replace(sure=sure), SOMEBODY, MOST_OVERLAP)
        points = people.points[kept, : self.joints].nan_to_num(-1e6)
        scores = people.scores[kept, : self.joints].nan_to_num(0.0)
        inverse = matrix.inverse()[None].expand(len(points), -1, -1)
        points = crops.points(inverse, points) * factor
        inside = ((points >= 0) & (points <= torch.tensor([wide, tall]))).all(-1)
        scores = torch.where(inside, scores, 0.0)
        kept = different(points, scores, sure[kept])
        points, scores = points[kept], scores[kept]
        return Found(points, scores, boxes_around(points), self.skeleton)
