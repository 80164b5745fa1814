"""Answers to chapter 3's exercises."""

import torch

from posebook import datasets, geometry, paths
from posebook.cameras import Camera
from posebook.skeletons import HOUSE

MOTION = datasets.read_motion(paths.DATA / "samples" / "motion.bvh")[0]
WORLD_MM = MOTION.world_mm.double()
PERSON_MM = WORLD_MM[0]


def camera_at(*away_mm):
    place_mm = PERSON_MM[0] + torch.tensor(away_mm, dtype=torch.float64)
    return Camera(
        torch.tensor([1145.0, 1145.0]), torch.tensor([500.0, 500.0]),
        rotation=geometry.look_at(place_mm, PERSON_MM[0]), position_mm=place_mm,
    )  # fmt: skip


FIRST, SECOND = camera_at(0, -4000, 500), camera_at(4000, 0, 500)
PICTURES = [c.project(c.to_camera(PERSON_MM)) for c in (FIRST, SECOND)]
TRUTH_MM = FIRST.to_camera(WORLD_MM)
RELATIVE_MM = geometry.root_relative(TRUTH_MM, HOUSE)
RAYS = TRUTH_MM[..., :2] / TRUTH_MM[..., 2:]
DEPTH_MM = TRUTH_MM[:, HOUSE.index("hip"), 2]


def triangulate(pictures_px, views):
    rows, targets = [], []
    for px, view in zip(pictures_px, views, strict=True):
        right, down, forward = view.rotation
        for value, axis in zip(view.rays(px).unbind(-1), (right, down), strict=True):
            rows.append(axis - value[:, None] * forward)
            targets.append(rows[-1] @ view.position_mm)
    rows, targets = torch.stack(rows, 1), torch.stack(targets, 1)
    return torch.linalg.lstsq(rows, targets.unsqueeze(-1)).solution.squeeze(-1)


def place(relative_mm, rays):
    (u, v), (x, y, z) = rays.unbind(-1), relative_mm.unbind(-1)
    one, zero = torch.ones_like(u), torch.zeros_like(u)
    rows = torch.cat([torch.stack([one, zero, -u], -1), torch.stack([zero, one, -v], -1)], 1)
    targets = torch.cat([u * z - x, v * z - y], 1)
    return torch.linalg.lstsq(rows, targets.unsqueeze(-1)).solution.squeeze(-1)


def off_mm(mean=lambda error: error.abs().mean()):
    noise = (
        5.0
        / FIRST.focal_px.double()
        * torch.randn(RAYS.shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    )
    return mean(place(RELATIVE_MM, RAYS + noise)[:, 2] - DEPTH_MM).item()


GIVEN = dict(
    person_mm=PERSON_MM, camera=FIRST, second=SECOND, pictures_px=PICTURES, place=place,
    relative_mm=RELATIVE_MM, true_rays=RAYS, hip_depth_mm=DEPTH_MM, sigma_px=5.0,
)  # fmt: skip
ROWS = [
    ("3.1", dict(triangulate=lambda px, views: torch.full((17, 3), torch.nan)), "not attempted"),
    ("3.1", dict(triangulate=triangulate), "right"),
    ("3.1", dict(triangulate=lambda px, views: triangulate(px, views[::-1])), "mm off"),
    ("3.1", dict(triangulate=lambda px, views: triangulate(px[:2], views[:2])), "With a third"),
    ("3.1", dict(triangulate=lambda px, views: views[0].to_camera(PERSON_MM)), "mm off"),
    ("3.2", dict(depth_off_mm=None), "not attempted"),
    ("3.2", dict(depth_off_mm=off_mm()), "right"),
    ("3.2", dict(depth_off_mm=off_mm(lambda error: error.mean().abs())), "too small"),
    ("3.2", dict(depth_off_mm=10 * off_mm()), "too large"),
    ("3.3", dict(leg_poses=None), "not attempted"),
    ("3.3", dict(leg_poses=8), "right"),
    ("3.3", dict(leg_poses=4), "one more"),
    ("3.3", dict(leg_poses=6), "6 = 3 x 2"),
    ("3.3", dict(leg_poses=65536), "this is one leg"),
    ("3.3", dict(leg_poses=2), "after each of these"),
    ("3.4", dict(mirror_moves_px=lambda f, x, d, z: float("nan")), "not attempted"),
    ("3.4", dict(mirror_moves_px=lambda f, x, d, z: 2 * f * x * d / (z**2 - d**2)), "right"),
    ("3.4", dict(mirror_moves_px=lambda f, x, d, z: f * x / (z + d) - f * x / (z - d)), "right"),
    ("3.4", dict(mirror_moves_px=lambda f, x, d, z: f * x * d / z**2), "Yours says"),
    ("3.4", dict(mirror_moves_px=lambda f, x, d, z: 2 * f * x * d / z**2), "Yours says"),
    ("3.5", dict(hiding=None), "not attempted"),
    ("3.5", dict(hiding=(0.001, 0.001)), "right"),
    ("3.5", dict(hiding=(-0.2, -0.2)), "right"),
    ("3.5", dict(hiding=(0.001, 0.0)), "would find the mistake"),
    ("3.5", dict(hiding=(0.001, -0.001)), "would find the mistake"),
    ("3.5", dict(hiding=(0.0, 0.0)), "must be 0.001 or more"),
]
