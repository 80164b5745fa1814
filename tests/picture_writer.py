"""Small sets of photographs in the layouts in which the real ones come. Everything is made up."""

import json
from pathlib import Path

import h5py
import numpy as np
import scipy.io
from PIL import Image

#: Sixteen places of a standing person, MPII's order, in shares of a picture of 100 x 120.
STANDING = np.array(
    [(38, 110), (40, 88), (42, 66), (58, 66), (60, 88), (62, 110), (50, 65), (50, 35), (50, 28),
     (50, 8), (24, 66), (30, 50), (36, 34), (64, 34), (70, 50), (76, 66)], float,
)  # fmt: skip


def picture(path: Path, width: int = 100, height: int = 120, shade: int = 90) -> Path:
    """A grey picture with one white block at MPII's right wrist."""
    array = np.full((height, width, 3), shade, np.uint8)
    x, y = (STANDING[10] * (width / 100, height / 120)).astype(int)
    array[y - 3 : y + 3, x - 3 : x + 3] = 255
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, quality=95)
    return path


def mpii_json(root: Path, split: str, people: int = 3) -> None:
    entries = []
    for number in range(people):
        joints = STANDING.copy()
        vis = np.ones(16, int)
        if number == 1:
            joints[0], vis[0] = -1, 0
            vis[10] = 0  # marked, though hidden
        picture(root / "images" / f"{split}{number:05d}.jpg")
        entries.append(
            dict(joints_vis=vis.tolist(), joints=joints.tolist(), scale=0.5, center=[50.0, 55.0],
                 image=f"{split}{number:05d}.jpg")
        )  # fmt: skip
    path = root / "annotations" / f"mpii_{split}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(entries))
    boxes = np.tile(np.array([[40.0, 5], [60, 26]])[..., None], people)
    scipy.io.savemat(root / "annotations" / f"mpii_gt_{split}.mat", {"headboxes_src": boxes})


def mpii_h5(path: Path, people: int = 3, letters: bool = False) -> None:
    names = [f"{number:09d}.jpg" for number in range(people)]
    part = np.tile(STANDING, (people, 1, 1))
    part[1, 0] = 0
    visible = np.ones((people, 16))
    visible[0, 10] = 0
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in names:
        picture(path.parents[1] / "images" / name)
    with h5py.File(path, "w") as file:
        file["imgname"] = (
            np.array([[float(ord(letter)) for letter in f"{name:<16}"] for name in names])
            if letters else np.array(names, "S13")
        )  # fmt: skip
        file["part"] = part
        file["visible"] = visible
        file["center"] = np.tile([50.0, 62.5], (people, 1))
        file["scale"] = np.full(people, 0.625)
        file["normalize"] = np.full(people, 17.4)
        file["index"] = np.arange(people, dtype=float)
        file["person"] = np.zeros(people)
        file["torsoangle"] = np.zeros(people)


def mpii_mat(root: Path, pictures: int = 5) -> Path:
    """The release: a picture with two people, one whose person has no points, one of the test
    half, one without anybody."""

    def records(rows: list[dict]) -> np.ndarray:
        names = list(rows[0])
        made = np.empty((1, len(rows)), dtype=[(name, object) for name in names])
        for column, row in enumerate(rows):
            made[0, column] = tuple(row[name] for name in names)
        return made

    empty = np.zeros((0, 0))

    def person(seen: bool = True) -> dict:
        ids = range(16) if seen else range(3)
        points = records([
            dict(x=float(STANDING[j, 0]), y=float(STANDING[j, 1]), id=float(j),
                 is_visible=(empty if j in (8, 9) else str(int(j != 10)) if j % 2 else
                             float(j != 10)))
            for j in ids
        ])  # fmt: skip
        return dict(x1=40.0, y1=5.0, x2=60.0, y2=26.0, annopoints=dict(point=points),
                    scale=0.5, objpos=dict(x=50.0, y=55.0))  # fmt: skip

    unmarked = person() | dict(annopoints=empty)
    of_test = records([dict(scale=0.5, objpos=dict(x=50.0, y=55.0))])
    rects = [records([person(), person(False)]), records([unmarked]), of_test, empty,
             records([person()])]  # fmt: skip
    annolist = records([
        dict(image=dict(name=f"{n:09d}.jpg"), annorect=rect, frame_sec=empty, vididx=empty)
        for n, rect in enumerate(rects[:pictures])
    ])  # fmt: skip
    for number in (0, 1, 4):
        picture(root / "images" / f"{number:09d}.jpg")
    path = root / "mpii_human_pose_v1_u12_1.mat"
    release = dict(annolist=annolist, img_train=np.array([[1, 1, 0, 1, 1]]), version="12")
    scipy.io.savemat(path, {"RELEASE": release}, do_compression=True)
    return path


