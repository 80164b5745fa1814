"""Cameras and lenses: what is projected comes back, and what cannot come back is NaN."""

import inspect
import json
import math
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from posebook.cameras import (
    Camera,
    bounding_ball,
    denormalise_screen,
    human36m_rig,
    normalise_screen,
    random_cameras,
    random_rig,
)
from posebook.cameras.lenses import (
    CONVENTIONS,
    check_convention,
    distort,
    fold_radius,
    undistort,
)
from posebook.errors import InputError

DOUBLE = torch.float64


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def plain(**options):
    focal, centre = torch.tensor([1000.0, 1100.0]), torch.tensor([480.0, 270.0])
    return Camera(focal, centre, (960, 540), **options)


# ------------------------------------------------------------------------------------- Camera


def test_a_point_one_can_work_out():
    """2 m to the right and 1 m down at 10 m: 1000 * 0.2 + 480 and 1100 * 0.1 + 270."""
    point_mm = torch.tensor([2000.0, 1000.0, 10_000.0])
    assert plain().project(point_mm).tolist() == pytest.approx([680, 380])
    homogeneous = plain().matrix @ point_mm.double()
    assert (homogeneous[:2] / homogeneous[2]).tolist() == pytest.approx([680, 380])


def test_axes_of_the_world_and_of_the_camera():
    """Human3.6M's cameras stand about 1.5 m over the floor and look across it at people."""
    for camera in human36m_rig("S9"):
        assert 1400 < camera.position_mm[2] < 1700
        head, feet = torch.tensor([[0.0, 0.0, 1700.0], [0.0, 0.0, 0.0]], dtype=DOUBLE)
        pose_mm = camera.to_camera(torch.stack([head, feet]))
        assert (pose_mm[:, 2] > 3000).all(), "in front"
        keypoints_px = camera.project(pose_mm)
        assert keypoints_px[0, 1] < keypoints_px[1, 1], "the head is over the feet: y points down"
        assert torch.allclose(camera.to_world(pose_mm), torch.stack([head, feet]), atol=1e-9)


@pytest.mark.parametrize("distortion", CONVENTIONS)
@pytest.mark.parametrize(("dtype", "digits"), ((torch.float32, 2e-3), (DOUBLE, 1e-9)))
def test_project_undoes_back_project(distortion, dtype, digits):
    """Also outside the picture, as far as joints of half-seen people reach."""
    for camera in human36m_rig("S1", distortion):
        keypoints_px = 3000 * torch.rand(500, 2, generator=generator(), dtype=dtype) - 1000
        depth_mm = 2000 + 8000 * torch.rand(500, generator=generator(1), dtype=dtype)
        pose_mm = camera.back_project(keypoints_px, depth_mm)
        assert pose_mm.dtype == dtype
        assert torch.equal(pose_mm[:, 2], depth_mm)
        assert (camera.project(pose_mm) - keypoints_px).abs().max() < digits


def test_conventions_differ_by_a_fraction_of_a_pixel():
    pose_mm = torch.tensor([[900.0, -800.0, 4000.0], [-700.0, 900.0, 4500.0]], dtype=DOUBLE)
    seen = [human36m_rig("S1", name)[1].project(pose_mm) for name in CONVENTIONS]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert 0.01 < (seen[one] - seen[other]).abs().max() < 2


def test_missing_keypoints_stay_missing_and_alone():
    camera = human36m_rig()[0]
    keypoints_px = torch.tensor([[500.0, 500.0], [torch.nan, torch.nan], [300.0, 700.0]])
    pose_mm = camera.back_project(keypoints_px, torch.full((3,), 4000.0))
    assert pose_mm[1, :2].isnan().all() and torch.isfinite(pose_mm[[0, 2]]).all()


def test_behind_and_beside_the_camera():
    points_mm = torch.tensor([[100.0, 100.0, -1000.0], [100.0, 100.0, 0.0]])
    seen = plain().project(points_mm)
    assert torch.isfinite(seen[0]).all() and torch.isinf(seen[1]).all()
    limited = plain(ray_limit=1.0).project(torch.tensor([9000.0, -9000.0, 1000.0]))
    assert limited.tolist() == [1480, -830]


def test_gradients_reach_the_pose():
    pose_mm = torch.tensor([[100.0, 200.0, 4000.0]], dtype=DOUBLE, requires_grad=True)
    assert torch.autograd.gradcheck(human36m_rig()[0].project, pose_mm)


def test_guess_names_a_plain_camera():
    camera = Camera.guess((640, 480))
    assert camera.size_px == (640, 480) and camera.centre_px.tolist() == [320, 240]
    assert not camera.has_distortion
    across = 2 * math.degrees(math.atan(320 / camera.focal_px[0].item()))
    assert across == pytest.approx(45, abs=1)
    with pytest.raises(InputError, match=r"\(0, 480\)"):
        Camera.guess((0, 480))


