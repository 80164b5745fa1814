"""Rotations, Procrustes and bones: properties that hold for any pose."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posebook.errors import InputError
from posebook.geometry import (
    aligned_distances,
    aligned_under,
    axis_angle_to_matrix,
    bone_lengths,
    bone_vectors,
    euler_to_matrix,
    kinematic_chain,
    look_at,
    matrix_to_quaternion,
    procrustes,
    quaternion_to_matrix,
    root_relative,
)
from posebook.skeletons import COCO_17, HOUSE


def generator(seed):
    return torch.Generator().manual_seed(seed)


def people(count, seed=0, spread=(150.0, 400.0, 120.0)):
    """Random points with the extent of people, mm."""
    shape = torch.randn(count, 17, 3, generator=generator(seed), dtype=torch.float64)
    return shape * torch.tensor(spread, dtype=torch.float64)


def rotations(count, seed=0):
    return quaternion_to_matrix(torch.randn(count, 4, generator=generator(seed)).double())


def by_svd(pose, target, scale=True):
    """Procrustes as textbooks have it, one SVD per pose."""
    a, b = (p - p.mean(-2, keepdim=True) for p in (pose, target))
    u, singular, vt = torch.linalg.svd(a.mT @ b)
    sign = torch.linalg.det(u @ vt).sign()
    signs = torch.stack([torch.ones_like(sign), torch.ones_like(sign), sign], -1)
    rotation = (u * signs[..., None, :]) @ vt
    size = (singular * signs).sum(-1) / a.square().sum((-2, -1)) if scale else torch.ones(len(a))
    return rotation, size, (size[:, None, None] * (a @ rotation) - b).norm(dim=-1)


# ---------------------------------------------------------------------------------- rotations


def test_each_axis_turns_the_right_way():
    quarter = torch.tensor([math.pi / 2])
    x, y, z = torch.eye(3).unbind(0)
    for order, before, after in (("x", y, z), ("y", z, x), ("z", x, y)):
        assert torch.allclose(euler_to_matrix(quarter, order) @ before, after, atol=1e-6)
        axis = {"x": x, "y": y, "z": z}[order]
        assert torch.allclose(
            axis_angle_to_matrix(axis * quarter), euler_to_matrix(quarter, order), atol=1e-6
        )


def test_euler_is_the_product_from_left_to_right():
    angles = torch.randn(5, 3, generator=generator(0)).double()
    parts = [euler_to_matrix(angles[:, i : i + 1], axis) for i, axis in enumerate("zxy")]
    assert torch.allclose(euler_to_matrix(angles, "zxy"), parts[0] @ parts[1] @ parts[2])
    with pytest.raises(InputError, match="order 'xw'"):
        euler_to_matrix(angles[:, :2], "xw")


def test_rotations_give_their_quaternions():
    """Also of half a turn about any axis, where the first part is 0, and of no turn."""
    halves = torch.nn.functional.pad(torch.randn(50, 3, generator=generator(3)).double(), (1, 0))
    whole = torch.cat([torch.randn(50, 4, generator=generator(4)).double(), torch.eye(4).double()])
    for wxyz in (halves, whole):
        found = matrix_to_quaternion(quaternion_to_matrix(wxyz))
        wxyz = torch.nn.functional.normalize(wxyz, dim=-1)
        assert ((found * wxyz).sum(-1).abs() - 1).abs().max() < 1e-12
        assert (found.take_along_dim(found.abs().argmax(-1, keepdim=True), -1) > 0).all()


def test_quaternions_of_any_length_give_rotations():
    wxyz = 7 * torch.randn(50, 4, generator=generator(0)).double()
    matrix = quaternion_to_matrix(wxyz)
    assert torch.allclose(matrix @ matrix.mT, torch.eye(3).double().expand(50, 3, 3))
    assert torch.allclose(torch.linalg.det(matrix), torch.ones(50).double())
    assert torch.allclose(matrix, quaternion_to_matrix(-wxyz / 3))


def test_axis_angle_is_smooth_at_no_turn():
    turn = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    matrix = axis_angle_to_matrix(turn)
    assert torch.equal(matrix, torch.eye(3).double())
    slope = torch.autograd.functional.jacobian(axis_angle_to_matrix, turn.detach() + 1e-12)
    assert torch.isfinite(slope).all()
    assert slope[2, 1, 0].item() == pytest.approx(1)  # a little turn about x takes y towards z


def test_look_at_has_the_target_ahead_and_the_sky_up():
    position = torch.randn(40, 3, generator=generator(0)).double() * 3000
    target = torch.zeros(40, 3).double()
    rotation = look_at(position, target)
    assert torch.allclose(torch.linalg.det(rotation), torch.ones(40).double())
    seen = (rotation @ (target - position).unsqueeze(-1)).squeeze(-1)
    assert seen[:, :2].abs().max() < 1e-9 and (seen[:, 2] > 0).all()
    sky = (rotation @ torch.tensor([0.0, 0.0, 1.0]).double()).unbind(-1)
    assert sky[0].abs().max() < 1e-9 and (sky[1] < 0).all(), "up in the world is -y in the picture"


@pytest.mark.parametrize("height", (-2000.0, 2000.0))
def test_look_at_straight_up_and_down_is_a_rotation(height):
    rotation = look_at(torch.tensor([0.0, 0.0, height]), torch.zeros(3))
    assert torch.allclose(rotation @ rotation.T, torch.eye(3), atol=1e-6)
    assert torch.linalg.det(rotation).item() == pytest.approx(1)


# --------------------------------------------------------------------------------- Procrustes


@given(
    seed=st.integers(0, 10_000),
    flat=st.sampled_from([1.0, 1e-1, 1e-3, 1e-5, 1e-9, 0.0]),
    noise=st.sampled_from([0.0, 1e-6, 1.0, 100.0, 1e4]),
    away=st.sampled_from([0.0, 5e3, 1e6]),
    mirrored=st.booleans(),
)
@settings(max_examples=60)
def test_procrustes_is_the_svd_s(seed, flat, noise, away, mirrored):
    """Flat, thin, noisy, far-off and mirrored poses: the same distances as one SVD per pose."""
    pose = people(20, seed, (150.0 * flat, 400.0, 120.0 * flat**0.5))
    target = 1.7 * pose @ rotations(20, seed) + noise * people(20, seed + 1) / 400 + away
    if mirrored:
        pose = pose * torch.tensor([-1.0, 1.0, 1.0])
    for scale in (True, False):
        _, size, expected = by_svd(pose, target, scale)
        fit = procrustes(pose, target, scale=scale)
        assert torch.allclose(torch.linalg.det(fit.rotation), torch.ones(20).double(), atol=1e-9)
        assert torch.allclose(fit.scale, size.double(), atol=1e-9)
        # The turn about a line is open, so what is compared is how well the fit does: per pose,
        # the sum of squares. It is the least there is, for the reference too.
        found = aligned_distances(pose, target, scale=scale)
        digits = 1e-6 + 1e-9 * away
        best, other = found.square().sum(-1).sqrt(), expected.square().sum(-1).sqrt()
        assert (best - other).abs().max() < digits
        applied = (fit.apply(pose) - target).norm(dim=-1)
        assert (applied - found).abs().max() < digits


def test_procrustes_recovers_a_similarity():
    pose, turn = people(30), rotations(30, 5)
    scale = torch.linspace(0.2, 9, 30).double()
    shift = 1000 * torch.randn(30, 3, generator=generator(3)).double()
    target = scale[:, None, None] * pose @ turn + shift[:, None]
    fit = procrustes(pose, target)
    assert torch.allclose(fit.rotation, turn, atol=1e-11)
    assert torch.allclose(fit.scale, scale) and torch.allclose(fit.translation, shift, atol=1e-7)


@pytest.mark.parametrize("place", (0.0, 0.1, 4321.123))
@pytest.mark.parametrize("dtype", (torch.float32, torch.float64))
def test_all_joints_in_one_place_map_to_the_mean_of_the_target(place, dtype):
    target = people(4).to(dtype) + 5000
    fit = procrustes(torch.full_like(target, place), target)
    assert (fit.scale == 0).all() and torch.equal(
        fit.rotation, torch.eye(3).to(dtype).expand(4, 3, 3)
    )
    mean = target.double().mean(1, keepdim=True)
    assert (fit.apply(torch.full_like(target, place)) - mean).abs().max() < 1e-2
    assert torch.allclose(
        aligned_distances(torch.full_like(target, place), target).double(),
        (target.double() - mean).norm(dim=-1),
        atol=1e-3,
    )


def test_a_target_in_one_place_is_met_exactly():
    fit = procrustes(people(4), torch.full((4, 17, 3), 777.7, dtype=torch.float64))
    assert (fit.scale == 0).all() and torch.isfinite(fit.translation).all()


def test_unseen_joints_do_not_matter_whatever_they_hold():
    pose, target = people(10), people(10, 1)
    seen = torch.rand(10, 17, generator=generator(2)) > 0.3
    hidden = target.clone()
    hidden[~seen] = torch.nan
    found = aligned_distances(pose, hidden, seen=seen)
    assert (found[~seen] == 0).all()
    for row in range(10):
        alone = aligned_distances(pose[row, seen[row]], target[row, seen[row]])
        assert torch.allclose(found[row, seen[row]], alone)


def test_nan_stays_in_its_own_pose():
    pose, target = people(5), people(5, 1)
    pose[2, 3] = torch.nan
    found = aligned_distances(pose, target)
    assert found[2].isnan().all()
    others = [0, 1, 3, 4]
    assert torch.allclose(found[others], aligned_distances(pose[others], target[others]))


def test_alignments_that_share_a_fit_are_those_found_alone():
    """Random poses fit their targets mirrored as often as not; some joints are not seen."""
    dice = torch.Generator().manual_seed(3)
    pose, target = (torch.randn(5000, 17, 3, generator=dice).double() for _ in range(2))
    pose[:2500] = target[:2500] + 0.3 * pose[:2500]
    for seen in (None, torch.rand(5000, 17, generator=dice) > 0.2):
        scaled, rigid, mirrored = aligned_under(
            pose, target, ["scale", "no scale", "mirror"], seen=seen
        )
        assert torch.equal(scaled, aligned_distances(pose, target, seen=seen))
        assert torch.equal(rigid, aligned_distances(pose, target, scale=False, seen=seen))
        flipped = aligned_distances(pose * torch.tensor([-1.0, 1, 1]), target, seen=seen)
        errors, other, least = (d.square().sum(-1) for d in (scaled, flipped, mirrored))
        assert torch.allclose(least, torch.minimum(errors, other), atol=1e-9)
        assert 1000 < (other < errors).sum() < 4000


def test_gradients_of_a_fit():
    pose, target = people(2).requires_grad_(), people(2, 1)

    def moved(pose):
        return procrustes(pose, target).apply(pose)

    assert torch.autograd.gradcheck(moved, pose, atol=1e-6)


def test_what_is_given_is_not_changed():
    """One pose alone could be worked on in place, were it not copied."""
    for count in (1, 3):
        pose, target = people(count), people(count, 1)
        before = pose.clone(), target.clone()
        aligned_distances(pose, target)
        procrustes(pose, target)
        assert torch.equal(pose, before[0]) and torch.equal(target, before[1])


@pytest.mark.parametrize("batch", ((), (0,), (3,), (2, 5)))
def test_any_batch_shape(batch):
    pose = torch.randn(*batch, 17, 3, generator=generator(0))
    fit = procrustes(pose, pose + 1)
    assert fit.rotation.shape == (*batch, 3, 3) and fit.scale.shape == batch
    assert aligned_distances(pose, pose + 1).shape == (*batch, 17)
    assert fit.apply(pose).dtype == torch.float32


def test_pieces_do_not_show():
    """More poses than are worked on at a time."""
    pose, target = people(9000), people(9000, 1)
    found = aligned_distances(pose, target)
    some = [0, 4095, 4096, 8191, 8192, 8999]
    assert torch.allclose(found[some], aligned_distances(pose[some], target[some]), atol=1e-9)


# -------------------------------------------------------------------------------------- bones


def test_bones_point_from_parent_to_child():
    pose = people(2)
    vectors = bone_vectors(pose, HOUSE)
    knee = HOUSE.bone_names.index("left_knee")
    expected = pose[:, HOUSE.index("left_knee")] - pose[:, HOUSE.index("left_hip")]
    assert torch.equal(vectors[:, knee], expected)
    assert torch.equal(bone_lengths(pose, HOUSE)[:, knee], expected.norm(dim=-1))
    assert bone_vectors(pose[..., :2], HOUSE).shape == (2, 16, 2)


def test_kinematic_chain_does_not_see_turns_and_mirrors():
    pose = people(3)
    chain = kinematic_chain(pose, HOUSE.bones)
    moved = pose @ rotations(3) * torch.tensor([1.0, -1.0, 1.0]).double() + 50
    assert torch.allclose(kinematic_chain(moved, HOUSE.bones), chain)
    assert torch.allclose(chain.diagonal(dim1=-2, dim2=-1).sqrt(), bone_lengths(pose, HOUSE))


def test_root_is_the_hip_or_between_the_hips():
    pose = people(3)
    assert (root_relative(pose, HOUSE)[:, HOUSE.index("hip")] == 0).all()
    relative = root_relative(pose, COCO_17)
    hips = relative[:, COCO_17.indices("left_hip", "right_hip")]
    assert hips.sum(1).abs().max() < 1e-9
    assert root_relative(pose[..., :2], HOUSE).shape == (3, 17, 2)
