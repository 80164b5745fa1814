"""Human3.6M, and anything else in the archives that VideoPose3D made common.

    data_3d_h36m.npz             the motion           (what is in them: `human36m_archives`)
    data_2d_h36m_<detector>.npz  the key points of one detector; `gt`: the true ones
    S1/StackedHourglass/*.h5     key points of a stacked hourglass, see `human36m_detections`
    source.json                  where the archives hold something else: what, its terms, its
                                 frames per second and notes. The data set is named after that

Source: Pavllo et al. 2019, arXiv:1811.11742, whose protocol is kept: 17 of 32 joints; key points
longer than the motion are cut at the end; Human3.6M's S11 Directions is left out.
"""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.datasets.readers import human36m_detections
from posebook.datasets.readers.files import (
    chosen,
    folder_with,
    frame_rate,
    listed,
    number,
    one_of,
    short,
)
from posebook.datasets.readers.human36m_archives import (
    action_of,
    known_points,
    read_subjects,
    table_of,
    world_mm,
)
from posebook.datasets.readers.human36m_detections import Detections
from posebook.errors import InputError
from posebook.files import is_line, read_record
from posebook.skeletons import HOUSE, HUMAN36M_KEPT_OF_32

SUBJECTS = {
    "train": ("S1", "S5", "S6", "S7", "S8"),
    "test": ("S9", "S11"),
    "all": ("S1", "S5", "S6", "S7", "S8", "S9", "S11"),
}
FRAMES_PER_SECOND = 50.0
_POSITIONS = "data_3d_h36m.npz"
#: (subject, take) -> its cameras
Rigs = Callable[[str, str], tuple[Camera, ...]]
TERMS = "Human3.6M licence: academic use, on registration; vision.imar.ro/human3.6m"


@dataclass(frozen=True)
class Source:
    """What the archives of a folder hold: `source.json`, or Human3.6M itself."""

    name: str = "Human3.6M"
    terms: str = TERMS
    frames_per_second: float = FRAMES_PER_SECOND
    cameras: Any = "Human3.6M"
    genuine: bool = True
    notes: tuple[str, ...] = ()


def read(
    root: Path | str,
    split: str = "train",
    keypoints: str = "true",
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
) -> PoseDataset:
    """Clips of every subject, action and camera, house joints, mm, camera axes.

    keypoints  'true': data_2d_h36m_gt.npz, or the projected motion where that is absent;
               'detected': the one detector there is (cpn_ft_h36m_dbb before others);
               else a detector's name: the part of the file name after data_2d_h36m_, or
               'hourglass_h5' or 'hourglass_ft_h5' (see `human36m_detections`)
    subjects   these instead of the split's; actions: names as in `Clip.action`
    """
    root = folder_with(root, _POSITIONS, "human36m")
    source = read_source(root)
    positions = read_subjects(root / _POSITIONS, "positions_3d")
    wanted = _wanted(positions, split, subjects, source, root)
    detector = detector_of(human36m_detections.names(root), keypoints, root)
    detections = None if detector is None else human36m_detections.read(root, detector)
    notes: list[str] = []
    if detections is None:
        notes.append("no data_2d_h36m_gt.npz: key points are the projected motion")

    if source.genuine:
        positions.get("S11", {}).pop("Directions", None)  # its recording is damaged
    rate, path = source.frames_per_second, root / _POSITIONS
    motions = motions_of(positions, wanted, actions, rate, path, _motion)
    where = f"{root}: key points {detector}"
    clips = clips_of(motions, _cameras(source), detections, where, notes)
    converted = detections.notes if detections is not None else []
    return PoseDataset(
        source.name, split, tuple(clips), source.terms, (*source.notes, *converted, *notes)
    )


def motions_of(
    positions: dict[str, Any],
    wanted: Sequence[str],
    actions: Sequence[str] | None,
    rate: float,
    path: Path,
    motion: Callable[..., Motion],
) -> dict[tuple[str, str], Motion]:
    """(subject, take) -> its motion, for these subjects and actions of an archive.

    motion  makes it, out of subject, take, array, frames per second and path
    """
    takes = [(subject, take) for subject in wanted for take in positions[subject]]
    kept = [each for each in takes if actions is None or action_of(each[1]) in actions]
    if actions is not None and not kept:
        there = listed(sorted({action_of(take) for _, take in takes}))
        raise InputError(f"{path.parent}: no action {listed(actions)}; there are {there}")
    return {
        (subject, take): motion(subject, take, positions[subject][take], rate, path)
        for subject, take in kept
    }


def clips_of(
    motions: dict[tuple[str, str], Motion],
    rigs: Rigs,
    detections: Detections | None,
    where: str,
    notes: list[str],
) -> list[Clip]:
    """Each motion as its cameras see it.

    motions     (subject, take) -> its motion
    detections  a detector's key points; None: the motion is projected
    notes       what is left out is added here
    """
    clips: list[Clip] = []
    for (subject, take), motion in motions.items():
        cameras = rigs(subject, take)
        if detections is None:
            clips += [motion.seen_by(camera) for camera in cameras]
            continue
        pictures = detections.pictures(subject, take, [camera.name for camera in cameras])
        if pictures is None:
            notes.append(f"{subject} {take}: no key points; left out")
            continue
        for camera, points in zip(cameras, pictures, strict=False):
            if points is None:
                notes.append(f"{subject} {take} {camera.name}: no key points; left out")
                continue
            place = f"{where}: {subject} {short(take)}"
            clips.append(_with_points(motion, camera, points, detections, place))
    return clips


