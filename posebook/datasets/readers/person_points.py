"""One person's key points, in every way in which programs write them, as numbers in a row.

[x, y, c, x, y, c, ...]                          OpenPose, COCO, AlphaPose
[[x, y], ...], [[x, y, c], ...], [[x, y, z, c], ...]   MMPose; the scores may stand beside
[{"x": x, "y": y, "z": z, "visibility": c}, ...]  MediaPipe; also with "score" and "name"
{"nose": {"x": x, "y": y}, ...}, {"nose": [x, y, c], ...}
{"x": [...], "y": [...], "visible": [...]}        Ultralytics
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from posebook.datasets.readers.files import listed, short
from posebook.errors import InputError

_SCORES = ("visibility", "score", "confidence", "conf", "c", "likelihood", "visible", "presence",
           "prob", "v")  # fmt: skip
#: Keys beside a person's points that hold a score for each.
_BESIDE = ("keypoint_scores", "keypoints_scores", "keypoints_score", "keypoint_score",
           "keypoints_conf", "keypoint_confidences", "confidences", "confidence", "scores",
           "visibility", "visible")  # fmt: skip
_NAMES = ("name", "part", "joint", "label", "keypoint", "landmark", "landmark_name", "type")
#: Flat lists of so many numbers are x, y, z, visibility: MediaPipe's 33 landmarks.
_FLAT_OF_FOUR = (132,)


@dataclass(frozen=True)
class Points:
    """One person.

    values  x, y, c of each joint in a row; None where the file has null
    names   of the joints, or None
    deep    whether the third number may be a depth instead of a confidence: the file does not say
    """

    values: list
    names: tuple[str, ...] | None = None
    deep: bool = False

    def in_order(self, names: Sequence[str]) -> list:
        """The values of these joints; 0, 0, 0 for those that the person lacks."""
        own = {name: 3 * place for place, name in enumerate(self.names or ())}
        rows = [self.values[own[n] : own[n] + 3] if n in own else [0, 0, 0] for n in names]
        return [value for row in rows for value in row]


def is_person(value: Any) -> bool:
    """Whether a value looks like the points of one person, at least four of them."""
    if isinstance(value, dict):
        inner = list(value.values())
        if isinstance(value.get("x"), list) and isinstance(value.get("y"), list):
            return len(value["x"]) >= 4
        return len(inner) >= 4 and all(_is_point(item) for item in inner[:4])
    if not isinstance(value, list) or len(value) < 4:
        return False
    return all(_is_point(item) for item in value[:4]) or (
        len(value) >= 12 and all(_is_number(item) for item in value[:12])
    )


def _is_point(value: Any) -> bool:
    if isinstance(value, dict):
        return {"x", "y"} <= value.keys() or isinstance(value.get("position"), dict)
    return isinstance(value, list) and 2 <= len(value) <= 4 and all(map(_is_number, value))


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def read(value: Any, where: str, beside: Any = None) -> Points | None:
    """The points of one person; None where there are none.

    beside  the object that holds them: its scores and names are asked for
    """
    beside = beside if isinstance(beside, dict) else {}
    if isinstance(value, dict) and isinstance(value.get("landmark"), list):  # protobuf as JSON
        value = value["landmark"]
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        value = value[0]  # one more pair of brackets
    if not value:
        return None
    if isinstance(value, dict):
        if isinstance(value.get("x"), list):
            return _of_columns(value, where)
        names = tuple(str(name) for name in value)
        return _of_points(list(value.values()), names, beside, where)
    if not isinstance(value, list):
        raise InputError(f"{where}: key points are {short(value)}; expected a list of x, y, c")
    if isinstance(value[0], list | dict):
        return _of_points(value, None, beside, where)
    if len(value) in _FLAT_OF_FOUR:
        rows = [value[i : i + 4] for i in range(0, len(value), 4)]
        return Points([number for x, y, _, c in rows for number in (x, y, c)])
    scores = _beside(beside)
    if scores is not None and len(value) == 2 * len(scores):
        pairs = zip(value[::2], value[1::2], scores, strict=True)
        return Points([number for triple in pairs for number in triple])
    return Points(list(value), deep=len(value) == 99)


def _of_columns(value: dict, where: str) -> Points:
    x, y = value["x"], value.get("y")
    scores = next((value[key] for key in _SCORES if isinstance(value.get(key), list)), None)
    scores = [1] * len(x) if scores is None else scores
    if not isinstance(y, list) or len({len(x), len(y), len(scores)}) > 1:
        raise InputError(f"{where}: lists x and y of one length are expected")
    return Points([number for triple in zip(x, y, scores, strict=True) for number in triple])


def _beside(beside: dict) -> list | None:
    """The scores beside the points; one more pair of brackets is taken off."""
    for key in _BESIDE:
        scores = beside.get(key)
        if isinstance(scores, list) and scores:
            return scores[0] if len(scores) == 1 and isinstance(scores[0], list) else scores
    return None


def _of_points(
    points: list, names: tuple[str, ...] | None, beside: dict, where: str
) -> Points | None:
    scores = _beside(beside)
    if scores is not None and len(scores) != len(points):
        raise InputError(f"{where}: {len(scores)} scores do not fit {len(points)} keypoints")
    values: list = []
    found: list[str] = []
    deep = False
    for place, point in enumerate(points):
        if isinstance(point, dict):
            numbers, name = _of_dict(point, where)
            found += [name] if name else []
        elif point is None:
            numbers = [0, 0, 0]
        elif isinstance(point, list) and len(point) in (2, 3, 4):
            deep |= len(point) == 3 and scores is None
            numbers = [point[0], point[1], point[-1] if len(point) > 2 else 1]
        else:
            raise InputError(f"{where}: a key point is {short(point)}; expected x, y")
        values += numbers if scores is None else [*numbers[:2], scores[place]]
    if names is None and len(found) == len(points):
        names = tuple(found)
    if names is not None and len(set(names)) < len(names):
        raise InputError(f"{where}: joint names {listed(names)}; expected a different one for each")
    return Points(values, names, deep and len(points) == 33)


def _of_dict(point: dict, where: str) -> tuple[list, str]:
    """([x, y, c], the joint's name or '')."""
    name = next((point[key] for key in _NAMES if isinstance(point.get(key), str)), "")
    place = point["position"] if isinstance(point.get("position"), dict) else point
    if not {"x", "y"} <= place.keys():
        raise InputError(f"{where}: a key point has {listed(point, 5)}; expected x and y")
    score = next((point[key] for key in _SCORES if key in point), 1)
    return [place["x"], place["y"], score], name
