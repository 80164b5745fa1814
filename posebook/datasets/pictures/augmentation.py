"""Crops of people, varied for training: a whole batch at a time, as tensors.

Scale, rotation, shift and mirroring are one affine map (`crops.matrix`), which the key points go
through as well; then come colours, and things that hide parts of the picture.
Sources of the settings: Zhou et al. 2017, arXiv:1704.02447, and its released code; Xiao et al.
2018, arXiv:1804.06208. Taught in 08_stacked_hourglass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import HIDDEN, NOT_LABELLED, SEEN
from posebook.skeletons import Skeleton


@dataclass(frozen=True)
class Augmentation:
    """How much a crop is varied. Every normal deviate is clipped at two standard deviations.

    scale           standard deviation; the side is multiplied by 2^x where `scale_by` is
                    'power', by 1 + x where it is 'factor'
    rotation_deg    standard deviation; rotation_share: in how many of the crops
    shift           standard deviation, as a share of the side
    flip            in how many of the crops
    gain            (least, most) factor of each colour channel, drawn for each by itself
    contrast        (least, most) factor of the distance from the crop's mean grey
    occluders       in how many of the crops something hides a part; it shows another crop
    """

    scale: float = 0.25
    scale_by: str = "power"
    rotation_deg: float = 30.0
    rotation_share: float = 0.4
    shift: float = 0.0
    flip: float = 0.5
    gain: tuple[float, float] = (0.6, 1.4)
    contrast: tuple[float, float] = (1.0, 1.0)
    occluders: float = 0.0


#: Zhou et al. 2017: the PyTorch release; its Torch original has gains up to 1.4.
ZHOU_2017 = Augmentation(gain=(0.6, 1.0))
ZHOU_2017_TORCH = Augmentation()
#: Its later release, on a ResNet; Xiao et al. 2018 differ only in being turned by up to 80 degrees.
ZHOU_2017_RESNET = Augmentation(scale_by="factor", rotation_share=0.6, gain=(1.0, 1.0))
#: For rendered people, whose pictures have to stand for photographs.
BROAD = Augmentation(shift=0.05, contrast=(0.7, 1.3), occluders=0.3)


class Augmented(NamedTuple):
    """A batch for a network.

    pictures      (n, 3, height, width) float32, RGB, [0, 1]
    keypoints_px  (n, joints, 2)  px of these pictures; also beyond their edges; NaN: not labelled
    visible       (n, joints) int8  0 also for what is beyond the edges, 1 for what is hidden now
    matrix        (n, 3, 3) float64, px of what came in to px of these pictures, mirroring included
    flipped       (n,) bool
    rotation_deg  (n,)  as in `crops.matrix`, before the mirroring
    """

    pictures: Tensor
    keypoints_px: Tensor
    visible: Tensor
    matrix: Tensor
    flipped: Tensor
    rotation_deg: Tensor


def as_input(pictures: Tensor) -> Tensor:
    """(n, height, width, 3) uint8 as a network takes it: (n, 3, height, width) float32, [0, 1]."""
    return pictures.permute(0, 3, 1, 2).float().div_(255.0)


def augment(
    pictures: Tensor,
    keypoints_px: Tensor,
    visible: Tensor,
    skeleton: Skeleton,
    generator: torch.Generator,
    *,
    size: int | Sequence[int],
    context: float = 1.0,
    how: Augmentation = ZHOU_2017_TORCH,
) -> Augmented:
    """Vary a batch of crops; a mirrored person has their left and right joints exchanged.

    pictures      (n, height, width, 3) uint8
    keypoints_px  (n, joints, 2) px of these;  visible  (n, joints)
    skeleton      says which joints are twins
    size          of what comes out in px: one number, or (width, height)
    context       what `PicturePeople.crops` was given: the crops show that much more than wanted
    """
    count, height, width = pictures.shape[:3]

    def uniform(least: float = 0.0, most: float = 1.0, *shape: int) -> Tensor:
        return least + (most - least) * torch.rand(count, *shape, generator=generator)

    def normal(deviation: float, *shape: int) -> Tensor:
        drawn = torch.randn(count, *shape, generator=generator)
        return deviation * drawn.clamp(-2.0, 2.0)

    change = normal(how.scale)
    factor = 2.0**change if how.scale_by == "power" else (1.0 + change).clamp(min=0.1)
    rotation_deg = torch.where(uniform() < how.rotation_share, normal(how.rotation_deg), 0.0)
    side_px = max(width, height) / context
    centre_px = torch.tensor([width / 2, height / 2]) + side_px * normal(how.shift, 2)
    flipped = uniform() < how.flip
    matrix = crops.matrix(centre_px, side_px * factor, rotation_deg, size)
    matrix = crops.mirrored(matrix, flipped, size)

    made = crops.sampled(as_input(pictures), matrix, size)
    keypoints_px = crops.points(matrix, keypoints_px)
    keypoints_px = _exchanged(keypoints_px, flipped, skeleton)
    visible = _exchanged(visible, flipped, skeleton)

    made = made * uniform(*how.gain, 3)[:, :, None, None]
    if how.contrast != (1.0, 1.0):
        grey = made.mean((1, 2, 3), keepdim=True)
        made = grey + (made - grey) * uniform(*how.contrast)[:, None, None, None]
    if how.occluders > 0 and count > 1:
        hiding = _occluders(count, crops.sides(size), how.occluders, generator)
        made = torch.where(hiding.unsqueeze(1), made.roll(1, 0), made)
        visible = torch.where((visible == SEEN) & _at(hiding, keypoints_px), HIDDEN, visible)
    limit = torch.tensor(crops.sides(size), dtype=keypoints_px.dtype)
    inside = ((keypoints_px >= 0) & (keypoints_px < limit)).all(-1)
    visible = torch.where(inside, visible, NOT_LABELLED).to(torch.int8)
    return Augmented(made.clamp_(0.0, 1.0), keypoints_px, visible, matrix, flipped, rotation_deg)


def turned_pose(
    pose_mm: Tensor, flipped: Tensor, rotation_deg: Tensor, skeleton: Skeleton
) -> Tensor:
    """Root-relative poses (n, joints, 3), camera axes, as `augment` turned their pictures.

    The picture's plane turns about the line of sight and mirrors in x; depth stays. That is exact
    only where perspective is weak, as in a crop of one person.
    """
    angle = torch.deg2rad(rotation_deg.to(pose_mm))[:, None]
    x, y, z = pose_mm.unbind(-1)
    made = torch.stack(
        [angle.cos() * x + angle.sin() * y, angle.cos() * y - angle.sin() * x, z], -1
    )
    return torch.where(flipped[:, None, None], skeleton.flip(made), made)


def _exchanged(values: Tensor, flipped: Tensor, skeleton: Skeleton) -> Tensor:
    """(n, joints, ...) with left and right exchanged where `flipped` (n,)."""
    chosen = flipped.reshape(-1, *[1] * (values.dim() - 1))
    return torch.where(chosen, skeleton.swap_sides(values, dim=1), values)


def _occluders(
    count: int, size: tuple[int, int], share: float, generator: torch.Generator
) -> Tensor:
    """(n, height, width) bool: an ellipse or a box somewhere in a share of the crops."""
    width, height = size
    drawn = torch.rand(6, count, 1, 1, generator=generator)
    x = (torch.arange(width) + 0.5) / width - drawn[0]
    y = ((torch.arange(height) + 0.5) / height)[:, None] - drawn[1]
    wide, tall = 0.05 + 0.2 * drawn[2], 0.05 + 0.2 * drawn[3]  # half of the extent
    ellipse = (x / wide) ** 2 + (y / tall) ** 2 < 1
    box = (x.abs() < wide) & (y.abs() < tall)
    return torch.where(drawn[4] < 0.5, ellipse, box) & (drawn[5] < share)


def _at(mask: Tensor, keypoints_px: Tensor) -> Tensor:
    """(n, joints) bool: whether the mask (n, height, width) covers a key point."""
    height, width = mask.shape[1:]
    column = torch.nan_to_num(keypoints_px[..., 0], nan=-1.0).floor().long()
    row = torch.nan_to_num(keypoints_px[..., 1], nan=-1.0).floor().long()
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    flat = row.clamp(0, height - 1) * width + column.clamp(0, width - 1)
    return mask.flatten(1).gather(1, flat) & inside
