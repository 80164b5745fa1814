"""Rendered people's bodies: what is true of a posed body is true of its mesh; all are dressed."""

import hashlib

import pytest
import torch

from posebook.datasets.people.pose_samples import sample_poses
from posebook.datasets.pictures import body as bodies
from posebook.datasets.pictures.body import load_body
from posebook.datasets.pictures.body_shape import random_person
from posebook.errors import InputError
from posebook.geometry import bone_vectors
from posebook.skeletons import HOUSE

UP = torch.tensor([0.0, 0.0, 1.0])
LIMBS = ("right_knee", "right_foot", "left_knee", "left_foot",
         "left_elbow", "left_wrist", "right_elbow", "right_wrist")  # fmt: skip
CLOTHES = {
    "trousers": ("skin", "eyes", "shirt", "trousers", "hair_short", "shoes"),
    "skirt": ("skin", "eyes", "shirt", "skirt", "hair_long"),
    "long skirt": ("skin", "shirt", "skirt_long", "hair_long", "shoes"),
}


def rows(tensor: torch.Tensor, *names: str) -> torch.Tensor:
    return tensor[..., [HOUSE.joints.index(name) for name in names], :]


@pytest.fixture(scope="module")
def people():
    generator = torch.Generator().manual_seed(3)
    return [random_person(generator) for _ in range(60)]


@pytest.fixture(scope="module")
def posed(people):
    """Sixty people in poses of every kind, the low-detail body."""
    pose_mm = sample_poses(60, torch.Generator().manual_seed(5)).float()
    coefficients = torch.stack([person.coefficients for person in people])
    return pose_mm, load_body("low").posed_many(coefficients, pose_mm)


@pytest.fixture(scope="module")
def at_rest():
    """A body of mean shape, and the house pose in which it rests."""
    body = load_body("full")
    places = body.rest_points(torch.zeros(24))
    return body, torch.stack([places[name] for name in HOUSE.joints])


def test_a_body_posed_as_it_rests_is_at_rest(at_rest):
    body, pose_mm = at_rest
    posed = body.posed(torch.zeros(24), pose_mm)
    assert (posed.vertices_mm - posed.rest_mm).abs().max() < 0.01
    assert (posed.joints_mm - pose_mm).abs().max() < 0.01


def test_limbs_take_the_directions_of_the_pose(posed):
    pose_mm, result = posed
    places = [bone for bone, (_, end) in enumerate(HOUSE.bones) if HOUSE.joints[end] in LIMBS]
    wanted = bone_vectors(pose_mm, HOUSE)[:, places]
    found = bone_vectors(result.joints_mm, HOUSE)[:, places]
    cosine = torch.cosine_similarity(wanted, found, dim=-1)
    assert cosine.min() > 0.9999
    assert (result.joints_mm[:, 0] - pose_mm[:, 0]).abs().max() < 0.5


def test_trunk_and_head_lean_as_the_pose_does(posed):
    pose_mm, result = posed
    for lower, upper, least in (("hip", "thorax", 0.93), ("thorax", "head", 0.75)):
        wanted = rows(pose_mm, upper) - rows(pose_mm, lower)
        found = rows(result.joints_mm, upper) - rows(result.joints_mm, lower)
        assert torch.cosine_similarity(wanted, found, dim=-1).median() > least


def test_joints_lie_inside_the_mesh_that_moves_with_them(posed):
    """Skin, or the cloth over it, near a joint at rest stays around it in every pose."""
    _, result = posed
    body = load_body("low")
    places = body.rest_points(torch.zeros(24))
    for name in ("left_knee", "right_knee", "left_elbow", "right_wrist", "left_foot"):
        rest = body.rest(torch.zeros(24))[: len(body.part)]
        cloth = body.faces[body.regions != body.REGIONS.index("skirt_long")].unique()
        near = cloth[(rest[cloth] - places[name]).norm(dim=-1) < 75]
        away = (result.vertices_mm[:, near] - rows(result.joints_mm, name)).norm(dim=-1)
        assert len(near) > 5
        assert away.amin(-1).max() < 80
        assert away.amax(-1).max() < 150


