"""Checks of chapter 3's exercises."""

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from posebook import cameras, figures, geometry
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


def exercise_3(leg_poses: Any) -> None:
    """How many ways there are for three bones from the hip down, each of known length."""
    if leg_poses is None:
        raise NotAttempted
    given = float(leg_poses)
    if given == 6:
        raise Wrong(
            "6 = 3 x 2. But there are two places for the foot after each place of the knee."
        )
    if given == 4:
        raise Wrong(
            "The first of the three bones leads from the hip to the left hip: it is one more."
        )
    if given in (2**16, 2**17):
        raise Wrong(f"{given:,.0f} is for the whole body; this is one leg.")
    if given != 2**3:
        raise Wrong(
            f"{given:g} is not the number. How many ways are there for one bone? For a second one "
            "that hangs on it, after each of these?"
        )


def exercise_4(mirror_moves_px: Callable[[float, float, float, float], float]) -> None:
    """How far a joint moves in the picture when the person is mirrored in depth."""
    if mirror_moves_px(1000.0, 300.0, 200.0, 4000.0) != mirror_moves_px(
        1000.0, 300.0, 200.0, 4000.0
    ):
        raise NotAttempted  # NaN
    for focal, beside, nearer, distance in (
        (1000.0, 300.0, 200.0, 4000.0),
        (800.0, 500.0, 600.0, 1500.0),
        (2000.0, 100.0, 50.0, 8000.0),
    ):
        given = abs(float(mirror_moves_px(focal, beside, nearer, distance)))
        seen = [focal * beside / (distance - sign * nearer) for sign in (1, -1)]
        if not abs(given - (seen[0] - seen[1])) <= 0.005 * (seen[0] - seen[1]):
            raise Wrong(
                f"f = {focal:g} px, {beside:g} mm to the right, {nearer:g} mm nearer than the hip, "
                f"which is {distance:g} mm away: the joint is seen at x = {seen[0]:.2f} px before "
                f"and {seen[1]:.2f} px after. Yours says that it moves by {given:.2f} px."
            )


def exercise_5(hiding: Any) -> None:
    """Tangential coefficients whose exchange nobody can see."""
    if hiding is None:
        raise NotAttempted
    given = torch.as_tensor(hiding, dtype=torch.float64)
    if given.shape != (2,):
        raise Wrong("`hiding` is a pair: (p1, p2).")
    if not given.abs().amax() >= 0.001:
        raise Wrong("One of the two must be 0.001 or more in size: else the lens has next to none.")
    steps = torch.linspace(-0.5, 0.5, 11, dtype=torch.float64)
    rays = torch.cartesian_prod(steps, steps)
    one, other = (
        cameras.lenses.distort(rays, torch.zeros(3, dtype=torch.float64), given, convention)
        for convention in ("human36m", "videopose3d")
    )
    apart_px = 1145 * (one - other).norm(dim=-1)
    if not apart_px.amax() < 1e-6:
        x, y = rays[int(apart_px.nan_to_num(torch.inf).argmax())].tolist()
        raise Wrong(
            f"The test would find the mistake: along the ray ({x:.1f}, {y:.1f}) the two pictures "
            f"are {apart_px.amax():.2f} px apart (at a focal length of 1145 px)."
        )
