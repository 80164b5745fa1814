"""BlazePose's first network: where people are in a picture, and how they are turned.

It looks at a square of 224 px and answers for each of 2,254 anchors with a score, a box around the
head and shoulders, and four points. Point 0 is the middle of the hips; point 1 lies on a circle
around it that holds the whole body, in the direction of the head. The two make a `Region`: the
upright square that the second network looks at.

Source: Bazarevsky et al. 2020, arXiv:2006.10204; anchors and thresholds of MediaPipe 0.10's graph
`pose_detection`.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor

#: Side of the square that the network looks at, px.
SIZE = 224
#: Layers of anchors: how many px apart they stand. Each place of each layer has two.
STRIDES = (8, 16, 32, 32, 32)
ANCHORS_A_PLACE = 2
#: A score of less is nobody.
LEAST_SCORE = 0.5
#: Boxes that overlap by more than this part of their union show one person.
OVERLAP = 0.3
#: Of two looks at a picture: more than this, and it is the same person seen in the same way.
SEEN_AGAIN = 0.5
#: The second network's square is so many times as large as the circle around the body.
ROOM = 1.25
#: Scores come as logits; beyond this the sigmoid is 0 or 1 anyway.
_LARGEST_LOGIT = 100.0


class Seen(NamedTuple):
    """People as the first network gives them, in parts of its square from the top left corner.

    scores  (n,)       in [0, 1]
    boxes   (n, 4)     left, top, right, bottom: head and shoulders
    points  (n, 4, 2)  x, y: middle of the hips, extent of the body, middle of the shoulders, extent
                       of the upper body
    """

    scores: Float[Tensor, " n"]
    boxes: Float[Tensor, "n 4"]
    points: Float[Tensor, "n 4 2"]


class Regions(NamedTuple):
    """Squares of a picture, each turned so that its person stands upright.

    centre_px (n, 2), side_px (n,), rotation_deg (n,): as `datasets.pictures.crops.matrix` takes
    them.
    """

    centre_px: Float[Tensor, "n 2"]
    side_px: Float[Tensor, " n"]
    rotation_deg: Float[Tensor, " n"]


def anchors() -> Float[Tensor, "2254 2"]:
    """Middle of each anchor, x and y in parts of the square; all anchors have the square's size.

    Layers of one stride share a grid: its places run row by row, and each place has two anchors
    for each of these layers.
    """
    made = []
    for stride in dict.fromkeys(STRIDES):
        places = (torch.arange(SIZE // stride) + 0.5) * (stride / SIZE)
        y, x = torch.meshgrid(places, places, indexing="ij")
        each = ANCHORS_A_PLACE * STRIDES.count(stride)
        made.append(torch.stack([x, y], -1).reshape(-1, 2).repeat_interleave(each, 0))
    return torch.cat(made)


def decoded(
    raw: Float[Tensor, "anchors 12"], logits: Float[Tensor, " anchors"], least: float = LEAST_SCORE
) -> Seen:
    """The anchors that see somebody, surest first.

    raw     px of the square relative to the anchor: x, y of a box's middle, its width and height,
            then x and y of four points
    logits  of the scores
    """
    scores = logits.clamp(-_LARGEST_LOGIT, _LARGEST_LOGIT).sigmoid()
    kept = (scores >= least).nonzero()[:, 0]
    kept = kept[scores[kept].argsort(descending=True, stable=True)]
    middle = anchors()[kept]
    values = raw[kept] / SIZE
    centre, half = values[:, :2] + middle, values[:, 2:4] / 2
    points = values[:, 4:].reshape(-1, 4, 2) + middle.unsqueeze(1)  # (n, 4, 2)
    return Seen(scores[kept], torch.cat([centre - half, centre + half], -1), points)


def overlap(box: Tensor, boxes: Tensor) -> Tensor:
    """(n,): what two boxes share, over what they cover together. box (4,), boxes (n, 4)."""
    low, high = torch.maximum(box[:2], boxes[:, :2]), torch.minimum(box[2:], boxes[:, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
    own = (box[2:] - box[:2]).clamp(min=0).prod()
    return shared / (own + areas - shared).clamp(min=1e-12)


def merged(seen: Seen, most: float = OVERLAP) -> Seen:
    """One answer for each person: the mean of all anchors that saw them, weighted by their scores.

    seen  surest first. The surest anchor takes all whose box overlaps its own by more than `most`;
          then the surest of those left does the same. A person has the score of the surest
    """
    left = torch.arange(len(seen.scores))
    scores, boxes, points = [], [], []
    while len(left):
        same = overlap(seen.boxes[left[0]], seen.boxes[left]) > most
        same[0] = True  # also where its box is empty
        group = left[same]
        weight = seen.scores[group] / seen.scores[group].sum()
        scores.append(seen.scores[left[0]])
        boxes.append((weight[:, None] * seen.boxes[group]).sum(0))
        points.append((weight[:, None, None] * seen.points[group]).sum(0))
        left = left[~same]
    if not scores:
        return Seen(seen.scores[:0], seen.boxes[:0], seen.points[:0])
    return Seen(torch.stack(scores), torch.stack(boxes), torch.stack(points))


def joined(looks: Sequence[Seen], most: float = SEEN_AGAIN) -> tuple[Seen, Int[Tensor, " n"]]:
    """Everybody in several looks at a picture, all in the same unit, and the look of each.

    Whoever was seen in an earlier look, with a box that overlaps by more than `most`, is left out.
    Nothing is averaged here: a part of a picture may show half of a person.
    """
    boxes = torch.cat([seen.boxes for seen in looks])
    look = torch.cat([torch.full((len(seen.boxes),), n) for n, seen in enumerate(looks)])
    kept: list[int] = []
    for one, box in enumerate(boxes):
        before = [other for other in kept if look[other] < look[one]]
        if not (overlap(box, boxes[before]) > most).any():
            kept.append(one)
    return Seen(*(torch.cat(parts)[kept] for parts in zip(*looks, strict=True))), look[kept]


def regions(middle_px: Float[Tensor, "n 2"], extent_px: Float[Tensor, "n 2"]) -> Regions:
    """The upright squares around people.

    middle_px  middle of the hips, px of the picture
    extent_px  a point on the circle around it that holds the body, in the direction of the head
    """
    up = (extent_px - middle_px).double()
    reach = torch.linalg.vector_norm(up, dim=-1)
    # In a picture y counts downwards: somebody who stands has up = (0, -reach), and is not turned.
    turned = torch.rad2deg(torch.atan2(up[:, 0], -up[:, 1]))
    return Regions(middle_px.double(), (2 * ROOM * reach).clamp(min=1.0), turned)
