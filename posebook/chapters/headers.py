"""The chapters as data: read their headers and parameters, build their notebooks.

The `.py` is the truth; nothing here imports a notebook. `posebook.chapters.run` runs one
headlessly.
"""

import ast
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from difflib import get_close_matches
from functools import cached_property
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml

from posebook import paths
from posebook.chapters import parameters as chapter_parameters
from posebook.errors import InputError, printable
from posebook.results import PROFILES


@dataclass(frozen=True)
class Chapter:
    """One chapter's header: the keys under `jupyter: posebook:` in its `.py`.

    minutes        profile -> minutes on 2 CPU cores (full: on one GPU)
    prerequisites  ids of the chapters that it builds on
    data           names of the data sets that it can read; the first is its default
    paper          DOI or arXiv id of the method; empty where there is none
    """

    source: Path
    id: str
    title: str
    level: str
    prerequisites: tuple[str, ...]
    minutes: Mapping[str, float]
    device: str
    data: tuple[str, ...]
    paper: str
    updated: str

    @property
    def number(self) -> str:
        return self.source.stem.partition("_")[0]

    @property
    def notebook(self) -> Path:
        return self.source.with_suffix(".ipynb")

    @cached_property
    def parameters_cell(self) -> str:
        """The source of the cell tagged `parameters`."""
        cells = [c for c in load(self.source).cells if "parameters" in c.metadata.get("tags", [])]
        if len(cells) != 1:
            raise InputError(f"{self.source}: has {len(cells)} cells tagged parameters, expected 1")
        return cells[0].source

    @cached_property
    def parameters(self) -> dict[str, Any]:
        """Name -> default, from the cell tagged `parameters`; `...` for what is not a literal."""
        found: dict[str, Any] = {}
        try:
            nodes = ast.parse(self.parameters_cell).body
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"{self.source}: its cell tagged parameters: {reason}") from None
        for node in nodes:
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    try:
                        found[target.id] = ast.literal_eval(node.value)
                    except (ValueError, TypeError, RecursionError, MemoryError):
                        found[target.id] = ...
        return found


def load(source: Path) -> Any:
    """The notebook that a py:percent text stands for, without outputs."""
    import jupytext  # takes seconds, and headers do not need it

    try:
        notebook = jupytext.read(source, fmt="py:percent")
    except Exception as error:  # the header may be wrong in as many ways as YAML can
        raise _not_a_header(source, error) from None
    notebook.metadata.pop("jupytext", None)  # or JupyterLab would write back into the text
    header = notebook.metadata.get("posebook")
    if header and "updated" in header:
        header["updated"] = str(header["updated"])  # YAML makes a date of it, JSON has none
    return notebook


