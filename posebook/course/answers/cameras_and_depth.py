"""Checks of chapter 3's exercises."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from posebook import figures, geometry
from posebook.cameras import Camera
from posebook.course.checking import NotAttempted, Wrong
from posebook.skeletons import HOUSE


def exercise_1(
    triangulate: Callable[[list[Tensor], list[Camera]], Tensor],
    person_mm: Tensor,
    camera: Camera,
    second: Camera,
    pictures_px: Sequence[Tensor],
) -> None:
    """Joints in the world from two pictures."""
    found_mm = triangulate(list(pictures_px), [camera, second])
    if found_mm.shape != person_mm.shape:
        raise Wrong(f"The answer is {tuple(found_mm.shape)}, expected (17, 3).")
    if found_mm.isnan().all():
        raise NotAttempted
    off_mm = torch.linalg.vector_norm(found_mm - person_mm, dim=-1)
    if not off_mm.amax() < 1:
        joint = HOUSE.joints[int(off_mm.nan_to_num(torch.inf).argmax())]
        shown = [geometry.root_relative(pose, HOUSE) for pose in (found_mm, person_mm)]
        figure = (
            figures.overlay(*shown, title="Yours, and the truth")
            if off_mm.isfinite().all()
            else None
        )
        raise Wrong(f"From exact pictures, your {joint} is {off_mm.amax():.0f} mm off.", figure)
    third = Camera(
        camera.focal_px,
        camera.centre_px,
        rotation=geometry.look_at(camera.position_mm + 500.0, person_mm[0]),
        position_mm=camera.position_mm + 500.0,
    )
    views = [camera, second, third]
    seen_px = [view.project(view.to_camera(person_mm)) for view in views]
    seen_px[0] = seen_px[0] + 20.0  # one camera of three errs: the others must count, too
    off_mm = torch.linalg.vector_norm(triangulate(seen_px, views) - person_mm, dim=-1).mean()
    if not off_mm < 70:
        raise Wrong(f"With a third camera, one of three 20 px off, you are {off_mm:.0f} mm off.")


def exercise_2(
    depth_off_mm: Any,
    place: Callable[[Tensor, Tensor], Tensor],
    relative_mm: Tensor,
    true_rays: Tensor,
    hip_depth_mm: Tensor,
    camera: Camera,
    sigma_px: float,
) -> None:
    """How far off the hip's distance is when a detector errs."""
    if depth_off_mm is None:
        raise NotAttempted
    generator = torch.Generator().manual_seed(1)
    noise = torch.randn(true_rays.shape, generator=generator, dtype=true_rays.dtype)
    rays = true_rays + sigma_px / camera.focal_px.to(true_rays) * noise
    expected_mm = (place(relative_mm, rays)[:, 2] - hip_depth_mm).abs().mean().item()
    ratio = float(depth_off_mm) / expected_mm
    if not 0.8 < ratio < 1.25:
        raise Wrong(
            f"{float(depth_off_mm):.3g} mm is too {'large' if ratio > 1 else 'small'}. Is the "
            "noise in pixels before it becomes rays? Is it drawn anew for each joint? And is yours "
            "the mean of distances, not of signed errors?"
        )
