"""One student's notebook, cell after cell, in the process that `supervisor` has forked for it.

Nothing that the notebook says of itself counts: not its stored outputs, not what it prints, not its
own `check`. Answers are judged by the code of `posebook.course` as it was before the notebook ran.
Both are in one process, since a check calls the student's functions: whoever means to can fool it.
"""

import contextlib
import hashlib
import importlib
import inspect
import json
import os
import re
import resource
import signal
import sys
import types
from collections.abc import Callable, Iterator, Mapping
from typing import Any

CHECKING = "posebook.course.checking"
#: Modules that a check leans on: what is replaced in them could make a wrong answer right.
_LEANED_ON = re.compile(r"(posebook|torch|torch\.(linalg|nn\.functional)|numpy|math|builtins)")
#: What IPython itself puts into builtins, and takes out again.
_OF_IPYTHON = {"exit", "quit", "get_ipython", "display", "input", "open"}
#: A cell's name, as an error says it: '(<ipython-input-3-1f>, line 2)' or by itself.
_OF_CELL = re.compile(r"\(<ipython-input-[^>]*>, (line [0-9]+)\)|<ipython-input-[^>]*>")
_MOST_FILE_BYTES = 1 << 30
_MOST_TASKS = 64
_MOST_FORKS = 6
_LONGEST_LINE = 500
#: A figure with more is left out: one of a pose has some 20,000.
_MOST_FIGURE_BYTES = 1 << 19
Judge = Callable[..., tuple[str, str, str, str]]


class TimeIsUp(BaseException):
    """A cell takes too long. No Exception, so that `except Exception` does not swallow it."""


def judge_of(chapter: str) -> Judge:
    """What judges a chapter's answers: text that is read now, and run in new modules later."""
    texts = _texts(chapter)

    def judge(
        number: int, names: Mapping[str, Any], answers: set[str]
    ) -> tuple[str, str, str, str]:
        """(state, line, figure as JSON or '', hash of what judged) of an exercise; 'absent': a name
        is not there, which is the line

        answers  names that the reader has to bind
        """
        now = dict(texts)
        mark = _hash(now)
        fresh = {name: types.ModuleType(name) for name in now}
        sys.modules.update(fresh)
        for name, text in now.items():
            exec(compile(text, f"<{name}>", "exec"), fresh[name].__dict__)
        checking, answered = fresh.values()
        checks = getattr(answered, f"exercise_{number}")
        wanted = inspect.signature(checks).parameters
        own = [name for name in wanted if name in answers]
        if own and all(names.get(name) is None for name in own):
            return "open", checking.UNTOUCHED, "", mark
        if gone := [name for name in wanted if name not in names]:
            return "absent", gone[0], "", mark
        line, figure = checking.judged(checks, names)
        states = {checking.RIGHT: "right", checking.UNTOUCHED: "open"}
        drawn = "" if figure is None else figure.to_json()
        return states.get(line, "wrong"), line, drawn * (len(drawn) <= _MOST_FIGURE_BYTES), mark

    return judge


def _texts(chapter: str) -> dict[str, str]:
    """What the modules are made of that judge a chapter's answers."""
    names = CHECKING, f"posebook.course.answers.{chapter}"
    return {name: inspect.getsource(importlib.import_module(name)) for name in names}


def _hash(texts: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(texts).encode()).hexdigest()


def hash_of(chapter: str) -> str:
    """What `judge` says that it judged by, in a process where nobody has touched that."""
    return _hash(_texts(chapter))


def guarded() -> dict[tuple[str, str], tuple[Any, Any]]:
    """What the modules that checks lean on hold: {(module, name): (object, its code)}."""
    held = {}
    for name, module in list(sys.modules.items()):
        known = name.startswith("posebook") or _LEANED_ON.fullmatch(name)
        if module is None or not known or name.startswith("posebook.course"):
            continue
        for place, values in _places(name, module):
            for key, value in list(values.items()):
                if callable(value) and not (name == "builtins" and key in _OF_IPYTHON):
                    held[place, key] = value, getattr(value, "__code__", None)
    return held


