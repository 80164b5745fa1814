"""MATLAB's .mat files, and HDF5: arrays by name, whatever the file does to its reader.

A damaged .mat file of version 5 can end the process that reads it, and any compressed file can
unfold to more than there is memory for. So a process of its own does the reading
(`matlab_worker`), within limits of time and memory, and hands over plain arrays. It is started when
it is first needed and kept for the files after that. A file that ends it gets a clear error, and
the next file a new process.
"""

import atexit
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy

from posebook.datasets.readers import worker_process
from posebook.datasets.readers.files import read_head
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError

#: What a file may take: seconds of work, and bytes of memory where the system knows such a limit.
#: The first number is for any file, the second for each of its megabytes.
SECONDS = 8, 0.2
MEMORY = 640 << 20, 16 << 20
#: On the clock a file may take this many times as long, since other programs want the processor.
PATIENCE = 5
WORKER = Path(__file__).with_name("matlab_worker.py")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_LONGEST_LINE = 16 << 20
#: The exit status of a process whose processor time is used up; Windows has no such limit.
_OUT_OF_TIME = -signal.SIGXCPU if hasattr(signal, "SIGXCPU") else None


def read_mat(path: Path | str, expected: str, names: Sequence[str]) -> dict[str, numpy.ndarray]:
    """The numeric arrays of these names in a .mat file, version 5 or 7.3.

    names     variables. Cells are `variable/0`, `variable/1`, ... in MATLAB's order, fields of a
              struct `variable/field`; a name stands for all that is inside it. What is not there,
              or is neither numbers nor text, is left out
    expected  what the file should be, in words, for the error
    returns   {name: array}, axes as in MATLAB: a size of 3 x 14 x 2000 is the shape (3, 14, 2000)
    """
    head = read_head(path, expected, 520)
    if head[512:520] == _HDF5:
        return _arrays("v7.3", path, expected, names)
    if head[126:128] not in (b"IM", b"MI") or head[124:126] not in (b"\x00\x01", b"\x01\x00"):
        raise InputError(f"{path}: not a MATLAB file of version 5 to 7.3; expected {expected}")
    return _arrays("v5", path, expected, names)


def read_hdf5(path: Path | str, expected: str, names: Sequence[str]) -> dict[str, numpy.ndarray]:
    """The numeric arrays of these names in an HDF5 file, axes as in the file."""
    if read_head(path, expected, 8) != _HDF5:
        raise InputError(f"{path}: not an HDF5 file; expected {expected}")
    return _arrays("hdf5", path, expected, names)


def read_mpii(path: Path | str, expected: str) -> dict[str, numpy.ndarray]:
    """The tables of `mpii_release`, which are gathered from more arrays than any other file has.

    names, training (pictures,); people (n, 9): picture, person, scale, x and y of the centre, two
    corners of the head's box; points (n, 16, 3): x, y, is_visible; NaN where something is not there
    """
    return _arrays("mpii", path, expected, [], times=16)


def read_c3d_arrays(path: Path | str, expected: str) -> dict[str, numpy.ndarray]:
    """points (4, markers, frames), labels, rate and unit of a C3D file; needs ezc3d."""
    read_head(path, expected, 8)
    return _arrays("c3d", path, expected, [])


def _arrays(
    kind: str, path: Path | str, expected: str, names: Sequence[str], times: int = 1
) -> dict[str, numpy.ndarray]:
    size_mb = Path(path).stat().st_size / (1 << 20)
    seconds, memory = (least + times * more * size_mb for least, more in (SECONDS, MEMORY))
    with _LOCK, tempfile.TemporaryDirectory(prefix="posebook-") as folder:
        answer_file = os.path.join(folder, "answer.npz")
        request = dict(kind=kind, path=os.path.abspath(path), names=list(names))
        request |= dict(answer=answer_file, seconds=seconds, memory=int(memory))
        answer = _ask(request)
        if "names" in answer:
            try:
                arrays = read_npz(answer_file)
            except InputError:
                arrays = {}
            if arrays.keys() == {f"{i}" for i in range(len(answer["names"]))}:
                return {name: arrays[f"{i}"] for i, name in enumerate(answer["names"])}
            close()
            answer = {"error": "its arrays did not come across"}
    raise InputError(f"{path}: {answer['error']}; expected {expected}")


def _ask(request: dict) -> dict:
    """{names: of the arrays in the answer's file}, or {error: why there are none}."""
    worker = _worker()
    late = threading.Event()

    def stop() -> None:
        late.set()
        worker.kill()

    clock = threading.Timer(PATIENCE * request["seconds"], stop)
    clock.start()
    answer = None
    try:
        worker.stdin.write(json.dumps(request).encode() + b"\n")
        worker.stdin.flush()
        answer = json.loads(worker.stdout.readline(_LONGEST_LINE))
    except (OSError, ValueError):
        pass  # it ended, or does not talk sense
    finally:
        clock.cancel()
        if not isinstance(answer, dict) or late.is_set():
            close()
    if late.is_set():
        return {"error": f"reading it took over {PATIENCE * request['seconds']:.3g} s"}
    if not isinstance(answer, dict):
        if worker.returncode == _OUT_OF_TIME:
            return {"error": f"reading it took over {request['seconds']:.3g} s"}
        return {"error": "damaged: reading it ended the process that read it"}
    if "error" in answer:
        why = " ".join(str(answer["error"]).split())  # one line, whatever the library wrote
        return {"error": f"cannot be read ({why:.150}; damaged?)"}
    names = answer.get("names")
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        close()
        return {"error": "damaged: no arrays came of it"}
    return {"names": names}


_LOCK = threading.Lock()
_CURRENT: subprocess.Popen | None = None


def _worker() -> subprocess.Popen:
    """The process that reads: the one there is, or a new one."""
    global _CURRENT
    if _CURRENT is None or _CURRENT.poll() is not None:
        close()
        _CURRENT = worker_process.start(WORKER)
    return _CURRENT


@atexit.register
def close() -> None:
    """End the worker, if there is one; the next file starts another."""
    global _CURRENT
    worker, _CURRENT = _CURRENT, None
    if worker is not None:
        worker.kill()
        worker.communicate()


def _forget() -> None:
    global _CURRENT
    _CURRENT = None


if hasattr(os, "register_at_fork"):  # the worker belongs to one process: a copy starts its own
    os.register_at_fork(after_in_child=_forget)
