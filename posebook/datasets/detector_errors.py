"""What a 2D detector does to true key points: errors like those of networks that look at pictures.

Facts: detectors' errors are mostly small jitter of a few per cent of the person's size, plus
rare gross ones: misses, swaps of left and right, and jumps to somewhere else (Ronchi & Perona,
"Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017). Hips and ankles
are found less exactly than eyes and wrists (COCO's per-joint sigmas, cocodataset.org), and blur
makes fast joints worse. Taught in 04_datasets.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from posebook.datasets.clips import Clip
from posebook.datasets.readers.files import frame_rate
from posebook.errors import InputError
from posebook.key_points import extent_of

#: How exactly people mark a joint: one standard deviation over the square root of the person's
#: area, from COCO's sigmas (its table is twice these); joints COCO lacks take a neighbour's.
_SIGMA = {
    "nose": 0.026, "eye": 0.025, "ear": 0.035, "head": 0.035, "neck": 0.05, "upper_neck": 0.05,
    "neck_nose": 0.035, "thorax": 0.06, "spine": 0.09, "hip": 0.08, "shoulder": 0.079,
    "elbow": 0.072, "wrist": 0.062, "knee": 0.087, "foot": 0.089,
}  # fmt: skip
_SIGMA_OF_OTHERS = 0.09


@dataclass(frozen=True)
class Errors:
    """How bad the detector is. Rates are per joint and second unless they say otherwise.

    jitter    size of the ordinary error, in COCO's standard deviations of human markers
    blur      what speed adds: the same, per picture-person-height moved in a second
    slow      share of the jitter that stays from frame to frame, for half a second or so
    miss      how often a joint gets lost; it stays lost for about `miss_seconds`
    swap      how often, per pair of limbs, left and right are exchanged, for `swap_seconds`
    outlier   how often a joint jumps to somewhere else on the person or near it, for one frame
    """

    jitter: float = 0.35
    blur: float = 0.3
    slow: float = 0.6
    miss: float = 0.04
    miss_seconds: float = 0.3
    swap: float = 0.03
    swap_seconds: float = 0.15
    outlier: float = 0.08

    def __post_init__(self):
        for name, value in vars(self).items():
            if not 0 <= value < math.inf or (name == "slow" and value > 1):
                most = ", at most 1" if name == "slow" else ""
                raise InputError(f"errors: {name} is {value}; expected a number from 0 on{most}")


def detect(clip: Clip, generator: torch.Generator, errors: Errors | None = None) -> Clip:
    """The clip as a detector would give it: noisy, gappy key points with a confidence each.

    The 3D truth stays. Joints without a key point stay without one. A missing joint is NaN with
    confidence 0; elsewhere confidence falls as the error that was drawn grows, with noise of its
    own, so that it is a hint and no more.
    """
    errors = errors or Errors()
    points, seen = clip.keypoints_px, clip.confidence > 0
    if not len(clip):
        return clip
    # Not any number: what drifts lasts for some tenths of a second, however many frames they are.
    rate = frame_rate(clip.frames_per_second or None, f"{clip.name}: frames_per_second") or 30.0
    size = extent_of(points, seen).clamp(min=20.0)  # the person's height, px
    sigma = torch.tensor([_sigma(joint) for joint in clip.skeleton.joints]).to(points)
    draw = _Draw(points, generator)

    # A person's area is about a fifth of the square of their height.
    unit = sigma * (0.2**0.5) * size.unsqueeze(-1)
    speed = _speed(points, size, rate)
    spread = unit * (errors.jitter + errors.blur * speed)
    slow = draw.drifting(max(0.15 * rate, 0.5))
    wobble = errors.slow**0.5 * slow + (1 - errors.slow) ** 0.5 * draw.normal(2)
    moved = spread.unsqueeze(-1) * wobble

    swapped = _swapped(clip, draw, errors, rate)
    noisy = torch.where(swapped.unsqueeze(-1), clip.skeleton.swap_sides(points), points)
    noisy = noisy + moved
    jumped = draw.unit() < errors.outlier / rate
    jump = 0.35 * size[:, None, None] * draw.normal(2)
    noisy = torch.where(jumped.unsqueeze(-1), noisy + jump, noisy)

    lost = draw.spells(errors.miss / rate, errors.miss_seconds * rate)
    off = torch.linalg.vector_norm(moved + jumped.unsqueeze(-1) * jump, dim=-1) / unit
    confidence = torch.exp(-0.08 * off.square()) * (1 - 0.3 * draw.unit().square())
    confidence = torch.where(swapped, 0.8 * confidence, confidence).clamp(0.05, 1.0)
    found = seen & ~lost & torch.isfinite(noisy).all(-1)
    return replace(
        clip,
        keypoints_px=torch.where(found.unsqueeze(-1), noisy, torch.nan),
        confidence=torch.where(found, confidence, 0.0).to(clip.confidence),
        notes=(*clip.notes, "keypoints carry a detector's errors"),
    )


def detect_all(clips: Iterable[Clip], seed: int) -> list[Clip]:
    """`detect` on clip after clip; the same seed and clips give the same errors."""
    generator = torch.Generator().manual_seed(seed)
    return [detect(clip, generator) for clip in clips]


def _sigma(joint: str) -> float:
    name = joint.removeprefix("left_").removeprefix("right_")
    return _SIGMA.get(name, _SIGMA_OF_OTHERS)


class _Draw:
    """Random numbers of the shape of a clip, always float64, so that a seed means one thing."""

    def __init__(self, points: Tensor, generator: torch.Generator):
        self.shape, self.generator, self.like = points.shape[:2], generator, points

    def unit(self) -> Tensor:
        drawn = torch.rand(*self.shape, generator=self.generator, dtype=torch.float64)
        return drawn.to(self.like)

    def normal(self, channels: int) -> Tensor:
        shape = (*self.shape, channels)
        return torch.randn(shape, generator=self.generator, dtype=torch.float64).to(self.like)

    def drifting(self, frames: float) -> Tensor:
        """Noise (frames, joints, 2) of deviation 1 that lasts for some `frames`."""
        half = math.ceil(2 * frames)
        offset = torch.arange(-half, half + 1, dtype=torch.float64)
        kernel = torch.exp(-0.5 * (offset / frames).square())
        kernel = (kernel / kernel.square().sum().sqrt()).view(1, 1, -1)
        length, joints = self.shape
        shape = (2 * joints, 1, length + 2 * half)
        fresh = torch.randn(shape, generator=self.generator, dtype=torch.float64)
        slow = torch.nn.functional.conv1d(fresh, kernel).view(joints, 2, length)
        return slow.permute(2, 0, 1).to(self.like)

    def spells(self, start: float, frames: float) -> Tensor:
        """True (frames, joints) in spells that begin with chance `start` in a frame."""
        begins = self.unit() < start
        length = (-frames * torch.log1p(-self.unit())).ceil().clamp(min=1)
        now = torch.arange(len(begins), dtype=length.dtype).unsqueeze(1)
        until = torch.where(begins, now + length, 0.0).cummax(0).values
        return until > now


def _speed(points: Tensor, size: Tensor, rate: float) -> Tensor:
    """(frames, joints): picture heights of the person per second; 0 where it is not known."""
    if len(points) < 2:
        return torch.zeros_like(points[..., 0])
    step = torch.linalg.vector_norm(points[1:] - points[:-1], dim=-1).nan_to_num(0.0)
    return torch.cat([step[:1], step]) * rate / size.unsqueeze(-1)


def _swapped(clip: Clip, draw: _Draw, errors: Errors, rate: float) -> Tensor:
    """True (frames, joints) where left and right are exchanged: arms or legs as a whole."""
    spells = draw.spells(errors.swap / rate, errors.swap_seconds * rate)
    arms = ("shoulder", "elbow", "wrist", "hand", "clavicle")
    legs = ("hip", "knee", "foot", "heel", "toe", "big_toe", "small_toe", "toe_base")
    swapped = torch.zeros_like(spells)
    for column, limbs in enumerate((arms, legs)):
        for index, joint in enumerate(clip.skeleton.joints):
            if joint.startswith(("left_", "right_")) and joint.split("_", 1)[1] in limbs:
                swapped[:, index] = spells[:, column]
    return swapped
