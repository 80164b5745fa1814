"""What the README tells a reader to type exists, and what it prints was measured."""

import re
import shlex
from dataclasses import replace
from pathlib import Path

import build_pages
import pytest
import typer

from posebook import cli, detection, lifting, results
from posebook.chapters import all_chapters
from posebook.detection import weights
from posebook.lifting import lifter_files

CHECKOUT = Path(__file__).resolve().parents[1]
PAGES = [p for p in (CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md") if p.exists()]
PAGES += sorted((CHECKOUT / "data").rglob("*.md"))
TARGETS = set(re.findall(r"^([a-z-]+):", (CHECKOUT / "Makefile").read_text(), re.MULTILINE))


def commands(page: Path) -> list[str]:
    """Lines of shell blocks, without prompts and comments; a backslash joins two."""
    found = []
    for kind, block in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(), re.M | re.S):
        if kind in ("bash", "sh", "shell", "console"):
            for line in block.replace("\\\n", " ").splitlines():
                line = line.strip().removeprefix("$ ").partition(" #")[0].strip()
                if line and not line.startswith("#"):
                    found += [part.strip() for part in line.split("&&")]
    return found


ALL = [(page.relative_to(CHECKOUT).as_posix(), line) for page in PAGES for line in commands(page)]


def parse(arguments: list[str]) -> None:
    """Let typer read a command line without doing what it says; wrong usage raises."""

    def nothing(**_):
        return None

    def silence(command) -> None:
        command.callback = nothing
        for below in getattr(command, "commands", {}).values():
            silence(below)

    command = typer.main.get_command(cli.app)
    silence(command)
    command.main(cli._join_parameters(arguments), standalone_mode=False)


@pytest.mark.parametrize(("page", "line"), ALL, ids=[f"{p}: {line}"[:70] for p, line in ALL])
def test_command_exists(page, line):
    words = shlex.split(line)
    while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):  # POSEBOOK_PROFILE=ci make ...
        words.pop(0)
    program = Path(words[0]).name
    if program == "make":
        targets = [word for word in words[1:] if "=" not in word and not word.startswith("-")]
        assert set(targets) <= TARGETS, f"{page}: no such target: {line}"
    elif program == "posebook":
        parse(words[1:])
        if words[1] == "run":
            known = {c.id for c in all_chapters()} | {c.number for c in all_chapters()}
            assert words[2].isupper() or words[2] in known, f"{page}: no chapter {words[2]}"
    elif program in ("python", "python3") and words[1].endswith(".py"):
        assert (CHECKOUT / words[1]).is_file(), f"{page}: no such file: {line}"
    else:
        known = {
            "git",
            "cd",
            "python",
            "python3",
            "pip",
            "source",
            ".",
            "apt-get",
            "sudo",
            "pytest",
        }
        known |= {"jupyter", "mamba", "conda", "ruff"}
        assert program in known, f"{page}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pictures_are_described(page):
    text = page.read_text()
    for alt in re.findall(r"!\[([^\]]*)\]\(", text) + re.findall(
        r"<img(?![^>]*alt=\"[^\"]{8})", text
    ):
        assert len(alt) > 8, f"{page.name}: a picture without alt text"


def test_readme_has_its_first_screen():
    first = "\n".join((CHECKOUT / "README.md").read_text().splitlines()[:40])
    for command in ("make quickstart", "make test", "make lab"):
        assert command in first


@pytest.fixture(scope="module")
def numbers() -> dict[str, results.Number]:
    return build_pages.measured()


def test_pages_hold_no_number_but_measured_ones_and_known_constants(numbers):
    pages = build_pages.pages()
    assert {"README.md", "data/lifters/elepose.md", "benchmarks/README.md"} <= pages.keys()
    assert build_pages.CHAPTERS.search(pages["README.md"])
    assert build_pages.complaints(pages, numbers) == []
    marks = sum(len(build_pages.MARKED.findall(text)) for text in pages.values())
    tables = sum(len(build_pages.TABLE.findall(text)) for text in pages.values())
    cards = len(lifting.SHIPPED) + len(detection.SHIPPED) + len(weights.WEIGHTS)
    assert marks > 10 and tables >= cards, "a rule that matches nothing cannot fail"


