"""ElePose's parts: what must hold of a flow, of a lifted pose, of the way there and back."""

import math

import pytest
import torch

from posebook.errors import InputError
from posebook.lifting import Lifter
from posebook.lifting import load as load_lifter
from posebook.methods.ambiguity_aware import losses as ambiguity_aware_losses
from posebook.methods.elepose import losses as elepose_losses
from posebook.methods.elepose import step as elepose_step
from posebook.methods.elepose.flow import CouplingBlock, Flow, PosePrior, principal_components
from posebook.methods.elepose.network import ElePoseLifter
from posebook.skeletons import HOUSE


def keypoints(count: int = 12, **options) -> torch.Tensor:
    """Normalised key points of nobody in particular, hip at 0."""
    points = 0.05 * torch.randn(count, 17, 2, **options)
    points[:, HOUSE.index("hip")] = 0
    return points


def some_pose(count: int = 12) -> torch.Tensor:
    pose = 0.5 * torch.randn(count, 17, 3, dtype=torch.float64)
    return pose - pose[:, :1]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


# ----------------------------------------------------------------------------------------- flow


@pytest.mark.parametrize("size", (2, 5, 26))
def test_flow_goes_there_and_back(size):
    flow = Flow(size, blocks=3, width=16).double()
    for block in flow.blocks:  # as after training: no scale is 1, no offset 0
        torch.nn.init.normal_(block.scale, 10, 1)
        torch.nn.init.normal_(block.offset)
    values = torch.randn(40, size, dtype=torch.float64)
    z, log_det = flow(values)
    again, log_det_back = flow.inverse(z)
    assert torch.allclose(again, values, atol=1e-5)  # the rotations are float32 numbers
    assert torch.allclose(log_det, -log_det_back, atol=1e-5)
    assert log_det.std() > 1e-3, "another Jacobian at each place"


def test_a_fresh_block_scales_by_one_and_turns():
    block = CouplingBlock(7, width=8)
    block.subnet[-1].weight.data.zero_()
    block.subnet[-1].bias.data.zero_()
    values = torch.randn(5, 7)
    out, log_det = block(values)
    assert torch.allclose(out.norm(dim=-1), values.norm(dim=-1), rtol=1e-4)
    assert log_det.abs().max() < 1e-4
    rotation = block.rotation.double()
    assert torch.allclose(rotation @ rotation.T, torch.eye(7).double(), atol=1e-6)
    assert torch.linalg.det(rotation).item() == pytest.approx(1, abs=1e-5)
    assert not any(p is block.rotation for p in block.parameters()), "the turn is not trained"


def test_density_sums_to_one():
    flow = Flow(size=2, blocks=4, width=8).double()
    for block in flow.blocks:
        torch.nn.init.normal_(block.subnet[-1].weight, std=1)
    axis = torch.linspace(-8, 8, 401, dtype=torch.float64)
    grid = torch.cartesian_prod(axis, axis)
    with torch.no_grad():
        density = (-flow.negative_log_likelihood(grid)).exp() / (2 * math.pi)
    assert (density.sum() * (axis[1] - axis[0]) ** 2).item() == pytest.approx(1, abs=1e-3)


def test_training_finds_a_density():
    generator = torch.Generator().manual_seed(0)
    across = torch.randn(4096, generator=generator)
    bent = torch.stack([across, across.square() + 0.1 * torch.randn(4096, generator=generator)], -1)
    flow = Flow(size=2, blocks=6, width=32)
    optimiser = torch.optim.Adam(flow.parameters(), lr=1e-2)
    before = flow.negative_log_likelihood(bent).mean().item()
    for _ in range(200):
        loss = flow.negative_log_likelihood(bent[:512]).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    after = flow.negative_log_likelihood(bent[512:]).mean().item()
    # The entropy of a Gaussian that is 0.1 wide across the bend and 1 along it, without constant.
    assert after < -0.9 and before > 1
    assert math.log(0.1) + 1 == pytest.approx(-1.3, abs=0.01) and after > -1.31


