"""HumanEva's archives: joints, halves, cameras found from the key points, and what is refused."""

import json

import h36m_writer
import humaneva_writer as writer
import numpy as np
import pytest
import torch

from posebook import datasets
from posebook.cameras import Camera
from posebook.datasets import folders
from posebook.datasets.published import humaneva, humaneva_cameras
from posebook.datasets.readers import safe_pickle
from posebook.datasets.readers.human36m_archives import action_of
from posebook.errors import InputError
from posebook.skeletons import HOUSE, HUMANEVA_15

COPIED = [HOUSE.index(joint) for joint in HOUSE.joints if joint in HUMANEVA_15.joints]
INVENTED = {"spine", "neck_nose"}


def away_px(clip) -> torch.Tensor:
    """(joints,) how far key points are from the projected pose, at most."""
    return (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1).amax(0)


def test_the_joint_set_is_the_archives():
    """Parents and sides as VideoPose3D's metadata has them."""
    assert HUMANEVA_15.parent_indices == (-1, 0, 1, 2, 3, 1, 5, 6, 0, 8, 9, 0, 11, 12, 1)
    assert HUMANEVA_15.left == (2, 3, 4, 8, 9, 10) and HUMANEVA_15.right == (5, 6, 7, 11, 12, 13)
    assert {joint for joint in HOUSE.joints if joint not in HUMANEVA_15.joints} == INVENTED


def test_poses_are_in_camera_axes_and_fit_the_key_points(tmp_path):
    truth = writer.write(tmp_path)
    people = datasets.load("humaneva", tmp_path)
    assert people.name == "HumanEva-I" and people.frames_per_second == 60
    assert len(people.clips) == 2 * 3 * 3 and people.skeleton == HOUSE
    assert people.actions == ("ThrowCatch", "Walking") and "registration" in people.terms
    kept = HUMANEVA_15.indices(*(HOUSE.joints[joint] for joint in COPIED))
    for clip in people:
        half, subject, take, camera = clip.name.split("/")
        assert (half, clip.subject, clip.camera.name) == ("Train", subject, camera)
        world = clip.camera.to_world(clip.pose_mm.double())[:, COPIED].numpy()
        metres = truth[f"Train/{subject}"][take][:, kept]
        assert np.abs(world - 1000 * metres).max() < 0.01
        away = away_px(clip)
        assert away[COPIED].max() < 0.1 and away.max() < 5
        assert clip.size_px == (640, 480) and (clip.confidence == 1).all()
    assert any("invented spine" in note and "neck_nose" in note for note in people.notes)


def test_lenses_are_found_from_the_key_points(tmp_path):
    writer.write(tmp_path)
    people = datasets.load("humaneva", tmp_path, split="test")
    for clip, (focal, centre, terms) in zip(people.clips[:3], writer.LENSES, strict=True):
        camera = clip.camera
        assert (camera.focal_px - torch.tensor(focal)).abs().max() < 0.2
        assert (camera.centre_px - torch.tensor(centre)).abs().max() < 0.2
        found = torch.cat([camera.radial[:2], camera.tangential])
        assert (found - torch.tensor(terms)).abs().max() < 0.02
    (note,) = (note for note in people.notes if note.startswith("lenses fitted"))
    assert note.count("0.00 px off (median)") == 3


def test_lenses_do_not_mind_some_wrong_key_points():
    rng = np.random.default_rng(0)
    rays = rng.uniform((-0.4, -0.3), (0.4, 0.3), (600, 2))
    seen = writer.bent(rays, writer.LENSES[0]) + rng.normal(0, 0.3, (600, 2))
    seen[:60] += rng.uniform(50, 300, (60, 2))
    seen[60:70] = np.nan
    lens = humaneva_cameras.fitted(rays, seen)
    assert np.abs(lens.focal_px - writer.LENSES[0][0]).max() < 3 and lens.median_px < 0.6
    assert humaneva_cameras.fitted(rays[:59], seen[:59]) is None
    assert humaneva_cameras.fitted(rays, rng.uniform(0, 480, (600, 2))) is None


