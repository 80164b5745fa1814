"""One chapter, run headlessly: papermill executes it in a folder of its own, which remembers how it
was begun, so that a run that was killed goes on, and one that is finished is never overwritten.
"""

import json
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from posebook import paths
from posebook.chapters import Chapter, find, load
from posebook.chapters.parameters import value as typed
from posebook.errors import CellFailed, InputError, one_line
from posebook.files import LINE, NUMBER, YES_OR_NO, Kind, check, read_record, short
from posebook.results import PROFILES

RUN_FILE = "run.json"
#: What each field of a run's record may be where it is read back.
_KINDS = {
    "chapter": LINE,
    "profile": Kind(f"one of {', '.join(PROFILES)}", lambda value: value in PROFILES),
    "parameters": Kind("an object", lambda value: isinstance(value, dict)),
    "finished": YES_OR_NO,
    "seconds": NUMBER,
    "refused": YES_OR_NO,
    "failed": LINE,
}
#: What a record may lack: it is there after a failure alone.
_AFTER_A_FAILURE = ("refused", "failed")


@dataclass(frozen=True)
class Finished:
    """What a run left behind."""

    chapter: Chapter
    out_dir: Path
    notebook: Path
    seconds: float


def run_chapter(
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
    parameters = json.loads(json.dumps(dict(parameters or {})))  # as the record will hold them
    wanted = profile or os.environ.get("POSEBOOK_PROFILE") or "laptop"
    if wanted not in PROFILES:
        raise InputError(f"profile is '{wanted}', expected one of {', '.join(PROFILES)}")
    if resume and out_dir is None:
        out_dir = newest_unfinished(chapter)
    folder = paths.new_run(chapter.id) if out_dir is None else Path(out_dir).resolve()
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file, expected a folder to write the run into")
    folder.mkdir(parents=True, exist_ok=True)
    with paths.alone_in(folder):
        begun = _begun(folder, chapter)
        if begun is None or (begun.get("refused") and (parameters or profile)):
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
        return _execute(chapter, folder, begun, quiet)


def _execute(chapter: Chapter, folder: Path, begun: dict, quiet: bool) -> Finished:
    """The run itself, in a folder that is held; `begun` is its record."""
    for name in _AFTER_A_FAILURE:
        begun.pop(name, None)
    # Before the slow imports: killed in them, the folder is one of a run that was begun.
    _write(folder, begun)
    paths.remove_unfinished(folder)
    from posebook.chapters.execute import execute

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
    except CellFailed as error:
        begun["failed"] = one_line(str(error).partition("\n")[0])
        # Nothing was trained yet, so that a parameter which is to blame may be put right.
        from posebook.training import CHECKPOINT  # brings torch

        if not any(folder.rglob(CHECKPOINT)):
            begun["refused"] = True
            (folder / "results.json").unlink(missing_ok=True)
        raise
    except KeyboardInterrupt:
        raise CellFailed(
            f"interrupted; go on with: posebook run {chapter.id} --out {paths.shown(folder)}",
            "KeyboardInterrupt",
            "",
        ) from None
    finally:
        begun["seconds"] = round(begun["seconds"] + time.monotonic() - started, 1)
        _write(folder, begun)
    notebook = partial.rename(folder / f"{chapter.source.stem}.ipynb")
    _write(folder, {**begun, "finished": True})
    return Finished(chapter, folder, notebook, begun["seconds"])


def newest_unfinished(chapter: Chapter) -> Path:
    """The folder of the last run of this chapter, by name, that did not finish."""
    for folder in sorted((paths.runs() / chapter.id).glob("*/"), reverse=True):
        with suppress(InputError):  # killed before its record was there, or not ours to read
            if not read_run(folder)["finished"]:
                return folder
    raise InputError(
        f"{chapter.id} has no unfinished run in {paths.shown(paths.runs() / chapter.id)}; "
        "leave --resume out to begin a new one"
    )


def _begun(folder: Path, chapter: Chapter) -> dict | None:
    """The record of the run that was begun here, None in a folder that is new or empty.

    What is hidden does not count: a run that is killed before its record is there leaves a lock,
    and file managers leave files of their own.
    """
    if all(path.name.startswith(".") for path in folder.iterdir()):
        return None
    if not (folder / RUN_FILE).exists():
        raise InputError(f"{paths.shown(folder)}: holds other files; choose a new folder")
    for path in folder.rglob("*"):  # what is written here must not land elsewhere, or wait
        if path.is_symlink() or not (path.is_file() or path.is_dir()):
            raise InputError(
                f"{paths.shown(folder)}: {short(path.name)} in it is a link or no plain file; "
                "choose another folder"
            )
    begun = read_run(folder)
    if begun["chapter"] != chapter.id:
        raise InputError(f"{paths.shown(folder)}: holds a run of {begun['chapter']}")
    _check_parameters(begun["parameters"], chapter, folder / RUN_FILE)
    if begun["finished"]:
        raise InputError(
            f"{paths.shown(folder)}: this run is finished and is never overwritten; choose another "
            "--out"
        )
    return begun


def _check_parameters(parameters: Mapping[str, Any], chapter: Chapter, path: Path) -> None:
    """Refuse what could not have been typed for this chapter: papermill writes the names of
    parameters into a cell as they are, so that another name would be code."""
    for name, value in parameters.items():
        if name not in chapter.parameters:
            raise InputError(
                f"{path}: {chapter.id} has no parameter {short(name)}; choose another folder"
            )
        try:
            same = typed(name, str(value), chapter.parameters[name]) == value
        except InputError:
            same = False
        if not same:
            raise InputError(
                f"{path}: parameter {name} is {short(value)}, which is no value of it; choose "
                "another folder"
            )


def record_of(
    folder: Path, chapter: Chapter | str, profile: str, parameters: Mapping[str, Any]
) -> dict[str, Any] | None:
    """What a run's record in `folder` says; None where no run was begun or its parameters were at
    fault before anything was trained.

    chapter  or its id

    Raises InputError, one line, where the run is of another chapter or profile or has other
    parameters. One that a record lacks had the chapter's default.
    """
    if not (folder / RUN_FILE).exists():
        return None
    begun = read_run(folder)
    if begun.get("refused"):
        return None
    chapter = find(chapter) if isinstance(chapter, str) else chapter
    defaults = chapter.parameters
    wanted = {**defaults, **parameters, "profile": profile, "chapter": chapter.id}
    found = {**defaults, **begun["parameters"]}
    found |= {"profile": begun["profile"], "chapter": begun["chapter"]}
    wrong = [n for n in sorted(wanted | found) if wanted.get(n, ...) != found.get(n, ...)]
    if wrong:
        name = "chapter" if "chapter" in wrong else wrong[0]
        raise InputError(
            f"{paths.shown(folder)}: holds a run with {name} {found.get(name, 'not given')}, "
            f"expected {wanted.get(name, 'none')}; move it away or choose another folder"
        )
    return begun


def read_run(folder: Path) -> dict[str, Any]:
    """The record of the run in a folder; InputError where there is none, or a damaged one."""
    path = folder / RUN_FILE
    expected = "a run's record; choose another folder"
    record = read_record(path, expected)
    needed = [name for name in _KINDS if name not in _AFTER_A_FAILURE]
    return check(record, _KINDS, needed, str(path), expected)


def _write(folder: Path, record: dict) -> None:
    paths.write_text(folder / RUN_FILE, json.dumps(record, indent=1) + "\n")
