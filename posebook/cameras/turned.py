"""Every person as if they stood in the middle of a picture, the same size in each.

What a camera shows of a person depends on where in the picture they are and how far away. Both can
be taken out when the rays are known: turn the camera on the spot until it looks at the person, and
divide the picture by the person's spread in it. The lifters that ship with posebook see people in
this way, so that any picture size, focal length and place in the picture looks alike to them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from posebook.shapes import Pose2D, Pose3D, Rotation, Seen
from posebook.skeletons import HOUSE

#: A ray this far off the axis (x/z of 20 is 87 degrees) is clamped: no picture holds it.
_STEEPEST = 20.0
_SMALLEST_SPREAD = 1e-6


@dataclass(frozen=True)
class PersonView:
    """What a camera turned towards the person would see.

    keypoints  (..., joints, 2)  unitless, x right, y down; root mean square 1 over the joints
                                 seen, about the middle; 0 where a joint is not seen
    rotation   (..., 3, 3)       from the camera's axes to the turned ones: v' = rotation v
    spread     (...,)            what the keypoints were divided by: about the tangent of the
                                 angle that half the person takes up
    """

    keypoints: Pose2D
    rotation: Rotation
    spread: Float[Tensor, "*batch"]

    def pose_to_units(self, pose_mm: Pose3D) -> tuple[Pose3D, Float[Tensor, "*batch"]]:
        """A pose in camera axes (absolute, mm) in the turned camera's axes and in units.

        One unit is what covers 1 in `keypoints` at the mean depth of the joints, so x and y are
        the keypoints themselves but for perspective; z is counted from the mean depth.
        Returns the pose (..., joints, 3) and the millimetres (...,) in a unit.
        """
        turned = pose_mm @ self.rotation.mT
        depth_mm = turned[..., 2].mean(-1)
        unit_mm = depth_mm * self.spread
        shift = torch.zeros_like(turned)
        shift[..., 2] = depth_mm.unsqueeze(-1)
        return (turned - shift) / unit_mm[..., None, None], unit_mm

    def pose_from_units(self, units: Pose3D, unit_mm: Float[Tensor, "*batch"]) -> Pose3D:
        """The inverse of `pose_to_units`: absolute, camera axes, mm.

        The mean depth follows from the unit: whoever looks this big must be this far away.
        """
        turned = units * unit_mm[..., None, None]
        forward = torch.zeros_like(turned)
        forward[..., 2] = (unit_mm / self.spread).unsqueeze(-1)
        return (turned + forward) @ self.rotation


def turn_towards(rays: Pose2D, seen: Seen) -> PersonView:
    """Turn the camera on the spot until it looks at the middle of the joints seen.

    rays  (..., joints, 2)  directions x/z, y/z in camera axes; anything where not seen
    seen  (..., joints)
    The turn is the shortest one, about an axis in the picture plane.
    """
    rays = torch.where(seen.unsqueeze(-1), rays, 0.0).clamp(-_STEEPEST, _STEEPEST)
    weight = seen.to(rays).unsqueeze(-1)
    directions = torch.nn.functional.normalize(
        torch.cat([rays, torch.ones_like(rays[..., :1])], -1), dim=-1
    )
    middle = (directions * weight).sum(-2)
    forward = torch.tensor([0.0, 0.0, 1e-9]).to(middle)  # for frames where nothing is seen
    rotation = _shortest_turn(torch.nn.functional.normalize(middle + forward, dim=-1))
    turned = directions @ rotation.mT
    keypoints = turned[..., :2] / turned[..., 2:].clamp_min(1 / _STEEPEST)
    count = weight.sum((-1, -2)).clamp_min(1)
    spread = ((keypoints**2 * weight).sum((-1, -2)) / count).sqrt().clamp_min(_SMALLEST_SPREAD)
    return PersonView(keypoints * weight / spread[..., None, None], rotation, spread)


def _shortest_turn(direction: Float[Tensor, "*batch 3"]) -> Rotation:
    """The rotation that brings a unit vector with z > 0 to the z axis by the shortest way.

    Rodrigues' formula for the axis (y, -x, 0), written without sine and cosine.
    """
    x, y, z = direction.unbind(-1)
    scale = 1 / (1 + z)
    rows = (1 - x * x * scale, -x * y * scale, -x, -x * y * scale, 1 - y * y * scale, -y, x, y, z)
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def network_input(
    view: PersonView, seen: Seen, invented: Bool[Tensor, "*_joints"], known: Bool[Tensor, " batch"]
) -> Float[Tensor, "batch rows 3"]:
    """What a `person_view` network takes: one row for each joint and one for the camera.

    joints  x, y as in the view, and 1 where the joint is marked, 0.5 where it was invented from
            others, 0 where it is missing (x and y are 0 then)
    camera  the logarithm of the person's spread + 2; 1 where the intrinsics are known, 0 where
            they are guessed; 0
    """
    marked = torch.where(invented, 0.5, 1.0).to(view.keypoints) * seen
    joints = torch.cat([view.keypoints, marked.unsqueeze(-1)], -1)
    flag = known.to(joints)
    camera = torch.stack([view.spread.log() + 2.0, flag, torch.zeros_like(flag)], -1)
    return torch.cat([joints, camera.unsqueeze(-2)], -2)


def blank_frames(
    inputs: Float[Tensor, "frames rows 3"], seen: Bool[Tensor, "frames joints"], fewest: int
) -> Float[Tensor, "frames rows 3"]:
    """`network_input` of a clip for a network over time: nothing where too few joints are seen.

    A frame with fewer than `fewest` joints has no size and no place to speak of; all its numbers
    are 0 but whether the intrinsics are known, and its neighbours must say what was there.
    """
    kept = inputs * (seen.sum(-1) >= fewest)[:, None, None]
    kept[:, -1, 1] = inputs[:, -1, 1]
    return kept


def flip_input(inputs: Float[Tensor, "*batch rows 3"]) -> Float[Tensor, "*batch rows 3"]:
    """The input of the mirrored person."""
    joints = HOUSE.flip(inputs[..., :-1, :])
    return torch.cat([joints, inputs[..., -1:, :]], -2)


def predict_units(
    network: Callable[[Tensor], Tensor], inputs: Float[Tensor, "*frames rows 3"]
) -> Pose3D:
    """Poses in units (`PersonView`), the mean of the person's and of the mirrored person's.

    network  for single frames, or one that takes the frames of a clip, or of windows and has a
             pose for each window
    """
    straight = network(inputs)
    mirrored = HOUSE.flip(network(flip_input(inputs)))
    return (straight + mirrored) / 2
