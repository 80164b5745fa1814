"""A chapter as a class got it, and which cells of a student's notebook belong to which exercise.

Cells are told by their text: students add, move, empty and delete them.
"""

import ast
import inspect
import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property

from posebook import chapters
from posebook.course import editions
from posebook.course.checking import check_of

#: What `ast.parse` raises for text that is no Python.
_NO_PYTHON = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Assignment:
    """before     sources of the book's code cells before the first exercise
    exercises  {number: names that the reader has to bind}
    released   sources of all code cells of the student edition
    given      {number: {name: line of the exercise's cell that binds it, and is no blank}}
    points     {number: what it is worth}
    asks       {number: the first words of its text}
    """

    chapter: chapters.Chapter
    before: list[str]
    exercises: dict[int, list[str]]
    released: list[str]
    given: dict[int, dict[str, str]] = field(default_factory=dict)
    points: dict[int, int] = field(default_factory=dict)
    asks: dict[int, str] = field(default_factory=dict)

    def named(self, number: int) -> str:
        """2 -> '6.2'"""
        return f"{int(self.chapter.number)}.{number}"

    def checked(self, source: str) -> list[int]:
        """Numbers of this chapter's exercises that a cell checks."""
        parts = [name.partition(".")[::2] for name in editions.checks_in(source)]
        return [int(number) for chapter, number in parts
                if chapter.zfill(2) == self.chapter.number and number.isdigit()]  # fmt: skip

    def begins(self, cells: Sequence[str]) -> bool:
        """Whether cells before the first exercise are the book's."""
        count = len(self.before)
        return count > 0 and list(map(_plain, cells[:count])) == list(map(_plain, self.before))

    @cached_property
    def _books(self) -> set[str]:
        return set(map(_meant, self.released))

    def cells_of(self, cells: Sequence[str]) -> dict[int, list[int]]:
        """{exercise: places of the reader's own cells for it}, in order.

        A cell is an exercise's if it binds one of its names, or stands between such a cell (the
        blank) and the check. Where there is no blank, the cells just before the check are.
        A cell that the reader has left as it was is nobody's.
        """
        checks = [self.checked(cell) for cell in cells]
        theirs = [_meant(cell) not in self._books for cell in cells]
        found = {}
        for number, names in self.exercises.items():
            starts = {place for place, cell in enumerate(cells) if binds(cell, names)}
            places = set(starts)
            for end in (place for place, numbers in enumerate(checks) if number in numbers):
                begin = max((p + 1 for p in range(end) if set(checks[p]) - {number}), default=0)
                first = min((p for p in starts if begin <= p < end), default=None)
                if first is None:
                    first = end
                    while first > begin and theirs[first - 1]:
                        first -= 1
                places |= set(range(first, end))
            found[number] = sorted(place for place in places if theirs[place])
        return found

    def touched(self, number: int, cells: Iterable[str]) -> bool:
        """Whether any cell of the reader's own speaks of what an exercise asks for."""
        one = re.compile(rf"\b(?:{'|'.join(map(re.escape, self.exercises[number]))})\b")
        return any(one.search(cell) and _meant(cell) not in self._books for cell in cells)

    def why_gone(self, number: int, name: str, cells: Iterable[str]) -> str:
        """Why a name is not there; '' where that lies with the cells above the exercise."""
        if name not in self.exercises[number] or any(binds(cell, [name]) for cell in cells):
            return ""
        if line := self.given.get(number, {}).get(name):
            return f"the line `{line}` of the exercise's cell is gone"
        return f"`{name}` is not there, and the exercise asks for it"


def assignment_of(chapter: chapters.Chapter) -> Assignment:
    """A chapter's exercises, from its text."""
    book = chapters.load(chapter.source)
    found = list(editions.exercises(book.cells))
    first = found[0].blank if found else 0
    before = [c.source for c in book.cells[:first] if c.cell_type == "code" and c.source]
    names = {one.number: bound(book.cells[one.blank].source) for one in found}
    released = [c.source for c in editions.student(book).cells if c.cell_type == "code"]
    given = {one.number: _given(book.cells[one.blank].source) for one in found}
    points = {one.number: one.points for one in found}
    asks = {}
    for text in (cell.source for cell in book.cells if cell.cell_type == "markdown"):
        for one in editions.TASK.finditer(text):
            asks[int(one[1])] = first_words(text[one.end() :])
    return Assignment(chapter, before, names, released, given, points, asks)


def _given(source: str) -> dict[str, str]:
    """{name: its line} of what a blank's cell binds to something; a longer line is cut."""
    lines = {}
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign | ast.AnnAssign):
            text = ast.get_source_segment(source, statement) or ""
            constants = [one for one in ast.walk(statement) if isinstance(one, ast.Constant)]
            if all(one.value is not None for one in constants):
                lines |= dict.fromkeys(bound(text), _cut(text.splitlines()[0]))
    return lines


def bound(source: str) -> list[str]:
    """Names that a cell binds outside of its functions."""
    names = []
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(statement.name)
            continue
        names += [node.id for node in ast.walk(statement)
                  if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]  # fmt: skip
    return names


def binds(source: str, names: Iterable[str]) -> bool:
    """Whether a cell binds one of the names, or tries to, be it Python or not."""
    with suppress(*_NO_PYTHON):
        return not set(names).isdisjoint(bound(source))
    one = "|".join(map(re.escape, names))
    tried = rf"^\s*(?:def|class)\s+(?:{one})\b|\b(?:{one})\b[^=\n(]*=(?!=)"
    return bool(one) and bool(re.search(tried, source, re.MULTILINE))


def typed_in(exercise: str, cells: Iterable[str], names: Sequence[str]) -> bool:
    """Whether an answer is a number that was not computed, and hangs on what the chapter has."""
    if not set(inspect.signature(check_of(exercise)).parameters) - set(names):
        return False
    for cell in cells:
        with suppress(*_NO_PYTHON):
            for node in ast.parse(cell).body:
                if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
                    number = type(node.value.value) in (int, float)
                    if number and any(getattr(t, "id", "") in names for t in node.targets):
                        return True
    return False


def first_line(source: str) -> str:
    """What a reader knows a cell by: its first line that is no comment, cut."""
    lines = [line.strip() for line in source.splitlines() if line.strip()]
    line = next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")
    return _cut(line)


def first_words(text: str) -> str:
    """How a Markdown text begins, without its marks."""
    words = re.sub(r"[`*$]|\]\([^)]*\)|\[(?=[^]]*\]\()", "", text.partition("\n\n")[0]).split()
    return " ".join(words if len(words) <= 20 else [*words[:20], "..."])


def _cut(line: str) -> str:
    return line if len(line) <= 60 else f"{line[:57]}..."


def _plain(source: str) -> list[str]:
    return [line.rstrip() for line in source.strip().splitlines()]


def _meant(source: str) -> str:
    """What cells have in common that differ in comments and blanks alone."""
    with suppress(*_NO_PYTHON):
        return ast.dump(ast.parse(source))
    return "\n".join(_plain(source))
