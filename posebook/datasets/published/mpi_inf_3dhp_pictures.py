"""MPI-INF-3DHP with the pictures of its films.

    S1/Seq1/annot.mat, camera.calibration     as `mpi_inf_3dhp` reads them
    S1/Seq1/imageFrames/video_0/frame_000001.jpg   pictures taken out of S1/Seq1/imageSequence/
                                                   video_0.avi, as most projects do
    S1/Seq1/imageSequence/video_0/img_000001.jpg   the same by other names
    TS1/annot_data.mat, TS1/imageSequence/img_000001.jpg   the test set, which comes as pictures

Frames count from 1. Only frames whose picture is there are taken, of every camera that has any.
Source: Mehta et al. 2017, doi:10.1109/3DV.2017.00064.
"""

from pathlib import Path

import numpy

from posebook.datasets.clips import Clip
from posebook.datasets.pictures.people import SEEN, PicturePeople, of_arrays
from posebook.datasets.pictures.picture_files import PictureFiles
from posebook.datasets.published import mpi_inf_3dhp
from posebook.datasets.published.mpi_inf_3dhp import NAME, TERMS
from posebook.datasets.readers.picture_folders import numbered
from posebook.errors import InputError
from posebook.skeletons import HOUSE

#: 'val' holds two people of the training half out; 'test' is the set's own test half.
SPLITS = {"train": "train", "val": "test", "test": "official_test"}
_PICTURE = r"(?:frame|img)_?(\d{1,9})\.(?:jpg|jpeg|png)"


def read(root: Path, split: str = "train", name: str = "mpi_inf_3dhp_pictures") -> PicturePeople:
    """People of S1 to S6 ('train'), S7 and S8 ('val') or TS1 to TS6 ('test'); house joints."""
    if split not in SPLITS:
        raise InputError(f"split is '{split}'; {name} has train, val and test")
    official = split == "test"
    folders = {name: path.parent for name, path in mpi_inf_3dhp.find(root, official).items()}
    there = {}
    for take, folder in folders.items():
        if take.partition("/")[0] in mpi_inf_3dhp.SUBJECTS[SPLITS[split]]:
            there |= _pictures(folder, take, official)
    if not there:
        example = (
            "TS1/imageSequence/img_000001.jpg"
            if official
            else ("S1/Seq1/imageFrames/video_0/frame_000001.jpg")
        )
        raise InputError(
            f"{root}: no pictures such as {example}; `posebook data info {name}` says how to take "
            "them out of the films"
        )
    clips = _clips(root, split, there, official)
    paths, points, seen, poses, cameras, subjects, actions = [], [], [], [], [], [], []
    for clip, rows, files in clips:
        paths += files
        points.append(clip.keypoints_px[rows].numpy())
        seen.append((clip.confidence[rows] > 0).numpy() * SEEN)
        poses.append(clip.pose_mm[rows].numpy())
        lens = [numpy.nan] * 4
        if clip.camera is not None:
            lens = [*clip.camera.focal_px.tolist(), *clip.camera.centre_px.tolist()]
        cameras += [lens] * len(rows)
        subjects += [clip.subject] * len(rows)
        actions += [clip.action] * len(rows)
    if not paths:
        raise InputError(f"{root}: no picture belongs to an annotated frame of {split}")
    notes = tuple(dict.fromkeys(note for clip, _, _ in clips for note in clip.notes))
    known = numpy.isfinite(cameras).all()
    return of_arrays(
        NAME, split, HOUSE, PictureFiles(paths),
        [path.relative_to(root).as_posix() for path in paths], numpy.concatenate(points),
        numpy.concatenate(seen), pose_mm=numpy.concatenate(poses),
        camera=numpy.array(cameras) if known else None, subjects=tuple(subjects),
        actions=tuple(actions), terms=TERMS, notes=notes,
    )  # fmt: skip


def _pictures(folder: Path, take: str, official: bool) -> dict[str, dict[int, Path]]:
    """{'S1/Seq1/0' or 'TS1': {frame: file}}, without cameras that have none."""
    if official:
        return {take: found} if (found := numbered(folder / "imageSequence", _PICTURE)) else {}
    made = {}
    for camera in range(mpi_inf_3dhp.CAMERAS):
        for frames in ("imageFrames", "imageSequence"):
            below = folder / frames / f"video_{camera}"
            found = numbered(below, _PICTURE) or numbered(below / "frames", _PICTURE)
            if found:
                made[f"{take}/{camera}"] = found
                break
    return made


def _clips(
    root: Path, split: str, there: dict[str, dict[int, Path]], official: bool
) -> list[tuple[Clip, list[int], list[Path]]]:
    """Each clip with the rows whose picture is there, and those pictures."""
    subjects = list(dict.fromkeys(take.partition("/")[0] for take in there))
    options = {}
    if not official:
        options["cameras"] = sorted({int(take.rpartition("/")[2]) for take in there})
    people = mpi_inf_3dhp.read(root, SPLITS[split], "true", subjects, **options)
    made = []
    for clip in people:
        take, first = clip.name, 1
        if official:  # a run of valid frames, 'TS1/17-300'
            take, _, run = clip.name.partition("/")
            first = int(run.partition("-")[0])
        files = there.get(take, {})
        rows = [number - first for number in files if 0 <= number - first < len(clip)]
        made.append((clip, rows, [files[row + first] for row in rows]))
    return [one for one in made if one[1]]
