"""Kudo et al. 2018 against the arrays that the published code computed, row by row of its check."""

import numpy as np
import pytest
import torch
from golden_arrays import golden, largest

from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.published import mpii
from posebook.figures import side_views
from posebook.geometry import facing_sine
from posebook.methods.adversarial_lifting import (
    demo,
    losses,
    protocol,
)
from posebook.methods.adversarial_lifting import (
    step as adversarial_lifting_step,
)
from posebook.methods.adversarial_lifting.network import KudoCritic, KudoGenerator
from posebook.metrics import distances_under, score
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32, OPENPOSE_COCO_18

ARRAYS = golden("kudo2018")
LAYERS = ("first", "second", "third", "last")


def pose_of(xy, depth):
    """Interleaved (n, 34) and (n, 17) -> (n, 17, 3)."""
    return torch.cat([xy.unflatten(-1, (17, 2)), depth.unsqueeze(-1)], -1)


def stored(kind, prefix, **options):
    """The small network of width 16 with its stored weights."""
    network = kind(width=16, **options).to(torch.float32)
    for number, layer in enumerate(LAYERS, 1):
        getattr(network, layer).weight.data.copy_(ARRAYS[f"{prefix}_l{number}_W"])
        getattr(network, layer).bias.data.copy_(ARRAYS[f"{prefix}_l{number}_b"])
    if options.get("batch_norm"):
        for number, norm in enumerate(network.norms, 1):
            for ours, theirs in (
                (norm.weight, "gamma"), (norm.bias, "beta"),
                (norm.running_mean, "mean"), (norm.running_var, "var"),
            ):  # fmt: skip
                ours.data.copy_(ARRAYS[f"{prefix}_bn{number}_{theirs}"])
    return network


# --- the heading loss, the turn, the losses, the gate -------------------------------------------


def test_heading():
    depth = ARRAYS["a_z"].requires_grad_()
    pose = pose_of(ARRAYS["a_xy"], depth)
    assert largest(facing_sine(pose) - ARRAYS["a_sine"]) < 1e-10
    loss = losses.heading_loss(pose)
    assert loss.item() == pytest.approx(ARRAYS["a_heuristic_loss"].item(), abs=1e-10)
    (slope,) = torch.autograd.grad(loss, depth)
    assert largest(slope - ARRAYS["a_grad_z"]) < 1e-10
    mirrored = pose_of(ARRAYS["a_xy"], -depth.detach())
    assert torch.equal(facing_sine(mirrored), -facing_sine(pose))
    expected = ARRAYS["a_heuristic_loss_flipped_z"].item()
    assert losses.heading_loss(mirrored).item() == pytest.approx(expected, abs=1e-10)


def test_heading_of_a_person_who_faces_the_camera():
    found = facing_sine(ARRAYS["a_front_pose_xyz"]).item()
    assert found == pytest.approx(ARRAYS["a_front_pose_sine"].item(), abs=1e-10) == 1.0


def test_turn():
    pose = pose_of(ARRAYS["b_xy_real"], ARRAYS["b_z_pred_step0"])
    new = losses.turned(pose, ARRAYS["b_theta"][0])
    assert largest(new.flatten(1) - ARRAYS["b_xy_fake_step0"]) < 1e-5


def test_adversarial_losses():
    real, fake = ARRAYS["c_y_real"].squeeze(-1), ARRAYS["c_y_fake"].squeeze(-1)
    assert (real == 0).any() and (fake == 0).any(), "a logit of 0 has to be counted as somebody's"
    found = losses.generator_loss(fake).item()
    assert found == pytest.approx(ARRAYS["c_loss_gen_adv"].item(), abs=1e-9)
    found = losses.critic_loss(real, fake).item()
    assert found == pytest.approx(ARRAYS["c_loss_dis"].item(), abs=1e-9)
    right_real, right_fake = losses.accuracies(real, fake)
    assert right_fake.item() == ARRAYS["c_acc_fake"].item()
    assert right_real.item() == ARRAYS["c_acc_real"].item()
    assert (right_real + right_fake).item() / 2 == ARRAYS["c_acc"].item()


def test_gate():
    found = [losses.gate(count / 32) for count in ARRAYS["c_gate_correct_of_32"].tolist()]
    assert [generator for generator, _ in found] == ARRAYS["c_gate_update_gen"].tolist()
    assert [critic for _, critic in found] == ARRAYS["c_gate_update_dis"].tolist()


