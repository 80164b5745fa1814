r"""The video GAN's losses of the picture: absolute poses, seen by a known camera.

Source: github.com/bzhao96/3d-human-pose, read for its facts. Taught in 14_video_gan. The critic's
loss and the generator's adversarial loss are those of `repnet.losses`, on poses about the hip.
Poses here are absolute: metres, camera axes, x right, y down, z away.

**The mirror minimum.** The error in the picture is multiplied by depth, which avoids a division:

.. math:: r = f\odot P_{xy} + c\,P_z - u\,P_z .

r is linear in P. So a pose with all joints at 0 has no error. Negating P mirrors the whole person
through the camera. This negates r and does not change the loss, so **someone behind the camera
costs no more**. The critic cannot prevent it: it sees only the pose about the hip, never the root.
`depth_loss` prevents both. A joint nearer than `NEAREST_M` pays by the metre, the others pay
nothing, and the slope leads out in front of the camera. A root network that starts at the mean root
(`network.MEAN_ROOT_M`) rarely needs it.

**Size and distance.** Every multiple of a solution is also a solution: larger people, farther away.
When a person looks too small in the picture, either network could change, and the loss does not say
which. `best_root` settles it: it gives the place where the root of a given pose belongs.
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
    """Mean square `residual`; the top of this file says which wrong poses it does not notice.

    In the sum it is weighted by `REPROJECTION_WEIGHT`. Only the middle frame of each window counts;
    windows overlap, so that each frame is the middle of one.
    """
    return residual(pose, keypoints, camera).square().mean()


def best_root(
    pose: Pose3D, keypoints: Pose2D, camera: Float[Tensor, "*batch 4"]
) -> Float[Tensor, "*batch 3"]:
    """Where the hip must be for the picture's error, `residual` over f, to be least: metres.

    pose       (..., joints, 3)  about the hip, the hip among them
    keypoints  (..., joints, 2)  on the screen
    camera     (..., 4)          fx, fy, cx, cy in the screen's unit

    Ours. Two sums for each pose, as in `lifting.placing.place_root`; at least `NEAREST_M` away. At
    the least error, the error's slope along the root is 0, so the pose's gradient may treat the
    root as a constant.
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
