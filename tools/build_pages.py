"""Fill in the numbers of README and cards, so that none is typed; and say which were.

    python tools/build_pages.py            # write the pages anew
    python tools/build_pages.py --check    # write nothing, say what is wrong

Measured numbers come from `data/ledger.jsonl` and from the headers of the shipped networks. Four
marks, which a reader of the page does not see, say where:

    26.0 mm<!-- number: simple_baseline/synthetic/test/P-MPJPE -->      a number
    8.66 MB<!-- size: simple_baseline.safetensors -->                   the size of a file beside
    <!-- numbers ... --> a table <!-- /numbers -->                      a table of numbers
    <!-- chapters --> a table <!-- /chapters -->                        README's, from the chapters

What stands in place of the first dots is one line of headings, then one line for each row, cells
between |. A heading "P-MPJPE = elepose/P-MPJPE" has numbers below it, of that method and metric
(with ? at its end: where there are any), "= frames" on how many they were measured. A row ends with
the data and split of its numbers. A number's key is method/data/split/metric for a score of a
lifter file, and else the whole `Number.key`; `page_constants.SHORT` has short names of data.

A number with a unit that has no mark must be in `page_constants.CONSTANTS`.
"""

import argparse
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from page_constants import CONSTANTS, SHORT

from posebook import chapters, paths, results
from posebook.detection import detector_files
from posebook.errors import InputError
from posebook.lifting import lifter_files
from posebook.methods import network_files
from posebook.results import Number

Pages = dict[str, str]
Numbers = Mapping[str, Number]

NUMBER = r"[-+±]?\d[\d.,]*"
UNIT = (
    r"(?:mm(?:/s|/frame)?|cm|%|per cent|px|s|ms|[kMG]B|CPU s|second|minute|hour)(?:s\b|\b|(?<=%))"
)
#: Numbers with a unit; of a list such as "31.0, 25.0 and 31.7 mm" all.
QUANTITY = re.compile(
    rf"(?<![\w.,/-]){NUMBER}(?:(?:,| to| and| or| in place of| ±|–|-) ?{NUMBER})*[\s-]?{UNIT}"
)
#: A column with measured numbers, by its heading; its cells may have no unit.
MEASURED = re.compile(rf"\({UNIT}\)|MPJPE|error|PCK|AUC|score")
MARKED = re.compile(r"[-+]?\d[\d.,]*(?: ?[a-zA-Z/%]+)?<!-- (number|size): ([^<>]+?) -->")
TABLE = re.compile(r"(<!-- numbers\n(.*?)\n-->\n).*?(<!-- /numbers -->)", re.DOTALL)
CHAPTERS = re.compile(r"(<!-- chapters -->\n).*?(<!-- /chapters -->)", re.DOTALL)
CODE = re.compile(r"^```.*?^```|^ {4}.*?$", re.DOTALL | re.MULTILINE)


def pages(root: Path = paths.CHECKOUT) -> Pages:
    """README, every card and the benchmarks' page, by their path."""
    files = [root / "README.md", root / "benchmarks/README.md", *(root / "data").rglob("*.md")]
    return {
        file.relative_to(root).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(files)
        if "cache" not in file.parts
    }


def measured(root: Path = paths.CHECKOUT) -> dict[str, Number]:
    """Every number that a page may print, by its key."""
    found = results.ledger_numbers(root / "data/ledger.jsonl")
    for folder, kind in (("lifters", lifter_files.KIND), ("detectors", detector_files.KIND)):
        for file in sorted((root / "data" / folder).glob("*.safetensors")):
            found += network_files.numbers(network_files.read(file, kind)[0])
    return {number.key: number for number in found}


def look_up(key: str, numbers: Numbers) -> Number:
    parts = ["-".join(SHORT.get(part, part).lower().split()) for part in key.split("/")]
    short = "/".join([parts[0], *parts]) + f"@{results.OF_A_FILE}"
    for name in (short, "/".join(parts)):
        if name in numbers:
            return numbers[name]
    raise InputError(f"no number '{key}' in the ledger or in a lifter's header")


def build(page: str, text: str, numbers: Numbers, root: Path = paths.CHECKOUT) -> str:
    """The text of a page with every marked number as it was measured."""

    def marked(match: re.Match) -> str:
        kind, key = match.groups()
        if kind == "number":
            shown = look_up(key, numbers).text
        else:
            shown = size((root / page).parent / key)
        return f"{shown}<!-- {kind}: {key} -->"

    text = TABLE.sub(lambda m: m[1] + number_table(m[2], numbers) + m[3], text)
    text = CHAPTERS.sub(lambda m: m[1] + chapter_table() + m[2], text)
    return MARKED.sub(marked, text)


