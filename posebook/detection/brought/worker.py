"""The other side of `networks`: a script that runs one network, in a process of its own.

A network that somebody gives may ask for any time and memory, or end the process of the library
that runs it. So it runs here, within limits. A request is a line of JSON, and after it the bytes of
an array; so is an answer. This file imports nothing of posebook's: it starts in half a second.
"""

import contextlib
import json
import math
import os
import sys
from collections.abc import Callable
from typing import Any

import numpy

#: Element types of ONNX that pictures and answers have.
_ONNX_TYPES = {
    "tensor(float)": "float32", "tensor(float16)": "float16", "tensor(double)": "float64",
    "tensor(uint8)": "uint8", "tensor(int8)": "int8", "tensor(int32)": "int32",
    "tensor(int64)": "int64",
}  # fmt: skip
#: More numbers than this are no answer of a pose network.
_MOST_NUMBERS = 100_000_000

#: An array in, all answers out.
Run = Callable[[numpy.ndarray], list[numpy.ndarray]]


def serve() -> None:
    """Load the network of the first request, then run it for each of the others."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints is no answer
    run: Run | None = None
    while line := sys.stdin.buffer.readline():
        request = json.loads(line)
        _limit(request)
        arrays: list[numpy.ndarray] = []
        try:
            if run is None:
                answer, run = {"onnx": _onnx, "tflite": _tflite}[request["kind"]](request)
            else:
                content = sys.stdin.buffer.read(request["bytes"])
                given = numpy.frombuffer(content, request["dtype"]).reshape(request["shape"])
                arrays = [_plain(array) for array in run(given)]
                answer = {"arrays": [[a.dtype.str, list(a.shape)] for a in arrays]}
        except ImportError as error:
            answer = {"missing": str(error)}
        except MemoryError:
            answer = {"error": "it takes too much memory"}
        except Exception as error:
            answer, arrays = {"error": f"{error}"}, []
        answers.write(json.dumps(answer).encode() + b"\n")
        for array in arrays:
            answers.write(array.tobytes())
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


def _plain(array: Any) -> numpy.ndarray:
    """An answer as float32; what is no array of numbers is an error."""
    if not isinstance(array, numpy.ndarray) or array.dtype.kind not in "fiub":
        raise ValueError("it answers with other than arrays of numbers")
    if array.size > _MOST_NUMBERS:
        raise ValueError(f"it answers with {array.size} numbers")
    return numpy.ascontiguousarray(array, numpy.float32)


def _onnx(request: dict[str, Any]) -> tuple[dict[str, Any], Run]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = request["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    # By its path: data beside the file are looked for in its folder, and nowhere else.
    session = onnxruntime.InferenceSession(
        request["path"], options, providers=["CPUExecutionProvider"]
    )
    inputs, outputs = session.get_inputs(), session.get_outputs()
    names = [one.name for one in outputs]

    def run(given: numpy.ndarray) -> list[numpy.ndarray]:
        return session.run(names, {inputs[0].name: given})

    slots = [
        [[one.name, _ONNX_TYPES.get(one.type, one.type), _shape(one.shape), 0.0, 0] for one in each]
        for each in (inputs, outputs)
    ]
    metadata = session.get_modelmeta().custom_metadata_map
    kept = {str(key): str(value)[:1000] for key, value in list(metadata.items())[:100]}
    return dict(inputs=slots[0], outputs=slots[1], metadata=kept), run


def _shape(shape: Any) -> list[int | None]:
    return [side if isinstance(side, int) and side > 0 else None for side in shape or []]


def _tflite(request: dict[str, Any]) -> tuple[dict[str, Any], Run]:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=request["path"], num_threads=request["threads"])
    interpreter.allocate_tensors()
    inputs = interpreter.get_input_details()

    def run(given: numpy.ndarray) -> list[numpy.ndarray]:
        taken = interpreter.get_input_details()[0]
        if tuple(taken["shape"]) != given.shape:
            interpreter.resize_tensor_input(taken["index"], given.shape)
            interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], given)
        interpreter.invoke()
        return [_meant(interpreter.get_tensor(o["index"]), o)
                for o in interpreter.get_output_details()]  # fmt: skip

    slots = [[_tflite_slot(one) for one in each]
             for each in (inputs, interpreter.get_output_details())]  # fmt: skip
    return dict(inputs=slots[0], outputs=slots[1], metadata={}), run


def _tflite_slot(one: dict[str, Any]) -> list[Any]:
    known = one.get("shape_signature", one["shape"])
    shape = [int(side) if side > 0 else None for side in known]
    if len(shape) == 4 and shape[1:3] == [1, 1]:  # how MoveNet multipose says: any size
        shape[1:3] = [None, None]
    scale, zero = one["quantization"]
    return [one["name"], numpy.dtype(one["dtype"]).name, shape, float(scale), int(zero)]


def _meant(values: numpy.ndarray, one: dict[str, Any]) -> numpy.ndarray:
    """Numbers that are kept as bytes, as what they stand for."""
    scale, zero = one["quantization"]
    return (values.astype(numpy.float32) - zero) * scale if scale else values


if __name__ == "__main__":
    serve()
