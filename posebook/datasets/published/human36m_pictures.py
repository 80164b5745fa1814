"""Human3.6M with its pictures, in the forms in which people prepare them.

    s_01_act_02_subact_01_ca_01/   of Zhou et al.: matlab_meta.mat (Y2d (34, n) px of the crop,
                                   Y3d_mono (51, n) mm in camera axes, bbox, num_images) and the
                                   crops, 224 x 224 px, <folder>_000001.jpg
    annotSampleTest.h5             beside these folders, what their converter made of them; or
                                   annot_train.h5 and annot_val.h5 (see `readers.human36m_annot`)
    S1/Directions-1/               of h36m-fetch: annot.h5 (see `readers.h36m_fetch`) and
                                   imageSequence/54138969/img_000001.jpg

Subjects 1, 5, 6, 7, 8 train, 9 and 11 test. Of a folder with matlab_meta.mat each fifth frame is
taken, and of a test person's each 200th, as the converter does. The crops of Zhou et al. have lost
their camera. Sources: Ionescu et al. 2014, doi:10.1109/TPAMI.2013.248; Zhou et al. 2017,
arXiv:1704.02447; github.com/anibali/h36m-fetch.
"""

import re
from pathlib import Path

import numpy

from posebook.cameras.human36m import LENSES
from posebook.datasets.pictures.people import SEEN, PicturePeople, of_arrays
from posebook.datasets.published.human36m import TERMS
from posebook.datasets.readers import h36m_fetch, human36m_annot
from posebook.datasets.readers.files import listed
from posebook.datasets.readers.human36m_annot import name_of
from posebook.datasets.readers.matlab import read_mat
from posebook.datasets.readers.picture_folders import pictures_of
from posebook.errors import InputError
from posebook.skeletons import HOUSE, Skeleton

NAME = "Human3.6M"
SUBJECTS = {"train": (1, 5, 6, 7, 8), "test": (9, 11)}
#: Side of the crops, px; which frames the converter keeps.
SIDE, EVERY = 224, {"train": 5, "test": 200}
_FOLDER = re.compile(r"s_(\d\d)_act_(\d\d)_subact_(\d\d)_ca_(\d\d)")
_META = "matlab_meta.mat with Y2d (34, n), Y3d_mono (51, n), num_images"
_ACTIONS = dict(enumerate(h36m_fetch.ACTIONS, 2))


def read(root: Path, split: str = "train", name: str = "human36m_pictures") -> PicturePeople:
    """People of 'train' or 'test'. `pose_mm` is absolute, in camera axes."""
    if split not in SUBJECTS:
        raise InputError(f"split is '{split}'; {name} has train and test")
    annotation = human36m_annot.find(root, split)
    if annotation is not None:
        held = human36m_annot.read(annotation, split)
        given = (held.names, held.table, held.keypoints_px, held.pose_mm)
        return _crops(root, split, held.skeleton, *given)
    folders = sequence_folders(root)
    if folders:
        return _of_folders(folders, root, split)
    if any(root.glob("S*/*/annot.h5")) or any(root.glob("processed/S*/*/annot.h5")):
        return _of_fetched(root, split)
    raise InputError(
        f"{root}: no s_01_act_02_subact_01_ca_01/, {human36m_annot.ZHOU[0]}, "
        f"{human36m_annot.HALVES[split]} or S1/<Action>-1/annot.h5; `posebook data info "
        "human36m_pictures` says how to get them"
    )


def sequence_folders(root: Path) -> list[Path]:
    """The folders of Zhou et al., here or in `images`."""
    for folder in (root, root / "images"):
        found = sorted(
            p for p in folder.glob("s_*_act_*_subact_*_ca_*") if _FOLDER.fullmatch(p.name)
        )
        if found:
            return found
    return []


