"""What of a chapter's text is on its slides: the rest is told, and stands in the notes."""

import math
import re
from collections.abc import Iterator
from html import unescape

#: Rows of a table on a slide, and half as many if rows have more characters than a line holds.
_MOST_ROWS, _WIDEST_ROW = 16, 110
#: A first sentence shorter than this says too little by itself.
_SHORT = 45
#: How a sentence begins that takes back a part of the one before it.
_TURNS = re.compile(r"(But|Yet|Only|However|Nor)\b")
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
    something, each with a "but" that follows; all of it where it is short."""
    if len(paragraph) < 260 or "$$" in paragraph:
        return paragraph
    sentences = _sentences(paragraph)
    bold = re.compile(r"\*\*[^*]{4,}\*\*")
    first = 1 + (len(sentences[0]) < _SHORT and not bold.search(sentences[0]))
    kept = [n < first or bool(bold.search(one)) for n, one in enumerate(sentences)]
    kept[-1] |= sentences[-1].endswith(":")
    for n, one in enumerate(sentences[1:], 1):
        kept[n] |= kept[n - 1] and bool(_TURNS.match(one))
    return " ".join(one for one, shown in zip(sentences, kept, strict=True) if shown)


def rest(block: str, shown: str) -> str:
    """A paragraph without what it begins with, where that is shown; nothing of a block that is
    shown as a whole, and all of a list that is not."""
    if block == shown:
        return ""
    if re.match(r"[*-] |[0-9]+\. ", block):
        return block
    told, before = _sentences(block), _sentences(shown)
    while before and told[:1] == before[:1]:
        told, before = told[1:], before[1:]
    return " ".join(told)


def question(text: str) -> str:
    """The first sentence that asks something; the first of all where none does."""
    found = _sentences(text)
    return next((one for one in found if one.endswith("?")), found[0])


def _sentences(text: str) -> list[str]:
    found, after = [], " ".join(text.split())
    while after:
        found.append(first_sentence(after))
        after = after[len(found[-1]) :].strip()
    return found


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
