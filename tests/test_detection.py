"""Detectors: their files, and what they find in a picture."""

import random
from dataclasses import asdict

import pytest
import torch
from torch import nn

from posebook import detection
from posebook.datasets import pictures
from posebook.detection import detector_files, trained, training_sets
from posebook.detection.decodings import DECODINGS
from posebook.detection.detector import Detector
from posebook.errors import InputError
from posebook.methods import network_files
from posebook.methods.label_generator.baseline import DepthAtJoints
from posebook.methods.pose_resnet.network import PoseResNet
from posebook.methods.stacked_hourglass import heatmaps
from posebook.methods.stacked_hourglass.inputs import BZHAO96, OURS
from posebook.methods.stacked_hourglass.network import StackedHourglass
from posebook.methods.weak_supervision.network import DepthHourglass, DepthMapResNet
from posebook.results import Results
from posebook.skeletons import COCO_17, HOUSE, MPII_16

SMALL = dict(joints=16, stacks=1, modules=1, features=8, levels=2, stride=2)
HEADER = dict(
    name="untrained",
    network={"class": "StackedHourglass", "arguments": SMALL},
    skeleton="mpii_16",
    size=[32, 32],
    decoding="parabola_of_logits",
    colours={k: list(v) if isinstance(v, tuple) else v for k, v in asdict(OURS).items()},
    data="none",
    licence="MIT",
    metrics=[],
)


def untrained(module: nn.Module | None = None, /, **header) -> Detector:
    torch.manual_seed(0)
    module = module or StackedHourglass(**SMALL)
    return Detector(HEADER | header, module.eval().requires_grad_(False))


class Dots(nn.Module):
    """A network that finds dots of 16 greys: the logarithm of each map falls with the square of
    the distance of a pixel's grey from the joint's. Depth, where asked for: the number of the
    joint."""

    def __init__(self, depth: bool = False):
        super().__init__()
        self.depth = depth

    def forward(self, pixels):
        grey = torch.nn.functional.avg_pool2d(255 * (pixels[:, :1] + 0.5), 2)
        wanted = torch.arange(16).view(1, 16, 1, 1) * 12.0 + 60
        # A joint and its twin look the same in a mirror.
        wanted = torch.minimum(wanted, wanted[:, list(MPII_16.mirror)])
        maps = -((grey - wanted) / 3).square().clamp(max=60)
        return ([maps], torch.arange(16.0).expand(len(pixels), 16) / 16) if self.depth else [maps]


def dotted(tall: int, wide: int, place: float = 4.0) -> tuple[torch.Tensor, torch.Tensor]:
    """A black picture with a block of a joint's grey for each joint in the middle of the body, and
    where the blocks are."""
    picture = torch.zeros(tall, wide, 3, dtype=torch.uint8)
    points = torch.full((16, 2), torch.nan)
    for row, joint in enumerate(j for j in range(16) if MPII_16.mirror[j] == j):
        x, y = int(wide / 2 + place * row), int(tall / 2 + place * 2 * row)
        picture[y - 4 : y + 4, x - 4 : x + 4] = 60 + 12 * joint
        points[joint] = torch.tensor([x, y])
    return picture, points


# --------------------------------------------------------------------------------------- a picture


@pytest.mark.parametrize("shape", [(128, 128), (200, 128), (128, 200), (96, 300)])
def test_what_is_found_is_where_it_is_in_the_picture(shape):
    picture, points = dotted(*shape)
    found = untrained(Dots(), size=[256, 256]).detect(picture)
    there = torch.isfinite(points[:, 0])
    assert found.keypoints_px.shape == (1, 16, 2) and found.scores.shape == (1, 16)
    assert (found.keypoints_px[0] - points)[there].abs().max() < 4
    assert found.scores[0, there].min() > 0.3 and found.depth is None
    x, y, w, h = found.boxes_px[0].tolist()
    assert x <= points[there, 0].min() + 4 and y + h >= points[there, 1].max() - 4


