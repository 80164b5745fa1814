"""The pages that a reader opens by a double click: interactive, and without the network."""

import base64
import math

import pytest
from seen import scrub

from posebook import chapters, datasets, figures
from posebook.chapters import run


def turn(page, plot) -> bool:
    """Drag over a 3D plot; whether the eye moved, where the plot's box is about 1 wide."""
    eye = "one => Array.from(one._fullLayout.scene._scene.camera.eye)"
    plot.scroll_into_view_if_needed()
    before = plot.evaluate(eye)
    for _ in range(100):  # figures above it are still being drawn, and move it away from the mouse
        box = plot.locator(".gl-container canvas").first.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 120, y + 30, steps=6)
        page.mouse.up()
        page.wait_for_timeout(500)
        if math.dist(before, plot.evaluate(eye)) > 0.1:
            return True
        plot.scroll_into_view_if_needed()
    return False


def look_at(page_file, watched, name: str) -> None:
    """Plots are drawn, a 3D one turns, nothing is asked of the network, no script fails."""
    page = watched.page
    page.goto(page_file.as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg")
    solid = page.locator(".js-plotly-plot:has(.gl-container canvas)")
    if solid.count():
        assert turn(page, solid.first), "the 3D plot does not turn"
    assert page.locator("h1").count() == 1 and page.title()
    watched.picture(name)
    assert watched.errors == [] and watched.outside == []


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory):
    folder = tmp_path_factory.mktemp("quickstart") / "run"
    return run.run_chapter(chapters.find("quickstart"), profile="ci", out_dir=folder, quiet=True)


def test_page_of_the_quickstart(quickstart, watched):
    pages = sorted(quickstart.out_dir.glob("*.html"))
    assert len(pages) == 1, "one self-contained page"
    look_at(pages[0], watched, "page_quickstart")


def test_quickstart_lets_the_reader_scrub(quickstart, watched):
    """The full-body motion has a slider, and moving it moves the figure."""
    (page_file,) = quickstart.out_dir.glob("*.html")
    page = watched.page
    page.goto(page_file.as_uri())
    page.wait_for_selector(".js-plotly-plot .main-svg")
    for box in page.locator(".plot").all():
        box.scroll_into_view_if_needed()
        box.locator(".main-svg").first.wait_for()  # a figure is drawn when it comes near
        if box.locator(".slider-rail-touch-rect").count():
            break
    else:
        pytest.fail("no figure with a slider")
    scrub(box)
    watched.picture("page_quickstart_scrubbed")


def test_a_film_plays(tmp_path, watched):
    """The MP4 of chapter 14's four panels: it has its size and length, and its picture moves."""
    clip = datasets.load("synthetic", split="test").clips[0]
    seen, pose_mm = clip.keypoints_px[:40:2], clip.pose_mm[:40:2]
    film = figures.side_by_side_film(
        tmp_path / "film.mp4", seen, {"video": pose_mm, "truth": pose_mm}, frames_per_second=10,
        alt="Key points and two poses of a person who walks.", size_px=(480, 180),
    )  # fmt: skip
    page = watched.page
    # Not by its address: a script may not look at the pixels of another file.
    kept = base64.b64encode(film.read_bytes()).decode()
    page.set_content(f'<video muted src="data:video/mp4;base64,{kept}"></video>')
    page.wait_for_function("document.querySelector('video').readyState >= 2")
    at = """async seconds => {
        const film = document.querySelector('video'), sheet = document.createElement('canvas');
        film.currentTime = seconds;
        await new Promise(done => film.addEventListener('seeked', done, { once: true }));
        [sheet.width, sheet.height] = [film.videoWidth, film.videoHeight];
        const pen = sheet.getContext('2d');
        pen.drawImage(film, 0, 0);
        return Array.from(pen.getImageData(0, 0, sheet.width, sheet.height).data);
    }"""
    size = page.evaluate(
        "(v => [v.videoWidth, v.videoHeight, v.duration])(document.querySelector('video'))"
    )
    assert size[:2] == [480, 180] and abs(size[2] - 2) < 0.2
    first, later = (page.evaluate(at, seconds) for seconds in (0.05, 1.5))
    assert sum(abs(a - b) > 60 for a, b in zip(first, later, strict=True)) > 200
    page.evaluate("(v => { v.currentTime = 0; return v.play(); })(document.querySelector('video'))")
    page.wait_for_function("document.querySelector('video').currentTime > 0.5")
    watched.picture("film")
    assert watched.errors == [] and watched.outside == []
