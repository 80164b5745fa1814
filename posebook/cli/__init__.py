"""The command `posebook`. Each command reads its options and calls one function of the package.

Exit status: 0 on success, 2 on a mistake of the user's (one line says what to do), 1 otherwise.
The package is imported inside the commands, since torch takes seconds and `--help` should not.
"""

import re
import sys
from pathlib import Path
from typing import Annotated

import typer

from posebook import __version__, paths
from posebook.cli import course, data, detectors, label, results, sweep
from posebook.cli.telling import tell
from posebook.errors import CellFailed, InputError, one_line

app = typer.Typer(
    help="posebook: lifting human poses from 2D to 3D, a book that runs.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(course.app, name="course", no_args_is_help=True)
app.add_typer(data.app, name="data", no_args_is_help=True)
app.add_typer(detectors.app, name="detectors", no_args_is_help=True)


def main() -> None:
    """The entry point: turns the package's errors into a line and an exit status."""
    paths.show_from_here()
    try:
        words = sys.argv[1:]
        if any(word == "" or re.fullmatch("--[a-z-]+=", word) for word in words):
            # A path that is empty would be the current folder.
            raise InputError("an argument is empty: a variable of the shell without a value?")
        app(_join_parameters(words))
    except InputError as error:
        _fail(str(error), 2)
    except CellFailed as error:
        # The cell's own InputError is a mistake of the user's as much as one raised here.
        _fail(*((error.error, 2) if error.error_name == "InputError" else (str(error), 1)))
    except BrokenPipeError:
        sys.stderr.close()  # `posebook chapters | head`: nobody is left to tell
        sys.exit(1)
    except OSError as error:  # not there, no permission, a file for a folder, a full disk
        _fail(f"{error.filename or 'disk'}: {(error.strerror or str(error)).lower()}", 2)
    except KeyboardInterrupt:
        _fail("interrupted", 1)


def _fail(message: str, status: int) -> None:
    print(f"error: {one_line(message)}", file=sys.stderr)
    sys.exit(status)


def _join_parameters(arguments: list[str]) -> list[str]:
    """`-p NAME VALUE` as `-p NAME=VALUE`: an option that repeats takes one word in typer."""
    joined, rest = [], list(arguments)
    while rest:
        word = rest.pop(0)
        joined.append(word)
        two = len(rest) >= 2 and "=" not in rest[0] and not any(r[:2] == "--" for r in rest[:2])
        if word in ("-p", "--parameter") and two:
            joined.append(f"{rest.pop(0)}={rest.pop(0)}")
    return joined


def _print_version(wanted: bool | None) -> None:
    if wanted:
        print(f"posebook {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool | None, typer.Option("--version", callback=_print_version, is_eager=True)
    ] = None,
) -> None:
    pass


@app.command("chapters")
def list_chapters(
    chapter: Annotated[
        str | None, typer.Argument(help="id, number or file name: its parameters")
    ] = None,
) -> None:
    """What there is, how long each takes, what data it needs; or one chapter's parameters."""
    from posebook import chapters

    tell(chapters.about(chapters.find(chapter)) if chapter else chapters.listing())


