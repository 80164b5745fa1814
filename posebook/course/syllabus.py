"""Which chapters in which week, and the text that says so."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from posebook import chapters
from posebook.chapters import Chapter
from posebook.course import editions, teaching
from posebook.errors import InputError

LEVELS = {
    "beginner": ("beginner", "intermediate"),
    "researcher": ("beginner", "intermediate", "advanced"),
}
#: How fast a text like this is read, and how long an exercise takes: for dividing into weeks.
WORDS_A_MINUTE, MINUTES_AN_EXERCISE = 150, 15
_LINES = re.DOTALL | re.MULTILINE


@dataclass(frozen=True)
class Unit:
    """A chapter as a part of a course."""

    chapter: Chapter
    notebook: Any
    words: teaching.Teaching

    @cached_property
    def exercises(self) -> list[editions.Exercise]:
        return list(editions.exercises(self.notebook.cells))

    @cached_property
    def reading_minutes(self) -> int:
        text = " ".join(c.source for c in self.notebook.cells if c.cell_type == "markdown")
        return 5 * max(1, round(len(text.split()) / WORDS_A_MINUTE / 5))

    @cached_property
    def goal(self) -> str:
        """The first thing that one can do after the chapter; '' where it has no goals."""
        cells = (c.source for c in self.notebook.cells if "goals" in editions.tags_of(c))
        found = re.search(r"^\* (.+?)[;.]?\s*(?=^\* |\Z)", next(cells, ""), _LINES)
        return " ".join(found[1].split()) if found else ""

    @property
    def work(self) -> float:
        """Minutes of reading, running and exercises, about."""
        run = self.chapter.minutes["laptop"]
        return self.reading_minutes + run + MINUTES_AN_EXERCISE * len(self.exercises)


def picked(level: str | None, names: str | None) -> list[Chapter]:
    """Chapters of a level with all that they build on, or those that are named, by number.

    level  'beginner', 'researcher' (the default)
    names  such as '1-6,17'; ids, too
    """
    every = chapters.all_chapters()
    if level and names:
        raise InputError("--level and --chapters: give one of them")
    if level not in (None, *LEVELS):
        raise InputError(f"--level {level}: expected {' or '.join(LEVELS)}")
    if not names:
        wanted = {one.id for one in every if one.level in LEVELS[level or "researcher"]}
        while more := {p for one in every if one.id in wanted for p in one.prerequisites} - wanted:
            wanted |= more
        return [one for one in every if one.id in wanted]
    numbers = {int(one.number): one.id for one in every}
    ids: set[str] = set()
    for part in map(str.strip, names.split(",")):
        ends = re.fullmatch(r"([0-9]{1,2})(?:\s*-\s*([0-9]{1,2}))?", part)
        first, last = (int(ends[1]), int(ends[2] or ends[1])) if ends else (1, 0)
        if part in numbers.values():
            ids.add(part)
        elif first <= last and {first, last} <= numbers.keys():
            ids |= {name for number, name in numbers.items() if first <= number <= last}
        else:
            there = f"there are chapters {min(numbers)} to {max(numbers)}"
            raise InputError(f"--chapters: no chapter '{part}'; {there}, expected such as 1-6,13")
    return [one for one in every if one.id in ids]


def in_weeks(units: Sequence[Unit], weeks: int) -> list[list[Unit]]:
    """Divide chapters, in their order, so that the fullest week is as light as it can be."""
    if not 1 <= weeks <= len(units):
        most = f"1 to {len(units)}" if len(units) > 1 else "1"
        raise InputError(f"--weeks {weeks}: expected {most}, since a week has a chapter")
    work = [unit.work for unit in units]
    best: dict[tuple[int, int], tuple[float, int]] = {(0, 0): (0.0, 0)}
    for week in range(1, weeks + 1):
        for end in range(week, len(units) + 1):
            best[week, end] = min(
                (max(best[week - 1, start][0], sum(work[start:end])), start)
                for start in range(week - 1, end)
                if (week - 1, start) in best
            )
    ends = [len(units)]
    for week in range(weeks, 0, -1):
        ends.append(best[week, ends[-1]][1])
    return [list(units[a:b]) for b, a in zip(ends, ends[1:], strict=False)][::-1]


def text(plan: Sequence[Sequence[Unit]]) -> str:
    """The syllabus as Markdown."""
    units = [unit for week in plan for unit in week]
    lines = [
        "# Syllabus", "",
        f"{counted(len(units), 'chapter')}, {counted(len(plan), 'week')}. Reading is estimated at "
        f"{WORDS_A_MINUTE} words a minute. Minutes to run are the chapter's own, measured on two "
        "CPU cores: at `laptop`, the default, and at `ci`, which is for a quick look.",
    ]  # fmt: skip
    if missing := assumed(units):
        lines += ["", "Assumed, and not in this course: " + ", ".join(map(_named, missing)) + "."]
    for number, week in enumerate(plan, 1):
        lines += ["", f"## Week {number}", "", *_goals(week), *_table(week), "", _total(week), ""]
        lines += [*_handed_in(week, number), *_project(week)]
    return "\n".join(lines) + "\n"


def counted(count: int, word: str) -> str:
    """'1 week', '2 weeks'"""
    return f"{count} {word}{'s' * (count != 1)}"


def assumed(units: Sequence[Unit]) -> list[Chapter]:
    """Chapters that those of a course build on, and what these do, which are not in it."""
    every = {one.id: one for one in chapters.all_chapters()}
    here = {unit.chapter.id for unit in units}
    needed = set(here)
    while more := {name for one in needed for name in every[one].prerequisites} - needed:
        needed |= more
    return [one for one in every.values() if one.id in needed - here]


def option_of(wanted: Sequence[Chapter]) -> str:
    """What --chapters is given for them: '1-6,13'."""
    numbers = sorted(int(one.number) for one in wanted)
    starts = [n for n in numbers if n - 1 not in numbers]
    ends = [n for n in numbers if n + 1 not in numbers]
    return ",".join(f"{a}-{b}" if a < b else f"{a}" for a, b in zip(starts, ends, strict=True))


def _goals(week: Sequence[Unit]) -> list[str]:
    goals = [f"{unit.goal} ({int(unit.chapter.number)})" for unit in week if unit.goal]
    return (
        [f"**After the week you can**, among other things: {'; '.join(goals)}.", ""]
        if goals
        else []
    )


def _total(week: Sequence[Unit]) -> str:
    exercises = sum(len(unit.exercises) for unit in week)
    total = sum(unit.work for unit in week)
    return (
        f"**About {max(1, round(total / 30)) / 2:g} hours**, without the project: reading "
        f"{sum(unit.reading_minutes for unit in week)} min, running "
        f"{sum(unit.chapter.minutes['laptop'] for unit in week):g} min at `laptop`, "
        f"{counted(exercises, 'exercise')} at about {MINUTES_AN_EXERCISE} min."
    )


def _handed_in(week: Sequence[Unit], number: int) -> list[str]:
    notebooks = ", ".join(f"`{unit.chapter.source.stem}.ipynb`" for unit in week if unit.exercises)
    if not notebooks:
        return []
    what = f"from `student/week{number}/`, with the exercises answered"
    project = ", and the project" if project_of(week) else ""
    return [f"**Handed in:** {notebooks} {what}{project}.", ""]


def _table(week: Sequence[Unit]) -> list[str]:
    lines = [
        "| chapter | level | builds on | reading | to run: laptop, ci | exercises |",
        "|---|---|---|---|---|---|",
    ]
    numbers = {one.id: int(one.number) for one in chapters.all_chapters()}
    for unit in week:
        chapter = unit.chapter
        needs = ", ".join(str(numbers[name]) for name in chapter.prerequisites) or "nothing"
        names = ", ".join(one.name for one in unit.exercises) or "none"
        lines.append(
            f"| {_named(chapter)} | {chapter.level} | {needs} | {unit.reading_minutes} min "
            f"| {chapter.minutes['laptop']:g} min, {chapter.minutes['ci']:g} min | {names} |"
        )
    return lines


def project_of(week: Sequence[Unit]) -> Unit | None:
    """The chapter whose project is the week's: the last that has one."""
    return next((unit for unit in reversed(week) if unit.words.project[0]), None)


def _project(week: Sequence[Unit]) -> list[str]:
    unit = project_of(week)
    if unit is None:
        return ["No project has been written for this week."]
    title, task = unit.words.project
    return [f"**Project: {title}** (after chapter {int(unit.chapter.number)})", "", task]


def _named(chapter: Chapter) -> str:
    return f"{int(chapter.number)} · {chapter.title}"
