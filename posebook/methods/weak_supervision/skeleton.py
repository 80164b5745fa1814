"""The joints, bones and lengths of Zhou 2017: MPII's sixteen, and Human3.6M's in their places.

Source: X. Zhou et al. 2017, arXiv:1704.02447, and its published code. Taught in
10_weak_supervision.
"""

from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.skeletons import HOUSE, MPII_16

#: Fourteen bones that scale, pictures and evaluation use. The thorax is in none of them.
BONES = (
    ("right_foot", "right_knee"), ("right_knee", "right_hip"), ("right_hip", "hip"),
    ("hip", "left_hip"), ("left_hip", "left_knee"), ("left_knee", "left_foot"),
    ("right_wrist", "right_elbow"), ("right_elbow", "right_shoulder"),
    ("right_shoulder", "upper_neck"), ("upper_neck", "left_shoulder"),
    ("left_shoulder", "left_elbow"), ("left_elbow", "left_wrist"),
    ("hip", "upper_neck"), ("upper_neck", "head"),
)  # fmt: skip
#: Groups of bones by name: each bone with its two ends and its weight.
Groups = Mapping[str, tuple[tuple[str, str, float], ...]]
#: Bones that should have the same length, once divided by their average in people. The weight of a
#: bone is the average length of the group's upper bone over its own, as published. No bone of the
#: trunk is here. `groups_of` has the weights of other people.
GROUPS: Groups = {
    "legs": (
        ("right_foot", "right_knee", 1.0085885098415446), ("right_knee", "right_hip", 1.0),
        ("left_hip", "left_knee", 1.0), ("left_knee", "left_foot", 1.0085885098415446),
    ),
    "arms": (
        ("right_wrist", "right_elbow", 1.1375361376887123), ("right_elbow", "right_shoulder", 1.0),
        ("left_shoulder", "left_elbow", 1.0), ("left_elbow", "left_wrist", 1.1375361376887123),
    ),
    "hips": (("right_hip", "hip", 1.0), ("left_hip", "hip", 1.0)),
    "shoulders": (
        ("right_shoulder", "upper_neck", 1.0), ("left_shoulder", "upper_neck", 1.0),
    ),
}  # fmt: skip
#: Mean sum of the fourteen bones of the training people of Human3.6M, mm, as published.
LENGTH_MM = 4296.99233013
#: The later code's, over its fifteen bones: a round number. Its loader of ICCV's pictures has
#: 4072.3544 instead.
LATER_LENGTH_MM = 4000.0
#: Joints that the accuracy on maps counts.
ACCURACY_JOINTS = (
    "right_foot", "right_knee", "right_hip", "left_hip", "left_knee", "left_foot",
    "right_wrist", "right_elbow", "left_elbow", "left_wrist",
)  # fmt: skip

#: MPII's joints in whose places Human3.6M's stand, where those are called otherwise.
_IN_THE_PLACE = {"thorax": "spine", "upper_neck": "thorax"}
#: For each of the sixteen, the index of the house joint in its place.
FROM_HOUSE = tuple(HOUSE.index(_IN_THE_PLACE.get(joint, joint)) for joint in MPII_16.joints)
_LATER_BONES = tuple(
    (HOUSE.index(a), HOUSE.index(b))
    for chain in (
        "hip right_hip right_knee right_foot", "hip left_hip left_knee left_foot",
        "hip spine thorax head", "thorax right_shoulder right_elbow right_wrist",
        "thorax left_shoulder left_elbow left_wrist",
    )
    for a, b in zip(chain.split(), chain.split()[1:], strict=False)
)  # fmt: skip
_INDICES = tuple((MPII_16.index(a), MPII_16.index(b)) for a, b in BONES)


def groups_of(pose_mm: Float[Tensor, "people 16 3"]) -> Groups:
    """`GROUPS`, with weights by the average lengths of these people's bones.

    In each group the bones whose published weight is 1 are the upper ones; the others are compared
    with their mean.
    """
    found = {}
    for name, bones in GROUPS.items():
        lengths = [_length(pose_mm, a, b) for a, b, _ in bones]
        upper = [length for length, bone in zip(lengths, bones, strict=True) if bone[2] == 1]
        mean = sum(upper) / len(upper)
        found[name] = tuple(
            (a, b, mean / length) for length, (a, b, _) in zip(lengths, bones, strict=True)
        )
    return found


def _length(pose_mm: Tensor, a: str, b: str) -> float:
    first, second = MPII_16.indices(a, b)
    return (pose_mm[:, first] - pose_mm[:, second]).norm(dim=-1).mean().item()


def bone_sum(pose: Float[Tensor, "*batch 16 axes"]) -> Float[Tensor, "*batch"]:
    """The sum of the lengths of the fourteen bones, in the unit of the pose; 2D or 3D."""
    return _sum(pose, _INDICES)


def _sum(pose: Tensor, bones: tuple[tuple[int, int], ...]) -> Tensor:
    starts, ends = zip(*bones, strict=True)
    return torch.linalg.vector_norm(pose[..., starts, :] - pose[..., ends, :], dim=-1).sum(-1)


def at_length(
    pose: Float[Tensor, "*batch 16 3"], length_mm: float | Tensor = LENGTH_MM
) -> Float[Tensor, "*batch 16 3"]:
    """The pose about its hip, its fourteen bones `length_mm` long together: (..., 16, 3) mm.

    Plainly: whoever is in the picture is taken to be as large as the mean of the people that the
    network learned from. A child comes out as large as an adult. No turn is allowed, and no scale
    of one's own. The published evaluation then puts the joint in the thorax's place half way
    between hip and upper neck, which is where Human3.6M's spine is.
    """
    hip, neck, middle = MPII_16.indices("hip", "upper_neck", "thorax")
    length = torch.as_tensor(length_mm, dtype=pose.dtype, device=pose.device)
    scale = length / bone_sum(pose).clamp_min(torch.finfo(pose.dtype).tiny)
    pose = (pose - pose[..., hip : hip + 1, :]) * scale[..., None, None]
    pose[..., middle, :] = (pose[..., hip, :] + pose[..., neck, :]) / 2
    return pose


def to_house(
    pose: Float[Tensor, "*batch 16 3"], length_mm: float = LATER_LENGTH_MM
) -> Float[Tensor, "*batch 17 3"]:
    """The later code's: sixteen joints as the house's seventeen, (..., 17, 3) mm about the hip.

    Spine and neck are put half way between their neighbours, and all is scaled so that fifteen
    bones are `length_mm` long together.
    """
    house = pose.new_empty((*pose.shape[:-2], len(HOUSE), 3))
    house[..., list(FROM_HOUSE), :] = pose
    hip, spine, thorax, neck, head = HOUSE.indices("hip", "spine", "thorax", "neck_nose", "head")
    house[..., spine, :] = (house[..., hip, :] + house[..., thorax, :]) / 2
    house[..., neck, :] = (house[..., thorax, :] + house[..., head, :]) / 2
    house = house - house[..., hip : hip + 1, :]
    scale = length_mm / _sum(house, _LATER_BONES).clamp_min(torch.finfo(pose.dtype).tiny)
    return house * scale[..., None, None]
