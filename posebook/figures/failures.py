"""The gallery with which each method's chapter ends: its worst poses, and why they are bad."""

import plotly.graph_objects as go
from torch import Tensor

from posebook import geometry, metrics
from posebook.figures.sheets import gallery
from posebook.metrics import ambiguity
from posebook.shapes import Pose2D, Pose3D


def failures(
    pose: Pose3D,
    truth_mm: Pose3D,
    keypoints: Pose2D,
    *,
    clip_of_frame: Tensor,
    aligned: bool = True,
    count: int = 6,
) -> go.Figure:
    """The worst poses of a lifter, one from each of its worst clips; `ambiguity.cause` names them.

    pose           (frames, 17, 3)  camera axes; in any unit where `aligned`, else mm
    truth_mm       (frames, 17, 3)  camera axes
    keypoints      (frames, 17, 2)  what the lifter was given
    clip_of_frame  (frames,)
    aligned        True: each pose is moved, turned and sized onto the truth, and the worst are
                   those of the largest P-MPJPE. False: poses are as they are; MPJPE
    """
    pose, truth_mm = pose.double(), truth_mm.double()
    if aligned:
        drawn_mm = geometry.procrustes(pose, truth_mm).apply(pose)
        errors_mm = metrics.p_mpjpe(pose, truth_mm)
    else:
        drawn_mm, errors_mm = pose, metrics.mpjpe(pose, truth_mm)
    return gallery(
        drawn_mm,
        truth_mm,
        keypoints,
        errors_mm,
        captions=lambda frame: ambiguity.cause(pose[frame], truth_mm[frame]),
        clip_of_frame=clip_of_frame,
        count=count,
        title="The worst poses, one from a clip",
    )
