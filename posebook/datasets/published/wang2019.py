"""Files of the label generator's release (Wang et al. 2019): labels, Unity's poses, trees of views.

    wild.npy                 (pictures, 86): file name, 34 numbers of 2D, 51 of 3D; as text
    Unity's poses            (poses, 51), camera axes, absolute, mm, planar; .npy, or text in which
                             two more columns may stand before the 51
    <set>/<subject>/<action>/<sequence>.npy
                             (frames, 34) or (frames, 51): a tree each for left views, right views
                             and poses, with the same names

A vector of a pose is planar (x0..x16, y0..y16, z0..z16) or interleaved (x0, y0, z0, x1, ..): the
view synthesis and the search use planar ones, the reconstruction interleaved ones, in folders whose
names end in _new. A wrong order raises no error anywhere and makes nonsense, so the readers look.

Source: arXiv:1904.05512; the code and the data page of the release. The order of a label's numbers
and the names of 14 of the joints were never published: see `skeletons.WANG_17`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from posebook import paths
from posebook.datasets.readers import text_tables
from posebook.datasets.readers.files import existing, listed, one_of, read_head, short
from posebook.datasets.readers.safe_pickle import read_npy
from posebook.errors import InputError
from posebook.skeletons import WANG_17

JOINTS = len(WANG_17)
ORDERS = ("planar", "interleaved")
#: Numbers further out are damage: px of a picture, mm before a camera.
FAR_PX, FAR_MM = 1e6, 1e6
#: Where x in space and u in the picture go together by less than this, the order is wrong.
_LEAST_ALIKE = 0.5
_LABELS = "labels (pictures, 86): file name, 34 numbers of 2D, 51 of 3D"
_UNITY = "poses (poses, 51): x of 17 joints, then y, then z, mm in camera axes"


@dataclass(frozen=True)
class Labels:
    """Labels of pictures, in the joints of `WANG_17`.

    names         file names, one a row          keypoints_px  (pictures, 17, 2) float64
    pose_mm       (pictures, 17, 3) float64, camera axes
    order         how the file had them, 'planar' or 'interleaved'
    """

    names: tuple[str, ...]
    keypoints_px: numpy.ndarray
    pose_mm: numpy.ndarray
    order: str = "planar"


@dataclass(frozen=True)
class Sequence2D3D:
    """One sequence of the trees; None where there is no such tree."""

    subject: str
    action: str
    name: str
    left_px: numpy.ndarray
    right_px: numpy.ndarray | None = None
    pose_mm: numpy.ndarray | None = None


def flattened(points: numpy.ndarray, order: str) -> numpy.ndarray:
    """(..., joints, axes) as vectors (..., joints * axes)."""
    one_of("order", order, ORDERS)
    points = numpy.swapaxes(points, -1, -2) if order == "planar" else points
    return numpy.ascontiguousarray(points).reshape(*points.shape[:-2], -1)


def unflattened(vectors: numpy.ndarray, axes: int, order: str) -> numpy.ndarray:
    """The inverse of `flattened`: (..., 17 * axes) as (..., 17, axes)."""
    one_of("order", order, ORDERS)
    if order == "planar":
        return numpy.swapaxes(vectors.reshape(*vectors.shape[:-1], axes, -1), -1, -2)
    return vectors.reshape(*vectors.shape[:-1], -1, axes)


def read_labels(path: Path | str, order: str | None = None) -> Labels:
    """A file of labels, whose numbers may be text or numbers; nothing in it is run.

    order  None: the one in which x in space goes with u in the picture
    """
    held = read_npy(path)
    rows = held.tolist() if isinstance(held, numpy.ndarray) and held.ndim == 2 else held
    if isinstance(rows, list) and rows and not isinstance(rows[0], list | tuple | numpy.ndarray):
        # An array of things of any kind comes as all of them in a row.
        rows = [rows[start : start + 86] for start in range(0, len(rows), 86)]
    if not isinstance(rows, list) or not rows or not all(
        isinstance(row, list | tuple | numpy.ndarray) and len(row) == 86 for row in rows
    ):  # fmt: skip
        raise InputError(f"{path}: {_is(held)}; expected {_LABELS}")
    names = tuple(_name(row[0], path, place) for place, row in enumerate(rows, 1))
    table = _numbers([row[1:] for row in rows], path)
    order = order or _order_of(table, path)
    points = _near(unflattened(table[:, :34], 2, order), FAR_PX, path)
    return Labels(names, points, _near(unflattened(table[:, 34:], 3, order), FAR_MM, path), order)


def write_labels(path: Path | str, labels: Labels) -> Path:
    """Write labels as the release has them: an array of text, numbers to four places."""
    vectors = [
        flattened(labels.keypoints_px, labels.order),
        flattened(labels.pose_mm, labels.order),
    ]
    table = _finite(numpy.concatenate(vectors, -1), path, "finite numbers")
    names = numpy.array(labels.names, dtype=str)[:, None]
    return _save(path, numpy.concatenate([names, numpy.char.mod("%.4f", table)], 1))


def read_unity(path: Path | str) -> numpy.ndarray:
    """(poses, 17, 3) float64: poses of `WANG_17`, camera axes, absolute, mm."""
    if read_head(path, _UNITY, 6) == b"\x93NUMPY":
        table = read_npy(path)
    else:
        rows = text_tables.rows_of(Path(path))
        if len({len(row) for row in rows}) != 1 or len(rows[0]) not in (51, 53):
            raise InputError(f"{path}: rows of {len(rows[0]) if rows else 0} cells; expected "
                             f"{_UNITY}, or 53 numbers a row")  # fmt: skip
        table = _numbers([row[-51:] for row in rows], path, _UNITY)
    if not isinstance(table, numpy.ndarray) or table.dtype.kind not in "fiu":
        raise InputError(f"{path}: {_is(table)}; expected {_UNITY}")
    if table.ndim != 2 or table.shape[1] != 51 or not len(table):
        raise InputError(f"{path}: {_is(table)}; expected {_UNITY}")
    table = _finite(table.astype(numpy.float64), path, _UNITY)
    poses = _near(unflattened(table, 3, "planar"), FAR_MM, path)
    _before_camera(poses, path)
    return poses


def write_unity(path: Path | str, pose_mm: numpy.ndarray) -> Path:
    """Write poses (poses, 17, 3) of `WANG_17` as Unity's (poses, 51)."""
    return _save(path, flattened(_finite(pose_mm, path, _UNITY), "planar"))


