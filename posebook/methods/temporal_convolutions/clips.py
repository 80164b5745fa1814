"""The clips that a temporal network learns from and is scored on, and people turned in them.

Taught in 07_temporal_convolutions. `Frames` holds all clips in one tensor. `OtherViews` makes
training batches from it in which most people are turned, and `lift_frames` lifts every frame.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from posebook import geometry
from posebook.cameras import normalise_screen
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.windows import Windows
from posebook.key_points import bridge_frames
from posebook.methods.temporal_convolutions import losses
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE

HIP = HOUSE.index("hip")


class Frames:
    """The frames of all clips of a data set, one clip after the other, float32.

    people       house joints, with truth and cameras
    seen         (frames, 17, 2)  key points, screen units; missed ones are bridged in time
    absolute_mm  (frames, 17, 3)  true poses, camera axes
    pose_mm      (frames, 17, 3)  true poses about the hip, camera axes
    lengths      how many frames each clip has
    """

    def __init__(self, people: PoseDataset):
        self.clips = people.clips
        self.lengths = [len(clip) for clip in people]
        self.seen = torch.cat([on_screen(clip) for clip in people])
        self.absolute_mm = people.pose_mm.float()
        self.pose_mm = geometry.root_relative(people.pose_mm, HOUSE).float()

    def __len__(self) -> int:
        return len(self.seen)

    @property
    def spans(self) -> list[slice]:
        """Where each clip begins and ends."""
        ends = torch.tensor(self.lengths).cumsum(0).tolist()
        return [slice(end - length, end) for end, length in zip(ends, self.lengths, strict=True)]

    def mixed(self, seed: int) -> Int[Tensor, " frames"]:
        """An order of all frames: each clip keeps its place, and its own frames are shuffled."""
        draw = torch.Generator().manual_seed(seed)
        return torch.cat(
            [s.start + torch.randperm(s.stop - s.start, generator=draw) for s in self.spans]
        )


def on_screen(clip: Clip) -> Pose2D:
    """(frames, 17, 2) screen units; missed joints are bridged in time by a straight line."""
    seen = normalise_screen(clip.keypoints_px, *clip.size_px)
    joints = [bridge_frames(seen[:, joint])[0] for joint in range(len(HOUSE))]
    return torch.stack(joints, 1).nan_to_num().float()


class OtherViews:
    """Batches of windows in which people are turned about the vertical line through their hips.

    share  of the windows in which people are turned, by any angle. Their key points are projected
           anew by the clip's own camera, and keep the errors that the detector made

    Ours: a network can recognise a clip by its window and then ignore the motion. From turned
    people it learns more than the few views of the data.
    """

    def __init__(self, frames: Frames, share: float = 0.7):
        self.frames, self.share = frames, share
        self.cameras = losses.screen_intrinsics([clip.camera for clip in frames.clips])
        exact = torch.cat(
            [
                losses.project_to_screen(frames.absolute_mm[span], lens)
                for span, lens in zip(frames.spans, self.cameras, strict=True)
            ]
        )
        self.errors = frames.seen - exact  # a detector's, and rounding
        #: The direction upwards in each clip's camera axes.
        self.upright = torch.stack([-clip.camera.rotation[:, 2] for clip in frames.clips]).float()

    def windows(
        self, order: Int[Tensor, " frames"], size: int, padding: tuple[int, int]
    ) -> Windows:
        """Windows over the frames in this order; `drop_last` refuses a batch beyond the data."""
        inputs = dict(errors=self.errors[order], absolute_mm=self.frames.absolute_mm[order])
        return Windows(inputs, {}, self.frames.lengths, size, padding, drop_last=True)

    def take(
        self, windows: Windows, draw: torch.Generator
    ) -> tuple[Float[Tensor, "batch window 17 2"], Float[Tensor, "batch 1 17 3"]]:
        """A batch of windows from anywhere: key points, and the poses (mm) of the middle frames."""
        batch = anywhere(windows, draw)
        pose_mm, count = batch["absolute_mm"], len(batch["clip"])
        axis = self.upright[batch["clip"].cpu()].to(pose_mm)
        axis[batch["mirrored"]] *= torch.tensor([-1.0, 1.0, 1.0]).to(pose_mm)
        angle = 2 * math.pi * torch.rand(count, generator=draw)
        angle = (angle * (torch.rand(count, generator=draw) < self.share)).to(pose_mm)
        rotation = geometry.axis_angle_to_matrix(angle.unsqueeze(1) * axis).unsqueeze(1)
        middle = pose_mm.shape[1] // 2
        centre = pose_mm[:, middle, HIP][:, None, None]
        turned_mm = centre + (pose_mm - centre) @ rotation.mT
        lens = losses.flip_intrinsics(self.cameras.to(pose_mm)[batch["clip"]], batch["mirrored"])
        seen = losses.project_to_screen(turned_mm, lens.unsqueeze(1)) + batch["errors"]
        middle_mm = turned_mm[:, middle : middle + 1]
        return seen, middle_mm - middle_mm[..., [HIP], :]


def anywhere(windows: Windows, draw: torch.Generator) -> dict[str, Tensor]:
    """A batch of windows from anywhere in the data, plain or mirrored."""
    return windows.take(torch.randint(windows.count, (windows.items_in_batch,), generator=draw))


def lift_frames(
    network: nn.Module, seen: Pose2D, lengths: Sequence[int], device: torch.device | str
) -> Pose3D:
    """(frames, 17, 3) mm about the hip: each clip lifted as a whole, in evaluation mode.

    network  has `lift`: (frames, 17, 2) of one clip -> (frames, 17, 3) mm
    seen     (frames, 17, 2)  screen units, all clips
    lengths  frames of each clip

    As in the paper, a pose is the mean of the pose from the picture and that from its mirror image.
    """
    network.to(device).eval()
    lifted = []
    with torch.no_grad():
        for keypoints in seen.split(list(lengths)):
            keypoints = keypoints.to(device)
            mirrored = HOUSE.flip(network.lift(HOUSE.flip(keypoints)))
            lifted.append((network.lift(keypoints) + mirrored).cpu() / 2)
    pose_mm = torch.cat(lifted)
    pose_mm[:, HIP] = 0
    return pose_mm