def _places(name: str, module: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield name, vars(module)
    for key, value in list(vars(module).items()):
        ours = inspect.isclass(value) and value.__module__ == name
        if ours and (name.startswith("posebook") or (name, key) == ("torch", "Tensor")):
            yield f"{name}.{key}", vars(value)
    if name == "torch":
        yield "torch.Tensor", vars(module.Tensor)


def replaced(held: Mapping[tuple[str, str], tuple[Any, Any]]) -> list[str]:
    """Names of `guarded` that are something else by now."""
    now = guarded()
    return [f"{place}.{key}" for (place, key), (value, code) in held.items()
            if (found := now.get((place, key))) is None or found[0] is not value
            or found[1] is not code]  # fmt: skip


def limit(seconds: int, memory: int) -> None:
    """CPU seconds and bytes of memory of this process beyond what it has, and smaller dangers."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    rows = [
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime) + seconds + 1),
        (resource.RLIMIT_FSIZE, _MOST_FILE_BYTES),
        (resource.RLIMIT_NPROC, _tasks_of_mine() + _MOST_TASKS),
    ]
    with contextlib.suppress(OSError), open("/proc/self/statm") as file:
        has = int(file.read().split()[0]) * resource.getpagesize()
        rows.append((resource.RLIMIT_AS, has + memory))
    for what, most in rows:
        _, hard = resource.getrlimit(what)
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(what, (most, most))


def _tasks_of_mine() -> int:
    """Threads of all processes of this user, which the system counts; 1,000 where nobody says."""
    count, me = 0, os.getuid()
    try:
        for name in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == me:
                    count += len(os.listdir(f"/proc/{name}/task"))
    except OSError:
        return 1000
    return count


@contextlib.contextmanager
def clock(seconds: float | int) -> Iterator[None]:
    """TimeIsUp, again and again, once the block has worked for so many seconds."""

    def ring(*_: Any) -> None:
        raise TimeIsUp

    signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds, 0.5)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def run(shell: Any, request: Mapping[str, Any], judge: Judge, tell: Callable[..., None]) -> None:
    """Run a notebook's cells, and tell of each exercise what came of it.

    request  cells: sources, of which `first` is the place of the first; given: names that the
             book's cells have bound already; checked: for each cell the numbers of the exercises
             that it checks; exercises: {number: names that the reader has to bind}; seconds: of
             work, a cell
    tell     is called with a cell's place before it runs, and with that and its error, or '', after
             it; with the exercise that it judges, and with that, its state, a line, a figure and
             the hash of what judged
    """
    held = guarded()
    exercises = {int(number): set(names) for number, names in request["exercises"].items()}
    book = {name: shell.user_ns[name] for name in request["given"] if name in shell.user_ns}
    states: dict[int, str] = {}

    def judged(number: int) -> None:
        own = {name: value for name, value in book.items() if name not in exercises[number]}
        tell(judges=number)
        figure, by = "", ""
        try:
            with clock(request["seconds"]):
                state, line, figure, by = judge(number, {**shell.user_ns, **own}, exercises[number])
        except TimeIsUp:
            state, line = "wrong", f"not yet. It works for over {request['seconds']:g} s."
        except BaseException as error:  # such as SystemExit, out of the reader's own function
            state, line = "wrong", f"not yet. It raises {type(error).__name__}."
        if changed := replaced(held):
            state, line = "unknown", f"the notebook replaces {changed[0]}: look at it yourself."
        if state == "open" and states.get(number) not in (None, "open"):
            tell(kept=number)
            return
        states[number] = state
        tell(exercise=number, state=state, line=line[:_LONGEST_LINE], figure=figure, by=by)

    for place, source in enumerate(request["cells"]):
        checked = [number for number in request["checked"][place] if number in exercises]
        runs = not (checked and _only_checks(source))
        if runs:
            tell(cell=request["first"] + place)
            error = error_of(shell, source, request["seconds"])
            tell(cell=request["first"] + place, error=error)
        for number in checked:
            if states.get(number) != "right":
                judged(number)
    for number in exercises:
        if states.get(number) != "right":
            judged(number)


def _only_checks(source: str) -> bool:
    """Whether a cell does nothing but check answers."""
    lines = [line.partition("#")[0].strip() for line in source.splitlines()]
    return all(re.fullmatch(r"""check\(["']?[0-9.]+["']?\)""", line) for line in lines if line)


def error_of(shell: Any, source: str, seconds: float | int) -> str:
    """Run a cell; what it raises, or ''."""
    try:
        with clock(seconds):
            done = shell.run_cell(source, silent=True)
        error = done.error_before_exec or done.error_in_exec
    except BaseException as late:  # between two of IPython's own lines
        error = late
    # Another profile would take hours, and another folder is not for this to write into.
    for name, value in (("profile", os.environ.get("POSEBOOK_PROFILE")), ("out_dir", None)):
        if isinstance(shell.user_ns.get(name), str):
            shell.user_ns[name] = value
    if error is None:
        return ""
    if isinstance(error, TimeIsUp):
        return f"it works for over {seconds:g} s"
    return _OF_CELL.sub(_without_file, " ".join(f"{type(error).__name__}: {error}".split()))[:200]


def _without_file(found: re.Match) -> str:
    """IPython calls a cell `<ipython-input-28-5d1a>`: only the line in it says something."""
    return f"({found[1]})" if found[1] else "the cell"


def new_shell() -> Any:
    """What runs cells: IPython without a kernel, so that magics and `!` work."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    config.InteractiveShell.colors = "nocolor"
    shell = InteractiveShell.instance(config=config)
    shell.ask_exit = lambda: None  # `exit()` is not worth an error
    shell.enable_gui = lambda gui=None: None  # `%matplotlib inline` asks for it
    return shell


def keep_few_processes() -> None:
    """From now on a process and those that it forks may fork a few times, and no more: a bomb is
    stopped before anybody can look. The limit of the system does not hold for root."""
    count = 0

    def look(event: str, _: Any) -> None:
        nonlocal count
        count += event in ("os.fork", "os.forkpty")
        if count > _MOST_FORKS:
            raise RuntimeError("it starts too many processes")

    sys.addaudithook(look)


def line_of(**words: Any) -> bytes:
    """A line for the other side of a pipe."""
    return json.dumps(words).encode() + b"\n"
