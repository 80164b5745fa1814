"""Checks of chapter 5's exercises."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from posebook import geometry, metrics
from posebook.course.checking import NotAttempted, Wrong
from posebook.metrics import Protocol
from posebook.skeletons import HOUSE


def exercise_1(best_factor: Any, factors: Tensor, one: Tensor, relative_mm: Tensor) -> None:
    """The factor for all poses with the smallest MPJPE."""
    if best_factor is None:
        raise NotAttempted
    scores_mm = [metrics.mpjpe(f * one, relative_mm).mean().item() for f in factors]
    given_mm = metrics.mpjpe(float(best_factor) * one, relative_mm).mean().item()
    if given_mm > min(scores_mm) + 0.01:
        raise Wrong(
            f"Times {float(best_factor):.2f}, the MPJPE is {given_mm:.1f} mm: not the least."
        )


def exercise_2(theirs_over_16_mm: Any) -> None:
    """49.0 mm over 17 joints, said over 16."""
    if theirs_over_16_mm is None:
        raise NotAttempted
    if theirs_over_16_mm < 49:
        raise Wrong("The 17th joint, the hip, has an error of 0: leaving it out raises the mean.")
    if abs(17 * 49.0 - 16 * theirs_over_16_mm) > 1:
        raise Wrong(
            f"The errors of one pose sum to {17 * 49:.0f} mm over 17 joints, but to "
            f"{16 * theirs_over_16_mm:.0f} mm over your 16; the hip adds nothing."
        )


#: Frames after which a pose has changed if somebody moves.
_LATER = 3


def exercise_3(
    cheat_mm: Any,
    truth_mm: Tensor,
    relative_mm: Tensor,
    a: Mapping[str, Any],
    columns: Sequence[str],
    by_root: Protocol,
    where: Mapping[str, Any],
) -> None:
    """A prediction that beats the jittering truth `a` by every score, and is useless: it is further
    off than that one in the quarter of the frames in which people move most."""
    if cheat_mm is None:
        raise NotAttempted
    if cheat_mm.shape != truth_mm.shape:
        raise Wrong(f"`cheat_mm` is {tuple(cheat_mm.shape)}, expected {tuple(truth_mm.shape)}.")
    found = {s.metric: s for s in metrics.evaluate_all(cheat_mm, truth_mm, by_root, **where)}
    for metric in columns:
        better = -1 if found[metric].unit == "%" else 1
        if not better * found[metric].value < better * a[metric].value:
            raise Wrong(
                f"By {metric} the jittering truth is better: {a[metric].value:.1f} against your "
                f"{found[metric].value:.1f} {found[metric].unit}."
            )
    later = (torch.arange(len(relative_mm)) + _LATER).clamp(max=len(relative_mm) - 1)
    clip, later_mm = where["clip_of_frame"], relative_mm[later]
    ours_mm = geometry.root_relative(cheat_mm, HOUSE)
    off_mm, ahead_mm = (metrics.mpjpe(ours_mm, true) for true in (relative_mm, later_mm))
    moves_mm = metrics.mpjpe(later_mm, relative_mm) * (clip[later] == clip)
    fast = moves_mm > moves_mm.quantile(0.75)
    seen_mm, ahead_mm = off_mm[fast].mean().item(), ahead_mm[fast].mean().item()
    if seen_mm < a["MPJPE"].value:
        raise Wrong(
            f"It beats every score, but this is the truth, {off_mm.mean():.1f} mm off, and only "
            f"{seen_mm:.1f} mm off where people move most: anybody could use it."
        )
    if ahead_mm < seen_mm:
        raise Wrong(
            "It beats every score, but it shows what people are about to do. That is not useless: "
            "who would not like to know?"
        )


_NOTICE_NOTHING = {"P-MPJPE", "bone-length error", "symmetry error"}


def exercise_4(notice_nothing: Any, relative_mm: Tensor) -> None:
    """Scores that do not see a turn about the vertical."""
    if notice_nothing is None:
        raise NotAttempted
    quarter = torch.tensor([[0.0, 0, 1], [0, 1, 0], [-1, 0, 0]]).to(relative_mm)
    turned_mm = relative_mm @ quarter.T
    distances_mm = torch.linalg.vector_norm(turned_mm - relative_mm, dim=-1)
    reads = {  # what the table would say of it
        "MPJPE": (metrics.mpjpe(turned_mm, relative_mm), "mm"),
        "N-MPJPE": (metrics.n_mpjpe(turned_mm, relative_mm), "mm"),
        "PCK@150": (metrics.pck(distances_mm), "%"),
        "AUC": (metrics.auc(distances_mm), "%"),
        "velocity error": (metrics.velocity_error(turned_mm, relative_mm), "mm/frame"),
    }
    given = {notice_nothing} if isinstance(notice_nothing, str) else set(notice_nothing)
    given = {str(name).partition(" (")[0] for name in given}
    if strange := given - reads.keys() - _NOTICE_NOTHING:
        raise Wrong(f"{sorted(strange)[0]!r} is no score of the table.")
    for name in reads.keys() & given:
        value, unit = reads[name]
        raise Wrong(f"The {name} of such a prediction is {value.nanmean().item():.1f} {unit} here.")
    if absent := len(_NOTICE_NOTHING - given):
        raise Wrong(f"These notice nothing, but {absent} more of the eight do not either.")
