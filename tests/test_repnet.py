"""RepNet's parts and the video GAN's: what must hold, in training and of a lifted clip."""

import inspect

import pytest
import torch
from torch.nn import functional

from posebook import geometry
from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.lifting import Lifter
from posebook.lifting import load as load_lifter
from posebook.methods.repnet import inputs, step
from posebook.methods.repnet import losses as repnet_losses
from posebook.methods.repnet import network as repnet_network
from posebook.methods.video_gan import losses as video_gan_losses
from posebook.methods.video_gan import network as video_gan_network
from posebook.skeletons import HOUSE

OTHERS = HOUSE.indices(*repnet_network.JOINTS)


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def poses(count: int = 8, **options) -> torch.Tensor:
    return 0.4 * torch.randn(count, 16, 3, **options)


def rotations(count: int) -> torch.Tensor:
    return geometry.quaternion_to_matrix(torch.randn(count, 4, dtype=torch.float64))


# ------------------------------------------------------------------------------------- networks


def test_chain_space_is_that_of_geometry():
    pose = poses(dtype=torch.float64)
    ends = [
        tuple(repnet_network.JOINTS.index(joint) for joint in bone) for bone in repnet_network.BONES
    ]
    found = repnet_network.chain_space(pose, repnet_network.chain_matrix())
    assert torch.allclose(found, geometry.kinematic_chain(pose, ends))
    turned = repnet_network.chain_space(pose @ rotations(8).mT, repnet_network.chain_matrix())
    assert torch.allclose(turned, found)


def test_leaky_is_a_leaky_relu_that_is_differentiated_twice():
    values = torch.randn(50, dtype=torch.float64)
    values[:2] = 0
    slopes = []
    for activation in (repnet_network.leaky, functional.leaky_relu):
        its = values.clone().requires_grad_()
        out = activation(its, 0.3)
        assert torch.equal(out, functional.leaky_relu(values, 0.3))
        slopes.append(torch.autograd.grad(out.square().sum(), its)[0])
    assert torch.equal(*slopes)


def test_penalty_trains_the_critic_as_with_torch_s_own_activation(monkeypatch):
    critic = repnet_network.RepNetCritic(width=32).double()
    pose = poses(dtype=torch.float64)

    def slopes() -> list[torch.Tensor]:
        penalty = repnet_losses.gradient_penalty(critic, pose)
        found = torch.autograd.grad(penalty, list(critic.parameters()), allow_unused=True)
        return [torch.zeros(1).double() if slope is None else slope for slope in found]

    ours = slopes()
    monkeypatch.setattr(repnet_network, "leaky", functional.leaky_relu)
    for block in (critic.pose_block, critic.chain_block):
        block.activation = functional.leaky_relu
    for one, other in zip(ours, slopes(), strict=True):
        assert torch.allclose(one, other, atol=1e-12)
    assert max(slope.abs().max() for slope in ours) > 1e-4


def test_critic_without_chain_sees_coordinates_only():
    whole, plain = (
        repnet_network.RepNetCritic(width=32),
        repnet_network.RepNetCritic(width=32, chain=False),
    )
    gone = {n for n, _ in whole.named_parameters()} - {n for n, _ in plain.named_parameters()}
    assert gone and all(name.startswith("chain") for name in gone)
    assert plain(poses()).shape == (8,)


def test_glorot_is_the_original_s_start():
    network = repnet_network.RepNetGenerator(width=64, **repnet_network.ORIGINAL)
    assert (network.first.bias == 0).all() and (network.camera_last.bias == 0).all()
    limit = (6 / (32 + 64)) ** 0.5
    assert 0.95 * limit < network.first.weight.abs().max() <= limit
    assert (
        repnet_network.RepNetGenerator(width=64, **repnet_network.BZHAO96).first.bias != 0
    ).any()


def test_pose_alone_is_the_pose():
    network = repnet_network.RepNetGenerator(width=32)
    keypoints = torch.randn(5, 16, 2)
    assert torch.equal(network.pose(keypoints), network(keypoints)[0])


# --------------------------------------------------------------------------------------- camera


def test_camera_is_completed_to_the_rotation_that_it_is():
    rotation = rotations(9)
    found, scale = repnet_network.complete_camera(0.445 * rotation[:, :2])
    assert torch.allclose(found, rotation) and torch.allclose(scale, torch.tensor(0.445).double())
    mirrored = repnet_network.complete_camera(rotation[:, :2] * torch.tensor([1.0, 1.0, -1.0]))[0]
    assert torch.allclose(torch.linalg.det(mirrored), torch.ones(9).double()), "no reflection"


