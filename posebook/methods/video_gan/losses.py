r"""The video GAN's loss of the picture: absolute poses, seen by a camera that is known.

Source: github.com/bzhao96/3d-human-pose, read for its facts. Taught in 14_video_gan. The critic's
and the generator's judgement are `repnet.losses`'s, on poses about the hip. Poses here are
absolute: metres, camera axes, x right, y down, z away.

**The mirror minimum.** The residual of a picture is multiplied by depth, so nothing is divided:

.. math:: r = f\odot P_{xy} + c\,P_z - u\,P_z .

It is linear in P. A pose at 0 has none of it; and negating P, the whole person point-mirrored
through the camera, negates r and leaves the loss as it is: **someone behind the camera costs
nothing more**. The critic forbids the mirror image only by the pose about the hip; the root it
never sees. `depth_loss` prevents both: a joint nearer than `NEAREST_M` pays by the metre, those in
front pay nothing, and its slope leads from behind the camera through it and out in front. A root
network that starts at the mean root (`network.MEAN_ROOT_M`) rarely needs it.

**Size and distance.** Every multiple of a solution is one, too: larger people, farther away. Which
of the two networks answers a picture that is too small, the pose's or the root's, the loss does not
say. `best_root` takes the choice away: it is where the root of a given pose belongs.
"""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from posebook.shapes import Pose2D, Pose3D, Scalar

#: What the mean square residual is multiplied by.
REPROJECTION_WEIGHT = 100.0
NEAREST_M = 0.5


def residual(
    pose: Pose3D, keypoints: Pose2D, camera: Float[Tensor, "*batch 4"]
) -> Float[Tensor, "*batch joints 2"]:
    """The error of the picture times the depth: (..., joints, 2); its sign goes with the pose's.

    pose       (..., joints, 3)  absolute, metres, camera axes
    keypoints  (..., joints, 2)  on the screen, -1 to 1
    camera     (..., 4)          fx, fy, cx, cy in the screen's unit (`repnet.inputs.intrinsics`)
    """
    focal, centre = camera.unsqueeze(-2).split(2, -1)
    depth = pose[..., 2:]
    return focal * pose[..., :2] + (centre - keypoints) * depth


def reprojection_loss(pose: Pose3D, keypoints: Pose2D, camera: Float[Tensor, "*batch 4"]) -> Scalar:
    """Mean square `residual`; the module says what it cannot see.

    In the sum it is weighted by `REPROJECTION_WEIGHT`. Middle frames alone are
    seen: windows overlap, and each frame is the middle of one.
    """
    return residual(pose, keypoints, camera).square().mean()


def best_root(
    pose: Pose3D, keypoints: Pose2D, camera: Float[Tensor, "*batch 4"]
) -> Float[Tensor, "*batch 3"]:
    """Where the hip must be for the picture's error, `residual` over f, to be least: metres.

    pose       (..., joints, 3)  about the hip, the hip among them
    keypoints  (..., joints, 2)  on the screen
    camera     (..., 4)          fx, fy, cx, cy in the screen's unit

    Ours. Two sums for each pose, as of `lifting.placing.place_root`; at least `NEAREST_M` away.
    Where the error is least, it does not change with the root: for the pose's gradient this is a
    constant.
    """
    focal, centre = camera.unsqueeze(-2).split(2, -1)
    rays = (keypoints - centre) / focal
    off = rays * pose[..., 2:] - pose[..., :2]  # of each joint beside its ray, at root 0
    mean_ray, mean_off = rays.mean(-2, keepdim=True), off.mean(-2, keepdim=True)
    spread = (rays - mean_ray).square().sum((-1, -2)).clamp_min(1e-6)
    depth = -((rays - mean_ray) * (off - mean_off)).sum((-1, -2)) / spread
    depth = depth.clamp_min(NEAREST_M).unsqueeze(-1)
    sideways = mean_off.squeeze(-2) + mean_ray.squeeze(-2) * depth
    return torch.cat([sideways, depth], -1)


def depth_loss(pose: Pose3D, nearest_m: float | int = NEAREST_M) -> Scalar:
    """How far joints are behind the nearest admitted depth, metres, mean: 0 where all are in front.

    Ours: the released code has nothing of the kind.
    """
    return functional.relu(nearest_m - pose[..., 2]).mean()
