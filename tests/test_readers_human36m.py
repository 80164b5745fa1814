"""Human3.6M's archives: protocol, joints, lengths, layouts, names, and what is refused."""

import json
from pathlib import Path

import h5py
import h36m_writer
import mat_writer
import numpy as np
import pytest
import torch

from posebook import datasets
from posebook.cameras import human36m_rig
from posebook.datasets.published import human36m_writer
from posebook.datasets.readers import human36m_detections, safe_pickle
from posebook.datasets.readers.human36m_archives import action_of
from posebook.errors import InputError
from posebook.skeletons import HOUSE, MPII_16

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "cmu_as_h36m"


@pytest.mark.parametrize("joints", [17, 32])
def test_poses_are_in_camera_axes_and_fit_the_key_points(tmp_path, joints):
    truth = h36m_writer.write(tmp_path, joints=joints)
    people = datasets.load("human36m", tmp_path, split="test")
    assert people.name == "Human3.6M" and people.frames_per_second == 50
    assert {clip.subject for clip in people} == {"S9", "S11"}
    for clip in people:
        take = clip.name.split("/")[1]
        world = clip.camera.to_world(clip.pose_mm.double()).numpy()
        assert np.abs(world - 1000 * truth[clip.subject][take]).max() < 0.01
        seen = clip.camera.project(clip.pose_mm)
        assert (seen - clip.keypoints_px).abs().max() < 0.01
        assert (clip.confidence == 1).all() and clip.skeleton == HOUSE


def test_directions_of_s11_are_left_out_and_only_those(tmp_path):
    h36m_writer.write(tmp_path)
    names = [clip.name for clip in datasets.load("human36m", tmp_path, split="all")]
    assert len(names) == 4 * (3 * 3 - 1)
    assert not any(name.startswith("S11/Directions/") for name in names)
    assert any(name.startswith("S11/Directions 1/") for name in names)
    assert any(name.startswith("S9/Directions/") for name in names)


def test_subjects_that_are_absent(tmp_path):
    h36m_writer.write(tmp_path, subjects=("S1", "S9"))
    assert {c.subject for c in datasets.load("human36m", tmp_path)} == {"S1"}
    assert {c.subject for c in datasets.load("human36m", tmp_path, split="test")} == {"S9"}
    one = datasets.load("human36m", tmp_path, subjects=["S9"], actions=["Walking"])
    assert {c.subject for c in one} == {"S9"} and one.actions == ("Walking",)
    with pytest.raises(InputError, match="no subject S11; there are S1, S9"):
        datasets.load("human36m", tmp_path, subjects=["S11"])
    with pytest.raises(InputError, match="no action Running; there are Directions, Walking"):
        datasets.load("human36m", tmp_path, actions=["Running"])
    with pytest.raises(InputError, match="expected train, test, all"):
        datasets.load("human36m", tmp_path, split="validation")


def test_key_points_longer_than_the_motion_are_cut_at_the_end(tmp_path):
    truth = h36m_writer.write(tmp_path, extra=3)
    for clip in datasets.load("human36m", tmp_path, split="all"):
        take = clip.name.split("/")[1]
        assert len(clip) == len(clip.pose_mm) == len(truth[clip.subject][take])
        assert (clip.camera.project(clip.pose_mm) - clip.keypoints_px).abs().max() < 0.01


def test_without_key_points_the_motion_is_projected(tmp_path):
    h36m_writer.write(tmp_path)
    (tmp_path / "data_2d_h36m_gt.npz").unlink()
    people = datasets.load("human36m", tmp_path)
    assert any("projected" in note for note in people.notes) and len(people.clips) == 12
    with pytest.raises(InputError, match="no key points 'detected'; there are true, simulated"):
        datasets.load("human36m", tmp_path, keypoints="detected")


def test_a_simulated_detector(tmp_path):
    h36m_writer.write(tmp_path)
    true, first, again, other = (
        datasets.load("human36m", tmp_path, keypoints=keypoints, seed=seed)
        for keypoints, seed in (("true", 0), ("simulated", 0), ("simulated", 0), ("simulated", 1))
    )
    assert torch.equal(true.pose_mm, first.pose_mm)
    away = torch.linalg.vector_norm(first.keypoints_px - true.keypoints_px, dim=-1)
    assert 0.5 < away.nanmedian() < 30
    assert torch.equal(first.keypoints_px.nan_to_num(), again.keypoints_px.nan_to_num())
    assert not torch.equal(first.keypoints_px.nan_to_num(), other.keypoints_px.nan_to_num())


