"""Checks of chapter 2's exercises."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry
from posebook.course.answers import is_stub
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


def exercise_3(sideways_mm: Any, upwards_mm: Any) -> None:
    """Where a stretched left arm points, in the axes of a camera that the person faces."""
    if sideways_mm is None and upwards_mm is None:
        raise NotAttempted
    for name, given, expected, wrongs in (
        ("sideways_mm", sideways_mm, (550, 0, 0), _SIDEWAYS),
        ("upwards_mm", upwards_mm, (0, -550, 0), _UPWARDS),
    ):
        if given is None:
            raise Wrong(f"`{name}` is still empty.")
        place = tuple(float(value) for value in given)
        if why := next((why for wrong, why in wrongs.items() if _near(place, wrong)), ""):
            raise Wrong(why, _arm(place))
        if not _near(place, expected):
            at = ", ".join(f"{value:g}" for value in place)
            raise Wrong(f"`{name}` is ({at}) mm: is the arm as long as that, and as straight?")


_SIDEWAYS = {
    (-550, 0, 0): "This wrist is on the left-hand side of the picture. Whose side is that, if the "
    "person faces the camera?",
    (0, 550, 0): "This arm points to the floor.",
    (0, 0, 550): "This arm points away from the camera.",
}
_UPWARDS = {
    (0, 550, 0): "This arm points to the floor: rows of a picture are counted from the top.",
    (0, 0, 550): "This arm points away from the camera. z is up in the world, not in a camera.",
}


def _near(place: Sequence[float | int], other: Sequence[float | int]) -> bool:
    return len(place) == 3 and all(abs(a - b) <= 1 for a, b in zip(place, other, strict=True))


def _arm(wrist_mm: Sequence[float | int]) -> Any:
    """Somebody who stands and faces the camera, with the left arm as it was answered."""
    places = {
        "spine": (0, -250), "thorax": (0, -500), "neck_nose": (0, -600), "head": (0, -700),
        "left_hip": (130, 0), "left_knee": (130, 450), "left_foot": (130, 880),
        "right_hip": (-130, 0), "right_knee": (-130, 450), "right_foot": (-130, 880),
        "left_shoulder": (170, -480), "right_shoulder": (-170, -480),
        "right_elbow": (-190, -200), "right_wrist": (-200, 70),
    }  # fmt: skip
    pose_mm = torch.zeros(len(HOUSE), 3)
    for joint, place in places.items():
        pose_mm[HOUSE.index(joint), :2] = torch.tensor(place, dtype=torch.float32)
    shoulder, elbow, wrist = HOUSE.indices("left_shoulder", "left_elbow", "left_wrist")
    pose_mm[wrist] = pose_mm[shoulder] + torch.tensor(wrist_mm)
    pose_mm[elbow] = (pose_mm[shoulder] + pose_mm[wrist]) / 2
    return figures.pose_3d(pose_mm, title="The left arm as you have it")


def exercise_4(head_std_mm: Any) -> None:
    """The error of a joint that is made of four with independent errors of 8 mm."""
    if head_std_mm is None:
        raise NotAttempted
    given, expected = float(head_std_mm), 8 * 1.25**0.5
    if abs(given - 8) < 0.01:
        raise Wrong(
            "8 mm is the error of a copied joint, whose row has a single 1. That the weights sum "
            "to 1 says what a shift of all four does; these errors are independent."
        )
    if abs(given - 16) < 0.01:
        raise Wrong("16 mm is the worst case: all four are 8 mm off, each in the worst direction.")
    if abs(given - 10) < 0.01:
        raise Wrong("10 = 8 x 1.25, the sum of squared weights. That factor is for variances.")
    if not abs(given - expected) < 0.05:
        raise Wrong(
            f"{given:g} mm is not the standard deviation. For the hip, half of each hip joint, the "
            "same markers give 5.66 mm. Do the same with these four weights."
        )


def exercise_5(bad_flip: Callable[[Tensor], Tensor]) -> None:
    """Two of them cancel and the bones add up, but it is no mirror image."""
    pose = 300 * torch.randn(3, len(HOUSE), 3, generator=torch.Generator().manual_seed(0))
    pose[:, HOUSE.index("hip")] = 0
    made = bad_flip(pose.clone())
    if is_stub(bad_flip, "02"):
        raise NotAttempted
    if made.shape != pose.shape:
        raise Wrong(f"The shape is {tuple(made.shape)}, expected {tuple(pose.shape)}.")
    moved_mm = torch.linalg.vector_norm(made - pose, dim=-1).amax()
    if not moved_mm > 10:
        raise Wrong(f"It hardly changes a pose: no joint moves by more than {moved_mm:.2f} mm.")
    off_mm = torch.linalg.vector_norm(bad_flip(made.clone()) - pose, dim=-1).amax()
    if not off_mm < 0.01:
        raise Wrong(f"The first test finds it: after two flips a joint is {off_mm:.0f} mm off.")
    before_mm, after_mm = (geometry.bone_lengths(p, HOUSE).sum(-1) for p in (pose, made))
    if not torch.allclose(before_mm, after_mm, rtol=1e-4):
        raise Wrong(
            f"The second test finds it: a pose's bones add up to {before_mm[0]:,.0f} mm before, "
            f"and to {after_mm[0]:,.0f} mm after."
        )
    proper = HOUSE.flip(pose)
    off_mm = (geometry.root_relative(made, HOUSE) - proper).norm(dim=-1).amax()
    if not off_mm > 10:
        raise Wrong(
            "It passes both, and rightly so: about the hip it is the proper mirror image, and no "
            f"joint is more than {off_mm:.2f} mm off."
        )
