"""Chapter 14's video GAN: its training, its lifter, its jitter. The networks: test_repnet."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from posebook import datasets, figures, lifting
from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.errors import InputError
from posebook.lifting import Lifter
from posebook.methods.repnet import inputs
from posebook.methods.repnet import losses as repnet_losses
from posebook.methods.repnet import network as repnet_network
from posebook.methods.repnet import step as repnet_step
from posebook.methods.video_gan import losses as video_gan_losses
from posebook.methods.video_gan import network as video_gan_network
from posebook.methods.video_gan import step as video_gan_step
from posebook.metrics import joint_errors
from posebook.skeletons import HOUSE

HIP = HOUSE.index("hip")
OTHERS = HOUSE.indices(*repnet_network.JOINTS)
CAMERA = torch.tensor(inputs.ONE_CAMERA)


@pytest.fixture(scope="module")
def clip() -> Clip:
    people = datasets.load("synthetic", split="test", subjects=["S9"], actions=["Walking"])
    whole = people.clips[1]
    assert whole.camera.has_distortion
    return replace(
        whole,
        keypoints_px=whole.keypoints_px[:60],
        confidence=whole.confidence[:60],
        pose_mm=whole.pose_mm[:60],
    )


def players(dtype=torch.float64) -> tuple:
    networks = video_gan_network.VideoGan(12).to(dtype), repnet_network.RepNetCritic(12).to(dtype)
    return *networks, tuple(repnet_step.adam(n.parameters(), 1e-3) for n in networks)


def some_batches(count: int, size: int = 8) -> dict[str, torch.Tensor]:
    windows = 0.2 * torch.randn(count * size, 27, 17, 2, dtype=torch.float64)
    return dict(
        windows=windows,
        seen=windows[:, 13],
        camera=CAMERA.double(),
        real=0.3 * torch.randn(count * size, 16, 3, dtype=torch.float64),
        share=torch.rand(count * size, dtype=torch.float64),
    )


# ------------------------------------------------------------------------------------- training


@pytest.mark.parametrize("apart", (True, False))
@pytest.mark.parametrize("steps", (1, 3))
def test_an_iteration_is_the_plain_one(steps, apart):
    """Generators run whole for each step, everything differentiated: the same weights."""
    (generator, critic, optimisers), (plain, plain_critic, plain_optimisers) = (
        players() for _ in range(2)
    )
    plain.load_state_dict(generator.state_dict())
    plain_critic.load_state_dict(critic.state_dict())
    batches = some_batches(steps)
    for _ in range(2):
        logged = video_gan_step.update(
            generator, critic, optimisers, **batches, critic_steps=steps,
            reprojection_weight=7.0, depth_weight=3.0, apart=apart,
        )  # fmt: skip
        for windows, real, share in zip(
            *(batches[name].chunk(steps) for name in ("windows", "real", "share")), strict=True
        ):
            whole = plain(windows)
            fake = (whole - whole[:, HIP : HIP + 1])[:, OTHERS]
            loss = repnet_losses.critic_loss(plain_critic(real), plain_critic(fake))
            mixed = repnet_losses.between(real, fake, share)
            plain_optimisers[1].zero_grad()
            (loss + 10 * repnet_losses.gradient_penalty(plain_critic, mixed)).backward()
            plain_optimisers[1].step()
        whole = plain(windows)
        fake = (whole - whole[:, HIP : HIP + 1])[:, OTHERS]
        lens = CAMERA.double().expand(len(whole), 4)
        error = video_gan_losses.reprojection_loss(whole, windows[:, 13], lens)
        adversarial = repnet_losses.generator_loss(plain_critic(fake))
        picture = 7 * error + 3 * video_gan_losses.depth_loss(whole)
        if apart:
            fixed = plain.join(plain.root(windows), fake.detach())
            picture = 100 * video_gan_losses.reprojection_loss(fixed, windows[:, 13], lens)
            picture = picture + 3 * video_gan_losses.depth_loss(fixed)
            best = video_gan_losses.best_root(
                plain.join(0 * whole[:, HIP], fake), windows[:, 13], lens
            )
            placed = plain.join(best.detach(), fake)
            picture = picture + 7 * video_gan_losses.reprojection_loss(placed, windows[:, 13], lens)
        plain_optimisers[0].zero_grad()
        (picture + adversarial).backward()
        plain_optimisers[0].step()
        assert logged["reprojection"].item() == pytest.approx(error.item(), rel=1e-9)
        assert logged["distance"].item() == pytest.approx(-loss.item(), abs=1e-9)
    for one, other in ((generator, plain), (critic, plain_critic)):
        for a, b in zip(one.parameters(), other.parameters(), strict=True):
            assert torch.allclose(a, b, atol=1e-9)


def test_each_pose_may_have_a_camera_and_another_picture_to_give_back():
    batches = some_batches(2)
    logged = []
    for change in ({}, dict(camera=CAMERA.double().expand(16, 4)), dict(seen=0 * batches["seen"])):
        torch.manual_seed(1)
        its = batches | change
        logged.append(video_gan_step.update(*players(), **its, critic_steps=2)["reprojection"])
    assert torch.allclose(logged[0], logged[1]) and not torch.allclose(logged[0], logged[2])


def test_the_best_root_is_where_the_error_is_least_and_a_constant_for_the_gradient():
    lens = torch.tensor([2.2, 2.4, 0.1, -0.2]).double().expand(5, 4)
    true = 0.4 * torch.randn(5, 17, 3).double()
    true = true - true[:, HIP : HIP + 1]
    place = torch.tensor([0.5, -0.3, 4.0]).double() + 0.3 * torch.randn(5, 1, 3).double()
    seen = lens[:, None, :2] * (true + place)[..., :2] / (true + place)[..., 2:] + lens[:, None, 2:]
    assert torch.allclose(video_gan_losses.best_root(true, seen, lens), place.squeeze(1))
    pose = (true + 0.02 * torch.randn_like(true)).requires_grad_()

    def error(root):
        off = video_gan_losses.residual(pose + root.unsqueeze(1), seen, lens) / lens[:, None, :2]
        return off.square().mean()

    best = video_gan_losses.best_root(pose, seen, lens)
    for step in 1e-3 * torch.eye(3).double():
        assert error(best + step) > error(best) < error(best - step)
    slopes = [
        torch.autograd.grad(error(r), pose, retain_graph=True)[0] for r in (best, best.detach())
    ]
    assert torch.allclose(*slopes, atol=1e-12)
    behind = video_gan_losses.best_root(-true, seen, lens)
    assert (behind[:, 2] == video_gan_losses.NEAREST_M).all()


def test_without_a_critic_only_picture_and_depth_count():
    generator, critic, optimisers = players()
    before = {name: value.clone() for name, value in critic.state_dict().items()}
    batches = some_batches(1)
    errors = []
    for _ in range(150):
        logged = video_gan_step.update(
            generator, critic, optimisers, **batches, critic_steps=1, adversarial_weight=0
        )
        errors.append(logged["reprojection"].item())
    assert errors[-1] < 0.5 * errors[0] and logged.keys() == {"reprojection", "depth", "shape"}
    assert all(torch.equal(before[name], value) for name, value in critic.state_dict().items())


def test_relative_root_and_join_are_the_whole():
    network = video_gan_network.VideoGan(8)
    windows = torch.randn(4, 27, 17, 2)
    joined = network.join(network.root(windows), network.relative(windows))
    assert torch.allclose(joined, network(windows), atol=1e-6)


def test_one_number_moves_the_root_along_the_ray_of_the_hip():
    """Whoever the network puts deeper is still seen at the key point; published: three numbers."""
    windows = 0.3 * torch.randn(4, 27, 17, 2)
    network, published = (
        video_gan_network.VideoGan(8, root_on_ray=on).root for on in (True, False)
    )
    with torch.no_grad():
        network.last.weight[:2], network.last.bias[:2] = 0, 0
        near = network(windows)
        network.last.bias[2] += 1
        far = network(windows)
        seen = CAMERA[:2] * far[:, :2] / far[:, 2:] + CAMERA[2:]
        assert torch.allclose(far[:, 2] - near[:, 2], torch.ones(4), atol=1e-5)
        assert torch.allclose(seen, windows[:, 13, HIP], atol=1e-5)
        network.last.bias[0] += 1  # a tenth of the depth to the right
        assert torch.allclose(network(windows)[:, 0] - far[:, 0], 0.1 * far[:, 2], atol=1e-5)
        assert torch.equal(
            published(windows), video_gan_network.VideoGenerator.forward(published, windows)
        )
        assert torch.allclose(network.every_frame(windows[0])[13], network(windows[:1])[0])


# --------------------------------------------------------------------------------------- lifting


def lifter(rate: float = 50.0) -> Lifter:
    header = dict(
        name="trial",
        network={"class": "VideoGan", "arguments": dict(width=16)},
        skeleton=HOUSE.name,
        normalisation=dict(kind="one_camera", frames_per_second=rate),
        data="none", licence="MIT", metrics={},
    )  # fmt: skip
    network = video_gan_network.VideoGan(16).eval()
    return Lifter(header, network, dict(mean_place=torch.randn(17, 2)))


def first(clip: Clip, frames: int, **changes) -> Clip:
    cut = dict(keypoints_px=clip.keypoints_px[:frames], confidence=clip.confidence[:frames])
    return replace(clip, pose_mm=None, **cut | changes)


def test_one_camera_sees_what_it_would_see(clip):
    screen = inputs.one_camera(clip.camera.rays(clip.keypoints_px))
    plain = 2.29 * clip.pose_mm[..., :2] / clip.pose_mm[..., 2:]
    assert torch.allclose(screen, plain.to(screen), atol=1e-4)
    lens = CAMERA.to(clip.pose_mm).expand(60, 4)
    off = video_gan_losses.residual(clip.pose_mm / 1000, screen.to(clip.pose_mm), lens)
    assert off.abs().max() < 1e-3


@pytest.mark.parametrize("frames", (1, 2, 26, 60))
def test_a_file_lifts_clips_of_any_length(tmp_path, clip, frames):
    kept = lifter()
    again = lifting.load(kept.save(tmp_path / "trial.safetensors"))
    lifted = again.lift(first(clip, frames))
    screen = inputs.one_camera(clip.camera.rays(clip.keypoints_px[:frames].double()))
    with torch.no_grad():
        wanted = 1000 * kept.network.every_frame(screen.float())
    assert torch.allclose(lifted.absolute_mm, wanted, atol=0.05)
    assert (lifted.pose_mm[:, HIP] == 0).all()


def test_long_clips_go_through_in_pieces(clip, monkeypatch):
    kept = lifter()
    whole = kept.lift(first(clip, 60))
    monkeypatch.setattr("posebook.lifting.normalisations.BATCH", 7)
    assert torch.allclose(kept.lift(first(clip, 60)).absolute_mm, whole.absolute_mm, atol=0.05)


def test_another_camera_of_the_same_scene_gives_the_same_pose(clip):
    kept = lifter()
    known = kept.lift(first(clip, 30))
    other = Camera(focal_px=torch.tensor([700.0, 700.0]), centre_px=torch.tensor([320.0, 240.0]))
    seen = other.project(clip.pose_mm[:30]).to(clip.keypoints_px)
    again = kept.lift(first(clip, 30, camera=other, size_px=(640, 480), keypoints_px=seen))
    assert torch.allclose(again.absolute_mm, known.absolute_mm, atol=1.0)


def test_gaps_rates_and_unknown_cameras(clip):
    kept = lifter()
    points = clip.keypoints_px.clone()
    points[20:40] = torch.nan  # nobody
    points[:, 5] = torch.nan  # a joint that is never seen
    seen = torch.isfinite(points).all(-1).to(points)
    lifted = kept.lift(first(clip, 60, keypoints_px=points, confidence=seen, camera=None))
    assert lifted.empty.tolist() == [20 <= i < 40 for i in range(60)]
    assert torch.isfinite(lifted.absolute_mm[~lifted.empty]).all()
    assert any(note.kind == "camera" and "is assumed" in note.text for note in lifted.notes)
    slow = kept.lift(first(clip, 60, frames_per_second=25.0))
    assert slow.pose_mm.shape == (60, 17, 3) and any("25 frames/s" in str(n) for n in slow.notes)


def test_rates_of_nobody_s_camera_are_refused_before_frames_are_made(clip):
    for rate in (0.001, 1e6):
        with pytest.raises(InputError, match="frames/s, for a network that was trained at 50"):
            lifter().lift(first(clip, 60, frames_per_second=rate))


def test_a_network_of_another_form_is_refused(tmp_path):
    made = lifter()
    made.header["normalisation"] = dict(kind="screen_clip", frames_per_second=50.0)
    file = made.save(tmp_path / "trial.safetensors")
    with pytest.raises(InputError, match="do not fit"):
        lifting.load(file)


def test_a_file_with_a_wrong_rate_is_refused(tmp_path):
    for rate in ("quick", None):
        file = lifter(rate).save(tmp_path / "trial.safetensors")
        with pytest.raises(InputError, match="do not fit"):
            lifting.load(file)


# ------------------------------------------------------------------------------ jitter, panels


def test_jitter_is_0_in_even_motion_and_knows_where_clips_end():
    even = torch.randn(1, 17, 3) + torch.arange(10.0)[:, None, None] * torch.randn(1, 17, 3)
    both = torch.cat([even, even + 1000])
    found = joint_errors.jitter(both, torch.arange(2).repeat_interleave(10))
    assert torch.isfinite(found).tolist() == ([False] + [True] * 8 + [False]) * 2
    assert found.nanmean() < 1e-3
    assert joint_errors.jitter(both).nan_to_num().max() > 500
    shaken = even.clone()
    shaken[5, 3] += torch.tensor([17.0, 0, 0])
    assert joint_errors.jitter(shaken)[4:7].tolist() == pytest.approx([1, 2, 1], abs=1e-3)
    assert joint_errors.jitter(even[:2]).isnan().all()


def test_side_by_side_moves_every_panel(tmp_path, clip):
    poses = {"one": clip.pose_mm, "truth": clip.pose_mm}
    figure = figures.side_by_side(clip.keypoints_px, poses, frames_per_second=50, title="Two")
    assert len(figure.frames) == 60 and len(figure.layout.sliders[0].steps) == 60
    axes = {trace.xaxis or "x" for trace in figure.data}
    assert axes == {"x", "x2", "x3"}
    first_joints = np.array(figure.frames[0].data[-1].x, dtype=float)
    last_joints = np.array(figure.frames[-1].data[-1].x, dtype=float)
    assert not np.allclose(first_joints, last_joints, equal_nan=True)
    few = figures.side_by_side(clip.keypoints_px, poses, most_frames=10)
    assert len(few.frames) == 10
    path = figures.side_by_side_film(
        tmp_path / "two.gif", clip.keypoints_px[:3], {n: p[:3] for n, p in poses.items()},
        frames_per_second=25, alt="Key points and two poses of a person who walks.",
    )  # fmt: skip
    assert path.stat().st_size > 1000 and path.with_suffix(".txt").exists()
    for wrong in ({}, {"short": clip.pose_mm[:5]}):
        with pytest.raises(InputError):
            figures.side_by_side(clip.keypoints_px, wrong)
