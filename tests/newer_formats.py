"""Good files of the formats that were added last, and how each is damaged: for `test_mutations`."""

import io
import random
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import format_writer as written
import h5py
import h36m_writer
import keypoint_writer as kw
import mat_writer
import mutations
import numpy as np
import torch
import weights_writer
from golden_arrays import golden

from posebook import datasets, lifting
from posebook.cameras import human36m_rig
from posebook.datasets.published import wang2019
from posebook.datasets.readers import human36m_annot
from posebook.skeletons import HOUSE

ONE, TWO = kw.person(4), kw.person(4, seed=2, start=(700.0, 200.0))
FRAMES = [[str(n)] for n in range(4)]
PICTURES = [["labeled-data", "clip", f"img{n:03d}.png"] for n in range(4)]
SIZE = "1000x800"
Damage = Callable[[bytes, random.Random], bytes]


@dataclass(frozen=True)
class Reader:
    """How good files are written into a folder, which of them are damaged, how, and the reading."""

    name: str
    write: Callable[[Path], object]
    damage: dict[str, Damage]  # pattern of names: mutation
    read: Callable[[Path], object]  # given the damaged file
    refused: float = 0.097  # at least this share of the damaged files must be refused


def everybody(path: Path) -> list:
    return datasets.read_any(path, size=SIZE, person="all")


def yolo(folder: Path) -> None:
    written.yolo_folder(folder / "labels", [ONE, TWO])
    written.yolo_folder(folder / "tracked", [ONE], track=3, conf=True)


def ultralytics(folder: Path) -> None:
    written.dump(folder / "a.json", written.ultralytics([ONE, TWO]))


def poseflow(folder: Path) -> None:
    tracked = {f"clip/{n:08d}.jpg": [{"score": 8.4, "keypoints": kw.flat(one[n]), "idx": who + 1}
                                     for who, one in enumerate((ONE, TWO))]
               for n in range(4)}  # fmt: skip
    written.dump(folder / "a.json", tracked)


def sleap(folder: Path) -> None:
    (folder / "a.csv").write_text(written.sleap_csv([ONE, TWO]))
    (folder / "b.csv").write_text(written.sleap_csv([ONE], tracks=False))


def sleap_h5(folder: Path) -> None:
    written.sleap_h5(folder / "a.h5", [ONE, TWO])


def deeplabcut(folder: Path) -> None:
    (folder / "a.csv").write_text(written.dlc_csv([ONE, TWO], index=FRAMES))
    (folder / "b.csv").write_text(written.dlc_csv([ONE], index=PICTURES, scores=False))


def deeplabcut_h5(folder: Path) -> None:
    written.dlc_h5_table(folder / "a.h5", [ONE, TWO])
    written.dlc_h5_fixed(folder / "b.h5", ONE, PICTURES)


def mediapipe(folder: Path) -> None:
    for number, text in enumerate(written.mediapipe_csv(ONE).values()):
        (folder / f"{number}.csv").write_text(text)


def mediapipe_json(folder: Path) -> None:
    for number, content in enumerate(written.mediapipe_json(ONE).values()):
        written.dump(folder / f"{number}.json", content)


def infer_video(folder: Path) -> None:
    """One file a film, as VideoPose3D's detector leaves them."""
    lists = {name: np.empty((3, 2), dtype=object) for name in ("boxes", "keypoints")}
    for frame in range(3):
        lists["boxes"][frame] = [[], np.array([[0, 0, 500, 600, 0.9]], dtype=np.float32)]
        x, y, score = ONE[frame].T
        points = np.stack([x, y, np.zeros(17), score]).astype(np.float32)
        lists["keypoints"][frame] = [[], points[None]]
    metadata = {"w": 1000, "h": 800}
    np.savez_compressed(folder / "clip.mp4.npz", **lists, segments=None, metadata=metadata)


def trc(folder: Path) -> None:
    names = dict(right_hip="RHip", right_knee="RKnee", right_foot="RAnkle", left_hip="LHip",
                 left_knee="LKnee", left_foot="LAnkle", thorax="Neck", head="Head",
                 left_shoulder="LShoulder", right_shoulder="RShoulder")  # fmt: skip
    world = 1000 * h36m_writer.person(3).astype(np.float64)[:, HOUSE.indices(*names)]
    (folder / "a.trc").write_text(written.trc(world, list(names.values())))


