"""The pages of a lift: every frame, the film under the key points, what is left out, everybody."""

import base64
import json
import re
from dataclasses import replace

import film_writer as writer
import numpy as np
import pytest
import torch

from posebook.cameras import human36m_rig
from posebook.datasets.clips import Motion
from posebook.datasets.people import synthetic
from posebook.datasets.pictures import film_files
from posebook.errors import InputError
from posebook.export import folders, page, people_page, playing
from posebook.lifting import placing
from posebook.lifting.poses import Poses
from posebook.skeletons import HOUSE


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


def shown(path, number=0):
    """What a figure of a page holds, as its script reads it; the words under it; the film's."""
    text = path.read_text(encoding="utf-8")
    figure = text.split('<figure class="player"')[1 + number].partition("</figure>")[0]
    data = text.partition(f'id="player-{number}-data">')[2].partition("</script>")[0]
    film = re.search(r'src="data:video/webm;base64,([^"]*)"', figure)
    words = re.sub("<[^>]*>", "", figure)
    return json.loads(data), words, film and base64.b64decode(film[1])


def numbers(kept, *shape):
    whole = np.frombuffer(base64.b64decode(kept["text"]), "<i2").reshape(shape).astype(float)
    return np.where(whole == -32768, np.nan, whole * kept["step"] + kept["middle"])


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """Ninety pictures of 128 x 96, of which each grey says its number, 50 of them different."""
    pictures = writer.counting(50, 128, 96)[np.minimum(np.arange(90), 49)]
    return film_files.read(writer.write(tmp_path_factory.mktemp("film") / "a.mp4", pictures))


@pytest.mark.parametrize("truth", [False, True])
def test_a_page_holds_every_frame_to_a_tenth_of_a_millimetre(tmp_path, walk, truth):
    gone = walk.world_mm.clone()
    gone[7] = torch.nan
    poses = replace(walk, world_mm=gone, truth_mm=walk.pose_mm if truth else None)
    data, words, film = shown(page.write_page(tmp_path / "a.html", poses))
    assert film is None and data["film"] is None and (data["truth"] is not None) == truth
    assert np.allclose(numbers(data["pose"], 90, 17, 3), gone.numpy(), atol=0.1, equal_nan=True)
    assert np.allclose(numbers(data["seen"], 90, 17, 2), walk.input_px.numpy(), atol=0.02)
    assert data["parts"] == [{"first": 0, "last": 89}] and data["rate"] == 25
    assert ("truth (dashed)" in words) == truth
    assert (tmp_path / "a.html").stat().st_size < 200_000


def test_a_page_is_not_larger_than_it_may_be_and_says_what_it_leaves_out(tmp_path, walk,
                                                                         monkeypatch):  # fmt: skip
    monkeypatch.setattr(playing, "MOST_BYTES", playing._WORDS_BYTES + 5_000)
    path = page.write_page(tmp_path / "a.html", replace(walk, truth_mm=walk.pose_mm))
    data, words, _ = shown(path)
    frames = data["parts"][0]["last"] + 1
    assert 5 < frames < 20 and len(numbers(data["pose"], -1, 17, 3)) == frames
    assert f"The page has {frames} of 90 frames, from 0.00 to" in words
    assert path.stat().st_size < playing.MOST_BYTES


@pytest.mark.parametrize(
    ("chosen", "first", "count"),
    [(None, 0, 90), ((1.0, 2.0), 25, 25), ((3.0, 99.0), 75, 15), ((0.5, 0.51), 12, 1)],
)
def test_the_film_is_that_of_the_frames(tmp_path, walk, film, chosen, first, count):
    footage = playing.Footage(film, chosen)
    data, words, content = shown(page.write_page(tmp_path / "a.html", walk, footage=footage))
    assert data["film"] == {"first": first, "count": count, "rate": 25.0}
    assert data["parts"][0] == {"first": first, "last": first + count - 1}
    assert len(data["parts"]) == (1 if count == 90 else 2) and data["first"] == 0
    (tmp_path / "b.webm").write_bytes(content)
    pictures = list(film_files.read(tmp_path / "b.webm").pictures())
    assert len(pictures) == count
    told = [writer.number_of(picture) for picture in pictures]
    assert np.abs(np.array(told) - np.minimum(first + np.arange(count), 49)).max() <= 1
    said = "The film is shown whole" if count == 90 else "--excerpt A-B shows another part"
    assert said in words and "without sound" in words


