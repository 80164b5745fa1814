"""A skeleton and a motion as CMU writes them, and where the joints then are, by other means."""

import bvh_writer
import numpy as np
from bvh_writer import BODY
from scipy.spatial.transform import Rotation

# bone: (from joint, to joint); a bone turns with the joint it begins at.
BONES = {
    "lowerback": ("hips", "spine"), "upperback": ("spine", "chest"), "thorax": ("chest", "neck"),
    "lowerneck": ("neck", "head"), "head": ("head", "head_top"),
    **{
        side[0] + bone: (start.replace("*", side), f"{side}_{end}")
        for side in ("left", "right")
        for bone, start, end in (
            ("hipjoint", "hips", "hip"), ("femur", "*_hip", "knee"), ("tibia", "*_knee", "foot"),
            ("foot", "*_foot", "toe"), ("strap", "chest", "collar"),
            ("clavicle", "*_collar", "shoulder"), ("humerus", "*_shoulder", "elbow"),
            ("radius", "*_elbow", "wrist"), ("wrist", "*_wrist", "fingers"),
        )
    },
}  # fmt: skip
INCHES = 0.45  # the file's unit is 1/0.45 inch


def write(frames: int = 5, seed: int = 0, degrees: bool = True):
    """(text of the .asf, text of the .amc, {joint: (frames, 3) world mm, z up})."""
    rng = np.random.default_rng(seed)
    turns = {
        key: Rotation.from_euler("ZYX", rng.uniform(-25, 25, (frames, 3)), degrees=True)
        for key in BODY
    }
    root = np.array([0.0, 95.0, 0.0]) + np.cumsum(rng.normal(0, 2, (frames, 3)), 0)
    axes = {bone: Rotation.from_euler("XYZ", rng.uniform(-40, 40, 3), degrees=True).inv()
            for bone in BONES}  # fmt: skip
    unit = 1.0 if degrees else np.pi / 180
    to_unit = 10 / 25.4 * INCHES

    def numbers(values) -> str:
        return " ".join(f"{value:.7g}" for value in np.atleast_1d(values))

    asf = [":version 1.10", ":name TEST", ":units", "  mass 1.0", f"  length {INCHES}",
           f"  angle {'deg' if degrees else 'rad'}", ":documentation", "   a test", ":root",
           "   order TX TY TZ RX RY RZ", "   axis XYZ", "   position 0 0 0",
           "   orientation 0 0 0", ":bonedata"]  # fmt: skip
    for number, (bone, (start, end)) in enumerate(BONES.items(), 1):
        offset = np.array(BODY[end][1]) * to_unit
        length = np.linalg.norm(offset)
        axis = axes[bone].as_euler("xyz", degrees=True) * unit  # extrinsic: Rz Ry Rx
        asf += ["  begin", f"     id {number}", f"     name {bone}",
                f"     direction {numbers(offset / length)}", f"     length {length:.7g}",
                f"     axis {numbers(axis)}  XYZ"]  # fmt: skip
        if start != "hips":
            asf += ["    dof rx ry rz", "    limits (-180 180)", "           (-180 180)",
                    "           (-180 180)"]  # fmt: skip
        asf.append("  end")
    asf += [":hierarchy", "  begin"]
    by_start: dict[str, list[str]] = {}
    for bone, (start, _) in BONES.items():
        by_start.setdefault(start, []).append(bone)
    asf.append(f"    root {' '.join(by_start['hips'])}")
    asf += [
        f"    {b} {' '.join(by_start[end])}" for b, (_, end) in BONES.items() if end in by_start
    ]
    asf.append("  end")

    amc = ["#!OML:ASF made for a test", ":FULLY-SPECIFIED", ":DEGREES"]
    for frame in range(frames):
        amc.append(str(frame + 1))
        angles = turns["hips"][frame].as_euler("xyz", degrees=True) * unit
        amc.append(f"root {numbers(root[frame] * to_unit)} {numbers(angles)}")
        for bone, (start, _) in BONES.items():
            if start != "hips":
                turn = axes[bone].inv() * turns[start][frame] * axes[bone]
                amc.append(f"{bone} {numbers(turn.as_euler('xyz', degrees=True) * unit)}")
    matrices = {key: turn.as_matrix() for key, turn in turns.items()}
    stretch = {key: np.ones(frames) for key in BODY}
    truth = bvh_writer.truth_of(matrices, root, stretch, frames)
    return "\n".join(asf) + "\n", "\n".join(amc) + "\n", truth
