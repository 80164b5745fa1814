"""The semi-supervised loss against VideoPose3D's own numbers, and what it must do besides."""

from dataclasses import replace

import pytest
import torch
from golden_arrays import golden, largest

from posebook.cameras import human36m_rig, normalise_screen
from posebook.errors import InputError
from posebook.methods.temporal_convolutions import losses
from posebook.skeletons import HOUSE

ARRAYS = golden("videopose3d")
ROWS = dict(pose="3d", trajectory="traj", projection="2d")


def found(**options) -> dict[str, float]:
    """The four parts on the golden batch: three labelled, three unlabelled, in metres there."""
    pose, root, truth, true_root = (
        1000 * ARRAYS[f"semi_{name}"] for name in ("pos", "traj", "gt", "gt_traj")
    )
    parts = losses.semi_supervised_losses(
        pose, root, truth, true_root, ARRAYS["semi_target2d"], ARRAYS["semi_cam"].unsqueeze(1),
        **options,
    )  # fmt: skip
    return {name: loss.item() for name, loss in parts.items()}


def test_four_parts_and_their_sum():
    parts = found()
    for name, theirs in ROWS.items():
        assert parts[name] == pytest.approx(ARRAYS[f"semi_loss_{theirs}"].item(), abs=1e-9), name
    assert parts["bones"] == pytest.approx(ARRAYS["semi_bone"].item(), abs=1e-9)
    assert sum(parts.values()) == pytest.approx(ARRAYS["semi_total"].item(), abs=1e-9)
    linear = found(lens=False)["projection"]
    assert linear == pytest.approx(ARRAYS["semi_loss_2d_linear"].item(), abs=1e-9)


def test_projected_poses():
    pose_mm = 1000 * (ARRAYS["semi_pos"][3:] + ARRAYS["semi_traj"][3:])
    seen = losses.project_to_screen(pose_mm, ARRAYS["semi_cam"].unsqueeze(1))
    assert largest(seen - ARRAYS["semi_reproj"]) < 1e-12


def test_the_clamp_holds_off_axis_and_behind_the_camera():
    camera = ARRAYS["S1_cam0_intrinsic9"].unsqueeze(0)
    points = 1000 * ARRAYS["clamp_X"]
    for lens, name in ((True, "clamp_proj"), (False, "clamp_proj_linear")):
        seen = losses.project_to_screen(points, camera, lens=lens)
        assert largest(seen - ARRAYS[name]) < 1e-5


@pytest.mark.parametrize("convention", ("videopose3d", "human36m"))
def test_cameras_in_screen_units(convention):
    cameras = human36m_rig("S1", distortion=convention)
    numbers = losses.screen_intrinsics(cameras)
    if convention == "videopose3d":
        theirs = torch.stack([ARRAYS[f"S1_cam{i}_intrinsic9"] for i in range(4)])
        assert largest(numbers - theirs) < 1e-6
    pose_mm = 300 * torch.randn(4, 17, 3) + torch.tensor([0.0, 0.0, 5000.0])
    seen = losses.project_to_screen(pose_mm, numbers)
    for i, camera in enumerate(cameras):
        px = camera.project(pose_mm[i])
        assert largest(seen[i] - normalise_screen(px, *camera.size_px)) < 1e-5
    with pytest.raises(InputError, match="a clip without camera"):
        losses.screen_intrinsics([None])
    with pytest.raises(InputError, match="size of its picture"):
        losses.screen_intrinsics([replace(cameras[0], size_px=None)])


def test_a_mirrored_camera_sees_the_mirrored_pose():
    camera = losses.screen_intrinsics(human36m_rig("S1"))
    pose_mm = 300 * torch.randn(4, 17, 3) + torch.tensor([200.0, 0.0, 5000.0])
    mirrored = torch.tensor([True, False, True, True])
    seen = losses.project_to_screen(pose_mm, camera)
    flipped_mm = torch.where(mirrored[:, None, None], HOUSE.flip(pose_mm), pose_mm)
    expected = torch.where(mirrored[:, None, None], HOUSE.flip(seen), seen)
    found = losses.project_to_screen(flipped_mm, losses.flip_intrinsics(camera, mirrored))
    assert largest(found - expected) < 1e-6
    wrong = losses.project_to_screen(flipped_mm, camera)
    assert largest(wrong - expected) > 1e-2, "without the camera's signs it is another picture"


def test_gradients_reach_both_halves_and_the_right_network():
    pose = (1000 * ARRAYS["semi_pos"]).requires_grad_()
    root = (1000 * ARRAYS["semi_traj"]).requires_grad_()
    parts = losses.semi_supervised_losses(
        pose, root, 1000 * ARRAYS["semi_gt"], 1000 * ARRAYS["semi_gt_traj"],
        ARRAYS["semi_target2d"], ARRAYS["semi_cam"].unsqueeze(1),
    )  # fmt: skip
    reached = {}
    for name, loss in parts.items():
        slopes = torch.autograd.grad(loss, (pose, root), retain_graph=True, allow_unused=True)
        halves = [s is not None and bool(s[rows].any()) for s in slopes
                  for rows in (slice(3), slice(3, None))]  # fmt: skip
        reached[name] = halves  # pose labelled, unlabelled; path labelled, unlabelled
    assert reached == dict(
        pose=[True, False, False, False],
        trajectory=[False, False, True, False],
        projection=[False, True, False, True],
        bones=[True, True, False, False],
    )
