"""OpenPose: maps drawn here are read back as the people that they were drawn of; Caffe's files."""

import re

import caffe_writer as writer
import numpy as np
import pytest
import torch

from posebook import detection
from posebook.detection.openpose import OpenPose, caffemodel, fields, network, prototxt
from posebook.detection.openpose.fields import LAYOUTS
from posebook.errors import InputError

#: A person who stands, px; every joint of the three sets.
BODY = dict(
    nose=(100, 40), neck=(100, 70), head=(100, 20), chest=(100, 100), hip=(100, 140),
    left_eye=(106, 34), right_eye=(94, 34), left_ear=(114, 38), right_ear=(86, 38),
    left_shoulder=(126, 72), right_shoulder=(74, 72), left_elbow=(136, 110), right_elbow=(64, 110),
    left_wrist=(140, 146), right_wrist=(60, 146), left_hip=(116, 142), right_hip=(84, 142),
    left_knee=(118, 200), right_knee=(82, 200), left_foot=(120, 256), right_foot=(80, 256),
    left_big_toe=(134, 270), left_small_toe=(142, 262), left_heel=(116, 272),
    right_big_toe=(66, 270), right_small_toe=(58, 262), right_heel=(84, 272),
)  # fmt: skip
ROWS, COLUMNS = 40, 80


def person(layout, at=(0.0, 0.0), size=1.0, turned=0.0) -> np.ndarray:
    """(joints, 2) px: a person moved, made smaller, and turned about the hip."""
    points = np.array([BODY[joint] for joint in layout.skeleton.joints], float) - BODY["hip"]
    c, s = np.cos(turned), np.sin(turned)
    return size * points @ np.array([[c, s], [-s, c]]) + BODY["hip"] + np.array(at)


def drawn(people: list[np.ndarray], layout, missing=()) -> torch.Tensor:
    """(channels, rows, columns): a Gaussian at each joint, along each limb its direction, as the
    paper draws the truth; a place on several people's limb has the mean of their directions."""
    y, x = np.mgrid[:ROWS, :COLUMNS] * fields.STRIDE + fields.STRIDE / 2
    maps = np.zeros((layout.channels, ROWS, COLUMNS))
    joints, seen = len(layout.skeleton), np.zeros((len(layout.limbs), ROWS, COLUMNS))
    for who, points in enumerate(people):
        for joint, (px, py) in enumerate(points):
            if (who, layout.skeleton.joints[joint]) not in missing:
                heat = np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 7.0**2))
                maps[joint] = np.maximum(maps[joint], heat)
        for (a, b), number in zip(layout.limbs, layout.fields, strict=True):
            along = points[b] - points[a]
            unit = along / np.linalg.norm(along)
            reach = (x - points[a][0]) * unit[0] + (y - points[a][1]) * unit[1]
            away = (x - points[a][0]) * unit[1] - (y - points[a][1]) * unit[0]
            on = (reach > -8) & (reach < np.linalg.norm(along) + 8) & (np.abs(away) < 8)
            maps[joints + 1 + 2 * number][on] += unit[0]
            maps[joints + 2 + 2 * number][on] += unit[1]
            seen[number] += on
    maps[joints + 1 :] /= np.repeat(np.maximum(seen, 1), 2, 0)
    maps[joints] = 1 - maps[:joints].max(0)
    return torch.from_numpy(maps).float()


def matched(people, points) -> float:
    """How far everybody's joints are from those found, px; nobody is found twice."""
    left, worst = list(range(len(points))), 0.0
    for one in people:
        off = [np.nanmax(np.abs(points[row].numpy() - one)) for row in left]
        worst = max(worst, min(off))
        left.pop(int(np.argmin(off)))
    return worst


SCENES = {
    "one": [dict()],
    "three": [dict(), dict(at=(170, -20), size=0.8), dict(at=(400, 30))],
    "one before another": [dict(), dict(at=(46, 10))],
    "crossing": [dict(at=(150, 0), turned=0.5), dict(at=(230, 0), turned=-0.5)],
    "upside down": [dict(at=(200, 20), turned=np.pi), dict(at=(40, 10))],
}


