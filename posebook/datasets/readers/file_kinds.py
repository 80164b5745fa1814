"""Which reader a file is for, by what is in it: its name decides nothing."""

import re
from pathlib import Path

from posebook.datasets.readers.content import HEAD, refused, seems, zip_names
from posebook.datasets.readers.files import decoded, read_head

HDF5 = b"\x89HDF\r\n\x1a\n"
#: Kinds of file that hold a motion in 3D, and no key points.
MOTIONS = ("bvh", "amc", "asf", "trc", "c3d")


def kind(path: Path | str, expected: str) -> str:
    """'npz', 'npy', 'hdf5', 'c3d', 'json', 'bvh', 'asf', 'amc', 'trc' or 'table' (any other text).

    By what is in the file; its name decides nothing. InputError says what any other file is.
    """
    head = read_head(path, expected, HEAD)
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head.startswith(HDF5):
        return "hdf5"
    if head.startswith(b"PK\x03\x04") and ".npy" in zip_names(path, head):
        return "npz"
    if _is_c3d(head):
        return "c3d"
    text = decoded(head, cut=True)
    if text is None or seems(head, path):
        raise refused(path, head, expected)
    return _kind_of_text(text)


def _kind_of_text(text: str) -> str:
    first = text.lstrip("\ufeff \t\n")
    if first.startswith(("{", "[")):
        return "json"
    if re.match(r"(?i)((#|//).*\n\s*)*HIERARCHY\b", first):
        return "bvh"
    if first.startswith("PathFileType"):
        return "trc"
    if re.search(r"(?m)^[ \t]*:bonedata\b", text):
        return "asf"
    if re.search(r"(?m)^root(?:[ \t]+[-+\d.eE]+){3,}[ \t]*$", text) and not first.startswith(":v"):
        return "amc"
    if re.search(r"(?mi)^:(FULLY-SPECIFIED|DEGREES)\b", text):
        return "amc"
    return "table"


def _is_c3d(head: bytes) -> bool:
    """A C3D file: the block of its parameters, then 80; there, 80 plus the processor's number."""
    if len(head) < 512 or head[1] != 0x50 or not 2 <= head[0] <= 100:
        return False
    start = 512 * (head[0] - 1)
    return len(head) >= start + 4 and head[start + 3] in (84, 85, 86)