def test_a_film_that_does_not_fit_is_cut(tmp_path, walk, film, monkeypatch):
    monkeypatch.setattr(playing, "_FILM_BYTES", 20_000)
    data, words, content = shown(
        page.write_page(tmp_path / "a.html", walk, footage=playing.Footage(film))
    )
    assert 20 < data["film"]["count"] < 60 and len(content) <= 20_000
    assert "of the 90 frames asked for do not fit" in words and len(data["parts"]) == 2


def test_a_film_that_cannot_be_read_again_is_left_out(tmp_path, walk, film, monkeypatch):
    gone = replace(film, path=tmp_path / "gone.mp4")
    data, words, _ = shown(page.write_page(tmp_path / "a.html", walk,
                                           footage=playing.Footage(gone)))  # fmt: skip
    assert data["film"] is None and "The film is not shown: gone.mp4 cannot be read" in words
    damaged = replace(film, path=tmp_path / "cut.mp4")
    damaged.path.write_bytes(film.path.read_bytes()[:2000])
    data, words, _ = shown(page.write_page(tmp_path / "a.html", walk,
                                           footage=playing.Footage(damaged)))  # fmt: skip
    assert data["film"] is None and "The film is not shown: cut.mp4 cannot be shown" in words


def test_where_most_people_are_seen(film):
    seen = np.ones(2000)
    seen[1200:1500] = 3
    footage = playing.Footage(film)
    footage.shared = playing.span_of(seen, 25, footage)
    assert footage.shared == (1000, 1499)
    own = np.zeros(2000)
    own[1100:1450] = 1
    assert playing.span_of(own, 25, footage, own=True) == footage.shared
    own = np.zeros(2000)
    own[100:400] = 1
    first, last = playing.span_of(own, 25, footage, own=True)
    assert last - first == 499 and first <= 100 and last >= 399
    footage.chosen_s = (4, 8)
    assert playing.span_of(own, 25, footage, own=True) == (100, 199)


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
    assert "3 people lifted" in text
    assert '<a href="walk_person_3/poses.html">walk_person_3/poses.html</a>' in text
    assert text.count("stick figures in one scene") >= 1
    assert f"{frames} of {frames}" in text
    data, _, _ = shown(tmp_path / "people.html")
    assert data["people"] == 3 and data["names"] == ["1", "2", "3"]
    assert numbers(data["pose"], frames, 3, 17, 3).shape[1] == 3


def test_figures_share_a_page(tmp_path, walk, monkeypatch):
    monkeypatch.setattr(playing, "MOST_BYTES", playing._WORDS_BYTES + 60_000)
    people = [replace(walk, clip=f"{film}/person {n}") for film in "abc" for n in (1, 2)]
    path = people_page.write_people_page(tmp_path / "people.html", people, "uvwxyz")
    assert "b, person 2" in path.read_text(encoding="utf-8").replace("&nbsp;", " ")
    frames = [shown(path, number)[0]["parts"][0]["last"] + 1 for number in range(3)]
    assert min(frames) > 5 and max(frames) < 60 and path.stat().st_size < playing.MOST_BYTES


def test_a_page_of_something_else_is_not_written_over(tmp_path):
    (tmp_path / "people.html").write_text("mine")
    with pytest.raises(InputError, match=r"people\.html of something else"):
        folders.check_folder(tmp_path, tmp_path / "a.json")
