"""The page of a class: its tables, and a section for each student to be printed or sent."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from posebook import chapters, paths
from posebook.course import marks
from posebook.course.grading import IN_WORDS, Graded
from posebook.errors import printable
from posebook.figures import pages
from posebook.figures.showing import plotly_bundle, untitled
from posebook.tables import Table


def write(path: str | Path, graded: Sequence[Graded], *, folder: Path, profile: str) -> str:
    """Write one HTML page, and say what it has.

    folder, profile  of the class, and at which its notebooks ran: the page says them
    """
    students = sorted({one.of.student for one in graded if one.of.chapter})
    headings = [pages.Heading(printable(name), f"student-{number}")
                for number, name in enumerate(students, 1)]  # fmt: skip
    parts: list[pages.Part] = [_totals(graded, len(students), folder, profile)]
    for title, _, _, rows in marks.by_chapter(graded):
        head, *others = [[*row[:1], *(cell.replace(" ", "\N{NO-BREAK SPACE}") for cell in row[1:])]
                         for row in rows]  # fmt: skip
        parts += [pages.Heading(title), Table(head, others)]
    parts.append(marks.LEGEND)
    for block in marks.others(graded):
        parts += block.splitlines()
    parts += [pages.Heading("Students"), pages.Contents(headings)] if headings else []
    for name, heading in zip(students, headings, strict=True):
        parts += [heading, *_student([one for one in graded if one.of.student == name])]
    drawn = sum(isinstance(part, pages.Picture) for part in parts)
    made = pages.page(path, "What came of the class", parts)
    figures = f", with {drawn} figure{'s' * (drawn > 1)}" if drawn else ""
    return f"{paths.shown(made)}: a section for each student{figures}"


def _totals(graded: Sequence[Graded], students: int, folder: Path, profile: str) -> str:
    ran = [one for one in graded if one.of.chapter]
    counts = Counter(state for one in ran for state in one.states.values())
    said = [f"{counts[state]} {words}" for state, words in IN_WORDS.items() if counts[state]]
    return (
        f"{time.strftime('%Y-%m-%d %H:%M')}, {printable(folder)}, profile {profile}. "
        f"Students: {students}; notebooks: {len(ran)}; answers: {', '.join(said) or 'none'}. "
        f"Points: {sum(one.scored for one in ran)} of {sum(one.most for one in ran)}."
    )


def _student(mine: Sequence[Graded]) -> Iterator[pages.Part]:
    """All that one student has handed in."""
    ran = [one for one in mine if one.of.chapter]
    if len(ran) > 1:
        right, exercises = sum(len(one.right) for one in ran), sum(len(one.states) for one in ran)
        points, most = sum(one.scored for one in ran), sum(one.most for one in ran)
        yield f"In all: {right} of {exercises} right, {points} of {most} points."
    for one in ran:
        chapter = chapters.find(one.of.chapter)
        named = f"{int(chapter.number)} {chapter.title} ({printable(one.of.path)})"
        points = f"{one.scored} of {one.most} points"
        names = sorted(one.states, key=marks.number)
        rows = [[name, one.asks.get(name, ""), _IN_ROW.get(one.states[name], one.states[name]),
                 _plain(one.lines.get(name, "")) if one.states[name] in marks.EXPLAINED else ""]
                for name in names]  # fmt: skip
        caption = f"{named}: {len(one.right)} of {len(names)} right, {points}"
        head = ["exercise", "asks", "answer", "what speaks against it"]
        columns = 4 if any(row[3] for row in rows) else 3
        yield Table(head[:columns], [row[:columns] for row in rows], caption)
        if one.remarks:
            yield f"Of the notebook: {_plain('; '.join(one.remarks))}."
        for name in names:
            if figure := _figure(one.figures.get(name, "")):
                line = _plain(one.lines.get(name, ""))
                yield f"To {name}:"
                yield pages.Picture(figure, f"{name}: {line}")
    for one in mine:
        if not one.of.chapter:
            yield f"{printable(one.of.path)}: {one.of.why}"


_IN_ROW = {"open": "not attempted", "fails": "fails", "unknown": "not judged"}


def _plain(text: str) -> str:
    """Without the marks of Markdown, which a page does not render."""
    return text.replace("`", "")


def _figure(text: str) -> Any:
    """What a notebook's process drew; None where it is none, since it may have written anything."""
    from plotly import io

    with suppress(ValueError, TypeError, KeyError, AttributeError):
        figure = io.from_json(text, skip_invalid=True) if text else None
        if figure is not None:
            plotly_bundle(untitled(figure)[0])
        return figure
    return None