def test_prior_of_poses():
    poses = keypoints(200)
    prior = PosePrior(bases=20, blocks=2, width=8).fit_components(poses)
    kept = prior.poses(prior.coefficients(poses))
    whole = PosePrior(bases=34, blocks=1, width=4).fit_components(poses)
    assert torch.allclose(whole.poses(whole.coefficients(poses)), poses, atol=1e-5)
    lost, variance = (kept - poses).square().sum(), (poses - poses.mean(0)).square().sum()
    assert 0 < lost < (34 - 20) / 32 * variance, "the first directions hold the most"
    assert prior(poses).shape == (200,)
    drawn = [prior.sample(5, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(drawn[0], drawn[1]) and not torch.equal(drawn[0], drawn[2])
    assert drawn[0].shape == (5, 17, 2)
    assert drawn[0][:, HOUSE.index("hip")].abs().max() < 1e-6


def test_what_the_components_leave_out():
    poses = keypoints(300) * torch.linspace(0.1, 2, 34).view(17, 2)
    blind = PosePrior(bases=20, blocks=1, width=8).fit_components(poses)
    strict = PosePrior(bases=20, blocks=1, width=8, leftover=0.01).fit_components(poses)
    strict.load_state_dict(blind.state_dict())
    kept = blind.poses(blind.coefficients(poses))
    assert torch.allclose(blind(kept), blind(poses), atol=1e-3), "blind to what is left out"
    assert torch.allclose(strict(kept), blind(kept), atol=1e-3)
    left = (poses - kept).square().sum((1, 2)) / (2 * 0.01**2)
    assert torch.allclose(strict(poses), blind(poses) + left, rtol=1e-3) and left.mean() > 1


def test_prior_refuses():
    with pytest.raises(InputError, match="bases is 35"):
        PosePrior(bases=35)
    with pytest.raises(InputError, match="found 33 rows"):
        PosePrior(width=4).fit_components(keypoints(33))
    poses = keypoints(40)
    poses[3, 4] = torch.nan
    with pytest.raises(InputError, match="all finite"):
        principal_components(poses.flatten(1))


# --------------------------------------------------------------------------------------- lifter


def test_lift_is_back_projection_of_the_depths():
    lifter = ElePoseLifter(width=16)
    seen = keypoints()
    depths, elevation = lifter(seen)
    pose = lifter.lift(seen)
    assert torch.equal(pose, elepose_losses.back_project(seen, depths))
    assert torch.equal(depths, lifter.depths(seen)) and elevation.shape == (12,)
    assert (pose[:, HOUSE.index("hip")] == 0).all()
    assert torch.allclose(elepose_losses.project(pose), seen, atol=1e-6)
    turned = ElePoseLifter(width=16, start_elevation=-0.2)
    turned.load_state_dict(lifter.state_dict())
    assert torch.equal(turned.lift(seen), pose)


def test_elevation_starts_where_it_is_told():
    torch.manual_seed(1)
    level = ElePoseLifter(width=16)
    torch.manual_seed(1)
    tilted = ElePoseLifter(width=16, start_elevation=-0.2)
    seen = keypoints()
    assert torch.allclose(level(seen)[1] - 0.2, tilted(seen)[1], atol=1e-6)


def test_depth_stops_in_front_of_the_camera():
    seen = keypoints(2)
    far_off = torch.full((2, 17), -30.0)
    pose = elepose_losses.back_project(seen, far_off)
    nearest = ambiguity_aware_losses.NEAREST - ambiguity_aware_losses.DISTANCE
    assert (pose[:, 1:, 2] == nearest).all()
    assert (pose[:, HOUSE.index("hip")] == 0).all(), "the hip's own depth counts for nothing"


def test_a_lifter_file_holds_it(tmp_path):
    lifter = ElePoseLifter(width=8, start_elevation=-0.1).eval()
    header = dict(
        name="trial",
        network={"class": "ElePoseLifter", "arguments": dict(width=8)},
        skeleton=HOUSE.name,
        normalisation=dict(kind="root_centred", scale="head_hip", factor=0.1, per="clip"),
        data="none", licence="MIT", metrics={},
    )  # fmt: skip
    kept = Lifter(header, lifter, dict(mean_place=torch.eye(17)[:, :2]))
    again = load_lifter(kept.save(tmp_path / "trial.safetensors"))
    seen = keypoints()
    assert torch.equal(again.network.lift(seen), lifter.lift(seen))


# --------------------------------------------------------------------------------------- losses


def test_normalise():
    keypoints_px = 400 + 100 * torch.randn(9, 17, 2)
    hip, head = HOUSE.indices("hip", "head")
    reach_px = torch.linalg.vector_norm(keypoints_px[:, head] - keypoints_px[:, hip], dim=-1).mean()
    found = elepose_losses.normalise(keypoints_px, reach_px)
    assert (found[:, hip] == 0).all()
    assert found[:, head].norm(dim=-1).mean().item() == pytest.approx(0.1, rel=1e-5)
    assert torch.allclose(
        found, elepose_losses.normalise(3 * keypoints_px + 70, 3 * reach_px), atol=1e-5
    )


def test_a_view_undoes_its_own_elevation():
    elevation = torch.full((4,), -0.3, dtype=torch.float64)
    azimuth = torch.tensor([0.0, 1.0, 2.0, -2.5], dtype=torch.float64)
    view = elepose_losses.random_view(elevation, azimuth, torch.randn(4, dtype=torch.float64))
    assert torch.allclose(view[0], torch.eye(3).double()), "all alike, no spin: nothing changes"
    # A camera that looks 0.3 down sees up as (0, -cos, -sin); so does every view of this batch.
    up = torch.tensor([0.0, -math.cos(0.3), -math.sin(0.3)], dtype=torch.float64)
    assert torch.allclose(view @ up, up.expand(4, 3))


def test_gradient_reaches_the_elevations_on_all_three_ways():
    noise, azimuth = torch.tensor([1.0, -0.5, 0.3]), torch.tensor([0.4, 1.0, -2.0])
    elevation = torch.tensor([0.1, -0.2, 0.3], requires_grad=True)
    view = elepose_losses.random_view(elevation, azimuth, noise)
    view[0, 2, 1].backward()  # the first pose's view depends on the others through mean and spread
    assert (elevation.grad.abs() > 1e-3).all()
    with pytest.raises(InputError, match="a batch of one pose"):
        elepose_losses.random_view(elevation[:1], azimuth[:1], noise[:1])


def test_fixed_view_has_no_elevation_to_undo():
    azimuth, tilt = torch.randn(6, dtype=torch.float64), torch.randn(6, dtype=torch.float64)
    view = elepose_losses.fixed_view(azimuth, tilt)
    up = torch.tensor([0.0, -1.0, 0.0], dtype=torch.float64)
    expected = torch.stack([torch.zeros_like(tilt), -tilt.cos(), -tilt.sin()], -1)
    assert torch.allclose(view @ up, expected)


def test_true_depths_cost_nothing():
    pose = some_pose()
    view = elepose_losses.fixed_view(torch.randn(12).double(), 0.2 * torch.randn(12).double())
    way = elepose_losses.cycle(
        elepose_losses.project(pose),
        pose[..., 2],
        view,
        depths_of=lambda seen: (pose @ view.mT)[..., 2],
    )
    losses = (
        elepose_losses.keypoint_loss(elepose_losses.project(pose), way.back_seen),
        elepose_losses.pose_loss(way.turned, way.seen_pose),
        elepose_losses.deformation_loss(way.pose, way.back),
    )
    assert all(loss.item() < 1e-12 for loss in losses)
    wrong = elepose_losses.cycle(
        elepose_losses.project(pose), pose[..., 2], view, depths_of=lambda seen: 0 * seen[..., 0]
    )
    assert elepose_losses.pose_loss(wrong.turned, wrong.seen_pose) > 0.1
    assert elepose_losses.keypoint_loss(elepose_losses.project(pose), wrong.back_seen) > 0.01


def test_deformation_looks_at_pairs():
    pose, back = some_pose(5), some_pose(5)
    whole = elepose_losses.deformation_loss(pose, back)
    assert torch.equal(whole, elepose_losses.deformation_loss(pose[:4], back[:4])), (
        "one has no partner"
    )
    same_error = elepose_losses.deformation_loss(pose, pose + some_pose(1))
    assert same_error.item() < 1e-12, "an error that both share costs nothing"


def puppet(count: int = 3) -> torch.Tensor:
    """Poses whose bones point anywhere and have the published ratios."""
    pose = torch.zeros(count, 17, 3, dtype=torch.float64)
    for name, (parent, child) in zip(HOUSE.bone_names, HOUSE.bones, strict=True):
        direction = torch.nn.functional.normalize(torch.randn(count, 3).double(), dim=-1)
        pose[:, child] = pose[:, parent] + elepose_losses.BONE_RATIOS[name] * direction
    return pose


def test_bone_losses():
    pose = puppet()
    for loss in (elepose_losses.bone_loss, elepose_losses.own_bone_loss):
        assert loss(pose).item() < 1e-6
        assert loss(7 * pose).item() < 1e-6, "ratios know no scale"
        longer = pose.clone()
        longer[:, HOUSE.index("left_wrist")] *= 3  # in all poses alike, but on one side only
        assert loss(longer) > 1e-3
        changing = pose.clone()
        changing[0, HOUSE.index("head")] *= 3
        assert loss(changing) > 1e-3
    assert sum(elepose_losses.BONE_RATIOS.values()) / 16 == pytest.approx(1, abs=1e-3)


def test_a_batch_has_ratios_of_its_own():
    pose, longer = puppet(), puppet()
    feet, knees = (HOUSE.indices(f"left_{j}", f"right_{j}") for j in ("foot", "knee"))
    longer[:, feet] = 2 * longer[:, feet] - longer[:, knees]
    assert elepose_losses.own_bone_loss(longer) < 1e-6 < 1e-2 < elepose_losses.bone_loss(longer)
    assert elepose_losses.own_bone_loss(torch.cat([pose, longer])) > 1e-2, (
        "two peoples in one batch"
    )


@pytest.mark.parametrize("learned", (True, False))
@pytest.mark.parametrize("bones", elepose_step.BONE_PRIORS)
def test_steps_lower_the_loss(learned, bones):
    seen = keypoints(64)
    prior = PosePrior(blocks=2, width=8).fit_components(seen).requires_grad_(False)
    lifter = ElePoseLifter(width=32)
    optimiser = torch.optim.Adam(lifter.parameters(), lr=1e-3)
    losses = []
    for _ in range(30):
        parts = elepose_step.step_losses(
            lifter, prior, seen, torch.linspace(-3, 3, 64), 0.3 * torch.linspace(-1, 1, 64),
            learned_elevation=learned, bone_prior=bones,
        )  # fmt: skip
        optimiser.zero_grad()
        parts["loss"].backward()
        optimiser.step()
        losses.append(parts["loss"].item())
    assert losses[-1] < 0.95 * losses[0]
    assert ("bones" in parts) == (bones != "none")
    summed = sum(
        elepose_step.WEIGHTS[name] * part for name, part in parts.items() if name != "loss"
    )
    assert torch.allclose(summed, parts["loss"])
    reached = lifter.elevation_path[-1].weight.grad is not None
    assert reached == learned, "without an elevation nothing trains its path"


def test_step_refuses_an_unknown_prior():
    prior = PosePrior(blocks=1, width=4).fit_components(keypoints(40))
    with pytest.raises(InputError, match="bone_prior is 'some'"):
        elepose_step.step_losses(
            ElePoseLifter(width=8), prior, keypoints(4), torch.randn(4), torch.randn(4),
            bone_prior="some",
        )  # fmt: skip
