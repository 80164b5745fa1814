"""A lifter against the truth, beside the mean pose and zero depth."""

import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
import weights_writer
from golden_arrays import golden

from posebook import cli, datasets, evaluation, results
from posebook.cameras import human36m_rig
from posebook.datasets import layouts
from posebook.datasets.clips import Motion, PoseDataset
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.evaluation import several
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


# ------------------------------------------------------------------------------- several lifters


@pytest.fixture(scope="module")
def epochs(tmp_path_factory):
    """What a training of the published code leaves behind: Chainer's weights of three epochs."""
    folder = tmp_path_factory.mktemp("results")
    arrays = golden("kudo2018")
    files = []
    for epoch in (1, 2, 10):
        weights = {
            name: 0.1 * epoch * array if name == "d_gen_l4_W" else array
            for name, array in arrays.items()
        }
        files.append(weights_writer.kudo(folder / f"gen_epoch_{epoch}.npz", weights, "d_gen"))
    return files


def test_several_lifters_get_a_line_each_and_by_action(epochs):
    given = dict(size=4)
    found = several.evaluate_several(epochs, "synthetic", **given)
    assert [one.lifter for one in found.evaluations] == [
        "gen_epoch_1",
        "gen_epoch_2",
        "gen_epoch_10",
    ]
    alone = evaluation.evaluate(epochs[1], "synthetic", **given)
    for number in (n for n in found.numbers if n.method == "gen_epoch_2"):
        same = alone.number(number.metric)
        assert (number.value, number.by_action) == (same.value, same.by_action)
        assert number.protocol == same.protocol and number.baseline == same.baseline
    assert len({one.value("MPJPE") for one in found.evaluations}) == 3
    for table in (found.scores(), found.by_action("P-MPJPE")):
        lines = [str(row[0]) for row in table.rows]
        assert lines == ["gen_epoch_1", "gen_epoch_2", "gen_epoch_10", "mean pose", "zero depth"]
    assert found.by_action("MPJPE").headers[:2] == ["lifter", "Directions"]
    assert "3 lifters on synthetic, test" in str(found)
    records = json.loads(found.to_json())
    assert len(records) == 5 * len({record["metric"] for record in records})
    assert all(len(record["by_action"]) == 15 for record in records)


def test_names_of_several_lifters():
    paths = ["a/x.npz", "b/x.npz", "a/y.npz", "elepose", "mean pose.npz"]
    assert several.names(paths) == ["a/x.npz", "b/x.npz", "y", "elepose", "mean pose.npz"]
    with pytest.raises(InputError, match="elepose: is named twice"):
        several.names(["elepose", "elepose"])


def test_a_bad_file_among_several_is_told_before_any_work(epochs, tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "load", None)
    (tmp_path / "gen_epoch_3.npz").write_bytes(epochs[0].read_bytes()[:300])
    with pytest.raises(InputError, match="gen_epoch_3.npz: not a whole"):
        several.evaluate_several([*epochs, tmp_path / "gen_epoch_3.npz"], "synthetic")


def test_the_command_takes_several(epochs, monkeypatch, capsys):
    """Data without a truth end it before a minute is spent, after the lifters were opened."""
    words = ["evaluate", *map(str, epochs), "--data", "custom", "--root", str(epochs[0].parent)]
    monkeypatch.setattr(sys, "argv", ["posebook", *words])
    with pytest.raises(SystemExit) as left:
        cli.main()
    first, error = capsys.readouterr().err.splitlines()
    assert left.value.code == 2 and "on custom, test" in first and error.startswith("error: ")
