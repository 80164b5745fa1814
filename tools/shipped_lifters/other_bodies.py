"""Other bodies, and how far a pose is from those a prior has seen: what a fair test has to ask.

A set in which everybody has one body and four cameras says little about other people. Here its
motion is moved to other bodies under other cameras; and each test pose is compared with the poses
that a prior was fitted to, body and facing taken out.
"""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import bounding_ball, random_rig
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.errors import InputError
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE

HALF_HIPS_MM = (70.0, 160.0)
HALF_SHOULDERS_MM = (110.0, 210.0)
LIMBS = (0.85, 1.15)
EXACT = "donot_use_mm_for_euclid_dist"
_LIMB_JOINTS = ("knee", "foot", "elbow", "wrist")


def motions_of(dataset: PoseDataset) -> list[Motion]:
    """Each motion of a data set once, in the world, from the first camera that saw it."""
    found: dict[tuple[str, str], Motion] = {}
    for clip in dataset:
        if clip.pose_mm is None or clip.camera is None:
            raise InputError(f"{clip.name}: a motion needs 3D truth and a camera")
        motion = clip.name.removesuffix(f"/{clip.camera.name}")
        found.setdefault((clip.subject, motion), _in_world(clip, motion))
    return list(found.values())


def _in_world(clip: Clip, name: str) -> Motion:
    world_mm = clip.camera.to_world(clip.pose_mm)
    rate = clip.frames_per_second or 0.0
    return Motion(name, world_mm, rate, clip.skeleton, clip.subject, clip.action)


def resized(world_mm: Pose3D, factors: Float[Tensor, " bones"]) -> Pose3D:
    """The same motion on another body: every bone keeps its direction and changes its length.

    factors  one per bone, in the order of `HOUSE.bones`
    The lowest joint keeps its height and the hip its place over the floor.
    """
    joints = [world_mm[..., 0, :]]
    for factor, (parent, child) in zip(factors, HOUSE.bones, strict=True):
        bone = world_mm[..., child, :] - world_mm[..., parent, :]
        joints.append(joints[parent] + factor * bone)
    moved = torch.stack(joints, -2)
    rise = world_mm[..., 2].amin(-1) - moved[..., 2].amin(-1)
    moved[..., 2] += rise.unsqueeze(-1)
    return moved


def other_bodies(
    dataset: PoseDataset, seed: int = 0, *, bodies: int = 5, cameras: int = 4
) -> PoseDataset:
    """The motion of a data set on other bodies, seen by random cameras.

    bodies   half hip widths from 70 to 160 mm and half shoulder widths from 110 to 210 mm, evenly
             spread and paired at random; upper arms, forearms, thighs and shins each 85 to 115 %,
             left as right; the trunk stays
    cameras  random cameras for each motion on each body (`cameras.random_cameras`)
    """
    if dataset.skeleton != HOUSE:
        raise InputError(f"{dataset.name}: expected the house joints, got {dataset.skeleton.name}")
    generator = torch.Generator().manual_seed(seed)

    def shuffled(low: float, high: float) -> Tensor:
        return torch.linspace(low, high, bodies)[torch.randperm(bodies, generator=generator)]

    hips, shoulders = shuffled(*HALF_HIPS_MM), shuffled(*HALF_SHOULDERS_MM)
    low, high = LIMBS
    limbs = low + (high - low) * torch.rand(bodies, len(_LIMB_JOINTS), generator=generator)
    clips = []
    for motion in motions_of(dataset):
        for body in range(bodies):
            factors = torch.ones(len(HOUSE.bones))
            for bone, joint in enumerate(HOUSE.bone_names):
                part = joint.partition("_")[2]
                if part == "hip":
                    factors[bone] = hips[body] / half_width(motion.world_mm, "hip")
                elif part == "shoulder":
                    factors[bone] = shoulders[body] / half_width(motion.world_mm, "shoulder")
                elif part in _LIMB_JOINTS:
                    factors[bone] = limbs[body, _LIMB_JOINTS.index(part)]
            moved = replace(
                motion,
                name=f"{motion.name}/body {body + 1}",
                subject=f"{motion.subject}, body {body + 1}",
                world_mm=resized(motion.world_mm, factors.to(motion.world_mm)),
            )
            centre, radius = bounding_ball(moved.world_mm.flatten(0, 1).double())
            rig = random_rig(cameras, generator, target_mm=centre, radius_mm=float(radius))
            clips += [moved.seen_by(camera) for camera in rig]
    name = f"{dataset.name}, on {bodies} other bodies, random cameras (seed {seed})"
    return PoseDataset(name, dataset.split, tuple(clips), dataset.terms)


def half_width(world_mm: Tensor, part: str) -> Tensor:
    """Half the mean distance between the two hips or the two shoulders, mm."""
    left, right = HOUSE.indices(f"left_{part}", f"right_{part}")
    apart = torch.linalg.vector_norm(world_mm[:, left] - world_mm[:, right], dim=-1)
    return apart[torch.isfinite(apart)].mean() / 2


def same_body_and_facing(
    world_mm: Float[Tensor, "poses 17 3"], lengths_mm: Float[Tensor, " bones"]
) -> Float[Tensor, "poses 17 3"]:
    """Poses on one body, hip at 0, turned about the vertical until the hips lie along x."""
    joints = [torch.zeros_like(world_mm[:, 0])]
    for length, (parent, child) in zip(lengths_mm, HOUSE.bones, strict=True):
        bone = world_mm[:, child] - world_mm[:, parent]
        joints.append(joints[parent] + length * torch.nn.functional.normalize(bone, dim=-1))
    pose = torch.stack(joints, 1)
    across = pose[:, HOUSE.index("left_hip")] - pose[:, HOUSE.index("right_hip")]
    angle = torch.atan2(across[:, 1], across[:, 0])
    cos, sin = angle.cos().unsqueeze(-1), angle.sin().unsqueeze(-1)
    x, y, z = pose.unbind(-1)
    return torch.stack([cos * x + sin * y, cos * y - sin * x, z], -1)


def nearest_mm(
    poses: Float[Tensor, "poses 17 3"],
    reference: Float[Tensor, "references 17 3"],
    chunk: int = 512,
) -> Float[Tensor, " poses"]:
    """Mean joint distance from each pose to the reference pose nearest to it, mm.

    Both as `same_body_and_facing` makes them: what is left is the pose alone.
    """
    found = []
    by_joint = reference.float().transpose(0, 1).contiguous()  # (17, references, 3)
    for start in range(0, len(poses), chunk):
        part = poses[start : start + chunk].float().transpose(0, 1).contiguous()
        total = torch.zeros(part.shape[1], by_joint.shape[1])
        for joint in range(1, len(part)):  # the hip is at 0 in both
            # Without matrix products, whose rounding is a millimetre for poses this close.
            total += torch.cdist(part[joint], by_joint[joint], compute_mode=EXACT)
        found.append(total.amin(-1) / len(part))
    return torch.cat(found)
