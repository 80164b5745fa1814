"""Which of a detector's people are one and the same, and in which order the others come."""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.key_points import MIN_CONFIDENCE

#: Two answers are one person where their joints are as near to each other as this, as a mean over
#: joints of exp(-d^2 / 2 (s k)^2), d their distance, s the person's size, k `_SPREAD`.
ALIKE = 0.4
_SPREAD = 0.1


def different(
    points: Float[Tensor, "n joints 2"],
    scores: Float[Tensor, "n joints"],
    trust: Float[Tensor, " n"] | None = None,
    least: float = MIN_CONFIDENCE,
) -> Int[Tensor, " kept"]:
    """Whom to keep, the most prominent first: large people before small ones, sure before unsure.

    trust  of two answers for one person the one with more is kept; None: the sum of their scores
    least  joints with a smaller score are not compared; whoever has no other is left out
    """
    sure = scores >= least
    size = sizes(points, sure)
    trust = scores.sum(-1) if trust is None else trust
    kept: list[int] = []
    for one in trust.argsort(descending=True, stable=True).tolist():
        same = (
            alike(points[one], points[other], sure[one] | sure[other],
                  torch.minimum(size[one], size[other]).clamp(min=1))
            for other in kept
        )  # fmt: skip
        if sure[one].any() and all(value <= ALIKE for value in same):
            kept.append(one)
    kept.sort(key=lambda one: -float(size[one] * scores[one].mean()))
    return torch.tensor(kept, dtype=torch.int64)


def sizes(points: Tensor, sure: Tensor) -> Tensor:
    """(n,): the diagonal of the box around the joints that are sure, px; 0 where none is."""
    mask = sure.unsqueeze(-1)
    low = torch.where(mask, points, torch.inf).amin(-2)
    high = torch.where(mask, points, -torch.inf).amax(-2)
    return torch.linalg.vector_norm((high - low).clamp(min=0), dim=-1)


def alike(one: Tensor, other: Tensor, asked: Tensor, size: Tensor) -> float:
    """How near two people's joints (joints, 2) are to each other, in [0, 1]."""
    apart = (one - other).square().sum(-1)[asked]
    return float(torch.exp(-apart / (2 * (_SPREAD * size) ** 2)).mean())
