"""MPI-INF-3DHP: sequences, cameras, joints, halves, the test set's films, and what is refused."""

import mat_writer
import numpy as np
import pytest
import scipy.io
import torch

from posebook import datasets
from posebook.datasets import folders
from posebook.datasets.published import mpi_inf_3dhp
from posebook.datasets.readers.skeletool import read_cameras
from posebook.errors import InputError
from posebook.skeletons import HOUSE, MPI_INF_3DHP_17, MPI_INF_3DHP_28, conversion

CHEST = (0, 2, 4, 7, 8)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """(a folder with three sequences and a film of the test set, what was written)."""
    root = tmp_path_factory.mktemp("3dhp")
    written = mat_writer.mpi_inf_3dhp(root)
    written["TS1"] = mat_writer.film_of_the_test_set(root / "TS1" / "annot_data.mat")
    return root, written


def test_clips_of_the_chest_cameras(folder):
    root, written = folder
    people = datasets.load("mpi_inf_3dhp", root)
    assert people.name == "MPI-INF-3DHP" and people.skeleton == HOUSE
    assert [clip.name for clip in people] == [
        f"S1/{sequence}/{camera}" for sequence in ("Seq1", "Seq2") for camera in CHEST
    ]
    for clip in people:
        camera = int(clip.name.split("/")[2])
        points, pose_mm = written[f"{clip.subject}/{clip.action}"][camera]
        for joint in ("hip", "left_wrist", "right_foot", "spine", "right_shoulder"):
            here, there = HOUSE.index(joint), MPI_INF_3DHP_28.index(joint)
            assert np.abs(clip.pose_mm[:, here].numpy() - pose_mm[:, there]).max() < 1e-3
            assert np.abs(clip.keypoints_px[:, here].numpy() - points[:, there]).max() < 1e-3
        top = MPI_INF_3DHP_28.index("head_top")
        assert np.abs(clip.pose_mm[:, HOUSE.index("head")].numpy() - pose_mm[:, top]).max() < 1e-3
        assert clip.pose_mm.dtype == clip.keypoints_px.dtype == torch.float32
        assert (clip.confidence == 1).all() and clip.size_px == (2048, 2048)
        # Key points are the projected pose: exactly, but for joints that are between others.
        away = (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1)
        assert away.max() < 0.2 and away[:, HOUSE.index("head")].max() < 1e-3
    assert any("thorax (between the shoulders)" in note for note in people.notes)


def test_by_way_of_seventeen_joints_is_as_straight_to_the_house():
    pose = torch.rand(3, 28, 3, dtype=torch.float64)
    seventeen, _ = conversion(MPI_INF_3DHP_28, MPI_INF_3DHP_17)(pose)
    by_way, _ = conversion(MPI_INF_3DHP_17, HOUSE)(seventeen)
    assert torch.allclose(by_way, conversion(MPI_INF_3DHP_28, HOUSE)(pose)[0])
    assert not conversion(MPI_INF_3DHP_28, MPI_INF_3DHP_17).invented


def test_halves_by_subject_and_frame_rates_by_sequence(folder):
    root, _ = folder
    train, test, every = (
        datasets.load("mpi_inf_3dhp", root, split=split) for split in ("train", "test", "all")
    )
    assert {clip.subject for clip in train} == {"S1"} and {c.subject for c in test} == {"S7"}
    assert {clip.subject for clip in every} == {"S1", "S7"}
    assert {clip.action: clip.frames_per_second for clip in train} == {"Seq1": 25, "Seq2": 50}
    assert train.frames_per_second is None and test.frames_per_second == 25
    assert not set(mpi_inf_3dhp.SUBJECTS["train"]) & set(mpi_inf_3dhp.SUBJECTS["test"])
    one = datasets.load("mpi_inf_3dhp", root, subjects=["S7"], actions=["Seq1"])
    assert {clip.subject for clip in one} == {"S7"}
    with pytest.raises(InputError, match="no subject S8; there are S1, S7"):
        datasets.load("mpi_inf_3dhp", root, subjects=["S8"])
    with pytest.raises(InputError, match="nothing of S1, S2.* by these actions; there are S1/Seq1"):
        datasets.load("mpi_inf_3dhp", root, actions=["Seq3"])
    with pytest.raises(InputError, match="expected train, test, all, official_test"):
        datasets.load("mpi_inf_3dhp", root, split="validation")


def test_other_cameras_and_the_body_of_standard_height(folder):
    root, written = folder
    people = mpi_inf_3dhp.read(root, "test", cameras=(13, 1), universal=True)
    assert [clip.name for clip in people] == ["S7/Seq1/13", "S7/Seq1/1"]
    assert people.name == "MPI-INF-3DHP, universal skeleton"
    hip = 0.9 * written["S7/Seq1"][13][1][:, MPI_INF_3DHP_28.index("hip")]
    assert np.abs(people.clips[0].pose_mm[:, 0].numpy() - hip).max() < 1e-3
    with pytest.raises(InputError, match="cameras are 14; expected some of 0 to 13"):
        mpi_inf_3dhp.read(root, "test", cameras=(14,))


