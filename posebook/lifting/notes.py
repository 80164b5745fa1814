"""Notes: what was assumed, filled or invented on the way from key points to a pose, as data."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from posebook.errors import printable


@dataclass(frozen=True)
class Note:
    """One thing that whoever uses a pose has to know.

    kind    what it is about: "gaps", "joints", "camera", ...; `str` puts it before the text
    text    sentences for people
    counts  the numbers in it for programs, such as {"frames": 3, "of": 40}
    empty   the frames it is about have no pose
    """

    kind: str
    text: str
    counts: Mapping[str, int] = field(default_factory=dict)
    empty: bool = False

    def __post_init__(self):
        object.__setattr__(self, "text", printable(self.text))

    def __str__(self) -> str:
        return f"{self.kind[:1].upper()}{self.kind[1:]}: {self.text}"


def of_input(texts: Iterable[str]) -> tuple[Note, ...]:
    """What a reader had to say about its file, one note a sentence."""
    return tuple(Note("input", text) for text in texts)
