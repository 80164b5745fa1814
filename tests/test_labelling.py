"""`posebook label`: people of any source to 3D labels, piece by piece, and what is told of them."""

import json

import bvh_writer
import keypoint_writer as kw
import mat_writer
import numpy
import picture_writer
import pytest
import torch
from typer.testing import CliRunner

from posebook import cli, datasets, labelling, lifting
from posebook.cameras import Camera
from posebook.datasets.published import wang2019
from posebook.errors import InputError
from posebook.labelling import card, folder
from posebook.labelling.making import FLAGS
from posebook.labelling.people import gather
from posebook.lifting.lifter import Lifter
from posebook.methods.label_generator.network import LabelGenerator
from posebook.methods.label_generator.pictures import BOX_PX, RULES, intrinsics
from posebook.methods.label_generator.right_view import HUMAN36M
from posebook.skeletons import COCO_17, HOUSE, LSP_14

STANDING = torch.tensor(lifting.lifter._STANDING_PX)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    """Seven people in photographs of no size: standing at all places and sizes, one heap."""
    places = ((1, 0), (0.2, 900), (2, -400), (0.5, 30), (1.1, 5), (0.9, 700))
    points = torch.stack([STANDING * scale + shift for scale, shift in places])
    heap = torch.full((1, 17, 2), 300.0)
    points = torch.cat([points, heap])
    points[3, HOUSE.indices("left_wrist", "right_foot")] = torch.nan
    path = tmp_path_factory.mktemp("pictures") / "people.npz"
    numpy.savez(
        path, keypoints_px=points.numpy(), confidence=torch.isfinite(points).all(-1).float()
    )
    return path


@pytest.fixture(autouse=True)
def small_cards(monkeypatch):
    monkeypatch.setattr(card, "SHOWN", 1)


def contents(place):
    return {file.name: file.read_bytes() for file in place.rglob("*") if file.is_file()}


def seen(arrays):
    """Where the labels are in the picture, px."""
    absolute = arrays["pose_mm"].astype(float) + arrays["root_mm"][:, None].astype(float)
    camera = arrays["camera"][:, None]
    return camera[..., :2] * absolute[..., :2] / absolute[..., 2:] + camera[..., 2:]


def test_labels_are_seen_at_the_key_points(pictures, tmp_path):
    made = labelling.label(pictures, tmp_path, write="wild,unity")
    arrays = made.arrays
    good = numpy.isfinite(arrays["pose_mm"]).all((1, 2))
    assert good.tolist() == [True] * 6 + [False] and arrays["no_pose"].tolist() == [False] * 6 + [
        True
    ]
    off = numpy.linalg.norm(seen(arrays) - arrays["keypoints_px"], axis=-1)
    assert numpy.nanmax(off[arrays["counted"]]) < 0.01
    assert (arrays["off_px"][good] > arrays["left_off_px"][good]).all()
    assert arrays["counted"].sum(1).tolist() == [17, 17, 17, 15, 17, 17, 17]
    # No size is known: all are as large in the frame, and as far away.
    assert (arrays["camera_rule"] == RULES.index("by the person's box")).all()
    assert 4000 < arrays["root_mm"][good, 2].min() <= arrays["root_mm"][good, 2].max() < 7000
    assert (arrays["score"][good] > 0.3).all() and arrays["score"][6] == 0
    assert arrays["score"][3] < arrays["score"][0], "two joints of it are not marked"
    record = json.loads((tmp_path / "card.json").read_text())
    assert record["people"] == 7 and record["labels"] == 6 and record["flags"]["no_pose"] == 1
    page = (tmp_path / "card.html").read_text()
    assert "The worst labels" in page and "before the search (dashed)" in page
    held = wang2019.read_labels(tmp_path / "wild.npy")
    assert len(held.names) == 6 and numpy.abs(held.pose_mm[:, 10]).max() == 0
    assert wang2019.read_unity(tmp_path / "unity.npy").shape == (6, 17, 3)
    assert sorted(contents(tmp_path)) == ["about.json", "card.html", "card.json", "labels.npz",
                                          "unity.npy", "wild.npy"]  # fmt: skip