def test_a_camera_survives_json():
    camera = replace(human36m_rig("S11")[2], ray_limit=1.0)
    again = Camera.from_dict(json.loads(json.dumps(camera.to_dict())))
    for key in Camera.__dataclass_fields__:
        one, other = getattr(camera, key), getattr(again, key)
        assert torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other, key
    least = Camera.from_dict({"focal_px": [500, 500], "centre_px": [1, 2]})
    assert least.size_px is None and torch.equal(least.rotation, torch.eye(3).double())


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"focal_px": [500, 500]}, "expected focal_px"),
        ({"focal_px": [500, 500], "centre_px": [1, 2], "zoom": 3}, "zoom"),
        ({"focal_px": [500], "centre_px": [1, 2]}, r"focal_px: expected \(2,\)"),
        (
            {"focal_px": [500, "x"], "centre_px": [1, 2]},
            r"focal_px: expected \(2,\) finite numbers",
        ),
        ({"focal_px": [500, math.nan], "centre_px": [1, 2]}, "finite"),
        ({"focal_px": [500, -1], "centre_px": [1, 2]}, "focal_px: expected 1 to"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "distortion": "fisheye"}, "fisheye"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "ray_limit": "x"}, "ray_limit"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "rotation": [1, 2, 3]}, "rotation"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "size_px": "640x480"}, "size_px"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "size_px": [640]}, "size_px"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "size_px": [0, 480]}, "size_px"),
        ({"focal_px": [5, 5], "centre_px": [1, 2], "size_px": [1e300, 480]}, "size_px"),
    ],
)
def test_bad_cameras_get_one_line(values, message):
    with pytest.raises(InputError, match=message) as error:
        Camera.from_dict(values)
    assert "\n" not in str(error.value)


def test_a_lens_of_another_type_is_told():
    for name in ([1], {}, None):
        with pytest.raises(InputError, match="distortion .* expected one of"):
            inspect.unwrap(check_convention)(name)


def test_rig_names_the_subjects_there_are():
    assert [camera.name for camera in human36m_rig("S5")] == [
        "54138969", "55011271", "58860488", "60457274",
    ]  # fmt: skip
    with pytest.raises(InputError, match="S1, S5, S6, S7, S8, S9, S11"):
        human36m_rig("S2")


# --------------------------------------------------------------------------------------- lens


@given(
    radial=st.tuples(*(st.floats(-limit, limit) for limit in (0.35, 0.25, 0.05))),
    tangential=st.tuples(st.floats(-0.003, 0.003), st.floats(-0.003, 0.003)),
    convention=st.sampled_from(sorted(CONVENTIONS)),
)
@settings(max_examples=60)
def test_undistort_finds_every_ray_inside_the_fold(radial, tangential, convention):
    radial, tangential = (torch.tensor(v, dtype=DOUBLE) for v in (radial, tangential))
    reach = min(0.9 * fold_radius(radial).item(), 1.0)  # 45 degrees off the axis
    angle = torch.linspace(0, 2 * math.pi, 24, dtype=DOUBLE)
    circle = torch.stack([angle.cos(), angle.sin()], -1)
    rays = (reach * torch.linspace(0, 1, 12, dtype=DOUBLE)[:, None, None] * circle).flatten(0, 1)
    found = undistort(distort(rays, radial, tangential, convention), radial, tangential, convention)
    assert (found - rays).abs().max() < 1e-7


def test_beyond_the_fold_there_is_no_ray():
    """r - 0.3 r^3 has its maximum, 0.7027, at r = 1.054."""
    radial, tangential = torch.tensor([-0.3, 0.0, 0.0]).double(), torch.zeros(2).double()
    assert fold_radius(radial).item() == pytest.approx(1 / math.sqrt(0.9))
    seen = torch.tensor([[0.69, 0.0], [0.0, -0.71], [5.0, 5.0]], dtype=DOUBLE)
    found = undistort(seen, radial, tangential, "opencv")
    assert found[0, 0] < 1.054 and torch.allclose(
        distort(found[0], radial, tangential, "opencv"), seen[0]
    )
    assert found[1:].isnan().all()


def test_no_fold():
    assert fold_radius(torch.tensor([[0.2, 0.1, 0.0], [0.0, 0.0, 0.0]])).isinf().all()
    assert fold_radius(torch.tensor([0.0, 0.0, -1 / 7])).item() == pytest.approx(1)


# ------------------------------------------------------------------------------ random cameras


