"""`posebook detectors`: weights of others, fetched once and kept in a cache of the user's."""

from typing import Annotated

import typer

app = typer.Typer(help="Detectors of others: what there is, and how to get their weights.")


@app.command("list")
def list_detectors() -> None:
    """Every detector whose weights are fetched: source, licence, size, whether it is here; and
    which files of your own are taken."""
    from posebook.detection import shipped, weights

    print(f"{weights.listing()}\n\n{shipped.OF_YOUR_OWN}")


@app.command("get")
def get_detector(
    name: Annotated[str, typer.Argument(help="such as blazepose; `posebook detectors list`")],
) -> None:
    """Fetch the weights of a detector, check them, and keep them for all later commands."""
    from posebook.detection import weights

    print(weights.get(name))