@app.command()
def run(
    chapter: Annotated[str, typer.Argument(help="id, number or file name")],
    profile: Annotated[
        str | None, typer.Option(help="ci, laptop or full (default: laptop)")
    ] = None,
    parameter: Annotated[
        list[str] | None,
        typer.Option("-p", "--parameter", metavar="NAME VALUE", help="set a chapter's parameter"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder to write; goes on there if it was cut short")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="go on with the newest cut run")] = False,
) -> None:
    """Run one chapter without a browser; it can be killed and resumed."""
    from posebook import chapters, results
    from posebook.chapters import run

    picked = chapters.find(chapter)
    given = {}
    for pair in parameter or []:
        name, sign, text = pair.partition("=")
        if not sign:
            raise InputError(f"-p {pair}: expected -p NAME VALUE")
        given[name] = text
    values = chapters.values(picked, given)
    done = run.run_chapter(picked, profile=profile, parameters=values, out_dir=out, resume=resume)

    tell(f"\n{picked.title}: finished in {done.seconds:.0f} s")
    file = done.out_dir / "results.json"
    if file.exists():
        tell(f"\n{results.table(results.read(file), 'text')}\n")
    tell(f"notebook  {paths.shown(done.notebook)}")
    for page in sorted(done.out_dir.glob("*.html")):
        tell(f"page      {paths.shown(page)}  (open it in a browser; it needs no network)")


@app.command()
def lift(
    source: Annotated[
        Path,
        typer.Argument(metavar="INPUT", help="a film, a photograph, key points, motion capture"),
    ],
    lifter: Annotated[
        str | None,
        typer.Option(help="a shipped lifter, or a file (default: the best for frames or clips)"),
    ] = None,
    detector: Annotated[
        str | None,
        typer.Option(help="of pictures: a name (posebook detectors list) or a FILE of your own"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder to write (default: runs/lift/TIME)")
    ] = None,
    layout: Annotated[
        str | None, typer.Option(help="the file's joint set, where the file does not name it")
    ] = None,
    size: Annotated[str | None, typer.Option(metavar="WxH", help="picture size in pixels")] = None,
    intrinsics: Annotated[
        str | None, typer.Option(metavar="FX,FY,CX,CY", help="of the camera, in pixels")
    ] = None,
    fps: Annotated[str | None, typer.Option(help="frames per second, 0.01 to 100000")] = None,
    person: Annotated[
        str | None, typer.Option(help="which person, where there are several")
    ] = None,
    height: Annotated[
        str | None, typer.Option(metavar="M", help="of the person, in metres: true size and place")
    ] = None,
    min_confidence: Annotated[
        str | None,
        typer.Option(metavar="C", help="joints with less count as not seen (0 to 1; default 0.3)"),
    ] = None,
    up: Annotated[
        str | None,
        typer.Option(help="axis that points up in motion capture; y: a picture's y counts upwards"),
    ] = None,
    unit: Annotated[
        str | None, typer.Option(help="of motion capture: mm, cm, inch, m, or mm per unit")
    ] = None,
    names: Annotated[
        str | None,
        typer.Option(metavar="left_knee=NAME,...", help="joints that motion capture calls oddly"),
    ] = None,
    excerpt: Annotated[
        str | None, typer.Option(metavar="A-B", help="what pages play, in s")
    ] = None,
    write: Annotated[
        str | None, typer.Option(help="files in more formats: trc, gltf, csv, mp4; commas between")
    ] = None,
    smooth: Annotated[
        str | None, typer.Option(help="motion over time: none, light (default) or strong")
    ] = None,
) -> None:
    """A film, a photograph or key points to 3D: poses.npz, .json, .bvh and an interactive .html."""
    from posebook import export

    found = export.lift_file(
        source, out, lifter, detector=detector, layout=layout, size=size, intrinsics=intrinsics,
        fps=fps, person=person, height=height, min_confidence=min_confidence, up=up, unit=unit,
        names=names, excerpt=excerpt, write=write, smooth=smooth,
    )  # fmt: skip
    tell(found)


app.command("label")(label.label)
app.command("sweep")(sweep.sweep)


@app.command()
def evaluate(
    lifter: Annotated[
        list[str],
        typer.Argument(help="a shipped lifter, or a file; several get a line each, also by action"),
    ],
    name: Annotated[str, typer.Option("--data", help="name of a data set")],
    root: Annotated[Path | None, typer.Option(help="its folder, where it needs one")] = None,
    split: Annotated[str, typer.Option(help="train, test or all")] = "test",
    keypoints: Annotated[str, typer.Option(help="true, detected or a detector")] = "true",
    as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False,
) -> None:
    """Every metric of chapter 5, each under its protocol."""
    # On the error stream, since a program may read the other; before the slow imports and the data.
    print(f"{', '.join(lifter)} on {name}, {split}: a minute or so", file=sys.stderr)
    from posebook.evaluation import evaluate, several

    given = dict(split=split, keypoints=keypoints)
    if len(lifter) == 1:
        found = evaluate(lifter[0], name, root, **given)
    else:
        found = several.evaluate_several(lifter, name, root, **given)
    tell(found.to_json() if as_json else found)


app.command("results")(results.results)


@app.command()
def doctor() -> None:
    """What a bug report needs: versions, device, browser; exit status 1 if something is wrong."""
    from posebook import doctor as environment

    sound = True
    for what, value, ok in environment.report():
        print(f"{'ok ' if ok else 'BAD'} {what:<20} {value}")
        sound = sound and ok
    raise typer.Exit(0 if sound else 1)
