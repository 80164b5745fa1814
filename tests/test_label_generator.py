"""The geometric search as a function of its input, and the files of the release there and back."""

import numpy
import pytest
import torch

from posebook.datasets import pictures
from posebook.datasets.published import wang2019
from posebook.datasets.readers import human36m_annot
from posebook.errors import InputError
from posebook.geometry import root_relative
from posebook.labelling.trees import search_trees
from posebook.methods.label_generator import search
from posebook.methods.label_generator.baseline import DepthAtJoints
from posebook.methods.label_generator.network import RELEASED_DEFAULTS, LabelGenerator, about_hip
from posebook.methods.label_generator.released import load_view_synthesis
from posebook.methods.label_generator.right_view import HUMAN36M, disparity_error, stereo_pair
from posebook.skeletons import HOURGLASS_16, HOUSE, WANG_17, conversion

#: Somebody who stands, house joints, mm, camera axes about the hip.
STANDING = torch.tensor([
    [0, 0, 0], [-130, 0, 10], [-140, 430, 30], [-150, 860, 60], [130, 0, -10], [140, 430, 40],
    [150, 860, 90], [0, -230, 10], [0, -480, 0], [10, -560, -60], [0, -680, -20],
    [160, -450, -10], [230, -180, 30], [260, 60, -40], [-160, -450, 10], [-240, -190, 60],
    [-250, 40, 120],
]).double()  # fmt: skip


def people(count, seed=0, far=(3000.0, 7000.0)):
    """Coarse poses, and what a camera sees of the true ones: smaller by some, and bent."""
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(2, count, 17, 3, generator=generator, dtype=torch.float64)
    pose = root_relative(STANDING + 60 * noise[0], HOUSE)
    place = torch.rand(count, 3, generator=generator, dtype=torch.float64)
    place = place * torch.tensor([1000.0, 400.0, far[1] - far[0]]) + torch.tensor([-500, 0, far[0]])
    coarse = root_relative(0.97 * pose + 20 * noise[1], HOUSE)
    return pose, coarse, HUMAN36M.project(pose + place.unsqueeze(1)), place


# ------------------------------------------------------------------------------------------ search


def test_halving_finds_what_all_candidates_find(monkeypatch):
    _, coarse, pixels, _ = people(60, far=(2000.0, 9000.0))
    halved = search.search(coarse, pixels, HUMAN36M)
    monkeypatch.setattr(search, "BATCH_BYTES", 1 << 20)  # many small batches
    every = search.search(coarse, pixels, HUMAN36M, exhaustive=True)
    assert (halved.depth_mm == every.depth_mm).all() and halved.at_bound.equal(every.at_bound)
    assert halved.at_bound.any() and not halved.at_bound.all()
    # Who is searched together changes nothing.
    for rows in (slice(0, 1), slice(7, 30), slice(59, None)):
        alone = search.search(coarse[rows], pixels[rows], HUMAN36M)
        assert torch.equal(alone.pose_mm, halved.pose_mm[rows])
    none = search.search(coarse[:0], pixels[:0], HUMAN36M)
    assert none.pose_mm.shape == (0, 17, 3) and none.at_bound.shape == (0,)


def test_nobody_reaches_behind_the_camera():
    """A hip at 650 mm, and an arm that the coarse pose has 700 mm nearer."""
    pose, *_ = people(1)
    pose[:, HOUSE.index("left_wrist"), 2] = -700
    rays = HUMAN36M.rays(HUMAN36M.project(pose + torch.tensor([0.0, 0.0, 3000.0])))
    near = search.Depths(600, 650)
    found = search.search_rays(pose, rays, near, most_mm=1e9)
    assert found.no_solution.all() and found.pose_mm.isnan().all()
    unseen = torch.ones(1, 17, dtype=torch.bool)
    unseen[:, HOUSE.index("left_wrist")] = False
    assert not search.search_rays(pose, rays, near, most_mm=1e9, seen=unseen).no_solution.any()


