"""Key points before a network sees them: trust, extent, gaps, missing joints, about the hip."""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.shapes import Confidence, Pose2D, Seen
from posebook.skeletons import HOUSE

#: Joints with less confidence count as not seen. A detector gives every joint a place, also those
#: that it does not see. Of MoveNet's points below 0.2 a third to a half are right, above 0.4 92 %;
#: 0.3 lies between the two, since a joint at a wrong place costs a pose more than a missing one.
#: On simulated detections any floor from 0.1 to 0.5 gives the same accuracy, better than none.
MIN_CONFIDENCE = 0.3
#: Detectors' scores overshoot 1 by so much and still count from 0 to 1.
_OVERSHOOT = 1.5
#: Longest gap, in seconds, that a straight line between its two ends is believed to bridge.
LONGEST_GAP_S = 0.25
#: Frames per second of a clip that does not say.
ASSUMED_FRAMES_PER_SECOND = 30.0
#: A filled joint is trusted this much of the less trusted end of its gap.
TRUST_IN_FILLED = 0.5
#: Joints closer together than this part of their coordinates are in one place: 0.1 px at 1,000 px.
ONE_PLACE = 1e-4


def from_0_to_1(confidence: Confidence) -> tuple[Confidence, str]:
    """Confidences of any scale as 0 to 1, and what they were taken for ("": they were that).

    confidence  (frames, joints)  0 where a joint is missing. Known scales: 0 to 1; visibility flags
                0, 1, 2 (2 is seen, 1 marked but hidden); percent; 0 to 255. Any other, such as
                AlphaPose's scores of up to 5, is divided by the value that 5 % of them exceed
    """
    confidence = torch.where(torch.isfinite(confidence), confidence, 0.0).clamp_min(0.0)
    given = confidence[confidence > 0].sort().values
    if not len(given) or given[-1] <= 1:
        return confidence, ""
    highest, usual = given[-1].item(), given[int(0.95 * (len(given) - 1))].item()
    if highest == 2 and ((given == 1) | (given == 2)).all():
        return confidence / 2, "flags 0, 1 and 2 are taken for missing, hidden and seen."
    if usual <= _OVERSHOOT:
        return confidence.clamp_max(1.0), f"{int((given > 1).sum())} are over 1 and taken as 1."
    for top, name in ((100, "percent"), (255, "numbers from 0 to 255")):
        if top / 4 < usual and highest <= top:
            return confidence / top, f"they are taken for {name}."
    text = f"they reach {highest:.3g}; {usual:.3g}, which few exceed, is taken as 1."
    return (confidence / usual).clamp_max(1.0), text


def extent_of(keypoints: Pose2D, seen: Seen) -> Float[Tensor, " frames"]:
    """The longer side of the box around the joints that are seen; 0 where none is."""
    seen = (seen & torch.isfinite(keypoints).all(-1)).unsqueeze(-1)
    low = torch.where(seen, keypoints, torch.inf).amin(-2)
    high = torch.where(seen, keypoints, -torch.inf).amax(-2)
    return (high - low).amax(-1).clamp_min(0)


def in_one_place(keypoints: Pose2D, seen: Seen) -> Bool[Tensor, " frames"]:
    """Frames whose joints are so close together that they show no pose."""
    largest = torch.where(seen.unsqueeze(-1), keypoints, 0.0).nan_to_num().abs().amax((-1, -2))
    return extent_of(keypoints, seen) <= ONE_PLACE * largest


def guessed_size(keypoints_px: Pose2D, whose: str = "clip") -> tuple[int, int]:
    """Width and height, px, of a picture that has as much room to the right of its people and
    below them as there is to the left and above. InputError where they are left of it or above."""
    points = keypoints_px[torch.isfinite(keypoints_px).all(-1)]
    points = points if len(points) else torch.ones(1, 2)
    low, high = points.amin(0).clamp_min(0), points.amax(0)
    if (high <= 0).any():
        raise InputError(
            f"{whose}: no key point reaches beyond {high[0]:.4g}, {high[1]:.4g}; "
            "expected pixels counted from the top left corner of the picture"
        )
    width, height = (max(2, round(side)) for side in (low + high).tolist())
    return width, height


def fill_gaps(
    keypoints: Pose2D, confidence: Confidence, frames_per_second: float | None = None
) -> tuple[Pose2D, Confidence, Seen]:
    """Bridge each joint's short gaps, of at most `LONGEST_GAP_S`, by a straight line.

    keypoints   (frames, joints, 2)  any unit; a joint is missing where it is NaN or confidence is 0
    confidence  (frames, joints)     a filled joint gets `TRUST_IN_FILLED` of its gap's worse end

    Returns both, and which joints were filled, (frames, joints). Gaps at the start or the end of
    the clip, and longer ones, stay open: nothing is known about them.
    """
    rate = frames_per_second or ASSUMED_FRAMES_PER_SECOND
    longest = int(round(LONGEST_GAP_S * rate))  # none in pictures a second apart
    count = len(keypoints)
    seen = (confidence > 0) & torch.isfinite(keypoints).all(-1)
    before, after = _nearest_seen(seen)
    frame = torch.arange(count).unsqueeze(-1)
    filled = ~seen & (before >= 0) & (after < count) & (after - before - 1 <= longest)
    if not filled.any():
        return keypoints, confidence, filled
    first, last = before.clamp_min(0), after.clamp_max(count - 1)
    share = ((frame - first) / (last - first).clamp_min(1)).to(keypoints).unsqueeze(-1)
    points = keypoints.nan_to_num()
    bridge = (1 - share) * _take(points, first) + share * _take(points, last)
    trust = TRUST_IN_FILLED * torch.minimum(confidence.gather(0, first), confidence.gather(0, last))
    keypoints = torch.where(filled.unsqueeze(-1), bridge, keypoints)
    return keypoints, torch.where(filled, trust, confidence), filled


def _nearest_seen(seen: Tensor) -> tuple[Tensor, Tensor]:
    """For each frame and joint, the last seen frame up to here (-1: none) and the next (frames)."""
    count = len(seen)
    frame = torch.arange(count).unsqueeze(-1).expand_as(seen)
    before = torch.where(seen, frame, -1).cummax(0).values
    after = torch.where(seen, frame, count).flip(0).cummin(0).values.flip(0)
    return before, after


def _take(points: Tensor, frames: Tensor) -> Tensor:
    return points.gather(0, frames.unsqueeze(-1).expand(*frames.shape, points.shape[-1]))


def bridge_frames(values: Tensor) -> tuple[Tensor, Bool[Tensor, " frames"]]:
    """Frames that are not finite, bridged in a straight line; the ends hold their nearest frame.

    values  (frames, ...). Returns them and which frames were bridged. With no finite frame at all
    the values come back as they are.
    """
    flat = values.flatten(1)
    good = torch.isfinite(flat).all(-1)
    if good.all() or not good.any():
        return values, ~good
    before, after = (index.squeeze(-1) for index in _nearest_seen(good.unsqueeze(-1)))
    first = torch.where(before < 0, after, before)
    last = torch.where(after >= len(values), before, after)
    share = (torch.arange(len(values)) - first) / (last - first).clamp_min(1)
    share = share.to(flat).clamp(0, 1).unsqueeze(-1)
    bridged = (1 - share) * flat[first] + share * flat[last]
    return torch.where(good.unsqueeze(-1), flat, bridged).view_as(values), ~good


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
    about = root_relative(keypoints, HOUSE)
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
