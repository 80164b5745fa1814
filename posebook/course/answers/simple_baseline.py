"""Checks of chapter 6's exercises."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from posebook.course.answers import is_stub
from posebook.course.checking import NotAttempted, Wrong


def exercise_1(about_hip: Callable[[Tensor], Tensor], INPUT: list[str]) -> None:
    """Key points (frames, 32), px, taken relative to the hip."""
    joints_px = 500 + 100 * torch.randn(
        4, len(INPUT), 2, generator=torch.Generator().manual_seed(0)
    )
    given_px = joints_px.flatten(1)
    answer_px = about_hip(given_px.clone())
    if answer_px.shape != given_px.shape:
        raise Wrong(f"(4, 32) key points come out as {tuple(answer_px.shape)}.")
    if is_stub(about_hip, "06"):
        raise NotAttempted
    moved_px = about_hip((joints_px + torch.tensor([30.0, -70.0])).flatten(1))
    if not torch.allclose(moved_px, answer_px, atol=1e-2):
        raise Wrong("Somebody who stands elsewhere in the picture gets other numbers.")
    at_px = answer_px.view(4, len(INPUT), 2)
    zero = [joint for joint, px in zip(INPUT, at_px.abs().amax((0, 2)), strict=True) if px < 1e-2]
    if zero != ["hip"]:
        found = f"At (0, 0) lies {', '.join(zero)}" if zero else "No joint lies at (0, 0)"
        raise Wrong(f"{found}; the hip should, and no other joint.")
    apart = torch.linalg.vector_norm(joints_px[:, 0] - joints_px[:, 1], dim=-1)
    if not torch.allclose(torch.linalg.vector_norm(at_px[:, 0] - at_px[:, 1], dim=-1), apart):
        raise Wrong("Distances between joints have changed; only the origin should move.")


def exercise_2(distance_loss: Callable[[Tensor, Tensor], Tensor], deviation_mm: Tensor) -> None:
    """A loss that is the mean distance in mm, from standardised coordinates (batch, 48)."""
    target = torch.zeros(2, 48)
    if distance_loss(target, target).isnan():
        raise NotAttempted
    if not distance_loss(target, target).abs() <= 1e-5:
        raise Wrong("Where output and target are equal, the distance must be 0.")
    output = target.clone()
    output[:, :3] = 30 / deviation_mm[:3].to(output)
    loss, expected = distance_loss(output, target).item(), 30 * 3**0.5 / 16
    if not abs(loss - expected) <= 0.01:
        raise Wrong(
            "One joint of 16 is moved by 30 mm along each axis in every pose; the loss says "
            f"{loss:.2f} mm. Is it a distance for each joint, in mm, averaged over joints?"
        )


def exercise_3(in_training: Any, in_use: Any) -> None:
    """What comes out of `Dropout(0.25)` for 3.0."""
    if in_training is None and in_use is None:
        raise NotAttempted
    if in_training is None or in_use is None:
        raise Wrong("One of the two is still empty.")
    values = in_training if isinstance(in_training, Iterable) else [in_training]
    given = sorted({round(float(value), 3) for value in values})
    if len(given) != 2 or given[0] != 0:
        raise Wrong(f"In training a unit is dropped or kept; yours comes out as {given}.")
    if given[1] != 4:
        raise Wrong(
            f"Dropped once in four times, and else {given[1]:g}: its mean is {0.75 * given[1]:g}, "
            "and the next layer would get more, or less, in training than in use."
        )
    if float(in_use) != 3:
        raise Wrong(f"In use it comes out as {float(in_use):g}, but its mean in training is 3.")


def exercise_4(by_squares_mm: Any, by_distances_mm: Any) -> None:
    """The depths with the least mean square and the least mean distance."""
    if by_squares_mm is None and by_distances_mm is None:
        raise NotAttempted

    def costs(depth_mm: float, power: int) -> float:
        return 0.7 * abs(depth_mm - 200) ** power + 0.3 * abs(depth_mm + 200) ** power

    for name, given, power, unit in (
        ("by_squares_mm", by_squares_mm, 2, "mm²"),
        ("by_distances_mm", by_distances_mm, 1, "mm"),
    ):
        if given is None:
            raise Wrong(f"`{name}` is still empty.")
        depth_mm, best = float(given), {2: 80, 1: 200}[power]
        if not abs(depth_mm - best) < 0.5:
            raise Wrong(
                f"`{name}`: {depth_mm:g} mm costs {costs(depth_mm, power):,.0f} {unit} on average. "
                "That is not the least: a small step to one of its two sides costs less."
            )


def exercise_5(preferred_mm: Any, other_mm: Any, deviation_mm: Tensor) -> None:
    """Two errors that the loss and MPJPE put in opposite order."""
    if preferred_mm is None and other_mm is None:
        raise NotAttempted
    if preferred_mm is None or other_mm is None:
        raise Wrong("One of the two is still empty.")
    pair = [torch.as_tensor(error).to(deviation_mm).flatten() for error in (preferred_mm, other_mm)]
    if any(error.shape != (48,) for error in pair):
        raise Wrong("Both are of shape (48,): 16 joints with x, y and z.")
    losses = [(error / deviation_mm).square().mean().item() for error in pair]
    apart_mm = [error.view(16, 3).norm(dim=-1).mean().item() for error in pair]
    if not losses[0] < losses[1]:
        raise Wrong(
            f"The loss is {losses[0]:.4g} for the first and {losses[1]:.4g} for the second."
        )
    if not apart_mm[0] >= 3 * apart_mm[1]:
        raise Wrong(
            f"The loss prefers the first, but its joints are {apart_mm[0]:.1f} mm off on average, "
            f"against {apart_mm[1]:.1f} mm: not three times as far."
        )
