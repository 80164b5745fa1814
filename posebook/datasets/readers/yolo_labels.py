"""YOLO's pose labels: a text file a picture, a line a person, everything as parts of the picture.

    class  box (x, y of its middle, width, height)  x y [confidence] of each joint  [track number]

as Ultralytics writes them with save_txt; with save_conf a confidence of the box stands behind the
joints. Source: docs.ultralytics.com, "Pose Estimation Datasets Overview".
"""

from typing import Any

import numpy

from posebook.datasets.readers.person_points import Points

_BOX = 5  # numbers before the first joint: class and box
#: A joint may lie outside its box by this part of the picture.
_SLACK = 0.05


def people(text: str) -> list[tuple[Points, Any]] | None:
    """(points, track number or None) of each person in a label file; None if it is none."""
    rows = [line.split() for line in text.splitlines() if line.strip()]
    try:
        numbers = [[float(word) for word in row] for row in rows]
    except ValueError:
        return None
    found = [_person(row) for row in numbers]
    return None if not found or None in found else found


def _person(row: list[float]) -> tuple[Points, Any] | None:
    if not row or not row[0].is_integer() or not 0 <= row[0] < 1000:
        return None
    x, y, width, height = row[1:_BOX] if len(row) > _BOX else (9, 9, 9, 9)
    if not all(0 <= side <= 1.001 for side in (x, y, width, height)):
        return None
    rest = row[_BOX:]
    for extra in (0, 1, 2):  # behind the joints: a confidence, a track number, or both
        joints = rest[: len(rest) - extra] if extra else rest
        for per in (3, 2):
            if len(joints) % per or len(joints) < 5 * per:
                continue
            points = numpy.array(joints).reshape(-1, per)
            if _in_box(points, x, y, width, height):
                third = points[:, 2:] if per == 3 else numpy.ones((len(points), 1))
                flat = numpy.concatenate([points[:, :2], third], 1).reshape(-1).tolist()
                who = row[-1] if extra and row[-1].is_integer() else None
                return Points(flat), who
    return None


def _in_box(points: numpy.ndarray, x: float, y: float, width: float, height: float) -> bool:
    """Whether the joints lie in the box, which tells x, y, confidence from x, y alone."""
    seen = points[(points[:, :2] != 0).any(1)]
    if points.shape[1] == 3:
        if not ((points[:, 2] >= 0) & (points[:, 2] <= 2)).all():
            return False
        seen = points[points[:, 2] > 0]
    if not len(seen):
        return True
    away = numpy.abs(seen[:, :2] - (x, y)) - numpy.array([width, height]) / 2
    return bool((away.max(1) <= _SLACK).mean() > 0.7)
