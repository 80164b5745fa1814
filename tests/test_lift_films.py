"""`posebook lift FILM`: people found in each frame, followed, lifted; gone on with after a cut.

The films are grey and say the number of each picture; the detector reads it, and answers with what
it was told to find there.
"""

import json
from dataclasses import dataclass, replace

import film_writer as writer
import numpy as np
import pytest
import torch
from film_writer import counting, number_of
from typer.testing import CliRunner

from posebook import cli, datasets, export, paths
from posebook.datasets.clips import Clip
from posebook.datasets.people import synthetic
from posebook.datasets.pictures import film_files
from posebook.datasets.pictures.people import boxes_around
from posebook.detection import Found, film_points, in_films
from posebook.errors import InputError
from posebook.export import films
from posebook.lifting import continuity
from posebook.skeletons import BODY_25, HOUSE, MEDIAPIPE_33

FRAMES = 24
WIDE, TALL = 320, 160


@dataclass
class Told:
    """Finds in picture number n what `points[n]` says: (people, 17, 2) px.

    cut  ends the command as a kill does, after so many pictures
    """

    points: np.ndarray
    score: float = 0.9
    cut: int = -1
    asked: int = 0
    name: str = "told"
    sha256: str = "0" * 64
    skeleton = HOUSE
    shuffled = True

    def detect(self, picture) -> Found:
        assert picture.dtype == torch.uint8 and tuple(picture.shape) == (TALL, WIDE, 3)
        if self.asked == self.cut:
            raise KeyboardInterrupt
        self.asked += 1
        held = torch.from_numpy(self.points[number_of(picture)]).float()
        if self.shuffled:
            dice = torch.Generator().manual_seed(self.asked)
            held = held[torch.randperm(len(held), generator=dice)]
        scores = torch.full(held.shape[:2], self.score)
        return Found(held, scores, boxes_around(held), HOUSE)


@pytest.fixture(scope="module")
def two():
    """(frames, 2, 17, 2) px: two people side by side."""
    clips = synthetic.make("synthetic", split="test", size=FRAMES).clips[:64:4][:2]
    points = np.stack([clip.keypoints_px[:FRAMES].numpy() * 0.16 for clip in clips], 1)
    middle = points.mean((0, 2), keepdims=True)
    return points - middle + np.array([[[100, 80]], [[220, 80]]])


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return writer.write(tmp_path_factory.mktemp("film") / "walk.mp4", counting(FRAMES, WIDE, TALL))


def test_everybody_in_a_film_is_lifted_and_a_cut_command_goes_on(film, two, tmp_path, monkeypatch):
    monkeypatch.setenv("POSEBOOK_RUNS", str(tmp_path))
    with pytest.raises(KeyboardInterrupt):
        export.lift_file(film, detector=Told(two, cut=10))
    (folder,) = (tmp_path / "lift").iterdir()
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    assert whole.count(b"\n") == 11
    kept.write_bytes(whole[:-40])  # a kill may leave half a line
    seer = Told(two)
    result = export.lift_file(film, detector=seer)
    assert seer.asked == FRAMES - 9
    assert {lift.files[0].parent.parent for lift in result.lifts} == {folder}
    names = [lift.poses.clip for lift in result.lifts]
    assert sorted(names) == ["walk/person 1", "walk/person 2"] and result.page is not None
    said = str(result)
    assert "found by told (weights 000000000000) in 24 frames" in said
    assert (
        "the key points of 9 frames, from an earlier run" in said
        and "2 people are followed" in said
    )
    for lift in result.lifts:
        poses = lift.poses
        assert poses.frames_per_second == writer.RATE and len(poses) == FRAMES
        who = int(np.abs(two[0, :, 0] - poses.keypoints_px[0, 0].numpy()).sum(1).argmin())
        assert np.allclose(poses.keypoints_px.numpy(), two[:, who], atol=0.02)
    page = result.page.read_text(encoding="utf-8")
    assert "2 people are followed by motion" in page and "an earlier run" not in page
    assert page.count("data:video/webm") == 1
    # The key points it wrote are lifted as any file of key points, and give the same people.
    again = datasets.read_keypoints(folder / films.KEYPOINTS, person="all")
    assert [clip.name for clip in again] == ["keypoints/person 1", "keypoints/person 2"]
    for clip, lift in zip(again, result.lifts, strict=True):
        assert clip.size_px == (WIDE, TALL) and clip.frames_per_second == writer.RATE
        assert torch.allclose(clip.keypoints_px.double(), lift.poses.keypoints_px, atol=0.01)
    # A third time, nothing is looked at again.
    seer = Told(two)
    clips, again_in, by, _, _ = films.found(film, seer, folder)
    assert seer.asked == 0 and again_in == folder and len(clips) == 2
    assert by.startswith("told (SHA-256 0") and {one.poses.detector for one in result.lifts} == {by}


