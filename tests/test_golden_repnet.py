"""RepNet in both published forms, and the video GAN, against stored arrays.

The original's vectors hold all x's, then all y's; bzhao96's go joint by joint, as ours do. Networks
are compared without stored weights: weight n of parameter k is a given sine.
"""

import math

import numpy as np
import pytest
import torch
from golden_arrays import FOLDER, golden, largest

from posebook.methods.repnet import inputs
from posebook.methods.repnet import losses as repnet_losses
from posebook.methods.repnet import network as repnet_network
from posebook.methods.video_gan import losses as video_gan_losses
from posebook.methods.video_gan import network as video_gan_network
from posebook.skeletons import HOUSE

ARRAYS = golden("repnet")
OTHERS = HOUSE.indices(*repnet_network.JOINTS)
EXACT = 1e-9


def by_joint(rows: torch.Tensor, dimensions: int) -> torch.Tensor:
    """The original's (n, dimensions x 16) as (n, 16, dimensions)."""
    return rows.unflatten(1, (dimensions, 16)).mT


def names(which: str) -> list[tuple[int, ...]]:
    """The shapes of a network's parameters in the published order."""
    with np.load(FOLDER / "repnet.npz") as arrays:
        listed = arrays[f"cf_names_{which}"].tolist()
    return [tuple(map(int, name.split("|")[2].strip("(),").split(","))) for name in listed]


def fill(network: torch.nn.Module, shapes: list[tuple[int, ...]]) -> torch.nn.Module:
    """The given sines, shaped as published; convolutions as the matrices that they are here."""
    network = network.double()
    for k, (parameter, shape) in enumerate(zip(network.parameters(), shapes, strict=True)):
        fan = math.prod(shape[1:]) if len(shape) > 1 else shape[0]
        n = torch.arange(math.prod(shape), dtype=torch.float64)
        values = (1.7 / math.sqrt(fan) * torch.sin(0.7 * n + 1.3 * k)).view(shape)
        if len(shape) == 3:  # out, in, frame -> out, (frame, in)
            values = values.mT.flatten(1)
        with torch.no_grad():
            parameter.copy_(values)
    return network


# ------------------------------------------------------------------------- kinematic chain space


@pytest.mark.parametrize(("name", "released"), [("wandt", False), ("bzhao", True)])
def test_kinematic_chain_space(name, released):
    matrix = repnet_network.chain_matrix(released_sign=released)
    assert torch.equal(matrix.double(), ARRAYS[f"kcs_C_{name}"].T)
    psi = repnet_network.chain_space(ARRAYS["kcs_pose_joint_major"], matrix)
    assert largest(psi - ARRAYS[f"kcs_psi_{name}"]) < EXACT
    if released:
        assert largest(psi[0, 13]) < EXACT, "hip plus hip is about nothing"
    else:
        # 1 is 0 mirrored, 4 is 0 turned; 2 is somebody else.
        assert largest(psi[1] - psi[0]) < EXACT and largest(psi[4] - psi[0]) < EXACT
        assert largest(psi[2] - psi[0]) > 0.01 and psi[0, 13, 13] > 0.01
        lengths = psi.diagonal(dim1=-2, dim2=-1).sqrt()
        assert largest(lengths - ARRAYS["kcs_bone_lengths_wandt"]) < EXACT


def test_bones_by_name_are_the_published_ones():
    ends = [[repnet_network.JOINTS.index(joint) for joint in bone] for bone in repnet_network.BONES]
    assert ends == ARRAYS["kcs_bones"].tolist()


# ----------------------------------------------------------------------- reprojection and camera


def test_reprojection_and_camera_of_bzhao():
    out = ARRAYS["rep_netout_bzhao"]
    pose, camera = out[:, :48].view(-1, 16, 3), out[:, 48:].view(-1, 3, 2).mT
    seen = repnet_losses.reproject(pose, camera)
    assert largest(seen.flatten(1) - ARRAYS["rep_pose2d_bzhao"]) < EXACT
    assert largest(repnet_losses.camera_loss(camera) - ARRAYS["cam_loss_bzhao"]) < EXACT
    target = ARRAYS["rep_target_bzhao"].view(-1, 16, 2)
    loss = repnet_losses.reprojection_loss(target, seen)
    assert largest(loss - ARRAYS["rep_mse_bzhao"]) < EXACT
    weighted = repnet_losses.reprojection_weight(0.5) * loss
    assert largest(weighted - ARRAYS["rep_loss_bzhao_w10000"]) < EXACT


