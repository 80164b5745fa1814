"""What a lift gives for one person: poses in camera and world axes, and where each came from."""

from dataclasses import dataclass

from torch import Tensor

from posebook.cameras import Camera
from posebook.errors import printable
from posebook.key_points import ASSUMED_FRAMES_PER_SECOND
from posebook.lifting.notes import Note
from posebook.results import Number
from posebook.skeletons import Skeleton


@dataclass(frozen=True)
class Poses:
    """What a lift gives for one person; `export.pose_files.KEYS` documents the fields."""

    input: str
    clip: str
    lifter: str
    frames_per_second: float | None
    pose_mm: Tensor
    root_mm: Tensor
    world_mm: Tensor
    keypoints_px: Tensor
    confidence: Tensor
    origin: Tensor
    input_px: Tensor
    input_skeleton: Skeleton
    camera: Camera
    camera_rotation: Tensor
    camera_place_mm: Tensor
    truth_mm: Tensor | None = None
    notes: tuple[Note, ...] = ()
    scores: tuple[Number, ...] = ()
    detector: str = ""

    def __post_init__(self):
        object.__setattr__(self, "clip", printable(self.clip))

    def __len__(self) -> int:
        return len(self.pose_mm)

    @property
    def rate(self) -> float:
        return self.frames_per_second or ASSUMED_FRAMES_PER_SECOND
