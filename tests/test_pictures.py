"""People in pictures: crops against published ones, augmentation, files that are damaged."""

import io
import json

import numpy
import pytest
import torch
from golden_arrays import golden
from PIL import Image
from torch import Tensor

from posebook.datasets import pictures
from posebook.datasets.pictures import crops, people
from posebook.datasets.pictures.augmentation import (
    BROAD,
    ZHOU_2017,
    ZHOU_2017_RESNET,
    Augmentation,
    augment,
    turned_pose,
)
from posebook.datasets.pictures.batches import CropBatches
from posebook.datasets.pictures.picture_files import PictureFiles, decoded
from posebook.errors import InputError
from posebook.skeletons import COCO_17, HOUSE, LSP_14, MPII_16

ARRAYS = golden("zhou2017_crops")
LANDMARKS = ("head_top", "mpii_thorax", "mpii_upper_neck", "nose", "left_eye", "right_eye",
             "left_ear", "right_ear")  # fmt: skip
STILL = Augmentation(scale=0.0, rotation_share=0.0, flip=0.0, gain=(1.0, 1.0))


def largest(one: Tensor, other: Tensor) -> float:
    """The largest difference; NaN stays NaN, so that a comparison with it fails."""
    return (one - other).abs().max().item()


# --- the affine maps ------------------------------------------------------------------------------


def maps(size: int) -> Tensor:
    return crops.matrix(ARRAYS["d_center"], ARRAYS["d_scale"], ARRAYS["d_rot"], size)


def test_maps_are_the_published_ones_in_both_directions():
    made = maps(64)
    assert largest(made, ARRAYS["d_matrix_res64"]) < 1e-12
    there = crops.points(made, ARRAYS["d_pts_in"].expand(5, -1, -1))
    assert largest(there, ARRAYS["d_fwd64_float"]) < 1e-12
    assert torch.equal(there.trunc().int(), ARRAYS["d_fwd64_int"])
    larger = crops.points(maps(256), ARRAYS["d_pts_in"].expand(5, -1, -1))
    assert torch.equal(larger.trunc().int(), ARRAYS["d_fwd256_int"])
    back = crops.points(made.inverse(), ARRAYS["d_pts_in_inverse"].expand(5, -1, -1))
    assert largest(back, ARRAYS["d_inv64_float"]) < 1e-10
    # The first row of integers hangs on the last bit of the floats.
    assert torch.equal(back[1:].trunc().int(), ARRAYS["d_inv64_int"][1:])


def test_maps_through_three_points_are_the_same():
    made = maps(64)
    assert largest(made[:, :2], ARRAYS["d_master_affine64"]) < 2e-6
    assert largest(made.inverse()[:, :2], ARRAYS["d_master_affine64_inv"]) < 2e-5


def test_depth_scales_as_the_picture_does():
    one = crops.matrix(*map(torch.tensor, ([[112.0, 112.0]], [224.0], [0.0])), 64)
    points = ARRAYS["d_3d_in"]
    assert largest(crops.points(one, points[None, :, :2])[0], ARRAYS["d_3d_out64"][:, :2]) < 1e-12
    assert largest(points[:, 2] * one[0, 0, 0], ARRAYS["d_3d_out64"][:, 2]) < 1e-12


def window(x: float, y: float, width: float, height: float, size: int) -> Tensor:
    """The map that brings a window of the picture to a crop."""
    return torch.tensor(
        [[size / width, 0, -x * size / width], [0, size / height, -y * size / height], [0, 0, 1]],
        dtype=torch.float64,
    )


def test_crops_show_what_published_ones_do():
    picture = ARRAYS["d_crop_img"]
    plain, _ = crops.crop(picture, torch.tensor([40.0, 30.0]), 40.0, 0.0, 32)
    # Published corners are integers, cut towards zero: for the second crop x from -13, not -14.
    outside = crops.cut(picture, window(-13, -16, 47, 48, 32), 32)
    for made, name in ((plain, "d_crop0"), (outside, "d_crop2")):
        assert (made.permute(2, 0, 1).int() - ARRAYS[name].int()).abs().max() <= 1
    # The last one shrinks the whole picture to 28 x 21 first and leaves pixels out.
    shrunk = window(-80 / 28, -5 * 60 / 21, 32 * 80 / 28, 32 * 60 / 21, 32)
    loose = crops.sampled(picture.permute(2, 0, 1)[None].float(), shrunk[None], 32)[0]
    inner = (slice(None), slice(6, 25), slice(2, 28))  # bilinear edges differ
    assert (loose - ARRAYS["d_crop3"].float()).abs()[inner].max() <= 1