def test_building_again_changes_nothing(numbers):
    text = build_pages.pages()["data/lifters/elepose.md"]
    emptied = re.sub(r"(?<=-->\n)\|.*?(?=<!-- /numbers)", "", text, flags=re.DOTALL)
    emptied = re.sub(r"26\.0 mm(?=<!-- number)", "0 mm", emptied)
    assert emptied != text
    assert build_pages.build("data/lifters/elepose.md", emptied, numbers) == text


CARD, BASELINE = "data/lifters/elepose.md", "data/lifters/simple_baseline.md"
SCORE = "elepose/elepose/synthetic/test/p-mpjpe@lifter"
BESIDE = "26.0 mm<!-- number: simple_baseline/cmu17/test/P-MPJPE -->"
#: What happens to a page: its path, what is replaced, by what.
PAGE_MUTATIONS = {
    "digits changed in a generated table": (CARD, "| 40.4 mm", "| 30.4 mm"),
    "digits changed in marked prose": (CARD, BESIDE, BESIDE.replace("26.0", "26.1")),
    "a mark removed": (CARD, BESIDE, "26.0 mm"),
    "a key that is not there": (CARD, BESIDE, BESIDE.replace("/test/", "/tests/")),
    "the mark of a table removed": (CARD, "<!-- /numbers -->", ""),
    "the marks of the chapters removed": ("README.md", "<!-- chapters -->", ""),
    "a number added in prose": ("README.md", "## Teach with it", "It is off by 31.2 mm.\n\n## T"),
    "a share added in prose": ("README.md", "## Teach with it", "12 % better.\n\n## T"),
    "a speed added in code": ("README.md", "## Teach with it", "`3.5 ms` a frame.\n\n## T"),
    "a row added to a generated table": (CARD, "| S9 + S11", "| S1 | 9 | 12.5 mm |\n| S9 + S11"),
    "a table of its own": (
        CARD,
        "## What not",
        "| data | P-MPJPE |\n|---|---|\n| S1 | 12.5 |\n\n##",
    ),
    "a constant edited": ("data/cmu.md", "117 mm", "118 mm"),
    "a constant's unit swapped": ("data/human36m.md", "5 px", "5 mm"),
    "a unit swapped in prose": (CARD, BESIDE, BESIDE.replace(" mm<", " px<")),
    "a unit swapped in a table": (CARD, "40.4 mm", "40.4 px"),
    "a constant moved into another card": ("data/mpii.md", "## Halves", "117 mm lower.\n\n## H"),
    "a list of numbers": (BASELINE, "## What not", "31.0, 25.0 and 31.7 mm.\n\n## What not"),
    "the row of a table asks for other data": (CARD, "| synthetic/test", "| cmu17/test"),
}


@pytest.mark.parametrize("mutation", PAGE_MUTATIONS)
def test_altered_pages_are_noticed(mutation, numbers):
    page, before, after = PAGE_MUTATIONS[mutation]
    text = build_pages.pages()[page]
    assert before in text
    wrong = build_pages.complaints({page: text.replace(before, after, 1)}, numbers)
    assert wrong and all(line.startswith(page) for line in wrong)


def test_a_changed_or_lost_ledger_line_is_noticed(numbers):
    pages = build_pages.pages()
    key = next(key for key in numbers if key.startswith("elepose/elepose/cmu"))
    changed = replace(numbers[key], value=numbers[key].value + 0.1)
    assert build_pages.complaints(pages, numbers | {key: changed})
    assert build_pages.complaints(pages, {k: n for k, n in numbers.items() if k != key})


def test_a_changed_header_is_noticed(numbers, tmp_path):
    """A lifter's file written with another score, and the numbers read from there."""
    folder = tmp_path / "data/lifters"
    folder.mkdir(parents=True)
    header, tensors = lifter_files.read(lifting.SHIPPED["elepose"])
    assert header["metrics"][0]["metric"] == "P-MPJPE"
    header["metrics"][0]["value"] -= 1
    lifter_files.write(folder / "elepose.safetensors", header, tensors)
    changed = numbers | build_pages.measured(tmp_path)
    assert changed[SCORE].value == numbers[SCORE].value - 1
    assert build_pages.complaints(build_pages.pages(), changed) == [
        f"{CARD}: not as measured; run python tools/build_pages.py"
    ]


def test_a_wrong_command_would_be_noticed():
    parse(shlex.split("run simple_baseline --profile ci -p seed 1 --out here"))
    for wrong in ("run", "lift x --no-such", "nosuch", "data nosuch", "run x --out"):
        with pytest.raises(Exception, match=r"Missing|No such|requires"):
            parse(shlex.split(wrong))
