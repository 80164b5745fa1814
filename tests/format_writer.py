"""Key points in the layouts of other programs, text as they write it: for `test_readers_formats`.

Each function takes people (frames, 17, 3) in COCO's order, px, and gives text or writes a file.
"""

import json
from pathlib import Path

import h5py
import numpy as np
from keypoint_writer import COCO_NAMES

SIZE = (1000, 800)
#: MediaPipe's landmarks, and the joint of COCO at the same place.
MEDIAPIPE = {
    "nose": 0, "left_eye_inner": 1, "left_eye": 1, "left_eye_outer": 1, "right_eye_inner": 2,
    "right_eye": 2, "right_eye_outer": 2, "left_ear": 3, "right_ear": 4, "mouth_left": 0,
    "mouth_right": 0, "left_shoulder": 5, "right_shoulder": 6, "left_elbow": 7, "right_elbow": 8,
    "left_wrist": 9, "right_wrist": 10, "left_pinky": 9, "right_pinky": 10, "left_index": 9,
    "right_index": 10, "left_thumb": 9, "right_thumb": 10, "left_hip": 11, "right_hip": 12,
    "left_knee": 13, "right_knee": 14, "left_ankle": 15, "right_ankle": 16, "left_heel": 15,
    "right_heel": 16, "left_foot_index": 15, "right_foot_index": 16,
}  # fmt: skip


def landmarks(people: np.ndarray) -> np.ndarray:
    """(frames, 33, 4): x, y as parts of the picture, a depth about the hips, visibility."""
    own = people[:, list(MEDIAPIPE.values())]
    deep = np.random.default_rng(5).normal(0, 0.2, own.shape[:2])
    deep[:, 24] = -deep[:, 23]  # the hips' middle is at 0
    return np.concatenate([own[..., :2] / SIZE, deep[..., None], own[..., 2:]], -1).round(6)


def as_dicts(frame: np.ndarray, deep: bool = True, seen: bool = True, named: bool = False) -> list:
    keys = ["x", "y", *(["z"] if deep else []), *(["visibility"] if seen else [])]
    columns = [0, 1, *([2] if deep else []), *([3] if seen else [])]
    return [
        ({"name": name} if named else {}) | dict(zip(keys, point[columns].tolist(), strict=True))
        for name, point in zip(MEDIAPIPE, frame, strict=True)
    ]


def mediapipe_json(people: np.ndarray) -> dict[str, object]:
    """What people dump of MediaPipe's answers, by the name of the form."""
    frames = landmarks(people)
    return {
        "frames of points": [as_dicts(one) for one in frames],
        "objects": [{"frame": n, "landmarks": as_dicts(one)} for n, one in enumerate(frames)],
        "time stamps": [
            {"timestamp": n / 30, "pose_landmarks": as_dicts(one)} for n, one in enumerate(frames)
        ],
        "in an object": {
            "fps": 30.0, "width": SIZE[0], "height": SIZE[1],
            "frames": [{"frame_number": n, "landmarks": as_dicts(one, named=True)}
                       for n, one in enumerate(frames)],
        },
        "by number": {str(n): as_dicts(one) for n, one in enumerate(frames)},
        "without z": [as_dicts(one, deep=False) for one in frames],
        "without visibility": [as_dicts(one, seen=False) for one in frames],
        "x and y alone": [as_dicts(one, deep=False, seen=False) for one in frames],
        "several poses a frame": {
            "frames": [{"frame": n, "pose_landmarks": [as_dicts(one)]}
                       for n, one in enumerate(frames)]
        },
        "protobuf": [{"poseLandmarks": {"landmark": as_dicts(one)}} for one in frames],
        "by name": [
            {"frame": n, "landmarks": dict(zip(MEDIAPIPE, as_dicts(one), strict=True))}
            for n, one in enumerate(frames)
        ],
        "lists": [{"frame": n, "landmarks": one.tolist()} for n, one in enumerate(frames)],
        "lists of three": [one[:, :3].tolist() for one in frames],
    }  # fmt: skip