# --- networks -----------------------------------------------------------------------------------


def test_networks_without_batch_norm():
    keypoints = ARRAYS["d_x"].unflatten(1, (17, 2))
    generator = stored(KudoGenerator, "d_gen")
    assert largest(generator(keypoints) - ARRAYS["d_gen_out"]) < 1e-5
    critic = stored(KudoCritic, "d_dis")
    assert largest(critic(keypoints) - ARRAYS["d_dis_out"].squeeze(-1)) < 1e-5


def test_network_with_batch_norm():
    keypoints = ARRAYS["d_x"].unflatten(1, (17, 2))
    generator = stored(KudoGenerator, "d_genbn", batch_norm=True, relu=True)
    assert largest(generator.eval()(keypoints) - ARRAYS["d_genbn_out_eval"]) < 1e-5
    assert largest(generator.train()(keypoints) - ARRAYS["d_genbn_out_train"]) < 1e-5
    for number, norm in enumerate(generator.norms, 1):
        assert largest(norm.running_mean - ARRAYS[f"d_genbn_bn{number}_mean_after1"]) < 1e-5
        assert largest(norm.running_var - ARRAYS[f"d_genbn_bn{number}_var_after1"]) < 1e-5


def test_size_of_the_published_networks():
    def count(network):
        return sum(parameter.numel() for parameter in network.parameters())

    assert count(KudoGenerator()) == 2_152_465
    assert count(KudoCritic()) == 2_136_065


# --- three whole updates ------------------------------------------------------------------------


@pytest.mark.parametrize("chainer_epsilon", (True, False))
def test_three_updates(chainer_epsilon):
    """Reports, logits, weights; PyTorch's own epsilon errs by 2e-4 a step where no gradient is."""
    generator, critic = stored(KudoGenerator, "d_gen"), stored(KudoCritic, "d_dis")
    optimisers = tuple(
        adversarial_lifting_step.adam(network.parameters(), chainer_epsilon=chainer_epsilon)
        for network in (generator, critic)
    )
    keypoints = ARRAYS["b_xy_real"].unflatten(1, (17, 2))
    logits = []
    critic.register_forward_hook(lambda _, __, out: logits.append(out.detach()))
    reports = []

    def weights_after(step):
        near = 1e-6 if chainer_epsilon else 2e-4 * step
        for key, network in (("gen", generator), ("dis", critic)):
            for number, layer in enumerate(LAYERS, 1):
                for ours, part in (("weight", "W"), ("bias", "b")):
                    expected = ARRAYS.get(f"b_{key}_after{step}_l{number}_{part}")
                    if expected is not None:
                        checked.append((key, step, number, part))
                        found = getattr(getattr(network, layer), ours)
                        assert largest(found - expected) < near, checked[-1]

    checked = []
    for step, angle in enumerate(ARRAYS["b_theta"], 1):
        square = generator(keypoints).square().mean().item()
        logged = adversarial_lifting_step.update(
            generator, critic, optimisers, keypoints,
            lambda pose, angle=angle: losses.turned(pose, angle),
        )  # fmt: skip
        names = "critic", "accuracy", "accuracy_fake", "accuracy_real"
        row = [logged["generator"], logged["heading"], square, *(logged[name] for name in names)]
        reports.append([float(value) for value in row])
        weights_after(step)
    assert len(checked) == 8, "all the weights that are stored"
    near = 1e-5 if chainer_epsilon else 1e-3
    assert largest(torch.tensor(reports).double() - ARRAYS["b_step_reports"]) < near
    assert len(logits) == 6, "the critic looks once at each batch"
    assert largest(logits[0] - ARRAYS["b_y_real_step0"].squeeze(-1)) < 1e-5
    assert largest(logits[1] - ARRAYS["b_y_fake_step0"].squeeze(-1)) < 1e-5


# --- data: normalisation, MPII's split, projection, frames --------------------------------------


def test_normalisation():
    raw = ARRAYS["e_mpii_raw"].unflatten(1, (17, 2))
    found = protocol.normalised(raw)
    assert largest(found.flatten(1) - ARRAYS["e_mpii_norm"]) < 1e-5
    assert (found[:, 0] == 0).all()
    distances = torch.linalg.vector_norm(found[:, 1:], dim=-1)
    assert largest(distances.mean(-1) - 1) < 1e-6


