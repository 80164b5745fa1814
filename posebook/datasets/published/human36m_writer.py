"""Archives in Human3.6M's format, out of any data set: what `human36m` reads."""

import json
from pathlib import Path
from typing import Any

import numpy

from posebook import paths
from posebook.datasets.clips import PoseDataset
from posebook.datasets.published import human36m
from posebook.datasets.readers.files import listed
from posebook.errors import InputError
from posebook.skeletons import HOUSE

_MOTION, _SEEN, _SOURCE = "data_3d_h36m.npz", "data_2d_h36m_gt.npz", "source.json"
#: As they are put in place: with the motion comes the name of what it is.
_NAMES = (_SOURCE, _SEEN, _MOTION)


def write(dataset: PoseDataset, folder: Path | str) -> tuple[Path, ...]:
    """A data set as archives in this format: data_3d_h36m.npz, data_2d_h36m_gt.npz, source.json.

    Clips of one subject and take are its cameras, in order; house joints and truth are needed.
    The three files appear in one go. The old motion goes first and the new one comes last, and
    without it a folder is refused: so no mixture of old and new is ever read, and what was cut
    before its end never passes for whole.
    """
    folder = Path(folder)
    with paths.staged(folder, _NAMES) as made:
        _write(dataset, made)
        (folder / _MOTION).unlink(missing_ok=True)
    return folder / _MOTION, folder / _SEEN, folder / _SOURCE


def _write(dataset: PoseDataset, folder: Path) -> None:
    motion: dict[str, dict[str, Any]] = {}
    seen: dict[str, dict[str, list]] = {}
    cameras: dict[str, list] = {}
    for clip in dataset:
        if clip.skeleton != HOUSE or clip.pose_mm is None or clip.camera is None:
            raise InputError(f"{clip.name}: only house joints with truth and camera are written")
        take = clip.name.removesuffix(f"/{clip.camera.name}").removeprefix(f"{clip.subject}/")
        pictures = seen.setdefault(clip.subject, {}).setdefault(take, [])
        if not pictures:
            world = clip.camera.to_world(clip.pose_mm.double()) / 1000
            motion.setdefault(clip.subject, {})[take] = world.float().numpy()
        pictures.append(clip.keypoints_px.numpy())
        cameras.setdefault(f"{clip.subject}/{take}", []).append(clip.camera.to_dict())
    for subject, takes in motion.items():
        rigs = [cameras[f"{subject}/{take}"] for take in takes]
        if all(rig == rigs[0] for rig in rigs):  # the same for every take: written once
            for take in takes:
                del cameras[f"{subject}/{take}"]
            cameras[subject] = rigs[0]
    source = {
        "source": dataset.name,
        "frames_per_second": dataset.frames_per_second,
        "terms": dataset.terms,
        "cameras": cameras,
    }
    if dataset.notes:
        source["notes"] = list(dataset.notes)
    metadata = {"layout_name": "h36m", "num_joints": len(HOUSE)}
    with paths.replacing(folder / _MOTION) as file:
        numpy.savez_compressed(file, positions_3d=numpy.array(motion, dtype=object))
    with paths.replacing(folder / _SEEN) as file:
        numpy.savez_compressed(
            file, positions_2d=numpy.array(seen, dtype=object), metadata=metadata
        )
    paths.write_text(folder / _SOURCE, json.dumps(source, indent=1))


def may_write(folder: Path, *names: str) -> None:
    """Refuse a folder that holds archives, other than of data sets whose names begin like these."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder for the archives")
    there = [name for name in _NAMES if (folder / name).exists()]
    if not there:
        return
    ours = _SOURCE in there and human36m.read_source(folder).name.startswith(names)
    if not ours:
        raise InputError(
            f"{folder}: holds {listed(there)} of another origin, which is not replaced; expected "
            "an empty folder as --out"
        )
