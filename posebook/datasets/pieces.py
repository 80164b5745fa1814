"""More motion than memory holds: synthetic clips written out in pieces, and read back.

    folder/plan.json         what is being made: name, split, size, seed, clips in each piece
    folder/piece_00000.npy   (clips, frames, 17, 3) float32, mm, world axes

A piece appears under its name when it is whole, so a run that was killed goes on where it was.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy
import torch
from torch import Tensor
from tqdm.auto import tqdm

from posebook import paths
from posebook.datasets.clips import Motion
from posebook.datasets.people.synthetic import (
    DEFAULT,
    FRAMES_PER_SECOND,
    Person,
    Size,
    cast,
    world_of,
)
from posebook.errors import InputError

PLAN = "plan.json"


@dataclass(frozen=True)
class Pieces(Sequence[Motion]):
    """Clips on disk: only those asked for are read.

    people  who each clip shows      arrays  memory-mapped, one for each piece
    """

    people: tuple[Person, ...]
    arrays: tuple[numpy.ndarray, ...]
    each: int

    def __len__(self) -> int:
        return len(self.people)

    def __getitem__(self, index: int) -> Motion:
        """A clip, float32."""
        person = self.people[index]
        piece, row = divmod(index % len(self), self.each)
        world_mm = torch.from_numpy(numpy.array(self.arrays[piece][row]))
        return Motion(
            person.name, world_mm, FRAMES_PER_SECOND, subject=person.subject, action=person.action
        )

    def poses(self) -> Iterator[Tensor]:
        """The poses (clips * frames, 17, 3) of one piece after the other."""
        for array in self.arrays:
            yield torch.from_numpy(numpy.array(array)).flatten(0, 1)


def write_pieces(
    folder: Path | str,
    name: str = "synthetic_wide",
    *,
    split: str = "train",
    size: Size | None = None,
    seed: int = 0,
    each: int = 256,
    progress: bool = False,
) -> Pieces:
    """Make a data set on disk, `each` clips at a time; pieces that are there are kept.

    Raises InputError where the folder holds the pieces of another plan.
    """
    folder = Path(folder)
    if each < 1:
        raise InputError(f"each: {each} clips in a piece; expected at least 1")
    size = size or DEFAULT.get(name)
    people = cast(name, split, size, seed)
    plan = dict(name=name, split=split, seed=seed, each=each, **asdict(size))
    path = folder / PLAN
    if path.exists() and _plan(folder) != plan:
        raise InputError(f"{path}: is the plan of other pieces; choose another folder")
    if not path.exists():
        if folder.exists() and any(folder.iterdir()):
            raise InputError(f"{folder}: is not empty and has no {PLAN}; choose another folder")
        paths.write_text(path, json.dumps(plan, indent=1) + "\n")
    starts = range(0, len(people), each)
    for piece, start in enumerate(tqdm(starts, desc=name, disable=not progress)):
        target = _piece(folder, piece)
        if target.exists():
            continue
        world = world_of(people[start : start + each], size.frames, seed)
        with paths.replacing(target) as temporary, open(temporary, "wb") as file:
            numpy.save(file, world.to(torch.float32).numpy())
    return read_pieces(folder)


def read_pieces(folder: Path | str) -> Pieces:
    """The clips that `write_pieces` wrote; an InputError says what is missing."""
    folder = Path(folder)
    plan = _plan(folder)
    try:
        each, frames = plan["each"], plan["frames"]
        people = cast(plan["name"], plan["split"], Size(frames, plan["takes"]), plan["seed"])
    except (KeyError, TypeError) as error:
        raise InputError(f"{folder / PLAN}: not a plan of pieces ({error})") from None
    arrays = []
    for piece, start in enumerate(range(0, len(people), each)):
        path = _piece(folder, piece)
        shape = (min(each, len(people) - start), frames, 17, 3)
        if not path.exists():
            raise InputError(f"{path}: not there yet; run write_pieces again to go on")
        try:
            array = numpy.load(path, mmap_mode="r", allow_pickle=False)
        except (ValueError, OSError, EOFError):
            raise InputError(f"{path}: not an array; expected one of shape {shape}") from None
        if array.shape != shape or array.dtype != numpy.float32:
            raise InputError(f"{path}: {array.dtype} {array.shape}; expected float32 {shape}")
        arrays.append(array)
    return Pieces(tuple(people), tuple(arrays), each)


def _piece(folder: Path, number: int) -> Path:
    return folder / f"piece_{number:05d}.npy"


def _plan(folder: Path) -> dict:
    path = folder / PLAN
    try:
        plan = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise InputError(f"{path}: no plan of pieces; expected what write_pieces wrote") from None
    if not isinstance(plan, dict):
        raise InputError(f"{path}: no plan of pieces; expected what write_pieces wrote")
    return plan