def test_a_skewed_camera_is_completed_to_the_nearest_rotation():
    camera = torch.randn(20, 2, 3, dtype=torch.float64)
    found, scale = repnet_network.complete_camera(camera)
    u, s, vh = torch.linalg.svd(camera, full_matrices=False)
    assert torch.allclose(found[:, :2], u @ vh) and torch.allclose(scale, s.mean(-1))


def test_camera_loss():
    camera = 3 * rotations(5)[:, :2]
    for form in ("bzhao96", "original"):
        assert repnet_losses.camera_loss(camera, form=form).abs().max() < 1e-12
        longer = camera * torch.tensor([[1.0], [2.0]])
        assert (repnet_losses.camera_loss(longer, form=form) > 0.5).all()
        nothing = repnet_losses.camera_loss(torch.zeros(1, 2, 3), form=form)
        assert torch.isfinite(nothing).all() and nothing > 1
    with pytest.raises(InputError, match="form 'l1'"):
        repnet_losses.camera_loss(camera, form="l1")


# ------------------------------------------------------------------------------- normalisations


def test_half_pictures_know_how_near_somebody_is():
    keypoints_px = 400 + 100 * torch.randn(6, 17, 2)
    found = inputs.about_hip(keypoints_px)
    assert (found[:, HOUSE.index("hip")] == 0).all()
    moved = inputs.about_hip(keypoints_px + torch.tensor([70.0, -30.0]))
    assert torch.allclose(moved, found, atol=1e-5)
    assert torch.allclose(inputs.about_hip(2 * keypoints_px), 2 * found, atol=1e-5)
    assert torch.allclose(inputs.about_hip(2 * keypoints_px, 2000), found, atol=1e-5)
    alone = inputs.by_itself(keypoints_px[:, OTHERS])
    assert torch.allclose(inputs.by_itself(2 * keypoints_px[:, OTHERS]), alone, atol=1e-5)
    assert (inputs.by_itself(torch.full((1, 16, 2), 7.0)) == 0).all()


def test_windows_of_short_clips_repeat_both_ends():
    rows = inputs.window_rows(torch.tensor([10, 12, 40]), torch.tensor([10, 10, 20]), 13)
    assert rows.shape == (3, 27)
    assert rows[0].tolist() == [10] * 13 + [10, 11, 12, 13] + [13] * 10
    assert rows[1].tolist() == [10] * 11 + [10, 11, 12, 13] + [13] * 12
    whole = inputs.window_rows(torch.tensor([50]), 0, 99)
    assert whole[0].tolist() == list(range(37, 64))


def test_reprojection_weight():
    assert [repnet_losses.reprojection_weight(share) for share in (0, 0.3, 1)] == [1e4] * 3
    grown = [repnet_losses.reprojection_weight(s, first=1e2, last=1e4) for s in (-1, 0, 0.5, 1, 2)]
    assert grown == pytest.approx([1e2, 1e2, 1e3, 1e4, 1e4])


# ------------------------------------------------------------------------------------- training


def players(width: int = 16, dtype: torch.dtype = torch.float32) -> tuple:
    networks = (
        repnet_network.RepNetGenerator(width).to(dtype),
        repnet_network.RepNetCritic(width).to(dtype),
    )
    return *networks, tuple(step.adam(n.parameters(), 1e-3) for n in networks)


def some_batches(count: int, size: int = 12) -> dict[str, torch.Tensor]:
    return dict(
        keypoints=0.2 * torch.randn(count * size, 16, 2),
        real=poses(count * size),
        share=torch.rand(count * size),
    )


