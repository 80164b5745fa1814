"""People as a detector and a camera give them to a lifter, frame by frame: new ones each time."""

from dataclasses import dataclass

import torch
from torch import Tensor

from posebook.cameras import Cameras, bounding_ball, random_cameras
from posebook.cameras.turned import PersonView, network_input, turn_towards
from posebook.datasets.layouts import landmarks
from posebook.datasets.people.synthetic import sample_poses
from posebook.lifting.house_clip import FEWEST_JOINTS
from posebook.skeletons import HOUSE, Conversion, Skeleton, conversion, skeleton

#: Share of the training views that come as each joint set.
LAYOUTS = {
    "human36m_17": 0.6, "coco_17": 0.12, "body_25": 0.08, "openpose_coco_18": 0.04,
    "mpii_16": 0.08, "lsp_14": 0.05, "mpi_inf_3dhp_17": 0.03,
}  # fmt: skip
#: Share of the training views, and options of `random_cameras`: a room with cameras on its walls;
#: any camera; cameras held by people in odd places.
CAMERAS = (
    (0.45, dict(field_of_view_deg=(40, 55), elevation_deg=(0, 22), roll_deg=3, fill=(0.25, 0.9))),
    (0.40, dict()),
    (0.15, dict(elevation_deg=(-30, 80), roll_deg=20, fill=(0.3, 1.2), nearest_mm=1500)),
)
CHUNK = 20_000
#: A joint less deep than the first is not seen; a person with a joint less deep than the second is
#: not asked about.
NEAREST_POINT_MM, NEAREST_PERSON_MM = 100, 300


@dataclass(frozen=True)
class Quality:
    """How good the keypoints are: shares of the views.

    known    intrinsics are known                 noisy    jitter, outliers, left/right swaps
    missing  single joints are lost               cut_off  an edge of the picture cuts the person
    """

    known: float = 0.6
    noisy: float = 0.35
    missing: float = 0.2
    cut_off: float = 0.1


PERFECT = Quality(known=1, noisy=0, missing=0, cut_off=0)


class Draw:
    """Random numbers, (count, *shape), on the generator's device."""

    def __init__(self, count: int, generator: torch.Generator):
        self.count = count
        self.like = dict(generator=generator, device=generator.device)

    def even(self, *shape: int) -> Tensor:
        return torch.rand(self.count, *shape, **self.like)

    def normal(self, *shape: int) -> Tensor:
        return torch.randn(self.count, *shape, **self.like)


def draw_views(
    count: int, generator: torch.Generator, quality: Quality, layouts: dict[str, float]
) -> dict[str, Tensor]:
    """People as the network sees them, and what it should say.

    inputs (count, 18, 3) as `cameras.turned.network_input`; units (count, 17, 3) and unit_mm
    (count,) as `PersonView.pose_to_units`. `count` is met but for a few poses too near to a camera.
    """
    parts = []
    for layout, part in layouts.items():
        for share, options in CAMERAS:
            wanted = round(count * part * share)
            for start in range(0, wanted, CHUNK):
                size = min(CHUNK, wanted - start)
                parts.append(_draw_chunk(size, generator, quality, layout, options))
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _draw_chunk(
    count: int, generator: torch.Generator, quality: Quality, layout: str, options: dict
) -> dict[str, Tensor]:
    draw = Draw(count, generator)
    world_mm = sample_poses(count, generator)
    centre_mm, radius_mm = bounding_ball(world_mm)
    target_mm = centre_mm + 150 * draw.normal(3)
    cameras = random_cameras(count, generator, target_mm=target_mm, radius_mm=radius_mm, **options)
    pose_mm = cameras.to_camera(world_mm)
    known = draw.even() < quality.known
    marked = landmarks(pose_mm, skeleton(layout))
    rays = assumed_rays(marked, cameras, known, draw)
    seen = (marked[..., 2] > NEAREST_POINT_MM) & _what_is_missing(rays, quality, draw)
    rays = rays + _mistakes(rays, skeleton(layout), quality, draw)
    change = conversion(skeleton(layout))
    rays, confidence = change(rays, seen.to(rays))
    seen = confidence > 0
    view = turn_towards(rays.nan_to_num(), seen)
    true_rays, _ = change(rays_of(marked))
    units, unit_mm, usable = what_is_asked(view, true_rays, seen, known, pose_mm)
    inputs = network_input(view, seen, invented(change, rays.device), known)
    return dict(inputs=inputs[usable], units=units[usable], unit_mm=unit_mm[usable])