def _motion(subject: str, take: str, world: Any, rate: float, path: Path) -> Motion:
    world = world_mm(world, f"{path}: {short(subject)} {short(take)}")
    return Motion(f"{subject}/{take}", world, rate, HOUSE, subject, action_of(take))


def read_motions(
    path: Path | str,
    fps: float | int | None = None,
    otherwise: Source = Source(),
    motion: Callable[..., Motion] = _motion,
) -> list[Motion]:
    """The motions of data_3d_h36m.npz by itself: house joints, mm, world axes (z up)."""
    path = Path(path)
    rate = fps or read_source(path.parent, otherwise).frames_per_second
    positions = read_subjects(path, "positions_3d")
    return list(motions_of(positions, list(positions), None, rate, path, motion).values())


def read_source(root: Path, otherwise: Source = Source()) -> Source:
    """What the folder's archives hold; `otherwise`: what they hold without source.json."""
    path = root / "source.json"
    if not path.exists() and not path.is_symlink():  # a broken link is no reason to trust it
        return otherwise
    expected = "source.json with source, terms, frames_per_second"
    content = read_record(path, expected)
    source = content.get("source") if isinstance(content, dict) else None
    if not source or not is_line(source, 200):
        raise InputError(f"{path}: names no source; expected {expected}")
    rate = number(
        content.get("frames_per_second", otherwise.frames_per_second), path, "frames_per_second"
    )
    rate = frame_rate(rate, f"{path}: frames_per_second")
    cameras, notes = content.get("cameras", otherwise.cameras), content.get("notes", [])
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise InputError(f"{path}: notes is {short(notes)}; expected a list of sentences")
    terms = content.get("terms", "")
    if not is_line(terms):
        raise InputError(f"{path}: terms is {short(terms)}; expected one line of text")
    return Source(source, terms, rate, cameras, genuine=False, notes=tuple(notes))


def detector_of(there: list[str], keypoints: str, root: Path) -> str | None:
    """Which of the detectors that are there `keypoints=` stands for; None: the projected motion."""
    if keypoints == "true":
        return "gt" if "gt" in there else None
    if keypoints == "detected":
        found = [name for name in ("cpn_ft_h36m_dbb", *there) if name in there and name != "gt"]
        if found:
            return found[0]
    elif keypoints in there:
        return keypoints
    names = "".join(f", {name}" for name in there)
    raise InputError(f"{root}: no key points '{keypoints}'; there are true, simulated{names}")


def _wanted(
    positions: dict[str, Any],
    split: str,
    subjects: Sequence[str] | None,
    source: Source,
    root: Path,
) -> list[str]:
    """The subjects asked for; of another source's, 'all' are whoever is in the archive."""
    if subjects is not None:
        return chosen(subjects, positions, root)
    one_of("split", split, SUBJECTS)
    wanted = [subject for subject in SUBJECTS[split] if subject in positions]
    if split == "all" and not source.genuine:
        wanted = list(positions)
    if not wanted:
        raise InputError(
            f"{root}: none of {', '.join(SUBJECTS[split])}; there are {listed(positions)}"
        )
    return wanted


def _cameras(source: Source) -> Rigs:
    """Human3.6M's, or those of source.json."""
    if source.cameras == "Human3.6M":
        # The convention that the key points of such archives were projected with.
        rig = functools.cache(lambda subject: human36m_rig(subject, distortion="videopose3d"))
        return lambda subject, take: rig(subject)
    return cameras_of(source.cameras, "Human3.6M")


def cameras_of(given: Any, otherwise: str) -> Rigs:
    """The cameras of source.json, each rig made once.

    given      {subject or 'subject/take': [cameras]}, or a list: the same for everybody
    otherwise  the name of a set's own cameras, which it might have held in their place
    """

    @functools.cache
    def rig(key: str) -> tuple[Camera, ...]:
        cameras = given.get(key) if isinstance(given, dict) else given
        if not isinstance(cameras, list) or not all(isinstance(one, dict) for one in cameras):
            raise InputError(
                f"source.json: cameras of {key}: {short(cameras)}; expected '{otherwise}' or "
                "cameras"
            )
        try:
            return tuple(Camera.from_dict(camera) for camera in cameras)
        except InputError as error:
            raise InputError(f"source.json: cameras of {key}: {error}") from None

    def of_take(subject: str, take: str) -> tuple[Camera, ...]:
        own = f"{subject}/{take}"
        return rig(own if isinstance(given, dict) and own in given else subject)

    return of_take


def _with_points(
    motion: Motion, camera: Camera, points: Any, detections: Detections, where: str
) -> Clip:
    """A motion in the axes of a camera, with a detector's key points of its pictures."""
    table = table_of(points, 2, where)
    convert = detections.conversion(table.shape[1], where)
    if table.shape[1] == 32:
        table = table[:, list(HUMAN36M_KEPT_OF_32)]
    found = known_points(table, where, camera.size_px)
    return motion.seen_by(camera, found if convert is None else convert(*found))
