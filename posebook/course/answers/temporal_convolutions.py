"""Checks of chapter 7's exercises."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry, metrics
from posebook.course.checking import NotAttempted, Wrong
from posebook.skeletons import HOUSE


def exercise_1(frames_seen: Any) -> None:
    """Frames that three filters of three taps see, 1, 2 and 4 frames apart."""
    if frames_seen is None:
        raise NotAttempted
    reach = {0}
    for apart in (1, 2, 4):
        reach = {frame + tap * apart for frame in reach for tap in (-1, 0, 1)}
    if frames_seen % 2 != 1:
        raise Wrong(
            "The window has a middle frame, and as many frames before it as after it. "
            f"Can that be {frames_seen} frames?"
        )
    if frames_seen > len(reach):
        raise Wrong(
            f"The first of {frames_seen} frames can change at will, and the pose stays the same: "
            "no chain of taps leads from it to the pose."
        )
    if frames_seen < len(reach):
        raise Wrong(f"A frame outside a window of {frames_seen} frames still changes the pose.")


def exercise_2(symmetric_ms: Any, causal_ms: Any) -> None:
    """How long after a frame its pose comes, ms: 27 frames at 50 frames per second."""
    if symmetric_ms is None or causal_ms is None:
        raise NotAttempted
    wrong = []
    if abs(float(symmetric_ms) - 1000 / 50 * 13) > 0.5:
        wrong.append(
            f"Symmetric: in {float(symmetric_ms):g} ms, {float(symmetric_ms) / 20:g} frames are "
            "filmed. How many does the window have after the frame whose pose it gives?"
        )
    if abs(float(causal_ms)) > 0.5:
        wrong.append(
            f"Causal: in {float(causal_ms):g} ms, {float(causal_ms) / 20:g} frames are filmed. "
            "Does a causal network look at frames that come later?"
        )
    if wrong:
        raise Wrong(" ".join(wrong))


def exercise_3(steady_mm: Any, test: Any, test_people: Any) -> None:
    """Poses with a velocity error below 0.1 mm/frame and an MPJPE above 100 mm."""
    if steady_mm is None:
        raise NotAttempted
    if tuple(steady_mm.shape) != tuple(test.pose_mm.shape):
        raise Wrong(f"The shape is {tuple(steady_mm.shape)}, not {tuple(test.pose_mm.shape)}.")
    if not torch.isfinite(steady_mm).all():
        raise Wrong("Some coordinates are not numbers.")
    pose_mm, true_mm = (geometry.root_relative(p, HOUSE) for p in (steady_mm, test.pose_mm))
    error_mm = metrics.mpjpe(pose_mm, true_mm)
    steps = metrics.velocity_error(pose_mm, true_mm, test_people.clip_of_frame)
    mean_mm, mean_step = error_mm.mean().item(), steps.nanmean().item()
    found = f"The velocity error is {mean_step:.2f} mm/frame and the MPJPE {mean_mm:.1f} mm."
    if mean_mm <= 100:
        frame = int(error_mm.argmin())
        why = "Both scores put the hips together first. Below, your pose lies over the truth."
    elif mean_step >= 0.1:
        frame = int(steps.nan_to_num().argmax())
        why = "Below is the frame with the largest error of a step, over the truth. Which joints "
        why += "take another step there than the true ones?"
    else:
        return
    figure = figures.pose_3d(pose_mm[frame], truth_mm=true_mm[frame], title=f"Frame {frame}")
    raise Wrong(f"{found} {why}", figure)


def exercise_4(window_frames: Callable[[int, int, int], Tensor]) -> None:
    """The numbers of the frames in each frame's window, with the ends repeated."""
    if bool((window_frames(5, 1, 1) == -1).all()):
        raise NotAttempted
    for frames, before, after in ((20, 3, 3), (20, 4, 0), (4, 6, 6)):
        rows = window_frames(frames, before, after)
        what = f"A clip of {frames} frames, {before} before and {after} after: "
        if tuple(rows.shape) != (frames, before + 1 + after):
            raise Wrong(f"{what}the shape is {tuple(rows.shape)}.")
        if rows.is_floating_point():
            raise Wrong("An index is made of whole numbers; yours holds numbers with a point.")
        expected = torch.arange(frames)[:, None] + torch.arange(-before, after + 1)
        inside = (expected >= 0) & (expected < frames)
        expected = expected.clamp(0, frames - 1)
        for where, why in (
            (inside, "They are not the frames around it, in their order."),
            (~inside, "Which frames does it have beyond an end of the clip?"),
        ):
            if (wrong := where & (rows != expected)).any():
                frame = int(wrong.any(1).nonzero()[0])
                raise Wrong(f"{what}the window of frame {frame} is {rows[frame].tolist()}. {why}")
