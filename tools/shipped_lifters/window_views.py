"""Windows of motion as a detector and a camera would give them to a lifter over time.

What `views.draw_views` does for single frames, for windows: the camera stays, the
joint set and what is known of the camera are one for a window, and mistakes last for a while, as
those of detectors do. Everything is drawn on the generator's device.
"""

import math
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from posebook.cameras import Cameras, bounding_ball, random_cameras
from posebook.cameras.turned import PersonView, blank_frames, network_input, turn_towards
from posebook.datasets.layouts import landmarks
from posebook.lifting.house_clip import FEWEST_JOINTS
from posebook.skeletons import HOUSE, Skeleton, conversion, skeleton
from shipped_lifters import views
from shipped_lifters.moving_people import Pool, draw_people, in_parts

WINDOW = 27
MIDDLE = WINDOW // 2


@dataclass(frozen=True)
class WindowQuality(views.Quality):
    """`Quality`, its shares those of windows, and what only time has.

    flicker  single joints are lost in single frames      nobody  nobody is seen for some frames
    ended    the clip begins or ends in the window, or both, and its first or last frame is repeated
    alone    the clip is one frame
    """

    noisy: float = 0.45
    flicker: float = 0.1
    nobody: float = 0.04
    ended: float = 0.24
    alone: float = 0.05


EXACT = WindowQuality(
    known=1, noisy=0, missing=0, cut_off=0, flicker=0, nobody=0, ended=0, alone=0
)  # fmt: skip


class Draw(views.Draw):
    """Random numbers for windows, and what lasts a while in them."""

    def spells(self, chance: Tensor | float, longest: int, columns: int = 1) -> Tensor:
        """(windows, WINDOW, columns), true in spells of 1 to `longest` frames, the longer rarer."""
        moment = torch.arange(WINDOW, device=self.like["device"])[:, None]
        start = (self.even(1, columns) * (WINDOW + longest)).floor() - longest
        end = start + 1 + (longest * self.even(1, columns).square()).floor()
        return (moment >= start) & (moment < end) & (self.even(1, columns) < chance)

    def drifting(self, joints: int) -> Tensor:
        """Noise (windows, WINDOW, joints, 2) of deviation 1 that changes slowly, or not at all."""
        order = torch.arange(8, device=self.like["device"])
        moment = torch.arange(WINDOW, device=self.like["device"]) + 0.5
        waves = torch.cos(math.pi / WINDOW * order[:, None] * moment)
        waves = waves * torch.where(order > 0, 2**0.5, 1.0)[:, None]
        size = torch.exp(-0.5 * (order / (0.3 + 6 * self.even(1))).square())
        size = size / torch.linalg.vector_norm(size, dim=-1, keepdim=True)
        drawn = self.normal(2 * joints, len(order)) * size.unsqueeze(1)
        return (drawn @ waves).unflatten(1, (joints, 2)).permute(0, 3, 1, 2)


def draw_windows(
    pool: Pool,
    count: int,
    generator: torch.Generator,
    quality: WindowQuality,
    layouts: dict[str, float],
) -> dict[str, Tensor]:
    """Windows as the network sees them, and what it should say about the frame in the middle.

    inputs   (count, WINDOW, 18, 3)  `network_input` of each frame, turned towards its person
    units    (count, 17, 3)          `PersonView.pose_to_units` of the middle frame's view
    unit_mm  (count,)                millimetres in a unit; 0 where there is nothing to be asked
    The windows come in random order, but for their joint set.
    """
    world_mm = draw_people(pool, count, WINDOW, generator)
    world_mm = world_mm[torch.randperm(count, **Draw(count, generator).like)]
    cameras = _cameras(world_mm[:, MIDDLE], generator)
    pose_mm = cameras.to_camera(world_mm.flatten(1, 2)).unflatten(1, (WINDOW, len(HOUSE)))
    start, parts = 0, []
    for name, size in zip(layouts, in_parts(count, [*layouts.values()]), strict=True):
        rows = slice(start, start + size)
        seen_by = _rows(cameras, rows)
        parts.append(_seen_as(skeleton(name), pose_mm[rows], seen_by, generator, quality))
        start += size
    return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def _rows(cameras: Cameras, rows: slice) -> Cameras:
    return Cameras(*(getattr(cameras, field.name)[rows] for field in fields(Cameras)))


def _cameras(middle_mm: Tensor, generator: torch.Generator) -> Cameras:
    """A camera for each person (n, 17, 3) as they are in the middle of their window."""
    count = len(middle_mm)
    draw = Draw(count, generator)
    centre_mm, radius_mm = bounding_ball(middle_mm)
    target_mm = centre_mm + 150 * draw.normal(3)
    start, parts = 0, []
    sizes = in_parts(count, [share for share, _ in views.CAMERAS])
    for size, (_, options) in zip(sizes, views.CAMERAS, strict=True):
        rows = slice(start, start + size)
        parts.append(
            random_cameras(
                size, generator, target_mm=target_mm[rows], radius_mm=radius_mm[rows], **options
            )
        )
        start += size
    return Cameras(
        *(torch.cat([getattr(part, field.name) for part in parts]) for field in fields(Cameras))
    )


