"""Answers to chapter 12's exercises."""

import math

import torch

from posebook import metrics
from posebook.metrics import ambiguity

DRAW = torch.Generator().manual_seed(0)
NEW = torch.randn(64, 17, 2, generator=DRAW)
ABOUT = torch.linalg.vector_norm(NEW - NEW[:, :1], dim=-1).sum(-1)
HIP = torch.linalg.vector_norm(NEW[:, 0], dim=-1).mean()
TRUTH_MM = 300 * torch.randn(40, 17, 3, generator=DRAW)
TRUTH_MM = TRUTH_MM - TRUTH_MM[:, :1]
TOSSED = torch.where((torch.arange(40) % 2 == 0)[:, None, None], -1.0, 1.0)
TOSSED = torch.cat([TRUTH_MM[..., :2], TRUTH_MM[..., 2:] * TOSSED], -1)
BY_JOINT = torch.where(torch.rand(40, 17, 1, generator=DRAW) < 0.5, -1.0, 1.0)
BY_JOINT = torch.cat([TRUTH_MM[..., :2], TRUTH_MM[..., 2:] * BY_JOINT], -1)
PAIR = TOSSED.double(), TRUTH_MM.double()
FREE, STRICT = metrics.p_mpjpe_reflected(*PAIR).mean(), metrics.p_mpjpe(*PAIR).mean()


def coin(tossed, free=FREE, strict=STRICT):
    return dict(tossed=tossed, with_reflections_mm=free, without_mm=strict)


#: What the chapter itself gives to the checks.
GIVEN = dict(new=NEW, truth_mm=TRUTH_MM)
ROWS = [
    ("12.1", dict(hip_distance=None, mean_distance=None), "not attempted"),
    ("12.1", dict(hip_distance=HIP, mean_distance=ABOUT.mean() / 16), "right"),
    ("12.1", dict(hip_distance=0.0, mean_distance=ABOUT.mean() / 16), "the length of the"),
    ("12.1", dict(hip_distance=HIP, mean_distance=ABOUT.mean() / 17), "the 16 other joints"),
    ("12.1", dict(hip_distance=HIP, mean_distance=NEW.norm(dim=-1).mean()), "the 16 other joints"),
    ("12.2", dict(lifter_needs=None, critic_may=None), "not attempted"),
    ("12.2", dict(lifter_needs=4, critic_may=28), "right"),
    ("12.2", dict(lifter_needs=3, critic_may=28), "right in 9.4 %, the lifter may not step"),
    ("12.2", dict(lifter_needs=4, critic_may=29), "right in 90.6 %, the critic may not step"),
    ("12.2", dict(lifter_needs=5, critic_may=27), "and so it does with more"),
    ("12.2", dict(lifter_needs=0.1, critic_may=0.9), "not a number of poses"),
    ("12.3", coin(None, None, None), "not attempted"),
    ("12.3", coin(TOSSED), "right"),
    ("12.3", coin(BY_JOINT), "tossed once for a whole pose"),
    ("12.3", coin(ambiguity.mirrored(TRUTH_MM)), "a fair coin"),
    ("12.3", coin(TOSSED, None, None), "measure both"),
    ("12.3", coin(TOSSED, STRICT, FREE), "not the mean over"),
    ("12.3", coin(TOSSED[:5]), "The shape of tossed"),
    ("12.4", dict(best_logit=lambda real, new: float("nan")), "not attempted"),
    ("12.4", dict(best_logit=lambda real, new: math.log(real / new)), "right"),
    ("12.4", dict(best_logit=lambda real, new: real / (real + new)), "your logit of 0.75 costs"),
    ("12.4", dict(best_logit=lambda real, new: real / new), "your logit of 3.00 costs"),
    ("12.4", dict(best_logit=lambda real, new: math.log(new / real)), "your logit of -1.10 costs"),
    ("12.4", dict(best_logit=lambda real, new: 0.0), "your logit of 0.00 costs"),
]
