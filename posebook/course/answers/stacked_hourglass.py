"""Checks of chapter 8's exercises."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from posebook.course.checking import NotAttempted, Wrong
from posebook.metrics import pictures
from posebook.skeletons import MPII_16


def exercise_1(my_pckh: Callable[[Tensor, Tensor, Tensor], float]) -> None:
    """PCKh as MPII defines it, percent."""
    dice = torch.Generator().manual_seed(0)
    truth_px = 100 * torch.rand(6, 16, 2, generator=dice)
    head_px = 8 + 4 * torch.rand(6, generator=dice)

    def says(answer_px: Tensor, true_px: Tensor = truth_px, heads_px: Tensor = head_px) -> float:
        return float(my_pckh(answer_px.clone(), true_px.clone(), heads_px.clone()))

    if math.isnan(says(truth_px)):
        raise NotAttempted
    if abs(says(truth_px) - 100) > 1e-3:
        raise Wrong(f"The truth itself should score 100 %, not {says(truth_px):.2f}.")
    beside = torch.tensor([1.0, 0.0]) * head_px[:, None, None]
    for share, expected in ((0.49, 100.0), (0.51, 0.0)):
        if abs(says(truth_px + share * beside) - expected) > 1e-3:
            raise Wrong(
                f"Where every joint is {share} heads away, the score should be {expected:.0f} %, "
                f"not {says(truth_px + share * beside):.1f}."
            )
    trunk = truth_px.clone()
    trunk[:, MPII_16.indices("hip", "thorax")] += 50
    if abs(says(trunk) - 100) > 1e-3:
        raise Wrong("A score that is right in fourteen joints changes with hip and thorax.")
    off_px = truth_px + 0.9 * beside * torch.rand(6, 16, 1, generator=dice)
    gaps_px = truth_px.clone()
    gaps_px[:4, 0], gaps_px[1, 9] = torch.nan, torch.nan
    unknown = head_px.clone()
    unknown[2] = torch.nan
    for true_px, heads_px, where in (
        (truth_px, head_px, "everybody has all joints"),
        (gaps_px, head_px, "some joints are not known, and each joint's share counts alike"),
        (truth_px, unknown, "a head is not known"),
    ):
        answer, expected = says(off_px, true_px, heads_px), pictures.pckh(off_px, true_px, heads_px)
        if not abs(answer - expected) < 1e-2:
            raise Wrong(f"Where {where}, it says {answer:.2f} %; {expected:.2f} is right.")


def exercise_2(last_alone: Callable[..., Tensor]) -> None:
    """The loss of the last stack's answer alone."""
    dice = torch.Generator().manual_seed(0)
    target, *found = (torch.rand(2, 3, 4, 4, generator=dice) for _ in range(4))
    labelled = torch.tensor([[True, False, True], [True, True, True]])
    seen = []

    def loss(maps: Tensor, wanted: Tensor, counts: Tensor) -> Tensor:
        seen.append((wanted, counts))
        return ((maps - wanted).square() * counts[..., None, None]).mean()

    each = [float(loss(maps, target, labelled)) for maps in found]
    seen.clear()
    answer = float(last_alone(loss, found, target, labelled))
    if abs(answer - sum(each)) < 1e-6:
        raise NotAttempted
    if any(wanted is not target or counts is not labelled for wanted, counts in seen):
        raise Wrong("Give the loss the target and the labels as they came.")
    if abs(answer - each[0]) < 1e-6:
        raise Wrong("That is the first stack's answer, and the network's answer is the last one's.")
    if abs(answer - each[-1]) > 1e-6:
        raise Wrong(f"It says {answer:.4f}, and the last stack's own loss is {each[-1]:.4f}.")
