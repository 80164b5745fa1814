"""Whether a picture's y is counted downwards, as everywhere in this book, or upwards.

Read the wrong way, people stand on their heads. So do people who stand on their heads: a picture
hardly tells the one from the other (turned half round, a mirror image differs in perspective only).
So nobody is turned who may be upside down; it is said instead, with what to do.
"""

from dataclasses import replace

import torch
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.key_points import MIN_CONFIDENCE, from_0_to_1
from posebook.lifting.notes import Note
from posebook.skeletons import HOUSE, conversion

#: Who is upside down in more than this part of the frames is worth a word.
_NEARLY_ALL = 0.9


def counted_downwards(clip: Clip, up: str | None = None) -> tuple[Clip, list[Note]]:
    """The clip with y counted downwards, and a note where it was not.

    up  'y': the file counts y upwards; '-y': downwards; None: downwards, unless y is negative
    """
    if up == "y":
        return _turned(clip), [Note("up", "y is counted upwards, as given (--up).")]
    x, y = clip.keypoints_px[torch.isfinite(clip.keypoints_px).all(-1)].unbind(-1)
    negative = len(y) > 0 and (y < 0).double().mean() > _NEARLY_ALL and x.median() > 0
    if up == "-y" or clip.camera is not None or not negative:
        return clip, []
    text = "y is negative, and taken to be counted upwards from the top of the picture."
    return _turned(clip, 0.0), [Note("up", text)]


def on_their_head(clip: Clip) -> list[Note]:
    """A note on somebody who is upside down in nearly all frames."""
    over = upside_down(clip)
    count, of = int(over.nansum()), int(torch.isfinite(over).sum())
    if clip.camera is not None or not count > _NEARLY_ALL * of:
        return []
    text = f"the person is upside down in {count} of {of} frames. Does the file count y upwards?"
    return [Note("up", f"{text} Then give --up y.")]


def upside_down(clip: Clip) -> Tensor:
    """(frames,): 1 where the head is below the hips and no leg is, 0 where not, NaN: not seen."""
    confidence, _ = from_0_to_1(clip.confidence)
    sure = torch.where(confidence < MIN_CONFIDENCE, 0.0, confidence)
    points, _ = conversion(clip.skeleton, HOUSE)(clip.keypoints_px, sure)

    def at(*joints: str) -> Tensor:
        return points[:, HOUSE.indices(*joints), 1].nanmean(-1)

    hip, chest, head = at("hip"), at("thorax"), at("neck_nose", "head")
    legs = at("left_knee", "right_knee", "left_foot", "right_foot")
    top = torch.where(torch.isfinite(chest), chest, head)
    over = (top > hip) & ~(head < top) & ~(legs > hip)
    return torch.where(torch.isfinite(hip) & torch.isfinite(top), over.to(points), torch.nan)


def _turned(clip: Clip, from_y: float | None = None) -> Clip:
    """y counted from the other end of the picture, or of the range that it takes."""
    y = clip.keypoints_px[..., 1]
    if from_y is None and clip.size_px is not None:
        from_y = float(clip.size_px[1])
    if from_y is None:
        known = y[torch.isfinite(y)]
        from_y = float(known.amin() + known.amax()) if len(known) else 0.0
    points = torch.stack([clip.keypoints_px[..., 0], from_y - y], -1)
    return replace(clip, keypoints_px=points)
