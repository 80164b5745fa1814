"""Write the README's chapter table anew from the headers of the chapters.

    python tools/chapter_table.py

It replaces what stands between `<!-- chapters -->` and `<!-- /chapters -->`.
"""

import re
import sys

from posebook import chapters, paths

README = paths.CHECKOUT / "README.md"
MARKED = re.compile(r"(<!-- chapters -->\n).*?(<!-- /chapters -->)", re.DOTALL)


def table() -> str:
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


def main() -> int:
    text = README.read_text(encoding="utf-8")
    if not MARKED.search(text):
        print("error: README.md lacks <!-- chapters --> ... <!-- /chapters -->", file=sys.stderr)
        return 2
    paths.write_text(README, MARKED.sub(lambda m: m[1] + table() + m[2], text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
