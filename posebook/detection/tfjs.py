"""TensorFlow.js graph models run in torch: a JSON of nodes, and their weights as bytes.

    run = tfjs.network(json_bytes, weight_bytes, "thunder")
    answer = run(torch.zeros(1, 256, 256, 3, dtype=torch.int32))

Only what MoveNet's graphs need is here, each operation as TensorFlow documents it. Pictures are
(batch, height, width, channels) as there. A node is a name, an operation and the names of what it
takes; nothing in a file is executed but these.
"""

import base64
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from posebook.errors import InputError
from posebook.files import parsed

#: How weights are stored, and how many bytes each takes.
_STORED = {"float16": torch.float16, "float32": torch.float32, "int32": torch.int32}
#: Attributes of a node, in plain Python.
Attributes = dict[str, Any]
Operation = Callable[[list[Tensor], Attributes], "Tensor | tuple[Tensor, ...]"]


def network(model: bytes, weights: bytes, where: str) -> Callable[[Tensor], Tensor]:
    """The network of a model's two files: its one input in, its one output out.

    InputError, one line, where the files are not whole, do not fit each other, or need an operation
    that is not here.
    """
    try:
        record = parsed(model.decode(), where, "a TensorFlow.js graph model")
        nodes = {node["name"]: node for node in record["modelTopology"]["node"]}
        known = _constants(record["weightsManifest"], weights)
        steps = _in_order(nodes, known)
    except InputError:
        raise
    except (KeyError, TypeError, ValueError, UnicodeDecodeError, RuntimeError) as error:
        raise InputError(f"{where}: no whole TensorFlow.js graph model ({error!s:.80})") from None
    missing = {op for _, op, _, _ in steps} - OPERATIONS.keys() - {"Placeholder"}
    if missing:
        raise InputError(f"{where}: operations {sorted(missing)!s:.120} are not known here")
    last = next(name for name, op, _, _ in reversed(steps) if op == "Identity")

    def run(values: Tensor) -> Tensor:
        held: dict[str, Any] = dict(known)
        with torch.no_grad():
            for name, op, taken, attributes in steps:
                if op == "Placeholder":
                    held[name] = values
                    continue
                held[name] = OPERATIONS[op]([_value(held, one) for one in taken], attributes)
        return held[last]

    return run


def _value(held: Mapping[str, Any], name: str) -> Tensor:
    """'split:2' is the third answer of the node 'split'."""
    node, _, number = name.partition(":")
    found = held[node]
    return found[int(number or 0)] if isinstance(found, tuple) else found


def _constants(manifest: list, content: bytes) -> dict[str, Tensor]:
    """The weights by their nodes' names: they stand one after the other."""
    found, start = {}, 0
    for weight in (one for group in manifest for one in group["weights"]):
        stored = _STORED[(weight.get("quantization") or weight)["dtype"]]
        shape = [int(side) for side in weight["shape"]]
        count = torch.Size(shape).numel()
        end = start + count * stored.itemsize
        if end > len(content):
            raise ValueError("the weights are cut short")
        values = torch.frombuffer(bytearray(content[start:end]), dtype=stored)
        found[weight["name"]] = values.reshape(shape).to(getattr(torch, weight["dtype"]))
        start = end
    if start != len(content):
        raise ValueError("more weights than the graph has")
    return found


def _in_order(
    nodes: Mapping[str, dict], known: Mapping[str, Tensor]
) -> list[tuple[str, str, list[str], Attributes]]:
    """Nodes as (name, operation, what it takes, attributes), each after those that it takes."""
    order: list[tuple[str, str, list[str], Attributes]] = []
    done = set(known)
    waiting = [name for name, node in reversed(nodes.items()) if node["op"] == "Identity"]
    opened: set[str] = set()
    while waiting:
        name = waiting[-1]
        if name in done:
            waiting.pop()
            continue
        taken = [one for one in nodes[name].get("input", []) if not one.startswith("^")]
        before = [one.partition(":")[0] for one in taken]
        if missing := [one for one in before if one not in done]:
            if name in opened:
                raise ValueError(f"node {name} waits for itself")
            opened.add(name)
            waiting += missing
            continue
        attributes = {key: _plain(value) for key, value in nodes[name].get("attr", {}).items()}
        order.append((name, nodes[name]["op"], taken, attributes))
        done.add(name)
    return order


