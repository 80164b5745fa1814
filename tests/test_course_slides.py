"""What of a chapter is on its slides, and how formulas are drawn."""

import nbformat
import pytest

from posebook import chapters
from posebook.course import mathml, shortening, slides, teaching


@pytest.mark.parametrize(
    ("tex", "part"),
    [
        (r"\frac12", "<mfrac><mn>1</mn><mn>2</mn></mfrac>"),
        (r"x_{\rm hip}", '<mi mathvariant="normal">hip</mi>'),
        (r"a < b", "<mo>&lt;</mo>"),
        (r"\left(x\right)^2", '<msup><mrow><mo stretchy="true">(</mo><mrow><mi>x</mi></mrow>'),
        (r"x'_j", "<msubsup>"),
        (r"\text{clips with 3D}", "clips\u00a0with\u00a03D"),
        (r"\begin{pmatrix} X \\ Y \end{pmatrix}", "<mtr><mtd><mi>X</mi></mtd></mtr><mtr>"),
    ],
)
def test_formulas(tex, part):
    assert part in mathml.of(tex)


@pytest.mark.parametrize("tex", [r"\undefined", r"\frac1", r"{x", r"\begin{pmatrix} x"])
def test_formulas_that_are_not_understood(tex):
    if tex == "{x":  # a browser draws what there is
        assert mathml.of(tex)
        return
    with pytest.raises(ValueError):
        mathml.of(tex)


@pytest.mark.parametrize(
    ("paragraph", "says"),
    [
        ("Short.", "Short."),
        ("One sentence. " + "Two is a long sentence, which goes on. " + "Three, too. " * 20,
         "One sentence. Two is a long sentence, which goes on."),
        ("Two rules hold in all of this book. **The first**, in bold. " +
         "And more of it, on and on. " * 9 + "**The second**: so. And this is how it looks:",
         "Two rules hold in all of this book. **The first**, in bold. And more of it, on and on. "
         "**The second**: so. And this is how it looks:"),
        ("**What one should not conclude.** That it is so. " + "More of it. " * 20,
         "**What one should not conclude.** That it is so."),
        ("The first sentence says something (e.g. this). " + "Rest. " * 40 +
         "**And this is the point of it all.**",
         "The first sentence says something (e.g. this). **And this is the point of it all.**"),
        ("A third network stands between the other two of them. But it answers with the mean. " +
         "More of it. " * 30,
         "A third network stands between the other two of them. But it answers with the mean."),
    ],
)  # fmt: skip
def test_what_of_a_paragraph_is_on_a_slide(paragraph, says):
    assert shortening.lead(paragraph) == says


@pytest.mark.parametrize(
    ("block", "shown", "told"),
    [
        ("All of it is shown. Short.", "All of it is shown. Short.", ""),
        ("This is what it says first. This is\ntold. **And this is bold, too.**",
         "This is what it says first. **And this is bold, too.**",
         "This is told. **And this is bold, too.**"),
        ("* One thing. More.\n* Another. More.", "* One thing.\n* Another.",
         "* One thing. More.\n* Another. More."),
    ],
)  # fmt: skip
def test_notes_do_not_begin_with_what_the_slide_says(block, shown, told):
    assert shortening.rest(block, shown) == told


@pytest.mark.parametrize(
    ("rows", "text", "parts"),
    [(16, "1.0", [16]), (17, "1.0", [9, 8]), (17, "words " * 20, [6, 6, 5])],
)
def test_a_long_table_is_several(rows, text, parts):
    row = f"<tr><td>a</td><td>{text}</td></tr>"
    head = "<table><caption>mm</caption><thead><tr><th>a</th><th>b</th></tr></thead><tbody>"
    made = shortening.parts(f"{head}{row * rows}</tbody></table>")
    assert made == [f"{head}{row * count}</tbody></table>" for count in parts]


def deck(*cells):
    book = nbformat.v4.new_notebook(cells=list(cells))
    page = slides.page(chapters.find("07"), book, teaching.Teaching({}, "", "", ("", "")))
    return page.split("</section>")[:-1]


def cell(kind, source, *tags, outputs=()):
    made = getattr(nbformat.v4, f"new_{kind}_cell")(source, metadata={"tags": list(tags)})
    if outputs:
        made.outputs = list(outputs)
    return made


def printed(text):
    return nbformat.v4.new_output("stream", text=text)


@pytest.mark.parametrize(("tag", "repeated"), [("reveal", True), ("core", False)])
def test_an_answer_repeats_its_question(tag, repeated):
    *_, answer = deck(
        cell("markdown", "# 7 · A"),
        cell(
            "markdown",
            "## What a detector adds\n\n**Predict first.** Somebody counts the joints. Is it 1?",
            "predict",
        ),
        cell("code", "guess = None", "predict"),
        cell("code", "print(2)", tag, outputs=[printed("It is 2.")]),
    )
    assert "<h2>What a detector adds</h2>" in answer and "It is 2." in answer
    assert ('<p class="asked">Is it 1?</p>' in answer) == repeated


@pytest.mark.parametrize(
    ("words", "layout", "beside"),
    [
        ("Some words.", {"yaxis": {"scaleanchor": "x"}}, True),
        ("Some words.", {"yaxis": {}}, False),
        ("Some words. " * 18, {"yaxis": {"scaleanchor": "x"}}, True),
        ("Some words.", {"yaxis": {"scaleanchor": "x"}, "height": 900}, True),
        ("Some words. " * 21 + "Yes.", {"yaxis": {"scaleanchor": "x"}, "height": 900}, False),
        ("**Words.** " * 60, {"yaxis": {"scaleanchor": "x"}}, False),
    ],
)
def test_words_stand_beside_a_figure_that_keeps_its_ratio(words, layout, beside):
    shown = nbformat.v4.new_output("display_data", {slides.PLOTLY: {"data": [], "layout": layout}})
    made = deck(
        cell("markdown", f"# 7 · A\n\n## B\n\n{words}"), cell("code", "show", outputs=[shown])
    )
    assert ('<section class="beside">' in made[-1]) == beside and "<figure" in made[-1]


def test_a_question_is_on_one_slide():
    cells = [
        nbformat.v4.new_markdown_cell("# 7 · A\n\nWhy?"),
        nbformat.v4.new_markdown_cell(
            "**Predict first.** Which of two:\n\n1. this;\n2. that?\n\nSay it.",
            metadata={"tags": ["predict"]},
        ),
        nbformat.v4.new_markdown_cell("Now see."),
    ]
    book = nbformat.v4.new_notebook(cells=cells)
    page = slides.page(chapters.find("07"), book, teaching.Teaching({}, "", "", ("", "")))
    (asked,) = [part for part in page.split("<section")[1:] if "Predict first" in part]
    assert "Which of two" in asked and "that?" in asked and "Say it." in asked
    assert "Now see." not in asked
