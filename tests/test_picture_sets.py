"""Sets of photographs in their published layouts, on files written here; never on genuine ones."""

import json

import h5py
import mat_writer
import numpy
import picture_writer as writer
import pytest
import scipy.io
import torch
from test_human36m_fetched import annot
from typer.testing import CliRunner

from posebook import cli
from posebook.datasets import folders, pictures
from posebook.datasets.pictures import crops
from posebook.datasets.published.mpii_pictures import _adjusted
from posebook.errors import InputError
from posebook.skeletons import HOUSE, LSP_14, MPI_INF_3DHP_17, MPI_INF_3DHP_28, MPII_16

STANDING = torch.from_numpy(writer.STANDING).float()


def near(one, other, most: float = 1e-3) -> bool:
    other = torch.as_tensor(numpy.asarray(other), dtype=one.dtype)
    return torch.allclose(one, other, atol=most, equal_nan=True)


# --- MPII -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["h5", "letters", "json", "mat"])
def test_mpii_in_each_of_its_forms(tmp_path, form):
    split = "train" if form == "mat" else "val"
    if form == "json":
        writer.mpii_json(tmp_path, "val")
    elif form == "mat":
        writer.mpii_mat(tmp_path)
    else:
        writer.mpii_h5(tmp_path / "annot" / "valid.h5", letters=form == "letters")
    people = pictures.load("mpii", tmp_path, split)
    assert people.skeleton == MPII_16 and len(people) == 3
    # Marks count from 1: the middle of the first pixel is at 0.5.
    assert near(people.keypoints_px[2], STANDING - 0.5)
    assert near(people.centre_px[0], [49.5, 62.0]) and near(people.side_px, [125.0] * 3)
    assert near(people.head_px, [17.4] * 3, 0.01)  # 0.6 times the diagonal of 20 x 21
    hidden, none = (1, 1) if form == "json" else (0, 1)
    assert people.visible[hidden, 10] == 1 and people.visible[2, 11] == 2
    joint = 5 if form == "mat" else 0
    assert people.visible[none, joint] == 0 and people.keypoints_px[none, joint].isnan().all()
    # What is drawn at the wrist is at the wrist in the crop.
    held = people.crops(64)
    x, y = held.keypoints_px[2, 10].floor().long().tolist()
    assert held.pictures[2, y, x].min() > 180 and held.pictures[2, y, x + 6].max() < 130
    assert torch.allclose(crops.points(held.matrix.inverse(), held.keypoints_px)[2],
                          people.keypoints_px[2], atol=1e-3)  # fmt: skip


def test_the_square_is_the_published_one():
    """The first person of the validation half, as its HDF5 file has them."""
    fields = _adjusted(dict(centre=numpy.array([[966.0, 340.0]]), scale=numpy.array([4.718488])))
    assert fields["centre"][0] == pytest.approx([966.0, 410.777], abs=1e-3)
    assert 200 * fields["scale"][0] == pytest.approx(1179.62, abs=0.01)


def test_who_is_in_the_halves_of_the_release(tmp_path):
    writer.mpii_mat(tmp_path)
    everybody = pictures.load("mpii", tmp_path, "train")
    assert [name[:9] for name in everybody.names] == ["000000000", "000000000", "000000004"]
    assert everybody.visible[1].count_nonzero() == 3 and "annot/valid.h5" in everybody.notes[0]
    with pytest.raises(InputError, match="no annot/valid.h5, which says who is in the validation"):
        pictures.load("mpii", tmp_path, "val")
    writer.mpii_h5(tmp_path / "annot" / "valid.h5")
    with h5py.File(tmp_path / "annot" / "valid.h5", "a") as file:
        del file["index"], file["person"]
        file["index"], file["person"] = numpy.array([4.0]), numpy.array([0.0])
    assert len(pictures.load("mpii", tmp_path, "train")) == 2