def c3d(folder: Path) -> None:
    import ezc3d

    world = 1000 * h36m_writer.person(3).astype(np.float64)
    file = ezc3d.c3d()
    file["parameters"]["POINT"]["RATE"]["value"] = [50]
    file["parameters"]["POINT"]["UNITS"]["value"] = ["mm"]
    file["parameters"]["POINT"]["LABELS"]["value"] = tuple(HOUSE.joints)
    file["data"]["points"] = np.concatenate([world, np.ones((3, 17, 1))], -1).transpose(2, 1, 0)
    file.write(str(folder / "a.c3d"))


def mmpose_3dhp(folder: Path) -> None:
    mat_writer.mmpose_3dhp(folder, ("S1/Seq1", "S7/Seq1"), frames=2)
    mat_writer.mmpose_3dhp_test(folder)


def bzhao96(folder: Path) -> None:
    """One person, one take, the four cameras."""
    metres = h36m_writer.person(4)
    world_mm = torch.from_numpy(1000 * metres).double()
    rig = human36m_rig("S9")
    poses = {camera.name: camera.to_camera(world_mm).numpy() for camera in rig}
    pictures = zip(rig, h36m_writer.seen(metres, "S9"), strict=True)
    seen = {camera.name: points for camera, points in pictures}
    (folder / "detector").mkdir()
    for name, key, held in (("h36m_gt_test", "pose3d", poses),
                            ("detector/h36m_pred2d_test", "pose2d", seen)):  # fmt: skip
        one = np.array({"S9": {"Walking-1": held}}, dtype=object)
        np.savez(folder / f"{name}.npz", **{key: one})


def kudo(folder: Path) -> None:
    weights_writer.kudo(folder / "a.npz", golden("kudo2018"), "d_genbn")


def videopose3d(folder: Path) -> None:
    arrays = golden("videopose3d").items()
    state = {k.removeprefix("tm_w/"): v for k, v in arrays if k.startswith("tm_w/")}
    weights_writer.videopose3d(folder / "a.bin", state)
    weights_writer.videopose3d(folder / "b.bin", state, old=True)


def yu(folder: Path) -> None:
    weights_writer.yu(folder / "a.pth.tar")
    weights_writer.yu(folder / "b.pth.tar", several=True, old=True)


def hdf5(content: bytes, rng: random.Random) -> bytes:
    """As `mutate_hdf5`, or another number, name or type in the tables of its groups."""
    if rng.random() < 0.4:
        return mutations.mutate_hdf5(content, rng)
    held = io.BytesIO(content)
    with h5py.File(held, "r+") as file:
        names: list[str] = []
        file.visit(names.append)
        name = rng.choice([n for n in names if isinstance(file[n], h5py.Dataset)])
        value = file[name][()]
        marks = dict(file[name].attrs)
        if marks and rng.random() < 0.5:
            for key, text in marks.items():
                changed = mutations.mutate_text(bytes(text), rng)
                file[name].attrs[key] = np.void(changed or b"x")
            return _closed(file, held)
        del file[name]
        if isinstance(value, np.ndarray) and value.dtype.kind in "fiu" and value.size:
            value = mutations.mutate_array(value.astype(np.float64), rng)
            value = value if value.dtype.kind in "fiubc" else np.ones(value.shape)
        elif isinstance(value, np.ndarray) and value.size:
            value = rng.choice((value[:1], value[::-1], np.concatenate([value] * 2), np.zeros(3)))
        else:
            value = np.float64(rng.choice((0, 1e300)))
        if rng.random() < 0.9:
            file[name] = value
        for key, text in marks.items():
            if name in file:
                file[name].attrs[key] = text
        return _closed(file, held)


def _closed(file: h5py.File, held) -> bytes:
    file.close()
    return held.getvalue()


def checkpoint(content: bytes, rng: random.Random) -> bytes:
    """Damaged bytes; of torch's zip, its members packed again."""
    zipped = content.startswith(b"PK")
    if not zipped or rng.random() < 0.3:
        start = content[:3000]
        return mutations.mutate_text(start, rng) + content[3000:]
    return mutations.mutate_members(content, rng)