def test_mpii_split():
    count, train_count, test_count = ARRAYS["e_mpii_counts"].tolist()
    train, test = (mpii.rows_of(count, split) for split in ("train", "test"))
    assert (len(train), len(test)) == (train_count, test_count)
    assert train[:10].tolist() == ARRAYS["e_mpii_perm_head"].tolist()
    assert sorted(torch.cat([train, test]).tolist()) == list(range(count))
    first = protocol.normalised(ARRAYS["e_mpii_train0_raw"].view(1, 17, 2))
    assert largest(first.flatten() - ARRAYS["e_mpii_train0_norm"]) < 1e-5


def test_mpii_file(shared):
    """The array itself, where it lies beside the project."""
    rows = np.load(shared / "data" / "mpii_poses.npy")
    assert rows.shape == (ARRAYS["e_mpii_counts"][0], 34)
    assert (rows[[0, 1, 100, 5000]] == ARRAYS["e_mpii_raw"].numpy()).all()
    train = mpii.read(shared / "data" / "mpii_poses.npy", "train")
    assert largest(train.keypoints_px[0].flatten() - ARRAYS["e_mpii_train0_raw"]) == 0


def camera_0():
    focal, centre, radial, tangential, position = (
        ARRAYS[f"f_cam0_{k}"].squeeze(-1) for k in ("f", "c", "k", "p", "T")
    )
    lens = radial, tangential, "human36m"
    return Camera(focal, centre, None, *lens, ARRAYS["f_cam0_R"], position)


def test_projection():
    camera, world_mm = camera_0(), ARRAYS["f_world17_sample0"]
    pose_mm = camera.to_camera(world_mm)
    keypoints_px = camera.project(pose_mm)
    assert largest(keypoints_px - ARRAYS["f_proj_pixels_sample0"]) < 1e-6
    found = protocol.normalised(keypoints_px.unsqueeze(0))
    assert largest(found.flatten() - ARRAYS["f_xy"][0]) < 1e-4
    truth, scale_mm = protocol.normalised_truth(pose_mm.unsqueeze(0))
    assert largest(truth.flatten() - ARRAYS["f_xyz"][0]) < 1e-4
    assert scale_mm.item() == pytest.approx(ARRAYS["f_scale"][0].item(), abs=1e-3)
    # Theirs turns the world's axes without moving them: about the hip that is the same.
    turned, _ = protocol.normalised_truth((world_mm @ camera.rotation.T).unsqueeze(0))
    assert largest(turned - truth) < 1e-9
    assert ARRAYS["f_h36m_joint_idx"].tolist() == list(HUMAN36M_KEPT_OF_32)


def test_frames_and_the_damaged_recording():
    """Two subjects, 16 takes (two of Directions), two cameras, ten frames each."""
    rig = {camera.name: camera for camera in human36m_rig("S9")[:2]}
    assert set(rig) == {"54138969", "55011271"}
    numbered = torch.arange(10.0)[:, None, None].expand(10, 17, 2)
    clips = [
        Clip(
            f"S{subject}/{take}/{name}", HOUSE, 50.0, numbered, torch.ones(10, 17),
            camera=camera, subject=f"S{subject}", action="Directions" if take < 2 else f"{take}",
        )
        for subject in (9, 11) for take in range(16) for name, camera in rig.items()
    ]  # fmt: skip
    found = protocol.published_frames(PoseDataset("trial", "test", tuple(clips)))
    assert found.frames_per_second == 10
    rows = [
        (int(clip.subject[1:]), int(clip.camera.name), int(frame[0, 0]))
        for clip in found for frame in clip.keypoints_px
    ]  # fmt: skip
    expected = zip(
        *(ARRAYS[f"f_{k}"].tolist() for k in ("subject", "camera", "start")), strict=True
    )
    assert sorted(rows) == sorted(expected)
    assert sum(row[:2] == (11, 54138969) for row in rows) == 28


# --- evaluation ---------------------------------------------------------------------------------


