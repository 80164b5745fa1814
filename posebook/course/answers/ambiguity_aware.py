"""Checks of chapter 15's exercises."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.course.answers import is_stub
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
    if is_stub(view_of_mirror_image, "15"):
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
            f"The two pictures differ, by up to {(one - other)[..., :2].abs().amax():.3g}.",
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
        if not abs(loss - expected.item()) <= 0.02 + 0.03 * expected.item():
            raise Wrong(f"For a batch that {words}, the loss should not be {loss:.3g}.")


def exercise_4(
    first_offset: Any, new_offset: Any, made_up: Pose3D, made_up_picture: Tensor, new_view: Tensor
) -> None:
    """Depths in two pictures that agree with each other, and are wrong."""
    if first_offset is None and new_offset is None:
        raise NotAttempted
    if first_offset is None or new_offset is None:
        raise Wrong("One of the two is still None.")
    answers = [torch.as_tensor(offset).float() for offset in (first_offset, new_offset)]
    if any(offset.shape != made_up.shape[:2] for offset in answers):
        raise Wrong(f"Both are of shape {tuple(made_up.shape[:2])}.")
    in_turn = iter(answers)
    way = losses.cycle(lambda _: next(in_turn), made_up_picture, new_view)
    in_space = (way.turned - way.relifted).norm(dim=-1)
    in_picture = (way.reseen - made_up_picture).norm(dim=-1).mean().item()
    if not in_space.mean() < 1e-3:
        person = int(in_space.mean(1).argmax())
        shown = {
            name: 700 * (pose[person] - pose[person, :1])  # a length is about 700 mm
            for name, pose in (("turned", way.turned), ("lifted again", way.relifted))
        }
        raise Wrong(
            f"They do not agree in space: L3D is {in_space.mean():.4f}. Below is person {person}, "
            "as the second camera sees them.",
            figures.compare(shown, turn=0, title="Turned, and lifted from the new picture"),
        )
    if not in_picture < 1e-3:
        raise Wrong(f"They agree in space, but not in the picture: L2D is {in_picture:.4f}.")
    about_hip = way.lifted[..., 2] - way.lifted[:, losses.HIP, None, 2]
    off = (about_hip - made_up[..., 2]).abs().mean().item()
    if not off >= 0.2:
        raise Wrong(
            f"They agree, but about the hip the depths are off by {off:.2f} only: that lifter is "
            "good."
        )
