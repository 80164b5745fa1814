"""Which runs a sweep has: values typed for a chapter's parameters, or a small file.

A file, in TOML, puts chapters side by side:

    profile = "laptop"                      # may be left out

    [parameters]                            # of every run; what is a list is swept
    seed = [0, 1, 2]
    ablations = false

    [[runs]]
    name = "VideoPose3D 2019, 27 frames"
    chapter = "temporal_convolutions"
    parameters = { receptive_field = 27, poses = 3_200_000 }

    [comparison]                            # for tools/compare_lifters.py: a sweep does not read it

What is typed goes before what a run says, and that before `[parameters]`.
"""

import csv
import hashlib
import itertools
import json
import math
import os
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from posebook.chapters import Chapter, find, values
from posebook.errors import InputError
from posebook.files import LINE, Kind, check, is_line, optional, read_utf8, short
from posebook.results import PROFILES

#: More runs than this are a slip of the finger.
MOST_CELLS = 10_000
_RANGE = re.compile("([0-9]{1,10})-([0-9]{1,10})")
_TABLE = Kind("a table", lambda value: isinstance(value, dict))
_RUNS = Kind(
    "a list of tables [[runs]]",
    lambda value: isinstance(value, list) and value and all(isinstance(v, dict) for v in value),
)
_FILE = {
    "title": LINE,
    "profile": Kind(f"one of {', '.join(PROFILES)}", lambda value: value in PROFILES),
    "parameters": _TABLE,
    "runs": _RUNS,
    "comparison": _TABLE,
}
_CHAPTER = Kind("a chapter's id or number", lambda value: is_line(value) or type(value) is int)
_RUN = {"name": LINE, "chapter": _CHAPTER, "parameters": optional(_TABLE)}


@dataclass(frozen=True)
class Cell:
    """One run.

    parameters  what the chapter is given; the others have its defaults
    label       what the cell is called, and its folder where the sweep makes one
    name        what the sweep's file calls the run; "" in a sweep of one chapter
    """

    chapter: Chapter
    parameters: Mapping[str, Any]
    label: str
    name: str = ""


@dataclass(frozen=True)
class Sweep:
    """name        the chapter's id, or the file's name without .toml
    comparison  the file's table of that name
    """

    name: str
    profile: str
    cells: tuple[Cell, ...]
    comparison: Mapping[str, Any] = field(default_factory=dict)


def planned(what: str, given: Sequence[str], profile: str | None = None) -> Sweep:
    """The sweep that a command line asks for; InputError, one line, for what cannot be run.

    what   a chapter as `find` takes it, or a sweep's file, which ends in .toml
    given  "NAME=V1,V2,...", each name once; see `listed`
    """
    typed: dict[str, list[str]] = {}
    for pair in given:
        name, sign, text = pair.partition("=")
        if not sign or not name:
            raise InputError(f"-p {pair}: expected -p NAME V1,V2,...")
        if name in typed:
            raise InputError(f"-p {name} is given twice; write its values with commas between them")
        typed[name] = listed(name, text)
    usual = os.environ.get("POSEBOOK_PROFILE") or "laptop"
    if (profile or usual) not in PROFILES:
        raise InputError(f"profile is '{profile or usual}', expected one of {', '.join(PROFILES)}")
    if what.endswith(".toml"):
        return _of_file(Path(what), typed, profile, usual)
    chapter = find(what)
    cells = _cells(chapter, typed, list(typed))
    return Sweep(chapter.id, profile or usual, _in_order(cells))


def listed(name: str, text: str) -> list[str]:
    """The values that were typed for a parameter: "a,b" is two.

    A value with a comma in it stands in double quotes, as in a CSV file: '"a,b",c'. For `seed`,
    0-4 stands for 0,1,2,3,4.
    """
    try:
        (row,) = csv.reader([text], skipinitialspace=True, strict=True)
    except (csv.Error, ValueError):
        raise InputError(
            f"-p {name} {short(text)}: expected values with commas between them; one that has a "
            "comma itself in double quotes, such as '\"a,b\",c'"
        ) from None
    found: list[str] = []
    for word in map(str.strip, row):
        ends = _RANGE.fullmatch(word) if name == "seed" else None
        if ends:
            first, last = map(int, ends.groups())
            if not first <= last < first + MOST_CELLS:
                raise InputError(
                    f"-p {name} {word}: expected the smaller seed first, and at most "
                    f"{MOST_CELLS} of them"
                )
            found += map(str, range(first, last + 1))
        else:
            found.append(word)
    if not found or "" in found:
        raise InputError(f"-p {name} {short(text)}: a value is empty; expected V1,V2,...")
    return found


