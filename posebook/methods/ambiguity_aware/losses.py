r"""Yu et al. 2021: lift, turn, project, lift again, turn back, project; and the losses on it.

Source: Z. Yu et al., "Towards Alleviating the Modeling Ambiguity of Unsupervised Monocular 3D Human
Pose Estimation", ICCV 2021, pp. 8651-8660, and its released code; the cycle is that of Chen et al.,
CVPR 2019, arXiv:1904.04812. Taught in 15_ambiguity_aware. Networks are in `network`, views and
second frames in `sampling`, training steps in `step`.

Key points x are tangents of directions, relative to the hip, x right, y down. The distance from hip
to head is 0.1. Poses X are in lengths from hip to head, in camera axes, with the camera at 0 and
the hip `DISTANCE` in front of it. Where the released code differs from the paper's words, an
argument with the word "released" in its name or value follows the code.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.geometry import bone_lengths, bone_vectors, euler_to_matrix
from posebook.shapes import Pose2D, Pose3D, Rotation, Scalar
from posebook.skeletons import HOUSE, Skeleton

#: From the camera to the hip, in lengths from hip to head.
DISTANCE = 10.0
#: No joint is put nearer to the camera than this.
NEAREST = 1.0
#: Projections are cut off here: 0.2 for Human3.6M (0.35 for MPI-INF-3DHP, 0.25 for SURREAL).
LARGEST_TANGENT = 0.2
#: Mean and standard deviation of the scale network's number in the released settings.
RELEASED_PRIOR = (0.720643, 0.058)
HIP = HOUSE.index("hip")
MOTION_FORMS = ("all", "released3", "vector", "byrot")

#: (batch, joints, 2) -> (batch, joints): the depth of each joint beyond `DISTANCE`.
DepthOf = Callable[[Tensor], Tensor]


class Cycle(NamedTuple):
    r"""Every pose of the round trip, in the order in which they are made.

    lifted    X        lifted from the real picture; the lifter predicts the hip's depth too
    turned    Y        turned about the hip, which is put `DISTANCE` in front of the second camera
    seen      y        the turned pose in the second camera's picture
    relifted  \hat Y   lifted from that picture
    back      \hat X   turned back
    reseen    \hat x   projected into the real camera's picture
    """

    lifted: Tensor
    turned: Tensor
    seen: Tensor
    relifted: Tensor
    back: Tensor
    reseen: Tensor

    def split(self, size: int) -> list["Cycle"]:
        """Cycles of `size` poses each, after several frames made the round trip together."""
        return [Cycle(*parts) for parts in zip(*(pose.split(size) for pose in self), strict=True)]


def back_project(keypoints: Pose2D, depth_offset: Float[Tensor, "*batch joints"]) -> Pose3D:
    r"""Key points at a depth: :math:`z=\max(1, g+10),\ X=(zx, z)`."""
    depth = (depth_offset + DISTANCE).clamp(min=NEAREST).unsqueeze(-1)
    return torch.cat([depth * keypoints, depth], -1)


def project(pose: Pose3D, largest: float | None = LARGEST_TANGENT) -> Pose2D:
    """Tangents of the directions of joints, cut off at +-`largest`; None: not cut off."""
    tangents = pose[..., :2] / pose[..., 2:]
    return tangents if largest is None else tangents.clamp(-largest, largest)


def view_rotation(angles: Float[Tensor, "*batch 3"], tilt: float = 0.0) -> Rotation:
    """R = Rz(roll) Rx(elevation) Ry(azimuth) of columns azimuth, elevation, roll, in radians.

    tilt  radians by which the real camera is assumed to look down. The azimuth turns about an axis
          that leans by as much, which is the person's upright axis if the assumption is right. In
          the released code it is the picture's own axis (tilt 0): an option tilts the axis, but all
          released settings leave it off
    """
    rotation = euler_to_matrix(angles.flip(-1), "zxy")
    if tilt == 0:
        return rotation
    return rotation @ euler_to_matrix(angles.new_tensor([-tilt]), "x")


def turn(pose: Pose3D, rotation: Rotation, hip: int = HIP) -> Pose3D:
    """Turned about its hip, which comes to lie `DISTANCE` in front of the camera."""
    centred = pose - pose[..., hip : hip + 1, :]
    return centred @ rotation.mT + pose.new_tensor([0.0, 0.0, DISTANCE])


def turn_back(pose: Pose3D, rotation: Rotation, place: Float[Tensor, "*batch 1 3"]) -> Pose3D:
    """Undo `turn` of a pose whose hip was at `place`."""
    return (pose - pose.new_tensor([0.0, 0.0, DISTANCE])) @ rotation + place


def cycle(
    depth_of: DepthOf,
    keypoints: Float[Tensor, "batch joints 2"],
    rotation: Rotation,
    *,
    hip: int = HIP,
    largest: float | None = LARGEST_TANGENT,
) -> Cycle:
    """The whole round trip.

    keypoints  already scaled, if there is a scale network
    The gradient flows through the depths that the lifter predicts for y, but not through the lines
    of sight of the second lift. So the lifter can reach agreement only by correcting depths.
    """
    lifted = back_project(keypoints, depth_of(keypoints))
    turned = turn(lifted, rotation, hip)
    seen = project(turned, largest) + 1e-5
    relifted = back_project(seen.detach(), depth_of(seen))
    back = turn_back(relifted, rotation, lifted[:, hip : hip + 1])
    return Cycle(lifted, turned, seen, relifted, back, project(back, largest))


def consistency_3d(way: Cycle) -> Scalar:
    r"""Mean distance of turned and relifted joints: mean :math:`\lVert Y-\hat Y\rVert`."""
    return torch.linalg.vector_norm(way.turned - way.relifted, dim=-1).mean()


def consistency_2d(way: Cycle, target: Pose2D) -> Scalar:
    r"""Mean distance in the picture after the round trip: mean :math:`\lVert\hat x-x\rVert`.

    target  the scaled key points; the released code takes the unscaled ones
    """
    return torch.linalg.vector_norm(way.reseen - target, dim=-1).mean()


def critic_loss(real: Tensor, fake: Tensor) -> Scalar:
    """Least squares GAN: the critic should give real pictures 1 and new ones 0."""
    return (real - 1).square().mean() + fake.square().mean()


def adversarial_loss(fake: Tensor) -> Scalar:
    """Least squares GAN: the lifter wants the critic to give new pictures 1."""
    return (fake - 1).square().mean()


def gaussian_kl(
    mean: Scalar, std: Scalar, prior_mean: float | Tensor, prior_std: float | Tensor
) -> Scalar:
    r"""Kullback-Leibler divergence of two normal distributions, the prior second.

    :math:`\log\frac{\sigma_0}{\sigma}+\frac{\sigma^2+(\mu-\mu_0)^2}{2\sigma_0^2}-\frac12`
    """
    variances = (std.square() + (mean - prior_mean).square()) / (2 * prior_std**2)
    return torch.log(prior_std / std) + variances - 0.5


def prior_loss(middle: Float[Tensor, "batch 1"], prior: tuple[float, float]) -> Scalar:
    """`gaussian_kl` of a batch of the scale network's numbers, with its unbiased deviation."""
    return gaussian_kl(middle.mean(), middle.std(), *prior)


