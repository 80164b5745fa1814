"""The input of the networks of Yu et al. 2021, and the statistic behind the scale network's prior.

Source: as in `network`. The input is prepared as in the released code. Our own trained lifters get
key points from `normalisations.root_centred`, which leaves out two oddities of that code: the hip
is written as 1e-5 instead of 0, and LSP's x and y are divided by different numbers.
"""

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.geometry import bone_lengths, root_relative
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE, LSP_14, YU_17, Skeleton, conversion

#: What the released code writes in place of the hip's 0, before everything is scaled.
HIP_MARK = 1e-5
#: The middle of a Human3.6M picture in the released code, px, and what it divides by.
CENTRE_PX, HALF_PX = (514.0435, 506.7003), 500.0


def head_hip(pose: Float[Tensor, "*batch joints dim"], skeleton: Skeleton = HOUSE) -> Tensor:
    """(...,) the distance from hip to head, in the pose's unit."""
    hip, head = skeleton.indices("hip", "head")
    return torch.linalg.vector_norm(pose[..., head, :] - pose[..., hip, :], dim=-1)


def human36m_input(
    keypoints_px: Pose2D, skeleton: Skeleton = HOUSE, hip_mark: float = HIP_MARK
) -> tuple[Float[Tensor, "frames joints 2"], Float[Tensor, ""]]:
    """Human3.6M's key points, px, prepared for the network; and the factor of the whole split.

    They are taken relative to the hip, in half pictures, and multiplied by ONE factor for all
    frames: 0.1 over the mean distance from hip to head.
    """
    about = (keypoints_px - keypoints_px.new_tensor(CENTRE_PX)) / HALF_PX
    about = _marked(about, skeleton, hip_mark)
    factor = 0.1 / head_hip(about, skeleton).mean()
    return factor * about, factor


def lsp_input(
    joints_px: Float[Tensor, "people 14 2"], released: bool = False
) -> Float[Tensor, "people 17 2"]:
    """Leeds Sports Pose's 14 joints, px, prepared for the network: joints of `YU_17`.

    The mean distance from hip to head is 0.1 over all people.
    released  False: x and y are divided by the same number. True: x is divided by 55 and y by 90,
              half the width and height of a usual picture, so people come out 1.6 times as wide as
              they are
    """
    joints = lsp_joints(joints_px)
    if released:
        joints = joints / joints.new_tensor([55.0, 90.0])
    about = _marked(joints, YU_17, HIP_MARK if released else 0.0)
    return about / head_hip(about, YU_17).mean() / 10


def lsp_joints(joints: Float[Tensor, "people 14 2"]) -> Float[Tensor, "people 17 2"]:
    """17 joints from LSP's 14, as in the released code.

    The thorax is put between the shoulders, the hip between the hips, and the spine between these
    two. LSP's neck becomes neck_nose, and its head top becomes head.
    """
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
    """Relative to the hip; the hip's own two numbers become `hip_mark`."""
    hip = skeleton.index("hip")
    about = points - points[:, hip : hip + 1]
    about[:, hip] = hip_mark
    return about


def to_house(points: Float[Tensor, "*batch joints dim"]) -> Float[Tensor, "*batch joints dim"]:
    """Joints of `YU_17` in house order."""
    return conversion(YU_17, HOUSE)(points)[0]


# --------------------------------------------------------------- the scale network's number, m


def extents(keypoints: Pose2D) -> Float[Tensor, "*batch 2"]:
    """Width and height of the box around a person in the picture."""
    return keypoints.amax(-2) - keypoints.amin(-2)


def middle_from_truth(
    keypoints: Pose2D, pose: Pose3D, skeleton: Skeleton = HOUSE
) -> Float[Tensor, " frames"]:
    """The number m of each frame, from the true pose: how the released prior was measured.

    keypoints  (frames, joints, 2)  normalised
    pose       (frames, joints, 3)  the true pose, any unit
    The true pose is scaled to a hip-to-head length of 1, put at a distance of 10, and projected.
    The factor s says how much larger it then is than the key points. m is the mean of s and of the
    extent, which is the mean of the person's width and height in the picture.
    """
    length = head_hip(pose, skeleton) + 1e-8
    placed = root_relative(pose, skeleton) / length[:, None, None]
    placed = placed + placed.new_tensor([0.0, 0.0, 10.0])
    factor = (extents(placed[..., :2] / placed[..., 2:]) / extents(keypoints)).mean(-1)
    return (factor + extents(keypoints).mean(-1)) / 2


def middle_from_keypoints(
    keypoints: Pose2D, share: float = 0.95, bones: int = 3, rounds: int = 10
) -> Float[Tensor, " frames"]:
    """The number m of each frame, from 2D alone; for people of one build. This is ours.

    keypoints  (frames, 17, 2)  house joints, normalised in any way; many frames of people in motion
    share      share of the frames in which a bone is not longer than its full length
    bones      how many bones show a person's size in a frame
    rounds     how often sizes and full lengths are computed from each other

    A bone looks longest where it lies across the view, and of 16 bones some always do. Each bone's
    length in the picture is divided by its full length, and the mean of the largest ratios says how
    large the person appears in this frame. The full length of a bone is the length that it does not
    exceed in `share` of the frames, after each frame is divided by that size. So we start with one
    size for everybody, and iterate.
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
    """The quantile of each column; torch's own refuses more than 16 million values."""
    place = round(share * (len(values) - 1)) + 1
    return torch.kthvalue(values, place, dim=0).values
