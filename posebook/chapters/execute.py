"""Papermill with three things added: progress that a person can follow, a limit on the whole run,
and errors that say in one line which cell failed and why."""

import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines

from posebook import paths
from posebook.errors import CellFailed
from posebook.figures import showing

#: Seconds between two states of a running notebook on the disk.
SAVED_EVERY = 5.0


def execute(
    notebook: Any,
    output: Path,
    parameters: Mapping[str, Any],
    *,
    minutes: float,
    quiet: bool = False,
) -> Any:
    """Run a notebook in a kernel of this environment; `output` is saved every few seconds.

    The working directory is the caller's, so that a relative path among the parameters means
    what the caller meant. Widgets are taken out at the end: only a running kernel can move them,
    and each carries 5 MB of script. Raises CellFailed.
    """
    if not sys.stdout.isatty():  # a log file: the kernel, which inherits this, speaks up seldom
        os.environ.setdefault("POSEBOOK_PROGRESS_SECONDS", "30")
    try:
        executed = papermill.execute_notebook(
            notebook,
            str(output),
            parameters=dict(parameters),
            engine_name="posebook",
            kernel_name="python3",
            progress_bar=False,
            stdout_file=None if quiet else sys.stdout,
            stderr_file=None if quiet else sys.stderr,
            start_timeout=int(minutes * 60),
            execution_timeout=int(minutes * 60),
            quiet=quiet,
            minutes=minutes,
            profile=parameters.get("profile"),
        )
    except papermill.PapermillExecutionError as error:
        head = f"cell {error.exec_count} failed: {error.ename}: {error.evalue}"
        line = error.source.strip().partition("\n")[0].strip()
        raise CellFailed(
            f"{head}\n  in the cell that begins: {line}\n  so far: {paths.shown(output)}",
            error.ename,
            error.evalue,
        ) from None
    except (TimeoutError, RuntimeError) as error:  # what a cell raises is a Papermill error
        reason = "the kernel did not start"
        if isinstance(error, CellTimeoutError | DeadKernelError):
            late = isinstance(error, CellTimeoutError)
            reason = "a cell ran out of time" if late else "the kernel died"
        elif isinstance(error, TimeoutError):
            reason = "the kernel did not answer"
        raise CellFailed(
            f"{reason} (limit for the whole run {minutes:g} minutes)\n"
            f"  so far: {paths.shown(output)}\n  run it again with the same --out to go on",
            type(error).__name__,
            reason,
        ) from None
    except OSError as error:  # a full disk, which papermill's `write` cannot name
        raise paths.named(error, output) from None
    showing.strip_widget_state(executed)
    paths.write_text(output, nbformat.writes(executed) + "\n")
    return executed


class _Engine(Engine):
    """Papermill's own engine, with a line for each cell and a watch on the clock."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man,
        kernel_name,
        *,
        minutes,
        quiet,
        profile,
        start_timeout,
        execution_timeout,
        **options,
    ):
        client = PapermillNotebookClient(
            nb_man,
            kernel_name=kernel_name,
            timeout=execution_timeout,
            startup_timeout=start_timeout,
            stdout_file=options.get("stdout_file"),
            stderr_file=options.get("stderr_file"),
            # Kernels warn that they talk over TCP. That is harmless here, and would be the first
            # thing that a newcomer reads.
            # And they import what lies in the working directory, such as somebody's torch.py.
            extra_arguments=["--IPKernelApp.log_level=ERROR", "--IPKernelApp.ignore_cwd=True"],
        )
        if not quiet:
            _tell_progress(nb_man)
        save = nb_man.save
        nb_man.save = _seldom(nb_man)
        done = threading.Event()
        threading.Thread(target=_watch, args=(client, minutes * 60, done), daemon=True).start()
        try:
            return client.execute(env=_environment(profile))
        finally:
            done.set()
            nb_man.save = save  # the last one comes after this


papermill_engines.register("posebook", _Engine)


def _environment(profile: str | None) -> dict[str, str]:
    # Threads that wait by spinning slow training tenfold where another program uses the cores.
    # Memory that is given back at once has to be cleared again for the next step, a third of a step
    # of large batches: these names ask glibc's malloc to keep it (others do not read them). Older
    # ones refuse a threshold of over 32 MB.
    # A module that lies in the working directory is not ours to import.
    # Python 3.11's frozen modules make the debugger print a warning into the run.
    helpful = {
        "OMP_WAIT_POLICY": "PASSIVE",
        "MALLOC_MMAP_THRESHOLD_": str(2**33 if _glibc() >= (2, 35) else 2**25),
        "MALLOC_TRIM_THRESHOLD_": str(2**34),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "PYTHONSAFEPATH": "1",
    }
    environment = {**helpful, **os.environ}
    return environment | ({"POSEBOOK_PROFILE": profile} if profile else {})


def _glibc() -> tuple[int, ...]:
    """Its version; (0,) where there is none."""
    name, version = platform.libc_ver()
    return tuple(map(int, version.split(".")[:2])) if name == "glibc" else (0,)


def _watch(client: PapermillNotebookClient, seconds: float, done: threading.Event) -> None:
    """Kill the kernel when the whole run is over time; a kernel was once seen to hang idle."""
    if done.wait(seconds):
        return
    for _ in range(300):  # it may be starting just now
        provisioner = getattr(client.km, "provisioner", None)
        process = getattr(provisioner, "process", None)
        if process is not None:
            process.kill()
        if done.wait(1):
            return
    print("error: the run hangs and its kernel cannot be stopped", file=sys.stderr, flush=True)
    os._exit(1)


def _seldom(nb_man: Any) -> Callable[..., None]:
    """`nb_man.save`, every SAVED_EVERY seconds at most. Papermill asks for it twice a cell, and it
    takes longer than most cells once the notebook holds figures."""
    save = nb_man.save

    def seldom(**options: Any) -> None:
        if (nb_man.now() - nb_man.last_save_time).total_seconds() >= SAVED_EVERY:
            save(**options)

    return seldom


def _tell_progress(nb_man: Any) -> None:
    """Print a line as each code cell starts: seconds so far, cell of cells, section."""
    started = time.monotonic()
    code = [i for i, cell in enumerate(nb_man.nb.cells) if cell.cell_type == "code"]
    section = ""
    begin = nb_man.cell_start

    def cell_start(cell: Any, cell_index: int | None = None, **more: Any) -> None:
        nonlocal section
        if cell.cell_type == "markdown":
            headings = [line for line in cell.source.splitlines() if line.startswith("#")]
            section = headings[0].lstrip("# ") if headings else section
        elif cell.source.strip():
            seconds = time.monotonic() - started
            place = f"{code.index(cell_index) + 1}/{len(code)}"
            print(f"[{seconds:5.0f} s] cell {place:>6}  {section}", flush=True)
        begin(cell, cell_index, **more)

    nb_man.cell_start = cell_start
