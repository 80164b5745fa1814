"""A trained network as one file: safetensors, with a JSON header that says what it is.

Lifters and detectors are kept like this. The header names the network and its arguments, the joint
set, the data it was trained on, the licence and the measured scores; what else it says is its
kind's. Nothing in a file is executed: it holds numbers and text, and a name that is not known here
is refused.
"""

import hashlib
import inspect
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

import posebook
from posebook import paths
from posebook.errors import InputError
from posebook.files import is_line, parsed, read_head, regular
from posebook.results import Number

LARGEST_BYTES = 200_000_000
#: No dimension of a network in a file may be larger: an altered header must not ask for terabytes.
LARGEST_SIZE = 16_384
LARGEST_DEPTH = 64
PREFIX = "network."
#: No weight that was trained comes near it; products of larger ones leave float32.
LARGEST_WEIGHT = 1e9
#: Arguments that say how often a part is repeated. Each repetition has tensors of its own, so their
#: product is never larger than the number of a file's tensors.
_REPEATED = ("blocks", "stacks", "modules", "levels")


class Kind(NamedTuple):
    """What is kept in a file.

    word      'lifter' or 'detector'
    required  fields of its header
    networks  those that a file may name
    """

    word: str
    required: tuple[str, ...]
    networks: Mapping[str, type[nn.Module]]

    @property
    def format(self) -> str:
        return f"posebook {self.word} 1"

    @property
    def expected(self) -> str:
        return f"a {self.word} file (.safetensors)"

    @property
    def written(self) -> str:
        return f"a file that `{self.word.capitalize()}.save` wrote"


def file_of(
    name: str | Path, kind: Kind, shipped: Mapping[str, Path], others: Iterable[str] = ()
) -> Path:
    """A shipped file by its name, or the path that somebody gave; InputError for other names.

    others  names that the error offers, too: they come out of no file
    """
    if (path := shipped.get(str(name))) is not None:
        return path
    path = Path(name)
    try:
        there = path.exists()
    except (OSError, ValueError) as error:  # too long, in a folder that may not be entered
        raise InputError(f"{path}: {error!s:.80}") from None
    if not path.suffix and not there:
        offered = f", fetched {', '.join(others)}" if others else ""
        raise InputError(
            f"no {kind.word} is called '{name}'; shipped are {', '.join(shipped)}{offered}; or "
            "name a file"
        )
    return path


