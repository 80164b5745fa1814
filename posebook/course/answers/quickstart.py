"""Checks of chapter 1's exercises."""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry
from posebook.cameras import Camera
from posebook.course.checking import NotAttempted, Wrong
from posebook.datasets.clips import Clip
from posebook.lifting.lifter import Lifted, Lifter
from posebook.skeletons import COCO_17, HOUSE


def exercise_1(other: Any, filled_in: Any, photograph: str, lifter: Lifter) -> None:
    """Which joints of the other photograph's person had no key point."""
    if other is None:
        raise NotAttempted
    if not isinstance(other, Clip):
        raise Wrong("`other` is a clip: one of `people`.")
    if photograph in other.name:
        raise Wrong(f"`other` is '{other.name}', the photograph that was lifted above.")
    named = list(filled_in)
    if strange := [name for name in named if name not in HOUSE.joints]:
        raise Wrong(f"{strange[0]!r} is no joint of HOUSE.")
    seen = dict(zip(HOUSE.joints, lifter.lift(other).seen[0].tolist(), strict=True))
    if wrong := [name for name in named if seen[name]]:
        raise Wrong(f"{wrong[0]} has a key point: it was marked, or follows from marked ones.")
    if absent := sum(not there for there in seen.values()) - len(set(named)):
        raise Wrong(f"{absent} more joints had no key point.")


def exercise_2(moved: Any, clip: Clip, lifter: Lifter) -> None:
    """How many other joints move in space when one wrist moves in the picture."""
    if moved is None:
        raise NotAttempted
    nudged_px = clip.keypoints_px.clone()
    nudged_px[0, COCO_17.index("left_wrist")] += torch.tensor([20.0, 0.0]).to(nudged_px)
    before_mm = lifter.lift(clip).pose_mm[0]
    after_mm = lifter.lift(replace(clip, keypoints_px=nudged_px)).pose_mm[0]
    far = torch.linalg.vector_norm(after_mm - before_mm, dim=-1) > 2
    others = int(far.sum()) - int(far[HOUSE.index("left_wrist")])
    if moved == others + 1:
        raise Wrong(f"{moved} counts the moved wrist, too; the question is about the others.")
    if moved != others:
        raise Wrong(
            f"{moved} is not what comes out when the left wrist of `clip` moves by 20 px along x, "
            "the clip is lifted again, and joints that move by more than 2 mm in space are counted."
        )


def exercise_3(far_mm: Any, lifted: Lifted, camera: Camera) -> None:
    """The same picture from twice as far away."""
    if far_mm is None:
        raise NotAttempted
    near_mm = lifted.absolute_mm[0].double()
    if not isinstance(far_mm, Tensor) or far_mm.shape != near_mm.shape:
        raise Wrong("`far_mm` is a tensor of shape (17, 3).")
    off_px = (camera.project(far_mm.double()) - camera.project(near_mm)).abs().max().item()
    if not off_px <= 0.5:
        raise Wrong(f"A joint's picture moves by {off_px:.0f} px; none may move.")
    hip = HOUSE.index("hip")
    ratio = (far_mm[hip, 2] / near_mm[hip, 2]).item()
    if not abs(ratio - 2) <= 0.01:
        raise Wrong(f"The hip is {ratio:.2f} times as far away as before, expected twice.")


def exercise_4(one_wrist_mm: Any) -> None:
    """MPJPE of a pose in which one joint of seventeen is 170 mm off."""
    if one_wrist_mm is None:
        raise NotAttempted
    given = float(one_wrist_mm)
    if given == 170:
        raise Wrong("170 mm is the error of the worst joint. The others have an error of 0.")
    if abs(given - 170 / 16) < 0.1:
        raise Wrong(
            f"{given:g} mm is a mean over 16 joints. The hip is a joint, too: its error is 0."
        )
    if abs(given - 170 / 17**0.5) < 0.3:
        raise Wrong(f"{given:g} mm is the root of the mean square. MPJPE averages the distances.")
    if not abs(given - 170 / 17) < 0.05:
        raise Wrong(
            f"17 joints with a mean error of {given:g} mm have {17 * given:.0f} mm together."
        )


def exercise_5(opposite_mm: Any, lifted: Lifted, camera: Camera) -> None:
    """Fits the picture as the lifted pose does, but the other hand is nearer."""
    if opposite_mm is None:
        raise NotAttempted
    before_mm = lifted.absolute_mm[0].double()
    if not isinstance(opposite_mm, Tensor) or opposite_mm.shape != before_mm.shape:
        raise Wrong("`opposite_mm` is a tensor of shape (17, 3).")
    now_mm = opposite_mm.double()
    off_px = (camera.project(now_mm) - camera.project(before_mm)).norm(dim=-1)
    if not off_px.amax() <= 0.5:
        joint = HOUSE.joints[int(off_px.nan_to_num(torch.inf).argmax())]
        raise Wrong(
            f"The picture gives it away: your {joint} moves by {off_px.amax():.0f} px there."
        )
    if now_mm[:, 2].amin() <= 0:
        joint = HOUSE.joints[int(now_mm[:, 2].argmin())]
        raise Wrong(f"Your {joint} is {-now_mm[:, 2].amin() / 1000:.1f} m behind the camera.")
    hip, hands = HOUSE.index("hip"), HOUSE.indices("left_wrist", "right_wrist")
    if not (now_mm[hip] - before_mm[hip]).norm() < 1:
        raise Wrong(f"The hip has moved by {(now_mm[hip] - before_mm[hip]).norm():.0f} mm.")
    before, now = ((pose[hands[0], 2] - pose[hands[1], 2]).item() for pose in (before_mm, now_mm))
    shown = figures.overlay(
        *(geometry.root_relative(pose.float(), HOUSE) for pose in (now_mm, before_mm)),
        title="Yours, and the lifted pose",
    )
    if before * now > 0:
        raise Wrong(f"The same hand is nearer as before, now by {abs(now) / 10:.0f} cm.", shown)
    if not abs(now) >= 100:
        raise Wrong(f"The other hand is nearer by {abs(now) / 10:.1f} cm only.", shown)
