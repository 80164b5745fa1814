"""MPI-INF-3DHP as mmpose's preparation script leaves it: arrays of frames instead of Matlab files.

    mpi_inf_3dhp_train.npz        imgname 'S1_Seq1_Cam0_000001.jpg'; part (frames, 17, 3) px and
                                  a flag; S (frames, 17, 4), camera axes, metres, and a flag
    mpi_inf_3dhp_test_valid.npz   the same of the test films, 'TS1_000001.jpg'; or ..._test_all.npz
    cameras_train.pkl             'S1_Seq1_Cam0': R, T (metres; the world has y up), f, c
    cameras_test.pkl              'TS1': f and c, fitted to the key points

The 17 joints stand in the order of the set's own test half (`MPI_INF_3DHP_17`), not in that of the
28 of annot.mat, nor in the house's. The flags say whether a joint lies in the picture. `h` in the
camera file is cut by a digit (204 for 2048), so sizes are not taken from it.
Source: mmpose's tools/dataset_converters/preprocess_mpi_inf_3dhp.py, read for its facts.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
import torch

from posebook.cameras import Camera
from posebook.datasets.clips import Clip
from posebook.datasets.published.mpi_inf_3dhp_clip import clip_of, rate_of, size_of
from posebook.datasets.readers.files import chosen, listed, short
from posebook.datasets.readers.safe_pickle import read_npz, read_pickle
from posebook.datasets.readers.units_axes import TO_Z_UP, along
from posebook.errors import InputError
from posebook.skeletons import MPI_INF_3DHP_17

FILES = {
    "train": ("mpi_inf_3dhp_train.npz",),
    "test": ("mpi_inf_3dhp_test_valid.npz", "mpi_inf_3dhp_test_all.npz"),
}
_TRAIN = re.compile(r"(S[1-8])_(Seq[12])_Cam(\d{1,2})_(\d{1,9})\.\w+$")
_TEST = re.compile(r"(TS[1-6])()()_(\d{1,9})\.\w+$")
_EXPECTED = "imgname, part (frames, 17, 3) and S (frames, 17, 4), as mmpose prepares them"


@dataclass(frozen=True)
class Film:
    """Frames one after the other, of one person and camera.

    subject, sequence, camera  'S1', 'Seq1' and 0; 'TS1', '' and -1 of a test film
    first, step                the number of the first frame, and from one to the next
    points, pose_mm            (frames, 17, 2) px and (frames, 17, 3) mm, camera axes
    lens                       the camera; None where there is no camera file
    """

    subject: str
    sequence: str
    camera: int
    first: int
    step: int
    points: numpy.ndarray
    pose_mm: numpy.ndarray
    lens: Camera | None


def find(root: Path, half: str) -> Path | None:
    """The file of a half, 'train' or 'test': in the folder, in `annotations` in it, or itself."""
    if root.is_file():
        return root if root.suffix.lower() == ".npz" else None
    places = [folder / name for name in FILES[half] for folder in (root, root / "annotations")]
    return next((path for path in places if path.is_file()), None)


def read(
    path: Path,
    wanted: Sequence[str],
    subjects: Sequence[str] | None,
    actions: Sequence[str] | None,
    cameras: Sequence[int],
) -> list[Clip]:
    """A clip for each film in a file.

    wanted    a split's subjects; subjects: these instead; actions: 'Seq1', 'Seq2'
    cameras   those of the set's numbers; mmpose keeps eight of fourteen. Test films have one each
    """
    found = list(films(path))
    there = dict.fromkeys(film.subject for film in found)
    if subjects is not None:
        wanted = chosen(subjects, there, path)
    note = f"{path.name}, as mmpose makes it: 17 joints in the order of the test set, metres"
    clips = []
    for film in found:
        subject, sequence = film.subject, film.sequence
        if subject not in wanted or (actions is not None and sequence not in actions):
            continue
        if sequence and film.camera not in cameras:
            continue
        last = film.first + film.step * (len(film.points) - 1)
        take = f"{sequence}/{film.camera}/" if sequence else ""
        clips.append(
            clip_of(
                f"{subject}/{take}{film.first}-{last}",
                film.points,
                film.pose_mm,
                MPI_INF_3DHP_17,
                path,
                (note,),
                camera=film.lens,
                size_px=size_of(subject),
                subject=subject,
                action=sequence,
                frames_per_second=rate_of(subject, sequence) / film.step if sequence else None,
            )
        )
    if not clips:
        raise InputError(
            f"{path}: nothing of {listed(wanted)} by these actions and cameras; there are "
            f"{listed(there)}"
        )
    return clips


def films(path: Path) -> Iterator[Film]:
    """Every film in a file. One with frames left out in its middle comes as several."""
    held = read_npz(path)
    names, part, pose_m = (held.get(key) for key in ("imgname", "part", "S"))
    shapes = [getattr(array, "shape", None) for array in (names, part, pose_m)]
    count = len(names) if isinstance(names, numpy.ndarray) and names.ndim == 1 else 0
    if count == 0 or shapes[1:] != [(count, 17, 3), (count, 17, 4)] or part.dtype.kind not in "fiu":
        kept = [f"{key} {getattr(array, 'shape', short(array))}" for key, array in held.items()]
        raise InputError(f"{path}: holds {listed(kept, 6)}; expected {_EXPECTED}")
    far = numpy.nanmedian(numpy.abs(pose_m[..., 2])) if pose_m.dtype.kind in "fiu" else numpy.nan
    if not far < 100:
        raise InputError(f"{path}: S has people {far:.3g} before the camera; expected metres")
    takes: dict[tuple[str, str, str], list[tuple[int, int]]] = {}
    for row, name in enumerate(names.tolist()):
        found = _TRAIN.search(str(name)) or _TEST.search(str(name))
        if found is None:
            raise InputError(
                f"{path}: imgname {short(name)}; expected names such as S1_Seq1_Cam0_000001.jpg"
            )
        subject, sequence, camera, frame = found.groups()
        takes.setdefault((subject, sequence, camera), []).append((int(frame), row))
    lenses = _lenses(path)
    for (subject, sequence, camera), frames in takes.items():
        numbers, first = numpy.unique([frame for frame, _ in frames], return_index=True)
        rows = numpy.array([row for _, row in frames])[first]
        apart = numpy.diff(numbers)
        step = int(apart.min()) if len(apart) else 1
        key = f"{subject}_{sequence}_Cam{camera}" if sequence else subject
        for run in numpy.split(numpy.arange(len(rows)), numpy.flatnonzero(apart != step) + 1):
            yield Film(
                subject,
                sequence,
                int(camera or -1),
                int(numbers[run[0]]),
                step,
                part[rows[run], :, :2],
                1000 * pose_m[rows[run], :, :3],
                lenses.get(key),
            )


def _lenses(path: Path) -> dict[str, Camera]:
    """The cameras in the file beside the frames; none where it is not there."""
    half = "train" if "train" in path.name else "test"
    file = path.with_name(f"cameras_{half}.pkl")
    if not file.is_file():
        return {}
    held = read_pickle(file)
    if not isinstance(held, dict):
        raise InputError(f"{file}: holds {short(held)}; expected cameras by name")
    inner = {key: [_array(file, key, one, part, 2) for part in "fc"] for key, one in held.items()}
    outer = {
        key: (_array(file, key, one, "R", 9).reshape(3, 3), _array(file, key, one, "T", 3))
        for key, one in held.items()
        if "R" in one
    }
    for key, (rotation, _) in outer.items():
        off = numpy.abs(rotation @ rotation.T - numpy.eye(3)).max()
        if not off < 1e-3 or numpy.linalg.det(rotation) < 0:
            raise InputError(f"{file}: camera {short(key)} has an R that is no rotation")
    up = (
        numpy.mean([-rotation[1] for rotation, _ in outer.values()], 0)
        if outer
        else (0.0, 0.0, 1.0)
    )
    axis, _ = along(torch.tensor(numpy.array(up)))
    to_z_up = torch.tensor(TO_Z_UP[axis], dtype=torch.float64)
    cameras = {}
    for key, (focal, centre) in inner.items():
        if not (focal > 0).all():
            raise InputError(f"{file}: camera {short(key)} has a focal length of {focal.tolist()}")
        placed = {}
        if key in outer:
            rotation, shift_m = map(torch.tensor, outer[key])
            placed = dict(
                rotation=rotation @ to_z_up.T,
                position_mm=to_z_up @ (-rotation.T @ (1000 * shift_m)),
            )
        name = str(key).rpartition("Cam")[2]
        cameras[key] = Camera(
            torch.tensor(focal), torch.tensor(centre), size_of(str(key)), name=name, **placed
        )
    return cameras


def _array(file: Path, key: Any, camera: Any, part: str, count: int) -> numpy.ndarray:
    """The finite numbers of a camera's `part`, as one row."""
    array = camera.get(part) if isinstance(camera, dict) else None
    sound = isinstance(array, numpy.ndarray) and array.size == count and array.dtype.kind in "fiu"
    if not sound or not numpy.isfinite(array.astype(float)).all():
        raise InputError(
            f"{file}: camera {short(key)}: {part} is {short(array)}; expected {count} numbers"
        )
    return array.astype(float).reshape(-1)