def test_without_the_search(pictures, tmp_path):
    arrays = labelling.label(pictures, tmp_path, search=False).arrays
    assert (arrays["pose_mm"][:6] == arrays["coarse_mm"][:6]).all()
    assert numpy.isfinite(arrays["root_mm"][:6]).all() and not arrays["no_solution"].any()


def test_a_label_without_a_hip_has_a_score(tmp_path):
    """Without the search it needs none; what was not searched does not count against it."""
    points = STANDING[None].clone()
    points[:, HOUSE.indices("hip", "left_hip", "right_hip")] = torch.nan
    path = tmp_path / "people.npz"
    marked = torch.isfinite(points).all(-1).float()
    numpy.savez(path, keypoints_px=points.numpy(), confidence=marked)
    arrays = labelling.label(path, tmp_path / "out", search=False).arrays
    assert numpy.isfinite(arrays["pose_mm"]).all() and 0 < arrays["score"][0] <= 1


def test_what_the_search_finds_nowhere_is_no_label(pictures, tmp_path):
    arrays = labelling.label(pictures, tmp_path, depths="500,600").arrays
    lost = arrays["no_solution"]
    assert lost[:6].any() and numpy.isnan(arrays["pose_mm"][lost]).all()
    assert (arrays["at_bound"] | lost)[:6].all() and not arrays["no_solution"][6]
    assert (arrays["score"][lost] == 0).all()


def test_a_run_that_is_killed_goes_on(pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "PIECE", 2)
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    made = []
    one = folder.labels_of

    def counted(people, method, span):
        made.append(span.first)
        return one(people, method, span)

    monkeypatch.setattr(folder, "labels_of", counted)
    labelling.label(pictures, whole)
    assert made == [0, 2, 4, 6]
    made.clear()

    def killed_after(count, name):
        """Kill before the so-manyth file of this name is in its place."""
        left, write = [count], folder.paths.replacing

        def replacing(path):
            if str(path).endswith(name):
                left[0] -= 1
                if left[0] < 0:
                    raise SystemExit
            return write(path)

        monkeypatch.setattr(folder.paths, "replacing", replacing)
        with pytest.raises(SystemExit):
            labelling.label(pictures, cut)
        monkeypatch.setattr(folder.paths, "replacing", write)

    killed_after(0, "about.json")
    killed_after(1, ".npz")
    (cut / "pieces" / f"{folder.paths.UNFINISHED}1234.npz").write_bytes(b"half")
    killed_after(2, ".npz")
    killed_after(0, "labels.npz")
    killed_after(0, "card.json")
    killed_after(0, "card.html")
    # The second and the fourth were being made when the command was killed.
    assert [made.count(first) for first in (0, 2, 4, 6)] == [1, 2, 1, 2]
    again = len(made)
    labelling.label(pictures, cut)
    labelling.label(pictures, cut)
    assert len(made) == again, "a finished folder is read"
    assert contents(cut) == contents(whole)


def test_a_folder_belongs_to_its_labels(pictures, tmp_path):
    labelling.label(pictures, tmp_path / "a")
    before = contents(tmp_path / "a")
    for options, says in (
        (dict(by="elepose"), "labels of another lifter"),
        (dict(search=False), "labels of another search"),
        (dict(intrinsics="1000,1000,500,500"), "labels of another input"),
        (dict(depths="500,900"), "labels of another depths_mm"),
    ):
        with pytest.raises(InputError, match=says):
            labelling.label(pictures, tmp_path / "a", **options)
    assert contents(tmp_path / "a") == before
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "labels.npz").write_text("mine")
    with pytest.raises(InputError, match="holds labels.npz, but no about.json"):
        labelling.label(pictures, tmp_path / "b")
    (tmp_path / "a" / "labels.npz").write_bytes(before["labels.npz"][:200])
    with pytest.raises(InputError, match="labels.npz"):
        labelling.label(pictures, tmp_path / "a")
    (tmp_path / "a" / "about.json").write_text("[1]")
    with pytest.raises(InputError, match="not in the format"):
        labelling.label(pictures, tmp_path / "a")


