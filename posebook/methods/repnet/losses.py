"""RepNet's losses: of the critic, of the camera, and of the reprojected picture.

Sources as in `network`; "the original" and "bzhao96" are the two published forms. Taught in
13_repnet. Poses are in metres, relative to the hip or to the mean of the joints. Key points are
normalised. No random number is drawn here.
"""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.errors import InputError
from posebook.shapes import Pose2D, Pose3D, Scalar

#: What bzhao96 multiplies the reprojection loss by; the original has 1, for its own form.
REPROJECTION_WEIGHT = 1e4
PENALTY_WEIGHT = 10.0
#: Weights of joints in the original's reprojection loss; all others are 1.
ORIGINAL_WEIGHTS = {"hip": 0.0, "neck_nose": 0.1, "head": 0.1}

Each = Float[Tensor, " batch"]
Camera = Float[Tensor, "*batch 2 3"]


def critic_loss(real: Each, fake: Each) -> Scalar:
    r"""Minus the estimated Wasserstein distance: :math:`-\overline{D(X)}+\overline{D(\hat X)}`.

    These are bzhao96's signs: real poses should get high values. The original has the opposite
    signs.
    """
    return fake.mean() - real.mean()


def generator_loss(fake: Each) -> Scalar:
    r"""Generated poses should get high values from the critic: :math:`-\overline{D(\hat X)}`."""
    return -fake.mean()


def between(real: Pose3D, fake: Pose3D, share: Each) -> Pose3D:
    r"""A pose between each real and generated pose: :math:`\alpha X+(1-\alpha)\hat X`."""
    share = share[:, None, None]
    return fake + share * (real - fake)


def gradient_penalty(critic: Callable[[Pose3D], Each], pose: Pose3D) -> Scalar:
    r"""How far the critic's slope is from 1: :math:`\overline{(\lVert\nabla D\rVert-1)^2}`.

    critic  (batch, joints, 3) -> (batch,), each row independent of the others
    pose    (batch, joints, 3), from `between`; the critic never sees the camera
    The result can be differentiated again. A critic whose slope is at most 1 measures how far the
    generated poses must move to become the real ones: Gulrajani et al. 2017, arXiv:1704.00028.
    """
    pose = pose.detach().requires_grad_()
    (slope,) = torch.autograd.grad(critic(pose).sum(), pose, create_graph=True)
    return (torch.linalg.vector_norm(slope.flatten(1), dim=-1) - 1).square().mean()


def reproject(pose: Pose3D, camera: Camera) -> Pose2D:
    """What a far camera (batch, 2, 3) sees of each pose (batch, joints, 3): (batch, joints, 2)."""
    return pose @ camera.mT


def camera_loss(camera: Camera, *, form: str = "bzhao96") -> Float[Tensor, "*batch"]:
    r"""For each camera: 0 where its two rows are orthogonal and equally long.

    form  'bzhao96', and the paper: the Frobenius norm of :math:`2KK^\top/\mathrm{tr}(KK^\top)-I`;
          'original': the sum of its absolute entries
    A camera of zeros makes both published codes divide by zero. Here it costs as much as a camera
    of rank 1.
    """
    gram = camera @ camera.mT
    trace = gram.diagonal(dim1=-2, dim2=-1).sum(-1)
    shape = 2 * gram / trace.clamp_min(1e-12)[..., None, None]
    apart = (shape - torch.eye(2).to(shape)).flatten(-2)
    if form == "original":
        return apart.abs().sum(-1)
    if form != "bzhao96":
        raise InputError(f"form '{form}': expected bzhao96 or original")
    return torch.linalg.vector_norm(apart, dim=-1)


def reprojection_loss(keypoints: Pose2D, seen: Pose2D) -> Scalar:
    """bzhao96's: mean squared difference of the coordinates; its weight is `REPROJECTION_WEIGHT`.

    With this weight, an error of 5 px in every coordinate of a picture of 1000 px costs 1.
    """
    return (seen - keypoints).square().mean()


def weighted_reprojection_loss(
    keypoints: Pose2D, seen: Pose2D, weight: Float[Tensor, " joints"]
) -> Each:
    r"""The original's, for each pose: :math:`\frac1{32}\sum_i w_i|W_i-\hat W_i|`.

    weight  (joints,), from `ORIGINAL_WEIGHTS`, else 1. The neck weighs little because detectors
            disagree about where it is. The sum is divided by the number of coordinates, not by the
            sum of the weights.
    """
    return ((seen - keypoints).abs() * weight.unsqueeze(-1)).mean((-1, -2))


def reprojection_weight(
    progress: float | int,
    *,
    first: float | int = REPROJECTION_WEIGHT,
    last: float | int = REPROJECTION_WEIGHT,
) -> float:
    """The weight of the reprojection loss at a moment of the training.

    progress     share of the training that is done, 0 to 1
    first, last  the weight at the beginning and at the end
    The weight grows by the same factor in each step. bzhao96 writes that it must grow with time,
    but its code holds it constant, which is the default here. How it grows is our choice.
    """
    if not (first > 0 and last > 0):
        raise InputError(f"weights {first} to {last}: expected numbers greater than 0")
    return first * (last / first) ** min(max(float(progress), 0.0), 1.0)
