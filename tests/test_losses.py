"""Losses: values one can work out, gradients, and agreement with cameras and metrics."""

import pytest
import torch

from posebook import metrics
from posebook.cameras import Camera, human36m_rig
from posebook.geometry import bone_lengths
from posebook.methods import supervised_losses
from posebook.skeletons import HOUSE


def people(count, seed=0):
    generator = torch.Generator().manual_seed(seed)
    shape = torch.randn(count, 17, 3, generator=generator, dtype=torch.float64)
    return shape * torch.tensor([150.0, 400.0, 120.0]) + torch.tensor([0.0, 0.0, 5000.0])


def test_values_by_hand():
    target = people(3)
    off = target + torch.tensor([3.0, 4.0, 0.0])
    assert supervised_losses.mpjpe_loss(off, target).item() == pytest.approx(5)
    weights = torch.full((3, 1), 2.0).double()
    assert supervised_losses.weighted_mpjpe_loss(off, target, weights).item() == pytest.approx(10)
    longer = supervised_losses.bone_length_loss(1.2 * target, target, HOUSE).item()
    assert longer == pytest.approx(0.2 * bone_lengths(target, HOUSE).mean().item())


def test_loss_and_metric_agree():
    prediction, target = people(4), people(4, 1)
    expected = metrics.mpjpe(prediction, target).mean()
    assert torch.allclose(supervised_losses.mpjpe_loss(prediction, target), expected)


def test_reprojection_is_the_camera_s():
    pose_mm = people(4)
    rig = human36m_rig()[0]
    camera = Camera(rig.focal_px, rig.centre_px)
    seen_px = camera.project(pose_mm)
    assert supervised_losses.reprojection_loss(pose_mm, seen_px, camera.matrix).item() < 1e-9
    moved_px = seen_px + torch.tensor([6.0, 8.0])
    assert supervised_losses.reprojection_loss(
        pose_mm, moved_px, camera.matrix
    ).item() == pytest.approx(10)
    along_the_rays = 1.3 * pose_mm
    assert supervised_losses.reprojection_loss(along_the_rays, seen_px, camera.matrix).item() < 1e-9


def test_reprojection_in_the_pose_s_precision():
    pose_mm = people(2).float()
    found = supervised_losses.reprojection_loss(
        pose_mm, pose_mm[..., :2], torch.eye(3, dtype=torch.float64)
    )
    assert found.dtype == torch.float32


def test_bone_loss_takes_batches_of_any_two_sizes_and_reaches_both():
    one, other = people(3).requires_grad_(), people(7, 1).requires_grad_()
    supervised_losses.bone_length_loss(one, other, HOUSE).backward()
    assert one.grad.abs().max() > 0 and other.grad.abs().max() > 0


@pytest.mark.parametrize(
    "loss",
    (
        supervised_losses.mpjpe_loss,
        lambda pose, target: supervised_losses.reprojection_loss(
            pose, target[..., :2], human36m_rig()[0].matrix
        ),
        lambda pose, target: supervised_losses.bone_length_loss(pose, target, HOUSE),
    ),
)
def test_gradients(loss):
    pose_mm = people(2).requires_grad_()
    assert torch.autograd.gradcheck(lambda pose: loss(pose, people(2, 1)), pose_mm, atol=1e-6)