def test_a_camera_looks_at_the_room_and_stands_upright():
    for subject in humaneva.SUBJECTS:
        for camera in humaneva_cameras.placed(subject):
            x, y, z = camera.to_camera(torch.tensor([0.0, 0.0, 900.0]))
            assert 3500 < z < 4500 and abs(x) < 300 and abs(y) < 300
            assert (camera.rotation[1] @ torch.tensor([0.0, 0, -1]).double()) > 0.97  # down is down


def test_halves_subjects_and_actions(tmp_path):
    writer.write(tmp_path)
    names = {
        split: {clip.name.split("/")[0] for clip in datasets.load("humaneva", tmp_path, split)}
        for split in ("train", "test", "all")
    }
    assert names == {"train": {"Train"}, "test": {"Validate"}, "all": {"Train", "Validate"}}
    one = datasets.load("humaneva", tmp_path, "all", subjects=["S2"], actions=["Walking"])
    assert {clip.subject for clip in one} == {"S2"} and one.actions == ("Walking",)
    assert len(one.clips) == 2 * 2 * 3
    half = datasets.load("humaneva", tmp_path, "all", subjects=["Train/S2"])
    assert {clip.name[:8] for clip in half} == {"Train/S2"}
    with pytest.raises(InputError, match="no subject S3; there are Train/S1, Train/S2"):
        datasets.load("humaneva", tmp_path, subjects=["S3"])
    with pytest.raises(InputError, match="no action Jog; there are ThrowCatch, Walking"):
        datasets.load("humaneva", tmp_path, actions=["Jog"])
    with pytest.raises(InputError, match="expected train, test, all"):
        datasets.load("humaneva", tmp_path, split="validation")
    assert action_of("Walking 1 chunk0") == "Walking" and action_of("Box 1") == "Box"


def test_detectors_by_name(tmp_path):
    writer.write(tmp_path, detectors=("gt", "mine"), off_px=3.0)
    assert humaneva.detectors(tmp_path) == ["gt", "mine"]
    for keypoints in ("detected", "mine"):
        people = datasets.load("humaneva", tmp_path, keypoints=keypoints)
        assert len(people.clips) == 18  # key points without motion are left out
        assert 2.9 < away_px(people.clips[0])[COPIED].mean() < 3.1
    with pytest.raises(InputError, match="'hrnet'; there are true, simulated, gt, mine"):
        datasets.load("humaneva", tmp_path, keypoints="hrnet")
    (tmp_path / "data_2d_humaneva15_mine.npz").unlink()
    with pytest.raises(InputError, match="'detected'; there are true, simulated, gt"):
        datasets.load("humaneva", tmp_path, keypoints="detected")


def test_a_simulated_detector(tmp_path):
    writer.write(tmp_path)
    true = datasets.load("humaneva", tmp_path)
    again = [datasets.load("humaneva", tmp_path, keypoints="simulated", seed=3) for _ in range(2)]
    away = (again[0].keypoints_px - true.keypoints_px).norm(dim=-1)
    assert away.nanmedian() > 0.2 and torch.equal(again[0].pose_mm, true.pose_mm)
    assert torch.equal(again[0].keypoints_px.nan_to_num(), again[1].keypoints_px.nan_to_num())


def test_a_detector_with_other_joints_and_missing_cameras(tmp_path):
    """COCO's joints, as VideoPose3D's detections have them; C2 was not detected in one take."""
    truth = writer.write(tmp_path)
    coco = np.random.default_rng(0).uniform(100, 400, (40, 17, 2)).astype(np.float32)
    points = {s: {t: [coco[: len(m)]] * 3 for t, m in takes.items()} for s, takes in truth.items()}
    points["Train/S1"]["Walking 1 chunk0"][1] = None
    del points["Train/S2"]["Walking 1 chunk2"]
    sides = [[1, 3, 5, 7, 9, 11, 13, 15], [2, 4, 6, 8, 10, 12, 14, 16]]
    metadata = {"layout_name": "coco", "num_joints": 17, "keypoints_symmetry": sides}
    file = tmp_path / "data_2d_humaneva15_detectron_pt_coco.npz"
    writer.save(file, positions_2d=points, metadata=metadata)
    people = datasets.load("humaneva", tmp_path, keypoints="detected")
    assert len(people.clips) == 18 - 1 - 3
    assert "Train/S1 Walking 1 chunk0 C2: no key points; left out" in people.notes
    assert "Train/S2 Walking 1 chunk2: no key points; left out" in people.notes
    assert any(note.startswith("coco_17 -> human36m_17") for note in people.notes)


