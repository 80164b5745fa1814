"""Answers to chapter 4's exercises."""

import torch

from posebook import datasets, export, geometry, paths
from posebook.datasets.clips import PoseDataset
from posebook.datasets.people.body import forward_kinematics
from posebook.skeletons import HOUSE

MOTION = datasets.read_motion(paths.DATA / "samples" / "motion.bvh")[0]
EYE = export.upright.camera_around(MOTION)[0]
TEST = PoseDataset("sample", "test", (MOTION.seen_by(EYE).every(10),))
POSE_MM = TEST.clips[0].pose_mm
VECTORS_MM = geometry.bone_vectors(POSE_MM, HOUSE)
LENGTHS_MM = torch.linalg.vector_norm(VECTORS_MM, dim=-1)


def longer(*parts, by=1.15):
    factor = torch.tensor([by if any(p in n for p in parts) else 1.0 for n in HOUSE.bone_names])
    return forward_kinematics(VECTORS_MM / LENGTHS_MM.unsqueeze(-1), LENGTHS_MM * factor)


TALLER_MM = longer("knee", "foot")
FEET = HOUSE.indices("left_foot", "right_foot")
RAISED = (TALLER_MM - geometry.root_relative(POSE_MM, HOUSE))[:, FEET, 1].mean().item()
THEIRS = torch.tensor([[0.1, 1.7, 0.3]])


MISTAKES = (
    "metres taken for millimetres", "y up taken for z up",
    "two people of different size in one clip, in turn",
    "three frames of four dropped, the frame rate kept",
)  # fmt: skip
WHOLE_MM = MOTION.world_mm[::10]


def caught(*rows):
    return dict(caught_by=dict(zip(MISTAKES, rows, strict=True)))


GIVEN = dict(test=TEST, theirs=THEIRS, whole_mm=WHOLE_MM)
ROWS = [
    ("4.1", dict(taller_mm=None, raised_mm=None), "not attempted"),
    ("4.1", dict(taller_mm=TALLER_MM, raised_mm=RAISED), "right"),
    ("4.1", dict(taller_mm=TALLER_MM, raised_mm=None), "By how much do they raise"),
    ("4.1", dict(taller_mm=TALLER_MM, raised_mm=-RAISED), "says otherwise"),
    ("4.1", dict(taller_mm=longer("knee"), raised_mm=0), "1.00 times as long"),
    ("4.1", dict(taller_mm=1.15 * TALLER_MM, raised_mm=0), "times as long"),
    ("4.1", dict(taller_mm=TALLER_MM.flip(-1), raised_mm=0), "has turned by up to"),
    ("4.1", dict(taller_mm=torch.nan * TALLER_MM, raised_mm=RAISED), "nan times as long"),
    ("4.2", dict(ours_mm=None), "not attempted"),
    ("4.2", dict(ours_mm=torch.tensor([[100.0, -300.0, 1700.0]])), "right"),
    ("4.2", dict(ours_mm=torch.tensor([[100.0, 300.0, 1700.0]])), "mirror image"),
    ("4.2", dict(ours_mm=torch.tensor([[0.1, -0.3, 1.7]])), "1 m is not 1000"),
    ("4.2", dict(ours_mm=torch.tensor([[100.0, 1700.0, 300.0]])), "z up must say so"),
    ("4.3", dict(caught_by=dict.fromkeys(MISTAKES)), "not attempted"),
    ("4.3", caught("bones", "ankle", "wobble", "speed"), "right"),
    ("4.3", caught("ankle", "bones", "wobble", "speed"), "`ankle` then reads 0.1 mm"),
    ("4.3", caught("bones", "ankle", "bones", "speed"), "`bones` then reads 3,900 mm"),
    ("4.3", caught("bones", "ankle", None, "speed"), "None is none of"),
    ("4.4", dict(stored_std_px=None), "not attempted"),
    ("4.4", dict(stored_std_px=154.7), "right"),
    ("4.4", dict(stored_std_px=36), "no more than before"),
    ("4.4", dict(stored_std_px=150), "never moves"),
    ("4.4", dict(stored_std_px=155.2), "nine frames of ten"),
    ("4.4", dict(stored_std_px=86), "The mean of what is stored"),
    ("4.5", dict(passing_mm=None), "not attempted"),
    ("4.5", dict(passing_mm=WHOLE_MM * torch.tensor([-1.0, 1, 1])), "right"),
    ("4.5", dict(passing_mm=WHOLE_MM + torch.tensor([500.0, 0, 0])), "Nothing is wrong"),
    ("4.5", dict(passing_mm=WHOLE_MM * torch.tensor([1.0, 1, -1])), "lowest ankle"),
    ("4.5", dict(passing_mm=0.5 * WHOLE_MM), "of all bones"),
]