@pytest.mark.parametrize("size", [64, (48, 64)])
@pytest.mark.parametrize(("side", "rotation"), [(90, 0), (400, 0), (250, 35), (900, -60), (31, 10)])
def test_a_spot_stands_where_its_key_point_does(size, side, rotation):
    """Whatever is sampled, averaged first or not: the spot's middle is under the mapped point."""
    spot = torch.tensor([200.5, 149.5])
    y, x = torch.meshgrid(torch.arange(300) + 0.5, torch.arange(400) + 0.5, indexing="ij")
    wide = max(2.0, side / 20)
    bright = 255 * torch.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * wide**2))
    picture = bright.to(torch.uint8)[..., None].expand(-1, -1, 3)
    made, one = crops.crop(picture, spot + 0.1 * side * torch.tensor([0.7, -0.4]), side, rotation,
                           size)  # fmt: skip
    at = crops.points(one[None], spot.double()[None, None])[0, 0]
    grey = made[..., 0].double()
    rows, columns = (torch.arange(n) + 0.5 for n in grey.shape)
    seen = torch.stack([(grey.sum(0) * columns).sum(), (grey.sum(1) * rows).sum()]) / grey.sum()
    assert (seen - at).abs().max() < 0.15
    back = crops.points(one.inverse()[None], at[None, None])
    assert largest(back[0, 0], spot.double()) < 1e-9


def test_what_lies_beside_the_picture_is_black():
    made, _ = crops.crop(torch.full((50, 60, 3), 200, dtype=torch.uint8), torch.tensor([900.0, 9]),
                         40.0, 0.0, 16)  # fmt: skip
    assert made.shape == (16, 16, 3) and not made.any()


# --- augmentation ---------------------------------------------------------------------------------


def batch(count: int = 6, size: int = 48) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(3)
    made = torch.randint(0, 256, (count, size, size, 3), generator=generator).to(torch.uint8)
    points = size * (0.3 + 0.4 * torch.rand(count, 17, 2, generator=generator))
    points[0, 3] = torch.nan
    visible = torch.full((count, 17), people.SEEN, dtype=torch.int8)
    visible[0, 3] = people.NOT_LABELLED
    return made, points, visible


def run(how: Augmentation, seed: int = 0, **options):
    made, points, visible = batch()
    return augment(made, points, visible, HOUSE, torch.Generator().manual_seed(seed), how=how,
                   **dict(size=48) | options)  # fmt: skip


def test_without_any_variation_nothing_changes():
    made, points, visible = batch()
    same = run(STILL)
    assert largest(same.pictures, made.permute(0, 3, 1, 2) / 255) < 1e-5
    assert torch.allclose(same.keypoints_px, points, equal_nan=True, atol=1e-4)
    assert torch.equal(same.visible, visible)


def test_a_mirrored_person_keeps_left_and_right():
    made, points, _ = batch()
    flipped = run(Augmentation(scale=0.0, rotation_share=0.0, flip=1.0, gain=(1.0, 1.0)))
    assert flipped.flipped.all()
    assert largest(flipped.pictures, made.flip(2).permute(0, 3, 1, 2) / 255) < 1e-5
    wrist = flipped.keypoints_px[1:, HOUSE.index("left_wrist")]
    was = points[1:, HOUSE.index("right_wrist")]
    assert largest(wrist[:, 0], 48 - was[:, 0]) < 1e-4 and largest(wrist[:, 1], was[:, 1]) < 1e-4
    assert flipped.keypoints_px[0, HOUSE.mirror[3]].isnan().all()
    assert flipped.visible[0, HOUSE.mirror[3]] == 0 and flipped.visible[0, 3] == people.SEEN


