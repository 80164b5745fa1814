"""Where things lie in the checkout, and how a file is written so that it is never half there."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from posebook.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS = CHECKOUT / "notebooks"
DATA = CHECKOUT / "data"
_shown_from = [CHECKOUT]


def runs() -> Path:
    """The folder that runs write into: `runs/` of the checkout, or `POSEBOOK_RUNS`."""
    return Path(os.environ.get("POSEBOOK_RUNS") or CHECKOUT / "runs")


def new_run(chapter: str) -> Path:
    """A new, empty folder `runs/<chapter>/<time>/`; never one that exists already."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for count in range(1000):
        folder = runs() / chapter / (stamp if count == 0 else f"{stamp}-{count}")
        try:
            folder.mkdir(parents=True)
            return folder
        except FileExistsError:
            continue
    raise FileExistsError(f"{runs() / chapter}: a thousand runs in one second")


def show_from_here() -> None:
    """From now on `shown` gives paths that work from the working directory: for the command."""
    _shown_from.clear()


def shown(path: Path | str) -> str:
    """A path as a page may print it: relative to the checkout or to here, where it lies inside.

    A stored notebook must read the same on every machine, so chapters print paths through this.
    """
    path = Path(path).resolve()
    for base in (*_shown_from, Path.cwd()):
        if path.is_relative_to(base):
            return path.relative_to(base).as_posix()
    return path.as_posix()


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Write to a temporary name beside `path`; the last step is a rename.

    Whoever reads `path` sees the old file or the new one, never a half of either, also when the
    process is killed. The temporary file keeps the suffix, since writers look at it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o666 & ~_umask())  # some writers make files that only we may read
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _umask() -> int:
    """What this process takes away from the permissions of new files; asking means setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; an InputError where another one holds it."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise InputError(
                f"{shown(folder)}: another run is writing there; wait for it, or choose another "
                "--out"
            ) from None
        try:
            yield
        finally:
            (folder / ".lock").unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> Path:
    """`text` into `path` in one step (see `replacing`)."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
