"""Caffe's description of a network: text in protocol buffers' format, `.prototxt`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from posebook.errors import InputError
from posebook.files import read_utf8, short

EXPECTED = "a network of Caffe's (.prototxt), such as OpenPose's pose_deploy.prototxt"
MOST_BYTES = 4 << 20
_MOST_DEEP = 16
_TOKENS = re.compile(
    r"""(?P<skip>[\s,;]+|\#[^\n]*)
      | "(?P<double>[^"\n]*)" | '(?P<single>[^'\n]*)'
      | (?P<word>[A-Za-z0-9_.+-]+) | (?P<mark>[:{}\[\]])""",
    re.VERBOSE,
)


@dataclass
class Part:
    """What stands between two braces: names, each with what it was given, in the file's order."""

    entries: list[tuple[str, "str | Part"]] = field(default_factory=list)

    def texts(self, name: str) -> list[str]:
        return [value for key, value in self.entries if key == name and isinstance(value, str)]

    def parts(self, name: str) -> list["Part"]:
        return [value for key, value in self.entries if key == name and isinstance(value, Part)]

    def text(self, name: str, default: str = "") -> str:
        return (self.texts(name) or [default])[-1]

    def part(self, name: str) -> "Part":
        return (self.parts(name) or [Part()])[-1]


def read(path: Path) -> Part:
    """The whole file. InputError, one line, where it is not such text."""
    text = read_utf8(path, EXPECTED, MOST_BYTES)
    whole = Part()
    open_parts, name = [whole], ""
    for token in _tokens(text, path):
        if token == "{":
            if not name or len(open_parts) > _MOST_DEEP:
                raise InputError(f"{path}: braces without a name, or too deep; expected {EXPECTED}")
            inner = Part()
            open_parts[-1].entries.append((name, inner))
            open_parts.append(inner)
            name = ""
        elif token == "}":
            if len(open_parts) == 1 or name:
                raise InputError(f"{path}: braces do not match; expected {EXPECTED}")
            open_parts.pop()
        elif token in ("[", "]", ":"):
            continue
        elif not name:
            name = token
        else:
            open_parts[-1].entries.append((name, token))
            name = ""
    if len(open_parts) > 1 or name:
        raise InputError(f"{path}: ends before its last brace; cut short? expected {EXPECTED}")
    return whole


def _tokens(text: str, path: Path) -> Iterator[str]:
    place = 0
    while place < len(text):
        match = _TOKENS.match(text, place)
        if match is None:
            line = text.count("\n", 0, place) + 1
            raise InputError(
                f"{path}: line {line}: {short(text[place : place + 20])}; expected {EXPECTED}"
            )
        place = match.end()
        if match.lastgroup != "skip":
            yield match[match.lastgroup]
