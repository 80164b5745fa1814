"""BlazePose as one detector: everybody in a picture, 33 key points each.

    detector = detection.load("blazepose")           # its weights: `posebook detectors get`
    found = detector.detect(picture)                 # found.keypoints_px (n, 33, 2)

In films, `search` is needed now and then; in between `again` reads the same people: see `in_films`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import boxes_around
from posebook.detection import litert
from posebook.detection.blazepose import landmarks, people
from posebook.detection.blazepose.people import Regions
from posebook.detection.duplicates import different, whole
from posebook.detection.found import Found
from posebook.detection.looking import SEARCHED_SIDE_PX, part_squares, smaller
from posebook.skeletons import MEDIAPIPE_33, Skeleton

#: The second network's own doubt: with less it sees nobody in a square.
SOMEBODY = 0.5
#: Somebody found again is who was known before where the middles of their regions are nearer than
#: this part of the larger region's side.
KNOWN = 0.25


class Read(NamedTuple):
    """People as the second network reads them.

    keypoints_px  (n, 33, 2)  px of the picture
    scores        (n, 33)     in [0, 1]; 0 outside the picture
    somebody      (n,)        in [0, 1]: whether a person is there at all
    world_mm      (n, 33, 3)  BlazePose's own 3D: mm about the middle of the hips, camera axes
    regions       where to look for these people again
    """

    keypoints_px: Float[Tensor, "n 33 2"]
    scores: Float[Tensor, "n 33"]
    somebody: Float[Tensor, " n"]
    world_mm: Float[Tensor, "n 33 3"]
    regions: Regions


@dataclass(frozen=True)
class BlazePose:
    """The two networks, and what stands between them.

    finder  (1, 224, 224, 3) in [-1, 1] to (1, 2254, 12) and (1, 2254, 1)
    reader  (1, 256, 256, 3) in [0, 1] to what `landmarks.decoded` takes, the outline of the
            person being the third of five
    sha256  of the weights
    """

    finder: litert.Network
    reader: litert.Network
    sha256: str = ""

    name = "blazepose"

    @property
    def skeleton(self) -> Skeleton:
        return MEDIAPIPE_33

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """Everybody in a picture of bytes, red, green, blue, of any size; the most prominent first.

        The whole picture is searched, then parts of it for smaller people. Each person is read
        twice: the first reading says better than the search where the second has to look.
        """
        return self.search(picture)[0]

    def search(self, picture: UInt8[Tensor, "height width 3"]) -> tuple[Found, Regions]:
        """What `detect` gives, and where to look for these people in a film's next picture."""
        small, factor = smaller(picture, SEARCHED_SIDE_PX)
        regions, share = self._everybody(small)
        return self._found(small, factor, self.read(small, regions).regions, share)

    def again(
        self, picture: UInt8[Tensor, "height width 3"], regions: Regions
    ) -> tuple[Found, Regions]:
        """The same people in a film's next picture, looked for in regions: no search, one reading.
        Whoever is not there any more is left out."""
        small, factor = smaller(picture, SEARCHED_SIDE_PX)
        return self._found(small, factor, regions, torch.ones(len(regions.side_px)))

    def newcomers(self, picture: UInt8[Tensor, "height width 3"], regions: Regions) -> Regions:
        """The regions, and those of people besides whom a look at the whole picture shows."""
        small, _ = smaller(picture, SEARCHED_SIDE_PX)
        seen = self._search(small, *next(part_squares(small)))
        new = people.regions(seen.points[:, 0], seen.points[:, 1])
        apart = torch.cdist(new.centre_px, regions.centre_px)
        near = KNOWN * torch.maximum(new.side_px[:, None], regions.side_px)
        strangers = (apart > near).all(-1)
        return Regions(
            *(torch.cat([old, one[strangers]]) for old, one in zip(regions, new, strict=True))
        )

    def find(self, picture: UInt8[Tensor, "height width 3"]) -> Regions:
        """Where people may be, each as an upright square of the picture; somebody who is seen in
        several ways has several."""
        return self._everybody(picture)[0]

    def read(self, picture: UInt8[Tensor, "height width 3"], regions: Regions) -> Read:
        """The key points of the people in regions."""
        size = landmarks.SIZE
        matrices = crops.matrix(*regions, size)
        answers = [self.reader(crops.cut(picture, one, size)[None] / 255) for one in matrices]
        if not answers:
            return _nobody()
        values, somebody, _, maps, world = map(torch.cat, zip(*answers, strict=True))
        lands = landmarks.decoded(values, somebody, maps, world)
        points = crops.points(matrices.inverse(), lands.points)
        body = points[:, : landmarks.BODY]
        limit = torch.tensor([picture.shape[1], picture.shape[0]])
        inside = ((body >= 0) & (body <= limit)).all(-1)
        scores = (lands.visibility * lands.presence)[:, : landmarks.BODY]
        return Read(
            body,
            torch.where(inside, scores, 0.0),
            lands.somebody,
            landmarks.turned_back(lands.world_mm, regions.rotation_deg),
            people.regions(points[:, landmarks.MIDDLE], points[:, landmarks.EXTENT]),
        )

    def _found(
        self, small: Tensor, factor: int, regions: Regions, share: Tensor
    ) -> tuple[Found, Regions]:
        """People read in regions of a picture that was made smaller by a factor.

        share  (n,)  which part of the picture was looked at when they were found: a look at a part
               may see half a person and be sure, so a wider one counts for more
        """
        read = self.read(small, regions)
        sure = (read.somebody >= SOMEBODY).nonzero()[:, 0]
        points, scores = read.keypoints_px[sure] * factor, read.scores[sure]
        # Pieces first: one that has its legs in a portrait scores more than the person.
        some = whole(points, scores, share[sure], self.skeleton)
        trust = scores.sum(-1) * share[sure].sqrt()
        kept = some[different(points[some], scores[some], trust[some])]
        found = Found(points[kept], scores[kept], boxes_around(points[kept]), self.skeleton)
        return found, Regions(*(part[sure[kept]] for part in read.regions))

    def _everybody(self, picture: Tensor) -> tuple[Regions, Tensor]:
        """What `find` gives, and which part of the picture's longer side was looked at, (n,)."""
        squares = list(part_squares(picture))
        seen, look = people.joined([self._search(picture, *square) for square in squares])
        sides = torch.cat([side for _, side in squares])
        return people.regions(seen.points[:, 0], seen.points[:, 1]), (sides / sides[0])[look]

    def _search(self, picture: Tensor, centre_px: Tensor, side_px: Tensor) -> people.Seen:
        """Whom the first network sees in one square of a picture, (1, 2) and (1,), in its px."""
        matrix = crops.matrix(centre_px, side_px, torch.zeros(1), people.SIZE)
        crop = crops.cut(picture, matrix[0], people.SIZE)[None]
        raw, logits = self.finder(crop / 127.5 - 1)
        seen = people.merged(people.decoded(raw[0], logits[0, :, 0]))
        corner, side = (centre_px - side_px / 2)[0].float(), float(side_px)
        return people.Seen(
            seen.scores, seen.boxes * side + corner.repeat(2), seen.points * side + corner
        )


def of_files(files: Mapping[str, bytes], sha256: str) -> BlazePose:
    """The detector of its two files, under the names that `weights` gives them."""
    return BlazePose(
        *(litert.network(files[name], name) for name in ("finder.tflite", "reader.tflite")), sha256
    )


def _nobody() -> Read:
    none = torch.zeros(0)
    regions = people.regions(torch.zeros(0, 2), torch.zeros(0, 2))
    return Read(
        torch.zeros(0, landmarks.BODY, 2), torch.zeros(0, landmarks.BODY), none,
        torch.zeros(0, landmarks.BODY, 3), regions,
    )  # fmt: skip
