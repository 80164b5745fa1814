"""What every detector gives, and what it takes to be one."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from jaxtyping import Float, UInt8
from torch import Tensor

from posebook.skeletons import Skeleton


@dataclass(frozen=True)
class Found:
    """People in one picture, the most prominent first; n may be 0.

    keypoints_px  (n, joints, 2)  px of the picture, origin at its top left corner
    scores        (n, joints)     in [0, 1]: how sure the detector is; 0 outside the picture
    boxes_px      (n, 4)          x, y, width, height around the key points
    skeleton      of the joints
    depth         (n, joints)     px of the picture, away from the camera, relative to the hip; None
                                  where the network gives none
    """

    keypoints_px: Float[Tensor, "n joints 2"]
    scores: Float[Tensor, "n joints"]
    boxes_px: Float[Tensor, "n 4"]
    skeleton: Skeleton
    depth: Float[Tensor, "n joints"] | None = None


@runtime_checkable
class AnyDetector(Protocol):
    """A picture in, people with key points out, whatever network is behind it.

    name      as notes and files say it
    sha256    of the weights; empty where they come out of no file
    skeleton  of the joints that it finds
    """

    @property
    def name(self) -> str: ...

    @property
    def sha256(self) -> str: ...

    @property
    def skeleton(self) -> Skeleton: ...

    def detect(self, picture: UInt8[Tensor, "height width 3"]) -> Found:
        """People in a picture of bytes, red, green, blue, of any size."""
        ...
