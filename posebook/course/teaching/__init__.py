"""What a teacher wants beside a chapter: one text for each, `<chapter>.md` in this folder.

A text has four parts, each below a heading of its own:

    # Hints                    and below it `## 1`, ...: a paragraph a hint, the mildest first
    # What students get wrong
    # For discussion           two questions, each with what a good answer says
    # Project: its title       the task, and a table with the points
"""

import re
from dataclasses import dataclass
from pathlib import Path

from posebook.errors import InputError

FOLDER = Path(__file__).parent
_PARTS = ("Hints", "What students get wrong", "For discussion", "Project")


@dataclass(frozen=True)
class Teaching:
    """hints     {number of the exercise: its hints, the mildest first}
    wrong        what students get wrong, Markdown
    discussion   two questions with what a good answer says, Markdown
    project      (title, the task and its rubric in Markdown)
    """

    hints: dict[int, list[str]]
    wrong: str
    discussion: str
    project: tuple[str, str]

    @property
    def questions(self) -> list[str]:
        """The questions for discussion, without what a good answer says."""
        found = re.split(r"^[0-9]\. ", self.discussion, flags=re.MULTILINE)[1:]
        return [" ".join(one.partition("*A good answer")[0].split()) for one in found]


def of(chapter: str, folder: Path = FOLDER) -> Teaching:
    """The text of a chapter, by its id; empty where nobody has written one.

    InputError where a text has another heading than the four.
    """
    file = folder / f"{chapter}.md"
    if not file.exists():
        return Teaching({}, "", "", ("", ""))
    parts = _sections(file.read_text(encoding="utf-8"), "# ")
    title = next((name for name in parts if name.startswith("Project: ")), "")
    known = [title if name == "Project" else name for name in _PARTS]
    if list(parts) != known:
        raise InputError(f"{file.name}: its headings are {', '.join(parts)}; expected {_PARTS}")
    hints = {
        int(number): [" ".join(one.split()) for one in text.split("\n\n")]
        for number, text in _sections(parts["Hints"], "## ").items()
    }
    return Teaching(
        hints,
        parts["What students get wrong"],
        parts["For discussion"],
        (title.removeprefix("Project: "), parts[title]),
    )


def _sections(text: str, mark: str) -> dict[str, str]:
    """{heading: what stands below it}, for headings of one rank."""
    pieces = re.split(f"^{mark}(.*)$", text, flags=re.MULTILINE)[1:]
    return {
        name.strip(): below.strip() for name, below in zip(pieces[::2], pieces[1::2], strict=True)
    }