def test_another_detector_or_film_does_not_take_what_was_kept(film, two, tmp_path):
    other = tmp_path / "other.mp4"
    other.write_bytes(film.read_bytes() + b"\0")
    names = {
        film_points.kept_in(tmp_path, film_points.about(film_files.read(path), seer)).name
        for path in (film, other)
        for seer in (Told(two), Told(two, name="other"), Told(two, sha256="1" * 64))
    }
    assert len(names) == 6


@pytest.mark.parametrize("damage", ["null\n", "[]\n", '{"frame":3,"people":[{}]}\n',
                                    "{" * 500 + "\n",
                                    '{"frame":3,"people":[{"keypoints":[1e999],"looks":""}]}\n',
                                    '{"frame":7,"people":[]}\n', "\xff\n"])  # fmt: skip
def test_a_damaged_line_ends_what_was_kept(film, two, tmp_path, damage):
    read = film_files.read(film)
    seer = Told(two, cut=3)
    file = film_points.kept_in(tmp_path, film_points.about(read, seer))
    with pytest.raises(KeyboardInterrupt):
        film_points.find(read, seer, file, show=False)
    with file.open("a", encoding="latin-1") as opened:
        opened.write(damage + '{"end":3}\n')
    frames, held = film_points.find(read, seer := Told(two), file, show=False)
    assert held == 3 and seer.asked == FRAMES - 3 and len(frames) == FRAMES
    again, held = film_points.find(read, Told(two), file, show=False)
    assert held == FRAMES
    for one, other in zip(frames, again, strict=True):
        assert (one.points_px == other.points_px).all() and (one.scores == other.scores).all()
        assert np.array_equal(one.looks, other.looks, equal_nan=True)


class Follows(Told):
    """Looks again where it looked before, further off each time; loses somebody in picture 9."""

    shuffled = False

    def search(self, picture) -> tuple[Found, int]:
        return self.detect(picture), 0

    def again(self, picture, drift: int) -> tuple[Found, int]:
        found, drift = self.detect(picture), drift + 1
        kept = slice(0, 1 if number_of(picture) == 9 else 2)
        return replace(
            found, keypoints_px=found.keypoints_px[kept] + 0.1 * drift, scores=found.scores[kept],
            boxes_px=found.boxes_px[kept],
        ), drift  # fmt: skip


@pytest.mark.parametrize("when", ["N", "if(lt(N,12),N,12+3*(N-12))"], ids=["whole", "repeats"])
def test_a_detector_that_follows_goes_on_as_if_undisturbed(two, tmp_path, when):
    path = writer.at_times(tmp_path / "a.mkv", counting(FRAMES, WIDE, TALL), when, ["-bf", "0"])
    film, file = film_files.read(path), tmp_path / "found.jsonl"

    def find(cut=-1):
        seer = in_films.InFilm(Follows(two, cut=cut), every=7, soon=3)
        return film_points.find(film, seer, file, show=False)

    _, held = find()
    whole = file.read_bytes()
    assert held == 0 and whole.count(b"searched") > 3
    for cut in (0, 6, 13, 23) if when == "N" else (17,):
        file.unlink()
        with pytest.raises(KeyboardInterrupt):
            find(cut)
        lines = file.read_bytes()
        file.write_bytes(lines[: len(lines) - 20 * (cut % 2)])
        _, held = find()
        assert file.read_bytes() == whole and (held > 0) == (cut > 7)
    # What an older version wrote has no marks: it begins anew.
    file.write_bytes(whole[:-40].replace(b'"searched":true,', b""))
    assert find()[1] == 0 and file.read_bytes() == whole


