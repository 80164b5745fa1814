"""Checks of chapter 4's exercises."""

from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry
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
        if abs(ratio - expected) > 0.01:
            raise Wrong(f"The bone {name} is {ratio:.2f} times as long as before.", shown)
    turned = torch.nn.functional.cosine_similarity(
        geometry.bone_vectors(taller_mm, HOUSE), geometry.bone_vectors(before_mm, HOUSE), dim=-1
    )
    if turned.amin() < 0.999:
        raise Wrong("A bone's direction has changed: the posture is no longer the same.", shown)
    feet = HOUSE.indices("left_foot", "right_foot")
    moved_mm = (geometry.root_relative(taller_mm, HOUSE) - relative_mm)[:, feet, 1].mean().item()
    if raised_mm is None:
        raise Wrong("The longer legs are right. By how much do they raise the hip, `raised_mm`?")
    if abs(float(raised_mm) - moved_mm) > 1:
        raise Wrong(f"`raised_mm` is {float(raised_mm):.0f}; your own `taller_mm` says otherwise.")


def exercise_2(ours_mm: Any, theirs: Tensor) -> None:
    """World coordinates with y up, in metres, brought into the book's form."""
    if ours_mm is None:
        raise NotAttempted
    x, y, z = theirs.unbind(-1)
    if ours_mm.shape != theirs.shape:
        raise Wrong(f"`ours_mm` is {tuple(ours_mm.shape)}, expected {tuple(theirs.shape)}.")
    if abs(ours_mm.norm() / theirs.norm() - 1000) > 1:
        raise Wrong("A length of 1 m is not 1000 in your answer.")
    if not torch.allclose(ours_mm[..., 2], 1000 * y):
        raise Wrong(f"The point lies {y.item():g} m above the floor; z up must say so.")
    if torch.allclose(ours_mm[..., 1], 1000 * z):
        raise Wrong("x, y, z were right-handed; your axes are a mirror image: left becomes right.")
    if not torch.allclose(ours_mm, 1000 * torch.stack([x, -z, y], -1)):
        raise Wrong("Let x stay what it is, so that nobody turns round.")
