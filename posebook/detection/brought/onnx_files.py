"""What an ONNX file holds, looked at before any library opens it.

ONNX is a message of protocol buffers (onnx/onnx.proto): the numbers of its fields stand below.
A file may keep its weights in others, by names of its own choice. They are taken from its folder,
and nowhere else.
"""

import hashlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from posebook.detection.protobuf import Message
from posebook.errors import InputError, printable
from posebook.files import listed, read_head, regular

EXPECTED = "a network in the ONNX format (.onnx)"
#: A message of protocol buffers cannot be larger; nor are the files that hold its weights.
MOST_BYTES = 2 << 30
MOST_NODES = 20_000
_MOST_DEEP = 8
#: Operators that come with onnxruntime; others are in libraries of their own, which are not loaded.
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "com.ms.internal.nhwc")
# Fields of ModelProto, GraphProto, NodeProto, AttributeProto, FunctionProto, TensorProto.
_GRAPH, _FUNCTIONS = 7, 25
_NODE, _INITIALIZER, _SPARSE = 1, 5, 15
_NODE_NAME, _ATTRIBUTE, _DOMAIN = 4, 5, 7
_TENSOR, _SUBGRAPH, _TENSORS, _SUBGRAPHS = 5, 6, 10, 11
_FUNCTION_NAME, _FUNCTION_NODE, _FUNCTION_DOMAIN = 1, 7, 10
_EXTERNAL = 13


class Held(NamedTuple):
    """What an ONNX file is: its hash, with that of the files that keep its weights; its bytes with
    theirs; and the operators in it."""

    sha256: str
    size: int
    operators: frozenset[str]


def look(path: Path) -> Held:
    """What is in an ONNX file. InputError, one line, where it is none, needs a library of its own,
    or keeps its weights elsewhere than in its folder."""
    regular(path, EXPECTED, MOST_BYTES)
    read_head(path, EXPECTED, 8)  # a pointer to the file is not the file
    with path.open("rb") as file:  # closed when nobody has a view of it any more
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    walk = _Walk(path)
    walk.model(Message(memoryview(mapped), f"{path}"))
    return _held(path, walk, hashlib.sha256(mapped))


def _held(path: Path, walk: "_Walk", digest) -> Held:
    if not walk.nodes:
        raise InputError(f"{path}: no ONNX network; expected {EXPECTED}")
    if strange := sorted(walk.strange - walk.functions):
        raise InputError(
            f"{path}: needs operators of a library of its own ({listed(strange, 3)}), which is not "
            "loaded; export it for plain onnxruntime"
        )
    size = path.stat().st_size
    for name in sorted(walk.beside):
        other = _beside(path, name)
        size += other.stat().st_size
        with other.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return Held(digest.hexdigest(), size, frozenset(walk.operators))


def _beside(path: Path, name: str) -> Path:
    """The file in a network's folder that keeps weights of it."""
    other, folder = path.parent / name, path.parent.resolve()
    shown = printable(name)[:100]
    try:
        inside = name and other.resolve().is_relative_to(folder) and not Path(name).is_absolute()
    except (OSError, ValueError):
        inside = False
    if not inside:
        raise InputError(f"{path}: keeps weights in '{shown}', which is not in its folder")
    return regular(other, f"the weights of {path.name}, which lie beside it", 2 * MOST_BYTES)


class _Walk:
    """Goes through the parts of a network, and remembers what it met."""

    def __init__(self, path: Path):
        self.path, self.nodes = path, 0
        self.operators: set[str] = set()
        self.strange: set[str] = set()
        self.functions: set[str] = set()
        self.beside: set[str] = set()

    def model(self, model: Message) -> None:
        for number, value in _messages(model):
            if number == _GRAPH:
                self._graph(value, 0)
            elif number == _FUNCTIONS:
                self.functions.add(f"{value.text(_FUNCTION_DOMAIN)}:{value.text(_FUNCTION_NAME)}")
                for node in value.parts(_FUNCTION_NODE):
                    self._node(node, 0)

    def _graph(self, graph: Message, deep: int) -> None:
        if deep > _MOST_DEEP:
            raise InputError(f"{self.path}: its parts are nested too deeply")
        for number, value in _messages(graph):
            if number == _NODE:
                self._node(value, deep)
            elif number == _INITIALIZER:
                self._tensor(value)
            elif number == _SPARSE:
                for tensor in (*value.parts(1), *value.parts(2)):
                    self._tensor(tensor)

    def _node(self, node: Message, deep: int) -> None:
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise InputError(f"{self.path}: has more than {MOST_NODES} layers; no pose network has")
        name, domain = node.text(_NODE_NAME), node.text(_DOMAIN)
        self.operators.add(name)
        if domain not in _DOMAINS:
            self.strange.add(f"{domain}:{name}")
        for attribute in node.parts(_ATTRIBUTE):
            for number, value in _messages(attribute):
                if number in (_TENSOR, _TENSORS):
                    self._tensor(value)
                elif number in (_SUBGRAPH, _SUBGRAPHS):
                    self._graph(value, deep + 1)

    def _tensor(self, tensor: Message) -> None:
        for entry in tensor.parts(_EXTERNAL):
            if entry.text(1) == "location":
                self.beside.add(entry.text(2))


def _messages(message: Message) -> Iterator[tuple[int, Message]]:
    """The fields of a message that are messages, or text."""
    for number, value in message:
        if not isinstance(value, int):
            yield number, Message(value, message.where)
