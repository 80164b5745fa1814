"""A network in a file of the user's, run in a process of its own, within limits: see `worker`."""

import json
import subprocess
import threading
import weakref
from pathlib import Path
from typing import Any, NamedTuple

import numpy

from posebook.datasets.readers import worker_process
from posebook.detection import litert
from posebook.errors import InputError, printable
from posebook.training import THREADS

WORKER = Path(__file__).with_name("worker.py")
#: What loading, or one run, may take: seconds of work and bytes of memory, and what each MB of the
#: file adds to both. Ten times what the largest pose network takes on one slow core.
SECONDS, SECONDS_A_MB = 20.0, 0.5
MEMORY, MEMORY_A_MB = 2 << 30, 5 << 20
#: A run that has not ended after so many times its seconds of work is ended, too.
PATIENCE = 5.0
INSTALL = {"onnx": "python -m pip install onnxruntime", "tflite": litert.INSTALL}
_LONGEST_LINE = 1 << 20


class Slot(NamedTuple):
    """An input or an output, as the file declares it.

    shape  None for a side that is not fixed
    dtype  numpy's name, or the library's where numpy has none
    scale, zero  a number v is kept as v / scale + zero; scale 0: as it is
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    scale: float = 0.0
    zero: int = 0


class Network:
    """One network: what goes in and comes out, and `run`.

    kind  'onnx' or 'tflite'; path  of the file
    InputError, one line, where it cannot be loaded or run, or takes too long or too much memory.
    """

    def __init__(self, kind: str, path: Path, size: int):
        self.path, self._seconds = path, SECONDS + SECONDS_A_MB * size / 1e6
        self._memory = int(MEMORY + MEMORY_A_MB * size / 1e6)
        self._worker = worker_process.start(WORKER)
        self.close = weakref.finalize(self, _end, self._worker)
        answer = self._ask(dict(kind=kind, path=str(path.absolute()), threads=THREADS))
        if "missing" in answer:
            self.close()
            raise InputError(f"{path}: needs a package that runs it: {INSTALL[kind]}")
        self._check(answer, "inputs")
        self.inputs, self.outputs = (
            [Slot(printable(n), d, tuple(s), scale, zero) for n, d, s, scale, zero in answer[each]]
            for each in ("inputs", "outputs")
        )
        self.metadata: dict[str, str] = answer["metadata"]

    def run(self, given: numpy.ndarray) -> list[numpy.ndarray]:
        """All answers, as float32, to the first input."""
        given = numpy.ascontiguousarray(given)
        request = dict(dtype=given.dtype.str, shape=list(given.shape), bytes=given.nbytes)
        answer = self._ask(request, given.tobytes())
        self._check(answer, "arrays")
        return answer["arrays"]

    def _check(self, answer: dict[str, Any], wanted: str) -> None:
        if wanted in answer:
            return
        self.close()
        why = " ".join(printable(answer.get("error") or "it ended the process").split())
        why = why.replace(str(self.path.absolute()), "the file")
        raise InputError(f"{self.path}: cannot be run: {why:.250}")

    def _ask(self, request: dict[str, Any], content: bytes = b"") -> dict[str, Any]:
        late = threading.Event()

        def stop() -> None:
            late.set()
            self._worker.kill()

        clock = threading.Timer(PATIENCE * self._seconds, stop)
        clock.daemon = True
        clock.start()
        request |= dict(seconds=self._seconds, memory=self._memory)
        try:
            self._worker.stdin.write(json.dumps(request).encode() + b"\n" + content)
            self._worker.stdin.flush()
            answer = json.loads(self._worker.stdout.readline(_LONGEST_LINE))
            if "arrays" in answer:
                answer["arrays"] = [self._array(*one) for one in answer["arrays"]]
            return answer
        except (OSError, ValueError):
            self._worker.kill()
            ended = self._worker.wait()
            if late.is_set() or ended == -24:  # SIGXCPU
                return {"error": f"it takes over {self._seconds:.0f} s"}
            return {"error": "damaged, or too large: it ended the process that ran it"}
        finally:
            clock.cancel()

    def _array(self, dtype: str, shape: list[int]) -> numpy.ndarray:
        count = int(numpy.prod(shape, dtype=numpy.int64))
        content = self._worker.stdout.read(count * numpy.dtype(dtype).itemsize)
        return numpy.frombuffer(content, dtype).reshape(shape)


def _end(worker: subprocess.Popen) -> None:
    worker.kill()
    worker.communicate()
