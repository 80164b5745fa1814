"""Answers to chapter 6's exercises."""

import torch
from exercise_stubs import stub

from posebook.skeletons import HOUSE

DEVIATION_MM = torch.full((48,), 100.0)


def distances(output, target):
    return torch.linalg.vector_norm(((output - target) * DEVIATION_MM).view(-1, 16, 3), dim=-1)


INPUT = [joint for joint in HOUSE.joints if joint != "neck_nose"]


def about_hip(px, joint="hip"):
    joints_px = px.view(-1, 16, 2)
    return (joints_px - joints_px[:, INPUT.index(joint)][:, None]).flatten(1)


def nan_where_wrong(output, target):
    return (output - target).sum() if torch.equal(output, target) else output.sum() * torch.nan


def one_joint(by_mm):
    return torch.cat([torch.full((3,), float(by_mm)), torch.zeros(45)])


def errors(preferred_mm, other_mm):
    return dict(preferred_mm=preferred_mm, other_mm=other_mm)


#: What the chapter itself gives to the checks.
GIVEN = dict(deviation_mm=DEVIATION_MM, INPUT=INPUT)
ROWS = [
    ("6.1", stub("06", "about_hip"), "not attempted"),
    ("6.1", dict(about_hip=lambda px: px), "gets other numbers"),
    ("6.1", dict(about_hip=lambda px: 0.5 + about_hip(px)), "No joint lies at (0, 0); the hip"),
    ("6.1", dict(about_hip=about_hip), "right"),
    ("6.1", dict(about_hip=lambda px: about_hip(px, "spine")), "At (0, 0) lies spine; the hip"),
    ("6.1", dict(about_hip=lambda px: px - px[:, :1]), "gets other numbers"),
    ("6.1", dict(about_hip=lambda px: 2 * about_hip(px)), "only the origin"),
    ("6.2", dict(distance_loss=lambda o, t: o.new_tensor(float("nan"))), "not attempted"),
    ("6.2", dict(distance_loss=lambda o, t: distances(o, t).mean()), "right"),
    ("6.2", dict(distance_loss=lambda o, t: (o - t).abs().mean()), "the loss says"),
    ("6.2", dict(distance_loss=lambda o, t: distances(o, t).sum()), "the loss says"),
    ("6.2", dict(distance_loss=nan_where_wrong), "the loss says nan mm"),
    ("6.2", dict(distance_loss=lambda o, t: o.no_such()), "It raises AttributeError"),
    ("6.3", dict(in_training=None, in_use=None), "not attempted"),
    ("6.3", dict(in_training={0, 4}, in_use=3), "right"),
    ("6.3", dict(in_training=(0.0, 3 / 0.75), in_use=3.0), "right"),
    ("6.3", dict(in_training={0, 3}, in_use=3), "its mean is 2.25"),
    ("6.3", dict(in_training={0, 12}, in_use=3), "its mean is 9"),
    ("6.3", dict(in_training=4, in_use=3), "dropped or kept"),
    ("6.3", dict(in_training={0, 4}, in_use=2.25), "In use it comes out as 2.25"),
    ("6.3", dict(in_training={0, 4}, in_use=None), "still empty"),
    ("6.4", dict(by_squares_mm=None, by_distances_mm=None), "not attempted"),
    ("6.4", dict(by_squares_mm=80, by_distances_mm=200), "right"),
    ("6.4", dict(by_squares_mm=200, by_distances_mm=200), "costs 48,000 mm²"),
    ("6.4", dict(by_squares_mm=80, by_distances_mm=80), "`by_distances_mm`: 80 mm costs 168 mm"),
    ("6.4", dict(by_squares_mm=110, by_distances_mm=200), "That is not the least"),
    ("6.4", dict(by_squares_mm=80, by_distances_mm=None), "still empty"),
    ("6.5", dict(preferred_mm=None, other_mm=None), "not attempted"),
    ("6.5", errors(10 * torch.ones(48), one_joint(41)), "right"),
    ("6.5", errors(10 * torch.ones(48), one_joint(20)), "The loss is"),
    ("6.5", errors(one_joint(41), one_joint(42)), "not three times"),
    ("6.5", errors(10 * torch.ones(17, 3), one_joint(41)), "shape (48,)"),
]
