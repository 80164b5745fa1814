"""`posebook course check`: run what a class has handed in, and say what came of each exercise.

Each notebook runs from its first cell to its last, in a process of its own with limits of time and
memory (`supervisor`). That is no sandbox: it may read and write what you may. Run it as a user who
owns nothing that matters.
"""

import ast
import inspect
import os
import queue
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posebook import chapters
from posebook.course import editions
from posebook.course.checking import check_of
from posebook.course.running import Supervisor
from posebook.course.submissions import Submission, collect
from posebook.errors import InputError, printable
from posebook.results import PROFILES

#: Seconds of work that a cell may take at least; the whole notebook so many times as long, and by
#: the clock so many times.
SECONDS, WHOLE, PATIENCE = 60.0, 5, 10
MEMORY = 4 << 30


@dataclass
class Graded:
    """What came of a notebook.

    states   {exercise, such as '6.1': 'right', 'wrong', 'open' (not attempted) or 'unknown'}
    lines    {exercise: what the check says}
    remarks  what else a teacher should know
    """

    of: Submission
    states: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Assignment:
    """A chapter as the class got it.

    before     sources of the book's code cells before the first exercise
    exercises  {number: names that the reader has to bind}
    """

    chapter: chapters.Chapter
    before: list[str]
    exercises: dict[int, list[str]]


def check_class(
    folder: Path,
    *,
    profile: str = "ci",
    seconds: float | int | None = None,
    memory: int = MEMORY,
    jobs: int | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> list[Graded]:
    """Everything in a folder, in the order of `collect`.

    profile  at which the chapters run
    seconds  of work for a cell; None: 60, or twice what the whole chapter takes
    memory   bytes
    jobs     notebooks at once; None: as many as there are cores
    tell     gets a line for each notebook that is done
    """
    if profile not in PROFILES:
        raise InputError(f"profile is '{profile}', expected one of {', '.join(PROFILES)}")
    if not hasattr(os, "fork"):
        raise InputError("students' code cannot be limited on Windows; use Linux, macOS or WSL")
    every = chapters.all_chapters()
    found = [Graded(one) for one in collect(folder, every)]
    for one in found:
        if one.of.why:
            one.remarks.append(one.of.why)
    count = iter(range(1, len(found) + 1))
    for chapter in every:
        mine = [one for one in found if one.of.chapter == chapter.id]
        if mine:
            limits = _limits(chapter, profile, seconds, memory)
            workers = max(1, min(jobs or os.cpu_count() or 1, len(mine)))
            _grade(assignment_of(chapter), mine, profile, limits, workers,
                   lambda one: tell(f"{next(count)} of {len(found)}  {summary(one)}"))  # fmt: skip
    return found


def _limits(
    chapter: chapters.Chapter, profile: str, seconds: float | int | None, memory: int
) -> dict[str, Any]:
    cell = seconds or max(SECONDS, 120 * chapter.minutes[profile])
    return dict(seconds=cell, whole_s=WHOLE * cell, wall_s=PATIENCE * cell, memory=memory)


def summary(one: Graded) -> str:
    """A line about a notebook while others run."""
    counts = {word: list(one.states.values()).count(word) for word in ("right", "wrong", "open")}
    return f"{printable(one.of.path)}: {counts['right']} right, {counts['wrong']} wrong, " + (
        f"{counts['open']} not attempted"
    )


def assignment_of(chapter: chapters.Chapter) -> Assignment:
    """A chapter's exercises, from its text."""
    cells = chapters.load(chapter.source).cells
    found = list(editions.exercises(cells))
    if not found:
        return Assignment(chapter, [], {})
    before = [c.source for c in cells[: found[0].blank] if c.cell_type == "code" and c.source]
    return Assignment(
        chapter, before, {one.number: bound(cells[one.blank].source) for one in found}
    )


def bound(source: str) -> list[str]:
    """Names that a cell binds outside of its functions."""
    names = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            names.append(statement.name)
            continue
        names += [node.id for node in ast.walk(statement)
                  if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]  # fmt: skip
    return names


def _grade(
    assignment: Assignment,
    mine: Sequence[Graded],
    profile: str,
    limits: dict[str, Any],
    workers: int,
    done: Callable[[Graded], None],
) -> None:
    """Run notebooks of one chapter, several at once."""
    waiting: queue.SimpleQueue[Graded] = queue.SimpleQueue()
    for one in mine:
        waiting.put(one)
    shared = any(_follows(one.of, assignment) for one in mine)
    before = assignment.before if shared else []
    told, stopped = threading.Lock(), threading.Event()

    def work() -> None:
        with suppress(queue.Empty):
            supervisor = Supervisor(assignment.chapter.id, profile, before)
            try:
                while not stopped.is_set():
                    one = waiting.get_nowait()
                    supervisor = supervisor.alive()
                    _one(supervisor, assignment, one, limits)
                    with told:
                        done(one)
            finally:
                supervisor.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    finally:  # Ctrl-C: nothing that was started goes on
        stopped.set()
        Supervisor.close_all()


def _follows(one: Submission, assignment: Assignment) -> bool:
    """Whether a notebook's cells before the first exercise are the book's."""
    count = len(assignment.before)
    same = map(_plain, one.cells[:count]), map(_plain, assignment.before)
    return count > 0 and list(same[0]) == list(same[1])


def _plain(source: str) -> list[str]:
    return [line.rstrip() for line in source.strip().splitlines()]


def _one(
    supervisor: Supervisor, assignment: Assignment, one: Graded, limits: dict[str, Any]
) -> None:
    """Run one notebook, and write down what came of it."""
    follows = supervisor.shares and _follows(one.of, assignment)
    first = len(assignment.before) if follows else 0
    cells = list(one.of.cells[first:])
    number = assignment.chapter.number
    checked = [
        [int(name.partition(".")[2]) for name in editions.checks_in(cell)
         if name.partition(".")[0].zfill(2) == number and name.partition(".")[2].isdigit()]
        for cell in cells
    ]  # fmt: skip
    answer = supervisor.ask(
        dict(cells=cells, first=first + 1, shared=follows, checked=checked,
             exercises=assignment.exercises, **limits)
    )  # fmt: skip
    failed = []
    for words in answer["told"]:
        if "error" in words:
            failed.append(f"cell {words['cell']} fails: {printable(words['error'])}")
        elif "exercise" in words:
            name = f"{int(number)}.{words['exercise']}"
            one.states[name], one.lines[name] = words["state"], printable(words["line"])
    if answer["ended"]:
        one.remarks.append(f"ended: {answer['ended']}")
    if not follows:
        one.remarks.append("before the exercises its cells are not the book's")
    one.remarks += failed[:3] + [f"{len(failed) - 3} more cells fail"] * (len(failed) > 3)
    for exercise, names in assignment.exercises.items():
        name = f"{int(number)}.{exercise}"
        if name not in one.states:
            one.states[name], one.lines[name] = "unknown", "not reached."
        elif one.states[name] == "wrong" and _typed_in(name, one.of.cells, names):
            one.lines[name] += " (It was typed in, and may belong to another profile.)"


def _typed_in(exercise: str, cells: Iterable[str], names: Sequence[str]) -> bool:
    """Whether an answer is a number that was not computed, and hangs on what the chapter has."""
    if not set(inspect.signature(check_of(exercise)).parameters) - set(names):
        return False
    for cell in cells:
        with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            for node in ast.parse(cell).body:
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                    number = type(node.value.value) in (int, float)
                    if number and any(getattr(t, "id", "") in names for t in node.targets):
                        return True
    return False
