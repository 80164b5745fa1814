"""Networks in TensorFlow Lite files, run by Google's `ai-edge-litert`, an optional package."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy
import torch
from torch import Tensor

from posebook.errors import InputError

#: A batch of one in, all the network's answers out, in the order of the file.
Network = Callable[[Tensor], list[Tensor]]
INSTALL = "python -m pip install ai-edge-litert"


def network(content: bytes, where: str) -> Network:
    """The network of a file's bytes, on one thread. InputError where the package is not there, or
    the file is none of its kind.

    It keeps its own memory: one call after the other, not several at once.
    """
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        raise InputError(f"{where}: needs the package ai-edge-litert: {INSTALL}") from None
    try:
        with _silence():
            interpreter = Interpreter(model_content=content, num_threads=1)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise InputError(f"{where}: no TensorFlow Lite network: {error!s:.120}") from None
    (taken,) = interpreter.get_input_details()
    given = [answer["index"] for answer in interpreter.get_output_details()]

    def run(values: Tensor) -> list[Tensor]:
        interpreter.set_tensor(taken["index"], numpy.ascontiguousarray(values.numpy()))
        interpreter.invoke()
        return [torch.from_numpy(interpreter.get_tensor(index)) for index in given]

    return run


def there() -> bool:
    """Whether the package is installed; it is not imported, which takes a second."""
    from importlib.util import find_spec

    return find_spec("ai_edge_litert") is not None


@contextmanager
def _silence() -> Iterator[None]:
    """Nothing that the library itself writes to the error stream: it greets at every start."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