def test_without_true_key_points_a_clip_has_no_camera(tmp_path):
    truth = writer.write(tmp_path, detectors=("gt", "mine"))
    with_camera = datasets.load("humaneva", tmp_path, keypoints="mine")
    (tmp_path / "data_2d_humaneva15_gt.npz").unlink()
    people = datasets.load("humaneva", tmp_path, keypoints="mine")
    assert all(clip.camera is None for clip in people) and len(truth) == 4
    assert torch.equal(people.pose_mm, with_camera.pose_mm)
    assert any("cameras, are not known" in note for note in people.notes)
    with pytest.raises(InputError, match="no data_2d_humaneva15_gt.npz: key points 'true' need it"):
        datasets.load("humaneva", tmp_path)


def test_key_points_of_other_cameras_leave_the_lens_unknown(tmp_path):
    writer.write(tmp_path)
    archive = safe_pickle.read_npz(tmp_path / "data_2d_humaneva15_gt.npz")
    for takes in archive["positions_2d"].values():
        for pictures in takes.values():
            pictures.reverse()
    writer.save(tmp_path / "data_2d_humaneva15_gt.npz", **archive)
    people = datasets.load("humaneva", tmp_path)
    assert any("C1 not known" in note for note in people.notes)
    assert people.clips[0].camera is None and people.clips[0].pose_mm is not None
    assert "MISSING lenses fitted" in str(folders.check("humaneva", tmp_path))


def test_an_archive_without_layout_name_is_known_by_its_own(tmp_path):
    writer.write(tmp_path, layout=None)
    people = datasets.load("humaneva", tmp_path)
    assert any("15 joints taken to be humaneva_15, by the name" in note for note in people.notes)
    assert away_px(people.clips[0])[COPIED].max() < 0.1


def test_another_source_names_its_cameras(tmp_path):
    writer.write(tmp_path, subjects=("Train/Ann",), detectors=())
    with pytest.raises(InputError, match="no cameras for 'Train/Ann'; they are known for S1, S2"):
        datasets.load("humaneva", tmp_path)
    camera = Camera(torch.tensor([800.0, 800.0]), torch.tensor([320.0, 240.0]), (640, 480),
                    position_mm=torch.tensor([0.0, 0.0, -9000.0]), name="A")  # fmt: skip
    source = {
        "source": "Ann's",
        "frames_per_second": 30,
        "cameras": {"Train/Ann": [camera.to_dict()]},
    }
    (tmp_path / "source.json").write_text(json.dumps(source))
    people = datasets.load("humaneva", tmp_path)  # the projected motion
    assert (people.name, people.frames_per_second, len(people.clips)) == ("Ann's", 30, 3)
    assert people.clips[0].name == "Train/Ann/Walking 1 chunk0/A"
    assert away_px(people.clips[0]).max() < 0.01
    assert any("projected motion" in note for note in people.notes)
    (tmp_path / "source.json").write_text(json.dumps(source | {"cameras": "mine"}))
    with pytest.raises(InputError, match="'mine'; expected 'HumanEva-I' or cameras"):
        datasets.load("humaneva", tmp_path)