def test_detectors_by_name(tmp_path):
    h36m_writer.write(tmp_path)
    h36m_writer.write(tmp_path, detector="sh_pt")
    h36m_writer.write(tmp_path, detector="cpn_ft_h36m_dbb")
    assert human36m_detections.names(tmp_path) == ["cpn_ft_h36m_dbb", "gt", "sh_pt"]
    for keypoints in ("true", "detected", "sh_pt"):
        assert len(datasets.load("human36m", tmp_path, keypoints=keypoints)) > 0
    with pytest.raises(InputError, match="there are true, simulated, cpn_ft_h36m_dbb, gt, sh_pt"):
        datasets.load("human36m", tmp_path, keypoints="hrnet")


def test_sixteen_house_joints_without_neck_nose(tmp_path):
    keep = [i for i, joint in enumerate(HOUSE.joints) if joint != "neck_nose"]
    h36m_writer.write(tmp_path, keep=keep)
    people = datasets.load("human36m", tmp_path)
    clip = people.clips[0]
    seen = clip.camera.project(clip.pose_mm)
    away = (seen - clip.keypoints_px).norm(dim=-1).amax(0)
    invented = HOUSE.index("neck_nose")
    assert away[keep].max() < 0.01 and 1 < away[invented] < 40
    assert any("neck_nose (half way from thorax to head)" in note for note in people.notes)


def test_other_layouts_become_house_joints_by_name(tmp_path):
    """A detector that answers in MPII's order."""
    same = {"upper_neck": "neck_nose"}
    keep = HOUSE.indices(*(same.get(joint, joint) for joint in MPII_16.joints))
    h36m_writer.write(tmp_path, keep=keep, layout="mpii")
    clip = datasets.load("human36m", tmp_path).clips[0]
    away = (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1).amax(0)
    copied = [joint for joint in HOUSE.joints if joint not in ("spine", "neck_nose")]
    assert away[HOUSE.indices(*copied)].max() < 0.01 and away[HOUSE.index("spine")] < 30


def _hourglass_archive(tmp_path, detector):
    """VideoPose3D's archives of the two hourglasses: MPII's order, and no layout_name."""
    fine_tuned = {"thorax": "spine", "upper_neck": "thorax"}
    means = fine_tuned if detector == "sh_ft_h36m" else {"upper_neck": "neck_nose"}
    keep = HOUSE.indices(*(means.get(joint, joint) for joint in MPII_16.joints))
    h36m_writer.write(tmp_path, keep=keep, layout=None, detector=detector)


def _px_away(clip) -> dict[str, float]:
    """{joint: how far its key point is from the truth, at most}."""
    away = (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1).amax(0)
    return dict(zip(HOUSE.joints, away.tolist(), strict=True))


def test_the_archive_of_the_hourglass_that_knows_mpii(tmp_path):
    _hourglass_archive(tmp_path, "sh_pt_mpii")
    people = datasets.load("human36m", tmp_path, keypoints="sh_pt_mpii")
    away = _px_away(people.clips[0])
    invented = {"spine", "neck_nose"}
    assert all((away[joint] < 0.01) == (joint not in invented) for joint in HOUSE.joints)
    assert any("taken to be mpii_16" in note for note in people.notes)


def test_the_archive_of_the_hourglass_that_was_fine_tuned(tmp_path):
    """It keeps MPII's order, but spine and thorax are Human3.6M's: only the name tells."""
    _hourglass_archive(tmp_path, "sh_ft_h36m")
    for keypoints in ("sh_ft_h36m", "detected"):
        people = datasets.load("human36m", tmp_path, keypoints=keypoints)
        away = _px_away(people.clips[0])
        assert all((away[joint] < 0.01) == (joint != "neck_nose") for joint in HOUSE.joints)
    assert any("human36m_16_hourglass, by the name" in note for note in people.notes)
    (clip, *_) = datasets.read_keypoints(tmp_path / "data_2d_h36m_sh_ft_h36m.npz")
    assert clip.skeleton.name == "human36m_16_hourglass"


