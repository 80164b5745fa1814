"""`poses.mp4`: readable, of the right length and size, with everybody where they are."""

from dataclasses import replace

import film_writer as writer
import numpy as np
import pytest
import torch
from test_export_pages import film, walk  # noqa: F401 (fixtures)

from posebook.datasets.pictures import film_files
from posebook.errors import InputError
from posebook.export import folders, mp4, options
from posebook.export.playing import Footage
from posebook.figures.parts import COLOUR
from posebook.skeletons import HOUSE

CUT = ("pose_mm", "root_mm", "world_mm", "input_px", "keypoints_px", "confidence", "origin")


def cut(poses, frames):
    return replace(poses, **{name: getattr(poses, name)[:frames] for name in CUT})


def near(picture, x, y, side) -> int:
    """How many pixels about a place have a side's colour."""
    colour = [int(COLOUR[side][i : i + 2], 16) for i in (1, 3, 5)]
    there = picture[max(0, y - 4) : y + 5, max(0, x - 4) : x + 5].astype(int)
    return int((np.abs(there - colour).max(-1) <= 60).sum())


def written(path, poses, footage=Footage(), **more):  # noqa: B008
    world = torch.stack([one.world_mm for one in poses], 1)
    read = film_files.read(mp4.write_mp4(path, poses, world, footage, **more))
    return read, [picture.numpy() for picture in read.pictures()]


@pytest.mark.parametrize(("chosen", "first", "frames"), [(None, 0, 20), ((3.0, 9.0), 75, 15)])
def test_a_film_with_its_key_points_beside_the_pose(tmp_path, walk, film, chosen, first, frames):  # noqa: F811
    points = walk.input_px * 128 / 1000
    poses = replace(walk, input_px=points, camera=replace(walk.camera, size_px=(128, 96)))
    poses = cut(poses, 90 if chosen else frames)
    read, pictures = written(tmp_path / "a.mp4", [poses], Footage(film, chosen))
    assert len(pictures) == frames and read.frames_per_second == 25
    assert all(side % 2 == 0 for side in read.size_px) and read.size_px[1] == 480
    flat, turned = pictures[-1][:, :640], pictures[-1][:, 640:]
    assert abs(writer.number_of(flat[330:]) - min(first + frames - 1, 49)) <= 1
    for joint, side in (("left_wrist", "left"), ("right_foot", "right")):
        x, y = (points[first + frames - 1, HOUSE.index(joint)] * 5).round().int().tolist()
        assert near(flat, x, y, side) > 10
    for side in ("left", "right"):
        assert sum(near(turned, x, y, side) > 20
                   for x in range(0, turned.shape[1], 9) for y in range(0, 480, 9)) > 5  # fmt: skip
    assert (pictures[0][:, 640:] != turned).any()


def test_a_photograph_gets_a_turn_and_everybody_is_in_it(tmp_path, walk, monkeypatch):  # noqa: F811
    monkeypatch.setattr(mp4, "_TURN_S", 1.0)
    photograph = np.full((120, 90, 3), 200, np.uint8)
    away = replace(walk, world_mm=walk.world_mm + torch.tensor([900.0, 0, 0]), clip="a/person 2")
    people = [cut(one, 1) for one in (replace(walk, clip="a/person 1"), away)]
    read, pictures = written(tmp_path / "a.mp4", people, image=photograph)
    assert len(pictures) == 25 and read.frames_per_second == 25
    wide = read.size_px[0] - 480
    assert (wide, read.size_px[1]) == (640, 640)
    assert np.abs(pictures[0][-1, :480].astype(int) - 200).max() < 12
    still = [picture[:, :480].astype(int) for picture in (pictures[0], pictures[12])]
    assert np.abs(still[0] - still[1]).max() < 40
    assert (pictures[0][:, 480:] != pictures[12][:, 480:]).any()


def test_nothing_under_the_key_points_and_nobody_at_times(tmp_path, walk):  # noqa: F811
    gone = walk.world_mm.clone()
    gone[3:6] = torch.nan
    poses = cut(replace(walk, world_mm=gone, camera=replace(walk.camera, size_px=None)), 12)
    read, pictures = written(tmp_path / "a.mp4", [poses], truth_mm=poses.world_mm.unsqueeze(1),
                             invented=("head",), follow=True)  # fmt: skip
    assert len(pictures) == 12 and (pictures[4][:, -320:] != pictures[0][:, -320:]).any()
    missing = Footage(replace(film_files.Film(tmp_path / "no.mp4", (64, 48), 25.0, 12)))
    _, pictures = written(tmp_path / "b.mp4", [poses], missing)
    assert len(pictures) == 12


def test_a_film_of_somebody_elses_is_not_written_over(tmp_path):
    assert options.on_request("mp4,trc") == ("poses.trc", "poses.mp4")
    assert not folders.check_people_film(tmp_path, ("poses.mp4",))
    (tmp_path / "people.mp4").write_text("mine")
    assert not folders.check_people_film(tmp_path, ())
    with pytest.raises(InputError, match=r"people\.mp4: is there already, and no lift wrote it"):
        folders.check_people_film(tmp_path, ("poses.mp4",))
    (tmp_path / "one").mkdir()
    (tmp_path / "one" / "poses.json").write_text('{"files": ["poses.mp4"]}')
    assert folders.check_people_film(tmp_path, ("poses.mp4",))
