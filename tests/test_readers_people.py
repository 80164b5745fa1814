"""MPII and LSP: people in photographs, one clip of frames that have nothing in common."""

from pathlib import Path

import mat_writer
import numpy as np
import pytest
import scipy.io
import torch
from golden_arrays import golden

from posebook import datasets
from posebook.datasets import folders
from posebook.datasets.published import mpii
from posebook.errors import InputError
from posebook.skeletons import HOUSE, LSP_14, MPII_16, MPII_17_KUDO, conversion

SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "mpii_poses.npy"


def array(card: str, name: str) -> np.ndarray:
    return golden(card)[name].numpy()


# -------------------------------------------------------------------------------------------- MPII


def test_mpii_is_one_clip_in_the_layout_of_the_file(tmp_path):
    points = mat_writer.mpii(tmp_path / "mpii_poses.npy")
    people = datasets.load("mpii", tmp_path, split="all")
    (clip,) = people.clips
    assert clip.skeleton is MPII_17_KUDO and clip.frames_per_second is None
    assert people.frames_per_second is None and clip.pose_mm is None and clip.subject == ""
    assert np.array_equal(clip.keypoints_px.numpy(), points)
    assert clip.keypoints_px.dtype == torch.float32 and (clip.confidence == 1).all()
    again = datasets.load("mpii", tmp_path / "mpii_poses.npy", split="all")
    assert torch.equal(again.keypoints_px, people.keypoints_px)
    assert any("another person" in note for note in people.notes)


def test_the_halves_of_mpii_are_everybody_once_in_the_order_drawn(tmp_path):
    points = mat_writer.mpii(tmp_path / "a.npy", people=40)
    train, test = (datasets.load("mpii", tmp_path, split=split) for split in ("train", "test"))
    order = np.random.RandomState(100).permutation(40)
    assert np.array_equal(train.keypoints_px.numpy(), points[order[:36]])
    assert np.array_equal(test.keypoints_px.numpy(), points[order[36:]])
    assert len(train.clips) == len(test.clips) == 1


def test_golden_rows_of_mpii(tmp_path):
    """Kudo et al.'s own loader drew these rows out of 19,919."""
    rows, test = mpii.rows_of(19_919, "train"), mpii.rows_of(19_919, "test")
    counts = array("kudo2018", "e_mpii_counts")
    assert counts.tolist() == [19_919, len(rows), len(test)]
    head = array("kudo2018", "e_mpii_perm_head")
    assert rows[: len(head)].tolist() == head.tolist()
    assert torch.cat([rows, test]).sort().values.equal(torch.arange(19_919))
    raw = array("kudo2018", "e_mpii_raw")
    np.save(tmp_path / "mpii_poses.npy", raw)
    clip = datasets.load("mpii", tmp_path, split="all").clips[0]
    assert np.array_equal(clip.keypoints_px.flatten(1).numpy(), raw.astype(np.float32))
    from_hip = clip.keypoints_px - clip.keypoints_px[:, :1]
    size = from_hip[:, 1:].norm(dim=-1).mean(-1)
    normalised = (from_hip / size[:, None, None]).flatten(1)
    assert np.abs(normalised.numpy() - array("kudo2018", "e_mpii_norm")).max() < 1e-5


@pytest.mark.skipif(not SHARED.exists(), reason="mpii_poses.npy is not beside the repo")
def test_the_real_file_of_mpii():
    train = datasets.load("mpii", SHARED)
    assert (len(train), len(datasets.load("mpii", SHARED, split="test"))) == (17_927, 1_992)
    first = array("kudo2018", "e_mpii_train0_raw").reshape(17, 2)
    assert np.array_equal(train.keypoints_px[0].numpy(), first.astype(np.float32))
    everybody = datasets.load("mpii", SHARED, split="all")
    assert (everybody.confidence == 1).all()  # also who has joints beyond the picture's edge
    assert int((everybody.keypoints_px < 0).any(-1).any(-1).sum()) == 172


@pytest.mark.parametrize("flat", [True, False])
def test_mpiis_own_sixteen_joints(tmp_path, flat):
    points = mat_writer.mpii(tmp_path / "a.npy", 20, MPII_16, flat)
    points = points.astype(np.float64)
    points[3, 2], points[4, 5] = 0, -1  # both are ways to write that a joint is not marked
    np.save(tmp_path / "a.npy", points.reshape(20, -1) if flat else points)
    clip = datasets.load("mpii", tmp_path, split="all").clips[0]
    assert clip.skeleton is MPII_16 and (clip.confidence == 0).nonzero().tolist() == [
        [3, 2],
        [4, 5],
    ]
    assert clip.keypoints_px[3, 2].isnan().all() and clip.keypoints_px[4, 5].isnan().all()
    assert any("2 of 320 joints are not marked" in note for note in clip.notes)
    rest = clip.confidence.numpy() > 0
    assert np.abs(clip.keypoints_px.numpy() - points)[rest].max() < 1e-3


