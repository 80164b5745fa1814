"""The one in-memory form of data: people in motion, and people seen by a camera.

A `Motion` is what motion capture gives: joints in the world. A `Clip` is what a camera makes of
one: keypoints in the picture, and, where the truth is known, the pose in camera axes. A
`PoseDataset` is a list of clips and the tensors a training loop wants. Taught in 04_datasets.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import torch
from torch import Tensor

from posebook.cameras import Camera
from posebook.errors import InputError, printable
from posebook.skeletons import HOUSE, Skeleton


def _show_only(held: "Motion | Clip | PoseDataset", *names: str) -> None:
    """Names and notes come from files: as text that a terminal, a table and a page only show."""
    for name in (*names, "name"):
        object.__setattr__(held, name, printable(getattr(held, name)))
    object.__setattr__(held, "notes", tuple(map(printable, held.notes)))


@dataclass(frozen=True)
class Motion:
    """Joints of one person in the world.

    world_mm  (frames, joints, 3)  right-handed, z up, mm; NaN where a joint is not known
    notes     what a reader had to say: unit and axes recognised, joints invented
    """

    name: str
    world_mm: Tensor
    frames_per_second: float
    skeleton: Skeleton = HOUSE
    subject: str = ""
    action: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        _show_only(self, "subject", "action")

    def __len__(self) -> int:
        return len(self.world_mm)

    def seen_by(self, camera: Camera, found: tuple[Tensor, Tensor] | None = None) -> "Clip":
        """Project with a camera: keypoints with confidence 1 in front of it, missing behind it.

        found  (keypoints_px, confidence) that a detector gave for the same frames; then nothing is
               projected, and the clip is as long as the shorter of motion and key points
        """
        if found is None:
            pose_mm = camera.to_camera(self.world_mm)
            keypoints_px = camera.project(pose_mm)
            seen = torch.isfinite(keypoints_px).all(-1) & (pose_mm[..., 2] > 0)
            keypoints_px = torch.where(seen.unsqueeze(-1), keypoints_px, torch.nan)
            confidence = seen.to(pose_mm)
        else:
            frames = min(len(self), len(found[0]))
            pose_mm = camera.to_camera(self.world_mm[:frames])
            keypoints_px, confidence = found[0][:frames], found[1][:frames]
        return Clip(
            name=f"{self.name}/{camera.name}" if camera.name else self.name,
            skeleton=self.skeleton,
            frames_per_second=self.frames_per_second,
            keypoints_px=keypoints_px,
            confidence=confidence,
            pose_mm=pose_mm,
            camera=camera,
            size_px=camera.size_px,
            subject=self.subject,
            action=self.action,
            notes=self.notes,
        )


@dataclass(frozen=True)
class Clip:
    """One person in one camera.

    keypoints_px  (frames, joints, 2)  x right, y down, origin top left; NaN where missing
    confidence    (frames, joints)     0 where missing; else as the detector gave it, on its own
                                       scale, which `Lifter.lift` brings to [0, 1]
    pose_mm       (frames, joints, 3)  camera axes, absolute, mm; None where there is no truth
    size_px       (width, height) of the picture; None where it is not known
    notes         what a reader had to say: joints invented, people left out, gaps filled
    """

    name: str
    skeleton: Skeleton
    frames_per_second: float | None
    keypoints_px: Tensor
    confidence: Tensor
    pose_mm: Tensor | None = None
    camera: Camera | None = None
    size_px: tuple[int, int] | None = None
    subject: str = ""
    action: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        _show_only(self, "subject", "action")

    def __len__(self) -> int:
        return len(self.keypoints_px)

    def every(self, step: int) -> "Clip":
        """Each `step`-th frame; the frames per second go down with it."""
        rate = None if self.frames_per_second is None else self.frames_per_second / step
        return replace(
            self,
            keypoints_px=self.keypoints_px[::step],
            confidence=self.confidence[::step],
            pose_mm=None if self.pose_mm is None else self.pose_mm[::step],
            frames_per_second=rate,
        )


@dataclass(frozen=True)
class PoseDataset:
    """Clips that share a skeleton, and their frames as tensors.

    name    as the source names itself: what `results.json` calls the data
    terms   licence or terms of use, in a few words
    """

    name: str
    split: str
    clips: tuple[Clip, ...]
    terms: str = ""
    notes: tuple[str, ...] = ()

    def __post_init__(self):
        _show_only(self, "split", "terms")
        if not self.clips:
            raise InputError(f"{self.name} {self.split}: no clips; check subjects and actions")

    def __len__(self) -> int:
        """Frames over all clips."""
        return sum(len(clip) for clip in self.clips)

    def __iter__(self) -> Iterator[Clip]:
        return iter(self.clips)

    @property
    def skeleton(self) -> Skeleton:
        return self.clips[0].skeleton

    @property
    def frames_per_second(self) -> float | None:
        """What all clips have; None where it is not known, or not the same in all of them."""
        rates = {clip.frames_per_second for clip in self.clips}
        return rates.pop() if len(rates) == 1 else None

    def where(self, keep: Callable[[Clip], bool]) -> "PoseDataset":
        """The clips that `keep(clip)` is true for."""
        return replace(self, clips=tuple(clip for clip in self.clips if keep(clip)))

    def every(self, step: int) -> "PoseDataset":
        return replace(self, clips=tuple(clip.every(step) for clip in self.clips))

    def thinned(self, most: int) -> "PoseDataset":
        """Every n-th frame of each clip, with n so large that about `most` frames are left."""
        return self.every(math.ceil(len(self) / most))

    @cached_property
    def keypoints_px(self) -> Tensor:
        """(frames, joints, 2), all clips one after the other; NaN where missing."""
        return torch.cat([clip.keypoints_px for clip in self.clips])

    @cached_property
    def confidence(self) -> Tensor:
        """(frames, joints)"""
        return torch.cat([clip.confidence for clip in self.clips])

    @cached_property
    def pose_mm(self) -> Tensor:
        """(frames, joints, 3), camera axes, absolute, mm."""
        if any(clip.pose_mm is None for clip in self.clips):
            raise InputError(f"{self.name} {self.split}: no 3D truth in this set")
        return torch.cat([clip.pose_mm for clip in self.clips])

    @cached_property
    def clip_of_frame(self) -> Tensor:
        """(frames,) int64: the index of each frame's clip."""
        lengths = torch.tensor([len(clip) for clip in self.clips])
        return torch.repeat_interleave(torch.arange(len(self.clips)), lengths)

    @cached_property
    def actions(self) -> tuple[str, ...]:
        """Action names present, sorted."""
        return tuple(sorted({clip.action for clip in self.clips}))
