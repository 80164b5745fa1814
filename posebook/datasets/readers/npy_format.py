"""The .npy format: a header that says type and shape, and the bytes.

NumPy's own reader evaluates the header and asks for as much memory as it says; here the header must
look like one that NumPy writes, and there must be exactly as many bytes as it speaks of.
Source: NumPy's NEP 1.
"""

import math
import re
from typing import Any

import numpy

from posebook.datasets.readers.files import short
from posebook.errors import InputError

_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    r"\{\s{0,9}'descr':\s{0,9}'([<>|=]?[A-Za-z]\d{0,9})',\s{0,9}'fortran_order':\s{0,9}"
    r"(True|False),\s{0,9}'shape':\s{0,9}\(([0-9L, ]{0,300})\),?\s{0,9}\}\s*$"
)
PLAIN = re.compile(r"[<>|=]?(?:\?|b1|[iu][1248]?|[iu]|f[248]|[US]\d{1,7})$")


def split(content: bytes, where: str) -> tuple[str, tuple[int, ...], bool, memoryview]:
    """(type, shape, Fortran order, the bytes after the header) of a .npy file's content."""
    if content[:6] != _MAGIC or len(content) < 10:
        raise InputError(f"{where}: not a NumPy array; expected the .npy format")
    wide = content[6] > 1
    start = 12 if wide else 10
    length = int.from_bytes(content[8:start], "little")
    header = _HEADER.match(content[start : start + length].decode("latin-1"))
    if content[6] not in (1, 2, 3) or length > 10_000 or header is None:
        raise InputError(f"{where}: a .npy header that is broken or of a structured type")
    sides = [side.strip(" L") for side in header[3].split(",")]
    if not all(side.isdecimal() and len(side) < 19 for side in sides if side):
        raise InputError(f"{where}: a .npy header with shape {short(header[3])}")
    shape = tuple(int(side) for side in sides if side)
    return header[1], shape, header[2] == "True", memoryview(content)[start + length :]


def plain_array(
    kind: str, shape: tuple[int, ...], fortran: bool, data: Any, where: str
) -> numpy.ndarray:
    """An array from its raw bytes, if there are as many as its shape says."""
    if not PLAIN.match(kind):
        raise InputError(f"{where}: an array of type {short(kind)}; expected numbers or strings")
    dtype = numpy.dtype(kind)
    needed = math.prod(shape) * dtype.itemsize
    if dtype.itemsize == 0 and math.prod(shape) > 1:
        # NumPy makes room for one letter where a type has none: such an array asks for memory.
        raise InputError(f"{where}: an array of shape {shape} of strings without letters")
    if len(shape) > 16 or needed != len(data):
        raise InputError(
            f"{where}: an array of shape {shape} and type {dtype} needs {needed} bytes, but there "
            f"are {len(data)}; damaged or cut short?"
        )
    if dtype.itemsize == 0:
        return numpy.zeros(shape, dtype)
    return numpy.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