def test_kudos_joints_become_house_joints_by_name():
    change = conversion(MPII_17_KUDO, HOUSE)
    assert set(change.invented) == {"spine", "neck_nose"} and not change.absent
    assert "spine (half way from hips to shoulders)" in change.describe()
    own = torch.rand(2, 16, 2, dtype=torch.float64)
    kudo, _ = conversion(MPII_16, MPII_17_KUDO)(own)
    upper, middle, head = MPII_17_KUDO.indices("upper_neck", "mid_neck_head", "head")
    assert torch.allclose(kudo[:, middle], (kudo[:, upper] + kudo[:, head]) / 2)
    # The way to the house joints is the same by way of Kudo's.
    assert torch.allclose(change(kudo)[0], conversion(MPII_16, HOUSE)(own)[0])


def test_seventeen_other_joints_are_no_mpii(tmp_path):
    points = mat_writer.pixels(mat_writer.persons_mm(HOUSE, 20))
    np.save(tmp_path / "a.npy", points)
    with pytest.raises(InputError, match="not those of mpii_17_kudo"):
        datasets.load("mpii", tmp_path)


@pytest.mark.parametrize(
    ("poses", "says"),
    [
        (np.ones((5, 17)), r"float64 of shape \(5, 17\); expected poses in px"),
        (np.ones((5, 17, 3)), r"shape \(5, 17, 3\)"),
        (np.zeros((0, 34)), r"shape \(0, 34\)"),
        (np.zeros((5, 34)), "not one joint has a place|0 px large"),
        (np.full((5, 34), np.nan), "not one joint has a place"),
        (np.linspace(-1, 1, 170).reshape(5, 34), "px large; expected pixels"),
        (np.array(["x"]), "<U1 of shape"),
        (np.array({"a": 1}, dtype=object), "no array"),
    ],
)
def test_one_line_says_what_is_wrong_with_mpii(tmp_path, poses, says):
    np.save(tmp_path / "a.npy", poses)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("mpii", tmp_path, split="all")
    assert "\n" not in str(error.value)


def test_mpii_in_folders_and_halves_too_small(tmp_path):
    with pytest.raises(InputError, match="holds no mpii_poses.npy"):
        datasets.load("mpii", tmp_path)
    mat_writer.mpii(tmp_path / "a.npy", people=1)
    with pytest.raises(InputError, match="too few for two halves"):
        datasets.load("mpii", tmp_path)
    mat_writer.mpii(tmp_path / "b.npy")
    with pytest.raises(InputError, match="holds a.npy, b.npy; name one of them"):
        datasets.load("mpii", tmp_path)
    (tmp_path / "data").mkdir()
    mat_writer.mpii(tmp_path / "data" / "mpii_poses.npy")
    assert len(datasets.load("mpii", tmp_path, split="all")) == 40


@pytest.mark.parametrize("name", ["mpii", "lsp"])
def test_what_such_sets_do_not_have(tmp_path, name):
    mat_writer.mpii(tmp_path / "a.npy")
    mat_writer.lsp(tmp_path / "joints.mat")
    with pytest.raises(InputError, match="no key points 'detected'"):
        datasets.load(name, tmp_path, split="all", keypoints="detected")
    with pytest.raises(InputError, match="no subjects and no actions"):
        datasets.load(name, tmp_path, split="all", subjects=["S1"])
    with pytest.raises(InputError, match="split is 'half'; expected train, test, all"):
        datasets.load(name, tmp_path, split="half")
    with pytest.raises(InputError, match="no 3D truth"):
        datasets.load(name, tmp_path, split="all").pose_mm  # noqa: B018


# --------------------------------------------------------------------------------------------- LSP


@pytest.mark.parametrize("v73", [False, True])
@pytest.mark.parametrize("extended", [False, True])
def test_lsp_and_its_flag(tmp_path, extended, v73):
    """A hidden joint of the set itself has a place; one of the extended set has none."""
    numbers = mat_writer.lsp(tmp_path / "joints.mat", 12, extended, v73)
    people = datasets.load("lsp", tmp_path, split="all")
    (clip,) = people.clips
    assert clip.skeleton is LSP_14 and clip.frames_per_second is None and len(clip) == 12
    assert people.name == "Leeds Sports Pose" + ", extended" * extended
    hidden = numbers[..., 2] == (0 if extended else 1)
    confidence = clip.confidence.numpy()
    assert (confidence[hidden] == (0 if extended else 0.5)).all() and hidden.sum() > 30
    assert (confidence[~hidden] == 1).all()
    seen = confidence > 0
    assert np.abs(clip.keypoints_px.numpy() - numbers[..., :2])[seen].max() < 1e-4
    assert clip.keypoints_px[~torch.from_numpy(seen)].isnan().all()


