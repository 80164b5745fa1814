"""Small networks in TensorFlow Lite's format: tables of schema.fbs, version 3."""

from pathlib import Path

import flatbuffers
import numpy as np

TYPES = {"float32": 0, "float16": 1, "int32": 2, "uint8": 3, "int64": 4, "int8": 9}


def constant(
    path: Path, answers: dict[str, np.ndarray], shape, dtype="float32", quantized=(0.0, 0),
    signature=None, dtype_out="float32", scale_out=0.0,
) -> Path:  # fmt: skip
    """A network that answers the same to every picture.

    quantized  scale and zero point of its input; signature  its shape with -1 for open sides
    dtype_out, scale_out  how its answers are kept: numbers / scale, if there is one
    """
    build = flatbuffers.Builder(1 << 16)

    def table(fields: dict) -> int:
        """A table of {slot: a reference, or (a method of the builder, a value)}."""
        build.StartObject(max(fields, default=0) + 1)
        for number, value in fields.items():
            if isinstance(value, tuple):
                getattr(build, f"Prepend{value[0]}Slot")(number, value[1], 0)
            else:
                build.PrependUOffsetTRelativeSlot(number, value, 0)
        return build.EndObject()

    def references(made: list[int]) -> int:
        build.StartVector(4, len(made), 4)
        for one in reversed(made):
            build.PrependUOffsetTRelative(one)
        return build.EndVector()

    def numbers(values, kind) -> int:
        return build.CreateNumpyVector(np.asarray(values, kind))

    def tensor(
        name: str, sides, kind: str, buffer: int, scale: float, zero: int, open_=None
    ) -> int:
        fields = {0: numbers(sides, np.int32), 1: ("Int8", TYPES[kind]), 2: ("Uint32", buffer),
                  3: build.CreateString(name)}  # fmt: skip
        if scale:
            fields[4] = table({2: numbers([scale], np.float32), 3: numbers([zero], np.int64)})
        if open_ is not None:
            fields[7] = numbers(open_, np.int32)
        return table(fields)

    def aligned(array: np.ndarray) -> int:
        build.ForceVectorAlignment(1, array.nbytes, 16) if hasattr(
            build, "ForceVectorAlignment"
        ) else build.Prep(16, array.nbytes)
        return build.CreateNumpyVector(np.frombuffer(array.tobytes(), np.uint8))

    kept = {
        name: (np.rint(array / scale_out) if scale_out else array).astype(dtype_out)
        for name, array in answers.items()
    }
    buffers = [table({})] + [table({0: aligned(array)}) for array in kept.values()]
    tensors = [tensor("input", shape, dtype, 0, *quantized, signature)]
    tensors += [tensor(name, array.shape, dtype_out, number, scale_out, 0)
                for number, (name, array) in enumerate(kept.items(), 1)]  # fmt: skip
    graph = table({0: references(tensors), 1: numbers([0], np.int32),
                   2: numbers(range(1, len(tensors)), np.int32), 3: references([])})  # fmt: skip
    model = table({0: ("Uint32", 3), 1: references([]), 2: references([graph]),
                   3: build.CreateString("trial"), 4: references(buffers)})  # fmt: skip
    build.Finish(model, file_identifier=b"TFL3")
    path.write_bytes(bytes(build.Output()))
    return path