# --- LSP ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("extended", [False, True])
def test_lsp_with_its_photographs(tmp_path, extended):
    numbers = mat_writer.lsp(tmp_path / "joints.mat", extended=extended)
    digits = 5 if extended else 4
    for number in range(1, 12):  # the twelfth is not there
        writer.picture(tmp_path / "images" / f"im{number:0{digits}d}.jpg")
    name = "lspet" if extended else "lsp"
    people = pictures.load(name, tmp_path, "train")
    assert people.skeleton == LSP_14 and len(people) == 11
    assert people.missing == (f"im{12:0{digits}d}.jpg",) and "1 pictures are not" in people.notes[1]
    flag = numbers[:11, :, 2]
    wanted = numpy.where(flag == 1, 2, 0) if extended else numpy.where(flag == 1, 1, 2)
    assert numpy.array_equal(people.visible.numpy(), wanted)
    seen = people.visible > 0
    assert near(people.keypoints_px[seen], numbers[:11, :, :2][seen.numpy()] - 0.5)
    other = "lsp" if extended else "lspet"
    with pytest.raises(InputError, match=f"load it as '{name}'"):
        pictures.load(other, tmp_path, "train")
    with pytest.raises(InputError, match="joints.mat: 12 people, not 2000|split is 'test'"):
        pictures.load(name, tmp_path, "test")


# --- COCO and AI Challenger -----------------------------------------------------------------------


def test_coco_leaves_crowds_and_unmarked_people_out(tmp_path):
    writer.coco(tmp_path)
    people = pictures.load("coco", tmp_path, "val")
    assert len(people) == 3 and len(people.pictures) == 2 and people.picture.tolist() == [0, 1, 0]
    assert people.visible[0, :3].tolist() == [0, 1, 2]
    assert near(people.keypoints_px[0, 1], [13.5, 24.5])  # pixel 13, 24: its middle
    assert near(people.box_px[0], [8.5, 18, 60, 80])
    assert near(people.side_px[0], 100.0) and near(people.centre_px[0], [38.5, 58.0])
    assert people.crops((48, 64)).pictures.shape == (3, 64, 48, 3)


@pytest.mark.parametrize("date", ["20170909", "20170902"])
def test_ai_challenger_as_released(tmp_path, date):
    writer.ai_challenger(tmp_path, date=date)
    people = pictures.load("ai_challenger", tmp_path, "train")
    assert len(people) == 2 and len(people.pictures) == 1
    assert people.visible[0, :3].tolist() == [2, 1, 0]
    # Each person has the box of their name, whatever the order in the file.
    assert near(people.box_px, [[5, 10, 65, 100], [1, 2, 30, 60]])


def test_ai_challenger_as_mmpose_has_it(tmp_path):
    writer.coco(tmp_path, joints=14, name="annotations/aic_val.json", folder="images")
    people = pictures.load("ai_challenger", tmp_path, "val")
    assert people.skeleton.name == "aic_14" and len(people) == 3
    assert people.visible[0, :3].tolist() == [0, 1, 2]
    house = people.as_joints(HOUSE)
    at, was = HOUSE.index("left_wrist"), people.skeleton.index("left_wrist")
    assert near(house.keypoints_px[:, at], people.keypoints_px[:, was])


# --- Human3.6M ------------------------------------------------------------------------------------


def test_human36m_as_zhou_prepared_it(tmp_path):
    names = [
        writer.human36m_release(tmp_path, 1, 2, 1),
        writer.human36m_release(tmp_path, 9, 15, 3),
    ]
    folders_alone = pictures.load("human36m_pictures", tmp_path, "train")
    assert folders_alone.skeleton == HOUSE and len(folders_alone) == 3  # frames 1, 6, 11
    assert folders_alone.names[1] == f"{names[0]}/{names[0]}_000006.jpg"
    assert near(folders_alone.pose_mm[0], writer.standing_mm())
    assert len(pictures.load("human36m_pictures", tmp_path, "test")) == 1
    writer.human36m_h5(tmp_path, names)
    slots = pictures.load("human36m_pictures", tmp_path, "train")
    assert slots.skeleton.name == "human36m_16_hourglass" and len(slots) == 3
    for joint in ("right_wrist", "head", "left_knee", "spine"):
        mine, house = slots.skeleton.index(joint), HOUSE.index(joint)
        assert near(slots.pose_mm[:, mine], folders_alone.pose_mm[:, house])
        assert near(slots.keypoints_px[:, mine], folders_alone.keypoints_px[:, house])
    assert slots.subjects == ("S1",) * 3 and slots.actions == ("Directions",) * 3
    assert near(slots.side_px, [224.0] * 3) and slots.camera is None
    held_out = pictures.load("human36m_pictures", tmp_path, "test")
    assert held_out.subjects[0] == "S9" and held_out.actions[0] == "WalkingDog"


