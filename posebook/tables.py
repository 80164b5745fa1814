"""Tables to read, in a page, a notebook, Markdown or a terminal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

from posebook.errors import InputError, printable

#: Blanks at which a line must not be broken: between a number and its unit, or round a ±.
_INSIDE_A_NUMBER = re.compile(r"(?<=\d) (?=[^\W\d_]|[%°±×])|(?<=[±×]) (?=\d)")


class Link(str):
    """The path of a file beside the page. In a page it can be clicked; elsewhere it is text."""


@dataclass(frozen=True)
class Table:
    """Rows of words and numbers. In a notebook it shows itself; `str` gives plain text.

    headers  one for each column, with the unit: "MPJPE (mm)"
    rows     strings and numbers; floats are printed with `digits` digits after the point
    """

    headers: Sequence[str]
    rows: Sequence[Sequence[Any]]
    caption: str = ""
    digits: int = 1

    def __post_init__(self):
        for i, row in enumerate(self.rows):
            if len(row) != len(self.headers):
                raise InputError(
                    f"row {i} of a table has {len(row)} cells, expected {len(self.headers)}"
                )

    def cell(self, value: Any) -> str:
        if value is None:
            return "–"
        return f"{value:.{self.digits}f}" if isinstance(value, float) else printable(value)

    @property
    def _lines(self) -> list[Sequence[Any]]:
        """Headers and rows."""
        return [[str(header) for header in self.headers], *self.rows]

    @property
    def _numeric(self) -> list[bool]:
        """Columns that hold numbers alone, and are set to the right."""
        return [
            bool(self.rows) and all(isinstance(r[i], (int, float, type(None))) for r in self.rows)
            for i in range(len(self.headers))
        ]

    def _repr_html_(self) -> str:
        right = ' class="number" style="text-align:right"'

        def td(value: Any, number: bool) -> str:
            text = _markup(self.cell(value))
            if isinstance(value, Link):  # a colon, too, is quoted: it leads nowhere but here
                text = f'<a href="{escape(quote(value))}">{text}</a>'
            return f"<td{right if number else ''}>{text}</td>"

        caption = f"<caption>{_markup(self.caption)}</caption>" if self.caption else ""
        head = "".join(
            f'<th scope="col"{right if n else ""}>{_markup(str(h))}</th>'
            for h, n in zip(self.headers, self._numeric, strict=True)
        )
        body = "".join("<tr>" + "".join(map(td, row, self._numeric)) + "</tr>" for row in self.rows)
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def markdown(self) -> str:
        """The same as Markdown, without the caption."""
        cells = [[self.cell(v).replace("|", "\\|") for v in row] for row in self._lines]
        cells.insert(1, ["---" for _ in self.headers])
        return "\n".join(f"| {' | '.join(row)} |" for row in cells)

    def __str__(self) -> str:
        cells = [[self.cell(v) for v in row] for row in self._lines]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.headers))]
        right = self._numeric
        lines = [
            "  ".join(
                c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
            ).rstrip()
            for row in cells
        ]
        return "\n".join(([printable(self.caption)] if self.caption else []) + lines)

    __repr__ = __str__


def _markup(text: str) -> str:
    return _INSIDE_A_NUMBER.sub("&nbsp;", escape(text))
