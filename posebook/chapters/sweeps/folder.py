"""A sweep's folder: which runs it was asked for, where each lies, and how far it is.

    sweep.json     every cell that was ever asked for here
    LABEL/         a cell's run, as `posebook run --out` writes it; run.json says how it was begun
    LABEL.log      what the run printed

A cell is known by chapter, profile and parameters, not by its folder's name: a run of these that is
already in the folder is taken for it.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from posebook import paths
from posebook.chapters import Chapter
from posebook.chapters.run import RUN_FILE, read_run, record_of
from posebook.chapters.sweeps.cell import hash_of
from posebook.chapters.sweeps.grid import Cell, Sweep
from posebook.errors import InputError
from posebook.files import LINE, Kind, check, read_record
from posebook.results import PROFILES

SWEEP_FILE = "sweep.json"
FORMAT = "posebook sweep 1"
_OBJECT = Kind("an object", lambda value: isinstance(value, dict))
_KINDS = {
    "format": Kind(f"'{FORMAT}'", lambda value: value == FORMAT),
    "of": LINE,
    "profile": Kind(f"one of {', '.join(PROFILES)}", lambda value: value in PROFILES),
    "cells": Kind("a list", lambda value: isinstance(value, list)),
    "comparison": _OBJECT,
}
#: `text` is what the chapter's text hashed to when the run was last begun.
_CELL = {"folder": LINE, "chapter": LINE, "name": LINE, "parameters": _OBJECT, "text": LINE}
_OF_A_CELL = ("folder", "chapter", "name", "parameters")
State = Literal["finished", "failed", "cut short", "not begun"]


@dataclass(frozen=True)
class Place:
    """Where a cell's run is or will be.

    begun    it goes on with what it was begun with
    seconds  that it has taken so far
    reason   why it failed
    """

    cell: Cell
    folder: Path
    state: State = "not begun"
    begun: bool = False
    seconds: float = 0.0
    reason: str = ""

    @property
    def log(self) -> Path:
        return self.folder.with_name(f"{self.folder.name}.log")


def default_folder(sweep: Sweep) -> Path:
    """Where a sweep goes that was not told where: the same each time, so that it goes on."""
    return paths.runs() / "sweeps" / f"{sweep.name}_{sweep.profile}"


def places(sweep: Sweep, out: Path) -> list[Place]:
    """Each cell's place. Nothing is written.

    InputError where the folder is that of another sweep or holds other things, and where a cell's
    own folder holds another run.
    """
    _check_folder(sweep, out)
    known = _runs_in(out)
    defaults = {cell.chapter.id: cell.chapter.parameters for cell in sweep.cells}
    there: dict[str, Path] = {}
    for folder, record in known.items():
        if record["chapter"] in defaults:
            key = _identity(
                record["chapter"], record["profile"], record["parameters"],
                defaults[record["chapter"]],
            )  # fmt: skip
            if key not in there or record["finished"]:
                there[key] = folder
    found: dict[Path, Place] = {}
    for cell in sweep.cells:
        given, usual = cell.parameters, defaults[cell.chapter.id]
        folder = there.get(
            _identity(cell.chapter.id, sweep.profile, given, usual), out / cell.label
        )
        found.setdefault(folder, _place(cell, folder, sweep.profile))
    return list(found.values())


def _place(cell: Cell, folder: Path, profile: str) -> Place:
    if (folder / RUN_FILE).exists():
        try:
            read_run(folder)
        except InputError as error:
            reason = str(error).removesuffix("; choose another folder")
            raise InputError(f"{reason}; move {paths.shown(folder)} away, and the same command "
                             "runs it anew") from None  # fmt: skip
    begun = record_of(folder, cell.chapter, profile, cell.parameters)
    if begun is None:  # refused: put right, it begins anew
        record = read_run(folder) if (folder / RUN_FILE).exists() else {}
        state: State = "failed" if record else "not begun"
        return Place(cell, folder, state, reason=record.get("failed", ""))
    reason = begun.get("failed", "")
    state = "finished" if begun["finished"] else "failed" if reason else "cut short"
    return Place(cell, folder, state, True, begun["seconds"], reason)


def _identity(
    chapter: str, profile: str, parameters: Mapping[str, Any], defaults: Mapping[str, Any]
) -> str:
    """The same for two runs that would come to the same numbers."""
    every = {n: v for n, v in {**defaults, **parameters}.items() if n not in ("profile", "out_dir")}
    return json.dumps([chapter, profile, every], sort_keys=True, default=str)


def _runs_in(out: Path) -> dict[Path, dict[str, Any]]:
    """Folder -> record of the runs in a folder and one level below; damaged ones are left out."""
    found = {}
    for file in sorted([*out.glob(f"*/{RUN_FILE}"), *out.glob(f"*/*/{RUN_FILE}")]):
        with suppress(InputError):
            found[file.parent] = read_run(file.parent)
    return found


def _check_folder(sweep: Sweep, out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise InputError(f"{paths.shown(out)}: is a file, expected a folder for the sweep")
    if (out / RUN_FILE).exists():
        raise InputError(f"{paths.shown(out)}: is the folder of one run; choose another --out")
    if (out / SWEEP_FILE).exists():
        held = read(out)
        for field, wanted in (("of", sweep.name), ("profile", sweep.profile)):
            if held[field] != wanted:
                raise InputError(
                    f"{paths.shown(out)}: holds a sweep of {held['of']} at profile "
                    f"{held['profile']}, not of {sweep.name} at {sweep.profile}; choose another "
                    "--out"
                )
        return
    # What is hidden does not count: a command that is killed at once leaves a lock.
    others = out.is_dir() and any(not p.name.startswith(".") for p in out.iterdir())
    if others and not _runs_in(out):
        raise InputError(f"{paths.shown(out)}: holds other files; choose a new folder")


def read(out: Path) -> dict[str, Any]:
    """A sweep's record; InputError where it is none."""
    path, expected = out / SWEEP_FILE, "a sweep's record; choose another folder"
    record = check(read_record(path, expected), _KINDS, list(_KINDS), str(path), expected)
    for number, cell in enumerate(record["cells"]):
        check(cell, _CELL, _OF_A_CELL, f"{path}: cell {number}", expected)
    return record


