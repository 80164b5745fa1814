"""People in a row of pictures as a file writes them, before they are followed and named."""

from dataclasses import dataclass, field
from typing import Any

from posebook.datasets.readers.person_points import Points


@dataclass
class Film:
    """People in a row of pictures, as written.

    keys        one per frame, in order: a file name or a number
    when        per person, the index of its frame in `keys`
    people      per person, its `Points`
    identities  per person, the file's track number or name; None where it has none
    note        what was assumed about the pictures, or ''
    """

    where: str
    name: str = ""
    size_px: tuple[int, int] | None = None
    fps: Any = None
    names: list[str] | None = None
    keys: list[str] = field(default_factory=list)
    when: list[int] = field(default_factory=list)
    people: list[Points] = field(default_factory=list)
    identities: list[Any] = field(default_factory=list)
    note: str = ""

    def frame(self, key: Any) -> None:
        """Begin a frame; the people added next are in it."""
        self.keys.append(str(key))

    def add(self, points: Points | None, identity: Any = None) -> None:
        """Somebody in the frame begun last; None: nobody."""
        if points is not None:
            self.when.append(len(self.keys) - 1)
            self.people.append(points)
            self.identities.append(identity_of(identity))


def identity_of(value: Any) -> int | str | None:
    """A track number or a name as files write it: 3, 3.0, '3', [3.0], 'mouse_1'; None for none."""
    if isinstance(value, list | tuple) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        value = value.strip()
        try:
            value = float(value)
        except ValueError:
            return value[:60] if value and value.lower() not in ("nan", "none", "null") else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float) and not value.is_integer():
        return None
    return int(value) if 0 <= value < 1 << 62 else None