def test_a_true_pose_is_found_where_it_is():
    pose, _, pixels, place = people(20)
    found = search.search(pose, pixels, HUMAN36M, search.Depths(2800, 7199, 0.25))
    assert (found.root_mm - place).abs().max() < 1
    assert (found.pose_mm - pose).abs().max() < 0.1
    # A person of half the size is found at half the distance: the search knows no sizes.
    half = search.search(pose / 2, pixels, HUMAN36M, search.WILD)
    assert (2 * half.root_mm - place).abs().max() < 2


def test_ties_go_to_the_nearest():
    heap = torch.zeros(1, 17, 3).double()
    rays = torch.zeros(1, 17, 2).double()
    for exhaustive in (True, False):
        found = search.search_rays(heap, rays, exhaustive=exhaustive)
        assert found.depth_mm.item() == 2800 and found.at_bound.all()


def test_joints_that_are_not_seen():
    pose, coarse, pixels, _ = people(4)
    pixels = pixels.clone()
    hip, wrist = HOUSE.indices("hip", "left_wrist")
    pixels[0, wrist] = torch.nan
    pixels[1, hip] = torch.nan
    pixels[2, 1:] = torch.nan
    seen = torch.ones(4, 17, dtype=torch.bool)
    seen[3, 5:] = False
    found = search.search(coarse, pixels, HUMAN36M, seen=seen)
    assert found.no_solution.tolist() == [False, True, True, False]
    assert torch.equal(found.pose_mm[0, wrist], coarse[0, wrist])
    assert (found.pose_mm[0, wrist + 1] - coarse[0, wrist + 1]).abs().max() > 1
    assert torch.equal(found.pose_mm[3, 5:], coarse[3, 5:])
    assert found.objective_mm.isnan().tolist() == [False, True, True, False]
    assert found.pose_mm[1:3].isnan().all()
    for exhaustive in (True, False):
        every = search.search(coarse, pixels, HUMAN36M, seen=seen, exhaustive=exhaustive)
        assert torch.equal(every.depth_mm.nan_to_num(), found.depth_mm.nan_to_num())


def test_precision_is_that_of_the_pose():
    _, coarse, pixels, _ = people(3)
    found = search.search(coarse.float(), pixels.float(), HUMAN36M)
    assert found.pose_mm.dtype == torch.float32
    exact = search.search(coarse, pixels, HUMAN36M)
    assert (found.pose_mm - exact.pose_mm).abs().max() < 0.5


@pytest.mark.parametrize("depths", [(0, 10), (10, 5), (10, 20, 0), (1, 1e9, 1e-3)])
def test_depths_that_are_none(depths):
    with pytest.raises(InputError, match="expected first, last and step"):
        search.search(*people(1)[1:3], HUMAN36M, search.Depths(*depths))


# ---------------------------------------------------------------------------------------- networks


def test_the_ablations_run():
    left = HUMAN36M.project(STANDING + torch.tensor([0, 0, 5000.0])).float().repeat(4, 1, 1)
    for options in ({}, RELEASED_DEFAULTS, {"stereo": False}):
        generator = LabelGenerator(8, **options).eval()
        assert generator(left).shape == (4, 17, 3)
        assert generator.right_view(left).shape == (4, 17, 2)


def test_released_weights_of_another_size():
    with pytest.raises(InputError, match="lack w1"):
        load_view_synthesis(LabelGenerator(8).view, {})
    arrays = {"w1": torch.zeros(34, 9), "w4": torch.zeros(9, 34), "b4": torch.zeros(34)}
    with pytest.raises(InputError, match="lack b1"):
        load_view_synthesis(LabelGenerator(8).view, arrays)
    with pytest.raises(InputError, match="is for 32 numbers; expected 34"):
        load_view_synthesis(LabelGenerator(8).view, arrays | {"w1": torch.zeros(32, 9)})


# ------------------------------------------------------------------------------------------- files


