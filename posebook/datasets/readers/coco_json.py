"""COCO's annotations, and what is like them (PoseTrack): {"images", "annotations", "categories"}.

    "annotations": [{"image_id", "keypoints": [x, y, v, ...]}]; v is 0 missing, 1 hidden, 2 seen
    "categories":  [{"keypoints": [names]}]

Source: cocodataset.org, "Data format".
"""

import re
from pathlib import Path
from typing import Any

from posebook.datasets.readers import person_points
from posebook.datasets.readers.files import short
from posebook.datasets.readers.film import Film
from posebook.errors import InputError


def films(content: dict, where: str) -> list[Film]:
    """COCO annotations: pictures of one name and numbers in a row are a film, others stills."""
    images = content.get("images")
    if not isinstance(images, list) or not isinstance(content["annotations"], list):
        raise InputError(f"{where}: no lists of images and annotations; expected COCO JSON")
    if not any(isinstance(one, dict) and one.get("keypoints") for one in content["annotations"]):
        raise InputError(f"{where}: no annotation has keypoints; expected COCO key points")
    by_id: dict[Any, dict] = {}
    for image in images:
        if not isinstance(image, dict) or not isinstance(image.get("id"), str | int):
            raise InputError(f"{where}: an image without id; expected COCO JSON")
        by_id[image["id"]] = image
    people: dict[Any, list[dict]] = {}
    for one in content["annotations"]:
        if not isinstance(one, dict) or not isinstance(one.get("image_id"), str | int):
            raise InputError(f"{where}: an annotation without image_id; expected COCO JSON")
        values = one.get("keypoints")
        if values is None or values == [] or one.get("iscrowd"):
            continue
        if one["image_id"] not in by_id or not isinstance(values, list):
            raise InputError(
                f"{where}: annotation {short(one.get('id'))}: its image is not listed, or its "
                "keypoints are no list"
            )
        people.setdefault(one["image_id"], []).append(one)
    if not people:
        raise InputError(f"{where}: no annotation has keypoints; expected COCO key points")
    names = _coco_names(content.get("categories"))
    made = []
    for film, ids in _grouped(by_id, people, where):
        film.names = names
        for number in ids:
            film.frame(_frame_key(by_id[number], number))
            for one in people.get(number, []):
                points = person_points.read(_shown(one["keypoints"]), where)
                film.add(points, one.get("track_id", one.get("person_id")))
        if film.people:
            made.append(film)
    return made


def _shown(values: list) -> list:
    """COCO's v (0 missing, 1 hidden, 2 seen) as confidence 0, 0.5, 1; scores stay as they are."""
    third = values[2::3]
    if 2 in third and all(v in (0, 1, 2) for v in third if isinstance(v, int | float)):
        values = list(values)
        values[2::3] = [v / 2 if isinstance(v, int | float) else v for v in third]
    return values


def _coco_names(categories: Any) -> list[str] | None:
    """Joint names of the first category that has them."""
    for category in categories if isinstance(categories, list) else []:
        names = category.get("keypoints") if isinstance(category, dict) else None
        if isinstance(names, list) and names and all(isinstance(name, str) for name in names):
            return names
    return None


def _frame_key(image: dict, number: Any) -> Any:
    frame = image.get("frame_id", image.get("file_name", number))
    return Path(str(frame)).stem if isinstance(frame, str) else frame


def _grouped(by_id: dict, people: dict, where: str) -> list[tuple[Film, list]]:
    """(film without people, ids of its pictures in order): films first found first."""
    groups: dict[tuple, list] = {}
    for number, image in by_id.items():
        name = image.get("file_name")
        start = re.sub(r"\d*(\.[^./\\]*)?$", "", name) if isinstance(name, str) else ""
        group = (str(image.get("video_id", "")), start, _coco_size(image))
        groups.setdefault(group, []).append(number)
    found = []
    for (video, start, size_px), ids in groups.items():
        keys = [str(_frame_key(by_id[number], number)) for number in ids]
        if len(ids) > 1 and _in_a_row(keys):
            name = Path(start).name.rstrip("_-. ") or video
            found.append((Film(where, name, size_px), ids))
            continue
        for number, key in zip(ids, keys, strict=True):
            if number in people:
                found.append((Film(where, key, size_px), [number]))
    return found


def _in_a_row(keys: list[str]) -> bool:
    """Whether names end in numbers that make a film: different, and not far apart."""
    ends = [re.search(r"\d{1,15}$", key) for key in keys]
    if not all(ends):
        return False
    numbers = {int(end.group()) for end in ends if end}
    return len(numbers) == len(keys) and max(numbers) - min(numbers) < 10 * len(keys)


def _coco_size(image: dict) -> tuple[int, int] | None:
    size = image.get("width"), image.get("height")
    if all(isinstance(side, int) and 0 < side <= 100_000 for side in size):
        return size
    return None