def test_depth_is_in_px_of_the_picture_and_relative_to_the_hip():
    picture, _ = dotted(128, 128)
    header = dict(size=[256, 256], network={"class": "DepthHourglass", "arguments": {}})
    detector = untrained(Dots(depth=True), **header)
    points, _, depth = detector.look(torch.zeros(2, 256, 256, 3, dtype=torch.uint8))
    assert detector.gives_depth and depth.shape == (2, 16)
    steps = (torch.arange(16.0) + torch.tensor(MPII_16.mirror)) / 2 / 16
    expected = (steps - steps[MPII_16.index("hip")]) * 128  # px of the crop: half its side is 1
    assert torch.allclose(depth[0], expected, atol=1e-3)
    found = detector.detect(picture)
    ratio = float(found.depth[0, 0] / expected[0])
    assert torch.allclose(found.depth[0], ratio * expected, atol=1e-3)
    assert 0.125 <= ratio <= 0.501, "of 128 px, or of the smaller square that was looked at"


def test_left_and_right_change_places_in_a_mirror():
    """A picture and its mirror image give the same people, sides exchanged."""
    torch.manual_seed(1)
    detector = untrained()
    picture = torch.randint(0, 256, (32, 32, 3)).to(torch.uint8)
    (points, scores, _), (turned, turned_scores, _) = (
        detector.look(one[None].contiguous()) for one in (picture, picture.flip(1))
    )
    back = turned[:, list(MPII_16.mirror)]
    back[..., 0] = 32 - back[..., 0]
    assert torch.allclose(back, points, atol=1e-2)
    assert torch.allclose(turned_scores[:, list(MPII_16.mirror)], scores, atol=1e-3)


@pytest.mark.parametrize("decoding", DECODINGS)
def test_every_decoding_finds_a_peak_and_is_sure_of_it(decoding):
    places_of, scores_of = DECODINGS[decoding]
    places = torch.tensor([[[12.3, 20.6], [25.0, 9.5]]])
    maps = heatmaps.gaussian_maps(places, (32, 40), 1.0)
    if decoding in ("parabola_of_logits", "expected_place"):
        maps = maps.clamp_min(1e-30).log()
    found = places_of(maps)
    assert (found - places).abs().max() < 0.6
    assert scores_of(maps, found).min() > 0.8
    flat = torch.zeros(1, 2, 32, 40)
    assert scores_of(flat, places_of(flat)).max() < 0.1


def test_what_is_found_beyond_the_picture_is_not_seen():
    """All greys but black are looked for; beyond the edges all is black."""
    picture = torch.zeros(64, 200, 3, dtype=torch.uint8)
    found = untrained(Dots(), size=[64, 64]).detect(picture)
    x, y = found.keypoints_px[0].T
    outside = (x < 0) | (y < 0) | (x > 200) | (y > 64)
    assert outside.any() and not found.scores[0, outside].any()


def test_key_points_of_a_whole_set():
    people = pictures.load("rendered_plain", split="val", size=64).as_joints(MPII_16)
    people = people.rows(range(5))
    points, scores = detection.keypoints_of(people, untrained())
    assert points.shape == (5, 16, 2) and scores.shape == (5, 16)
    held = people.crops(32)
    again, _, _ = untrained().look(held.pictures)
    assert torch.allclose(points, 2 * again, atol=1e-3)


# ----------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    ("network", "arguments", "header"),
    [
        (StackedHourglass, SMALL, {}),
        (PoseResNet, dict(depth=18, joints=17, width=8, deconv=8),
         dict(skeleton="human36m_17", size=[32, 64], decoding="soft_argmax")),
        (DepthHourglass, dict(joints=16, stacks=1, modules=1, features=8, side=64),
         dict(size=[64, 64])),
        (DepthMapResNet, dict(depth=18, joints=17, width=8, deconv=8),
         dict(skeleton="coco_17", size=[64, 64], depth_unit=1.0)),
        (DepthAtJoints, dict(joints=16, stacks=1, modules=1, features=8, hidden=8),
         dict(size=[64, 128])),
    ],
)  # fmt: skip
@pytest.mark.parametrize("weights", [torch.float32, torch.float16])
def test_a_detector_comes_back_from_its_file(tmp_path, network, arguments, header, weights):
    torch.manual_seed(0)
    header = header | dict(network={"class": network.__name__, "arguments": arguments})
    detector = untrained(network(**arguments), **header)
    again = detection.load(detector.save(tmp_path / "a.safetensors", weights))
    assert again.header["size"] == detector.header["size"]
    picture = torch.randint(0, 256, (50, 40, 3)).to(torch.uint8)
    one, other = detector.detect(picture), again.detect(picture)
    assert (one.depth is None) == (other.depth is None) == (not again.gives_depth)
    if weights == torch.float32:
        assert torch.equal(one.keypoints_px, other.keypoints_px)
    assert torch.allclose(one.scores, other.scores, atol=1e-2)


