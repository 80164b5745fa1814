"""The chapters as data: read their headers, build their notebooks, run one headlessly.

The `.py` is the truth. A run reads it, gives it parameters and lets papermill execute it in
`out_dir`; nothing here imports a notebook.
"""

import ast
import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.errors import InputError
from posebook.results import PROFILES

RUN_FILE = "run.json"


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
    def parameters(self) -> dict[str, Any]:
        """Name -> default, from the cell tagged `parameters`; `...` for what is not a literal."""
        cells = [c for c in load(self.source).cells if "parameters" in c.metadata.get("tags", [])]
        if len(cells) != 1:
            raise InputError(f"{self.source}: has {len(cells)} cells tagged parameters, expected 1")
        found: dict[str, Any] = {}
        for node in ast.parse(cells[0].source).body:
            targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", 0)]
            for target in targets:
                if isinstance(target, ast.Name):
                    try:
                        found[target.id] = ast.literal_eval(node.value)
                    except ValueError:
                        found[target.id] = ...
        return found


def load(source: Path) -> Any:
    """The notebook that a py:percent text stands for, without outputs."""
    import jupytext  # slow to import

    try:
        notebook = jupytext.read(source, fmt="py:percent")
    except Exception as error:  # the header may be wrong in as many ways as YAML can
        reason = str(error).partition("\n")[0]
        raise InputError(
            f"{source}: its header is not a notebook's (kernelspec?): {reason}"
        ) from None
    header = notebook.metadata.get("posebook")
    if header and "updated" in header:
        header["updated"] = str(header["updated"])  # YAML makes a date of it, JSON has none
    return notebook


def read(source: Path) -> Chapter:
    """A chapter from its `.py`; an InputError names the header key that is wrong."""
    notebook = load(source)
    header = notebook.metadata.get("posebook")
    if header is None:
        raise InputError(f"{source}: no header `jupyter: posebook:`; see CONTRIBUTING.md")
    if "name" not in notebook.metadata.get("kernelspec", {}):
        raise InputError(f"{source}: the header has no kernelspec, papermill needs it")
    wanted = {field.name for field in fields(Chapter)} - {"source"}
    if header.keys() != wanted:
        raise InputError(
            f"{source}: header keys missing {sorted(wanted - header.keys())}, "
            f"unknown {sorted(header.keys() - wanted)}"
        )
    minutes = header["minutes"]
    if not isinstance(minutes, Mapping) or minutes.keys() != set(PROFILES):
        raise InputError(f"{source}: header key minutes, expected {{ci: , laptop: , full: }}")
    return Chapter(
        source=source,
        id=str(header["id"]),
        title=str(header["title"]),
        level=str(header["level"]),
        prerequisites=tuple(header["prerequisites"] or ()),
        minutes={name: float(minutes[name]) for name in PROFILES},
        device=str(header["device"]),
        data=tuple(header["data"] or ()),
        paper=str(header["paper"] or ""),
        updated=str(header["updated"]),
    )


def all_chapters(folder: Path = paths.NOTEBOOKS) -> list[Chapter]:
    """Every chapter, by number."""
    return [read(source) for source in sorted(folder.glob("[0-9][0-9]_*.py"))]


def find(name: str, folder: Path = paths.NOTEBOOKS) -> Chapter:
    """A chapter by id, by number (6 or 06), by file name, or by its path."""
    if Path(name).suffix == ".py" and Path(name).is_file():
        return read(Path(name))
    stem = Path(name).stem
    for source in sorted(folder.glob("[0-9][0-9]_*.py")):
        number, _, slug = source.stem.partition("_")
        if stem in (slug, source.stem) or stem.isdigit() and int(stem) == int(number):
            return read(source)
    known = ", ".join(s.stem.partition("_")[2] for s in sorted(folder.glob("[0-9][0-9]_*.py")))
    raise InputError(f"no chapter '{name}'; there are {known or 'none'}")


def values(chapter: Chapter, given: Mapping[str, str]) -> dict[str, Any]:
    """Parameters as typed on a command line, turned into the type of the chapter's default."""
    parameters = {}
    for name, text in given.items():
        if name not in chapter.parameters:
            raise InputError(
                f"{chapter.id} has no parameter '{name}'; it has {', '.join(chapter.parameters)}"
            )
        if name in ("profile", "out_dir"):
            raise InputError(f"parameter '{name}' has an option of its own: --profile, --out")
        parameters[name] = _value(name, text, chapter.parameters[name])
    return parameters


def _value(name: str, text: str, default: Any) -> Any:
    if isinstance(default, str):
        return text
    try:
        value = ast.literal_eval({"true": "True", "false": "False", "none": "None"}.get(
            text.lower(), text
        ))  # fmt: skip
    except (ValueError, SyntaxError):
        value = text
    if default is ... or default is None:
        return value
    if isinstance(default, float) and isinstance(value, int) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(default):
        raise InputError(
            f"parameter {name} is '{text}', expected a {type(default).__name__} such as {default}"
        )
    return value


