"""Kudo et al. 2018: what must hold for any input, what must not break, and that a step learns."""

import copy
import math

import kudo_on_mpii
import numpy
import pytest
import torch

from posebook import datasets
from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.figures import side_views
from posebook.geometry import facing_sine
from posebook.methods.adversarial_lifting import demo, losses, protocol, step
from posebook.methods.adversarial_lifting.network import KudoCritic, KudoGenerator
from posebook.metrics import ambiguity
from posebook.paths import DATA
from posebook.skeletons import BODY_25, COCO_17, HOUSE, MPII_16, OPENPOSE_COCO_18


def some_pose(count=6, **kind):
    pose = torch.randn(count, 17, 3, generator=torch.Generator().manual_seed(0), **kind)
    return pose - pose[:, :1]


# --- the turn -----------------------------------------------------------------------------------


def test_turn_by_nothing_and_by_half_a_circle():
    pose = some_pose(dtype=torch.float64)
    still = losses.turned(pose, torch.zeros(6, dtype=torch.float64))
    assert torch.equal(still, pose[..., :2])
    behind = losses.turned(pose, torch.full((6,), math.pi, dtype=torch.float64))
    assert torch.allclose(behind, pose[..., :2] * torch.tensor([-1.0, 1.0]))


def test_turn_keeps_heights_and_the_distance_from_the_axis():
    pose = some_pose(dtype=torch.float64)
    angle = torch.linspace(0, 6, 6, dtype=torch.float64)
    one, quarter = (losses.turned(pose, angle + turn) for turn in (0, math.pi / 2))
    assert torch.equal(one[..., 1], pose[..., 1])
    # Two views a right angle apart are the two coordinates of the top view.
    radius = pose[..., ::2].square().sum(-1)
    assert torch.allclose(one[..., 0].square() + quarter[..., 0].square(), radius)


def test_a_mirror_image_looks_the_same_from_the_other_side():
    """Why the critic cannot tell them apart: the views of one are the views of the other."""
    pose = some_pose(dtype=torch.float64)
    angle = torch.linspace(0, 6, 6, dtype=torch.float64)
    other = ambiguity.mirrored(pose)
    assert torch.allclose(losses.turned(other, -angle), losses.turned(pose, angle))
    assert torch.allclose(facing_sine(other), -facing_sine(pose))


# --- losses where they could break --------------------------------------------------------------


def test_heading_of_poses_without_a_heading():
    pose = torch.zeros(3, 17, 3)
    pose[1, :, 1] = torch.arange(17.0)  # all on the upright axis: nothing to see from above
    pose[2] = some_pose(1)[0]
    pose.requires_grad_()
    loss = losses.heading_loss(pose)
    loss.backward()
    assert torch.isfinite(loss) and torch.isfinite(pose.grad).all()
    assert (pose.grad[:2] == 0).all()


def test_heading_loss_is_zero_only_where_the_nose_is_in_front():
    pose = some_pose(200)
    front = facing_sine(pose) > 0
    assert 50 < front.sum() < 150
    ahead = torch.where(front[:, None, None], pose, ambiguity.mirrored(pose))
    assert losses.heading_loss(ahead) == 0
    assert losses.heading_loss(ambiguity.mirrored(ahead)) > 0.3


def test_losses_of_a_critic_that_knows_nothing_and_of_one_that_is_sure():
    unsure = torch.zeros(4)
    assert losses.generator_loss(unsure).item() == pytest.approx(math.log(2))
    assert losses.critic_loss(unsure, unsure).item() == pytest.approx(2 * math.log(2))
    sure = torch.full((4,), 200.0)
    assert losses.critic_loss(sure, -sure) == 0
    assert torch.isfinite(losses.critic_loss(-sure, sure))
    assert losses.generator_loss(-sure).item() == pytest.approx(200)


# --- networks -----------------------------------------------------------------------------------


def test_start():
    torch.manual_seed(0)
    network = KudoGenerator(width=256)
    for layer in (network.first, network.second, network.third, network.last):
        assert layer.weight.std().item() == pytest.approx(0.02, rel=0.05)
        assert (layer.bias == 0).all()


