"""Tables of results to read: in a page, in a notebook, on a terminal. Rows are dicts of texts."""

from html import escape

Row = dict[str, str]


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