def test_reprojection_and_camera_of_the_original():
    out = ARRAYS["rep_netout_wandt"]
    pose, camera = by_joint(out[:, :48], 3), out[:, 48:].view(-1, 2, 3)
    seen = repnet_losses.reproject(pose, camera)
    assert largest(seen - by_joint(ARRAYS["rep_pose2d_wandt"], 2)) < EXACT
    assert largest(seen.flatten(1) - ARRAYS["rep_pose2d_bzhao"]) < EXACT, "one mathematics"
    found = repnet_losses.camera_loss(camera, form="original")
    assert largest(found - ARRAYS["cam_loss_wandt_l1"]) < EXACT
    weight = torch.tensor(
        [
            repnet_losses.ORIGINAL_WEIGHTS.get(joint, 1.0)
            for joint in repnet_network.ORIGINAL_JOINTS
        ],
        dtype=torch.float64,
    )
    assert torch.equal(weight.repeat(2), ARRAYS["rep_weights_wandt"])
    target = by_joint(ARRAYS["rep_target_wandt"], 2)
    found = repnet_losses.weighted_reprojection_loss(target, seen, weight)
    assert largest(found - ARRAYS["rep_loss_wandt_per_sample"]) < EXACT


# ------------------------------------------------------------------------------ critic's losses


def linear(pose: torch.Tensor) -> torch.Tensor:
    return pose.flatten(1) @ ARRAYS["gp_w"] + ARRAYS["gp_b"]


def test_critic_losses():
    real, fake = (ARRAYS[f"gp_{which}"].view(-1, 16, 3) for which in ("real", "fake"))
    found = repnet_losses.critic_loss(linear(real), linear(fake))
    between = repnet_losses.between(real, fake, ARRAYS["gp_alpha"].squeeze(-1))
    penalty = repnet_losses.PENALTY_WEIGHT * repnet_losses.gradient_penalty(linear, between)
    assert largest(penalty - ARRAYS["gp_linear"]) < EXACT
    assert largest(penalty - 10 * (ARRAYS["gp_w"].norm() - 1) ** 2) < EXACT
    other = repnet_losses.PENALTY_WEIGHT * repnet_losses.gradient_penalty(linear, 3 * real)
    assert largest(other - penalty) < EXACT, "a line is as steep everywhere"
    assert largest(found + penalty - ARRAYS["critic_cost_linear"]) < EXACT
    assert largest(repnet_losses.generator_loss(linear(fake)) - ARRAYS["gen_adv_linear"]) < EXACT

    def quadratic(pose: torch.Tensor) -> torch.Tensor:
        return pose.flatten(1).square().sum(-1) / 2

    penalty = repnet_losses.PENALTY_WEIGHT * repnet_losses.gradient_penalty(quadratic, between)
    assert largest(penalty - ARRAYS["gp_quadratic"]) < EXACT


# --------------------------------------------------------------------------------- normalisation


def test_global_normalisation():
    keypoints = inputs.about_hip(ARRAYS["gn_pose2d_px"])
    assert largest(keypoints[OTHERS].flatten() - ARRAYS["gn_pose2d_single"]) < 1e-5
    pose = inputs.metres_about_hip(ARRAYS["gn_pose3d_mm"])
    assert largest(pose[OTHERS].flatten() - ARRAYS["gn_pose3d_single"]) < 1e-5
    back_mm = 1000 * repnet_network.with_hip(ARRAYS["gn_pose3d_single"].double().view(16, 3))
    assert largest(back_mm.view(1, 51) - ARRAYS["gn_pose3d_back_mm"]) < 1e-5
    absolute_m = ARRAYS["gn_pose3d_mm"] / 1000
    root, relative = absolute_m[0], absolute_m[OTHERS] - absolute_m[0]
    whole = torch.cat([root, relative.flatten()])
    assert largest(whole - ARRAYS["gn_video_pose3d_first"]) < 1e-5


def test_intrinsics():
    px = ARRAYS["gn_video_cams_px_fxfycxcy"]
    found = inputs.intrinsics(px[:, :2], px[:, 2:])
    assert largest(found - ARRAYS["gn_video_cams_norm"]) < 1e-6
    assert largest(found[0] - ARRAYS["gn_video_cam_54138969"]) < 1e-6


def test_normalisation_of_the_original():
    px = ARRAYS["wandt_norm2d_in_px"]
    for upwards, name in ((False, "wandt_norm2d_out"), (True, "wandt_norm2d_out_yflipped")):
        found = inputs.by_itself(px, upwards=upwards)
        assert largest(found.T.flatten() - ARRAYS[name]) < EXACT
    spread_px = (px - px.mean(0)).square().mean().sqrt()
    assert largest(spread_px - ARRAYS["wandt_norm2d_std"]) < EXACT


def test_windows():
    clip_px = ARRAYS["gn_video_clip_px"]
    screen, about = inputs.on_screen(clip_px), inputs.about_hip(clip_px)
    vectors = torch.cat([screen[:, 0], about[:, OTHERS].flatten(1)], -1)
    frames = torch.tensor([0, 12, 29])
    windows = vectors[inputs.window_rows(frames, 0, 29)]
    for window, name in zip(windows, ("first", "idx12", "last"), strict=True):
        assert largest(window - ARRAYS[f"gn_video_window_{name}"]) < 1e-5, name
    first = ARRAYS["gn_video_window_first"]
    assert (first[:13] == first[13]).all() and not torch.equal(first[14], first[13])


