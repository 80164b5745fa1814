"""DeepLabCut's and SLEAP's HDF5 files, read without the programs that wrote them.

DeepLabCut writes a table of pandas', in one of two forms:
    <key>/table       rows with `values_block_0`; the columns' names as a pickled list in an
                      attribute (read by `safe_pickle`, which runs nothing)
    <key>/block0_...  the values, and the columns' names as levels and labels
SLEAP's "analysis" file:
    tracks (tracks, 2, nodes, frames), point_scores (tracks, nodes, frames), node_names, track_names

Sources: pandas' `io/pytables.py`; sleap.ai, "Export data for analysis".
"""

from pathlib import Path

import numpy

from posebook.datasets.readers.files import listed
from posebook.datasets.readers.matlab import read_hdf5
from posebook.datasets.readers.pickle_machine import Budget, unpickled
from posebook.datasets.readers.table_columns import Columns, deeplabcut
from posebook.errors import InputError

_EXPECTED = "DeepLabCut's .h5 or SLEAP's analysis .h5"
_HOW = (
    "open it with the program that wrote it and export CSV (DeepLabCut: save_as_csv=True; SLEAP: "
    "File, Export Analysis CSV)"
)
_NAMES = "values_block_0_kind"


def read(path: Path) -> Columns:
    """The table of an HDF5 file."""
    inside = [str(name) for name in read_hdf5(path, _EXPECTED, ["/"]).get("/", ())]
    if {"tracks", "node_names"} <= set(inside):
        return _sleap(path)
    wanted = [f"{key}/{part}" for key in inside for part in (
        "table/values_block_0", "table/index", f"table/@{_NAMES}", "block0_values", "axis1",
        *(f"{axis}_{kind}{level}" for axis in ("block0_items", "axis1")
          for kind in ("level", "label") for level in range(4)),
    )]  # fmt: skip
    found = read_hdf5(path, _EXPECTED, wanted) if 0 < len(inside) <= 20 else {}
    for key in inside:
        held = {n.removeprefix(f"{key}/"): a for n, a in found.items() if n.startswith(f"{key}/")}
        if "table/values_block_0" in held and f"table/@{_NAMES}" in held:
            return _table(held, path)
        if "block0_values" in held and "block0_items_label2" in held:
            return _fixed(held, path)
    names = listed(inside, 6) or "nothing"
    raise InputError(f"{path}: an HDF5 file that holds {names}; expected {_EXPECTED}: {_HOW}")


def _numbers(array: numpy.ndarray, path: Path) -> numpy.ndarray:
    if array.dtype.kind not in "fiub":
        raise InputError(f"{path}: words where numbers are expected; {_HOW}")
    return array


def _words(array: numpy.ndarray) -> list[str]:
    """Names, or numbers of frames, as text; whatever shape they come in, in a row."""
    return [str(one) for one in array.reshape(-1).tolist()]


def _table(held: dict[str, numpy.ndarray], path: Path) -> Columns:
    text = str(held[f"table/@{_NAMES}"]).encode("latin-1", "replace")
    names = unpickled(text, None, f"{path}: names of columns", Budget(len(text)))
    values = _numbers(held["table/values_block_0"], path)
    whole = isinstance(names, list) and all(
        isinstance(name, list | tuple) and all(isinstance(part, str) for part in name)
        for name in names
    )
    if not whole or values.ndim != 2 or values.shape[1] != len(names):
        raise InputError(f"{path}: {values.shape} values do not fit their columns' names; {_HOW}")
    index = _words(held.get("table/index", numpy.arange(len(values))))
    return _columns([tuple(name) for name in names], values, index, path)


def _fixed(held: dict[str, numpy.ndarray], path: Path) -> Columns:
    values = _numbers(held["block0_values"], path)
    columns = _labelled(held, "block0_items", path)
    if values.ndim != 2 or values.shape[1] != len(columns):
        raise InputError(f"{path}: {values.shape} values do not fit their columns' names; {_HOW}")
    if "axis1_label0" in held:
        index = ["/".join(parts) for parts in _labelled(held, "axis1", path)]
    else:
        index = _words(held.get("axis1", numpy.arange(len(values))))
    return _columns(columns, values, index, path)


def _labelled(held: dict[str, numpy.ndarray], axis: str, path: Path) -> list[tuple[str, ...]]:
    """The names along an axis: of each level the names, and which one each place has."""
    levels = []
    for level in range(4):
        names, labels = (held.get(f"{axis}_{kind}{level}") for kind in ("level", "label"))
        if names is None or labels is None:
            break
        names = _words(names)
        whole = labels.dtype.kind in "iu" and labels.ndim == 1
        if not whole or (labels.size and not 0 <= labels.min() <= labels.max() < len(names)):
            raise InputError(f"{path}: labels of {axis} that have no name; damaged?")
        levels.append([names[label] for label in labels])
    if len({len(level) for level in levels}) != 1:
        raise InputError(f"{path}: levels of {axis} that differ in length; damaged?")
    return list(zip(*levels, strict=True))


def _columns(
    names: list[tuple[str, ...]], values: numpy.ndarray, frames: list[str], path: Path
) -> Columns:
    """names: (scorer, bodypart, coordinate), or with the individual after the scorer."""
    if {len(name) for name in names} not in ({3}, {4}) or len(frames) != len(values):
        raise InputError(f"{path}: columns named {listed(names, 2)}; expected DeepLabCut's: {_HOW}")
    columns = [(name[1] if len(name) == 4 else "", *name[-2:]) for name in names]
    return deeplabcut(columns, values.astype(numpy.float64), frames, path)


def _sleap(path: Path) -> Columns:
    wanted = ["tracks", "node_names", "track_names", "point_scores"]
    found = read_hdf5(path, _EXPECTED, wanted)
    nodes = _words(found.get("node_names", numpy.zeros(0)))
    tracks = _numbers(found.get("tracks", numpy.zeros(0)), path).astype(numpy.float64)
    if tracks.ndim == 4 and tracks.shape[3] == 2:  # frames first, as sleap-io may write it
        tracks = tracks.transpose(1, 3, 2, 0)
    if tracks.ndim != 4 or tracks.shape[1:3] != (2, len(nodes)) or not tracks.size:
        raise InputError(
            f"{path}: tracks of shape {tracks.shape} and {len(nodes)} node_names; expected SLEAP's "
            "(tracks, 2, nodes, frames)"
        )
    people, _, _, frames = tracks.shape
    values = tracks.transpose(0, 3, 2, 1).reshape(people * frames, len(nodes), 2)
    scores = found.get("point_scores")
    confidence = None
    if scores is not None and scores.size == values.shape[0] * len(nodes):
        if scores.shape == (frames, people, len(nodes)):
            scores = scores.transpose(1, 2, 0)
        scores = scores.reshape(people, len(nodes), frames)
        confidence = _numbers(scores, path).transpose(0, 2, 1).reshape(-1, len(nodes)).astype(float)
        labelled = ~numpy.isfinite(confidence) & numpy.isfinite(values).all(-1)
        confidence = numpy.where(labelled, 1.0, numpy.nan_to_num(confidence))  # by a person's hand
        if not confidence.any():
            confidence = None
    called = _words(found.get("track_names", numpy.zeros(0)))
    called = called if len(called) == people else [f"track_{n}" for n in range(people)]
    seen = numpy.isfinite(values).any((1, 2))
    of_rows = [name for name in called for _ in range(frames)]
    who = [name if there else "" for name, there in zip(of_rows, seen, strict=True)]
    numbers = [str(frame) for _ in called for frame in range(frames)]
    return Columns(values, confidence, nodes, numbers, who if people > 1 else None)
