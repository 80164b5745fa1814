"""Checks of chapter 6's exercises."""

from collections.abc import Callable

import torch
from torch import Tensor

from posebook.course.checking import NotAttempted, Wrong


def exercise_2(distance_loss: Callable[[Tensor, Tensor], Tensor], deviation_mm: Tensor) -> None:
    """A loss that is the mean distance in mm, from standardised coordinates (batch, 48)."""
    target = torch.zeros(2, 48)
    if distance_loss(target, target).isnan():
        raise NotAttempted
    if distance_loss(target, target).abs() > 1e-5:
        raise Wrong("Where output and target are equal, the distance must be 0.")
    output = target.clone()
    output[:, :3] = 30 / deviation_mm[:3].to(output)
    loss, expected = distance_loss(output, target).item(), 30 * 3**0.5 / 16
    if abs(loss - expected) > 0.01:
        raise Wrong(
            "One joint of 16 is moved by 30 mm along each axis in every pose; the loss says "
            f"{loss:.2f} mm. Is it a distance for each joint, in mm, averaged over joints?"
        )