def _of_file(path: Path, typed: Mapping[str, list[str]], profile: str | None, usual: str) -> Sweep:
    """What a file describes; `typed` is for every run of it."""
    expected = "a sweep in TOML: [parameters] and [[runs]]"
    try:
        record = tomllib.loads(read_utf8(path, expected))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path}: not valid TOML ({error!s:.80}); expected {expected}") from None
    check(record, _FILE, ["runs"], str(path), expected)
    shared = _texts(path, record.get("parameters", {}))
    cells: list[Cell] = []
    names: set[str] = set()
    chapters: dict[str, Chapter] = {}  # to read each once
    for number, one in enumerate(record["runs"], 1):
        where = f"{path}: run {number}"
        check(one, _RUN, ["name", "chapter"], where, "name, chapter and parameters")
        plain = _plain(one["name"])
        if plain in names or not plain:
            why = "is taken" if plain else "has no letter from a to z"
            raise InputError(f"{where}: the name {short(one['name'])} {why}; choose another")
        names.add(plain)
        own = _texts(where, one.get("parameters") or {})
        try:
            wanted = str(one["chapter"])
            chapter = chapters[wanted] = chapters.get(wanted) or find(wanted)
            axes = {**shared, **own, **typed}
            several = [name for name in axes if name in typed or len(axes[name]) > 1]
            cells += _cells(chapter, axes, several, one["name"])
        except InputError as error:
            raise InputError(f"{where}, {short(one['name'])}: {error}") from None
    profile = profile or record.get("profile") or usual
    return Sweep(path.stem, profile, _in_order(cells), record.get("comparison", {}))


def _texts(where: Path | str, table: Mapping[str, Any]) -> dict[str, list[str]]:
    """A table of parameters as if each value had been typed."""
    found = {}
    for name, value in table.items():
        several = value if isinstance(value, list) else [value]
        if not several or not all(isinstance(one, str | int | float) for one in several):
            raise InputError(
                f"{where}: parameter {short(name)} is {short(value)}, expected text, a number, "
                "true or false, or a list of those"
            )
        found[name] = [str(one) for one in several]
    return found


def _cells(
    chapter: Chapter, axes: Mapping[str, list[str]], shown: Iterable[str], name: str = ""
) -> list[Cell]:
    """Every combination, in the order that is given; of those that are the same, the first.

    shown  the parameters that tell the cells apart: they name the folders
    """
    count = math.prod(map(len, axes.values()))
    if count > MOST_CELLS:
        raise InputError(f"{count} runs are too many, at most {MOST_CELLS}; leave values out")
    typed = {n: [values(chapter, {n: text})[n] for text in texts] for n, texts in axes.items()}
    found: dict[str, Cell] = {}
    for combination in itertools.product(*typed.values()):
        parameters = dict(zip(typed, combination, strict=True))
        label = label_of({n: parameters[n] for n in shown}, name)
        found.setdefault(label, Cell(chapter, parameters, label, name))
    return list(found.values())


def _in_order(cells: Sequence[Cell]) -> tuple[Cell, ...]:
    """The first seed of everything comes first: a table of all settings is there early."""
    if len(cells) > MOST_CELLS:
        raise InputError(f"{len(cells)} runs are too many, at most {MOST_CELLS}")
    seeds = list(dict.fromkeys(cell.parameters.get("seed") for cell in cells))
    return tuple(sorted(cells, key=lambda cell: seeds.index(cell.parameters.get("seed"))))


def by_words(sweep: Sweep) -> str:
    """What tells the cells of a sweep apart besides seeds, as `posebook results` takes it."""
    if any(cell.name for cell in sweep.cells):
        return " --by name"
    every = dict.fromkeys(name for cell in sweep.cells for name in cell.parameters)
    several = [n for n in every if len({repr(cell.parameters[n]) for cell in sweep.cells}) > 1]
    swept = [name for name in several if name != "seed"]
    return f" --by {','.join(swept)}" if swept else ""


def label_of(parameters: Mapping[str, Any], name: str = "") -> str:
    """A folder's name: "seed=0,width=64", after the run's own name where it has one.

    Where it does not say everything (long values, letters that no folder may have), part of a hash
    stands at its end.
    """
    words = [_plain(name)] if name else []
    words += [f"{n}={_plain(_text(parameters[n]))}" for n in sorted(parameters)]
    exact = [name] if name else []
    exact += [f"{n}={_text(parameters[n])}" for n in sorted(parameters)]
    label = ",".join(words) or "run"
    if name:  # its own letters are told apart by the file, which admits each name once
        exact[0] = words[0]
    if words != exact or len(label) > 100:
        whole = json.dumps([name, sorted(parameters.items())])
        label = f"{label[:90]}-{hashlib.sha256(whole.encode()).hexdigest()[:8]}"
    return label


def _text(value: Any) -> str:
    """A parameter's value as it is typed: true, none, 0.001."""
    return str(value).lower() if value is None or isinstance(value, bool) else str(value)


def _plain(text: str) -> str:
    """In letters that every file system tells apart; of a path, its end."""
    return re.sub(r"[^a-z0-9.+-]+", "_", text.lower()).strip("_.")[-40:]
