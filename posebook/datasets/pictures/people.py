"""People in pictures: the one form in memory that every set of pictures is read into."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy
import torch
from torch import Tensor

from posebook.datasets.pictures import crops
from posebook.errors import InputError, printable
from posebook.skeletons import Skeleton, conversion

#: `visible`, as COCO has it.
NOT_LABELLED, HIDDEN, SEEN = 0, 1, 2
#: How much larger than its box the square around a person is, where a set gives a box alone.
ROOM = 1.25


class Crops(NamedTuple):
    """People cut out of their pictures.

    pictures      (n, height, width, 3) uint8 RGB
    keypoints_px  (n, joints, 2)   px of the crop; NaN where not labelled
    visible       (n, joints) int8 as in `PicturePeople`
    matrix        (n, 3, 3) float64: px of the whole picture to px of the crop. Its inverse takes
                  predictions back (`crops.points`)
    """

    pictures: Tensor
    keypoints_px: Tensor
    visible: Tensor
    matrix: Tensor


@dataclass(frozen=True)
class PicturePeople:
    """One row a person; several people may be in one picture.

    pictures      decoded when asked for: (height, width, 3) uint8 RGB each
    picture       (n,) int64        which picture a person is in
    keypoints_px  (n, joints, 2)    px of the whole picture, origin at its top left corner; NaN
                                    where not labelled
    visible       (n, joints) int8  0 not labelled, 1 labelled though hidden, 2 seen
    box_px        (n, 4)            x, y, width, height
    centre_px     (n, 2), side_px (n,)  the square to crop, as the set itself defines it
    head_px       (n,)              PCKh's length: 0.6 times the diagonal of the head's box; NaN
                                    where not known
    pose_mm       (n, joints, 3)    camera axes, absolute, mm; NaN where not known; None: no truth
    camera        (n, 4)            fx, fy, cx, cy in px of the whole picture; None: not known
    names         of each person's picture; subjects and actions: of each person, '' where unknown
    notes         what a reader had to say: people left out, pictures that are missing
    missing       names of pictures that are not there; their people are left out
    """

    name: str
    split: str
    skeleton: Skeleton
    pictures: Sequence  # of tensors; a check of its type would decode one
    picture: Tensor
    keypoints_px: Tensor
    visible: Tensor
    box_px: Tensor
    centre_px: Tensor
    side_px: Tensor
    head_px: Tensor
    names: tuple[str, ...]
    pose_mm: Tensor | None = None
    camera: Tensor | None = None
    subjects: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    terms: str = ""
    notes: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()

    def __post_init__(self):
        for name in ("name", "split", "terms"):
            object.__setattr__(self, name, printable(getattr(self, name)))
        for name in ("names", "subjects", "actions", "notes", "missing"):
            object.__setattr__(self, name, tuple(map(printable, getattr(self, name))))
        if not len(self.keypoints_px):
            raise InputError(f"{self.name} {self.split}: nobody is in it")

    def __len__(self) -> int:
        """People."""
        return len(self.keypoints_px)

    def rows(self, chosen: Tensor | Sequence[int]) -> "PicturePeople":
        """These people alone, in this order; the pictures stay where they are."""
        index = torch.as_tensor(chosen)
        if index.dtype == torch.bool:
            index = index.nonzero()[:, 0]
        held = {
            name: getattr(self, name)[index]
            for name in ("picture", "keypoints_px", "visible", "box_px", "centre_px", "side_px",
                         "head_px", "pose_mm", "camera")
            if getattr(self, name) is not None
        }  # fmt: skip
        for name in ("names", "subjects", "actions"):
            texts = getattr(self, name)
            held[name] = tuple(texts[row] for row in index.tolist()) if texts else ()
        return replace(self, **held)

    def thinned(self, most: int) -> "PicturePeople":
        """At most so many people, spread evenly over the set."""
        if len(self) <= most:
            return self
        return self.rows(torch.linspace(0, len(self) - 1, most).round().long())

    def as_joints(self, target: Skeleton) -> "PicturePeople":
        """The same people in another joint set, by `skeletons.conversion`.

        A rendered set has landmarks of other sets besides the house joints; those are then taken
        (`mpii_thorax`, `head_top`), rather than the house joint of that name. An invented joint is
        as visible as the least visible one that it leans on; one that cannot be had is
        not labelled.
        """
        if target == self.skeleton:
            return self
        convert = conversion(_with_own_names(self.skeleton, target), target)
        points, least = convert(self.keypoints_px, self.visible.float() / SEEN)
        pose_mm = None if self.pose_mm is None else convert(self.pose_mm)[0]
        return replace(
            self,
            skeleton=target,
            keypoints_px=points,
            visible=(least * SEEN).round().to(torch.int8),
            pose_mm=pose_mm,
            notes=(*self.notes, convert.describe()),
        )

    def crops(self, size: int | Sequence[int], context: float = 1.0) -> Crops:
        """Everybody cut out of their picture, by the set's own centre and side.

        size     of the crop in px: one number, or (width, height)
        context  how much more of the picture is shown: with 1.5 the square's side is half as long
                 again, at the same resolution if `size` grows with it. `augmentation` turns and
                 moves within that margin
        """
        matrices = crops.matrix(
            self.centre_px, self.side_px * context, torch.zeros(len(self)), size
        )
        width, height = crops.sides(size)
        made = torch.empty(len(self), height, width, 3, dtype=torch.uint8)
        last, picture = -1, torch.empty(0)
        for row in torch.argsort(self.picture, stable=True).tolist():
            if int(self.picture[row]) != last:
                last = int(self.picture[row])
                picture = self.pictures[last]
            made[row] = crops.cut(picture, matrices[row], size)
        return Crops(made, crops.points(matrices, self.keypoints_px), self.visible, matrices)


def squares(box_px: Tensor, room: float = ROOM) -> tuple[Tensor, Tensor]:
    """(centre_px (n, 2), side_px (n,)) of a square around each box (n, 4), with some room."""
    return box_px[:, :2] + box_px[:, 2:] / 2, room * box_px[:, 2:].amax(-1).clamp(min=1.0)


def boxes_around(keypoints_px: Tensor) -> Tensor:
    """(n, 4) x, y, width, height of the smallest box around each person's labelled key points."""
    low = torch.nan_to_num(keypoints_px, nan=torch.inf).amin(1)
    high = torch.nan_to_num(keypoints_px, nan=-torch.inf).amax(1)
    box = torch.cat([low, high - low], dim=-1)
    return torch.where(torch.isfinite(box).all(-1, keepdim=True), box, 0.0)


