"""Every number with its protocol: what a run writes, and what the book may print of it.

`Results` writes a run's `results.json`. `data/ledger.jsonl` keeps the same lines for the numbers
that the book or the README print; such a number enters prose only through `ledger(key)`.
"""

import csv
import io
import json
import math
import platform
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from posebook import paths, tables
from posebook.errors import InputError

LEDGER = paths.DATA / "ledger.jsonl"
PROFILES = ("ci", "laptop", "full")


@dataclass(frozen=True)
class Number:
    """One measured number. `str` gives the line that a reader needs to compare it."""

    metric: str
    value: float
    unit: str
    protocol: str
    data: str
    split: str
    method: str
    chapter: str
    profile: str
    seed: int
    device: str
    seconds: float
    versions: dict[str, str] = field(default_factory=dict)
    baseline: float | None = None
    paper: float | None = None
    note: str = ""

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

    @classmethod
    def from_dict(cls, record: dict[str, Any]) -> "Number":
        names = {f.name for f in fields(cls)}
        if not isinstance(record, dict) or not names - _OPTIONAL <= record.keys() <= names:
            raise InputError(
                "not a results record; expected the fields " + ", ".join(sorted(names))
            )
        number = isinstance(record["value"], float | int) and isinstance(record["seed"], int)
        words = all(isinstance(record[f], str) for f in ("metric", "unit", "method", "data"))
        if not number or not words:
            raise InputError("not a results record; expected numbers for value and seed, text else")
        return cls(**record)


_OPTIONAL = {"versions", "baseline", "paper", "note"}


def _text(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 1 if abs(value) >= 1 else 3
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

        protocol   a `metrics.Protocol` or one line that says as much
        baseline   the same protocol's figure for what needs no learning, such as the mean pose
        paper      the paper's figure; `note` says where its protocol differs
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
            versions=_versions(),
            baseline=None if baseline is None else float(baseline),
            paper=None if paper is None else float(paper),
            note=note,
        )
        same = (number.key, number.protocol)
        self.numbers = [n for n in self.numbers if (n.key, n.protocol) != same] + [number]
        self.write()
        return number

    def write(self) -> Path:
        """`out_dir/results.json`, in one step. `add` has done so already."""
        records = [asdict(number) for number in self.numbers]
        text = json.dumps(records, indent=1, ensure_ascii=False) + "\n"
        return paths.write_text(self.out_dir / "results.json", text)

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
def _versions() -> dict[str, str]:
    names = ("posebook", "torch", "numpy")
    return {"python": platform.python_version()} | {name: version(name) for name in names}


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
    """For programs, 'csv' or 'json': every field, the value with all its digits."""
    rows = [asdict(number) for number in numbers]
    if form == "json":
        return json.dumps(rows, indent=1, ensure_ascii=False)
    file = io.StringIO()
    writer = csv.DictWriter(file, [f.name for f in fields(Number)], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "versions": json.dumps(row["versions"])} for row in rows)
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
    lines = [json.dumps(asdict(kept[k]), ensure_ascii=False) for k in sorted(kept)]
    paths.write_text(path, "".join(line + "\n" for line in lines))
