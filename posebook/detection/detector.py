"""A detector of this book: a picture in, one person with key points, scores and a box out.

    detector = detection.load("stacked_hourglass")   # a shipped one, or a file that a chapter wrote
    found = detector.detect(picture)                 # found.keypoints_px (1, joints, 2)

It expects one person, near the middle; `found.AnyDetector` is what it has in common with detectors
of others, which find everybody. `detector_files` says what is in a file, and
`decodings` how a network's maps become places. Taught in 08_stacked_hourglass.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import PicturePeople, boxes_around
from posebook.detection import detector_files
from posebook.detection.decodings import DECODINGS
from posebook.detection.found import Found
from posebook.detection.looking import smaller
from posebook.methods import network_files
from posebook.methods.stacked_hourglass.inputs import PictureInput
from posebook.methods.weak_supervision.losses import at_places
from posebook.skeletons import SKELETONS, Skeleton

#: Crops that go through a network at once.
BATCH = 32
#: A joint with less is not looked at when the second, closer look is chosen.
SURE = 0.3
#: The second look's square is so many times as large as the box of the joints found: heads, hands
#: and feet reach beyond their joints, and crops that networks learn from leave a margin.
ROOM = 1.35
#: It is no smaller than this part of the picture, so that a few joints in a heap are not enlarged
#: until nothing else is seen.
SMALLEST = 0.25

#: Key points (n, joints, 2), scores (n, joints), depths (n, joints) or None.
Answer = tuple[
    Float[Tensor, "n joints 2"], Float[Tensor, "n joints"], Float[Tensor, "n joints"] | None
]


@dataclass(frozen=True)
class Detector:
    """A network, and how pictures become its numbers and its maps key points.

    header   name, network, skeleton, size, decoding, colours, data, licence, metrics; see
             `detector_files`
    network  in evaluation mode
    sha256   of the file that it was read from; empty where it comes out of none
    """

    header: dict[str, Any]
    network: nn.Module
    sha256: str = ""

    @property
    def name(self) -> str:
        return self.header["name"]

    @property
    def skeleton(self) -> Skeleton:
        return SKELETONS[self.header["skeleton"]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the crops that the network takes, px."""
        width, height = self.header["size"]
        return width, height

    @property
    def colours(self) -> PictureInput:
        """How the bytes of a picture become the network's numbers."""
        given = self.header["colours"]
        mean, spread = (tuple(map(float, given[name])) for name in ("mean", "spread"))
        return PictureInput(given["blue_first"], float(given["divisor"]), mean, spread)

    @property
    def gives_depth(self) -> bool:
        return self.header["network"]["class"] in detector_files.WITH_DEPTH

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """The one person in a picture of bytes, red, green, blue, of any size.

        The whole picture is looked at first, as a square with black beside it; then a square around
        the joints found. The surer answer of the two is taken. What is found beyond the picture has
        a score of 0.
        """
        tall, wide = picture.shape[:2]
        picture, factor = smaller(picture)
        middle = torch.tensor([[wide / 2, tall / 2]], dtype=torch.float64) / factor
        whole = torch.tensor([max(tall, wide) / factor], dtype=torch.float64)
        first = self._look_at(picture, middle, whole)
        square = _square(first[0], first[1], SMALLEST * float(whole))
        second = first if square is None else self._look_at(picture, *square)
        points, scores, depth = max(first, second, key=lambda answer: float(answer[1].mean()))
        points = points * factor
        inside = ((points >= 0) & (points <= torch.tensor([wide, tall]))).all(-1)
        scores = torch.where(inside, scores, 0.0)
        depth = None if depth is None else depth * factor
        return Found(points, scores, boxes_around(points), self.skeleton, depth)

    def look(self, pictures: UInt8[Tensor, "n height width 3"]) -> Answer:
        """People who fill their crops, which have the size that the network takes: key points in px
        of the crop, scores, and depth in px of the crop relative to the hip, or None.

        The mean of each crop's answer and its mirror image's.
        """
        with torch.no_grad():
            parts = [self._decoded(*self._mean_answer(part)) for part in pictures.split(BATCH)]
        points, scores, depths = zip(*parts, strict=True)
        depth = None if depths[0] is None else torch.cat(depths)
        return torch.cat(points), torch.cat(scores), depth

    def save(self, path: Path | str, weights: torch.dtype = torch.float32) -> Path:
        """Write the detector as one safetensors file; torch.float16 halves it."""
        return detector_files.write(
            path, self.header, network_files.state_of(self.network, weights)
        )

    # ---------------------------------------------------------------------------- the inner steps

    def _look_at(self, picture: Tensor, centre_px: Tensor, side_px: Tensor) -> Answer:
        """One square of a picture, (1, 2) and (1,): what `look` gives, in px of the picture."""
        matrix = crops.matrix(centre_px, side_px, torch.zeros(1), self.size)
        points, scores, depth = self.look(crops.cut(picture, matrix[0], self.size)[None])
        scale = float(side_px) / max(self.size)
        points = crops.points(matrix.inverse(), points)
        return points, scores, None if depth is None else depth * scale

    def _answer(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        """Maps (n, joints, rows, columns) of the network's last stack, and depths, one each joint
        or a map of them; None where there are none."""
        answer = self.network(pictures)
        depths = None
        if isinstance(answer, tuple):
            answer, depths = answer
        return (answer if isinstance(answer, Tensor) else answer[-1]), depths

    def _mean_answer(self, pictures: Tensor) -> tuple[Tensor, Tensor | None]:
        """The flip test of maps and depths: a mirror image changes no depth."""
        inputs = self.colours(pictures)
        twin = list(self.skeleton.mirror)
        maps, depths = self._answer(inputs)
        mirrored, mirrored_depths = self._answer(inputs.flip(-1))
        maps = (maps + mirrored.flip(-1)[:, twin]) / 2
        if depths is not None:
            if depths.ndim == 4:
                mirrored_depths = mirrored_depths.flip(-1)
            depths = (depths + mirrored_depths[:, twin]) / 2
        return maps, depths

    def _decoded(self, maps: Tensor, depths: Tensor | None) -> Answer:
        """What `look` gives, of maps and depths."""
        places_of, scores_of = DECODINGS[self.header["decoding"]]
        places = places_of(maps)
        scores = scores_of(maps, places)
        in_map = torch.tensor([maps.shape[-1], maps.shape[-2]])
        points = places * (torch.tensor(self.size) / in_map)
        if depths is None:
            return points, scores, None
        if depths.ndim == 4:
            pixels = torch.minimum(places.floor().long().clamp(min=0), in_map - 1)
            depths = at_places(depths, pixels)
        depths = depths * (self.header.get("depth_unit", HALF_SIDE) * max(self.size))
        return points, scores, depths - _at_hip(depths, self.skeleton)


#: A depth of 1 is half the side of the crop, as Zhou 2017 has it. A file may say another part.
HALF_SIDE = 0.5


def _at_hip(depths: Tensor, skeleton: Skeleton) -> Tensor:
    """(n, 1): the depth of the hip, or the mean of both hips where the joint set has none."""
    hips = (skeleton.root,) if skeleton.root else ("left_hip", "right_hip")
    return depths[:, skeleton.indices(*hips)].mean(-1, keepdim=True)


def _square(points: Tensor, scores: Tensor, least_px: float) -> tuple[Tensor, Tensor] | None:
    """Centre (1, 2) and side (1,) of a square around the joints that are sure; None: too few."""
    sure = scores >= SURE
    if sure.sum() < 3:
        return None
    box = boxes_around(torch.where(sure.unsqueeze(-1), points, torch.nan)).double()
    side = (ROOM * box[:, 2:].amax(-1)).clamp(min=least_px)
    return box[:, :2] + box[:, 2:] / 2, side


def keypoints_of(
    people: PicturePeople, detector: Detector
) -> tuple[Float[Tensor, "n joints 2"], Float[Tensor, "n joints"]]:
    """Everybody's key points, px of the whole picture, and scores, found in the square that the set
    itself says: what a lifter's training takes in place of the true ones."""
    points, scores = [], []
    for rows in torch.arange(len(people)).split(16 * BATCH):
        held = people.rows(rows).crops(detector.size)
        found, sure, _ = detector.look(held.pictures)
        points.append(crops.points(held.matrix.inverse(), found))
        scores.append(sure)
    return torch.cat(points), torch.cat(scores)