@pytest.mark.parametrize("how", [ZHOU_2017, ZHOU_2017_RESNET, BROAD])
def test_key_points_go_where_the_map_says(how):
    _, points, visible = batch()
    got = run(how, seed=5)
    mapped = crops.points(got.matrix, points)
    mapped = torch.where(got.flipped[:, None, None], HOUSE.swap_sides(mapped), mapped)
    assert torch.allclose(got.keypoints_px, mapped, equal_nan=True)
    inside = ((mapped >= 0) & (mapped < 48)).all(-1)
    assert not got.visible[~inside].any()
    assert got.pictures.min() >= 0 and got.pictures.max() <= 1
    assert got.matrix.det().sign().eq(torch.where(got.flipped, -1, 1)).all()
    assert len(got.rotation_deg[got.rotation_deg == 0]) < 6


def test_scale_and_rotation_are_as_wide_as_said():
    count = 4000
    some = torch.zeros(count, 2, 2, 3, dtype=torch.uint8)
    got = augment(some, torch.ones(count, 17, 2), torch.full((count, 17), 2, dtype=torch.int8),
                  HOUSE, torch.Generator().manual_seed(1), size=2, how=ZHOU_2017)  # fmt: skip
    turned = got.rotation_deg[got.rotation_deg != 0]
    assert abs(len(turned) / count - 0.4) < 0.03 and turned.abs().max() <= 60
    assert abs(float(turned.std()) - 28.7) < 1.5  # a normal of 30 that is clipped at 60
    scale = torch.log2(got.matrix.det().abs().sqrt())
    assert scale.abs().max() <= 0.5 + 1e-6 and abs(float(scale.std()) - 0.239) < 0.02
    assert abs(float(got.flipped.float().mean()) - 0.5) < 0.03


def test_what_is_hidden_is_said_to_be():
    hidden = run(Augmentation(**vars(STILL) | dict(occluders=1.0)))
    plain = run(STILL)
    changed = (hidden.pictures != plain.pictures).any(1)
    assert changed.flatten(1).any(1).sum() >= 5
    now_hidden = (hidden.visible == people.HIDDEN).nonzero()
    assert len(now_hidden)
    for person, joint in now_hidden.tolist():
        x, y = hidden.keypoints_px[person, joint].floor().long().tolist()
        assert changed[person, y, x]


def test_a_pose_turns_as_its_picture_does():
    """An orthographic picture of the turned pose is the turned picture of the pose."""
    generator = torch.Generator().manual_seed(2)
    pose_mm = 300 * torch.randn(6, 17, 3, generator=generator)
    pose_mm = pose_mm - pose_mm[:, :1]
    points = 24 + pose_mm[..., :2] * 0.03
    made, _, visible = batch()
    how = Augmentation(scale=0.0, rotation_share=1.0, gain=(1.0, 1.0))
    got = augment(made, points, visible, HOUSE, torch.Generator().manual_seed(1), size=48, how=how)
    assert got.flipped.any() and not got.flipped.all()
    turned = turned_pose(pose_mm, got.flipped, got.rotation_deg, HOUSE)
    assert largest(24 + turned[..., :2] * 0.03, got.keypoints_px) < 1e-3


def test_batches_come_again_as_they_were():
    made, points, visible = batch(12)
    held = people.Crops(made, points, visible, torch.eye(3).expand(12, 3, 3).double())

    def batches() -> CropBatches:
        extra = {"number": torch.arange(12)}
        return CropBatches(held, HOUSE, 5, seed=4, size=32, context=1.5, extra=extra)

    first, second = batches(), batches()
    one, two = list(first), list(first)
    assert len(one) == len(first) == 2
    assert not torch.equal(one[0][0].pictures, two[0][0].pictures)
    second.load_state_dict({"epoch": 1})
    for (mine, extra, rows), (other, _, _) in zip(two, second, strict=True):
        assert torch.equal(mine.pictures, other.pictures)
        assert torch.equal(extra["number"], rows)
    assert first.state_dict() == second.state_dict() == {"epoch": 2}
    with pytest.raises(InputError, match="batches of 13: expected 1 to the 12 people"):
        CropBatches(held, HOUSE, 13, seed=0, size=32)


