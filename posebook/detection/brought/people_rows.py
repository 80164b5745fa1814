"""From what a network answers to a whole picture, to the people in it, px of the network's picture.

Whoever was found several times is still there several times.
"""

import re
from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy
import torch
from jaxtyping import Float
from torch import Tensor

#: End-to-end exports give their best 100 to 300 people; more rows are the network's raw ones.
MOST_PEOPLE = 1000
#: Of people with more than this score no box ends so near the corner, in px: it is in parts of the
#: picture.
_SEEN, _PART = 0.1, 2.0


class People(NamedTuple):
    """People as a network gives them: px, and scores in [0, 1].

    points (n, joints, 2), scores (n, joints), boxes (n, 4) left, top, right, bottom, sure (n,)
    """

    points: Float[Tensor, "n joints 2"]
    scores: Float[Tensor, "n joints"]
    boxes: Float[Tensor, "n 4"]
    sure: Float[Tensor, " n"]


class Rows(NamedTuple):
    """How YOLO-pose answers.

    form    'raw': middle, width and height of a box, a score each class (ultralytics, YOLOv8 and
            11, `Pose._inference`). 'end': corners of the box, score, class (YOLO26 and exports with
            their own suppression, `Pose.postprocess`). 'seven': middle, width, height, the score of
            the box and that of its class (YOLOv7). After these `dims` numbers a joint: x, y, score
    columns each person is a column, not a row
    """

    form: str
    columns: bool
    joints: int
    dims: int


def rows_of(
    shape: tuple[int, ...], counts: Collection[int], metadata: Mapping[str, str]
) -> Rows | None:
    """How people are laid out in an answer (1, a, b) or (a, b); None: this is not YOLO-pose's.

    counts    numbers of joints that there may be
    metadata  of the file: ultralytics writes `kpt_shape` and `task`
    """
    if metadata.get("task", "pose") != "pose" or len(shape) not in (2, 3):
        return None
    if len(shape) == 3 and shape[0] != 1:
        return None
    *_, high, wide = shape
    said = re.fullmatch(r"[\[(](\d{1,3}), *([23])[\])]", metadata.get("kpt_shape", ""))
    known = [(int(said[1]), int(said[2]))] if said else [(count, 3) for count in counts]
    found = []
    for columns, (size, people) in ((False, (wide, high)), (True, (high, wide))):
        for joints, dims in known:
            before = size - joints * dims
            if before == 6 and not columns and not (said and people > MOST_PEOPLE):
                form = "end" if people <= MOST_PEOPLE else "seven"
                found.append((people, Rows(form, False, joints, dims)))
            elif before == 5 or (said and before > 5):
                found.append((people, Rows("raw", columns, joints, dims)))
    return max(found, key=lambda one: one[0])[1] if found else None


def yolo(answer: numpy.ndarray, rows: Rows, size: tuple[int, int]) -> People:
    """People of one answer of YOLO-pose. Of several classes the first counts, which is people.

    size  of the network's picture: exports to TensorFlow Lite answer in parts of it
    """
    values = torch.from_numpy(answer.reshape(answer.shape[-2:]).copy())
    values = values.mT if rows.columns else values
    numbers = rows.joints * rows.dims
    head, rest = values[:, :-numbers], values[:, -numbers:].unflatten(-1, (rows.joints, rows.dims))
    if rows.form == "end":
        boxes, sure = head[:, :4], torch.where(head[:, 5].round() == 0, head[:, 4], 0.0)
    else:
        middle, half = head[:, :2], head[:, 2:4] / 2
        boxes = torch.cat([middle - half, middle + half], -1)
        sure = head[:, 4] * head[:, 5] if rows.form == "seven" else head[:, 4]
    scores = rest[..., 2] if rows.dims == 3 else sure[:, None].expand(-1, rows.joints)
    points, largest = rest[..., :2], boxes[sure > _SEEN].abs().flatten()
    if len(largest) and largest.max() <= _PART:
        unit = torch.tensor(size)
        points, boxes = points * unit, boxes * unit.repeat(2)
    return People(points, scores.clamp(0, 1), boxes, sure.clamp(0, 1))


def rtmo(dets: numpy.ndarray, keypoints: numpy.ndarray) -> People:
    """RTMO, and YOLOX-pose of mmpose: (1, n, 5) corners of the box and score, (1, n, joints, 3) x,
    y, score. Source: mmdeploy's rewritten heads `rtmo_head` and `yolox_pose_head`.

    The middle of the first pixel is at 0 there.
    """
    boxes, joints = torch.from_numpy(dets[0].copy()), torch.from_numpy(keypoints[0].copy())
    return People(
        joints[..., :2] + 0.5, joints[..., 2].clamp(0, 1), boxes[:, :4], boxes[:, 4].clamp(0, 1)
    )


def multipose(answer: numpy.ndarray, size: tuple[int, int]) -> People:
    """MoveNet for several: (1, 6, 56), y, x, score of 17 joints, then top, left, bottom, right of
    the box and its score, in parts of the picture."""
    values = torch.from_numpy(answer[0].copy())
    joints, box = values[:, :51].unflatten(-1, (17, 3)), values[:, 51:55]
    unit = torch.tensor(size)
    return People(
        joints[..., :2].flip(-1) * unit, joints[..., 2].clamp(0, 1),
        box[:, [1, 0, 3, 2]] * unit.repeat(2), values[:, 55].clamp(0, 1),
    )  # fmt: skip


def suppressed(people: People, least: float, most_overlap: float) -> Tensor:
    """The rows to keep, surest first: those of at least a score, whose box overlaps no surer one's
    by more than a part of what both cover."""
    order = people.sure.argsort(descending=True, stable=True)
    order = order[people.sure[order] >= least][:MOST_PEOPLE]
    boxes = people.boxes[order]
    low = torch.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = torch.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = (boxes[:, 2:] - boxes[:, :2]).clamp(min=0).prod(-1)
    overlap = shared / (areas[:, None] + areas[None] - shared).clamp(min=1e-9)
    kept: list[int] = []
    for one in range(len(order)):
        if not (overlap[one, kept] > most_overlap).any():
            kept.append(one)
    return order[kept]
