"""HumanEva-I, and anything else in archives of its form.

    data_3d_humaneva15.npz             positions_3d: {'Train/S1': {'Walking 1 chunk0': (frames, 15,
                                       3)}}, metres, world axes (z up); 'Validate/S1' and so on
    data_2d_humaneva15_<detector>.npz  positions_2d: the same with a list of three cameras, C1 to
                                       C3, each (frames, joints, 2), px, None where there is none;
                                       `gt`: the true key points, 15 joints
    source.json                        where the archives hold something else: see `human36m`

A chunk is a piece of a take between two gaps of the motion capture. Key points without motion
('Unlabeled/...') are left out.

Cameras: their places are published, their lenses are fitted to the true key points
(`humaneva_cameras`); without data_2d_humaneva15_gt.npz poses are still in camera axes, but a clip
has no camera. `source.json` may name cameras instead.

Source: Sigal et al. 2010, doi:10.1007/s11263-009-0273-6; the archives and the halves (its
validation half is the test half) of Pavllo et al. 2019, arXiv:1811.11742.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy

from posebook.cameras import Camera
from posebook.datasets.clips import Motion, PoseDataset
from posebook.datasets.published import human36m, humaneva_cameras
from posebook.datasets.published.human36m import Rigs, Source, cameras_of, clips_of, motions_of
from posebook.datasets.published.humaneva_cameras import Lens
from posebook.datasets.readers import human36m_detections
from posebook.datasets.readers.files import folder_with, listed, one_of, short
from posebook.datasets.readers.human36m_archives import (
    action_of,
    read_subjects,
    table_of,
    world_mm,
)
from posebook.datasets.readers.human36m_detections import Detections
from posebook.errors import InputError
from posebook.skeletons import HOUSE, HUMANEVA_15, conversion

HALVES = {"train": ("Train/",), "test": ("Validate/",), "all": ("Train/", "Validate/")}
SUBJECTS = ("S1", "S2", "S3")
FRAMES_PER_SECOND = 60.0
_POSITIONS = "data_3d_humaneva15.npz"
_POINTS = "data_2d_humaneva15_"
_GENUINE = "HumanEva-I"
SOURCE = Source(
    _GENUINE,
    "HumanEva licence: research use only, on registration; humaneva.is.tue.mpg.de",
    FRAMES_PER_SECOND,
    _GENUINE,
)
_TO_HOUSE = conversion(HUMANEVA_15, HOUSE)


def read(
    root: Path | str,
    split: str = "train",
    keypoints: str = "true",
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
) -> PoseDataset:
    """Clips of every subject, take and camera, house joints, mm, camera axes.

    split      'train': subjects 'Train/...'; 'test': 'Validate/...'; 'all': both
    keypoints  'true': data_2d_humaneva15_gt.npz, or the projected motion where that is absent and
               source.json names cameras; 'detected': the one detector there is; else a detector's
               name: the part of the file name after data_2d_humaneva15_
    subjects   only these of the half: 'S1' or 'Train/S1'; actions: names as in `Clip.action`
    """
    root = folder_with(root, _POSITIONS, "humaneva")
    source = human36m.read_source(root, SOURCE)
    positions = read_subjects(root / _POSITIONS, "positions_3d")
    wanted = _wanted(positions, split, subjects, root)
    there = detectors(root)
    detector = human36m.detector_of(there, keypoints, root)
    true = _archive(root, "gt") if "gt" in there else None
    seen = true if detector in ("gt", None) else _archive(root, detector)
    rigs, unknown, notes = _cameras(source, positions, true, root)
    rate, path = source.frames_per_second, root / _POSITIONS
    motions = motions_of(positions, wanted, actions, rate, path, _motion)
    clips = clips_of(motions, rigs, seen, f"{root}: key points {detector}", notes)
    clips = [replace(c, camera=None) if c.camera.name in unknown else c for c in clips]
    if seen is None:
        clips = [clip for clip in clips if clip.camera is not None]
        if not clips:
            raise InputError(
                f"{root}: no {_POINTS}gt.npz: key points 'true' need it, or cameras in source.json"
            )
        notes.append(f"no {_POINTS}gt.npz: key points are the projected motion")
    every = [_TO_HOUSE.describe(), *(seen.notes if seen is not None else []), *notes]
    notes = list(dict.fromkeys(every))  # poses and true key points are converted alike
    return PoseDataset(source.name, split, tuple(clips), source.terms, tuple(notes))


def read_motions(path: Path | str, fps: float | int | None = None) -> list[Motion]:
    """The motions of data_3d_humaneva15.npz by itself: house joints, mm, world axes (z up)."""
    return human36m.read_motions(path, fps, SOURCE, _motion)


def detectors(root: Path) -> list[str]:
    """The detectors in a folder; 'gt' are the true key points."""
    return sorted(path.stem.removeprefix(_POINTS) for path in root.glob(f"{_POINTS}*.npz"))


def lenses(positions: dict[str, dict[str, Any]], true: Detections, root: Path) -> list[Lens | None]:
    """The lens of each of HumanEva's three cameras, fitted to all that S1, S2 and S3 do before it.

    positions  positions_3d of the archive; true: the key points of `gt`
    None where the key points are not of the 15 joints, too few, or do not fit.
    """
    rays_and_px: list[list[tuple]] = [[] for _ in humaneva_cameras.NAMES]
    for subject, takes in positions.items():
        if _person(subject) not in humaneva_cameras.PLACES:
            continue
        rig = humaneva_cameras.placed(_person(subject))
        for take, world in takes.items():
            where = f"{root}: {short(subject)} {short(take)}"
            points_mm = world_mm(world, where, HUMANEVA_15)
            pictures = true.pictures(subject, take, humaneva_cameras.NAMES) or ()
            for own, camera, points in zip(rays_and_px, rig, pictures, strict=False):
                table = None if points is None else table_of(points, 2, where)
                if table is None or table.shape[1] != len(HUMANEVA_15):
                    continue
                frames = min(len(table), len(points_mm))
                at = camera.to_camera(points_mm[:frames].double()).numpy()
                with numpy.errstate(all="ignore"):
                    ray = numpy.where(at[..., 2:] > 0, at[..., :2] / at[..., 2:], numpy.nan)
                own.append((ray.reshape(-1, 2), table[:frames].reshape(-1, 2)))
    return [
        humaneva_cameras.fitted(*map(numpy.concatenate, zip(*own, strict=True))) if own else None
        for own in rays_and_px
    ]


def describe(found: Sequence[Lens | None]) -> str:
    """One line for people: how far true key points are from where each lens has them."""
    each = [
        f"{name} not known" if lens is None else f"{name} {lens.median_px:.2f} px off (median)"
        for name, lens in zip(humaneva_cameras.NAMES, found, strict=True)
    ]
    return f"lenses fitted to the true key points: {', '.join(each)}"


def read_lenses(root: Path) -> list[Lens | None]:
    """`lenses` of a folder that holds both archives."""
    positions = read_subjects(root / _POSITIONS, "positions_3d")
    return lenses(positions, _archive(root, "gt"), root)


def _cameras(
    source: Source, positions: dict[str, dict[str, Any]], true: Detections | None, root: Path
) -> tuple[Rigs, set[str], list[str]]:
    """(the cameras of a take, names of those whose lens is not known, what to note about them)"""
    if source.cameras != _GENUINE:
        return cameras_of(source.cameras, _GENUINE), set(), []
    found = [None] * 3 if true is None else lenses(positions, true, root)
    notes = [describe(found)]
    if true is None:
        notes = [f"no {_POINTS}gt.npz: lenses, and so cameras, are not known"]

    def published(subject: str, take: str) -> tuple[Camera, ...]:
        if _person(subject) not in humaneva_cameras.PLACES:
            raise InputError(
                f"{root}: no cameras for {short(subject)}; they are known for "
                f"{', '.join(humaneva_cameras.PLACES)}, others from source.json"
            )
        rig = humaneva_cameras.placed(_person(subject))
        return tuple(
            camera if lens is None else humaneva_cameras.with_lens(camera, lens)
            for camera, lens in zip(rig, found, strict=True)
        )

    named = zip(humaneva_cameras.NAMES, found, strict=True)
    return published, {name for name, lens in named if lens is None}, notes


def _motion(subject: str, take: str, world: Any, rate: float | int, path: Path) -> Motion:
    metres = world_mm(world, f"{path}: {short(subject)} {short(take)}", HUMANEVA_15)
    house, _ = _TO_HOUSE(metres)
    return Motion(
        f"{subject}/{take}", house, rate, HOUSE, _person(subject), action_of(take),
        (_TO_HOUSE.describe(),),
    )  # fmt: skip


def _person(subject: str) -> str:
    """'Train/S1' -> 'S1'"""
    return subject.rpartition("/")[2]


def _archive(root: Path, detector: str) -> Detections:
    return human36m_detections.Archive(root / f"{_POINTS}{detector}.npz")


def _wanted(
    positions: dict[str, Any], split: str, subjects: Sequence[str] | None, root: Path
) -> list[str]:
    """The keys of the archive that are of this half and of these people."""
    one_of("split", split, HALVES)
    half = [subject for subject in positions if subject.startswith(HALVES[split])]
    if not half:
        expected = " or ".join(f"{prefix}S1" for prefix in HALVES[split])
        raise InputError(f"{root}: no subject such as {expected}; there are {listed(positions)}")
    if subjects is None:
        return half
    chosen = subjects.split(",") if isinstance(subjects, str) else list(subjects)
    absent = [name for name in chosen if name not in half and name not in map(_person, half)]
    if absent:
        raise InputError(f"{root}: no subject {listed(absent)}; there are {listed(half)}")
    return [subject for subject in half if subject in chosen or _person(subject) in chosen]
