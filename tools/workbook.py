"""Lay out the notebooks to work in: workbook/, a copy of what notebooks/ stores.

    python tools/workbook.py

JupyterLab writes into the notebooks that it opens, so `make lab` opens these copies. A copy that
was changed is the reader's: it is never written over.
"""

import hashlib
import json
import shutil
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
#: In the folder of copies: name of a notebook -> SHA-256 of what was copied.
RECORD = ".copied.json"


def main() -> int:
    folder = CHECKOUT / "workbook"
    for name in lay_out(CHECKOUT / "notebooks", folder):
        print(
            f"{folder.name}/{name}: you changed this copy, and the book has a newer {name}; move "
            "yours to another name to get it"
        )
    return 0


def lay_out(book: Path, folder: Path) -> list[str]:
    """Copy each notebook of `book` into `folder`; what the reader changed stays as it is.

    Returns the names of changed copies of which the book has another version by now.
    """
    folder.mkdir(exist_ok=True)
    record = _record(folder)
    left = []
    for source in sorted(book.glob("*.ipynb")):
        copy, newest = folder / source.name, _hash(source)
        there = copy.exists()
        if not there or (_hash(copy) == record.get(source.name) != newest):
            fresh = copy.with_name(f".{copy.name}.part")
            shutil.copyfile(source, fresh)
            fresh.replace(copy)
            record[source.name] = newest
            (folder / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
        elif record.get(source.name) != newest and _hash(copy) != newest:
            left.append(source.name)
    return left


def _record(folder: Path) -> dict[str, str]:
    """What was copied; nothing where the record is missing or damaged: all copies are then taken
    for changed ones."""
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _hash(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
