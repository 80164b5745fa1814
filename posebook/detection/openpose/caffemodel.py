"""Caffe's weights: a message of protocol buffers, `.caffemodel`. Source: caffe.proto of BVLC."""

import mmap
from pathlib import Path

import numpy

from posebook.detection.protobuf import Message, floats, packed
from posebook.errors import InputError
from posebook.files import read_head, regular

EXPECTED = "weights of Caffe's (.caffemodel), such as OpenPose's pose_iter_584000.caffemodel"
MOST_BYTES = 2 << 30
# Fields of NetParameter (layers of the old form, and of the new), of both kinds of layers (name,
# blobs), of BlobProto.
_OLD_LAYERS, _LAYERS = 2, 100
_OLD_NAME, _OLD_BLOBS = 4, 6
_NAME, _BLOBS = 1, 7
_FLOATS, _SHAPE, _DOUBLES = 5, 7, 8


def read(path: Path) -> dict[str, list[numpy.ndarray]]:
    """{layer: its arrays}; layers without any are left out. InputError, one line, for other files.

    Numbers without an axis, as old files have biases, come as the axis that they fill.
    """
    regular(path, EXPECTED, MOST_BYTES)
    read_head(path, EXPECTED, 8)  # a pointer to the file is not the file
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    found: dict[str, list[numpy.ndarray]] = {}
    for number, value in Message(memoryview(mapped), f"{path}"):
        if number not in (_LAYERS, _OLD_LAYERS) or isinstance(value, int):
            continue
        layer = Message(value, f"{path}")
        name, blobs = (_NAME, _BLOBS) if number == _LAYERS else (_OLD_NAME, _OLD_BLOBS)
        if arrays := [_array(blob, path) for blob in layer.parts(blobs)]:
            found[layer.text(name)] = arrays
    if not found:
        raise InputError(f"{path}: holds no weights; expected {EXPECTED}")
    return found


def _array(blob: Message, path: Path) -> numpy.ndarray:
    shape: list[int] = []
    old = dict.fromkeys((1, 2, 3, 4), 0)
    single, double = [], []
    for number, value in blob:
        if number == _FLOATS:
            single.append(value)
        elif number == _DOUBLES:
            double.append(value)
        elif number in old and isinstance(value, int):
            old[number] = value
        elif number == _SHAPE and not isinstance(value, int):
            for inner, side in Message(value, f"{path}"):
                shape += packed(side) if inner == 1 else []
    values = floats(double, "<f8") if double else floats(single)
    if not shape and any(old.values()):
        shape = list(old.values())
    shape = shape or [values.size]
    if any(side < 1 for side in shape) or numpy.prod(shape, dtype=object) != values.size:
        raise InputError(f"{path}: holds {values.size} numbers for the shape {shape}; damaged?")
    return values.astype(numpy.float32).reshape(shape)