def _plain(value: dict) -> Any:
    """An attribute's one value: a number, a flag, bytes as text, or a list of these."""
    (kind, inner), *_ = value.items() or [("", None)]
    if kind == "list":
        (kind, items), *_ = inner.items() or [("i", [])]
        return [_plain({kind: item}) for item in items]
    if kind == "s":
        return base64.b64decode(inner).decode()
    return int(inner) if kind == "i" else inner


# ----------------------------------------------------------------------------------- operations


def _integers(values: Tensor) -> list[int]:
    return [int(value) for value in values.reshape(-1)]


def _padded(x: Tensor, sides: tuple[int, int], step: int, how: str, value: float) -> Tensor:
    """(batch, channels, height, width), widened as padding SAME asks: the odd pixel comes last."""
    if how == "VALID":
        return x
    around: list[int] = []
    for length, side in zip(x.shape[:1:-1], sides[::-1], strict=True):
        total = max((-(-length // step) - 1) * step + side - length, 0)
        around += [total // 2, total - total // 2]
    return functional.pad(x, around, value=value)


def _fused(x: Tensor, taken: list[Tensor], attributes: Attributes) -> Tensor:
    """What is done to a convolution's answer at once; x (batch, channels, height, width)."""
    for name in attributes.get("fused_ops", []):
        if name == "BiasAdd":
            x = x + taken[2][:, None, None]
        elif name in ("Relu", "Relu6"):
            x = x.clamp(0, 6) if name == "Relu6" else x.relu()
        else:
            raise InputError(f"a convolution fused with {name!r:.40} is not known here")
    return x.permute(0, 2, 3, 1)


def _convolved(taken: list[Tensor], attributes: Attributes) -> Tensor:
    kernel = taken[1].permute(3, 2, 0, 1)
    step, how = attributes["strides"][1], attributes["padding"]
    x = _padded(taken[0].permute(0, 3, 1, 2), tuple(kernel.shape[2:]), step, how, 0.0)
    return _fused(functional.conv2d(x, kernel, stride=step), taken, attributes)


def _depthwise(taken: list[Tensor], attributes: Attributes) -> Tensor:
    rows, columns, channels, times = taken[1].shape
    kernel = taken[1].permute(2, 3, 0, 1).reshape(channels * times, 1, rows, columns)
    step, how = attributes["strides"][1], attributes["padding"]
    x = _padded(taken[0].permute(0, 3, 1, 2), (rows, columns), step, how, 0.0)
    return _fused(functional.conv2d(x, kernel, stride=step, groups=channels), taken, attributes)


def _pooled(taken: list[Tensor], attributes: Attributes) -> Tensor:
    side, step = attributes["ksize"][1], attributes["strides"][1]
    how = attributes["padding"]
    x = _padded(taken[0].permute(0, 3, 1, 2), (side, side), step, how, -torch.inf)
    return functional.max_pool2d(x, side, step).permute(0, 2, 3, 1)


def _resized(taken: list[Tensor], attributes: Attributes) -> Tensor:
    size = _integers(taken[1])
    if not attributes["half_pixel_centers"] or attributes["align_corners"]:
        raise InputError("a resize without half_pixel_centers is not known here")
    x = functional.interpolate(
        taken[0].permute(0, 3, 1, 2), size, mode="bilinear", align_corners=False
    )
    return x.permute(0, 2, 3, 1)


def _sliced(taken: list[Tensor], attributes: Attributes) -> Tensor:
    """Each mask has a bit for each place: no begin, no end, a new axis, one index and no axis."""
    values, *edges = taken
    places: list[Any] = []
    for place, (begin, end, step) in enumerate(zip(*map(_integers, edges), strict=True)):
        bit = 1 << place
        if attributes["new_axis_mask"] & bit:
            places.append(None)
        elif attributes["shrink_axis_mask"] & bit:
            places.append(begin)
        else:
            first = None if attributes["begin_mask"] & bit else begin
            last = None if attributes["end_mask"] & bit else end
            places.append(slice(first, last, step))
    return values[tuple(places)]


def _largest(taken: list[Tensor], attributes: Attributes) -> tuple[Tensor, Tensor]:
    order = taken[0].sort(descending=True, stable=True)
    count = int(taken[1])
    return order.values[..., :count], order.indices[..., :count].int()


def _over(reduce: Callable[..., Tensor]) -> Operation:
    return lambda t, a: reduce(t[0], dim=_integers(t[1]), keepdim=bool(a.get("keep_dims")))


def _two(combine: Callable[[Tensor, Tensor], Tensor]) -> Operation:
    return lambda t, _: combine(t[0], t[1])


def _one(change: Callable[[Tensor], Tensor]) -> Operation:
    return lambda t, _: change(t[0])


_TYPES = {"DT_FLOAT": torch.float32, "DT_INT32": torch.int32, "DT_BOOL": torch.bool}

OPERATIONS: dict[str, Operation] = {
    "_FusedConv2D": _convolved,
    "Conv2D": _convolved,
    "FusedDepthwiseConv2dNative": _depthwise,
    "DepthwiseConv2dNative": _depthwise,
    "MaxPool": _pooled,
    "ResizeBilinear": _resized,
    "StridedSlice": _sliced,
    "TopKV2": _largest,
    "AddV2": _two(torch.add),
    "Sub": _two(torch.sub),
    "Mul": _two(torch.mul),
    "RealDiv": _two(torch.div),
    "FloorDiv": _two(lambda a, b: torch.div(a, b, rounding_mode="floor")),
    "Minimum": _two(torch.minimum),
    "Maximum": _two(torch.maximum),
    "SquaredDifference": _two(lambda a, b: (a - b).square()),
    "Less": _two(torch.lt),
    "Greater": _two(torch.gt),
    "GreaterEqual": _two(torch.ge),
    "Equal": _two(torch.eq),
    "LogicalAnd": _two(torch.logical_and),
    "AddN": lambda t, _: torch.stack(t).sum(0),
    "Abs": _one(torch.abs),
    "Exp": _one(torch.exp),
    "Sqrt": _one(torch.sqrt),
    "Sigmoid": _one(torch.sigmoid),
    "Reciprocal": _one(torch.reciprocal),
    "Identity": _one(lambda x: x),
    "Cast": lambda t, a: t[0].to(_TYPES[a["DstT"]]),
    "Sum": _over(torch.sum),
    "Max": _over(torch.amax),
    "ArgMax": lambda t, _: t[0].argmax(int(t[1])).int(),
    "Reshape": lambda t, _: t[0].reshape(_integers(t[1])),
    "Squeeze": lambda t, a: t[0].squeeze(tuple(a["squeeze_dims"])),
    "ExpandDims": lambda t, _: t[0].unsqueeze(int(t[1])),
    "Pack": lambda t, a: torch.stack(t, a["axis"]),
    "Unpack": lambda t, a: t[0].unbind(a["axis"]),
    "ConcatV2": lambda t, _: torch.cat(t[:-1], int(t[-1])),
    "Split": lambda t, a: t[1].chunk(a["num_split"], int(t[0])),
    "Tile": lambda t, _: t[0].repeat(_integers(t[1])),
    "Fill": lambda t, _: torch.full(_integers(t[0]), t[1].item(), dtype=t[1].dtype),
    "Range": lambda t, _: torch.arange(*(one.item() for one in t), dtype=t[0].dtype),
    "Shape": lambda t, _: torch.tensor(t[0].shape, dtype=torch.int32),
    "Size": lambda t, _: torch.tensor(t[0].numel(), dtype=torch.int32),
    "GatherNd": lambda t, _: t[0][tuple(t[1].long().unbind(-1))],
    "Select": lambda t, _: torch.where(t[0], t[1], t[2]),
}