def test_pictures_that_are_repeated_are_looked_at_once(two, tmp_path):
    path = tmp_path / "varies.mkv"
    writer.at_times(path, counting(FRAMES, WIDE, TALL), "if(lt(N,12),N,12+3*(N-12))", ["-bf", "0"])
    seer = Told(two)
    clips, *_, notes = films.found(path, seer, tmp_path)
    assert len(clips[0]) > FRAMES + 15 and seer.asked <= FRAMES + 1
    assert any("frame rate varies" in note.text for note in notes)


def test_who_is_lifted(film, two, tmp_path):
    for person, count in ((None, 2), ("all", 2), ("1", 1), (2, 1)):
        clips, *_ = films.found(film, Told(two), tmp_path, person)
        assert len(clips) == count
    with pytest.raises(InputError, match="expected 1 to 2"):
        films.found(film, Told(two), tmp_path, "3")


def test_nobody_in_a_film(film, two, tmp_path):
    with pytest.raises(InputError, match="nobody is found in its 24 frames by told"):
        films.found(film, Told(two, score=0.1), tmp_path)


def test_the_command_tells_of_films_in_one_line(tmp_path):
    script = tmp_path / "script.mp4"
    script.write_text("#!/bin/sh\nrm -rf /\n")
    result = CliRunner().invoke(cli.app, ["lift", str(script)])
    assert isinstance(result.exception, InputError)
    assert "script.mp4: is text, and no film" in str(result.exception)


def test_a_results_folder_belongs_to_its_film(film, two, tmp_path):
    (tmp_path / "poses.json").write_text(json.dumps(dict(input_path="/other/film.mp4")))
    with pytest.raises(InputError, match="holds poses.json of"):
        export.lift_file(film, tmp_path, detector=Told(two))
    assert paths.shown(tmp_path)


# ------------------------------------------------------------------------------ sides


def swapped(points: torch.Tensor, skeleton, parts, spells) -> torch.Tensor:
    points = points.clone()
    pairs = [skeleton.indices(f"left_{part}", f"right_{part}") for part in parts]
    for first, last in spells:
        for left, right in pairs:
            points[first:last, [left, right]] = points[first:last, [right, left]]
    return points


@pytest.mark.parametrize("skeleton", [HOUSE, BODY_25, MEDIAPIPE_33], ids=lambda held: held.name)
@pytest.mark.parametrize("limb", ["legs", "arms"])
def test_sides_that_change_in_spells_are_put_right(two, skeleton, limb):
    """Also the toes and hands that joint sets of others have."""
    house = torch.from_numpy(two[:, 0]).float()
    points = torch.full((FRAMES, len(skeleton), 2), torch.nan)
    for j, name in enumerate(skeleton.joints):
        if name in HOUSE.joints:
            points[:, j] = house[:, HOUSE.index(name)]
    ends = {"legs": "foot", "arms": "wrist"}[limb]
    extra = [part for part in continuity._WHOLE[limb] if f"left_{part}" in skeleton.joints]
    for side in ("left", "right"):
        for part in set(extra) - set(continuity._PAIRS[limb]):
            points[:, skeleton.index(f"{side}_{part}")] = (
                2 + house[:, HOUSE.index(f"{side}_{ends}")]
            )
    clip = Clip("walk", skeleton, 50.0, points, torch.isfinite(points).all(-1).float())
    same, notes = continuity.sides_mended(clip, 0.3)
    assert same is clip and notes == []
    wrong = replace(clip, keypoints_px=swapped(points, skeleton, extra, ((5, 8), (14, 18))))
    mended, (note,) = continuity.sides_mended(wrong, 0.3)
    assert torch.equal(mended.keypoints_px.nan_to_num(), points.nan_to_num())
    assert f"the {limb} 2 times, in 7 frames of 24. They are put right." in note.text


def test_joints_that_are_not_believed_say_nothing_about_sides(two):
    points = torch.from_numpy(two[:, 0]).float()
    trust = torch.ones(FRAMES, 17)
    wrong = swapped(points, HOUSE, ("hip", "knee", "foot"), ((5, 8),))
    trust[5:8] = 0.1
    clip = Clip("walk", HOUSE, 50.0, wrong, trust)
    assert continuity.sides_mended(clip, 0.3) == (clip, [])
