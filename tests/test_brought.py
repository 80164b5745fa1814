"""Detectors that the user brings, FILE.onnx: networks made here whose answer is known."""

import hashlib
import json

import film_writer
import numpy as np
import onnx_writer as writer
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from posebook import cli, detection, export
from posebook.datasets.pictures.people import boxes_around
from posebook.detection import Found
from posebook.detection.brought import files, finders, kinds, networks, onnx_files
from posebook.detection.brought.finders import Finder
from posebook.errors import InputError
from posebook.export import films, photographs
from posebook.skeletons import COCO_17, MEDIAPIPE_33

WIDE, TALL = 300, 220
#: Seventeen places in a picture, 24 px apart and more, for squares of 16 px.
PLACES = torch.tensor(
    [[110 + 26 * (joint % 4), 40 + 30 * (joint // 4)] for joint in range(17)], dtype=torch.float32
) + torch.tensor([[3.0 * (joint % 3), joint % 2] for joint in range(17)])
#: A person who stands, COCO's joints, px of a square of 64.
STANDING = np.array([
    [32, 8], [33, 7], [31, 7], [35, 8], [29, 8], [38, 15], [26, 15], [41, 23], [23, 23], [42, 31],
    [22, 31], [36, 32], [28, 32], [36, 44], [28, 44], [37, 56], [27, 56],
], np.float32)  # fmt: skip


class Told:
    """Finds the person whose places are known."""

    name, sha256, skeleton = "told", "", COCO_17

    def __init__(self, points=PLACES):
        self.points = points

    def detect(self, picture) -> Found:
        points = self.points[None]
        return Found(points, torch.ones(points.shape[:2]), boxes_around(points), COCO_17)


@pytest.fixture(autouse=True)
def told(monkeypatch):
    monkeypatch.setattr(finders, "best", lambda: Finder("somebody who knows", Told()))


def greys(places=PLACES, wide=WIDE, tall=TALL) -> torch.Tensor:
    """A picture with a square at each place; its red tells the joint, green and blue do not."""
    picture = torch.zeros(tall, wide, 3, dtype=torch.uint8)
    for joint, (x, y) in enumerate(places.round().int().tolist()):
        picture[y - 8 : y + 8, x - 8 : x + 8] = torch.tensor([36 + 12 * joint, 250 - 9 * joint, 3])
    return picture


@pytest.mark.parametrize(
    ("kind", "words", "options"),
    [
        ("heatmaps", "", {}),
        ("heatmaps", "", dict(channels_last=True, batch=3, dtype="float16")),
        ("heatmaps", ":96x128", dict(open_sides=True, joints=26)),
        ("simcc", "", {}),
        ("simcc", "", dict(open_sides=True, size=(192, 256), joints=133)),
    ],
)
def test_a_network_for_one_person_finds_its_joints(kind, words, options, tmp_path):
    path = writer.reads_greys(tmp_path / "net.onnx", kind, **options)
    seer = detection.load(f"{path}{words}")
    assert isinstance(seer, detection.AnyDetector) and seer.skeleton == COCO_17
    assert seer.name == f"net.onnx ({kind}, coco_17; people found by somebody who knows)"
    assert seer.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    found = seer.detect(greys())
    assert found.keypoints_px.shape == (1, 17, 2) and found.scores.min() > 0.3
    assert (found.keypoints_px[0] - PLACES).abs().max() < 2.5
    again, _ = seer.again(greys(), seer.search(greys())[1])
    assert (again.keypoints_px[0] - PLACES).abs().max() < 2.5
    nobody, places = seer.again(torch.zeros(TALL, WIDE, 3, dtype=torch.uint8),
                                seer.search(greys())[1])  # fmt: skip
    assert not len(nobody.scores) and not len(seer.again(greys(), places)[0].scores)


def test_without_anybody_who_finds_people_the_picture_is_read_in_parts(tmp_path, monkeypatch):
    monkeypatch.setattr(finders, "best", lambda: Finder("looking at parts", None))
    seer = detection.load(writer.reads_greys(tmp_path / "net.onnx", "simcc"))
    assert "looking at parts" in seer.name
    found = seer.detect(greys())
    assert len(found.scores) == 1 and (found.keypoints_px[0] - PLACES).abs().max() < 2.5


def test_the_corners_of_udp_maps_are_those_of_the_crop(tmp_path):
    maps = np.full((1, 17, 32, 24), 1e-9, np.float32)
    maps[0, :, 31, 23] = 1.0
    path = writer.constant(tmp_path / "a.onnx", {"output": maps}, (1, 3, 128, 96))
    for words, corner in ((":udp", (95.5, 127.5)), ("", (92.5, 124.5))):
        seer = detection.load(f"{path}{words}")
        points, scores = seer.reading([maps], seer.taken.size)
        assert points[0, 0].tolist() == pytest.approx(corner) and scores.min() == 1


# ------------------------------------------------------------------------ everybody in one look

#: A picture of 300 x 220 in a square of 64 is scaled by this, and has so much grey above it.
SCALE, ABOVE = 64 / WIDE, (64 - 64 / WIDE * TALL) / 2
SECOND = STANDING * 0.5 + np.float32([2, 12])


def rows(*people: np.ndarray, sure=(0.9, 0.8, 0.7), form="raw", count=30, dims=3) -> np.ndarray:
    """(count, numbers) as YOLO-pose's rows, the first of them people."""
    joints = np.concatenate([np.stack(people), np.full((len(people), 17, 1), 0.8)], -1)
    low, high = joints[..., :2].min(1) - 2, joints[..., :2].max(1) + 2
    boxes = np.concatenate([(low + high) / 2, high - low], -1)
    sure = np.array(sure[: len(people)])[:, None]
    head = {
        "raw": [boxes, sure],
        "end": [low, high, sure, 0 * sure],
        "seven": [boxes, sure, 1 + 0 * sure],
    }[form]
    made = np.concatenate([*head, joints[..., :dims].reshape(len(people), -1)], -1)
    return np.concatenate([made, np.zeros((count - len(people), made.shape[1]))])


def found_by(path, picture=None) -> Found:
    return detection.load(path).detect(greys() if picture is None else picture)


KPT = dict(task="pose", kpt_shape="[17, 2]", imgsz="[64, 64]", names="{0: 'person', 1: 'dog'}")
TWICE = rows(STANDING, SECOND, STANDING + 0.5)
DOG = np.insert(TWICE, 5, 0.1, axis=1)  # a second class, which a person may also be a little
DOG[1, 4:6] = 0.05, 0.9  # and which the second is
PARTS = np.array([1 / 64] * 4 + [1] + [1 / 64, 1 / 64, 1] * 17)
END = rows(STANDING, SECOND, form="end", count=20)
CASES = {
    "YOLOv8": ({"output0": TWICE.T[None]}, {}, None),
    "YOLOv8, transposed": ({"output0": TWICE[None]}, {}, None),
    "open sides": ({"output0": TWICE.T[None]}, dict(open_sides=True), None),
    "open picture": ({"output0": TWICE.T[None]}, dict(shape=("n", 3, "h", "w"),
                                                      metadata=KPT | dict(kpt_shape="[17, 3]")),
                     None),
    "no score each joint": ({"output0": rows(STANDING, SECOND, dims=2).T[None]},
                            dict(metadata=KPT), None),
    "two classes": ({"output0": DOG.T[None]}, dict(metadata=KPT | dict(kpt_shape="[17, 3]")), 1),
    "end to end": ({"output0": END[None]}, {}, None),
    "end to end, nobody": ({"output0": END[None, :0]}, {}, 0),
    "end to end, without a batch": ({"output0": END}, {}, None),
    "YOLOv7": ({"output": rows(STANDING, SECOND, form="seven", count=1002)[None]}, {}, None),
    "in parts of the picture": ({"output0": (TWICE * PARTS).T[None]}, {}, None),
    "RTMO": ({"dets": END[None, :, :5], "keypoints": END[None, :, 6:].reshape(1, 20, 17, 3)}, {},
             None),
    "RTMO, turned round": ({"keypoints": END[None, :, 6:].reshape(1, 20, 17, 3),
                            "dets": END[None, :, :5]}, {}, None),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_everybody_in_one_look(case, tmp_path):
    answers, options, people = CASES[case]
    found = found_by(writer.constant(tmp_path / "net.onnx", answers, **options))
    assert len(found.scores) == (2 if people is None else people)
    half = 0.5 if "RTMO" in case else 0.0
    order = found.keypoints_px[..., 0].mean(-1).argsort(descending=True)
    for number, marks in zip(order, (STANDING, SECOND), strict=False):
        person, scores = found.keypoints_px[number], found.scores[number]
        wanted = (torch.from_numpy(marks) + half - torch.tensor([0, ABOVE])) / SCALE
        assert torch.allclose(person, wanted, atol=0.01)
        inside = (person[:, 1] > 0) & (person[:, 1] < TALL)
        sure = (0.9 if marks is STANDING else 0.8) if case == "no score each joint" else 0.8
        assert torch.allclose(scores[inside], torch.tensor(sure))
        assert not scores[~inside].any(), "outside the picture"


def test_movenet_for_one_and_for_several(tmp_path):
    one = np.concatenate([STANDING[:, ::-1] / 64, np.full((17, 1), 0.9)], -1)
    single = writer.constant(tmp_path / "one.onnx", {"output_0": one[None, None]},
                             (1, 64, 64, 3), "int32")  # fmt: skip
    seer = detection.load(single)
    points, scores = seer.reading([one[None, None]], (64, 64))
    assert np.allclose(points[0], STANDING) and scores.min() > 0.89
    six = np.zeros((6, 56))
    for row, marks in enumerate((STANDING, SECOND)):
        joints = np.concatenate([marks[:, ::-1] / 64, np.full((17, 1), 0.9)], -1)
        low, high = marks.min(0)[::-1] / 64, marks.max(0)[::-1] / 64
        six[row] = [*joints.reshape(-1), *low, *high, 0.8]
    several = writer.constant(tmp_path / "six.onnx", {"output_0": six[None]},
                              (1, "h", "w", 3), "int32")  # fmt: skip
    found = found_by(f"{several}:64x64")
    wanted = (torch.from_numpy(STANDING) - torch.tensor([0, ABOVE])) / SCALE
    assert len(found.scores) == 2
    assert torch.allclose(found.keypoints_px[1], wanted, atol=0.01), "the one seen less whole"


def test_posenet_adds_its_offsets(tmp_path):
    maps, offsets = np.full((1, 9, 9, 17), -5.0), np.zeros((1, 9, 9, 34))
    maps[0, 3, 5, :] = 2.0
    offsets[0, 3, 5] = [*(-4.0 * np.ones(17)), *(6.0 * np.ones(17))]
    extra = np.zeros((1, 9, 9, 64))
    path = writer.constant(tmp_path / "net.onnx", dict(heat=maps, short=offsets, mid=extra),
                           (1, 257, 257, 3))  # fmt: skip
    seer = detection.load(path)
    assert "(posenet, coco_17;" in seer.name
    picture = torch.full((257, 257, 3), 200, dtype=torch.uint8)
    points, scores = seer.reading(seer.taken.answers(picture[None]), (257, 257))
    assert points[0, 0].tolist() == [5 * 32 + 6.5, 3 * 32 - 3.5]
    assert scores[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))


def test_how_pictures_become_numbers(tmp_path):
    """Each channel's mean, as the network sees it, for every kind's colours, and those said."""
    picture = torch.tensor([[[255, 102, 51]]], dtype=torch.uint8).expand(64, 64, 3)
    nodes = [writer.node("ReduceMean", "input", "mean", axes=(2, 3), keepdims=0)]
    path = tmp_path / "net.onnx"
    content = writer.model(nodes, [writer.slot("input", (2, 3, 64, 64))],
                           [writer.slot("mean", (2, 3))])  # fmt: skip
    path.write_bytes(content)
    network = networks.Network("onnx", path, len(content))
    red_green_blue = {
        ("simcc", ""): [(1 - 0.485) / 0.229, (0.4 - 0.456) / 0.224, (0.2 - 0.406) / 0.225],
        ("simcc", "bgr"): [(0.2 - 0.406) / 0.225, (0.4 - 0.456) / 0.224, (1 - 0.485) / 0.229],
        ("simcc", "signed"): [1, -0.2, -0.6],
        ("yolo", ""): [1, 0.4, 0.2],
        ("rtmo", ""): [51, 102, 255],
        ("rtmo", "rgb"): [255, 102, 51],
        ("multipose", ""): [255, 102, 51],
        ("posenet", ""): [1, -0.2, -0.6],
    }
    for (kind, words), wanted in red_green_blue.items():
        taken = files._taken(network, kinds.said(words, "net.onnx"), kind)
        # Three pictures through a network that takes two at once.
        (seen,) = taken.answers(torch.stack([picture, picture, picture]))
        assert seen.shape == (3, 3) and np.allclose(seen, wanted, atol=1e-4), (kind, words)
    network.close()


# ------------------------------------------------------------------------------ what is refused

POSE = {"output0": TWICE.T[None]}
SIMCC = {"simcc_x": np.zeros((1, 21, 128)), "simcc_y": np.zeros((1, 21, 128))}


def with_weights(location: str) -> bytes:
    values = np.zeros((1, 56, 30), np.float32)
    return writer.model([writer.node("Identity", "w", "output0")],
                        [writer.slot("input", (1, 3, 64, 64))],
                        [writer.slot("output0", (1, 56, 30))],
                        [writer.tensor("w", values, location)])  # fmt: skip


def one_node(op: str, domain: str = "", domains=()) -> bytes:
    return writer.model([writer.node(op, "input", "output0", domain)],
                        [writer.slot("input", (1, 3, 64, 64))],
                        [writer.slot("output0", (1, 3, 64, 64))], domains=domains)  # fmt: skip


def nested(deep: int) -> bytes:
    made = writer.node("Identity", "a", "b")
    for _ in range(deep):
        graph = writer.field(1, made)
        made = writer.node("If", "a", "b") + writer.field(5, writer.field(6, graph))
    return writer.field(7, writer.field(1, made))


def of(tmp_path, content: bytes) -> str:
    (tmp_path / "net.onnx").write_bytes(content)
    return str(tmp_path / "net.onnx")


BROKEN = {
    "nothing": (b"", "the file is empty"),
    "a pointer": (b"version https://git-lfs.github.com/spec/v1\n", "is a Git-LFS pointer"),
    "a page": (b"<!DOCTYPE html><html><body>Sign in</body></html>", "damaged or cut short|no ONNX"),
    "zeros": (bytes(4000), "damaged or cut short"),
    "noise": (np.random.default_rng(0).bytes(4000), "damaged or cut short|no ONNX"),
    "no graph": (writer.field(1, 8) + writer.field(2, "pytorch"), "no ONNX network"),
    "nested": (nested(40), "nested too deeply"),
    "layers": (writer.field(7, writer.field(1, writer.node("Relu", "a", "a")) * 300),
               "more than 200 layers"),
    "a library": (one_node("GridPriorsTRT", "mmdeploy", ("mmdeploy",)),
                  r"needs operators of a library of its own \(mmdeploy:GridPriorsTRT\)"),
    "no operator": (one_node("Nonsense"), "cannot be run: .*Nonsense"),
    "weights above": (with_weights("../secret.bin"), "keeps weights in '../secret.bin', which is"),
    "weights anywhere": (with_weights("/etc/passwd"), "keeps weights in '/etc/passwd', which is"),
    "weights missing": (with_weights("net.data"), "there is no such file"),
    "much memory": (writer.model(
        [writer.node("Expand", "one many", "output0")], [writer.slot("input", (1, 3, 64, 64))],
        [writer.slot("output0", ("a", "b", "c"))],
        [writer.tensor("one", np.float32([1])), writer.tensor("many", np.int64([1, 56, 1 << 31]))],
    ), "cannot be run"),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_no_network_gets_one_line(case, tmp_path, monkeypatch):
    monkeypatch.setattr(onnx_files, "MOST_NODES", 200)
    content, said = BROKEN[case]
    with pytest.raises(InputError, match=said):
        detection.load(of(tmp_path, content))


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    inside, outside = tmp_path / "in", tmp_path / "secret.bin"
    inside.mkdir()
    outside.write_bytes(bytes(56 * 30 * 4))
    (inside / "net.data").symlink_to(outside)
    with pytest.raises(InputError, match="which is not in its folder"):
        detection.load(of(inside, with_weights("net.data")))


def test_weights_beside_the_file_count_for_its_hash(tmp_path):
    (tmp_path / "net.data").write_bytes(bytes(56 * 30 * 4))
    first = detection.load(of(tmp_path, with_weights("net.data")))
    assert not len(first.detect(greys()).scores)
    (tmp_path / "net.data").write_bytes(TWICE.T.astype(np.float32).tobytes())
    second = detection.load(of(tmp_path, with_weights("net.data")))
    assert len(second.detect(greys()).scores) == 2 and second.sha256 != first.sha256


OTHERS = {
    "a classifier": ({"logits": np.zeros((1, 1000))}, {}, "",
                     r"answers logits \(1, 1000\) to a picture: no pose network"),
    "a detector of things": ({"output0": np.zeros((1, 84, 8400))}, {}, "", "no pose network"),
    "boxes with pose's numbers": (POSE, dict(metadata=dict(task="detect")), "", "no pose network"),
    "faces": ({"output0": np.zeros((1, 20, 99))},
              dict(metadata=dict(task="pose", kpt_shape="[5, 3]")), "",
              "finds 5 points each; expected the joints of people"),
    "hands": (SIMCC, {}, "", "no pose network"),
    "fields of many": ({"cmap": np.zeros((1, 18, 16, 16)), "paf": np.zeros((1, 42, 16, 16))}, {},
                       "", "no pose network"),
    "one colour": (POSE, dict(shape=(1, 1, 64, 64)), "", "expected a picture of 3 colours"),
    "a row of numbers": (POSE, dict(shape=(1, 64)), "", "expected one picture"),
    "text": (POSE, dict(dtype="int64", shape=(1, 2, 3)), "", "expected one picture"),
    "said to be another": (POSE, {}, ":simcc", "no pose network .* expected simcc"),
    "another size": (POSE, {}, ":96x96", "takes pictures of 64x64 px, not 96x96"),
    "a huge size": (POSE, dict(shape=(1, 3, "h", "w")), ":9999x9999", "expected 32 to 2048"),
    "another set": (POSE, {}, ":mpii", "has 17 joints; layout mpii_16 has 16"),
    "a set of its own": (POSE, {}, ":crowdpose", "has 17 joints; crowdpose_14 has 14"),
    "no word": (POSE, {}, ":rtmpose", "'rtmpose' is not known; expected a kind"),
    "twice": (POSE, {}, ":yolo,rtmo", "says kind twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", OTHERS)
def test_other_networks_and_other_words_get_one_line(case, tmp_path):
    answers, options, words, said = OTHERS[case]
    path = writer.constant(tmp_path / "net.onnx", answers, **options)
    with pytest.raises(InputError, match=said):
        detection.load(f"{path}{words}")


def test_formats_that_are_not_run_are_named_and_the_others_listed(tmp_path):
    (tmp_path / "yolo11n-pose.pt").write_bytes(b"PK")
    with pytest.raises(InputError, match="export it as FILE.onnx or FILE.tflite"):
        detection.load(tmp_path / "yolo11n-pose.pt")
    said = CliRunner().invoke(cli.app, ["detectors", "list"]).output
    assert all(word in said for word in ("FILE.onnx", "FILE.tflite", "FILE.prototxt"))


def test_a_set_of_joints_can_be_said(tmp_path):
    rows14 = np.zeros((1, 5 + 3 * 14, 30))
    path = writer.constant(tmp_path / "net.onnx", {"output0": rows14})
    assert detection.load(path).skeleton.name == "lsp_14"
    seer = detection.load(f"{path}:crowdpose,bgr")
    assert seer.skeleton.joints[12] == "head_top" and seer.name.endswith("crowdpose_14, bgr)")


def test_a_network_that_never_ends_is_ended(tmp_path, monkeypatch):
    """A sum of a million millions, which no processor finishes within the limit."""
    shape, size = [writer.slot("input", (1, 3, 64, 64))], 4000
    nodes = [writer.node("Expand", "one many", "a0")]
    nodes += [writer.node("MatMul", f"a{i} a0", f"a{i + 1}") for i in range(200)]
    nodes.append(writer.node("ReduceMax", "a200", "output0"))
    content = writer.model(nodes, shape, [writer.slot("output0", (1, 1))],
                           [writer.tensor("one", np.float32([1e-9])),
                            writer.tensor("many", np.int64([size, size]))])  # fmt: skip
    monkeypatch.setattr(networks, "SECONDS", 1.0)
    with pytest.raises(InputError, match="cannot be run: it takes over 1 s"):
        detection.load(of(tmp_path, content))


def test_without_the_package_one_line_says_what_to_install(tmp_path, monkeypatch):
    path = writer.constant(tmp_path / "net.onnx", POSE)
    empty = tmp_path / "worker.py"
    text = networks.WORKER.read_text().replace("import onnxruntime", "import no_such_package")
    empty.write_text(text)
    monkeypatch.setattr(networks, "WORKER", empty)
    with pytest.raises(InputError, match="needs a package .*: python -m pip install onnxruntime"):
        detection.load(path)


# ------------------------------------------------------------------- a photograph to files


def test_a_photograph_and_a_folder_name_the_file_and_its_hash(tmp_path):
    path = writer.constant(tmp_path / "yolo.onnx", {"output0": rows(STANDING).T[None]})
    folder = tmp_path / "photographs"
    folder.mkdir()
    Image.new("RGB", (320, 320), "gray").save(folder / "a.png")
    name = f"yolo.onnx (yolo, coco_17) (SHA-256 {hashlib.sha256(path.read_bytes()).hexdigest()})"
    one = export.lift_file(folder / "a.png", tmp_path / "one", detector=str(path))
    assert one.poses.detector == name and f"found by {name}" in str(one)
    assert json.loads((tmp_path / "one" / "poses.json").read_text())["detector"] == name
    (shown,), _ = photographs.lifted(folder, path, None, 24, min_confidence=0.3)
    assert shown.poses.detector == name


def test_a_film_is_looked_at_by_a_file_of_the_users(tmp_path):
    path = writer.constant(tmp_path / "yolo.onnx", {"output0": rows(STANDING).T[None]})
    film = film_writer.write(tmp_path / "walk.mp4", film_writer.counting(5, 64, 64))
    (clip,), _, by, _, notes = films.found(film, str(path), tmp_path / "out")
    assert by.startswith("yolo.onnx (yolo, coco_17) (SHA-256 ")
    assert np.allclose(clip.keypoints_px[:, 5:], STANDING[None, 5:], atol=0.01)
    assert "found by yolo.onnx (yolo, coco_17) (weights" in " ".join(map(str, notes))


def test_blazepose_with_a_second_network_of_the_users(tmp_path, monkeypatch):
    from posebook.detection import litert, weights

    points = np.zeros((1, 39, 5))
    points[..., 3:] = 9.0
    answers = {"Identity": points.reshape(1, 195), "Identity_1": np.ones((1, 1)),
               "Identity_2": np.zeros((1, 256, 256, 1)), "Identity_3": np.zeros((1, 64, 64, 39)),
               "Identity_4": np.zeros((1, 117))}  # fmt: skip
    path = writer.constant(tmp_path / "heavy.onnx", answers, (1, 256, 256, 3))
    monkeypatch.setattr(weights, "read", lambda name: {"finder.tflite": b""})
    monkeypatch.setattr(litert, "network", lambda content, where: lambda crop: [crop])
    seer = detection.load(path)
    assert seer.name.startswith("heavy.onnx (blazepose,") and seer.skeleton == MEDIAPIPE_33
    read = seer.reader(torch.zeros(1, 256, 256, 3))
    assert [tuple(part.shape) for part in read] == [
        (1, 195), (1, 1), (1, 256, 256, 1), (1, 64, 64, 39), (1, 117)
    ]  # fmt: skip
