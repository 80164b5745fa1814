"""The virtual right camera: the same person, moved sideways, seen by the same camera.

Source: L. Wang, Y. Chen, Z. Guo, K. Qian, M. Lin, H. Li, J. S. Ren, "Generalizing Monocular 3D
Human Pose Estimation in the Wild", ICCV 2019 workshops, arXiv:1904.05512, and the code that was
released with it. Taught in 11_label_generator. The released right-view script only projects: its
input was moved before, and how far is not in the code. The paper says about 500 mm.

Neither view has a lens: both are pinhole pictures. So a point has the same v in both, and, about
the hip, the two pictures differ by 17 small numbers: f_x shift (1 / Z_joint - 1 / Z_hip).
"""

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor

from posebook.cameras import Camera, human36m_rig
from posebook.geometry import root_relative
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE, Skeleton

#: How far the person is moved along +x, mm. That is a camera moved to its LEFT, although the paper
#: calls the picture the right view; the sign is kept so that numbers can be compared.
SHIFT_MM = 500.0


def pinhole(camera: Camera) -> Camera:
    """The camera with the same intrinsics and no lens."""
    return replace(camera, radial=torch.zeros(3), tangential=torch.zeros(2), ray_limit=None)


def _plain(fx: float, fy: float, cx: float, cy: float) -> Camera:
    pair = dict(dtype=torch.float64)
    return Camera(torch.tensor([fx, fy], **pair), torch.tensor([cx, cy], **pair))


#: Human3.6M's first camera without its lens: what the release uses for every picture, also for
#: those of other cameras. Nothing takes it unless it is named.
HUMAN36M = pinhole(human36m_rig("S1")[0])
#: The intrinsics as they stand in the released scripts. The right-view script has the principal
#: point's two numbers exchanged; after poses are taken about the hip, that changes nothing.
RELEASED_SEARCH = _plain(1145.049, 1143.781, 512.0, 515.0)
RELEASED_RIGHT_VIEW = _plain(1145.0, 1143.0, 515.0, 512.0)


def stereo_pair(
    pose_mm: Pose3D, camera: Camera, shift_mm: float | int = SHIFT_MM
) -> tuple[Pose2D, Pose2D]:
    """The left and the right view of a pose, px.

    pose_mm   (..., joints, 3)  camera axes, absolute, mm, z > 0
    camera    its intrinsics serve both views; its lens is left out
    shift_mm  how far the person is moved along +x for the right view
    """
    eye = pinhole(camera)
    moved_mm = pose_mm + pose_mm.new_tensor([shift_mm, 0.0, 0.0])
    return eye.project(pose_mm), eye.project(moved_mm)


def relative_disparity(
    left_px: Pose2D, right_px: Pose2D, skeleton: Skeleton = HOUSE
) -> Float[Tensor, "*batch joints"]:
    """How much further than the hip each joint moves from the left view to the right, px.

    left_px, right_px  (..., joints, 2)  absolute, or about the hip
    It is all that the right view adds: nearer joints move more. The hip's is 0.
    """
    return (root_relative(right_px, skeleton) - root_relative(left_px, skeleton))[..., 0]


def disparity_error(
    found_px: Pose2D, right_px: Pose2D, skeleton: Skeleton = HOUSE
) -> Float[Tensor, "*batch joints"]:
    """How far a synthesised right view is off in u, about the hip, px.

    The release counts joints within half a head's length of the true right view (PCKh). That says
    nothing: a copy of the LEFT view reaches 100 %. Compare this error with that of the left view,
    `disparity_error(left_px, right_px)`.
    """
    return relative_disparity(right_px, found_px, skeleton).abs()
