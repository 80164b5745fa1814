"""Every number with its protocol: what a run writes, and what the book may print of it.

A `Number` is the one shape of it: a line of a run's `results.json`, of `posebook evaluate --json`,
of a lifter file's header, and of `data/ledger.jsonl`, which keeps the numbers that the book and its
pages print. Such a number enters a chapter only through `ledger(key)`, and a page only through
`tools/build_pages.py`.
"""

import csv
import io
import json
import math
import platform
import subprocess
import time
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from posebook import paths, tables
from posebook.errors import InputError

LEDGER = paths.DATA / "ledger.jsonl"
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
        return _text(self.value, self.unit)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON; what is empty is left out."""
        return {k: v for k, v in asdict(self).items() if k in _REQUIRED or v not in (None, "", {})}

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Number":
        names = {f.name for f in fields(cls)}
        if not isinstance(record, dict) or not _REQUIRED <= record.keys() <= names:
            raise InputError(
                "not a results record; expected the fields " + ", ".join(sorted(names))
            )
        number = isinstance(record["value"], float | int) and isinstance(record.get("seed", 0), int)
        words = all(isinstance(record[f], str) for f in _REQUIRED - {"value"})
        if not number or not words:
            raise InputError("not a results record; expected numbers for value and seed, text else")
        return cls(**record)


_REQUIRED = {f.name for f in fields(Number) if f.default is f.default_factory is MISSING}


def _text(value: float | int | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 0 if isinstance(value, int) else 1 if abs(value) >= 1 else 3
    return f"{value:.{digits}f} {unit}".rstrip()


class Results:
    """The numbers of one run of one chapter, kept in `out_dir/results.json`.

    out_dir   where the run writes; None makes a new `runs/<chapter>/<time>/`
    device    what the run was asked to use; what it did use is recorded

    In a notebook, the object as the last line of a cell is a table.
    """

    def __init__(
        self,
        chapter: str,
        out_dir: Path | str | None = None,
        *,
        profile: str,
        seed: int,
        device: object = "auto",
    ):
        if profile not in PROFILES:
            raise InputError(f"profile is '{profile}', expected one of {', '.join(PROFILES)}")
        self.chapter, self.profile, self.seed = chapter, profile, seed
        self.device = _device(str(device))
        self.out_dir = paths.new_run(chapter) if out_dir is None else Path(out_dir)
        self.out_dir.mkdir(parents=True, exist_ok=True)
        self.numbers: list[Number] = []
        self._started = time.monotonic()

    def add(
        self,
        metric: str,
        value: float | int,
        unit: str,
        *,
        protocol: object,
        data: str,
        split: str,
        method: str,
        seconds: float | int | None = None,
        baseline: float | int | None = None,
        paper: float | int | None = None,
        note: str = "",
    ) -> Number:
        """One number, written to disk at once; the same number again replaces the first.

        The fields are those of `Number`.

        protocol   a `metrics.Protocol` or one line that says as much
        seconds    what it took, e.g. `run.seconds`; without it, the time since this object began
        """
        value = float(value)
        if not math.isfinite(value):
            raise FloatingPointError(f"{metric} of {method} is {value}; a result must be a number")
        number = Number(
            metric=metric,
            value=value,
            unit=unit,
            protocol=str(protocol),
            data=data,
            split=split,
            method=method,
            chapter=self.chapter,
            profile=self.profile,
            seed=self.seed,
            device=self.device,
            seconds=round(
                float(time.monotonic() - self._started if seconds is None else seconds), 2
            ),
            versions=versions(),
            baseline=None if baseline is None else float(baseline),
            paper=None if paper is None else float(paper),
            note=note,
            code=code(),
        )
        same = (number.key, number.protocol)
        self.numbers = [n for n in self.numbers if (n.key, n.protocol) != same] + [number]
        self.write()
        return number

    def write(self) -> Path:
        """`out_dir/results.json`, in one step. `add` has done so already."""
        return paths.write_text(self.out_dir / "results.json", records(self.numbers, "json") + "\n")

    def of(self, method: str) -> list[dict[str, Any]]:
        """The numbers of one method as plain values: `metrics` of a lifter file's header."""
        return [number.to_dict() for number in self.numbers if number.method == method]

    def _repr_html_(self) -> str:
        return table(self.numbers, "html")

    def _repr_markdown_(self) -> str:
        return table(self.numbers, "md")

    def __repr__(self) -> str:
        return table(self.numbers, "md")


