"""Lifted motion made smoother over time: a low-pass filter without delay.

Whittaker's smoother of second order: of all paths z, the one with the least

    sum of w_t (z_t - y_t)^2  +  k sum of (z_{t-1} - 2 z_t + z_{t+1})^2

Away from the ends it is the filter with the gain 1 / (1 + (sin(pi f/r) / sin(pi c/r))^4) at the
frequency f, for r frames per second and the cut-off c, where the gain is a half: Butterworth's of
second order, run forwards and backwards, which is what biomechanics smooths motion with. Unlike
that, it needs nothing beyond the ends of a clip, and frames without a pose have the weight 0.
Sources: Whittaker 1923, "On a new method of graduation"; Eilers 2003, "A perfect smoother",
Analytical Chemistry 75; Winter, "Biomechanics and motor control of human movement", for cut-offs.
"""

import math
from typing import NamedTuple

import numpy
import torch
from jaxtyping import Bool, Float
from scipy.linalg import solveh_banded
from torch import Tensor

from posebook.lifting.notes import Note
from posebook.shapes import Points3D, Pose3D


class CutOffs(NamedTuple):
    """In Hz: of the joints about the hip, and of the hip's own way."""

    pose_hz: float
    root_hz: float


#: What `--smooth` offers.
STRENGTHS: dict[str, CutOffs | None] = {
    "none": None,
    "light": CutOffs(6.0, 3.0),
    "strong": CutOffs(2.5, 1.0),
}
# Errors of validation people at COCO-17 with simulated detector errors: synthetic S8, 50 and 25
# frames/s, and captured S8, 30 frames/s; about the hip, mm, mm/s, m/s^2. `quick`: the 5 % of joints
# and frames that move most.
#             50 frames/s: none light strong   25: none light strong   captured: none light strong
#   MPJPE                  78.6  78.5  78.2        77.0  76.9  76.7              99.8  99.6  99.6
#   velocity                329   183   147         199   158   129               392   315   281
#   acceleration           19.9   3.4   1.2         5.3   2.6   1.1              13.2   7.5   6.0
#   quick, position         109   109   108         105   105   105               134   133   134
#   quick, velocity         604   400   371         468   413   386              1467  1288  1276
# Light lowers all of them. Strong lowers most of them further, but begins to cost quick motions
# their place, and at 2 Hz also their speed; so it is there to be asked for.
#: What is taken where nothing is said.
DEFAULT = "light"
#: A gap of more seconds ends a clip: what is before it says nothing about what is after.
LONGEST_GAP_S = 1.0
#: Larger factors leave nothing but a straight line, and no digits to compute it with.
_MOST = 1e11


def smooth_motion(
    pose_mm: Pose3D, root_mm: Points3D, frames_per_second: float | int, strength: CutOffs
) -> tuple[Pose3D, Points3D]:
    """Poses about the hip and the hip's way, each smoothed with its own cut-off.

    pose_mm  (frames, 17, 3) camera axes, mm;  root_mm  (frames, 3); NaN where nobody is, and there
    it stays
    """
    known = torch.isfinite(pose_mm).all(-1).all(-1) & torch.isfinite(root_mm).all(-1)
    pose_mm = low_pass(pose_mm.flatten(1), known, frames_per_second, strength.pose_hz).unflatten(
        1, pose_mm.shape[1:]
    )
    return pose_mm, low_pass(root_mm, known, frames_per_second, strength.root_hz)


def note_of(strength: str, frames: int, frames_per_second: float | int) -> Note | None:
    """What there is to say of a clip smoothed like that; None where nothing is smoothed."""
    cutoffs = STRENGTHS[strength]
    if cutoffs is None or frames < 3:
        return None
    text = (
        f"{strength} (--smooth): of the joints about the hip, what is quicker than "
        f"{cutoffs.pose_hz:g} Hz is taken out, of the hip's way {cutoffs.root_hz:g} Hz."
    )
    if cutoffs.pose_hz >= frames_per_second / 2:
        text += f" {frames_per_second:g} frames a second show nothing so quick of the joints."
    return Note("smoothing", text)


def low_pass(
    paths: Float[Tensor, "frames n"],
    known: Bool[Tensor, " frames"],
    frames_per_second: float | int,
    cutoff_hz: float | int,
) -> Float[Tensor, "frames n"]:
    """Each column without what is quicker than the cut-off; frames that are not known stay as
    they are. Nothing changes where the frames are too few or too slow to hold such frequencies."""
    if cutoff_hz >= frames_per_second / 2:
        return paths
    factor = min((2 * math.sin(math.pi * cutoff_hz / frames_per_second)) ** -4, _MOST)
    made = paths.clone()
    when = known.nonzero()[:, 0].numpy()
    gaps = numpy.flatnonzero(numpy.diff(when) > LONGEST_GAP_S * frames_per_second + 1) + 1
    for part in numpy.split(when, gaps):
        if len(part) < 3:
            continue
        first, count = part[0], part[-1] - part[0] + 1
        rows = torch.from_numpy(part)
        weights = numpy.zeros(count)
        weights[part - first] = 1.0
        values = numpy.zeros((count, paths.shape[1]))
        values[part - first] = paths[rows].double().numpy()
        path = solveh_banded(_matrix(weights, factor), values)
        made[rows] = torch.from_numpy(path[part - first]).to(paths)
    return made


def _matrix(weights: numpy.ndarray, factor: float) -> numpy.ndarray:
    """(3, frames): the upper diagonals of W + factor D'D, D the second differences."""
    count = len(weights)
    bands = numpy.zeros((3, count))
    for row, column in ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2)):
        bend = (1.0, -2.0, 1.0)
        bands[2 + row - column, column : count - 2 + column] += factor * bend[row] * bend[column]
    bands[2] += weights
    return bands
