"""Data cards: which data sets there are, on what terms, how to get them.

The cards are the Markdown files in `data/`. Nothing is downloaded: most data sets forbid passing
them on, so a card says where to ask. `folders` makes and checks the files of a data set.
"""

from dataclasses import dataclass

from posebook import paths
from posebook.errors import InputError

ORDER = (
    "synthetic", "synthetic_wide", "human36m", "mpi_inf_3dhp", "humaneva", "cmu", "bvh", "mpii",
    "lsp", "lspet", "coco", "human36m_pictures", "mpi_inf_3dhp_pictures", "ai_challenger",
    "rendered_plain", "rendered_wild", "custom",
)  # fmt: skip


@dataclass(frozen=True)
class Card:
    """A data card.

    reader  'yes' (`datasets.load`), 'pictures' (`datasets.pictures.load` alone) or 'not yet'
    files   (pattern, 'needed' or another word for how much, what it is)
    """

    name: str
    title: str
    reader: str
    licence: str
    needs: str
    text: str
    files: tuple[tuple[str, str, str], ...] = ()


def cards() -> list[Card]:
    """Every card, in the book's order."""
    return [card(name) for name in ORDER]


def card(name: str) -> Card:
    """The card of one data set."""
    if name not in ORDER:
        raise InputError(f"no data set is called '{name}'; there are {', '.join(ORDER)}")
    text = (paths.DATA / f"{name}.md").read_text(encoding="utf-8")
    _, head, body = text.split("---\n", 2)
    values: dict[str, str] = {}
    files = []
    for line in head.splitlines():
        if line.startswith("  - "):
            pattern, need, what = (part.strip() for part in line[4:].split("|"))
            files.append((pattern, need, what))
        elif ":" in line:
            key, _, value = line.partition(":")
            values[key.strip()] = value.strip()
    values.pop("files", None)
    return Card(text=body.strip(), files=tuple(files), **values)


def listing() -> str:
    """A table of all data sets: name, whether there is a reader, licence, what it needs."""
    lines = [f"{'name':<15} {'reader':<8} {'licence, and what it needs'}"]
    for one in cards():
        lines.append(f"{one.name:<15} {one.reader:<8} {one.licence}")
        lines.append(f"{'':<15} {'':<8} {one.title}; needs {one.needs}")
    return "\n".join(lines)


def info(name: str) -> str:
    """The card's text, with licence and state on top."""
    one = card(name)
    reads = {"yes": f"load('{name}')", "pictures": f"pictures.load('{name}')"}
    reader = reads.get(one.reader, "none yet")
    return f"{one.text}\n\nlicence: {one.licence}\nreader:  {reader}"
