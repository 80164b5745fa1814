"""Small files of MPII, LSP, MPI-INF-3DHP and the stacked hourglass, in the formats they come in."""

import pickle
from pathlib import Path

import h5py
import h36m_writer
import numpy as np
import scipy.io

from posebook.cameras import human36m_rig
from posebook.skeletons import (
    HOUSE,
    LSP_14,
    MPI_INF_3DHP_17,
    MPI_INF_3DHP_28,
    MPII_16,
    MPII_17_KUDO,
)

# Where a joint of these sets is on the standing person of h36m_writer, metres; z up.
PLACES = dict(zip(HOUSE.joints, h36m_writer.HOUSE_M, strict=True))
PLACES |= {
    "neck": np.array((0, 0, 1.5)), "upper_neck": np.array((0, 0, 1.5)),
    "head_top": PLACES["head"], "mid_head": np.array((0, 0, 1.6)),
    "mid_neck_head": (np.array((0, 0, 1.5)) + PLACES["head"]) / 2,
}  # fmt: skip


def persons_mm(skeleton, people: int, seed: int = 0, head: str = "head") -> np.ndarray:
    """(people, joints, 3): the same person here and there, camera axes, 3 to 6 m away.

    head  what the joint `head` is in this set: 'head' its top, or 'mid_head'
    """
    rng = np.random.default_rng(seed)
    at = [PLACES.get({"head": head}.get(joint, joint), np.array((0.3, 0, 1.0)))
          for joint in skeleton.joints]  # fmt: skip
    upright = 1000 * np.array(at) @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]])  # y down
    where = rng.uniform((-500, 500, 3000), (500, 1500, 6000), (people, 1, 3))
    wobble = rng.normal(0, 5, (people, len(at), 3))
    return upright + where + wobble


def pixels(pose_mm: np.ndarray) -> np.ndarray:
    return 1500 * pose_mm[..., :2] / pose_mm[..., 2:] + 1024


def mpii(path: Path, people: int = 40, skeleton=MPII_17_KUDO, flat: bool = True) -> np.ndarray:
    """The array of Kudo et al. (34 numbers), or one of MPII's own joints."""
    points = pixels(persons_mm(skeleton, people)).astype(np.float32)
    if skeleton is MPII_17_KUDO:
        upper, middle, head = skeleton.indices("upper_neck", "mid_neck_head", "head")
        points[:, middle] = (points[:, upper] + points[:, head]) / 2
    np.save(path, points.reshape(people, -1) if flat else points)
    return points


def lsp(path: Path, people: int = 12, extended: bool = False, v73: bool = False) -> np.ndarray:
    """joints.mat; returns (people, 14, 3): x, y, flag. One joint in five is hidden."""
    points = pixels(persons_mm(LSP_14, people)) / 10
    hidden = (np.arange(people)[:, None] + np.arange(14)) % 5 == 0
    flag = (~hidden if extended else hidden).astype(float)
    numbers = np.concatenate([points, flag[..., None]], -1)
    joints = numbers.transpose(1, 2, 0) if extended else numbers.transpose(2, 1, 0)
    path.parent.mkdir(parents=True, exist_ok=True)
    if v73:
        matlab_73(path, {"joints": joints})
    else:
        scipy.io.savemat(path, {"joints": joints}, do_compression=True)
    return numbers


def matlab_73(path: Path, variables: dict) -> None:
    """HDF5 as MATLAB writes it: a head of 512 bytes, axes turned round, cells as references."""
    with h5py.File(path, "w", userblock_size=512) as file:
        for name, value in variables.items():
            if isinstance(value, list):
                held = [file.create_dataset(f"#refs#/{name}{i}", data=np.asarray(each).T)
                        for i, each in enumerate(value)]  # fmt: skip
                cells = np.array([[each.ref for each in held]], dtype=h5py.ref_dtype)
                file.create_dataset(name, data=cells, dtype=h5py.ref_dtype)
            else:
                file.create_dataset(name, data=np.asarray(value).T)
    head = b"MATLAB 7.3 MAT-file, written in a test".ljust(124) + b"\x00\x02IM"
    with open(path, "r+b") as file:
        file.write(head)