TEXT, JSON = mutations.mutate_text, mutations.mutate_json
NPZ, NPY = mutations.mutate_npz, mutations.mutate_npy
MMPOSE = "mpi_inf_3dhp_train.npz"


def digit(content: bytes, rng: random.Random) -> bytes:
    """An array of text with one digit that is another, or damaged as any array."""
    places = [n for n in range(128, len(content)) if 48 <= content[n] < 58]
    if rng.random() < 0.6 or not places:
        return mutations.mutate_npy(content, rng)
    place = rng.choice(places)
    return content[:place] + rng.choice(b"0123456789").to_bytes(1, "big") + content[place + 1 :]


def wang(folder: Path) -> None:
    """Labels, Unity's poses and a tree of the label generator's release, and annotations."""
    pose = np.random.default_rng(0).normal(0, 300, (4, 17, 3)) + [0, 0, 5000]
    points = pose[..., :2] / pose[..., 2:] * 1145 + 512
    names = tuple(f"{number}.jpg" for number in range(4))
    wang2019.write_labels(folder / "wild.npy", wang2019.Labels(names, points, pose))
    wang2019.write_unity(folder / "unity.npy", pose)
    wang2019.write_tree(folder / "left", [(("S1", "Walking", "a"), points)], "planar")
    table = np.array([[1, 2, 1, 4, n + 1] for n in range(4)])
    people = human36m_annot.Annotations(HOUSE, table, points, pose)
    human36m_annot.write(folder / "annot_train.h5", people)


NEWER = [
    # A folder with one damaged file of many is mostly still read.
    Reader("yolo labels", yolo, {"*/*.txt": TEXT}, lambda path: everybody(path.parent), 0.02),
    Reader("yolo label", yolo, {"*/clip_1.txt": TEXT}, everybody),
    Reader("ultralytics json", ultralytics, {"*.json": JSON}, everybody),
    Reader("poseflow json", poseflow, {"*.json": JSON}, everybody),
    Reader("sleap csv", sleap, {"*.csv": TEXT}, everybody),
    Reader("sleap h5", sleap_h5, {"*.h5": hdf5}, everybody),
    Reader("deeplabcut csv", deeplabcut, {"*.csv": TEXT}, everybody),
    Reader("deeplabcut h5", deeplabcut_h5, {"*.h5": hdf5}, everybody),
    Reader("mediapipe csv", mediapipe, {"*.csv": TEXT}, everybody),
    Reader("mediapipe json", mediapipe_json, {"*.json": JSON}, everybody),
    Reader("infer_video npz", infer_video, {"*.npz": NPZ}, everybody),
    Reader("wang labels", wang, {"wild.npy": digit},
           lambda path: len(wang2019.read_labels(path).names)),
    Reader("wang unity", wang, {"unity.npy": NPY}, lambda path: len(wang2019.read_unity(path))),
    Reader("wang trees", wang, {"left/*/*/*.npy": NPY},
           lambda path: len(wang2019.read_trees(path.parents[2]))),
    Reader("human36m annot", wang, {"*.h5": hdf5},
           lambda path: len(human36m_annot.read(path, "train").names)),
    Reader("trc", trc, {"*.trc": TEXT}, datasets.read_any),
    Reader("mmpose 3dhp npz", mmpose_3dhp, {MMPOSE: NPZ},
           lambda path: datasets.load("mpi_inf_3dhp", path.parent, split="all")),
    Reader("mmpose 3dhp test npz", mmpose_3dhp, {"mpi_inf_3dhp_test_valid.npz": NPZ},
           lambda path: datasets.load("mpi_inf_3dhp", path.parent, split="official_test")),
    Reader("bzhao96 npz", bzhao96, {"*.npz": NPZ, "detector/*.npz": NPZ},
           lambda path: datasets.load(
               "human36m", path.parents["detector" in path.parts], "test", "detected")),
    Reader("weights npz", kudo, {"*.npz": NPZ}, lifting.load),
    Reader("weights bin", videopose3d, {"*.bin": checkpoint}, lifting.load),
    Reader("weights pth.tar", yu, {"*.pth.tar": checkpoint}, lifting.load),
]  # fmt: skip
if find_spec("ezc3d"):
    NEWER.append(Reader("c3d", c3d, {"*.c3d": TEXT}, datasets.read_any))
