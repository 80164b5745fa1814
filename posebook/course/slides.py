"""Slides of a chapter, from its own cells: one HTML page that needs no network.

What is on a slide: headings, the first sentence of each paragraph, formulas, tables, the core's
code, figures that turn and play, questions and exercises. What is told beside it, all the prose,
is in the speaker's notes. Nothing of a solution is in the page, nor what was shown after the first.

nbconvert's reveal slides load reveal.js and MathJax from the network; this deck is a page of CSS
and a page of script (`deck.css`, `deck.js`), and formulas are MathML.
"""

import json
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from typing import Any

from posebook.chapters import Chapter
from posebook.course import editions, mathml, teaching
from posebook.figures.showing import PLOTLY

_HERE = Path(__file__).parent
PLOTLY_FILE = "plotly.min.js"
#: So much is on a slide: a paragraph's sentence counts 1, a formula 2, a table or code all of it.
_ROOM = 6
_FORMULA = re.compile(r"(`[^`]*`)|\$\$(.+?)\$\$|\$([^$\n][^$]*?)\$", re.DOTALL)
_SENTENCE = re.compile(r"(?<=[.?!:])(?:\*\*|\")?(?=\s+[A-Z*`$\[])")
_LINE_OF_BAR = re.compile(r"\d+%\|")
_LEFT_OUT = {"solution", "exercise_check", "references", "parameters"}


@dataclass
class Slide:
    """kind  class of the section: '', 'ask' (a question to the audience) or 'broad'"""

    title: str
    kind: str = ""
    body: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    filled: float = 0.0


def write_plotly(folder: Path) -> None:
    """What draws the figures of all pages in a folder: 5 MB, once."""
    import plotly

    package = Path(plotly.__file__).parent / "package_data" / PLOTLY_FILE
    shutil.copyfile(package, folder / PLOTLY_FILE)


def page(chapter: Chapter, notebook: Any, words: teaching.Teaching) -> str:
    """The page of a chapter; `plotly.min.js` lies beside it."""
    made = _Deck(chapter, notebook, words)
    sections = "\n".join(map(_section, made.slides))
    data = "".join(
        f'<script type="application/json" id="figure-{number}">{text}</script>'
        for number, text in enumerate(made.figures)
    )
    from pygments.formatters import HtmlFormatter

    style = HtmlFormatter(style="friendly").get_style_defs(".highlight")
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(chapter.title)}</title><style>{style}\n"
        f"{(_HERE / 'deck.css').read_text(encoding='utf-8')}</style></head>\n<body>\n{sections}\n"
        '<nav aria-label="slides"><button aria-label="back">&lt;</button><span></span>'
        '<button aria-label="forth">&gt;</button><button>notes (N)</button></nav>\n'
        f'{data}<script src="{PLOTLY_FILE}"></script>'
        f"<script>{(_HERE / 'deck.js').read_text(encoding='utf-8')}</script></body></html>\n"
    )


def _section(slide: Slide) -> str:
    kind = f' class="{slide.kind}"' if slide.kind else ""
    notes = f"<aside>{''.join(slide.notes)}</aside>" if slide.notes else ""
    return f'<section{kind}>{slide.title}<div class="body">{"".join(slide.body)}</div>{notes}</section>'


