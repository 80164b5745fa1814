"""Joints that are hidden for a known time: to test whether a network repairs them, and to teach it.

Taught in 14_video_gan. All of it is ours.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE

#: The arm that `hidden_arm` hides.
ARM = HOUSE.indices("left_elbow", "left_wrist")
_LIMBS = [
    HOUSE.indices(f"{side}_{upper}", f"{side}_{lower}")
    for side in ("left", "right")
    for upper, lower in (("elbow", "wrist"), ("knee", "foot"))
]


def with_frozen_limbs(
    windows: Float[Tensor, "batch 27 17 2"], draw: torch.Generator
) -> Float[Tensor, "batch 27 17 2"]:
    """Windows in the first half of which one limb stands still for some frames about the middle."""
    windows = windows.clone()
    for window in windows[: len(windows) // 2]:
        limb = _LIMBS[int(torch.randint(len(_LIMBS), (), generator=draw))]
        length = int(torch.randint(1, 26, (), generator=draw))
        start = max(1, 13 - int(torch.randint(length, (), generator=draw)))
        window[start : start + length, limb] = window[start - 1, limb]
    return windows


def hidden_arm(
    screen: Pose2D, spans: Sequence[slice], length: int, fill: str
) -> tuple[Pose2D, Bool[Tensor, " frames"]]:
    """The 2D with the left arm hidden in spells of this length, and in which frames it is hidden.

    screen  (frames, 17, 2)    spans  the clips    length  frames
    fill    'frozen': elbow and wrist stay where they were seen last; 'bridged': they move in a
            straight line from there to where they are seen next
    """
    changed, gone = screen.clone(), torch.zeros(len(screen), dtype=torch.bool)
    for clip in spans:
        for start in range(clip.start + 30, clip.stop - length - 1, length + 60):
            span = slice(start, start + length)
            before, after = screen[start - 1, ARM], screen[start + length, ARM]
            way = torch.arange(1, length + 1)[:, None, None] / (length + 1)
            way = way if fill == "bridged" else 0 * way
            changed[span, ARM] = before + way * (after - before)
            gone[span] = True
    return changed, gone


def arm_error(pose_mm: Pose3D, truth_mm: Pose3D, where: Bool[Tensor, " frames"]) -> float:
    """Mean distance of elbow and wrist from the truth in these frames, about the hip, mm."""
    hip = HOUSE.index("hip")
    off = (pose_mm - pose_mm[:, hip : hip + 1]) - (truth_mm - truth_mm[:, hip : hip + 1])
    return off[where][:, ARM].norm(dim=-1).mean().item()
