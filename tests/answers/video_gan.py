"""Answers to chapter 14's exercises."""

from dataclasses import dataclass
from types import SimpleNamespace

import torch

CAMERA = torch.tensor([2.29, 2.29, 0.0, 0.0])
SOME = 0.3 * torch.randn(8, 17, 3, generator=torch.Generator().manual_seed(0)).double()
SOME = SOME + torch.tensor([0.0, 0.0, 5.0])
EXACT = 2.29 * SOME[..., :2] / SOME[..., 2:]
FLAT = SOME / SOME[..., 2:] * SOME[:, :1, 2:]  # every joint on its ray, at the hip's depth


@dataclass
class Lens:
    focal_px: float


@dataclass
class Seen:
    camera: Lens


class Lifter:
    """People who look smaller are farther away, by a little less than they should be."""

    def lift(self, clip):
        depth_mm = 5000 * (clip.camera.focal_px / 1000) ** 0.9
        return SimpleNamespace(root_mm=torch.tensor([[0.0, 0.0, depth_mm]]))


TERMS = (
    "-D(X)", "w L_rep(r*, X)", "100 L_rep(r, [X])", "10 L_behind(r, [X])",
    "released: 100 L_rep(P)",
)  # fmt: skip


def teach(*networks):
    return dict(teaches=dict(zip(TERMS, networks, strict=True)))


#: What the chapter itself gives to the checks.
GIVEN = dict(some=SOME, exact=EXACT, CAMERA=CAMERA, lifter=Lifter(), clip=Seen(Lens(1000.0)))
ROWS = [
    ("14.1", dict(cheap=None), "not attempted"),
    ("14.1", dict(cheap=2 * SOME), "right"),
    ("14.1", dict(cheap=FLAT), "right"),
    ("14.1", dict(cheap=SOME + torch.tensor([0.0, 0.0, 1.0])), "left the rays"),
    ("14.1", dict(cheap=-SOME), "the nearest joint has a depth of"),
    ("14.1", dict(cheap=0 * SOME), "the nearest joint has a depth of 0"),
    ("14.1", dict(cheap=1.05 * SOME), "the MPJPE is only"),
    ("14.1", dict(cheap=SOME[:2]), "The shape of cheap"),
    ("14.2", dict(farther=None), "not attempted"),
    ("14.2", dict(farther=1.1**0.9), "right"),
    ("14.2", dict(farther=1.1**-0.9), "divided by which"),
    ("14.2", dict(farther=1.1), "the hip would be 5.50 m"),
    ("14.2", dict(farther=1.0), "the hip would be 5.00 m"),
    ("14.3", dict(sideways_mm=None), "not attempted"),
    ("14.3", dict(sideways_mm=21.83), "right"),
    ("14.3", dict(sideways_mm=50), "0.0229 screen units"),
    ("14.3", dict(sideways_mm=0.02183), "0.0000 screen units"),
    ("14.3", dict(sideways_mm=114.5), "0.0524 screen units"),
    ("14.4", dict(teaches=dict.fromkeys(TERMS)), "not attempted"),
    ("14.4", teach("pose", "pose", "root", "root", "both"), "right"),
    ("14.4", teach("both", "pose", "root", "root", "both"), "a weight of the root network"),
    ("14.4", teach("pose", "both", "root", "root", "both"), "a weight of the root network"),
    ("14.4", teach("pose", "pose", "both", "root", "both"), "a weight of the pose network"),
    ("14.4", teach("pose", "pose", "root", "root", "pose"), "not the only one"),
    ("14.4", teach("pose", "pose", "root", None, "both"), "None is none of"),
]