def test_people_lie_inside_the_pictures_of_random_cameras():
    count = 3000
    cameras = random_cameras(count, generator())
    directions = torch.randn(count, 60, 3, generator=generator(1), dtype=DOUBLE)
    ball = 1100 * torch.nn.functional.normalize(directions, dim=-1)
    pose_mm = cameras.to_camera(ball + torch.tensor([0.0, 0.0, 900.0]))
    keypoints_px = cameras.project(pose_mm)
    assert (pose_mm[..., 2] > 0).all()
    inside = (keypoints_px >= 0) & (keypoints_px <= cameras.size_px.unsqueeze(1))
    # A ball that cannot be inside, because the camera must not be nearer, is in the middle.
    assert inside.all(-1).all(-1).double().mean() > 0.995


def test_random_cameras_are_of_every_kind_within_the_bounds():
    cameras = random_cameras(4000, generator(), elevation_deg=(-10, 60), field_of_view_deg=(30, 90))
    view = torch.rad2deg(2 * torch.atan(cameras.size_px.amax(-1) / 2 / cameras.focal_px[:, 0]))
    assert view.min() >= 29.9 and view.max() <= 90.1 and view.std() > 15
    offset = cameras.position_mm - torch.tensor([0.0, 0.0, 900.0])
    distance = offset.norm(dim=-1)
    elevation = torch.rad2deg(torch.asin(offset[:, 2] / distance))
    assert elevation.min() >= -10.1 and elevation.max() <= 60.1 and elevation.std() > 15
    assert distance.min() >= 1799 and distance.std() > 1000
    azimuth = torch.atan2(offset[:, 1], offset[:, 0])
    assert azimuth.min() < -3 and azimuth.max() > 3
    assert torch.allclose(torch.linalg.det(cameras.rotation), torch.ones(4000).double())
    shapes = {(w > h, w == h) for w, h in cameras.size_px.tolist()}
    assert len(shapes) == 3, "across, upright and square"


def test_one_camera_per_pose_is_that_many_single_cameras():
    targets, radii = torch.randn(6, 3, generator=generator()) * 500, torch.linspace(300, 2000, 6)
    cameras = random_cameras(6, generator(1), target_mm=targets, radius_mm=radii)
    world_mm = targets[:, None] + 100 * torch.randn(6, 17, 3, generator=generator(2))
    together = cameras.project(cameras.to_camera(world_mm.double()))
    for index in range(len(cameras)):
        camera = cameras[index]
        alone = camera.project(camera.to_camera(world_mm[index].double()))
        assert torch.allclose(together[index], alone)
        assert camera.size_px == tuple(cameras.size_px[index].tolist())
    assert cameras.project(cameras.to_camera(world_mm)).dtype == torch.float32


def test_random_cameras_come_from_the_seed():
    one, same, other = (random_cameras(1, generator(seed))[0] for seed in (3, 3, 4))
    assert torch.equal(one.rotation, same.rotation) and one.size_px == same.size_px
    assert not torch.equal(one.rotation, other.rotation)
    rig = random_rig(3, generator(), target_mm=(100, 200, 1000))
    assert len(rig) == 3 and len({camera.name for camera in rig}) == 3


def test_roll_turns_the_picture():
    level = random_cameras(500, generator(), roll_deg=0, fill=(0.9, 0.95), elevation_deg=(0, 0))
    up = level.rotation @ torch.tensor([0.0, 0.0, 1.0]).double()
    assert up[:, 0].abs().max() < 0.2 and (up[:, 1] < -0.8).all()
    rolled = random_cameras(500, generator(), roll_deg=45, fill=(0.9, 0.95), elevation_deg=(0, 0))
    assert (rolled.rotation @ torch.tensor([0.0, 0.0, 1.0]).double())[:, 0].std() > 0.2


def test_bounding_ball_leaves_out_missing_joints():
    pose_mm = torch.tensor([[0.0, 0.0, 0.0], [200.0, 0.0, 0.0], [torch.nan] * 3])
    centre, radius = bounding_ball(pose_mm)
    assert centre.tolist() == [100, 0, 0] and radius.item() == 100


# -------------------------------------------------------------------------------- screen units


@given(width=st.integers(1, 8000), height=st.integers(1, 8000))
@settings(max_examples=30)
def test_screen_units_keep_the_aspect_and_come_back(width, height):
    corners = torch.tensor([[0.0, 0.0], [width, height], [width / 2, height / 2]], dtype=DOUBLE)
    screen = normalise_screen(corners, width, height)
    expected = torch.tensor([[-1.0, -height / width], [1.0, height / width], [0.0, 0.0]])
    assert torch.allclose(screen, expected.double(), atol=1e-6 * max(1, height / width))
    assert torch.allclose(denormalise_screen(screen, width, height), corners, atol=1e-9)
