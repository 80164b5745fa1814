"""`Number`: one measured number with all that it needs to be compared, and what made it."""

import platform
import subprocess
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from typing import Any

from posebook import files, paths
from posebook.files import LINE, NUMBER, WHOLE, by_name, optional

PROFILES = ("ci", "laptop", "full")
#: The profile of a number that was measured on a lifter file, not in a chapter's run.
OF_A_FILE = "lifter"


@dataclass(frozen=True)
class Number:
    """One measured number. `str` gives the line that a reader needs to compare it.

    value      an int where it is only known in whole units
    split      "test"; other key points than the true ones stand here: "test, detector errors"
    chapter    of a lifter file's score: the method, which is the name of the lifter
    baseline   the same protocol's figure for what needs no learning, such as the mean pose
    paper      the paper's figure; `note` says where its protocol differs
    code       the commit it was made with; "" where there was no git
    frames     how many frames the value is a mean over
    by_action  each action's own mean
    """

    metric: str
    value: float | int
    unit: str
    protocol: str
    data: str
    split: str
    method: str
    chapter: str
    profile: str
    seed: int = 0
    device: str = "cpu"
    seconds: float | int | None = None
    versions: dict[str, str] = field(default_factory=dict)
    baseline: float | int | None = None
    paper: float | int | None = None
    note: str = ""
    code: str = ""
    frames: int | None = None
    by_action: dict[str, float] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """What the ledger files it under: chapter/method/data/split/metric, then the profile
        after an @ where it is not `laptop`, and the seed where it is not 0."""
        words = [self.chapter, self.method, self.data, self.split, self.metric]
        key = "/".join("-".join(word.lower().split()) for word in words)
        key += "" if self.profile == "laptop" else f"@{self.profile}"
        return key + ("" if self.seed == 0 else f"#{self.seed}")

    def __str__(self) -> str:
        return (
            f"{self.text} {self.metric}, {self.protocol}, {self.data} {self.split}, "
            f"{self.profile} profile, seed {self.seed}"
        )

    @property
    def text(self) -> str:
        """Value and unit, as they are printed everywhere."""
        return text_of(self.value, self.unit)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; what is empty is left out."""
        return {k: v for k, v in asdict(self).items() if k in _REQUIRED or v not in (None, "", {})}

    @classmethod
    def from_dict(cls, record: Any) -> "Number":
        """A number of what `to_dict` gave; an InputError says which field is not as it was."""
        expected = "a results record with the fields " + ", ".join(_KINDS)
        return cls(**files.check(record, _KINDS, _REQUIRED, "a number", expected))


_REQUIRED = [f.name for f in fields(Number) if f.default is f.default_factory is MISSING]
#: What each field may be where a record is read back.
_KINDS = {f.name: LINE for f in fields(Number)} | {
    "value": NUMBER,
    "seed": WHOLE,
    "seconds": optional(NUMBER),
    "versions": by_name(LINE),
    "baseline": optional(NUMBER),
    "paper": optional(NUMBER),
    "frames": optional(WHOLE),
    "by_action": by_name(NUMBER),
}


def text_of(value: float | int | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if isinstance(value, int) else 1 if abs(value) >= 1 else 3
    return f"{value:.{digits}f} {unit}".rstrip()


@cache
def versions() -> dict[str, str]:
    """Of what a number depends on, by name."""
    names = ("posebook", "torch", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


@cache
def code() -> str:
    """The commit of the checkout, "-dirty" after it where files differ; "" without git."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    try:
        found = subprocess.run(command, cwd=paths.CHECKOUT, capture_output=True, text=True)
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""
