"""OpenPose as one detector: everybody in a picture, from two files that the user has.

detector = detection.load("pose_deploy.prototxt")   # the .caffemodel lies beside it
found = detector.detect(picture)                    # found.keypoints_px (n, joints, 2)
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import UInt8
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import boxes_around
from posebook.detection.found import Found
from posebook.detection.openpose import fields, network
from posebook.detection.openpose.fields import LAYOUTS, Layout
from posebook.detection.openpose.network import STRIDE
from posebook.errors import InputError
from posebook.files import existing
from posebook.methods.stacked_hourglass.inputs import PictureInput
from posebook.skeletons import Skeleton

NAME = "openpose"
#: The network sees pictures of this height, as OpenPose does without options; very wide ones less.
HEIGHT, WIDEST = 368, 1312
#: OpenPose's own: blue first, byte / 256 - 0.5.
COLOURS = PictureInput(True, 256.0, (0.5, 0.5, 0.5))
_SIDES = 2 * STRIDE
_NAMED = re.compile(r"(?is)(.+?\.(?:prototxt|caffemodel))(?::(.+\.(?:prototxt|caffemodel)))?")
_GIVE = (
    "give --detector FILE.prototxt, with its .caffemodel beside it, or "
    "FILE.prototxt:FILE.caffemodel; CMU's OpenPose has them, for non-commercial use"
)


@dataclass(frozen=True)
class OpenPose:
    """The network of two files, (1, 3, height, width) to (1, channels, height / 8, width / 8), and
    what its maps are of."""

    name: str
    sha256: str
    network: Callable[[Tensor], Tensor]
    layout: Layout

    @property
    def skeleton(self) -> Skeleton:
        return self.layout.skeleton

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """Everybody in a picture of bytes, red, green, blue, of any size; the most prominent
        first. A joint that is not found has a score of 0 and stands in its person's middle."""
        tall, wide = picture.shape[:2]
        matrix, size = _seen(tall, wide)
        crop = crops.cut(picture, matrix, size)
        maps = self.network(COLOURS(crop[None]))[0]
        points, scores = fields.people(maps.float(), self.layout)
        points = crops.points(matrix.inverse()[None].expand(len(points), -1, -1), points)
        limit = torch.tensor([wide, tall])
        inside = ((points >= 0) & (points <= limit)).all(-1)
        scores = torch.where(inside, scores, 0.0)
        points = torch.where((scores > 0).unsqueeze(-1), points, torch.nan)
        boxes = boxes_around(points)
        points = torch.where(points.isnan(), (boxes[:, :2] + boxes[:, 2:] / 2)[:, None], points)
        order = (boxes[:, 2:].prod(-1) * scores.mean(-1)).argsort(descending=True)
        return Found(points[order], scores[order], boxes[order], self.skeleton)


def _seen(tall: int, wide: int) -> tuple[Tensor, tuple[int, int]]:
    """The map (3, 3) from px of the picture to those that the network sees, and how many these are:
    width and height, multiples of 16. The picture is in their middle."""
    scale = min(HEIGHT / tall, WIDEST / wide)
    width, height = (
        max(_SIDES, _SIDES * -(-round(side * scale) // _SIDES)) for side in (wide, tall)
    )
    side = torch.tensor([max(width, height) / scale])
    middle = torch.tensor([[wide / 2, tall / 2]])
    return crops.matrix(middle, side, torch.zeros(1), (width, height))[0], (width, height)


def is_one(name: str | Path) -> bool:
    """Whether a detector is named as OpenPose or as one of Caffe's files."""
    return str(name) == NAME or _NAMED.fullmatch(str(name)) is not None


def load(name: str | Path) -> OpenPose:
    """The detector of FILE.prototxt, FILE.caffemodel, or both with a colon between.

    Where only one is named, the other is the one of its kind beside it, or that of the same name.
    Raises InputError, one line, for other files, for files that do not fit each other, and for
    the name 'openpose', which says what to give: no weights of it may be passed on.
    """
    if str(name) == NAME:
        raise InputError(f"openpose needs two files of yours: {_GIVE}")
    one, other = _NAMED.fullmatch(str(name)).groups()
    first = existing(one, "OpenPose's .prototxt or .caffemodel")
    second = _beside(first) if other is None else existing(other, "OpenPose's other file")
    text, weights = sorted((first, second), key=lambda path: path.suffix.lower() != ".prototxt")
    if {text.suffix.lower(), weights.suffix.lower()} != {".prototxt", ".caffemodel"}:
        raise InputError(f"{name}: two files of one kind; {_GIVE}")
    found = network.read(text, weights)
    fits = [layout for layout in LAYOUTS if layout.channels == found.channels]
    if not fits:
        known = ", ".join(f"{one.channels} ({one.skeleton.name})" for one in LAYOUTS)
        raise InputError(
            f"{text}: gives {found.channels} maps; expected a network for bodies: {known}"
        )
    digest = hashlib.sha256()
    for path in (text, weights):
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    own = f"{NAME} ({text.name}, {weights.name}, {fits[0].skeleton.name})"
    return OpenPose(own, digest.hexdigest(), found, fits[0])


def _beside(path: Path) -> Path:
    """The other of the two files, which lies beside this one."""
    wanted = ".caffemodel" if path.suffix.lower() == ".prototxt" else ".prototxt"
    found = sorted(p for p in path.parent.iterdir() if p.suffix.lower() == wanted)
    same = [other for other in found if other.stem == path.stem]
    if len(found) == 1 or len(same) == 1:
        return (same or found)[0]
    there = f"{len(found)} files {wanted} lie" if found else f"no {wanted} lies"
    raise InputError(f"{path}: {there} beside it; {_GIVE}")