@dataclass(frozen=True)
class Finished:
    """What a run left behind."""

    chapter: Chapter
    out_dir: Path
    notebook: Path
    seconds: float


def run(
    chapter: Chapter,
    *,
    profile: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    out_dir: Path | str | None = None,
    resume: bool = False,
    quiet: bool = False,
) -> Finished:
    """Execute a chapter in `out_dir` and leave the executed notebook and results.json there.

    profile   None: what POSEBOOK_PROFILE says, else laptop
    out_dir   None: a new `runs/<chapter>/<time>/`. A folder in which this chapter was killed or
              failed: goes on there, with the profile and parameters it was begun with.
              A finished run is never overwritten: InputError.
    resume    take the newest unfinished folder in `runs/<chapter>/`
    quiet     no progress on stdout

    An error in a cell raises CellFailed, with the cell and the partial notebook.
    """
    from posebook.execute import execute  # brings papermill, which is slow to import

    parameters = json.loads(json.dumps(dict(parameters or {})))  # as the record will hold them
    wanted = profile or os.environ.get("POSEBOOK_PROFILE") or "laptop"
    if wanted not in PROFILES:
        raise InputError(f"profile is '{wanted}', expected one of {', '.join(PROFILES)}")
    if resume and out_dir is None:
        out_dir = newest_unfinished(chapter)
    folder = paths.new_run(chapter.id) if out_dir is None else Path(out_dir).resolve()
    begun = _begun(folder, chapter)
    if begun is None:
        begun = {
            "chapter": chapter.id,
            "profile": wanted,
            "parameters": parameters,
            "finished": False,
            "seconds": 0.0,
        }
    elif (profile or begun["profile"]) != begun["profile"] or (
        parameters and parameters != begun["parameters"]
    ):
        raise InputError(
            f"{paths.shown(folder)} was begun with profile {begun['profile']} and parameters "
            f"{begun['parameters']}; leave them out to go on, or choose another --out"
        )
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder, begun)
    if not quiet:
        where = paths.shown(folder)
        print(f"{chapter.number} {chapter.title} ({begun['profile']} profile) -> {where}")

    partial = folder / f"{chapter.source.stem}.partial.ipynb"
    started = time.monotonic()
    try:
        execute(
            load(chapter.source),
            partial,
            {**begun["parameters"], "profile": begun["profile"], "out_dir": str(folder)},
            minutes=max(10.0, 10 * chapter.minutes[begun["profile"]]),
            quiet=quiet,
        )
    finally:
        begun["seconds"] = round(begun["seconds"] + time.monotonic() - started, 1)
        _write(folder, begun)
    notebook = partial.rename(folder / f"{chapter.source.stem}.ipynb")
    _write(folder, {**begun, "finished": True})
    return Finished(chapter, folder, notebook, begun["seconds"])


def newest_unfinished(chapter: Chapter) -> Path:
    """The folder of the last run of this chapter, by name, that did not finish."""
    folders = sorted((paths.runs() / chapter.id).glob("*/"), reverse=True)
    for folder in folders:
        if (folder / RUN_FILE).exists() and not _read(folder)["finished"]:
            return folder
    raise InputError(
        f"{chapter.id} has no unfinished run in {paths.shown(paths.runs() / chapter.id)}; "
        "leave --resume out to begin a new one"
    )


def _begun(folder: Path, chapter: Chapter) -> dict | None:
    """The record of the run that was begun here, None in a new or empty folder."""
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, expected a folder to write the run into")
    if not folder.exists() or not any(folder.iterdir()):
        return None
    if not (folder / RUN_FILE).exists():
        raise InputError(f"{paths.shown(folder)}: holds other files; choose a new folder")
    begun = _read(folder)
    if begun["chapter"] != chapter.id:
        raise InputError(f"{paths.shown(folder)}: holds a run of {begun['chapter']}")
    if begun["finished"]:
        raise InputError(
            f"{paths.shown(folder)}: this run is finished and is never overwritten; choose another "
            "--out"
        )
    return begun


def _read(folder: Path) -> dict:
    try:
        record = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        assert {"chapter", "profile", "parameters", "finished", "seconds"} <= record.keys()
        return record
    except (OSError, ValueError, AssertionError, AttributeError):
        raise InputError(
            f"{folder / RUN_FILE}: not a run's record; choose another folder"
        ) from None


def _write(folder: Path, record: dict) -> None:
    paths.write_text(folder / RUN_FILE, json.dumps(record, indent=1) + "\n")
