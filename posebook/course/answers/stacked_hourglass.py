"""Checks of chapter 8's exercises."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.course.answers import is_stub
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
    if not abs(says(truth_px) - 100) <= 1e-3:
        raise Wrong(f"The truth itself should score 100 %, not {says(truth_px):.2f}.")
    beside = torch.tensor([1.0, 0.0]) * head_px[:, None, None]
    for share, expected in ((0.49, 100.0), (0.51, 0.0)):
        if not abs(says(truth_px + share * beside) - expected) <= 1e-3:
            raise Wrong(
                f"Where every joint is {share} heads away, the score should be {expected:.0f} %, "
                f"not {says(truth_px + share * beside):.1f}."
            )
    trunk = truth_px.clone()
    trunk[:, MPII_16.indices("hip", "thorax")] += 50
    if not abs(says(trunk) - 100) <= 1e-3:
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
    if is_stub(last_alone, "08"):
        raise NotAttempted
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
        raise Wrong("It still sums over all stacks.")
    if any(wanted is not target or counts is not labelled for wanted, counts in seen):
        raise Wrong("Give the loss the target and the labels as they came.")
    if abs(answer - each[0]) < 1e-6:
        raise Wrong("That is the first stack's answer, and the network's answer is the last one's.")
    if not abs(answer - each[-1]) <= 1e-6:
        raise Wrong(f"It says {answer:.4f}, and the last stack's own loss is {each[-1]:.4f}.")


def exercise_3(brightest: Any, read_px: Any) -> None:
    """The brightest pixel for a joint at (42, 23) px, stride 4, and its middle in the picture."""
    if brightest is None and read_px is None:
        raise NotAttempted
    if brightest is None or read_px is None:
        raise Wrong("One of the two is still empty.")
    column, row = (float(value) for value in brightest)
    if (column, row) == (5, 10):
        raise Wrong("x counts columns and y counts rows; yours are exchanged.")
    if (column, row) != (10, 5):
        off = math.hypot(column + 0.5 - 42 / 4, row + 0.5 - 23 / 4)
        raise Wrong(
            f"The middle of pixel ({column:g}, {row:g}) is {off:.2f} px of the map away from the "
            "joint, and another pixel's middle is nearer."
        )
    x, y = (float(value) for value in read_px)
    if (x, y) == (40, 20):
        raise Wrong("(40, 20) is the pixel's corner: the half-pixel slip.")
    if not math.hypot(x - 42, y - 22) < 0.01:
        raise Wrong(
            f"({x:g}, {y:g}) is {math.hypot(x - 42, y - 23):.1f} px away from the joint; the "
            "middle of the right pixel is nearer."
        )


def exercise_4(lean_and_bend: Callable[[float, float], tuple[float, float]]) -> None:
    """Differences of the logarithms of a Gaussian at three neighbouring pixels."""
    if all(math.isnan(value) for value in lean_and_bend(0.3, 1.0)):
        raise NotAttempted
    for right, sigma in ((0.3, 1.0), (-0.45, 1.75), (0.1, 0.6)):
        before, middle, after = (-((step - right) ** 2) / (2 * sigma**2) for step in (-1, 0, 1))
        lean, bend = (float(value) for value in lean_and_bend(right, sigma))
        logs = (
            f"{right:g} px to the right, sigma = {sigma:g}: the logarithms are {before:.3f}, "
            f"{middle:.3f} and {after:.3f}. "
        )
        if not abs(lean - (after - before)) < 1e-6:
            raise Wrong(f"{logs}Your first difference is {lean:.3f}.")
        if not abs(bend - (2 * middle - before - after)) < 1e-6:
            raise Wrong(f"{logs}Your second difference is {bend:.3f}.")


def exercise_5(bad: Any, good: Tensor, wanted: Tensor) -> None:
    """A map with a small squared error and its peak elsewhere."""
    if bad is None:
        raise NotAttempted
    if not isinstance(bad, Tensor) or bad.shape != wanted.shape:
        raise Wrong(f"`bad` is a tensor of shape {tuple(wanted.shape)}.")
    costs = [((maps - wanted) ** 2).mean().item() for maps in (bad, good)]
    if not costs[0] < costs[1]:
        shown = figures.heat_maps(torch.stack([bad, good]), captions=["yours", "good"])
        raise Wrong(f"Yours costs {costs[0]:.5f}, and `good` costs {costs[1]:.5f}.", shown)
    if (bad == bad.max()).sum() > 1:
        raise Wrong("Several pixels are equally bright: this map does not answer with one place.")
    peaks = [divmod(int(maps.argmax()), maps.shape[1]) for maps in (bad, wanted)]
    if not math.dist(*peaks) > 20:
        raise Wrong(f"Its brightest pixel is {math.dist(*peaks):.0f} px away from the joint's.")
