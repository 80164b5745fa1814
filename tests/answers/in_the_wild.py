"""Answers to chapter 17's exercises."""

import torch

from posebook import metrics
from posebook.datasets.clips import Clip
from posebook.skeletons import HOUSE

DRAW = torch.Generator().manual_seed(0)
TRUTH_MM = 300 * torch.randn(17, 3, generator=DRAW, dtype=torch.float64)
TRUTH_MM[:, 2] += 5000


class Case:
    truth_mm = TRUTH_MM


def true_clip(case):
    """Key points as seen from far away."""
    points = case.truth_mm[None, :, :2].clone()
    return Clip("", HOUSE, None, points, torch.ones(1, 17))


def lift_all(clips, camera, height):
    """A lifter that knows depth and takes the rest from the key points."""
    poses = [torch.cat([clip.keypoints_px[0], TRUTH_MM[:, 2:]], -1) for clip in clips.values()]
    return torch.stack([pose - pose[:1] for pose in poses]), None


def error(*joints):
    clip = true_clip(Case)
    for joint in joints:
        pair = HOUSE.indices(f"left_{joint}", f"right_{joint}")
        clip.keypoints_px[:, pair] = clip.keypoints_px[:, pair[::-1]]
    pose_mm, _ = lift_all({0: clip}, True, True)
    return float(metrics.p_mpjpe(pose_mm[0], TRUTH_MM - TRUTH_MM[:1]))


def same(a, b, least=4, middle=torch.median, part=0.1, count_nan=False):
    both = torch.isfinite(a).all(-1) & torch.isfinite(b).all(-1)
    if both.sum() < least:
        return False
    known = a if count_nan else a[torch.isfinite(a).all(-1)]
    side = (known.amax(0) - known.amin(0)).max() if part < 1 else 1.0
    return bool(middle((a - b)[both].norm(dim=-1)) <= part * side)


#: What the chapter itself gives to the checks.
GIVEN = dict(cases=[Case], kept=[0], lift_all=lift_all, true_clip=true_clip)
ROWS = [
    ("17.1", dict(telephone_px=None), "not attempted"),
    ("17.1", dict(telephone_px=26 / 36 * 4000), "right"),
    ("17.1", dict(telephone_px=2890), "right"),
    ("17.1", dict(telephone_px=26 * 4000), "How wide is the film?"),
    ("17.1", dict(telephone_px=36 / 26 * 4000), "the lens is shorter than the film is wide"),
    ("17.1", dict(telephone_px=4800), "spans 45 degrees"),
    ("17.2", dict(away_m=None), "not attempted"),
    ("17.2", dict(away_m=3.75), "right"),
    ("17.2", dict(away_m=4.5), "And the lens"),
    ("17.2", dict(away_m=5 / 1.2), "And the height"),
    ("17.2", dict(away_m=5.4), "not too near"),
    ("17.2", dict(away_m=5 / 1.53 * 1.7 / 1.2), "is nearer, not further"),
    ("17.2", dict(away_m=5.0), "focal length times height over distance"),
    ("17.3", dict(same=None), "not attempted"),
    ("17.3", dict(same=same), "right"),
    ("17.3", dict(same=lambda a, b: same(a, b, middle=torch.mean)), "the median?"),
    ("17.3", dict(same=lambda a, b: same(a, b, least=1)), "too few to say"),
    ("17.3", dict(same=lambda a, b: same(a, b, part=10)), "a large person, read twice"),
    ("17.3", dict(same=lambda a, b: same(a, b, count_nan=True)), "hidden in the first"),
    ("17.3", dict(same=lambda a, b: None), "expected True or False"),
    ("17.4", dict(changed_mm=None), "not attempted"),
    ("17.4", dict(changed_mm=error("foot")), "right"),
    ("17.4", dict(changed_mm=error()), "Did they change?"),
    ("17.4", dict(changed_mm=error("hip", "knee", "foot")), "Only the ankles"),
    ("17.4", dict(changed_mm=1.0), "Change the places of left_foot"),
]
