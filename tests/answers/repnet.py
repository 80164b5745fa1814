"""Answers to chapter 13's exercises."""

import torch
from exercise_stubs import stub

from posebook.skeletons import HOUSE

draw = torch.Generator().manual_seed(0)
POSE = 0.4 * torch.randn(500, 17, 3, generator=draw)
ONE, OTHER = (POSE[:, i] for i in HOUSE.indices("right_hip", "left_hip"))
SUM_MM, BONE_MM = (1000 * v.norm(dim=-1).mean().item() for v in (ONE + OTHER, ONE - OTHER))
MEAN_VECTOR_MM = 1000 * (ONE - OTHER).mean(0).norm().item()


def lengths(wrong_mm, right_mm):
    return dict(wrong_mm=wrong_mm, right_mm=right_mm)


def world(pose_of, camera_of):
    def turned_world(pose, camera, turn):
        return pose_of(pose, turn), camera_of(camera, turn)

    return dict(turned_world=turned_world)


def same(values, turn):
    return values


def onwards(values, turn):
    return values @ turn.mT


def backwards(values, turn):
    return values @ turn


def flat(right, down, scale=1.0):
    """People of cardboard, and cameras with such scales along x and y."""

    def generator(seen):
        camera = torch.eye(3)[:2] * torch.tensor([right, down])[:, None]
        places = scale * seen / torch.tensor([right or 1.0, down or 1.0])
        pose = torch.cat([places, torch.zeros_like(seen[..., :1])], -1)
        return pose, camera.expand(len(seen), 2, 3)

    return generator


def nothing(keypoints):
    n = len(keypoints)
    return torch.zeros(n, 16, 3), torch.zeros(n, 2, 3)


#: What the chapter itself gives to the checks.
GIVEN = dict(train_pose=POSE)
ROWS = [
    ("13.1", lengths(None, None), "not attempted"),
    ("13.1", lengths(SUM_MM, BONE_MM), "right"),
    ("13.1", lengths(SUM_MM, None), "still None"),
    ("13.1", lengths(BONE_MM, SUM_MM), "does not fit train_pose"),
    ("13.1", lengths(SUM_MM / 1000, BONE_MM / 1000), "in metres"),
    ("13.1", lengths(SUM_MM, MEAN_VECTOR_MM), "length of the mean vector"),
    ("13.2", stub("13", "turned_world"), "not attempted"),
    ("13.2", world(same, same), "not the old ones turned"),
    ("13.2", world(onwards, onwards), "right"),
    ("13.2", world(onwards, backwards), "another picture"),
    ("13.2", world(onwards, same), "another picture"),
    ("13.2", world(backwards, backwards), "turned the other way"),
    ("13.2", world(same, onwards), "not the old ones turned"),
    ("13.3", dict(largest_gap_m=None), "not attempted"),
    ("13.3", dict(largest_gap_m=0.4), "right"),
    ("13.3", dict(largest_gap_m=0.1), "finds a gap of more than"),
    ("13.3", dict(largest_gap_m=1.6), "No critic of slope 1"),
    ("13.3", dict(largest_gap_m=0.1 * 48**0.5), "No critic of slope 1"),
    ("13.4", dict(camera_scale=None), "not attempted"),
    ("13.4", dict(camera_scale=0.5), "right"),
    ("13.4", dict(camera_scale=250), "is 50,000 px long"),
    ("13.4", dict(camera_scale=0.445), "is 89 px long"),
    ("13.4", dict(camera_scale=8), "is 1,600 px long"),
    ("13.5", stub("13", "lazy_generator"), "not attempted"),
    ("13.5", dict(lazy_generator=flat(0.0, 0.0, scale=0.0)), "The picture notices"),
    ("13.5", dict(lazy_generator=nothing), "The picture notices"),
    ("13.5", dict(lazy_generator=flat(0.445, 0.445)), "right"),
    ("13.5", dict(lazy_generator=flat(3.0, 3.0)), "right"),
    ("13.5", dict(lazy_generator=flat(0.5, 1.0)), "The camera's term notices"),
    ("13.5", dict(lazy_generator=flat(0.445, 0.445, scale=1.1)), "The picture notices"),
    ("13.5", dict(lazy_generator=lambda seen: (seen, seen)), "The shapes are"),
]
