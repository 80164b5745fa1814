"""Answers to chapter 6's exercises."""

import torch

from posebook.skeletons import HOUSE

DEVIATION_MM = torch.full((48,), 100.0)


def distances(output, target):
    return torch.linalg.vector_norm(((output - target) * DEVIATION_MM).view(-1, 16, 3), dim=-1)


INPUT = [joint for joint in HOUSE.joints if joint != "neck_nose"]


def about_hip(px, joint="hip"):
    joints_px = px.view(-1, 16, 2)
    return (joints_px - joints_px[:, INPUT.index(joint)][:, None]).flatten(1)


#: What the chapter itself gives to the checks.
GIVEN = dict(deviation_mm=DEVIATION_MM, INPUT=INPUT)
ROWS = [
    ("6.1", dict(about_hip=lambda px: px), "not attempted"),
    ("6.1", dict(about_hip=about_hip), "right"),
    ("6.1", dict(about_hip=lambda px: about_hip(px, "spine")), "at (0, 0) is spine"),
    ("6.1", dict(about_hip=lambda px: px - px[:, :1]), "gets other numbers"),
    ("6.1", dict(about_hip=lambda px: 2 * about_hip(px)), "only the origin"),
    ("6.2", dict(distance_loss=lambda o, t: o.new_tensor(float("nan"))), "not attempted"),
    ("6.2", dict(distance_loss=lambda o, t: distances(o, t).mean()), "right"),
    ("6.2", dict(distance_loss=lambda o, t: (o - t).abs().mean()), "the loss says"),
    ("6.2", dict(distance_loss=lambda o, t: distances(o, t).sum()), "the loss says"),
    ("6.2", dict(distance_loss=lambda o, t: o.no_such()), "It raises AttributeError"),
]
