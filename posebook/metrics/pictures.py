"""How far key points in a picture are from the truth, in every way that the field reports it.

Two shares with one name are not comparable until four things are said: the length by which the
error is divided, the joints, whether joints are averaged or pooled, and whether "less than" or "at
most". Each function here says them. Taught in 08_stacked_hourglass.

A joint whose truth is NaN is not scored. One that was not predicted (NaN) counts as wrong. A person
whose length is not known (NaN, or 0) is not scored.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Pose2D
from posebook.skeletons import MPII_16, Skeleton

Each = Float[Tensor, "people joints"]
PerJoint = Float[Tensor, " joints"]
Lengths = Float[Tensor, " people"]

#: The head's length is this share of the diagonal of the head's box, as MPII defines it.
HEAD_SHARE = 0.6
#: MPII marks them too, but its score leaves them out.
NOT_SCORED = ("hip", "thorax")
#: The twelve joints of arms and legs, which all sets of photographs mark; a pair side by side.
LIMBS = tuple(
    f"{side}_{joint}"
    for joint in ("shoulder", "elbow", "wrist", "hip", "knee", "foot")
    for side in ("left", "right")
)
#: COCO's widths of the limbs' joints, twice their sigma, and the part of a box that its person
#: covers. Source: COCO's page on key point evaluation, and its code.
OKS_WIDTHS = tuple(
    2 * sigma for sigma in (0.079, 0.072, 0.062, 0.107, 0.087, 0.089) for _ in range(2)
)
OKS_BOX_SHARE = 0.53


def limb_oks(
    found_px: Float[Tensor, "... 12 2"],
    truth_px: Float[Tensor, "... 12 2"],
    box_px: Float[Tensor, "... 2"],
) -> Float[Tensor, "..."]:
    """COCO's object keypoint similarity, 0 to 1, over `LIMBS` that are marked; shapes broadcast.

    found_px  px; a joint that was not found (NaN) counts 0
    truth_px  px; NaN where not marked
    box_px    width and height of the person's box
    """
    area = OKS_BOX_SHARE * box_px.prod(-1)
    off = torch.linalg.vector_norm(found_px - truth_px, dim=-1)
    widths = torch.tensor(OKS_WIDTHS).to(off)
    alike = torch.exp(-(off**2) / (2 * area.unsqueeze(-1) * widths**2)).nan_to_num(0.0)
    marked = torch.isfinite(truth_px).all(-1).expand(alike.shape)
    return torch.where(marked, alike, torch.nan).nanmean(-1)


def relative_errors(predicted_px: Pose2D, truth_px: Pose2D, length_px: Lengths) -> Each:
    """Distance of each joint from its truth over a length of the person's: (people, joints).

    NaN: not scored, inf: not predicted.
    """
    apart = torch.linalg.vector_norm(predicted_px - truth_px, dim=-1) / length_px.unsqueeze(-1)
    known = torch.isfinite(truth_px).all(-1) & (length_px > 0).unsqueeze(-1)
    return torch.where(known, apart.nan_to_num(nan=torch.inf, posinf=torch.inf), torch.nan)


def correct_per_joint(errors: Each, threshold: float, *, at_most: bool = False) -> PerJoint:
    """Percentage of people with an error of less than (or at most) the threshold, for each joint;
    NaN for a joint that nobody has."""
    right = errors <= threshold if at_most else errors < threshold
    known = ~errors.isnan()
    return (100 * (right & known).sum(0).double() / known.sum(0)).to(errors)


def head_length(box_px: Float[Tensor, "people 4"]) -> Lengths:
    """MPII's: 0.6 times the diagonal of the head's box (x1, y1, x2, y2), px."""
    return HEAD_SHARE * torch.linalg.vector_norm(box_px[:, 2:] - box_px[:, :2], dim=-1)


def pckh(
    predicted_px: Pose2D,
    truth_px: Pose2D,
    head_px: Lengths,
    skeleton: Skeleton = MPII_16,
    threshold: float = 0.5,
) -> float:
    """PCKh as MPII's tools compute it, percent: the mean over joints of the share of people whose
    error is less than `threshold` head lengths.

    head_px  (people,)  `head_length`
    Of MPII's sixteen joints fourteen count: hip and thorax are left out. Of other skeletons those
    of the same names are left out, and `spine`.
    """
    errors = relative_errors(predicted_px, truth_px, head_px)
    kept = [i for i, joint in enumerate(skeleton.joints) if joint not in (*NOT_SCORED, "spine")]
    return correct_per_joint(errors[:, kept], threshold).nanmean().item()


def pckh_neck(
    predicted_px: Pose2D, truth_px: Pose2D, skeleton: Skeleton, threshold: float = 0.5
) -> float:
    """A lenient relative of PCKh, percent: all joints pooled, at most half the distance from thorax
    to head. It is longer than MPII's head length, so do not compare the two."""
    thorax, head = skeleton.indices("thorax", "head")
    length_px = torch.linalg.vector_norm(truth_px[:, thorax] - truth_px[:, head], dim=-1)
    return pooled(relative_errors(predicted_px, truth_px, length_px), threshold)


def pck(
    predicted_px: Pose2D, truth_px: Pose2D, skeleton: Skeleton, threshold: float = 0.2
) -> float:
    """PCK of the torso, percent: all joints pooled, at most `threshold` times the distance from the
    left shoulder to the right hip. Somebody without these two is not scored.

    Source: Y. Yang and D. Ramanan 2013; the torso: B. Sapp and B. Taskar 2013.
    """
    shoulder, hip = skeleton.indices("left_shoulder", "right_hip")
    length_px = torch.linalg.vector_norm(truth_px[:, shoulder] - truth_px[:, hip], dim=-1)
    return pooled(relative_errors(predicted_px, truth_px, length_px), threshold)


def pooled(errors: Each, threshold: float) -> float:
    """Percentage of all joints of all people with an error of at most the threshold."""
    known = ~errors.isnan()
    if not known.any():
        raise InputError("PCK: no joint is known; expected at least one")
    return 100 * ((errors <= threshold) & known).sum().item() / known.sum().item()


def map_accuracy(
    predicted: Pose2D,
    truth: Pose2D,
    size: int = 64,
    joints: Sequence[int] | None = None,
    *,
    at_most: bool = False,
    released: bool = True,
) -> float:
    """PCK on heat maps, 0 to 1: the score that trainings of hourglasses print.

    predicted, truth  (people, joints, 2)  peaks of the maps, column and row
    size              of the maps; an error must be less than half a tenth of it: 3.2 px of 64
    joints            indices of those that count; None: all
    at_most           the first, Torch7 code's: at most 3.2 px
    released          as published: a joint whose true peak is in row or column 0 is not scored.
                      That is meant for joints without a label, but takes others too. False: give
                      NaN for those without a label
    The mean over the joints that anybody has; 0 if there are none.
    """
    known: Bool[Tensor, "people joints"] = (
        (truth > 0).all(-1) if released else truth.isfinite().all(-1)
    )
    apart = torch.linalg.vector_norm((predicted - truth).double(), dim=-1) / (size / 10)
    errors = torch.where(known, apart, torch.nan)
    if joints is not None:
        errors = errors[:, list(joints)]
    share = correct_per_joint(errors, 0.5, at_most=at_most).nanmean().item() / 100
    return 0.0 if share != share else share