def _seen_as(
    layout: Skeleton,
    pose_mm: Tensor,
    cameras: Cameras,
    generator: torch.Generator,
    quality: WindowQuality,
) -> dict[str, Tensor]:
    draw = Draw(len(pose_mm), generator)
    known = draw.even() < quality.known
    marked = landmarks(pose_mm, layout)
    rays = views.assumed_rays(marked.flatten(1, 2), cameras, known, draw)
    rays = rays.unflatten(1, (WINDOW, len(layout)))
    seen = (marked[..., 2] > views.NEAREST_POINT_MM) & _what_is_missing(rays, quality, draw)
    rays = rays + _mistakes(rays, layout, quality, draw)
    change = conversion(layout)
    rays, confidence = change(rays, seen.to(rays))
    seen = confidence > 0
    view = turn_towards(rays.nan_to_num(), seen)
    middle = PersonView(*(part[:, MIDDLE] for part in (view.keypoints, view.rotation, view.spread)))
    true_rays, _ = change(views.rays_of(marked[:, MIDDLE]))
    units, unit_mm, usable = views.what_is_asked(
        middle, true_rays, seen[:, MIDDLE], known, pose_mm[:, MIDDLE]
    )
    frames = PersonView(
        *(part.flatten(0, 1) for part in (view.keypoints, view.rotation, view.spread))
    )
    seen, known = seen.flatten(0, 1), known.repeat_interleave(WINDOW)
    inputs = network_input(frames, seen, views.invented(change, rays.device), known)
    inputs = blank_frames(inputs, seen, FEWEST_JOINTS)
    inputs = _ends_repeated(inputs.unflatten(0, (-1, WINDOW)), quality, draw)
    units = units.nan_to_num().clamp(-10, 10)  # further away is only what lies behind the camera
    return dict(inputs=inputs, units=units, unit_mm=torch.where(usable, unit_mm, 0.0))


def _what_is_missing(rays: Tensor, quality: WindowQuality, draw: Draw) -> Tensor:
    """Joints seen (windows, WINDOW, joints): lost for good, a while or a moment, or cut off."""
    joints = rays.shape[2]
    losing = draw.even(1, 1) < quality.missing
    lost = losing & (draw.even(1, joints) < 0.7 * draw.even(1, 1) ** 2)
    for_a_while = draw.even(1, 1) < quality.missing
    lost = lost | draw.spells(for_a_while * 0.6 * draw.even(1, 1), 20, joints)
    flickers = draw.even(1, 1) < quality.flicker
    lost = lost | (flickers & (draw.even(WINDOW, joints) < 0.5 * draw.even(1, 1)))
    lost = lost | draw.spells(quality.nobody, 10)
    # The edge runs through the person as they are in the middle of the window.
    sideways = (draw.even(1, 1) - 0.5).sign()
    along = torch.where(draw.even(1, 1) < 0.75, rays[..., 1], rays[..., 0] * sideways)
    low = along[:, MIDDLE].amin(-1)[:, None, None]
    high = along[:, MIDDLE].amax(-1)[:, None, None]
    edge = low + (0.3 + 0.7 * draw.even(1, 1)) * (high - low)
    beyond = (draw.even(1, 1) < quality.cut_off) & (along > edge)
    return ~lost & ~beyond


def _mistakes(rays: Tensor, layout: Skeleton, quality: WindowQuality, draw: Draw) -> Tensor:
    """What a detector adds to the places (windows, WINDOW, joints, 2).

    Jitter, partly slow and partly new in each frame, more where a joint is fast; jumps in single
    frames; joints that are far off all the time; left and right exchanged for a while.
    """
    joints = rays.shape[2]
    noisy = draw.even(1, 1) < quality.noisy
    middle = rays[:, MIDDLE]
    spread = (middle - middle.mean(1, keepdim=True)).square().sum(-1).mean(1).sqrt()
    spread = spread[:, None, None] * noisy
    size = spread * (0.005 + 0.07 * draw.even(1, 1) ** 2)
    size = size * torch.where(draw.even(1, joints) < 0.01, 8.0, 1.0)
    step = torch.linalg.vector_norm(rays.diff(dim=1), dim=-1) / spread.clamp_min(1e-6)
    step = torch.cat([step[:, :1], step], 1).clamp_max(0.5)
    size = size * (1 + 6 * draw.even(1, 1) * step)
    size = torch.where(draw.even(WINDOW, joints) < 0.03 * draw.even(1, 1), spread, size)
    slow = draw.even(1, 1, 1)
    wobble = slow.sqrt() * draw.drifting(joints)
    wobble = wobble + (1 - slow).sqrt() * draw.normal(WINDOW, joints, 2)
    swap = layout.swap_sides(rays) - rays
    legs = views.legs_of(layout, rays.device)
    swapped = draw.spells(0.1 * noisy, 8) & torch.where(draw.even(1, 1) < 0.5, legs, ~legs)
    swapped = swapped | (draw.spells(0.02 * noisy, 4 * WINDOW) & legs)
    return size.unsqueeze(-1) * wobble + swap * swapped.unsqueeze(-1)


def _ends_repeated(inputs: Tensor, quality: WindowQuality, draw: Draw) -> Tensor:
    """Windows (windows, WINDOW, 18, 3) of which some reach beyond the ends of their clip."""
    before, after = ((MIDDLE + 1) * draw.even(1) for _ in range(2))
    before, after = before.long(), after.long()
    ended = draw.even(1)
    first = torch.where(ended < quality.ended * 2 / 3, MIDDLE - before, 0)
    begun = (ended > quality.ended / 3) & (ended < quality.ended)
    last = torch.where(begun, MIDDLE + after, WINDOW - 1)
    alone = draw.even(1) < quality.alone
    first, last = (torch.where(alone, MIDDLE, end) for end in (first, last))
    frame = torch.arange(WINDOW, device=inputs.device)
    frame = torch.minimum(torch.maximum(frame, first), last)
    return inputs.gather(1, frame[:, :, None, None].expand_as(inputs))