def mediapipe_csv(people: np.ndarray) -> dict[str, str]:
    """The tables that people write of MediaPipe's answers, by the name of the form."""
    frames = landmarks(people)
    flat = [",".join(f"{v}" for v in one.reshape(-1)) for one in frames]
    upper = [
        f"{name.upper()}_{axis}" for name in MEDIAPIPE for axis in ("x", "y", "z", "visibility")
    ]
    numbered = [f"{axis}{n}" for n in range(1, 34) for axis in "xyzv"]
    counted = [f"landmark_{n}_{axis}" for n in range(33) for axis in "xyzv"]
    long = [
        f"{n},{i},{name.upper()},{x},{y},{z},{v}"
        for n, one in enumerate(frames)
        for i, (name, (x, y, z, v)) in enumerate(zip(MEDIAPIPE, one, strict=True))
    ]
    two = [",".join(f"{v}" for v in one[:, :2].reshape(-1)) for one in frames]
    return {
        "named": "frame," + ",".join(upper) + "\n"
                 + "".join(f"{n},{row}\n" for n, row in enumerate(flat)),
        "class first": "class," + ",".join(numbered) + "\n"
                       + "".join(f"walk,{row}\n" for row in flat),
        "counted": ",".join(counted) + "\n" + "\n".join(flat) + "\n",
        "a row a joint": "frame_id,landmark_id,landmark_name,x,y,z,visibility\n" + "\n".join(long),
        "bare": "\n".join(flat),
        "bare, x and y": "\n".join(two),
        "of pandas": "," + ",".join(map(str, range(132))) + "\n"
                     + "".join(f"{n},{row}\n" for n, row in enumerate(flat)),
    }  # fmt: skip


def yolo(one: np.ndarray, *, scores: bool = True, track: int | None = None, conf: bool = False):
    """A line of a label file."""
    x, y = one[:, 0] / SIZE[0], one[:, 1] / SIZE[1]
    box = [(x.min() + x.max()) / 2, (y.min() + y.max()) / 2, np.ptp(x), np.ptp(y)]
    joints = np.stack([x, y, one[:, 2]] if scores else [x, y], -1).reshape(-1)
    words = ["0", *(f"{v:.6g}" for v in [*box, *joints])]
    return " ".join(words + ["0.93"] * conf + ([str(track)] if track is not None else []))


def yolo_folder(folder: Path, people: list[np.ndarray], **how) -> Path:
    """A file a frame; people of a frame stand in it in turning order."""
    folder.mkdir()
    for n in range(len(people[0])):
        lines = [yolo(one[n], **how) for one in people]
        (folder / f"clip_{n + 1}.txt").write_text("\n".join(lines[:: 1 - 2 * (n % 2)]) + "\n")
    return folder


def ultralytics(people: list[np.ndarray]) -> list:
    """Each frame's `results[0].summary()`, in a list."""
    return [
        [
            {"name": "person", "class": 0, "confidence": 0.9, "track_id": 7 - who,
             "box": {"x1": 0.0, "y1": 0.0, "x2": 9.0, "y2": 9.0},
             "keypoints": {"x": one[n, :, 0].tolist(), "y": one[n, :, 1].tolist(),
                           "visible": one[n, :, 2].tolist()}}
            for who, one in enumerate(people)
        ]
        for n in range(len(people[0]))
    ]  # fmt: skip


def sleap_csv(people: list[np.ndarray], tracks: bool = True) -> str:
    """SLEAP's analysis table."""
    titles = [f"{name}.{part}" for name in COCO_NAMES for part in ("x", "y", "score")]
    rows = ["track,frame_idx,instance.score," + ",".join(titles)]
    for who, one in enumerate(people):
        rows += [
            f"{f'mouse_{who}' if tracks else ''},{n},0.93,"
            + ",".join(f"{v}" for v in row.reshape(-1))
            for n, row in enumerate(one)
        ]
    return "\n".join(rows) + "\n"


def sleap_h5(path: Path, people: list[np.ndarray]) -> Path:
    """SLEAP's analysis file: axes as MATLAB has them."""
    table = np.stack(people)  # (tracks, frames, nodes, 3)
    with h5py.File(path, "w") as file:
        file["tracks"] = table[..., :2].transpose(0, 3, 2, 1)
        file["point_scores"] = table[..., 2].transpose(0, 2, 1)
        file["node_names"] = np.array(COCO_NAMES, dtype="S")
        file["track_names"] = np.array([f"track_{n}" for n in range(len(people))], dtype="S")
        file["track_occupancy"] = np.ones(table.shape[1::-1], dtype=np.uint8)
        file["video_path"] = "clip.mp4"
    return path


