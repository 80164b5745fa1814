"""`posebook label`: 3D labels for pictures that have 2D labels alone."""

from pathlib import Path
from typing import Annotated

import typer

from posebook.cli.telling import tell


def label(
    source: Annotated[
        str, typer.Argument(metavar="FILE|DATASET", help="key points, or a data set's name")
    ],
    out: Annotated[Path, typer.Option(help="folder to write; goes on there if it was cut short")],
    by: Annotated[
        str | None, typer.Option(help="a shipped lifter, or a file: what gives the coarse poses")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="the data set's folder or file")] = None,
    split: Annotated[
        str | None, typer.Option(help="of the data set: train, val, test or all (default: all)")
    ] = None,
    keypoints: Annotated[str, typer.Option(help="true, detected or a detector")] = "true",
    search: Annotated[bool, typer.Option(help="the geometric search after it")] = True,
    depths: Annotated[
        str | None, typer.Option(metavar="FIRST,LAST", help="mm (default: 500,60000)")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="the file's joint set, where the file does not name it")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="picture size in pixels")] = None,
    intrinsics: Annotated[
        str | None, typer.Option(metavar="FX,FY,CX,CY", help="of the camera, in pixels")
    ] = None,
    min_confidence: Annotated[
        str | None,
        typer.Option(metavar="C", help="joints with less count as not seen (0 to 1; default 0.3)"),
    ] = None,
    write: Annotated[
        str | None, typer.Option(help="wild, unity: the labels in the release's layouts, too")
    ] = None,
) -> None:
    """3D labels for people with 2D labels: labels.npz, and a card with flags and the worst."""
    from posebook.labelling import label

    tell(label(
        source, out, by, root=root, split=split, keypoints=keypoints, search=search,
        depths=depths, layout=layout, size=size, intrinsics=intrinsics,
        min_confidence=min_confidence, write=write,
    ))  # fmt: skip
