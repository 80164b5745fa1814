"""Checks of chapter 16's exercises."""

import math

import torch
from torch import Tensor

from posebook.course.checking import NotAttempted, Wrong
from posebook.geometry import euler_to_matrix
from posebook.methods.elepose.flow import PosePrior
from posebook.metrics.ambiguity import mirrored


def exercise_1(elevation_rad: float | None) -> None:
    """The elevation of a camera that hangs 1.5 m higher than the hip, 5 m away along the floor."""
    if elevation_rad is None:
        raise NotAttempted
    angle, expected = float(elevation_rad), -math.atan2(1.5, 5.0)
    if abs(angle - expected) < 1e-2:
        return
    if abs(angle + expected) < 1e-2:
        raise Wrong("The angle has the right size. Does this camera look up or down?")
    if abs(abs(math.radians(angle)) + expected) < 1e-2:
        raise Wrong("That is in degrees; the exercise asks for radians.")
    raise Wrong(
        f"With {angle:.3f} radians, a camera 5 m away along the floor would hang "
        f"{5 * math.tan(abs(angle)):.2f} m higher or lower than the hip."
    )


def exercise_2(
    mode_unlikely: float | None,
    median_unlikely: float | None,
    prior: PosePrior,
    test_seen: Tensor,
    test_whole: Tensor,
) -> None:
    """Negative log-likelihoods of the flow's mode and, as a median, of the test pictures."""
    if mode_unlikely is None and median_unlikely is None:
        raise NotAttempted
    if mode_unlikely is None or median_unlikely is None:
        raise Wrong("One of the two numbers is still None.")
    with torch.no_grad():
        all_unlikely = prior(test_seen[test_whole])
        u = torch.zeros(1, prior.flow.size).to(prior.mean)
        mode = prior(prior.poses(prior.flow.inverse(u)[0])).item()
        mean_picture = prior(prior.mean.view(1, *prior.shape)).item()
    if not _near(median_unlikely, all_unlikely.median().item()):
        if _near(median_unlikely, all_unlikely.mean().item()):
            raise Wrong("median_unlikely is the mean; a few odd pictures pull it far away.")
        raise Wrong("median_unlikely is not the median of prior(test_seen[test_whole]).")
    if not _near(mode_unlikely, mode):
        if _near(mode_unlikely, mean_picture):
            raise Wrong("mode_unlikely belongs to the mean picture. Send u = 0 through the flow.")
        raise Wrong(
            f"mode_unlikely = {float(mode_unlikely):.1f} is not that of u = 0. Is u sent backwards "
            "through the flow, turned into a picture, and rated by the prior?"
        )


def _near(value: float, expected: float) -> bool:
    return abs(float(value) - expected) <= 0.01 + 1e-3 * abs(expected)


def exercise_3(differ_near: float | None, differ_far: float | None, true_units: Tensor) -> None:
    """How far the pictures of spun poses and of their mirror images differ at 10 and 1000 units."""
    if differ_near is None and differ_far is None:
        raise NotAttempted
    if differ_near is None or differ_far is None:
        raise Wrong("One of the two numbers is still None.")
    for name, value, distance in (
        ("differ_near", float(differ_near), 10.0),
        ("differ_far", float(differ_far), 1000.0),
    ):
        expected = _pictures_differ(true_units[:64], distance)
        if abs(value - expected) <= 0.02 * expected:
            continue
        if abs(value * distance - expected) <= 0.02 * expected:
            raise Wrong(f"{name} is a difference of tangents: multiply by the distance.")
        for words, signs in (("elevation", (1, -1)), ("azimuth", (-1, 1))):
            other = _pictures_differ(true_units[:64], distance, *signs)
            if abs(value - other) <= 0.02 * other:
                raise Wrong(f"For the mirror images, the {words} is not negated.")
        raise Wrong(f"{name} = {value:.3g} does not fit the two pictures at {distance:g} units.")


def _pictures_differ(
    pose: Tensor, distance: float, level_sign: int = -1, spin_sign: int = -1
) -> float:
    """Signs: of the mirror image's elevation and azimuth, relative to the pose's."""
    seen = []
    for its, level, spin in ((pose, -0.2, 1.0), (mirrored(pose), -0.2 * level_sign, spin_sign)):
        angles = torch.tensor([-level, spin, level])
        turned = its @ euler_to_matrix(angles, "xyx").to(its).mT
        seen.append(turned[..., :2] * distance / (turned[..., 2:] + distance))
    return (seen[0] - seen[1]).norm(dim=-1).nanmean().item()


def exercise_4(log_volume: float | int | None) -> None:
    """The log-determinant of a block that scales by 2, 0.5 and 4, shifts and rotates."""
    if log_volume is None:
        raise NotAttempted
    given, expected = float(log_volume), math.log(4)
    if abs(given - 4) < 0.01:
        raise Wrong("The volume itself becomes 4 times as large. What is the logarithm of that?")
    if abs(given - math.log(6.5)) < 0.01:
        raise Wrong("6.5 is the sum of the factors. A box of 1 x 1 x 1 becomes one of 2 x 0.5 x 4.")
    if abs(given - expected - 6) < 0.01:
        raise Wrong("A shift moves a box; the box does not grow by that.")
    if abs(given + expected) < 0.01:
        raise Wrong(f"{given:.2f} says that a box of 2 x 0.5 x 4 is smaller than one of 1 x 1 x 1.")
    if not abs(given - expected) < 0.01:
        raise Wrong(
            f"With {given:.3g}, a box of 1 x 1 x 1 becomes one with a volume of "
            f"{math.exp(min(given, 50)):.3g}. Its sides become 2, 0.5 and 4."
        )
