"""`poses.html` of a lift, opened: photographs, motions and films, drawn, played and turned."""

import base64
import io
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from posebook import export, paths
from posebook.datasets.people import synthetic
from posebook.datasets.pictures.people import boxes_around
from posebook.detection import Found
from posebook.skeletons import HOUSE

sys.path.append(str(Path(__file__).parents[1]))  # for what all tests share
from film_writer import counting, number_of, write

SAMPLES = paths.DATA / "samples"
ORANGE, BLUE = (0xD5, 0x5E, 0x00), (0x00, 0x72, 0xB2)
FRAMES, WIDE, TALL, BAR = 40, 320, 160, 8


def pixels(box) -> np.ndarray:
    """(height, width, 3) of a canvas, as the reader sees it."""
    kept = box.locator("canvas").evaluate("one => one.toDataURL()")
    content = base64.b64decode(kept.partition(",")[2])
    return np.array(Image.open(io.BytesIO(content)).convert("RGB")).astype(int)


def count(picture: np.ndarray, colour) -> int:
    return int((np.abs(picture - colour).max(-1) <= 12).sum())


def opened(path: Path, watched, name: str):
    """The first figure of a page, after a look at all: drawn, in colours, and it turns."""
    page = watched.page
    page.goto(path.as_uri())
    for figure in page.locator("figure.player").all():
        figure.scroll_into_view_if_needed()
        for half in (".seen", ".solid"):
            drawn = pixels(figure.locator(half))
            assert min(count(drawn, ORANGE), count(drawn, BLUE)) > 30, half
    figure = page.locator("figure.player").first
    solid = figure.locator(".solid")
    solid.scroll_into_view_if_needed()
    before, box = pixels(solid), solid.locator("canvas").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 120, y + 10, steps=3)
    page.mouse.up()
    turned = pixels(solid)
    assert (before != turned).any()
    solid.locator("canvas").focus()
    page.keyboard.press("ArrowLeft")
    assert (pixels(solid) != turned).any()
    assert page.locator("h1").count() == 1 and page.title()
    watched.picture(name)
    assert watched.errors == [] and watched.outside == []
    return figure


def move_to(figure, frame: int) -> None:
    figure.locator("input").evaluate(
        "(one, frame) => { one.value = frame; one.dispatchEvent(new Event('input')); }", frame
    )
    figure.page.locator(f'figure.player[data-frame="{frame}"]').first.wait_for()


@pytest.mark.parametrize("name", ["motion.bvh", "motion_alphapose.json"])
def test_a_lifted_motion_turns_and_can_be_scrubbed(name, watched, tmp_path):
    export.lift_file(SAMPLES / name, tmp_path / "out")
    figure = opened(tmp_path / "out" / "poses.html", watched, f"lifted_{name.partition('.')[0]}")
    before = [pixels(figure.locator(half)) for half in (".seen", ".solid")]
    move_to(figure, int(figure.locator("input").get_attribute("max")))
    after = [pixels(figure.locator(half)) for half in (".seen", ".solid")]
    assert all((one != other).any() for one, other in zip(before, after, strict=True))
    figure.locator("button").click()  # from the end on: it begins anew
    page = watched.page
    page.wait_for_function("+document.querySelector('figure.player').dataset.frame < 20")
    page.wait_for_function("+document.querySelector('figure.player').dataset.frame >= 20")


def test_lifted_photographs_get_a_page_each(watched, tmp_path):
    result = export.lift_file(SAMPLES / "photographs_coco.json", tmp_path / "out")
    pages = [path for path in result.files if path.suffix == ".html"]
    assert len(pages) == 2
    for path in pages:
        opened(path, watched, f"lifted_{path.parent.name}")
        assert "invented" in watched.page.inner_text("body")


class Told:
    """Two people who walk side by side; each picture's grey says which one it is."""

    name, sha256, skeleton = "told", "0" * 64, HOUSE

    def __init__(self):
        clips = synthetic.make("synthetic", split="test", size=FRAMES).clips[:64:4][:2]
        points = torch.stack([clip.keypoints_px[:FRAMES] * 0.12 for clip in clips], 1)
        middle = points.mean((0, 2), keepdim=True)
        self.points = points - middle + torch.tensor([[[[60.0, 80.0]], [[260.0, 80.0]]]])

    def detect(self, picture) -> Found:
        held = self.points[number_of(picture)]
        return Found(held, torch.full(held.shape[:2], 0.9), boxes_around(held), HOUSE)


def test_a_film_is_shown_in_step_with_its_people(watched, tmp_path):
    """A bar at the foot says which picture is shown, also while it plays."""
    pictures = counting(FRAMES, WIDE, TALL)
    for frame, picture in enumerate(pictures):
        picture[-12:] = 0
        picture[-12:, BAR * frame : BAR * (frame + 1)] = 255
    film = write(tmp_path / "walk.mp4", pictures, options=["-crf", "12"])
    told = Told()
    export.lift_file(film, tmp_path / "out", detector=told)
    assert (
        sorted(path.name for path in (tmp_path / "out").glob("*/poses.html")) == ["poses.html"] * 2
    )
    figure = opened(tmp_path / "out" / "people.html", watched, "lifted_film")
    seen = figure.locator(".seen")
    for frame in (7, 31, 30):
        move_to(figure, frame)
        picture = pixels(seen)
        scale = picture.shape[1] / WIDE
        bar = picture[-round(5 * scale), :, 0] > 128
        assert round(float(np.flatnonzero(bar).mean()) / scale / BAR - 0.5) == frame
        for who in (0, 1):  # each joint is where the detector said
            for joint, colour in (("left_wrist", ORANGE), ("right_foot", BLUE)):
                x, y = (told.points[frame, who, HOUSE.index(joint)] * scale).round().int().tolist()
                assert count(picture[y - 3 : y + 4, x - 3 : x + 4], colour) > 5, (who, joint)
    move_to(figure, 0)
    played = watched.page.evaluate(
        """() => new Promise(done => {
            const figure = document.querySelector('figure.player'), found = [];
            const sheet = figure.querySelector('.seen canvas'), pen = sheet.getContext('2d');
            new MutationObserver(() => {
                const frame = +figure.dataset.frame;
                const row = pen.getImageData(0, sheet.height - 10, sheet.width, 1).data;
                const bar = Array.from({length: sheet.width}, (_, x) => x)
                    .filter(x => row[4 * x] > 128);
                found.push([frame, bar.reduce((a, b) => a + b, 0) / bar.length / sheet.width]);
                if (frame >= 35) done(found);
            }).observe(figure, {attributes: true, attributeFilter: ['data-frame']});
            figure.querySelector('button').click(); })"""
    )
    assert len(played) > 3
    for frame, share in played:
        assert round(share * WIDE / BAR - 0.5) == frame, played
    assert watched.errors == [] and watched.outside == []