def test_landmarks_are_on_the_posed_mesh(posed):
    _, result = posed
    for name, most in (("nose", 12), ("head_top", 15), ("left_ear", 15), ("right_big_toe", 20)):
        mark = result.landmarks_mm[name].unsqueeze(1)
        assert (result.vertices_mm - mark).norm(dim=-1).amin(-1).max() < most, name
    assert set(result.landmarks_mm) == set(bodies.LANDMARKS)


def test_left_is_left(at_rest):
    body, pose_mm = at_rest
    posed = body.posed(torch.zeros(24), pose_mm)  # axes: left, up, forward
    for name in ("hip", "knee", "foot", "shoulder", "elbow", "wrist"):
        assert rows(posed.joints_mm, f"left_{name}")[0, 0] > 50
        assert rows(posed.joints_mm, f"right_{name}")[0, 0] < -50
    for name in ("eye", "ear", "big_toe", "hand"):
        assert posed.landmarks_mm[f"left_{name}"][0] > 20 > posed.landmarks_mm[f"right_{name}"][0]
    assert posed.landmarks_mm["nose"][2] > posed.landmarks_mm["left_ear"][2] + 60


def test_axes_do_not_matter(people):
    """The same pose in other axes gives the same body, turned; soles, too."""
    pose_mm = sample_poses(1, torch.Generator().manual_seed(9))[0].float()
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(1)))[0]
    turn = turn * torch.linalg.det(turn)
    body, shape = load_body("low"), people[0].coefficients
    one = body.posed(shape, pose_mm, UP)
    other = body.posed(shape, pose_mm @ turn.T, turn @ UP)
    assert (one.vertices_mm @ turn.T - other.vertices_mm).abs().max() < 1.0


def test_soles_lie_flat_where_feet_stand(at_rest):
    """Someone who leans back on straight legs keeps the soles on the floor."""
    body, pose_mm = at_rest
    lean = torch.tensor([[1.0, 0, 0], [0, 0.97, -0.243], [0, 0.243, 0.97]])
    up = torch.tensor([0.0, 1.0, 0.0])
    toes = []
    for floor in (None, up):
        marks = body.posed(torch.zeros(24), pose_mm @ lean.T, floor).landmarks_mm
        toes.append(float((marks["left_big_toe"] - marks["left_heel"]) @ up))
    assert abs(toes[1]) < 12 < abs(toes[0])


@pytest.mark.parametrize("detail", bodies.DETAILS)
def test_both_details_are_one_body(detail, people):
    pose_mm = sample_poses(1, torch.Generator().manual_seed(2))[0].float()
    shape = people[1].coefficients
    truth = load_body("full").posed(shape, pose_mm).joints_mm
    body = load_body(detail)
    assert (body.posed(shape, pose_mm).joints_mm - truth).abs().max() < 0.01
    assert len(body.faces) < {"low": 8000, "full": 36000}[detail]
    assert body.faces.max() + 1 == len(body.part) == len(body.along)


@pytest.mark.parametrize("detail", bodies.DETAILS)
@pytest.mark.parametrize("clothes", CLOTHES)
def test_everybody_is_dressed(detail, clothes, at_rest):
    """No skin of trunk, seat or upper thigh is in the mesh; cloth is all around the trunk."""
    body, pose_mm = load_body(detail), at_rest[1]
    posed = body.posed(torch.zeros(24), pose_mm)
    shown = body.faces_of(CLOTHES[clothes])
    centre = posed.vertices_mm[body.faces].mean(1)
    skin = body.regions == body.REGIONS.index("skin")
    trunk = (centre[:, 0].abs() < 130) & (centre[:, 1] > -60) & (centre[:, 1] < 390)
    assert not (skin & trunk).any()
    cloth = centre[shown][~skin[shown]]
    for height in range(-40, 400, 40):
        ring = cloth[((cloth[:, 1] - height).abs() < 45) & (cloth[:, 0].abs() < 220)]
        angle = torch.atan2(ring[:, 2], ring[:, 0]).sort().values
        gap = torch.cat([angle.diff(), angle[:1] - angle[-1:] + 2 * torch.pi])
        assert len(ring) and gap.max() < 1.3, height


