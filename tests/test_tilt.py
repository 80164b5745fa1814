"""The tilt of a camera from the people it shows: who shows what, and how sure that is."""

import math
from dataclasses import replace

import pytest
import torch

from posebook.cameras import Camera
from posebook.datasets.clips import Clip, Motion
from posebook.datasets.people import synthetic
from posebook.export import upright
from posebook.lifting.lifter import shipped
from posebook.lifting.tilt import Person, tilt_from
from posebook.skeletons import HOUSE

LEGS = HOUSE.indices("left_knee", "left_foot", "right_knee", "right_foot")


@pytest.fixture(scope="module")
def standing() -> torch.Tensor:
    """(6, 17, 3) mm, z up: six people who stand there, feet on the floor, hip over the origin."""
    people = synthetic.cast("synthetic", "train", synthetic.Size(50, 1))
    chosen = [one for one in people if one.action in ("Waiting", "Discussion")][:6]
    poses = synthetic.world_of(chosen, 50)[:, 25]
    return poses - poses[:, :1] * torch.tensor([1.0, 1.0, 0.0])


def camera(down: float, roll: float = 0.0, high_mm: float = 1500.0) -> Camera:
    """Above the origin, looking along y."""
    a, b = math.radians(down), math.radians(roll)
    level = torch.tensor([[1.0, 0, 0], [0, 0, -1], [0, 1, 0]]).double()
    pitch = torch.tensor(
        [[1, 0, 0], [0, math.cos(a), -math.sin(a)], [0, math.sin(a), math.cos(a)]]
    ).double()
    turn = torch.tensor(
        [[math.cos(b), math.sin(b), 0], [-math.sin(b), math.cos(b), 0], [0, 0, 1]]
    ).double()
    return Camera(
        torch.tensor([1200.0, 1200.0]), torch.tensor([640.0, 480.0]), (1280, 960),
        rotation=turn @ pitch @ level, position_mm=torch.tensor([0.0, 0.0, high_mm]),
    )  # fmt: skip


def before(eye: Camera, poses: torch.Tensor, places, sizes=None, feet: bool = True) -> list[Person]:
    """People at (right, away) mm, as a lifter gives them that knows all but how large they are."""
    found = []
    for number, (pose, place) in enumerate(zip(poses, places, strict=False)):
        seen = eye.to_camera(pose + torch.tensor([*place, 0.0]))[None]
        seen = seen * (1.0 if sizes is None else sizes[number])
        shown = torch.ones(1, 17, dtype=torch.bool)
        shown[:, LEGS] = feet
        found.append(Person(seen - seen[:, :1], seen[:, 0], shown))
    return found


def off(tilt, eye: Camera) -> float:
    cosine = float(tilt.rotation[2] @ eye.rotation[:, 2])
    return math.degrees(math.acos(min(1.0, cosine)))


PLACES = ((-900, 4000), (400, 5500), (1200, 4600), (-300, 7500), (900, 6500), (-1500, 6000))
SIZES = (1.04, 0.95, 1.0, 1.06, 0.97, 1.02)


