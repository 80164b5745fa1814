"""Yu et al. 2021: what must hold of the cycle, the views, the second frames and the steps."""

import math

import pytest
import torch
from torch import nn

from posebook import datasets, lifting
from posebook.key_points import root_centred
from posebook.lifting import lifter_files
from posebook.methods.ambiguity_aware import inputs, losses, sampling
from posebook.methods.ambiguity_aware import network as ambiguity_aware_network
from posebook.methods.ambiguity_aware import step as ambiguity_aware_step
from posebook.methods.ambiguity_aware.step import (
    Networks,
    Settings,
    Turn,
    alternating_turn,
    plain_turn,
    step,
)
from posebook.skeletons import HOUSE

DOUBLE = dict(dtype=torch.float64)


def people(count=32, seed=0, dtype=torch.float64):
    """Poses about the hip, in lengths from hip to head, one of the usual size and shape each."""
    generator = torch.Generator().manual_seed(seed)
    pose = 0.4 * torch.randn(count, len(HOUSE), 3, generator=generator, dtype=dtype)
    pose[:, HOUSE.index("hip")] = 0
    return pose


def keypoints_of(pose):
    return losses.project(pose + pose.new_tensor([0.0, 0.0, losses.DISTANCE]), None)


def rotations(count, seed=0):
    angles = sampling.random_views(count, torch.Generator().manual_seed(seed))
    return losses.view_rotation(angles.double())


def networks_of(scale=True, seed=0, dropout=0.0):
    torch.manual_seed(seed)
    return Networks(
        ambiguity_aware_network.YuLifter(width=32, blocks=1, dropout=dropout),
        ambiguity_aware_network.YuCritic(width=32, blocks=1, dropout=dropout),
        ambiguity_aware_network.YuScale(width=16, dropout=dropout) if scale else None,
        ambiguity_aware_network.factor_of,
    )


def optimisers_of(nets, rate=2e-3):
    pose = list(nets.lifter.parameters())
    pose += list(nets.scale.parameters()) if nets.scale is not None else []
    return {
        "pose": torch.optim.Adam(pose, rate, (0.5, 0.9)),
        "critic": torch.optim.Adam(nets.critic.parameters(), rate, (0.5, 0.9)),
    }


def batch_of(count=64, seed=0):
    keypoints = keypoints_of(people(count, seed)).float()
    return dict(
        keypoints=keypoints,
        next=keypoints.roll(1, 0),
        far=keypoints.roll(5, 0),
        rotation=rotations(count, seed).float(),
    )


# ------------------------------------------------------------------------------------- the cycle


def test_true_depth_satisfies_everything():
    """A lifter that knows the truth, before and after the turn, comes back to where it began."""
    pose, rotation = people(), rotations(32)
    keypoints = keypoints_of(pose)
    answers = iter([pose[..., 2], (pose @ rotation.mT)[..., 2]])
    way = losses.cycle(lambda _: next(answers), keypoints, rotation, largest=None)
    assert losses.consistency_3d(way) < 2e-3, "but for the 1e-5 that is added to the projection"
    assert losses.consistency_2d(way, keypoints) < 2e-4
    assert torch.allclose(way.turned[:, 0], pose.new_tensor([0.0, 0.0, 10.0]).expand(32, 3))
    assert torch.allclose(way.lifted - way.lifted[:, :1], pose, atol=1e-9)


def test_flat_depth_is_not_consistent():
    pose, rotation = people(), rotations(32)
    way = losses.cycle(lambda k: 0 * k[..., 0], keypoints_of(pose), rotation, largest=None)
    assert losses.consistency_3d(way) > 0.05


def test_no_joint_comes_nearer_than_one():
    keypoints = keypoints_of(people(4))
    pose = losses.back_project(keypoints, torch.full((4, 17), -50.0, **DOUBLE))
    assert torch.equal(pose[..., 2], torch.ones(4, 17, **DOUBLE))
    way = losses.cycle(lambda k: -50 + 0 * k[..., 0], keypoints, rotations(4))
    assert all(torch.isfinite(part).all() for part in way)


def test_everybody_in_one_place():
    nothing = torch.zeros(3, 17, 2, **DOUBLE)
    way = losses.cycle(lambda k: 0 * k[..., 0], nothing, rotations(3))
    assert all(torch.isfinite(part).all() for part in way)
    assert losses.bone_term(way.lifted, way.lifted) == 0