def _device(device: str) -> str:
    """'cpu', or the GPU by its name."""
    import torch  # slow to import, and reading results does not need it

    on_gpu = torch.cuda.is_available() and device != "cpu"
    return f"cuda ({torch.cuda.get_device_name()})" if on_gpu else "cpu"


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


def read(path: Path | str) -> list[Number]:
    """The numbers of a results.json; an InputError says what is wrong with it."""
    try:
        records = json.loads(Path(path).read_text(encoding="utf-8"))
        if not isinstance(records, list):
            raise InputError("holds no list; expected a list of records")
        return [Number.from_dict(record) for record in records]
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: not a results.json of posebook: {error}") from None


def collect(folder: Path | str) -> list[Number]:
    """The numbers of every results.json in a folder and the folders in it, by path."""
    folder = Path(folder)
    if not folder.exists():
        raise InputError(f"{folder}: no such folder; expected one that runs have written into")
    files = [folder] if folder.is_file() else sorted(folder.rglob("results.json"))
    return [number for path in files for number in read(path)]


def table(numbers: Iterable[Number], form: str = "md") -> str:
    """A table to read: 'md', 'html' or 'text' for a terminal. Empty columns are left out."""
    rows = [
        {
            "method": n.method,
            "metric": n.metric,
            "value": n.text,
            "baseline": _text(n.baseline, n.unit),
            "paper": _text(n.paper, n.unit),
            "protocol": n.protocol,
            "data": f"{n.data} {n.split}".strip(),
            "profile": n.profile,
            "seed": str(n.seed),
            "note": n.note,
        }
        for n in numbers
    ]
    if not rows:
        return "no results"
    return tables.FORMS[form](rows)


def records(numbers: Iterable[Number], form: str) -> str:
    """For programs, 'csv' or 'json': the value with all its digits. What is empty is left out."""
    rows = [number.to_dict() for number in numbers]
    if form == "json":
        return json.dumps(rows, indent=1, ensure_ascii=False)
    file = io.StringIO()
    writer = csv.DictWriter(file, [f.name for f in fields(Number)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(
        {name: json.dumps(v) if isinstance(v, dict) else v for name, v in row.items()}
        for row in rows
    )
    return file.getvalue().rstrip("\n")


def ledger(key: str) -> Number:
    """The number that the book prints under this key (see `Number.key`).

    An InputError lists the keys that are near, so that a stale key cannot print a stale number.
    """
    found = [number for number in ledger_numbers() if number.key == key]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"ledger: '{key}' stands for {len(found)} numbers; tell them apart")
    chapter = key.partition("/")[0]
    near = [number.key for number in ledger_numbers() if number.chapter == chapter]
    raise InputError(f"ledger: no number '{key}'; {chapter} has {', '.join(near) or 'none'}")


def ledger_numbers(path: Path | str | None = None) -> list[Number]:
    """All lines of the book's ledger, or of another; none where there is no such file."""
    path = Path(path or LEDGER)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [Number.from_dict(json.loads(line)) for line in lines if line.strip()]


def kept_means(chapter: str, path: Path | str | None = None) -> dict[tuple[str, str, str], str]:
    """What the ledger keeps of test sets: (data, method, metric) -> "35.7", or "35.7 ± 0.5" where
    it has the spread over the seeds beside the mean."""
    numbers = [n for n in ledger_numbers(path) if (n.chapter, n.split) == (chapter, "test")]
    values = {(n.data, n.method, n.metric): n.value for n in numbers}
    spreads = {key: values.get((*key[:2], f"{key[2]}, spread")) for key in values}
    return {
        key: f"{value:.1f}" if spreads[key] is None else f"{value:.1f} ± {spreads[key]:.1f}"
        for key, value in values.items()
    }


def keep(numbers: Iterable[Number], path: Path | str | None = None) -> None:
    """Put numbers into the ledger; one with the same key and protocol is replaced."""
    path = Path(path or LEDGER)
    kept = {(n.key, n.protocol): n for n in ledger_numbers(path)}
    kept.update({(n.key, n.protocol): n for n in numbers})
    lines = [json.dumps(kept[k].to_dict(), ensure_ascii=False) for k in sorted(kept)]
    paths.write_text(path, "".join(line + "\n" for line in lines))
