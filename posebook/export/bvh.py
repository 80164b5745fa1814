"""House poses as a BVH file that animation programs read.

The file: HIERARCHY, then MOTION; right-handed, Y up, centimetres; six channels on Hips, three on
every other joint, Zrotation Xrotation Yrotation, applied in that order; an End Site closes each
limb. How points become rotations: `rigid_body`.
Source of the format: Meredith & Maddock 2001, "Motion Capture File Formats Explained".
"""

from collections.abc import Iterator

import torch
from torch import Tensor

from posebook.export.rigid_body import JOINTS, Rig


def _zxy_degrees(turns: Tensor) -> Tensor:
    """(..., 3, 3) -> (..., 3): angles about z, x, y with R = Rz Rx Ry, in degrees.

    Along time (dim 0) each angle takes the turn nearest to the frame before, so that a program
    that draws between frames does not spin the joint.
    """
    sine = turns[..., 2, 1].clamp(-1, 1)
    about_x = torch.asin(sine)
    locked = sine.abs() > 1 - 1e-9  # z and y turn about the same axis: leave y alone
    about_z = torch.where(
        locked,
        torch.atan2(turns[..., 1, 0], turns[..., 0, 0]),
        torch.atan2(-turns[..., 0, 1], turns[..., 1, 1]),
    )
    about_y = torch.where(locked, 0.0, torch.atan2(-turns[..., 2, 0], turns[..., 2, 2]))
    angles = torch.rad2deg(torch.stack([about_z, about_x, about_y], -1))
    # (z, x, y) and (z + 180, 180 - x, y + 180) are one rotation. Which of the two a frame is nearer
    # to changes sides with the one that the frame before took, so changing sides adds up, modulo 2.
    other = torch.stack([angles[..., 0] + 180, 180 - angles[..., 1], angles[..., 2] + 180], -1)
    changes = _apart(angles[:-1], other[1:]) < _apart(angles[:-1], angles[1:])
    flipped = torch.cat([torch.zeros_like(angles[:1, ..., :1]), changes.cumsum(0) % 2]) == 1
    angles = torch.where(flipped, other, angles)
    turns = torch.round((angles[:-1] - angles[1:]) / 360).cumsum(0)
    return torch.cat([angles[:1], angles[1:] + 360 * turns])


def _apart(one: Tensor, other: Tensor) -> Tensor:
    """(..., 3) -> (..., 1), degrees: how far angles are apart in all, by the shorter way round."""
    step = other - one
    return (step - 360 * torch.round(step / 360)).abs().sum(-1, keepdim=True)


def bvh_text(body: Rig, frames_per_second: float) -> str:
    """The file: HIERARCHY, MOTION; six channels on Hips, three on every other joint."""
    return "".join(bvh_pieces(body, frames_per_second))


def bvh_pieces(body: Rig, frames_per_second: float) -> Iterator[str]:
    """The same piece by piece, so that a long clip does not fill the memory."""
    lines = ["HIERARCHY"]
    children: dict[str | None, list[int]] = {}
    for index, joint in enumerate(JOINTS):
        children.setdefault(joint.parent, []).append(index)

    def write(index: int, depth: int) -> None:
        joint, tab = JOINTS[index], "\t" * depth
        lines.append(f"{tab}{'JOINT' if joint.parent else 'ROOT'} {joint.name}")
        lines.append(f"{tab}{{")
        lines.append(
            f"{tab}\tOFFSET " + " ".join(f"{v:.6f}" for v in body.offsets_cm[index].tolist())
        )
        turn = "Zrotation Xrotation Yrotation"
        place = "" if joint.parent else "Xposition Yposition Zposition "
        lines.append(f"{tab}\tCHANNELS {3 if joint.parent else 6} {place}{turn}")
        for child in children.get(joint.name, []):
            write(child, depth + 1)
        if joint.name in body.ends_cm:
            end = " ".join(f"{v:.6f}" for v in body.ends_cm[joint.name].tolist())
            lines.extend([f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {end}", f"{tab}\t}}"])
        lines.append(f"{tab}}}")

    write(0, 0)
    angles = _zxy_degrees(body.turns).flatten(1)
    rows = torch.cat([body.root_cm, angles], 1)
    lines += ["MOTION", f"Frames: {len(rows)}", f"Frame Time: {1 / frames_per_second:.9f}"]
    yield "\n".join(lines) + "\n"
    form = " ".join(["%.6f"] * rows.shape[1]) + "\n"
    for row in rows.numpy():
        yield form % tuple(row.tolist())
