"""What networks are trained to make small: differentiable, pure functions, one idea each.

`posebook.losses.NAME` is for losses that need the truth; those of a method that learns without it
are in a module named after its paper: `losses.kudo`, `losses.yu`, `losses.elepose`,
`losses.repnet`, `losses.video_gan`.
"""

from posebook.losses.supervised import (
    bone_length_loss,
    mpjpe_loss,
    mse_loss,
    reprojection_loss,
    weighted_mpjpe_loss,
)

__all__ = [
    "bone_length_loss",
    "mpjpe_loss",
    "mse_loss",
    "reprojection_loss",
    "weighted_mpjpe_loss",
]
