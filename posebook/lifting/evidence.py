"""Key points that say little: people a few pixels tall, and joints that all lie on one line.

They are lifted all the same, and the notes say that the poses are hardly more than a guess.
"""

import torch
from jaxtyping import Bool
from torch import Tensor

from posebook.key_points import extent_of
from posebook.lifting.notes import Note
from posebook.shapes import Pose2D, Seen

#: In a person of fewer pixels than this, joints that are a pixel off turn bones by many degrees.
SMALL_PX = 24.0
#: Joints whose spread across a line is less than this part of that along it are on the line.
ON_A_LINE = 0.02
_FEWEST_JOINTS = 4


def notes_on(keypoints_px: Pose2D, seen: Seen, marked: Seen) -> list[Note]:
    """A note on frames in which the person is tiny, and one on those in which all is on a line.

    marked  (frames, joints): joints that the file had a place for, none made up from others
    """
    enough = marked.sum(-1) >= _FEWEST_JOINTS
    tall_px = extent_of(keypoints_px, seen)
    tiny = enough & (tall_px < SMALL_PX)
    lined = enough & on_a_line(keypoints_px, marked)
    notes = []
    for found, what in (
        (tiny, f"people are under {SMALL_PX:g} px tall, where a joint one pixel off turns a bone"),
        (lined, "all joints lie on one line, which no pose does in a picture"),
    ):
        if frames := int(found.sum()):
            counts = dict(frames=frames, of=len(found))
            text = f"in {frames} of {len(found)} frames {what}: these poses are a guess."
            notes.append(Note("evidence", text, counts))
    return notes


def on_a_line(keypoints_px: Pose2D, seen: Seen) -> Bool[Tensor, " frames"]:
    """(frames,): whether the joints that are seen lie on one line."""
    weight = seen.to(keypoints_px).unsqueeze(-1)
    known = torch.where(seen.unsqueeze(-1), keypoints_px, 0.0)
    about = (
        known - known.sum(-2, keepdim=True) / weight.sum(-2, keepdim=True).clamp_min(1)
    ) * weight
    across, along = torch.linalg.svdvals(about).flip(-1).unbind(-1)
    return across <= ON_A_LINE * along