def size(file: Path) -> str:
    if not file.is_file():
        raise InputError(f"no file {file.name} beside the page")
    count = file.stat().st_size
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def number_table(lines_of_mark: str, numbers: Numbers) -> str:
    """Markdown, as the lines in the mark say."""
    head, *lines = (
        [cell.strip() for cell in line.split("|")] for line in lines_of_mark.splitlines()
    )
    headings = [cell.partition(" = ")[0] for cell in head]
    columns = [cell.partition(" = ")[2] for cell in head if " = " in cell]
    words = len(head) - len(columns)
    rows = [headings, ["---"] * len(head)]
    for line in lines:
        cells = line[:words] + [""] * (len(head) - len(line[:words]))
        if len(line) > words:
            cells[words:] = _cells(columns, line[words], numbers)
        rows.append(cells)
    return "".join("| " + " | ".join(row) + " |\n" for row in rows)


def _cells(columns: list[str], where: str, numbers: Numbers) -> list[str]:
    """A row's numbers: data and split in `where`, method and metric in `columns`."""

    def find(column: str) -> Number | None:
        method, _, metric = column.removesuffix("?").partition("/")
        try:
            return look_up(f"{method}/{where}/{metric}", numbers)
        except InputError:
            if column.endswith("?"):
                return None
            raise

    found = {column: find(column) for column in columns if column != "frames"}
    counts = [number.frames for number in found.values() if number and number.frames]
    frames = f"{counts[0]:,}" if counts else ""
    shown = {column: number.text for column, number in found.items() if number}
    return [frames if column == "frames" else shown.get(column, "") for column in columns]


def chapter_table() -> str:
    """Markdown: a row for each chapter, with minutes per profile and the data it can read."""
    lines = [
        "| | chapter | ci | laptop | full | data | paper |",
        "|---|---|---|---|---|---|---|",
    ]
    for chapter in chapters.all_chapters():
        minutes = " | ".join(f"{chapter.minutes[name]:g}" for name in ("ci", "laptop", "full"))
        link = f"[{chapter.title}](notebooks/{chapter.notebook.name})"
        data = ", ".join(chapter.data)
        lines.append(f"| {chapter.number} | {link} | {minutes} | {data} | {paper(chapter)} |")
    return "\n".join(lines) + "\n"


def paper(chapter: chapters.Chapter) -> str:
    """A link to the paper, by its arXiv number or DOI."""
    name = chapter.paper.removeprefix("doi:")
    if name.lower().startswith("arxiv:"):
        return f"[{name}](https://arxiv.org/abs/{name[6:]})"
    return f"[{name}](https://doi.org/{name})" if name else ""


def complaints(found: Pages, numbers: Numbers, root: Path = paths.CHECKOUT) -> list[str]:
    """What is wrong with pages, one line each: numbers that are not as measured, or not marked."""
    lines = []
    for page, text in found.items():
        try:
            if build(page, text, numbers, root) != text:
                lines.append(f"{page}: not as measured; run python tools/build_pages.py")
        except InputError as error:
            lines.append(f"{page}: {error}")
        lines += [f"{page}: '{typed}' has no mark" for typed in unmarked(page, text)]
    for constant in CONSTANTS:
        if constant.page in found and constant.text not in _one_line(found[constant.page]):
            lines.append(f"{constant.page}: the constant '{constant.text}' is not there")
    return lines


def unmarked(page: str, text: str) -> Iterator[str]:
    """Numbers with a unit, and cells below the name of a metric, that nobody vouches for."""
    text = TABLE.sub(r"\2", text)  # the words of the rows are looked at
    for mark in (CHAPTERS, MARKED, CODE):
        text = mark.sub("", text)
    if left := re.search(r"<!-- /?(?:numbers?|chapters|size)\b", text):
        yield left[0]
    measured_columns: list[bool] = []
    for line in text.splitlines():
        cells = line.split("|") if line.startswith("|") else []
        if cells and not measured_columns:
            measured_columns = [bool(MEASURED.search(cell)) for cell in cells]
        elif not cells:
            measured_columns = []
        else:
            for cell, is_measured in zip(cells, measured_columns, strict=False):
                if is_measured and re.fullmatch(rf"[\s*]*{NUMBER}[\s*]*", cell):
                    yield cell.strip()
    allowed = [constant.text for constant in CONSTANTS if constant.page == page]
    for match in QUANTITY.finditer(_one_line(text)):
        if match[0] not in allowed:
            yield match[0]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing")
    options = parser.parse_args()
    found, numbers = pages(), measured()
    if not options.check:
        try:
            built = {page: build(page, text, numbers) for page, text in found.items()}
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        for page, text in built.items():
            if text != found[page]:
                paths.write_text(paths.CHECKOUT / page, text)
        found = built
    wrong = complaints(found, numbers)
    print("\n".join(wrong), file=sys.stderr, end="\n" if wrong else "")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
