"""Human3.6M in the archives of bzhao96/3d-human-pose, which chapters 13 and 14 follow.

    h36m_gt_train.npz                     pose3d: the poses, camera axes, mm
    h36m_gt_test.npz, ..._test_ds.npz     the same of S9 and S11, in full and down-sampled
    pose_resnet/h36m_pred2d_train.npz     pose2d: key points of a pose_resnet, px
    pose_resnet/h36m_pred2d_test.npz, ..._test_ds.npz

Each holds a pickled dict: [subject]["Directions-1"][camera] is an array (frames, 17, 2 or 3) of
house joints. Poses are absolute, so no world is needed. The true key points are not in the
archives: they are the poses, seen by Human3.6M's cameras. How many frames a second there are is
said nowhere.
Source: the code of bzhao96/3d-human-pose (its file names, keys and the recording it leaves out).
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy
import torch

from posebook.cameras import Camera, human36m_rig
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.published import human36m
from posebook.datasets.readers.files import chosen, existing, listed, one_of, short
from posebook.datasets.readers.human36m_archives import known_points, subjects_of, table_of
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.skeletons import HOUSE

#: What files of a half may be called, the first that is there wins. `_all` is every frame.
HALVES = {"train": ("train",), "test": ("test", "test_ds", "test_all")}
DETECTOR = "pose_resnet"
#: The one recording that is left out: its motion is damaged.
DAMAGED = ("S11", "Directions-2", "54138969")
NAMES = {"TakingPhoto": "Photo", "WalkingDog": "WalkDog", "WalkingTogether": "WalkTogether"}
SOURCE = human36m.Source(name="Human3.6M, archives of bzhao96")


def poses_file(root: Path, half: str) -> Path | None:
    """The file with the poses of a half; None where there is none."""
    ends = [f"{name}_{end}.npz" for end in HALVES[half] for name in ("h36m_gt", "h36m_gt3d")]
    return next((root / end for end in ends if (root / end).is_file()), None)


def holds(root: Path | str) -> bool:
    """Whether a folder holds such archives."""
    return any(poses_file(Path(root), half) is not None for half in HALVES)


def detectors(root: Path, poses: Path) -> dict[str, Path]:
    """{name: its key points of the same frames}: one folder for each detector."""
    end = poses.stem.partition("_gt")[2].removeprefix("3d")
    return {file.parent.name: file for file in sorted(root.glob(f"*/h36m_pred2d{end}.npz"))}


def read(
    root: Path | str,
    split: str = "train",
    keypoints: str = "true",
    subjects: Sequence[str] | None = None,
    actions: Sequence[str] | None = None,
) -> PoseDataset:
    """Clips of every subject, take and camera, house joints, mm, camera axes.

    keypoints  'true': the projected poses; 'detected' or 'pose_resnet': the detector's
    subjects   these instead of the split's; actions: names as in `Clip.action`, Human3.6M's
    """
    root = existing(root, "the folder with h36m_gt_train.npz")
    one_of("split", split, human36m.SUBJECTS)
    clips: list[Clip] = []
    names: list[str] = []
    notes = ["frames per second are not known"]
    for half in HALVES if split == "all" else (split,):
        path = poses_file(root, half)
        if path is None:
            raise InputError(
                f"{root}: no h36m_gt_{half}.npz; `posebook data info human36m` says more"
            )
        notes.append(f"{half}: {path.name}")
        poses = subjects_of(read_npz(path), "pose3d", path)
        seen = None if keypoints == "true" else _detected(root, path, keypoints)
        names += poses
        for subject, takes in poses.items():
            if subjects is None or subject in subjects:
                clips += _subject(path, subject, takes, actions, seen, notes)
    if subjects is not None:
        chosen(subjects, names, root)
    if not clips:
        raise InputError(
            f"{root}: nothing by these subjects and actions; there are {listed(names)}"
        )
    if keypoints == "true":
        notes.append("no true key points in the archives: the poses, seen by Human3.6M's cameras")
    source = human36m.read_source(root, SOURCE)
    return PoseDataset(source.name, split, tuple(clips), source.terms, (*source.notes, *notes))


def _detected(root: Path, poses: Path, keypoints: str) -> tuple[Path, dict[str, Any]]:
    """A detector's archive of the same frames as the poses, and what is in it."""
    there = detectors(root, poses)
    name = keypoints
    if keypoints == "detected":
        name = DETECTOR if DETECTOR in there else next(iter(there), "")
    if name not in there:
        raise InputError(
            f"{root}: no key points '{keypoints}' for {poses.name}; there are "
            f"{listed(['true', 'simulated', *there])}"
        )
    return there[name], subjects_of(read_npz(there[name]), "pose2d", there[name])