def test_relifted_lines_of_sight_are_held_fixed():
    """Depth gets a gradient, the projected key points get none through the relifted pose."""
    keypoints, rotation = keypoints_of(people(4)), rotations(4)
    offset = torch.zeros(4, 17, **DOUBLE, requires_grad=True)
    answers = iter([offset, torch.zeros(4, 17, **DOUBLE)])  # the second answer knows no gradient
    way = losses.cycle(lambda _: next(answers), keypoints, rotation)
    assert not way.relifted.requires_grad and way.turned.requires_grad


def test_projection_is_cut_off():
    far = torch.tensor([[[5.0, -9.0, 10.0]]])
    assert torch.allclose(losses.project(far), torch.tensor([[[0.2, -0.2]]]))
    assert torch.allclose(losses.project(far, None), torch.tensor([[[0.5, -0.9]]]))


def test_a_split_cycle_is_two_cycles():
    keypoints, rotation = keypoints_of(people(6)), rotations(6)
    lifter = ambiguity_aware_network.YuLifter(width=16, blocks=1).double().eval()
    both = losses.cycle(lifter, keypoints, rotation).split(3)
    alone = losses.cycle(lifter, keypoints[3:], rotation[3:])
    assert len(both) == 2
    assert all(torch.allclose(a, b) for a, b in zip(both[1], alone, strict=True))


# ---------------------------------------------------------------------------------- single terms


def test_prior_is_nothing_for_the_prior_itself_and_never_negative():
    mean, std = torch.tensor(0.6, **DOUBLE), torch.tensor(0.05, **DOUBLE)
    assert losses.gaussian_kl(mean, std, 0.6, 0.05).abs() < 1e-12
    for _ in range(20):
        values = torch.rand(2, **DOUBLE) + 0.01
        assert losses.gaussian_kl(values[0], values[1], 0.6, 0.05) >= 0


def test_bones_of_a_moving_person_keep_their_length_and_not_their_direction():
    pose = people(8)
    moved = pose @ rotations(8).mT
    assert losses.bone_term(pose, moved, "length") < 1e-9
    assert losses.bone_term(pose, moved, "vector") > 0.1
    with pytest.raises(ValueError, match="length or vector"):
        losses.bone_term(pose, moved, "direction")


def test_motion_is_preserved_by_a_true_cycle():
    rotation = rotations(8)
    ways = []
    for seed in (1, 2):
        pose = people(8, seed)
        answers = iter([pose[..., 2], (pose @ rotation.mT)[..., 2]])
        ways.append(
            losses.cycle(lambda _, a=answers: next(a), keypoints_of(pose), rotation, largest=None)
        )
    for form in ("all", "released3", "byrot"):
        assert losses.motion_term(*ways, form=form) < 1e-3, form
    assert losses.motion_term(*ways, form="vector") > 0.1, "in other axes: not zero for the truth"
    with pytest.raises(ValueError, match="expected one of"):
        losses.motion_term(*ways, form="some")


def test_motion_of_three_joints_is_blind_to_the_others():
    ways = [losses.Cycle(*(people(4, seed) for _ in range(6))) for seed in (1, 2)]
    other = ways[0].relifted.clone()
    other[:, HOUSE.index("left_wrist")] += 1
    changed = ways[0]._replace(relifted=other)
    for form, equal in (("released3", True), ("all", False)):
        before, after = (losses.motion_term(w, ways[1], form=form) for w in (ways[0], changed))
        assert torch.equal(before, after) == equal, form


# ------------------------------------------------------------------------------------------ views


def test_views_fill_the_circle():
    angles = sampling.random_views(20_000, torch.Generator().manual_seed(0))
    assert angles[:, 1].abs().max() <= math.radians(20) and angles[:, 2].abs().max() <= 0.1746
    counts = torch.histc(angles[:, 0] % (2 * math.pi), 12, 0, 2 * math.pi) / 20_000
    assert counts.min() > 0.05 and counts.sum() == pytest.approx(1)
    rotation = losses.view_rotation(angles[:50].double())
    eye = torch.eye(3, **DOUBLE).expand(50, 3, 3)
    assert torch.allclose(rotation @ rotation.mT, eye, atol=1e-12)


def test_tilted_views_keep_the_upright_at_its_tilt():
    """A camera that looks down by 10 degrees sees the upright lean; every new view sees it so."""
    tilt = math.radians(10)
    angles = sampling.random_views(
        100, torch.Generator().manual_seed(0), (180.0, 0.0, 0.0), tilt
    ).double()
    upright = torch.tensor([0.0, -math.cos(tilt), -math.sin(tilt)], **DOUBLE)
    seen = losses.view_rotation(angles, tilt) @ upright
    assert torch.allclose(seen, upright.expand(100, 3), atol=1e-6)
    leaning = losses.view_rotation(angles) @ upright
    assert (leaning - upright).abs().max() > 0.15


