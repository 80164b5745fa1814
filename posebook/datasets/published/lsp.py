"""Leeds Sports Pose: people in photographs of sport, marked by hand, 2D only.

    joints.mat   `joints`: (3, 14, 2000) of the set itself, (14, 3, 10000) of the extended set.
                 Three numbers a joint: x, y in px, and a flag

What the flag means follows from the order of the axes, the one thing in which the two files differ.
(3, 14, people), the set itself: 1 says that the joint is hidden, and its place was guessed by who
marked it. (14, 3, people), the extended set: 1 says that the joint is visible, and 0 that it was
not marked, whatever numbers stand there. Both files' read-me calls the flag "visibility".
Sources: Johnson & Everingham 2010, doi:10.5244/C.24.12; the extended set, 2011,
doi:10.1109/CVPR.2011.5995318.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy

from posebook.datasets.clips import PoseDataset
from posebook.datasets.readers.files import listed, one_of
from posebook.datasets.readers.matlab import read_mat
from posebook.datasets.readers.photographs import marked_clip, no_choice, the_file
from posebook.errors import InputError
from posebook.skeletons import LSP_14

NAME = "Leeds Sports Pose"
TERMS = "research use; cite Johnson & Everingham 2010"
SPLITS = ("train", "test", "all")
FILE = "joints.mat"
#: The halves as published: the first 1,000 photographs train, the other 1,000 test.
PEOPLE, TRAINING = 2000, 1000
#: The extended set is a training set throughout.
PEOPLE_EXTENDED = 10_000
#: Confidence of a joint that was hidden, so that its place is a guess.
HIDDEN = 0.5
_EXPECTED = "joints (3, 14, 2000), or (14, 3, 10000) of the extended set"


def read(
    root: Path | str,
    split: str = "train",
    keypoints: str = "true",
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
) -> PoseDataset:
    """One clip, whose frames are unrelated people.

    root     joints.mat, or the folder with it
    split    of the set itself: 'train' the first 1,000, 'test' the other 1,000; of the extended
             set: 'train' everybody; 'all' everybody, also of a file with another number of people
    returns  keypoints_px (people, 14, 2), NaN where a joint is not marked; confidence 1 for a
             visible joint, 0.5 for a hidden one whose place was guessed, 0 for one not marked
    """
    no_choice(NAME, keypoints, subjects, actions)
    path = the_file(root, FILE, FILE, "lsp")
    points, confidence, extended, note = joints(path)
    rows = _rows(len(points), split, extended, path)
    clip = marked_clip(NAME, points[rows], confidence[rows], LSP_14, f"{path}", (note,))
    name = f"{NAME}, extended" if extended else NAME
    return PoseDataset(name, split, (clip,), TERMS, clip.notes)


def joints(path: Path) -> tuple[numpy.ndarray, numpy.ndarray, bool, str]:
    """((people, 14, 2) px, (people, 14) confidence, whether it is the extended set, a note)."""
    found = read_mat(path, f"{FILE} with {_EXPECTED}", ["joints"])
    array = found.get("joints")
    if array is None or array.ndim != 3 or array.shape[2] == 0 or array.dtype.kind not in "fiu":
        what = f"{array.dtype} of shape {array.shape}" if array is not None else listed(found)
        raise InputError(f"{path}: joints is {what or 'not there'}; expected {_EXPECTED}")
    if array.shape[:2] == (3, 14):
        extended, numbers = False, array.transpose(2, 1, 0)
        note = "flag 1: hidden, the place is a guess (axes as in the set of 2,000)"
    elif array.shape[:2] == (14, 3):
        extended, numbers = True, array.transpose(2, 0, 1)
        note = "flag 1: visible, 0: not marked (axes as in the extended set)"
    else:
        raise InputError(f"{path}: joints has the shape {array.shape}; expected {_EXPECTED}")
    if len(numbers) == (PEOPLE if extended else PEOPLE_EXTENDED):
        raise InputError(
            f"{path}: joints has the shape {array.shape}: as many people as in the one set, in the "
            f"order of the other, whose flag means the opposite; expected {_EXPECTED}"
        )
    flags = numbers[..., 2]
    if not numpy.isin(flags, (0, 1)).all():
        odd = flags[~numpy.isin(flags, (0, 1))][0]
        raise InputError(f"{path}: joints has a flag {odd:g}; expected 0 or 1")
    confidence = numpy.where(flags == 1, 1.0, 0.0) if extended else 1 - (1 - HIDDEN) * flags
    return numbers[..., :2].astype(numpy.float64), confidence.astype(float), extended, note


def _rows(people: int, split: str, extended: bool, path: Path) -> slice:
    one_of("split", split, SPLITS)
    if split == "all":
        return slice(None)
    if extended and people == PEOPLE_EXTENDED:
        if split == "test":
            raise InputError(f"{path}: the extended set has no test half; expected train or all")
        return slice(None)
    if extended or people != PEOPLE:
        expected = f"{PEOPLE_EXTENDED} in the extended set" if extended else f"{PEOPLE}"
        raise InputError(f"{path}: {people} people, not {expected}: say split 'all'")
    return slice(None, TRAINING) if split == "train" else slice(TRAINING, None)
