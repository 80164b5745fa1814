"""Metrics and protocols: numbers one can work out, what is missing, and how averages are taken."""

import inspect
import math
from dataclasses import replace

import pytest
import torch

from posebook import metrics
from posebook.errors import InputError
from posebook.geometry import bone_lengths
from posebook.metrics import Protocol, joint_errors
from posebook.skeletons import COCO_17, HOUSE

ROOT = Protocol(joints="17", root="hip", alignment="root", scale="metric", average="frame")
SHAPE = replace(ROOT, alignment="procrustes", scale="least_squares")


def people(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = torch.randn(count, 17, 3, generator=generator, dtype=torch.float64)
    return shape * torch.tensor([150.0, 400.0, 120.0]) + torch.tensor([0.0, 0.0, 5000.0])


def moved(pose, joint, by_mm):
    """The pose with one joint moved along x."""
    wrong = pose.clone()
    wrong[..., HOUSE.index(joint), 0] += by_mm
    return wrong


# ------------------------------------------------------------------------ numbers by hand


def test_one_wrong_joint_of_seventeen():
    truth = people(3)
    assert metrics.mpjpe(moved(truth, "head", 170.0), truth).tolist() == pytest.approx([10] * 3)
    assert metrics.score(moved(truth, "head", 170.0), truth, ROOT) == pytest.approx(10)
    sixteen = replace(ROOT, joints="16")
    assert metrics.score(moved(truth, "head", 170.0), truth, sixteen) == pytest.approx(170 / 16)
    fourteen = replace(ROOT, joints="14")
    assert metrics.score(moved(truth, "spine", 170.0), truth, fourteen) == 0
    only = replace(ROOT, joints=("head", "left_wrist"))
    assert metrics.score(moved(truth, "head", 170.0), truth, only) == pytest.approx(85)


def test_the_root_s_own_mistake_is_everybody_s():
    """A wrong hip leaves 16 other joints wrong about the hip, and the hip itself right."""
    truth = people(3)
    assert metrics.score(moved(truth, "hip", 17.0), truth, ROOT) == pytest.approx(16)
    nothing = replace(ROOT, alignment="none", root=None)
    assert metrics.score(moved(truth, "hip", 17.0), truth, nothing) == pytest.approx(1)
    at_thorax = replace(ROOT, root="thorax")
    assert metrics.score(moved(truth, "hip", 17.0), truth, at_thorax) == pytest.approx(1)


def test_alignments_forgive_what_they_say_they_do():
    truth = people(5)
    angle = torch.tensor(0.7).double()
    turn = torch.eye(3).double()
    turn[0, 0] = turn[2, 2] = angle.cos()
    turn[0, 2], turn[2, 0] = angle.sin(), -angle.sin()
    shifted, turned = truth + 300, (truth - 5000) @ turn
    bigger = truth + 0.3 * (truth - truth[:, :1])
    mirrored = truth * torch.tensor([-1.0, 1.0, 1.0])

    def forgiven(prediction, protocol):
        return metrics.score(prediction, truth, protocol) < 1e-9

    rigid = replace(SHAPE, scale="metric")
    by_scale = replace(ROOT, scale="least_squares")
    by_norm = replace(ROOT, scale="norm_ratio")
    reflected = replace(SHAPE, alignment="procrustes_reflected")
    # protocol: forgives (shift, turn, size, mirror image)
    table = {
        ROOT: (True, False, False, False),
        by_scale: (True, False, True, False),
        by_norm: (True, False, True, False),
        rigid: (True, True, False, False),
        SHAPE: (True, True, True, False),
        reflected: (True, True, True, True),
        replace(ROOT, root=None, alignment="none"): (False, False, False, False),
    }
    for protocol, expected in table.items():
        found = tuple(forgiven(p, protocol) for p in (shifted, turned, bigger, mirrored))
        assert found == expected, str(protocol)


def test_scores_are_those_of_the_functions():
    truth, prediction = people(20), people(20, 1)
    about_root = [pose - pose[:, :1] for pose in (prediction, truth)]
    uncentred = replace(ROOT, root=None, alignment="none", scale="least_squares")
    mirrored = replace(SHAPE, alignment="procrustes_reflected")
    pairs = {
        ROOT: metrics.mpjpe(*about_root),
        SHAPE: metrics.p_mpjpe(prediction, truth),
        replace(SHAPE, scale="metric"): metrics.p_mpjpe(prediction, truth, scale=False),
        mirrored: metrics.p_mpjpe_reflected(prediction, truth),
        replace(ROOT, scale="least_squares"): metrics.n_mpjpe(prediction, truth),
        replace(ROOT, scale="norm_ratio"): metrics.n_mpjpe_norm_ratio(prediction, truth),
        uncentred: metrics.n_mpjpe_uncentred(prediction, truth),
    }
    for protocol, errors in pairs.items():
        found = metrics.score(prediction, truth, protocol)
        assert found == pytest.approx(errors.mean().item()), str(protocol)
    assert len({round(errors.mean().item(), 6) for errors in pairs.values()}) == len(pairs)


def test_least_squares_scale_is_the_best_for_squares():
    truth, prediction = people(1), people(1, 1)
    a, b = (pose - pose[:, :1] for pose in (prediction, truth))
    scales = torch.linspace(-2, 2, 4001).double()
    wrong = (scales[:, None, None] * a - b).square().sum((-2, -1))
    best = scales[wrong.argmin()] * a
    assert metrics.n_mpjpe(prediction, truth).item() == pytest.approx(
        metrics.mpjpe(best, b).item(), abs=0.5
    )


def test_pck_and_auc_by_hand():
    """Distances 0, 75, 150 and 300: three of four within 150; 31 thresholds from 0 to 150."""
    distances = torch.tensor([[0.0, 75.0, 150.0, 300.0]])
    assert metrics.pck(distances, 150).item() == 75
    assert metrics.pck(distances, 100).item() == 50
    shares = 31 + 16 + 1 + 0  # thresholds at or beyond each distance
    assert metrics.auc(distances).item() == pytest.approx(100 * shares / (4 * 31))
    assert metrics.auc(torch.zeros(1, 4)).item() == pytest.approx(100)


def test_weights_multiply_distances():
    truth = people(2)
    weights = torch.zeros(1, 17).double()
    weights[0, HOUSE.index("head")] = 3.0
    found = metrics.weighted_mpjpe(moved(truth, "head", 17.0), truth, weights)
    assert torch.allclose(found, torch.tensor(3.0).double())


def test_bones_and_symmetry_by_hand():
    truth = people(4)
    bigger = 1.1 * truth
    expected = 0.1 * bone_lengths(truth, HOUSE).mean(-1)
    assert torch.allclose(metrics.bone_length_error(bigger, truth, HOUSE), expected)
    mirror = truth.clone()
    for left, right in ((4, 1), (5, 2), (6, 3), (11, 14), (12, 15), (13, 16)):
        mirror[:, left] = truth[:, right] * torch.tensor([-1.0, 1.0, 1.0])
    for middle in ("hip", "spine", "thorax", "neck_nose", "head"):
        mirror[:, HOUSE.index(middle), 0] = 0
    assert metrics.symmetry_error(mirror, HOUSE).max() < 1e-9
    forearm = mirror[:, 13] - mirror[:, 12]
    mirror[:, 13] += 0.5 * forearm
    expected = 0.5 * forearm.norm(dim=-1) / 6  # six pairs of bones
    assert torch.allclose(metrics.symmetry_error(mirror, HOUSE), expected)


# ------------------------------------------------------------------------------- velocity


def test_velocity_is_of_steps_and_never_across_clips():
    truth = torch.zeros(6, 17, 3)
    prediction = truth.clone()
    prediction[:, :, 0] = torch.tensor([0.0, 1.0, 3.0, 100.0, 100.0, 104.0])[:, None]
    clips = torch.tensor([0, 0, 0, 1, 1, 1])
    found = metrics.velocity_error(prediction, truth, clips)
    assert found.isnan().tolist() == [True, False, False, True, False, False]
    assert found[~found.isnan()].tolist() == [1, 2, 0, 4]
    assert metrics.velocity_error(prediction, truth)[3].item() == 97, "one clip: every step counts"
    assert metrics.velocity_error(prediction[:1], truth[:1]).isnan().all()
    assert metrics.velocity_error(prediction[:0], truth[:0]).shape == (0,)


def test_a_frame_or_a_clip_does_not_stand_for_all():
    truth, clips = people(10), torch.zeros(2, dtype=torch.int64)
    velocity, jitter = (  # as they are where shapes are not checked
        inspect.unwrap(each) for each in (joint_errors.velocity_error, joint_errors.jitter)
    )
    for found in (
        lambda: velocity(truth[:1], truth),
        lambda: velocity(truth, truth, clips),
        lambda: jitter(truth, torch.zeros(3, dtype=torch.int64)),
    ):
        with pytest.raises(InputError, match="expected the same"):
            found()


def test_velocity_in_mm_per_second_needs_the_frame_rate():
    truth = people(10)
    prediction = truth + people(10, 1) - 5000
    clips = torch.zeros(10, dtype=torch.int64)

    def velocities(protocol):
        scores = metrics.evaluate_all(prediction, truth, protocol, clip_of_frame=clips)
        return {s.unit: s for s in scores if s.metric.startswith("velocity")}

    assert set(velocities(ROOT)) == {"mm/frame"}
    found = velocities(replace(ROOT, frames_per_second=50))
    assert found["mm/s"].value == pytest.approx(50 * found["mm/frame"].value)
    assert "50 frames/s" in str(found["mm/s"]) and found["mm/s"].frames == 9


# -------------------------------------------------------------------------- missing, degenerate


@pytest.mark.parametrize("clips", [torch.zeros(1, dtype=torch.int64), torch.arange(3)])
def test_frames_without_a_neighbour_have_no_velocity(clips):
    truth = torch.randn(len(clips), 17, 3)
    protocol = replace(ROOT, frames_per_second=50.0)
    scores = metrics.evaluate_all(truth + 1, truth, protocol, clip_of_frame=clips)
    found = {score.metric for score in scores}
    assert "MPJPE" in found and not any("velocity" in metric for metric in found)


def test_joints_without_truth_are_not_scored():
    truth = people(3)
    prediction = moved(truth, "head", 160.0)
    truth[0, HOUSE.index("left_wrist")] = torch.nan
    truth[1] = torch.nan
    for errors in (
        metrics.mpjpe(prediction, truth),
        metrics.pck(metrics.joint_distances(prediction, truth)),
    ):
        assert torch.isfinite(errors).tolist() == [True, False, True]
    assert metrics.mpjpe(prediction, truth)[0].item() == pytest.approx(10)
    assert metrics.score(prediction, truth, ROOT) == pytest.approx((160 / 16 + 160 / 17) / 2)
    for function in (
        metrics.p_mpjpe, metrics.n_mpjpe, metrics.n_mpjpe_norm_ratio, metrics.p_mpjpe_reflected,
    ):  # fmt: skip
        assert torch.isfinite(function(prediction, truth)).tolist() == [True, False, True]
    lengths = metrics.bone_length_error(prediction, truth, HOUSE)
    assert torch.isfinite(lengths).tolist() == [True, False, True]


def test_missing_truth_does_not_move_the_alignment():
    truth, prediction = people(4), people(4, 1)
    keep = [j for j in range(17) if j != HOUSE.index("right_knee")]
    truth[:, HOUSE.index("right_knee")] = torch.nan
    for function in (metrics.p_mpjpe, metrics.n_mpjpe, metrics.n_mpjpe_norm_ratio):
        found, alone = function(prediction, truth), function(prediction[:, keep], truth[:, keep])
        assert torch.allclose(found, alone)


def test_a_missing_prediction_is_never_silent():
    truth, prediction = people(4), people(4, 1)
    prediction[2, 3] = torch.nan
    for function in (metrics.mpjpe, metrics.p_mpjpe, metrics.n_mpjpe):
        assert function(prediction, truth).isinf().tolist() == [False, False, True, False]
    assert metrics.pck(metrics.joint_distances(prediction, truth), 1e9)[2] < 100
    with pytest.raises(InputError, match="1 of 4 frames"):
        metrics.score(prediction, truth, ROOT)
    rest = [0, 1, 3]
    found = metrics.score(prediction, truth, ROOT, leave_out=True)
    assert found == pytest.approx(metrics.score(prediction[rest], truth[rest], ROOT))
    for score in metrics.evaluate_all(prediction, truth, ROOT, leave_out=True):
        assert (score.frames, score.left_out) == (3, 1) and "1 of its frames left out" in str(score)


@pytest.mark.parametrize("place", (0.0, 0.1, 5000.3))
def test_all_joints_in_one_place(place):
    truth = people(6)
    prediction = torch.full_like(truth, place)
    for score in metrics.evaluate_all(prediction, truth, ROOT):
        assert math.isfinite(score.value), score.metric
    reversed_roles = metrics.evaluate_all(truth, prediction, ROOT)
    assert all(math.isfinite(score.value) for score in reversed_roles)


def test_nothing_to_score_is_said():
    with pytest.raises(InputError, match="none of 3 frames"):
        metrics.score(people(3), torch.full((3, 17, 3), torch.nan).double(), ROOT)


@pytest.mark.parametrize("shape", ((3, 16, 3), (2, 17, 3)))
def test_wrong_shapes_are_named(shape):
    with pytest.raises(InputError, match=r"prediction: expected shape \(3, 17, 3\)"):
        metrics.score(torch.zeros(shape), torch.zeros(3, 17, 3), ROOT)


# ------------------------------------------------------------------------------- averaging


def test_frame_mean_and_action_mean():
    """Three frames of 10 mm and one of 50: 20 by frames, 30 by actions."""
    truth = people(4)
    prediction = truth + torch.tensor([10.0, 10.0, 10.0, 50.0]).double()[:, None, None] / 3**0.5
    bare = replace(ROOT, root=None, alignment="none")
    clips, actions = torch.tensor([0, 0, 1, 2]), ["Walking", "Walking", "Sitting"]
    where = dict(clip_of_frame=clips, actions=actions)
    assert metrics.score(prediction, truth, bare, **where) == pytest.approx(20)
    by_action = replace(bare, average="action")
    assert metrics.score(prediction, truth, by_action, **where) == pytest.approx(30)
    with pytest.raises(InputError, match="clip_of_frame"):
        metrics.score(prediction, truth, by_action)
    truth[3] = torch.nan  # an action without a frame is not present
    assert metrics.score(prediction, truth, by_action, **where) == pytest.approx(10)


def test_every_metric_comes_with_its_protocol():
    truth, prediction = people(8), people(8, 1)
    clips = torch.arange(8) // 4
    rule = replace(ROOT, average="action", frames_per_second=25)
    where = dict(clip_of_frame=clips, actions=["a", "b"])
    scores = metrics.evaluate_all(prediction, truth, rule, **where)
    names = [score.metric for score in scores]
    assert len(set(names)) == len(names) == 12
    assert {"MPJPE", "P-MPJPE", "N-MPJPE", "PCK@150", "AUC", "velocity error"} <= set(names)
    for score in scores:
        assert "mean of action means" in str(score) and set(score.by_action) == {"a", "b"}
        mean = sum(score.by_action.values()) / 2
        assert score.value == pytest.approx(mean), score.metric
    lines = dict(zip(names, map(str, scores), strict=True))
    assert "Procrustes-aligned" in lines["P-MPJPE"] and "scale as predicted" in lines["MPJPE"]
    with pytest.raises(InputError, match="alignment 'root'"):
        metrics.evaluate_all(prediction, truth, SHAPE)


def test_single_precision_predictions_score_the_same():
    truth, prediction = people(8), people(8, 1)
    for protocol in (ROOT, SHAPE):
        single = metrics.score(prediction.float(), truth.float(), protocol)
        assert single == pytest.approx(metrics.score(prediction, truth, protocol), rel=1e-5)


# ------------------------------------------------------------------------------- protocols


def test_protocols_in_words():
    assert str(ROOT) == "root-aligned, 17 joints, frame mean, scale as predicted"
    assert "least-squares scale" in str(SHAPE) and "Procrustes-aligned" in str(SHAPE)
    assert "16 joints (no hip)" in str(replace(ROOT, joints="16"))
    assert "14 joints (no hip, spine, neck_nose)" in str(replace(ROOT, joints="14"))
    assert "2 joints (head, hip)" in str(replace(ROOT, joints=("head", "hip")))
    assert "root-aligned at thorax" in str(replace(ROOT, root="thorax"))
    assert "bone-length search" in str(replace(ROOT, scale="bone-length search"))
    coco = dict(joints=COCO_17.joints, skeleton=COCO_17, root=None, alignment="none")
    assert "not aligned" in str(replace(ROOT, **coco)) and "coco_17" in str(replace(ROOT, **coco))
    assert str(ROOT) != str(replace(ROOT, average="action"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(joints="15"), "17, 16, 14"),
        (dict(joints=("nose",)), "no joint 'nose'"),
        (dict(root="pelvis"), "no joint 'pelvis'"),
        (dict(root=None), "needs a root"),
        (dict(alignment="best"), "none, root, procrustes"),
        (dict(average="mean"), "frame, action"),
        (dict(scale="norm_ratio", alignment="procrustes"), "norm_ratio"),
    ],
)
def test_protocols_that_mean_nothing_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        replace(ROOT, **change)


def test_a_protocol_has_no_silent_defaults():
    with pytest.raises(TypeError):
        Protocol(joints="17", root="hip")
