"""Caffe's two files: a network in text, and its weights as a message of protocol buffers."""

from pathlib import Path

import numpy as np
from onnx_writer import field, varint


def blob(array: np.ndarray, old: bool = False) -> bytes:
    """A BlobProto; in the old form with four sides, whatever the array has."""
    data = field(5, np.ascontiguousarray(array, "<f4").tobytes())
    if old:
        sides = (*(1,) * (4 - array.ndim), *array.shape)
        return data + b"".join(field(number, side) for number, side in enumerate(sides, 1))
    return field(7, field(1, b"".join(map(varint, array.shape)))) + data


def weights(path: Path, layers: dict[str, list[np.ndarray]], old: bool = False) -> Path:
    made = b""
    for name, arrays in layers.items():
        blobs = b"".join(field(6 if old else 7, blob(array, old)) for array in arrays)
        made += field(2 if old else 100, field(4 if old else 1, name) + blobs)
    path.write_bytes(field(1, "trial") + made)
    return path


def layer(name: str, type: str, bottoms: str, top: str = "", **group: dict) -> str:
    lines = [f'  name: "{name}"', f'  type: "{type}"']
    lines += [f'  bottom: "{bottom}"' for bottom in bottoms.split()] + [f'  top: "{top or name}"']
    for title, numbers in group.items():
        inner = " ".join(f"{key}: {value}" for key, value in numbers.items())
        lines.append(f"  {title} {{ {inner} }}")
    return "layer {\n" + "\n".join(lines) + "\n}\n"


def head(size: int = 16) -> str:
    dims = "\n".join(f"input_dim: {side} # at run time" for side in (1, 3, size, size))
    return f'name: "trial"\ninput: "image"\n{dims}\n'


def shapes(text: str) -> dict[str, list[tuple[int, ...]]]:
    """The shapes of the weights that a network in text needs, layer by layer."""
    import re

    channels, found = {"image": 3}, {}
    for part in re.findall(r"layer\s*\{(.*?)\n\}", text, re.S):
        part = re.sub(r"#.*", "", part)
        keys = ("name", "type", "bottom", "top", "num_output", "kernel_size")
        own = {key: re.findall(rf'\b{key}:\s*"?([\w.]+)"?', part) for key in keys}
        taken = [channels[bottom] for bottom in own["bottom"]]
        given = sum(taken)
        if own["type"][0] == "Convolution":
            given, side = int(own["num_output"][0]), int(own["kernel_size"][0])
            found[own["name"][0]] = [(given, taken[0], side, side), (given,)]
        elif own["type"][0] == "PReLU":
            found[own["name"][0]] = [(given,)]
        channels[own["top"][0]] = given
    return found
