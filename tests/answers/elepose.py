"""Answers to chapter 16's exercises."""

import math

import torch

from posebook.geometry import euler_to_matrix
from posebook.methods.elepose.flow import PosePrior
from posebook.metrics.ambiguity import mirrored

draw = torch.Generator().manual_seed(0)
torch.manual_seed(0)
POSES = 0.5 * torch.randn(64, 17, 3, generator=draw)
POSES = POSES - POSES[:, :1]
PICTURES = 0.05 * torch.randn(200, 17, 2, generator=draw)
PICTURES[0] *= 20  # an odd one
PRIOR = PosePrior(width=8).fit_components(PICTURES[1:]).requires_grad_(False)
UNLIKELY = PRIOR(PICTURES)
MODE = PRIOR(PRIOR.poses(PRIOR.flow.inverse(torch.zeros(1, 26))[0])).item()
MEDIAN, MEAN = UNLIKELY.median().item(), UNLIKELY.mean().item()
OF_MEAN_PICTURE = PRIOR(PRIOR.mean.view(1, 17, 2)).item()


def differ(distance, level=0.2, spin=-1.0, times=1.0):
    """level, spin: of the mirror images."""
    seen = []
    for pose, theta, alpha in ((POSES, -0.2, 1.0), (mirrored(POSES), level, spin)):
        turned = pose @ euler_to_matrix(torch.tensor([-theta, alpha, theta]), "xyx").mT
        seen.append(times * turned[..., :2] / (turned[..., 2:] + distance))
    return (seen[0] - seen[1]).norm(dim=-1).mean().item()


def both(near, far):
    return dict(differ_near=near, differ_far=far)


def likelihoods(mode, median):
    return dict(mode_unlikely=mode, median_unlikely=median)


#: What the chapter itself gives to the checks.
GIVEN = dict(
    prior=PRIOR, test_seen=PICTURES, test_whole=torch.ones(200, dtype=torch.bool), true_units=POSES
)
NEAR, FAR = differ(10.0, times=10.0), differ(1000.0, times=1000.0)
ROWS = [
    ("16.1", dict(elevation_rad=None), "not attempted"),
    ("16.1", dict(elevation_rad=-math.atan2(1.5, 5)), "right"),
    ("16.1", dict(elevation_rad=math.atan2(1.5, 5)), "look up or down"),
    ("16.1", dict(elevation_rad=-math.degrees(math.atan2(1.5, 5))), "in degrees"),
    ("16.1", dict(elevation_rad=-math.asin(1.5 / 5)), "m higher or lower"),
    ("16.2", likelihoods(None, None), "not attempted"),
    ("16.2", likelihoods(MODE, MEDIAN), "right"),
    ("16.2", likelihoods(MODE, None), "still None"),
    ("16.2", likelihoods(MODE, MEAN), "is the mean"),
    ("16.2", likelihoods(MEDIAN, MODE), "is not the median"),
    ("16.2", likelihoods(OF_MEAN_PICTURE + 5, MEDIAN), "is not that of u = 0"),
    ("16.3", both(None, None), "not attempted"),
    ("16.3", both(NEAR, FAR), "right"),
    ("16.3", both(NEAR, None), "still None"),
    ("16.3", both(differ(10.0), differ(1000.0)), "multiply by the distance"),
    ("16.3", both(differ(10.0, level=-0.2, times=10.0), FAR), "elevation is not negated"),
    ("16.3", both(differ(10.0, spin=1.0, times=10.0), FAR), "azimuth is not negated"),
    ("16.3", both(NEAR, NEAR), "differ_far"),
    ("16.4", dict(log_volume=None), "not attempted"),
    ("16.4", dict(log_volume=math.log(4)), "right"),
    ("16.4", dict(log_volume=4), "The volume itself"),
    ("16.4", dict(log_volume=math.log(6.5)), "sum of the factors"),
    ("16.4", dict(log_volume=math.log(4) + 6), "A shift moves a box"),
    ("16.4", dict(log_volume=-math.log(4)), "is smaller than one"),
    ("16.4", dict(log_volume=0), "with a volume of 1."),
]
