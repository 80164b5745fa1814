"""The label generator: from a left view to a right view, from both views to a pose.

Source: as in `right_view`. Both networks are those of Martinez et al. 2017 with other sizes: the
released class is the same. Where we differ: the running variance of batch norm is PyTorch's.

The release trains with dropout, batch norm, residual sums and max-norm all switched off, unless
launch scripts that were never published switch them on; the paper's figure shows them. So they are
on here, and `RELEASED_DEFAULTS` turns them off.

At inference the release takes key points that are not about the hip, divides them by the mean and
deviation of the file that is being predicted, and brings the right view back to pixels with the
LEFT view's statistics. Here all statistics are the training set's, everything is about the hip, and
the right view has its own.

The two views differ by a few px, while joints move by hundreds. Standardised as they are, they are
the same numbers to within about a tenth, and a squared loss on them hardly sees what is different.
`difference` is our own variant: right minus left takes the right view's place in both networks,
standardised by itself.
"""

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.geometry import root_relative
from posebook.methods.simple_baseline.network import Martinez, Standardiser
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE

JOINTS = 17
#: What the released scripts do where no flag is given.
RELEASED_DEFAULTS: dict[str, Any] = dict(
    dropout=0.0, max_norm=False, batch_norm=False, residual=False
)


class ViewSynthesis(Martinez):
    """The left view to the right view, both about the hip and standardised, unitless.

    In:   (batch, 17, 2)      Out:  (batch, 17, 2)
    flags  of `Martinez`: dropout (the probability to DROP), max_norm, batch_norm, residual
    """

    def __init__(self, width: int = 1024, blocks: int = 2, **flags: Any):
        super().__init__(
            JOINTS, JOINTS, width, blocks, input_dimensions=2, output_dimensions=2, **flags
        )


class Reconstruction(Martinez):
    """Both views to the pose, all about the hip and standardised, unitless.

    In:   (batch, 34, 2), the 17 joints of the left view, then those of the right view
    Out:  (batch, 17, 3)
    stereo  False: from the left view alone, (batch, 17, 2); an ablation
    """

    def __init__(self, width: int = 1024, blocks: int = 2, stereo: bool = True, **flags: Any):
        joints = 2 * JOINTS if stereo else JOINTS
        super().__init__(
            joints, JOINTS, width, blocks, input_dimensions=2, output_dimensions=3, **flags
        )


class LabelGenerator(nn.Module):
    """Both networks, and the training set's statistics: pixels in, millimetres out.

    stereo      False: the pose from the left view alone; the view synthesis is there, but unused
    difference  True: right minus left stands for the right view, in both networks
    The statistics start as mean 0 and deviation 1; `learn_statistics` sets them.
    """

    def __init__(
        self,
        width: int = 1024,
        blocks: int = 2,
        dropout: float = 0.5,
        max_norm: bool = True,
        batch_norm: bool = True,
        residual: bool = True,
        stereo: bool = True,
        difference: bool = False,
    ):
        super().__init__()
        self.stereo, self.difference = stereo, difference
        flags = dict(dropout=dropout, max_norm=max_norm, batch_norm=batch_norm, residual=residual)
        self.view = ViewSynthesis(width, blocks, **flags)
        self.pose = Reconstruction(width, blocks, stereo, **flags)
        # Root slots have deviation 0 after training: whatever a network says there comes back as 0.
        self.left, self.right = (_plain(JOINTS, 2) for _ in range(2))
        self.both = _plain(2 * JOINTS if stereo else JOINTS, 2)
        self.body = _plain(JOINTS, 3)

    def learn_statistics(self, left_px: Pose2D, right_px: Pose2D, pose_mm: Pose3D) -> None:
        """Mean and deviation of the training poses, (poses, 17, 2) px and (poses, 17, 3) mm."""
        left, right = about_hip(left_px), self.second(left_px, right_px)
        both = self.views(left_px, right_px)
        for held, values in (
            (self.left, left), (self.right, right), (self.both, both),
            (self.body, about_hip(pose_mm)),
        ):  # fmt: skip
            found = Standardiser.of(values)
            held.mean.copy_(found.mean)
            held.std.copy_(found.std)

    def right_view(self, left_px: Pose2D) -> Pose2D:
        """The right view of left views (batch, 17, 2), px, about the hip."""
        left = about_hip(left_px)
        found = self.right.inverse(self.view(self.left(left)))
        return left + found if self.difference else found

    def second(self, left_px: Pose2D, right_px: Pose2D) -> Pose2D:
        """What stands for the right view, px: itself about the hip, or minus the left one. In the
        difference v is 0, whatever rounding leaves of it."""
        right = about_hip(right_px)
        if not self.difference:
            return right
        return (right - about_hip(left_px)) * right.new_tensor([1.0, 0.0])

    def views(self, left_px: Pose2D, right_px: Pose2D) -> Float[Tensor, "*batch points 2"]:
        """The input of the reconstruction, px: 34 joints, or the left view's 17 without stereo."""
        left = about_hip(left_px)
        return torch.cat([left, self.second(left_px, right_px)], -2) if self.stereo else left

    def from_views(self, left_px: Pose2D, right_px: Pose2D) -> Pose3D:
        """The pose about the hip, mm, from a left view and any right view, (batch, 17, 2) px."""
        return self.body.inverse(self.pose(self.both(self.views(left_px, right_px))))

    def forward(self, left_px: Pose2D) -> Pose3D:
        """House key points (batch, 17, 2), px of Human3.6M's camera, to poses about the hip, mm."""
        right_px = self.right_view(left_px) if self.stereo else left_px
        return self.from_views(left_px, right_px)


def about_hip(
    points: Float[Tensor, "*batch joints dim"],
) -> Float[Tensor, "*batch joints dim"]:
    """House joints about the hip, in 2D or 3D."""
    return root_relative(points, HOUSE)


def _plain(joints: int, dimensions: int) -> Standardiser:
    return Standardiser(torch.zeros(joints, dimensions), torch.ones(joints, dimensions))
