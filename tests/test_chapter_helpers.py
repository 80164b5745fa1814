"""What the chapters of methods share: halves of data, causes of failures, tables, kept lifters."""

import pytest
import torch

from posebook import datasets, figures, lifting, results
from posebook.datasets.clips import Clip
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.lifting.trained import keep_lifter
from posebook.methods.adversarial_lifting.network import KudoGenerator
from posebook.metrics import ambiguity
from posebook.skeletons import HOUSE


@pytest.fixture(scope="module")
def truth_mm():
    """Forty poses about the hip, mm, camera axes."""
    test = datasets.load("synthetic", split="test", size=8)
    pose_mm = test.pose_mm[:: len(test) // 40][:40].double()
    return pose_mm - pose_mm[:, [HOUSE.index("hip")]]


def test_one_training_person_stands_in_for_the_test_people():
    train, test = datasets.train_and_test("synthetic", size=8)
    assert {clip.subject for clip in test} == {"S9", "S11"} and test.split == "test"
    others, alone = datasets.train_and_test("synthetic", held_out=True, size=8)
    assert {clip.subject for clip in alone} == {"S8"} and alone.split == "S8"
    assert {clip.subject for clip in others} == {clip.subject for clip in train} - {"S8"}
    assert len(others) + len(alone) == len(train)
    with pytest.raises(InputError, match="nowhere"):
        datasets.train_and_test("nowhere", held_out=True)


def test_the_test_people_are_the_same_with_every_seed():
    for name, size in (("synthetic", 8), ("synthetic_wide", synthetic.Size(4, 8))):
        for keypoints in ("true", "detected"):
            given = dict(size=size, keypoints=keypoints)
            one, other = (datasets.train_and_test(name, seed=seed, **given) for seed in (0, 3))
            evaluated = datasets.load(name, split="test", **given)
            for clip, same in zip(evaluated, other[1], strict=True):
                assert torch.equal(clip.pose_mm, same.pose_mm) and clip.name == same.name
                assert torch.equal(clip.keypoints_px.nan_to_num(), same.keypoints_px.nan_to_num())
            drawn, again = (each[0].pose_mm[0] for each in (one, other))
            assert not torch.equal(drawn, again), "the training people are the seed's"
    everybody = datasets.load("synthetic", split="all", seed=3, size=8)
    test = everybody.where(lambda clip: clip.subject in ("S9", "S11"))
    assert torch.equal(test.pose_mm, datasets.load("synthetic", split="test", size=8).pose_mm)


def test_thinned_frames_are_evenly_apart():
    def clip(frames):
        keypoints_px = torch.arange(float(frames))[:, None, None].expand(-1, 17, 2)
        return Clip("", HOUSE, 50.0, keypoints_px, torch.ones(frames, 17))

    people = datasets.PoseDataset("name", "test", (clip(10), clip(7)))
    some = people.thinned(6)  # 17 frames: every third of each clip
    assert some.keypoints_px[:, 0, 0].tolist() == [0, 3, 6, 9, 0, 3, 6]
    assert len(people.thinned(17)) == 17 and len(people.thinned(16)) == 9


def test_the_cause_of_a_failure(truth_mm):
    def causes(poses):
        return [ambiguity.cause(*pair) for pair in zip(poses, truth_mm, strict=True)]

    assert set(causes(truth_mm)) == {"unusual posture"}
    assert set(causes(0.3 * ambiguity.mirrored(truth_mm))) == {"mirror image"}, "in any unit"
    flat = truth_mm * torch.tensor([1.0, 1.0, 0.3])
    assert set(causes(flat)) == {"too flat"}
    one_leg = truth_mm.clone()
    joints = HOUSE.indices("left_knee", "left_foot")
    one_leg[:, joints, 2] *= -1
    far = (one_leg - truth_mm)[:, joints].norm(dim=-1).amin(-1) > 160
    spread = one_leg[..., 2].std(-1) > 0.7 * truth_mm[..., 2].std(-1)
    found = [name for name, seen in zip(causes(one_leg), far & spread, strict=True) if seen]
    assert found and found.count("depth flip") > 0.6 * len(found)
    assert set(causes(one_leg)) | {"mirror image", "too flat"} <= set(ambiguity.CAUSES)


def test_failures_show_the_worst_pose_of_each_clip(truth_mm):
    clip_of_frame = torch.arange(40) // 10
    pose = truth_mm.clone()
    pose[13] = ambiguity.mirrored(pose[13])
    pose[25, HOUSE.index("head")] += 300
    seen = truth_mm[..., :2]
    for aligned in (True, False):
        figure = figures.failures(
            pose, truth_mm, seen, clip_of_frame=clip_of_frame, aligned=aligned, count=2
        )
        text = str(figure.to_dict())
        assert "mirror image" in text and "unusual posture" in text, "the two that were spoilt"


def test_a_score_table_has_a_row_for_each_metric(tmp_path, truth_mm):
    book = results.Results("quickstart", tmp_path, profile="ci", seed=0)
    scores = {
        name: ambiguity.add_scores(book, name, pose, truth_mm, data="synthetic", split="test")
        for name, pose in (("as it is", truth_mm), ("flat", truth_mm * torch.tensor([1, 1, 0.0])))
    }
    table = ambiguity.score_table(scores, book, "caption")
    assert table.headers == ("metric", "as it is", "flat", "unit")
    assert [row[0] for row in table.rows] == list(scores["flat"])
    assert [row[2] for row in table.rows] == list(scores["flat"].values())
    assert {row[0]: row[-1] for row in table.rows}["nose before chest"] == "%"
    assert ambiguity.score_table({}, book, "").rows == []


def test_a_kept_lifter_carries_its_scores_and_lifts_like_the_network(tmp_path):
    train, test = datasets.train_and_test("synthetic", size=8)
    book = results.Results("adversarial_lifting", tmp_path, profile="ci", seed=3)
    for method in ("ours", "another"):
        book.add("MPJPE", 50, "mm", protocol="p", data="d", split="test", method=method)
    torch.manual_seed(0)
    network = KudoGenerator(width=8).eval()
    place = train.clips[0].keypoints_px[0] / 1000
    file = keep_lifter(
        network, dict(width=8),
        dict(kind="root_centred", scale="mean_joint_distance", factor=1.0, per="pose"),
        dict(mean_place=place), title="a title", train=train, book=book, method="ours",
    )  # fmt: skip
    assert file == tmp_path / "adversarial_lifting.safetensors"
    kept = lifting.load(file)
    assert kept.name == f"a title, {train.name}, ci profile, seed 3"
    assert kept.header["network"] == {"class": "KudoGenerator", "arguments": {"width": 8}}
    (number,) = kept.header["metrics"]
    assert (number["metric"], number["value"], number["method"]) == ("MPJPE", 50, "ours")
    assert kept.header["data"] == train.name
    assert torch.isfinite(kept.lift(test.clips[0]).pose_mm).all()
    for name, weights in network.state_dict().items():
        assert torch.equal(weights, kept.network.state_dict()[name])


def test_a_chapters_own_network_is_kept_as_the_packages_twin(tmp_path):
    class Own(KudoGenerator):
        pass

    train, _ = datasets.train_and_test("synthetic", size=8)
    book = results.Results("adversarial_lifting", tmp_path, profile="ci", seed=0)
    rest = (
        dict(width=8),
        dict(kind="root_centred", scale="mean_joint_distance", factor=1.0, per="pose"),
        dict(mean_place=train.clips[0].keypoints_px[0] / 1000),
    )
    facts = dict(title="t", train=train, book=book, method="ours")
    with pytest.raises(InputError, match="Own"):
        keep_lifter(Own(width=8).eval(), *rest, **facts)
    file = keep_lifter(Own(width=8).eval(), *rest, **facts, network_class="KudoGenerator")
    assert type(lifting.load(file).network) is KudoGenerator