def _of_folders(folders: list[Path], root: Path, split: str) -> PicturePeople:
    names, tables, points, poses = [], [], [], []
    for folder in folders:
        numbers = [int(number) for number in _FOLDER.fullmatch(folder.name).groups()]
        path = folder / "matlab_meta.mat"
        if numbers[0] not in SUBJECTS[split] or not path.is_file():
            continue
        held = read_mat(path, _META, ["Y2d", "Y3d_mono"])
        flat, flat_mm = held.get("Y2d"), held.get("Y3d_mono")
        for key, array, high in (("Y2d", flat, 34), ("Y3d_mono", flat_mm, 51)):
            if (
                array is None
                or array.ndim != 2
                or array.dtype.kind not in "fiu"
                or (array.shape[0] != high or array.shape[1] != flat.shape[1])
            ):
                has = "none" if array is None else f"{array.dtype} {array.shape}"
                raise InputError(f"{path}: {key} is {has}; expected {_META}")
        frames = numpy.arange(0, flat.shape[1], EVERY[split])
        points.append(flat.T.reshape(-1, 17, 2)[frames])
        poses.append(flat_mm.T.reshape(-1, 17, 3)[frames])
        tables += [[*numbers, frame + 1] for frame in frames.tolist()]
        names += [name_of(*numbers, frame + 1) for frame in frames.tolist()]
    if not names:
        raise InputError(f"{root}: no matlab_meta.mat of subjects {listed(SUBJECTS[split])}")
    return _crops(root, split, HOUSE, names, numpy.array(tables), numpy.concatenate(points),
                  numpy.concatenate(poses))  # fmt: skip


def _crops(
    root: Path, split: str, skeleton: Skeleton, names: list[str], table: numpy.ndarray,
    points: numpy.ndarray, pose_mm: numpy.ndarray,
) -> PicturePeople:  # fmt: skip
    """People of Zhou et al.'s crops. table (n, 5): subject, action, subaction, camera, frame."""
    found = pictures_of(root, [".", "images"], names)
    rows = found.rows
    # Zhou et al. take a joint for marked where x is beyond the first pixel.
    visible = numpy.where(points[rows][..., 0] > 1, SEEN, 0)
    count = len(rows)
    return of_arrays(
        NAME, split, skeleton, found.files, [names[row] for row in rows], points[rows], visible,
        picture=found.picture, centre_px=numpy.full((count, 2), SIDE / 2),
        side_px=numpy.full(count, float(SIDE)), pose_mm=pose_mm[rows],
        subjects=tuple(f"S{number}" for number in table[rows, 0]),
        actions=tuple(_ACTIONS.get(number, f"{number}") for number in table[rows, 1].tolist()),
        terms=TERMS, notes=found.notes, missing=found.missing,
    )  # fmt: skip


def _of_fetched(root: Path, split: str) -> PicturePeople:
    """h36m-fetch: whole pictures, and their cameras."""
    lenses = {lens[0]: (*lens[2], *lens[3]) for lens in LENSES}
    base = root / "processed" if any(root.glob("processed/S*/*/annot.h5")) else root
    names, points, poses, cameras, subjects, actions = [], [], [], [], [], []
    for path in h36m_fetch.find(root):
        if int(h36m_fetch.take_of(path)[0][1:]) not in SUBJECTS[split]:
            continue
        held = h36m_fetch.read(path)
        for camera, view in held.views.items():
            folder = path.parent.relative_to(base).as_posix()
            names += [f"{folder}/imageSequence/{camera}/img_{frame:06d}.jpg"
                      for frame in view.frame.tolist()]  # fmt: skip
            points.append(view.px)
            poses.append(view.pose_mm)
            cameras += [lenses[camera]] * len(view.frame)
            subjects += [held.subject] * len(view.frame)
            actions += [held.take.rpartition(" ")[0] or held.take] * len(view.frame)
    if not names:
        raise InputError(f"{root}: no annot.h5 of subjects {listed(SUBJECTS[split])}")
    found = pictures_of(base, ["."], names)
    rows = found.rows.tolist()
    places = numpy.concatenate(points)[rows]
    return of_arrays(
        NAME, split, HOUSE, found.files, [names[row] for row in rows], places,
        numpy.full(places.shape[:2], SEEN), picture=found.picture,
        pose_mm=numpy.concatenate(poses)[rows], camera=numpy.array(cameras)[rows],
        subjects=tuple(subjects[row] for row in rows), actions=tuple(actions[row] for row in rows),
        terms=TERMS, notes=found.notes, missing=found.missing,
    )  # fmt: skip
