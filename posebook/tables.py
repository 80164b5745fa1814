"""Tables to read, in a page, a notebook or a terminal: `Table`, and lists of results as rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from posebook.errors import InputError

Row = dict[str, str]


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
        return f"{value:.{self.digits}f}" if isinstance(value, float) else str(value)

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
            return f"<td{right if number else ''}>{escape(self.cell(value))}</td>"

        caption = f"<caption>{escape(self.caption)}</caption>" if self.caption else ""
        head = "".join(
            f'<th scope="col"{right if n else ""}>{escape(str(h))}</th>'
            for h, n in zip(self.headers, self._numeric, strict=True)
        )
        body = "".join("<tr>" + "".join(map(td, row, self._numeric)) + "</tr>" for row in self.rows)
        return f"<table>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"

    def __str__(self) -> str:
        cells = [[str(h) for h in self.headers]] + [[self.cell(v) for v in r] for r in self.rows]
        widths = [max(len(row[i]) for row in cells) for i in range(len(self.headers))]
        right = self._numeric
        lines = [
            "  ".join(
                c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)
            ).rstrip()
            for row in cells
        ]
        return "\n".join(([self.caption] if self.caption else []) + lines)

    __repr__ = __str__


def html(rows: list[Row]) -> str:
    """A table for a notebook. Columns that no row fills are left out."""
    columns = _filled(rows)
    head = "".join(f"<th>{name}</th>" for name in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(row[name])}</td>" for name in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def markdown(rows: list[Row]) -> str:
    """The same as Markdown."""
    columns = _filled(rows)
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(row[name].replace("|", "\\|") for name in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in lines)


def terminal(rows: list[Row]) -> str:
    """A heading for each protocol and data, and under it what shares them."""
    groups: dict[str, list[list[str]]] = {}
    for row in rows:
        beside = [f"{name} {row[name]}" for name in ("baseline", "paper") if row[name]]
        cells = [row["method"], row["metric"], row["value"], f"({', '.join(beside)})"]
        groups.setdefault(f"{row['protocol']}; {row['data']}", []).append(
            cells if beside else cells[:3]
        )
    every = [cells for group in groups.values() for cells in group]
    width = [max(len(cells[column]) for cells in every) for column in range(3)] + [0]
    lines = []
    for heading, group in groups.items():
        lines.append(heading)
        for cells in group:
            even = [cell.ljust(wide) for cell, wide in zip(cells, width, strict=False)]
            lines.append("  " + "  ".join(even).rstrip())
    return "\n".join(lines)


def _filled(rows: list[Row]) -> list[str]:
    return [name for name in rows[0] if any(row[name] for row in rows)]


FORMS = {"html": html, "md": markdown, "text": terminal}