def labels(count=5, order="planar"):
    pose, _, pixels, place = people(count)
    to_wang = conversion(HOUSE, WANG_17)
    names = tuple(f"im{number:05}.jpg" for number in range(count))
    absolute = pose + place.unsqueeze(1)
    points, poses = (to_wang(values)[0].numpy() for values in (pixels, absolute))
    return wang2019.Labels(names, points, poses, order)


@pytest.mark.parametrize("order", wang2019.ORDERS)
@pytest.mark.parametrize("form", ("text", "things", "bytes"))
def test_labels_there_and_back(tmp_path, order, form):
    made = labels(order=order)
    path = wang2019.write_labels(tmp_path / "wild.npy", made)
    rows = numpy.load(path)  # which runs nothing
    assert rows.shape == (5, 86) and rows[2, 0] == "im00002.jpg"
    if form == "things":  # as numpy.save has it where names and numbers are mixed
        mixed = numpy.array([[row[0], *map(float, row[1:])] for row in rows], dtype=object)
        numpy.save(path, mixed, allow_pickle=True)
    elif form == "bytes":
        numpy.save(path, rows.astype("S24"))
    read = wang2019.read_labels(path)
    assert read.order == order and read.names == made.names
    assert numpy.abs(read.keypoints_px - made.keypoints_px).max() < 1e-4
    assert numpy.abs(read.pose_mm - made.pose_mm).max() < 1e-4
    again = wang2019.write_labels(tmp_path / "again.npy", read).read_bytes()
    assert again == wang2019.write_labels(tmp_path / "third.npy", read).read_bytes()


def test_unity_there_and_back(tmp_path):
    poses = labels().pose_mm
    path = wang2019.write_unity(tmp_path / "unity.npy", poses)
    assert numpy.load(path).shape == (5, 51)
    assert (wang2019.read_unity(path) == poses).all()
    text = tmp_path / "unity.txt"
    numpy.savetxt(text, numpy.concatenate([numpy.zeros((5, 2)), numpy.load(path)], 1))
    assert numpy.abs(wang2019.read_unity(text) - poses).max() < 1e-6


@pytest.mark.parametrize(("suffix", "order"), [("", "planar"), ("_new", "interleaved")])
def test_trees_there_and_back(tmp_path, suffix, order):
    held = labels()
    left = tmp_path / f"left{suffix}" / "train"
    poses = tmp_path / f"3d{suffix}" / "train"
    names = [("S1", "Walking", "b"), ("S1", "Walking", "a"), ("S5", "Eating 1", "54138969")]
    wang2019.write_tree(left, [(name, held.keypoints_px) for name in names], order)
    wang2019.write_tree(poses, [(name, held.pose_mm) for name in names], order)
    found = wang2019.read_trees(left, poses=poses)
    assert [(one.subject, one.action, one.name) for one in found] == sorted(names)
    assert (found[0].left_px == held.keypoints_px).all() and found[0].right_px is None
    assert (found[2].pose_mm == held.pose_mm).all()
    (poses / "S5/Eating 1/54138969.npy").unlink()
    with pytest.raises(InputError, match="S5/Eating 1/54138969 is not in both trees"):
        wang2019.read_trees(left, poses=poses)


