"""What a pickle holds, without running it: a small machine that can only build data.

A pickle is a program. Here a small set of its instructions is known, and the only things they can
build are lists, tuples, dicts, strings, bytes, numbers and plain arrays. Every name that the file
asks for is looked up in a table of stand-ins (`pickle_stand_ins`).
Source of the format: Python's `pickletools`.
"""

import io
import pickle
import re
from typing import Any

from posebook.datasets.readers.pickle_stand_ins import (
    STAND_INS,
    Array,
    Encode,
    Type,
    check_integer,
    ordered,
    put,
)
from posebook.errors import InputError
from posebook.files import collecting_later, short

_MOST_DEEP = 32
#: The pickles of one file may take this many steps together and hold this many things; where the
#: file has more bytes (on disk, not unfolded), as many as these, up to the second number. A thing
#: counts as often as it is referred to; one of many bytes counts once for every _BYTES_AN_ITEM.
#: The numbers keep a file that is refused within seconds and a few hundred megabytes.
_MOST_ITEMS = (1_500_000, 4_000_000)
_BYTES_AN_ITEM = 1000


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


class Budget:
    """The steps that all pickles of one file may still take, and the things they may hold."""

    def __init__(self, file_bytes: int):
        least, most = _MOST_ITEMS
        self.most = min(max(least, file_bytes), most)
        self.steps = self.things = self.most

    def take_steps(self, count: int) -> None:
        self.steps -= count
        if self.steps < 0:
            raise InputError("too many steps for a file of its size")

    def hold(self, count: int) -> None:
        """Things that are to be kept; those of earlier pickles are paid for already."""
        if count > self.things:
            raise InputError(f"more than {self.most} things in it, shared ones counted each time")


class _Unpickler(pickle._Unpickler):
    """Pickle's machine, in Python (the one in C can be made to ask for any amount of memory),
    with the instructions and the names above, and no others."""

    dispatch = {
        code: step for code, step in pickle._Unpickler.dispatch.items() if code in _KNOWN_OPCODES
    }

    def __init__(self, data: Any, budget: Budget):
        held = io.BytesIO(data)
        super().__init__(held, encoding="latin1")
        self.read, self.readline, self.readinto = held.read, held.readline, held.readinto
        self.metastack, self.stack, self.proto = [], [], 0
        self.append = self.stack.append
        self.budget, self.encode = budget, Encode()

    def load(self) -> Any:
        """What the program leaves; each instruction is a step."""
        read, dispatch, take_steps = self.read, self.dispatch, self.budget.take_steps
        try:
            while True:
                take_steps(1)
                dispatch[read(1)[0]](self)
        except pickle._Stop as stop:
            return stop.value

    def find_class(self, module: str, name: str) -> Any:
        try:
            return STAND_INS[module, name]
        except KeyError:
            raise InputError(f"asks for {short(f'{module}.{name}')}") from None

    def persistent_load(self, pid: Any) -> Any:
        raise InputError("asks for something outside the file")

    def load_frame(self) -> None:
        self.read(8)  # how many bytes follow: of no use to a reader that has them all

    def load_build(self) -> None:
        state = self.stack.pop()
        if not isinstance(self.stack[-1], Array | Type):
            raise InputError("sets the state of something that has none")
        self.stack[-1].set_state(state)

    def load_reduce(self) -> None:
        arguments = self.stack.pop()
        maker = self.stack.pop()
        if not any(maker is known for known in STAND_INS.values()):
            raise InputError("calls something")
        if type(arguments) is not tuple:
            raise InputError("arguments that are no tuple")
        if maker is ordered and arguments:  # one list can be asked to fill many dicts
            self.budget.take_steps(len(arguments[0]))
        self.append((self.encode if maker is Encode else maker)(*arguments))

    def load_setitem(self) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        put(self.stack[-1], key, value)

    def load_setitems(self) -> None:
        items = self.pop_mark()
        for key, value in zip(items[::2], items[1::2], strict=True):
            put(self.stack[-1], key, value)

    def load_dict(self) -> None:
        items = self.pop_mark()
        self.append(ordered(zip(items[::2], items[1::2], strict=True)))

    def load_bytearray8(self) -> None:
        # Python's own makes the room before it looks whether the file has as much.
        self.append(self.read(int.from_bytes(self.read(8), "little")))

    dispatch |= {pickle.BYTEARRAY8[0]: load_bytearray8, pickle.BUILD[0]: load_build}
    dispatch |= {pickle.REDUCE[0]: load_reduce, pickle.DICT[0]: load_dict}
    dispatch |= {pickle.SETITEM[0]: load_setitem, pickle.SETITEMS[0]: load_setitems}
    dispatch |= {pickle.FRAME[0]: load_frame}


@collecting_later()
def unpickled(data: Any, shape: tuple[int, ...] | None, where: str, budget: Budget) -> Any:
    """What the pickle of an object array holds, with real arrays in the stand-ins' places.

    budget  of the file that the pickle is in
    """
    try:
        machine = _Unpickler(data, budget)
        held, things = _Finisher(where, budget, machine.encode).finish(machine.load(), 0)
        budget.things -= things
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

    def __init__(self, where: str, budget: Budget, encode: Encode):
        self.where, self.budget, self.encode = where, budget, encode
        #: id -> (the stand-in, kept so that its id stays its own; the plain thing; their count)
        self.done: dict[int, tuple[Any, Any, int] | None] = {}

    def finish(self, held: Any, depth: int) -> tuple[Any, int]:
        if depth > _MOST_DEEP:
            raise InputError("nested too deeply")
        if isinstance(held, str | int | float | bytes | None):
            check_integer(held)
            return held, 1 + (len(held) // _BYTES_AN_ITEM if isinstance(held, str | bytes) else 0)
        if id(held) in self.done:
            if self.done[id(held)] is None:
                raise InputError("something that contains itself")
            return self.done[id(held)][1:]
        self.done[id(held)] = None
        value = held.value(self.where, self.encode) if isinstance(held, Array) else held
        count = 1
        if isinstance(value, list | tuple | dict):
            named = isinstance(value, dict)
            items = []
            for item in value.values() if named else value:
                finished, things = self.finish(item, depth + 1)
                items.append(finished)
                count += things
                self.budget.hold(count)
            value = dict(zip(value, items, strict=True)) if named else items
        elif isinstance(held, Array):
            count += value.nbytes // _BYTES_AN_ITEM
            value = value.item() if value.shape == () else value
        else:
            raise InputError(f"holds {type(held).__name__.lstrip('_')}")
        self.done[id(held)] = (held, value, count)
        return value, count