@pytest.mark.parametrize("wide", [32, 16])
def test_files_of_the_hourglass_by_camera(tmp_path, wide):
    truth = h36m_writer.write(tmp_path)
    mat_writer.hourglass(tmp_path, truth, wide=wide)
    mat_writer.hourglass(tmp_path / "h36m", truth, "StackedHourglassFineTuned240", wide=wide)
    invented = {"hourglass_h5": {"spine", "neck_nose"}, "hourglass_ft_h5": {"neck_nose"}}
    for keypoints, rest in invented.items():
        people = datasets.load("human36m", tmp_path, split="test", keypoints=keypoints)
        assert len(people.clips) == 4 * 5
        for clip in people:
            away = _px_away(clip)  # the writer's error is 3 px
            marked = [away[joint] for joint in HOUSE.joints if joint not in rest]
            assert min(marked) > 2.99 and max(marked) < 3.01
            assert all(abs(away[joint] - 3) > 0.01 for joint in rest)
        assert any("invented" in note for note in people.notes)
    people = datasets.load("human36m", tmp_path, keypoints="detected")
    assert 2.99 < _px_away(people.clips[0])["head"] < 3.01


@pytest.mark.parametrize("wide", [34, 17])
def test_files_of_the_hourglass_in_house_order(tmp_path, wide):
    mat_writer.hourglass(tmp_path, h36m_writer.write(tmp_path), wide=wide)
    people = datasets.load("human36m", tmp_path, keypoints="hourglass_h5")
    assert all(2.99 < away < 3.01 for away in _px_away(people.clips[0]).values())


def test_files_of_the_hourglass_that_are_missing_or_named_otherwise(tmp_path):
    truth = h36m_writer.write(tmp_path, subjects=("S1",), takes=("TakingPhoto 1", "Walking"))
    renamed = {"S1": {"Photo 1": truth["S1"]["TakingPhoto 1"], "Walking": truth["S1"]["Walking"]}}
    mat_writer.hourglass(tmp_path, renamed)
    folder = tmp_path / "S1" / "StackedHourglass"
    (folder / "Walking.54138969.h5").unlink()
    people = datasets.load("human36m", tmp_path, keypoints="hourglass_h5")
    assert len(people.clips) == 7
    assert "S1 Walking 54138969: no key points; left out" in people.notes
    for file in folder.glob("Walking.*"):
        file.unlink()
    people = datasets.load("human36m", tmp_path, keypoints="hourglass_h5")
    assert "S1 Walking: no key points; left out" in people.notes
    with h5py.File(folder / "Photo_1.54138969.h5", "w") as file:
        file["poses"] = np.ones((4, 15, 2))
    with pytest.raises(InputError, match=r"poses float64 of shape \(4, 15, 2\); expected an HDF5"):
        datasets.load("human36m", tmp_path, keypoints="hourglass_h5")
    with pytest.raises(InputError, match="there are true, simulated, gt, hourglass_h5"):
        datasets.load("human36m", tmp_path, keypoints="hourglass_ft_h5")


def test_cameras_without_key_points_in_an_archive(tmp_path):
    """As made from .h5 files of which one is missing: None in its place."""
    h36m_writer.write(tmp_path)
    archive = safe_pickle.read_npz(tmp_path / "data_2d_h36m_gt.npz")
    archive["positions_2d"]["S1"]["Walking 1"][0] = None
    np.savez(tmp_path / "data_2d_h36m_gt.npz", **{k: np.array(v, dtype=object)
                                                   for k, v in archive.items()})  # fmt: skip
    people = datasets.load("human36m", tmp_path)
    assert len(people.clips) == 11
    assert "S1 Walking 1 54138969: no key points; left out" in people.notes


def test_sides_in_the_metadata(tmp_path):
    """keypoints_symmetry must fit the joint set, and tells 17 joints apart where no name does."""
    h36m_writer.write(tmp_path, layout=None)
    people = datasets.load("human36m", tmp_path)
    assert max(_px_away(people.clips[0]).values()) < 0.01
    assert any("by keypoints_symmetry" in note for note in people.notes)
    h36m_writer.write(tmp_path, layout="coco")
    with pytest.raises(InputError, match="keypoints_symmetry has 4, 5, 6, .* coco_17, have 1, 3"):
        datasets.load("human36m", tmp_path)
    archive = safe_pickle.read_npz(tmp_path / "data_2d_h36m_gt.npz")
    archive["metadata"]["keypoints_symmetry"] = ["left", 3]
    np.savez(tmp_path / "data_2d_h36m_gt.npz", **{k: np.array(v, dtype=object)
                                                   for k, v in archive.items()})  # fmt: skip
    with pytest.raises(InputError, match="expected two lists of joints"):
        datasets.load("human36m", tmp_path)