def test_the_table_is_the_same_each_time_and_changes_with_the_seed():
    table = sampling.view_table(50)
    assert torch.equal(table, sampling.view_table(50))
    assert not torch.equal(table, sampling.view_table(50, seed=1))
    half = torch.tensor([2.44346 + math.pi, 0.34906585, 0.1745330], **DOUBLE)
    assert (table.abs() <= half).all()


# ---------------------------------------------------------------------------------- second frames

CLIPS = torch.repeat_interleave(torch.arange(4), torch.tensor([40, 7, 3, 12]))


def test_frames_apart_stay_in_their_clip():
    other = sampling.frames_apart(CLIPS, 5)
    apart = (other - torch.arange(len(CLIPS))).abs()
    assert torch.equal(CLIPS[other], CLIPS)
    assert set(apart[CLIPS != 2].tolist()) <= {0, 5} and (apart[CLIPS == 0] == 5).all()
    assert (apart[CLIPS == 2] == 0).all(), "three frames have none five away"


def test_far_frames_are_far_and_drawn_evenly():
    generator = torch.Generator().manual_seed(0)
    rows = torch.arange(len(CLIPS)).repeat(200)
    other = sampling.far_frames(rows, CLIPS, generator)
    assert torch.equal(CLIPS[other], CLIPS[rows])
    apart = (other - rows).abs()
    assert (apart[(CLIPS == 0)[rows] | (CLIPS == 3)[rows]] >= 5).all()
    assert (apart[(CLIPS == 2)[rows]] >= 1).all(), "the end of a short clip, not an endless search"
    first = torch.bincount(other[rows == 0], minlength=40)[5:40]
    assert first.min() > 0 and (sampling.far_frames(rows[:40], CLIPS, generator) < 40).all()
    middle = other[rows == 20] - 20
    assert (middle < 0).any() and (middle > 0).any()


# ------------------------------------------------------------------------------------------- steps


def weights(network):
    return nn.utils.parameters_to_vector(network.parameters()).clone()


@pytest.mark.parametrize(
    ("turn", "changed"),
    [
        (alternating_turn(0), {"scale"}),
        (alternating_turn(1), {"lifter", "critic"}),
        (alternating_turn(2), {"lifter"}),
        (alternating_turn(1, "released"), {"scale", "critic"}),
        (alternating_turn(2, "released"), {"lifter"}),
        (plain_turn(3), {"lifter", "critic"}),
        (plain_turn(4), {"lifter"}),
    ],
)
def test_what_a_step_trains(turn: Turn, changed):
    nets = networks_of()
    optimisers = optimisers_of(nets)
    batch = batch_of()
    for warm in (alternating_turn(0), alternating_turn(1)):  # Adam has momentum in all of them
        step(nets, optimisers, batch, warm, Settings())
    before = {n: weights(getattr(nets, n)) for n in ("lifter", "scale", "critic")}
    step(nets, optimisers, batch, turn, Settings())
    found = {n for n, old in before.items() if not torch.equal(old, weights(getattr(nets, n)))}
    assert found == changed


def test_the_clean_order_gives_every_step_to_one_network():
    for freeze in ("clean", "released"):
        turns = [alternating_turn(i, freeze) for i in range(60)]
        assert sum(t.lifter for t in turns) == (48 if freeze == "clean" else 36)
        assert all(t.lifter != t.scale for t in turns)
        assert sum(t.critic for t in turns) == 16
    with pytest.raises(ValueError, match="clean or released"):
        alternating_turn(0, "off")


@pytest.mark.parametrize("scale", (False, True))
def test_steps_lower_the_losses(scale):
    nets = networks_of(scale)
    optimisers = optimisers_of(nets)
    settings = ambiguity_aware_step.corrected(
        ambiguity_aware_step.RELEASED["true", "best" if scale else "adv"], (0.6, 0.05)
    )
    history = []
    for i in range(150):
        turn = alternating_turn(i) if scale else plain_turn(i)
        history.append(step(nets, optimisers, batch_of(seed=i % 10), turn, settings))
    for name in ("consistency_3d", "consistency_2d", *(["motion", "prior"] if scale else [])):
        values = [float(row[name]) for row in history if name in row]
        assert all(math.isfinite(value) for value in values)
        third = len(values) // 3
        assert sum(values[-third:]) < 0.8 * sum(values[:third]), name
    values = [float(row["critic"]) for row in history if "critic" in row]
    assert all(math.isfinite(value) and value >= 0 for value in values) and len(values) > 20


