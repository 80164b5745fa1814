"""Arrays out of .npz, .npy and .csv files, with what the file says about them.

A `Table` is numbers as (frames, joints, 2 or 3) and the names beside them; whether they are key
points or positions, and of which joints, is asked in `arrays`.

CSV: comma, semicolon or tab between numbers; a header names columns `left_knee_x, left_knee_y` and
`_z` or `_confidence` (also `_c`, `_score`, `_likelihood`); other columns (frame, time) are passed
over. The three header lines of DeepLabCut are understood. Without a header: all numbers of a frame
in a row. An empty cell is a missing number.
"""

import csv
import io
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.readers.files import listed, read_text, short
from posebook.datasets.readers.safe_pickle import read_npy, read_npz
from posebook.errors import InputError

KEYPOINT_KEYS = (
    "keypoints_px", "keypoints", "keypoints_2d", "pose_2d", "poses_2d", "kpts", "kpts2d",
)  # fmt: skip
POSITION_KEYS = (
    "world_mm", "pose_mm", "poses_mm", "positions_mm", "positions", "positions_3d", "pose_3d",
    "poses_3d", "poses", "joints_3d", "keypoints_3d", "xyz",
)  # fmt: skip
_CONFIDENCE_KEYS = ("confidence", "confidences", "keypoint_scores", "scores", "conf")
_RATE_KEYS = ("frames_per_second", "fps", "frame_rate", "framerate")
_NAME_KEYS = ("joints", "joint_names", "keypoint_names", "names")
_LAYOUT_KEYS = ("skeleton", "layout", "layout_name")
_SIZE_KEYS = ("size_px", "size", "image_size", "img_size", "resolution")
_COLUMN = re.compile(r"^(.*?)[ _.\-]?(x|y|z|c|confidence|conf|score|likelihood)$", re.IGNORECASE)
_MOST_CELLS = 200_000_000


@dataclass(frozen=True)
class Table:
    """One clip's numbers, as they stand.

    values      (frames, joints, 2 or 3), float64; or (frames, numbers) where the file does not
                say what is a joint
    confidence  (frames, joints) or None
    names       joint names in the file, or None; layout: a joint set's name, or None
    """

    where: str
    name: str
    key: str
    values: numpy.ndarray
    confidence: numpy.ndarray | None = None
    names: list[str] | None = None
    layout: str | None = None
    frames_per_second: Any = None
    size: Any = None


def read_tables(path: Path | str) -> list[Table]:
    """The tables of an .npz, .npy or .csv file, by the file's ending."""
    path = Path(path)
    ending = path.suffix.lower()
    if ending == ".npz":
        return of_archive(read_npz(path), path)
    if ending == ".npy":
        return [Table(str(path), path.stem, "", _numbers(read_npy(path), str(path)))]
    if ending in (".csv", ".tsv", ".txt"):
        return [_read_csv(path)]
    raise InputError(f"{path}: unknown ending '{ending:.12}'; expected .npz, .npy or .csv")


def of_archive(archive: dict[str, Any], path: Path) -> list[Table]:
    """The array of a known name (`keypoints_px`, `world_mm`, ...), else every array that could be
    a clip."""
    names, layout, rate, size = (
        _items(_first(archive, keys)) for keys in (_NAME_KEYS, _LAYOUT_KEYS, _RATE_KEYS, _SIZE_KEYS)
    )
    common = dict(
        names=names if names and all(isinstance(name, str) for name in names) else None,
        layout=layout[0] if len(layout) == 1 and isinstance(layout[0], str) else None,
        frames_per_second=rate[0] if len(rate) == 1 else None,
        size=tuple(size) if len(size) == 2 else None,
    )
    lower = {key.lower(): key for key in archive}
    known = [lower[key] for key in (*POSITION_KEYS, *KEYPOINT_KEYS) if key in lower]
    for key in known[:1]:
        values = _numbers(archive[key], f"{path}: {key}")
        confidence = None
        if key.lower() in KEYPOINT_KEYS:
            confidence = _confidence(archive, values, f"{path}")
        return [Table(str(path), path.stem, key.lower(), values, confidence, **common)]
    tables = []
    for key, array in archive.items():
        shaped = isinstance(array, numpy.ndarray) and array.dtype.kind in "fiu"
        if shaped and array.ndim in (2, 3, 4) and array.size and _could_be_clip(array.shape):
            values = _numbers(array, f"{path}: {key}")
            tables.append(Table(f"{path}: {short(key)}", key, key.lower(), values, **common))
    if not tables:
        raise InputError(
            f"{path}: holds {listed(archive)}; expected keypoints_px (frames, joints, 2) or "
            "world_mm (frames, joints, 3)"
        )
    return tables


def _could_be_clip(shape: tuple[int, ...]) -> bool:
    return (len(shape) >= 3 and shape[-1] in (2, 3) and shape[-2] > 3) or (
        len(shape) == 2 and (shape[1] >= 28 or (shape[1] in (2, 3) and shape[0] >= 14))
    )


