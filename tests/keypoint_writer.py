"""Key points as each detector writes them, of people who are known."""

import json
from pathlib import Path

import numpy as np

COCO_NAMES = [
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder",
    "left_elbow", "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip",
    "left_knee", "right_knee", "left_ankle", "right_ankle",
]  # fmt: skip
# A standing person in COCO's order, px, about 380 high; x from the middle of the body.
_COCO = np.array([
    (0, 20), (6, 14), (-6, 14), (14, 18), (-14, 18), (40, 70), (-40, 70), (55, 130), (-55, 130),
    (60, 190), (-60, 190), (25, 200), (-25, 200), (28, 290), (-28, 290), (30, 380), (-30, 380),
], dtype=float)  # fmt: skip
#: The same place in BODY_25's order: of each joint, the joints of COCO between which it lies.
_BODY_25 = [
    (0,), (5, 6), (6,), (8,), (10,), (5,), (7,), (9,), (11, 12), (12,), (14,), (16,), (11,), (13,),
    (15,), (2,), (1,), (4,), (3,), (15,), (15,), (15,), (16,), (16,), (16,),
]  # fmt: skip


def person(frames: int, joints: int = 17, seed: int = 0, start=(300.0, 200.0), step=(2.0, 0.0)):
    """(frames, joints, 3): somebody who walks `step` px a frame; x, y, confidence in (0.5, 1)."""
    rng = np.random.default_rng(seed)
    shape = _COCO[np.arange(joints) % 17] + (np.arange(joints) // 17 * 3)[:, None]
    if joints == 25:
        shape = np.array([_COCO[list(between)].mean(0) for between in _BODY_25])
        shape[19:] += (8, 6)
    path = np.array(start) + np.arange(frames)[:, None] * np.array(step)
    points = path[:, None] + shape + rng.normal(0, 1.0, (frames, joints, 2))
    confidence = rng.uniform(0.5, 1.0, (frames, joints, 1))
    return np.concatenate([points, confidence], -1).round(3)


def lose(people: np.ndarray, share: float, seed: int = 1) -> np.ndarray:
    """Some joints missing, as OpenPose and COCO write it: 0, 0, 0."""
    lost = people.copy()
    lost[np.random.default_rng(seed).random(lost.shape[:2]) < share] = 0
    return lost


def flat(people: np.ndarray) -> list:
    return people.reshape(-1).tolist()


def openpose(folder: Path, frames: dict[int, list[np.ndarray]], name: str = "film") -> Path:
    """A folder with a file for each frame number; the people of a frame are (joints, 3)."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, people in frames.items():
        found = [{"person_id": [-1], "pose_keypoints_2d": flat(one)} for one in people]
        path = folder / f"{name}_{number:012d}_keypoints.json"
        path.write_text(json.dumps({"version": 1.3, "people": found}))
    return folder


def alphapose(frames: dict[str, list[np.ndarray]], numbers: bool = True) -> list:
    """Its results file: one entry for each person, the file name of the picture in each."""
    return [
        {"image_id": name, "category_id": 1, "keypoints": flat(one), "score": 2.5, "box": [0] * 4}
        | ({"idx": index + 1} if numbers else {})
        for name, people in frames.items()
        for index, one in enumerate(people)
    ]


def mmpose(frames: list[list[np.ndarray]], names: list[str] | None = COCO_NAMES) -> dict:
    """--save-predictions of its demo scripts."""
    meta = {"dataset_name": "coco", "num_keypoints": 17}
    if names:
        meta["keypoint_id2name"] = {str(i): name for i, name in enumerate(names)}
    return {"meta_info": meta, "instance_info": mmpose_frames(frames)}


def mmpose_frames(frames: list[list[np.ndarray]]) -> list:
    """The predictions of its inferencer for a video."""
    return [
        {"frame_id": number, "instances": [
            {"keypoints": one[:, :2].tolist(), "keypoint_scores": one[:, 2].tolist(),
             "bbox": [[0, 0, 1, 1]], "bbox_score": 0.9} for one in people]}
        for number, people in enumerate(frames)
    ]  # fmt: skip


def coco(pictures: list[tuple[str, list[np.ndarray]]], names: list[str] = COCO_NAMES) -> dict:
    """Annotations; the third number of a joint is v = 0, 1 or 2."""
    images = [
        {"id": index, "file_name": name, "width": 1000, "height": 800}
        for index, (name, _) in enumerate(pictures)
    ]
    annotations = [
        {"id": index * 100 + who, "image_id": index, "category_id": 1, "iscrowd": 0,
         "keypoints": [int(v) if i % 3 == 2 else v for i, v in enumerate(flat(one))]}
        for index, (_, people) in enumerate(pictures)
        for who, one in enumerate(people)
    ]  # fmt: skip
    return {"images": images, "annotations": annotations,
            "categories": [{"id": 1, "name": "person", "keypoints": names}]}  # fmt: skip


def dump(path: Path, content) -> Path:
    path.write_text(json.dumps(content))
    return path