def rays_of(pose_mm: Tensor) -> Tensor:
    """Rays (..., joints, 2) to joints in camera axes; joints behind the camera get one, too."""
    return pose_mm[..., :2] / pose_mm[..., 2:].clamp_min(NEAREST_POINT_MM)


def invented(change: Conversion, device: torch.device) -> Tensor:
    """Which of the house joints (17,) a conversion makes up from others."""
    return torch.tensor([joint in change.invented for joint in HOUSE.joints], device=device)


def what_is_asked(
    view: PersonView, true_rays: Tensor, seen: Tensor, known: Tensor, pose_mm: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Units (n, 17, 3) and unit_mm (n,) of `PersonView.pose_to_units`; which are usable (n,).

    Where the intrinsics are guessed, the turn is off by what nobody can know: the answer asked for
    is the pose as a camera sees it that really is turned towards the person.
    """
    true_view = turn_towards(true_rays, seen)
    turned = PersonView(
        view.keypoints,
        torch.where(known[:, None, None], view.rotation, true_view.rotation),
        torch.where(known, view.spread, true_view.spread),
    )
    in_front = (pose_mm[..., 2] > NEAREST_PERSON_MM).all(-1)
    return *turned.pose_to_units(pose_mm), in_front & (seen.sum(-1) >= FEWEST_JOINTS)


def assumed_rays(pose_mm: Tensor, cameras: Cameras, known: Tensor, draw: Draw) -> Tensor:
    """The rays (n, joints, 2) that a lifter would assume, with its guess where it knows no better.

    The guess is `Camera.guess`, for a picture that may have been cropped before.
    """
    rays = rays_of(pose_mm)
    longer = cameras.size_px.amax(-1, keepdim=True)
    cropped = 0.1 * draw.normal(2)
    cropped *= draw.even(1) < 0.3
    scale = (cameras.focal_px / (1.2 * longer)).to(rays)
    guessed = rays * scale.unsqueeze(1) + cropped.unsqueeze(1)
    return torch.where(known[:, None, None], rays, guessed)


def _what_is_missing(rays: Tensor, quality: Quality, draw: Draw) -> Tensor:
    """Joints seen (n, joints): single ones lost, or all beyond an edge of the picture."""
    even, joints = draw.even, rays.shape[1]
    lost = (even(1) < quality.missing) & (even(joints) < 0.7 * even(1) ** 2)
    # The edge runs through the person, most often below the waist and never above the neck.
    along = torch.where(even(1) < 0.75, rays[..., 1], rays[..., 0] * (even(1) - 0.5).sign())
    low, high = along.amin(-1, keepdim=True), along.amax(-1, keepdim=True)
    beyond = (even(1) < quality.cut_off) & (along > low + (0.3 + 0.7 * even(1)) * (high - low))
    return ~lost & ~beyond


def _mistakes(rays: Tensor, layout: Skeleton, quality: Quality, draw: Draw) -> Tensor:
    """What a detector adds to the places (n, joints, 2): jitter, outliers, left/right swaps."""
    even, joints = draw.even, rays.shape[1]
    noisy = even(1) < quality.noisy
    spread = (rays - rays.mean(1, keepdim=True)).square().sum(-1).mean(1).sqrt()[:, None]
    size = spread * noisy * (0.005 + 0.07 * even(1) ** 2)
    size = size * torch.where(even(joints) < 0.02, 8.0, 1.0)
    jitter = size.unsqueeze(-1) * draw.normal(joints, 2)
    swapped = (noisy & (even(1) < 0.03)).unsqueeze(-1)
    swap = layout.swap_sides(rays) - rays
    part = legs_of(layout, rays.device)
    part = torch.where(even(1) < 0.5, part, ~part).unsqueeze(-1)
    return jitter + swap * (swapped & part)


def legs_of(layout: Skeleton, device: torch.device) -> Tensor:
    """Which joints (joints,) are those of the legs."""
    legs = [any(part in joint for part in ("hip", "knee", "foot")) for joint in layout.joints]
    return torch.tensor(legs, device=device)
