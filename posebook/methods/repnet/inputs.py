"""The input of the networks of chapters 13 and 14: both published normalisations, and windows.

Sources as in `network`. bzhao96 maps all poses alike: pixels are divided by half a picture,
millimetres by 1000. The original normalises each pose by its own mean and standard deviation.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

from posebook.geometry import root_relative
from posebook.shapes import Points2D, Pose2D, Pose3D
from posebook.skeletons import HOUSE

#: Width and height, px, that bzhao96 assumes for every picture. Human3.6M's differ by up to 2 px.
PICTURE_PX = 1000.0
#: A plain camera much like Human3.6M's four: fx, fy, cx, cy in the unit of `on_screen`.
ONE_CAMERA = (2.29, 2.29, 0.0, 0.0)
FRAMES = 27  # of a window: thirteen before its middle frame and thirteen after


def on_screen(points_px: Points2D, width_px: float | int = PICTURE_PX) -> Points2D:
    """Pixels to -1 ... 1 across a picture that is as high as wide."""
    return 2 * points_px / width_px - 1


def about_hip(keypoints_px: Pose2D, width_px: float | int = PICTURE_PX) -> Pose2D:
    """(..., 17, 2): house joints relative to the hip, divided by half the picture's width.

    The size of the person is kept: someone who comes nearer looks larger, as in the picture.
    """
    return 2 / width_px * root_relative(keypoints_px, HOUSE)


def intrinsics(
    focal_px: Float[Tensor, "*batch 2"],
    centre_px: Float[Tensor, "*batch 2"],
    width_px: float | int = PICTURE_PX,
) -> Float[Tensor, "*batch 4"]:
    """(..., 4): focal lengths and centre (fx, fy, cx, cy) in the unit of `on_screen`; no lens."""
    return torch.cat([2 / width_px * focal_px, on_screen(centre_px, width_px)], -1)


def one_camera(rays: Points2D) -> Points2D:
    """Where `ONE_CAMERA`, which has no distortion, sees the directions (x/z, y/z).

    This is ours. bzhao96 uses each camera's own picture, and its networks do not know the focal
    length. With redrawn pictures, one network serves all cameras whose intrinsics are known.
    """
    focal, centre = rays.new_tensor(ONE_CAMERA).split(2)
    return focal * rays + centre


def metres_about_hip(pose_mm: Pose3D) -> Pose3D:
    """(..., 17, 3): mm in, metres relative to the hip out."""
    return root_relative(pose_mm, HOUSE) / 1000


def by_itself(
    keypoints_px: Float[Tensor, "*batch 16 2"], upwards: bool = True
) -> Float[Tensor, "*batch 16 2"]:
    """The original's normalisation: subtract the joints' mean, divide by the deviation of all 32.

    upwards  True: y points up, as in the original's training; its released evaluation has y down
    If all joints lie on one point, all numbers become zero.
    """
    about = keypoints_px - keypoints_px.mean(-2, keepdim=True)
    spread = about.square().mean((-1, -2), keepdim=True).sqrt()
    about = about / torch.where(spread == 0, 1.0, spread)  # where joints are missing, NaN stays
    return about * about.new_tensor([1.0, -1.0]) if upwards else about


def window_rows(
    frame: Int[Tensor, " windows"],
    first: Int[Tensor, " windows"] | int,
    last: Int[Tensor, " windows"] | int,
) -> Int[Tensor, "windows 27"]:
    """Rows of the 27 frames around each frame of its clip, whose first and last rows are given.

    Beyond the ends of a clip, its first or last frame is repeated. The released code repeats at one
    end only, so clips shorter than 27 frames give it shorter windows. Only rows are returned: a
    tensor of all windows would be 27 times as large as the clip.
    """
    reach = torch.arange(FRAMES, device=frame.device) - FRAMES // 2
    rows = frame.unsqueeze(-1) + reach
    low, high = (torch.as_tensor(end, device=frame.device) for end in (first, last))
    return rows.clamp(low.unsqueeze(-1), high.unsqueeze(-1))
