"""MPII Human Pose: people in photographs, marked by hand, 2D only.

    mpii_poses.npy   (people, 34) px: the 17 points that Kudo et al. ship, x and y by turns
    any .npy         (people, 17, 2) of the same, or (people, 16, 2) or (people, 32) of MPII's own
                     16 joints

The people have nothing to do with each other: they are the frames of one clip without a rate.
Source: Andriluka et al. 2014, doi:10.1109/CVPR.2014.471; the array and its halves, Kudo et al.
2018, arXiv:1803.08244.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy
import torch

from posebook.datasets.clips import PoseDataset
from posebook.datasets.readers.files import one_of
from posebook.datasets.readers.photographs import marked_clip, no_choice, the_file
from posebook.datasets.readers.safe_pickle import read_npy
from posebook.errors import InputError
from posebook.skeletons import MPII_16, MPII_17_KUDO, Skeleton

NAME = "MPII Human Pose"
TERMS = "annotations BSD; pictures for research; human-pose.mpi-inf.mpg.de"
SPLITS = ("train", "test", "all")
FILE = "mpii_poses.npy"
#: The halves of Kudo et al.: NumPy's legacy generator with this seed, nine tenths for training.
SEED, TRAINING_SHARE = 100, 0.9
_EXPECTED = "poses in px: (people, 34), (people, 32), (people, 17, 2) or (people, 16, 2)"
#: By how much the middle of neck and head, the mark of Kudo's layout, may be off: rounding.
_OFF_PX = 1.01


def read(
    root: Path | str,
    split: str = "train",
    keypoints: str = "true",
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
) -> PoseDataset:
    """One clip, whose frames are unrelated people, in the joint set of the file.

    root     the .npy file, or a folder with it
    split    'train' and 'test' are those of Kudo et al., in the order that their generator drew;
             'all' is everybody in the file's order. Of several people in one photograph some may be
             in one half and some in the other
    returns  keypoints_px (people, 17 or 16, 2), NaN where a joint is not marked. The file says
             nothing about visibility; a joint beyond the picture's edge (x or y < 0) is kept
    """
    no_choice(NAME, keypoints, subjects, actions)
    path = the_file(root, FILE, "*.npy", "mpii")
    points, skeleton = _points(read_npy(path), path)
    rows = rows_of(len(points), split)
    note = "visibility is not in the file: a joint that has a place counts as marked"
    clip = marked_clip(NAME, points, None, skeleton, f"{path}", (note,))
    if split != "all":
        clip = replace(clip, keypoints_px=clip.keypoints_px[rows], confidence=clip.confidence[rows])
    return PoseDataset(NAME, split, (clip,), TERMS, clip.notes)


def rows_of(people: int, split: str) -> torch.Tensor:
    """(people of the split,) int64: which rows of the file they are, in the order of the split."""
    one_of("split", split, SPLITS)
    if split == "all":
        return torch.arange(people)
    order = torch.from_numpy(numpy.random.RandomState(SEED).permutation(people))
    training = int(people * TRAINING_SHARE)
    rows = order[:training] if split == "train" else order[training:]
    if not len(rows):
        raise InputError(f"{NAME}: {people} people are too few for two halves; say split 'all'")
    return rows


def _points(array: Any, path: Path) -> tuple[numpy.ndarray, Skeleton]:
    """((people, joints, 2) float64, the joint set)."""
    shape = getattr(array, "shape", None)
    flat = {34: 17, 32: 16}
    if shape is not None and array.dtype.kind in "fiu":
        if len(shape) == 2 and shape[1] in flat and shape[0]:
            array = array.reshape(shape[0], flat[shape[1]], 2)
        if array.ndim == 3 and array.shape[0] and array.shape[1:] in ((17, 2), (16, 2)):
            with numpy.errstate(all="ignore"):
                points = array.astype(numpy.float64)
            if points.shape[1] == 16:
                return points, MPII_16
            _check_layout(points, path)
            return points, MPII_17_KUDO
    what = "no array" if shape is None else f"{array.dtype} of shape {shape}"
    raise InputError(f"{path}: {what}; expected {_EXPECTED}")


def _check_layout(points: numpy.ndarray, path: Path) -> None:
    """17 points are Kudo's if the tenth is always the middle of the ninth and the eleventh."""
    upper, middle, head = MPII_17_KUDO.indices("upper_neck", "mid_neck_head", "head")
    with numpy.errstate(all="ignore"):
        off = numpy.abs(points[:, middle] - (points[:, upper] + points[:, head]) / 2).max(-1)
        off = off[numpy.isfinite(off)]
    if len(off) and (off > _OFF_PX).mean() > 0.1:
        raise InputError(
            f"{path}: 17 joints, but not those of {MPII_17_KUDO.name} (no joint is half way from "
            "upper neck to head); load it as 'custom', which reads other joint sets"
        )
