"""The clips of chapter 14 on one plain camera's screen, and their windows of 27 frames.

`Frames` holds all clips of a data set in one tensor. `smoothed` is the plain rival of a network
that sees time. Taught in 14_video_gan.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional

from posebook.datasets.clips import Clip, PoseDataset
from posebook.geometry import root_relative
from posebook.key_points import bridge_frames
from posebook.methods.repnet import inputs
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE


def redrawn(clip: Clip) -> Pose2D:
    """(frames, 17, 2) on the screen of `repnet.inputs.ONE_CAMERA`; gaps are bridged in time."""
    screen = inputs.one_camera(clip.camera.rays(clip.keypoints_px.double()))
    joints = [bridge_frames(joint)[0] for joint in screen.unbind(1)]
    return torch.stack(joints, 1).nan_to_num().float()


def with_truth(people: PoseDataset, every: int) -> PoseDataset:
    """Every n-th clip, without those whose camera or true pose is not known."""
    chosen = {id(clip) for clip in people.clips[::every]}
    return people.where(
        lambda clip: (
            id(clip) in chosen
            and clip.camera is not None
            and bool(torch.isfinite(clip.pose_mm).all())
        )
    )


class Frames:
    """The frames of all clips, one clip after the other, float32.

    screen         (frames, 17, 2)  key points on the one camera's screen, -1 to 1
    pose           (frames, 17, 3)  true poses, absolute, metres, camera axes
    clip_of_frame  (frames,)        the number of each frame's clip
    spans          where each clip begins and ends, as slices
    """

    def __init__(self, people: PoseDataset):
        self.screen = torch.cat([redrawn(clip) for clip in people])
        self.pose = people.pose_mm.float() / 1000
        self.clip_of_frame = people.clip_of_frame
        lengths = torch.tensor([len(clip) for clip in people.clips])
        self._first = lengths.cumsum(0) - lengths
        self._last = self._first + lengths - 1
        self.spans = [
            slice(int(a), int(b) + 1) for a, b in zip(self._first, self._last, strict=True)
        ]

    def __len__(self) -> int:
        return len(self.screen)

    def rows(self, frame: Int[Tensor, " windows"]) -> Int[Tensor, "windows 27"]:
        """The window of each frame; beyond a clip's ends its first or last frame is repeated."""
        clip = self.clip_of_frame.to(frame.device)[frame]
        first, last = self._first.to(frame.device)[clip], self._last.to(frame.device)[clip]
        return inputs.window_rows(frame, first, last)

    @property
    def about_hip(self) -> Pose3D:
        """(frames, 17, 3) metres."""
        return root_relative(self.pose, HOUSE)


def smoothed(pose_mm: Pose3D, spans: Sequence[slice], width: float = 3.0) -> Pose3D:
    """Each joint's path through each clip, by a Gaussian mean over time.

    pose_mm  (frames, 17, 3)      spans  the clips      width  standard deviation, frames
    """
    offset = torch.arange(-13, 14)
    bell = torch.exp(-0.5 * (offset / width) ** 2)
    bell = (bell / bell.sum()).view(1, 1, -1)
    parts = []
    for clip in spans:
        paths = pose_mm[clip].flatten(1).T.unsqueeze(1)
        paths = functional.conv1d(functional.pad(paths, (13, 13), mode="replicate"), bell)
        parts.append(paths.squeeze(1).T.unflatten(1, (17, 3)))
    return torch.cat(parts)
