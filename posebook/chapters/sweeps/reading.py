"""The runs in a folder, of a sweep or not, with all that is known of their parameters."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from posebook.chapters import find
from posebook.chapters.run import RUN_FILE, read_run
from posebook.chapters.sweeps import folder
from posebook.errors import InputError
from posebook.results import collect_runs
from posebook.results.swept import Run


def runs_in(path: Path, *, defaults: bool = True) -> tuple[list[Run], list[str]]:
    """Every run in a folder and the folders in it, and of a sweep those that are still to come;
    and a line for each file that is damaged and passed over.

    defaults  add the parameters that a run was not given (takes a second: chapters are read)

    A folder with results and no record of a run, as a notebook leaves it, is a finished run of
    which no parameters are known but its seed.
    """
    numbers, damaged = collect_runs(path)
    path = Path(path)
    records: dict[str, dict[str, Any]] = {}
    for file in sorted(path.rglob(RUN_FILE)) if path.is_dir() else []:
        name = file.parent.relative_to(path).as_posix()
        try:
            records[name] = read_run(file.parent)
        except InputError as error:
            damaged.append(str(error))
            records[name] = {"damaged": True}
    cells = _cells_in(path, damaged)
    usual: dict[str, dict[str, Any]] = {}
    found = []
    # As the sweep has them; what else there is, by name.
    for name in dict.fromkeys([*cells, *sorted({*numbers, *records})]):
        own, cell = numbers.get(name, []), cells.get(name, {})
        record = records.get(name, {})
        chapter = record.get("chapter") or cell.get("chapter") or (own[0].chapter if own else "")
        if defaults and chapter not in usual:
            usual[chapter] = _defaults(chapter)
        given = record.get("parameters", cell.get("parameters", {}))
        recorded = bool(record or cell)
        parameters = {**usual.get(chapter, {}), **given} if recorded else {}
        if own:
            parameters.setdefault("seed", own[0].seed)
        profile = record.get("profile") or cell.get("profile") or (own[0].profile if own else "")
        found.append(Run(
            name, chapter, profile, parameters, own, cell.get("name", ""), _state(record, own),
            record.get("failed", ""), record.get("seconds", 0.0), cell.get("text", ""),
            recorded,
        ))  # fmt: skip
    return found, damaged


def _state(record: dict[str, Any], numbers: list) -> str:
    if not record:
        return "finished" if numbers else "not begun"
    if "damaged" in record:  # whether it was finished is not known
        return "its record is damaged"
    if record["finished"]:
        return "finished"
    return "failed" if record.get("failed") else "cut short"


def _cells_in(path: Path, damaged: list[str]) -> dict[str, dict[str, Any]]:
    """Folder -> what a sweep's record says of the cell, for the sweeps in a folder."""
    found = {}
    for file in sorted(path.rglob(folder.SWEEP_FILE)) if path.is_dir() else []:
        try:
            record = folder.read(file.parent)
        except InputError as error:
            damaged.append(str(error))
            continue
        for cell in record["cells"]:
            name = (file.parent.relative_to(path) / cell["folder"]).as_posix()
            found[name] = cell | dict(profile=record["profile"])
    return found


def _defaults(chapter: str) -> dict[str, Any]:
    """Of a chapter of the book; none where it is no chapter of it any more."""
    with suppress(InputError):
        every = find(chapter).parameters
        return {n: v for n, v in every.items() if n not in ("profile", "out_dir") and v is not ...}
    return {}
