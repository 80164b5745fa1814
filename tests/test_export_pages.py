"""The pages of a lift: every frame that their size allows, axes with words, everybody on one."""

from dataclasses import replace

import pytest
import torch

from posebook.cameras import human36m_rig
from posebook.datasets.clips import Motion
from posebook.datasets.people import synthetic
from posebook.errors import InputError
from posebook.export import folders, page, people_page
from posebook.lifting import placing
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE, MEDIAPIPE_33


@pytest.fixture(scope="module")
def walk() -> Poses:
    """Ninety frames of somebody who walks a metre."""
    pose = synthetic.sample_poses(1, torch.Generator().manual_seed(5)).double()
    path = torch.linspace(0, 1000, 90).double()
    moving = pose + torch.stack([path, 0.5 * path, 0 * path], -1).unsqueeze(1)
    clip = Motion("walk", moving, 25.0).seen_by(human36m_rig()[1])
    hip = clip.pose_mm[:, :1]
    world, rotation, shift = placing.stand_up(clip.pose_mm, clip.camera.rotation.T)
    return Poses(
        input="walk.json", clip="walk", lifter="stub", frames_per_second=25.0,
        pose_mm=clip.pose_mm - hip, root_mm=hip[:, 0], world_mm=world,
        keypoints_px=clip.keypoints_px, confidence=clip.confidence, origin=torch.zeros(90, 17),
        input_px=clip.keypoints_px, input_skeleton=HOUSE, camera=clip.camera,
        camera_rotation=rotation, camera_place_mm=shift,
    )  # fmt: skip


def test_a_page_shows_every_frame_that_its_size_allows(tmp_path, walk, monkeypatch):
    text = page.write_page(tmp_path / "a.html", walk).read_text()
    assert "Shown: every" not in text and '"name":"89"' in text
    assert "x from the hip, to the right (mm)" in text and "y from the hip, away (mm)" in text
    monkeypatch.setattr(page, "MOST_BYTES", page._WITHOUT_FILM + 100_000)
    text = page.write_page(tmp_path / "b.html", walk).read_text()
    assert "Shown: every 3rd of 90 frames." in text


def test_a_page_of_the_most_frames_is_not_larger_than_it_may_be(tmp_path, walk, monkeypatch):
    plain = page.write_page(tmp_path / "a.html", replace(walk, truth_mm=None)).stat().st_size
    monkeypatch.setattr(page, "MOST_BYTES", page._WITHOUT_FILM + 300_000)
    whole = page.write_page(tmp_path / "b.html", replace(walk, truth_mm=walk.pose_mm))
    assert plain < page._WITHOUT_FILM + 300_000 and whole.stat().st_size < page.MOST_BYTES
    most = [page.most_frames(HOUSE, truth) for truth in (False, True)]
    assert most[0] > most[1] > page.most_frames(MEDIAPIPE_33, True) > 0


@pytest.mark.parametrize("frames", [90, 1])
def test_everybody_on_one_page(tmp_path, walk, frames):
    cut = {
        name: getattr(walk, name)[:frames]
        for name in ("pose_mm", "root_mm", "world_mm", "input_px", "keypoints_px", "confidence",
                     "origin")
    }  # fmt: skip
    people = [replace(walk, clip=f"walk/person {n}", **cut) for n in (1, 2, 3)]
    folders = ["walk_person_1", "walk_person_2", "walk_person_3"]
    text = people_page.write_people_page(tmp_path / "people.html", people, folders).read_text()
    text = text.replace("&nbsp;", " ").replace("\xa0", " ")
    assert "3 people lifted" in text and "walk_person_3/poses.html" in text
    assert text.count("stick figures in one scene") >= 1
    assert f"{frames} of {frames}" in text


def test_a_page_of_something_else_is_not_written_over(tmp_path):
    (tmp_path / "people.html").write_text("mine")
    with pytest.raises(InputError, match=r"people\.html of something else"):
        folders.check_folder(tmp_path, tmp_path / "a.json")