@pytest.mark.parametrize(("down", "roll"), [(0, 0), (10, 0), (25, 3), (45, -2), (-8, 0)])
def test_several_people_show_it_better_than_one_and_say_so(standing, down, roll):
    eye = camera(down, roll, high_mm=1500 + 60 * down)
    all_of_them = tilt_from(before(eye, standing, PLACES, SIZES))
    alone = [tilt_from(before(eye, standing[k : k + 1], PLACES[k : k + 1])) for k in range(6)]
    assert off(all_of_them, eye) < 4 and all_of_them.floor and all_of_them.people == 6
    assert all_of_them.off_deg < min(one.off_deg for one in alone if one)
    assert all_of_them.sure > 0.95 and torch.linalg.det(all_of_them.rotation) == pytest.approx(1)
    near = [off(one, eye) for one in alone if one]
    assert sorted(near)[len(near) // 2] < 0.4 * abs(down) + 5


def test_a_child_among_them_does_not_tilt_the_floor(standing):
    eye = camera(12.0)
    sizes = (1.0, 1.6, 1.0, 1.0, 1.0, 1.0)  # taken for an adult further away
    assert off(tilt_from(before(eye, standing, PLACES, sizes)), eye) < 4


def test_who_walks_away_shows_the_floor_alone(standing):
    eye = camera(15.0)
    steps = [before(eye, standing[:1], [(0, away)])[0] for away in range(3000, 9000, 300)]
    walk = Person(*(torch.cat(parts) for parts in zip(*steps, strict=True)))
    found = tilt_from([walk])
    assert found.floor and off(found, eye) < 3 and found.off_deg < tilt_from([steps[0]]).off_deg


def test_who_lies_flat_shows_it_roughly(standing):
    eye = camera(30.0, high_mm=2500)
    errors = []
    for pose in standing:
        pose = pose - pose[:1]
        left = pose[HOUSE.index("left_hip")] - pose[HOUSE.index("right_hip")]
        left = torch.nn.functional.normalize(left * torch.tensor([1.0, 1.0, 0.0]), dim=0)
        up = torch.tensor([0.0, 0.0, 1.0]).double()
        parts = torch.stack([left, up, torch.linalg.cross(left, up)], -1)
        onto = torch.tensor([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]]).double()  # on the back, across
        found = tilt_from(before(eye, (pose @ parts @ onto)[None], [(0, 4300)]))
        errors.append(30.0 if found is None else off(found, eye))
    assert sorted(errors)[len(errors) // 2] < 12


def test_where_nobody_shows_it_the_answer_is_none(standing):
    eye = camera(0.0)
    assert tilt_from([]) is None
    people = before(eye, standing, PLACES)
    empty = [Person(one.pose_mm * torch.nan, one.root_mm, one.seen) for one in people]
    assert tilt_from(empty) is None
    blind = [one._replace(seen=torch.zeros_like(one.seen)) for one in people]
    assert tilt_from(blind) is None
    over = [one._replace(pose_mm=one.pose_mm * torch.tensor([1.0, -1.0, 1.0])) for one in people]
    assert tilt_from(over[:1]) is None  # on their head: no way to stand, and not flat


def test_whoever_shows_no_feet_leaves_a_level_camera_level(standing):
    found = tilt_from(before(camera(0.0), standing[:1], PLACES, feet=False))
    assert found is None or (not found.floor and off(found, camera(0.0)) < 6)


@pytest.fixture(scope="module")
def lifted(standing):
    """Two people of one picture, lifted one by one; the camera looks 30 degrees down."""
    eye = camera(30.0, high_mm=3200)
    found = []
    for number, place in enumerate(PLACES[:2], 1):
        world = standing[number - 1 : number] + torch.tensor([*place, 0.0])
        clip = Motion("a", world, 25.0).seen_by(eye)
        clip = Clip(f"a/person {number}", HOUSE, None, clip.keypoints_px, clip.confidence,
                    size_px=eye.size_px)  # fmt: skip
        found.append(upright.lift_upright(clip, shipped("simple_baseline")))
    return eye, found


def test_people_of_one_picture_stand_on_one_floor(lifted):
    eye, alone = lifted
    both = upright.stand_together(alone)
    assert torch.equal(both[0].camera_rotation, both[1].camera_rotation)
    assert not torch.equal(both[0].world_mm, alone[0].world_mm)
    cosine = float(both[0].camera_rotation[2].double() @ eye.rotation[:, 2])
    assert math.degrees(math.acos(min(1, cosine))) < 12
    for poses in both:
        (note,) = [note for note in poses.notes if note.kind == "upright"]
        assert "posture of 2 people" in note.text and "give or take" in note.text
        assert abs(note.counts["down"] - 30) < 13 and note.counts["people"] == 2
        back = (poses.world_mm - poses.camera_place_mm) @ poses.camera_rotation
        assert torch.allclose(back, poses.pose_mm + poses.root_mm[:, None], atol=0.1)
        assert poses.world_mm[..., 2].amin().abs() < 1


def test_others_stand_as_they_did(lifted):
    _, (one, other) = lifted
    turned = torch.diag(torch.tensor([1.0, -1.0, -1.0]))
    known = replace(other, camera=replace(other.camera, rotation=turned))
    elsewhere, nobody = replace(other, clip="b/person 1"), replace(other, clip="b")
    for pair in ([one], [one, elsewhere], [one, known], [replace(one, clip="a"), nobody]):
        assert all(a is b for a, b in zip(upright.stand_together(pair), pair, strict=True))


def test_a_body_that_is_a_sheet_or_a_point_gives_finite_answers(standing):
    for factor in (torch.tensor([1.0, 1.0, 0.0]), torch.tensor([0.0, 0.0, 0.0])):
        one = before(camera(0.0), standing[:1], PLACES)[0]
        found = tilt_from([one._replace(pose_mm=one.pose_mm * factor)])
        assert found is None or torch.isfinite(found.rotation).all()


def test_feet_that_leave_the_floor_are_told():
    walk = torch.zeros(20, 17, 3)
    walk[..., 2] = torch.linspace(0, 1700, 17)
    assert upright._off_the_floor(walk) == []
    walk[10:, :, 2] += 500
    walk[3] = torch.nan
    (note,) = upright._off_the_floor(walk)
    assert "between 0 and 50 cm above the floor" in note.text