def test_a_chapter_keeps_what_it_trained(tmp_path):
    book = Results("stacked_hourglass", tmp_path, profile="ci", seed=3)
    book.add("PCKh", 80.0, "%", protocol="p", data="rendered_plain", split="test", method="ours")
    people = pictures.load("rendered_plain", split="val", size=64)
    arguments = dict(depth=18, joints=17, width=8, deconv=8)
    file = trained.keep_detector(
        PoseResNet(**arguments).eval(), arguments, size=(32, 64), decoding="soft_argmax",
        colours=BZHAO96, skeleton=HOUSE, title="pose ResNet of chapter 9", train=people, book=book,
        method="ours", weights=torch.float16,
    )  # fmt: skip
    assert file == tmp_path / "stacked_hourglass.safetensors"
    detector = detection.load(file)
    assert detector.size == (32, 64) and detector.skeleton == HOUSE
    assert detector.name == "pose ResNet of chapter 9, rendered_plain, ci profile, seed 3"
    assert network_files.numbers(detector.header)[0].value == 80.0


def refused(path, match: str) -> None:
    with pytest.raises(InputError, match=match) as caught:
        detection.load(path)
    assert "\n" not in str(caught.value)


NETWORK = HEADER["network"]["class"]


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (dict(network={"class": "os.system", "arguments": {}}), "not known"),
        (dict(network={"class": "Martinez", "arguments": {}}), "not known"),
        (dict(network={"class": NETWORK, "arguments": SMALL | {"features": 10**9}}), "features is"),
        (dict(network={"class": NETWORK, "arguments": SMALL | {"features": 6}}), "multiple of 4"),
        (dict(network={"class": NETWORK, "arguments": SMALL | {"levels": 65}}), "levels is 65"),
        (dict(network={"class": NETWORK, "arguments": SMALL | {"modules": 64, "stacks": 64}}),
         "the file holds"),
        (dict(network={"class": NETWORK, "arguments": SMALL | {"last_feedback": 1}}), "true or"),
        (dict(network={"class": NETWORK, "arguments": SMALL | {"joints": 17}}), "expected"),
        (dict(network="StackedHourglass"), "not known"),
        (dict(skeleton="nobody_3"), "skeleton is 'nobody_3'"),
        (dict(skeleton=None), "skeleton is None"),
        (dict(skeleton=COCO_17.name), "for 17 joints"),
        (dict(size=32), "size is 32"),
        (dict(size=[32, 32.0]), "size is"),
        (dict(size=[0, 32]), "size is"),
        (dict(size=[True, 32]), "size is"),
        (dict(size=[10**6, 10**6]), "size is"),
        (dict(size=[33, 32]), "do not fit"),
        (dict(decoding="eval"), "decoding is 'eval'"),
        (dict(decoding=["parabola"]), "decoding is a list"),
        (dict(colours="ours"), "colours are"),
        (dict(colours=HEADER["colours"] | dict(divisor=0)), "colours are"),
        (dict(colours=HEADER["colours"] | dict(spread=[1, 0, 1])), "colours are"),
        (dict(colours=HEADER["colours"] | dict(mean=[1, 1])), "colours are"),
        (dict(colours=HEADER["colours"] | dict(mean=[1, 1, float("nan")])), "colours are"),
        (dict(colours=HEADER["colours"] | dict(extra=1)), "colours are"),
        (dict(depth_unit=float("inf")), "depth_unit is"),
        (dict(depth_unit="half"), "depth_unit is"),
        (dict(name="a\nb"), "name is"),
        (dict(licence=5), "licence is"),
        (dict(metrics="good"), "metrics are"),
    ],
)  # fmt: skip
def test_headers_that_do_not_fit_are_refused(tmp_path, change, match, monkeypatch):
    detector = untrained(**change)
    with monkeypatch.context() as unchecked:
        unchecked.setattr(network_files, "build", lambda *_: None)
        unchecked.setattr(detector_files, "check", lambda *_: None)
        path = detector.save(tmp_path / "a.safetensors")
    refused(path, match)


@pytest.mark.parametrize("lacking", ["size", "decoding", "colours", "skeleton", "metrics"])
def test_a_header_without_a_field_is_not_written(tmp_path, lacking):
    header = {name: value for name, value in HEADER.items() if name != lacking}
    with pytest.raises(InputError, match=f"{lacking} missing"):
        Detector(header, StackedHourglass(**SMALL)).save(tmp_path / "a.safetensors")
    assert not list(tmp_path.iterdir())


