"""MATLAB's .mat files, and HDF5: arrays by name, whatever the file does to its reader.

A damaged .mat file of version 5 can end the process that reads it, and any compressed file can
unfold to more than there is memory for. So a process of its own does the reading
(`matlab_worker`), within limits of time and memory, and hands over plain arrays. It is started when
it is first needed and kept for the files after that; a file that ends it costs a clear error and
the next file a new one.
"""

import atexit
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy

from posebook.datasets.readers.files import read_head
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError

#: What a file may take: seconds of work, and bytes of memory where the system knows such a limit.
SECONDS = 60
MEMORY = 4 << 30
#: On the clock a file may take this many times as long, since other programs want the processor.
PATIENCE = 5
WORKER = Path(__file__).with_name("matlab_worker.py")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_LONGEST_LINE = 16 << 20


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
        return _ask("v7.3", path, expected, names)
    if head[126:128] not in (b"IM", b"MI") or head[124:126] not in (b"\x00\x01", b"\x01\x00"):
        raise InputError(f"{path}: not a MATLAB file of version 5 to 7.3; expected {expected}")
    return _ask("v5", path, expected, names)


def read_hdf5(path: Path | str, expected: str, names: Sequence[str]) -> dict[str, numpy.ndarray]:
    """The numeric arrays of these names in an HDF5 file, axes as in the file."""
    if read_head(path, expected, 8) != _HDF5:
        raise InputError(f"{path}: not an HDF5 file; expected {expected}")
    return _ask("hdf5", path, expected, names)


def _ask(
    kind: str, path: Path | str, expected: str, names: Sequence[str]
) -> dict[str, numpy.ndarray]:
    request = dict(kind=kind, path=os.path.abspath(path), names=list(names))
    with _LOCK:
        answer = _worker(kind).ask(request)
        if "names" in answer:
            try:
                arrays = read_npz(answer["file"])
            except InputError:
                arrays = {}
            finally:
                Path(answer["file"]).unlink(missing_ok=True)
            if arrays.keys() == {f"{i}" for i in range(len(answer["names"]))}:
                return {name: arrays[f"{i}"] for i, name in enumerate(answer["names"])}
            answer = {"error": "its arrays did not come across"}
    raise InputError(f"{path}: {answer['error']}; expected {expected}")


def _environment() -> dict[str, str]:
    """One thread; and malloc as it comes: told to keep its memory, it would have the next file use
    what the last one left, beyond the limit."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}
    return {**kept, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


class _Worker:
    """The process that reads, and the folder that its answers lie in."""

    def __init__(self, kind: str):
        self.owner, self.script = os.getpid(), WORKER
        self.folder = tempfile.mkdtemp(prefix="posebook-")
        self.process = subprocess.Popen(
            # -P: the folder of the script is not searched for modules
            [sys.executable, "-P", str(WORKER), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=_environment(),
            start_new_session=True,  # so that it can be ended with its children
        )

    def ask(self, request: dict) -> dict:
        """What the worker answers; what it did not survive comes as an {error: ...}."""
        file = os.path.join(self.folder, "answer.npz")
        request = {**request, "answer": file, "seconds": SECONDS, "memory": MEMORY}
        late = threading.Event()

        def stop() -> None:
            late.set()
            self.kill()

        clock = threading.Timer(PATIENCE * SECONDS, stop)
        clock.start()
        said = b""
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
            said = self.process.stdout.readline(_LONGEST_LINE)
            answer = json.loads(said)
        except (OSError, ValueError):
            answer = None
        finally:
            clock.cancel()
        if late.is_set():
            self.close()
            return {"error": f"reading it took over {PATIENCE * SECONDS:g} s"}
        if not isinstance(answer, dict) or not said.endswith(b"\n"):
            self.close()
            return {"error": "damaged: reading it ended the process that read it"}
        if answer.get("crash") == -getattr(signal, "SIGXCPU", 0):
            return {"error": f"reading it took over {SECONDS:g} s"}
        if "crash" in answer:
            return {"error": "damaged: reading it ended the process that read it"}
        if "error" in answer:
            why = " ".join(str(answer["error"]).split())  # one line, whatever the library said
            return {"error": f"cannot be read ({why:.150}; damaged?)"}
        names = answer.get("names")
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            self.close()
            return {"error": "damaged: no arrays came of it"}
        return {"names": names, "file": file}

    def kill(self) -> None:
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(self.process.pid, signal.SIGKILL)
            else:
                self.process.kill()

    def close(self) -> None:
        """End the process and remove the folder; a copy that a fork has made is left alone."""
        global _CURRENT
        _CURRENT = None
        if self.owner != os.getpid():
            return
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


_LOCK = threading.Lock()
_CURRENT: _Worker | None = None


def _worker(kind: str) -> _Worker:
    """The worker there is, or a new one; kind: what it is to be quick at."""
    global _CURRENT
    current = _CURRENT
    if current is not None:
        alive = current.owner == os.getpid() and current.process.poll() is None
        if not alive or current.script != WORKER:
            current.close()
    if _CURRENT is None:
        _CURRENT = _Worker(kind)
    return _CURRENT


@atexit.register
def close() -> None:
    """End the worker, if there is one; the next file starts another."""
    if _CURRENT is not None:
        _CURRENT.close()
