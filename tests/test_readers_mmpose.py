"""MPI-INF-3DHP as mmpose prepares it: joints, metres, cameras, subjects held out, refusals."""

import pickle

import mat_writer
import numpy as np
import pytest
import torch

from posebook import datasets
from posebook.datasets import folders
from posebook.errors import InputError
from posebook.skeletons import HOUSE, MPI_INF_3DHP_17

SAME = [joint for joint in HOUSE.joints if joint in MPI_INF_3DHP_17.joints and joint != "head"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("mmpose")
    written = mat_writer.mmpose_3dhp(root / "annotations")
    return root, written, mat_writer.mmpose_3dhp_test(root / "annotations")


def test_joints_stand_where_their_names_say(folder):
    root, written, _ = folder
    people = datasets.load("mpi_inf_3dhp", root)
    assert people.name == "MPI-INF-3DHP" and people.skeleton == HOUSE and len(SAME) == 14
    assert [clip.name for clip in people] == [
        f"S1/{sequence}/{camera}/1-3" for sequence in ("Seq1", "Seq2") for camera in (0, 2, 4, 7, 8)
    ]
    for clip in people:
        points, pose_mm = written[f"S1/{clip.action}", int(clip.camera.name)]
        for joint in SAME:
            here, there = HOUSE.index(joint), MPI_INF_3DHP_17.index(joint)
            assert np.abs(clip.pose_mm[:, here].numpy() - pose_mm[:, there]).max() < 1e-2
            assert np.abs(clip.keypoints_px[:, here].numpy() - points[:, there]).max() < 1e-2
        top = pose_mm[:, MPI_INF_3DHP_17.index("head_top")]
        assert np.abs(clip.pose_mm[:, HOUSE.index("head")].numpy() - top).max() < 1e-2
        off = (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1)
        assert off[:, HOUSE.indices(*SAME)].max() < 1e-2 and clip.size_px == (2048, 2048)
        up = clip.camera.rotation[1, 2]  # down in the picture is down in the room
        assert up == pytest.approx(-1)
    assert {clip.action: clip.frames_per_second for clip in people} == {"Seq1": 25, "Seq2": 50}


def test_it_is_what_annot_mat_says(tmp_path):
    """The same person, written in both forms, is read the same."""
    written = mat_writer.mpi_inf_3dhp(tmp_path / "mat", frames=3)
    there = datasets.load("mpi_inf_3dhp", tmp_path / "mat")
    mat_writer.mmpose_3dhp(tmp_path / "npz")
    held = dict(np.load(tmp_path / "npz" / "mpi_inf_3dhp_train.npz"))
    order = [7, 5, 14, 15, 16, 9, 10, 11, 23, 24, 25, 18, 19, 20, 4, 3, 6]
    for row, name in enumerate(held["imgname"]):
        subject, sequence, camera, frame = str(name)[:-4].split("_")
        points, pose_mm = written[f"{subject}/{sequence}"][int(camera[3:])]
        held["part"][row, :, :2] = points[int(frame) - 1, order]
        held["S"][row, :, :3] = pose_mm[int(frame) - 1, order] / 1000
    np.savez(tmp_path / "npz" / "mpi_inf_3dhp_train.npz", **held)
    here = datasets.load("mpi_inf_3dhp", tmp_path / "npz")
    for one, other in zip(there, here, strict=True):
        assert (one.subject, one.action, one.camera.name) == (
            other.subject, other.action, other.camera.name
        )  # fmt: skip
        assert torch.allclose(one.pose_mm, other.pose_mm, atol=1e-2)
        assert torch.allclose(one.keypoints_px, other.keypoints_px, atol=1e-2)
        assert torch.allclose(one.camera.position_mm, other.camera.position_mm, atol=1e-2)
        assert torch.allclose(one.camera.rotation, other.camera.rotation, atol=1e-5)


def test_subjects_are_held_out(folder):
    root, _, _ = folder
    train, test = datasets.train_and_test("mpi_inf_3dhp", root=root)
    assert {c.subject for c in train} == {"S1"} and {c.subject for c in test} == {"S7"}
    with pytest.raises(InputError, match="training half is S1 alone; nobody is left to hold out"):
        datasets.train_and_test("mpi_inf_3dhp", root=root, held_out=True)


def test_one_of_the_training_people_stands_in_where_there_is_no_s8(tmp_path):
    mat_writer.mmpose_3dhp(tmp_path, ("S1/Seq1", "S6/Seq1", "S7/Seq1"))
    train, held_out = datasets.train_and_test("mpi_inf_3dhp", root=tmp_path, held_out=True)
    assert {c.subject for c in train} == {"S1"} and {c.subject for c in held_out} == {"S6"}
    assert held_out.split == "S6"


def test_the_films_of_the_test_set(folder):
    root, _, pose_mm = folder
    people = datasets.load("mpi_inf_3dhp", root, split="official_test")
    assert [clip.name for clip in people] == ["TS1/11-13", "TS1/40-41"]
    hip = MPI_INF_3DHP_17.index("hip")
    assert np.abs(people.pose_mm[:, 0].numpy() - pose_mm[:, hip]).max() < 1e-2
    for clip in people:
        off = (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1)
        assert off[:, HOUSE.indices(*SAME)].max() < 1e-2 and clip.frames_per_second is None


def test_frames_that_were_thinned_before(tmp_path):
    mat_writer.mmpose_3dhp(tmp_path, ("S1/Seq2",), frames=9)
    path = tmp_path / "mpi_inf_3dhp_train.npz"
    held = dict(np.load(path))
    rows = np.arange(len(held["imgname"]))
    np.savez(path, **{key: array[rows % 9 % 2 == 0] for key, array in held.items()})
    people = datasets.load("mpi_inf_3dhp", path)  # the file itself
    assert {(len(clip), clip.frames_per_second) for clip in people} == {(5, 25.0)}


def test_without_cameras_beside_it(tmp_path):
    mat_writer.mmpose_3dhp(tmp_path)
    (tmp_path / "cameras_train.pkl").unlink()
    assert all(clip.camera is None for clip in datasets.load("mpi_inf_3dhp", tmp_path))
    assert "cameras_train.pkl of some films" in str(folders.check("mpi_inf_3dhp", tmp_path))


def test_check(folder):
    root, _, _ = folder
    found = folders.check("mpi_inf_3dhp", root)
    assert found.complete and "mpi_inf_3dhp_train.npz: S1, S7" in str(found)


def changed(**arrays):
    def change(folder):
        path = folder / "mpi_inf_3dhp_train.npz"
        held = dict(np.load(path))
        for key, make in arrays.items():
            held[key] = make(held[key])
        np.savez(path, **held)

    return change


def cameras(change):
    def write(folder):
        path = folder / "cameras_train.pkl"
        held = pickle.loads(path.read_bytes())
        change(held["S1_Seq1_Cam0"])
        path.write_bytes(pickle.dumps(held))

    return write


def spin(folder):
    """Another project's file of the same name: 24 joints, and no metres of 17."""
    np.savez(folder / "mpi_inf_3dhp_train.npz", imgname=np.array(["S1/Seq1/a.jpg"]),
             part=np.zeros((1, 24, 3)), S=np.zeros((1, 24, 4)), pose=np.zeros((1, 72)))  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (spin, r"holds imgname \(1,\), part \(1, 24, 3\), S \(1, 24, 4\)"),
        (changed(imgname=lambda names: np.char.add("x", names[:-1])), "holds imgname"),
        (changed(imgname=lambda names: np.char.replace(names, "Cam", "cam")), "imgname 'S1_Seq1_c"),
        (changed(S=lambda pose: 1000 * pose), "S has people .* before the camera; expected metres"),
        (changed(S=lambda pose: pose.astype(str)), "S has people nan before"),
        (changed(S=lambda pose: -pose), "expected mm in camera axes"),
        (changed(part=lambda part: np.full_like(part, np.nan)), "no key point or no position"),
        (cameras(lambda camera: camera.pop("f")), "camera 'S1_Seq1_Cam0': f is None"),
        (cameras(lambda camera: camera.update(f=-camera["f"])), "has a focal length of"),
        (cameras(lambda camera: camera.update(R=2 * camera["R"])), "has an R that is no rotation"),
        (cameras(lambda camera: camera.update(T=camera["T"] * np.nan)), "T is array"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, change, says):
    mat_writer.mmpose_3dhp(tmp_path)
    change(tmp_path)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("mpi_inf_3dhp", tmp_path)
    assert "\n" not in str(error.value)


def test_what_it_does_not_hold(folder):
    root, _, _ = folder
    for options, says in (
        (dict(actions=["Seq3"]), "nothing of S1, S2.* by these actions and cameras; there are S1"),
        (dict(subjects=["S4"]), "no subject S4; there are S1, S7"),
    ):
        with pytest.raises(InputError, match=says):
            datasets.load("mpi_inf_3dhp", root, **options)