def read_trees(
    left: Path | str,
    right: Path | str | None = None,
    poses: Path | str | None = None,
    order: str | None = None,
) -> list[Sequence2D3D]:
    """The sequences of the trees, in the order of their names; views and poses pair by NAME.

    left, right, poses  folders of one set each, with <subject>/<action>/<sequence>.npy below. The
                        release pairs files by their place in a folder's listing, which differs from
                        disk to disk
    order               None: interleaved below a folder whose name ends in _new, else planar
    """
    folders = dict(left=(left, 2), right=(right, 2), poses=(poses, 3))
    held = {
        what: _tree(existing(folder, "a folder <subject>/<action>/<sequence>.npy"), axes, order)
        for what, (folder, axes) in folders.items()
        if folder is not None
    }
    names = held["left"].keys()
    for what, tree in held.items():
        if apart := sorted(names ^ tree.keys()):
            raise InputError(
                f"{folders[what][0]}: {listed(map('/'.join, apart), 3)} is not in both trees; "
                f"expected the files of {left}"
            )
        for name, array in tree.items():
            if len(array) != len(held["left"][name]):
                raise InputError(
                    f"{folders[what][0]}: {'/'.join(name)} has {len(array)} frames, its left view "
                    f"{len(held['left'][name])}"
                )
    return [
        Sequence2D3D(*name, *(held[what][name] if what in held else None for what in folders))
        for name in sorted(names)
    ]


def write_tree(
    folder: Path | str, arrays: Iterable[tuple[Sequence[str], numpy.ndarray]], order: str
) -> Path:
    """Write one tree: ((subject, action, sequence), (frames, 17, 2 or 3)) each a file."""
    for name, array in arrays:
        if len(name) != 3 or any(part in ("", ".", "..") or "/" in part for part in name):
            raise InputError(f"{name}: expected subject, action and sequence, without slashes")
        file = Path(folder, *name[:2], f"{name[2]}.npy")
        _save(file, flattened(_finite(array, file, "finite numbers"), order))
    return Path(folder)


