"""Bodies: how long each bone is, and how directions of bones become a pose.

A pose is written as one unit vector per bone, so that the same pose fits every body. Bone lengths
are drawn from published proportions of adults: segment lengths as fractions of stature after
Drillis & Contini 1966 as printed in Winter, Biomechanics and Motor Control of Human Movement
(4th ed. 2009, fig. 4.1), and stature of US adults (ANSUR II 2012: 1756 +- 69 mm, 1629 +- 64 mm).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.datasets.people.dice import Dice
from posebook.geometry import bone_vectors
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE

#: Bone names, in the order of every `directions` and `lengths_mm` tensor: that of the joint at
#: the bone's far end, house order.
BONES = HOUSE.bone_names
BONE = {name: index for index, name in enumerate(BONES)}

#: Length of each bone as a fraction of stature. Legs and forearms: Winter's figure; upper arms
#: between it (0.186, from the tip of the shoulder) and Human3.6M's subjects (0.16). Hips and
#: clavicles are those of motion-capture skeletons (Human3.6M's subjects: 133 and 151 mm), whose
#: hip joints lie further out than the joint centres of anatomy. Trunk: hip height 0.530, shoulder
#: height 0.818; neck and head: as in Human3.6M's subjects (117 and 115 mm).
FRACTION_OF_STATURE = {
    "right_hip": 0.076, "right_knee": 0.245, "right_foot": 0.246,
    "left_hip": 0.076, "left_knee": 0.245, "left_foot": 0.246,
    "spine": 0.136, "thorax": 0.148, "neck_nose": 0.068, "head": 0.066,
    "left_shoulder": 0.092, "left_elbow": 0.172, "left_wrist": 0.146,
    "right_shoulder": 0.092, "right_elbow": 0.172, "right_wrist": 0.146,
}  # fmt: skip
FRACTIONS = torch.tensor([FRACTION_OF_STATURE[bone] for bone in BONES], dtype=torch.float64)
#: Stature of US adults, men and women together: mean and deviation.
STATURE_MM = (1692.0, 92.0)
#: Height of the ankle joint over the floor, as a fraction of stature (Winter).
ANKLE_HEIGHT = 0.039
#: Bones that differ together from person to person, and between which multiples of the average
#: in `wide_bodies`. Hips, shoulders and trunk vary most, since joint sets put them in different
#: places: half hip widths from 60 to 175 mm, half shoulder widths from 90 to 240 mm.
_GROUPS = {
    ("right_hip", "left_hip"): (0.5, 1.25),
    ("right_knee", "left_knee"): (0.82, 1.18),
    ("right_foot", "left_foot"): (0.82, 1.18),
    ("spine",): (0.42, 1.15),
    ("thorax",): (0.55, 1.15),
    ("neck_nose",): (0.7, 1.35),
    ("head",): (0.7, 1.35),
    ("left_shoulder", "right_shoulder"): (0.65, 1.35),
    ("left_elbow", "right_elbow"): (0.82, 1.18),
    ("left_wrist", "right_wrist"): (0.65, 1.18),
}


def forward_kinematics(directions: Float[Tensor, "*batch bones 3"], lengths_mm: Tensor) -> Pose3D:
    """Directions (..., 16, 3), unit, and lengths (..., 16) mm -> joints (..., 17, 3), hip at 0."""
    bones = directions * lengths_mm.unsqueeze(-1)
    joints = [torch.zeros_like(bones[..., 0, :])]
    for bone, (parent, _) in enumerate(HOUSE.bones):
        joints.append(joints[parent] + bones[..., bone, :])
    return torch.stack(joints, dim=-2)


def directions_of(pose: Pose3D) -> Float[Tensor, "*batch bones 3"]:
    """Unit bone directions (..., 16, 3) of house poses (..., 17, 3)."""
    return unit(bone_vectors(pose, HOUSE))


def levelled(
    directions: Float[Tensor, "*batch bones 3"], level: Tensor
) -> Float[Tensor, "*batch bones 3"]:
    """The hip midway between the hip joints, as in Human3.6M, where `level` (..., 1) says so."""
    right, left = BONE["right_hip"], BONE["left_hip"]
    across = unit(directions[..., right, :] - directions[..., left, :])
    levelled = directions.clone()
    levelled[..., right, :] = torch.where(level, across, directions[..., right, :])
    levelled[..., left, :] = torch.where(level, -across, directions[..., left, :])
    return levelled


def turned(points: Float[Tensor, "*batch dim"], angle: Tensor) -> Float[Tensor, "*batch dim"]:
    """Points (..., 2 or 3) turned about the vertical; `angle` has the points' leading axes."""
    cos, sin = angle.cos(), angle.sin()
    x, y = points[..., 0], points[..., 1]
    moved = [cos * x - sin * y, sin * x + cos * y, *points.unbind(-1)[2:]]
    return torch.stack(torch.broadcast_tensors(*moved), dim=-1)


