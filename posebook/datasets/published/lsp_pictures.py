"""Leeds Sports Pose with its photographs, and the extended set.

    lsp:    joints.mat, images/im0001.jpg to im2000.jpg
    lspet:  joints.mat, images/im00001.jpg to im10000.jpg

What `joints.mat` holds, and what its flag means in either set: `lsp`. The marks count pixels from
1, as MATLAB does, so that half a pixel is taken off: the middle of the first pixel is at 0.5.
"""

from pathlib import Path

import numpy

from posebook.datasets.pictures.people import PicturePeople, of_arrays
from posebook.datasets.published import lsp
from posebook.datasets.readers.photographs import the_file
from posebook.datasets.readers.picture_folders import pictures_of
from posebook.errors import InputError
from posebook.skeletons import LSP_14

#: Names of the pictures: so many digits.
_DIGITS = {"lsp": 4, "lspet": 5}
_FROM_ONE = -0.5


def read(root: Path, split: str = "train", name: str = "lsp") -> PicturePeople:
    """People of 'train' or 'test'; a file with another number of people than published is all in
    'train'. The extended set trains throughout."""
    path = the_file(root, lsp.FILE, lsp.FILE, name)
    points, confidence, extended, note = lsp.joints(path)
    if extended != (name == "lspet"):
        raise InputError(
            f"{path}: is {'the extended set' if extended else 'the set itself'}, by the order of "
            f"its axes; load it as '{'lspet' if extended else 'lsp'}'"
        )
    if split not in ("train", "test") or (extended and split == "test"):
        raise InputError(f"split is '{split}'; {name} has {'train' if extended else 'train, test'}")
    people = numpy.arange(len(points))
    if not extended and len(points) == lsp.PEOPLE:
        people = people[: lsp.TRAINING] if split == "train" else people[lsp.TRAINING :]
    elif split == "test":
        raise InputError(f"{path}: {len(points)} people, not {lsp.PEOPLE}: all are in 'train'")
    names = [f"im{number + 1:0{_DIGITS[name]}d}.jpg" for number in people]
    found = pictures_of(path.parent, ["images", "."], names)
    rows = people[found.rows]
    visible = numpy.where(confidence == 1, 2, (confidence > 0).astype(int))[rows]
    labelled = points[rows]
    visible = numpy.where((labelled == 0).all(-1), 0, visible)
    return of_arrays(
        f"{lsp.NAME}, extended" if extended else lsp.NAME, split, LSP_14, found.files,
        [names[row] for row in found.rows], labelled + _FROM_ONE, visible,
        picture=found.picture, terms=lsp.TERMS, notes=(note, *found.notes), missing=found.missing,
    )  # fmt: skip