def test_a_detectors_errors(folder):
    root, _ = folder
    true = datasets.load("mpi_inf_3dhp", root, split="test")
    drawn = [datasets.load("mpi_inf_3dhp", root, split="test", keypoints="detected", seed=seed)
             for seed in (0, 0, 1)]  # fmt: skip
    off = [(each.keypoints_px - true.keypoints_px).nan_to_num() for each in drawn]
    assert torch.equal(off[0], off[1]) and not torch.equal(off[0], off[2])
    assert 0.5 < off[0].abs().mean() < 50 and torch.equal(drawn[0].pose_mm, true.pose_mm)
    with pytest.raises(InputError, match="keypoints is 'cpn'; expected true or detected"):
        datasets.load("mpi_inf_3dhp", root, keypoints="cpn")


def test_films_of_the_test_set(folder):
    """A run of valid frames with one activity is a clip: 1-3 and 5-6 exercise, 7-8 sports."""
    root, written = folder
    people = datasets.load("mpi_inf_3dhp", root, split="official_test")
    found = [(clip.name, clip.action, len(clip)) for clip in people]
    assert found == [
        ("TS1/1-3", "Exercise", 3),
        ("TS1/5-6", "Exercise", 2),
        ("TS1/7-8", "Sports", 2),
    ]
    points, pose_mm = written["TS1"]
    valid = [0, 1, 2, 4, 5, 6, 7]
    for joint in ("hip", "left_knee", "spine"):
        here, there = HOUSE.index(joint), MPI_INF_3DHP_17.index(joint)
        assert np.abs(people.pose_mm[:, here].numpy() - pose_mm[valid, there]).max() < 1e-3
        assert np.abs(people.keypoints_px[:, here].numpy() - points[valid, there]).max() < 1e-3
    assert people.frames_per_second is None and people.clips[0].camera is None
    sports = datasets.load("mpi_inf_3dhp", root, split="official_test", actions=["Sports"])
    assert len(sports) == 2
    scaled = mpi_inf_3dhp.read(root, "official_test", universal=True)
    assert torch.allclose(scaled.pose_mm, 0.9 * people.pose_mm)


def test_cameras_stand_in_a_world_with_z_up(folder, tmp_path):
    written = mat_writer.calibration(tmp_path / "camera.calibration")
    cameras = read_cameras(tmp_path / "camera.calibration")
    assert list(cameras) == [str(number) for number in range(14)]
    in_file = np.random.default_rng(0).normal(0, 1000, (9, 3))  # a world with y up
    world_mm = torch.from_numpy(in_file @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]]))
    for camera, (inner, outer) in zip(cameras.values(), written, strict=True):
        expected = in_file @ outer[:3, :3].T + outer[:3, 3]
        assert np.abs(camera.to_camera(world_mm).numpy() - expected).max() < 1e-3
        assert np.allclose(camera.matrix.numpy(), inner[:3, :3])
        up = camera.rotation @ torch.tensor([0.0, 0, 1], dtype=torch.float64)
        assert torch.allclose(up, torch.tensor([0.0, -1, 0], dtype=torch.float64), atol=1e-6)


def test_without_calibration_the_camera_is_not_known(tmp_path):
    mat_writer.mpi_inf_3dhp(tmp_path / "mpi_inf_3dhp", takes=("S7/Seq1",))
    (tmp_path / "mpi_inf_3dhp" / "S7" / "Seq1" / "camera.calibration").unlink()
    people = datasets.load("mpi_inf_3dhp", tmp_path, split="test")  # the folder above will do
    assert all(clip.camera is None for clip in people) and people.clips[0].size_px == (2048, 2048)
    assert any("cameras are not known" in note for note in people.notes)


def test_joints_without_a_place_are_missing(tmp_path):
    written = mat_writer.mpi_inf_3dhp(tmp_path, takes=("S7/Seq1",))
    content = scipy.io.loadmat(tmp_path / "S7" / "Seq1" / "annot.mat")
    wrist = MPI_INF_3DHP_28.index("left_wrist")
    content["annot2"][0, 0][1, 2 * wrist : 2 * wrist + 2] = 0
    content["annot3"][0, 0][2, 3 * wrist] = np.nan
    scipy.io.savemat(tmp_path / "S7" / "Seq1" / "annot.mat",
                     {k: v for k, v in content.items() if not k.startswith("__")})  # fmt: skip
    clip = datasets.load("mpi_inf_3dhp", tmp_path, split="test").clips[0]
    here = HOUSE.index("left_wrist")
    assert clip.confidence[:, here].tolist() == [1, 0, 1]
    assert clip.keypoints_px[1, here].isnan().all() and clip.pose_mm[1, here].isfinite().all()
    assert clip.pose_mm[2, here].isnan().all() and len(written["S7/Seq1"]) == 14


