"""Cameras: from the world to the camera to the picture, and back as far as that goes.

World axes: right-handed, z up. Camera axes: x right, y down, z forward. Picture: origin at the top
left, x right, y down, pixels. All lengths in mm. Lens distortion is in `lenses`,
cameras for training on views that no rig has in `many`. Taught in 03_cameras_and_depth.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras.human36m import LENSES, PLACES
from posebook.cameras.lenses import check_convention, distort, undistort
from posebook.errors import InputError
from posebook.files import LINE, NUMBER, Kind, check, optional
from posebook.geometry import quaternion_to_matrix
from posebook.shapes import Matrix3, Points2D, Points3D


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
        least, most = FOCAL_PX
        if not ((self.focal_px >= least) & (self.focal_px <= most)).all():
            raise InputError(
                f"camera focal_px: expected {least:g} to {most:g} px, found "
                f"{self.focal_px.tolist()}"
            )
        for key, most in _LARGEST.items():
            if (getattr(self, key).abs() > most).any():
                raise InputError(
                    f"camera {key}: expected numbers up to {most:g}, found "
                    f"{getattr(self, key).tolist()}"
                )
        square = self.rotation @ self.rotation.T
        if (square - torch.eye(3, dtype=torch.float64)).abs().max() > _ASKEW:
            raise InputError(
                "camera rotation: expected three rows of length 1 at right angles, found "
                f"{self.rotation.tolist()}"
            )

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
    def from_dict(cls, values: Any) -> "Camera":
        """A camera of what `to_dict` gives; only focal_px and centre_px are needed."""
        known, needed = cls.__dataclass_fields__.keys(), ("focal_px", "centre_px")
        kinds = dict.fromkeys(known, _ARRAY) | {
            "name": LINE,
            "distortion": LINE,
            "ray_limit": optional(NUMBER),
            "size_px": optional(_ARRAY),
        }
        check(values, kinds, needed, "camera", ", ".join(known))
        values = values | {key: _numbers(key, values[key]) for key in _SHAPES if key in values}
        if values.get("size_px") is not None:
            width, height = _numbers("size_px", values["size_px"], (2,)).clamp(-1, 1e9).tolist()
            values["size_px"] = int(width), int(height)
        return cls(**values)


#: Focal lengths of pictures, px: of a thumbnail by a fisheye lens, and of a telescope.
FOCAL_PX = (1.0, 1e6)
#: Numbers further out are damage: no picture is so far off its centre, no camera so far away.
_LARGEST = {"centre_px": 1e6, "radial": 1e4, "tangential": 1e4, "position_mm": 1e9}
#: A rotation's rows may differ from length 1 and right angles by this: calibrations are rounded.
_ASKEW = 0.01
_ARRAY = Kind("a list of numbers", lambda value: isinstance(value, list | tuple | Tensor))
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
        raise InputError(f"camera {key}: expected {shape} finite numbers, found {found!s:.120}")
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


Real = float | int  # the run-time checks of the tests take an int for no float


def normalise_screen(px: Points2D, width: Real, height: Real) -> Points2D:
    """Pixels to [-1, 1] across the width, with the picture's middle at 0 and its aspect kept.

    Both axes are divided by the width. Source: Pavllo et al. 2019, arXiv:1811.11742.
    """
    return 2 / width * px - torch.tensor([1.0, height / width], dtype=torch.float64).to(px)


def denormalise_screen(screen: Points2D, width: Real, height: Real) -> Points2D:
    """The inverse of `normalise_screen`: back to pixels."""
    middle = torch.tensor([1.0, height / width], dtype=torch.float64).to(screen)
    return (screen + middle) * (width / 2)
