"""Bones: directions and lengths, the chain space, poses about their root, and which way they face.

Taught in 02_skeletons_and_axes; the chain space in 13_repnet, the facing in 12_adversarial_lifting.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE, Skeleton


def bone_vectors(
    pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton
) -> Float[Tensor, "*batch bones dim"]:
    """From each bone's parent joint to its child joint, in the order of `skeleton.bones`."""
    parents, children = zip(*skeleton.bones, strict=True)
    return pose[..., list(children), :] - pose[..., list(parents), :]


def bone_lengths(
    pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton
) -> Float[Tensor, "*batch bones"]:
    """Length of each bone, in the pose's unit, in the order of `skeleton.bones`."""
    return torch.linalg.vector_norm(bone_vectors(pose, skeleton), dim=-1)


def kinematic_chain(
    pose: Pose3D, bones: Sequence[tuple[int, int]]
) -> Float[Tensor, "*batch bones bones"]:
    """Kinematic chain space: the dot product of each bone with each other bone.

    bones  (start joint, end joint) indices; may name pairs that no skeleton joins
    Squared bone lengths on the diagonal, angles off it; does not change under rotation or
    reflection. Source: Wandt & Rosenhahn 2019 (RepNet), arXiv:1902.09868, section 3.3.
    """
    starts, ends = zip(*bones, strict=True)
    vectors = pose[..., list(starts), :] - pose[..., list(ends), :]
    return vectors @ vectors.mT


def root_relative(
    pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton
) -> Float[Tensor, "*batch joints dim"]:
    """The pose with its root at the origin; between the hips where the set marks no pelvis."""
    roots = (skeleton.root,) if skeleton.root else ("left_hip", "right_hip")
    return pose - pose[..., skeleton.indices(*roots), :].mean(-2, keepdim=True)


def facing_sine(pose: Pose3D, skeleton: Skeleton = HOUSE) -> Float[Tensor, "*batch"]:
    r"""Whether the nose is on the side of the chest, in [-1, 1]: above 0 for nearly everybody.

    pose  (..., joints, 3)  camera axes, any unit; joints thorax, neck_nose and both shoulders

    Seen from above, the sine of the angle from the direction thorax -> nose, :math:`(a_0, b_0)`, to
    the direction left -> right shoulder, :math:`(a_1, b_1)`, with a along z and b along x:

    .. math:: s = \frac{a_0 b_1 - a_1 b_0}{\sqrt{a_0^2+b_0^2}\,\sqrt{a_1^2+b_1^2}}

    Mirroring the depth of a pose negates it, so it tells a pose from its mirror image: a person
    whose shoulders say that they face us has the nose in front. 0 where a direction has no length
    seen from above; the gradient is 0 there.
    Source: Kudo et al. 2018, arXiv:1803.08244. Taught in 12_adversarial_lifting.
    """
    thorax, nose, left, right = (
        pose[..., j, :]
        for j in skeleton.indices("thorax", "neck_nose", "left_shoulder", "right_shoulder")
    )
    b0, _, a0 = (nose - thorax).unbind(-1)
    b1, _, a1 = (right - left).unbind(-1)
    squared = (a0.square() + b0.square()) * (a1.square() + b1.square())
    defined = squared > 0
    return torch.where(
        defined, (a0 * b1 - a1 * b0) / torch.where(defined, squared, 1.0).sqrt(), 0.0
    )