def test_lift_is_about_the_hip_and_keeps_the_picture():
    torch.manual_seed(0)
    network = KudoGenerator(width=16)
    keypoints = protocol.normalised(torch.randn(5, 17, 2))
    with torch.no_grad():
        pose = network.lift(keypoints)
        assert torch.equal(pose[..., :2], keypoints)
        assert (pose[:, 0] == 0).all()
        depth = network(keypoints)
    assert torch.allclose(pose[..., 2], depth - depth[:, :1])
    assert (depth[:, 0] != 0).any(), "the network's hip is free"


def test_the_sum_comes_before_the_activation():
    network = KudoGenerator(width=8)
    with torch.no_grad():
        network.third.weight.zero_()
        network.third.bias.fill_(-5.0)
        network.last.weight.fill_(1.0)
        keypoints = torch.randn(3, 17, 2)
        skip = torch.nn.functional.leaky_relu(network.first(keypoints.flatten(1)), 0.2)
        expected = torch.nn.functional.leaky_relu(skip - 5, 0.2).sum(-1, keepdim=True)
        assert torch.allclose(network(keypoints), expected.expand(3, 17), atol=1e-6)


# --- one update ---------------------------------------------------------------------------------


def players(seed=0, width=32):
    torch.manual_seed(seed)
    networks = KudoGenerator(width=width), KudoCritic(width=width)
    return *networks, tuple(step.adam(n.parameters(), 2e-3) for n in networks)


def views(seed=0):
    generator = torch.Generator().manual_seed(seed)
    return lambda pose: losses.turned(
        pose, 2 * math.pi * torch.rand(len(pose), generator=generator)
    )


def state(network):
    return copy.deepcopy(network.state_dict())


def same(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.values(), other.values(), strict=True))


@pytest.mark.parametrize(
    ("bias", "who_waits"),
    [(0.0, "nobody"), (100.0, "generator"), (-100.0, "generator")],
)
def test_a_critic_that_calls_all_the_same_lets_both_step(bias, who_waits):
    """All real or all fake is half right: the gate is about knowing nothing, not about leaning."""
    generator, critic, optimisers = players()
    critic.last.bias.data.fill_(bias)
    before = state(generator), state(critic)
    logged = step.update(generator, critic, optimisers, some_pose(32)[..., :2], views())
    if bias:
        assert logged["accuracy"] == 0.5
    assert logged["generator_waits"] == logged["critic_waits"] == 0
    assert not same(before[0], state(generator)) and not same(before[1], state(critic))


class Knows(torch.nn.Module):
    """A critic that separates real from new by their place, or gives the opposite answer."""

    def __init__(self, sign):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.tensor(float(sign)))
        self.real = None

    def forward(self, keypoints):
        if self.real is None:
            self.real = keypoints
        return self.weight * (1.0 if self.real is keypoints else -1.0) + 0 * keypoints.sum((1, 2))


@pytest.mark.parametrize(("sign", "waits"), [(1, "critic"), (-1, "generator")])
def test_gate_holds_back_one_and_its_adam(sign, waits):
    generator, critic = KudoGenerator(width=8), Knows(sign)
    optimisers = tuple(step.adam(n.parameters()) for n in (generator, critic))
    before = state(generator), state(critic)
    logged = step.update(generator, critic, optimisers, some_pose(16)[..., :2], views())
    assert logged["accuracy"] == (1.0 if sign > 0 else 0.0)
    assert logged[f"{waits}_waits"] == 1
    assert same(before[0], state(generator)) == (waits == "generator")
    assert same(before[1], state(critic)) == (waits == "critic")
    held = optimisers[0] if waits == "generator" else optimisers[1]
    assert not held.state, "a step not taken does not count"


def test_each_gradient_is_of_its_own_loss():
    """The critic's step does not see the generator's loss, nor the other way round."""
    generator, critic, _ = players()
    generator_2, critic_2 = copy.deepcopy(generator), copy.deepcopy(critic)
    optimisers = tuple(torch.optim.SGD(n.parameters(), 0.1) for n in (generator, critic))
    keypoints = some_pose(32)[..., :2]
    step.update(generator, critic, optimisers, keypoints, views())
    depth = generator_2(keypoints)
    pose = torch.cat([keypoints, depth.unsqueeze(-1)], -1)
    new = views()(pose)
    loss = losses.generator_loss(critic_2(new)) + losses.heading_loss(pose)
    slope = torch.autograd.grad(loss, generator_2.last.weight)[0]
    assert torch.allclose(generator.last.weight, generator_2.last.weight - 0.1 * slope, atol=1e-7)
    loss = losses.critic_loss(critic_2(keypoints), critic_2(new.detach()))
    slope = torch.autograd.grad(loss, critic_2.last.weight)[0]
    assert torch.allclose(critic.last.weight, critic_2.last.weight - 0.1 * slope, atol=1e-7)


