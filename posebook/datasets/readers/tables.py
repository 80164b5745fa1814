"""Arrays out of .npz and .npy files, tables as text and HDF5, with what the file says about them.

A `Table` is numbers as (rows, joints, 2 or 3) and the names beside them; whether they are key
points or positions, and of which joints, is asked in `arrays`. A row is a frame, or one person in
it. What the columns of a text table mean is in `table_columns`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.readers import hdf5_tables, markers, table_columns
from posebook.datasets.readers.file_kinds import kind
from posebook.datasets.readers.files import listed, short
from posebook.datasets.readers.safe_pickle import read_npy, read_npz
from posebook.datasets.readers.units_axes import UNITS_MM
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
#: More rows of two or three numbers are no single frame.
_MOST_JOINTS = 10_000
_SIZE_KEYS = ("size_px", "size", "image_size", "img_size", "resolution")


@dataclass(frozen=True)
class Table:
    """One clip's numbers, as they stand.

    values      (rows, joints, 2 or 3), float64; or (rows, numbers) where the file does not say
                what is a joint
    confidence  (rows, joints) or None
    names       joint names in the file, or None; layout: a joint set's name, or None
    frames      what the file calls each row's frame; None: a frame in each row
    who         what it calls each row's person, '' for nobody; None: one person throughout
    unit        of positions, as the file says it; '' where it does not
    """

    where: str
    name: str
    key: str
    values: numpy.ndarray
    confidence: numpy.ndarray | None = None
    names: list[str] | None = None
    layout: str | None = None
    frames: list[str] | None = None
    who: list[str] | None = None
    unit: str = ""
    frames_per_second: Any = None
    size: Any = None


def read_tables(path: Path | str, letters: int | None = None) -> list[Table]:
    """The tables of an archive, an array, a text table or an HDF5 file, by what is in it.

    letters  of a text table, read no more than so many at its beginning
    """
    path = Path(path)
    found = kind(path, "arrays (.npz, .npy) or rows of numbers (.csv)")
    if found == "npz":
        return of_archive(read_npz(path), path)
    if found == "npy":
        return [Table(str(path), path.stem, "", _numbers(read_npy(path), str(path)))]
    if found in ("trc", "c3d"):
        held = markers.read_trc(path) if found == "trc" else markers.read_c3d(path)
        return [
            Table(
                str(path), path.stem, POSITION_KEYS[-1], held.values, names=held.names,
                unit=held.unit, frames_per_second=held.frames_per_second,
            )
        ]  # fmt: skip
    columns = hdf5_tables.read(path) if found == "hdf5" else table_columns.read(path, letters)
    values, unit = columns.values, columns.unit
    return [
        Table(
            str(path), path.stem, "positions" if unit in UNITS_MM else "",
            _numbers(values, str(path)) if columns.frames is None else values,
            columns.confidence, columns.names, None, columns.frames, columns.who, unit,
        )
    ]  # fmt: skip


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
    if array.ndim == 2 and array.shape[1] in (2, 3) and 14 <= array.shape[0] <= _MOST_JOINTS:
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