def test_numbers_that_no_network_has_are_refused(tmp_path):
    for place, value in (("heads", torch.nan), ("heads", 1e30)):
        detector = untrained()
        getattr(detector.network, place)[0].bias[3] = value
        with pytest.raises(InputError, match="finite"):
            detector.save(tmp_path / "a.safetensors")
    detector = untrained()
    detector.network.stem[1].running_var.fill_(-1.0)
    refused(detector.save(tmp_path / "b.safetensors"), "expected finite numbers for 16 joints")


def test_what_is_no_detector_is_refused_in_one_line(tmp_path):
    from posebook import lifting

    refused("no_such_detector", "shipped are stacked_hourglass, fetched blazepose, movenet; or")
    refused("pose_resnet", "`posebook run pose_resnet` trains one")
    refused("x" * 5000, "xxx")
    refused(tmp_path / "absent.safetensors", "no such file")
    refused(tmp_path, "a folder")
    refused(lifting.SHIPPED["elepose"], "not in the format 'posebook detector 1'")
    empty = tmp_path / "empty.safetensors"
    empty.write_bytes(b"")
    refused(empty, "empty")
    empty.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2\nsize 1\n")
    refused(empty, "Git-LFS pointer")
    with pytest.raises(InputError, match="not in the format 'posebook lifter 1'"):
        lifting.load(untrained().save(tmp_path / "detector.safetensors"))


def test_nothing_altered_is_taken_for_whole(tmp_path):
    whole = untrained().save(tmp_path / "whole.safetensors", torch.float16).read_bytes()
    header_bytes = int.from_bytes(whole[:8], "little")
    draw, path = random.Random(0), tmp_path / "altered.safetensors"
    for trial in range(60):
        altered = bytearray(whole)
        place = draw.randrange(8 + header_bytes if trial % 2 else len(whole))
        if trial % 3 == 0:
            altered[place] ^= 1 << draw.randrange(8)
        elif trial % 3 == 1:
            altered = altered[:place]
        else:
            altered[place : place + 16] = draw.randbytes(16)
        path.write_bytes(altered)
        refused(path, "altered")


# ------------------------------------------------------------------------- sets to train lifters on


def test_a_lifters_training_set_from_a_detectors_file(tmp_path, monkeypatch):
    file = untrained().save(tmp_path / "mine.safetensors")
    whole = pictures.load
    with pytest.raises(InputError, match="all joints of 0 of 2 people are seen; expected at"):
        training_sets.as_poses(whole("rendered_plain", None, "val").thinned(2), untrained())
    monkeypatch.setattr(training_sets, "MIN_CONFIDENCE", 0.0)
    monkeypatch.setattr(training_sets, "FEWEST", 1)

    def few(*given):
        return whole(*given).thinned(6)

    monkeypatch.setattr(training_sets.pictures, "load", few)
    train, test = training_sets.train_and_test("rendered_plain", keypoints=str(file), seed=1)
    assert (train.name, train.split) == ("rendered_plain", "train, found by untrained")
    assert test.skeleton == HOUSE and len(test) == 6 and test.pose_mm.shape == (6, 17, 3)
    people = few("rendered_plain", None, "test")
    points, _ = detection.keypoints_of(people, untrained())
    ankle = test.keypoints_px[:, HOUSE.index("left_foot")]
    assert torch.allclose(ankle, points[:, MPII_16.index("left_foot")])
    true, _ = training_sets.train_and_test("rendered_plain", held_out=True)
    marked = few("rendered_plain", None, "train").keypoints_px[:, :17]
    assert torch.equal(true.keypoints_px, marked[torch.isfinite(marked).all((1, 2))])
    assert true.clips[0].size_px == (64, 64)


@pytest.mark.parametrize(
    ("data", "keypoints", "match"),
    [
        ("synthetic", "mine.safetensors", "a detector looks at pictures, and synthetic has none"),
        ("rendered_wild", "detected", "no key points 'detected'"),
        ("rendered_wild", "absent.safetensors", "no such file"),
    ],
)
def test_key_points_that_no_set_has_are_refused(data, keypoints, match):
    with pytest.raises(InputError, match=match):
        training_sets.train_and_test(data, keypoints=keypoints)
