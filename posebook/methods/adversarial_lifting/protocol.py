"""How Kudo et al. 2018 score a lifter, as far as `metrics` and `ambiguity` do not do so already.

A pose's x and y are those of the picture, and only depth is predicted. The scale is the truth's:
its mean distance from the hip in the picture. Nothing is aligned, and the hip's own depth error
counts. Even perfect depth leaves an error, because the lifter takes a perspective picture for an
orthographic one. Taught in 12_adversarial_lifting.
"""

import csv
import io
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook import paths
from posebook.datasets.clips import Clip, PoseDataset
from posebook.geometry import root_relative
from posebook.key_points import root_centred
from posebook.metrics.protocols import Protocol
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE

#: For `metrics.score` and `metrics.distances_under`, of poses that `in_mm` made.
PLAIN = Protocol(
    joints="17",
    root=None,
    alignment="none",
    scale="x and y from the picture, scale by the truth's mean distance from the hip in x and y",
    average="action",
)
EVERY = 5  # frames; 50 become 10 a second
#: S11's Directions is damaged in this camera.
DAMAGED = ("S11", "Directions", "54138969")
#: Joints of the published depth-only PCK.
PCK_JOINTS = tuple(joint for joint in HOUSE.joints if joint not in ("hip", "spine", "neck_nose"))


def published_frames(people: PoseDataset) -> PoseDataset:
    """Every fifth frame of each clip, without the damaged recording of Human3.6M."""

    def kept(clip: Clip) -> bool:
        camera = "" if clip.camera is None else clip.camera.name
        return (clip.subject, clip.action, camera) != DAMAGED

    return people.where(kept).every(EVERY)


def normalised(keypoints: Pose2D) -> Pose2D:
    """(frames, 17, 2) about the hip, over the mean distance of the other 16 joints from it."""
    return root_centred(keypoints, scale="mean_joint_distance")


def normalised_truth(pose_mm: Pose3D) -> tuple[Pose3D, Float[Tensor, " frames"]]:
    """(frames, 17, 3) about the hip over its scale, and the scale (frames,), mm.

    The scale is the mean distance of the other 16 joints from the hip in x and y.
    """
    about = root_relative(pose_mm, HOUSE)
    distances_mm = torch.linalg.vector_norm(about[..., :2], dim=-1)
    scale_mm = distances_mm.sum(-1) / (len(HOUSE) - 1)  # the hip's own distance is 0
    return about / scale_mm[:, None, None], scale_mm


def in_mm(pose: Pose3D, scale_mm: Float[Tensor, " frames"]) -> Float[Tensor, "frames joints 3"]:
    """Normalised poses (frames, 17, 3), hip depth and all, at the truth's scale."""
    return pose * scale_mm[:, None, None]


def mean_of_batches(errors: Float[Tensor, " frames"], size: int = 32) -> float:
    """The mean of the means of batches in the frames' order: what their training run reports.

    A last batch that is smaller counts as much as the others.
    """
    return torch.stack([batch.mean() for batch in errors.split(size)]).mean().item()


def depth_pck(
    depth: Float[Tensor, "frames joints"],
    truth: Float[Tensor, "frames joints"],
    scale_mm: Float[Tensor, " frames"],
    threshold_mm: float | int = 150,
) -> float:
    """Share, in %, of 14 joints whose depth alone is within the threshold.

    depth, truth  normalised, as the networks give it. This is the published script's PCK, which
                  differs from `metrics.pck`; do not compare the two
    """
    joints = HOUSE.indices(*PCK_JOINTS)
    off_mm = (depth - truth)[:, joints].abs() * scale_mm.unsqueeze(-1)
    return 100 * (off_mm < threshold_mm).double().mean().item()


def by_action(
    errors: Float[Tensor, " frames"], clip_of_frame: Int[Tensor, " frames"], actions: list[str]
) -> dict[str, float]:
    """{action: mean over its frames}, and 'average': the mean of these, each counted once."""
    means = {
        action: errors[torch.tensor([a == action for a in actions])[clip_of_frame]].mean().item()
        for action in dict.fromkeys(actions)
    }
    return means | {"average": sum(means.values()) / len(means)}


def write_by_action(path: Path | str, errors_mm: dict[str, float]) -> Path:
    """A CSV of two columns, action and mm."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["action", "mm"])
    writer.writerows((action, f"{value:.2f}") for action, value in errors_mm.items())
    return paths.write_text(Path(path), table.getvalue())