def dlc_columns(individuals: list[str], coords: tuple[str, ...]) -> list[tuple[str, ...]]:
    who = individuals or [None]
    return [
        tuple(word for word in ("DLC_net", one, part, coord) if word is not None)
        for one in who for part in COCO_NAMES for coord in coords
    ]  # fmt: skip


def dlc_csv(people: list[np.ndarray], *, index: list[list[str]], scores: bool = True) -> str:
    """DeepLabCut's table. index: the cells in front of each row, one or three."""
    coords = ("x", "y", "likelihood") if scores else ("x", "y")
    names = [f"ind{n + 1}" for n in range(len(people))] if len(people) > 1 else []
    columns = dlc_columns(names, coords)
    heads = ["scorer", *(["individuals"] if names else []), "bodyparts", "coords"]
    blank = [""] * (len(index[0]) - 1)
    rows = [
        [head, *blank, *level]
        for head, level in zip(heads, zip(*columns, strict=True), strict=True)
    ]
    for cells, *row in zip(index, *(one[..., : len(coords)] for one in people), strict=True):
        rows.append(
            cells + [f"{v:.3f}" if np.isfinite(v) else "" for one in row for v in one.reshape(-1)]
        )
    return "\n".join(",".join(row) for row in rows) + "\n"


def dlc_h5_table(path: Path, people: list[np.ndarray]) -> Path:
    """As pandas writes a DataFrame with format="table": names in a pickle of protocol 0."""
    names = [f"ind{n + 1}" for n in range(len(people))] if len(people) > 1 else []
    columns = dlc_columns(names, ("x", "y", "likelihood"))
    pickled = "(lp0\n"
    for column in columns:
        pickled += "(" + "".join(f"V{word}\n" for word in column) + "ta"
    values = np.concatenate([one.reshape(len(one), -1) for one in people], 1)
    kind = [("index", "<i8"), ("values_block_0", "<f8", values.shape[1:])]
    rows = np.zeros(len(values), dtype=kind)
    rows["index"], rows["values_block_0"] = np.arange(len(values)), values
    with h5py.File(path, "w") as file:
        table = file.create_group("df_with_missing").create_dataset("table", data=rows)
        table.attrs["values_block_0_kind"] = np.bytes_(pickled + ".")
        file["df_with_missing"].attrs["pandas_type"] = np.bytes_("frame_table")
    return path


def dlc_h5_fixed(path: Path, people: np.ndarray, index: list[list[str]]) -> Path:
    """As pandas writes a DataFrame by itself: levels and labels of both axes."""
    with h5py.File(path, "w") as file:
        group = file.create_group("df_with_missing")
        group["block0_values"] = people[..., :2].reshape(len(people), -1)
        for axis, names in (("block0_items", dlc_columns([], ("x", "y"))), ("axis1", index)):
            for level, words in enumerate(zip(*names, strict=True)):
                known = sorted(set(words))
                group[f"{axis}_level{level}"] = np.array(known, dtype="S")
                group[f"{axis}_label{level}"] = np.array(
                    [known.index(w) for w in words], dtype="i1"
                )
    return path


def trc(world_mm: np.ndarray, names: list[str], end: str = "\n") -> str:
    """Pose2Sim's .trc: metres, Y up, three tabs for each marker's name."""
    frames, markers, _ = world_mm.shape
    points = world_mm[..., (1, 2, 0)] / 1000  # forward, up, right
    lines = [
        "PathFileType\t4\t(X/Y/Z)\twalk.trc",
        "DataRate\tCameraRate\tNumFrames\tNumMarkers\tUnits\tOrigDataRate\tOrigDataStartFrame\t"
        "OrigNumFrames",
        f"60\t60\t{frames}\t{markers}\tm\t60\t0\t{frames}",
        "Frame#\tTime\t" + "\t\t\t".join(names) + "\t\t",
        "\t\t" + "\t".join(f"{axis}{n + 1}" for n in range(markers) for axis in "XYZ"),
    ]
    lines += [
        f"{n + 1}\t{(n + 1) / 60}\t" + "\t".join(f"{v:.9f}" for v in one.reshape(-1))
        for n, one in enumerate(points)
    ]
    return end.join(lines) + end


def dump(path: Path, content: object) -> Path:
    path.write_text(json.dumps(content))
    return path
