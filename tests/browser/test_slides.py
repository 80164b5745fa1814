"""Slides of a course: all that is on one is in sight, figures are drawn, N shows the notes."""

import pytest

from posebook import chapters
from posebook.course import editions, slides, teaching

WIDE, HIGH = 1280, 720
#: What is out of sight, too small to be read, or not drawn on the slide that is shown.
WRONG = """() => {
  const slide = document.querySelector("section.now"), body = slide.querySelector(".body");
  const found = [], end = body.getBoundingClientRect();
  if (end.bottom > innerHeight) found.push(`it ends at ${Math.round(end.bottom)}`);
  for (const part of body.querySelectorAll("p, li, pre, table, math, figure"))
    if (part.getBoundingClientRect().right > innerWidth || part.scrollWidth > part.clientWidth + 1
        && part.matches("pre")) found.push(`too wide: ${part.textContent.slice(0, 60)}`);
  const scale = /scale\\(([0-9.]+)/.exec(body.style.transform);
  if (scale && scale[1] < 0.65) found.push(`its words are shrunk to ${scale[1]}`);
  for (const plot of body.querySelectorAll(".plot"))
    if (!plot.querySelector(".trace, canvas, image, .barlayer path")) found.push("not drawn");
  return found;
}"""

#: Pixels of a slide that lie under its notes.
COVERED = """() => {
  const slide = document.querySelector("section.now"), notes = slide.querySelector("aside");
  const end = slide.querySelector(".body").getBoundingClientRect().bottom;
  return notes ? Math.round(end - notes.getBoundingClientRect().top) : 0;
}"""


@pytest.mark.parametrize("number", ["02", "06", "14"])
def test_all_that_is_on_a_slide_is_in_sight(number, watched, tmp_path):
    chapter = chapters.find(number)
    slides.write_plotly(tmp_path)
    page = slides.page(chapter, editions.book(chapter), teaching.of(chapter.id))
    (tmp_path / "deck.html").write_text(page, encoding="utf-8")
    shown = watched.page
    shown.set_viewport_size({"width": WIDE, "height": HIGH})
    shown.goto((tmp_path / "deck.html").as_uri())
    wrong, figures = {}, 0
    count = shown.evaluate("slides.length")
    for place in range(1, count + 1):
        for plot in shown.query_selector_all("section.now .plot"):
            plot.wait_for_selector(".main-svg", state="attached")
            figures += 1
        found = shown.evaluate(WRONG)
        shown.keyboard.press("n")
        if (covered := shown.evaluate(COVERED)) > 0:
            found.append(f"notes cover {covered} px of it")
        shown.keyboard.press("n")
        if found:
            wrong[place] = found
        shown.keyboard.press("ArrowRight")
    assert not wrong and figures > 3 and not watched.errors and not watched.outside
    shown.keyboard.press("Home")
    shown.keyboard.press("n")
    assert shown.locator("section.now aside").is_visible()
    shown.keyboard.press("n")
    assert not shown.locator("section.now aside").is_visible()
