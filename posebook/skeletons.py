"""Joints have names: joint sets, how they hang together, and how one set becomes another.

Every other module speaks of joints by name and asks a Skeleton for the index. Image and space
are not needed here: a conversion is a matrix of weights between two lists of names, so the same
conversion serves 2D keypoints and 3D poses. Taught in 02_skeletons_and_axes.
"""

from dataclasses import dataclass, field
from functools import cached_property

import torch
from torch import Tensor

from posebook.errors import InputError


@dataclass(frozen=True)
class Skeleton:
    """A joint set: names in the order of the arrays, and each joint's parent by name.

    joints   names, in array order; a left/right pair is called ``left_X`` / ``right_X``
    parents  the parent's name for each joint; None for the root, or for a joint that hangs
             on nothing in this set
    root     the joint that root-relative poses subtract; None where the set has no pelvis
             (the root is then between the two hips, see `conversion`)
    """

    name: str
    joints: tuple[str, ...]
    parents: tuple[str | None, ...]
    root: str | None
    source: str = ""

    def __post_init__(self):
        assert len(self.joints) == len(set(self.joints)) == len(self.parents), self.name
        assert all(p is None or p in self.joints for p in self.parents), self.name

    def __len__(self) -> int:
        return len(self.joints)

    def index(self, joint: str) -> int:
        """Position of a joint in the arrays; an InputError names the joints there are."""
        try:
            return self.joints.index(joint)
        except ValueError:
            raise InputError(
                f"{self.name} has no joint '{joint}'; it has {', '.join(self.joints)}"
            ) from None

    def indices(self, *joints: str) -> list[int]:
        return [self.index(joint) for joint in joints]

    @cached_property
    def parent_indices(self) -> tuple[int, ...]:
        """Index of each joint's parent, -1 where there is none."""
        return tuple(-1 if p is None else self.index(p) for p in self.parents)

    @cached_property
    def bones(self) -> tuple[tuple[int, int], ...]:
        """(parent, child) index pairs, in the children's order."""
        return tuple((p, c) for c, p in enumerate(self.parent_indices) if p >= 0)

    @cached_property
    def bone_names(self) -> tuple[str, ...]:
        """A bone is called after the joint at its far end."""
        return tuple(self.joints[child] for _, child in self.bones)

    @cached_property
    def left(self) -> tuple[int, ...]:
        return tuple(i for i, j in enumerate(self.joints) if j.startswith("left_"))

    @cached_property
    def right(self) -> tuple[int, ...]:
        return tuple(i for i, j in enumerate(self.joints) if j.startswith("right_"))

    def side(self, joint: str) -> str:
        """'left', 'right' or 'middle': the person's own side, not the picture's."""
        side, _, _ = joint.partition("_")
        return side if side in ("left", "right") else "middle"

    @cached_property
    def mirror(self) -> tuple[int, ...]:
        """For each joint, the index of its mirror twin (itself in the middle of the body)."""
        other_side = {"left": "right", "right": "left"}

        def twin(joint: str) -> str:
            side, _, part = joint.partition("_")
            other = f"{other_side.get(side, side)}_{part}"
            return other if other in self.joints else joint

        return tuple(self.index(twin(joint)) for joint in self.joints)

    def flip(self, pose: Tensor) -> Tensor:
        """Mirror a root-relative or image-centred pose: x changes sign, left and right swap.

        pose  (..., joints, 2) or (..., joints, 3); x must be 0 on the mirror plane
        """
        flipped = pose[..., list(self.mirror), :].clone()
        flipped[..., 0] *= -1
        return flipped

    def swap_sides(self, values: Tensor, dim: int = -2) -> Tensor:
        """Exchange left and right joints along `dim` and touch nothing else."""
        return values.index_select(dim, torch.tensor(self.mirror, device=values.device))


