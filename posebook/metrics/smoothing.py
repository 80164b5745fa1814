"""Smoothing poses over time: what any single-frame lifter can have for nothing.

A video lifter has to beat it. The filter is Savitzky and Golay's of 1964 ("Smoothing and
differentiation of data by simplified least squares procedures", Analytical Chemistry 36): at each
frame, the value of the parabola that fits the frames around it best. Taught in
07_temporal_convolutions.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from scipy.signal import savgol_filter
from torch import Tensor

from posebook import metrics
from posebook.errors import InputError

#: Frames, odd. 3 changes nothing: a parabola goes through three points.
WINDOWS = (3, 5, 7, 9, 11, 13, 15, 17, 21, 25, 31, 41, 51)
DEGREE = 2


def smoothed(
    pose_mm: Float[Tensor, "frames joints 3"], clip_of_frame: Int[Tensor, " frames"], window: int
) -> Float[Tensor, "frames joints 3"]:
    """Each joint's path through each clip, by a parabola over `window` frames.

    pose_mm         (frames, joints, 3), finite
    clip_of_frame   (frames,): which frames follow each other
    window          frames, odd; a clip that is shorter takes the longest that fits, and a clip of
                    one or two frames stays as it is
    """
    if window < 3 or window % 2 != 1:
        raise InputError(f"window {window}: expected an odd number of frames, at least 3")
    window = int(window)
    if len(clip_of_frame) != len(pose_mm):
        raise InputError(f"{len(pose_mm)} poses, but the clips of {len(clip_of_frame)} frames")
    missing = int((~torch.isfinite(pose_mm)).flatten(1).any(-1).sum())
    if missing:
        raise InputError(
            f"poses of {missing} of {len(pose_mm)} frames are not finite; a filter would spread "
            "what is missing: expected frames without a pose to be left out or filled"
        )
    if not len(pose_mm):
        return pose_mm
    _, lengths = torch.unique_consecutive(clip_of_frame, return_counts=True)
    parts = []
    for clip in pose_mm.split(lengths.tolist()):
        longest = min(window, len(clip) - 1 + len(clip) % 2)
        if longest > DEGREE:
            path = savgol_filter(clip.detach().cpu().double().numpy(), longest, DEGREE, axis=0)
            clip = torch.from_numpy(path).to(pose_mm)
        parts.append(clip)
    return torch.cat(parts)


def best_window(
    pose_mm: Float[Tensor, "frames joints 3"],
    truth_mm: Float[Tensor, "frames joints 3"],
    clip_of_frame: Int[Tensor, " frames"],
    windows: Sequence[int] = WINDOWS,
) -> int:
    """The window with the least velocity error. It looks at the truth: a rival's advantage."""

    def error(window: int) -> float:
        path_mm = smoothed(pose_mm, clip_of_frame, window)
        return metrics.velocity_error(path_mm, truth_mm, clip_of_frame).nanmean().item()

    if not windows:
        raise InputError("no windows to choose from; expected odd numbers of frames")
    return min(windows, key=error)
