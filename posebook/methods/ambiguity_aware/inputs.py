"""What goes into the networks of Yu et al. 2021, as the released code prepares it, and the measured
size statistic behind the scale network's prior.

Source: as in `network`. A trained lifter of ours gets `normalisations.root_centred` key
points; two quirks that those leave out are kept here by name: the hip's place is written as 1e-5
and not as 0, and LSP's x and y are divided by different numbers.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.geometry import bone_lengths, root_relative
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE, LSP_14, YU_17, Skeleton, conversion

#: What the released code writes in place of the hip's 0, before everything is scaled.
HIP_MARK = 1e-5
#: Where the released code has the middle of a Human3.6M picture, px, and what it divides by.
CENTRE_PX, HALF_PX = (514.0435, 506.7003), 500.0


def head_hip(pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton = HOUSE) -> Tensor:
    """(...,) the distance from hip to head, in the pose's unit."""
    hip, head = skeleton.indices("hip", "head")
    return torch.linalg.vector_norm(pose[..., head, :] - pose[..., hip, :], dim=-1)


def human36m_input(
    keypoints_px: Pose2D, skeleton: Skeleton = HOUSE, hip_mark: float = HIP_MARK
) -> tuple[Float[Tensor, "frames joints 2"], Float[Tensor, ""]]:
    """Human3.6M's key points, px, as the network takes them, and the factor of the whole split.

    About the hip, in half pictures, times ONE factor: 0.1 over the mean distance from hip to head.
    """
    about = (keypoints_px - keypoints_px.new_tensor(CENTRE_PX)) / HALF_PX
    about = _marked(about, skeleton, hip_mark)
    factor = 0.1 / head_hip(about, skeleton).mean()
    return factor * about, factor


def lsp_input(
    joints_px: Float[Tensor, "people 14 2"], released: bool = False
) -> Float[Tensor, "people 17 2"]:
    """Leeds Sports Pose's 14 joints, px, as the network takes them: joints of `YU_17`.

    The mean distance from hip to head is 0.1 over all people.
    released  x is divided by 55 and y by 90, half the width and height of a usual picture: people
              come out 1.6 times as wide as they are. By default both are divided by the same
    """
    joints = lsp_joints(joints_px)
    if released:
        joints = joints / joints.new_tensor([55.0, 90.0])
    about = _marked(joints, YU_17, HIP_MARK if released else 0.0)
    return about / head_hip(about, YU_17).mean() / 10


def lsp_joints(joints: Float[Tensor, "people 14 2"]) -> Float[Tensor, "people 17 2"]:
    """LSP's 14 joints as the released code makes 17 of them: thorax between the shoulders, hip
    between the hips, spine between these two, LSP's neck as neck_nose, its head top as head."""
    own = [LSP_14.index({"neck_nose": "neck"}.get(j, j)) for j in YU_17.joints if _marked_by_lsp(j)]
    between = {
        "thorax": joints[:, LSP_14.indices("left_shoulder", "right_shoulder")].mean(1),
        "hip": joints[:, LSP_14.indices("left_hip", "right_hip")].mean(1),
    }
    between["spine"] = (between["thorax"] + between["hip"]) / 2
    made = joints.new_empty(len(joints), len(YU_17), 2)
    made[:, [i for i, j in enumerate(YU_17.joints) if _marked_by_lsp(j)]] = joints[:, own]
    for joint, place in between.items():
        made[:, YU_17.index(joint)] = place
    return made


def _marked_by_lsp(joint: str) -> bool:
    return joint not in ("thorax", "hip", "spine")


def _marked(points: Tensor, skeleton: Skeleton, hip_mark: float) -> Tensor:
    """About the hip, whose own two numbers become `hip_mark`."""
    hip = skeleton.index("hip")
    about = points - points[:, hip : hip + 1]
    about[:, hip] = hip_mark
    return about


def to_house(points: Float[Tensor, "*batch joints dim"]) -> Float[Tensor, "*batch joints dim"]:
    """Joints of `YU_17` in house order."""
    return conversion(YU_17, HOUSE)(points)[0]


# --------------------------------------------------------------- the scale network's number, m


def extents(keypoints: Pose2D) -> Float[Tensor, "*batch 2"]:
    """Width and height of what a person covers in the picture."""
    return keypoints.amax(-2) - keypoints.amin(-2)


def middle_from_truth(
    keypoints: Pose2D, pose: Pose3D, skeleton: Skeleton = HOUSE
) -> Float[Tensor, " frames"]:
    """The number m of each frame as the released prior was made, which takes the true pose.

    keypoints  (frames, joints, 2) normalised; pose (frames, joints, 3) any unit
    m is the mean of s and of (width + height) / 2, where s is how much larger than the key points
    the true pose is in the picture, at a hip-to-head length of 1 and a distance of 10.
    """
    length = head_hip(pose, skeleton) + 1e-8
    placed = root_relative(pose, skeleton) / length[:, None, None]
    placed = placed + placed.new_tensor([0.0, 0.0, 10.0])
    factor = (extents(placed[..., :2] / placed[..., 2:]) / extents(keypoints)).mean(-1)
    return (factor + extents(keypoints).mean(-1)) / 2


def middle_from_keypoints(
    keypoints: Pose2D, share: float = 0.95, bones: int = 3, rounds: int = 10
) -> Float[Tensor, " frames"]:
    """The same from 2D alone, of one person or of people of one build (ours).

    keypoints  (frames, 17, 2) house joints, normalised in any way; many, of people in motion

    A bone looks longest where it lies across the view, and of 16 bones some always do. So the bones
    that look longest, each divided by its full length, show how large a person appears. A bone's
    full length is the length that `share` of the frames do not exceed, each frame divided by how
    large the person appears in it. We start with everybody of one size and iterate a few times.
    """
    seen = bone_lengths(keypoints, HOUSE)
    size = torch.ones_like(seen[:, 0])
    for _ in range(rounds):
        full = _quantile(seen / size.unsqueeze(1), share)
        size = (seen / full.clamp_min(1e-9)).topk(bones, dim=1).values.mean(1)
        size = size / size.median()
    full_length = _quantile((head_hip(keypoints) / size).unsqueeze(1), share)
    return (0.1 / (full_length * size) + extents(keypoints).mean(-1)) / 2


def _quantile(values: Float[Tensor, "frames columns"], share: float) -> Float[Tensor, " columns"]:
    """Of each column; torch's own refuses more than 16 million values."""
    place = round(share * (len(values) - 1)) + 1
    return torch.kthvalue(values, place, dim=0).values
