"""What is in the repository: no trace of a machine, nothing large by accident."""

import re
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
TEXT = {".py", ".ipynb", ".md", ".toml", ".yml", ".yaml", ".txt", ".json", ".jsonl", ".cfg", ".cff"}
LARGEST_BYTES = 1_000_000
# Larger by design: folder or file -> bytes for each file in it.
LARGE = {
    "data/lifters/": 20_000_000,
    "data/detectors/": 26_000_000,
    "data/rendered/": 20_000_000,
    "data/ledger.jsonl": 3_000_000,  # a line for every number and seed that the book prints
}


def tracked() -> list[Path]:
    """Files that git holds, or all files where this is an archive without git."""
    asked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True)
    if asked.returncode == 0:
        return [CHECKOUT / name for name in asked.stdout.split("\0") if name]
    hidden = {".venv", "runs", "workbook", "build", "__pycache__"}
    return [
        p
        for p in CHECKOUT.rglob("*")
        if p.is_file() and not hidden & set(p.relative_to(CHECKOUT).parts)
    ]


FILES = [path for path in tracked() if path.is_file()]
TEXTS = [path for path in FILES if path.suffix in TEXT or path.name in ("Makefile", "run")]


def test_no_path_of_a_machine():
    roots = "|".join(["work", "tmp", "root", "home", "Users"])
    # Not part of a URL or of a longer path; a made-up one in a test stands as /home/ada.
    machine = re.compile(rf"(?<![\w.:/-])/(?:{roots})/(?!ada\b)[\w.-]+")
    # Encoded pictures in notebooks hold any letters.
    encoded = re.compile(r"[A-Za-z0-9+/=]{200,}")
    found = {}
    for path in TEXTS:
        hit = machine.search(encoded.sub("", path.read_text(encoding="utf-8")))
        if hit:
            found[path.relative_to(CHECKOUT).as_posix()] = hit.group()
    assert not found


def test_packages_come_from_wherever_the_reader_gets_them():
    words = ["pypi" + ".org", "pythonhosted" + ".org", "index" + "-url", "find" + "-links"]
    for path in TEXTS:
        text = path.read_text(encoding="utf-8")
        assert not [word for word in words if word in text], path.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_size(path):
    name = path.relative_to(CHECKOUT).as_posix()
    limit = next((size for folder, size in LARGE.items() if name.startswith(folder)), LARGEST_BYTES)
    assert path.stat().st_size <= limit


def test_nothing_that_runs_write_is_tracked():
    names = [path.relative_to(CHECKOUT).as_posix() for path in FILES]
    assert not [n for n in names if n.startswith(("runs/", "data/cache/", ".venv/", "build/"))]