def test_another_source_keeps_its_name_and_rate(tmp_path):
    h36m_writer.write(tmp_path)
    source = {"source": "somebody's", "frames_per_second": 25, "terms": "mine"}
    (tmp_path / "source.json").write_text(json.dumps(source))
    people = datasets.load("human36m", tmp_path, split="all")
    assert (people.name, people.frames_per_second, people.terms) == ("somebody's", 25, "mine")
    assert len(people.clips) == 4 * 9  # S11 Directions is damaged in Human3.6M, not here
    for source in ({}, {"source": "two\nlines"}, {"source": "\x1b[31m"}, {"source": "x" * 201}, []):
        (tmp_path / "source.json").write_text(json.dumps(source))
        with pytest.raises(InputError, match="names no source"):
            datasets.load("human36m", tmp_path)


@pytest.mark.parametrize("rate", [0, -25, 1e9, 1e-9, "soon"])
def test_a_rate_of_nobody_s_camera_is_refused(tmp_path, rate):
    h36m_writer.write(tmp_path)
    source = {"source": "somebody's", "frames_per_second": rate, "terms": "mine"}
    (tmp_path / "source.json").write_text(json.dumps(source))
    with pytest.raises(InputError, match="source.json: .*frame"):
        datasets.load("human36m", tmp_path)


def test_what_is_written_can_be_read(tmp_path):
    h36m_writer.write(tmp_path / "a")
    people = datasets.load("human36m", tmp_path / "a", split="all")
    files = human36m_writer.write(people, tmp_path / "b")
    again = datasets.load("human36m", tmp_path / "b", split="all")
    assert {file.name for file in files} >= {"source.json"} and again.name == people.name
    assert [clip.name for clip in again] == [clip.name for clip in people]
    assert (again.pose_mm - people.pose_mm).abs().max() < 0.01
    assert torch.equal(again.keypoints_px, people.keypoints_px)


def test_missing_key_points_are_nan(tmp_path):
    h36m_writer.write(tmp_path)
    archive = safe_pickle.read_npz(tmp_path / "data_2d_h36m_gt.npz")
    points = [array.copy() for array in archive["positions_2d"]["S1"]["Walking 1"]]
    points[0][1, 4], points[0][2] = (0, 0), np.nan
    archive["positions_2d"]["S1"]["Walking 1"] = points
    np.savez(tmp_path / "data_2d_h36m_gt.npz", **{k: np.array(v, dtype=object)
                                                   for k, v in archive.items()})  # fmt: skip
    clip = datasets.load("human36m", tmp_path).clips[0]
    assert clip.confidence[1, 4] == 0 and clip.keypoints_px[1, 4].isnan().all()
    assert (clip.confidence[2] == 0).all() and clip.confidence[0].all()


def test_an_archive_of_a_video_is_key_points(tmp_path):
    points = np.random.default_rng(0).uniform(100, 500, (4, 17, 2)).astype(np.float32)
    metadata = {"layout_name": "coco", "num_joints": 17,
                "video_metadata": {"dance.mp4": {"w": 1280, "h": 720}}}  # fmt: skip
    path = tmp_path / "data_2d_custom_dance.npz"
    np.savez(path, positions_2d={"dance.mp4": {"custom": [points]}}, metadata=metadata)
    (clip,) = datasets.read_any(path, fps=30, size=None, layout=None, person=None)
    assert clip.skeleton.name == "coco_17" and clip.size_px == (1280, 720)
    assert np.array_equal(clip.keypoints_px.numpy(), points) and clip.name == "dance.mp4"


def test_the_motion_archive_by_itself(tmp_path):
    truth = h36m_writer.write(tmp_path, joints=32, subjects=("S1",))
    motions = datasets.read_any(tmp_path / "data_3d_h36m.npz")
    assert [m.name for m in motions] == [f"S1/{take}" for take in truth["S1"]]
    assert np.allclose(motions[0].world_mm.numpy(), 1000 * truth["S1"]["Walking 1"], atol=0.01)
    assert motions[0].frames_per_second == 50
    with pytest.raises(InputError, match="positions in space|positions_3d"):
        datasets.read_keypoints(tmp_path / "data_3d_h36m.npz")


