"""What the README tells a reader to type exists, and what it prints was measured."""

import re
import shlex
from pathlib import Path

import chapter_table
import pytest
import typer

from posebook import cli, results
from posebook.chapters import all_chapters

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


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_measured_numbers_are_those_of_the_ledger(page):
    """`52.1 mm<!-- ledger: KEY -->` must be what the ledger holds under KEY."""
    for said, key in re.findall(
        r"([\d.]+(?: ?[a-z/%]+)?)<!-- ledger: (\S+/\S+) -->", page.read_text()
    ):
        assert said == results.ledger(key).text, f"{page.name}: {key}"


def test_readme_has_its_first_screen():
    first = "\n".join((CHECKOUT / "README.md").read_text().splitlines()[:40])
    for command in ("make quickstart", "make test", "make lab"):
        assert command in first


def test_chapter_table_is_that_of_the_headers():
    marked = chapter_table.MARKED.search((CHECKOUT / "README.md").read_text())
    assert marked, "README.md needs <!-- chapters --> ... <!-- /chapters -->"
    assert chapter_table.table() in marked[0], "run: python tools/chapter_table.py"


def test_a_wrong_command_would_be_noticed():
    parse(shlex.split("run simple_baseline --profile ci -p seed 1 --out here"))
    for wrong in ("run", "lift x --no-such", "nosuch", "data nosuch", "run x --out"):
        with pytest.raises(Exception, match=r"Missing|No such|requires"):
            parse(shlex.split(wrong))
