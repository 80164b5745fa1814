"""Where things lie in the checkout, and how a file is written so that it is never half there."""

import errno
import os
import secrets
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from posebook.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
NOTEBOOKS = CHECKOUT / "notebooks"
DATA = CHECKOUT / "data"
#: How the names begin of what is being written. A process that was killed leaves them behind.
UNFINISHED = ".posebook-unfinished-"
_shown_from = [CHECKOUT]


def runs() -> Path:
    """The folder that runs write into: `runs/` of the checkout, or `POSEBOOK_RUNS`."""
    return Path(os.environ.get("POSEBOOK_RUNS") or CHECKOUT / "runs")


def cache() -> Path:
    """The user's own folder for what is fetched and can be fetched again: `POSEBOOK_CACHE`, or the
    place that the system has for such things. It need not exist."""
    given = os.environ.get("POSEBOOK_CACHE")
    if given:
        return Path(given)
    home = Path.home()
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "posebook"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local") / "posebook"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "posebook"


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
    process is killed. The temporary file keeps the suffix, since writers look at it. What the disk
    refuses is an OSError that names `path`; a folder of that name is an InputError.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    keep_no_folder(path)
    temporary = path.with_name(f"{UNFINISHED}{secrets.token_hex(4)}{path.suffix}")
    try:
        yield temporary
        _sync(temporary)
        temporary.chmod(0o666 & ~_umask())  # some writers make files that only we may read
        os.replace(temporary, path)
    except OSError as error:
        raise named(error, path, temporary) from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def staged(folder: Path | str, names: Sequence[str]) -> Iterator[Path]:
    """A hidden folder to write files in; at the end they move into `folder`, in this order.

    Holds `folder`, which is made if need be (see `alone_in`), and removes what a killed process
    left half written there. Where the block raises, `folder` keeps the files that it had.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder):
        for left in folder.glob(f"{UNFINISHED}*"):
            _remove(left)
        for name in names:
            keep_no_folder(folder / name)
        made = folder / f"{UNFINISHED}{secrets.token_hex(4)}"
        made.mkdir()
        try:
            yield made
            for name in names:
                _sync(made / name)
            for name in names:
                os.replace(made / name, folder / name)
        except OSError as error:
            raise named(error, folder, made) from None
        finally:
            shutil.rmtree(made, ignore_errors=True)


def named(error: OSError, path: Path, written: Path | None = None) -> OSError:
    """The error with the name of a file: a full disk is told by `write`, which knows none.

    path     what is named where the error names nothing
    written  its hidden name while it is written, which is replaced by `path`
    """
    name = str(error.filename or path)
    if written is not None:
        name = name.replace(str(written), str(path))
    return OSError(error.errno or errno.EIO, error.strerror or str(error), name)


def keep_no_folder(path: Path) -> None:
    """InputError where a folder has the name of a file that is to be written."""
    if path.is_dir():
        raise InputError(f"{shown(path)}: is a folder; a file is to be written there, move it away")


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed process left half written in a folder and in the folders in it.

    Only for whoever holds the folder, and owns all that is in it.
    """
    for left in list(folder.rglob(f"{UNFINISHED}*")):
        _remove(left)


def _remove(left: Path) -> None:
    if left.is_dir() and not left.is_symlink():
        shutil.rmtree(left, ignore_errors=True)
    else:
        left.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    """Have the content on disk before a rename makes it seen."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _umask() -> int:
    """What this process takes away from the permissions of new files; asking means setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


class Held(InputError):
    """Another process holds a folder."""


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold a folder for this process; Held, an InputError, where another one holds it.

    The system lets go of the lock when the process ends, however it ends. Windows, and file systems
    that know no locks, hold nothing: there, two commands must not write into one folder.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    lock = folder / ".posebook-lock"
    for _ in range(100):
        # Not `open`, which would wait where somebody has put a pipe of that name.
        number = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NONBLOCK, 0o666)
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(number)
            raise Held(
                f"{shown(folder)}: another posebook is writing there; wait for it, or choose "
                "another --out"
            ) from None
        except OSError:
            pass  # the file system knows no locks
        if _is(number, lock):
            break
        os.close(number)  # the last holder removed the file between our two calls
    else:
        raise InputError(f"{shown(lock)}: cannot be held; choose another --out")
    try:
        yield
    finally:
        lock.unlink(missing_ok=True)
        os.close(number)


def _is(number: int, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(number), os.stat(path))
    except FileNotFoundError:
        return False


def write_text(path: Path | str, text: str) -> Path:
    """`text` into `path` in one step (see `replacing`)."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
    return Path(path)