def calibration(path: Path, cameras: int = 14) -> list[tuple[np.ndarray, np.ndarray]]:
    """camera.calibration; returns [(K, extrinsic 4 x 4)]. The world has y up."""
    lines, written = ["Skeletool Camera Calibration File V1.0"], []
    for camera in range(cameras):
        turn = 0.4 * camera
        down = np.array([[1, 0, 0], [0, -1, 0], [0, 0, -1]])  # camera axes of a level camera
        about_y = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0],
                            [-np.sin(turn), 0, np.cos(turn)]])  # fmt: skip
        inner = np.diag([1500.0 + camera, 1499.0, 1, 1])
        inner[:2, 2] = 1024 + camera, 1051
        outer = np.eye(4)
        outer[:3, :3], outer[:3, 3] = down @ about_y, (100.0 * camera, 1398.0, 3852.0)
        lines += [f"name          {camera}", "  sensor      10 10", "  size        2048 2048",
                  "  animated    0", f"  intrinsic   {_row(inner)} ",
                  f"  extrinsic   {_row(outer)} ", "  radial      0"]  # fmt: skip
        written.append((inner, outer))
    path.write_text("\n".join(lines) + "\n")
    return written


def _row(matrix: np.ndarray) -> str:
    return " ".join(f"{number:.9g}" for number in matrix.ravel())


def mpi_inf_3dhp(
    root: Path, takes=("S1/Seq1", "S1/Seq2", "S7/Seq1"), frames: int = 3, cameras: int = 14
) -> dict:
    """annot.mat and camera.calibration; returns {take: [(px, mm) for each camera]}."""
    written = {}
    for number, take in enumerate(takes):
        (root / take).mkdir(parents=True, exist_ok=True)
        calibration(root / take / "camera.calibration")
        cells = {key: np.empty((cameras, 1), object)
                 for key in ("annot2", "annot3", "univ_annot3")}  # fmt: skip
        written[take] = []
        for camera in range(cameras):
            pose = persons_mm(MPI_INF_3DHP_28, frames, 100 * number + camera, head="mid_head")
            focal, centre = (1500.0 + camera, 1499.0), (1024.0 + camera, 1051.0)
            points = pose[..., :2] / pose[..., 2:] * focal + centre
            cells["annot2"][camera, 0] = points.reshape(frames, 56)
            cells["annot3"][camera, 0] = pose.reshape(frames, 84)
            cells["univ_annot3"][camera, 0] = 0.9 * pose.reshape(frames, 84)
            written[take].append((points, pose))
        more = {"cameras": np.arange(14)[None], "frames": np.arange(frames)[:, None]}
        scipy.io.savemat(root / take / "annot.mat", {**cells, **more}, do_compression=True)
    return written