def coco(root: Path, split: str = "val", joints: int = 17, name: str | None = None,
         folder: str | None = None, flags=(0, 1, 2)) -> None:  # fmt: skip
    """Two people in one picture, one in another, a crowd, and somebody without key points."""
    marks = np.array([(10 + 3 * j, 20 + 4 * j, flags[j % len(flags)]) for j in range(joints)])
    marks[marks[:, 2] == 0] = 0
    base = dict(category_id=1, iscrowd=0, area=900, bbox=[8.5, 18, 60, 80])
    folder = folder or f"{split}2017"
    images = []
    for number in (139, 285):
        picture(root / folder / f"{number:012d}.jpg")
        images.append(dict(id=number, file_name=f"{number:012d}.jpg", width=100, height=120))
    annotations = [
        base | dict(id=number, image_id=image, keypoints=marks.ravel().tolist(),
                    num_keypoints=int((marks[:, 2] > 0).sum()))
        for number, image in enumerate((139, 285, 139))
    ]  # fmt: skip
    annotations.append(base | dict(id=7, image_id=285, keypoints=[0] * 3 * joints, num_keypoints=0))
    annotations.append(base | dict(id=8, image_id=285, iscrowd=1, keypoints=[0] * 3 * joints))
    categories = [dict(id=1, name="person", keypoints=[], skeleton=[])]
    content = dict(images=images, annotations=annotations, categories=categories)
    path = root / (name or f"annotations/person_keypoints_{split}2017.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content))


def ai_challenger(root: Path, split: str = "train", date: str = "20170909") -> None:
    whole = root / f"ai_challenger_keypoint_{split}_{date}"
    marks = [(10 + 3 * j, 20 + 4 * j, 1 + j % 3) for j in range(14)]
    marks = [(0, 0, 3) if v == 3 else (x, y, v) for x, y, v in marks]
    flat = [number for mark in marks for number in mark]
    people = {"human1": flat, "human2": flat}
    boxes = {"human2": [1, 2, 31, 62], "human1": [5, 10, 70, 110]}
    picture(whole / f"keypoint_{split}_images_20170902" / "0a1b.jpg")
    content = [dict(image_id="0a1b", human_annotations=boxes, keypoint_annotations=people,
                    url="http://example.org/1.jpg")]  # fmt: skip
    (whole / f"keypoint_{split}_annotations_{date}.json").write_text(json.dumps(content))


def human36m_release(root: Path, subject: int, action: int, camera: int, frames: int = 11) -> str:
    """A sequence folder with matlab_meta.mat and its pictures of 224 x 224; returns its name."""
    name = f"s_{subject:02d}_act_{action:02d}_subact_01_ca_{camera:02d}"
    pose = np.stack([standing_mm() + (5.0 * n, 0, 0) for n in range(frames)], -1)
    points = 112 + 0.1 * (pose[:, :2] - pose[:1, :2, :1])
    folder = root / name
    for frame in range(0, frames, 5):
        picture(folder / f"{name}_{frame + 1:06d}.jpg", 224, 224)
    scipy.io.savemat(folder / "matlab_meta.mat", {
        "Y2d": points.reshape(34, frames), "Y3d_mono": pose.reshape(51, frames),
        "bbox": np.tile([[10.0], [20], [234], [244]], frames), "num_images": float(frames),
    })  # fmt: skip
    return name


#: Zhou et al.'s slots, each by its number among Human3.6M's 17 joints.
SLOTS = [3, 2, 1, 4, 5, 6, 0, 7, 8, 10, 16, 15, 14, 11, 12, 13]


def human36m_h5(root: Path, names: list[str], frames=(1, 6, 11)) -> None:
    """annotSampleTest.h5 of sequence folders; subjects 9 and 11 are the test half."""
    rows: dict[str, list] = {key: [] for key in (
        "id", "joint_2d", "joint_3d_mono", "bbox", "subject", "action", "subaction", "camera",
        "istrain")}  # fmt: skip
    for name in names:
        _, subject, _, action, _, subaction, _, camera = name.split("_")
        meta = scipy.io.loadmat(root / name / "matlab_meta.mat")
        count = int(meta["num_images"].item())
        points, pose = meta["Y2d"].reshape(17, 2, count), meta["Y3d_mono"].reshape(17, 3, count)
        for frame in frames:
            rows["id"].append(frame)
            rows["joint_2d"].append(points[SLOTS, :, frame - 1])
            rows["joint_3d_mono"].append(pose[SLOTS, :, frame - 1])
            rows["bbox"].append(meta["bbox"][:, frame - 1])
            rows["istrain"].append(int(int(subject) not in (9, 11)))
            for key, value in dict(subject=subject, action=action, subaction=subaction,
                                   camera=camera).items():  # fmt: skip
                rows[key].append(int(value))
    with h5py.File(root / "annotSampleTest.h5", "w") as file:
        for key, values in rows.items():
            file[key] = values


def standing_mm() -> np.ndarray:
    """(17, 3) a standing person in camera axes, 4 m away, the house's joints."""
    places = [(0, 0), (-130, 0), (-140, 430), (-150, 850), (130, 0), (140, 430), (150, 850),
              (0, -250), (0, -500), (0, -570), (0, -700), (170, -480), (190, -200), (200, 40),
              (-170, -480), (-190, -200), (-200, 40)]  # fmt: skip
    return np.array([(x, y, 4000 + 10 * n) for n, (x, y) in enumerate(places)], float)
