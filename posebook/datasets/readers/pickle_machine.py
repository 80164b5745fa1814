"""What a pickle holds, without running it: a small machine that can only build data.

A pickle is a program. Here a small set of its instructions is known, and the only things they can
build are lists, tuples, dicts, strings, bytes, numbers and plain arrays. Every name that the file
asks for is looked up in a table of stand-ins, and none of them is NumPy's or Python's own. They
note down what the file says, and arrays are made of it at the end, under checks.
Source of the format: Python's `pickletools`.
"""

import io
import math
import pickle
import re
from collections.abc import Callable
from typing import Any

from posebook.datasets.readers import npy_format
from posebook.datasets.readers.files import short
from posebook.errors import InputError

_MOST_DEEP = 32
#: A pickle may take this many steps and hold this many things, or as many as the file has bytes
#: (on disk, not unfolded). A thing counts as often as it is referred to; a thing of many bytes
#: counts once for every _BYTES_AN_ITEM.
_MOST_ITEMS = 5_000_000
_BYTES_AN_ITEM = 1000


class _Type:
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


class _Array:
    """Stands in for numpy.ndarray: shape, type and bytes, made into an array at the end."""

    def __init__(self, *_):
        self.shape: tuple[int, ...] = ()
        self.kind, self.fortran, self.data = "", False, b""

    def set_state(self, state: Any) -> None:
        _, shape, kind, self.fortran, self.data = state
        if not isinstance(kind, _Type) or not isinstance(shape, tuple):
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


def _from_buffer(data: Any, kind: _Type, shape: tuple[int, ...], order: str) -> _Array:
    """numpy._core.numeric._frombuffer, which newer pickles use."""
    array = _Array()
    array.set_state((1, shape, kind, order == "F", data))
    return array


def _scalar(kind: _Type, data: Any) -> _Array:
    """numpy.core.multiarray.scalar: an array of no dimensions."""
    return _from_buffer(data, kind, (), "C")


class _Encode:
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


def _ordered(pairs: Any = ()) -> dict:
    """collections.OrderedDict."""
    made: dict = {}
    for key, value in pairs:
        _put(made, key, value)
    return made


def _put(made: Any, key: Any, value: Any) -> None:
    # A key is hashed, and the hash of a deeply nested tuple can end the process.
    if type(made) is not dict or not isinstance(key, str | int | float | bytes):
        raise InputError("a dict key that is no string or number")
    _check_integer(key)
    made[key] = value


def _check_integer(held: Any) -> None:
    if isinstance(held, int) and held.bit_length() > 64:
        raise InputError(f"an integer of {held.bit_length()} bits; at most 64 are read")


_STAND_INS: dict[tuple[str, str], Any] = {
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _Encode,
    ("collections", "OrderedDict"): _ordered,
}
for _core in ("numpy.core", "numpy._core"):
    _STAND_INS[_core + ".multiarray", "_reconstruct"] = _Array
    _STAND_INS[_core + ".multiarray", "scalar"] = _scalar
    _STAND_INS[_core + ".numeric", "_frombuffer"] = _from_buffer

#: The instructions that build data. (Not among them: those that make objects of a class, call
#: into copyreg's registry, or reach outside the file.)
_KNOWN_OPCODES = frozenset(
    getattr(pickle, name)[0]
    for name in re.findall(
        r"\w+",
        """PROTO FRAME STOP MARK POP POP_MARK DUP NONE NEWTRUE NEWFALSE INT BININT BININT1 BININT2
        LONG LONG1 LONG4 FLOAT BINFLOAT STRING BINSTRING SHORT_BINSTRING BINBYTES SHORT_BINBYTES
        BINBYTES8 BYTEARRAY8 UNICODE BINUNICODE SHORT_BINUNICODE BINUNICODE8 EMPTY_TUPLE TUPLE
        TUPLE1 TUPLE2 TUPLE3 EMPTY_LIST LIST APPEND APPENDS EMPTY_DICT DICT SETITEM SETITEMS
        GET BINGET LONG_BINGET PUT BINPUT LONG_BINPUT MEMOIZE GLOBAL STACK_GLOBAL REDUCE BUILD""",
    )
)