@pytest.mark.parametrize("steps", (1, 3))
def test_an_iteration_is_the_plain_one(steps):
    """What is saved changes nothing: a generator run for each step, everything differentiated.

    In float64: the slope of the critic's last bias is 0 but for rounding, which Adam would magnify.
    """
    (generator, critic, optimisers), (plain_generator, plain_critic, plain_optimisers) = (
        players(dtype=torch.float64) for _ in range(2)
    )
    plain_generator.load_state_dict(generator.state_dict())
    plain_critic.load_state_dict(critic.state_dict())
    batches = {name: tensor.double() for name, tensor in some_batches(steps).items()}
    for _ in range(3):
        logged = step.update(
            generator, critic, optimisers, **batches, critic_steps=steps, reprojection_weight=7.0
        )
        for keypoints, real, share in zip(
            *(batches[name].chunk(steps) for name in ("keypoints", "real", "share")), strict=True
        ):
            fake = plain_generator(keypoints)[0]
            loss = repnet_losses.critic_loss(plain_critic(real), plain_critic(fake))
            mixed = repnet_losses.between(real, fake, share)
            plain_optimisers[1].zero_grad()
            (loss + 10 * repnet_losses.gradient_penalty(plain_critic, mixed)).backward()
            plain_optimisers[1].step()
        pose, camera = plain_generator(keypoints)
        error = repnet_losses.reprojection_loss(keypoints, repnet_losses.reproject(pose, camera))
        adversarial = repnet_losses.generator_loss(plain_critic(pose))
        plain_optimisers[0].zero_grad()
        (7 * error + repnet_losses.camera_loss(camera).mean() + adversarial).backward()
        plain_optimisers[0].step()
        assert logged["reprojection"].item() == pytest.approx(error.item(), rel=1e-9)
        assert logged["adversarial"].item() == pytest.approx(adversarial.item(), abs=1e-9)
        assert logged["distance"].item() == pytest.approx(-loss.item(), abs=1e-9)
    for one, other in ((generator, plain_generator), (critic, plain_critic)):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-9)


def test_generator_learns_from_the_last_batch_and_the_critic_from_all():
    batches = some_batches(2)
    outcomes = []
    for changed in ("nothing", "first", "last"):
        torch.manual_seed(1)
        generator, critic, optimisers = players()
        its = batches | dict(keypoints=batches["keypoints"].clone())
        rows = {"nothing": slice(0), "first": slice(12), "last": slice(12, 24)}[changed]
        its["keypoints"][rows] += 0.5
        step.update(generator, critic, optimisers, **its, critic_steps=2, adversarial_weight=1e-12)
        outcomes.append((generator.first.weight.detach(), critic.head.weight.detach()))
    (generator, critic), first, last = outcomes
    assert torch.allclose(first[0], generator, atol=1e-6) and not torch.allclose(first[1], critic)
    assert not torch.allclose(last[0], generator, atol=1e-6)


def test_without_a_critic_only_the_picture_counts():
    generator, critic, optimisers = players()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    batches = some_batches(1)
    errors = []
    for _ in range(200):
        logged = step.update(
            generator, critic, optimisers, **batches, critic_steps=1, adversarial_weight=0
        )
        errors.append(logged["reprojection"].item())
    assert errors[-1] < 0.5 * errors[0] and logged.keys() == {"reprojection", "camera"}
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())


def test_critic_measures_how_far_two_crowds_are_apart():
    """Shifted by 2 in one coordinate: the distance of Wasserstein is 2."""
    critic = repnet_network.RepNetCritic(width=32)
    optimiser = step.adam(critic.parameters(), 3e-3)
    draw = torch.Generator().manual_seed(0)
    found = []
    for _ in range(300):
        real, fake = (0.3 * torch.randn(64, 16, 3, generator=draw) for _ in range(2))
        real[:, 0, 0] += 2
        share = torch.rand(64, generator=draw)
        logged = step.critic_step(critic, optimiser, real, fake, share)
        found.append(logged["distance"].item())
    assert sum(found[-50:]) / 50 == pytest.approx(2, abs=0.3)
    assert abs(found[0]) < 0.5


# -------------------------------------------------------------------------------------- lifting


def test_lift_turns_the_pose_by_its_own_camera():
    network = repnet_network.RepNetGenerator(width=16).eval()
    keypoints = inputs.about_hip(400 + 100 * torch.randn(4, 17, 2))
    pose, camera = network(keypoints[:, OTHERS])
    found = network.lift(keypoints)
    rotation, scale = repnet_network.complete_camera(camera)
    assert (found[:, HOUSE.index("hip")] == 0).all()
    assert torch.allclose(found[:, OTHERS], pose @ rotation.mT, atol=1e-5)
    # With a camera of orthonormal rows, x and y are the picture over the scale.
    with torch.no_grad():
        network.camera_last.weight.zero_()
        network.camera_last.bias.copy_(0.5 * rotations(1)[0, :2].flatten())
    pose, camera = network(keypoints[:, OTHERS])
    seen = repnet_losses.reproject(pose, camera)
    assert torch.allclose(network.lift(keypoints)[:, OTHERS, :2], seen / 0.5, atol=1e-5)


