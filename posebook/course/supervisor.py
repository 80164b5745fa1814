"""The other side of `grading`: a script that runs students' notebooks, in a process for each.

It runs the book's own cells before a chapter's first exercise once, and then forks: a student whose
cells before the first exercise are the book's goes on from there. It watches over what it forked:
time, memory, number of processes; and ends it with all that it has started.
"""

import contextlib
import ctypes
import json
import os
import resource
import secrets
import select
import shutil
import signal
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from posebook.course import attempt

#: A notebook may have so many processes at once.
MOST_PROCESSES = 16
_MOST_TOLD_BYTES = 10 << 20
_LOOK_EVERY_S = 0.1
#: Of Linux's prctl: be ended when the parent is, and take over what one's children leave behind.
_END_WITH_PARENT, _SUBREAPER = 1, 36


def serve() -> None:
    """Prepare the chapter of the first request, then run a notebook for each of the others."""
    answers = os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    requests = os.fdopen(os.dup(0), "rb")
    for stream in (0, 1, 2):  # what a notebook prints is no answer, and nobody types
        os.dup2(nothing, stream)
    _prctl(_SUBREAPER, 1)  # so that nothing that a notebook starts gets away
    first = json.loads(requests.readline())
    runs = Path(os.environ["POSEBOOK_RUNS"])
    shell = attempt.new_shell()
    judge = attempt.judge_of(first["chapter"])
    failed = next((error for source in first["before"]
                   if (error := attempt.error_of(shell, source, 1e6))), "")  # fmt: skip
    given = [name for name in shell.user_ns if not name.startswith("_")] if not failed else []
    before = frozenset(_descendants())  # what the book's own cells have started
    kept = runs.with_name("kept")
    shutil.copytree(runs, kept, dirs_exist_ok=True)
    os.write(answers, attempt.line_of(failed=failed))
    while line := requests.readline():
        request = json.loads(line)
        request["given"] = given if request["shared"] else []
        told = _watched(shell, request, judge, before, (answers, requests.fileno()))
        os.write(answers, attempt.line_of(**told))
        # What one notebook has trained is not for the next one to go on with.
        shutil.rmtree(runs, ignore_errors=True)
        shutil.copytree(kept, runs)


def _watched(
    shell: Any, request: dict, judge: attempt.Judge, before: frozenset[int], private: tuple
) -> dict[str, Any]:
    """Fork, wait, and end what is left; all lines that the notebook's process told."""
    out, into = os.pipe()
    mark = secrets.token_hex(16)
    child = os.fork()
    if child == 0:
        try:
            os.setsid()
            _prctl(_END_WITH_PARENT, signal.SIGKILL)
            for number in (*private, out):
                os.close(number)
            _child(shell, request, judge, lambda **words: os.write(
                into, attempt.line_of(mark=mark, **words)))  # fmt: skip
        finally:
            os._exit(0)
    os.close(into)
    os.set_blocking(out, False)
    content, ended, deadline = b"", "", time.monotonic() + request["wall_s"]
    while True:
        select.select([out], [], [], _LOOK_EVERY_S)
        with contextlib.suppress(BlockingIOError):
            content += os.read(out, 1 << 20)
        processes = _descendants(before)
        if len(content) > _MOST_TOLD_BYTES:
            ended = "it writes where the checks do"
        elif len(processes) > MOST_PROCESSES:
            ended = f"it starts over {MOST_PROCESSES} processes"
        elif _memory(processes) > request["memory"]:
            ended = "it takes too much memory"
        elif time.monotonic() > deadline:
            ended = f"it has not ended after {request['wall_s']:.0f} s"
        done, status = (0, 0) if ended else os.waitpid(child, os.WNOHANG)
        if done or ended:
            break
    _end_all(child, before)
    with contextlib.suppress(BlockingIOError):
        while more := os.read(out, 1 << 20):
            content += more
    os.close(out)
    told = _lines(content, mark)
    if not ended and not any("end" in line for line in told):
        late = status and os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU
        ended = "it works for too long" if late else "its code ends the process"
    return {"told": told, "ended": ended}


def _prctl(what: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):  # not Linux
        ctypes.CDLL(None).prctl(what, value, 0, 0, 0)


def _lines(content: bytes, mark: str) -> list[dict[str, Any]]:
    """What the process told, without what only looks so."""
    found = []
    for line in content.split(b"\n"):
        with contextlib.suppress(ValueError, AttributeError):
            words = json.loads(line)
            if words.pop("mark", "") == mark:
                found.append(words)
    return found


def _child(shell: Any, request: dict, judge: attempt.Judge, tell: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.environ["HOME"] = folder
        if not request["shared"]:
            shell.reset(new_session=False)
        attempt.limit(int(request["whole_s"]), request["memory"])
        attempt.keep_few_processes()
        attempt.run(shell, request, judge, tell)
        tell(end=True)


def _descendants(but: frozenset[int] = frozenset()) -> list[int]:
    """Processes that come from this one, by number; none where the system does not say."""
    parents: dict[int, int] = {}
    with contextlib.suppress(OSError):
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError, IndexError), open(f"/proc/{name}/stat") as file:
                parents[int(name)] = int(file.read().rpartition(")")[2].split()[1])
    found, level = [], [os.getpid()]
    while level:
        level = [child for child, parent in parents.items() if parent in level]
        found += level
    return [process for process in found if process not in but]


def _memory(processes: list[int]) -> int:
    """Bytes that processes have in use beyond what they share with this one, nearly."""
    has = _resident(os.getpid())
    return sum(max(0, _resident(process) - has) for process in processes)


def _resident(process: int) -> int:
    with contextlib.suppress(OSError, ValueError), open(f"/proc/{process}/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()
    return 0


def _end_all(child: int, before: frozenset[int]) -> None:
    """Kill a process and all that it has started, until there is nothing left."""
    for _ in range(1000):
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        for process in (left := _descendants(before)):
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        if not left:
            return
        time.sleep(0.005)


if __name__ == "__main__":
    serve()
    sys.exit(0)