@pytest.mark.parametrize("below", ["", "processed"])
def test_human36m_as_h36m_fetch_leaves_it(tmp_path, below):
    _, points = annot(tmp_path / below, "S1", "Walking", "1")
    folder = tmp_path / below / "S1/Walking-1/imageSequence"
    for frame in (1, 6, 56):
        writer.picture(folder / "55011271" / f"img_{frame:06d}.jpg")
    people = pictures.load("human36m_pictures", tmp_path, "train")
    assert len(people) == 3 and people.actions == ("Walking",) * 3
    assert near(people.keypoints_px, points["55011271"][[0, 1, 11]], 0.01)
    assert near(people.camera[0], [1149.67566, 1147.59167, 508.848633, 508.064911], 0.01)
    assert len(people.missing) == 4 * 12 - 3
    with pytest.raises(InputError, match="no annot.h5 of subjects 9, 11"):
        pictures.load("human36m_pictures", tmp_path, "test")


# --- MPI-INF-3DHP ---------------------------------------------------------------------------------


@pytest.mark.parametrize("frames", ["imageFrames/video_{}/frame_{:06d}.jpg",
                                    "imageSequence/video_{}/img_{:06d}.jpg"])  # fmt: skip
def test_mpi_inf_3dhp_with_pictures_of_some_cameras(tmp_path, frames):
    written = mat_writer.mpi_inf_3dhp(tmp_path)
    for take, camera, frame in (("S1/Seq1", 0, 2), ("S1/Seq1", 3, 3), ("S7/Seq1", 8, 1)):
        writer.picture(tmp_path / take / frames.format(camera, frame))
    people = pictures.load("mpi_inf_3dhp_pictures", tmp_path, "train")
    assert len(people) == 2 and people.subjects == ("S1", "S1")
    for row, (camera, frame) in enumerate(((0, 2), (3, 3))):
        points, _ = written["S1/Seq1"][camera]
        mine = people.keypoints_px[row, HOUSE.index("right_knee")]
        assert near(mine, points[frame - 1, MPI_INF_3DHP_28.index("right_knee")], 0.01)
        assert f"video_{camera}" in people.names[row] and f"{frame:06d}" in people.names[row]
    assert near(people.camera[1, :1], [1503.0], 0.01)
    assert pictures.load("mpi_inf_3dhp_pictures", tmp_path, "val").subjects == ("S7",)


def test_mpi_inf_3dhp_test_set_skips_frames_that_are_not_valid(tmp_path):
    points, _ = mat_writer.film_of_the_test_set(tmp_path / "TS1/annot_data.mat")
    for frame in range(1, 9):
        writer.picture(tmp_path / "TS1/imageSequence" / f"img_{frame:06d}.jpg")
    people = pictures.load("mpi_inf_3dhp_pictures", tmp_path, "test")
    assert [int(name[-10:-4]) for name in people.names] == [1, 2, 3, 5, 6, 7, 8]
    knee = HOUSE.index("right_knee"), MPI_INF_3DHP_17.index("right_knee")
    assert near(people.keypoints_px[3, knee[0]], points[4, knee[1]], 0.01)
    assert people.camera is None


# --- mistakes -------------------------------------------------------------------------------------


