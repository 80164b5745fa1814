"""The environment report that a bug report needs."""

import os
import platform
import re
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires, version

from posebook import paths
from posebook.results import code


def report() -> Iterator[tuple[str, str, bool]]:
    """Rows (what, value, ok); `ok` is False where something keeps the book from working well."""
    yield "posebook", f"{version('posebook')}, {_commit()}", True
    python = platform.python_version_tuple()
    right = (3, 11) <= (int(python[0]), int(python[1])) < (3, 15)
    yield "Python", platform.python_version() + ("" if right else "; needs 3.11 to 3.14"), right
    yield "system", f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores", True
    yield from _torch()
    yield from _packages()
    browser = next(filter(None, map(shutil.which, _BROWSERS)), None)
    note = "none; needed only to make stills and for `make test-browser`: apt-get install chromium"
    yield "browser for stills", os.path.basename(browser) if browser else note, True
    free = shutil.disk_usage(paths.CHECKOUT).free / 1e9
    yield "free disk", f"{free:.0f} GB", free > 1
    runs = paths.runs()
    folder = next(parent for parent in (runs, *runs.parents) if parent.exists())
    writable = os.access(folder, os.W_OK)
    yield "runs", f"{paths.shown(runs)}{'' if writable else ' cannot be written'}", writable


_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def _commit() -> str:
    """The checkout's commit, and whether files differ from it."""
    commit = code()
    changed = ", with changes" if commit.endswith("-dirty") else ""
    return f"commit {commit.removesuffix('-dirty')}{changed}" if commit else "not a git checkout"


def _torch() -> Iterator[tuple[str, str, bool]]:
    try:
        import torch

        from posebook.training import THREADS
    except (ImportError, OSError) as error:
        yield "torch", f"does not import: {error}", False
        return
    device = "no GPU in use"
    if torch.cuda.is_available():
        device = f"GPU {torch.cuda.get_device_name()}, CUDA {torch.version.cuda}"
    yield (
        "torch",
        f"{torch.__version__}, {THREADS} thread{'s' if THREADS > 1 else ''}, {device}",
        True,
    )


def _packages() -> Iterator[tuple[str, str, bool]]:
    """Each dependency's version; a mark where it is not the one in constraints.txt."""
    lines = []
    if (paths.CHECKOUT / "constraints.txt").exists():
        lines = (paths.CHECKOUT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = dict(line.split("==") for line in lines if "==" in line and not line.startswith("#"))
    pins = {_plain(name): pin.strip() for name, pin in pins.items()}
    for requirement in requires("posebook") or []:
        name = _plain(re.match(r"[\w.-]+", requirement).group())
        if name == "torch" or "extra ==" in requirement:
            continue
        try:
            found = version(name)
        except PackageNotFoundError:
            yield name, "missing; run `make quickstart` or pip install -e .", False
            continue
        pin = pins.get(name, found)
        yield name, found if found == pin else f"{found} (tested with {pin})", True


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
