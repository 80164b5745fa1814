"""Checks of chapter 14's exercises."""

from dataclasses import replace
from typing import Any

import torch

from posebook import figures, geometry, metrics
from posebook.course.checking import NotAttempted, Wrong
from posebook.methods.video_gan.losses import residual
from posebook.skeletons import HOUSE


def exercise_1(some: Any, exact: Any, CAMERA: Any, cheap: Any) -> None:
    """Poses that cost nothing in the picture, stand in front of the camera, and are wrong."""
    if cheap is None:
        raise NotAttempted
    if tuple(cheap.shape) != tuple(some.shape):
        raise Wrong(f"The shape of cheap is {tuple(cheap.shape)}, not {tuple(some.shape)}.")
    cheap, some = cheap.double(), some.double()
    costs = residual(cheap, exact.double(), CAMERA.double().expand(len(some), 4)).square()
    pose_mm, true_mm = (1000 * geometry.root_relative(pose, HOUSE) for pose in (cheap, some))
    error_mm = metrics.mpjpe(pose_mm, true_mm).mean().item()
    worst = int(costs.mean((1, 2)).argmax())
    wrong, nearest_m = "", cheap[..., 2].min().item()
    if not torch.isfinite(cheap).all():
        raise Wrong("Some coordinates are not numbers.")
    if costs.mean() >= 1e-6:
        wrong = (
            f"They cost {costs.mean().item():.2g}: the joints left the rays of their key points."
        )
    elif nearest_m <= 0:
        wrong = f"They cost nothing, but the nearest joint has a depth of {nearest_m:.2f} m."
    elif error_mm <= 100:
        wrong = f"They cost nothing, but the MPJPE is only {error_mm:.0f} mm."
    if wrong:
        figure = figures.pose_3d(
            pose_mm[worst], truth_mm=true_mm[worst], title=f"Pose {worst} about the hip"
        )
        raise Wrong(f"{wrong} Below is a pose of yours over the truth, hips together.", figure)


def exercise_2(lifter: Any, clip: Any, farther: Any) -> None:
    """The hip's depth under a focal length that is 10 % too long, over what it was."""
    if farther is None:
        raise NotAttempted
    camera = replace(clip.camera, focal_px=1.1 * clip.camera.focal_px)
    right, other = (
        lifter.lift(seen).root_mm[:, 2].mean().item()
        for seen in (clip, replace(clip, camera=camera))
    )
    found = float(farther)
    if abs(found - other / right) <= 0.002:
        return
    if abs(1 / found - other / right) <= 0.002:
        raise Wrong("Which of the two depths is divided by which?")
    raise Wrong(
        f"With {found:.3f} the hip would be {found * right / 1000:.2f} m away on average, and with "
        "the longer focal length it is not. Is the clip's camera changed, in both axes, and is "
        "it the mean over clip 0?"
    )


def exercise_3(CAMERA: Any, sideways_mm: Any) -> None:
    """How far beside its place a hip is put whose key point is 0.01 off, at 5 m."""
    if sideways_mm is None:
        raise NotAttempted
    off = float(sideways_mm) / 5000 * CAMERA[0].item()  # on the screen
    if abs(off - 0.01) > 1e-4:
        raise Wrong(
            f"A camera sees a hip that is {float(sideways_mm):.1f} mm too far to the right, 5 m "
            f"away, {off:.4f} screen units too far to the right."
        )


_TEACHES = {
    "-D(X)": "pose",
    "w L_rep(r*, X)": "pose",
    "100 L_rep(r, [X])": "root",
    "10 L_behind(r, [X])": "root",
    "released: 100 L_rep(P)": "both",
}


def exercise_4(teaches: Any) -> None:
    """Which generator each term of the loss teaches."""
    if not any(teaches.values()):
        raise NotAttempted
    for term, right in _TEACHES.items():
        given = teaches.get(term)
        if given not in ("pose", "root", "both"):
            raise Wrong(f"{term}: {given!r} is none of pose, root, both.")
        for network in ("pose", "root"):
            if given in (network, "both") and right not in (network, "both"):
                raise Wrong(
                    f"{term}: change a weight of the {network} network a little, and follow what a "
                    "gradient sees. It sees no change at all: the slope is 0."
                )
        if given != right:
            raise Wrong(f"{term}: the {given} network is not the only one with a slope.")
