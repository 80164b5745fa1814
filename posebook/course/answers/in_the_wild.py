"""Checks of chapter 17's exercises."""

from typing import Any

import torch

from posebook.course.checking import NotAttempted, Wrong
from posebook.skeletons import HOUSE


def exercise_1(telephone_px: Any) -> None:
    """A 26 mm lens on a film 36 mm wide, in a picture 4,000 px wide."""
    if telephone_px is None:
        raise NotAttempted
    found = float(telephone_px)
    if abs(found - 26 * 4000) < 1:
        raise Wrong(f"{found:.0f} px would be a lens 26 pictures long. How wide is the film?")
    if abs(found - 36 / 26 * 4000) < 1:
        raise Wrong(
            f"With {found:.0f} px the picture would span {_span(found):.0f} degrees. A telephone "
            "sees more: the lens is shorter than the film is wide."
        )
    if abs(found - 26 / 36 * 4000) > 30:
        raise Wrong(
            f"With {found:.0f} px the picture spans {_span(found):.0f} degrees. A lens of 26 mm "
            f"before a film of 36 mm spans {_span(26 / 36 * 4000):.0f}."
        )


def _span(focal_px: float) -> float:
    """Degrees across 4,000 px."""
    return float(torch.rad2deg(2 * torch.atan(torch.tensor(2000 / focal_px))))


def exercise_2(away_m: Any) -> None:
    """5.0 m for 1.70 m and a lens taken a fifth too long; the person is 1.53 m tall."""
    if away_m is None:
        raise NotAttempted
    found, right = float(away_m), 5.0 * 1.53 / 1.70 / 1.2
    wrong = {
        5.0 * 1.53 / 1.70: "The height is in it. And the lens, which was taken too long?",
        5.0 / 1.2: "The lens is in it. And the height, which was taken too large?",
        5.0 * 1.53 / 1.70 * 1.2: "A lens that is taken too long puts people too far away, not too "
        "near.",
        5.0 / 1.53 * 1.70 / 1.2: "Somebody smaller who looks the same is nearer, not further.",
    }
    for value, why in wrong.items():
        if abs(found - value) < 0.01:
            raise Wrong(f"{found:.2f} m: {why}")
    if abs(found - right) > 0.06:
        raise Wrong(
            f"{found:.2f} m: what is seen of her is focal length times height over distance. Keep "
            "it the same while you mend the one and the other."
        )


def exercise_3(same: Any) -> None:
    """Whether two sets of key points are one person."""
    if same is None:
        raise NotAttempted
    draw = torch.Generator().manual_seed(0)
    a = 100 * torch.rand(len(HOUSE), 2, generator=draw)
    side = float((a.amax(0) - a.amin(0)).max())
    few, hidden, one_off = a.clone(), a.clone(), a.clone()
    few[3:] = torch.nan
    hidden[8:] = torch.nan
    one_off[:3] += 500
    aside = torch.tensor([1.0, 0.0])
    larger = 10 * a
    cases = (
        (a, a, True, "somebody is not the same as themselves"),
        (a, a + 0.09 * side * aside, True, "two readings that are 9 % of the side apart"),
        (a, a + 0.12 * side * aside, False, "two readings that are 12 % of the side apart"),
        (larger, larger + 0.9 * side * aside, True, "a large person, read twice"),
        (a, hidden, True, "the same person with half of the joints hidden in one of the two"),
        (hidden, a, True, "half of the joints hidden in the first: the box is around those seen"),
        (a, few, False, "three joints seen in both are too few to say"),
        (a, one_off, True, "one person with three joints far off in one of the two; the median?"),
    )
    for one, other, answer, what in cases:
        given = same(one.clone(), other.clone())
        if given not in (True, False):
            raise Wrong(f"same gave {given!r:.40}; expected True or False.")
        if bool(given) != answer:
            raise Wrong(f"same said {bool(given)}, expected {answer}: {what}.")


def exercise_4(cases: Any, kept: Any, lift_all: Any, true_clip: Any, changed_mm: Any) -> None:
    """The P-MPJPE of the first person whose ankles have changed places."""
    if changed_mm is None:
        raise NotAttempted
    from posebook import metrics

    case = cases[kept[0]]
    truth_mm = case.truth_mm - case.truth_mm[:1]
    errors = []
    for joints in (("foot",), (), ("hip", "knee", "foot")):
        clip = true_clip(case)
        for joint in joints:
            pair = HOUSE.indices(f"left_{joint}", f"right_{joint}")
            clip.keypoints_px[:, pair] = clip.keypoints_px[:, pair[::-1]]
        pose_mm, _ = lift_all({kept[0]: clip}, camera=True, height=True)
        errors.append(float(metrics.p_mpjpe(pose_mm[0].double(), truth_mm)))
    right, untouched, legs = errors
    found = float(changed_mm)
    if abs(found - untouched) < 0.05 and abs(untouched - right) > 0.5:
        raise Wrong(f"{found:.1f} mm is the error of the key points as they are. Did they change?")
    if abs(found - legs) < 0.05 and abs(legs - right) > 0.5:
        raise Wrong(f"{found:.1f} mm is what whole legs that change places give. Only the ankles.")
    if abs(found - right) > 0.5:
        raise Wrong(
            f"{found:.1f} mm. Change the places of left_foot and right_foot in the clip, call "
            "lift_all with camera and height known, then metrics.p_mpjpe with kept_truths_mm[0]."
        )