@pytest.mark.parametrize(
    ("scene", "layout"),
    [(scene, LAYOUTS[0]) for scene in SCENES] + [("crossing", layout) for layout in LAYOUTS[1:]],
    ids=lambda given: given if isinstance(given, str) else given.skeleton.name,
)
def test_people_are_read_back_from_their_maps(scene, layout):
    people = [person(layout, **how) for how in SCENES[scene]]
    points, scores = fields.people(drawn(people, layout), layout)
    assert len(points) == len(people) and torch.isfinite(points).all()
    assert matched(people, points) < 2.5 and scores.min() > 0.6


def test_joints_that_are_not_seen_are_missing():
    layout = LAYOUTS[0]
    missing = [(0, "left_wrist"), (0, "nose"), (1, "right_knee")]
    people = [person(layout), person(layout, at=(300, 0))]
    points, scores = fields.people(drawn(people, layout, missing), layout)
    assert len(points) == 2
    gone = points.isnan().any(-1)
    # Without a knee its foot belongs to nobody, and toes alone are nobody.
    assert sorted(gone.sum(-1).tolist()) == [2, 5] and not scores[gone].any()


def test_nobody_and_halves_of_nobody():
    layout = LAYOUTS[1]
    assert not len(fields.people(torch.zeros(layout.channels, ROWS, COLUMNS), layout)[0])
    maps = drawn([person(layout)], layout)
    maps[len(layout.skeleton) + 1 :] = 0  # joints that no limb joins
    assert not len(fields.people(maps, layout)[0])
    noise = torch.rand(layout.channels, 6, 8, generator=torch.Generator().manual_seed(0))
    fields.people(noise, layout)  # ends