class _Deck:
    """Slides, and the figures on them as JSON."""

    def __init__(self, chapter: Chapter, notebook: Any, words: teaching.Teaching):
        self.slides: list[Slide] = [Slide("")]
        self.figures: list[str] = []
        self.number, self.topic = int(chapter.number), chapter.title
        solved = False
        for cell in notebook.cells:
            tags = set(editions.tags_of(cell))
            solved = solved or "solution" in tags
            if tags & _LEFT_OUT:
                continue
            if cell.cell_type == "markdown":
                self._prose(cell.source, tags)
            elif cell.cell_type == "code":
                self._code(cell, tags, solved)
        minutes = chapter.minutes["laptop"]
        self.slides[0].body.append(
            f'<p class="facts">posebook, chapter {self.number} · {minutes:g} min to run</p>'
        )
        if words.questions:
            slide = self._new("For discussion", "ask")
            items = "".join(f"<li>{html(one, True)}</li>" for one in words.questions)
            slide.body.append(f"<ol>{items}</ol>")
            slide.notes.append(html(words.discussion))
        self.slides = [one for one in self.slides if one.body or "<h1>" in one.title]

    def _new(self, title: str, kind: str = "", rank: int = 2) -> Slide:
        self.topic = title
        self.slides.append(Slide(f"<h{rank}>{html(title, True)}</h{rank}>", kind))
        return self.slides[-1]

    def _add(self, part: str, weight: float) -> None:
        """Onto the slide, or onto a new one of the same title where it is full."""
        slide = self.slides[-1]
        if slide.body and slide.filled + weight > _ROOM:
            slide = self._new(self.topic, slide.kind if slide.kind == "broad" else "")
        slide.body.append(part)
        slide.filled += weight

    def _prose(self, source: str, tags: set[str]) -> None:
        whole = {"goals", "takeaway"} & tags
        if "goals" in tags:
            self._new("Goals")
        if "notation" in tags and not source.startswith("#"):
            self._new("Notation")
        for block in blocks(source):
            if heading := re.match(r"(#{1,4}) (.+)", block):
                title = heading[2].strip()
                if len(heading[1]) == 1:
                    self.slides[0].title = f"<h1>{html(title, True)}</h1>"
                    self.topic = title
                else:
                    self._new(title)
                continue
            exercise = re.match(r"\*\*([0-9]+)\.\*\*\s*", block)
            if exercise:
                self._new(f"Exercise {self.number}.{exercise[1]}", "ask")
                self._add(html(block[exercise.end() :]), 3)
                continue
            if "predict" in tags and "**Predict first" in block:
                self._new("Predict first", "ask")
                self._add(html(block), 3)
                continue
            if block.startswith("**References"):
                continue
            self.slides[-1].notes.append(html(block))
            self._add(*_shown(block, bool(whole)))

    def _code(self, cell: Any, tags: set[str], solved: bool) -> None:
        if "core" in tags:
            self._new(self.topic, "broad").body.append(highlighted(cell.source))
            self.slides[-1].filled = _ROOM
        if "exercise" in tags:
            self.slides[-1].body.append(highlighted(cell.source))
        if solved or {"setup", "check", "exercise"} & tags and "reveal" not in tags:
            return
        caption = ""
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            markup = data.get("text/html", "")
            if PLOTLY in data:
                self._figure(output, caption)
                caption = ""
            elif markup.startswith("<details"):
                self.slides[-1].notes.append(re.sub("</?(details|summary)[^>]*>", " ", markup))
            elif "<table" in markup:
                self._new(self.topic, "broad").body.append(markup)
                self.slides[-1].filled = _ROOM
            elif markup:
                caption = markup
            elif output.output_type == "stream":
                lines = [line for line in output.text.splitlines() if not _LINE_OF_BAR.search(line)]
                if lines and len(lines) <= 12:
                    said = escape("\n".join(lines))
                    self._add(f'<pre class="said">{said}</pre>', 1 + len(lines) / 3)

    def _figure(self, output: Any, caption: str) -> None:
        data = output["data"]
        alt = escape(" ".join(data.get("text/plain", "").split()))
        text = json.dumps(data[PLOTLY], separators=(",", ":")).replace("<", "\\u003c")
        title = re.search("<b>(.*?)</b>", caption)
        topic = self.topic
        slide = self._new(unescape(title[1]) if title else topic, "broad")
        self.topic = topic
        note = re.search(r"<span[^>]*>(.*?)</span>", caption, re.DOTALL)
        said = f"<figcaption>{note[1]}</figcaption>" if note else ""
        slide.body.append(
            f'<figure>{said}<div class="plot" role="img" aria-label="{alt}" '
            f'data-figure="figure-{len(self.figures)}"></div></figure>'
        )
        slide.filled = _ROOM
        self.figures.append(text)


def _shown(block: str, whole: bool) -> tuple[str, float]:
    """What of a block is on the slide, and how much room it takes."""
    if block.startswith("|"):
        return html(block), 1 + block.count("\n") / 2
    if block.startswith("$$"):
        return html(block), 2
    if re.match(r"[*-] |[0-9]+\. ", block):
        items = re.split(r"\n(?=[*-] |[0-9]+\. )", block)
        short = items if whole else [first_sentence(item) for item in items]
        return html("\n".join(short)), 0.8 * len(items)
    if block.startswith(("```", ">")) or whole:
        return html(block), 2
    return html(first_sentence(block)), 1


def first_sentence(text: str) -> str:
    """The first sentence of a paragraph; all of it where it has formulas in display or is short."""
    flat = " ".join(text.split())
    if "$$" in flat or len(flat) < 90:
        return text
    for end in _SENTENCE.finditer(flat):
        piece = flat[: end.end()]
        if piece.count("**") % 2 == 0 and piece.count("$") % 2 == 0 and piece.count("`") % 2 == 0:
            if len(piece) > 25 and piece.count("(") == piece.count(")"):
                return piece
    return flat


def blocks(source: str) -> Iterator[str]:
    """Paragraphs, lists, tables and headings of Markdown, one after another."""
    held: list[str] = []
    fenced = False
    for line in [*source.splitlines(), ""]:
        fenced ^= line.startswith("```")
        ends = not line.strip() and not fenced
        if ends or (line.startswith("#") and not fenced):
            if held:
                yield "\n".join(held)
            held = []
            if not ends:
                yield line
            continue
        held.append(line)


def html(text: str, inline: bool = False) -> str:
    """Markdown with formulas as HTML; `inline` without the paragraph around it."""
    from nbconvert.filters import markdown2html

    formulas: list[str] = []

    def kept(found: re.Match) -> str:
        if found[1]:
            return found[1]
        try:
            made = mathml.of(unescape(found[2] or found[3]), display=bool(found[2]))
        except ValueError:
            made = f"<code>{escape(found[0])}</code>"
        formulas.append(made)
        return f"FORMULA{len(formulas) - 1}HERE"

    made = markdown2html(_FORMULA.sub(kept, text)).strip()
    made = re.sub(r'<a class="anchor-link".*?</a>', "", made)
    made = re.sub("FORMULA([0-9]+)HERE", lambda found: formulas[int(found[1])], made)
    plain = re.fullmatch(r"<p>(.*)</p>", made, re.DOTALL)
    return plain[1] if inline and plain else made


def highlighted(code: str) -> str:
    """Python in colours."""
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return highlight(code, PythonLexer(), HtmlFormatter())
