"""Rendered people: the truth fits the picture, light falls from one side, splits share nobody."""

from dataclasses import replace

import numpy
import pytest
import torch

from posebook import paths
from posebook.cameras import Camera
from posebook.datasets import folders
from posebook.datasets.pictures import making, packed, places, rendered, textures
from posebook.datasets.pictures.dressing import POINTS, crowd
from posebook.datasets.pictures.furniture import hidden
from posebook.datasets.pictures.places import Box, Place
from posebook.datasets.pictures.rendered import rendered_picture, scene_of
from posebook.datasets.pictures.scene import box_mesh, draw
from posebook.datasets.pictures.shading import Light, lit, shadow_map
from posebook.datasets.pictures.textures import Surface, bank, look_up, ramp
from posebook.errors import InputError
from posebook.skeletons import HOUSE

PLAIN, WILD = rendered.DOMAINS


@pytest.mark.parametrize("domain", rendered.DOMAINS)
def test_the_truth_fits_the_picture(domain):
    for index in (0, 1, 40):
        one = rendered_picture(domain, index, 64)
        assert one.rgb.shape == (64, 64, 3) and one.names[:17] == HOUSE.joints
        again = one.camera.project(torch.from_numpy(one.pose_mm).double()).numpy()
        numpy.testing.assert_allclose(again, one.keypoints_px, atol=1e-3)
        x, y, width, height = one.box_px
        rows, columns = numpy.nonzero(one.mask)
        assert len(rows) > 30
        assert x - 1 <= columns.min() and columns.max() <= x + width + 1
        assert y - 1 <= rows.min() and rows.max() <= y + height + 1
        # A joint that is seen lies on the person, but for those at the very edge of the body.
        seen = one.keypoints_px[:17][one.visible[:17]].astype(int)
        assert one.mask[seen[:, 1], seen[:, 0]].mean() > 0.7
        assert 0.03 < one.head_px / max(width, height) < 0.4
    assert (one.pose_mm[:, 2] > 0).all()


def test_a_picture_is_a_function_of_its_number():
    """Whatever was drawn before it, and whichever others stand in its crowd."""
    first = rendered_picture(WILD, 70, 32)
    rendered_picture(PLAIN, 3, 32)
    rendered_picture(WILD, 71, 32, "test")
    crowd.cache_clear()
    assert rendered_picture(WILD, 70, 32).jpeg == first.jpeg
    assert rendered_picture(WILD, 71, 32).jpeg != first.jpeg
    assert rendered_picture(WILD, 70, 32, "test").jpeg != first.jpeg


def test_people_stand_on_the_floor_and_are_whole_in_the_laboratory():
    for index in range(8):
        scene = scene_of(PLAIN, index, 64, "val")
        person = scene.people[0]
        used = person.mesh.vertices_mm[person.corners]
        assert abs(used[:, 2].min()) < 0.01
        one = draw(scene, 64)
        assert (one.keypoints_px >= 0).all() and (one.keypoints_px < 64).all()
        up = one.camera.rotation @ torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
        assert up[0].abs() < 1e-9 and up[1] < 0  # the camera is upright


def test_no_split_shows_the_people_or_surfaces_of_another():
    found = {split: scene_of(WILD, 5, 64, split) for split in ("train", "val", "test")}
    assert len({scene.textures for scene in found.values()}) == 3
    members = [crowd(WILD, split, 0, 0.75, "low")[5] for split in found]
    shapes = [member.who.coefficients for member in members]
    assert not any(torch.equal(a, b) for a, b in ((shapes[0], shapes[1]), (shapes[0], shapes[2])))


def _bare_place(towards, box=None):
    white = Surface(0, 10.0, ramp(numpy.full(3, 0.5)))
    key, around = numpy.full(3, 1.0), numpy.full(3, 0.2)
    light = Light(towards / numpy.linalg.norm(towards), key, around, around, 5.0)
    low, high = numpy.array([-5e3, -5e3, 0.0]), numpy.array([5e3, 5e3, 4e3])
    return Place(low, high, (white,) * 6, light, boxes=(box,) if box else ())


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_shadow_falls_away_from_the_light(side):
    grey = Surface(0, 10.0, ramp(numpy.full(3, 0.5)))
    box = Box(numpy.array([0.0, 0.0, 500.0]), numpy.array([200.0, 200.0, 500.0]), 0.3, grey)
    place = _bare_place(numpy.array([side, 0.0, 1.0]), box)
    mesh = box_mesh(box)
    shadows = shadow_map(place.light, mesh.vertices_mm, mesh.faces, 96)
    spots = numpy.array([[-600.0, 0, 0], [600.0, 0, 0], [0, 900.0, 0]], numpy.float32)
    up = numpy.tile(numpy.array([[0, 0, 1]], numpy.float32), (3, 1))
    free = lit(shadows, spots, up, 5.0)
    assert free.tolist() == ([1, 0, 1] if side < 0 else [0, 1, 1])
    above = lit(shadows, numpy.array([[0, 0, 1000.0]], numpy.float32), up[:1], 5.0)
    assert above[0] == 1  # a surface casts no shadow on itself


