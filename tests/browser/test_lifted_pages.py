"""`poses.html` of a lift, opened: the samples that ship, with the lifter that ships."""

import pytest
from seen import scrub
from test_pages import look_at

from posebook import export, paths

SAMPLES = paths.DATA / "samples"


@pytest.mark.parametrize("name", ["motion.bvh", "motion_alphapose.json"])
def test_a_lifted_motion_turns_and_can_be_scrubbed(name, watched, tmp_path):
    export.lift_file(SAMPLES / name, tmp_path / "out")
    look_at(tmp_path / "out" / "poses.html", watched, f"lifted_{name.partition('.')[0]}")
    box = watched.page.locator(".plot").first
    scrub(box)


def test_lifted_photographs_get_a_page_each(watched, tmp_path):
    result = export.lift_file(SAMPLES / "photographs_coco.json", tmp_path / "out")
    pages = [path for path in result.files if path.suffix == ".html"]
    assert len(pages) == 2
    for path in pages:
        look_at(path, watched, f"lifted_{path.parent.name}")
        assert "invented" in watched.page.inner_text("body")