# --- pictures in files ----------------------------------------------------------------------------


def jpeg(width: int = 30, height: int = 20, kind: str = "JPEG", mode: str = "RGB", **options):
    array = numpy.zeros((height, width, 3), numpy.uint8)
    array[: height // 2, : width // 2] = 255  # the top left quarter is white
    held = io.BytesIO()
    Image.fromarray(array).convert(mode).save(held, kind, **options)
    return held.getvalue()


def turned_exif(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_a_picture_is_turned_as_its_exif_data_ask(tmp_path):
    content = jpeg(exif=turned_exif(6))  # a quarter turn clockwise
    turned = decoded(content, "x.jpg")
    assert turned.shape == (30, 20, 3)
    assert turned[3, 15].min() > 200 and turned[3, 3].max() < 60
    # An annotation of the picture as it is stored goes with the picture as it is stored.
    assert decoded(content, "x.jpg", (30, 20)).shape == (20, 30, 3)
    assert decoded(content, "x.jpg", (20, 30)).shape == (30, 20, 3)
    with pytest.raises(InputError, match="x.jpg: is 20x30; its annotation says 7x8 px"):
        decoded(content, "x.jpg", (7, 8))


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("JPEG", "L"), ("JPEG", "CMYK"), ("PNG", "RGBA"), ("PNG", "P"), ("PNG", "1"), ("GIF", "P")],
)
def test_pictures_of_every_mode_become_rgb(kind, mode):
    made = decoded(jpeg(kind=kind, mode=mode), "x")
    assert made.shape == (20, 30, 3) and made.dtype == torch.uint8
    assert made[2, 2].min() > 200 and made[15, 25].max() < 60


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (jpeg()[:300], "not a whole picture"),
        (jpeg(200, 200)[:-400], "not a whole picture"),
        (jpeg(kind="PNG")[:-30], "not a whole picture"),
        (b"hello, I am no picture", "not a whole picture"),
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
    ],
)
def test_a_damaged_picture_is_named_in_one_line(tmp_path, content, said):
    path = tmp_path / "000123.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        PictureFiles([path])[0]
    assert said in str(caught.value) and "000123.jpg" in str(caught.value)
    assert "0x" not in str(caught.value)


def test_a_picture_of_a_gigapixel_is_refused(tmp_path, monkeypatch):
    from posebook.datasets.pictures import picture_files

    monkeypatch.setattr(picture_files, "MOST_PIXELS", 500)
    with pytest.raises(InputError, match="pixels are too many"):
        decoded(jpeg(), "x.jpg")


# --- packed pictures ------------------------------------------------------------------------------


def packed(path, count: int = 4, size: int = 32, split: str = "train", change=None, **about):
    """A file of packed pictures in the form that `rendered_sets` reads."""
    rng = numpy.random.default_rng(0)
    pictures = [jpeg(int(size), int(size)) for _ in range(count)]
    joints = [*HOUSE.joints, *LANDMARKS]
    arrays = dict(
        jpeg=numpy.frombuffer(b"".join(pictures), numpy.uint8),
        ends=numpy.cumsum([len(one) for one in pictures]),
        keypoints_px=rng.uniform(4, int(size) - 4, (count, len(joints), 2)).astype("f4"),
        visible=rng.integers(1, 3, (count, len(joints))).astype("i1"),
        pose_mm=rng.normal(0, 300, (count, len(joints), 3)).astype("f4"),
        box_px=numpy.tile([4, 2, 20, 28], (count, 1)).astype("f4"),
        head_px=numpy.full(count, 6.5, "f4"),
        camera=numpy.tile([50, 50, 16, 16], (count, 1)).astype("f4"),
    )
    arrays["visible"][0, 2] = 0
    said = dict(domain="rendered_plain", split=split, size=size, seed=0, points=joints) | about
    arrays["about"] = numpy.frombuffer(json.dumps(said).encode(), numpy.uint8)
    if change:
        change(arrays)
    numpy.savez(path, **arrays)
    return path


