"""How far a predicted pose is from the truth, in every way the field reports it: pure functions.

They take poses (..., joints, 3) in mm and give one value per frame; `metrics.score` averages them
under a `Protocol`. Whatever is missing stays visible:

- a joint whose truth is NaN is not scored: a frame's value is the mean over its known joints, and
  a frame that has none is NaN;
- a joint that was not predicted (NaN where the truth is known) is infinitely far away, and so is
  its frame.

Degenerate poses (all joints in one place) have a defined value everywhere.
Taught in 05_metrics_and_protocols.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.errors import InputError
from posebook.geometry import aligned_distances, bone_lengths
from posebook.shapes import Pose3D
from posebook.skeletons import Skeleton

PerFrame = Float[Tensor, "*batch"]
PerJoint = Float[Tensor, "*batch joints"]

# ------------------------------------------------------------------------- joint by joint, mm


def joint_distances(prediction_mm: Pose3D, truth_mm: Pose3D) -> PerJoint:
    """Distance of each joint from its truth, mm; NaN: truth not known, inf: not predicted."""
    apart = torch.linalg.vector_norm(prediction_mm - truth_mm, dim=-1)
    return _show_missing(apart, _known(truth_mm))


def procrustes_distances(
    prediction_mm: Pose3D, truth_mm: Pose3D, *, scale: bool = True, reflections: bool = False
) -> PerJoint:
    """Distance of each joint, mm, after the best turn, shift and (unless told) scale of its pose.

    reflections  also try the mirror image of each pose, and keep what fits better
    """
    seen = None if _complete(truth_mm) else _known(truth_mm)
    found = aligned_distances(prediction_mm, truth_mm, scale=scale, seen=seen)
    if reflections:
        mirrored = prediction_mm * torch.tensor([-1.0, 1.0, 1.0]).to(prediction_mm)
        other = aligned_distances(mirrored, truth_mm, scale=scale, seen=seen)
        better = other.square().sum(-1, keepdim=True) < found.square().sum(-1, keepdim=True)
        found = torch.where(better, other, found)
    if seen is None and _complete(found):
        return found
    return _show_missing(found, _known(truth_mm))


def _complete(values: Tensor) -> bool:
    """Whether nothing is missing, the quickest way: a sum is finite only if all its parts are."""
    return bool(torch.isfinite(values.sum()))


def _known(truth: Pose3D) -> Tensor:
    return torch.isfinite(truth).all(-1)


def _show_missing(errors: Tensor, known: Tensor) -> Tensor:
    return torch.where(known, errors.nan_to_num(nan=torch.inf, posinf=torch.inf), torch.nan)


def least_squares_scale(prediction: Pose3D, truth: Pose3D) -> Float[Tensor, "*batch 1 1"]:
    """The scale of each pose about the origin that fits best; 0 for a pose that is all origin."""
    known = _known(truth).unsqueeze(-1)
    along = torch.where(known, prediction * truth, 0.0).sum((-2, -1), keepdim=True)
    squared = torch.where(known, prediction * prediction, 0.0).sum((-2, -1), keepdim=True)
    return torch.where(squared > 0, along / squared, torch.where(squared.isnan(), squared, 0.0))


def norm_ratio(prediction: Pose3D, truth: Pose3D) -> Float[Tensor, "*batch 1 1"]:
    """The scale that gives each pose the norm of its truth; 0 for a pose that is all origin."""
    known = _known(truth).unsqueeze(-1)
    target = torch.where(known, truth * truth, 0.0).sum((-2, -1), keepdim=True)
    squared = torch.where(known, prediction * prediction, 0.0).sum((-2, -1), keepdim=True)
    ratio = (target / squared).sqrt()
    return torch.where(squared > 0, ratio, torch.where(squared.isnan(), squared, 0.0))


# -------------------------------------------------------------------------- one value per frame


def mpjpe(prediction_mm: Pose3D, truth_mm: Pose3D) -> PerFrame:
    """Mean per joint position error of poses as they stand (subtract the root first), mm."""
    return joint_distances(prediction_mm, truth_mm).nanmean(-1)


def weighted_mpjpe(
    prediction_mm: Pose3D, truth_mm: Pose3D, weights: Float[Tensor, "*#batch #joints"]
) -> PerFrame:
    """Mean over the joints of weight times distance; the weights are not normalised.

    Source: Pavllo et al. 2019, whose weight is 1 / depth, for trajectories.
    """
    return (weights * joint_distances(prediction_mm, truth_mm)).nanmean(-1)


def p_mpjpe(prediction_mm: Pose3D, truth_mm: Pose3D, *, scale: bool = True) -> PerFrame:
    """MPJPE after the best turn, shift and scale of each pose, mm. No reflections: a mirror image
    is an error. "Protocol 2", "PA-MPJPE" and "reconstruction error" are other names.

    A prediction with all joints in one place is compared with the mean of the truth's joints.
    """
    return procrustes_distances(prediction_mm, truth_mm, scale=scale).nanmean(-1)


def p_mpjpe_reflected(prediction_mm: Pose3D, truth_mm: Pose3D) -> PerFrame:
    """P-MPJPE that also tries the mirror image and keeps the better fit, mm: for comparison only.

    A pose with left and right exchanged in depth scores 0. RepNet's "3DPE" and ElePose's PA-MPJPE.
    """
    return procrustes_distances(prediction_mm, truth_mm, reflections=True).nanmean(-1)


def n_mpjpe(prediction_mm: Pose3D, truth_mm: Pose3D, root: int = 0) -> PerFrame:
    """MPJPE about the root (a joint index), after the least-squares scale of each pose, mm.

    The scale may come out negative, for a pose that is more wrong than none at all.
    """
    centred = [pose - pose[..., root : root + 1, :] for pose in (prediction_mm, truth_mm)]
    return n_mpjpe_uncentred(*centred)


def n_mpjpe_uncentred(prediction_mm: Pose3D, truth_mm: Pose3D) -> PerFrame:
    """As `n_mpjpe`, with poses as they stand: the scale is about the origin. VideoPose3D's."""
    scale = least_squares_scale(prediction_mm, truth_mm)
    return mpjpe(scale * prediction_mm, truth_mm)


