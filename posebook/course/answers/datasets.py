"""Checks of chapter 4's exercises."""

import math
from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry, metrics
from posebook.course.checking import NotAttempted, Wrong
from posebook.datasets.clips import PoseDataset
from posebook.skeletons import HOUSE

LONGER = 1.15
_LEGS = ("right_knee", "right_foot", "left_knee", "left_foot")


def exercise_1(taller_mm: Any, raised_mm: Any, test: PoseDataset) -> None:
    """The first test clip's posture with legs 15 % longer."""
    if taller_mm is None:
        raise NotAttempted
    before_mm = test.clips[0].pose_mm
    if not isinstance(taller_mm, Tensor) or taller_mm.shape != before_mm.shape:
        raise Wrong(f"`taller_mm` is a tensor of shape {tuple(before_mm.shape)}.")
    relative_mm = geometry.root_relative(before_mm, HOUSE)
    shown = figures.overlay(
        geometry.root_relative(taller_mm, HOUSE)[0], relative_mm[0], title="Yours, and the clip"
    )
    ratios = geometry.bone_lengths(taller_mm, HOUSE) / geometry.bone_lengths(before_mm, HOUSE)
    for name, ratio in zip(HOUSE.bone_names, ratios.mean(0).tolist(), strict=True):
        expected = LONGER if any(joint in name for joint in _LEGS) else 1.0
        if not abs(ratio - expected) <= 0.01:
            raise Wrong(f"The bone {name} is {ratio:.2f} times as long as before.", shown)
    turned = torch.nn.functional.cosine_similarity(
        geometry.bone_vectors(taller_mm, HOUSE), geometry.bone_vectors(before_mm, HOUSE), dim=-1
    )
    if not turned.amin() >= 0.999:
        name, least = HOUSE.bone_names[int(turned.amin(0).argmin())], turned.amin().clamp(-1, 1)
        raise Wrong(
            f"The bone {name} has turned by up to {math.degrees(least.acos()):.0f} degrees: the "
            "posture is no longer the same.",
            shown,
        )
    feet = HOUSE.indices("left_foot", "right_foot")
    moved_mm = (geometry.root_relative(taller_mm, HOUSE) - relative_mm)[:, feet, 1].mean().item()
    if raised_mm is None:
        raise Wrong("The longer legs are right. By how much do they raise the hip, `raised_mm`?")
    if not abs(float(raised_mm) - moved_mm) <= 1:
        raise Wrong(f"`raised_mm` is {float(raised_mm):.0f}; your own `taller_mm` says otherwise.")


def exercise_2(ours_mm: Any, theirs: Tensor) -> None:
    """World coordinates with y up, in metres, brought into the book's form."""
    if ours_mm is None:
        raise NotAttempted
    x, y, z = theirs.unbind(-1)
    if ours_mm.shape != theirs.shape:
        raise Wrong(f"`ours_mm` is {tuple(ours_mm.shape)}, expected {tuple(theirs.shape)}.")
    if not abs(ours_mm.norm() / theirs.norm() - 1000) <= 1:
        raise Wrong("A length of 1 m is not 1000 in your answer.")
    if not torch.allclose(ours_mm[..., 2], 1000 * y):
        raise Wrong(f"The point lies {y.item():g} m above the floor; z up must say so.")
    if torch.allclose(ours_mm[..., 1], 1000 * z):
        raise Wrong("x, y, z were right-handed; your axes are a mirror image: left becomes right.")
    if not torch.allclose(ours_mm, 1000 * torch.stack([x, -z, y], -1)):
        raise Wrong("Let x stay what it is, so that nobody turns round.")


#: What the rows of the table read, for people who walk at 1.3 m/s, after each mistake: a sum of
#: bones and a wobble in mm, the lowest ankle in mm, a speed in m/s.
_READ = {
    "metres taken for millimetres": dict(bones=4, wobble=0, ankle=0.1, speed=0.0013),
    "y up taken for z up": dict(bones=4000, wobble=0, ankle=-2600, speed=1.3),
    "two people of different size in one clip, in turn": dict(
        bones=3900, wobble=25, ankle=80, speed=1.3
    ),
    "three frames of four dropped, the frame rate kept": dict(
        bones=4000, wobble=0, ankle=80, speed=5.2
    ),
}
_CAUGHT_BY = dict(zip(_READ, ("bones", "ankle", "wobble", "speed"), strict=True))


def exercise_3(caught_by: Any) -> None:
    """Which row of the table shows which mistake."""
    if not any(caught_by.values()):
        raise NotAttempted
    for mistake, read in _READ.items():
        row = caught_by.get(mistake)
        if row not in read:
            raise Wrong(f"{mistake}: {row!r} is none of {', '.join(read)}.")
        if row != _CAUGHT_BY[mistake]:
            unit = "m/s" if row == "speed" else "mm"
            raise Wrong(
                f"{mistake}: the row `{row}` then reads {read[row]:,g} {unit}. Who would stop?"
            )


def exercise_4(stored_std_px: Any) -> None:
    """The spread of a coordinate that is stored as 0 where it is missing."""
    if stored_std_px is None:
        raise NotAttempted
    given, expected = float(stored_std_px), (0.9 * 40**2 + 0.9 * 0.1 * 500**2) ** 0.5
    if given <= 40:
        raise Wrong(f"{given:g} px: no more than before, although every tenth is now 500 px off.")
    if abs(given - 150) < 0.5:
        raise Wrong("150 px is what a knee would have that never moves while it is seen.")
    if abs(given - (40**2 + 0.9 * 0.1 * 500**2) ** 0.5) < 0.2:
        raise Wrong("Nearly. The knee's own 40 px are in nine frames of ten, not in all.")
    if not abs(given - expected) < 0.25:
        raise Wrong(
            f"{given:g} px is not it. The mean of what is stored is 450 px: how far from that do "
            "frames with a knee lie, and frames without, in the mean of squares?"
        )


def exercise_5(passing_mm: Any, whole_mm: Tensor, test: PoseDataset) -> None:
    """A motion that passes all four checks and is wrong."""
    if passing_mm is None:
        raise NotAttempted
    if not isinstance(passing_mm, Tensor) or passing_mm.shape != whole_mm.shape:
        raise Wrong(f"`passing_mm` is a tensor of shape {tuple(whole_mm.shape)}.")
    lengths_mm = geometry.bone_lengths(passing_mm, HOUSE)
    feet = passing_mm[:, HOUSE.indices("left_foot", "right_foot"), 2]
    steps_mm = passing_mm[:, HOUSE.index("hip")].diff(dim=0).norm(dim=-1)
    rate = test.clips[0].frames_per_second or 50
    for row, value, low, high in (
        ("sum of all bones (mm)", lengths_mm.median(0).values.sum(), 3000, 5000),
        ("a bone's length varies in a clip by (mm)", lengths_mm.std(0).amax(), 0, 1),
        ("lowest ankle of a clip (mm)", feet.amin(), -50, 250),
        ("speed of the hip (m/s)", steps_mm.mean() * rate / 1000, 0, 4),
    ):
        if not low <= value.item() <= high:
            raise Wrong(f"A row of the table finds it: {row} {value.item():,.2f}.")
    off_mm = metrics.p_mpjpe(passing_mm.double(), whole_mm.double()).mean().item()
    if not off_mm >= 20:
        raise Wrong(f"Nothing is wrong with it: its P-MPJPE is {off_mm:.1f} mm.")
