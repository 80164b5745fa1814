"""Answers to chapter 1's exercises."""

from dataclasses import replace
from functools import cache

import torch

from posebook import datasets, lifting, paths
from posebook.cameras import Camera
from posebook.skeletons import COCO_17, HOUSE

PEOPLE = datasets.read_keypoints(paths.DATA / "samples" / "photographs_coco.json", person="all")
CLIP = next(person for person in PEOPLE if "camera" in person.name)
OTHER = next(person for person in PEOPLE if "camera" not in person.name)
LIFTER = lifting.load("simple_baseline")
LIFTED = LIFTER.lift(CLIP)


@cache
def unseen():
    return [j for j, s in zip(HOUSE.joints, LIFTER.lift(OTHER).seen[0], strict=True) if not s]


def count(shift):
    px = CLIP.keypoints_px.clone()
    px[0, COCO_17.index("left_wrist")] += torch.tensor(shift).to(px)
    after = LIFTER.lift(replace(CLIP, keypoints_px=px)).pose_mm
    far = torch.linalg.vector_norm(after - LIFTED.pose_mm, dim=-1)[0] > 2
    far[HOUSE.index("left_wrist")] = False
    return int(far.sum())


def hands(left_mm, right_mm, straight=False):
    """The lifted pose with its wrists deeper by so much, along their rays or straight ahead."""
    pose_mm = LIFTED.absolute_mm[0].clone()
    for hand, deeper_mm in (("left_wrist", left_mm), ("right_wrist", right_mm)):
        joint_mm = pose_mm[HOUSE.index(hand)]
        ray = torch.tensor([0.0, 0.0, 1.0]) if straight else joint_mm / joint_mm[2]
        pose_mm[HOUSE.index(hand)] = joint_mm + deeper_mm * ray
    return dict(opposite_mm=pose_mm)


FAR_MM = LIFTED.absolute_mm[0]
_WRISTS = HOUSE.indices("left_wrist", "right_wrist")
GAP_MM = (FAR_MM[_WRISTS[0], 2] - FAR_MM[_WRISTS[1], 2]).item()  # < 0: the left one is nearer


def opposite(by_mm):
    """How much deeper each wrist goes until the other hand is nearer by so much."""
    return (by_mm - GAP_MM, 0.0) if GAP_MM < 0 else (0.0, by_mm + GAP_MM)


GIVEN = dict(
    photograph="camera", lifter=LIFTER, clip=CLIP, lifted=LIFTED,
    camera=Camera.guess(CLIP.size_px), other=OTHER,
)  # fmt: skip
ROWS = [
    ("1.1", dict(other=None, filled_in=[]), "not attempted"),
    ("1.1", dict(filled_in=unseen()), "right"),
    ("1.1", dict(filled_in=unseen()[1:]), "1 more joints"),
    ("1.1", dict(filled_in=[*unseen(), "left_elbow"]), "has a key point"),
    ("1.1", dict(filled_in=["left_ankle"]), "is no joint of HOUSE"),
    ("1.1", dict(other=CLIP, filled_in=[]), "the photograph that was lifted above"),
    ("1.2", dict(moved=None), "not attempted"),
    ("1.2", dict(moved=count([20.0, 0.0])), "right"),
    ("1.2", dict(moved=count([20.0, 0.0]) + 1), "counts the moved wrist"),
    ("1.2", dict(moved=0), "0 is not what comes out"),
    ("1.3", dict(far_mm=None), "not attempted"),
    ("1.3", dict(far_mm=2 * FAR_MM), "right"),
    ("1.3", dict(far_mm=FAR_MM + torch.tensor([0, 0, FAR_MM[0, 2]])), "moves by"),
    ("1.3", dict(far_mm=3 * FAR_MM), "times as far away"),
    ("1.3", dict(far_mm=torch.nan * FAR_MM), "not yet"),
    ("1.4", dict(one_wrist_mm=None), "not attempted"),
    ("1.4", dict(one_wrist_mm=10.0), "right"),
    ("1.4", dict(one_wrist_mm=170), "the worst joint"),
    ("1.4", dict(one_wrist_mm=10.625), "a mean over 16"),
    ("1.4", dict(one_wrist_mm=41.2), "root of the mean square"),
    ("1.5", dict(opposite_mm=None), "not attempted"),
    ("1.5", hands(*opposite(150)), "right"),
    ("1.5", hands(*opposite(150), straight=True), "gives it away"),
    ("1.5", hands(0, 0), "The same hand is nearer"),
    ("1.5", hands(*opposite(50)), "nearer by"),
    ("1.5", dict(opposite_mm=-FAR_MM), "behind the camera"),
    ("1.5", dict(opposite_mm=2 * FAR_MM), "The hip has moved"),
]
