"""Checks of chapter 2's exercises."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry
from posebook.course.checking import NotAttempted, Wrong
from posebook.skeletons import HOUSE

#: Somebody who stands with the pelvis at 0: place to the side and height, mm, in HumanEva's joints.
_STANDING_MM = {
    "pelvis": (0, 0), "neck": (0, 500), "head": (0, 700), "left_hip": (130, 0),
    "right_hip": (-130, 0), "left_shoulder": (170, 480), "right_shoulder": (-170, 480),
}  # fmt: skip
#: Where the joints that HumanEva lacks are to be found: height, mm, from and to.
_HEIGHTS_MM = {"hip": (-1, 1), "spine": (150, 350), "thorax": (460, 520), "neck_nose": (520, 680)}


def exercise_1(
    humaneva: list[str], humaneva_rules: dict[str, Any], conversion_weights: Callable[..., Tensor]
) -> None:
    """Rules that make the house joints from HumanEva's fifteen."""
    if not humaneva_rules:
        raise NotAttempted
    weights = conversion_weights(humaneva, list(HOUSE.joints), humaneva_rules)
    standing_mm = torch.zeros(len(humaneva), 2, dtype=weights.dtype)
    for joint, place in _STANDING_MM.items():
        standing_mm[humaneva.index(joint)] = torch.tensor(place).to(standing_mm)
    made_mm = weights @ standing_mm
    for joint, (low, high) in _HEIGHTS_MM.items():
        row, (side, height) = weights[HOUSE.index(joint)], made_mm[HOUSE.index(joint)].tolist()
        if not row.any():
            raise Wrong(f"{joint} has no rule whose joints HumanEva marks.")
        if abs(row.sum().item() - 1) > 1e-6:
            raise Wrong(
                f"The weights of {joint} sum to {row.sum():.3g}: moving people moves it so."
            )
        if abs(side) > 1 or not low <= height <= high:
            raise Wrong(
                "Somebody stands with the pelvis at 0, the neck at 500 and the head at 700 mm: "
                f"your {joint} is at {height:.0f} mm, {abs(side):.0f} mm to the side."
            )


def exercise_2(
    looks_like_ours: Callable[[Tensor], float], truth_mm: Tensor, coco_mm: Tensor
) -> None:
    """A check that tells COCO's order of joints from ours."""
    if looks_like_ours(truth_mm) != looks_like_ours(truth_mm):  # NaN
        raise NotAttempted
    shift = torch.tensor([3000.0, -500.0, 9000.0])
    for name, ours_mm, theirs_mm in (
        ("poses in space", truth_mm, coco_mm),
        ("pictures, with two coordinates", truth_mm[..., :2], coco_mm[..., :2]),
        ("the same people elsewhere", truth_mm + shift.to(truth_mm), coco_mm + shift.to(coco_mm)),
    ):
        share, other = looks_like_ours(ours_mm), looks_like_ours(theirs_mm)
        if not share > 0.9:
            missed = [
                i for i in range(len(ours_mm)) if not looks_like_ours(ours_mm[i : i + 1]) > 0.5
            ]
            first = geometry.root_relative(truth_mm[missed[:1]], HOUSE)
            figure = figures.pose_3d(first[0], title="In our order, and missed") if missed else None
            raise Wrong(f"{name}: {share:.0%} of those in our order are found.", figure)
        if not other < 0.1:
            raise Wrong(f"{name}: {other:.0%} of those in COCO's order pass for ours.")