def _tree(folder: Path, axes: int, order: str | None) -> dict[tuple[str, ...], numpy.ndarray]:
    newer = any(part.endswith("_new") for part in folder.absolute().parts)
    order = order or ("interleaved" if newer else "planar")
    held, expected = {}, f"(frames, {JOINTS * axes}) numbers"
    for file in sorted(folder.glob("*/*/*.npy")):
        array = read_npy(file)
        plain = isinstance(array, numpy.ndarray) and array.dtype.kind in "fiu"
        if not plain or array.ndim != 2 or array.shape[1] != JOINTS * axes:
            raise InputError(f"{file}: {_is(array)}; expected {expected}")
        array = _finite(array.astype(numpy.float64), file, expected)
        far = FAR_PX if axes == 2 else FAR_MM
        name = (*file.parts[-3:-1], file.stem)
        held[name] = _near(unflattened(array, axes, order), far, file)
    if not held:
        raise InputError(f"{folder}: no <subject>/<action>/<sequence>.npy in it")
    return held


def _order_of(table: numpy.ndarray, path: Path | str) -> str:
    """The order in which pictures and poses agree: x grows with u, and y with v."""

    def alike(order: str) -> float:
        points, poses = (unflattened(table[:, part], axes, order)
                         for part, axes in ((slice(34), 2), (slice(34, None), 3)))  # fmt: skip
        both = [p - p.mean(1, keepdims=True) for p in (points, poses[..., :2])]
        lengths = [numpy.sqrt((p**2).sum((1, 2))) for p in both]
        with numpy.errstate(invalid="ignore", divide="ignore"):
            found = (both[0] * both[1]).sum((1, 2)) / (lengths[0] * lengths[1])
        return float(numpy.median(numpy.nan_to_num(found)))

    found = {order: alike(order) for order in ORDERS}
    best = max(found, key=found.get)
    if found[best] < _LEAST_ALIKE:
        raise InputError(
            f"{path}: in neither order does the 3D look like the 2D; expected {_LABELS}, or say "
            "order="
        )
    return best


def _before_camera(poses: numpy.ndarray, path: Path | str) -> None:
    """Absolute poses, mm: whoever is about the hip, in metres, or interleaved is none of that."""
    extent = numpy.ptp(poses, axis=1)
    high, deep = numpy.median(extent.max(-1)), poses[..., 2].min()
    if not (deep > 0 and 200 <= high <= 4000):
        raise InputError(
            f"{path}: people {high:.4g} long, the nearest joint {deep:.4g} before the camera; "
            f"expected {_UNITY}, absolute"
        )


def _name(value: Any, path: Path | str, row: int) -> str:
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value
    if not isinstance(text, str) or not 0 < len(text) <= 1000:
        raise InputError(f"{path}: row {row} is called {short(value)}; expected a file name")
    return text


def _numbers(rows: Sequence[Sequence[Any]], path: Path | str, expected: str = _LABELS):
    """A table of finite numbers, which may be written as text."""
    try:
        if any(not isinstance(cell, str | bytes | float | int) or isinstance(cell, bool)
               for row in rows for cell in row):  # fmt: skip
            raise ValueError
        table = numpy.array([[float(cell) for cell in row] for row in rows])
    except (ValueError, TypeError, OverflowError):
        raise InputError(f"{path}: holds other than numbers; expected {expected}") from None
    return _finite(table, path, expected)


def _finite(table: numpy.ndarray, path: Path | str, expected: str) -> numpy.ndarray:
    if not numpy.isfinite(table).all():
        raise InputError(f"{path}: has numbers that are not finite; expected {expected}")
    return table


def _near(points: numpy.ndarray, most: float, path: Path | str) -> numpy.ndarray:
    if (found := float(numpy.abs(points).max(initial=0))) > most:
        raise InputError(f"{path}: has a number of {found:.3g}; expected at most {most:g}")
    return points


def _is(held: Any) -> str:
    if isinstance(held, numpy.ndarray):
        return f"is {held.dtype} {held.shape}"
    return f"is {short(held)}"


def _save(path: Path | str, array: numpy.ndarray) -> Path:
    with paths.replacing(path) as part, open(part, "wb") as file:
        numpy.lib.format.write_array(file, numpy.ascontiguousarray(array), allow_pickle=False)
    return Path(path)
