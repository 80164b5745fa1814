"""Slides of a chapter, from its own cells: one HTML page that needs no network.

What is on a slide: headings, the first sentence of each paragraph, formulas, tables, the core's
code, figures that turn and play, questions and exercises. The rest of the prose is in the speaker's
notes. Nothing of a solution is in the page, nor what was shown after the first.

nbconvert's reveal slides load reveal.js and MathJax from the network; this deck is a page of CSS
and a page of script (`deck.css`, `deck.js`), and formulas are MathML.
"""

import json
import math
import re
import shutil
from dataclasses import dataclass, field
from html import escape, unescape
from pathlib import Path
from typing import Any

from posebook.chapters import Chapter
from posebook.course import editions, mathml, teaching
from posebook.course.shortening import blocks, first_sentence, lead, parts, question, rest
from posebook.figures.showing import PLOTLY

_HERE = Path(__file__).parent
PLOTLY_FILE = "plotly.min.js"
#: Lines of words that a slide has room for.
_ROOM = 11
#: A slide with one line of words is not full: what that line announces follows on it.
_LINE = 1.3
#: Lines of words that stand beside a figure whose sides keep their ratio: below them it is small.
#: One fewer where the caption stands there, too.
_BESIDE = 4.5
_WIDE = re.compile("<(figure|table|pre|math display)")
#: Pixels of a figure of many panels.
_HIGH = 600
FORMULA = re.compile(r"(`[^`]*`)|\$\$(.+?)\$\$|\$([^$\n][^$]*?)\$", re.DOTALL)
#: What `guessed` says of a reader who has not guessed.
_NO_GUESS = re.compile(r"[;,]?\s*\(?no guess yet\)?")
_NO_NOTES = "<p>No more than the slide says.</p>"
_LINE_OF_BAR = re.compile(r"\d+%\|")
_LEFT_OUT = {"solution", "exercise_check", "references", "parameters"}


@dataclass
class Slide:
    """title, body, notes  HTML; filled  lines that are used; kind  'ask': a question to the
    audience, which stands alone; 'beside': its words stand beside its figure"""

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
    notes = f"<aside>{''.join(slide.notes) or _NO_NOTES}</aside>"
    body = f'<div class="body">{"".join(slide.body)}</div>'
    return f"<section{kind}>{slide.title}{body}{notes}</section>"


