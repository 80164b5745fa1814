"""What a run writes and what is read of runs: `Results`, files, tables."""

import csv
import io
import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.errors import InputError
from posebook.files import existing, read_record, short
from posebook.results.number import PROFILES, Number, code, text_of, versions
from posebook.tables import Table


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
        record = dict(
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
        number = Number.from_dict(record)  # what could not be read back is not written
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


def read(path: Path | str) -> list[Number]:
    """The numbers of a results.json; an InputError says what is wrong with it."""
    expected = "a results.json of posebook: a list of records"
    records = read_record(path, expected)
    if not isinstance(records, list):
        raise InputError(f"{path}: holds {short(records)}; expected {expected}")
    try:
        return [Number.from_dict(record) for record in records]
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def collect_runs(folder: Path | str) -> tuple[dict[str, list[Number]], list[str]]:
    """({run: the numbers of its results.json}, a line for each file that is none and passed over),
    for the runs in a folder and the folders in it, by path.

    A run is named by its folder, as seen from `folder`; '.' where that is the run's own.
    InputError where there is no such folder, and where every file there is to read is damaged.
    """
    folder = existing(folder, "a folder that runs have written into")
    found: dict[str, list[Number]] = {}
    damaged: list[str] = []
    there = sorted(folder.rglob("results.json")) if folder.is_dir() else [folder]
    for path in there:
        inside = folder.is_dir()
        name = path.parent.relative_to(folder).as_posix() if inside else path.parent.name
        try:
            found[name] = read(path)
        except InputError as error:
            damaged.append(str(error))
    if damaged and len(damaged) == len(there):
        more = f" (and {len(damaged) - 1} more like it)" if len(damaged) > 1 else ""
        raise InputError(damaged[0] + more)
    return found, damaged


def table(
    numbers: Iterable[Number],
    form: str = "md",
    *,
    columns: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """A table to read: 'md', 'html' or 'text' for a terminal. Empty columns are left out.

    columns  of numbers of several runs: which run each is of, and what else tells them apart; then
             the chapter is a column, too
    """
    numbers = list(numbers)
    if not numbers:
        return "no results"
    if form == "text":
        return _by_protocol(numbers)
    several = {} if columns is None else {"chapter": [n.chapter for n in numbers], **columns}
    every = {
        **several,
        "method": [n.method for n in numbers],
        "metric": [n.metric for n in numbers],
        "value": [n.text for n in numbers],
        "baseline": [text_of(n.baseline, n.unit) for n in numbers],
        "paper": [text_of(n.paper, n.unit) for n in numbers],
        "protocol": [n.protocol for n in numbers],
        "data": [f"{n.data} {n.split}".strip() for n in numbers],
        "profile": [n.profile for n in numbers],
        "seed": [str(n.seed) for n in numbers],
        "note": [n.note for n in numbers],
    }
    filled = {name: cells for name, cells in every.items() if any(cells)}
    made = Table(list(filled), list(zip(*filled.values(), strict=True)))
    return made.markdown() if form == "md" else made._repr_html_()


def _by_protocol(numbers: list[Number]) -> str:
    """A heading for each protocol and data, and under it what shares them."""
    groups: dict[str, list[list[str]]] = {}
    for n in numbers:
        beside = [
            f"{name} {text_of(getattr(n, name), n.unit)}"
            for name in ("baseline", "paper")
            if getattr(n, name) is not None
        ]
        last = f"({', '.join(beside)})" if beside else ""
        heading = f"{n.protocol}; {f'{n.data} {n.split}'.strip()}"
        groups.setdefault(heading, []).append([n.method, n.metric, n.text, last])
    every = [cells for group in groups.values() for cells in group]
    wide = [max(map(len, column)) for column in zip(*every, strict=True)]
    lines = []
    for heading, group in groups.items():
        rows = ["  ".join(map(str.ljust, cells, wide)).rstrip() for cells in group]
        lines += [heading, *(f"  {row}" for row in rows)]
    return "\n".join(lines)


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
