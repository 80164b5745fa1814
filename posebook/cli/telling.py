"""How commands print."""

import shutil
import sys
from pathlib import Path

from posebook import paths
from posebook.errors import printable


def tell(report: object) -> None:
    """Print what may hold names out of files: a terminal shows them and obeys none of them."""
    print("\n".join(map(printable, str(report).split("\n"))))


def program() -> str:
    """How this command can be typed again: an environment need not be on the path."""
    if Path(sys.argv[0]).name != "posebook" or shutil.which("posebook"):
        return "posebook"
    return paths.shown(Path(sys.argv[0]))
