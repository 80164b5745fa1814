"""Averages of the metrics under a `Protocol`.

The functions of one frame each are in `joint_errors`, with what they do about missing joints;
`score` is one number under a protocol, `evaluate_all` is the whole table of chapter 5. A number is
never made without a protocol, and says it when printed. Taught in 05_metrics_and_protocols.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.errors import InputError
from posebook.metrics.joint_errors import (
    auc,
    bone_length_error,
    joint_distances,
    least_squares_scale,
    norm_ratio,
    pck,
    procrustes_distances,
    symmetry_error,
    velocity_error,
)
from posebook.metrics.protocols import Protocol

Poses = Float[Tensor, "_frames _all_joints 3"]  # sizes are checked by hand: users give these


@dataclass(frozen=True)
class Score:
    """One number with all that it needs to be compared.

    by_action  each action's own mean, where actions are known
    frames     how many frames (or steps, for a velocity) the number is a mean over
    left_out   frames with known truth that were not predicted and do not count
    """

    metric: str
    value: float
    unit: str
    protocol: Protocol
    by_action: dict[str, float]
    frames: int
    left_out: int = 0

    def __str__(self) -> str:
        text = f"{self.value:.1f} {self.unit} {self.metric}, {self.protocol}"
        return text + (f", {self.left_out} of its frames left out" if self.left_out else "")


def distances_under(
    prediction_mm: Poses, truth_mm: Poses, protocol: Protocol
) -> Float[Tensor, "frames joints"]:
    """Distance of each of the protocol's joints, mm, after its alignment and scale rule."""
    if protocol.alignment == "root":
        prediction, truth = (_about_root(pose, protocol) for pose in (prediction_mm, truth_mm))
    else:
        prediction, truth = (p.double()[:, protocol.indices] for p in (prediction_mm, truth_mm))
    if protocol.alignment == "procrustes_reflected":
        return procrustes_distances(prediction, truth, ["mirror"])[0]
    if protocol.alignment == "procrustes":
        rule = "scale" if protocol.scale == "least_squares" else "no scale"
        return procrustes_distances(prediction, truth, [rule])[0]
    if protocol.scale == "least_squares":
        prediction = least_squares_scale(prediction, truth) * prediction
    elif protocol.scale == "norm_ratio":
        prediction = norm_ratio(prediction, truth) * prediction
    return joint_distances(prediction, truth)


def score(
    prediction_mm: Poses,
    truth_mm: Poses,
    protocol: Protocol,
    *,
    clip_of_frame: Int[Tensor, " frames"] | None = None,
    actions: Sequence[str] | None = None,
    leave_out: bool = False,
) -> float:
    """The mean joint error, mm, under a protocol: MPJPE, P-MPJPE or N-MPJPE as its fields say.

    prediction_mm, truth_mm  (frames, joints of protocol.skeleton, 3)
    clip_of_frame, actions   the clip of each frame, and the action of each clip; needed where the
                             protocol averages over actions. `PoseDataset` has the first, and
                             ``[clip.action for clip in dataset]`` is the second
    leave_out                frames that were not predicted do not count, instead of an InputError
    """
    truth_mm, left_out = _scored_truth(prediction_mm, truth_mm, protocol, leave_out)
    errors = distances_under(prediction_mm, truth_mm, protocol).nanmean(-1)
    return _averaged("MPJPE", errors, "mm", protocol, clip_of_frame, actions, left_out).value


