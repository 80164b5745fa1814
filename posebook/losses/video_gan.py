r"""The video GAN's loss of the picture: absolute poses, seen by a camera that is known.

Source: github.com/bzhao96/3d-human-pose, read for its facts. Taught in 14_video_gan. The critic's
and the generator's judgement are `losses.repnet`'s, on poses about the hip. Poses here are
absolute: metres, camera axes, x right, y down, z away.

**The mirror minimum.** The residual of a picture is multiplied by depth, so nothing is divided:

.. math:: r = f\odot P_{xy} + c\,P_z - u\,P_z .

It is linear in P. A pose at 0 has none of it; and negating P, the whole person point-mirrored
through the camera, negates r and leaves the loss as it is: **someone behind the camera costs
nothing more**. The critic forbids the mirror image only by the pose about the hip; the root it
never sees. `depth_loss` prevents both: a joint nearer than `NEAREST_M` pays by the metre, those in
front pay nothing, and its slope leads from behind the camera through it and out in front. A root
network that starts at the mean root (`models.video_gan.MEAN_ROOT_M`) rarely needs it.
"""

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
    camera     (..., 4)          fx, fy, cx, cy in the screen's unit (`repnet_inputs.intrinsics`)
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


def depth_loss(pose: Pose3D, nearest_m: float | int = NEAREST_M) -> Scalar:
    """How far joints are behind the nearest admitted depth, metres, mean: 0 where all are in front.

    Ours: the released code has nothing of the kind.
    """
    return functional.relu(nearest_m - pose[..., 2]).mean()
