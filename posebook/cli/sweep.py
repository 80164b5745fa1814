"""`posebook sweep`: a grid of runs."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from posebook import paths
from posebook.cli.telling import program, tell
from posebook.errors import InputError


def sweep(
    what: Annotated[
        str, typer.Argument(metavar="CHAPTER|FILE", help="id, number, or a sweep's FILE.toml")
    ],
    parameter: Annotated[
        list[str] | None,
        typer.Option(
            "-p", "--parameter", metavar="NAME V1,V2,...",
            help="values of a parameter; of seed also 0-4; a value with a comma in double quotes",
        ),
    ] = None,
    profile: Annotated[
        str | None, typer.Option(help="ci, laptop or full (default: the file's, or laptop)")
    ] = None,
    jobs: Annotated[
        str | None, typer.Option(metavar="N", help="runs side by side (default: one a core)")
    ] = None,
    threads: Annotated[str, typer.Option(metavar="N", help="of each run")] = "1",
    scheduler: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="of a dask scheduler, whose workers run the cells"),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="folder to write; goes on there (default: runs/sweeps/NAME_PROFILE)"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="the grid and its minutes; nothing is run")
    ] = False,
) -> None:  # fmt: skip
    """Run a chapter, or those of a file, with every combination of values; killed, it goes on."""
    from posebook.chapters.sweeps import folder, grid, running

    asked = grid.planned(what, parameter or [], profile)
    out = out or folder.default_folder(asked)
    side = None if jobs is None else _count("--jobs", jobs)
    of_each = _count("--threads", threads)
    if dry_run:
        tell(running.dry(asked, out, side, of_each))
        return
    try:
        done = running.run(asked, out, jobs=side, threads=of_each, scheduler=scheduler, say=tell)
    except running.Lost as error:
        _leave(f"{error}; finished runs are kept, and the same command goes on")
    except KeyboardInterrupt:
        _leave("interrupted; finished runs are kept, and the same command goes on")
    failed = [place for place in done if place.state != "finished"]
    tell(f"\n{len(done) - len(failed)} of {len(done)} run{'s' * (len(done) != 1)} finished")
    for place in failed:
        tell(f"failed: {place.cell.label}: {place.reason}\n  log: {paths.shown(place.log)}")
    if len(failed) < len(done):
        tell(f"table: {program()} results {paths.shown(out)}{grid.by_words(asked)}")
    raise typer.Exit(1 if failed else 0)


def _count(option: str, text: str) -> int:
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text[:9]) <= 1000:
        raise InputError(f"{option} is '{text[:40]}', expected a whole number from 1 to 1000")
    return int(text)


def _leave(reason: str) -> None:
    print(f"error: {reason}", file=sys.stderr)
    sys.exit(1)