def test_single_archives(tmp_path):
    truth = writer.write(tmp_path)
    motions = datasets.read_any(tmp_path / "data_3d_humaneva15.npz")
    assert [motion.name for motion in motions][:2] == [
        "Train/S1/Walking 1 chunk0", "Train/S1/Walking 1 chunk2",
    ]  # fmt: skip
    head = 1000 * truth["Train/S1"]["Walking 1 chunk0"][:, HUMANEVA_15.index("head")]
    assert np.abs(motions[0].world_mm[:, HOUSE.index("head")].numpy() - head).max() < 0.01
    assert motions[0].frames_per_second == 60 and motions[0].subject == "S1"
    clips = datasets.read_any(tmp_path / "data_2d_humaneva15_gt.npz", size=(640, 480))
    assert clips[0].skeleton == HUMANEVA_15 and clips[0].action == "Walking"
    assert clips[2].name == "Train/S1/Walking 1 chunk0/3"


def test_check(tmp_path):
    everybody = [f"{half}/{who}" for half in ("Train", "Validate") for who in humaneva.SUBJECTS]
    writer.write(tmp_path, subjects=everybody, detectors=("gt", "mine"))
    found = folders.check("humaneva", tmp_path)
    assert found.complete and "data_2d_humaneva15_mine.npz: 18 of 18 takes" in str(found)
    assert "C3 0.00 px off" in str(found)
    writer.write(tmp_path)
    assert "without Train/S3, Validate/S3" in str(folders.check("humaneva", tmp_path))
    (tmp_path / "data_3d_humaneva15.npz").unlink()
    assert "MISSING data_3d_humaneva15.npz" in str(folders.check("humaneva", tmp_path))


@pytest.mark.parametrize(
    ("positions", "says"),
    [
        ({"Train/S1": {"Box 1": np.zeros((4, 17, 3), np.float32)}}, "17 joints; expected 15"),
        ({"Train/S1": {"Box 1": np.zeros((4, 20, 3), np.float32)}}, "20 joints; expected 15"),
        ({"Train/S1": {"Box 1": np.zeros((4, 15), np.float32)}}, r"shape \(4, 15\)"),
        ({"Train/S1": {"Box 1": np.full((4, 15, 3), np.nan)}}, "no numbers"),
        ({"Train/S1": {"Box 1": np.full((4, 15, 3), 4000.0)}}, "expected metres"),
        ({"Train/S1": [1, 2]}, "positions_3d of 'Train/S1'"),
        ({"Validate/S1": {"Box 1": np.ones((4, 15, 3))}}, "no subject such as Train/S1"),
        ({"S1": {"Box 1": np.ones((4, 15, 3))}}, "no subject such as Train/S1; there are S1"),
        ({"Train/S4": {"Box 1": np.ones((4, 15, 3))}}, "no cameras for 'Train/S4'"),
        ({}, "expected positions_3d by subject"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, positions, says):
    writer.save(tmp_path / "data_3d_humaneva15.npz", positions_3d=positions)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("humaneva", tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("pictures", "says"),
    [
        ("nothing", "expected an array for each camera"),
        ([np.zeros((12, 15))] * 3, "expected"),
        ([np.full((12, 15, 2), np.nan)] * 3, "not one key point is a number"),
        ([np.ones((12, 14, 2))] * 3, "14 joints"),
    ],
)
def test_one_line_says_what_is_wrong_with_key_points(tmp_path, pictures, says):
    writer.write(tmp_path)
    archive = safe_pickle.read_npz(tmp_path / "data_2d_humaneva15_gt.npz")
    archive["positions_2d"]["Train/S1"]["Walking 1 chunk2"] = pictures
    writer.save(tmp_path / "data_2d_humaneva15_gt.npz", **archive)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("humaneva", tmp_path)
    assert "\n" not in str(error.value)


def test_folders_and_files_in_each_others_place(tmp_path):
    with pytest.raises(
        InputError, match="no data_3d_humaneva15.npz; `posebook data info humaneva`"
    ):
        datasets.load("humaneva", tmp_path)
    writer.write(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        datasets.load("humaneva", tmp_path / "data_3d_humaneva15.npz")
    with pytest.raises(InputError, match=r"is a data set; read it with load\('humaneva'"):
        datasets.read_any(tmp_path)
    h36m_writer.write(tmp_path / "other")
    with pytest.raises(InputError, match="no data_3d_humaneva15.npz"):
        datasets.load("humaneva", tmp_path / "other")