def test_what_stands_before_a_person_hides_joints():
    scene = scene_of(PLAIN, 2, 64, "train")
    free = draw(scene, 64).visible[:17]
    person, eye = scene.people[0], scene.camera.position_mm.numpy()
    spot = eye[:2] / numpy.linalg.norm(eye[:2]) * 900
    surface = places.thing(numpy.random.default_rng(0))
    board = Box(numpy.array([*spot, 300.0]), numpy.array([300.0, 300.0, 300.0]), 0.0, surface)
    behind = hidden([board], person, eye)
    assert behind.any()
    before = draw(replace(scene, place=replace(scene.place, boxes=(board,))), 64).visible[:17]
    assert not (before & behind).any()
    assert (before == free)[~behind].mean() > 0.8


def test_a_smaller_texture_is_the_mean_of_the_larger():
    found = bank(7)
    assert found.shape[0] == len(textures.KINDS) * textures.EACH
    places_at = numpy.random.default_rng(0).uniform(0, 256, (4000, 2)).astype(numpy.float32)
    for row in range(0, len(found), 5):
        fine = look_up(found, row, places_at, numpy.full(4000, 1.0)).astype(float)
        coarse = look_up(found, row, places_at, numpy.full(4000, 1e4))
        assert len(numpy.unique(coarse)) == 1 and abs(fine.mean() - coarse[0]) < 12


def test_a_cut_folder_is_gone_on_with(tmp_path, monkeypatch):
    monkeypatch.setattr(making, "SHARD", 8)
    making.make(WILD, tmp_path, 20, 32)
    files = sorted(tmp_path.glob("*.npz"))
    assert [file.stem for file in files] == [
        "test-32px-0000000", "train-32px-0000000", "train-32px-0000008", "val-32px-0000000"
    ]  # fmt: skip
    whole = {file.name: file.read_bytes() for file in files}
    files[1].unlink()
    (tmp_path / f"{paths.UNFINISHED}0.npz").write_bytes(b"half")
    assert "12 were there" in making.make(WILD, tmp_path, 20, 32)
    assert {file.name: file.read_bytes() for file in sorted(tmp_path.glob("*.npz"))} == whole
    with numpy.load(files[2]) as held:
        assert held["keypoints_px"].shape == (8, len(POINTS), 2)
        ends, said = held["ends"], packed.about(files[2])
        assert said["first"] == 8 and said["points"] == list(POINTS)
        jpeg = held["jpeg"][ends[2] : ends[3]].tobytes()
    assert jpeg == rendered_picture(WILD, 11, 32).jpeg
    with pytest.raises(InputError, match="is not a file of rendered_plain"):
        making.make(PLAIN, tmp_path, 20, 32)
    assert len(list(tmp_path.iterdir())) == 4


@pytest.mark.parametrize(
    ("call", "line"),
    [
        (lambda: rendered_picture("rendered_tame", 0), "no rendered domain"),
        (lambda: rendered_picture(WILD, 0, 8), "size 8: expected 32 to 512"),
        (lambda: rendered_picture(WILD, 0, 64, "all"), "split 'all'"),
        (lambda: folders.make(WILD, "x", size="wide"), "--size wide: expected a whole"),
        (lambda: folders.make(WILD, "x", size=4000), "--size 4000: expected 32 to 512"),
        (lambda: folders.make(WILD, "x", frames="-3"), "--frames -3"),
        (lambda: folders.make(WILD, "x", root="y"), "--root is for human36m"),
        (lambda: folders.make("synthetic", "x", size=64), "--size is for rendered_plain"),
    ],
)
def test_mistakes_get_a_line(call, line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=line):
        call()
    assert not list(tmp_path.iterdir())


def test_the_camera_of_a_scene_is_a_camera():
    assert isinstance(scene_of(WILD, 0, 64, "train").camera, Camera)