def of_another_text(out: Path, places: Iterable[Place]) -> list[str]:
    """Labels of finished runs whose chapter's text has been changed since they were begun."""
    known = read(out)["cells"] if (out / SWEEP_FILE).exists() else []
    texts = {out / cell["folder"]: cell.get("text") for cell in known}
    return [
        place.cell.label for place in places
        if place.state == "finished"
        and texts.get(place.folder) not in (None, "", hash_of(place.cell.chapter))
    ]  # fmt: skip


def keep(sweep: Sweep, out: Path, cells: Iterable[Place]) -> None:
    """Write what the folder was asked for; cells of earlier commands stay. It must be held."""
    known = read(out)["cells"] if (out / SWEEP_FILE).exists() else []
    made = {cell["folder"]: cell for cell in known}
    for place in cells:
        folder, chapter = place.folder.relative_to(out).as_posix(), place.cell.chapter
        if place.state == "finished":
            text = made.get(folder, {}).get("text", "")
        else:
            text = hash_of(chapter)
        made[folder] = dict(
            folder=folder, chapter=chapter.id, name=place.cell.name,
            parameters=dict(place.cell.parameters), text=text,
        )  # fmt: skip
    record = dict(
        format=FORMAT, of=sweep.name, profile=sweep.profile, comparison=dict(sweep.comparison),
        cells=list(made.values()),
    )  # fmt: skip
    paths.write_text(
        out / SWEEP_FILE, json.dumps(record, indent=1, ensure_ascii=False, default=str) + "\n"
    )


def chapter_for_workers(chapter: Chapter) -> str:
    """How a worker finds the chapter: by its id in the book, elsewhere by its path."""
    inside = chapter.source.resolve().is_relative_to(paths.NOTEBOOKS)
    return chapter.id if inside else str(chapter.source.resolve())
