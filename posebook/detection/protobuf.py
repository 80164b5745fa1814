"""The fields of a message in Google's protocol buffers, which ONNX and Caffe keep networks in.

Nothing is copied: a field of bytes is a view of the file. Source: the encoding as Google documents
it, "Protocol Buffers: Encoding".
"""

from collections.abc import Iterator

import numpy

from posebook.errors import InputError

#: A message of more fields is no network: the largest have some ten thousand layers.
MOST_FIELDS = 1_000_000
_VARINT, _EIGHT, _BYTES, _FOUR = 0, 1, 2, 5
#: Lists of whole numbers are the sides of arrays: of more bytes, the rest is not read.
_LONGEST_LIST = 1000


class Message:
    """One message: its fields by their numbers, in the order of the file.

    A field is an int (also for four or eight bytes, as bits) or a memoryview. InputError where the
    bytes are no message.
    """

    def __init__(self, content: memoryview | bytes, where: str):
        self.content, self.where = memoryview(content), where

    def __iter__(self) -> Iterator[tuple[int, int | memoryview]]:
        content, place, end = self.content, 0, len(self.content)
        count = 0
        while place < end:
            count += 1
            if count > MOST_FIELDS:
                raise InputError(f"{self.where}: has more than {MOST_FIELDS} parts")
            key, place = self._varint(place)
            number, kind = key >> 3, key & 7
            if kind == _VARINT:
                value, place = self._varint(place)
            elif kind == _BYTES:
                length, place = self._varint(place)
                value, place = content[place : place + length], place + length
            elif kind in (_EIGHT, _FOUR):
                length = 8 if kind == _EIGHT else 4
                value = int.from_bytes(content[place : place + length], "little")
                place += length
            else:
                raise self._damaged()
            if place > end or number == 0:
                raise self._damaged()
            yield number, value

    def _varint(self, place: int) -> tuple[int, int]:
        value = 0
        for shift in range(0, 70, 7):
            if place >= len(self.content):
                break
            byte = self.content[place]
            place += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value, place
        raise self._damaged()

    def _damaged(self) -> InputError:
        return InputError(f"{self.where}: damaged or cut short; fetch the file again")

    def parts(self, number: int) -> Iterator["Message"]:
        """The messages of one field."""
        for found, value in self:
            if found == number:
                yield Message(self._bytes(value), self.where)

    def texts(self, number: int) -> list[str]:
        """One field's values as text."""
        return [bytes(self._bytes(v)).decode("utf-8", "replace") for n, v in self if n == number]

    def text(self, number: int) -> str:
        """The last value of one field as text; empty without."""
        return (self.texts(number) or [""])[-1]

    def _bytes(self, value: int | memoryview) -> memoryview:
        if isinstance(value, int):
            raise self._damaged()
        return value


def signed(value: int) -> int:
    """A whole number as the file means it: those below 0 are kept as 64 bits."""
    return value - (1 << 64) if value >= 1 << 63 else value


def packed(value: int | memoryview) -> list[int]:
    """Whole numbers of a repeated field, which may be kept in one piece."""
    if isinstance(value, int):
        return [signed(value)]
    found, number, shift = [], 0, 0
    for byte in value[:_LONGEST_LIST]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            found.append(signed(number & (1 << 64) - 1))
            number, shift = 0, 0
    return found


def floats(values: list[int | memoryview], kind: str = "<f4") -> numpy.ndarray:
    """Numbers of a repeated field of floats, kept in one piece or one by one."""
    size = numpy.dtype(kind).itemsize
    whole = b"".join(
        value.to_bytes(size, "little") if isinstance(value, int) else bytes(value)
        for value in values
    ) if len(values) != 1 or isinstance(values[0], int) else values[0]  # fmt: skip
    return numpy.frombuffer(whole, kind, len(whole) // size)
