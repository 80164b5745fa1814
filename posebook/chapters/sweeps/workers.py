"""Where the cells of a sweep run: workers of dask's on this machine, or those of any scheduler."""

import asyncio
import logging
import os
import signal
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from posebook.errors import InputError, one_line
from posebook.files import read_record

CONNECT_SECONDS = 20


def cores() -> int:
    """That this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1  # not on Linux


@contextmanager
def connected(
    scheduler: str | None, side: int, threads: int, say: Callable[[str], None]
) -> Iterator[Any]:
    """A client of a scheduler, or of workers of our own on this machine; InputError where there is
    none at the address."""
    import distributed

    for name in list(logging.root.manager.loggerDict):
        if name.partition(".")[0] == "distributed":  # what matters is told by us
            logging.getLogger(name).setLevel(logging.CRITICAL)
    if scheduler is None:
        if side * threads > cores():
            say(f"note: {side} runs of {threads} threads share {cores()} cores")
        with _no_interrupts():
            cluster = distributed.LocalCluster(
                n_workers=side, threads_per_worker=1, processes=True, memory_limit=0,
                dashboard_address="127.0.0.1:0", silence_logs=logging.CRITICAL,
            )  # fmt: skip
        with cluster, distributed.Client(cluster) as client:
            yield client
        return
    try:
        address = _address(scheduler)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of differing versions: cells are checked by us
            asyncio.run(_greet(address))
            client = distributed.Client(address, timeout=CONNECT_SECONDS)
    except Exception as error:  # whatever answers there may not be dask's
        reason = str(error).strip().partition("\n")[0] or type(error).__name__
        raise InputError(
            f"--scheduler {scheduler}: no dask scheduler answers there ({one_line(reason)}); "
            "expected an address such as tcp://HOST:8786, or a scheduler's file"
        ) from None
    with client:
        yield client


def _address(scheduler: str) -> str:
    """An address as it was typed, or what a scheduler's file says."""
    if not Path(scheduler).is_file():
        if ":" not in scheduler:
            raise InputError("there is no such file")
        return scheduler
    record = read_record(scheduler, "a scheduler's file")
    return record["address"] if isinstance(record, dict) else ""


async def _greet(address: str) -> None:
    """TimeoutError where something listens that is not dask's: a client waits for it for ever."""
    from distributed.comm import connect
    from distributed.security import Security

    how = Security().get_connection_args("client")
    comm = await asyncio.wait_for(connect(address, **how), CONNECT_SECONDS)
    comm.abort()


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Processes that are begun meanwhile ignore Ctrl-C for good: in a terminal it goes to all of
    them, and is for the command alone. So does the command, as long as this takes.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
