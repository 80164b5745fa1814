"""Answers to chapter 5's exercises."""

import torch

from posebook import datasets, geometry, metrics, paths
from posebook.metrics import Protocol
from posebook.skeletons import HOUSE

MOTION = datasets.read_motion(paths.DATA / "samples" / "motion.bvh")[0]
TRUTH_MM = MOTION.world_mm.double()
RELATIVE_MM = geometry.root_relative(TRUTH_MM, HOUSE)
GENERATOR = torch.Generator().manual_seed(0)
NOISE_MM = 25.0 * torch.randn(TRUTH_MM.shape, generator=GENERATOR, dtype=torch.float64)
NOISE_MM[:, 0] = 0
ONE = 0.9 * RELATIVE_MM + NOISE_MM
FACTORS = torch.linspace(0.8, 1.3, 51, dtype=torch.float64)
BEST = FACTORS[torch.stack([metrics.mpjpe(f * ONE, RELATIVE_MM).mean() for f in FACTORS]).argmin()]
BY_ROOT = Protocol(joints="17", root="hip", alignment="root", scale="metric", average="frame")
WHERE = dict(clip_of_frame=torch.zeros(len(TRUTH_MM), dtype=torch.long), actions=["any"])
JITTERING = metrics.evaluate_all(RELATIVE_MM + NOISE_MM, TRUTH_MM, BY_ROOT, **WHERE)
GIVEN = dict(
    factors=FACTORS, one=ONE, relative_mm=RELATIVE_MM, truth_mm=TRUTH_MM, by_root=BY_ROOT,
    where=WHERE, a={s.metric: s for s in JITTERING},
    columns=["MPJPE", "N-MPJPE", "P-MPJPE", "AUC", "velocity error"],
)  # fmt: skip
BESIDE = torch.ones(17, 3, dtype=torch.float64)
BESIDE[0] = 0  # the hip
FRAMES = torch.arange(len(TRUTH_MM))


def late(frames):
    """The truth of so many frames ago; negative: of so many frames later."""
    return dict(cheat_mm=RELATIVE_MM[(FRAMES - frames).clamp(0, len(FRAMES) - 1)])


ROWS = [
    ("5.1", dict(best_factor=None), "not attempted"),
    ("5.1", dict(best_factor=float(BEST)), "right"),
    ("5.1", dict(best_factor=1.0), "not the least"),
    ("5.1", dict(best_factor=0.9), "not the least"),
    ("5.2", dict(theirs_over_16_mm=None), "not attempted"),
    ("5.2", dict(theirs_over_16_mm=49 * 17 / 16), "right"),
    ("5.2", dict(theirs_over_16_mm=49 * 16 / 17), "raises the mean"),
    ("5.2", dict(theirs_over_16_mm=51.5), "the hip adds nothing"),
    ("5.3", dict(cheat_mm=None), "not attempted"),
    ("5.3", late(3), "right"),
    ("5.3", late(1), "this is the truth, 12.1 mm off, and only 16.0 mm off where people move most"),
    ("5.3", late(-3), "what people are about to do"),
    ("5.3", dict(cheat_mm=RELATIVE_MM), "this is the truth, 0.0 mm off"),
    ("5.3", dict(cheat_mm=1.02 * RELATIVE_MM), "this is the truth, 8.1 mm off"),
    ("5.3", dict(cheat_mm=RELATIVE_MM + 1.1 * BESIDE), "this is the truth, 1.8 mm off"),
    ("5.3", dict(cheat_mm=RELATIVE_MM + 20 * BESIDE), "this is the truth, 32.6 mm off"),
    ("5.3", dict(cheat_mm=RELATIVE_MM + 0.01 * RELATIVE_MM.roll(1, 0)), "the truth, 4.0 mm off"),
    ("5.3", dict(cheat_mm=RELATIVE_MM + 0.9 * NOISE_MM), "this is the truth, 33.7 mm off"),
    ("5.3", dict(cheat_mm=RELATIVE_MM.mean(0).expand_as(RELATIVE_MM)), "jittering truth is better"),
    ("5.4", dict(notice_nothing=None), "not attempted"),
    ("5.4", dict(notice_nothing={"P-MPJPE", "bone-length error", "symmetry error"}), "right"),
    ("5.4", dict(notice_nothing="P-MPJPE"), "2 more of the eight"),
    ("5.4", dict(notice_nothing=["P-MPJPE", "N-MPJPE"]), "The N-MPJPE of such a prediction is"),
    ("5.4", dict(notice_nothing={"velocity error"}), "The velocity error of such"),
    ("5.4", dict(notice_nothing={"Procrustes"}), "is no score of the table"),
    ("5.4", dict(notice_nothing=3), "is a whole number; a tuple, a list or a set is"),
]