def test_action_names_end_at_the_number_of_the_take():
    assert action_of("Walking 1") == action_of("Walking") == "Walking"
    assert action_of("WalkDog 1") == "WalkDog"
    assert action_of("Directing Traffic 4 (train)") == "Directing Traffic"


@pytest.mark.parametrize(
    ("positions", "says"),
    [
        ({"S1": {"Walking": np.zeros((4, 15, 3), np.float32)}}, "15 joints; expected 32 or 17"),
        ({"S1": {"Walking": np.zeros((4, 17), np.float32)}}, r"shape \(4, 17\)"),
        ({"S1": {"Walking": np.full((4, 17, 3), np.nan)}}, "no numbers"),
        ({"S1": {"Walking": np.full((4, 17, 3), 5000.0)}}, "expected metres"),
        ({"S1": {"Walking": "nothing"}}, "expected"),
        ({"S1": [1, 2]}, "positions_3d of 'S1'"),
        ({"S2": {"Walking": np.ones((4, 17, 3))}}, "none of S1, S5"),
        ({}, "expected positions_3d by subject"),
        ([1, 2, 3], "expected positions_3d by subject"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path, positions, says):
    path = tmp_path / "data_3d_h36m.npz"
    np.savez(path, positions_3d=np.array(positions, dtype=object))
    with pytest.raises(InputError, match=says) as error:
        datasets.load("human36m", tmp_path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("shape", [(2, 17, 5), (5, 17, 4), (5, 17, 1)])
def test_key_points_of_other_than_two_or_three_numbers_are_refused(tmp_path, shape):
    path = tmp_path / "data_2d_custom_x.npz"
    points = {"film": {"custom": [np.random.default_rng(0).uniform(0, 900, shape)]}}
    np.savez(path, positions_2d=np.array(points, dtype=object))
    with pytest.raises(InputError, match=r"expected \(frames, joints, 2\)"):
        datasets.read_any(path)


def test_folders_and_files_in_each_others_place(tmp_path):
    with pytest.raises(InputError, match="no data_3d_h36m.npz"):
        datasets.load("human36m", tmp_path)
    with pytest.raises(InputError, match="no such file or folder"):
        datasets.load("human36m", tmp_path / "none")
    with pytest.raises(InputError, match="needs root="):
        datasets.load("human36m")
    h36m_writer.write(tmp_path)
    with pytest.raises(InputError, match="is a file"):
        datasets.load("human36m", tmp_path / "data_3d_h36m.npz")
    with pytest.raises(InputError, match="is a data set"):
        datasets.read_any(tmp_path)


@pytest.mark.skipif(not SHARED.exists(), reason="cmu_as_h36m is not beside the repo")
def test_real_motion_in_this_format():
    train = datasets.load("human36m", SHARED)
    test = datasets.load("human36m", SHARED, split="test")
    assert train.name.startswith("CMU") and train.frames_per_second == 30
    assert (len(train), len(test)) == (4 * 12_498, 17_640)
    for people in (train, test):
        clip = people.clips[-1]
        assert (clip.camera.project(clip.pose_mm) - clip.keypoints_px).abs().max() < 0.01
    flat = test.every(10).pose_mm
    flat = flat - flat[:, :1]
    error = flat[..., 2].abs().mean()  # zero relative depth under the true scale
    assert 120 < error < 133  # 126.9 mm at each fifth frame


def test_key_points_of_a_detector_cost_no_projection_and_rigs_are_made_once(tmp_path, monkeypatch):
    h36m_writer.write(tmp_path, subjects=("S1", "S9"))
    made = []

    def counted(subject, **options):
        made.append(subject)
        return human36m_rig(subject, **options)

    def never(*_):
        raise AssertionError("projected")

    monkeypatch.setattr("posebook.datasets.published.human36m.human36m_rig", counted)
    monkeypatch.setattr("posebook.cameras.Camera.project", never)
    assert len(datasets.load("human36m", tmp_path, split="all").clips) == 2 * 3 * 4
    assert made == ["S1", "S9"]
    (tmp_path / "data_2d_h36m_gt.npz").unlink()
    with pytest.raises(AssertionError, match="projected"):
        datasets.load("human36m", tmp_path, split="all")
