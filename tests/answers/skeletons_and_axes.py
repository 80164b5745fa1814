"""Answers to chapter 2's exercises."""

import torch
from exercise_stubs import stub

from posebook import chapters, datasets, geometry, paths
from posebook.datasets import layouts
from posebook.skeletons import COCO_17, HOUSE

# The chapter's own core makes the matrix.
CELLS = chapters.load(chapters.find("skeletons_and_axes").source).cells
CORE = dict(torch=torch, Tensor=torch.Tensor)
for cell in CELLS:
    if "core" in cell.metadata.get("tags", []):
        exec(cell.source, CORE)
MOTION = datasets.read_motion(paths.DATA / "samples" / "motion.bvh")[0]
TRUTH_MM = MOTION.world_mm[::10].double()
RULES = dict(
    hip=[dict(pelvis=1.0)],
    spine=[dict(pelvis=0.5, neck=0.5)],
    thorax=[dict(neck=1.0)],
    neck_nose=[dict(neck=0.5, head=0.5)],
)
HUMANEVA = [
    "pelvis", "neck", "left_shoulder", "left_elbow", "left_wrist", "right_shoulder", "right_elbow",
    "right_wrist", "left_hip", "left_knee", "left_foot", "right_hip", "right_knee", "right_foot",
    "head",
]  # fmt: skip


def middle(points):
    hip, left, right = (points[:, i] for i in HOUSE.indices("hip", "left_hip", "right_hip"))
    off = torch.linalg.vector_norm(hip - (left + right) / 2, dim=-1)
    apart = torch.linalg.vector_norm(points.amax(1) - points.amin(1), dim=-1)
    return (off < 0.01 * apart).float().mean().item()


def at_zero(points):
    return (points[:, 0].abs() < 1).all(-1).float().mean().item()


TO_THE_LEFT = torch.tensor([20.0, 0.0, 0.0])
TURN = geometry.axis_angle_to_matrix(torch.tensor([0.0, 0.002, 0.0]))
GIVEN = dict(
    humaneva=HUMANEVA, conversion_weights=CORE["conversion_weights"], truth_mm=TRUTH_MM,
    coco_mm=layouts.landmarks(TRUTH_MM, COCO_17),
)  # fmt: skip
ROWS = [
    ("2.1", dict(humaneva_rules={}), "not attempted"),
    ("2.1", dict(humaneva_rules=RULES), "right"),
    ("2.1", dict(humaneva_rules=RULES | dict(spine=[dict(neck=1.0)])), "your spine is at 500 mm"),
    ("2.1", dict(humaneva_rules=RULES | dict(hip=[dict(left_hip=1.0)])), "130 mm to the side"),
    ("2.1", dict(humaneva_rules=RULES | dict(spine=[dict(neck=0.5)])), "sum to 0.5"),
    ("2.1", dict(humaneva_rules=RULES | dict(thorax=[dict(thorax=1.0)])), "thorax has no rule"),
    ("2.2", dict(looks_like_ours=lambda points: float("nan")), "not attempted"),
    ("2.2", dict(looks_like_ours=middle), "right"),
    ("2.2", dict(looks_like_ours=lambda points: 1.0), "pass for ours"),
    ("2.2", dict(looks_like_ours=at_zero), "in our order are found"),
    ("2.3", dict(sideways_mm=None, upwards_mm=None), "not attempted"),
    ("2.3", dict(sideways_mm=(550, 0, 0), upwards_mm=(0, -550, 0)), "right"),
    ("2.3", dict(sideways_mm=torch.tensor([550, 0, 0]), upwards_mm=[0, -550.0, 0]), "right"),
    ("2.3", dict(sideways_mm=(-550, 0, 0), upwards_mm=(0, -550, 0)), "left-hand side"),
    ("2.3", dict(sideways_mm=(550, 0, 0), upwards_mm=(0, 550, 0)), "points to the floor"),
    ("2.3", dict(sideways_mm=(550, 0, 0), upwards_mm=(0, 0, 550)), "z is up in the world"),
    ("2.3", dict(sideways_mm=(550, 0, 0), upwards_mm=None), "`upwards_mm` is still empty"),
    ("2.3", dict(sideways_mm=(1, 0, 0), upwards_mm=(0, -1, 0)), "as long as that"),
    ("2.4", dict(head_std_mm=None), "not attempted"),
    ("2.4", dict(head_std_mm=8.944), "right"),
    ("2.4", dict(head_std_mm=8), "single 1"),
    ("2.4", dict(head_std_mm=16), "worst case"),
    ("2.4", dict(head_std_mm=10), "for variances"),
    ("2.4", dict(head_std_mm=4.0), "is not the standard deviation"),
    ("2.5", stub("02", "bad_flip"), "not attempted"),
    ("2.5", dict(bad_flip=lambda pose: pose), "hardly changes a pose"),
    ("2.5", dict(bad_flip=lambda pose: pose * torch.tensor([-1.0, 1, 1])), "right"),
    ("2.5", dict(bad_flip=lambda pose: pose[..., list(HOUSE.mirror), :]), "right"),
    ("2.5", dict(bad_flip=lambda pose: pose + 1e-3), "hardly changes a pose"),
    ("2.5", dict(bad_flip=HOUSE.flip), "the proper mirror image"),
    ("2.5", dict(bad_flip=lambda pose: HOUSE.flip(pose) + TO_THE_LEFT), "the proper mirror image"),
    ("2.5", dict(bad_flip=lambda pose: HOUSE.flip(pose) @ TURN), "the proper mirror image"),
    ("2.5", dict(bad_flip=lambda pose: pose.roll(1, -1)), "after two flips"),
    ("2.5", dict(bad_flip=lambda pose: pose.flip(-2)), "bones add up"),
    ("2.5", dict(bad_flip=lambda pose: pose[..., :2]), "The shape is"),
]
