"""Checks of chapter 6's exercises."""

from collections.abc import Callable

import torch
from torch import Tensor

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
    if torch.equal(answer_px, given_px):
        raise NotAttempted
    moved_px = about_hip((joints_px + torch.tensor([30.0, -70.0])).flatten(1))
    if not torch.allclose(moved_px, answer_px, atol=1e-2):
        raise Wrong("Somebody who stands elsewhere in the picture gets other numbers.")
    at_px = answer_px.view(4, len(INPUT), 2)
    zero = [joint for joint, px in zip(INPUT, at_px.abs().amax((0, 2)), strict=True) if px < 1e-2]
    if zero != ["hip"]:
        raise Wrong(f"The joint that lies at (0, 0) is {', '.join(zero) or 'none'}.")
    apart = torch.linalg.vector_norm(joints_px[:, 0] - joints_px[:, 1], dim=-1)
    if not torch.allclose(torch.linalg.vector_norm(at_px[:, 0] - at_px[:, 1], dim=-1), apart):
        raise Wrong("Distances between joints have changed; only the origin should move.")


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
