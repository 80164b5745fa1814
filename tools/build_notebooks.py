"""Build notebooks/NN_slug.ipynb, with outputs, from notebooks/NN_slug.py.

    python tools/build_notebooks.py                  every chapter, laptop profile
    python tools/build_notebooks.py 06               one chapter, by number or id
    python tools/build_notebooks.py 06 --profile ci  a quick look; not what the book stores
    python tools/build_notebooks.py --stale          only chapters whose .ipynb is not of its .py

One way only: nothing ever flows from the .ipynb into the .py.
"""

import argparse
import os
import re
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import nbformat

from posebook import chapters, paths
from posebook.errors import CellFailed
from posebook.figures import showing

LARGEST_BYTES = 1_000_000
#: What JupyterLab shows folded up, by tag: a reader opens it with a click. An answer is not seen
#: before it was looked for; set-up and bookkeeping do not stand before the idea.
FOLDED = {
    "solution": {"source_hidden": True, "outputs_hidden": True},
    "reveal": {"source_hidden": True, "outputs_hidden": True},
    "setup": {"source_hidden": True},
    "exercise_check": {"source_hidden": True},
}
MACHINE_PATH = re.compile(
    r"(?<![\w.:/])(?:/(?:home|root|tmp|Users|work|opt|private|mnt)/|[A-Z]:\\)"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("chapter", nargs="*", help="numbers or ids; none: all")
    parser.add_argument("--profile", default="laptop", choices=("ci", "laptop"))
    parser.add_argument("--stale", action="store_true", help="only what does not match its .py")
    options = parser.parse_args()
    picked = [chapters.find(name) for name in options.chapter] or chapters.all_chapters()
    if options.stale:
        picked = [chapter for chapter in picked if is_stale(chapter)]
    failed = [c for c in picked if not build(c, options.profile)]
    return 1 if failed else 0


def is_stale(chapter: chapters.Chapter) -> bool:
    """Whether the stored notebook is missing, of other text, or of another profile."""
    if not chapter.notebook.exists():
        return True
    stored = nbformat.read(chapter.notebook, 4)
    text = chapters.load(chapter.source)
    same = cells_of(stored) == cells_of(text)
    same = same and list(map(stored_metadata, text.cells)) == [c.metadata for c in stored.cells]
    return not same or stored.metadata.get("built", {}).get("profile") != "laptop"


def cells_of(notebook: nbformat.NotebookNode) -> list[tuple[str, str, list[str]]]:
    """What a pair must have in common: kind, source and tags of each cell."""
    return [(c.cell_type, c.source, list(c.metadata.get("tags", []))) for c in notebook.cells]


def stored_metadata(cell: nbformat.NotebookNode) -> dict[str, Any]:
    """What a cell of the text carries in the notebook: its tags, and what folds it up."""
    tags = list(cell.metadata.get("tags", []))
    folds = {key: value for tag in tags for key, value in FOLDED.get(tag, {}).items()}
    if cell.cell_type != "code":
        folds.pop("outputs_hidden", None)
    return ({"tags": tags} if tags else {}) | ({"jupyter": folds} if folds else {})


def build(chapter: chapters.Chapter, profile: str) -> bool:
    """Execute the chapter's text where JupyterLab would, clean the outputs, store it."""
    from posebook.chapters.execute import execute

    print(f"== {chapter.number} {chapter.title} ({profile} profile)", flush=True)
    os.environ["POSEBOOK_PROFILE"] = profile
    os.chdir(paths.NOTEBOOKS)
    started = time.monotonic()
    minutes = max(10.0, 10 * chapter.minutes[profile])
    notebook = chapters.load(chapter.source)
    with tempfile.TemporaryDirectory() as folder:
        try:
            notebook = execute(notebook, Path(folder) / "built.ipynb", {}, minutes=minutes)
        except CellFailed as error:
            print(f"error: {chapter.id}: {error}", file=sys.stderr)
            return False
    clean(notebook)
    notebook.metadata["built"] = {"profile": profile}
    text = nbformat.writes(notebook) + "\n"
    paths.write_text(chapter.notebook, text)
    seconds, size = time.monotonic() - started, len(text.encode())
    print(f"== {paths.shown(chapter.notebook)}: {seconds:.0f} s, {size / 1000:.0f} kB", flush=True)
    complaints = [f"{size} bytes, at most {LARGEST_BYTES}"] if size > LARGEST_BYTES else []
    complaints += [f"an output holds a path of this machine: {p}" for p in machine_paths(notebook)]
    for complaint in complaints:
        print(f"error: {chapter.id}: {complaint}", file=sys.stderr)
    return not complaints


def machine_paths(notebook: nbformat.NotebookNode) -> list[str]:
    """Pieces of stored outputs that look like absolute paths of the machine they ran on."""
    found = []
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            texts = [output.get("text", ""), *output.get("traceback", [])]
            # Encoded pictures and arrays hold any letters; only text can hold a path.
            texts += [t for mime, t in output.get("data", {}).items() if mime.startswith("text/")]
            for text in texts:
                text = re.sub(r"data:[\w/+;=.-]+,[\w/+=%]+", "", text)
                found += [text[m.start() :][:60] for m in MACHINE_PATH.finditer(text)]
    return found


def clean(notebook: nbformat.NotebookNode) -> None:
    """Take out what is of this run and not of the chapter."""
    showing.strip_widget_state(notebook)
    for key in ("papermill", "signature"):
        notebook.metadata.pop(key, None)
    for index, cell in enumerate(notebook.cells):
        cell.id = f"cell-{index:03d}"  # the same on each build, so that a diff shows what changed
        cell.metadata = nbformat.from_dict(stored_metadata(cell))
        if cell.cell_type == "code":
            cell.outputs = clean_outputs(cell.outputs)


def clean_outputs(outputs: list[nbformat.NotebookNode]) -> list[nbformat.NotebookNode]:
    """One stream per stretch of text, progress bars in their last state."""
    kept: list[nbformat.NotebookNode] = []
    for output in outputs:
        same = kept and kept[-1].output_type == output.output_type == "stream"
        if same and kept[-1].name == output.name:
            kept[-1].text += output.text
            continue
        kept.append(output)
    for output in kept:
        if output.output_type == "stream":
            lines = output.text.replace("\r\n", "\n").split("\n")
            output.text = "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines)
    return [o for o in kept if o.output_type != "stream" or o.text.strip()]


if __name__ == "__main__":
    sys.exit(main())
