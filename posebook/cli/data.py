"""`posebook data`: what there is, how to get it, whether it is complete."""

from pathlib import Path
from typing import Annotated

import typer

from posebook.cli.telling import tell

app = typer.Typer(help="Data sets: what there is, how to get it, whether it is complete.")


@app.command("list")
def list_sets() -> None:
    """Every data set: what it is, and on what terms."""
    from posebook.datasets import cards

    print(cards.listing())


@app.command("info")
def info(name: str) -> None:
    """The card of one data set: content, licence, how to get it."""
    from posebook.datasets import cards

    print(cards.info(name))


@app.command("make")
def make(
    name: str,
    root: Annotated[
        Path | None, typer.Option(help="human36m: the folder processed/ that h36m-fetch wrote")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder to write (default: data/cache/NAME)")
    ] = None,
    frames: Annotated[
        str | None, typer.Option(metavar="N", help="synthetic: frames in all; rendered: pictures")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="PX", help="rendered: width (128)")] = None,
) -> None:
    """Make the files of a data set: synthetic, rendered, or human36m out of an annot.h5."""
    from posebook.datasets import folders

    tell(folders.make(name, out, root, frames, size))


@app.command("check")
def check(name: str, root: Annotated[Path, typer.Option(help="the folder that you have")]) -> None:
    """Whether a folder holds all that a data set should."""
    from posebook.datasets import folders

    found = folders.check(name, root)
    tell(found)
    raise typer.Exit(0 if found.complete else 1)