def test_batch_norm_sees_two_batches():
    critic = KudoCritic(width=8, batch_norm=True)
    generator = KudoGenerator(width=8, batch_norm=True)
    optimisers = tuple(step.adam(n.parameters()) for n in (generator, critic))
    step.update(generator, critic, optimisers, some_pose(16)[..., :2], views())
    assert critic.norms[0].num_batches_tracked == 2
    assert generator.norms[0].num_batches_tracked == 1


def test_epsilon_of_the_published_framework():
    """Against the rule written out: alpha sqrt(1 - b2^t) / (1 - b1^t) m / (sqrt v + epsilon)."""
    weight = torch.nn.Parameter(torch.tensor([1.0, -2.0, 0.5], dtype=torch.float64))
    optimiser = step.adam([weight], 1e-3, weight_decay=0.0, chainer_epsilon=True)
    slopes = torch.tensor([[1e-9, 0.3, -2e-8], [3e-9, -0.1, 1e-8], [-1e-9, 0.2, 5e-8]]).double()
    expected, m, v = weight.detach().clone(), torch.zeros(3).double(), torch.zeros(3).double()
    for t, slope in enumerate(slopes, 1):
        weight.grad = slope.clone()
        optimiser.step()
        m, v = 0.5 * m + 0.5 * slope, 0.999 * v + 0.001 * slope**2
        rate = 1e-3 * math.sqrt(1 - 0.999**t) / (1 - 0.5**t)
        expected = expected - rate * m / (v.sqrt() + 1e-8)
        assert torch.allclose(weight.detach(), expected, atol=1e-12)


def test_it_learns_from_pictures_alone():
    """A few hundred steps on synthetic people: noses come to the front, and shapes get better."""
    people = datasets.load("synthetic", split="train", size=None).every(40)
    keypoints = protocol.normalised(people.keypoints_px)
    truth_mm = people.pose_mm - people.pose_mm[:, :1]
    generator, critic, optimisers = players(width=128)
    order = torch.Generator().manual_seed(0)
    view = views()

    def measured():
        with torch.no_grad():
            pose = generator.pose(keypoints)
        flat = torch.cat([keypoints, torch.zeros_like(keypoints[..., :1])], -1)
        return (
            ambiguity.common_scores(pose, truth_mm)[0][1],
            ambiguity.common_scores(flat, truth_mm)[0][1],
            (facing_sine(pose) > 0).double().mean().item(),
        )

    for _ in range(300):
        rows = torch.randint(len(keypoints), (64,), generator=order)
        logged = step.update(generator, critic, optimisers, keypoints[rows], view)
    lifted_mm, flat_mm, share = measured()
    assert share > 0.95
    assert lifted_mm < 0.9 * flat_mm
    assert logged["depth_spread"] > 0.1


# --- the protocol -------------------------------------------------------------------------------


def test_hip_depth_counts_here_and_nowhere_else():
    truth, scale_mm = protocol.normalised_truth(500 * some_pose(dtype=torch.float64))
    off = truth.clone()
    off[:, 0, 2] += 0.2
    from posebook.metrics import distances_under

    mm = [protocol.in_mm(pose, scale_mm) for pose in (off, truth)]
    wrong = distances_under(*mm, protocol.PLAIN)
    assert torch.allclose(wrong[:, 0], 0.2 * scale_mm)
    assert (wrong[:, 1:] == 0).all()


def test_mean_of_batches_counts_a_short_batch_like_the_others():
    errors = torch.cat([torch.zeros(32), torch.full((1,), 10.0)])
    assert protocol.mean_of_batches(errors) == 5


def test_table_by_action(tmp_path):
    errors_mm = torch.tensor([10.0, 20.0, 90.0])
    means_mm = protocol.by_action(errors_mm, torch.tensor([0, 0, 1]), ["Eating", "Photo"])
    assert means_mm == {"Eating": 15.0, "Photo": 90.0, "average": 52.5}
    file = protocol.write_by_action(tmp_path / "mm.csv", means_mm)
    assert file.read_text() == "action,mm\nEating,15.00\nPhoto,90.00\naverage,52.50\n"


