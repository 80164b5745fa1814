"""`posebook course check`: run what a class has handed in, and say what came of each exercise.

Each notebook runs from its first cell to its last, in a process of its own with limits of time and
memory (`supervisor`). That is no sandbox: it may read and write what you may. Run it as a user who
owns nothing that matters.
"""

import itertools
import os
import queue
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posebook import chapters
from posebook.course.assignment import Assignment, assignment_of, first_line, typed_in
from posebook.course.running import Supervisor
from posebook.course.submissions import Submission, collect
from posebook.errors import InputError, printable
from posebook.results import PROFILES

#: Seconds of work that a cell may take at least; the whole notebook so many times as long, and by
#: the clock so many times.
SECONDS, WHOLE, PATIENCE = 60.0, 5, 10
MEMORY = 4 << 30
IN_WORDS = {
    "right": "right", "wrong": "wrong", "fails": "failing", "open": "not attempted",
    "unknown": "could not be judged",
}  # fmt: skip
_TOUCHED = "the notebook replaces the checks: look at it yourself."
_NO_ANSWER = "right without an answer: look at it yourself."
_NOT_DEFINED = re.compile(r"name '(\w+)' is not defined")


@dataclass
class Graded:
    """What came of a notebook.

    states   {exercise, such as '6.1': 'right', 'wrong', 'open' (not attempted), 'fails' (it was
             attempted, and its cell raises) or 'unknown'}
    lines    {exercise: what the check says}
    figures  {exercise: what refutes a wrong answer, as plotly's JSON}
    remarks  what else a teacher should know
    failing  how many cells fail that are no answer which does
    points   {exercise: what a right answer is worth}
    asks     {exercise: its first words}
    """

    of: Submission
    states: dict[str, str] = field(default_factory=dict)
    lines: dict[str, str] = field(default_factory=dict)
    figures: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    failing: int = 0
    points: dict[str, int] = field(default_factory=dict)
    asks: dict[str, str] = field(default_factory=dict)

    @property
    def right(self) -> list[str]:
        return [name for name, state in self.states.items() if state == "right"]

    @property
    def scored(self) -> int:
        """Points for what is right."""
        return sum(self.points.get(name, 1) for name in self.right)

    @property
    def most(self) -> int:
        return sum(self.points.get(name, 1) for name in self.states)


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
    copies = Counter((one.of.student, one.of.chapter) for one in found if one.of.chapter)
    run, count = sum(copies.values()), itertools.count(1)
    for chapter in every:
        mine = [one for one in found if one.of.chapter == chapter.id]
        if mine:
            limits = _limits(chapter, profile, seconds, memory)
            workers = max(1, min(jobs or os.cpu_count() or 1, len(mine)))
            _grade(assignment_of(chapter), mine, profile, limits, workers,
                   lambda one: tell(f"{next(count)} of {run}  {summary(one)}"))  # fmt: skip
    for one in found:
        if copies[one.of.student, one.of.chapter] > 1:
            one.remarks.append("one of several of this student's for the chapter: which counts?")
    return found


def _limits(
    chapter: chapters.Chapter, profile: str, seconds: float | int | None, memory: int
) -> dict[str, Any]:
    cell = seconds or max(SECONDS, 120 * chapter.minutes[profile])
    return dict(seconds=cell, whole_s=WHOLE * cell, wall_s=PATIENCE * cell, memory=memory)


def summary(one: Graded) -> str:
    """A line about a notebook while others run."""
    counts = Counter(one.states.values())
    said = [f"{counts[state]} {words}" for state, words in IN_WORDS.items()
            if counts[state] or state not in ("fails", "unknown")]  # fmt: skip
    return f"{printable(one.of.path)}: {', '.join(said)}"


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
    shared = any(assignment.begins(one.of.cells) for one in mine)
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
                    if stopped.is_set():
                        return
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


def _one(
    supervisor: Supervisor, assignment: Assignment, one: Graded, limits: dict[str, Any]
) -> None:
    """Run one notebook, and write down what came of it."""
    from posebook.course import attempt  # not on Windows

    cells = one.of.cells
    follows = supervisor.shares and assignment.begins(cells)
    first = len(assignment.before) if follows else 0
    checked = [assignment.checked(cell) for cell in cells[first:]]
    answer = supervisor.ask(
        dict(cells=list(cells[first:]), first=first, shared=follows, checked=checked,
             exercises=assignment.exercises, **limits)
    )  # fmt: skip
    by = attempt.hash_of(assignment.chapter.id)
    runs, judges, failed, found, drawn = None, None, {}, {}, {}
    for words in answer["told"]:
        judges = words.get("judges")
        if "cell" in words:
            runs = None if "error" in words else words["cell"]
            if words.get("error"):
                failed[words["cell"]] = printable(words["error"])
        elif "exercise" in words:
            known = words["state"] != "right" or words["by"] == by
            found[words["exercise"]] = (
                (words["state"], printable(words["line"])) if known else ("unknown", _TOUCHED)
            )
            drawn[words["exercise"]] = words["figure"]
    if answer["ended"] and runs is not None:
        failed[runs] = answer["ended"]
    elif answer["ended"] and judges is None:
        one.remarks.append(f"ended: {answer['ended']}")
    if not cells:
        one.remarks.append("no code in it")
    elif not follows:
        one.remarks.append("before the exercises its cells are not the book's")
    owners: dict[int, str] = {}
    for exercise, places in assignment.cells_of(cells).items():
        name, names = assignment.named(exercise), assignment.exercises[exercise]
        mine = [place for place in places if place in failed]
        owners |= dict.fromkeys(mine, f" of exercise {name}")
        state, line = found.get(exercise, ("unknown", "not reached."))
        failing = mine and (state in ("open", "absent") or exercise not in found)
        if exercise == judges:
            state, line = "fails", f"when it is checked, {answer['ended']}"
        elif failing:
            state, line = "fails", f"its cell fails: {failed.pop(mine[-1])}"
        elif state == "absent":
            why = assignment.why_gone(exercise, line, cells)
            state = "unknown"
            line = f"{why or f'{line} is not there: a cell above is missing or fails'}."
        elif state == "right" and not assignment.touched(exercise, cells):
            state, line = "unknown", _NO_ANSWER
        elif state == "wrong" and " is expected" not in line and typed_in(name, cells, names):
            line += " (It was typed in, and may belong to another profile.)"
        undefined = _NOT_DEFINED.search(line) if state in ("fails", "wrong") else None
        if undefined and (why := assignment.why_gone(exercise, undefined[1], cells)):
            line += f" ({why[0].upper()}{why[1:]}.)"
        one.states[name], one.lines[name] = state, line
        one.points[name] = assignment.points.get(exercise, 1)
        one.asks[name] = assignment.asks.get(exercise, "")
        if state == "wrong" and drawn.get(exercise):
            one.figures[name] = drawn[exercise]
    said = [f'the cell "{printable(first_line(cells[place]))}"{owners.get(place, "")} '
            f'{"ended: " if place == runs else "fails: "}{error}'
            for place, error in failed.items()]  # fmt: skip
    one.failing = len(said)
    one.remarks += said[:3] + [f"{len(said) - 3} more cells fail"] * (len(said) > 3)
