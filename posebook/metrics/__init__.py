"""Metrics: `joint_errors` has the formulas, `protocols` what makes two numbers comparable, `scores`
the averages under a protocol, `ambiguity` what fits learned without depth, `smoothing` filters."""

from posebook.metrics.joint_errors import (
    auc,
    bone_length_error,
    joint_distances,
    mpjpe,
    n_mpjpe,
    n_mpjpe_norm_ratio,
    n_mpjpe_uncentred,
    p_mpjpe,
    p_mpjpe_reflected,
    pck,
    symmetry_error,
    velocity_error,
    weighted_mpjpe,
)
from posebook.metrics.protocols import JOINT_SETS, Protocol
from posebook.metrics.scores import Score, distances_under, evaluate_all, score

__all__ = [
    "JOINT_SETS", "Protocol", "Score", "auc", "bone_length_error", "distances_under",
    "evaluate_all", "joint_distances", "mpjpe", "n_mpjpe", "n_mpjpe_norm_ratio",
    "n_mpjpe_uncentred", "p_mpjpe", "p_mpjpe_reflected", "pck", "score", "symmetry_error",
    "velocity_error", "weighted_mpjpe",
]  # fmt: skip
