"""MPI-INF-3DHP: eight people before fourteen cameras, and its test set of six films.

    S1/Seq1/annot.mat           annot2 (px) and annot3 (camera axes, mm): cells, one a camera, of
                                (frames, 28 joints x 2 or 3); univ_annot3, the same on a body of
                                standard height
    S1/Seq1/camera.calibration  the cameras, where it is there
    TS1/annot_data.mat          annot2, annot3, univ_annot3 of 17 joints; valid_frame; activity

or, in place of them, what mmpose makes of them: see `mpi_inf_3dhp_mmpose`.
Source: Mehta et al. 2017, doi:10.1109/3DV.2017.00064; frame rates from the set's own tools.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy

from posebook.datasets import detector_errors
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.published import mpi_inf_3dhp_mmpose
from posebook.datasets.published.mpi_inf_3dhp_clip import clip_of, rate_of, size_of
from posebook.datasets.readers.files import chosen, existing, listed, one_of
from posebook.datasets.readers.matlab import read_mat
from posebook.datasets.readers.skeletool import read_cameras
from posebook.errors import InputError
from posebook.skeletons import MPI_INF_3DHP_17, MPI_INF_3DHP_28

NAME = "MPI-INF-3DHP"
TERMS = "research use only, on the authors' terms; vcai.mpi-inf.mpg.de/3dhp-dataset"
#: S7 and S8 are held out here: the set has no test half with the cameras of its training half.
SUBJECTS = {
    "train": ("S1", "S2", "S3", "S4", "S5", "S6"),
    "test": ("S7", "S8"),
    "all": ("S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8"),
    "official_test": ("TS1", "TS2", "TS3", "TS4", "TS5", "TS6"),
}
SEQUENCES = ("Seq1", "Seq2")
#: The five cameras at the height of the chest, which Mehta et al. train on.
CHEST_CAMERAS = (0, 2, 4, 7, 8)
CAMERAS = 14
ACTIVITIES = (
    "Stand/Walk", "Exercise", "Sit on Chair", "Reach/Crouch", "On Floor", "Sports", "Misc.",
)  # fmt: skip
_EXPECTED = "annot2 and annot3, cells of (frames, 56) and (frames, 84)"
_EXPECTED_TEST = "annot2 and annot3 of 2 or 3 x 17 x 1 x frames, and valid_frame"


def read(
    root: Path | str,
    split: str = "train",
    keypoints: str = "true",
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
    *,
    seed: int = 0,
    cameras: Sequence[int] = CHEST_CAMERAS,
    universal: bool = False,
) -> PoseDataset:
    """Clips of every subject, sequence and camera, house joints, mm, camera axes, float32.

    split      'train' S1-S6, 'test' S7 and S8, 'all' these eight; 'official_test' TS1-TS6: a clip
               is then a run of valid frames with one activity, and there is no camera
    keypoints  'true'; 'detected' (with a detector's errors, drawn with `seed`)
    subjects   these instead of the split's; actions: 'Seq1', 'Seq2', or names of activities
    cameras    0 to 13
    universal  the pose on a body of standard height (univ_annot3), as many published scores have
               it. It does not fit the key points then
    """
    one_of("split", split, SUBJECTS)
    if keypoints not in ("true", "detected"):
        raise InputError(f"keypoints is '{keypoints}'; expected true or detected")
    root = existing(root, f"the folder with {NAME}")
    official = split == "official_test"
    prepared = mpi_inf_3dhp_mmpose.find(root, "test" if official else "train")
    if prepared is not None and not _mats(root, official):
        if universal:
            raise InputError(f"{prepared}: has no univ_annot3; universal is for annot.mat")
        clips = mpi_inf_3dhp_mmpose.read(prepared, SUBJECTS[split], subjects, actions, cameras)
        return _dataset(clips, split, keypoints, seed, NAME)
    files = find(root, official)
    wanted = SUBJECTS[split]
    if subjects is not None:
        there = dict.fromkeys(name.partition("/")[0] for name in files)
        wanted = chosen(subjects, there, root)
    truth = "univ_annot3" if universal else "annot3"
    clips: list[Clip] = []
    for name, path in files.items():
        subject, _, sequence = name.partition("/")
        if subject not in wanted or (sequence and actions is not None and sequence not in actions):
            continue
        if official:
            clips += [
                clip
                for clip in _test_film(path, subject, truth)
                if actions is None or clip.action in actions
            ]
        else:
            clips += _sequence(path, subject, sequence, cameras, truth)
    if not clips:
        raise InputError(
            f"{root}: nothing of {listed(wanted)} by these actions; there are {listed(files)}"
        )
    return _dataset(
        clips, split, keypoints, seed, f"{NAME}, universal skeleton" if universal else NAME
    )


def _dataset(clips: list[Clip], split: str, keypoints: str, seed: int, name: str) -> PoseDataset:
    if keypoints == "detected":
        clips = detector_errors.detect_all(clips, seed)
    notes = tuple(dict.fromkeys(note for clip in clips for note in clip.notes))
    return PoseDataset(name, split, tuple(clips), TERMS, notes)


def find(root: Path, official: bool = False) -> dict[str, Path]:
    """{'S1/Seq1' or 'TS1': its annotation file}, in the folder or one below it."""
    found = _mats(root, official)
    if not found:
        one, half = ("TS1/annot_data.mat", "test") if official else ("S1/Seq1/annot.mat", "train")
        raise InputError(
            f"{root}: no {one}; `posebook data info mpi_inf_3dhp` says how to get it (nor "
            f"{mpi_inf_3dhp_mmpose.FILES[half][0]}, as mmpose makes it)"
        )
    return found


def _mats(root: Path, official: bool) -> dict[str, Path]:
    inside = "TS[1-6]/annot_data.mat" if official else "S[1-8]/Seq[12]/annot.mat"
    found: dict[str, Path] = {}
    for path in sorted([*root.glob(inside), *root.glob(f"*/{inside}")] if root.is_dir() else []):
        folder = path.parent
        found.setdefault(folder.name if official else f"{folder.parent.name}/{folder.name}", path)
    return found


def _sequence(
    path: Path, subject: str, sequence: str, cameras: Sequence[int], truth: str
) -> list[Clip]:
    """A clip for each camera."""
    if not cameras or not all(isinstance(one, int) and 0 <= one < CAMERAS for one in cameras):
        raise InputError(f"cameras are {listed(cameras)}; expected some of 0 to {CAMERAS - 1}")
    names = [f"{key}/{camera}" for key in ("annot2", truth) for camera in cameras]
    found = read_mat(path, f"annot.mat with {_EXPECTED}", names)
    file = path.with_name("camera.calibration")
    lenses = read_cameras(file) if file.exists() else {}
    notes = () if lenses else ("no camera.calibration: cameras are not known",)
    clips = []
    for camera in cameras:
        flat, flat_mm = found.get(f"annot2/{camera}"), found.get(f"{truth}/{camera}")
        tables = [(flat, 56), (flat_mm, 84)]
        if any(not _is_table(table, wide) for table, wide in tables) or len(flat) != len(flat_mm):
            shapes = " and ".join("none" if t is None else str(t.shape) for t, _ in tables)
            raise InputError(f"{path}: annot2, {truth} of camera {camera}: {shapes}; expected "
                             f"{_EXPECTED}")  # fmt: skip
        lens = lenses.get(str(camera))
        clips.append(
            clip_of(
                f"{subject}/{sequence}/{camera}",
                flat.reshape(-1, 28, 2),
                flat_mm.reshape(-1, 28, 3),
                MPI_INF_3DHP_28,
                path,
                notes,
                camera=lens,
                size_px=size_of(subject) if lens is None else lens.size_px,
                frames_per_second=rate_of(subject, sequence),
                subject=subject,
                action=sequence,
            )
        )
    return clips


def _is_table(table: numpy.ndarray | None, wide: int) -> bool:
    numbers = table is not None and table.dtype.kind in "fiu"
    return numbers and table.ndim == 2 and table.shape[1] == wide and len(table) > 0


def _test_film(path: Path, film: str, truth: str) -> list[Clip]:
    """A clip for each run of valid frames with one activity."""
    names = ["annot2", truth, "valid_frame", "activity_annotation"]
    found = read_mat(path, f"annot_data.mat with {_EXPECTED_TEST}", names)
    found = {key: array for key, array in found.items() if array.dtype.kind != "U"}
    points, pose_mm = (
        _of_17(found.get(key), numbers) for key, numbers in (("annot2", 2), (truth, 3))
    )
    valid = found.get("valid_frame", numpy.zeros(0)).reshape(-1)
    activity = found.get("activity_annotation", numpy.zeros(valid.shape)).reshape(-1)
    frames = {len(each) for each in (points, pose_mm, valid, activity)}
    if len(frames) != 1 or frames == {0}:
        shapes = ", ".join(f"{key} {array.shape}" for key, array in found.items())
        raise InputError(f"{path}: holds {shapes or 'nothing'}; expected {_EXPECTED_TEST}")
    state = numpy.where(valid == 1, numpy.nan_to_num(activity.astype(float)), -1)
    starts = numpy.flatnonzero(numpy.diff(state, prepend=numpy.nan) != 0)
    runs = [run for run in numpy.split(numpy.arange(len(state)), starts[1:]) if state[run[0]] >= 0]
    if not runs:
        raise InputError(f"{path}: no frame is valid; expected {_EXPECTED_TEST}")
    clips = []
    for run in runs:
        number = state[run[0]]
        known = number in range(1, len(ACTIVITIES) + 1)
        clips.append(
            clip_of(
                f"{film}/{run[0] + 1}-{run[-1] + 1}",
                points[run],
                pose_mm[run],
                MPI_INF_3DHP_17,
                path,
                ("runs of valid frames; cameras and frames per second are not known",),
                size_px=size_of(film),
                subject=film,
                action=ACTIVITIES[int(number) - 1] if known else "",
                frames_per_second=None,
            )
        )
    return clips


def _of_17(array: numpy.ndarray | None, numbers: int) -> numpy.ndarray:
    """(frames, 17, numbers) out of numbers x 17 x (1 x) frames; empty where it is not that."""
    if array is not None and array.ndim == 4 and array.shape[2] == 1:
        array = array[:, :, 0]
    if array is None or array.dtype.kind not in "fiu" or array.shape[:-1] != (numbers, 17):
        return numpy.zeros((0, 17, numbers))
    return array.transpose(2, 1, 0)