class _Steps(io.BytesIO):
    """The bytes of a pickle, which may be asked for so many times and no more."""

    def __init__(self, data: Any, most: int):
        super().__init__(data)
        self.left = most

    def read(self, size: int = -1) -> bytes:
        self.pay(1)
        return super().read(size)

    def pay(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise InputError("too many steps for a file of its size")


class _Unpickler(pickle._Unpickler):
    """Pickle's machine, in Python (the one in C can be made to ask for any amount of memory),
    with the instructions and the names above, and no others."""

    dispatch = {
        code: step for code, step in pickle._Unpickler.dispatch.items() if code in _KNOWN_OPCODES
    }

    def __init__(self, data: Any, most: int):
        self.steps = _Steps(data, most)
        super().__init__(self.steps, encoding="latin1")
        self.encode = _Encode()

    def find_class(self, module: str, name: str) -> Any:
        try:
            return _STAND_INS[module, name]
        except KeyError:
            raise InputError(f"asks for {short(f'{module}.{name}')}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise InputError("asks for something outside the file")

    def load_frame(self) -> None:
        self.read(8)  # how many bytes follow: of no use to a reader that has them all

    def load_build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], _Array | _Type):
            raise InputError("sets the state of something that has none")
        self.stack[-1].set_state(state)

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        maker = self.stack.pop()
        if not any(maker is known for known in _STAND_INS.values()):
            raise InputError("calls something")
        if type(arguments) is not tuple:
            raise InputError("arguments that are no tuple")
        if maker is _ordered and arguments:  # one list can be asked to fill many dicts
            self.steps.pay(len(arguments[0]))
        self.append((self.encode if maker is _Encode else maker)(*arguments))

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        _put(self.stack[-1], key, value)

    def load_setitems(self) -> None:
        items = self.pop_mark()
        for key, value in zip(items[::2], items[1::2], strict=True):
            _put(self.stack[-1], key, value)

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append(_ordered(zip(items[::2], items[1::2], strict=True)))

    def load_bytearray8(self) -> None:
        # Python's own makes the room before it looks whether the file has as much.
        self.append(self.read(int.from_bytes(self.read(8), "little")))

    dispatch |= {pickle.BYTEARRAY8[0]: load_bytearray8, pickle.BUILD[0]: load_build}
    dispatch |= {pickle.REDUCE[0]: load_reduce, pickle.DICT[0]: load_dict}
    dispatch |= {pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems}
    dispatch |= {pickle.FRAME[0]: load_frame}


def unpickled(data: Any, shape: tuple[int, ...] | None, where: str, file_bytes: int) -> Any:
    """What the pickle of an object array holds, with real arrays in the stand-ins' places."""
    most = max(_MOST_ITEMS, file_bytes)
    try:
        machine = _Unpickler(data, most)
        held = _Finisher(where, most, machine.encode).finish(machine.load(), 0)[0]
    except InputError as error:
        raise InputError(
            f"{where}: refused ({error!s:.120}); only arrays, dicts, lists, strings and numbers "
            "are read from pickled data"
        ) from None
    except Exception as error:  # whatever a damaged or hostile program makes the machine do
        raise InputError(
            f"{where}: damaged pickled data ({type(error).__name__} {error!s:.60})"
        ) from None
    if isinstance(held, list) and len(held) == 1 and shape in ((), (1,)):
        return held[0]
    return held


class _Finisher:
    """Puts plain things in place of the stand-ins, each made once, and counts them."""

    def __init__(self, where: str, most: int, encode: _Encode):
        self.where, self.most, self.encode = where, most, encode
        #: id -> (the stand-in, kept so that its id stays its own; the plain thing; their count)
        self.done: dict[int, tuple[Any, Any, int] | None] = {}

    def finish(self, held: Any, depth: int) -> tuple[Any, int]:
        if depth > _MOST_DEEP:
            raise InputError("nested too deeply")
        if isinstance(held, str | int | float | bytes | None):
            _check_integer(held)
            return held, 1 + (len(held) // _BYTES_AN_ITEM if isinstance(held, str | bytes) else 0)
        if id(held) in self.done:
            if self.done[id(held)] is None:
                raise InputError("something that contains itself")
            return self.done[id(held)][1:]
        self.done[id(held)] = None
        value = held.value(self.where, self.encode) if isinstance(held, _Array) else held
        count = 1
        if isinstance(value, list | tuple | dict):
            named = isinstance(value, dict)
            items = []
            for item in value.values() if named else value:
                finished, things = self.finish(item, depth + 1)
                items.append(finished)
                count += things
                if count > self.most:
                    raise InputError(
                        f"more than {self.most} things in it, shared ones counted each time"
                    )
            value = dict(zip(value, items, strict=True)) if named else items
        elif isinstance(held, _Array):
            count += value.nbytes // _BYTES_AN_ITEM
            value = value.item() if value.shape == () else value
        else:
            raise InputError(f"holds {type(held).__name__.lstrip('_')}")
        self.done[id(held)] = (held, value, count)
        return value, count