def test_the_search_goes_action_by_action(tmp_path):
    pose, coarse, pixels, place = people(60)
    to_wang = conversion(HOUSE, WANG_17)
    true, left = (to_wang(v)[0].numpy() for v in (pose + place.unsqueeze(1), pixels))
    bad = coarse.clone()
    bad[50:] *= 20  # a giant, nowhere to be found
    trees = {"left": left, "coarse": to_wang(bad)[0].numpy(), "true": true}
    for name, array in trees.items():
        parts = {("S9", "Sitting", "b"): array[:20], ("S11", "Sitting", "a"): array[20:40],
                 ("S9", "Walking", "a"): array[40:]}  # fmt: skip
        wang2019.write_tree(tmp_path / name, parts.items(), "planar")
    given = (tmp_path / "left", tmp_path / "coarse", HUMAN36M, tmp_path / "true", tmp_path / "out")
    (sitting, walking), table = search_trees(*given, every=5)
    assert (sitting.name, sitting.frames, sitting.no_solution) == ("Sitting", 8, 0)
    assert (walking.frames, walking.no_solution) == (4, 2)
    assert sitting.after_mm < sitting.before_mm and "every 5th frame" in str(table)
    out = wang2019.read_trees(tmp_path / "left", poses=None)
    assert [one.action for one in out] == ["Sitting", "Sitting", "Walking"]
    kept = numpy.load(tmp_path / "out/S9/Walking/a.npy")
    assert kept.shape == (2, 51) and numpy.isfinite(kept).all()
    actions, _ = search_trees(tmp_path / "left", tmp_path / "coarse", HUMAN36M)
    assert [a.frames for a in actions] == [2, 1] and numpy.isnan(actions[0].before_mm)
    with pytest.raises(InputError, match="every is 0"):
        search_trees(*given[:3], every=0)


@pytest.mark.parametrize("skeleton", (HOUSE, HOURGLASS_16), ids=lambda s: s.name)
def test_annotations_there_and_back(tmp_path, skeleton):
    pose, _, pixels, place = people(3)
    turn = conversion(HOUSE, skeleton)
    points, poses = (turn(v)[0].numpy() for v in (pixels, pose + place.unsqueeze(1)))
    table = numpy.array([[1, 2, 1, 4, 6], [5, 16, 2, 1, 11], [8, 3, 1, 2, 1]])
    made = human36m_annot.Annotations(skeleton, table, points, poses)
    path = human36m_annot.write(tmp_path / "annot_train.h5", made)
    read = human36m_annot.read(path, "train")
    assert read.skeleton == skeleton and (read.table == table).all()
    assert (read.keypoints_px == points).all() and (read.pose_mm == poses).all()
    assert read.names[0].endswith("s_01_act_02_subact_01_ca_04_000006.jpg")
    with pytest.raises(InputError, match="is called neither"):
        human36m_annot.write(tmp_path / "x.h5", made)


def test_the_pictures_of_annotations(tmp_path):
    pose, _, _, place = people(1)
    marks = HUMAN36M.project(pose + place.unsqueeze(1)).numpy() / 5
    table = numpy.array([[9, 2, 1, 4, 6]])
    made = human36m_annot.Annotations(HOUSE, table, marks, (pose + place.unsqueeze(1)).numpy())
    human36m_annot.write(tmp_path / "annot_val.h5", made)
    picture = tmp_path / made.names[0]
    picture.parent.mkdir()
    from PIL import Image

    Image.new("RGB", (224, 224)).save(picture)
    found = pictures.load("human36m_pictures", tmp_path, "test")
    assert found.skeleton == HOUSE and found.subjects == ("S9",) and len(found.pictures) == 1


def _rows(**changed):
    rows = [["a.jpg", *[1.0] * 85], ["b.jpg", *[2.0] * 85]]
    for place, value in changed.values():
        rows[1][place] = value
    return numpy.array(rows, dtype=object)


@pytest.mark.parametrize(
    ("read", "array", "says"),
    [
        (wang2019.read_labels, numpy.zeros((4, 85)), r"is float64 \(4, 85\); expected labels"),
        (wang2019.read_labels, numpy.zeros(86), "expected labels"),
        (wang2019.read_labels, _rows(bad=(0, 7)), "row 2 is called 7"),
        (wang2019.read_labels, _rows(bad=(0, "x" * 2000)), "row 2 is called"),
        (wang2019.read_labels, _rows(bad=(9, "left")), "holds other than numbers"),
        (wang2019.read_labels, _rows(bad=(9, True)), "holds other than numbers"),
        (wang2019.read_labels, _rows(bad=(9, "nan")), "not finite"),
        (wang2019.read_labels, _rows(), "in neither order"),
        (wang2019.read_unity, numpy.zeros((4, 34)), r"is float64 \(4, 34\); expected poses"),
        (wang2019.read_unity, numpy.zeros((0, 51)), "expected poses"),
        (wang2019.read_unity, numpy.zeros((4, 51)), "the nearest joint 0 before the camera"),
        (wang2019.read_unity, numpy.full((4, 51), numpy.inf), "not finite"),
        (wang2019.read_unity, numpy.full((4, 51), "1.0"), "expected poses"),
        (wang2019.read_unity, numpy.full((4, 51), 1e9), "expected at most 1e"),
    ],
)
def test_files_that_hold_something_else(tmp_path, read, array, says):
    path = tmp_path / "a.npy"
    numpy.save(path, array, allow_pickle=True)
    with pytest.raises(InputError, match=says) as error:
        read(path)
    assert "\n" not in str(error.value) and "a.npy" in str(error.value)


