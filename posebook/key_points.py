"""Key points before a network sees them: about the hip, and what is done about missing joints."""

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Pose2D, Seen
from posebook.skeletons import HOUSE


def root_centred(
    keypoints: Pose2D, *, scale: str, factor: float | int = 1.0, per: str = "pose"
) -> Pose2D:
    """Key points about the hip, over a length of the person in the picture, times a factor.

    keypoints  (frames, 17, 2)  house joints, px or any unit; NaN where missing
    scale      'mean_joint_distance': the mean distance of the 16 other joints from the hip (Kudo et
               al. 2018); 'head_hip': the distance of the head from the hip (Yu 2021, ElePose 2022)
    per        'pose': every frame by its own length; 'clip': all frames by the mean of theirs

    The hip comes out at exactly 0. A person of no extent comes out as all zeros.
    """
    hip, head = HOUSE.indices("hip", "head")
    about = keypoints - keypoints[:, hip : hip + 1]
    distances = torch.linalg.vector_norm(about, dim=-1)
    if scale == "mean_joint_distance":
        length = distances[:, [j for j in range(len(HOUSE)) if j != hip]].nanmean(-1)
    elif scale == "head_hip":
        length = distances[:, head]
    else:
        raise InputError(f"scale '{scale}': expected mean_joint_distance or head_hip")
    if per == "clip":
        length = length.nanmean().expand_as(length)
    elif per != "pose":
        raise InputError(f"per '{per}': expected pose or clip")
    about = torch.where(length[:, None, None] > 0, about / length[:, None, None], 0.0 * about)
    return factor * about


def complete(
    keypoints: Pose2D, seen: Seen, mean_place: Float[Tensor, "joints 2"]
) -> Float[Tensor, "*batch joints 2"]:
    """Missing joints put where the mean pose, laid over the joints that are seen, has them.

    keypoints (frames, joints, 2) any unit; seen (frames, joints); mean_place (joints, 2) any unit,
    y down as the picture. Shifted and scaled to fit, not turned. Frames with nothing seen: NaN.
    """
    weight = seen.to(keypoints).unsqueeze(-1)
    count = weight.sum(-2, keepdim=True)
    points, mean = keypoints.nan_to_num() * weight, mean_place.to(keypoints) * weight
    middle, mean_middle = points.sum(-2, keepdim=True) / count, mean.sum(-2, keepdim=True) / count
    spread = ((mean - mean_middle) * weight).square().sum((-1, -2), keepdim=True)
    along = ((points - middle) * (mean - mean_middle) * weight).sum((-1, -2), keepdim=True)
    size = (along / spread.clamp_min(1e-12)).clamp_min(0)
    placed = (mean_place.to(keypoints) - mean_middle) * size + middle
    return torch.where(seen.unsqueeze(-1), keypoints, placed)
