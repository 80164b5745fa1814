"""Cameras: from the world to the camera to the picture, and back as far as that goes.

World axes: right-handed, z up. Camera axes: x right, y down, z forward. Picture: origin at the top
left, x right, y down, pixels. All lengths in mm. `Camera` is one camera; `Cameras` is as many as
there are poses, one for each, for training on views that no rig has. Lens distortion is in
`lenses`. Taught in 03_cameras_and_depth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.cameras.human36m import LENSES, PLACES
from posebook.cameras.lenses import check_convention, distort, undistort
from posebook.errors import InputError
from posebook.geometry import euler_to_matrix, look_at, quaternion_to_matrix
from posebook.shapes import Matrix3, Points2D, Points3D, Pose2D, Pose3D


@dataclass(frozen=True, eq=False)
class Camera:
    """One calibrated camera. Numbers are float64; every method works in its input's precision.

    focal_px     (2,) focal length along x and y, px       centre_px (2,) principal point, px
    size_px      (width, height) of the picture; None where it is not known
    radial       (3,) k1, k2, k3, unitless                 tangential (2,) p1, p2, unitless
    distortion   'opencv', 'human36m' or 'videopose3d': how the lens terms are meant, see `lenses`
    rotation     (3, 3) world to camera: x_camera = rotation (x_world - position)
    position_mm  (3,) where the camera is in the world
    ray_limit    |x/z| and |y/z| are clamped to this before projection; None: they are not.
                 VideoPose3D clamps at 1 (45 degrees off the axis)
    """

    focal_px: Float[Tensor, "2"]
    centre_px: Float[Tensor, "2"]
    size_px: tuple[int, int] | None = None
    radial: Float[Tensor, "3"] = field(default_factory=lambda: torch.zeros(3))
    tangential: Float[Tensor, "2"] = field(default_factory=lambda: torch.zeros(2))
    distortion: str = "opencv"
    rotation: Matrix3 = field(default_factory=lambda: torch.eye(3))
    position_mm: Float[Tensor, "3"] = field(default_factory=lambda: torch.zeros(3))
    name: str = ""
    ray_limit: float | int | None = None

    def __post_init__(self):
        check_convention(self.distortion)
        for key in _SHAPES:
            object.__setattr__(self, key, _numbers(key, getattr(self, key)))
        if self.size_px is not None and not 0 < min(self.size_px) <= max(self.size_px) <= 100_000:
            raise InputError(f"camera size_px: expected two positive numbers, found {self.size_px}")
        if (self.focal_px <= 0).any():
            raise InputError(f"camera focal_px: expected > 0, found {self.focal_px.tolist()}")

    @property
    def has_distortion(self) -> bool:
        return bool(self.radial.any() or self.tangential.any())

    @property
    def matrix(self) -> Matrix3:
        """The intrinsic matrix K (3, 3), px; it knows nothing of the lens."""
        (fx, fy), (cx, cy) = self.focal_px.tolist(), self.centre_px.tolist()
        return torch.tensor([[fx, 0, cx], [0, fy, cy], [0, 0, 1]], dtype=torch.float64)

    def project(self, pose_mm: Points3D) -> Points2D:
        """Picture coordinates (..., 2), px, of points (..., 3) in camera axes, mm.

        The formula is applied as it stands: a point behind the camera (z < 0) lands mirrored, and
        one at z = 0 is not finite. Who draws or trains on the result asks for z > 0 first.
        """
        rays = pose_mm[..., :2] / pose_mm[..., 2:]
        if self.ray_limit is not None:
            rays = rays.clamp(-self.ray_limit, self.ray_limit)
        if self.has_distortion:
            rays = distort(rays, self.radial.to(rays), self.tangential.to(rays), self.distortion)
        return rays * self.focal_px.to(rays) + self.centre_px.to(rays)

    def rays(self, px: Points2D) -> Points2D:
        """The directions (x/z, y/z) that picture points (..., 2) come from, lens undone.

        NaN where no direction leads to that place in the picture, and where `px` is NaN.
        """
        seen = (px - self.centre_px.to(px)) / self.focal_px.to(px)
        if not self.has_distortion:
            return seen
        return undistort(seen, self.radial.to(px), self.tangential.to(px), self.distortion)

    def back_project(self, px: Points2D, depth_mm: Float[Tensor, "*points"]) -> Points3D:
        """Points (..., 3) in camera axes, mm, at depth z = `depth_mm` (...) behind pixels (..., 2).

        NaN where the lens sends no ray to the pixel.
        """
        rays = torch.cat([self.rays(px), torch.ones_like(px[..., :1])], -1)
        return rays * depth_mm.unsqueeze(-1)

    def to_camera(self, world_mm: Points3D) -> Points3D:
        """Camera axes of points (..., 3) in the world, mm."""
        return (world_mm - self.position_mm.to(world_mm)) @ self.rotation.to(world_mm).T

    def to_world(self, camera_mm: Points3D) -> Points3D:
        """World axes of points (..., 3) in camera axes, mm."""
        return camera_mm @ self.rotation.to(camera_mm) + self.position_mm.to(camera_mm)

    @classmethod
    def guess(cls, size_px: tuple[int, int], name: str = "guessed") -> "Camera":
        """A plain pinhole camera for a picture of which nothing but the size is known.

        It assumes a focal length of 1.2 times the longer side (45 degrees across it), as COLMAP
        does where a file names none, and the principal point in the middle. Too long a focal
        length makes people too far away and too flat; the shape of the pose suffers little.
        """
        focal = torch.full((2,), 1.2 * max(size_px), dtype=torch.float64)
        return cls(focal, torch.tensor(size_px) / 2, size_px, name=name)

    def to_dict(self) -> dict:
        """Plain numbers, lists and strings, for JSON; `from_dict` makes the same camera of them."""
        values = {key: getattr(self, key) for key in self.__dataclass_fields__}
        values |= {key: values[key].tolist() for key in _SHAPES}
        return values | {"size_px": None if self.size_px is None else list(self.size_px)}

    @classmethod
    def from_dict(cls, values: dict) -> "Camera":
        """A camera of what `to_dict` gives; only focal_px and centre_px are needed."""
        known, needed = cls.__dataclass_fields__.keys(), {"focal_px", "centre_px"}
        if not needed <= values.keys() <= known:
            raise InputError(f"camera: found {', '.join(values)}; expected {', '.join(known)}")
        values = values | {key: _numbers(key, values[key]) for key in _SHAPES if key in values}
        if values.get("size_px") is not None:
            values["size_px"] = tuple(_numbers("size_px", values["size_px"], (2,)).int().tolist())
        _numbers("ray_limit", [values.get("ray_limit") or 0.0], (1,))
        return cls(**values)


_SHAPES = dict(
    focal_px=(2,), centre_px=(2,), radial=(3,), tangential=(2,), rotation=(3, 3), position_mm=(3,)
)


def _numbers(key: str, values: object, shape: tuple[int, ...] = ()) -> Tensor:
    """A field of a camera as float64; an InputError says what it should have been."""
    shape = shape or _SHAPES[key]
    try:
        numbers = torch.as_tensor(values, dtype=torch.float64)
    except (TypeError, ValueError, RuntimeError, OverflowError):
        numbers = torch.tensor(torch.nan)
    if numbers.shape != shape or not torch.isfinite(numbers).all():
        found = values.tolist() if isinstance(values, Tensor) else values
        raise InputError(f"camera {key}: expected {shape} finite numbers, found {found}")
    return numbers


def human36m_rig(subject: str = "S1", distortion: str = "human36m") -> tuple[Camera, ...]:
    """Human3.6M's four cameras as they stood for a subject: S1, S5 to S9 or S11."""
    if subject not in PLACES:
        raise InputError(f"no cameras for subject '{subject}'; there are {', '.join(PLACES)}")
    cameras = []
    for (name, size, *numbers), place in zip(LENSES, PLACES[subject], strict=True):
        focal, centre, radial, tangential, place = (
            torch.tensor(each, dtype=torch.float64) for each in (*numbers, place)
        )
        rotation = quaternion_to_matrix(place[:4]).T
        placed = dict(rotation=rotation, position_mm=place[4:], name=name)
        cameras.append(Camera(focal, centre, size, radial, tangential, distortion, **placed))
    return tuple(cameras)


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


Real = float | int  # the run-time checks of the tests take an int for no float
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


def normalise_screen(px: Points2D, width: Real, height: Real) -> Points2D:
    """Pixels to [-1, 1] across the width, with the picture's middle at 0 and its aspect kept.

    Both axes are divided by the width. Source: Pavllo et al. 2019, arXiv:1811.11742.
    """
    return 2 / width * px - torch.tensor([1.0, height / width], dtype=torch.float64).to(px)


def denormalise_screen(screen: Points2D, width: Real, height: Real) -> Points2D:
    """The inverse of `normalise_screen`: back to pixels."""
    middle = torch.tensor([1.0, height / width], dtype=torch.float64).to(screen)
    return (screen + middle) * (width / 2)
