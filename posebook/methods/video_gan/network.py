"""The video GAN of bzhao96: 27 frames of key points in, an absolute pose of the middle frame out.

Two networks of one form: one for the pose about the hip, one for where the hip is, both in the
axes of a camera whose intrinsics are given. The form is VideoPose3D's strided one (Pavllo et al.
2019, arXiv:1811.11742) with a leaky ReLU after each sum instead of before it, biases, and neither
batch norm nor dropout.

Source: github.com/bzhao96/3d-human-pose, read for its facts. Taught in 14_video_gan. Its "temporal
critic" is never used there, and is not here; the critic is `repnet.network.RepNetCritic`, which
sees poses about the hip and never the root. Where we differ: the root lies on the hip's ray, see
`RootGenerator`.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.methods.repnet.inputs import FRAMES, ONE_CAMERA
from posebook.shapes import Pose3D
from posebook.skeletons import HOUSE

#: How far beside the hip's ray a root network's number 1 is, in x/z: six degrees.
BESIDE_RAY = 0.1
#: Where the hips of Human3.6M are on average, metres, camera axes: where a root network starts.
MEAN_ROOT_M = (0.0951, -0.3976, 5.1475)


class VideoGenerator(nn.Module):
    """A window of 27 frames of 2D joints to numbers for its middle frame.

    In:   (batch, 27, joints, 2), normalised key points
    Out:  (batch, outputs)

    joints, outputs  16, 48: the pose about the hip from key points about the hip (8,149,048
                     weights); 17, 3: the root from key points on the screen (8,110,003)
    width            units of a hidden layer; published 1000
    start            roughly the answer before training, such as `MEAN_ROOT_M`. The released code
                     holds this root, but does not use it
    """

    def __init__(
        self,
        joints: int = 16,
        outputs: int = 48,
        width: int = 1000,
        slope: float | int = 0.01,
        start: tuple[float, ...] | None = None,
    ):
        super().__init__()
        self.slope = slope
        # A convolution over three frames that do not overlap is a matrix on three frames.
        self.first = nn.Linear(3 * 2 * joints, width)
        self.blocks = nn.ModuleList(
            nn.ModuleList([nn.Linear(3 * width, width), nn.Linear(width, width)]) for _ in range(2)
        )
        self.last = nn.Linear(width, outputs)
        if start is not None:
            with torch.no_grad():
                self.last.bias += torch.tensor(start)

    def forward(
        self, windows: Float[Tensor, "batch 27 joints 2"]
    ) -> Float[Tensor, "batch outputs"]:
        if windows.shape[1] != FRAMES:
            raise InputError(f"windows of {windows.shape[1]} frames; expected {FRAMES}")
        hidden = windows.flatten(2)  # (batch, 27, 2 joints); 9, 3 and 1 rows are left
        return self._network(hidden, lambda rows: rows.unflatten(1, (-1, 3)).unbind(2)).squeeze(1)

    def every_frame(
        self, clip: Float[Tensor, "frames joints 2"]
    ) -> Float[Tensor, "frames outputs"]:
        """As `forward` on each frame's window, for a clip of any length; its ends are repeated.

        Neighbouring windows share most of their rows. Each row is computed once, which is a
        thirteenth of the work.
        """
        if not len(clip):
            return clip.new_zeros(0, self.last.out_features)
        half = FRAMES // 2
        padded = torch.cat([clip[:1].expand(half, -1, -1), clip, clip[-1:].expand(half, -1, -1)])
        gap = 1

        def around(rows: Tensor) -> tuple[Tensor, ...]:
            nonlocal gap
            count = rows.shape[1] - 2 * gap
            found = tuple(rows[:, start : start + count] for start in (0, gap, 2 * gap))
            gap *= 3
            return found

        return self._network(padded.flatten(1).unsqueeze(0), around).squeeze(0)

    def _network(self, hidden: Tensor, triples) -> Tensor:
        """triples  (batch, rows, channels) -> the rows before, at and after each place"""
        hidden = self._active(self.first(torch.cat(triples(hidden), -1)))
        for wide, same in self.blocks:
            three = triples(hidden)
            inner = same(self._active(wide(torch.cat(three, -1))))
            hidden = self._active(inner + three[1])
        return self.last(hidden)

    def _active(self, values: Tensor) -> Tensor:
        return functional.leaky_relu(values, self.slope)


def along_ray(
    numbers: Float[Tensor, "*batch 3"],
    hip: Float[Tensor, "*batch 2"],
    camera: Float[Tensor, "4"],
) -> Float[Tensor, "*batch 3"]:
    """A root network's numbers (..., 3) to a place, metres, camera axes.

    numbers  how far beside the ray of the key point, in x and in y, in units of `BESIDE_RAY`; then
             the depth in metres
    hip      (..., 2)  the hip's key point on the screen
    camera   (4,)      fx, fy, cx, cy in the screen's unit
    """
    depth = numbers[..., 2:]
    ray = (hip - camera[2:]) / camera[:2]
    return torch.cat([depth * (ray + BESIDE_RAY * numbers[..., :2]), depth], -1)


class RootGenerator(VideoGenerator):
    """Where the hip of the middle frame is: (batch, 27, 17, 2) -> (batch, 3), metres, camera axes.

    on_ray  True, ours: the network's numbers are the depth, and how far the hip lies beside the ray
            of its key point. Then one number moves a person back. False, as released: its numbers
            are the coordinates. Then all three must change together when a person moves back, and
            the network learns hardly more than the mean root.
    """

    def __init__(self, width: int = 1000, slope: float | int = 0.01, on_ray: bool = True):
        start = (0.0, 0.0, MEAN_ROOT_M[2]) if on_ray else MEAN_ROOT_M
        super().__init__(len(HOUSE), 3, width, slope, start)
        self.on_ray = on_ray

    def forward(self, windows: Float[Tensor, "batch 27 17 2"]) -> Float[Tensor, "batch 3"]:
        return self._place(super().forward(windows), windows[:, FRAMES // 2])

    def every_frame(self, clip: Float[Tensor, "frames 17 2"]) -> Float[Tensor, "frames 3"]:
        return self._place(super().every_frame(clip), clip)

    def _place(self, numbers: Tensor, seen: Tensor) -> Tensor:
        if not self.on_ray:
            return numbers
        return along_ray(numbers, seen[:, HOUSE.index("hip")], numbers.new_tensor(ONE_CAMERA))


class VideoGan(nn.Module):
    """Both generators: windows of key points to absolute poses, metres, camera axes.

    In:   (batch, 27, 17, 2)  house joints on the screen of `repnet.inputs.ONE_CAMERA`, -1 to 1
    Out:  (batch, 17, 3)

    root_on_ray  `RootGenerator` says what it is; False as published
    Training uses the halves by themselves: `relative`, `root` and `join`.
    """

    def __init__(self, width: int = 1000, slope: float | int = 0.01, root_on_ray: bool = True):
        super().__init__()
        self.pose = VideoGenerator(16, 48, width, slope)
        self.root = RootGenerator(width, slope, root_on_ray)

    def forward(self, windows: Float[Tensor, "batch 27 17 2"]) -> Pose3D:
        return absolute(self.root(windows), self.relative(windows))

    def every_frame(self, clip: Float[Tensor, "frames 17 2"]) -> Pose3D:
        """(frames, 17, 3) for a clip of any length; as `forward` on each frame's window."""
        pose = self.pose.every_frame(_about_hip(clip)).unflatten(-1, (16, 3))
        return absolute(self.root.every_frame(clip), pose)

    def relative(self, windows: Float[Tensor, "batch 27 17 2"]) -> Float[Tensor, "batch 16 3"]:
        """The poses about the hip alone: what a critic sees, for half the work."""
        return self.pose(_about_hip(windows)).unflatten(-1, (16, 3))

    @staticmethod
    def join(root: Float[Tensor, "*batch 3"], pose: Float[Tensor, "*batch 16 3"]) -> Pose3D:
        return absolute(root, pose)


def _about_hip(keypoints: Tensor) -> Tensor:
    """(..., 16, 2): the others of (..., 17, 2) house joints about the hip, which is the first."""
    return root_relative(keypoints, HOUSE)[..., 1:, :]


def absolute(root: Float[Tensor, "*batch 3"], pose: Float[Tensor, "*batch 16 3"]) -> Pose3D:
    """(..., 17, 3): the hip at the root, the sixteen others about it, in house order."""
    root = root.unsqueeze(-2)
    return torch.cat([root, root + pose], -2)
