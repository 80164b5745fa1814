"""How commands print."""

from posebook.errors import printable


def tell(report: object) -> None:
    """Print what may hold names out of files: a terminal shows them and obeys none of them."""
    print("\n".join(map(printable, str(report).split("\n"))))