def _subject(
    path: Path,
    subject: str,
    takes: dict[str, Any],
    actions: Sequence[str] | None,
    seen: tuple[Path, dict[str, Any]] | None,
    notes: list[str],
) -> list[Clip]:
    """The clips of one subject; what is left out is added to the notes."""
    try:
        rig = {camera.name: camera for camera in human36m_rig(subject, distortion="videopose3d")}
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    clips = []
    for take, cameras in takes.items():
        action, _, number = take.partition("-")
        action = NAMES.get(action, action)
        if actions is not None and action not in actions:
            continue
        if not isinstance(cameras, dict):
            raise InputError(f"{path}: {subject} {short(take)}; expected arrays by camera")
        for name, array in cameras.items():
            where = f"{path}: {subject} {short(take)} {short(name)}"
            if (subject, take, name) == DAMAGED:
                continue
            if name not in rig:
                raise InputError(f"{where}: no such camera; expected {listed(rig)}")
            pose_mm = _poses(array, where)
            found = None
            if seen is not None:
                by_take = seen[1].get(subject, {}).get(take, {})
                points = by_take.get(name) if isinstance(by_take, dict) else None
                if points is None:
                    notes.append(f"{subject} {take} {name}: no key points; left out")
                    continue
                place = f"{seen[0]}: {subject} {short(take)} {short(name)}"
                table = table_of(points, 2, place)
                if table.shape[1] != 17:
                    raise InputError(f"{place}: {table.shape[1]} joints; expected 17")
                if len(table) != len(pose_mm):
                    raise InputError(f"{place}: {len(table)} frames, but {len(pose_mm)} poses")
                found = known_points(table, place, rig[name].size_px)
            clip_name = f"{subject}/{action} {number}/{name}"
            clips.append(_clip(clip_name, subject, action, rig[name], pose_mm, found))
    return clips


def _poses(array: Any, where: str) -> torch.Tensor:
    """(frames, 17, 3) mm before the camera, checked."""
    table = table_of(array, 3, where)
    with numpy.errstate(over="ignore"):
        pose_mm = torch.from_numpy(numpy.array(table, dtype=numpy.float32))
    there = torch.isfinite(pose_mm).all(-1)
    known, pose_mm = pose_mm[there], torch.where(there.unsqueeze(-1), pose_mm, torch.nan)
    if table.shape[1] != 17 or not len(known):
        raise InputError(f"{where}: {table.shape}; expected (frames, 17, 3) mm")
    depth_mm, extent_mm = known[:, 2].median().item(), (known.amax(0) - known.amin(0)).max().item()
    if not 500 <= depth_mm <= 50_000 or extent_mm < 300:
        raise InputError(
            f"{where}: people {extent_mm:.3g} across, {depth_mm:.3g} before the camera; expected "
            "mm in camera axes, not about the hip"
        )
    return pose_mm


def _clip(
    name: str,
    subject: str,
    action: str,
    camera: Camera,
    pose_mm: torch.Tensor,
    found: tuple[torch.Tensor, torch.Tensor] | None,
) -> Clip:
    if found is None:
        points_px = camera.project(pose_mm)
        seen = torch.isfinite(points_px).all(-1) & (pose_mm[..., 2] > 0)
        points_px = torch.where(seen.unsqueeze(-1), points_px, torch.nan)
        found = points_px, seen.to(points_px)
    return Clip(
        name=name,
        skeleton=HOUSE,
        frames_per_second=None,
        keypoints_px=found[0].float(),
        confidence=found[1].float(),
        pose_mm=pose_mm,
        camera=camera,
        size_px=camera.size_px,
        subject=subject,
        action=action,
    )
