"""MPII's own annotations, `mpii_human_pose_v1_u12_1.mat`: a million small arrays.

    RELEASE.annolist(i).image.name                 a photograph
    RELEASE.annolist(i).annorect(k)                a person: x1, y1, x2, y2 (the head's box), scale,
                                                   objpos.x, .y; annopoints.point(j).x, .y, .id,
                                                   .is_visible. Any field may be empty or absent
    RELEASE.img_train(i)                           1: training

The process that reads .mat files gathers them into a few tables (`matlab_worker`).
Source: human-pose.mpi-inf.mpg.de, "Annotation description".
"""

from pathlib import Path
from typing import NamedTuple

import numpy

from posebook.datasets.readers.files import read_head
from posebook.datasets.readers.matlab import read_mpii
from posebook.errors import InputError

FILE = "mpii_human_pose_v1_u12_1.mat"
EXPECTED = f"{FILE}: RELEASE with annolist and img_train"


class Release(NamedTuple):
    """names, training: of each picture (m,). The rest of each person:

    picture, person  (n,) int64: which picture, and which person in it, from 0
    points    (n, 16, 2) px, NaN where not marked     visible  (n, 16): 0 not marked, 1 hidden, 2
    centre    (n, 2) px;  scale (n,), NaN where not given;  head_box (n, 4): x1, y1, x2, y2
    """

    names: list[str]
    training: numpy.ndarray
    picture: numpy.ndarray
    person: numpy.ndarray
    points: numpy.ndarray
    visible: numpy.ndarray
    centre: numpy.ndarray
    scale: numpy.ndarray
    head_box: numpy.ndarray


def read(path: Path) -> Release:
    """The whole file, checked."""
    head = read_head(path, EXPECTED, 128)
    if head[126:128] not in (b"IM", b"MI"):
        raise InputError(f"{path}: not a MATLAB file of version 5; expected {EXPECTED}")
    held = read_mpii(path, EXPECTED)
    people = held.get("people", numpy.zeros((0, 9)))
    points = held.get("points", numpy.zeros((0, 16, 3)))
    names, training = held.get("names"), held.get("training")
    if names is None or training is None or not len(people) or len(names) != len(training):
        raise InputError(f"{path}: nobody is marked in it; expected {EXPECTED}")
    marked = numpy.isfinite(points[..., :2]).all(-1)
    return Release(
        [str(name) for name in names], training, people[:, 0].astype(numpy.int64),
        people[:, 1].astype(numpy.int64), points[..., :2],
        numpy.where(marked, numpy.where(points[..., 2] == 0, 1, 2), 0),
        people[:, 3:5], people[:, 2], people[:, 5:9],
    )  # fmt: skip