# -------------------------------------------------------------------------------------- networks


def test_generator_of_bzhao():
    network = fill(repnet_network.RepNetGenerator(**repnet_network.BZHAO96), names("generator"))
    pose, camera = network(ARRAYS["cf_gen_in"].view(-1, 16, 2))
    # Its six camera numbers are three rows of two: the camera transposed.
    camera = camera.flatten(1).view(-1, 3, 2)
    found = torch.cat([pose.flatten(1), camera.flatten(1)], -1)
    assert largest(found - ARRAYS["cf_gen_out"]) < EXACT


def permuted(network: torch.nn.Module, first: torch.nn.Linear, last: torch.nn.Linear | None = None):
    """A network filled for vectors of all x's, then all y's, as one for vectors joint by joint."""
    with torch.no_grad():
        dimensions = first.in_features // 16
        order = torch.arange(16 * dimensions).view(dimensions, 16).T.flatten()
        first.weight.copy_(first.weight[:, order])
        if last is not None:
            order = torch.arange(48).view(3, 16).T.flatten()
            last.weight.copy_(last.weight[order])
            last.bias.copy_(last.bias[order])
    return network


def test_generator_of_the_original():
    network = fill(repnet_network.RepNetGenerator(**repnet_network.ORIGINAL), names("generator"))
    permuted(network, network.first, network.pose_last)
    pose, camera = network(by_joint(ARRAYS["cf_gen_in_wandt"], 2))
    found = torch.cat([pose.mT.flatten(1), camera.flatten(1)], -1)
    assert largest(found - ARRAYS["cf_gen_out_wandt"]) < EXACT


def test_critic_of_bzhao():
    network = fill(
        repnet_network.RepNetCritic(**repnet_network.BZHAO96, released_sign=True), names("critic")
    )
    pose = ARRAYS["cf_critic_in"].view(-1, 16, 3)
    assert largest(network(pose) - ARRAYS["cf_critic_out"].squeeze(-1)) < EXACT
    corrected = fill(repnet_network.RepNetCritic(**repnet_network.BZHAO96), names("critic"))
    assert largest(corrected(pose) - ARRAYS["cf_critic_out"].squeeze(-1)) > 1e-6


def test_critic_of_the_original():
    network = repnet_network.RepNetCritic(**repnet_network.ORIGINAL, last_activation=False)
    network = permuted(fill(network, names("critic")), network.pose_first)
    found = network(by_joint(ARRAYS["cf_critic_in_wandt"], 3))
    assert largest(found - ARRAYS["cf_critic_out_wandt"].squeeze(-1)) < EXACT


def test_video_generators():
    window = ARRAYS["cf_video_window"]
    pose = fill(video_gan_network.VideoGenerator(16, 48), names("video_pose"))
    found = pose(window[..., 2:].unflatten(-1, (16, 2)))
    assert largest(found - ARRAYS["cf_video_pose_out"]) < EXACT
    root = fill(video_gan_network.VideoGenerator(17, 3), names("video_root"))
    found = root(window.unflatten(-1, (17, 2)))
    assert largest(found - ARRAYS["cf_video_root_out"]) < EXACT


def test_sizes():
    networks = {
        "bzhao_generator": repnet_network.RepNetGenerator(),
        "bzhao_critic": repnet_network.RepNetCritic(),
        "bzhao_video_pose": video_gan_network.VideoGenerator(16, 48),
        "bzhao_video_root": video_gan_network.VideoGenerator(17, 3),
    }
    with np.load(FOLDER / "repnet.npz") as arrays:
        known = dict(
            zip(arrays["param_count_names"], arrays["param_count_values"].tolist(), strict=True)
        )
    for name, network in networks.items():
        assert sum(p.numel() for p in network.parameters()) == known[name], name


# ------------------------------------------------------------------------------------- video GAN


def test_absolute_pose_and_its_picture():
    pose = video_gan_network.absolute(ARRAYS["va_root"], ARRAYS["va_rel"])
    assert largest(pose - ARRAYS["va_abs"]) < EXACT
    camera, seen = ARRAYS["va_cam"], ARRAYS["va_obs2d"]
    nothing = torch.zeros_like(seen)
    found = video_gan_losses.residual(pose, nothing, camera)
    assert largest(found - ARRAYS["va_reproj_fX_plus_cZ"]) < EXACT
    loss = video_gan_losses.REPROJECTION_WEIGHT * video_gan_losses.reprojection_loss(
        pose, seen, camera
    )
    assert largest(loss - ARRAYS["va_rep_loss_w100"]) < EXACT
    exact = found / pose[..., 2:]
    assert video_gan_losses.reprojection_loss(pose, exact, camera).item() < 1e-20