def test_the_rule_for_pictures():
    points = torch.stack([STANDING, 3 * STANDING, STANDING]).double()
    seen = torch.ones(3, 17, dtype=torch.bool)
    size = torch.tensor([[torch.nan] * 2, [torch.nan] * 2, [640.0, 480.0]]).double()
    found = intrinsics(points, seen, size)
    assert [RULES[n] for n in found.rule] == ["by the person's box"] * 2 + ["by the picture's size"]
    side = (STANDING.amax(0) - STANDING.amin(0)).max().item()
    expected = HUMAN36M.focal_px * side / BOX_PX
    assert torch.allclose(found.focal_px[0], expected) and torch.allclose(
        found.focal_px[1], 3 * expected
    )
    # Twice: the same person, at the same place in the frame.
    assert torch.allclose(found.rays(points)[0], found.rays(points)[1])
    assert found.focal_px[2].tolist() == [768, 768] and found.centre_px[2].tolist() == [320, 240]
    camera = Camera(torch.tensor([800.0, 801.0]), torch.tensor([1.0, 2.0]))
    given = intrinsics(points, seen, size, camera)
    assert given.focal_px.tolist() == [[800, 801]] * 3 and not given.rule.any()
    nobody = intrinsics(points * torch.nan, ~seen)
    assert torch.isfinite(nobody.focal_px).all() and torch.isfinite(nobody.centre_px).all()


def test_people_of_photographs_with_sizes(tmp_path):
    people = kw.person(5)
    people[..., 2] = 2
    shifted = [one + numpy.array([150.0 * n, 0, 0]) for n, one in enumerate(people)]
    content = kw.coco([(f"x{7**n}.jpg", [one]) for n, one in enumerate(shifted)])
    held = gather(str(kw.dump(tmp_path / "a.json", content) or tmp_path / "a.json"))
    assert held.skeleton == COCO_17 and len(held) == 5
    found = labelling.label(tmp_path / "a.json", tmp_path / "out")
    assert found.numbers["labels"] == 5
    arrays = found.arrays
    hip = HOUSE.index("hip")
    assert arrays["counted"][:, hip].all(), "between the hips, which COCO marks"
    assert not arrays["counted"][:, HOUSE.index("spine")].any(), "nobody marked it"


@pytest.mark.parametrize("extended", [False, True])
def test_people_of_photographs_in_lsp(tmp_path, extended):
    """Its files as they come: fourteen joints, no hip; the picture's size from the photograph."""
    marks = mat_writer.lsp(tmp_path / "joints.mat", extended=extended)
    picture_writer.picture(tmp_path / "images" / f"im{1:0{4 + extended}d}.jpg", 400)
    name = "lspet" if extended else "lsp"
    found = labelling.label(name, tmp_path / "out", root=tmp_path)
    arrays = found.arrays
    assert len(arrays["score"]) == 1 and RULES[int(arrays["camera_rule"][0])].startswith(
        "by the pic"
    )
    assert arrays["camera"][0, 0] == 1.2 * 400
    marked = (marks[0, :, 2] == 1) if extended else numpy.ones(14, bool)
    assert arrays["counted"][0].sum() <= marked.sum() + 1, "what is not marked does not count"
    if not arrays["no_solution"][0]:
        there = seen(arrays)[0, HOUSE.index("left_knee")]
        assert numpy.abs(there - marks[0, LSP_14.index("left_knee"), :2]).max() < 0.6


