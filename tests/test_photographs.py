"""`posebook lift` of photographs: every kind of picture, and what is none.

The pictures are written here. A joint is a square of a grey of its own, so that a detector of a few
lines finds it, however the picture is stored.
"""

import hashlib
import io
import json
import struct
import subprocess
import sys
import zlib
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from picture_writer import STANDING
from PIL import Image
from test_detection import SMALL, untrained
from torch.nn import functional
from typer.testing import CliRunner

from posebook import cli, export, lifting, paths
from posebook.datasets.pictures import picture_files
from posebook.detection import Detector, Found
from posebook.errors import InputError
from posebook.export import photographs, picture_folders
from posebook.key_points import MIN_CONFIDENCE
from posebook.methods.stacked_hourglass.network import StackedHourglass
from posebook.skeletons import HOUSE, MEDIAPIPE_33, MPII_16

WIDE, TALL = 220, 300
POINTS = torch.from_numpy(STANDING).float() * 2 + 10
GREYS = 20 + 14 * torch.arange(16)


class Greys(Detector):
    """Finds the middle of each grey; depth where asked for: the person leans towards the camera."""

    def __init__(self, depth: bool = False):
        super().__init__(dict(name="greys", skeleton="mpii_16"), torch.nn.Identity())
        self.header["depth"] = depth

    def detect(self, picture: torch.Tensor) -> Found:
        grey = picture.float().mean(-1)
        found, scores = torch.zeros(1, 16, 2), torch.zeros(1, 16)
        for joint, wanted in enumerate(GREYS):
            mask = ((grey - wanted).abs() < 6).float()[None, None]
            inner = -functional.max_pool2d(-mask, 3, 1, 1)[0, 0] > 0
            if inner.any():
                y, x = inner.nonzero().double().median(0).values + 0.5
                found[0, joint], scores[0, joint] = torch.stack([x, y]), 0.9
        boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]])
        depth = (found[..., 1] - found[:, :1, 1]) / 2 if self.header["depth"] else None
        return Found(found, scores, boxes, MPII_16, depth)


class Unsure(Greys):
    """Is not sure of a wrist and an elbow."""

    def detect(self, picture):
        found = super().detect(picture)
        found.scores[0, MPII_16.indices("left_wrist", "left_elbow")] = 0.25
        return found


class HalfLength(Greys):
    """Guesses the legs of a portrait far below the picture's edge, and gives them no score."""

    def detect(self, picture):
        found = super().detect(picture)
        legs = MPII_16.indices("left_knee", "right_knee", "left_foot", "right_foot", "left_hip")
        found.scores[0, legs] = 0
        found.keypoints_px[0, legs] += 2 * len(picture)
        return found


def drawn() -> np.ndarray:
    """(TALL, WIDE) bytes: sixteen squares of 7 px on white."""
    picture = np.full((TALL, WIDE), 255, np.uint8)
    for (x, y), grey in zip(POINTS.int().tolist(), GREYS.tolist(), strict=True):
        picture[y - 3 : y + 4, x - 3 : x + 4] = grey
    return picture


def colours(mode: str) -> Image.Image:
    grey = drawn()
    if mode in ("I;16", "I;16B"):
        return Image.fromarray(grey.astype(np.uint16) * 257)
    if mode == "12 bits":
        return Image.fromarray(grey.astype(np.uint16) * 16)
    if mode == "F":
        return Image.fromarray(grey.astype(np.float32) / 255)
    if mode in ("LA", "RGBA", "PA"):  # white is transparent, and black below
        seen = Image.fromarray(np.where(grey == 255, 0, grey)).convert(mode.replace("P", "L"))
        seen.putalpha(Image.fromarray(np.where(grey == 255, 0, 255).astype(np.uint8)))
        return seen
    if mode == "P, transparent":
        seen = Image.fromarray(grey).convert("P")
        seen.info["transparency"] = 255
        return seen
    return Image.fromarray(grey).convert(mode)


def found_in(path, detector=None):
    (one,), notes = photographs.lifted(
        path, detector or Greys(), None, 24, min_confidence=MIN_CONFIDENCE
    )
    assert not notes
    return one


def apart_px(poses) -> float:
    return float((poses.input_px[0] - POINTS).abs().max())


