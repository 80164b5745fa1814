"""Cameras, screen units, quaternions, joints and losses against VideoPose3D's own numbers."""

from dataclasses import replace

import pytest
import torch
from golden_arrays import golden, largest

from posebook.cameras import Camera, denormalise_screen, human36m_rig, normalise_screen
from posebook.geometry import quaternion_to_matrix
from posebook.methods import supervised_losses
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32

ARRAYS = golden("videopose3d")
SUBJECTS = ("S1", "S5", "S6", "S7", "S8", "S9", "S11")


def their(camera: Camera) -> Camera:
    return replace(camera, distortion="videopose3d", ray_limit=1.0)


@pytest.mark.parametrize("subject", ("S1", "S9"))
@pytest.mark.parametrize("number", range(4))
def test_camera(subject, number):
    camera = their(human36m_rig(subject)[number])
    part = {k.rsplit("_", 1)[-1]: v for k, v in ARRAYS.items() if f"{subject}_cam{number}_" in k}
    world_mm = 1000 * ARRAYS["cam_world_pts_m"].double()
    pose_mm = camera.to_camera(world_mm)
    assert largest(pose_mm / 1000 - part["Xcam"]) < 1e-5
    assert largest(camera.to_world(pose_mm) - world_mm) < 1e-9
    assert largest(camera.to_world(1000 * part["Xcam"].double()) / 1000 - part["back"]) < 1e-5
    keypoints_px = camera.project(pose_mm)
    assert largest(keypoints_px - part["px"]) < 1e-3
    screen = normalise_screen(keypoints_px, *camera.size_px)
    assert largest(screen - part["proj"]) < 1e-5
    no_lens = replace(camera, radial=torch.zeros(3), tangential=torch.zeros(2))
    linear = normalise_screen(no_lens.project(pose_mm), *camera.size_px)
    assert largest(linear - part["linear"]) < 1e-5


def test_camera_in_single_precision():
    camera = their(human36m_rig("S1")[0])
    pose_mm = camera.to_camera(1000 * ARRAYS["cam_world_pts_m"])
    assert pose_mm.dtype == camera.project(pose_mm).dtype == torch.float32
    screen = normalise_screen(camera.project(pose_mm), *camera.size_px)
    assert largest(screen - ARRAYS["S1_cam0_proj"]) < 1e-5


def test_screen_camera_parameters():
    camera = human36m_rig("S1")[0]
    intrinsics = ARRAYS["S1_cam0_intrinsic9"].double()
    assert largest(2 * camera.focal_px / camera.size_px[0] - intrinsics[:2]) < 1e-5
    assert largest(normalise_screen(camera.centre_px, *camera.size_px) - intrinsics[2:4]) < 1e-5
    assert largest(camera.radial - intrinsics[4:7]) < 1e-6
    assert largest(camera.tangential - intrinsics[7:]) < 1e-6


@pytest.mark.parametrize("place", range(7), ids=SUBJECTS)
def test_calibration_of_every_subject(place):
    for number, camera in enumerate(human36m_rig(SUBJECTS[place])):
        quaternion = ARRAYS["h36m_extr_q_wxyz"][place, number]
        assert largest(camera.rotation.T - quaternion_to_matrix(quaternion)) < 1e-7
        assert largest(camera.position_mm - ARRAYS["h36m_extr_t_mm"][place, number]) < 1e-2
        row = ARRAYS["h36m_intr_px_fx_fy_cx_cy_k1_k2_k3_p1_p2_w_h"][number]
        lens = (camera.focal_px, camera.centre_px, camera.radial, camera.tangential)
        found = torch.cat([*lens, torch.tensor(camera.size_px)])
        assert largest(found - row) < 1e-4


def test_clamp_at_45_degrees():
    """The points include some far off the axis and one behind the camera."""
    camera = screen_camera(ARRAYS["S1_cam0_intrinsic9"])
    points = ARRAYS["clamp_X"].double()
    assert largest(camera.project(points) - ARRAYS["clamp_proj"]) < 1e-6
    linear = replace(camera, radial=torch.zeros(3), tangential=torch.zeros(2))
    assert largest(linear.project(points) - ARRAYS["clamp_proj_linear"]) < 1e-6
    unclamped = replace(linear, ray_limit=None).project(points)
    assert largest(unclamped - ARRAYS["clamp_proj_linear"]) > 1, "the clamp must have been at work"


def screen_camera(numbers) -> Camera:
    """VideoPose3D's nine numbers, in screen units, as a camera."""
    numbers = numbers.double()
    parts = numbers[:2], numbers[2:4], None, numbers[4:7], numbers[7:]
    return Camera(*parts, distortion="videopose3d", ray_limit=1.0)


@pytest.mark.parametrize("size", ((1000, 1002), (1920, 1080), (640, 480)))
def test_screen_units(size):
    expected = ARRAYS[f"nsc_{size[0]}x{size[1]}"]
    screen = normalise_screen(ARRAYS["nsc_px"], *size)
    assert largest(screen - expected) < 1e-12
    assert largest(denormalise_screen(expected, *size) - ARRAYS["image_coordinates_back"]) < 1e-9


def test_quaternions():
    matrices = quaternion_to_matrix(ARRAYS["qrot_q"])
    turned = (matrices @ ARRAYS["qrot_v"].unsqueeze(-1)).squeeze(-1)
    assert largest(turned - ARRAYS["qrot_out"]) < 1e-12


def test_joints():
    assert list(HUMAN36M_KEPT_OF_32) == ARRAYS["skel_kept32"].tolist()
    assert list(HOUSE.parent_indices) == ARRAYS["skel_parents17"].tolist()
    assert sorted(HOUSE.left) == sorted(ARRAYS["skel_left"].tolist())
    assert sorted(HOUSE.right) == sorted(ARRAYS["skel_right"].tolist())


def test_losses_of_the_semi_supervised_step():
    labelled, unlabelled = ARRAYS["semi_pos"][:3], ARRAYS["semi_pos"][3:]
    paths, truth, true_path = (ARRAYS[k] for k in ("semi_traj", "semi_gt", "semi_gt_traj"))
    found = {
        "semi_loss_3d": supervised_losses.mpjpe_loss(labelled, truth),
        "semi_loss_traj": supervised_losses.weighted_mpjpe_loss(
            paths[:3], true_path, 1 / true_path[..., 2]
        ),
        "semi_bone": supervised_losses.bone_length_loss(unlabelled, labelled, HOUSE),
    }
    for name, value in found.items():
        assert value.item() == pytest.approx(ARRAYS[name].item(), abs=1e-9), name
    camera = screen_camera(ARRAYS["semi_cam"][0])
    assert largest(ARRAYS["semi_cam"] - ARRAYS["semi_cam"][:1]) == 0  # one camera for all three
    projected = camera.project(unlabelled + paths[3:])
    assert largest(projected - ARRAYS["semi_reproj"]) < 1e-12
    apart = (projected - ARRAYS["semi_target2d"]).norm(dim=-1).mean()
    assert apart.item() == pytest.approx(ARRAYS["semi_loss_2d"].item(), abs=1e-9)
    linear = replace(camera, radial=torch.zeros(3), tangential=torch.zeros(2), ray_limit=None)
    pose_mm = unlabelled + paths[3:]
    away = supervised_losses.reprojection_loss(pose_mm, ARRAYS["semi_target2d"], linear.matrix)
    assert away.item() == pytest.approx(ARRAYS["semi_loss_2d_linear"].item(), abs=1e-9)