def write(
    path: Path | str, kind: Kind, header: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> Path:
    """Write a file in one step; `posebook` version and checksum are added to the header.

    header   the fields of its kind; network = {"class": a key of `networks`, "arguments": {...}};
             metrics = a list of `results.Number.to_dict()`
    tensors  the network's state as `network.*`, and what its kind needs besides; float tensors

    Raises InputError where the network could not be built again from what is written, or not read.
    """
    missing = [field for field in kind.required if field not in header]
    if missing:
        raise InputError(
            f"{kind.word} header: {', '.join(missing)} missing; expected {kind.required}"
        )
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    build(path, kind, header, tensors)
    header = dict(header, format=kind.format, posebook=posebook.__version__)
    header["checksum"] = checksum(header, tensors)
    text = json.dumps(header, ensure_ascii=False)
    content = save(tensors, metadata={"posebook": text})
    if len(content) > LARGEST_BYTES:
        raise InputError(
            f"{path}: not written, {len(content) // 10**6} MB, of which {LARGEST_BYTES // 10**6} "
            "are read; save it with weights=torch.float16, or train a narrower network"
        )
    with paths.replacing(path) as temporary:  # which names the file where the disk is full
        temporary.write_bytes(content)
    return Path(path)


def read(path: Path | str, kind: Kind) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Header and tensors of a file; an InputError of one line for anything else."""
    path = regular(path, kind.expected, LARGEST_BYTES)
    read_head(path, kind.expected, 8)  # a pointer to the file is not the file
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            text = (file.metadata() or {}).get("posebook")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError, TypeError, KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(
            f"{path}: not readable as safetensors ({reason}); is it cut short or altered?"
        ) from None
    header = _header(path, kind, text)
    if header.pop("checksum", None) != checksum(header, tensors):
        raise InputError(f"{path}: its checksum does not fit its contents; fetch the file again")
    return header, tensors


def _header(path: Path, kind: Kind, text: str | None) -> dict[str, Any]:
    """The JSON header, with the fields that every file of its kind has."""
    header = parsed(text or "", f"{path}: its header", kind.written)
    if not isinstance(header, dict) or header.get("format") != kind.format:
        raise InputError(f"{path}: not in the format '{kind.format}'; expected {kind.written}")
    missing = [field for field in kind.required if field not in header]
    if missing:
        raise InputError(f"{path}: header lacks {', '.join(missing)}")
    for field in ("name", "data", "licence"):
        text, most = header[field], 200 if field == "name" else 1000
        if not text or not is_line(text, most):
            raise InputError(
                f"{path}: {field} is {text!r:.40}; expected one line of at most {most} characters"
            )
    metrics = header["metrics"]
    listed = isinstance(metrics, list) and all(isinstance(metric, dict) for metric in metrics)
    if not listed and not _older_metrics(metrics):
        raise InputError(f"{path}: metrics are {metrics!r:.40}; expected a list of numbers")
    return header


def _older_metrics(metrics: Any) -> bool:
    """Names with a text each, as chapters wrote them before a file's metrics were numbers."""
    return isinstance(metrics, dict) and all(isinstance(text, str) for text in metrics.values())


def numbers(header: Mapping[str, Any]) -> list[Number]:
    """The measured numbers in a header; none where its metrics are of an older form."""
    if _older_metrics(header["metrics"]):
        return []
    try:
        return [Number.from_dict(record) for record in header["metrics"]]
    except InputError:
        return []


def checksum(header: Mapping[str, Any], tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over the header and every tensor's name, type, shape and bytes."""
    digest = hashlib.sha256(json.dumps(header, sort_keys=True).encode())
    for name in sorted(tensors):
        # A copy: a single number may have any stride, which the view as bytes refuses.
        tensor = tensors[name].clone(memory_format=torch.contiguous_format)
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def state_of(network: nn.Module, weights: torch.dtype) -> dict[str, Tensor]:
    """A network's numbers under the names that they have in a file, but for its counters."""
    state = network.state_dict().items()
    return {f"{PREFIX}{name}": t.to(weights) for name, t in state if t.is_floating_point()}


def build(
    path: Path | str, kind: Kind, header: Mapping[str, Any], tensors: Mapping[str, Tensor]
) -> nn.Module:
    """The network that a header names, with its weights, in float32, ready to be used."""
    state = {n.removeprefix(PREFIX): t for n, t in tensors.items() if n.startswith(PREFIX)}
    network = header["network"]
    if not isinstance(network, dict) or str(network.get("class")) not in kind.networks:
        known = ", ".join(kind.networks)
        raise InputError(f"{path}: network {network!r:.80} is not known; there are {known}")
    built = kind.networks[network["class"]]
    arguments = network.get("arguments")
    _check_arguments(path, built, arguments, len(state))
    for name, tensor in state.items():
        if not tensor.is_floating_point() or not (tensor.float().abs() <= LARGEST_WEIGHT).all():
            raise InputError(
                f"{path}: network.{name} holds other than finite numbers up to {LARGEST_WEIGHT:g}"
            )
    # On the meta device nothing is allocated: shapes are compared before memory is asked for.
    try:
        with torch.device("meta"):
            module = built(**arguments)
    except (ValueError, TypeError, ArithmeticError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path}: {network['class']}({arguments}): {reason}") from None
    expected = {n: tuple(t.shape) for n, t in module.state_dict().items() if t.is_floating_point()}
    found = {name: tuple(tensor.shape) for name, tensor in state.items()}
    if expected != found:
        differ = sorted(n for n in expected.keys() | found if expected.get(n) != found.get(n))
        raise InputError(
            f"{path}: network.{differ[0]} is {found.get(differ[0])}, "
            f"expected {expected.get(differ[0])} for {network['class']}({arguments})"
        )
    module = module.to_empty(device="cpu")
    counters = {n: torch.zeros_like(t) for n, t in module.state_dict().items() if n not in state}
    module.load_state_dict(counters | {name: tensor.float() for name, tensor in state.items()})
    return module.eval().requires_grad_(False)


def _check_arguments(
    path: Path | str, built: type[nn.Module], arguments: Any, tensors: int
) -> None:
    known = inspect.signature(built).parameters
    if not isinstance(arguments, dict) or not arguments.keys() <= known.keys():
        raise InputError(
            f"{path}: network arguments {arguments!r:.120}; expected numbers for {', '.join(known)}"
        )
    for name, value in arguments.items():
        if expected := _complaint(known[name].annotation, value, name):
            raise InputError(
                f"{path}: network argument {name} is {value!r:.60}, expected {expected}"
            )
    repeated = {name: arguments[name] for name in _REPEATED if name in arguments}
    if tensors and math.prod(repeated.values()) > tensors:
        raise InputError(f"{path}: network arguments {repeated}; the file holds {tensors} tensors")


def _complaint(kind: Any, value: Any, name: str) -> str:
    """What a value should be, where it is not what an argument of a network is declared to be, or
    not of sane size; else ""."""
    most = LARGEST_DEPTH if name in _REPEATED else LARGEST_SIZE
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind is bool:
        fits, expected = isinstance(value, bool), "true or false"
    elif kind == Sequence[int]:
        fits = isinstance(value, list | tuple) and len(value) <= LARGEST_DEPTH
        fits = fits and not any(_complaint(int, each, name) for each in value)
        expected = f"at most {LARGEST_DEPTH} whole numbers from 1 to {LARGEST_SIZE}"
    elif kind is int:
        fits, expected = whole and 1 <= value <= most, f"a whole number from 1 to {most}"
    else:
        fits = (whole or isinstance(value, float)) and 0 <= value <= LARGEST_SIZE
        expected = f"a number from 0 to {LARGEST_SIZE}"
    return "" if fits else expected
