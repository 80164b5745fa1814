"""What each detector's JSON looks like inside: from parsed JSON to films of people.

OpenPose   {"people": [{"pose_keypoints_2d": [x, y, c, ...]}]}, one a frame (or a list of them)
COCO       {"images": [...], "annotations": [{"image_id", "keypoints": [x, y, v, ...]}],
           "categories": [{"keypoints": [names]}]}; v is 0 missing, 1 hidden, 2 seen
results    [{"image_id", "keypoints": [x, y, c, ...], "score"}]: COCO's results and AlphaPose's,
           whose "image_id" is a file name and "idx" a track number
MMPose     {"meta_info", "instance_info": [{"frame_id", "instances": [{"keypoints": [[x, y], ...],
           "keypoint_scores": [c, ...]}]}]}, and the same without its outer parts
Sources: each project's documentation of its output.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posebook.datasets.readers.files import listed, short
from posebook.errors import InputError

_KNOWN = (
    "OpenPose (people), COCO (images, annotations), AlphaPose or COCO results (image_id, "
    "keypoints) or MMPose (instances) JSON"
)


@dataclass
class Film:
    """People in a row of pictures, as written: per person a flat list x, y, c, x, y, c, ...

    keys        one per frame, in order: a file name or a number
    when        per person, the index of its frame in `keys`
    identities  per person, the file's track number; -1 where it has none
    """

    where: str
    name: str = ""
    size_px: tuple[int, int] | None = None
    names: list[str] | None = None
    keys: list[str] = field(default_factory=list)
    when: list[int] = field(default_factory=list)
    values: list[list] = field(default_factory=list)
    identities: list[int] = field(default_factory=list)

    def frame(self, key: Any) -> None:
        """Begin a frame; the people added next are in it."""
        self.keys.append(str(key))

    def add(self, values: list, identity: Any = None) -> None:
        self.when.append(len(self.keys) - 1)
        self.values.append(values)
        if isinstance(identity, float) and identity.is_integer():
            identity = int(identity)
        whole = isinstance(identity, int) and not isinstance(identity, bool)
        self.identities.append(identity if whole and 0 <= identity < 1 << 62 else -1)


def films(content: Any, path: Path | str) -> list[Film]:
    """The films (or single pictures) of a key-point JSON of any known kind."""
    where = str(path)
    if isinstance(content, dict):
        if "people" in content:
            return [_openpose([content], where)]
        if "annotations" in content:
            return _coco(content, where)
        for key in ("instance_info", "predictions", "instances"):
            if key in content:
                return [_mmpose(content[key], where, content.get("meta_info"))]
        if "keypoints" in content:
            return [_mmpose([content], where, None)]
        frames = list(content.values())
        if frames and all(isinstance(f, dict) and ("bodies" in f or "people" in f) for f in frames):
            return [_openpose(frames, where, list(content))]
        if "bboxes" in content or "bbox" in content:
            raise InputError(f"{where}: boxes without key points; expected {_KNOWN}")
    elif isinstance(content, list) and content:
        first = content[0]
        if isinstance(first, dict) and ("people" in first or "bodies" in first):
            return [_openpose(content, where)]
        if isinstance(first, dict) and "image_id" in first and "keypoints" in first:
            return [_results(content, where)]
        if isinstance(first, list) or (
            isinstance(first, dict) and ("instances" in first or "keypoints" in first)
        ):
            return [_mmpose(content, where, None)]
    kind = short(content)
    if isinstance(content, dict):
        kind = f"an object with {listed((key[:20] for key in content), 5) or 'nothing'}"
    raise InputError(f"{where}: {kind}; expected {_KNOWN}")


def openpose_people(content: Any, path: Path | str) -> list[list]:
    """The key points of each person in one frame of OpenPose's (or AlphaPose's like it)."""
    people = content.get("people", content.get("bodies")) if isinstance(content, dict) else None
    if not isinstance(people, list):
        raise InputError(f"{path}: no list of people; expected OpenPose JSON")
    found = []
    for person in people:
        if not isinstance(person, dict):
            raise InputError(f"{path}: a person is {short(person)}; expected pose_keypoints_2d")
        for key in ("pose_keypoints_2d", "pose_keypoints", "joints"):
            if key in person:
                values = person[key]
                break
        else:
            raise InputError(f"{path}: a person without pose_keypoints_2d; expected OpenPose JSON")
        if not isinstance(values, list):
            raise InputError(f"{path}: pose_keypoints_2d is {short(values)}; expected numbers")
        if values:
            found.append(values)
    return found


def _openpose(frames: list, where: str, keys: list[str] | None = None) -> Film:
    film = Film(where)
    for number, frame in enumerate(frames):
        film.frame(keys[number] if keys else number)
        for values in openpose_people(frame, where):
            film.add(values)
    return film


def _results(content: list, where: str) -> Film:
    """A flat list of people; people of one picture need not stand together."""
    film = Film(where)
    pictures: dict[str, list[dict]] = {}
    for person in content:
        if not isinstance(person, dict) or not isinstance(person.get("keypoints"), list):
            raise InputError(f"{where}: an entry without image_id or keypoints; expected results")
        picture = person.get("image_id")
        if not isinstance(picture, str | int):
            raise InputError(f"{where}: image_id is {short(picture)}; expected a name or number")
        pictures.setdefault(str(picture), []).append(person)
    for picture, people in pictures.items():
        film.frame(picture)
        for person in people:
            film.add(person["keypoints"], person.get("idx", person.get("track_id")))
    return film


def _mmpose(frames: Any, where: str, meta: Any) -> Film:
    """Frames of instances, or the instances of a single picture."""
    film = Film(where)
    names = meta.get("keypoint_id2name") if isinstance(meta, dict) else None
    if isinstance(names, dict) and all(str(i) in names for i in range(len(names))):
        film.names = [str(names[str(i)]) for i in range(len(names))]
    if not isinstance(frames, list) or not frames:
        raise InputError(f"{where}: no list of instances; expected MMPose JSON")
    if all(isinstance(frame, dict) and "keypoints" in frame for frame in frames):
        frames = [frames]  # a single picture
    for number, frame in enumerate(frames):
        instances, key = frame, number
        if isinstance(frame, dict):
            instances, key = frame.get("instances"), frame.get("frame_id", number)
        if not isinstance(instances, list):
            raise InputError(f"{where}: a frame without instances; expected MMPose JSON")
        film.frame(key)
        for instance in instances:
            film.add(*_instance(instance, where))
    if len(set(film.keys)) < len(film.keys):
        film.keys = [str(number) for number in range(len(film.keys))]
    return film


def _instance(instance: Any, where: str) -> tuple[list, Any]:
    """(x, y, c, ... of one MMPose instance, its track number or None)."""
    points = instance.get("keypoints") if isinstance(instance, dict) else None
    if not isinstance(points, list) or not points:
        raise InputError(f"{where}: an instance without keypoints; expected MMPose JSON")
    scores = instance.get("keypoint_scores", instance.get("keypoints_scores"))
    if len(points) == 1 and _nested(points[0]):  # one more pair of brackets
        points = points[0]
        scores = scores[0] if _nested(scores) and len(scores) == 1 else scores
    if not isinstance(points[0], list):
        return points, instance.get("track_id")  # flat already: x, y, c
    if scores is None:
        scores = [point[2] if isinstance(point, list) and len(point) > 2 else 1 for point in points]
    if not isinstance(scores, list) or len(scores) != len(points):
        raise InputError(f"{where}: keypoint_scores do not fit {len(points)} keypoints")
    values: list = []
    for point, score in zip(points, scores, strict=True):
        if not isinstance(point, list) or len(point) not in (2, 3):
            raise InputError(f"{where}: a key point is {short(point)}; expected x, y")
        values += [point[0], point[1], score]
    return values, instance.get("track_id")


def _nested(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], list)


def _coco(content: dict, where: str) -> list[Film]:
    """COCO annotations: pictures of one name and numbers in a row are a film, others stills."""
    images = content.get("images")
    if not isinstance(images, list) or not isinstance(content["annotations"], list):
        raise InputError(f"{where}: no lists of images and annotations; expected COCO JSON")
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
        if values is None or one.get("iscrowd"):
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
                film.add(_shown(one["keypoints"]), one.get("track_id"))
        if film.values:
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
