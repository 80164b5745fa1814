"""`posebook course`: a course made of chapters, and what a class hands in."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from posebook.cli.telling import tell
from posebook.errors import InputError

app = typer.Typer(help="Teach with the book: make a course, check what a class hands in.")


@app.command()
def make(
    out: Annotated[Path, typer.Option(help="folder to write, new or empty")],
    weeks: Annotated[
        int | None, typer.Option(help="how many (default: 6, or one for each chapter)")
    ] = None,
    level: Annotated[
        str | None,
        typer.Option(
            help="beginner: chapters of level beginner and intermediate with all that they build "
            "on; researcher: all (default: researcher)"
        ),
    ] = None,
    chapters: Annotated[
        str | None, typer.Option(metavar="1-6,17", help="these, in place of a level's")
    ] = None,
) -> None:
    """Syllabus, student and teacher editions, slides, and assignments for nbgrader."""
    from posebook.course import making

    tell(making.make(out, weeks=weeks, level=level, picked=chapters))


@app.command()
def check(
    folder: Annotated[
        Path,
        typer.Argument(help="of a class: a folder for each student, or notebooks side by side"),
    ],
    profile: Annotated[str, typer.Option(help="at which chapters run: ci, laptop or full")] = "ci",
    seconds: Annotated[
        float | None, typer.Option(help="of work that a cell may take (default: 60 at ci)")
    ] = None,
    memory: Annotated[float, typer.Option(metavar="GB", help="that a notebook may take")] = 4.0,
    jobs: Annotated[
        int | None, typer.Option(help="notebooks at once (default: one for each core)")
    ] = None,
    form: Annotated[str, typer.Option("--format", help="md, csv or json")] = "md",
    report: Annotated[
        Path | None,
        typer.Option(metavar="FILE.html", help="a page with a section for each student, too"),
    ] = None,
) -> None:
    """Run the notebooks of a class, each in a process of its own, and say what came of it."""
    from posebook.course import class_page, grading, marks

    if form not in marks.FORMATS:
        raise InputError(f"--format {form}: expected {', '.join(marks.FORMATS)}")
    if report is not None and report.suffix.lower() != ".html":
        raise InputError(f"--report {report}: expected a name that ends in .html")
    if report is not None and report.exists():
        raise InputError(f"--report {report}: is there already; choose another name, or move it")
    for name, value, least, most in (
        ("seconds", seconds, 1, 1e6), ("memory", memory, 0.5, 1000), ("jobs", jobs, 1, 256)
    ):  # fmt: skip
        if value is not None and not least <= value <= most:
            raise InputError(f"--{name} {value:g}: expected {least:g} to {most:g}")
    graded = grading.check_class(
        folder, profile=profile, seconds=seconds, memory=int(memory * 2**30), jobs=jobs,
        tell=lambda line: print(line, file=sys.stderr, flush=True),
    )  # fmt: skip
    tell(marks.report(graded, form))
    if report is not None:
        told = class_page.write(report, graded, folder=folder, profile=profile)
        print(told, file=sys.stderr)
    if not any(one.of.chapter for one in graded):
        raise InputError(f"{folder}: nothing could be run; the report says of each file why")
