"""Checks of chapter 10's exercises."""

import math
from collections.abc import Collection

from torch import Tensor

from posebook.course.checking import NotAttempted, Wrong
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