KINDS = [
    ("a.jpg", "L", dict(quality=95)),
    ("a.jpg", "RGB", dict(quality=95, progressive=True)),
    ("a.jpg", "CMYK", dict(quality=95)),
    ("a.png", "L", {}),
    ("a.png", "RGB", {}),
    ("a.png", "P", {}),
    ("a.png", "P, transparent", {}),
    ("a.png", "LA", {}),
    ("a.png", "RGBA", {}),
    ("a.png", "I;16", {}),
    ("a.png", "12 bits", {}),
    ("a.webp", "RGB", dict(lossless=True)),
    ("a.webp", "RGBA", dict(lossless=True)),
    ("a.tif", "RGB", dict(compression="tiff_lzw")),
    ("a.tiff", "I;16", {}),
    ("a.tif", "F", {}),
    ("a.bmp", "RGB", {}),
    ("a.gif", "P", {}),
    ("a.ppm", "RGB", {}),
    ("a.jp2", "RGB", {}),
    ("A PHOTOGRAPH OF NO SUFFIX", "RGB", dict(format="PNG")),
    ("a.png", "RGB", dict(format="JPEG", quality=95)),
]


@pytest.mark.parametrize(("name", "mode", "options"), KINDS)
def test_every_kind_of_picture(tmp_path, name, mode, options):
    path = tmp_path / name
    colours(mode).save(path, **options)
    poses = found_in(path).poses
    assert apart_px(poses) <= 1.0
    assert poses.camera.size_px == (WIDE, TALL) and poses.lifter == "simple_baseline"
    assert poses.input == str(path) and poses.clip == path.stem
    assert picture_folders.are(path)


def test_a_picture_in_black_and_white_is_read(tmp_path):
    colours("1").save(tmp_path / "a.png")
    assert set(np.unique(read(tmp_path / "a.png"))) == {0, 255}


