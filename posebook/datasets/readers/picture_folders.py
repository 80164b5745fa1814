"""Which pictures of an annotation are there: found in the folders where sets keep them."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy

from posebook.datasets.pictures.picture_files import PictureFiles
from posebook.datasets.readers.files import listed
from posebook.errors import InputError

_LOOKED_AT = 50


class Found(NamedTuple):
    """The people whose picture is there.

    rows     (kept,) int64: which people of the annotation; picture (kept,): which of `files`
    missing  names of pictures that are not there, each once
    """

    files: PictureFiles
    rows: numpy.ndarray
    picture: numpy.ndarray
    missing: tuple[str, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        if not self.missing:
            return ()
        return (f"{len(self.missing)} pictures are not there, their people left out: "
                f"{listed(self.missing, 4)}",)  # fmt: skip


def pictures_of(
    root: Path,
    folders: Sequence[str],
    names: Sequence[str],
    sizes_px: Sequence[tuple[int, int] | None] | None = None,
) -> Found:
    """The pictures of people, by the name of each one's picture.

    folders   where the set keeps them, below `root`; the first that holds one of the names is taken
    names     of each person's picture; several people may be in one
    sizes_px  (width, height) of each person's picture, where the annotation says it
    """
    unique = list(dict.fromkeys(names))
    for name in unique:
        parts = re.split(r"[/\\]", name)
        if not name or name.startswith(("/", "\\")) or ".." in parts or "\0" in name:
            raise InputError(f"{root}: a picture is called {name!r:.60}; expected a file's name")
    folder = next(
        (root / one for one in folders if any(map(_is_file, _some(root / one, unique)))), None
    )
    if folder is None:
        raise InputError(
            f"{root}: none of its pictures is there, such as {unique[0]:.80} in {folders[0]}/"
        )
    is_there = {name: _is_file(folder / name) for name in unique}
    kept = [name for name in unique if is_there[name]]
    number = {name: index for index, name in enumerate(kept)}
    rows = [row for row, name in enumerate(names) if is_there[name]]
    sizes = None
    if sizes_px is not None:
        by_name = dict(zip(names, sizes_px, strict=True))
        sizes = [by_name[name] for name in kept]
    return Found(
        PictureFiles([folder / name for name in kept], sizes),
        numpy.array(rows, dtype=numpy.int64),
        numpy.array([number[names[row]] for row in rows], dtype=numpy.int64),
        tuple(name for name in unique if not is_there[name]),
    )


def _some(folder: Path, names: list[str]) -> list[Path]:
    """A few of the names, from all over the list."""
    step = max(1, len(names) // _LOOKED_AT)
    return [folder / name for name in names[::step]] if folder.is_dir() else []


def _is_file(path: Path) -> bool:
    try:
        return os.path.isfile(path)
    except (OSError, ValueError):
        return False


def numbered(folder: Path, pattern: str) -> dict[int, Path]:
    """{number: file} of the pictures in a folder whose names fit the pattern, in order.

    pattern  a regular expression whose only group is the number
    """
    found = {}
    for path in folder.iterdir() if folder.is_dir() else []:
        if match := re.fullmatch(pattern, path.name):
            found[int(match.group(1))] = path
    return dict(sorted(found.items()))


def is_cut(path: Path) -> bool:
    """Whether a JPEG lacks its end, as one does whose download was interrupted."""
    with path.open("rb") as file:
        start = file.read(2)
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - 4096))
        return start == b"\xff\xd8" and b"\xff\xd9" not in file.read()