class _Deck:
    """Slides, and the figures on them as JSON."""

    def __init__(self, chapter: Chapter, notebook: Any, words: teaching.Teaching):
        self.slides: list[Slide] = [Slide("")]
        self.figures: list[str] = []
        self.number, self.topic, self.begun = int(chapter.number), chapter.title, False
        self.asked = ""  # a question to the audience that nothing has answered yet
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

    def _new(self, title: str, kind: str = "") -> Slide:
        self.slides.append(Slide(f"<h2>{html(title, True)}</h2>", kind))
        return self.slides[-1]

    def _add(self, part: str, weight: float | int) -> None:
        """Onto the slide, or onto a new one of the same topic where it is full or a question."""
        slide = self.slides[-1]
        full = slide.filled > _LINE and slide.filled + weight > _ROOM
        if slide.body and (full or slide.kind == "ask"):
            slide = self._new(self.topic)
            if self.asked:  # what is shown now answers it
                slide.body.append(f'<p class="asked">{html(self.asked, True)}</p>')
                slide.filled = _LINE
        self.asked = ""
        slide.body.append(part)
        slide.filled += weight

    def _prose(self, source: str, tags: set[str]) -> None:
        if not source.startswith("#") and (named := {"goals", "notation"} & tags):
            self.topic = named.pop().capitalize()
            self._new(self.topic)
        asks = None  # what follows a question in its cell belongs to it
        for block in blocks(source):
            exercise = editions.TASK.match(block)
            if heading := re.match(r"(#{1,4}) (.+)", block):
                self.topic, self.asked, asks = heading[2].strip(), "", None
                if len(heading[1]) == 1:
                    self.slides[0].title = f"<h1>{html(self.topic, True)}</h1>"
                else:
                    self.begun = True
                    self._new(self.topic)
            elif exercise:
                asks = self._new(f"Exercise {self.number}.{exercise[1]}{exercise[2]}", "ask")
                asks.body.append(html(block[exercise.end() :]))
            elif "predict" in tags and block.startswith("**Predict first"):
                asks = self._new("Predict first", "ask")
                words = re.sub(r"^\*\*Predict first\.?\*\*\s*", "", block)
                asks.body.append(html(words))
                self.asked = question(words)
            elif asks:
                asks.body.append(html(block))
            elif not block.startswith("**References"):
                self.asked = ""
                text, lines = _shown(block)
                self._add(html(text), lines)
                if told := rest(block, text):
                    self.slides[-1].notes.append(html(told))

    def _code(self, cell: Any, tags: set[str], solved: bool) -> None:
        if "exercise" in tags:
            self.slides[-1].body.append(highlighted(cell.source))
        if not {"predict", "reveal"} & tags:
            self.asked = ""
        if "core" in tags:
            self._add(highlighted(cell.source), 1 + len(cell.source.splitlines()) / 4)
        if solved or ({"check", "exercise"} & tags and "reveal" not in tags):
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
                for place, part in enumerate(parts(markup)):
                    if place:
                        self._new(self.topic)
                    self._add(part, 1.5 + part.count("<tr") / 2)
            elif markup:
                caption = markup
            elif output.output_type == "stream" and "setup" not in tags:
                self._said(output.text)

    def _said(self, text: str) -> None:
        """What a cell printed: on the slide once the chapter has begun, and is it short."""
        text = _NO_GUESS.sub("", text)
        lines = [line for line in text.splitlines() if line and not _LINE_OF_BAR.search(line)]
        said = f'<pre class="said">{escape(chr(10).join(lines))}</pre>'
        if self.begun and 0 < len(lines) <= 12 and max(map(len, lines)) <= 120:
            self._add(said, 0.5 + len(lines) / 2)
        elif lines:
            self.slides[-1].notes.append(said)

    def _figure(self, output: Any, caption: str) -> None:
        """A figure needs half a slide, and a high one all; its caption stands above it."""
        data = output["data"]
        alt = escape(" ".join(data.get("text/plain", "").split()))
        text = json.dumps(data[PLOTLY], separators=(",", ":")).replace("<", "\\u003c")
        said = re.sub("</?div[^>]*>", "", caption)
        high = data[PLOTLY]["layout"].get("height", 0) > _HIGH
        stiff = "scaleanchor" in data[PLOTLY]["layout"].get("yaxis", {})
        part = (
            f"<figure{' class=high' * high}><figcaption>{said}</figcaption>"
            f'<div class="plot" role="img" aria-label="{alt}" '
            f'data-figure="figure-{len(self.figures)}"></div></figure>'
        )
        slide, most = self.slides[-1], _BESIDE - high
        only_words = not slide.kind and not _WIDE.search("".join(slide.body))
        if stiff and only_words and 0 < slide.filled <= most:
            slide.kind, slide.filled = "beside", _ROOM - (most - slide.filled)
            slide.body.append(part)
            self.asked = ""
        else:
            self._add(part, _ROOM - (_LINE if high else 4))
            if not high:  # two lines have room below it: it is drawn as high as it can be
                self.slides[-1].filled = min(self.slides[-1].filled, _ROOM - 2.4)
        self.figures.append(text)


def _shown(block: str) -> tuple[str, float]:
    """What of a block is on the slide, and how many lines it takes."""
    if block.startswith("|"):
        return block, 1 + block.count("\n") / 1.5
    if block.startswith("$$"):
        return block, 2.5
    if re.match(r"[*-] |[0-9]+\. ", block):
        items = re.split(r"\n(?=[*-] |[0-9]+\. )", block)
        short = items if len(block) < 700 else [first_sentence(item) for item in items]
        return "\n".join(short), sum(map(_lines, short))
    text = block if block.startswith(("```", ">")) else lead(block)
    return text, _lines(text)


def _lines(text: str) -> float:
    return 0.3 + math.ceil(len(text) / 85)


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

    made = markdown2html(FORMULA.sub(kept, text)).strip()
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
