"""The other side of `matlab`: a script that reads files for it, in a process of its own.

It gets one request a line on its input and answers each with one line; arrays go into an .npz file.
This file imports nothing of posebook's, so that it starts in half a second.
"""

import contextlib
import json
import math
import os
import sys
import warnings
from typing import Any

import numpy

#: What is in a file, at most: arrays, and levels of cells and structs inside each other.
_MOST_ARRAYS = 100_000
_MOST_DEEP = 16


def serve() -> None:
    """Answer requests until there are no more."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    for line in sys.stdin.buffer:
        request = json.loads(line)
        _limit(request)
        answers.write(json.dumps(_answer(request)).encode() + b"\n")
        answers.flush()


def _limit(request: dict[str, Any]) -> None:
    """Seconds of work from here on, and bytes of memory, where the system knows such limits."""
    with contextlib.suppress(ImportError, AttributeError, ValueError, OSError):
        import resource

        used = resource.getrusage(resource.RUSAGE_SELF)
        seconds = math.ceil(used.ru_utime + used.ru_stime + request["seconds"])
        for what, most in (
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_CPU, seconds),
            (resource.RLIMIT_AS, request["memory"]),
        ):
            _, hard = resource.getrlimit(what)
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(what, (most, hard))


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    """{names: of the arrays in the answer's file}, or {error: why there are none}."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read = {"v5": _of_v5, "c3d": _of_c3d, "mpii": _of_mpii}.get(request["kind"], _of_hdf5)
            arrays = read(request)
        kept = {name: array for name, array in arrays.items() if array.dtype.kind in "fiubU"}
        # Under numbers: what a damaged file calls its variables is no name for a file.
        numpy.savez(request["answer"], **{f"{i}": kept[name] for i, name in enumerate(kept)})
        return {"names": list(kept)}
    except MemoryError:
        return {"error": "it asks for more memory than is allowed"}
    except Exception as error:  # whatever a damaged file makes a library do
        return {"error": f"{type(error).__name__}: {error}"[:300]}


class _Found(dict):
    """{name: array}, of the names that were asked for, and not too many."""

    def __init__(self, request: dict[str, Any]):
        super().__init__()
        self.names, self.bytes, self.most = request["names"], 0, request["memory"]

    def inside(self, name: str) -> bool:
        """Whether `name` was asked for, or lies inside of what was."""
        return any(name == wanted or name.startswith(f"{wanted}/") for wanted in self.names)

    def wants(self, name: str) -> bool:
        """Whether `name` is `inside`, or what was asked for lies inside of it."""
        return self.inside(name) or any(wanted.startswith(f"{name}/") for wanted in self.names)

    def add(self, name: str, array: numpy.ndarray) -> None:
        if self.inside(name):
            self[name] = array
        if len(self) > _MOST_ARRAYS:
            raise ValueError(f"more than {_MOST_ARRAYS} arrays")

    def room(self, name: str, count: int, size: int) -> None:
        """Refuse what would not fit before memory is asked for."""
        self.bytes += count * size
        if self.bytes > self.most:
            raise ValueError(f"{name!r:.40} would unfold to {count * size} bytes")


def _of_v5(request: dict[str, Any]) -> _Found:
    """Version 5, by scipy."""
    from scipy.io import loadmat

    found = _Found(request)
    variables = sorted({name.split("/")[0] for name in request["names"]})
    with open(request["path"], "rb") as file:
        content = loadmat(file, variable_names=variables)
    for name in variables:
        if name in content:
            _unfold(name, content[name], found, 0)
    return found


def _of_c3d(request: dict[str, Any]) -> dict[str, numpy.ndarray]:
    """Marker positions, by ezc3d."""
    import ezc3d

    content = ezc3d.c3d(request["path"])
    about = content["parameters"]["POINT"]
    labels = [label for n in ("", *range(2, 9)) for label in
              about.get(f"LABELS{n}", {"value": []})["value"]]  # fmt: skip
    unit = about.get("UNITS", {"value": [""]})["value"]
    return {
        "points": numpy.asarray(content["data"]["points"], dtype=numpy.float64),
        "labels": numpy.array([str(label) for label in labels], dtype="U"),
        "rate": numpy.array(content["header"]["points"]["frame_rate"], dtype=numpy.float64),
        "unit": numpy.array(str(unit[0]) if unit else ""),
    }


def _of_mpii(request: dict[str, Any]) -> dict[str, numpy.ndarray]:
    """MPII's release as tables: see `matlab.read_mpii`."""
    from scipy.io import loadmat

    with open(request["path"], "rb") as file:
        release = loadmat(file, variable_names=["RELEASE"])["RELEASE"].flat[0]
    names, people, points = [], [], []
    for picture, one in enumerate(release["annolist"].flat):
        names.append(str(_inside(one, "image", "name").flat[0]))
        for person, rect in enumerate(_inside(one, "annorect").flat):
            head = [_number(rect, name) for name in ("x1", "y1", "x2", "y2")]
            centre = [_number(rect, "objpos", name) for name in "xy"]
            people.append([picture, person, _number(rect, "scale"), *centre, *head])
            points.append(numpy.full((16, 3), numpy.nan))
            for point in _inside(rect, "annopoints", "point").flat:
                joint = _number(point, "id")
                if joint in range(16):
                    marks = [_number(point, name) for name in ("x", "y", "is_visible")]
                    points[-1][int(joint)] = marks
    return {
        "names": numpy.array(names, dtype="U"),
        "training": numpy.asarray(release["img_train"]).ravel(),
        "people": numpy.array(people, dtype=numpy.float64).reshape(-1, 9),
        "points": numpy.array(points).reshape(-1, 16, 3),
    }


def _inside(value: Any, *fields: str) -> numpy.ndarray:
    """A field of a struct, or of the struct in it; an empty array where it is not there."""
    for field in fields:
        if isinstance(value, numpy.ndarray):
            value = value.flat[0] if value.size else None
        if not isinstance(value, numpy.void) or field not in (value.dtype.names or ()):
            return numpy.zeros(0)
        value = value[field]
    return value if isinstance(value, numpy.ndarray) else numpy.zeros(0)


def _number(value: Any, *fields: str) -> float:
    """A number, also one written as text, as some of MPII's are; NaN where there is none."""
    held = _inside(value, *fields)
    try:
        return float(held.flat[0]) if held.size else math.nan
    except (TypeError, ValueError):
        return math.nan


def _unfold(name: str, value: Any, found: _Found, depth: int) -> None:
    """Cells as name/0, name/1, ..., fields of structs as name/field, or name/0/field of several."""
    if depth > _MOST_DEEP:
        raise ValueError(f"cells and structs nested over {_MOST_DEEP} deep")
    if not isinstance(value, numpy.ndarray) or not found.wants(name):
        return
    if value.dtype.names:
        for number, record in enumerate(value.ravel(order="F")):
            inside = name if value.size == 1 else f"{name}/{number}"
            for field in value.dtype.names:
                _unfold(f"{inside}/{field}", record[field], found, depth + 1)
    elif value.dtype.kind == "O":
        for number, item in enumerate(value.ravel(order="F")):
            _unfold(f"{name}/{number}", item, found, depth + 1)
    else:
        found.add(name, value)


def _of_hdf5(request: dict[str, Any]) -> _Found:
    """Version 7.3, which is HDF5 with the axes the other way round; or plain HDF5."""
    import h5py

    found = _Found(request)
    with h5py.File(request["path"], "r") as file:
        if "/" in found.names:  # what there is
            found["/"] = numpy.array(list(file)[:_MOST_ARRAYS], dtype="U")
        for name in sorted({name.split("/")[0] for name in request["names"]}):
            if isinstance(file.get(name, getlink=True), h5py.HardLink):
                _walk(name, file[name], file, found, request["kind"] == "v7.3", 0)
    return found


def _walk(name: str, item: Any, file: Any, found: _Found, matlab: bool, depth: int) -> None:
    """A dataset, the cells that it points to, or what is in a group."""
    import h5py

    if depth > _MOST_DEEP:
        raise ValueError(f"groups nested over {_MOST_DEEP} deep")
    if not found.wants(name):
        return
    if isinstance(item, h5py.Group):
        for key in item:
            if isinstance(item.get(key, getlink=True), h5py.HardLink):
                _walk(f"{name}/{key}", item[key], file, found, matlab, depth + 1)
        return
    if not isinstance(item, h5py.Dataset):
        return
    if item.is_virtual or item.external:
        raise ValueError(f"{name!r:.40} lies in another file")
    for wanted in found.names:  # name/@attribute: text
        if wanted.startswith(f"{name}/@"):
            text = item.attrs.get(wanted.rpartition("@")[2], "")
            text = bytes(text).decode("latin-1") if isinstance(text, bytes) else str(text)
            found.add(wanted, numpy.array(text))
    if item.dtype.names:  # rows of a table, its columns by name
        for field in item.dtype.names:
            kind = item.dtype[field].base.kind
            if kind in "fiub" and found.inside(f"{name}/{field}"):
                found.room(name, item.size, item.dtype.itemsize)
                found.add(f"{name}/{field}", item[field])
    elif item.dtype.kind == "S" or h5py.check_string_dtype(item.dtype):
        found.room(name, item.size, max(item.dtype.itemsize, 64))
        words = [bytes(word)[:1000].decode("utf-8", "replace") for word in item[()].ravel()]
        found.add(name, numpy.array(words, dtype="U").reshape(item.shape))
    elif h5py.check_ref_dtype(item.dtype) is h5py.Reference:
        found.room(name, item.size, 8)
        for number, reference in enumerate(item[()].ravel()):
            if reference and found.wants(f"{name}/{number}"):
                _walk(f"{name}/{number}", file[reference], file, found, matlab, depth + 1)
    elif item.dtype.kind in "fiub":
        found.room(name, item.size, item.dtype.itemsize)
        found.add(name, item[()].T if matlab else item[()])


if __name__ == "__main__":
    serve()
