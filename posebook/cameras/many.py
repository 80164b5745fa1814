"""`Cameras`: as many cameras as there are poses, one for each, drawn at random.

For training on views that no rig has. Axes and units are those of `camera`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.cameras.camera import Camera, Real
from posebook.geometry import euler_to_matrix, look_at
from posebook.shapes import Points3D, Pose2D, Pose3D


@dataclass(frozen=True, eq=False)
class Cameras:
    """A batch of pinhole cameras without lens distortion, one for each pose of a batch.

    focal_px, centre_px (n, 2); size_px (n, 2) whole numbers; rotation (n, 3, 3) world to camera;
    position_mm (n, 3). Poses are (n, joints, 3) or (n, joints, 2): pose i belongs to camera i.
    """

    focal_px: Float[Tensor, "n 2"]
    centre_px: Float[Tensor, "n 2"]
    size_px: Int[Tensor, "n 2"]
    rotation: Float[Tensor, "n 3 3"]
    position_mm: Float[Tensor, "n 3"]

    def __len__(self) -> int:
        return len(self.focal_px)

    def __getitem__(self, index: int) -> Camera:
        placed = dict(rotation=self.rotation[index], position_mm=self.position_mm[index])
        size, name = tuple(self.size_px[index].tolist()), f"random {index}"
        return Camera(self.focal_px[index], self.centre_px[index], size, name=name, **placed)

    def to_camera(self, world_mm: Pose3D) -> Pose3D:
        position = self.position_mm.to(world_mm).unsqueeze(-2)
        return (world_mm - position) @ self.rotation.to(world_mm).mT

    def project(self, pose_mm: Pose3D) -> Pose2D:
        """Picture coordinates, px, of poses in camera axes, mm; as `Camera.project`."""
        rays = pose_mm[..., :2] / pose_mm[..., 2:]
        return rays * self.focal_px.to(rays).unsqueeze(-2) + self.centre_px.to(rays).unsqueeze(-2)


#: Width and height of pictures that people take, as parts of the longer side.
_ASPECTS = ((1, 1), (1, 3 / 4), (3 / 4, 1), (1, 9 / 16), (9 / 16, 1), (1, 2 / 3), (2 / 3, 1))


def random_cameras(
    count: int,
    generator: torch.Generator,
    *,
    target_mm: Float[Tensor, "*n 3"] | Sequence[Real] = (0.0, 0.0, 900.0),
    radius_mm: Float[Tensor, "*n"] | Real = 1100.0,
    field_of_view_deg: tuple[Real, Real] = (30.0, 90.0),
    elevation_deg: tuple[Real, Real] = (-10.0, 60.0),
    roll_deg: Real = 5.0,
    fill: tuple[Real, Real] = (0.3, 0.95),
    nearest_mm: Real = 1800.0,
) -> Cameras:
    """Cameras of every kind around people, who lie inside the picture.

    A person is taken to be a ball of `radius_mm` (n,) around `target_mm` (n, 3); see
    `bounding_ball`. Each is drawn evenly: the picture (common shapes, upright and across), the
    field of view across its longer side, direction and elevation of the camera as seen from the
    person, roll up to +-`roll_deg`, the part `fill` of the picture's shorter side that the ball
    takes up, which gives the distance (not under `nearest_mm`), and the ball's place in the
    picture, as far from the middle as it still is inside. The longer side has 480 to 1920 px.
    """

    def even(low: Real, high: Real, *shape: int) -> Tensor:
        unit = torch.rand(count, *shape, generator=generator, **like)
        return low + (high - low) * unit

    like = dict(dtype=torch.float64, device=generator.device)
    shape = torch.randint(len(_ASPECTS), (count,), generator=generator, device=generator.device)
    longer = even(480, 1920, 1)
    size = (torch.tensor(_ASPECTS, **like)[shape] * longer).round()
    half_view = torch.deg2rad(even(*field_of_view_deg) / 2)
    focal = size.amax(-1) / 2 / half_view.tan()

    # A ball of radius r at distance d is seen under the angle asin(r / d) from the axis through
    # its middle; d is shorter, by a cosine at most, in the plane that one side of the picture is.
    radius = torch.as_tensor(radius_mm, **like)
    ball = torch.atan(even(*fill) * size.amin(-1) / 2 / focal)
    distance = (radius / ball.sin()).clamp(min=(1.05 * radius).clamp(min=nearest_mm))
    half_views = torch.atan(size / 2 / focal.unsqueeze(-1))
    shortened = distance.unsqueeze(-1) * half_views.flip(-1).cos()
    half_ball = torch.asin((radius.unsqueeze(-1) / shortened).clamp(max=1))
    aim = torch.tan(even(-1.0, 1.0, 2) * (half_views - half_ball).clamp(min=0))

    azimuth, elevation = even(-torch.pi, torch.pi), torch.deg2rad(even(*elevation_deg))
    across = elevation.cos()
    offset = torch.stack([across * azimuth.cos(), across * azimuth.sin(), elevation.sin()], -1)
    target = torch.as_tensor(target_mm, **like)
    position = target + distance.unsqueeze(-1) * offset
    roll = torch.deg2rad(even(-roll_deg, roll_deg))
    # First look straight at the target, then turn the camera until the target is at ray `aim`.
    down = -aim[:, 1].atan()
    turns = torch.stack([down, (aim[:, 0] * down.cos()).atan(), roll], -1)
    rotation = euler_to_matrix(turns, "xyz") @ look_at(position, target.expand(count, 3))
    return Cameras(focal[:, None].expand(count, 2), size / 2, size.long(), rotation, position)


def random_rig(count: int, generator: torch.Generator, **options) -> tuple[Camera, ...]:
    """`count` cameras around one person, with the options of `random_cameras`."""
    cameras = random_cameras(count, generator, **options)
    return tuple(cameras[i] for i in range(count))


def bounding_ball(pose_mm: Pose3D) -> tuple[Points3D, Float[Tensor, "*batch"]]:
    """Centre (..., 3) and radius (...,) of a ball that holds every joint, mm; NaN joints aside.

    For a whole clip as one ball, flatten its frames into the joints first.
    """
    low = torch.where(pose_mm.isnan(), torch.inf, pose_mm).amin(-2)
    high = torch.where(pose_mm.isnan(), -torch.inf, pose_mm).amax(-2)
    centre = (low + high) / 2
    away = torch.linalg.vector_norm(pose_mm - centre.unsqueeze(-2), dim=-1)
    return centre, away.nan_to_num(0.0).amax(-1)
