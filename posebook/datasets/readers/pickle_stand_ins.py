"""Stand-ins for the names that a pickle of plain data asks for: what it says is noted down in them,
and arrays are made of it at the end, under checks. None of them is NumPy's or Python's own.
"""

import math
from collections.abc import Callable
from typing import Any

from posebook.datasets.readers import npy_format
from posebook.errors import InputError
from posebook.files import short


class Type:
    """Stands in for numpy.dtype: a type that is only noted down."""

    def __init__(self, kind: str, *_):
        if not isinstance(kind, str) or not (npy_format.PLAIN.match(kind) or kind == "O8"):
            raise InputError(f"type {short(kind)}")
        self.kind = kind

    def set_state(self, state: Any) -> None:
        _, order, *structure = state[:5]
        if order not in ("<", ">", "|", "=") or any(part is not None for part in structure):
            raise InputError("a structured type")
        self.kind = order + self.kind.lstrip("<>|=")


class Array:
    """Stands in for numpy.ndarray: shape, type and bytes, made into an array at the end."""

    def __init__(self, *_):
        self.shape: tuple[int, ...] = ()
        self.kind, self.fortran, self.data = "", False, b""

    def set_state(self, state: Any) -> None:
        _, shape, kind, self.fortran, self.data = state
        if not isinstance(kind, Type) or not isinstance(shape, tuple):
            raise InputError("an array without type or shape")
        # Few and small sides, or their product alone would take for ever.
        if len(shape) > 16 or not all(type(n) is int and 0 <= n < 2**63 for n in shape):
            raise InputError("an array of impossible shape")
        self.shape, self.kind = shape, kind.kind

    def value(self, where: str, encode: Callable[[str], bytes]) -> Any:
        if self.kind.endswith("O8"):
            if not isinstance(self.data, list) or math.prod(self.shape) != len(self.data):
                raise InputError(f"{where}: an object array of the wrong length")
            return self.data
        data = encode(self.data) if isinstance(self.data, str) else self.data
        if not isinstance(data, bytes):
            raise InputError(f"{where}: an array without bytes")
        return npy_format.plain_array(self.kind, self.shape, bool(self.fortran), data, where)


def from_buffer(data: Any, kind: Type, shape: tuple[int, ...], order: str) -> Array:
    """numpy._core.numeric._frombuffer, which newer pickles use."""
    array = Array()
    array.set_state((1, shape, kind, order == "F", data))
    return array


def scalar(kind: Type, data: Any) -> Array:
    """numpy.core.multiarray.scalar: an array of no dimensions."""
    return from_buffer(data, kind, (), "C")


class Encode:
    """Stands in for _codecs.encode, which old pickles write bytes with.

    A string is encoded once, however often a file asks for it: a short file could ask for one
    long string until memory is full.
    """

    def __init__(self):
        self.made: dict[tuple[int, str], tuple[str, bytes]] = {}

    def __call__(self, text: str, encoding: str = "latin1") -> bytes:
        if encoding not in ("latin1", "latin-1", "utf-8") or not isinstance(text, str):
            raise InputError("bytes in an unknown coding")
        key = id(text), encoding
        if key not in self.made:
            self.made[key] = text, text.encode(encoding)  # `text` is kept, so is its id
        return self.made[key][1]


def ordered(pairs: Any = ()) -> dict:
    """collections.OrderedDict."""
    made: dict = {}
    for key, value in pairs:
        put(made, key, value)
    return made


def put(made: Any, key: Any, value: Any) -> None:
    # A key is hashed, and the hash of a deeply nested tuple can end the process.
    if type(made) is not dict or not isinstance(key, str | int | float | bytes):
        raise InputError("a dict key that is no string or number")
    check_integer(key)
    made[key] = value


def check_integer(held: Any) -> None:
    if isinstance(held, int) and held.bit_length() > 64:
        raise InputError(f"an integer of {held.bit_length()} bits; at most 64 are read")


STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Type,
    ("_codecs", "encode"): Encode,
    ("collections", "OrderedDict"): ordered,
}
for _core in ("numpy.core", "numpy._core"):
    STAND_INS[_core + ".multiarray", "_reconstruct"] = Array
    STAND_INS[_core + ".multiarray", "scalar"] = scalar
    STAND_INS[_core + ".numeric", "_frombuffer"] = from_buffer