def of_arrays(
    name: str,
    split: str,
    skeleton: Skeleton,
    pictures: Sequence,
    names: Sequence[str],
    keypoints_px: numpy.ndarray,
    visible: numpy.ndarray,
    *,
    picture: numpy.ndarray | None = None,
    box_px: numpy.ndarray | None = None,
    centre_px: numpy.ndarray | None = None,
    side_px: numpy.ndarray | None = None,
    head_px: numpy.ndarray | None = None,
    pose_mm: numpy.ndarray | None = None,
    camera: numpy.ndarray | None = None,
    **texts,
) -> PicturePeople:
    """`PicturePeople` out of a reader's arrays; what a set does not give is derived.

    keypoints_px  (n, joints, 2); where `visible` is 0 they become NaN, and where they are not
                  finite `visible` becomes 0
    picture       None: one picture a person
    box_px        None: around the key points;  centre_px, side_px: None: by `squares` of the box
    """
    points = torch.from_numpy(numpy.array(keypoints_px, dtype=numpy.float32))
    seen = torch.from_numpy(numpy.array(visible, dtype=numpy.int8))
    seen = torch.where(torch.isfinite(points).all(-1), seen, 0).to(torch.int8)
    points = torch.where((seen > 0).unsqueeze(-1), points, torch.nan)

    def tensor(array: numpy.ndarray | None) -> Tensor | None:
        return None if array is None else torch.from_numpy(numpy.array(array, numpy.float32))

    box = boxes_around(points) if box_px is None else tensor(box_px)
    centre, side = squares(box)
    return PicturePeople(
        name,
        split,
        skeleton,
        pictures,
        torch.arange(len(points)) if picture is None else torch.from_numpy(picture.astype("i8")),
        points,
        seen,
        box,
        centre if centre_px is None else tensor(centre_px),
        side if side_px is None else tensor(side_px),
        torch.full((len(points),), torch.nan) if head_px is None else tensor(head_px),
        tuple(names),
        tensor(pose_mm),
        tensor(camera),
        **texts,
    )


#: Joints by which a set means something else than the house joint of that name, and what such a
#: landmark is called in a set that has both.
_OWN_NAMES = {
    "mpii_16": {"thorax": "mpii_thorax", "head": "head_top", "upper_neck": "mpii_upper_neck"},
    "lsp_14": {"head": "head_top", "neck": "lsp_neck"},
}


def _with_own_names(source: Skeleton, target: Skeleton) -> Skeleton:
    """The source, its landmarks called what the target calls them."""
    renamed = list(source.joints)
    for wanted, landmark in _OWN_NAMES.get(target.name, {}).items():
        if landmark in renamed:
            if wanted in renamed:
                renamed[renamed.index(wanted)] = f"other_{wanted}"
            renamed[renamed.index(landmark)] = wanted
    if tuple(renamed) == source.joints:
        return source
    of = dict(zip(source.joints, renamed, strict=True))
    parents = tuple(None if p is None else of[p] for p in source.parents)
    return Skeleton(source.name, tuple(renamed), parents, source.root, source.source)