def lifter(width_px: float | str = 1000.0) -> Lifter:
    header = dict(
        name="trial",
        network={"class": "RepNetGenerator", "arguments": dict(width=16)},
        skeleton=HOUSE.name,
        normalisation=dict(kind="half_pictures", width_px=width_px),
        data="none", licence="MIT", metrics={},
    )  # fmt: skip
    network = repnet_network.RepNetGenerator(width=16).eval()
    return Lifter(header, network, dict(mean_place=torch.randn(17, 2)))


def clip_of(keypoints_px: torch.Tensor, size_px: tuple[int, int] | None = None) -> Clip:
    seen = torch.isfinite(keypoints_px).all(-1).to(keypoints_px)
    return Clip("trial", HOUSE, None, keypoints_px, seen, size_px=size_px)


def test_a_lifter_file_holds_it(tmp_path):
    kept = lifter()
    again = load_lifter(kept.save(tmp_path / "trial.safetensors"))
    keypoints_px = 400 + 100 * torch.randn(6, 17, 2)
    lifted = again.lift(clip_of(keypoints_px, (1000, 1000)))
    wanted = 1000 * kept.network.lift(inputs.about_hip(keypoints_px))
    assert torch.allclose(lifted.pose_mm, wanted, atol=1e-2)
    twice = again.lift(clip_of(2 * keypoints_px, (2000, 1500)))
    assert torch.allclose(twice.pose_mm, lifted.pose_mm, atol=1e-2), "measured by its width"
    unknown = again.lift(clip_of(keypoints_px))
    assert torch.equal(unknown.pose_mm, lifted.pose_mm)
    assert any("taken to be 1000 px wide" in str(note) for note in unknown.notes)
    assert not any("wide" in str(note) for note in lifted.notes)


def test_a_lifter_goes_on_without_a_joint():
    keypoints_px = 400 + 100 * torch.randn(6, 17, 2)
    keypoints_px[:, 5] = torch.nan  # in all frames: nothing to bridge the gap from
    lifted = lifter().lift(clip_of(keypoints_px, (1000, 1000)))
    assert not lifted.empty.any()
    assert any("6 of 6 frames lack a joint" in str(note) for note in lifted.notes)


@pytest.mark.parametrize("width_px", (0.0, -5.0, 1e9, "wide"))
def test_a_width_that_no_picture_has_is_refused(tmp_path, width_px):
    file = lifter(width_px).save(tmp_path / "trial.safetensors")
    with pytest.raises(InputError, match="do not fit"):
        load_lifter(file)


# ------------------------------------------------------------------------------------ video GAN


def test_a_clip_at_once_is_window_by_window():
    network = video_gan_network.VideoGan(width=12).double()
    for frames in (1, 5, 40):
        clip = torch.randn(frames, 17, 2, dtype=torch.float64)
        rows = inputs.window_rows(torch.arange(frames), 0, frames - 1)
        whole = network.every_frame(clip)
        assert whole.shape == (frames, 17, 3)
        assert torch.allclose(whole, network(clip[rows]), atol=1e-10)


def test_middle_frames_reach_13_frames_and_no_further():
    network = video_gan_network.VideoGenerator(4, 6, width=8).double()
    clip = torch.randn(60, 4, 2, dtype=torch.float64)
    changed = clip.clone()
    changed[30] += 1
    differs = (network.every_frame(changed) - network.every_frame(clip)).abs().amax(-1) > 1e-12
    assert differs.nonzero().squeeze(-1).tolist() == list(range(17, 44))


def test_pose_sees_no_place_and_the_root_starts_at_the_mean():
    network = video_gan_network.VideoGan(width=12)
    windows = torch.randn(3, 27, 17, 2)
    moved = windows + torch.tensor([0.2, -0.1])
    hip = HOUSE.index("hip")
    one, other = network(windows), network(moved)
    about = [pose[:, OTHERS] - pose[:, hip : hip + 1] for pose in (one, other)]
    assert torch.allclose(*about, atol=1e-5)
    assert not torch.allclose(one[:, hip], other[:, hip], atol=1e-4)
    torch.nn.init.zeros_(network.root.last.weight)
    away = network(windows)[:, hip, 2] - video_gan_network.MEAN_ROOT_M[2]
    assert away.abs().max() < 0.5, "the bias of a fresh layer is small"
    published = video_gan_network.VideoGan(width=12, root_on_ray=False)
    torch.nn.init.zeros_(published.root.last.weight)
    away = published(windows)[:, hip] - torch.tensor(video_gan_network.MEAN_ROOT_M)
    assert away.abs().max() < 0.5


