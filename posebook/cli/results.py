"""`posebook results`: the numbers of runs, as a table that says what was swept."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from posebook import paths
from posebook.cli.telling import tell
from posebook.errors import InputError, printable


def results(
    folders: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[DIR [OTHER]]", help="runs, or a sweep; two: side by side"),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="NAME,...", help="what tells rows apart: parameters, chapter"),
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(help="such as P-MPJPE; may repeat")] = None,
    method: Annotated[list[str] | None, typer.Option(help="may repeat")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="draw it: a page that needs no network")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="md, csv or json")] = "md",
) -> None:  # fmt: skip
    """Numbers of runs, each with its protocol.

    Of a sweep, and wherever an option asks for it, mean ± standard deviation over seeds; else every
    number of every run.
    """
    if form not in ("md", "csv", "json"):
        raise InputError(f"--format {form}: expected md, csv or json")
    given = folders or [paths.runs()]
    if len(given) > 2:
        raise InputError(f"{len(given)} folders, expected one, or two to be put side by side")
    if plot is not None and plot.suffix.lower() not in (".html", ".htm"):
        raise InputError(f"--plot {plot}: expected a FILE.html")
    from posebook.chapters.sweeps import folder, tables

    swept = (given[0] / folder.SWEEP_FILE).is_file()
    if not (by or metric or method or plot or swept) and len(given) == 1:
        _every_number(given[0], form)
        return

    asked = tables.Asked(
        None if by is None else [name.strip() for name in by.split(",")],
        metric or [], method or [], form,
    )  # fmt: skip
    text, notes = tables.of_folders(given, asked, plot)
    if form == "md":  # notes are read with the table; programs want the table alone
        text = "\n".join([text, "", *(f"- {printable(note)}" for note in notes)]).rstrip("\n")
        notes = []
    tell(text)
    for note in notes:
        print(f"note: {printable(note)}", file=sys.stderr)
    if plot is not None:
        print(f"page: {paths.shown(plot)}", file=sys.stderr)


def _every_number(folder: Path, form: str) -> None:
    from posebook import results
    from posebook.chapters.sweeps import reading
    from posebook.results import swept

    runs, damaged = reading.runs_in(folder, defaults=False)
    if not runs:
        raise InputError(f"{paths.shown(folder)}: no run in it; expected a folder that runs have "
                         "written into")  # fmt: skip
    for line in damaged:
        print(f"passed over: {line}", file=sys.stderr)
    for line in swept.unfinished(runs):
        print(f"not finished: {line}", file=sys.stderr)
    numbers = [number for run in runs for number in run.numbers]
    if form != "md":
        tell(results.records(numbers, form))
        return
    names = [n for n in swept.differing(run for run in runs if run.numbers)
             if n not in ("chapter", "profile")]  # fmt: skip
    columns = {"run": [run.folder for run in runs for _ in run.numbers]}
    columns |= {n: [run.told(n) for run in runs for _ in run.numbers] for n in names}
    tell(results.table(numbers, columns=columns))