# --- the demo's joints --------------------------------------------------------------------------


def clip_of(skeleton, frames=1, lacking=()):
    points = torch.randn(frames, len(skeleton), 2, generator=torch.Generator().manual_seed(0))
    confidence = torch.ones(frames, len(skeleton))
    for joint in lacking:
        points[:, skeleton.index(joint)] = torch.nan
        confidence[:, skeleton.index(joint)] = 0
    return Clip("photograph 1", skeleton, None, points, confidence)


@pytest.mark.parametrize("skeleton", [OPENPOSE_COCO_18, COCO_17, BODY_25], ids=lambda s: s.name)
def test_demo_needs_thirteen_joints_and_says_which_are_missing(skeleton):
    spare = [joint for joint in skeleton.joints if joint not in demo.NEEDED]
    whole = demo.house_keypoints(clip_of(skeleton, lacking=spare))
    assert torch.isfinite(whole).all(), "ears, eyes, toes and OpenPose's neck are not needed"
    short = clip_of(skeleton, lacking=["left_wrist", "nose"])
    with pytest.raises(InputError, match=r"11 of 13 joints found; left_wrist, nose missing"):
        demo.house_keypoints(short)
    assert set(demo.missing(short)[0]) == {"left_wrist", "nose"}


def test_demo_leaves_frames_empty_where_a_joint_is_missing():
    clip = clip_of(COCO_17, frames=3)
    clip.confidence[1, COCO_17.index("nose")] = 0
    keypoints_px = demo.house_keypoints(clip)
    assert torch.isnan(keypoints_px[1]).all()
    assert torch.isfinite(keypoints_px[[0, 2]]).all()
    clip.confidence[:] = 0
    with pytest.raises(InputError, match="0 of 13 joints found in the best of 3 frames"):
        demo.house_keypoints(clip)


def test_demo_refuses_a_joint_set_without_a_nose():
    with pytest.raises(InputError, match="mpii_16: marks no nose"):
        demo.house_keypoints(clip_of(MPII_16))


def test_demo_on_the_samples():
    for clip in datasets.read_keypoints(DATA / "samples" / "motion_alphapose.json"):
        keypoints_px = demo.house_keypoints(clip)
        assert torch.isfinite(keypoints_px).all((1, 2)).double().mean() > 0.5


# --- pictures -----------------------------------------------------------------------------------


def test_from_all_sides_has_a_drawing_for_each_angle():
    figure = side_views.from_all_sides(some_pose()[0], title="All round")
    assert len(figure.layout.annotations) == 25
    joints = figure.data[-1]
    assert len(joints.x) == 25 * len(HOUSE)
    low, high = figure.layout.xaxis.range
    assert low <= min(joints.x) and max(joints.x) <= high
    low, high = figure.layout.yaxis.range
    assert low <= min(joints.y) and max(joints.y) <= high
    # The last is the first again, further along.
    one, last = joints.x[:17], joints.x[-17:]
    assert max(abs((last - last[0]) - (one - one[0]))) < 1e-4


def test_side_views_of_nobody_and_of_no_angle():
    with pytest.raises(InputError, match="side views"):
        side_views.from_all_sides(torch.full((17, 3), torch.nan))
    with pytest.raises(InputError, match="side views"):
        side_views.from_all_sides(some_pose()[0], degrees=())


# --- the tool for MPII --------------------------------------------------------------------------


def test_tool_says_what_it_promises(monkeypatch):
    monkeypatch.setattr(kudo_on_mpii, "WIDTH", 8)
    monkeypatch.setattr(kudo_on_mpii, "BATCH", 2)
    keypoints = protocol.normalised(some_pose(300)[..., :2] * 100 + 50)
    found = kudo_on_mpii.play(keypoints, keypoints[:50], 0, 1.0)
    assert found.keys() == kudo_on_mpii.MEASURED.keys()
    assert found["steps"] == 150
    assert found["nose before chest, lowest"] <= found["nose before chest"] <= 100


def test_tool_refuses_other_joints(tmp_path):
    path = tmp_path / "mpii_poses.npy"
    numpy.save(path, 100 * numpy.random.default_rng(0).random((40, 16, 2)))
    with pytest.raises(InputError, match="mpii_16; expected mpii_17_kudo"):
        kudo_on_mpii.half(path, "train")
