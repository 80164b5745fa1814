"""Checks of chapter 11's exercises."""

from collections.abc import Callable

import torch
from torch import Tensor

from posebook import figures, metrics
from posebook.course.checking import NotAttempted, Wrong
from posebook.methods.label_generator.right_view import HUMAN36M, relative_disparity, stereo_pair
from posebook.methods.label_generator.search import Depths, least_squares_depth, search_rays

MOST_PX, LEAST_MM = 0.5, 20.0


def exercise_1(from_picture: set[str] | None, from_coarse: set[str] | None) -> None:
    """Which coordinates the search replaces."""
    if from_picture is None and from_coarse is None:
        raise NotAttempted
    answers = [set(from_picture or ()), set(from_coarse or ())]
    if answers == [{"x", "y"}, {"z"}]:
        return
    if answers[0] | answers[1] != {"x", "y", "z"} or answers[0] & answers[1]:
        raise Wrong("Each of x, y and z belongs into one of the two sets.")
    for coordinate in sorted(answers[0] - {"x", "y"}):
        raise Wrong(
            f"A ray such as (x/z, y/z) = (0.1, 0.2) runs through points of every "
            f"{coordinate}. How could the picture tell {coordinate}?"
        )
    kept = sorted(answers[1] - {"z"})[0]
    raise Wrong(
        f"After the search the label is seen exactly at the key points. With the coarse {kept} it "
        "would not be."
    )


def exercise_2(depth_of: Callable[..., Tensor]) -> None:
    """A joint's distance from its disparity."""
    draw = torch.Generator().manual_seed(0)
    z = 4000 + 600 * (torch.rand(1, 17, generator=draw, dtype=torch.float64) - 0.5)
    z[:, 0] = 4000
    pose = torch.stack([300 * (z / 4000 - 1), 200 * (z / 4000), z], -1)
    disparity_px = relative_disparity(*stereo_pair(pose, HUMAN36M, 650.0))
    focal_px = HUMAN36M.focal_px[0].item()
    answer = depth_of(disparity_px, 4000.0, focal_px, 650.0)
    if torch.isnan(answer).all():
        raise NotAttempted
    if answer.shape != disparity_px.shape:
        raise Wrong(f"17 disparities come out as {tuple(answer.shape)}.")
    off_mm = (answer.double() - z).abs().nan_to_num(torch.inf)
    if (off_mm > 0.5).any():
        worst = int(off_mm.argmax())
        raise Wrong(
            f"A hip stands at 4000 mm, the focal length is {focal_px:.0f} px, the base line 650 "
            f"mm. A joint with the disparity {disparity_px[0, worst]:+.2f} px is "
            f"{z[0, worst]:.0f} mm away; yours says {answer[0, worst]:.0f} mm."
        )


def exercise_3(closed_form: Callable[[Tensor, Tensor], Tensor]) -> None:
    """The distance that minimises the sum of squared lengths."""
    draw = torch.Generator().manual_seed(0)
    pose = 300 * torch.randn(3, 17, 3, generator=draw, dtype=torch.float64)
    pose = pose - pose[:, :1]
    there = pose + torch.tensor([[[300.0, -200.0, z]] for z in (3000.0, 4000.0, 6000.0)])
    rays = there[..., :2] / there[..., 2:]
    answer = torch.as_tensor(closed_form(pose, rays)).double()
    if torch.isnan(answer).all():
        raise NotAttempted
    if answer.shape != (3,):
        raise Wrong(f"Three people come out as {tuple(answer.shape)}; expected (3,).")
    truth = torch.tensor([3000.0, 4000.0, 6000.0], dtype=torch.float64)
    if not torch.allclose(answer, truth, atol=1.0):
        far = int((answer - truth).abs().argmax())
        raise Wrong(
            f"A perfect pose is seen from {truth[far]:.0f} mm. There every length is 0, so that is "
            f"the best distance; yours is {answer[far]:.0f} mm."
        )
    coarse = pose + 40 * torch.randn(3, 17, 3, generator=draw, dtype=torch.float64)
    coarse = coarse - coarse[:, :1]
    expected = least_squares_depth(coarse, rays)
    answer = torch.as_tensor(closed_form(coarse, rays)).double()
    if not torch.allclose(answer, expected, atol=1.0):
        far = int((answer - expected).abs().argmax())
        raise Wrong(
            "It is right for perfect poses. For a coarse one it says "
            f"{answer[far]:.0f} mm, but the sum of squares is smaller at {expected[far]:.0f} mm."
        )


def exercise_4(spoiled_rays: Tensor, perfect_rays: Tensor, perfect_mm: Tensor) -> None:
    """Key points that spoil a perfect coarse pose."""
    if torch.equal(spoiled_rays, perfect_rays):
        raise NotAttempted
    if spoiled_rays.shape != perfect_rays.shape or not torch.isfinite(spoiled_rays).all():
        raise Wrong(f"spoiled_rays must be finite, of shape {tuple(perfect_rays.shape)}.")
    moved_px = HUMAN36M.focal_px * (spoiled_rays - perfect_rays).double()
    mean_px = moved_px.norm(dim=-1).mean().item()
    if mean_px > MOST_PX + 1e-3:
        raise Wrong(f"The key points move by {mean_px:.2f} px on average; {MOST_PX} are allowed.")
    found = search_rays(perfect_mm.double(), spoiled_rays.double(), Depths(1000, 20_000))
    if found.no_solution.any():
        raise Wrong("The search finds no solution, so there is no label to be wrong.")
    truth_mm = perfect_mm.double()
    off_mm = metrics.mpjpe(found.pose_mm.double(), truth_mm).item()
    if off_mm < LEAST_MM:
        picture = figures.overlay(found.pose_mm[0], truth_mm[0], title="Your label, and the truth")
        raise Wrong(f"The label is only {off_mm:.1f} mm off.", picture)
