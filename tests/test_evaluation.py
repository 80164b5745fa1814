"""A lifter against the truth, beside the mean pose and zero depth."""

import json
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from posebook import datasets, evaluation, results
from posebook.cameras import human36m_rig
from posebook.datasets import layouts
from posebook.datasets.clips import Motion, PoseDataset
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.skeletons import COCO_17, HOUSE


class Oracle:
    """Knows the truth of the clip it is shown; `wrong` mm along x at the head, `blind` frames."""

    def __init__(self, truth, wrong: float = 0.0, blind: int = 0):
        self.truth = {clip.name: clip.pose_mm for clip in truth}
        self.wrong, self.blind, self.name = wrong, blind, "oracle"

    def lift(self, clip) -> SimpleNamespace:
        pose = self.truth[clip.name] - self.truth[clip.name][:, :1]
        pose = pose.clone()
        pose[:, HOUSE.index("head"), 0] += self.wrong
        pose[: self.blind] = torch.nan
        return SimpleNamespace(pose_mm=pose)


@pytest.fixture(scope="module")
def dataset() -> PoseDataset:
    poses = synthetic.sample_poses(12, torch.Generator().manual_seed(6)).double()
    clips = [
        Motion(f"S9/{action}", part, 50.0, subject="S9", action=action).seen_by(camera)
        for action, part in (("walk", poses[:8]), ("sit", poses[8:]))
        for camera in human36m_rig("S9")[:2]
    ]
    return PoseDataset("trial", "test", tuple(clips), notes=("made up",))


def test_every_metric_beside_two_baselines(dataset):
    found = evaluation.evaluate(Oracle(dataset, wrong=17.0), dataset)
    assert found.value("MPJPE") == pytest.approx(1.0, abs=1e-6)  # one joint of 17, by 17 mm
    assert 0.5 < found.value("P-MPJPE") < 3  # least squares spreads one error over all joints
    for action in ("walk", "sit"):
        assert found.value("MPJPE", action=action) == pytest.approx(1.0, abs=1e-6)
    for method in (evaluation.MEAN_POSE, evaluation.ZERO_DEPTH):
        assert found.value("MPJPE", method) > 30
        assert found.value("P-MPJPE", method) > 30
    with pytest.raises(InputError, match="no metric"):
        found.value("speed of light")


def test_the_table_says_protocol_actions_and_what_the_baselines_are_given(dataset):
    text = str(evaluation.evaluate(Oracle(dataset), dataset))
    for words in ("root-aligned, 17 joints, frame mean", "50 frames/s", "walk", "sit", "all"):
        assert words in text
    assert "Mean pose and zero depth are given the true scale" in text
    assert "made up" in text and "want of a training split" in text


def test_json_is_a_list_of_results(dataset):
    records = json.loads(evaluation.evaluate(Oracle(dataset), dataset).to_json())
    methods = {record["method"] for record in records}
    assert methods == {"oracle", evaluation.MEAN_POSE, evaluation.ZERO_DEPTH}
    for record in records:
        assert {"metric", "value", "unit", "protocol", "data", "split", "by_action"} <= set(record)
    assert [results.Number.from_dict(record).to_dict() for record in records] == records
    own = next(r for r in records if r["method"] == "oracle" and r["metric"] == "MPJPE")
    mean = next(
        r for r in records if r["method"] == evaluation.MEAN_POSE and r["metric"] == "MPJPE"
    )
    assert own["baseline"] == mean["value"] and own["frames"] == 24


def test_baselines_are_scored_once_for_several_lifters(dataset, monkeypatch):
    alone = [evaluation.evaluate_clips(Oracle(dataset, wrong=w), dataset) for w in (5.0, 17.0)]
    beside = evaluation.baselines(dataset)
    monkeypatch.setattr(evaluation, "zero_depth", None)
    for first, wrong in zip(alone, (5.0, 17.0), strict=True):
        oracle = Oracle(dataset, wrong=wrong)
        again = evaluation.evaluate_clips(oracle, dataset, beside=beside)
        assert [replace(n, seconds=0) for n in again.numbers] == [
            replace(n, seconds=0) for n in first.numbers
        ]


def test_other_key_points_stand_in_the_split(dataset):
    found = evaluation.evaluate_clips(Oracle(dataset), dataset, keypoints="detected")
    assert {n.split for n in found.numbers} == {"test, detected key points"}


