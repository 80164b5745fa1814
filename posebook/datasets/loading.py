"""What reads a data set by its name, and a file by what is in it.

Every reader says in `notes` what it assumed, and answers bad input with one line (`InputError`).
Taught in 04_datasets.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from posebook.datasets import cards, detector_errors
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.datasets.motion_folders import motion_files, seen_by_rig
from posebook.datasets.published import bzhao96, human36m, humaneva, lsp, mpi_inf_3dhp, mpii
from posebook.datasets.readers import (
    arrays,
    asf_amc,
    bvh,
    human36m_archives,
    infer_video,
    keypoint_files,
)
from posebook.datasets.readers.file_kinds import MOTIONS, kind
from posebook.datasets.readers.files import collecting_later, existing, frame_rate, listed
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError

#: The training person who stands in for the test people while settings are chosen.
HELD_OUT = "S8"
_KEY_POINTS = "key points (JSON, CSV, .npz, .npy, .h5) or motion (BVH, AMC, TRC, C3D)"


def load(
    name: str,
    root: Path | str | None = None,
    split: str = "train",
    keypoints: str = "true",
    seed: int = 0,
    size: Any = None,
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
) -> PoseDataset:
    """A data set by its name: clips with key points, and the pose in camera axes where it is known.

    name       one of those that `posebook data list` shows
    root       the folder that holds it, or its file; none for the synthetic sets
    split      'train', 'test' or 'all'; cmu, bvh and custom have no halves: 'test' is everything;
               mpi_inf_3dhp has 'official_test' besides; humaneva's test half is its 'Validate'
    keypoints  'true'; 'detected' (with a detector's errors). For human36m and humaneva these are a
               detector's own, from the folder, and so is any other detector's name; 'simulated'
               are the true ones with the errors of `detector_errors`. mpii and lsp have 'true'
               alone
    seed       of the synthetic training people, and of the detector's errors
    size       of the synthetic sets (see `synthetic.make`); of the picture for custom, WIDTHxHEIGHT
    subjects   only these; actions: only these
    """
    if cards.card(name).reader == "pictures":
        raise InputError(
            f"{name}: holds people in pictures, not clips; datasets.pictures.load('{name}', root) "
            "reads it"
        )
    if cards.card(name).reader != "yes":
        raise InputError(
            f"the reader of '{name}' is yet to come; `posebook data list` shows those there are"
        )
    if name in ("synthetic", "synthetic_wide"):
        from posebook.datasets.people import synthetic

        given = {} if size is None else {"size": size}
        people = synthetic.make(name, split=split, keypoints=keypoints, seed=seed, **given)
        return _only(people, subjects, actions)
    if root is None:
        raise InputError(f"{name}: needs root=, the folder that holds it (-p root DIR for a "
                         "chapter, --root DIR for a command)")  # fmt: skip
    if name in ("human36m", "humaneva"):
        read = {"human36m": human36m, "humaneva": humaneva}[name].read
        if name == "human36m" and bzhao96.holds(root):
            read = bzhao96.read
        if keypoints != "simulated":
            return read(root, split, keypoints, subjects, actions)
        people = read(root, split, "true", subjects, actions)
        return replace(people, clips=tuple(detector_errors.detect_all(people, seed)))
    if name == "mpi_inf_3dhp":
        return mpi_inf_3dhp.read(root, split, keypoints, subjects, actions, seed=seed)
    if name in ("mpii", "lsp"):
        return {"mpii": mpii, "lsp": lsp}[name].read(root, split, keypoints, subjects, actions)
    if split == "train":
        raise InputError(
            f"{name}: has no training half of its own; split is 'all' or 'test', both everything"
        )
    if name == "custom":
        clips = read_keypoints(root, size=size)
        people = PoseDataset(Path(root).stem, split, tuple(clips), notes=("no truth in 3D",))
        return _only(people, subjects, actions)
    return seen_by_rig(name, root, split, keypoints, seed, subjects, actions)


def train_and_test(
    name: str, *, held_out: bool = False, **options: Any
) -> tuple[PoseDataset, PoseDataset]:
    """The training and the test half of a data set.

    held_out  True: the training half without `HELD_OUT`, or its last person where that one is not
              in it, and that person alone in place of the test people; its `split` is their name
    options   as in `load`; `seed` is that of the training half. The test half is the same with
              every seed, so that its scores can be compared with those of `posebook evaluate`
    """
    train = load(name, split="train", **options)
    if not held_out:
        return train, load(name, split="test", **options | dict(seed=0))
    people = list(dict.fromkeys(clip.subject for clip in train))
    who = HELD_OUT if HELD_OUT in people else people[-1]
    if len(people) < 2:
        raise InputError(
            f"{train.name}: its training half is {who} alone; nobody is left to hold out"
        )
    others = train.where(lambda clip: clip.subject != who)
    alone = train.where(lambda clip: clip.subject == who)
    return others, replace(alone, split=who)


def _only(
    people: PoseDataset, subjects: Sequence[str] | None, actions: Sequence[str] | None
) -> PoseDataset:
    """The clips of these subjects and actions."""
    if subjects is None and actions is None:
        return people
    return people.where(
        lambda clip: (
            (subjects is None or clip.subject in subjects)
            and (actions is None or clip.action in actions)
        )
    )


@collecting_later()
def read_keypoints(
    path: Path | str,
    layout: str | None = None,
    size: Sequence[int] | str | None = None,
    person: int | str | None = None,
    fps: float | int | str | None = None,
) -> list[Clip]:
    """The clips of a key-point file or folder, recognised by what is in it.

    OpenPose (file or folder), COCO, AlphaPose, MMPose, MediaPipe and Ultralytics JSON; YOLO's
    labels (file or folder); .npz, .npy and .csv of (frames, joints, 2); DeepLabCut's and SLEAP's
    .csv and .h5; VideoPose3D's 2D archives and detections. The file's name decides nothing. Missing
    joints are NaN with confidence 0.

    layout  joint set, where the file does not say: coco_17, body_25, human36m_17, ...
    size    (width, height) of the picture, where the file does not say
    person  where there are several: None, the most prominent; 1, 2, ...; or 'all'
    fps     frames per second; it wins over what the file says
    """
    path = existing(path, "key points: JSON, .npz, .npy, .csv or an OpenPose folder")
    rate = frame_rate(fps)
    if path.is_dir():
        for file, name in (("data_3d_h36m", "human36m"), ("data_3d_humaneva15", "humaneva")):
            if (path / f"{file}.npz").exists():
                raise InputError(f"{path}: is a data set; read it with load('{name}', root=...)")
        return keypoint_files.read(path, layout, size, person, rate)
    found = kind(path, _KEY_POINTS)
    if found in MOTIONS:
        raise InputError(f"{path}: is motion capture, not key points; `read_motion` reads it")
    if found == "json" or (found == "table" and keypoint_files.is_label(path)):
        return keypoint_files.read(path, layout, size, person, rate)
    if found == "npz":
        if human36m_archives.holds(path, "positions_2d"):
            return human36m_archives.read_keypoints(path, size, rate)
        if human36m_archives.holds(path, "boxes") and infer_video.is_one(held := read_npz(path)):
            film = infer_video.film(held, path)
            return keypoint_files.clips_of(film, film.name, film.where, layout, size, person, rate)
    return arrays.read_keypoints(path, layout, size, person, rate)


def read_motion(
    path: Path | str,
    *,
    layout: str | None = None,
    unit: str | float | int | None = None,
    up: str | None = None,
    fps: float | int | str | None = None,
    names: dict[str, str] | None = None,
) -> list[Motion]:
    """The motions of a BVH, an AMC beside its ASF, a TRC or C3D, positions, or a folder of these.

    unit    mm, cm, inch, m, cmu or millimetres per unit; None: recognised by the length of the legs
    up      the axis that points up: 'y', 'z', ...; None: recognised by how the person stands
    names   {'left_knee': 'name in the file', ...} where joint names are not understood
    layout  joint set of an array, where the file does not say
    """
    path = existing(path, "motion: .bvh, .amc, or positions in .npz, .npy or .csv")
    rate = frame_rate(fps)
    options = dict(unit=unit, up=up, fps=rate, names=names)
    if path.is_dir():
        return [motion for file in motion_files(path) for motion in read_motion(file, **options)]
    found = kind(path, _KEY_POINTS)
    if found == "bvh":
        return [bvh.read_bvh(path, **options)]
    if found == "amc":
        return [asf_amc.read_amc(path, **options)]
    if found == "asf":
        raise InputError(f"{path}: is a skeleton without motion; give the .amc beside it")
    if found in ("trc", "c3d"):
        return arrays.read_positions(path, layout, **options)
    if found == "npz" and human36m_archives.holds(path, "positions_3d"):
        whose = humaneva if path.stem.startswith("data_3d_humaneva") else human36m
        return whose.read_motions(path, rate)
    if found == "json":
        raise InputError(f"{path}: is JSON, which holds key points; `read_keypoints` reads it")
    return arrays.read_positions(path, layout, **options)


@collecting_later()
def read_any(path: Path | str, **options: Any) -> list[Clip] | list[Motion]:
    """Key points or motion, whichever the file holds.

    options  those of `read_keypoints` and `read_motion`; what does not apply is passed over
    """
    known = {"layout", "size", "person", "fps", "unit", "up", "names"}
    if not options.keys() <= known:
        raise InputError(f"read_any: options {listed(options)}; expected {listed(sorted(known))}")
    path = existing(path, "key points or motion")
    if path.is_dir():
        positions = any(file.suffix.lower() in (".bvh", ".amc") for file in path.iterdir())
    else:
        positions = _holds_motion(path, options.get("layout"))
    other = {"size", "person"} if positions else {"unit", "up", "names"}
    given = {key: value for key, value in options.items() if key not in other}
    return read_motion(path, **given) if positions else read_keypoints(path, **given)


def _holds_motion(path: Path, layout: str | None) -> bool:
    """Whether a file holds a motion in 3D rather than key points."""
    found = kind(path, _KEY_POINTS)
    if found in MOTIONS or found == "json":
        return found != "json"
    if found == "npz" and any(
        human36m_archives.holds(path, key) for key in ("positions_2d", "positions_3d", "boxes")
    ):
        return human36m_archives.holds(path, "positions_3d")
    if found == "table" and keypoint_files.is_label(path):
        return False
    return arrays.holds_positions(path, layout)
