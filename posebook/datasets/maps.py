"""Clips written to disk as `windows.Windows` reads them: more frames than memory holds.

    keypoints.npy  (frames, joints, 2) float32  screen units: `cameras.normalise_screen`
    pose_mm.npy    (frames, joints, 3) float32  camera axes, about the root (the hip), mm
    lengths.npy    (clips,) int64               frames of each clip; the clips follow each other
    maps.json      source, terms, joints, frames_per_second, clips: their names, in that order

    maps = write_maps(clips, folder)            # or read_maps(folder), another day
    batches = maps.windows(1024, network.padding, generator=generator)

Clips are taken one by one and not kept, so they may come from a generator. The files get their
names together, when the last clip is written; meanwhile maps.json says that they do not yet belong
together. So old maps stay until new ones are whole. The terms of the data hold for the maps.
"""

import json
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy
import torch
from jaxtyping import Float
from torch import Tensor

from posebook import paths
from posebook.cameras import normalise_screen
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.readers.files import frame_rate, number, picture_size, read_json, short
from posebook.datasets.windows import Windows, mapped
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.skeletons import SKELETONS

#: Frames that are turned at once: a clip may be long.
PIECE = 10_000
_FILES = ("keypoints.npy", "pose_mm.npy", "lengths.npy")
_TOLD = "maps.json"
_UNFINISHED = "unfinished"
_EXPECTED = "a folder that write_maps finished"


@dataclass(frozen=True)
class Maps:
    """What `write_maps` wrote: tensors that read from disk what is asked for, and what they are."""

    keypoints: Float[Tensor, "frames joints 2"]
    pose_mm: Float[Tensor, "frames joints 3"]
    lengths: tuple[int, ...]
    told: dict[str, Any]

    def windows(self, size: int, padding: tuple[int, int], **options: Any) -> Windows:
        """Batches with `keypoints` and `pose_mm`; the options are those of `Windows`."""
        inputs, targets = dict(keypoints=self.keypoints), dict(pose_mm=self.pose_mm)
        return Windows(inputs, targets, self.lengths, size, padding, **options)


def write_maps(
    clips: PoseDataset | Iterable[Clip],
    folder: Path | str,
    *,
    source: str = "",
    terms: str = "",
    missing: float | int | None = None,
) -> Maps:
    """Write clips of one joint set, one after the other; memory is needed for one clip only.

    clips          a PoseDataset, which also says `source` and `terms`; or clips as they come
    folder         is made; maps that are there are replaced, other files of these names are not
    missing        what is written for both coordinates of a key point that is not known; None: such
                   a key point is refused. 0 is the middle of the picture
    Raises InputError for a clip without truth, picture size or frames, or of another joint set or
    frames per second; the maps that were there are then still there.
    """
    if missing is not None:
        missing = number(missing, "write_maps", "missing")
    if isinstance(clips, PoseDataset):
        source, terms = source or clips.name, terms or clips.terms
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; expected a folder for the maps")
    folder.mkdir(parents=True, exist_ok=True)
    lengths: list[int] = []
    names: list[str] = []
    told: dict[str, Any] = {}
    with paths.alone_in(folder):
        _may_write(folder)
        with ExitStack() as stack:
            files: tuple[_Growing, ...] = ()
            for clip in clips:
                own = dict(joints=clip.skeleton.name, frames_per_second=clip.frames_per_second)
                if not files:
                    told = own
                    files = tuple(
                        stack.enter_context(_growing(folder / f"{name}.npy", len(clip.skeleton), n))
                        for name, n in (("keypoints", 2), ("pose_mm", 3))
                    )
                if own != told:
                    raise InputError(f"{clip.name}: is {own}; expected, as the first, {told}")
                for pair in _pieces(clip, missing):
                    for file, values in zip(files, pair, strict=True):
                        file.add(values)
                lengths.append(len(clip))
                names.append(clip.name)
            if not files:
                raise InputError(f"{folder}: no clips to write; expected one at least")
            # Whoever is killed from here on leaves a folder that is not read, and can be rewritten.
            paths.write_text(folder / _TOLD, json.dumps({_UNFINISHED: True}))
        with paths.replacing(folder / "lengths.npy") as temporary:
            numpy.save(temporary, numpy.array(lengths, dtype=numpy.int64))
        told = dict(source=source, terms=terms) | told | dict(clips=names)
        paths.write_text(folder / _TOLD, json.dumps(told, indent=1))
    return read_maps(folder)


def _may_write(folder: Path) -> None:
    """Refuse a folder with files of these names that `write_maps` did not write."""
    there = [name for name in (*_FILES, _TOLD) if (folder / name).exists()]
    if not there:
        return
    try:
        told = read_json(folder / _TOLD, _EXPECTED)
    except InputError:
        told = None
    if not isinstance(told, dict) or not (_UNFINISHED in told or {"clips", "joints"} <= set(told)):
        raise InputError(
            f"{folder}: holds {', '.join(there)} of another origin, which is not replaced; "
            "expected another folder"
        )