def scored(depth):
    """Error of each sample, mm, of the 124 stored ones with this depth."""
    scale_mm = ARRAYS["f_scale"]
    prediction_mm = protocol.in_mm(pose_of(ARRAYS["f_xy"], depth), scale_mm)
    truth_mm = protocol.in_mm(ARRAYS["f_xyz"].unflatten(1, (17, 3)), scale_mm)
    under = distances_under(prediction_mm, truth_mm, protocol.PLAIN)
    actions = [str(action) for action in range(15)]
    where = dict(clip_of_frame=ARRAYS["f_action"], actions=actions)
    average = score(prediction_mm, truth_mm, protocol.PLAIN, **where)
    means = protocol.by_action(under.mean(-1), **where)
    assert means["average"] == pytest.approx(average, abs=1e-9)
    return under.mean(-1), means


def test_evaluation():
    generator = stored(KudoGenerator, "d_gen")
    depth = generator(ARRAYS["f_xy"].unflatten(1, (17, 2))).detach()
    assert largest(depth - ARRAYS["f_z_pred"]) < 1e-5
    errors_mm, means_mm = scored(depth)
    assert largest(errors_mm - ARRAYS["f_per_sample_mm"]) < 1e-3
    expected = ARRAYS["f_eval_per_action_mm"].tolist()
    assert list(means_mm.values())[:15] == pytest.approx(expected, abs=1e-3)
    average = ARRAYS["f_eval_average_mm"].item()
    assert means_mm["average"] == pytest.approx(average, abs=1e-3)
    batches = protocol.mean_of_batches(errors_mm)
    assert batches == pytest.approx(ARRAYS["f_evaluator_euclid_b32"].item(), abs=1e-3)
    assert abs(batches - average) > 0.1, "the two averages must not be the same"
    truth = ARRAYS["f_xyz"].unflatten(1, (17, 3))
    square = (depth - truth[..., 2]).square().mean(-1)
    expected = ARRAYS["f_evaluator_zmse_b32"].item()
    assert protocol.mean_of_batches(square) == pytest.approx(expected, abs=1e-3)


def test_floor_and_zero_depth():
    """Both are frame means."""
    truth = ARRAYS["f_xyz"].unflatten(1, (17, 3))
    floor, _ = scored(truth[..., 2])
    assert floor.mean().item() == pytest.approx(ARRAYS["f_floor_perfect_z_mm"].item(), abs=1e-3)
    flat, _ = scored(torch.zeros(124, 17))
    assert flat.mean().item() == pytest.approx(ARRAYS["f_zero_z_mm"].item(), abs=1e-3)
    answer = pose_of(ARRAYS["f_xy"], truth[..., 2])
    assert largest(facing_sine(answer) - ARRAYS["f_gt_sine"]) < 1e-5


def test_depth_pck():
    assert HOUSE.indices(*protocol.PCK_JOINTS) == ARRAYS["f_pck_joints"].tolist()
    truth = ARRAYS["f_xyz"].unflatten(1, (17, 3))[..., 2]
    found = protocol.depth_pck(ARRAYS["f_z_pred"], truth, ARRAYS["f_scale"])
    assert found == pytest.approx(ARRAYS["f_pck_zonly_150"].item(), abs=1e-3)


# --- the demo -----------------------------------------------------------------------------------


def test_demo():
    keypoints_px = ARRAYS["g_coco18"].unsqueeze(0)
    clip = Clip("demo", OPENPOSE_COCO_18, None, keypoints_px, torch.ones(1, 18))
    house_px = demo.house_keypoints(clip)
    assert largest(house_px[0] - ARRAYS["g_h36m17"]) < 1e-5
    keypoints = protocol.normalised(house_px)
    assert largest(keypoints.flatten(1) - ARRAYS["g_norm"]) < 1e-5
    pose = stored(KudoGenerator, "d_gen").pose(keypoints.float())
    assert largest(pose.flatten(1) - ARRAYS["g_pose_xyz"]) < 1e-5


@pytest.mark.parametrize(("degrees", "key"), [(0, "g_img_front"), (90, "g_img_front_90")])
def test_little_pictures(degrees, key):
    found = side_views.side_view(ARRAYS["a_front_pose_xyz"], degrees)
    expected = ARRAYS[key].numpy()[..., ::-1]  # theirs is blue, green, red
    assert (found == expected).all(-1).mean() >= 0.99
    # A picture of nobody would have 97 % equal pixels: of the person alone, most are right too.
    person = (expected != expected[..., :1]).any(-1)
    assert (found == expected).all(-1)[person].mean() >= 0.9