def film_of_the_test_set(
    path: Path, frames: int = 8, change: dict | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """annot_data.mat of the test set: two runs of valid frames, two activities.

    change  other variables in place of these; None: not there
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    pose = persons_mm(MPI_INF_3DHP_17, frames, head="mid_head")
    valid, activity = np.ones((1, frames)), np.full((1, frames), 2.0)
    valid[0, 3], activity[0, 6:] = 0, 6
    turned = pose.transpose(2, 1, 0)[:, :, None]
    variables = {
        "annot2": pixels(pose).transpose(2, 1, 0)[:, :, None], "annot3": turned,
        "univ_annot3": 0.9 * turned, "valid_frame": valid, "activity_annotation": activity,
    } | (change or {})  # fmt: skip
    matlab_73(path, {key: value for key, value in variables.items() if value is not None})
    return pixels(pose), pose


def hourglass(
    root: Path, truth: dict, folder: str = "StackedHourglass", wide: int = 32, error_px: float = 3.0
) -> None:
    """`truth` of h36m_writer.write as the .h5 files of a stacked hourglass, `error_px` off in x."""
    fine_tuned = {joint: joint for joint in HOUSE.joints}
    on_mpii = fine_tuned | {"thorax": "spine", "upper_neck": "thorax"}
    means = on_mpii if folder.endswith("240") else fine_tuned | {"upper_neck": "neck_nose"}
    slots = [means.get(joint, joint) for joint in MPII_16.joints]
    for subject, takes in truth.items():
        (root / subject / folder).mkdir(parents=True, exist_ok=True)
        for take, metres in takes.items():
            views = zip(human36m_rig(subject), h36m_writer.seen(metres, subject), strict=True)
            for camera, points in views:
                points = points + np.float32((error_px, 0))
                if wide in (32, 16):
                    points = points[:, HOUSE.indices(*slots)]
                if wide in (32, 34):
                    points = points.reshape(len(points), -1)
                name = f"{take.replace(' ', '_')}.{camera.name}.h5"
                with h5py.File(root / subject / folder / name, "w") as file:
                    file.create_dataset("poses", data=points)


def mmpose_3dhp(folder: Path, takes=("S1/Seq1", "S1/Seq2", "S7/Seq1"), frames: int = 3) -> dict:
    """What mmpose's preparation makes of the training half: frames of eight cameras, 17 joints in
    the order of the test set, metres; returns {(take, camera): (px, mm)}, of those 17 joints."""
    folder.mkdir(parents=True, exist_ok=True)
    names, part, pose_m, cameras, written = [], [], [], {}, {}
    rig = calibration(folder / "camera.calibration")
    (folder / "camera.calibration").unlink()
    for number, take in enumerate(takes):
        for camera in (0, 1, 2, 4, 5, 6, 7, 8):
            inner, outer = rig[camera]
            pose_mm = persons_mm(MPI_INF_3DHP_17, frames, 100 * number + camera, "mid_head")
            points = pose_mm @ inner[:3, :3].T
            points = points[..., :2] / points[..., 2:]
            key = f"{take.replace('/', '_')}_Cam{camera}"
            names += [f"{key}_{frame + 1:06d}.jpg" for frame in range(frames)]
            flag = np.ones((frames, 17, 1))
            part.append(np.concatenate([points, flag], -1))
            pose_m.append(np.concatenate([pose_mm / 1000, flag], -1))
            # `h` has lost its last digit, as in the files that the script makes.
            cameras[key] = dict(
                R=outer[:3, :3], T=outer[:3, 3:] / 1000, c=inner[:2, 2:3],
                f=np.diag(inner)[:2, None], w=2048.0, h=204.0, name=f"train_cam_{camera}",
            )  # fmt: skip
            written[take, camera] = points, pose_mm
    flat = np.concatenate(part)
    low, high = flat[..., :2].min(1), flat[..., :2].max(1)
    np.savez(
        folder / "mpi_inf_3dhp_train.npz", imgname=np.array(names), center=(low + high) / 2,
        scale=1.2 * (high - low).max(1) / 200, part=flat, S=np.concatenate(pose_m),
    )  # fmt: skip
    with open(folder / "cameras_train.pkl", "wb") as file:
        pickle.dump(cameras, file)
    return written


def mmpose_3dhp_test(folder: Path, numbers=(11, 12, 13, 40, 41)) -> np.ndarray:
    """The valid frames of one test film, by their numbers; returns (frames, 17, 3) mm."""
    pose_mm = persons_mm(MPI_INF_3DHP_17, len(numbers), 9, "mid_head")
    flag = np.ones((len(numbers), 17, 1))
    points = np.concatenate([pixels(pose_mm), flag], -1)
    names = np.array([f"TS1_{number:06d}.jpg" for number in numbers])
    np.savez(
        folder / "mpi_inf_3dhp_test_valid.npz", imgname=names, center=points[:, 0, :2],
        scale=np.ones(len(names)), part=points, S=np.concatenate([pose_mm / 1000, flag], -1),
    )  # fmt: skip
    camera = dict(
        c=np.full((2, 1), 1024.0), f=np.full((2, 1), 1500.0), w=2048, h=2048, name="test_cam_1"
    )
    with open(folder / "cameras_test.pkl", "wb") as file:
        pickle.dump({"TS1": camera}, file)
    return pose_mm