def test_a_picture_is_seen_whole_and_places_come_back():
    layout = LAYOUTS[0]
    seen = []

    def network(picture):
        seen.append(picture)
        maps = drawn([person(layout, at=(100, 20))], layout)
        return torch.nn.functional.pad(maps, (0, 0, 0, picture.shape[2] // 8 - ROWS))[None]

    # 1280 x 736: half as large in the network, 640 x 368, and nothing beside it.
    found = OpenPose("o", "", network, layout).detect(torch.full((736, 1280, 3), 255).byte())
    assert seen[0].shape == (1, 3, 368, 640)
    assert torch.allclose(seen[0], torch.tensor(255 / 256 - 0.5))
    assert np.abs(found.keypoints_px[0].numpy() / 2 - person(layout, at=(100, 20))).max() < 2.5
    assert found.skeleton == layout.skeleton and found.scores.min() > 0.6


@pytest.mark.parametrize("size", [(1, 1), (3, 4000), (4000, 3), (90, 60)])
def test_pictures_of_any_size(size):
    def network(picture):
        assert picture.shape[2] % 16 == 0 and picture.shape[3] % 16 == 0
        assert picture.shape[2] <= 368 and picture.shape[3] <= 1312
        return torch.zeros(1, LAYOUTS[0].channels, picture.shape[2] // 8, picture.shape[3] // 8)

    picture = torch.zeros(*size, 3, dtype=torch.uint8)
    assert not len(OpenPose("o", "", network, LAYOUTS[0]).detect(picture).scores)


# ----------------------------------------------------------------------------------- Caffe's files


def small(maps: int = 57) -> str:
    conv = dict(num_output=4, kernel_size=3, pad=1)
    return writer.head() + "".join([
        writer.layer("conv", "Convolution", "image", convolution_param=conv),
        writer.layer("relu", "ReLU", "conv", "conv"),
        *(writer.layer(f"pool{n}", "Pooling", "conv" if n == 1 else f"pool{n - 1}",
                       pooling_param=dict(pool="MAX", kernel_size=2, stride=2)) for n in (1, 2, 3)),
        writer.layer("last", "Convolution", "pool3",
                     convolution_param=dict(num_output=maps - 4, kernel_size=1)),
        writer.layer("slope", "PReLU", "last", "last"),
        writer.layer("net_output", "Concat", "last pool3", concat_param=dict(axis=1)),
    ])  # fmt: skip


def arrays(text: str, seed: int = 0) -> dict[str, list[np.ndarray]]:
    random = np.random.default_rng(seed)
    return {name: [random.normal(size=shape).astype(np.float32) for shape in own]
            for name, own in writer.shapes(text).items()}  # fmt: skip


def both(folder, text=None, made=None, old=False, name="pose_deploy"):
    text = small() if text is None else text
    (folder / f"{name}.prototxt").write_text(text)
    made = arrays(text) if made is None else made
    writer.weights(folder / "pose_iter_1.caffemodel", made, old)
    return folder / f"{name}.prototxt"


@pytest.mark.parametrize("old", [False, True])
def test_a_network_of_caffe_is_run(old, tmp_path):
    path = both(tmp_path, old=old)
    found = network.read(path, tmp_path / "pose_iter_1.caffemodel")
    (weight, bias), (second, third), (slope,) = arrays(small()).values()
    x = torch.rand(1, 3, 40, 56, generator=torch.Generator().manual_seed(1))
    first = torch.nn.functional.conv2d(x, *map(torch.from_numpy, (weight, bias)), padding=1)
    pooled = torch.nn.functional.max_pool2d(first.clamp(min=0), 8)
    last = torch.einsum("oc,nchw->nohw", torch.from_numpy(second[..., 0, 0]), pooled)
    last = last + torch.from_numpy(third)[:, None, None]
    last = torch.where(last > 0, last, last * torch.from_numpy(slope)[:, None, None])
    wanted = torch.cat([last, pooled], 1)
    assert found.channels == 57 and torch.allclose(found(x), wanted, atol=1e-5)


def test_an_edge_is_pooled_as_caffe_does(tmp_path):
    found = network.read(both(tmp_path), tmp_path / "pose_iter_1.caffemodel")
    assert found(torch.zeros(1, 3, 57, 72)).shape == (1, 57, 8, 9)


def test_either_file_or_both_may_be_named(tmp_path):
    path = both(tmp_path)
    weights = tmp_path / "pose_iter_1.caffemodel"
    names = [f"{path}", f"{weights}", f"{path}:{weights}", f"{weights}:{path}"]
    seers = [detection.load(name) for name in names]
    assert {seer.name for seer in seers} == {
        "openpose (pose_deploy.prototxt, pose_iter_1.caffemodel, openpose_coco_18)"
    }
    assert len({seer.sha256 for seer in seers}) == 1 and len(seers[0].sha256) == 64
    writer.weights(weights, arrays(small(), seed=1))
    assert detection.load(path).sha256 != seers[0].sha256
    # Of several, the one of the same name.
    writer.weights(tmp_path / "other.caffemodel", arrays(small()))
    with pytest.raises(InputError, match="2 files .caffemodel lie beside it; give --detector"):
        detection.load(path)
    writer.weights(tmp_path / "pose_deploy.caffemodel", arrays(small()))
    assert "pose_deploy.caffemodel" in detection.load(path).name


TEXT = small()
BROKEN = {
    "empty": ("", {}, "the file is empty"),
    "no text": ("\x00\x01\x02", {}, "line 1: "),
    "a page": ("<!DOCTYPE html>", {}, "line 1: "),
    "cut": (TEXT[:-30], {}, "ends before its last brace"),
    "braces": (TEXT + "}", {}, "braces do not match"),
    "deep": ("a {" * 40 + "}" * 40, {}, "too deep"),
    "no layers": (writer.head(), {}, "describes 0 layers and 1 inputs"),
    "no input": (TEXT.partition("layer")[1] + TEXT.partition("layer")[2], {},
                 "layers and 0 inputs"),
    "a layer of its own": (TEXT.replace('"ReLU"', '"Python"'), {}, "is of the type 'Python'"),
    "an average": (TEXT.replace("MAX", "AVE"), {}, "takes a mean"),
    "out of order": (TEXT.replace('bottom: "image"', 'bottom: "pool1"'), {},
                     "takes pool1, which no layer gives"),
    "other sizes": (TEXT, arrays(TEXT.replace("num_output: 4", "num_output: 5")),
                    "not the weights of this network"),
    "no weights for it": (TEXT, {"conv": arrays(TEXT)["conv"]}, "last has no weights; expected"),
    "not finite": (TEXT, arrays(TEXT) | {"conv": [np.full((4, 3, 3, 3), np.nan), np.zeros(4)]},
                   "not finite"),
    "far too wide": (TEXT.replace("pad: 1", "pad: 99999"), {}, "layer conv gives Maps"),
    "other strides": (TEXT.replace("stride: 2", "stride: 4"), {}, "px of 64; expected an eighth"),
    "too many numbers": (TEXT.replace("num_output: 4", "num_output: 200"),
                         arrays(TEXT.replace("num_output: 4", "num_output: 200")), "layer conv"),
    "no stride": (TEXT.replace("stride: 2", "stride: 0"), {}, "stride is 0; expected one whole"),
    "hands": (small(22), None, "gives 22 maps; expected a network for bodies: 78"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_network_gets_one_line(case, tmp_path):
    text, made, said = BROKEN[case]
    made = arrays(TEXT) if made == {} else made
    with pytest.raises(InputError, match=re.escape(said)):
        detection.load(both(tmp_path, text, made))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the file is empty"),
        (b"version https://git-lfs.github.com/spec/v1\n", "is a Git-LFS pointer"),
        (b"\x00" * 99, "damaged or cut short"),
        (b"<!DOCTYPE html>", "damaged|no weights"),
        (b"\x0a\x05trial", "holds no weights"),
        (writer.field(100, writer.field(1, "conv") + writer.field(7, writer.field(5, bytes(40))
         + writer.field(7, writer.field(1, b"\xff" * 9 + b"\x01")))), "numbers for the shape"),
    ],
)  # fmt: skip
def test_what_is_no_weights_gets_one_line(content, said, tmp_path):
    path = both(tmp_path)
    (tmp_path / "pose_iter_1.caffemodel").write_bytes(content)
    with pytest.raises(InputError, match=said):
        detection.load(path)


def test_weights_cut_anywhere_get_one_line(tmp_path):
    path = both(tmp_path)
    weights = tmp_path / "pose_iter_1.caffemodel"
    whole = weights.read_bytes()
    for length in range(1, len(whole), 97):
        weights.write_bytes(whole[:length])
        with pytest.raises(InputError):
            detection.load(path)


def test_the_name_alone_says_what_to_give(tmp_path):
    with pytest.raises(InputError, match="openpose needs two files of yours: give --detector FILE"):
        detection.load("openpose")
    path = both(tmp_path)
    (tmp_path / "pose_iter_1.caffemodel").unlink()
    with pytest.raises(InputError, match="no .caffemodel lies beside it; give --detector"):
        detection.load(path)
    with pytest.raises(InputError, match="two files of one kind"):
        detection.load(f"{path}:{path}")
    with pytest.raises(InputError, match="there is no such file"):
        detection.load(tmp_path / "other.prototxt")


def test_numbers_of_either_form_are_read(tmp_path):
    held = {"a": [np.arange(6, dtype=np.float32).reshape(1, 2, 3, 1)], "b": [np.float32([7])]}
    for old in (False, True):
        found = caffemodel.read(writer.weights(tmp_path / "a.caffemodel", held, old))
        assert np.array_equal(found["a"][0], held["a"][0]) and found["b"][0].reshape(-1) == 7
    part = prototxt.read(_text(tmp_path, "a: 1 # b\nc { d: 'e' d: \"f\" } g: [2]"))
    assert part.text("a") == "1" and part.part("c").texts("d") == ["e", "f"]


def _text(tmp_path, text):
    (tmp_path / "a.prototxt").write_text(text)
    return tmp_path / "a.prototxt"