def test_lsps_published_halves(tmp_path):
    numbers = mat_writer.lsp(tmp_path / "lsp_dataset" / "joints.mat", 2000)
    train = datasets.load("lsp", tmp_path)
    test = datasets.load("lsp", tmp_path, split="test")
    assert (len(train), len(test)) == (1000, 1000)
    assert np.abs(train.keypoints_px.numpy() - numbers[:1000, :, :2]).max() < 1e-4
    assert np.abs(test.keypoints_px.numpy() - numbers[1000:, :, :2]).max() < 1e-4
    mat_writer.lsp(tmp_path / "lspet_dataset" / "joints.mat", 10_000, extended=True)
    with pytest.raises(InputError, match=r"lsp_dataset/joints\.mat, lspet_dataset/joints\.mat; n"):
        datasets.load("lsp", tmp_path)
    assert len(datasets.load("lsp", tmp_path / "lspet_dataset")) == 10_000
    with pytest.raises(InputError, match="extended set has no test half"):
        datasets.load("lsp", tmp_path / "lspet_dataset", split="test")


def test_lsp_as_yu_et_al_read_it(tmp_path):
    """Their input array, through a file and this reader, is the same array."""
    given = array("yu2021", "lsp_in")
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": given})
    clip = datasets.load("lsp", tmp_path, split="all").clips[0]
    expected = given[:2].transpose(2, 1, 0)
    assert np.abs(clip.keypoints_px.numpy() - expected).max() < 1e-3


@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({"joints": np.ones((3, 13, 4))}, r"shape \(3, 13, 4\); expected joints \(3, 14, 2000\)"),
        ({"joints": np.ones((14, 3))}, r"shape \(14, 3\)"),
        ({"points": np.ones((3, 14, 4))}, "joints is not there"),
        ({"joints": {"x": 1}}, "joints is joints/x"),
        ({"joints": np.full((3, 14, 4), 2.0)}, "a flag 2; expected 0 or 1"),
        ({"joints": np.full((3, 14, 4), np.nan)}, "a flag nan"),
        ({"joints": np.zeros((3, 14, 4))}, "not one joint has a place|px large"),
        ({"joints": np.zeros((14, 3, 4))}, "not one joint has a place|px large"),
    ],
)
def test_one_line_says_what_is_wrong_with_lsp(tmp_path, variables, says):
    scipy.io.savemat(tmp_path / "joints.mat", variables)
    with pytest.raises(InputError, match=says) as error:
        datasets.load("lsp", tmp_path, split="all")
    assert "\n" not in str(error.value)


def test_lsp_that_is_not_there_or_has_no_halves(tmp_path):
    with pytest.raises(InputError, match="holds no joints.mat; `posebook data info lsp`"):
        datasets.load("lsp", tmp_path)
    mat_writer.lsp(tmp_path / "joints.mat", 12)
    with pytest.raises(InputError, match="12 people, not 2000: say split 'all'"):
        datasets.load("lsp", tmp_path)


@pytest.mark.parametrize("shape", [(14, 3, 2000), (3, 14, 10_000)])
def test_lsp_with_the_axes_of_the_other_set_is_refused(tmp_path, shape):
    """The flag would be read the wrong way round."""
    scipy.io.savemat(tmp_path / "joints.mat", {"joints": np.ones(shape)})
    for split in ("train", "all"):
        with pytest.raises(InputError, match="whose flag means the opposite"):
            datasets.load("lsp", tmp_path, split=split)


# ------------------------------------------------------------------------------------------- check


def test_the_check_of_such_folders(tmp_path):
    assert "MISSING *.npy" in str(folders.check("mpii", tmp_path))
    assert "MISSING *joints.mat" in str(folders.check("lsp", tmp_path))
    mat_writer.mpii(tmp_path / "mpii_poses.npy")
    mat_writer.lsp(tmp_path / "lsp" / "joints.mat")
    found = folders.check("mpii", tmp_path)
    assert found.complete and "40 people, joints mpii_17_kudo" in str(found)
    found = folders.check("lsp", tmp_path)
    assert found.complete and "Leeds Sports Pose: 12 people" in str(found)