def test_without_the_adversarial_term_there_is_no_judge():
    nets = networks_of(False)
    before = weights(nets.critic)
    for i in range(3):
        terms = step(
            nets, optimisers_of(nets), batch_of(), plain_turn(i),
            Settings(adversarial=0, motion=0, scale=False),
        )  # fmt: skip
    assert set(terms) == {"consistency_3d", "consistency_2d"}
    assert torch.equal(before, weights(nets.critic))


def test_corrected_settings():
    for (keypoints, variant), released in ambiguity_aware_step.RELEASED.items():
        ours = ambiguity_aware_step.corrected(released, (0.6, 0.05))
        assert ours.prior_of_m == (0.6, 0.05) and released.prior_of_m == losses.RELEASED_PRIOR
        assert (ours.motion_form, ours.freeze) == ("all", "clean")
        assert (ours.motion > 0) == (variant == "best") == ours.scale, keypoints
    assert ambiguity_aware_step.RELEASED["detected", "best"].motion == 0


# --------------------------------------------------------------------------------------- the model


@pytest.mark.parametrize("per", ("pose", "clip"))
def test_the_prior_from_2d_alone_is_near_the_one_from_truth(per):
    people_seen = datasets.load("synthetic", split="train").every(60)
    clip = people_seen.clip_of_frame
    seen = [
        root_centred(people_seen.keypoints_px[clip == i], scale="head_hip", factor=0.1, per=per)
        for i in clip.unique()
    ]
    seen = torch.cat(seen).double()
    ours = inputs.middle_from_keypoints(seen)
    theirs = inputs.middle_from_truth(seen, people_seen.pose_mm.double())
    assert ours.mean().item() == pytest.approx(theirs.mean().item(), rel=0.06)
    assert ours.std().item() == pytest.approx(theirs.std().item(), rel=0.2)
    assert torch.corrcoef(torch.stack([ours, theirs]))[0, 1] > 0.6
    released, spread = losses.RELEASED_PRIOR
    assert abs(theirs.mean() - ours.mean()) < 0.2 * abs(theirs.mean() - released)
    assert abs(theirs.std() - ours.std()) < 0.5 * abs(theirs.std() - spread)


@pytest.mark.parametrize("scale", (False, True))
def test_the_model_lifts(scale):
    torch.manual_seed(0)
    model = ambiguity_aware_network.YuModel(width=32, blocks=1, scale=scale, scale_width=16).eval()
    keypoints = keypoints_of(people(5)).float()
    pose = model.lift(keypoints)
    assert pose.shape == (5, 17, 3) and torch.equal(pose[:, 0], torch.zeros(5, 3))
    absolute = model(keypoints)
    assert torch.allclose(
        absolute[..., :2] / absolute[..., 2:], model.factor(keypoints)[:, :, None] * keypoints
    )
    assert torch.equal(model.factor(keypoints), torch.ones(5, 1)) == (not scale)


def test_a_trained_model_is_kept_in_one_file(tmp_path):
    arguments = dict(width=32, blocks=1, scale=True, scale_width=16)
    model = ambiguity_aware_network.YuModel(**arguments).eval()
    kept = lifting.Lifter(
        header=dict(
            name="trial",
            network={"class": "YuModel", "arguments": arguments},
            skeleton=HOUSE.name,
            normalisation=dict(kind="root_centred", scale="head_hip", factor=0.1, per="clip"),
            data="none",
            licence="MIT",
            metrics={},
        ),
        network=model,
        tensors=dict(mean_place=keypoints_of(people(1))[0].float()),
    )
    again = lifting.load(kept.save(tmp_path / "trial.safetensors"))
    keypoints = keypoints_of(people(5)).float()
    assert torch.equal(again.network.lift(keypoints), model.lift(keypoints))
    assert "YuModel" in lifter_files.NETWORKS


def test_a_critic_of_two_frames():
    critic = ambiguity_aware_network.YuCritic(width=16, frames=2)
    assert critic(torch.rand(5, 2, 17, 2)).shape == (5, 1)
    assert not any(isinstance(layer, nn.BatchNorm1d) for layer in critic.modules())
    assert not any(p.detach().any() for n, p in critic.named_parameters() if "bias" in n)
