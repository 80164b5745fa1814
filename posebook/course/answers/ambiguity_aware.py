"""Checks of chapter 15's exercises."""

from collections.abc import Callable

import torch
from torch import Tensor

from posebook import figures
from posebook.course.checking import NotAttempted, Wrong
from posebook.methods.ambiguity_aware import losses, sampling
from posebook.methods.ambiguity_aware.step import alternating_turn
from posebook.metrics.ambiguity import mirrored
from posebook.shapes import Pose3D


def exercise_1(view_of_mirror_image: Callable[[Tensor], Tensor], one_mm: Pose3D) -> None:
    """The turn of a mirror image that looks, from far away, like the person's turn.

    one_mm  (17, 3), a person about the hip
    """
    angles = sampling.random_views(8, torch.Generator().manual_seed(3))
    rotation = losses.view_rotation(angles)
    view = view_of_mirror_image(rotation)
    if torch.equal(view, rotation):
        raise NotAttempted
    if view.shape != rotation.shape:
        raise Wrong(f"The shape is {tuple(view.shape)}; expected {tuple(rotation.shape)}.")
    if not torch.allclose(view @ view.mT, torch.eye(3).expand(8, 3, 3), atol=1e-4):
        raise Wrong("That is no rotation: its rows are not orthogonal unit vectors.")
    if (torch.linalg.det(view) < 0).any():
        raise Wrong("That is a reflection, not a rotation: a camera cannot turn a left hand right.")
    one, other = one_mm.float() @ rotation.mT, mirrored(one_mm.float()) @ view.mT
    if not torch.allclose(one[..., :2], other[..., :2], atol=1e-2):
        flat = torch.tensor([1.0, 1.0, 0.0])
        shown = {"the person": one[0] * flat, "the mirror image, your view": other[0] * flat}
        raise Wrong(
            "The two pictures differ.",
            figures.compare(shown, turn=0, title="What a camera far away sees of the two"),
        )


def exercise_2(steps_released: int | None, steps_in_time: int | None) -> None:
    """How many of 1,000 iterations train the lifter, with a late and with a timely freezing."""
    if steps_released is None and steps_in_time is None:
        raise NotAttempted
    if steps_released is None or steps_in_time is None:
        raise Wrong("One of the two numbers is still None.")
    late, clean = (
        sum(alternating_turn(i, freeze).lifter for i in range(1000))
        for freeze in ("released", "clean")
    )
    if steps_in_time != clean:
        raise Wrong(f"{steps_in_time} does not fit blocks of five, of which one trains the scale.")
    if steps_released != late:
        raise Wrong(
            f"{steps_released} is not what the released code does. Write down for the five "
            "iterations of one block which network each of them trains."
        )


def exercise_3(prior_loss: Callable[[Tensor, float, float], Tensor]) -> None:
    """The divergence of a batch of numbers from a normal distribution."""
    draw = torch.Generator().manual_seed(0)
    noise = torch.randn(64, 1, generator=draw)
    noise = (noise - noise.mean()) / noise.std()
    mean, std = 0.6, 0.05
    rows = (
        ("has the prior's mean and spread", mean + std * noise),
        ("is shifted by two of the prior's deviations", mean + std * (2 + noise)),
        ("spreads three times as far as the prior", mean + 3 * std * noise),
        ("has nearly equal m", mean + 0.01 * std * noise),
    )
    if prior_loss(rows[0][1], mean, std).isnan():
        raise NotAttempted
    for words, middle in rows:
        loss, expected = (
            float(prior_loss(middle, mean, std)),
            losses.prior_loss(middle, (mean, std)),
        )
        if abs(loss - expected.item()) > 0.02 + 0.03 * expected.item():
            raise Wrong(f"For a batch that {words}, the loss should not be {loss:.3g}.")