def _not_a_header(source: Path, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    return InputError(f"{source}: its header is not a notebook's (kernelspec?): {reason}")


def _metadata(source: Path) -> Mapping[str, Any]:
    """What the header says under `jupyter:`; a header is YAML in comments between two `# ---`."""
    try:
        with open(source, encoding="utf-8") as file:
            if next(file, "").rstrip() != "# ---":
                return {}
            lines = list(takewhile(lambda line: line.rstrip() != "# ---", file))
        found = yaml.safe_load("".join(line.removeprefix("#") for line in lines))
        return found["jupyter"]
    except (ValueError, KeyError, TypeError, RecursionError, yaml.YAMLError) as error:
        raise _not_a_header(source, error) from None


def read(source: Path) -> Chapter:
    """A chapter from its `.py`; an InputError names the header key that is wrong."""
    metadata = _metadata(source)
    header = metadata.get("posebook") if isinstance(metadata, Mapping) else None
    if not isinstance(header, Mapping):
        raise InputError(f"{source}: no header `jupyter: posebook:`; see CONTRIBUTING.md")
    kernel = metadata.get("kernelspec")
    if not isinstance(kernel, Mapping) or "name" not in kernel:
        raise InputError(f"{source}: the header has no kernelspec, papermill needs it")
    wanted = {field.name for field in fields(Chapter)} - {"source"}
    if header.keys() != wanted:
        raise InputError(
            f"{source}: header keys missing {sorted(wanted - header.keys())}, "
            f"unknown {sorted(map(str, header.keys() - wanted))}"
        )
    minutes = header["minutes"]
    if not isinstance(minutes, Mapping) or minutes.keys() != set(PROFILES):
        raise InputError(f"{source}: header key minutes, expected {{ci: , laptop: , full: }}")
    if not all(isinstance(value, int | float) for value in minutes.values()):
        raise InputError(f"{source}: header key minutes, expected numbers")
    return Chapter(
        source=source,
        minutes={name: float(minutes[name]) for name in PROFILES},
        **{key: _text(source, header, key) for key in _TEXTS},
        **{key: _texts(source, header, key) for key in ("prerequisites", "data")},
    )


_TEXTS = ("id", "title", "level", "device", "paper", "updated")


def _text(source: Path, header: Mapping[str, Any], key: str) -> str:
    value = header[key]
    if not isinstance(value, str | date | None):  # YAML makes a date of `updated`
        raise InputError(f"{source}: header key {key}, expected text")
    return printable(value or "")


def _texts(source: Path, header: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = header[key] or []
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InputError(f"{source}: header key {key}, expected a list of names")
    return tuple(value)


def _sources(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9][0-9]_*.py"))


def all_chapters(folder: Path = paths.NOTEBOOKS) -> list[Chapter]:
    """Every chapter, by number."""
    return [read(source) for source in _sources(folder)]


def listing() -> str:
    """All chapters as a table to read: number, id, minutes by profile, data."""
    lines = [f"{'NN':<3} {'id':<24} {'minutes: ci':>11} {'laptop':>7} {'full':>6}  data"]
    for chapter in all_chapters():
        minutes = chapter.minutes
        lines.append(
            f"{chapter.number:<3} {chapter.id:<24} {minutes['ci']:>11g} {minutes['laptop']:>7g} "
            f"{minutes['full']:>6g}  {', '.join(chapter.data) or 'none'}"
        )
    more = "its parameters: posebook chapters ID; run it: posebook run ID --profile ci|laptop|full"
    return "\n".join([*lines, "", more])


def about(chapter: Chapter) -> str:
    """A chapter's minutes and data, and its parameters as its own cell says them."""
    minutes = ", ".join(f"{profile} {spent:g}" for profile, spent in chapter.minutes.items())
    names = chapter.parameters.keys() - {"profile", "out_dir"}  # which are options of their own
    lines = [line for line in chapter.parameters_cell.splitlines()
             if line.startswith("#") or line.partition(" = ")[0] in names]  # fmt: skip
    return "\n".join([
        f"{int(chapter.number)} · {chapter.title} ({chapter.id}, {chapter.level})",
        f"minutes: {minutes}; data: {', '.join(chapter.data) or 'none'}", "",
        "-p NAME VALUE, and its default:", *(f"  {line}" for line in lines),
    ])  # fmt: skip


def find(name: str, folder: Path = paths.NOTEBOOKS) -> Chapter:
    """A chapter by id, by number (6 or 06), by file name, or by its path."""
    if Path(name).suffix == ".py" and Path(name).is_file():
        return read(Path(name))
    stem = Path(name).stem
    for source in _sources(folder):
        number, _, slug = source.stem.partition("_")
        if stem in (slug, source.stem) or re.fullmatch(f"0*{int(number)}", stem):
            return read(source)
    known = ", ".join(s.stem.partition("_")[2] for s in _sources(folder))
    raise InputError(f"no chapter '{name}'; there are {known or 'none'}")


def values(chapter: Chapter, given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters as typed on a command line, checked by `parameters`."""
    parameters = {}
    for name, text in given.items():
        if name not in chapter.parameters:
            near = get_close_matches(name, chapter.parameters, 1)
            meant = f" (did you mean {near[0]}?)" if near else ""
            raise InputError(
                f"{chapter.id} has no parameter '{name}'{meant}; it has "
                f"{', '.join(chapter.parameters)}"
            )
        if name in ("profile", "out_dir"):
            raise InputError(f"parameter '{name}' has an option of its own: --profile, --out")
        parameters[name] = chapter_parameters.value(name, text, chapter.parameters[name])
    return parameters
