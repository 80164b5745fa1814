"""The pages that a reader opens by a double click: interactive, and without the network."""

import math

import pytest
from seen import positions

from posebook import chapters, running


def turn(page, plot) -> float:
    """Drag over a 3D plot; how far the eye moved, where the plot's box is about 1 wide."""
    eye = "one => Array.from(one._fullLayout.scene._scene.camera.eye)"
    plot.scroll_into_view_if_needed()
    page.wait_for_timeout(1000)  # figures above it are still being drawn, and move it
    before = plot.evaluate(eye)
    box = plot.locator(".gl-container canvas").first.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 30, steps=6)
    page.mouse.up()
    page.wait_for_timeout(500)
    return math.dist(before, plot.evaluate(eye))


def look_at(page_file, watched, name: str) -> None:
    """Plots are drawn, a 3D one turns, nothing is asked of the network, no script fails."""
    page = watched.page
    page.goto(page_file.as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    solid = page.locator(".js-plotly-plot:has(.gl-container canvas)")
    if solid.count():
        assert turn(page, solid.first) > 0.1, "the 3D plot does not turn"
    assert page.locator("h1").count() == 1 and page.title()
    watched.picture(name)
    assert watched.errors == [] and watched.outside == []


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quickstart") / "run"
    return running.run(chapters.find("quickstart"), profile="ci", out_dir=folder, quiet=True)


def test_page_of_the_quickstart(quickstart, watched):
    pages = sorted(quickstart.out_dir.glob("*.html"))
    assert len(pages) == 1, "one self-contained page"
    look_at(pages[0], watched, "page_quickstart")


def test_quickstart_lets_the_reader_scrub(quickstart, watched):
    """The full-body motion has a slider, and moving it moves the figure."""
    (page_file,) = quickstart.out_dir.glob("*.html")
    page = watched.page
    page.goto(page_file.as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg", timeout=60_000)
    for box in page.locator(".plot").all():
        box.scroll_into_view_if_needed()
        page.wait_for_timeout(700)
        if box.locator(".slider-rail-touch-rect").count():
            break
    else:
        pytest.fail("no figure with a slider")
    before = positions(box)
    rail = box.locator(".slider-rail-touch-rect").first.bounding_box()
    page.mouse.click(rail["x"] + 0.6 * rail["width"], rail["y"] + rail["height"] / 2)
    page.wait_for_timeout(1500)
    assert positions(box) != before, "the slider moved, the figure stood still"
    watched.picture("page_quickstart_scrubbed")
