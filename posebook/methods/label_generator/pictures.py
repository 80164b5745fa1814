"""The rule for pictures whose camera nobody knows: from the picture's size and the person's box.

The release uses Human3.6M's intrinsics for every picture of any size, and does not say how a
picture comes to Human3.6M's frame. Here the rule is, for each person:

1. The intrinsics are given: those.
2. The picture's size is known: a focal length of 1.2 times its longer side, and the principal point
   in its middle (`Camera.guess`, which all of this book takes).
3. Only the person is known: the focal length is Human3.6M's, times the longer side of the box
   around the person, over `BOX_PX`; the principal point is in the middle of the box. So the person
   looks as large as people in Human3.6M do, and stands about as far away: 5 m. (Of whom only the
   upper half is marked, the focal length comes out about half as long.)

A wrong focal length moves the person nearer or further by the same factor; the label is in mm only
up to that.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import Camera
from posebook.methods.label_generator.right_view import HUMAN36M
from posebook.shapes import Pose2D, Seen

#: The longer side of the box around the 17 joints of a person, px: the median over the training
#: people of `synthetic`, and of CMU's motions seen by Human3.6M's cameras.
BOX_PX = 300.0
GIVEN, BY_SIZE, BY_BOX = range(3)
#: What the numbers of `Intrinsics.rule` say.
RULES = ("given", "by the picture's size", "by the person's box")


@dataclass(frozen=True)
class Intrinsics:
    """One pinhole camera for each person.

    focal_px, centre_px  (people, 2) px of the person's own picture
    rule                 (people,) int64: which of `RULES` gave it
    """

    focal_px: Float[Tensor, "people 2"]
    centre_px: Float[Tensor, "people 2"]
    rule: Tensor

    def rays(self, keypoints_px: Pose2D) -> Pose2D:
        """The directions (x/z, y/z) of key points (people, joints, 2)."""
        return (keypoints_px - self.centre_px.unsqueeze(1)) / self.focal_px.unsqueeze(1)


def boxes(
    keypoints_px: Float[Tensor, "people joints 2"], seen: Seen
) -> tuple[Float[Tensor, "people 2"], Float[Tensor, " people"]]:
    """Middle and longer side of the box around the joints seen, px; NaN where none is."""
    there = (seen & torch.isfinite(keypoints_px).all(-1)).unsqueeze(-1)
    low = torch.where(there, keypoints_px, torch.inf).amin(1)
    high = torch.where(there, keypoints_px, -torch.inf).amax(1)
    anybody = there.any(1)
    middle = torch.where(anybody, (low + high) / 2, torch.nan)
    return middle, torch.where(anybody, high - low, torch.nan).amax(-1)


def intrinsics(
    keypoints_px: Float[Tensor, "people joints 2"],
    seen: Seen,
    size_px: Float[Tensor, "people 2"] | None = None,
    camera: Camera | None = None,
) -> Intrinsics:
    """The intrinsics of each person's picture, by the rule above.

    size_px  width and height of each one's picture; NaN, or None: not known
    camera   where the intrinsics are given; its lens is not looked at
    """
    count = len(keypoints_px)
    points = keypoints_px.double()
    if camera is not None:
        focal, centre = (v.expand(count, 2).clone() for v in (camera.focal_px, camera.centre_px))
        return Intrinsics(focal, centre, torch.full((count,), GIVEN))
    middle, side = boxes(points, seen)
    side = side.nan_to_num(BOX_PX).clamp_min(1.0)  # nobody, or all joints in one place
    focal = HUMAN36M.focal_px * (side / BOX_PX).unsqueeze(-1)
    centre = middle.nan_to_num()
    rule = torch.full((count,), BY_BOX)
    if size_px is not None:
        known = torch.isfinite(size_px).all(-1)
        size = size_px.double().nan_to_num(1.0)
        guess = 1.2 * size.amax(-1, keepdim=True).expand(-1, 2)
        focal = torch.where(known.unsqueeze(-1), guess, focal)
        centre = torch.where(known.unsqueeze(-1), size / 2, centre)
        rule = torch.where(known, BY_SIZE, rule)
    return Intrinsics(focal, centre, rule)