def _numbers(array: Any, where: str) -> numpy.ndarray:
    """(frames, joints, 2 or 3) or (frames, numbers) float64 out of whatever came."""
    if not isinstance(array, numpy.ndarray) or array.dtype.kind not in "fiu" or array.size == 0:
        kind = f"an array of {array.dtype}" if isinstance(array, numpy.ndarray) else short(array)
        raise InputError(f"{where}: {kind}; expected numbers, (frames, joints, 2 or 3)")
    while array.ndim > 3 and 1 in array.shape[:-2]:  # one person, or one camera
        array = array.squeeze(array.shape.index(1))
    if array.ndim == 2 and array.shape[1] in (2, 3) and array.shape[0] >= 14:
        array = array[None]  # a single frame
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3)):
        raise InputError(
            f"{where}: an array of shape {array.shape}; expected (frames, joints, 2 or 3) of one "
            "person"
        )
    with numpy.errstate(over="ignore", invalid="ignore"):
        return array.astype(numpy.float64)


def _confidence(archive: dict, values: numpy.ndarray, where: str) -> numpy.ndarray | None:
    array = _first(archive, _CONFIDENCE_KEYS)
    if array is None:
        return None
    if isinstance(array, numpy.ndarray) and array.dtype.kind in "fiub" and array.ndim >= 2:
        array = array.astype(numpy.float64)
        array = array[..., 0] if array.ndim == values.ndim and array.shape[-1] == 1 else array
        if array.shape == values.shape[:2] and values.ndim == 3:
            return array
    raise InputError(f"{where}: confidence does not fit the key points; expected (frames, joints)")


def _first(archive: dict[str, Any], keys: tuple[str, ...]) -> Any:
    lower = {key.lower(): key for key in archive}
    return next((archive[lower[key]] for key in keys if key in lower), None)


def _items(value: Any) -> list:
    """What an array or a list holds, in a row; [] for None, [value] for a single thing."""
    if isinstance(value, numpy.ndarray):
        return value.reshape(-1).tolist()
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


# --------------------------------------------------------------------------------------------- CSV


def _read_csv(path: Path) -> Table:
    text = read_text(path, "numbers in rows (.csv)")
    line = text.split("\n", 1)[0]
    mark = max(",;\t", key=line.count) if any(mark in line for mark in ",;\t") else " "
    try:
        rows = [row for row in csv.reader(io.StringIO(text), delimiter=mark) if any(row)]
    except csv.Error as error:
        raise InputError(f"{path}: not a table ({error}); expected numbers in rows") from None
    if mark == " ":
        rows = [[cell for cell in row if cell] for row in rows]
    heads = next((i for i, row in enumerate(rows) if _is_data(row)), len(rows))
    if heads == len(rows) or len(rows) * len(rows[heads]) > _MOST_CELLS:
        raise InputError(f"{path}: no rows of numbers; expected a frame in each row")
    values = _cells(rows[heads:], path, heads)
    if heads == 0:
        return Table(str(path), path.stem, "", _numbers(values, str(path)))
    titles = rows[heads - 1]
    if heads >= 3 and rows[heads - 2] and len(rows[heads - 2]) == len(titles):
        titles = [f"{joint}_{axis}" for joint, axis in zip(rows[heads - 2], titles, strict=True)]
    return _columns(values, titles, path)


def _number(cell: str) -> float:
    cell = cell.strip()
    return numpy.nan if cell.lower() in ("", "null", "none", "na") else float(cell)


def _is_data(row: list[str]) -> bool:
    """Whether a row is of numbers: a header has words beyond 'nan'."""
    try:
        for cell in row:
            _number(cell)
    except ValueError:
        return False
    return True


def _cells(rows: list[list[str]], path: Path, heads: int) -> numpy.ndarray:
    """(frames, columns) float64; NaN for empty cells."""
    wide = len(rows[0])
    for number, row in enumerate(rows, heads + 1):
        if len(row) != wide:
            raise InputError(
                f"{path}: row {number} has {len(row)} cells, the first row of numbers {wide}"
            )
    try:
        return numpy.array([[_number(cell) for cell in row] for row in rows])
    except ValueError as error:
        raise InputError(f"{path}: {error!s:.80}; expected numbers") from None


def _columns(values: numpy.ndarray, titles: list[str], path: Path) -> Table:
    """Columns sorted by the joint and axis that their titles name."""
    joints: dict[str, dict[str, int]] = {}
    if len(titles) != values.shape[1]:
        raise InputError(f"{path}: {len(titles)} titles over {values.shape[1]} columns")
    for column, title in enumerate(titles):
        match = _COLUMN.match(title.strip())
        if match and match[1] and match[1].lower() not in ("frame", "time"):
            axis = match[2].lower()
            axis = axis if axis in "xyz" else "c"
            joints.setdefault(match[1], {}).setdefault(axis, column)
    joints = {name: axes for name, axes in joints.items() if {"x", "y"} <= axes.keys()}
    if not joints:
        raise InputError(
            f"{path}: titles {listed(titles, 6)}; expected such as left_knee_x, left_knee_y"
        )
    axes = "xyz" if all("z" in axes for axes in joints.values()) else "xy"
    columns = [[found[axis] for axis in axes] for found in joints.values()]
    confidence = None
    if axes == "xy" and all("c" in found for found in joints.values()):
        confidence = values[:, [found["c"] for found in joints.values()]]
    return Table(str(path), path.stem, "", values[:, columns], confidence, names=list(joints))
