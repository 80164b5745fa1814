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

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.errors import InputError
from posebook.geometry import aligned_under, bone_lengths
from posebook.geometry.fast_procrustes import Rule
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
    prediction_mm: Pose3D, truth_mm: Pose3D, rules: Sequence[Rule]
) -> list[PerJoint]:
    """Distance of each joint, mm, after the best turn and shift of its pose, under each rule.

    rules  'scale': and the best scale. 'no scale'. 'mirror': and the best scale, of the pose or of
           its mirror image, whichever fits better
    """
    seen = None if _complete(truth_mm) else _known(truth_mm)
    found = aligned_under(prediction_mm, truth_mm, rules, seen=seen)
    if seen is None and _complete(found[0]):
        return found
    return [_show_missing(distances, _known(truth_mm)) for distances in found]


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
    rules = ["scale" if scale else "no scale"]
    return procrustes_distances(prediction_mm, truth_mm, rules)[0].nanmean(-1)


def p_mpjpe_reflected(prediction_mm: Pose3D, truth_mm: Pose3D) -> PerFrame:
    """P-MPJPE that also tries the mirror image and keeps the better fit, mm: for comparison only.

    A pose with left and right exchanged in depth scores 0. RepNet's "3DPE" and ElePose's PA-MPJPE.
    """
    return procrustes_distances(prediction_mm, truth_mm, ["mirror"])[0].nanmean(-1)


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
    known = ~distances_mm.isnan()
    right = (distances_mm <= threshold_mm) & known
    return 100 * (right.sum(-1).double() / known.sum(-1)).to(distances_mm)


def auc(distances_mm: PerJoint) -> PerFrame:
    """Area under the PCK curve, percent: the mean PCK over the thresholds 0, 5, ..., 150 mm."""
    known = ~distances_mm.isnan()
    thresholds_mm = torch.arange(0, 151, 5).to(distances_mm)
    too_small = torch.bucketize(distances_mm, thresholds_mm)  # how many thresholds; NaN: all
    right = (len(thresholds_mm) - too_small).masked_fill(~known, 0)
    share = right.sum(-1).double() / (len(thresholds_mm) * known.sum(-1))
    return 100 * share.to(distances_mm)


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
