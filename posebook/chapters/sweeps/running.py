"""The command's side of a sweep: which workers there are, and what becomes of every cell."""

import os
import queue
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.chapters.sweeps import cell, folder
from posebook.chapters.sweeps.folder import Place
from posebook.chapters.sweeps.grid import Sweep
from posebook.chapters.sweeps.progress import Progress, expected_minutes
from posebook.chapters.sweeps.workers import connected, cores
from posebook.datasets import cards
from posebook.errors import InputError, one_line
from posebook.files import listed, short
from posebook.tables import Table

INSTALL = "python -m pip install -c constraints.txt -e '.[batch]'"
_POLL_SECONDS = 0.1
_LOOK_SECONDS = 1.0


class Lost(RuntimeError):
    """The scheduler went away."""


def run(
    sweep: Sweep,
    out: Path,
    *,
    jobs: int | None = None,
    threads: int = 1,
    scheduler: str | None = None,
    say: Callable[[str], None] = print,
) -> list[Place]:
    """Run every cell that is not finished; how each is then, in the sweep's order.

    jobs       cells side by side on this machine (None: as many as its cores have room for)
    threads    of each run
    scheduler  address of a running dask scheduler, or its file; cells run on its workers
    say        is told, a line at a time, what is done

    A cell that fails stops no other. Killed at any moment, the same call goes on. InputError where
    the folder is held or holds something else, and where no scheduler or unfit workers answer.
    Raises Lost where the scheduler goes away.
    """
    check(jobs, threads, scheduler)
    out = out.resolve()
    # What is wrong is told before anything is made.
    left = [place for place in folder.places(sweep, out) if place.state != "finished"]
    _check_data(left)
    side = min(jobs or max(1, cores() // threads), len(left))
    with connected(scheduler, side, threads, say) if left else nullcontext() as client:
        out.mkdir(parents=True, exist_ok=True)
        return _run_in(out, sweep, client, threads, say)


def _run_in(
    out: Path, sweep: Sweep, client: Any, threads: int, say: Callable[[str], None]
) -> list[Place]:
    """Run what is left, alone in the folder; `client` is None where nothing is."""
    with paths.alone_in(out):
        found = folder.places(sweep, out)
        if old := folder.of_another_text(out, found):
            say(f"note: the text of their chapter was changed since: {listed(old, 4)}; move what "
                "should be run again away")  # fmt: skip
        folder.keep(sweep, out, found)
        left = [place for place in found if place.state != "finished"]
        done = len(found) - len(left)
        say(f"{sweep.name}: {_runs(found)}, {done} finished, {len(left)} to do "
            f"-> {paths.shown(out)}")  # fmt: skip
        failed: dict[str, str] = {}
        if left and client:
            failed = _run_on(client, sweep, out, left, done, threads, say)
        return [
            place if place.state == "finished" or place.cell.label not in failed
            else replace(place, state="failed", reason=failed[place.cell.label])
            for place in folder.places(sweep, out)
        ]  # fmt: skip


def _check_data(places: Sequence[Place]) -> None:
    """InputError where a data set's folder is missing, which each run would say much later."""
    every = [{**place.cell.chapter.parameters, **place.cell.parameters} for place in places]
    for data, root in dict.fromkeys((str(p.get("data")), p.get("root", "")) for p in every):
        if root is None and data in cards.ORDER and cards.card(data).needs != "nothing":
            raise InputError(f"data {data} needs its folder: -p root DIR")
        if root and not Path(str(root)).exists():
            raise InputError(f"root {short(root)}: there is no such file or folder")


def check(jobs: int | None = None, threads: int = 1, scheduler: str | None = None) -> None:
    """InputError where `run` could not begin with these, or dask is not installed."""
    for option, value in (("--jobs", jobs), ("--threads", threads)):
        if value is not None and not 1 <= value <= 1000:
            raise InputError(f"{option} is {value}, expected a whole number from 1 to 1000")
    if jobs is not None and scheduler is not None:
        raise InputError(
            "--jobs is for this machine; with --scheduler its workers decide how many cells run "
            "side by side: leave one of the two out"
        )
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError(
            f"posebook sweep runs on dask, which is not installed: {INSTALL}"
        ) from None


def _run_on(
    client: Any, sweep: Sweep, out: Path, left: Sequence[Place], done: int, threads: int,
    say: Callable[[str], None],
) -> dict[str, str]:  # fmt: skip
    """Label -> reason of the cells that failed."""
    stamp = f"posebook-sweep-{time.time_ns()}"  # of this command: dask keeps what it has run
    tasks = {place.cell.label: _task(place, sweep, out, threads, stamp) for place in left}
    _check_workers(client, next(iter(tasks.values())), say)
    minutes = {place.cell.label: place.cell.chapter.minutes[sweep.profile] for place in left}
    progress = Progress(minutes, finished=done)

    starts: queue.SimpleQueue[tuple[float, dict]] = queue.SimpleQueue()
    client.subscribe_topic(stamp, starts.put)
    waiting = {
        client.submit(cell.run_cell, task, key=f"{stamp}-{label}", pure=False): label
        for label, task in tasks.items()
    }
    look_again = 0.0
    try:
        while waiting:
            _take_finished(client, waiting, progress, tasks)
            while not starts.empty():  # a worker starts a cell when it has finished another
                _, record = starts.get()
                if record.get("label") in tasks:
                    progress.started(record["label"], record["worker"])
            if time.monotonic() >= look_again:
                _look_at_workers(client, progress)
                look_again = time.monotonic() + _LOOK_SECONDS
            progress.renew()
            time.sleep(_POLL_SECONDS)
        return progress.failed
    finally:
        progress.renew(last=True)
        if waiting and client.status == "running":
            client.cancel(list(waiting))


def _take_finished(client: Any, waiting: dict, progress: Progress, tasks: dict) -> None:
    """What has become of cells since the last look."""
    if client.status != "running":
        raise Lost("the scheduler went away")
    for future in [future for future in waiting if future.done()]:
        if future.status in ("cancelled", "lost"):
            raise Lost("the scheduler went away, or dropped a cell")
        label = waiting.pop(future)
        if future.status == "error":
            outcome = cell.Outcome(0.0, _why(future.exception()))
        else:
            outcome = future.result()
        progress.ended(label, outcome.seconds, outcome.reason)
        if outcome.reason:
            _note_failure(tasks[label], outcome.reason)


def _note_failure(task: cell.Task, reason: str) -> None:
    """A line in the cell's log, for a failure of which the run itself could say nothing."""
    try:
        with open(task.log, "a", encoding="utf-8") as log:
            log.write(f"failed: {reason}\n")
    except OSError:
        pass  # a full disk: it has been told


def _why(error: BaseException) -> str:
    from distributed.scheduler import KilledWorker

    if isinstance(error, KilledWorker):
        return "each of its workers died (out of memory?)"
    return one_line(f"{type(error).__name__}: {error}")


def _task(place: Place, sweep: Sweep, out: Path, threads: int, topic: str) -> cell.Task:
    chapter = place.cell.chapter
    return cell.Task(
        label=place.cell.label, chapter=folder.chapter_for_workers(chapter),
        text=cell.hash_of(chapter), posebook=cell.of_this_posebook(), profile=sweep.profile,
        parameters=dict(place.cell.parameters), folder=str(place.folder), log=str(place.log),
        here=os.getcwd(), marker=str(out / folder.SWEEP_FILE), threads=threads,
        topic=topic,
    )  # fmt: skip


def _check_workers(client: Any, task: cell.Task, say: Callable[[str], None]) -> None:
    """InputError where a worker cannot run cells; those that come later are asked by the cell."""
    there = client.run(cell.unfit, task, on_error="return")
    if not there:
        say("no worker has come yet; the runs wait for one")
    for worker, answer in there.items():
        if isinstance(answer, BaseException):
            raise InputError(f"worker {worker} has no posebook that can do this: {answer}")
        if answer:
            raise InputError(f"worker {worker} {answer}")


def _look_at_workers(client: Any, progress: Progress) -> None:
    """Which there are: as many cells run side by side as they have threads."""
    try:
        threads = client.nthreads()
    except OSError:  # no scheduler: the next look at the cells tells
        return
    progress.side = max(1, sum(threads.values()))
    progress.workers_are(threads)


def _runs(places: Sequence[Place]) -> str:
    return f"{len(places)} run{'s' * (len(places) != 1)}"


def dry(sweep: Sweep, out: Path, jobs: int | None, threads: int) -> str:
    """The grid as a table, with what there is of it and the minutes that the headers promise."""
    found = folder.places(sweep, out)
    left = [place for place in found if place.state != "finished"]
    _check_data(left)
    side = min(jobs or max(1, cores() // threads), max(1, len(left)))
    several = len({place.cell.chapter.id for place in found}) > 1
    rows = []
    for place in found:
        minutes = place.cell.chapter.minutes[sweep.profile]
        chapter = [place.cell.chapter.id] if several else []
        rows.append([place.cell.label, *chapter, f"{minutes:g}", place.state])
    headers = ["run", *(["chapter"] if several else []), "minutes", "so far"]
    expected = expected_minutes([p.cell.chapter.minutes[sweep.profile] for p in left], side)
    return (
        f"{Table(headers, rows)}\n\n{sweep.name} at profile {sweep.profile}: {_runs(found)}, "
        f"{len(left)} to do, about {expected:.3g} minutes with {side} side by side "
        f"-> {paths.shown(out)}"
    )
