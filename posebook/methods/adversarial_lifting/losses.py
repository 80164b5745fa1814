"""The losses of Kudo et al. 2018, and the small functions they are made of.

A lifted pose is turned about the upright axis and seen again, and a critic must not be able to
distinguish the new picture from a real one. A mirror image of the pose passes that test as well, so
a second loss asks for the nose to be in front of the chest. Taught in 12_adversarial_lifting.

Poses here have their root at 0 and a mean joint distance of 1: unitless. Camera axes: x right,
y down, z away from the camera.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from posebook.geometry import facing_sine
from posebook.shapes import Pose2D, Pose3D, Scalar

CAP = 0.9  # of the critic's accuracy: see `gate`


def turned(pose: Pose3D, angle: Float[Tensor, "*batch"]) -> Pose2D:
    r"""A pose turned about the upright (y) axis through the origin, and seen from far away.

    pose   (..., joints, 3)
    angle  (...), radians; each pose has its own
    Maths: :math:`x'=x\cos\theta+z\sin\theta,\ y'=y`; the new depth is dropped.
    Source: Kudo et al. 2018; neither centred nor scaled again.
    """
    x, y, z = pose.unbind(-1)
    angle = angle.unsqueeze(-1)
    return torch.stack([x * angle.cos() + z * angle.sin(), y], -1)


def heading_loss(pose: Pose3D) -> Scalar:
    r"""How far the nose is behind the chest, as a sine: between 0 and 1, mean over the batch.

    Maths: :math:`\frac1B\sum\max(0,-s)`, s as in `geometry.facing_sine`. Source: Kudo et al. 2018.
    """
    return functional.relu(-facing_sine(pose)).mean()


def generator_loss(fake: Float[Tensor, " batch"]) -> Scalar:
    r"""The adversarial term: small where the critic takes the new pictures for real.

    fake  (batch,) logits.    Maths: :math:`\frac1B\sum\log(1+e^{-D(x')})`, non-saturating.
    """
    return functional.softplus(-fake).mean()


def critic_loss(real: Float[Tensor, " batch"], fake: Float[Tensor, " batch"]) -> Scalar:
    r"""Cross entropy of the critic: real pictures to be positive, new ones negative.

    Maths: :math:`\frac1B\sum\log(1+e^{-D(x)})+\frac1B\sum\log(1+e^{D(x')})`.
    """
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def accuracies(
    real: Float[Tensor, " batch"], fake: Float[Tensor, " batch"]
) -> tuple[Scalar, Scalar]:
    """Shares of real and of new pictures that the critic takes for what they are.

    A logit of exactly 0 counts as real.
    """
    return (real >= 0).to(real).mean(), (fake < 0).to(fake).mean()


def gate(accuracy: float | int, cap: float | int = CAP) -> tuple[bool, bool]:
    """Whether the generator, and whether the critic, may take this step.

    accuracy  mean of the two shares of `accuracies`
    The critic waits while it is right more often than `cap`. The generator waits while the critic
    is right less often than 1 - cap, because such a critic has nothing to teach yet.
    """
    return accuracy >= 1 - cap, accuracy <= cap