def test_a_data_set_with_truth(tmp_path, monkeypatch):
    """The labels of exact key points, with the true intrinsics, against the truth."""
    people = datasets.load("synthetic", split="test", size=3).every(10)
    monkeypatch.setattr(datasets, "load", lambda *_: people)
    labelled = labelling.label("synthetic", tmp_path)
    errors = labelled.numbers["errors_mm"]
    count, before, after, *_ = errors["all"]
    assert count == len(people) and after < before < 90
    assert set(errors) == {"all", *people.actions}
    assert (labelled.arrays["camera_rule"] == 0).all(), "the cameras are known"
    true = people.pose_mm[:, 0].numpy()
    assert numpy.abs(labelled.arrays["root_mm"] - true).mean() < 300


@pytest.fixture(scope="module")
def generator(tmp_path_factory):
    """An untrained generator with statistics, as a file."""
    torch.manual_seed(0)
    network = LabelGenerator(8).eval()
    pose = torch.randn(50, 17, 3) * 100
    left = STANDING + torch.randn(50, 17, 2) * 20
    network.learn_statistics(left, left + torch.randn(50, 17, 2), pose)
    header = dict(
        name="generator", network={"class": "LabelGenerator", "arguments": dict(width=8)},
        skeleton=HOUSE.name, normalisation=dict(kind="human36m_view", least_px=200, most_px=480),
        data="noise", licence="MIT", metrics=[],
    )  # fmt: skip
    path = tmp_path_factory.mktemp("generator") / "generator.safetensors"
    return Lifter(header, network, dict(mean_place=STANDING)).save(path)


def test_a_generator_is_a_lifter(generator, pictures, tmp_path):
    lifter = lifting.load(generator)
    assert lifter.network.stereo and lifter.network.left.std.min() == 0, "of the hip"
    arrays = labelling.label(pictures, tmp_path, generator).arrays
    assert numpy.isfinite(arrays["coarse_mm"][:6]).all()
    # Only the person's extent in Human3.6M's picture matters, and it has limits.
    near, far = (Camera(torch.tensor([f, f]), torch.tensor([500.0, 500.0])) for f in (50.0, 60.0))
    clips = gather(str(pictures)).keypoints_px[:1].float()
    clip = lifting.lifter.Clip("", HOUSE, None, clips, torch.ones(1, 17), size_px=(1000, 1000))
    assert torch.allclose(lifter.lift(clip, near).pose_mm, lifter.lift(clip, far).pose_mm, atol=1)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["{people}", "--depths", "9"], "--depths 9: expected FIRST,LAST"),
        (["{people}", "--depths", "900,500"], "expected 0 < FIRST < LAST"),
        (["{people}", "--depths", "1,1000,x"], "--depths"),
        (["{people}", "--write", "wild,vtk"], "--write vtk: expected some of wild, unity"),
        (["{people}", "--by", "nobody"], "no lifter is called 'nobody'"),
        (["{people}", "--by", "{people}"], "people.npz"),
        (["{people}", "--intrinsics", "1,2"], "--intrinsics 1,2"),
        (["{people}", "--min-confidence", "7"], "expected 0 to 1"),
        (["{people}", "--size", "30x30"], "lie outside a picture of 30 x 30 px"),
        (["mpii"], "needs root="),
        (["mpii", "--root", "nowhere"], "there is no such file"),
        (["coco", "--root", "{folder}", "--keypoints", "detected"], "no key points 'detected'"),
        (["nothing.json"], "key points, or a data set"),
        (["{folder}/m.bvh"], "is motion in 3D already"),
    ],
)
def test_mistakes_get_one_line(pictures, tmp_path, words, says):
    (tmp_path / "m.bvh").write_text(bvh_writer.write(bvh_writer.Style())[0])
    words = [word.format(people=pictures, folder=tmp_path) for word in words]
    result = CliRunner().invoke(cli.app, ["label", *words, "--out", str(tmp_path / "out")])
    assert isinstance(result.exception, InputError), result.exception
    assert says in str(result.exception) and "\n" not in str(result.exception)
    assert not (tmp_path / "out" / "labels.npz").exists()


def test_flags_are_in_words():
    assert all(words and not words.endswith(".") for words in FLAGS.values())
