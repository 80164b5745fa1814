"""Contact sheets: many poses in one figure, turned together by one slider.

A browser keeps only sixteen 3D canvases alive, so a sheet is drawn as flat lines instead: each
pose is seen from one side at a time (orthographic, from slightly above), and the slider turns all
of them together, each about its own upright axis, which one 3D scene could not do.
"""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import plotly.graph_objects as go
import torch
from torch import Tensor

from posebook.errors import InputError
from posebook.figures.cells import Cell, sheet
from posebook.figures.parts import Frame, Look, checked, flat, names_of, to_plot
from posebook.figures.space import facing, rooted
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE, Skeleton


def compare(
    poses_mm: Mapping[str, Tensor],
    skeleton: Skeleton = HOUSE,
    *,
    frame: Frame = "camera",
    truth_mm: Pose3D | None = None,
    columns: int = 4,
    turn: int = 30,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """Named poses side by side, hips level, at one scale; one slider turns them all.

    poses_mm  name -> (joints, 3), mm; each is drawn relative to its own root
    truth_mm  (joints, 3), drawn black and dashed under each of them, roots together
    turn      degrees at the start, one of -90, -75, ... 90; 0 is the camera's view
    """
    if not poses_mm:
        raise InputError("poses_mm is empty, expected at least one named pose")
    words = names_of(skeleton)
    true = None if truth_mm is None else rooted(to_plot(truth_mm, frame), skeleton)
    named = {name: rooted(to_plot(pose, frame), skeleton) for name, pose in poses_mm.items()}
    if frame == "world":
        front = facing(true if true is not None else next(iter(named.values())), skeleton)
        named = {name: _faced(points, front) for name, points in named.items()}
        true = None if true is None else _faced(true, front)
    cells = []
    for name, points in named.items():
        if points.shape != (len(skeleton), 3):
            raise InputError(
                f"pose '{name}' has shape {points.shape}, expected {len(skeleton)} x 3"
            )
        bodies = [] if true is None else [(true, Look(True, 4, 1.8), words)]
        look = Look(size=6, line=3.4, sheer=true is not None)
        cells.append(Cell(name, [*bodies, (points, look, words)]))
    return sheet(cells, skeleton, min(columns, len(cells)), turn, title, note)


def _faced(points: np.ndarray, front: np.ndarray | None) -> np.ndarray:
    """Turned about the upright axis so that `front` looks at the viewer, who stands at -y."""
    if front is None:
        return points
    (fx, fy) = front
    return np.stack(
        [
            -points[..., 0] * fy + points[..., 1] * fx,
            -points[..., 0] * fx - points[..., 1] * fy,
            points[..., 2],
        ],
        -1,
    )


def gallery(
    prediction_mm: Pose3D,
    truth_mm: Pose3D,
    keypoints_px: Pose2D,
    errors: Tensor,
    captions: Sequence[str] | Callable[[int], str] | None = None,
    *,
    skeleton: Skeleton = HOUSE,
    clip_of_frame: Tensor | None = None,
    count: int = 6,
    title: str = "",
    note: str = "",
) -> go.Figure:
    """The worst poses, in the layout that all chapters share: the 2D input on the left, the
    prediction over the truth (black, dashed) on the right, the error and its cause above.

    prediction_mm  (frames, joints, 3), mm, camera axes; drawn with its root on the truth's root
    truth_mm       (frames, joints, 3), mm, camera axes
    keypoints_px   (frames, joints, 2), px: what the lifter was given; NaN: missing
    errors         (frames,), mm: what "worst" means here
    captions       a cause for each frame, or a function of the frame's index
    clip_of_frame  (frames,): with it, at most one pose of each clip is shown
    """
    frames = len(errors)
    for what, other in (("prediction_mm", prediction_mm), ("truth_mm", truth_mm)):
        if other.shape != (frames, len(skeleton), 3):
            raise InputError(
                f"{what} has shape {tuple(other.shape)}, expected {(frames, len(skeleton), 3)}"
            )
    checked(keypoints_px, skeleton, "keypoints_px")
    if len(keypoints_px) != frames:
        raise InputError(f"keypoints_px has {len(keypoints_px)} frames, expected {frames}")
    predicted = rooted(to_plot(prediction_mm, "camera"), skeleton)
    true = rooted(to_plot(truth_mm, "camera"), skeleton)
    names = names_of(skeleton)
    cells = []
    for i in worst(errors, clip_of_frame, count):
        off = np.linalg.norm(predicted[i] - true[i], axis=-1)
        words = [f"{n}: {o:.0f} mm off" for n, o in zip(names, off, strict=True)]
        cause = captions(i) if callable(captions) else captions[i] if captions else ""
        caption = f"{float(errors[i]):.0f} mm" + (f": {cause}" if cause else "")
        bodies = [
            (true[i], Look(True, 3.5, 1.8), [f"truth: {n}" for n in names]),
            (predicted[i], Look(size=5.5, line=3.4, sheer=True), words),
        ]
        inputs = [f"{n} (input)" for n in names]
        cells.append(Cell(caption, bodies, flat(keypoints_px[i]), inputs))
    if not cells:
        raise InputError("errors has no finite value: there is no worst pose to show")
    return sheet(cells, skeleton, min(2, len(cells)), 60, title, note)


def worst(errors: Tensor, clip_of_frame: Tensor | None, count: int) -> list[int]:
    """Indices of the largest finite errors, worst first; at most one of each clip."""
    chosen, clips = [], set()
    order = torch.argsort(torch.nan_to_num(errors.double(), nan=-1.0), descending=True)
    for i in order.tolist():
        clip = i if clip_of_frame is None else int(clip_of_frame[i])
        if len(chosen) == count or not math.isfinite(float(errors[i])):
            break
        if clip not in clips:
            chosen.append(i)
            clips.add(clip)
    return chosen