def evaluate_all(
    prediction_mm: Poses,
    truth_mm: Poses,
    protocol: Protocol,
    *,
    clip_of_frame: Int[Tensor, " frames"] | None = None,
    actions: Sequence[str] | None = None,
    leave_out: bool = False,
) -> list[Score]:
    """Every metric of chapter 5, each with the protocol it was made under.

    protocol  of the MPJPE: alignment 'root' and the scale that the prediction has. The others take
              their joints, root, averaging and frames per second from it. The velocity is left out
              without `clip_of_frame`, since nobody else knows where a clip ends, and where no two
              frames of a clip follow each other
    The other arguments are those of `score`.
    """
    if protocol.alignment != "root":
        raise InputError(f"evaluate_all: expected alignment 'root', found '{protocol.alignment}'")
    truth_mm, left_out = _scored_truth(prediction_mm, truth_mm, protocol, leave_out)
    rate, protocol = protocol.frames_per_second, replace(protocol, frames_per_second=None)
    scores = []

    def add(metric: str, errors: Tensor, unit: str, under: Protocol) -> None:
        where = clip_of_frame, actions, left_out
        scores.append(_averaged(metric, errors, unit, under, *where))

    shape = dict(alignment="procrustes", scale="least_squares")
    variants = {
        "P-MPJPE": replace(protocol, **shape),
        "P-MPJPE, no scaling": replace(protocol, alignment="procrustes"),
        "P-MPJPE, reflections allowed": replace(
            protocol, **shape | dict(alignment="procrustes_reflected")
        ),
    }
    prediction, truth = (_about_root(pose, protocol) for pose in (prediction_mm, truth_mm))
    distances = distances_under(prediction_mm, truth_mm, protocol)
    add("MPJPE", distances.nanmean(-1), "mm", protocol)
    picked = (pose.double()[:, protocol.indices] for pose in (prediction_mm, truth_mm))
    aligned = procrustes_distances(*picked, ["scale", "no scale", "mirror"])
    for (metric, under), apart in zip(variants.items(), aligned, strict=True):
        add(metric, apart.nanmean(-1), "mm", under)
    for metric, scale, rule in (
        ("N-MPJPE", "least_squares", least_squares_scale),
        ("N-MPJPE, norm ratio", "norm_ratio", norm_ratio),
    ):
        errors = joint_distances(rule(prediction, truth) * prediction, truth).nanmean(-1)
        add(metric, errors, "mm", replace(protocol, scale=scale))
    add("PCK@150", pck(distances, 150), "%", protocol)
    add("AUC", auc(distances), "%", protocol)
    if clip_of_frame is not None:
        speed = velocity_error(prediction, truth, clip_of_frame)
    if clip_of_frame is not None and speed.isfinite().any():
        add("velocity error", speed, "mm/frame", replace(protocol, frames_per_second=rate))
        if rate is not None:
            under = replace(protocol, frames_per_second=rate)
            add("velocity error per second", speed * rate, "mm/s", under)
    skeleton = protocol.skeleton
    bones = replace(protocol, joints=skeleton.joints, root=None, alignment="none")
    lengths = bone_length_error(prediction_mm.double(), truth_mm.double(), skeleton)
    add("bone-length error", lengths, "mm", bones)
    symmetry = symmetry_error(prediction_mm.double(), skeleton)
    scored = truth_mm.isfinite().all(-1).any(-1)  # the same frames for every number
    add("symmetry error", torch.where(scored, symmetry, torch.nan), "mm", bones)
    return scores


def _about_root(pose_mm: Tensor, protocol: Protocol) -> Tensor:
    """The protocol's joints, with its root at the origin."""
    pose_mm = pose_mm.double()
    return (pose_mm - pose_mm[:, protocol.skeleton.indices(protocol.root)])[:, protocol.indices]


def _scored_truth(
    prediction_mm: Tensor, truth_mm: Tensor, protocol: Protocol, leave_out: bool
) -> tuple[Tensor, int]:
    """The truth without the frames that were not predicted, and how many those are."""
    expected = (*truth_mm.shape[:1], len(protocol.skeleton), 3)
    for name, pose in (("prediction", prediction_mm), ("truth", truth_mm)):
        if pose.shape != expected:
            raise InputError(f"{name}: expected shape {expected}, found {tuple(pose.shape)}")
    missing = joint_distances(prediction_mm, truth_mm).isinf().any(-1)
    count = int(missing.sum())
    if count and not leave_out:
        raise InputError(
            f"{count} of {len(missing)} frames with known truth are not predicted (NaN); "
            "leave_out=True leaves them out of the mean and says so"
        )
    return (truth_mm.masked_fill(missing[:, None, None], torch.nan) if count else truth_mm), count


def _averaged(
    metric: str,
    errors: Tensor,
    unit: str,
    protocol: Protocol,
    clip_of_frame: Tensor | None,
    actions: Sequence[str] | None,
    left_out: int,
) -> Score:
    """The protocol's average of one value per frame; NaN does not count."""
    counts = errors.isfinite()
    if not counts.any():
        raise InputError(f"{metric}: none of {len(errors)} frames has a truth and a prediction")
    by_action = {}
    if actions is not None and clip_of_frame is not None:
        clips = clip_of_frame.to(errors.device)
        for action in sorted(set(actions)):
            its_clips = torch.tensor([a == action for a in actions], device=errors.device)
            chosen = counts & its_clips[clips]
            if chosen.any():
                by_action[action] = errors[chosen].mean().item()
    if protocol.average == "action":
        if not by_action:
            raise InputError("a mean over actions needs clip_of_frame and the action of each clip")
        value = sum(by_action.values()) / len(by_action)
    else:
        value = errors[counts].mean().item()
    return Score(metric, value, unit, protocol, by_action, int(counts.sum()), left_out)