def bone_term(
    one: Pose3D, other: Pose3D, form: str = "length", skeleton: Skeleton = HOUSE
) -> Scalar:
    """How much the bones of two frames of one person differ, mean over bones.

    form  'length': mean difference of their lengths
          'vector', as released: mean length of their differences as vectors, which also punishes
          motion
    """
    if form == "vector":
        apart = bone_vectors(one, skeleton) - bone_vectors(other, skeleton)
        return torch.linalg.vector_norm(apart, dim=-1).mean()
    if form != "length":
        raise ValueError(f"bone term '{form}': expected length or vector")
    return (bone_lengths(one, skeleton) - bone_lengths(other, skeleton)).abs().mean()


def motion_term(
    one: Cycle, other: Cycle, form: str = "all", released_joints: Sequence[int] = (3, 2, 1)
) -> Scalar:
    r"""Joints must move as far between two frames in one view as in the other.

    one, other  cycles of the two frames, with the same rotation
    form  'all': mean over joints of :math:`|\delta-\hat\delta|`, where :math:`\delta` is how far a
          joint moves in X, and :math:`\hat\delta` how far in :math:`\hat Y`
          'released3': the root of the sum of squares over three joints only, because the released
          code keeps three columns of an array with a column for each joint
          'vector': compares movements as vectors, X with :math:`\hat Y`, although their axes differ
          'byrot': compares movements as vectors, X with :math:`\hat X`, which is turned back
    released_joints  the first three of the released order: right foot, knee and hip
    """
    moved = one.lifted - other.lifted
    if form in ("vector", "byrot"):
        again = one.relifted - other.relifted if form == "vector" else one.back - other.back
        return torch.linalg.vector_norm(moved - again, dim=-1).mean()
    far = torch.linalg.vector_norm(moved, dim=-1)
    far_again = torch.linalg.vector_norm(one.relifted - other.relifted, dim=-1)
    if form == "all":
        return (far - far_again).abs().mean()
    if form != "released3":
        raise ValueError(f"motion term '{form}': expected one of {', '.join(MOTION_FORMS)}")
    three = (far - far_again)[:, list(released_joints)]
    return torch.linalg.vector_norm(three, dim=-1).mean()
