"""What of a chapter's text is on its slides: the rest is told, and stands in the notes."""

import math
import re
from collections.abc import Iterator
from html import unescape

#: Rows of a table on a slide, and half as many if rows have more characters than a line holds.
_MOST_ROWS, _WIDEST_ROW = 16, 110
#: A first sentence shorter than this says too little by itself.
_SHORT = 45
_SENTENCE = re.compile(r"[.?!:](?:\*\*|\")?(?=\s+[A-Z*`$\[])")


def parts(table: str) -> list[str]:
    """A long table as several of about the same length, each with its caption and head."""
    rows = re.findall(r"<tr.*?</tr>", table, re.DOTALL)
    head = [row for row in rows if "<td" not in row]
    cells = [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]
    wide = sum(max(len(unescape(cell)) for cell in column) for column in zip(*cells, strict=False))
    body = rows[len(head) :]
    count = math.ceil(len(body) / (_MOST_ROWS if wide <= _WIDEST_ROW else _MOST_ROWS // 2)) or 1
    each = math.ceil(len(body) / count) or 1
    before, after = table.partition(body[0])[0] if body else table, "</tbody></table>"
    return [f"{before}{''.join(body[at : at + each])}{after}" for at in range(0, len(body), each)]


def lead(paragraph: str) -> str:
    """What a paragraph says first, what it prints bold, and what it ends with if that announces
    something; all of it where it is short."""
    if len(paragraph) < 260 or "$$" in paragraph:
        return paragraph
    sentences, rest = [], " ".join(paragraph.split())
    while rest:
        sentences.append(first_sentence(rest))
        rest = rest[len(sentences[-1]) :].strip()
    bold = re.compile(r"\*\*[^*]{4,}\*\*")
    first = 1 + (len(sentences[0]) < _SHORT and not bold.search(sentences[0]))
    more = [one for one in sentences[first:] if bold.search(one)]
    ends = sentences[-1:] if sentences[-1].endswith(":") else []
    return " ".join(dict.fromkeys([*sentences[:first], *more, *ends]))


def first_sentence(text: str) -> str:
    """The first sentence of a text; with the next where it is only a label, in bold."""
    flat = " ".join(text.split())
    for end in _SENTENCE.finditer(flat):
        piece = flat[: end.end()]
        whole = all(piece.count(mark) % 2 == 0 for mark in ("**", "$", "`"))
        label = re.fullmatch(r"\*\*[^*]{1,60}\*\*", piece)
        if whole and not label and len(piece) > 25 and piece.count("(") == piece.count(")"):
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