@pytest.mark.parametrize(
    ("regions", "says"),
    [
        (("skin", "eyes"), "dressed"),
        (("skin", "trousers"), "dressed"),
        (("skin", "shirt", "shoes"), "dressed"),
        (("shirt", "trousers", "hat"), "no region 'hat'"),
    ],
)
def test_nobody_is_naked(regions, says):
    with pytest.raises(InputError, match=says):
        load_body("low").faces_of(regions)


def test_people_are_of_every_size():
    generator = torch.Generator().manual_seed(0)
    people = [random_person(generator, split) for split in 100 * ("train", "val", "test")]
    heights = torch.tensor([person.height_mm for person in people])
    assert 950 <= heights.min() < 1200 and 1900 < heights.max() <= 2050
    assert {person.age for person in people} == {"child", "teenager", "adult", "old"}
    assert {person.sex for person in people} == {"female", "male"}
    grown = {sex: [p.height_mm for p in people if p.age == "adult" and p.sex == sex]
             for sex in ("female", "male")}  # fmt: skip
    mean = {sex: sum(values) / len(values) for sex, values in grown.items()}
    assert 1500 < mean["female"] < mean["male"] < 1900


def test_splits_share_nobody_and_one_seed_gives_one_person():
    drawn = {}
    for split in ("train", "val", "test"):
        twice = [random_person(torch.Generator().manual_seed(7), split) for _ in range(2)]
        assert torch.equal(twice[0].coefficients, twice[1].coefficients)
        drawn[split] = twice[0].coefficients
    assert not torch.equal(drawn["train"], drawn["test"])
    assert not torch.equal(drawn["val"], drawn["test"])
    with pytest.raises(InputError, match="no split 'all'"):
        random_person(torch.Generator(), "all")


def test_sitting_and_lying_poses_hold(at_rest):
    """No triangle of a sitting or lying body is stretched to more than a few times its size."""
    body, rest = load_body("low"), at_rest[1]
    sit = rest.clone()
    for side in ("left", "right"):
        hip, knee, foot = (HOUSE.joints.index(f"{side}_{name}") for name in ("hip", "knee", "foot"))
        thigh = (rest[knee] - rest[hip]).norm()
        sit[knee] = rest[hip] + thigh * torch.tensor([0.1 if side == "left" else -0.1, 0.0, 1.0])
        sit[foot] = sit[knee] + torch.tensor([0.0, -1.0, 0.0]) * (rest[foot] - rest[knee]).norm()
    lie = rest @ torch.tensor([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
    for pose_mm in (sit, lie):
        posed = body.posed(torch.zeros(24), pose_mm)
        edges = body.faces[:, [0, 1, 1, 2, 2, 0]].reshape(-1, 2)
        edges = edges[(body.regions != body.REGIONS.index("skirt_long")).repeat_interleave(3)]
        now, then = (
            (points[edges[:, 0]] - points[edges[:, 1]]).norm(dim=-1)
            for points in (posed.vertices_mm, posed.rest_mm)
        )
        assert ((now - then).abs() < 130).all()
        assert (posed.joints_mm[HOUSE.joints.index("left_knee")] - pose_mm[5]).norm() < 15


def test_the_asset_is_small_and_holds_no_objects():
    assert bodies.FILE.stat().st_size <= 4_000_000
    assert hashlib.sha256(bodies.FILE.read_bytes()).hexdigest() in (
        bodies.FILE.parent / "README.md"
    ).read_text(encoding="utf-8")


def test_no_detail_of_that_name():
    with pytest.raises(InputError, match="no detail 'high'"):
        load_body("high")
