"""Answers to chapter 11's exercises."""

import torch

from posebook.methods.label_generator.right_view import HUMAN36M

POSE = 300 * torch.randn(1, 17, 3, generator=torch.Generator().manual_seed(1)).double()
POSE = POSE - POSE[:, :1]
RAYS = HUMAN36M.rays(HUMAN36M.project(POSE + torch.tensor([0.0, 0.0, 5000.0])))


def spoiled(joint=None, px=0.0):
    rays = RAYS.clone()
    if joint is None:
        noise = torch.randn(rays.shape, generator=torch.Generator().manual_seed(0)).double()
        return rays + px * noise / noise.norm(dim=-1).mean() / 1145
    rays[:, joint, 0] += px / 1145
    return rays


def closed(coarse, rays, sign=-1, about_hip=True):
    at_z = rays * coarse[..., 2:]
    start, slope = at_z - coarse[..., :2], rays
    if about_hip:
        start, slope = start - at_z[:, :1], slope - slope[:, :1]
    return sign * (start * slope).sum((1, 2)) / slope.square().sum((1, 2))


def weighed(coarse, rays):
    """Right where the pose is: the median of what each joint says."""
    at_z = rays * coarse[..., 2:]
    start = at_z - at_z[:, :1] - coarse[..., :2]
    slope = rays - rays[:, :1]
    each = -(start * slope).sum(-1) / slope.square().sum(-1).clamp_min(1e-12)
    return each[:, 1:].median(-1).values


#: What the chapter itself gives to the checks.
GIVEN = dict(perfect_mm=POSE, perfect_rays=RAYS)
ROWS = [
    ("11.1", dict(from_picture=None, from_coarse=None), "not attempted"),
    ("11.1", dict(from_picture={"x", "y"}, from_coarse={"z"}), "right"),
    ("11.1", dict(from_picture={"x", "y", "z"}, from_coarse=set()), "points of every z"),
    ("11.1", dict(from_picture={"x"}, from_coarse={"y", "z"}), "With the coarse y"),
    ("11.1", dict(from_picture={"x", "y"}, from_coarse=None), "belongs into one"),
    ("11.2", dict(depth_of=lambda d, z, f, b: torch.full_like(d, torch.nan)), "not attempted"),
    ("11.2", dict(depth_of=lambda d, z, f, b: 1 / (d / (f * b) + 1 / z)), "right"),
    ("11.2", dict(depth_of=lambda d, z, f, b: 1 / (1 / z - d / (f * b))), "yours says"),
    ("11.2", dict(depth_of=lambda d, z, f, b: z - d * z**2 / (f * b)), "yours says"),
    (
        "11.2",
        dict(depth_of=lambda d, z, f, b: (f * b / d) / (1 + f * b / (d * z))),
        "yours says nan",
    ),
    ("11.3", dict(closed_form=lambda c, r: torch.full((len(r),), torch.nan)), "not attempted"),
    ("11.3", dict(closed_form=lambda c, r: closed(c, r).float()), "right"),
    ("11.3", dict(closed_form=closed), "right"),
    ("11.3", dict(closed_form=lambda c, r: closed(c, r, sign=1)), "every length is 0"),
    ("11.3", dict(closed_form=lambda c, r: closed(c, r, about_hip=False)), "that is the best"),
    ("11.3", dict(closed_form=weighed), "the sum of squares is smaller"),
    ("11.4", dict(spoiled_rays=RAYS), "not attempted"),
    ("11.4", dict(spoiled_rays=spoiled(0, 8.0)), "right"),
    ("11.4", dict(spoiled_rays=spoiled(0, 30.0)), "0.5 are allowed"),
    ("11.4", dict(spoiled_rays=spoiled(None, 0.5)), "mm off"),
    ("11.4", dict(spoiled_rays=spoiled(16, 8.0)), "mm off"),
]