def n_mpjpe_norm_ratio(prediction_mm: Pose3D, truth_mm: Pose3D, root: int = 0) -> PerFrame:
    """MPJPE about the root after scaling each pose to the norm of its truth, mm. ElePose's."""
    prediction, truth = (p - p[..., root : root + 1, :] for p in (prediction_mm, truth_mm))
    return mpjpe(norm_ratio(prediction, truth) * prediction, truth)


def pck(distances_mm: PerJoint, threshold_mm: float | int = 150.0) -> PerFrame:
    """Percentage of correct keypoints: joints at most `threshold_mm` from their truth.

    distances_mm  (..., joints), as `joint_distances` gives them. Source: Mehta et al. 2017.
    """
    right = torch.where(distances_mm.isnan(), torch.nan, (distances_mm <= threshold_mm).double())
    return 100 * right.nanmean(-1).to(distances_mm)


def auc(distances_mm: PerJoint) -> PerFrame:
    """Area under the PCK curve, percent: the mean PCK over the thresholds 0, 5, ..., 150 mm."""
    return torch.stack([pck(distances_mm, threshold) for threshold in range(0, 151, 5)]).mean(0)


def velocity_error(
    prediction_mm: Float[Tensor, "frames joints 3"],
    truth_mm: Float[Tensor, "frames joints 3"],
    clip_of_frame: Int[Tensor, " frames"] | None = None,
) -> Float[Tensor, " frames"]:
    """Mean over the joints of the error of each joint's step from the frame before, mm per frame.

    NaN for the first frame of each clip, which has none before it: no step leads from clip to
    clip. Times the frames per second it is mm/s. Source: MPJVE, Pavllo et al. 2019, who weigh a
    clip of T frames by T where there are T - 1 steps; here every step counts once.
    """
    _same_frames(prediction_mm, truth_mm, clip_of_frame)
    wrong = prediction_mm - truth_mm
    apart = torch.linalg.vector_norm(wrong[1:] - wrong[:-1], dim=-1)
    known = _known(truth_mm)
    steps = _show_missing(apart, known[1:] & known[:-1]).nanmean(-1)
    if clip_of_frame is not None:
        within = clip_of_frame[1:] == clip_of_frame[:-1]
        steps = torch.where(within.to(steps.device), steps, torch.nan)
    errors = steps.new_full((len(wrong),), torch.nan)
    errors[1:] = steps
    return errors


def _same_frames(one: Tensor, other: Tensor, clip_of_frame: Tensor | None) -> None:
    """A single frame, or clip, would be taken to stand for all."""
    clips = one if clip_of_frame is None else clip_of_frame
    if not len(one) == len(other) == len(clips):
        raise InputError(
            f"poses of {len(one)} and {len(other)} frames, clips of {len(clips)}; expected the same"
        )


def jitter(
    pose_mm: Float[Tensor, "frames joints 3"], clip_of_frame: Int[Tensor, " frames"] | None = None
) -> Float[Tensor, " frames"]:
    """Mean over the joints of how much each joint's step changes, mm per frame squared.

    |p(t+1) - 2 p(t) + p(t-1)|: the acceleration. It needs no truth, and people's own is not 0:
    compare with the truth's. NaN at the first and the last frame of each clip.
    """
    _same_frames(pose_mm, pose_mm, clip_of_frame)
    bend = torch.linalg.vector_norm(pose_mm[2:] - 2 * pose_mm[1:-1] + pose_mm[:-2], dim=-1).mean(-1)
    if clip_of_frame is not None:
        within = clip_of_frame[2:] == clip_of_frame[:-2]
        bend = torch.where(within.to(bend.device), bend, torch.nan)
    found = pose_mm.new_full((len(pose_mm),), torch.nan)
    found[1:-1] = bend
    return found


def bone_length_error(prediction_mm: Pose3D, truth_mm: Pose3D, skeleton: Skeleton) -> PerFrame:
    """Mean over the bones of |predicted length - true length|, mm."""
    truth = bone_lengths(truth_mm, skeleton)
    wrong = (bone_lengths(prediction_mm, skeleton) - truth).abs()
    return _show_missing(wrong, torch.isfinite(truth)).nanmean(-1)


def symmetry_error(prediction_mm: Pose3D, skeleton: Skeleton) -> PerFrame:
    """Mean over the left bones of |length - length of its right twin|, mm. It needs no truth."""
    lengths, children = bone_lengths(prediction_mm, skeleton), [c for _, c in skeleton.bones]
    left = [bone for bone, child in enumerate(children) if child in skeleton.left]
    right = [children.index(skeleton.mirror[children[bone]]) for bone in left]
    return (lengths[..., left] - lengths[..., right]).abs().nanmean(-1)
