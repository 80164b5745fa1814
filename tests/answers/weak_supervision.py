"""Answers to chapter 10's exercises."""

import math

import torch

from posebook.methods.weak_supervision.skeleton import GROUPS, at_length, bone_sum
from posebook.skeletons import MPII_16

draw = torch.Generator().manual_seed(0)
SIZES = torch.linspace(0.6, 1.2, 40)[torch.randperm(40, generator=draw), None, None]
POSES = SIZES * 400 * torch.randn(40, 16, 3, generator=draw)
POSES = POSES - POSES[:, [MPII_16.index("hip")]]
KEPT = [i for i, joint in enumerate(MPII_16.joints) if joint != "thorax"]
LENGTH = bone_sum(POSES).mean().item()
OFF = (at_length(POSES, LENGTH) - POSES).norm(dim=-1)
ORDER = bone_sum(POSES).argsort()
SMALL, LARGE = (OFF[rows][:, KEPT].mean().item() for rows in (ORDER[:10], ORDER[-10:]))
ALL = OFF[:, KEPT].mean().item()


def both(of_all, of_smallest):
    return dict(all_mm=of_all, smallest_mm=of_smallest)


PLACES = torch.randn(16, 2, generator=draw)
DEPTHS = torch.randn(16, generator=draw)


def reflected(*ends):
    """The true depths, but for feet or wrists as far behind their neighbour as they were before."""
    depths = DEPTHS.clone()
    for end in ends:
        middle = MPII_16.index(end.replace("foot", "knee").replace("wrist", "elbow"))
        place = MPII_16.index(end)
        depths[place] = 2 * DEPTHS[middle] - DEPTHS[place]
    return depths


#: What the chapter itself gives to the checks.
GIVEN = dict(
    truths_mm=POSES, KEPT=KEPT, LENGTH_MM=LENGTH, limb_places=PLACES, limb_depths=DEPTHS,
    GROUPS=GROUPS,
)  # fmt: skip
ROWS = [
    ("10.1", dict(deeper_px=None), "not attempted"),
    ("10.1", dict(deeper_px=math.sqrt(156)), "right"),
    ("10.1", dict(deeper_px=-math.sqrt(156)), "the other answer"),
    ("10.1", dict(deeper_px=6), "right-angled triangle"),
    ("10.1", dict(deeper_px=math.hypot(16, 10)), "longest side"),
    ("10.1", dict(deeper_px=16), "would be 18.9 px long"),
    ("10.2", dict(untouched=None), "not attempted"),
    ("10.2", dict(untouched={"thorax", "head"}), "right"),
    ("10.2", dict(untouched=["head", "thorax"]), "right"),
    ("10.2", dict(untouched={"head"}), "there are more"),
    ("10.2", dict(untouched="head"), "there are more"),
    ("10.2", dict(untouched={"hip", "head", "thorax"}), "hip ends a bone"),
    ("10.2", dict(untouched={"spine"}), "'spine' is not the name"),
    ("10.3", both(None, None), "not attempted"),
    ("10.3", both(ALL, SMALL), "right"),
    ("10.3", both(ALL, None), "still None"),
    ("10.3", both(OFF.mean().item(), SMALL), "counts the thorax"),
    ("10.3", both(ALL, LARGE), "of the largest people"),
    ("10.3", both(ALL / 2, SMALL), "does not fit"),
    ("10.4", dict(fooling=None), "not attempted"),
    ("10.4", dict(fooling=reflected("left_foot", "right_wrist")), "right"),
    ("10.4", dict(fooling=DEPTHS), "0 point to the wrong side and 8"),
    ("10.4", dict(fooling=-DEPTHS), "8 point to the wrong side and 0"),
    ("10.4", dict(fooling=reflected("left_foot")), "1 point to the wrong side"),
    ("10.4", dict(fooling=torch.zeros(16)), "The loss of yours is"),
    ("10.4", dict(fooling=DEPTHS[:3]), "a tensor of shape (16,)"),
]