def read(path) -> np.ndarray:
    return picture_files.decoded(path.read_bytes(), str(path)).numpy()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_exif_data_ask(tmp_path, orientation):
    """Stored in each of the eight ways, it shows the same person."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    undo = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
            4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
            6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
            8: Image.Transpose.ROTATE_270}  # fmt: skip
    stored = colours("L")
    stored = stored.transpose(undo[orientation]) if orientation in undo else stored
    for name in ("a.jpg", "a.png", "a.webp", "a.tif"):
        path = tmp_path / name
        options = dict(lossless=True) if name == "a.webp" else dict(quality=95)
        options = {} if name in ("a.png", "a.tif") else options
        stored.save(path, exif=exif, **options)
        seen = read(path)
        assert seen.shape == (TALL, WIDE, 3), name
        assert np.abs(seen[..., 0].astype(int) - drawn()).mean() < 1, name
    assert apart_px(found_in(tmp_path / "a.jpg").poses) <= 2.0


def test_damaged_exif_data_turn_nothing(tmp_path):
    path = tmp_path / "a.jpg"
    colours("L").save(path, quality=95, exif=b"Exif\0\0II*\0\xff\xff\xff\x7f" + bytes(range(60)))
    assert apart_px(found_in(path).poses) <= 1.0


@pytest.mark.parametrize("name", ["a.webp", "a.png", "a.tif"])
def test_of_several_pictures_in_a_file_the_first_is_taken(tmp_path, name):
    path, empty = tmp_path / name, Image.new("L", (WIDE, TALL), 255)
    empty.putpixel((3, 3), 0)  # so that the two differ, and both are kept
    options = dict(lossless=True) if name == "a.webp" else {}
    colours("L").save(path, save_all=True, append_images=[empty], **options)
    poses = found_in(path).poses
    assert apart_px(poses) <= 1.0
    assert "Picture: the file holds several; the first is taken." in map(str, poses.notes)


def test_a_telephones_second_picture_is_not_spoken_of(tmp_path):
    path, small = tmp_path / "a.jpg", Image.new("L", (30, 40), 255)
    colours("L").save(path, "MPO", save_all=True, append_images=[small], quality=95)
    notes = found_in(path).poses.notes
    assert [note.kind for note in notes if note.kind == "picture"] == []


@pytest.mark.parametrize("shape", [(1, 1), (2, 900), (900, 2), (33, 31), (4000, 5000)])
def test_pictures_of_every_size(shape):
    found = untrained().detect(torch.full((*shape, 3), 90, dtype=torch.uint8))
    assert found.keypoints_px.shape == (1, 16, 2) and torch.isfinite(found.keypoints_px).all()
    assert ((found.scores >= 0) & (found.scores <= 1)).all()


# ----------------------------------------------------------------------------- what is no picture


def png_of(wide: int, tall: int) -> bytes:
    """The start of a PNG that says to be so large."""
    body = b"IHDR" + struct.pack(">IIBBBBB", wide, tall, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body
    return start + struct.pack(">I", zlib.crc32(body)) + b"\0\0\0\0IDAT"


def stored(kind: str = "JPEG") -> bytes:
    held = io.BytesIO()
    colours("L").save(held, kind)
    return held.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (png_of(10_000, 10_001), "its pixels are too many; expected at most 100 megapixels"),
        (png_of(60_000, 60_000), "its pixels are too many; expected at most 100 megapixels"),
        (stored()[:900], "not a whole picture"),
        (stored("PNG")[:-60], "not a whole picture"),
        (stored("WEBP")[:-60], "not a whole picture"),
        (stored("TIFF")[:-60], "not a whole picture"),
        (b"", "the file is empty"),
        (b"hello, I am no picture", "not a whole picture"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git-LFS pointer"),
        (b"\x00\x00\x00\x18ftypheic" + bytes(40), "a HEIC picture, which is not read"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "not a whole picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an XML file, which is not read"),
        (b"\x00\x00\x00\x20ftypisom" + bytes(40), "holds no picture that can be read"),
    ],
)
def test_what_is_no_whole_picture_is_named_in_one_line(tmp_path, content, said):
    path = tmp_path / "me.jpg"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        export.lift_file(path, tmp_path / "out", detector=Greys())
    assert said in str(caught.value) and "me.jpg" in str(caught.value)
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_nobody_in_a_picture(tmp_path):
    path = tmp_path / "a.png"
    Image.new("L", (50, 60), 255).save(path)
    with pytest.raises(InputError, match="nobody is found in it: 0 of 16 joints .* of 0.3"):
        export.lift_file(path, tmp_path / "out", detector=Greys())
    grey = np.full((TALL, WIDE), 255, np.uint8)
    for joint, level in enumerate(GREYS.tolist()):
        grey[10 + 14 * joint : 20 + 14 * joint, 100:110] = level
    Image.fromarray(grey).save(path)
    with pytest.raises(InputError, match="nobody is found in it: all joints lie on one line"):
        export.lift_file(path, tmp_path / "out", detector=Greys())


def test_key_points_with_a_detector_are_refused(tmp_path):
    with pytest.raises(InputError, match="seems to be no picture, and --detector takes"):
        export.lift_file(paths.DATA / "samples" / "motion.bvh", tmp_path, detector=Greys())


def test_without_a_shipped_detector_one_line_says_what_to_do(tmp_path, monkeypatch):
    from posebook.detection import shipped

    monkeypatch.setitem(shipped.SHIPPED, shipped.DEFAULT, tmp_path / "absent.safetensors")
    shipped.default.cache_clear()
    colours("L").save(tmp_path / "a.png")
    with pytest.raises(InputError, match="a picture needs a detector, .* give one with --detector"):
        export.lift_file(tmp_path / "a.png", tmp_path / "out")


# -------------------------------------------------------------------------------- what is written


def test_a_photograph_becomes_four_files(tmp_path):
    colours("RGB").save(tmp_path / "me.jpg", quality=95)
    result = export.lift_file(
        tmp_path / "me.jpg",
        tmp_path / "out",
        detector=Greys(),
        fps=25,
        up="y",
        size="9x9",
    )
    assert "No effect: on pictures: --size, --fps, --up." in str(result)
    assert "Key points: found by greys; 16 of 16 joints are sure enough." in str(result)
    held = np.load(tmp_path / "out" / "poses.npz")
    assert np.abs(held["input_px"][0] - POINTS.numpy()).max() <= 1.0
    assert held["pose_mm"].shape == (1, 17, 3) and list(held["input_joints"]) == [*MPII_16.joints]
    page = (tmp_path / "out" / "poses.html").read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in page and len(page) < 6_000_000
    assert f'"size":[{WIDE},{TALL}]' in page, "all of the picture"
    assert json.loads((tmp_path / "out" / "poses.json").read_text())["clip"] == "me"
    other = tmp_path / "other.jpg"
    colours("RGB").save(other)
    with pytest.raises(InputError, match="holds poses.npz of"):
        export.lift_file(other, tmp_path / "out", detector=Greys())


def test_joints_that_are_not_sure_count_as_not_seen(tmp_path):
    colours("L").save(tmp_path / "a.png")
    poses = found_in(tmp_path / "a.png", Unsure()).poses
    assert poses.origin[0, HOUSE.indices("left_wrist", "left_elbow")].tolist() == [3, 3]
    assert poses.input_px[0, MPII_16.index("left_wrist")].isnan().all()
    shown, _ = photographs.lifted(tmp_path / "a.png", Unsure(), None, 24, min_confidence=0.2)
    assert shown[0].poses.origin[0, HOUSE.index("left_wrist")] == 0


def test_legs_guessed_outside_the_picture_are_not_seen(tmp_path):
    colours("L").save(tmp_path / "a.png")
    poses = found_in(tmp_path / "a.png", HalfLength()).poses
    legs = ("left_knee", "right_knee", "left_foot", "right_foot")
    assert poses.origin[0, HOUSE.indices(*legs)].tolist() == 4 * [3]
    assert poses.input_px[0, MPII_16.indices(*legs)].isnan().all()


def test_a_detector_that_gives_depth_needs_no_lifter(tmp_path):
    colours("L").save(tmp_path / "a.png")
    poses = found_in(tmp_path / "a.png", Greys(depth=True)).poses
    assert poses.lifter == "greys"
    bones = [(HOUSE.joints[a], HOUSE.joints[b]) for a, b in HOUSE.bones]
    lengths = [
        float((poses.pose_mm[0, HOUSE.index(a)] - poses.pose_mm[0, HOUSE.index(b)]).norm())
        for a, b in bones
    ]
    assert sum(lengths) == pytest.approx(3900, abs=1), "the scale is an average adult's"
    pose = poses.pose_mm[0]
    x, y, z = (pose[HOUSE.index("head")] - pose[HOUSE.index("hip")]).tolist()
    px = POINTS[MPII_16.index("head")] - POINTS[MPII_16.index("hip")]
    assert x / y == pytest.approx(float(px[0] / px[1]), abs=0.02) and z == pytest.approx(
        y / 2, 0.02
    )
    text = "\n".join(map(str, poses.notes))
    assert "Depth: the detector's own" in text and "of average size" in text
    unsure, _ = photographs.lifted(
        tmp_path / "a.png", Unsure(depth=True), None, 24, min_confidence=0.3
    )
    assert "Missing: left elbow, left wrist. They stand where the detector put them." in map(
        str, unsure[0].poses.notes
    )
    assert torch.allclose(unsure[0].poses.pose_mm, poses.pose_mm)
    with_lifter, _ = photographs.lifted(
        tmp_path / "a.png", Greys(depth=True), lifting.load("elepose"), 24, min_confidence=0.3,
        height_mm=1500.0,
    )  # fmt: skip
    assert with_lifter[0].poses.lifter == "elepose"
    tall, _ = photographs.lifted(
        tmp_path / "a.png", Greys(depth=True), None, 24, min_confidence=0.3, height_mm=1500.0
    )
    assert "1.50 m tall, as given" in "\n".join(map(str, tall[0].poses.notes))


# --------------------------------------------------------------------------------- several people


class Crowd(Greys):
    """Finds the person, the same one a little to the right and smaller, and a face alone."""

    name = "crowd"

    def __init__(self):
        super().__init__()
        object.__setattr__(self, "sha256", "0123" * 16)

    def detect(self, picture):
        one = super().detect(picture)
        points = torch.cat([one.keypoints_px, one.keypoints_px * 0.8 + 40, one.keypoints_px * 0.5])
        scores = one.scores.repeat(3, 1)
        scores[2, : len(MPII_16) - 3] = 0.1
        return Found(points, scores, one.boxes_px.repeat(3, 1), MPII_16)


def test_everybody_in_a_photograph_is_lifted(tmp_path):
    photograph = tmp_path / "me.jpg"
    colours("RGB").save(photograph, quality=95)
    out = tmp_path / "out"
    result = export.lift_file(photograph, out, detector=Crowd())
    assert sorted(p.name for p in out.iterdir()) == ["me_person_1", "me_person_2", "people.html"]
    assert "Person: 2 of the 2 who are found" in str(result)
    page = (out / "people.html").read_text(encoding="utf-8")
    assert "data:image/jpeg;base64," in page and "me_person_2/poses.html" in page
    assert f"found by crowd (SHA-256 {'0123' * 16})" in page
    first, second = (np.load(out / f"me_person_{n}" / "poses.npz") for n in (1, 2))
    assert np.abs(first["input_px"][0] * 0.8 + 40 - second["input_px"][0]).max() < 1e-3
    for held in (first, second):
        assert str(held["detector"]) == f"crowd (SHA-256 {'0123' * 16})"
        assert any("0123" * 16 in note for note in held["notes"])
    assert f"crowd (SHA-256 {'0123' * 16})" in (out / "me_person_1" / "poses.html").read_text()


def test_one_of_several_people(tmp_path):
    photograph = tmp_path / "me.jpg"
    colours("RGB").save(photograph, quality=95)
    result = export.lift_file(photograph, tmp_path / "out", detector=Crowd(), person="2")
    assert result.poses.clip == "me/person 2" and (tmp_path / "out" / "poses.npz").exists()
    assert (
        len(export.lift_file(photograph, tmp_path / "b", detector=Crowd(), person="all").lifts) == 2
    )
    for person, said in (
        (3, "me.jpg: person is 3; expected 1 to 2, or all"),
        (0, "--person is 0; expected 1, 2, ... or all"),
        ("me", "--person is 'me'; expected 1, 2, ... or all"),
    ):
        with pytest.raises(InputError) as caught:
            export.lift_file(photograph, tmp_path / "c", detector=Crowd(), person=person)
        assert said in str(caught.value)


def test_of_a_crowd_the_most_prominent_are_lifted(tmp_path):
    colours("L").save(tmp_path / "a.png")
    shown, notes = photographs.lifted(tmp_path / "a.png", Crowd(), None, 1, min_confidence=0.3)
    assert [one.poses.clip for one in shown] == ["a/person 1"]
    assert [note.text for note in notes] == [
        f"1 of 2 people in {tmp_path / 'a.png'}; the most prominent are lifted."
    ]


def test_a_detector_that_finds_nobody(tmp_path):
    class Nobody(Crowd):
        def detect(self, picture):
            none = torch.zeros(0, 16)
            return Found(torch.zeros(0, 16, 2), none, torch.zeros(0, 4), MPII_16)

    colours("L").save(tmp_path / "a.png")
    with pytest.raises(InputError, match="nobody is found in it"):
        export.lift_file(tmp_path / "a.png", tmp_path / "out", detector=Nobody())


def test_without_weights_the_shipped_detector_is_taken_and_said(tmp_path):
    from posebook.detection import shipped

    shipped.default.cache_clear()
    colours("L").save(tmp_path / "a.png")
    shown, notes = photographs.lifted(tmp_path / "a.png", None, None, 24, min_confidence=0.0)
    assert shown[0].poses.detector.startswith("stacked_hourglass (SHA-256 ")
    assert notes[0].kind == "detector" and "`posebook detectors get blazepose`" in notes[0].text
    digest = hashlib.sha256(shipped.SHIPPED[shipped.DEFAULT].read_bytes()).hexdigest()
    assert digest in shown[0].poses.detector


# -------------------------------------------------------------------------------------- a folder


def test_a_folder_of_photographs(tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    colours("L").save(folder / "b.png")
    colours("RGB").save(folder / "a.JPG", quality=95)
    (folder / "broken.jpg").write_bytes(stored()[:900])
    Image.new("L", (50, 60), 255).save(folder / "empty.png")
    (folder / "._a.JPG").write_bytes(b"\0\5\x16\7")
    (folder / "notes.md").write_text("about the pictures")
    assert picture_folders.are(folder)
    out = tmp_path / "out"
    result = export.lift_file(folder, out, detector=Greys())
    assert [lift.poses.clip for lift in result.lifts] == ["a.JPG", "b.png"]
    said = str(result)
    assert "Passed over:" in said and "broken.jpg: not a whole picture" in said
    assert "empty.png: nobody is found" in said
    assert sorted(p.name for p in out.iterdir()) == ["a.JPG", "b.png", "people.html"]
    assert "a.JPG/poses.html" in (out / "people.html").read_text(encoding="utf-8")
    export.lift_file(folder, out, detector=Greys())  # again, into the same folder
    (folder / "b.png").unlink()
    (folder / "a.JPG").unlink()
    with pytest.raises(InputError, match="no picture in it could be lifted: 2 pictures; "):
        export.lift_file(folder, tmp_path / "other", detector=Greys())
    assert not (tmp_path / "other").exists()


def test_a_folder_of_key_points_with_pictures_is_one_of_key_points(tmp_path):
    colours("L").save(tmp_path / "a.png")
    (tmp_path / "a_keypoints.json").write_text("{}")
    assert not picture_folders.are(tmp_path)
    (tmp_path / "a_keypoints.json").unlink()
    assert picture_folders.are(tmp_path)
    (tmp_path / "a.png").unlink()
    assert not picture_folders.are(tmp_path)
    with pytest.raises(InputError, match="holds no picture"):
        export.lift_file(tmp_path, tmp_path / "out", detector=Greys())


def test_a_folder_of_pictures_may_hold_films_and_text(tmp_path):
    colours("RGB").save(tmp_path / "a.jpg", quality=95)
    (tmp_path / "b.mp4").write_bytes(b"\0\0\0\x20ftypisom" + bytes(40))
    frames = [Image.new("L", (9, 9), grey) for grey in (0, 200)]
    frames[0].save(tmp_path / "c.gif", save_all=True, append_images=frames[1:])
    (tmp_path / "notes.txt").write_text("taken on Sunday, 12 of us")
    result = export.lift_file(tmp_path, tmp_path / "out", detector=Greys())
    assert len(result.lifts) == 1 and "2 films in" in str(result) and "c.gif" in str(result)
    (tmp_path / "a.jpg").unlink()
    with pytest.raises(InputError, match="give each by itself, such as .*b.mp4"):
        picture_folders.are(tmp_path)
    (tmp_path / "labels.txt").write_text("0 0.5 0.5 0.2 0.4" + " 0.5 0.5 2" * 17 + "\n")
    assert not picture_folders.are(tmp_path)


def test_of_a_large_folder_a_part_is_lifted(tmp_path):
    for number in range(4):
        colours("L").save(tmp_path / f"{number}.png")
    shown, notes = photographs.lifted(tmp_path, Greys(), None, 3, min_confidence=0.3)
    assert [one.poses.clip for one in shown] == ["0.png", "1.png", "2.png"]
    assert str(notes[0]) == f"Left out: 1 of 4 pictures in {tmp_path}; 3 people are lifted."


def test_the_command(tmp_path):
    detector = untrained(StackedHourglass(**SMALL)).save(tmp_path / "mine.safetensors")
    colours("RGB").resize((300, 300)).save(tmp_path / "me.jpg")
    words = ["lift", tmp_path / "me.jpg", "--detector", detector, "--out", tmp_path / "out"]
    command = [sys.executable, "-m", "posebook.cli", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1000)
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "me.jpg: nobody is found in it" in done.stderr and "Traceback" not in done.stderr
    result = CliRunner().invoke(cli.app, [*map(str, words), "--min-confidence", "0"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "poses.html").exists()


def test_a_face_alone_is_no_pose(tmp_path):
    colours("RGB").save(tmp_path / "face.png")
    scores = torch.zeros(1, 33)
    scores[:, :11] = 0.9
    points = 5 + torch.arange(66.0).reshape(1, 33, 2)
    found = Found(points, scores, torch.tensor([[0.0, 0, 30, 30]]), MEDIAPIPE_33)
    seer = SimpleNamespace(name="faces", sha256="", skeleton=MEDIAPIPE_33, detect=lambda _: found)
    with pytest.raises(InputError, match="only a face or a hand is seen"):
        export.lift_file(tmp_path / "face.png", tmp_path / "out", detector=seer)


def test_people_of_an_earlier_lift_are_named(tmp_path):
    colours("RGB").save(tmp_path / "a.png")
    colours("RGB").save(tmp_path / "b.png")
    everybody = export.lift_file(tmp_path, tmp_path / "out", detector=Greys(), height=1.8)
    assert "all 2 people are taken to be as tall as given" in str(everybody)
    (tmp_path / "b.png").unlink()
    again = export.lift_file(tmp_path, tmp_path / "out", detector=Greys())
    assert "of an earlier lift are still in" in str(again) and "b.png" in str(again)