def test_frames_without_a_pose_are_left_out_and_counted(dataset):
    found = evaluation.evaluate(Oracle(dataset, blind=2), dataset)
    assert found.value("MPJPE") == pytest.approx(0, abs=1e-6)
    assert "8 frames without a lifted pose do not count" in str(found)


def test_zero_depth_has_the_true_x_and_y_of_a_far_person(dataset):
    """A hundred metres off, perspective is gone: what is left is the truth without its depth."""
    clip = dataset.clips[0]
    far = clip.pose_mm + torch.tensor([0.0, 0.0, 1e5])
    plain = replace(clip.camera, radial=torch.zeros(3), tangential=torch.zeros(2))
    moved = replace(clip, pose_mm=far, camera=plain, keypoints_px=plain.project(far))
    flat = evaluation.zero_depth(moved, moved)
    truth = far - far[:, :1]
    assert (flat[..., :2] - truth[..., :2]).abs().max() < 60
    assert flat[..., 2].abs().max() == 0


def test_mean_pose_is_of_the_training_people_where_given(dataset):
    elsewhere = evaluation.mean_pose(dataset.pose_mm) + torch.tensor([0.0, 100.0, 0.0])
    elsewhere = elsewhere - elsewhere[:1] + torch.tensor([[0.0, 0.0, 0.0]])
    other = evaluation.evaluate_clips(Oracle(dataset), dataset, mean_pose_mm=elsewhere * 1.5)
    own = evaluation.evaluate_clips(Oracle(dataset), dataset)
    assert other.value("MPJPE", "mean pose") > own.value("MPJPE", "mean pose")
    assert "want of a training split" not in str(other)


def test_other_joint_sets_are_scored_against_the_house_truth(dataset):
    seen = [layouts.in_layout(clip, COCO_17) for clip in dataset]
    found = evaluation.evaluate_clips(Oracle(dataset), dataset, seen=seen)
    assert found.value("MPJPE") == pytest.approx(0, abs=1e-6)
    flat = found.value("MPJPE", evaluation.ZERO_DEPTH)
    plain = evaluation.evaluate(Oracle(dataset), dataset).value("MPJPE", evaluation.ZERO_DEPTH)
    assert 0 < abs(flat - plain) < 60  # joints that COCO lacks had to be invented


def test_data_without_truth_cannot_be_scored(dataset):
    bare = replace(dataset, clips=tuple(replace(clip, pose_mm=None) for clip in dataset))
    with pytest.raises(InputError, match="no 3D truth"):
        evaluation.evaluate(Oracle(dataset), bare)


def test_by_name_with_the_mean_of_its_training_people():
    class Flat:
        name = "flat"

        def lift(self, clip):
            pose = clip.pose_mm - clip.pose_mm[:, :1]
            return SimpleNamespace(pose_mm=pose * torch.tensor([1.0, 1.0, 0.0]))

    found = evaluation.evaluate(Flat(), "synthetic", size=4)
    assert found.data == "synthetic" and found.frames > 100
    assert 20 < found.value("P-MPJPE") < found.value("P-MPJPE", "mean pose")
    assert "want of a training split" not in str(found)


@pytest.mark.slow
def test_baselines_on_real_motion(shared):
    """The reference figures of the data's own description: about 170, 126.9 and 91.4 mm."""

    class Nothing:
        name = "nothing"

        def lift(self, clip):
            return SimpleNamespace(pose_mm=torch.zeros(len(clip), 17, 3))

    found = evaluation.evaluate(Nothing(), "human36m", root=shared / "data" / "cmu_as_h36m")
    assert found.frames == 17640
    assert found.value("MPJPE", "mean pose") == pytest.approx(170, abs=4)
    assert found.value("MPJPE", "zero depth") == pytest.approx(126.9, abs=1)
    assert found.value("P-MPJPE", "zero depth") == pytest.approx(91.4, abs=1)


def test_a_lifter_may_not_be_called_what_a_baseline_is():
    people = datasets.load("synthetic", split="test", size=8)
    lifter = Oracle(people)
    lifter.name = "mean pose"
    with pytest.raises(InputError, match="called 'mean pose', as a baseline is"):
        evaluation.evaluate_clips(lifter, people)
