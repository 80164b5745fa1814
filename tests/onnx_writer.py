"""Small ONNX networks, written by hand: the messages of onnx/onnx.proto, version 1.14 of ONNX."""

import struct
from pathlib import Path

import numpy as np

OPSET, IR_VERSION = 13, 8
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "float16": 10, "float64": 11}


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    made = b""
    while value > 127:
        made, value = made + bytes([value & 127 | 128]), value >> 7
    return made + bytes([value])


def field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def tensor(name: str, array: np.ndarray, location: str | None = None) -> bytes:
    """A TensorProto; with its numbers in another file, if that is named."""
    array = np.asarray(array)
    made = b"".join(field(1, side) for side in array.shape)
    made += field(2, TYPES[array.dtype.name]) + field(8, name)
    if location is None:
        return made + field(9, array.tobytes())
    return made + field(13, field(1, "location") + field(2, location)) + field(14, 1)


def node(op: str, taken: str, given: str, domain: str = "", **attributes) -> bytes:
    """A NodeProto: names of what it takes and gives, with blanks between."""
    made = b"".join(field(1, name) for name in taken.split())
    made += b"".join(field(2, name) for name in given.split()) + field(4, op)
    for name, value in attributes.items():
        if isinstance(value, str):
            kind = field(4, value) + field(20, 3)
        elif isinstance(value, float):
            kind = field(2, value) + field(20, 1)
        elif isinstance(value, int):
            kind = field(3, value) + field(20, 2)
        else:
            kind = b"".join(field(8, one) for one in value) + field(20, 7)
        made += field(5, field(1, name) + kind)
    return made + field(7, domain)


def slot(name: str, shape, dtype: str = "float32") -> bytes:
    """A ValueInfoProto; a side that is text is open."""
    sides = b"".join(
        field(1, field(2, side) if isinstance(side, str) else field(1, side)) for side in shape
    )
    return field(1, name) + field(2, field(1, field(1, TYPES[dtype]) + field(2, sides)))


def model(nodes, inputs, outputs, constants=(), metadata=None, domains=()) -> bytes:
    """A ModelProto of nodes, slots, slots and tensors."""
    graph = b"".join(field(1, one) for one in nodes) + field(2, "graph")
    graph += b"".join(field(5, one) for one in constants)
    graph += b"".join(field(11, one) for one in inputs)
    graph += b"".join(field(12, one) for one in outputs)
    made = field(1, IR_VERSION) + field(2, "onnx_writer") + field(7, graph)
    for domain in ("", *domains):
        made += field(8, field(1, domain) + field(2, OPSET if not domain else 1))
    for name, text in (metadata or {}).items():
        made += field(14, field(1, name) + field(2, text))
    return made


def constant(path: Path, answers: dict[str, np.ndarray], shape=(1, 3, 64, 64), dtype="float32",
             open_sides=False, metadata=None) -> Path:  # fmt: skip
    """A network that answers the same to every picture."""
    nodes = [node("Identity", f"{name}_value", name) for name in answers]
    outputs = [
        slot(name, [f"side{i}" for i in range(array.ndim)] if open_sides else array.shape)
        for name, array in answers.items()
    ]
    constants = [tensor(f"{n}_value", a.astype(np.float32)) for n, a in answers.items()]
    content = model(nodes, [slot("input", shape, dtype)], outputs, constants, metadata)
    path.write_bytes(content)
    return path


def reads_greys(path: Path, kind: str, joints: int = 17, size=(96, 128), batch: int | str = 1,
                dtype="float32", channels_last=False, open_sides=False) -> Path:  # fmt: skip
    """A network that finds, for each joint, the middle of a square whose red is 36 + 12 joint.

    It takes red, green, blue as mmpose's do ((byte - mean) / spread), so that another order or
    scale of its numbers finds nothing.
    kind  'heatmaps': maps of a quarter of the size; 'simcc': rows of twice the width and height
    """
    wide, tall = size
    levels = (36 + 12 * np.arange(joints)).astype(np.float32).reshape(1, joints, 1, 1) / 255
    red = np.array([0.229, 0, 0], np.float32).reshape(1, 3, 1, 1)
    nodes = [node("Cast", "input", "floats", to=1)]
    if channels_last:
        nodes.append(node("Transpose", "floats", "picture", perm=(0, 3, 1, 2)))
    else:
        nodes.append(node("Identity", "floats", "picture"))
    nodes += [
        node("Conv", "picture red", "scaled"),
        node("Add", "scaled mean", "grey"),
        node("Sub", "grey levels", "apart"),
        node("Abs", "apart", "off"),
        node("Mul", "off steep", "steeper"),
        node("Add", "steeper one", "near"),
        node("Relu", "near", "seen"),
    ]
    step, last = (4, 3) if kind == "heatmaps" else (1, 0)
    reach = wide // 24  # as far as the squares of the trial's picture reach in the crop
    kernel = 2 * reach + 1
    around = dict(kernel_shape=(kernel, kernel), pads=(reach,) * 4, count_include_pad=1)
    nodes.append(node("AveragePool", "seen", "maps", strides=(step, step), **around))
    high, across = (tall + last) // step, (wide + last) // step
    sides = ["n" if open_sides else batch]
    if kind == "heatmaps":
        if channels_last:
            nodes.append(node("Transpose", "maps", "output", perm=(0, 2, 3, 1)))
            outputs = [slot("output", [*sides, high, across, joints])]
        else:
            nodes.append(node("Identity", "maps", "output"))
            outputs = [slot("output", [*sides, joints, high, across])]
    else:
        nodes += [
            node("ReduceMax", "maps", "row_x", axes=(2,), keepdims=0),
            node("ReduceMax", "maps", "row_y", axes=(3,), keepdims=0),
            *(node("Resize", f"row_{axis} none twice", f"simcc_{axis}", mode="nearest",
                   coordinate_transformation_mode="asymmetric", nearest_mode="floor")
              for axis in "xy"),
        ]  # fmt: skip
        outputs = [slot("simcc_x", [*sides, joints, 2 * wide]),
                   slot("simcc_y", [*sides, joints, 2 * tall])]  # fmt: skip
    constants = [
        tensor("red", red), tensor("mean", np.float32([0.485])), tensor("levels", levels),
        tensor("steep", np.float32([-255 / 4])), tensor("one", np.float32([1])),
        tensor("twice", np.float32([1, 1, 2])), tensor("none", np.zeros(0, np.float32)),
    ]  # fmt: skip
    shape = ["h", "w"] if open_sides else [tall, wide]
    shape = [*sides, *shape, 3] if channels_last else [*sides, 3, *shape]
    path.write_bytes(model(nodes, [slot("input", shape, dtype)], outputs, constants))
    return path
