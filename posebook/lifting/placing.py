"""Where a lifted pose stands: how far away, how high, and which way up.

A lifter gives a pose about its own hip. Here it is put where a camera would see it.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import Camera
from posebook.geometry import bone_lengths
from posebook.shapes import Confidence, Points3D, Pose2D, Pose3D, Rotation
from posebook.skeletons import HOUSE


def place_root(
    pose_mm: Pose3D,
    keypoints_px: Pose2D,
    confidence: Confidence,
    camera: Camera,
    frames_per_second: float,
    smooth_s: float = 0.2,
) -> Points3D:
    """Where the hip must be for the pose to be seen at the key points.

    pose_mm       (frames, joints, 3)  camera axes, hip at 0, mm, of the true size
    keypoints_px  (frames, joints, 2)  NaN where missing; only what was really seen should count
    smooth_s      the distance is smoothed over time by a Gaussian of this width in seconds: a
                  distance jumps when a joint jitters, a person does not

    Returns (frames, 3), mm, camera axes; NaN where fewer than two joints are seen. Depth is least
    squares on the rays: x + t_x = u (z + t_z), y + t_y = v (z + t_z) over the joints.
    """
    seen = (confidence > 0) & torch.isfinite(keypoints_px).all(-1) & torch.isfinite(pose_mm).all(-1)
    weight = (confidence * seen).double()
    total = weight.sum(-1)
    rays = camera.rays(keypoints_px.double().nan_to_num())
    rays = torch.where(seen.unsqueeze(-1), rays, 0.0)
    pose = torch.where(seen.unsqueeze(-1), pose_mm.double(), 0.0)

    def mean(values: Tensor) -> Tensor:
        return (weight.unsqueeze(-1) * values).sum(-2) / total.clamp_min(1e-9).unsqueeze(-1)

    # Take out t_x and t_y: what is left is one equation in t_z, with a = rays, b = rays z - (x, y).
    target = rays * pose[..., 2:] - pose[..., :2]
    off_rays = rays - mean(rays).unsqueeze(-2)
    off_target = target - mean(target).unsqueeze(-2)
    spread = (weight.unsqueeze(-1) * off_rays**2).sum((-1, -2))
    depth = -(weight.unsqueeze(-1) * off_rays * off_target).sum((-1, -2)) / spread.clamp_min(1e-12)
    nearest = 100.0 - torch.where(seen, pose[..., 2], torch.inf).amin(-1)  # in front of the camera
    known = (seen.sum(-1) >= 2) & (spread > 1e-10)
    depth = torch.where(known, torch.maximum(depth, nearest), torch.nan)
    depth = _smooth_distance(depth, smooth_s * frames_per_second)
    sideways = depth.unsqueeze(-1) * mean(rays) + mean(target)
    return torch.cat([sideways, depth.unsqueeze(-1)], -1).to(pose_mm)


def _smooth_distance(depth: Tensor, width: float) -> Tensor:
    """A line fitted around each frame, weighted by a Gaussian over time, to the inverse distance.

    A line, and not a mean: at the ends of a clip a mean would hold back whoever walks away.
    """
    reach = int(3 * width)
    if reach < 1 or len(depth) < 3:
        return depth
    steps = torch.arange(-reach, reach + 1).to(depth)
    bell = torch.exp(-0.5 * (steps / width) ** 2)
    known = torch.isfinite(depth)
    inverse = torch.where(known, 1 / depth, 0.0)

    def around(values: Tensor, power: int) -> Tensor:
        kernel = bell * steps**power
        return torch.nn.functional.conv1d(values[None, None], kernel[None, None], padding=reach)[
            0, 0
        ]

    zeroth, first, second = (around(known.to(depth), power) for power in range(3))
    mean, slope = around(inverse, 0), around(inverse, 1)
    spread = zeroth * second - first**2
    fitted = (second * mean - first * slope) / spread.clamp_min(1e-12)
    # One frame by itself has no line; and a line may not leave the distances that were seen.
    fitted = torch.where(spread > 1e-6, fitted, inverse)
    low, high = (1 / depth[known]).aminmax() if known.any() else (0.0, 0.0)
    return torch.where(known, 1 / fitted.clamp(low, high), torch.nan)


#: Camera axes to world axes for a camera that is held level: x right, y forward, z up.
LEVEL = ((1.0, 0.0, 0.0), (0.0, 0.0, 1.0), (0.0, -1.0, 0.0))


#: One leg, trunk, neck and head are this part of a standing person's height: the house joints of
#: the proportions in `datasets.people.body` (ankles and the crown lie beyond them).
_JOINTS_IN_HEIGHT = 0.909


def height_of(pose_mm: Pose3D) -> float:
    """How tall the person would stand, mm: one leg, trunk, neck and head in line. Median of frames.

    pose_mm  (frames, 17, 3)  any axes; NaN where a frame has no pose
    """
    lengths = bone_lengths(pose_mm.double(), HOUSE)
    legs = ("left_knee", "left_foot", "right_knee", "right_foot")
    once = ("spine", "thorax", "neck_nose", "head")
    names = HOUSE.bone_names
    leg = lengths[:, [names.index(bone) for bone in legs]].sum(-1) / 2
    rest = lengths[:, [names.index(bone) for bone in once]].sum(-1)
    return float((leg + rest).nanmedian()) / _JOINTS_IN_HEIGHT


def stand_up(
    absolute_mm: Pose3D, to_world: Rotation | None = None
) -> tuple[Pose3D, Float[Tensor, "3 3"], Float[Tensor, "3"]]:
    """World axes (z up) from camera axes, when only the camera's tilt, or nothing, is known.

    absolute_mm  (frames, 17, 3)  camera axes; NaN where nobody is
    to_world     (3, 3)           camera axes to world axes; None: the camera was held level

    The origin of the world is on the floor under the hip of the first frame with a person; the
    floor is where the lowest joint is most of the time: a foot, or a hand in a handstand.
    Returns the poses, the rotation and the shift: world = rotation @ camera + shift.
    """
    rotation = torch.tensor(LEVEL).to(absolute_mm) if to_world is None else to_world.to(absolute_mm)
    turned = absolute_mm @ rotation.mT
    known = torch.isfinite(turned).flatten(1).all(-1)
    if not known.any():
        return turned, rotation, torch.zeros(3).to(turned)
    hip = turned[known][0, HOUSE.index("hip")]
    lowest = turned[known][..., 2].amin(-1)
    shift = torch.stack([-hip[0], -hip[1], -lowest.median()])
    return turned + shift, rotation, shift
