"""One training step of ElePose: all its losses on a batch, and their weighted sum.

Chapter 16 trains with the step that it shows, and a test keeps this one equal to it. Benchmarks and
tools import this one. Source: as in `losses`. Taught in 16_elepose.
"""

from collections.abc import Mapping

from torch import Tensor, nn

from posebook.errors import InputError
from posebook.methods.elepose import losses
from posebook.methods.elepose.losses import Each
from posebook.shapes import Pose2D

#: The weight of each loss in the sum, as published.
WEIGHTS: dict[str, float] = dict(flow=1.0, keypoints=1.0, pose=1.0, deformation=1.0, bones=50.0)
#: What is known of bones: the published ratios; that people of a batch are alike; nothing.
BONE_PRIORS = ("published", "own", "none")


def step_losses(
    lifter: nn.Module,
    prior: nn.Module,
    keypoints: Pose2D,
    azimuth: Each,
    noise: Each,
    *,
    learned_elevation: bool = True,
    bone_prior: str = "published",
    weights: Mapping[str, float] = WEIGHTS,
) -> dict[str, Tensor]:
    """All losses of one training step on a batch, and their weighted sum under "loss".

    lifter     keypoints -> (depths (batch, joints), elevation (batch,)); its method `depths` gives
               the depths alone
    prior      (batch, joints, 2) -> (batch,), negative log-likelihood; frozen
    keypoints  (batch, joints, 2), normalised
    azimuth    (batch,)  drawn evenly from -pi to pi
    noise      (batch,)  standard normal; without `learned_elevation`, a tilt (`losses.fixed_view`)
    """
    if bone_prior not in BONE_PRIORS:
        raise InputError(f"bone_prior is '{bone_prior}', expected one of {', '.join(BONE_PRIORS)}")
    depths, elevation = lifter(keypoints)
    if learned_elevation:
        view = losses.random_view(elevation, azimuth, noise)
    else:
        view = losses.fixed_view(azimuth, noise)
    way = losses.cycle(keypoints, depths, view, lifter.depths)
    parts = dict(
        flow=prior(way.seen).mean(),
        keypoints=losses.keypoint_loss(keypoints, way.back_seen),
        pose=losses.pose_loss(way.turned, way.seen_pose),
        deformation=losses.deformation_loss(way.pose, way.back),
    )
    if bone_prior != "none":
        bone_loss = losses.bone_loss if bone_prior == "published" else losses.own_bone_loss
        parts["bones"] = bone_loss(way.pose)
    return {"loss": sum(weights[name] * part for name, part in parts.items())} | parts
