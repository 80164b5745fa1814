"""Weights that `torch.save` wrote, from strangers, without running anything.

A file of torch's holds a pickle, which is a program, and the numbers of its tensors. The program is
looked through first: it may ask for tensors, dicts and plain numbers and for nothing else, and it
may take no more steps than a checkpoint needs. Only then `torch.load(weights_only=True)` reads it.
Checkpoints also keep numbers of NumPy's (a score, the state of a random generator). Those are not
needed, and an empty object stands in their place.
Source of the formats: torch's `serialization` module; Python's `pickletools`.
"""

import io
import pickletools
import tarfile
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

from posebook.datasets.readers.files import read_bytes, read_head, short
from posebook.errors import InputError

#: A checkpoint with its optimiser's state is four times as large as the network.
LARGEST_BYTES = 600_000_000
EXPECTED = "weights that torch.save wrote"
#: How files begin that torch wrote before version 1.6: a pickled magic number.
_OLD_STYLE = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
#: Pickles in a file of the old style: magic number, version, machine, the object, its storages.
_PICKLES = 5
_MOST_STEPS = 200_000
#: A string can be asked for again and again: its length times the number of calls in the program.
_MOST_MADE = 200_000_000

_NUMBERS = "Float Double Half BFloat16 Long Int Short Char Byte Bool"
_TORCH = {f"torch {kind}Storage" for kind in _NUMBERS.split()} | {
    "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2",
    "torch._utils _rebuild_parameter", "torch Size", "collections OrderedDict", "_codecs encode",
}  # fmt: skip
_NUMPY = {
    f"{core}.{name}"
    for core in ("numpy.core", "numpy._core")
    for name in ("multiarray _reconstruct", "multiarray scalar", "numeric _frombuffer")
} | {
    "numpy ndarray", "numpy dtype", "numpy.random __RandomState_ctor",
    "numpy.random._pickle __randomstate_ctor", "numpy.random._pickle __bit_generator_ctor",
    "numpy.random._mt19937 MT19937",
}  # fmt: skip


class _Unread:
    """Stands in for something of NumPy's, and keeps nothing of it."""

    def __init__(self, *_: Any):
        pass

    def __setstate__(self, state: Any) -> None:
        pass


def is_torch_file(path: Path | str) -> bool:
    """Whether a file is one of torch's, by how it begins and what lies in it."""
    head = read_head(path, EXPECTED, len(_OLD_STYLE))
    if head.startswith(b"PK"):
        try:
            with zipfile.ZipFile(path) as archive:
                return any(name.endswith("/data.pkl") for name in archive.namelist())
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
            return False
    return head == _OLD_STYLE


def read(path: Path | str) -> Any:
    """What a file of torch's holds: dicts, lists, numbers and tensors on the CPU.

    InputError, one line, for a file that asks for anything else, and for one that is damaged.
    """
    path = Path(path)
    if path.stat().st_size > LARGEST_BYTES:
        raise InputError(f"{path}: larger than {LARGEST_BYTES // 10**6} MB; not {EXPECTED}")
    content = read_bytes(path, EXPECTED)
    for program in _programs(path, content):
        _look_through(path, program)
    stand_ins = [(_Unread, name.replace(" ", ".")) for name in sorted(_NUMPY)]
    try:
        with torch.serialization.safe_globals(stand_ins), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file makes torch raise a dozen kinds
        reason = " ".join(str(error).split())[:80]
        raise InputError(
            f"{path}: damaged or cut short ({type(error).__name__} {reason}); expected {EXPECTED}"
        ) from None


def read_state(path: Path | str) -> dict[str, torch.Tensor]:
    """A network's numbers under the names in the file, as float32: buffers too, counters not.

    The state may stand by itself or in a checkpoint (`state_dict`, `model`, `model_state_dict`).
    `module.`, which a training on several devices puts in front of each name, is taken off.
    """
    held = read(path)
    if isinstance(held, dict):
        inner = (held.get(key) for key in ("state_dict", "model_state_dict", "model"))
        held = next((one for one in inner if isinstance(one, dict)), held)
    if not isinstance(held, dict):
        raise InputError(f"{path}: holds {short(held)}; expected {EXPECTED}")
    state = {
        str(name).removeprefix("module."): tensor
        for name, tensor in held.items()
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point()
    }
    # A tensor may be said to be larger than its numbers, which it then repeats.
    if sum(tensor.numel() for tensor in state.values()) > Path(path).stat().st_size:
        raise InputError(f"{path}: tensors of more numbers than the file has bytes; damaged?")
    if not state:
        raise InputError(f"{path}: a checkpoint without a network's numbers; expected {EXPECTED}")
    return {name: tensor.float() for name, tensor in state.items()}


def _programs(path: Path, content: bytes) -> list[io.BytesIO]:
    """The pickles in a file, one or several in each stream."""
    if not content.startswith(b"PK"):
        if tarfile.is_tarfile(io.BytesIO(content)):
            raise InputError(f"{path}: a tar archive, not {EXPECTED}")
        return [io.BytesIO(content)]
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            if any(one.compress_type != zipfile.ZIP_STORED for one in members):
                raise InputError(f"{path}: is packed as torch packs nothing; expected {EXPECTED}")
            if any("/code/" in one.filename for one in members):
                raise InputError(
                    f"{path}: a TorchScript program, which is not run; expected {EXPECTED}"
                )
            named = [one for one in members if one.filename.endswith(".pkl")]
            return [io.BytesIO(archive.read(one)) for one in named]
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"{path}: not a whole archive ({error!s:.80}); expected {EXPECTED}"
        ) from None


def _look_through(path: Path, program: io.BytesIO) -> None:
    """InputError for a program that asks for more than tensors, or for too much of them."""
    steps = calls = longest = 0
    try:
        for _ in range(_PICKLES):
            for operation, argument, _ in pickletools.genops(program):
                steps += 1
                calls += operation.name in ("REDUCE", "NEWOBJ", "BUILD")
                if isinstance(argument, str | bytes | int):
                    size = (
                        argument.bit_length() // 8 if isinstance(argument, int) else len(argument)
                    )
                    longest = max(longest, size)
                if operation.name == "GLOBAL" and argument not in _TORCH | _NUMPY:
                    raise InputError(
                        f"{path}: refused, asks for {short(str(argument).replace(' ', '.'))}; "
                        f"expected tensors, dicts and numbers alone"
                    )
                if operation.name in ("STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4"):
                    raise InputError(
                        f"{path}: refused, makes objects; expected tensors, dicts and numbers"
                    )
                if steps > _MOST_STEPS or longest * calls > _MOST_MADE:
                    raise InputError(f"{path}: refused, more steps than a checkpoint needs")
            if not program.tell() < len(program.getbuffer()):
                return
    except InputError:
        raise
    except Exception as error:  # genops raises whatever its readers raise
        raise InputError(
            f"{path}: damaged pickled data ({type(error).__name__} {error!s:.60}); expected "
            f"{EXPECTED}"
        ) from None