@pytest.mark.parametrize("read", (wang2019.read_labels, wang2019.read_unity, wang2019.read_trees))
def test_files_that_are_none(tmp_path, read):
    for make in (lambda p: p.write_bytes(b""), lambda p: p.write_bytes(b"version https://git-lfs"),
                 lambda p: p.write_text("hello"), lambda p: p.mkdir()):  # fmt: skip
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.npy"
        make(path)
        with pytest.raises(InputError):
            read(path)
    with pytest.raises(InputError, match="there is no such file"):
        read(tmp_path / "away.npy")


# -------------------------------------------------------------------- the difference, the baseline


@pytest.mark.parametrize("difference", [False, True])
def test_both_forms_of_the_right_view_come_back(difference):
    pose, *_ = people(30)
    left, right = stereo_pair(pose + torch.tensor([0.0, 0.0, 5000.0]), HUMAN36M)
    torch.manual_seed(0)
    network = LabelGenerator(8, difference=difference).double().eval()
    network.learn_statistics(left, right, pose)
    # A network that knows the right view's standardised numbers gives the right view.
    known = network.right(network.second(left, right))
    network.view.forward = lambda _: known
    found = network.right_view(left)
    assert torch.allclose(found, about_hip(right)) and disparity_error(found, right).max() < 1e-6
    if difference:
        # Its v is the left one's, and what rounding leaves of the difference never counts.
        assert (network.right.std[:, 1] == 0).all()
        shaken = left + 1e-6 * torch.randn(left.shape)
        assert (network.second(shaken, right)[..., 1] == 0).all()
        assert known[:, 1:, 0].std(0, correction=0).allclose(torch.ones(16).double())
    # The reconstruction sees the same whether a right view is given whole or about the hip.
    assert torch.allclose(network.from_views(left, right), network.from_views(left, found))


def test_depth_is_read_at_the_joints_and_does_not_move_the_hourglass():
    torch.manual_seed(0)
    network = DepthAtJoints(stacks=1, modules=1, features=8, hidden=8).eval()
    with torch.no_grad():
        maps, depths = network(torch.rand(3, 3, 128, 64))
    assert maps[-1].shape == (3, 16, 32, 16) and (depths == 0).all()
    torch.nn.init.ones_(network.depth[-1].weight)
    # One bright pixel a joint: depth is read from its features, and its place from -1 to 1.
    rows, columns = torch.arange(16) + 8, torch.arange(16)
    heat = torch.full((1, 16, 32, 16), -9.0)
    heat[0, torch.arange(16), rows, columns] = 9.0
    features = torch.rand(1, 8, 32, 16, requires_grad=True)
    network.places.with_features = lambda _: ([heat], features)
    seen = network.look(torch.zeros(1, 3, 128, 64))
    assert torch.allclose(seen.clues[0, :, :8], features[0, :, rows, columns].T, atol=1e-5)
    places = torch.stack([(columns + 0.5) / 8 - 1, (rows + 0.5) / 16 - 1], -1)
    assert torch.allclose(seen.clues[0, :, 8:], places, atol=1e-5)
    network.depths(seen.clues).sum().backward()
    assert features.grad is None