def read_maps(folder: Path | str) -> Maps:
    """The maps in a folder; InputError where they are not whole or do not belong together."""
    folder = Path(folder)
    path = folder / _TOLD
    told = read_json(path, _EXPECTED)
    clips = told.get("clips") if isinstance(told, dict) else None
    if not isinstance(clips, list) or not all(isinstance(name, str) for name in clips):
        raise InputError(f"{path}: names no clips; expected {_EXPECTED}")
    if not isinstance(told.get("joints"), str):
        raise InputError(f"{path}: joints is {short(told.get('joints'))}; expected {_EXPECTED}")
    frame_rate(told.get("frames_per_second"), f"{path}: frames_per_second")
    keypoints, pose_mm, lengths = (mapped(folder / name) for name in _FILES)
    for name, tensor in zip(_FILES, (keypoints, pose_mm, lengths), strict=True):
        kind = torch.int64 if tensor is lengths else torch.float32
        if tensor.dtype != kind:
            raise InputError(f"{folder / name}: holds {tensor.dtype}; expected {kind}")
    frames = lengths.tolist() if lengths.ndim == 1 else []  # of each clip
    known = SKELETONS.get(told["joints"])
    joints = keypoints.shape[1] if known is None and keypoints.ndim == 3 else len(known or ())
    fits = tuple(keypoints.shape) == (sum(frames), joints, 2)
    fits = fits and tuple(pose_mm.shape) == (sum(frames), joints, 3)
    if not fits or min(frames, default=0) < 1 or len(frames) != len(clips):
        raise InputError(f"{folder}: its files do not belong together; expected {_EXPECTED}")
    return Maps(keypoints, pose_mm, tuple(frames), told)


def _pieces(clip: Clip, missing: float | int | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Key points in screen units and poses about the root, `PIECE` frames at a time."""
    size = clip.size_px or (clip.camera.size_px if clip.camera is not None else None)
    if clip.pose_mm is None or size is None or len(clip) == 0:
        raise InputError(f"{clip.name}: has no frames, no truth or no picture size; expected all")
    size = picture_size(size, f"{clip.name}: size_px")
    poses = len(clip), len(clip.skeleton)
    found = (clip.keypoints_px, (*poses, 2)), (clip.confidence, poses), (clip.pose_mm, (*poses, 3))
    for tensor, shape in found:
        if tuple(tensor.shape) != shape:
            raise InputError(
                f"{clip.name}: {tuple(tensor.shape)} where {len(clip)} frames of "
                f"{clip.skeleton.name} are {shape}"
            )
    for start in range(0, len(clip), PIECE):
        here = slice(start, start + PIECE)
        screen = normalise_screen(clip.keypoints_px[here], *size).float()
        unknown = ~torch.isfinite(screen).all(-1) | ~(clip.confidence[here] > 0)
        if missing is None and unknown.any():
            raise InputError(
                f"{clip.name}: {int(unknown.sum())} key points are missing; expected none, or "
                "missing= with what to write for them"
            )
        pose_mm = root_relative(clip.pose_mm[here], clip.skeleton).float()
        if not torch.isfinite(pose_mm).all():
            raise InputError(f"{clip.name}: joints are not known; expected the whole truth")
        yield screen.masked_fill(unknown.unsqueeze(-1), missing or 0.0), pose_mm


@contextmanager
def _growing(path: Path, joints: int, axes: int) -> Iterator["_Growing"]:
    """The file under its name once it is whole."""
    with paths.replacing(path) as temporary, open(temporary, "wb") as file:
        growing = _Growing(file, (joints, axes))
        yield growing
        growing.close()
        file.flush()


class _Growing:
    """An .npy file of float32 whose first axis grows."""

    def __init__(self, file: BinaryIO, inner: tuple[int, ...]):
        self.file, self.inner, self.frames = file, inner, 0
        self._header()
        self.start = file.tell()

    def add(self, values: Tensor) -> None:
        self.file.write(numpy.ascontiguousarray(values.detach().cpu().numpy(), "<f4").data)
        self.frames += len(values)

    def close(self) -> None:
        """Say in the header how many frames there are; numpy leaves room for the number."""
        self.file.seek(0)
        self._header()
        if self.file.tell() != self.start:
            raise OSError("numpy's .npy header has no room to grow")

    def _header(self) -> None:
        head = dict(descr="<f4", fortran_order=False, shape=(self.frames, *self.inner))
        numpy.lib.format.write_array_header_1_0(self.file, head)
