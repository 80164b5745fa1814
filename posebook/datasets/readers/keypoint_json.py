"""Key points as JSON: from parsed JSON of any detector to films of people.

OpenPose    {"people": [{"pose_keypoints_2d": [x, y, c, ...]}]}, one a frame (or a list of them)
results     [{"image_id", "keypoints": [x, y, c, ...], "score"}]: COCO's results, Detectron2's and
            AlphaPose's, whose "image_id" is a file name and "idx" a track number
PoseFlow    {"file name": [{"keypoints", "idx"}, ...], ...}: AlphaPose's tracked form
MMPose      {"meta_info", "instance_info": [{"frame_id", "instances": [{"keypoints": [[x, y], ...],
            "keypoint_scores": [c, ...]}]}]}, and the same without its outer parts
MediaPipe   frames of landmarks as people dump them: [{"frame", "landmarks": [{"x", "y", "z",
            "visibility"}, ...]}, ...], {"frames": [...]}, {"0": [...]}, [[...], ...]
Ultralytics [{"name", "box", "keypoints": {"x": [...], "y": [...], "visible": [...]}}, ...]

All but COCO's annotations (`coco_json`) are frames that hold people who hold points, under names
that differ; so they are read by one walk. What a person's points look like is in `person_points`.
Sources: each project's documentation of its output.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from posebook.datasets.readers import coco_json, person_points
from posebook.datasets.readers.files import frame_rate, listed, short
from posebook.datasets.readers.film import Film
from posebook.errors import InputError

_KNOWN = (
    "OpenPose (people), COCO (images, annotations), AlphaPose or COCO results (image_id, "
    "keypoints), MMPose (instances), MediaPipe (landmarks) or Ultralytics (keypoints) JSON"
)
#: Where an object has its frames, a frame its people, and a person the points; first found first.
_FRAMES = ("instance_info", "frames", "predictions", "results", "annotations", "data", "sequence")
_PEOPLE = ("people", "bodies", "instances", "persons", "poses", "detections", "objects",
           "predictions", "annotations")  # fmt: skip
_POINTS = ("pose_keypoints_2d", "pose_keypoints", "keypoints", "keypoints_2d", "pred_keypoints",
           "pose_landmarks", "poseLandmarks", "landmarks", "joints", "kpts", "points",
           "pose")  # fmt: skip
#: What says which frame an entry belongs to, and who somebody is.
_WHEN = ("image_id", "frame_id", "frame", "frame_idx", "frame_index", "frame_number", "frameNumber",
         "image", "image_name", "file_name", "filename", "img_name", "index", "timestamp",
         "timestamp_ms", "time")  # fmt: skip
_WHO = ("idx", "track_id", "trackId", "person_id", "tracking_id", "instance_id", "person", "id")
#: Landmarks of MediaPipe in metres, about the hip: no places in a picture.
_IN_METRES = ("pose_world_landmarks", "poseWorldLandmarks", "world_landmarks", "worldLandmarks")


#: No film has so many frames (18 hours), and no list so many people.
_MOST_ENTRIES = 2_000_000
#: No picture shows so many people.
_MOST_IN_PICTURE = 10_000


def films(content: Any, path: Path | str) -> list[Film]:
    """The films (or single pictures) of a key-point JSON of any known kind."""
    where = str(path)
    if isinstance(content, dict) and {"images", "annotations"} <= content.keys():
        return coco_json.films(content, where)
    film = Film(where)
    if isinstance(content, dict):
        _about(content, film)
    frames = _frames_of(content, where)
    for number, (key, frame) in enumerate(frames):
        film.frame(number if key is None else key)
        for points, who in people_of(frame, where):
            film.add(points, who)
    if len(set(film.keys)) < len(film.keys):
        film.keys = [str(number) for number in range(len(film.keys))]
    return [film]


def people_of(frame: Any, path: Path | str) -> list[tuple[person_points.Points | None, Any]]:
    """(points, track number) of everybody in one frame."""
    where = str(path)
    found = _people(frame)
    if found is None:
        raise InputError(f"{where}: {_kind(frame)}; expected a frame of {_KNOWN}")
    if len(found) > _MOST_IN_PICTURE:
        raise InputError(f"{where}: {len(found)} people in one picture; expected {_KNOWN}")
    return [_person(one, where) for one in found]


def _person(one: Any, where: str) -> tuple[person_points.Points | None, Any]:
    holder = one["pose"] if isinstance(one, dict) and _key(one.get("pose"), _POINTS) else one
    if isinstance(holder, dict) and not person_points.is_person(holder):
        key = _key(holder, _POINTS)
        if key is None:
            raise InputError(
                f"{where}: a person without {_POINTS[0]} or keypoints, but with "
                f"{listed(holder, 4)}; expected {_KNOWN}"
            )
        points = person_points.read(holder[key], where, holder)
        who = _first(one, _WHO)
        return points, None if who in (-1, [-1]) else who
    return person_points.read(holder, where), None


def _key(value: Any, keys: Iterable[str]) -> str | None:
    if isinstance(value, dict):  # a loop: `next` is slow where there are a million
        for key in keys:
            if key in value:
                return key
    return None


def _first(value: dict, keys: Iterable[str]) -> Any:
    for key in keys:
        if value.get(key) is not None:
            return value[key]
    return None


def _people(frame: Any) -> list | None:
    """The people of a frame, as they stand; None where this is no frame."""
    if frame is None or frame == [] or frame == {}:
        return []
    if not isinstance(frame, list | dict):
        return None
    if person_points.is_person(frame):
        return [frame]
    if isinstance(frame, list):
        held = [one for one in frame if one is not None]
        whole = all(_key(one, _POINTS) or person_points.is_person(_bare(one)) for one in held)
        return [_bare(one) for one in held] if whole else None
    key = _key(frame, _PEOPLE)
    if key is not None and frame[key] is not None:
        return frame[key] if isinstance(frame[key], list) else None
    if isinstance(frame.get("pose"), dict) and _key(frame["pose"], _POINTS):
        return [frame]
    key = _key(frame, _POINTS)
    if key is None:
        return [] if frame.keys() & {*_PEOPLE, *_WHEN} else None
    held = frame[key]
    if not held:
        return []
    several = isinstance(held, list) and all(person_points.is_person(_bare(one)) for one in held)
    if several and not person_points.is_person(held) and len(held) > 1:
        return [_bare(one) for one in held]
    return [frame]


def _bare(value: Any) -> Any:
    """Points without one more pair of brackets around them."""
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], list):
        return value[0]
    return value


def _frames_of(content: Any, where: str) -> list[tuple[Any, Any]]:
    """(key, frame) of a film in order, the key None where the file gives none."""
    if isinstance(content, list) and content:
        return _in_list(content, where)
    if not isinstance(content, dict) or not content:
        raise InputError(f"{where}: {_kind(content)}; expected {_KNOWN}")
    if key := next((key for key in _FRAMES if isinstance(content.get(key), list | dict)), None):
        return _frames_of(content[key], where) if content[key] else []
    if _people(content) is not None:
        return [(_first(content, _WHEN), content)]
    if key := _key(content, _IN_METRES):
        raise InputError(
            f"{where}: {key} are in metres, about the hip; expected pose_landmarks, places in the "
            "picture"
        )
    if "bboxes" in content or "bbox" in content:
        raise InputError(f"{where}: boxes without key points; expected {_KNOWN}")
    # The first that is no frame ends it: there may be millions.
    if all(_people(frame) is not None for frame in content.values()) and any(
        _people(frame) for frame in content.values()
    ):
        return list(content.items())
    raise InputError(f"{where}: {_kind(content)}; expected {_KNOWN}")


def _in_list(content: list, where: str) -> list[tuple[Any, Any]]:
    if len(content) > _MOST_ENTRIES:
        raise InputError(f"{where}: a list of {len(content)}; expected {_KNOWN}")
    if person_points.is_person(content):
        return [(None, content)]
    if all(_key(one, _POINTS) for one in content if one is not None):
        if any(isinstance(_first(one, _WHEN), str | int | float) for one in content if one):
            return _by_picture(content, where)
        # Without a word about frames: MediaPipe finds one person, the others list a picture's.
        if not any(_key(one, ("landmarks", "pose_landmarks", "poseLandmarks")) for one in content):
            return [(None, content)]
    for number, one in enumerate(content):
        if _people(one) is None:
            raise InputError(f"{where}: entry {number + 1} is {_kind(one)}; expected {_KNOWN}")
    frames = [(_first(one, _WHEN) if isinstance(one, dict) else None, one) for one in content]
    if not all(isinstance(key, str | int | float) for key, _ in frames):
        frames = [(None, frame) for _, frame in frames]
    return frames


def _by_picture(content: list, where: str) -> list[tuple[Any, Any]]:
    """A flat list of people, grouped by the picture they are in; they need not stand together."""
    pictures: dict[str, list] = {}
    for one in content:
        key = _first(one or {}, _WHEN)
        if not isinstance(key, str | int | float):
            raise InputError(f"{where}: image_id is {short(key)}; expected a name or number")
        key = int(key) if isinstance(key, float) and key.is_integer() else key
        pictures.setdefault(str(key), []).append(one)
    # A single entry for each: frames, whose entry may hold several people or nobody.
    return [(key, own[0] if len(own) == 1 else own) for key, own in pictures.items()]


def _about(content: dict, film: Film) -> None:
    """Names of joints, picture size and frame rate, where an object says them beside its frames."""
    beside = [content] + [
        content[key] for key in ("meta_info", "metadata", "meta", "video", "info", "video_info")
        if isinstance(content.get(key), dict)
    ]  # fmt: skip
    for held in beside:
        names = held.get("keypoint_id2name")
        if isinstance(names, dict) and all(str(i) in names for i in range(len(names))):
            film.names = [str(names[str(i)]) for i in range(len(names))]
        for key in ("keypoint_names", "joint_names", "landmark_names"):
            if isinstance(held.get(key), list) and all(isinstance(n, str) for n in held[key]):
                film.names = film.names or held[key]
        sides = [
            _first(held, keys)
            for keys in (("width", "image_width", "video_width", "frame_width", "w"),
                         ("height", "image_height", "video_height", "frame_height", "h"))
        ]  # fmt: skip
        if all(isinstance(side, int) and 0 < side <= 100_000 for side in sides):
            film.size_px = film.size_px or (sides[0], sides[1])
        rate = _first(held, ("fps", "frame_rate", "frames_per_second", "frameRate"))
        if isinstance(rate, int | float) and film.fps is None and rate:
            film.fps = frame_rate(rate, f"{film.where}: fps")


def _kind(value: Any) -> str:
    if isinstance(value, dict):
        return f"an object with {listed(value, 5) or 'nothing'}"
    return short(value)
