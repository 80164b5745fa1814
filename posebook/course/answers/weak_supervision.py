"""Checks of chapter 10's exercises."""

import math
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.course.checking import NotAttempted, Wrong
from posebook.methods.weak_supervision.losses import geometry_loss
from posebook.methods.weak_supervision.skeleton import GROUPS, at_length, bone_sum
from posebook.skeletons import MPII_16


def exercise_1(deeper_px: float | int | None) -> None:
    """How much deeper a bone of 16 px that looks 10 px long ends."""
    if deeper_px is None:
        raise NotAttempted
    value, expected = float(deeper_px), math.sqrt(16**2 - 10**2)
    if abs(value - expected) < 0.1:
        return
    if abs(value + expected) < 0.1:
        raise Wrong("That is the other answer: the foot nearer than the knee. Give the deeper one.")
    if abs(value - 6) < 0.1:
        raise Wrong("The difference of the lengths is not a depth. Draw the right-angled triangle.")
    if abs(value - math.hypot(16, 10)) < 0.1:
        raise Wrong("16 px is the longest side of the triangle, not one of the short ones.")
    raise Wrong(f"With {value:.1f} px the shin would be {math.hypot(10, value):.1f} px long.")


def exercise_2(untouched: Collection[str] | None) -> None:
    """Names of the joints that are in no group."""
    if untouched is None:
        raise NotAttempted
    given = {untouched} if isinstance(untouched, str) else set(untouched)
    if unknown := given - set(MPII_16.joints):
        raise Wrong(f"{sorted(map(str, unknown))[0]!r:.40} is not the name of one of the joints.")
    touched = {end for bones in GROUPS.values() for a, b, _ in bones for end in (a, b)}
    if wrong := given & touched:
        raise Wrong(f"{sorted(wrong)[0]} ends a bone of a group, so its depth is moved.")
    if given != set(MPII_16.joints) - touched:
        raise Wrong(f"{len(given)} of them right, and there are more.")


def exercise_3(
    all_mm: float | int | None,
    smallest_mm: float | int | None,
    truths_mm: Tensor,
    KEPT: list[int],
    LENGTH_MM: float | int,
) -> None:
    """The error of true poses that are scaled to one length, of all people and of the smallest."""
    if all_mm is None and smallest_mm is None:
        raise NotAttempted
    if all_mm is None or smallest_mm is None:
        raise Wrong("One of the two numbers is still None.")
    off_mm = (at_length(truths_mm, LENGTH_MM) - truths_mm).norm(dim=-1)
    order = bone_sum(truths_mm).argsort()
    quarter = len(order) // 4
    for name, value, rows, others in (
        ("all_mm", float(all_mm), order, order),
        ("smallest_mm", float(smallest_mm), order[:quarter], order[-quarter:]),
    ):
        expected = off_mm[rows][:, KEPT].mean().item()
        if abs(value - expected) <= 0.005 * expected:
            continue
        if abs(value - off_mm[rows].mean().item()) <= 0.005 * expected:
            raise Wrong(f"{name} counts the thorax too, which the rescaling puts elsewhere.")
        if abs(value - off_mm[others][:, KEPT].mean().item()) <= 0.005 * expected:
            raise Wrong(f"{name} is that of the largest people.")
        raise Wrong(f"{name} = {value:.1f} mm does not fit the true poses scaled to LENGTH_MM.")


def exercise_4(
    fooling: Any, limb_places: Tensor, limb_depths: Tensor, GROUPS: Mapping[str, Any]
) -> None:
    """Depths that are as good for the geometry loss as the true ones, with limbs the wrong way."""
    if fooling is None:
        raise NotAttempted
    if not isinstance(fooling, Tensor) or fooling.shape != limb_depths.shape:
        raise Wrong(f"`fooling` is a tensor of shape {tuple(limb_depths.shape)}.")
    depths = torch.stack([fooling.detach().to(limb_depths), limb_depths])
    everywhere = torch.ones(1, 16, dtype=torch.bool)
    spread, true_spread = (
        1000 * geometry_loss(z[None], limb_places[None], everywhere, everywhere[:, 0] & False,
                             groups=GROUPS).item()
        for z in depths
    )  # fmt: skip
    if not spread <= 1.001 * true_spread + 1e-3:
        raise Wrong(
            f"The loss of yours is {spread:.2f}, of the true depths {true_spread:.2f} (x 1000)."
        )
    limbs = [MPII_16.indices(a, b) for name in ("legs", "arms") for a, b, _ in GROUPS[name]]
    starts, ends = (list(joints) for joints in zip(*limbs, strict=True))
    steps = depths[:, ends] - depths[:, starts]
    clear = steps[1].abs() >= 0.05
    wrong = int((steps[0] * steps[1] < 0)[clear].sum())
    right = int((steps[0] * steps[1] > 0)[clear].sum())
    if wrong < 2 or right < 2:
        yours, true = (1000 * torch.cat([limb_places, z[:, None]], -1) for z in depths)
        hip = MPII_16.index("hip")
        raise Wrong(
            f"Of the limbs that count, {wrong} point to the wrong side and {right} to the right. "
            "Below is your person over the true one.",
            figures.pose_3d(yours - yours[hip], MPII_16, truth_mm=true - true[hip]),
        )
