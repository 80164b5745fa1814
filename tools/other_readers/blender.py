"""Blender reads poses.bvh and poses.glb: where its bones are, beside poses.npz.

    python blender.py FOLDER NAMES     in an environment with the package bpy

NAMES is a JSON file, {house joint: its bone}, where `HeadEnd` is the far end of Head. Prints a line
of JSON for each file: the most that a joint is off in any frame, mm. Of poses.glb also how far the
figure's surface stays from a joint: its corners meet there.
"""

import json
import sys
from pathlib import Path

import bpy
import numpy as np


def opened(rate: float) -> None:
    """An empty scene with a rate near the clip's: Blender has whole ones alone, and a factor that
    its reader of glTF passes over."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.scene.render.fps = max(1, round(rate))


def show(frame: float) -> None:
    """The scene at a time, in its frames; not all of the clip's lie on whole ones."""
    whole = int(frame)
    bpy.context.scene.frame_set(whole, subframe=min(frame - whole, 0.999999))


def armature():
    (found,) = [o for o in bpy.context.scene.objects if o.type == "ARMATURE"]
    return found


def bone_m(body, name: str) -> np.ndarray:
    """Where a bone begins, or where the one that `name` is the end of ends; m, z up."""
    bones = body.pose.bones
    place = bones[name].head if name in bones else bones[name.removesuffix("End")].tail
    return np.array(body.matrix_world @ place)


def off_mm(held, names: dict[str, str], first: int, step: float) -> float:
    """How far the bones are from `rigid_mm`, whose frames are at `first`, `first + step`, ..."""
    body, most = armature(), 0.0
    for frame, pose in enumerate(held["rigid_mm"]):
        show(first + step * frame)
        for joint, place in zip(held["joints"], pose, strict=True):
            apart = np.linalg.norm(1000 * bone_m(body, names[joint]) - place)
            most = max(most, float(apart))
    return most


def surface_off_mm(held, step: float) -> float:
    """How far any joint is from the nearest corner of the figure, in a frame in the middle."""
    frame = len(held["rigid_mm"]) // 2
    show(step * frame)
    figure = bpy.context.scene.objects["figure"]
    shaped = figure.evaluated_get(bpy.context.evaluated_depsgraph_get())
    corners = np.array([shaped.matrix_world @ v.co for v in shaped.to_mesh().vertices])
    apart = np.linalg.norm(1000 * corners[None] - held["rigid_mm"][frame][:, None], axis=-1)
    return float(apart.min(1).max())


def main() -> None:
    folder, names = Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text())
    held = np.load(folder / "poses.npz")
    rate, program = float(held["frames_per_second"]), f"Blender {bpy.app.version_string}"
    opened(rate)
    bpy.ops.import_anim.bvh(filepath=str(folder / "poses.bvh"), global_scale=0.01)
    line = dict(program=program, file="poses.bvh", off_mm=off_mm(held, names, 1, 1.0))
    print(json.dumps(line))
    opened(rate)
    bpy.ops.import_scene.gltf(filepath=str(folder / "poses.glb"))
    step = bpy.context.scene.render.fps / rate
    most = max(off_mm(held, names, 0, step), surface_off_mm(held, step))
    print(json.dumps(dict(program=program, file="poses.glb", off_mm=most)))


if __name__ == "__main__":
    main()