def raised(pose: Float[Tensor, "*batch joints 3"], lift: Tensor) -> Pose3D:
    """Poses (..., joints, 3) higher by `lift` (...), in world axes."""
    return pose + lift[..., None, None] * torch.tensor([0.0, 0.0, 1.0])


def unit(vectors: Float[Tensor, "*batch 3"]) -> Float[Tensor, "*batch 3"]:
    """The vectors' directions."""
    return torch.nn.functional.normalize(vectors, dim=-1)


def wide_bodies(count: int, generator: torch.Generator) -> Tensor:
    """Bone lengths (count, 16) mm of people, and of joint sets, of every kind."""
    dice = Dice(count, generator)
    lengths = dice.even(1480.0, 1980.0, 1) * FRACTIONS
    for bones, (low, high) in _GROUPS.items():
        places = [BONE[bone] for bone in bones]
        lengths[:, places] *= dice.even(low, high, 1) * dice.even(0.98, 1.02, len(places))
    return lengths


@dataclass(frozen=True)
class Body:
    """Bone lengths (clips, 16) mm, and the lengths that actions measure by, each (clips, 1)."""

    lengths_mm: Tensor

    def bone(self, *names: str) -> Tensor:
        """Sum of the named bones' lengths."""
        return self.lengths_mm[:, [BONE[name] for name in names]].sum(-1, keepdim=True)

    @property
    def leg(self) -> Tensor:
        return self.bone("left_knee", "left_foot")

    @property
    def hip(self) -> Tensor:
        """Half the distance between the hip joints."""
        return self.bone("left_hip")

    @property
    def ankle(self) -> Tensor:
        """Height of the ankle joint of someone who stands on the floor."""
        return ANKLE_HEIGHT / 0.491 * self.leg


def bodies_of_a_study(train: int, test: int, generator: torch.Generator) -> Tensor:
    """Bone lengths (train + test, 16) mm of adults in Human3.6M's joint set.

    Statures of US men and women together, and each segment's share of it, are spread evenly over
    what is usual (of seven people, one in each seventh of the distribution), in random order.
    The people for testing come after the others and are ordinary ones: never the largest or the
    smallest in anything.
    """
    people = train + test
    level = torch.special.ndtri((torch.arange(people, dtype=torch.float64) + 0.5) / people)

    def spread() -> Tensor:
        inner = 1 + torch.randperm(people - 2, generator=generator)
        others = torch.cat([inner[test:], torch.tensor([0, people - 1])])
        others = others[torch.randperm(train, generator=generator)]
        return level[torch.cat([others, inner[:test]])].unsqueeze(1)

    lengths = (STATURE_MM[0] + STATURE_MM[1] * spread()) * FRACTIONS
    for bones in _GROUPS:
        # Trunk, head and hips differ more between people than limbs do.
        deviation = 0.06 if len(bones) == 1 or "hip" in bones[0] else 0.035
        lengths[:, [BONE[bone] for bone in bones]] *= 1 + deviation * spread()
    return lengths