def seen_people(count: int = 16) -> tuple[torch.Tensor, ...]:
    """Poses about the hip, roots, key points on the screen, cameras."""
    pose = poses(count, dtype=torch.float64)
    root = torch.tensor(video_gan_network.MEAN_ROOT_M, dtype=torch.float64).expand(count, 3)
    camera = torch.tensor([2.29, 2.288, 0.025, 0.031], dtype=torch.float64).expand(count, 4)
    whole = video_gan_network.absolute(root, pose)
    zero = torch.zeros(count, 17, 2, dtype=torch.float64)
    keypoints = video_gan_losses.residual(whole, zero, camera) / whole[..., 2:]
    return pose, root, keypoints, camera


def test_people_behind_the_camera_cost_nothing_but_the_depth_loss():
    pose, root, keypoints, camera = seen_people()
    whole = video_gan_network.absolute(root, pose)
    noisy = keypoints + 0.01 * torch.randn_like(keypoints)
    costs = [video_gan_losses.reprojection_loss(p, noisy, camera) for p in (whole, -whole)]
    assert torch.equal(*costs) and costs[0] > 0
    assert video_gan_losses.reprojection_loss(0 * whole, noisy, camera) == 0
    assert video_gan_losses.depth_loss(whole) == 0 and video_gan_losses.depth_loss(-whole) > 5
    assert video_gan_losses.depth_loss(0 * whole).item() == pytest.approx(
        video_gan_losses.NEAREST_M
    )


@pytest.mark.parametrize("weight", (0.0, 10.0))
def test_depth_loss_brings_people_back_before_the_camera(weight):
    """From the mirror minimum, pose and root free: without it nothing moves, with it they come."""
    pose, root, keypoints, camera = seen_people()
    whole = (-video_gan_network.absolute(root, pose)).clone().requires_grad_()
    optimiser = torch.optim.Adam([whole], 0.05)
    for _ in range(400):
        loss = 100 * video_gan_losses.reprojection_loss(whole, keypoints, camera)
        loss = loss + weight * video_gan_losses.depth_loss(whole)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    in_front = (whole[..., 2] > 0.9 * video_gan_losses.NEAREST_M).double().mean().item()
    assert in_front == (1.0 if weight else 0.0)


# -------------------------------------------------------------------------------------- nonsense


def test_what_is_missing_stays_missing():
    seen = torch.randn(3, 16, 2)
    seen[1, 4] = torch.nan
    seen[2] = 513.7
    found = inputs.by_itself(seen)
    assert torch.isfinite(found[0]).all() and found[1].isnan().all() and not found[2].any()


def test_windows_of_another_length_and_clips_without_frames():
    network = video_gan_network.VideoGan(width=6)
    assert network.every_frame(torch.zeros(0, 17, 2)).shape == (0, 17, 3)
    for frames in (0, 26, 54):
        with pytest.raises(InputError, match=f"windows of {frames} frames; expected 27"):
            inspect.unwrap(video_gan_network.VideoGenerator.forward)(
                network.pose, torch.zeros(2, frames, 16, 2)
            )


@pytest.mark.parametrize(("count", "steps"), [(10, 3), (3, 5), (0, 1), (10, 0), (10, -1)])
def test_steps_that_do_not_divide_the_key_points_are_refused(count, steps):
    networks = (
        repnet_network.RepNetGenerator(width=8),
        repnet_network.RepNetCritic(width=8),
    )
    optimisers = tuple(step.adam(network.parameters()) for network in networks)
    some = torch.randn(count, 16, 2), torch.randn(count, 16, 3), torch.rand(count)
    with pytest.raises(InputError, match="a multiple of the steps"):
        step.update(*networks, optimisers, *some, critic_steps=steps)


@pytest.mark.parametrize(("first", "last"), [(0.0, 1.0), (1.0, 0.0), (1.0, -1.0)])
def test_weights_that_do_not_grow_are_refused(first, last):
    with pytest.raises(InputError, match="greater than 0"):
        repnet_losses.reprojection_weight(0.5, first=first, last=last)
