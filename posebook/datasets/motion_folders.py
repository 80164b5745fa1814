"""Folders of motion capture as a data set: every motion seen by four cameras.

The files have no cameras. Each motion is moved so that the middle of its path is where
Human3.6M's four cameras look, and is projected with them.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch

from posebook.cameras import human36m_rig
from posebook.datasets import detector_errors
from posebook.datasets.clips import Clip, Motion, PoseDataset
from posebook.datasets.readers import asf_amc, bvh
from posebook.datasets.readers.files import existing, listed
from posebook.errors import InputError

_NAMES = {"cmu": "CMU motion capture", "bvh": "BVH motions"}
_ENDINGS = {"cmu": (".amc",), "bvh": (".bvh",)}
_TERMS = {"cmu": "free for any use, no resale of the data itself; mocap.cs.cmu.edu"}


def motion_files(root: Path, endings: Sequence[str] = (".bvh", ".amc")) -> list[Path]:
    """Every motion file in a folder and the folders in it, sorted."""
    files = sorted(
        path for path in root.rglob("*") if path.suffix.lower() in endings and os.path.isfile(path)
    )
    if not files:
        raise InputError(f"{root}: holds no {' or '.join(endings)} file")
    return files


def seen_by_rig(
    name: str,
    root: Path | str,
    split: str,
    keypoints: str,
    seed: int,
    subjects: Sequence[str] | None,
    actions: Sequence[str] | None,
) -> PoseDataset:
    """The folder's motions, each in four cameras; the arguments are those of `datasets.load`.

    subjects  CMU: '02', '03', ...; BVH: the name of the folder that holds the file
    actions   names of files without their ending
    """
    root = existing(root, f"the folder with the {' or '.join(_ENDINGS[name])} files")
    if split not in ("test", "all"):
        raise InputError(f"split is '{split}'; expected test or all")
    if keypoints not in ("true", "detected"):
        raise InputError(f"keypoints is '{keypoints}'; expected true or detected")
    files = motion_files(root, _ENDINGS[name]) if root.is_dir() else [root]
    kept = [
        file
        for file in files
        if (subjects is None or _subject(name, file) in subjects)
        and (actions is None or file.stem in actions)
    ]
    if not kept:
        there = sorted({_subject(name, file) for file in files})
        raise InputError(f"{root}: no such subjects or actions; there are subjects {listed(there)}")
    clips: list[Clip] = []
    for file in kept:
        motion = bvh.read_bvh(file) if name == "bvh" else asf_amc.read_amc(file)
        motion = replace(in_the_middle(motion), subject=_subject(name, file))
        clips += [motion.seen_by(camera) for camera in human36m_rig("S1")]
    if keypoints == "detected":
        clips = detector_errors.detect_all(clips, seed)
    notes = ("each motion moved to the middle of Human3.6M's room and seen by its four cameras",)
    return PoseDataset(_NAMES[name], split, tuple(clips), _TERMS.get(name, ""), notes)


def _subject(name: str, file: Path) -> str:
    return file.stem.partition("_")[0] if name == "cmu" else file.parent.name


def in_the_middle(motion: Motion) -> Motion:
    """The motion with the middle of the hip's path over the origin of the floor."""
    hip = motion.world_mm[:, motion.skeleton.index("hip"), :2]
    known = hip[torch.isfinite(hip).all(-1)]
    if len(known) == 0:
        return motion
    middle = (known.amin(0) + known.amax(0)) / 2
    moved = motion.world_mm.clone()
    moved[..., :2] -= middle
    return replace(motion, world_mm=moved)