def _text(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.mark.parametrize(
    ("name", "split", "file", "content", "said"),
    [
        ("mpii", "val", None, None, r"no annot/valid.h5, annotations/mpii_val.json or mpii_human"),
        ("mpii", "test", None, None, "split is 'test'; mpii has marks for train and val"),
        ("mpii", "val", "annotations/mpii_val.json", "{}", "mpii_val.json: is a dict of 0"),
        ("mpii", "val", "annotations/mpii_val.json", '[{"image": "a.jpg"}]', "joints is None"),
        ("mpii", "val", "annot/valid.h5", "no", "not an HDF5 file"),
        ("mpii", "train", "mpii_human_pose_v1_u12_1.mat", "no" * 200, "not a MATLAB file"),
        ("coco", "val", None, None, "no person_keypoints_val2017.json"),
        ("coco", "test", None, None, "split is 'test'; coco has marks for train and val"),
        ("coco", "val", "annotations/person_keypoints_val2017.json", "[1", "not valid JSON"),
        ("coco", "val", "annotations/person_keypoints_val2017.json",
         '{"images": [], "annotations": [{"id": 3, "keypoints": [1, 2]}]}',
         r"annotation 3: keypoints is a list of 2; expected 51 numbers"),
        ("ai_challenger", "train", None, None, "no keypoint_train_annotations"),
        ("ai_challenger", "train", "keypoint_train_annotations_1.json", "[3]", "an entry is 3"),
        ("lsp", "train", None, None, "holds no joints.mat"),
        ("human36m_pictures", "val", None, None, "has train and test"),
        ("human36m_pictures", "train", None, None, "no s_01_act_02_subact_01_ca_01/"),
        ("human36m_pictures", "train", "annotSampleTest.h5", "x", "not an HDF5 file"),
        ("mpi_inf_3dhp_pictures", "train", None, None, "no S1/Seq1/annot.mat"),
    ],
)  # fmt: skip
def test_a_mistake_costs_one_line(tmp_path, name, split, file, content, said):
    if file:
        _text(tmp_path / file, content)
    with pytest.raises(InputError, match=said) as caught:
        pictures.load(name, tmp_path, split)
    assert "\n" not in str(caught.value)


def test_pictures_that_are_not_there_are_named(tmp_path):
    writer.coco(tmp_path)
    (tmp_path / "val2017" / f"{285:012d}.jpg").unlink()
    people = pictures.load("coco", tmp_path, "val")
    assert len(people) == 2 and people.missing == (f"{285:012d}.jpg",)
    (tmp_path / "val2017" / f"{139:012d}.jpg").unlink()
    with pytest.raises(InputError, match="none of its pictures is there, such as 000000000139.jpg"):
        pictures.load("coco", tmp_path, "val")


def test_a_picture_of_another_size_is_not_the_annotated_one(tmp_path):
    writer.coco(tmp_path)
    writer.picture(tmp_path / "val2017" / f"{139:012d}.jpg", 90, 120)
    with pytest.raises(InputError, match="139.jpg: is 90x120; its annotation says 100x120 px"):
        pictures.load("coco", tmp_path, "val").crops(32)


@pytest.mark.parametrize("name", ["../../secret.jpg", "/etc/x.jpg", ""])
def test_no_annotation_names_a_file_outside(tmp_path, name):
    writer.coco(tmp_path)
    path = tmp_path / "annotations/person_keypoints_val2017.json"
    content = json.loads(path.read_text())
    content["images"][0]["file_name"] = name
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match="expected a file's name"):
        pictures.load("coco", tmp_path, "val")


def test_a_release_with_something_else_inside(tmp_path):
    path = tmp_path / "mpii_human_pose_v1_u12_1.mat"
    for held in ({"x": 1.0}, {"RELEASE": 3.0}, {"RELEASE": dict(annolist=2.0, img_train=1.0)}):
        scipy.io.savemat(path, held)
        with pytest.raises(InputError, match="u12_1.mat: .*expected"):
            pictures.load("mpii", tmp_path, "train")


# --- posebook data check --------------------------------------------------------------------------


def test_check_says_what_is_missing(tmp_path):
    writer.coco(tmp_path)
    found = folders.check("coco", tmp_path)
    assert not found.complete and "MISSING train: " in str(found)
    assert "ok      val: 3 people in 2 pictures" in str(found)
    writer.coco(tmp_path, "train")
    assert folders.check("coco", tmp_path).complete
    picture = tmp_path / "train2017" / f"{285:012d}.jpg"
    picture.write_bytes(picture.read_bytes()[:-300])
    assert f"MISSING train: 1 pictures are cut short: {picture.name}" in str(
        folders.check("coco", tmp_path)
    )
    picture.unlink()
    done = CliRunner().invoke(cli.app, ["data", "check", "coco", "--root", str(tmp_path)])
    assert done.exit_code == 1 and "1 pictures are not there" in done.output


@pytest.mark.parametrize("name", ["mpii", "lsp"])
def test_check_of_sets_that_are_read_without_pictures_too(tmp_path, name):
    if name == "mpii":
        writer.mpii_json(tmp_path, "train")
        writer.mpii_json(tmp_path, "val")
        assert "val: 3 people in 3 pictures" in str(folders.check(name, tmp_path))
    else:
        mat_writer.lsp(tmp_path / "joints.mat")
        found = folders.check(name, tmp_path)
        assert found.complete and "absent" in str(found) and "joints lsp_14" in str(found)
