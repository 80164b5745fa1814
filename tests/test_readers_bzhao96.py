"""Human3.6M in the archives of bzhao96: halves, takes, cameras, key points, refusals."""

import json

import h36m_writer
import numpy as np
import pytest
import torch

from posebook import datasets
from posebook.cameras import human36m_rig
from posebook.datasets import folders
from posebook.errors import InputError
from posebook.skeletons import HOUSE

TAKES = ("Directions-1", "Directions-2", "TakingPhoto-1")
SUBJECTS = {"train": ("S1", "S5"), "test": ("S9", "S11")}


def write(folder, ends=("train", "test", "test_ds"), detector="pose_resnet", protocol=4):
    """Archives in that layout, pickled dicts and all; returns {(subject, take, camera): mm}."""
    (folder / detector).mkdir(parents=True, exist_ok=True)
    written = {}
    for end in ends:
        poses, seen = {}, {}
        for subject in SUBJECTS[end.partition("_")[0]]:
            for number, take in enumerate(TAKES):
                metres = h36m_writer.person(8, number)[:: 2 if end.endswith("_ds") else 1]
                pictures = h36m_writer.seen(metres, subject)
                for camera, points in zip(human36m_rig(subject), pictures, strict=True):
                    pose_mm = camera.to_camera(1000 * torch.from_numpy(metres).double()).numpy()
                    poses.setdefault(subject, {}).setdefault(take, {})[camera.name] = pose_mm
                    seen.setdefault(subject, {}).setdefault(take, {})[camera.name] = points + 1
                    written[end, subject, take, camera.name] = pose_mm
        np.savez(folder / f"h36m_gt_{end}.npz", pose3d=np.array(poses, dtype=object))
        np.savez(folder / detector / f"h36m_pred2d_{end}.npz", pose2d=np.array(seen, dtype=object))
    return written


@pytest.fixture(scope="module")
def archives(tmp_path_factory):
    root = tmp_path_factory.mktemp("bzhao96")
    return root, write(root)


def test_clips(archives):
    root, written = archives
    train, test, every = (
        datasets.load("human36m", root, split) for split in ("train", "test", "all")
    )
    assert train.name == "Human3.6M, archives of bzhao96" and train.skeleton == HOUSE
    assert {clip.subject for clip in train} == {"S1", "S5"}
    assert len(train.clips) == 2 * 3 * 4 and len(test.clips) == 2 * 3 * 4 - 1
    assert len(every.clips) == len(train.clips) + len(test.clips)
    assert "S11/Directions 2/54138969" not in {clip.name for clip in test}
    assert "S11/Directions 1/54138969" in {clip.name for clip in test}
    assert {clip.action for clip in train} == {"Directions", "Photo"}
    assert "test: h36m_gt_test.npz" in test.notes and train.frames_per_second is None
    clip = next(c for c in train if c.name == "S5/Photo 1/58860488")
    pose_mm = written["train", "S5", "TakingPhoto-1", "58860488"]
    assert np.abs(clip.pose_mm.numpy() - pose_mm).max() < 1e-2
    off = (clip.camera.project(clip.pose_mm) - clip.keypoints_px).norm(dim=-1)
    assert off.max() < 1e-2 and clip.size_px == (1000, 1000)


def test_key_points_of_the_detector(archives):
    root, _ = archives
    true = datasets.load("human36m", root, "test")
    for name in ("detected", "pose_resnet"):
        seen = datasets.load("human36m", root, "test", name)
        assert torch.allclose(seen.keypoints_px, true.keypoints_px + 1, atol=0.2)
    drawn = datasets.load("human36m", root, "test", "simulated")
    assert not torch.equal(drawn.keypoints_px.nan_to_num(), true.keypoints_px)


def test_some_of_them(archives):
    root, _ = archives
    photo = datasets.load("human36m", root, "train", subjects=["S5"], actions=["Photo"])
    assert {(clip.subject, clip.action) for clip in photo} == {("S5", "Photo")}


def test_the_down_sampled_half_alone(tmp_path):
    write(tmp_path, ("train", "test_ds"))
    test = datasets.load("human36m", tmp_path, "test")
    assert {len(clip) for clip in test} == {4} and "test: h36m_gt_test_ds.npz" in test.notes


def test_what_the_archives_really_hold_is_said_by_source_json(tmp_path):
    write(tmp_path)
    (tmp_path / "source.json").write_text(json.dumps(dict(source="made up", terms="MIT")))
    people = datasets.load("human36m", tmp_path)
    assert (people.name, people.terms) == ("made up", "MIT")


def test_check(archives, tmp_path):
    found = folders.check("human36m", archives[0])
    assert found.complete and "h36m_gt_train.npz: poses of S1, S5" in str(found)
    assert "key points of pose_resnet for h36m_gt_test.npz" in str(found)
    write(tmp_path, ("train",))
    assert not folders.check("human36m", tmp_path).complete


def changed(key, file, change):
    def write_it(folder):
        held = np.load(folder / file, allow_pickle=True)[key].item()
        change(held)
        np.savez(folder / file, **{key: np.array(held, dtype=object)})

    return write_it


def poses(change):
    return changed("pose3d", "h36m_gt_train.npz", change)


def points(change):
    return changed("pose2d", "pose_resnet/h36m_pred2d_train.npz", change)


def set_one(make):
    def change(held):
        take = held["S1"]["Directions-1"]
        take["54138969"] = make(take["54138969"])

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (poses(set_one(lambda mm: mm - mm[:, :1])), "people .* before the camera; expected mm in"),
        (poses(set_one(lambda mm: mm / 1000)), "expected mm in camera axes, not about the hip"),
        (poses(set_one(lambda mm: mm[:, 1:])), "expected .frames, 17, 3. mm"),
        (poses(set_one(lambda mm: mm[..., 0])), "expected .frames, joints, 3."),
        (poses(lambda held: held.update(S3=held.pop("S1"))), "no cameras for subject 'S3'"),
        (poses(lambda held: held["S1"].update({"Eating-1": [1]})), "expected arrays by camera"),
        (poses(lambda held: held["S1"]["Directions-1"].update({"7": np.ones((1, 17, 3))})),
         "'7': no such camera; expected 54138969"),
        (points(set_one(lambda px: px[:-1])), "7 frames, but 8 poses"),
        (points(set_one(lambda px: px[:, 1:])), "16 joints; expected 17"),
        (points(lambda held: held.pop("S1")), None),
    ],
)  # fmt: skip
def test_one_line_says_what_is_wrong(tmp_path, change, says):
    write(tmp_path, ("train",))
    change(tmp_path)
    if says is None:
        people = datasets.load("human36m", tmp_path, "train", "detected")
        assert {clip.subject for clip in people} == {"S5"}
        assert "S1 Directions-1 54138969: no key points; left out" in people.notes
        return
    with pytest.raises(InputError, match=says) as error:
        datasets.load("human36m", tmp_path, "train", "detected")
    assert "\n" not in str(error.value)


def test_what_it_does_not_hold(archives, tmp_path):
    root, _ = archives
    for options, says in (
        (dict(keypoints="cpn"), "no key points 'cpn' for h36m_gt_train.npz; there are true, sim"),
        (dict(subjects=["S9"]), "no subject S9; there are S1, S5"),
        (dict(actions=["Eating"]), "nothing by these subjects and actions"),
        (dict(split="validation"), "split is 'validation'"),
    ):
        with pytest.raises(InputError, match=says):
            datasets.load("human36m", root, **options)
    write(tmp_path, ("train",))
    with pytest.raises(InputError, match="no h36m_gt_test.npz"):
        datasets.load("human36m", tmp_path, "test")
