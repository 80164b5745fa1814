"""Checks of chapter 12's exercises."""

import math
from collections.abc import Callable
from typing import Any

import torch

from posebook import figures, metrics
from posebook.course.checking import NotAttempted, Wrong
from posebook.methods.adversarial_lifting import losses
from posebook.metrics import ambiguity
from posebook.skeletons import HOUSE


def exercise_1(new: Any, hip_distance: Any, mean_distance: Any) -> None:
    """How far new pictures have their hip from 0, and the other joints from the hip."""
    if hip_distance is None or mean_distance is None:
        raise NotAttempted
    hip = new[:, HOUSE.index("hip")]
    about = torch.linalg.vector_norm(new - hip.unsqueeze(1), dim=-1)
    wrong = []
    if abs(float(hip_distance) - hip.norm(dim=-1).mean().item()) > 1e-3:
        wrong.append(
            f"hip_distance is {float(hip_distance):.3f}: for each picture take the length of the "
            "hip's (x, y), then the mean of these lengths."
        )
    if abs(float(mean_distance) - about.sum(-1).mean().item() / 16) > 1e-3:
        wrong.append(
            f"mean_distance is {float(mean_distance):.3f}: from the hip of the same picture, over "
            "the 16 other joints?"
        )
    if wrong:
        raise Wrong(" ".join(wrong))


def exercise_2(lifter_needs: Any, critic_may: Any) -> None:
    """Of 32 poses: with how many right the lifter, and the critic, may step."""
    if lifter_needs is None or critic_may is None:
        raise NotAttempted
    steps = [losses.gate(right / 32, cap=0.9) for right in range(33)]
    least = [lifter for lifter, _ in steps].index(True)
    most = sum(critic for _, critic in steps) - 1
    wrong = []
    for found, right, who in ((lifter_needs, least, "lifter"), (critic_may, most, "critic")):
        if not 0 <= found <= 32 or found != int(found):
            wrong.append(f"{found} is not a number of poses out of 32.")
        elif found != right:
            may = steps[int(found)][who == "critic"]
            better = "fewer" if who == "lifter" else "more"
            why = f"and so it does with {better}" if may else "and so it has to wait"
            wrong.append(
                f"The {who} with {found} of 32: the critic is right in {found / 0.32:.1f} %, "
                f"the {who} {'may step' if may else 'may not step'}, {why}."
            )
    if wrong:
        raise Wrong(" ".join(wrong))


def exercise_3(truth_mm: Any, tossed: Any, with_reflections_mm: Any, without_mm: Any) -> None:
    """The truth, each pose mirrored in depth with probability 1/2, and its two scores."""
    if truth_mm is None or tossed is None:
        raise NotAttempted
    if tuple(tossed.shape) != tuple(truth_mm.shape):
        raise Wrong(f"The shape of tossed is {tuple(tossed.shape)}, not {tuple(truth_mm.shape)}.")
    tossed, truth_mm = tossed.double(), truth_mm.double()
    kept = (tossed - truth_mm).abs().amax((1, 2)) < 1e-3
    turned = (tossed - ambiguity.mirrored(truth_mm)).abs().amax((1, 2)) < 1e-3
    if not (kept | turned).all():
        frame = int((~(kept | turned)).nonzero()[0])
        both = torch.stack([truth_mm, ambiguity.mirrored(truth_mm)])[:, frame]
        off_mm = (tossed[frame] - both).norm(dim=-1).amax(-1).amin().item()
        raise Wrong(
            f"Pose {frame} is neither the truth nor its mirror image in depth: a joint is at least "
            f"{off_mm:.0f} mm off. Below, it lies over the truth. Is the coin tossed once for a "
            "whole pose?",
            figures.pose_3d(tossed[frame], truth_mm=truth_mm[frame], title=f"Pose {frame}"),
        )
    share = turned.double().mean().item()
    if not 0.4 < share < 0.6:
        raise Wrong(f"{100 * share:.0f} % of the poses are mirrored. Is it a fair coin?")
    if with_reflections_mm is None or without_mm is None:
        raise Wrong("tossed is as it should be. Now measure both scores.")
    scores = (with_reflections_mm, metrics.p_mpjpe_reflected), (without_mm, metrics.p_mpjpe)
    names = "with_reflections_mm", "without_mm"
    for name, (found, score) in zip(names, scores, strict=True):
        if abs(float(found) - score(tossed, truth_mm).mean().item()) > 0.5:
            raise Wrong(f"{name} is {float(found):.1f} mm, which is not the mean over `tossed`.")


def exercise_4(best_logit: Callable[[float, float], float]) -> None:
    """The logit with the least cross entropy where real and new poses have these densities."""
    if math.isnan(best_logit(3.0, 1.0)):
        raise NotAttempted
    for real, new in ((3.0, 1.0), (1.0, 1.0), (0.2, 0.7)):
        given, best = float(best_logit(real, new)), math.log(real / new)

        def costs(logit: float, real: float = real, new: float = new) -> float:
            return real * math.log1p(math.exp(-logit)) + new * math.log1p(math.exp(logit))

        if not abs(given - best) < 1e-3:
            raise Wrong(
                f"real = {real:g}, new = {new:g}: your logit of {given:.2f} costs "
                f"{costs(given):.3f}. That is not the least: the slope is not 0 there."
            )