def _cells(count, *shape):
    cells = np.empty((count, 1), object)
    for number in range(count):
        cells[number, 0] = np.broadcast_to(np.linspace(1, 1000, shape[-1]), shape).copy()
    return cells


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"annot2": _cells(14, 3, 56)}, r"camera 0: \(3, 56\) and none; expected annot2"),
        ({"annot2": _cells(14, 3, 56), "annot3": _cells(14, 3, 51)}, r"\(3, 51\)"),
        ({"annot2": _cells(14, 3, 56), "annot3": _cells(14, 4, 84)}, r"\(3, 56\) and \(4, 84\)"),
        ({"annot2": _cells(2, 3, 56), "annot3": _cells(2, 3, 84)}, "camera 2: none and none"),
        ({"annot2": np.ones((3, 56)), "annot3": np.ones((3, 84))}, "none and none"),
        ({"annot2": _cells(14, 0, 56), "annot3": _cells(14, 0, 84)}, "expected annot2"),
        ({"annot2": 0 * _cells(14, 3, 56), "annot3": _cells(14, 3, 84)}, "no key point or no pos"),
        ({"annot2": _cells(14, 3, 56), "annot3": np.nan * _cells(14, 3, 84)}, "no key point or no"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, variables, says):
    path = tmp_path / "S7" / "Seq1" / "annot.mat"
    path.parent.mkdir(parents=True)
    scipy.io.savemat(path, variables)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("mpi_inf_3dhp", tmp_path, split="test")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("key", "change", "says"),
    [
        ("annot3", lambda mm: mm / 1000, ".* across.* expected mm in camera axes"),
        ("annot3", lambda mm: -mm, ".* -.* before the camera; expected mm in camera axes"),
        ("annot2", lambda px: 0 * px + 5, "all key points of a person in one place"),
    ],
)
def test_numbers_that_are_no_person_are_refused(tmp_path, key, change, says):
    mat_writer.mpi_inf_3dhp(tmp_path, takes=("S7/Seq1",))
    path = tmp_path / "S7" / "Seq1" / "annot.mat"
    content = {k: v for k, v in scipy.io.loadmat(path).items() if not k.startswith("__")}
    content[key][2, 0] = change(content[key][2, 0])
    scipy.io.savemat(path, content)
    with pytest.raises(InputError, match=f"S7/Seq1/2: {says}"):
        datasets.load("mpi_inf_3dhp", tmp_path, split="test")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"annot3": None}, r"holds activity_annotation \(1, 8\), annot2 \(2, 17, 1, 8\), valid"),
        ({"annot2": np.ones((2, 16, 1, 8))}, r"annot2 \(2, 16, 1, 8\)"),
        ({"valid_frame": np.ones((1, 7))}, r"valid_frame \(1, 7\)"),
        ({"valid_frame": np.zeros((1, 8))}, "no frame is valid"),
        ({"valid_frame": [np.ones(8)]}, r"valid_frame/0 \(8,\)"),
    ],
)
def test_one_line_says_what_is_wrong_with_a_film(tmp_path, change, says):
    path = tmp_path / "TS2" / "annot_data.mat"
    mat_writer.film_of_the_test_set(path, change=change)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("mpi_inf_3dhp", tmp_path, split="official_test")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("intrinsic   1500", "intrinsic   x", "intrinsic of camera '0' is 'x'; expected a finite"),
        ("intrinsic   1500", "intrinsic   -1", "size or a focal length that is none"),
        ("radial      0", "radial      1 0.1", "camera '0' has lens terms; expected radial 0"),
        ("  size        2048 2048", "", "camera '0' has no size of 2 numbers"),
        ("extrinsic   1", "extrinsic   2", "extrinsic that is no rotation"),
        ("name          1\n", "name          0\n", "camera '0' twice"),
        ("name", "game", "names no camera; expected a Skeletool"),
    ],
)
def test_one_line_says_what_is_wrong_with_a_calibration(tmp_path, old, new, says):
    path = tmp_path / "camera.calibration"
    mat_writer.calibration(path)
    text = path.read_text()
    path.write_text(text.replace(old, new) if old == "name" else text.replace(old, new, 1))
    with pytest.raises(InputError, match=says) as error:
        read_cameras(path)
    assert "\n" not in str(error.value)


def test_folders_without_it(tmp_path):
    with pytest.raises(InputError, match="no S1/Seq1/annot.mat; `posebook data info mpi_inf_3dhp`"):
        datasets.load("mpi_inf_3dhp", tmp_path)
    with pytest.raises(InputError, match="no TS1/annot_data.mat"):
        datasets.load("mpi_inf_3dhp", tmp_path, split="official_test")


def test_the_check_of_a_folder(folder):
    root, _ = folder
    found = folders.check("mpi_inf_3dhp", root)
    assert not found.complete and "3 of 16 sequences; without S2/Seq1, S2/Seq2" in str(found)
    assert "S*/Seq*/annot.mat (3 files)" in str(found)
