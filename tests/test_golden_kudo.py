"""Kudo et al. 2018 against the arrays that the published code computed, row by row of its check."""

import pytest
import torch
from golden_arrays import golden, largest

from posebook import kudo_training
from posebook.losses import kudo as losses
from posebook.models.kudo import KudoDiscriminator, KudoGenerator
from posebook.viewpoint import facing_sine

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
    found = losses.discriminator_loss(real, fake).item()
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
    critic = stored(KudoDiscriminator, "d_dis")
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
    assert count(KudoDiscriminator()) == 2_136_065


# --- three whole updates ------------------------------------------------------------------------


@pytest.mark.parametrize("chainer_epsilon", (True, False))
def test_three_updates(chainer_epsilon):
    """Reports, logits, weights; PyTorch's own epsilon errs by 2e-4 a step where no gradient is."""
    generator, critic = stored(KudoGenerator, "d_gen"), stored(KudoDiscriminator, "d_dis")
    optimisers = tuple(
        kudo_training.adam(network.parameters(), chainer_epsilon=chainer_epsilon)
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
        said = kudo_training.update(
            generator, critic, optimisers, keypoints,
            lambda pose, angle=angle: losses.turned(pose, angle),
        )  # fmt: skip
        names = "discriminator", "accuracy", "accuracy_fake", "accuracy_real"
        row = [said["generator"], said["heading"], square, *(said[name] for name in names)]
        reports.append([float(value) for value in row])
        weights_after(step)
    assert len(checked) == 8, "all the weights that are stored"
    near = 1e-5 if chainer_epsilon else 1e-3
    assert largest(torch.tensor(reports).double() - ARRAYS["b_step_reports"]) < near
    assert len(logits) == 6, "the critic looks once at each batch"
    assert largest(logits[0] - ARRAYS["b_y_real_step0"].squeeze(-1)) < 1e-5
    assert largest(logits[1] - ARRAYS["b_y_fake_step0"].squeeze(-1)) < 1e-5
