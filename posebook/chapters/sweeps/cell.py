"""One cell of a sweep, on a worker of dask's.

The run is a process of its own: `python -m posebook.chapters.sweeps.cell` reads what to do from its
standard input and ends, with its kernel, when that is closed. So a run never outlives its worker,
however that ends; and a worker that is told to drop the cell closes it.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
import traceback
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

from posebook import __version__, paths
from posebook.chapters import Chapter, find
from posebook.errors import CellFailed, InputError, one_line

_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class Task:
    """What a worker is given; all paths are absolute.

    chapter   its id, or the path of its text where it is not of the book
    text      what its text hashes to
    posebook  version and commit
    here      where the command was typed: what relative paths among the parameters mean
    marker    a file that a worker on the same file system sees
    threads   that the run may use
    topic     of dask's events, by which starts are told
    """

    label: str
    chapter: str
    text: str
    posebook: str
    profile: str
    parameters: dict[str, Any]
    folder: str
    log: str
    here: str
    marker: str
    threads: int
    topic: str


@dataclass(frozen=True)
class Outcome:
    """What became of a cell; `reason` is empty where its run is finished."""

    seconds: float
    reason: str = ""


def of_this_posebook() -> str:
    """Version and commit: what must be the same for the command and the workers."""
    from posebook.results import code

    return " ".join(filter(None, (__version__, code())))


def hash_of(chapter: Chapter) -> str:
    """Of its text."""
    return _hash_of(chapter.source, chapter.source.stat().st_mtime_ns)


@cache
def _hash_of(source: Path, _changed: int) -> str:
    return hashlib.sha256(source.read_bytes()).hexdigest()


def unfit(task: Task) -> str:
    """Why this machine cannot run a cell; empty where it can."""
    if not Path(task.marker).is_file():
        return (
            f"does not see {task.marker}: the command and all workers need one file system for the "
            "sweep's folder"
        )
    if not Path(task.here).is_dir():
        return f"has no folder {task.here}, where the command was typed"
    if of_this_posebook() != task.posebook:
        return f"has posebook {of_this_posebook()}, the command {task.posebook}"
    try:
        chapter = find(task.chapter)
    except InputError as error:
        return str(error)
    return "" if hash_of(chapter) == task.text else f"has another text of chapter {chapter.id}"


def run_cell(task: Task) -> Outcome:
    """Run a cell to its end, or to that of the interest in it, in a process of its own."""
    started = time.monotonic()
    _tell(task)
    if reason := unfit(task):
        return Outcome(0.0, f"the worker {reason}")
    threads = dict.fromkeys(("OMP_NUM_THREADS", "POSEBOOK_THREADS"), str(task.threads))
    # Stills are for pages that are looked at, and take Chromium.
    environment = {"POSEBOOK_STILLS": "0", **os.environ, **threads, "PYTHONSAFEPATH": "1"}
    try:
        with open(task.log, "a", encoding="utf-8") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "posebook.chapters.sweeps.cell"], cwd=task.here,
                env=environment, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True,
                start_new_session=True,  # Ctrl-C in a terminal is for the command
            )  # fmt: skip
        status = _watched(process, task)
    except OSError as error:
        return Outcome(time.monotonic() - started, f"{error.filename}: {error.strerror}")
    return Outcome(time.monotonic() - started, _reason(status, Path(task.log)))


def _watched(process: subprocess.Popen, task: Task) -> int | None:
    """The exit status of the run; None where nobody wanted it any more."""
    try:
        process.stdin.write(json.dumps(asdict(task)) + "\n")
        process.stdin.flush()
        while _wanted():
            try:
                return process.wait(_POLL_SECONDS)
            except subprocess.TimeoutExpired:
                continue
        return None
    except BrokenPipeError:  # it ended before it could read
        return process.wait()
    finally:
        with suppress(BrokenPipeError):
            process.stdin.close()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _reason(status: int | None, log: Path) -> str:
    if status == 0:
        return ""
    if status is None:
        return "called off"
    if status < 0:
        return f"killed by signal {-status} (out of memory?)"
    with open(log, "rb") as file:
        file.seek(max(0, log.stat().st_size - 8000))
        text = file.read().decode("utf-8", "replace")
    lines = text.rpartition("\n== ")[2].splitlines()  # of this attempt
    said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return one_line(said[-1]) if said else f"exit status {status}"


def _wanted() -> bool:
    """Whether dask still wants the task that this thread runs."""
    from distributed.worker import get_worker, thread_state

    try:
        worker = get_worker()
        task = worker.state.tasks.get(thread_state.key)
    except (ValueError, AttributeError):  # no worker: called as a function
        return True
    if worker.status.name not in ("running", "paused"):  # it closes: its scheduler went away
        return False
    return task is not None and task.state in ("executing", "long-running")


def _tell(task: Task) -> None:
    """Say that a cell has started."""
    from distributed.worker import get_worker

    try:
        worker = get_worker()
    except ValueError:
        return
    worker.log_event(task.topic, {"label": task.label, "worker": worker.address})


def main() -> None:
    """The run's process."""
    signal.signal(signal.SIGINT, signal.default_int_handler)  # as its kernel, unlike the worker
    task = Task(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_end_with_the_worker, daemon=True).start()
    print(f"\n== {task.label}, {time.strftime('%Y-%m-%d %H:%M:%S')}", flush=True)
    try:
        _run(task)
    except (InputError, CellFailed) as error:
        sys.exit(f"error: {error}")
    except OSError as error:
        sys.exit(f"error: {error.filename or 'disk'}: {error.strerror or error}")
    except Exception as error:
        traceback.print_exc()  # for the log; one line of it for the list of failed cells
        sys.exit(f"error: {type(error).__name__}: {one_line(str(error))}")


def _run(task: Task) -> None:
    """The run, or what is left of it; waits where another process is still writing there."""
    from posebook.chapters.run import record_of, run_chapter

    chapter, folder = find(task.chapter), Path(task.folder)
    waiting = False
    while True:
        begun = record_of(folder, chapter, task.profile, task.parameters)
        if begun and begun["finished"]:
            return
        new = {} if begun else dict(profile=task.profile, parameters=task.parameters)
        try:
            run_chapter(chapter, out_dir=folder, **new)
            return
        except paths.Held as error:
            if not waiting:
                print(f"waits: {error}", flush=True)
            waiting = True
            time.sleep(1)


def _end_with_the_worker() -> None:
    import psutil  # comes with dask and with ipykernel

    while os.read(0, 1 << 16):  # not `sys.stdin`, whose lock would be held when Python ends
        pass
    for process in psutil.Process().children(recursive=True):
        process.kill()
    os._exit(1)


if __name__ == "__main__":
    main()