@dataclass(frozen=True)
class Conversion:
    """How one joint set becomes another: a weight matrix and what had to be invented.

    weights    (target joints, source joints); each row sums to 1, so that the conversion
               commutes with translation; a row of zeros: cannot be had from the source
    invented   {target joint: how}, for joints that the source does not mark
    absent     target joints that cannot be had at all
    otherwise  {target joint: ((row of weights, how), ...)}: rules for frames in which a joint that
               `weights` needs is missing, best first
    """

    source: Skeleton
    target: Skeleton
    weights: Tensor
    invented: dict[str, str]
    absent: tuple[str, ...]
    otherwise: dict[str, tuple[tuple[Tensor, str], ...]] = field(default_factory=dict)

    def __call__(self, points: Tensor, confidence: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Convert points (..., source joints, 2 or 3) to (..., target joints, 2 or 3).

        confidence  (..., source joints) in [0, 1]; without it, finite points count as 1.
        The rule is chosen for each frame and joint: the first whose joints are all there. A joint
        that no rule reaches is missing (NaN, confidence 0). An invented joint has the least
        confidence of those it leans on.
        """
        return self.with_rules(points, confidence)[:2]

    def with_rules(
        self, points: Tensor, confidence: Tensor | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The same, and the rule that made each joint, (..., target joints): 0 is `weights`, n the
        n-th of `otherwise`."""
        seen = torch.isfinite(points).all(-1)
        confidence = seen.to(points) if confidence is None else confidence.to(points) * seen
        known = torch.where((confidence > 0).unsqueeze(-1), points, 0.0)
        converted, least = _mixed(self.weights.to(points), known, confidence)
        rule = torch.zeros(least.shape, dtype=torch.int64, device=points.device)
        for joint, rules in self.otherwise.items():
            column = self.target.index(joint)
            for number, (row, _) in enumerate(rules, 1):
                if (least[..., column] > 0).all():
                    break
                other, trust = _mixed(row.to(points).unsqueeze(0), known, confidence)
                use = (least[..., column] == 0) & (trust[..., 0] > 0)
                converted[..., column, :] = torch.where(
                    use.unsqueeze(-1), other[..., 0, :], converted[..., column, :]
                )
                least[..., column] = torch.where(use, trust[..., 0], least[..., column])
                rule[..., column] = torch.where(use, number, rule[..., column])
        return converted, least, rule

    def describe(self) -> str:
        """One line for people: what was copied, what was invented and how."""
        parts = [f"{j} ({how})" for j, how in self.invented.items()]
        line = f"{self.source.name} -> {self.target.name}: "
        line += f"invented {', '.join(parts)}" if parts else "every joint is marked"
        return line + (f"; cannot be had: {', '.join(self.absent)}" if self.absent else "")


def _mixed(weights: Tensor, known: Tensor, confidence: Tensor) -> tuple[Tensor, Tensor]:
    """Weighted joints, and the least confidence of those they lean on; NaN and 0 where one lacks.

    weights (target, source), known (..., source, 2 or 3) finite, confidence (..., source)
    """
    converted = torch.einsum("ts,...sd->...td", weights, known)
    least = torch.where(weights != 0, confidence.unsqueeze(-2), torch.inf).amin(-1)
    least = torch.where(torch.isinf(least), 0.0, least)
    return torch.where((least > 0).unsqueeze(-1), converted, torch.nan), least


def _skeleton(name: str, tree: str, root: str | None, source: str = "") -> Skeleton:
    """Build a Skeleton from 'joint<parent joint<parent ...' (no '<' for a joint without parent)."""
    pairs = [item.partition("<")[::2] for item in tree.split()]
    return Skeleton(
        name, tuple(j for j, _ in pairs), tuple(p or None for _, p in pairs), root, source
    )


HOUSE = _skeleton(
    "human36m_17",
    """hip right_hip<hip right_knee<right_hip right_foot<right_knee
    left_hip<hip left_knee<left_hip left_foot<left_knee
    spine<hip thorax<spine neck_nose<thorax head<neck_nose
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    right_shoulder<thorax right_elbow<right_shoulder right_wrist<right_elbow""",
    root="hip",
    source="Human3.6M, Ionescu et al. 2014; order and wiring of Pavllo et al. 2019",
)
#: Places of the 17 house joints among the 32 of the genuine Human3.6M archives.
HUMAN36M_KEPT_OF_32 = (0, 1, 2, 3, 6, 7, 8, 12, 13, 14, 15, 17, 18, 19, 25, 26, 27)

COCO_17 = _skeleton(
    "coco_17",
    """nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye
    left_shoulder<left_hip right_shoulder<right_hip left_elbow<left_shoulder
    right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
    left_hip right_hip<left_hip left_knee<left_hip right_knee<right_hip
    left_foot<left_knee right_foot<right_knee""",
    root=None,
    source="COCO keypoints, Lin et al. 2014 (its ankles are called left_foot, right_foot here)",
)
MPII_16 = _skeleton(
    "mpii_16",
    """right_foot<right_knee right_knee<right_hip right_hip<hip left_hip<hip
    left_knee<left_hip left_foot<left_knee hip thorax<hip upper_neck<thorax head<upper_neck
    right_wrist<right_elbow right_elbow<right_shoulder right_shoulder<thorax
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow""",
    root="hip",
    source="MPII Human Pose, Andriluka et al. 2014",
)
MPII_17_KUDO = _skeleton(
    "mpii_17_kudo",
    """hip right_hip<hip right_knee<right_hip right_foot<right_knee
    left_hip<hip left_knee<left_hip left_foot<left_knee
    thorax<hip upper_neck<thorax mid_neck_head<upper_neck head<mid_neck_head
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    right_shoulder<thorax right_elbow<right_shoulder right_wrist<right_elbow""",
    root="hip",
    source="MPII in the places of the house joints, Kudo et al. 2018, arXiv:1803.08244: thorax and "
    "upper neck are where those have spine and thorax",
)
HOURGLASS_16 = _skeleton(
    "human36m_16_hourglass",
    """right_foot<right_knee right_knee<right_hip right_hip<hip left_hip<hip
    left_knee<left_hip left_foot<left_knee hip spine<hip thorax<spine head<thorax
    right_wrist<right_elbow right_elbow<right_shoulder right_shoulder<thorax
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow""",
    root="hip",
    source="Human3.6M's joints in MPII's order: a stacked hourglass that was trained on MPII and "
    "fine-tuned on Human3.6M, Martinez et al. 2017",
)
LSP_14 = _skeleton(
    "lsp_14",
    """right_foot<right_knee right_knee<right_hip right_hip<neck left_hip<neck
    left_knee<left_hip left_foot<left_knee right_wrist<right_elbow
    right_elbow<right_shoulder right_shoulder<neck left_shoulder<neck
    left_elbow<left_shoulder left_wrist<left_elbow neck head<neck""",
    root=None,
    source="Leeds Sports Pose, Johnson & Everingham 2010",
)
BODY_25 = _skeleton(
    "body_25",
    """nose<neck neck<hip right_shoulder<neck right_elbow<right_shoulder
    right_wrist<right_elbow left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow
    hip right_hip<hip right_knee<right_hip right_foot<right_knee left_hip<hip
    left_knee<left_hip left_foot<left_knee right_eye<nose left_eye<nose right_ear<right_eye
    left_ear<left_eye left_big_toe<left_foot left_small_toe<left_big_toe left_heel<left_foot
    right_big_toe<right_foot right_small_toe<right_big_toe right_heel<right_foot""",
    root="hip",
    source="OpenPose BODY_25, Cao et al. 2019",
)
BODY_25B = _skeleton(
    "body_25b",
    """nose left_eye<nose right_eye<nose left_ear<left_eye right_ear<right_eye
    left_shoulder<upper_neck right_shoulder<upper_neck left_elbow<left_shoulder
    right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
    left_hip<upper_neck right_hip<upper_neck left_knee<left_hip right_knee<right_hip
    left_foot<left_knee right_foot<right_knee upper_neck<nose head_top<upper_neck
    left_big_toe<left_foot left_small_toe<left_big_toe left_heel<left_foot
    right_big_toe<right_foot right_small_toe<right_big_toe right_heel<right_foot""",
    root=None,
    source="OpenPose BODY_25B, Hidalgo et al. 2019: COCO's joints first, then MPII's neck and head",
)
OPENPOSE_MPI_15 = _skeleton(
    "openpose_mpi_15",
    """head<neck neck right_shoulder<neck right_elbow<right_shoulder right_wrist<right_elbow
    left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow right_hip<chest
    right_knee<right_hip right_foot<right_knee left_hip<chest left_knee<left_hip
    left_foot<left_knee chest<neck""",
    root=None,
    source="OpenPose --model_pose MPI, Cao et al. 2017: the top of the head first, the chest last",
)
OPENPOSE_COCO_18 = _skeleton(
    "openpose_coco_18",
    """nose<neck neck right_shoulder<neck right_elbow<right_shoulder right_wrist<right_elbow
    left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow right_hip<neck
    right_knee<right_hip right_foot<right_knee left_hip<neck left_knee<left_hip
    left_foot<left_knee right_eye<nose left_eye<nose right_ear<right_eye left_ear<left_eye""",
    root=None,
    source="OpenPose COCO-18, Cao et al. 2017",
)
MEDIAPIPE_33 = _skeleton(
    "mediapipe_33",
    """nose left_eye_inner<nose left_eye<left_eye_inner left_eye_outer<left_eye
    right_eye_inner<nose right_eye<right_eye_inner right_eye_outer<right_eye
    left_ear<left_eye_outer right_ear<right_eye_outer left_mouth<nose right_mouth<left_mouth
    left_shoulder<left_hip right_shoulder<right_hip left_elbow<left_shoulder
    right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
    left_pinky<left_wrist right_pinky<right_wrist left_index<left_wrist right_index<right_wrist
    left_thumb<left_wrist right_thumb<right_wrist left_hip right_hip<left_hip
    left_knee<left_hip right_knee<right_hip left_foot<left_knee right_foot<right_knee
    left_heel<left_foot right_heel<right_foot left_foot_index<left_foot
    right_foot_index<right_foot""",
    root=None,
    source="MediaPipe Pose (BlazePose), Bazarevsky et al. 2020 (its ankles are called left_foot, "
    "right_foot here)",
)
POSETRACK_17 = _skeleton(
    "posetrack_17",
    """nose<upper_neck upper_neck head_top<nose left_ear<nose right_ear<nose
    left_shoulder<upper_neck right_shoulder<upper_neck left_elbow<left_shoulder
    right_elbow<right_shoulder left_wrist<left_elbow right_wrist<right_elbow
    left_hip<upper_neck right_hip<upper_neck left_knee<left_hip right_knee<right_hip
    left_foot<left_knee right_foot<right_knee""",
    root=None,
    source="PoseTrack, Andriluka et al. 2018: its head_bottom is called upper_neck here; nobody "
    "marked its ears",
)
MPI_INF_3DHP_28 = _skeleton(
    "mpi_inf_3dhp_28",
    """spine_3<spine spine_4<spine_3 spine_2<hip spine<spine_2 hip neck<spine_4 head<neck
    head_top<head left_clavicle<neck left_shoulder<left_clavicle left_elbow<left_shoulder
    left_wrist<left_elbow left_hand<left_wrist right_clavicle<neck
    right_shoulder<right_clavicle right_elbow<right_shoulder right_wrist<right_elbow
    right_hand<right_wrist left_hip<hip left_knee<left_hip left_foot<left_knee
    left_toe_base<left_foot left_toe<left_toe_base right_hip<hip right_knee<right_hip
    right_foot<right_knee right_toe_base<right_foot right_toe<right_toe_base""",
    root="hip",
    source="MPI-INF-3DHP, Mehta et al. 2017 (its ankles are called left_foot, right_foot here)",
)
MPI_INF_3DHP_17 = _skeleton(
    "mpi_inf_3dhp_17",
    """head_top<neck neck<spine right_shoulder<neck right_elbow<right_shoulder
    right_wrist<right_elbow left_shoulder<neck left_elbow<left_shoulder left_wrist<left_elbow
    right_hip<hip right_knee<right_hip right_foot<right_knee left_hip<hip left_knee<left_hip
    left_foot<left_knee hip spine<hip head<neck""",
    root="hip",
    source="MPI-INF-3DHP, the 17 joints of its test set",
)
HUMANEVA_15 = _skeleton(
    "humaneva_15",
    """hip thorax<hip left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    right_shoulder<thorax right_elbow<right_shoulder right_wrist<right_elbow
    left_hip<hip left_knee<left_hip left_foot<left_knee
    right_hip<hip right_knee<right_hip right_foot<right_knee head<thorax""",
    root="hip",
    source="HumanEva-I, Sigal et al. 2010, as VideoPose3D's archives have it: the pelvis is called "
    "hip, the thorax is half way between the torso's upper end and the head's lower one",
)
CMU_31 = _skeleton(
    "cmu_31",
    """hip left_hip<hip left_knee<left_hip left_foot<left_knee left_toe_base<left_foot
    left_toe<left_toe_base right_hip<hip right_knee<right_hip right_foot<right_knee
    right_toe_base<right_foot right_toe<right_toe_base spine<hip chest<spine
    thorax<chest lower_neck<thorax upper_neck<lower_neck head<upper_neck
    left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    left_hand<left_wrist left_fingers<left_hand left_fingertips<left_fingers
    left_thumb<left_hand right_shoulder<thorax right_elbow<right_shoulder
    right_wrist<right_elbow right_hand<right_wrist right_fingers<right_hand
    right_fingertips<right_fingers right_thumb<right_hand""",
    root="hip",
    source="CMU motion capture (.asf/.amc): the far end of each bone, in the file's order",
)

YU_17 = _skeleton(
    "yu_17",
    """right_foot<right_knee right_knee<right_hip right_hip<hip left_hip<hip
    left_knee<left_hip left_foot<left_knee right_wrist<right_elbow
    right_elbow<right_shoulder right_shoulder<thorax left_shoulder<thorax
    left_elbow<left_shoulder left_wrist<left_elbow thorax<spine hip spine<hip
    neck_nose<thorax head<neck_nose""",
    root="hip",
    source="the order of Yu et al. 2021's released code; the joints are Human3.6M's",
)

#: Not in `SKELETONS`: the release says only that the pelvis is number 10, and that 0 and 1 are the
#: ends of the head. The other names are this book's.
WANG_17 = _skeleton(
    "wang_17",
    """head<neck_nose neck_nose<thorax right_shoulder<thorax right_elbow<right_shoulder
    right_wrist<right_elbow left_shoulder<thorax left_elbow<left_shoulder left_wrist<left_elbow
    thorax<spine spine<hip hip right_hip<hip right_knee<right_hip right_foot<right_knee
    left_hip<hip left_knee<left_hip left_foot<left_knee""",
    root="hip",
    source="the label generator of Wang et al. 2019; the joints are Human3.6M's",
)

SKELETONS: dict[str, Skeleton] = {
    s.name: s
    for s in (
        HOUSE, COCO_17, MPII_16, MPII_17_KUDO, HOURGLASS_16, LSP_14, BODY_25, BODY_25B,
        OPENPOSE_COCO_18, OPENPOSE_MPI_15, MEDIAPIPE_33, POSETRACK_17,
        MPI_INF_3DHP_28, MPI_INF_3DHP_17, HUMANEVA_15, CMU_31, YU_17,
    )
}  # fmt: skip


def skeleton(name: str) -> Skeleton:
    """A Skeleton by its name; an InputError lists the names there are."""
    if name not in SKELETONS:
        raise InputError(f"no skeleton is called '{name}'; there are {', '.join(SKELETONS)}")
    return SKELETONS[name]


# How a house joint is found where the source marks no joint of that name, or not in this frame. The
# first rule whose joints are all there wins; '*' stands for either side, '~' for the other one.
# Weights of the head's rules are least squares fits, rounded, over synthetic people whose faces are
# built from anthropometry (datasets/layouts.py); chapter 2 measures what is left.
_RULES: dict[str, list[tuple[dict[str, float], str]]] = {
    "hip": [({"left_hip": 0.5, "right_hip": 0.5}, "between the hips")],
    "thorax": [
        ({"left_shoulder": 0.5, "right_shoulder": 0.5}, "between the shoulders"),
        ({"neck": 1.0}, "the neck"),
    ],
    "spine": [
        (
            {"left_hip": 0.25, "right_hip": 0.25, "left_shoulder": 0.25, "right_shoulder": 0.25},
            "half way from hips to shoulders",
        ),
        ({"hip": 0.5, "neck": 0.5}, "half way from hip to neck"),
    ],
    "neck_nose": [
        (
            {
                "nose": 0.28,
                "left_ear": 0.525,
                "right_ear": 0.525,
                "left_shoulder": -0.165,
                "right_shoulder": -0.165,
            },
            "in the head, from nose, ears and shoulders",
        ),
        ({"nose": -0.21, "~_eye": 0.82, "*_ear": 0.39}, "from nose, one eye and the * ear"),
        (
            {
                "nose": -0.48,
                "left_eye": 0.65,
                "right_eye": 0.65,
                "left_shoulder": 0.09,
                "right_shoulder": 0.09,
            },
            "from nose, eyes and shoulders",
        ),
        (
            {"nose": 0.34, "*_ear": 0.84, "*_shoulder": -0.27, "~_shoulder": 0.09},
            "from nose, * ear and shoulders",
        ),
        (
            {"left_ear": 0.65, "right_ear": 0.65, "left_shoulder": -0.15, "right_shoulder": -0.15},
            "from ears and shoulders",
        ),
        (
            {"*_ear": 1.13, "*_shoulder": -0.31, "~_shoulder": 0.18},
            "from the * ear and the shoulders",
        ),
        ({"nose": 1.0}, "the nose"),
        ({"upper_neck": 0.6, "head": 0.4}, "on the line from upper neck to head"),
        ({"neck": 0.5, "head": 0.5}, "half way from neck to head"),
        ({"neck": 0.5, "head_top": 0.5}, "half way from neck to head top"),
        ({"thorax": 0.5, "head": 0.5}, "half way from thorax to head"),
    ],
    "head": [
        ({"head_top": 1.0}, "the top of the head"),
        (
            {"left_ear": 1.15, "right_ear": 1.15, "left_shoulder": -0.65, "right_shoulder": -0.65},
            "above the ears, on the line from the shoulders",
        ),
        (
            {
                "nose": -1.39,
                "~_eye": 2.0,
                "*_ear": 0.93,
                "left_shoulder": -0.27,
                "right_shoulder": -0.27,
            },
            "from nose, one eye, the * ear and the shoulders",
        ),
        (
            {
                "nose": -2.05,
                "left_eye": 1.57,
                "right_eye": 1.57,
                "left_shoulder": -0.045,
                "right_shoulder": -0.045,
            },
            "from nose, eyes and shoulders",
        ),
        (
            {"*_ear": 1.95, "*_shoulder": -0.9, "~_shoulder": -0.05},
            "above the * ear, on the line from the shoulders",
        ),
        (
            {"nose": 1.6, "left_shoulder": -0.3, "right_shoulder": -0.3},
            "above the nose, on the line from the shoulders",
        ),
    ],
    "neck": [
        ({"thorax": 1.0}, "the thorax"),
        ({"left_shoulder": 0.5, "right_shoulder": 0.5}, "between the shoulders"),
    ],
    "upper_neck": [({"thorax": 0.6, "neck_nose": 0.4}, "between thorax and nose")],
    "mid_neck_head": [
        ({"upper_neck": 0.5, "head": 0.5}, "half way from upper neck to head"),
        ({"thorax": 0.3, "neck_nose": 0.2, "head": 0.5}, "between thorax, nose and head"),
    ],
    "nose": [({"neck_nose": 1.0}, "the house joint neck_nose")],
    "head_top": [({"head": 1.0}, "the head")],
}

# Joints that two sets call by the same name but put in different places: no plain copy then.
_NOT_THE_SAME: dict[tuple[str, str], set[str]] = {
    ("mpi_inf_3dhp_28", "human36m_17"): {"head"},  # mid-head there, top of the head here
    ("mpi_inf_3dhp_17", "human36m_17"): {"head"},
}


def conversion(source: Skeleton, target: Skeleton = HOUSE) -> Conversion:
    """The named conversion from one joint set to another.

    A joint of the same name is copied; others are invented by a rule, which `Conversion.invented`
    names; what no rule reaches is absent. Where a joint is missing in a frame, the next rule whose
    joints are there takes its place; a set converted to itself is only copied.
    """
    weights = torch.zeros(len(target), len(source), dtype=torch.float64)
    invented, absent, otherwise = {}, [], {}
    differ = _NOT_THE_SAME.get((source.name, target.name), set())
    for row, joint in enumerate(target.joints):
        found = [] if source == target else _rows_for(joint, source)
        if joint in source.joints and joint not in differ:
            weights[row, source.index(joint)] = 1.0
        elif found:
            weights[row], invented[joint] = found.pop(0)
        else:
            absent.append(joint)
        if found:
            otherwise[joint] = tuple(found)
    return Conversion(source, target, weights, invented, tuple(absent), otherwise)


def _rows_for(joint: str, source: Skeleton) -> list[tuple[Tensor, str]]:
    """Rows of weights over the source's joints, and how, for every rule that it has joints for.

    A rule with sides in it is two, one for each.
    """
    rows = []
    for rule, how in _RULES.get(joint, []):
        sides = (("left", "right"), ("right", "left")) if "*" in "".join(rule) else (("", ""),)
        for side, other in sides:
            named = {
                needed.replace("*", side).replace("~", other): weight
                for needed, weight in rule.items()
            }
            if named.keys() <= set(source.joints):
                row = torch.zeros(len(source), dtype=torch.float64)
                for needed, weight in named.items():
                    row[source.index(needed)] = weight
                rows.append((row, how.replace("*", side)))
    return rows