def test_packed_pictures_are_read(tmp_path):
    packed(tmp_path / "rendered_plain_train_32.npz")
    packed(tmp_path / "rendered_plain_train_64_0.npz", size=64)
    packed(tmp_path / "rendered_plain_train_64_1.npz", size=64, count=3)
    packed(tmp_path / "rendered_plain_test_32.npz", split="test", count=2)
    small = pictures.load("rendered_plain", tmp_path, "train", 32)
    assert (len(small), small.split, small.name) == (4, "train", "rendered_plain")
    assert small.pictures[3].shape == (32, 32, 3) and small.pictures[3][3, 3].min() > 200
    assert small.keypoints_px[0, 2].isnan().all() and small.visible[0, 2] == 0
    assert len(pictures.load("rendered_plain", tmp_path, "train")) == 7
    assert len(pictures.load("rendered_plain", tmp_path, "train", 48)) == 7
    assert len(pictures.load("rendered_plain", tmp_path, "test", 128)) == 2
    (tmp_path / "rendered_wild").mkdir()
    packed(tmp_path / "rendered_wild" / "val-0000000.npz", split="val", domain="rendered_wild")
    assert len(pictures.load("rendered_wild", tmp_path, "val")) == 4
    larger = small.rows([1, 0]).crops(64)
    assert largest(larger.keypoints_px[0], 2 * small.keypoints_px[1]) < 1e-4
    assert larger.pictures.shape == (2, 64, 64, 3)
    wide = small.crops(48, context=1.5)
    assert largest(wide.keypoints_px[1], small.keypoints_px[1] + 8) < 1e-4
    assert not wide.pictures[:, :7].any()


def test_other_joint_sets_are_had_by_name(tmp_path):
    small = pictures.load("rendered_plain", packed(tmp_path / "a.npz"), "train")
    for target, own in ((MPII_16, {"thorax": "mpii_thorax", "head": "head_top",
                                   "upper_neck": "mpii_upper_neck", "hip": "hip"}),
                        (COCO_17, {"nose": "nose", "left_ear": "left_ear"}),
                        (LSP_14, {"head": "head_top"})):  # fmt: skip
        other = small.as_joints(target)
        assert other.skeleton == target and other.keypoints_px.shape == (4, len(target), 2)
        for name, landmark in own.items():
            column, was = target.index(name), small.skeleton.index(landmark)
            assert torch.equal(other.keypoints_px[:, column], small.keypoints_px[:, was]), name
            assert torch.equal(other.visible[:, column], small.visible[:, was]), name
            assert torch.equal(other.pose_mm[:, column], small.pose_mm[:, was]), name
    assert small.as_joints(MPII_16).visible[0, MPII_16.index("right_knee")] == 0


def _cut(arrays: dict) -> None:
    arrays["jpeg"] = arrays["jpeg"][:-40]


def _shapes(arrays: dict) -> None:
    arrays["visible"] = arrays["visible"][:, :5]


def _no_about(arrays: dict) -> None:
    del arrays["about"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (dict(change=_cut), "ends does not rise to the"),
        (dict(change=_shapes), r"visible is int8 \(4, 5\); expected \(4, 25\)"),
        (dict(change=_no_about), "expected packed pictures"),
        (dict(points=["hip"]), "its first joints are hip; expected the house's"),
        (dict(points=3), "about has points 3; expected list"),
        (dict(size="64"), "about has size '64'; expected int"),
        (dict(domain="rendered_wild"), "holds rendered_wild train; expected rendered_plain train"),
    ],
)
def test_a_damaged_file_of_packed_pictures_gets_one_line(tmp_path, options, said):
    path = packed(tmp_path / "rendered_plain_train.npz", **options)
    with pytest.raises(InputError, match=said):
        pictures.load("rendered_plain", path, "train")


def test_what_is_not_there_says_how_to_make_it(tmp_path):
    with pytest.raises(InputError, match="no pictures of rendered_wild .* data make rendered_wild"):
        pictures.load("rendered_wild", tmp_path)
    with pytest.raises(InputError, match="data set of pictures is 'rendered'; expected"):
        pictures.load("rendered", tmp_path)
    with pytest.raises(InputError, match="split is 'all'; expected train, val, test"):
        pictures.load("rendered_wild", tmp_path, "all")
    with pytest.raises(InputError, match="mpii: needs root="):
        pictures.load("mpii")
