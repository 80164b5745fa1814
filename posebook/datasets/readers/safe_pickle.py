"""Archives of arrays (.npz, .npy) from strangers, object arrays too, without running anything.

The Human3.6M archives that VideoPose3D made common hold pickled dicts of arrays. A pickle is a
program: `numpy.load(allow_pickle=True)` runs what it says. `pickle_machine` builds the data in one
and runs nothing. Sizes are compared with what the file holds before memory is asked for.
Source of the formats: NumPy's NEP 1 (.npy).
"""

import io
import zipfile
from pathlib import Path
from typing import Any

from posebook.datasets.readers import npy_format
from posebook.datasets.readers.files import read_bytes, short
from posebook.datasets.readers.pickle_machine import Budget, unpickled
from posebook.errors import InputError

#: An archive may unfold to this many bytes, and to SUSPICIOUS_TIMES its own size if that is over
#: SUSPICIOUS_BYTES. (All of Human3.6M's 2D of one detector is 0.3 GB, hardly smaller when packed.)
MOST_BYTES = 4 << 30
SUSPICIOUS_BYTES = 128 << 20
SUSPICIOUS_TIMES = 20
#: An archive has no more arrays than this: each costs its reader time, and nearly no bytes.
MOST_MEMBERS = 20_000
_MEMBER = b"PK\x01\x02"


def read_npy(path: Path | str) -> Any:
    """One array of a .npy file (see `read_npz` for what may be in it)."""
    content = read_bytes(path, "a NumPy array (.npy)")
    return _array_of(content, f"{path}", Budget(len(content)))


def read_pickle(path: Path | str) -> Any:
    """What a bare pickle holds: lists, dicts, strings, numbers and arrays, and nothing else."""
    content = read_bytes(path, "a pickle of arrays")
    return unpickled(content, None, f"{path}", Budget(len(content)))


def read_npz(path: Path | str) -> dict[str, Any]:
    """{name: array} of an .npz archive.

    Arrays are of numbers or strings. An object array comes as what it holds: nested lists, tuples
    and dicts of arrays, strings and numbers; one that holds a single thing comes as that thing.
    Anything else in the file, and any size that the file's bytes do not bear out, is an InputError.
    """
    content = read_bytes(path, "a NumPy archive (.npz)")
    if content.count(_MEMBER) > MOST_MEMBERS:
        raise InputError(f"{path}: has more than {MOST_MEMBERS} arrays; expected an .npz file")
    budget = Budget(len(content))  # for all members together
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            total = sum(member.file_size for member in members)
            most = max(SUSPICIOUS_BYTES, min(MOST_BYTES, SUSPICIOUS_TIMES * len(content)))
            if total > most:
                raise InputError(
                    f"{path}: would unfold to {total} bytes; expected at most {most} of a file of "
                    "its size (numpy.savez, which packs nothing, makes it large enough)"
                )
            arrays = {}
            for member in members:
                name = member.filename.removesuffix(".npy")
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise InputError(f"{path}: {short(name)} is packed as NumPy packs nothing")
                with archive.open(member) as file:  # no further than the size that was checked
                    held = file.read(member.file_size)
                arrays[name] = _array_of(held, f"{path}: {short(name)}", budget)
    except InputError:
        raise
    except Exception as error:  # a damaged archive makes zipfile raise a dozen kinds
        raise InputError(
            f"{path}: not a whole NumPy archive ({error!s:.80}); expected an .npz file"
        ) from None
    if not arrays:
        raise InputError(f"{path}: the archive is empty; expected arrays")
    return arrays


def _array_of(content: bytes, where: str, budget: Budget) -> Any:
    """The array, or the things, that a .npy file's bytes hold."""
    kind, shape, fortran, data = npy_format.split(content, where)
    if kind.lstrip("|") == "O":
        return unpickled(data, shape, where, budget)
    return npy_format.plain_array(kind, shape, fortran, data, where)
