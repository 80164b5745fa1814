"""Focal lengths out of EXIF data: what cameras, telephones and editors write, and damage."""

import io
import math

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational
from test_photographs import TALL, WIDE, Greys, drawn

from posebook import export
from posebook.datasets.pictures.exif import focal_length

FOCAL, FILM, ZOOM, ACROSS, DOWN, UNIT, WIDTH, HEIGHT = (
    0x920A, 0xA405, 0xA404, 0xA20E, 0xA20F, 0xA210, 0xA002, 0xA003,
)  # fmt: skip
PHONE = {FILM: 26, FOCAL: IFDRational(425, 100), WIDTH: 4032, HEIGHT: 3024}
REFLEX = {FOCAL: 50.0, ACROSS: 5728.18, DOWN: 5808.4, UNIT: 2, WIDTH: 5184, HEIGHT: 3456}
#: 26 mm on 35 mm film, in pixels for each of the longer side of a picture of 4:3.
SHARE = 26 / math.hypot(36, 24) * 1.25


def photograph(tags: dict, size=(40, 30), form="jpeg", orientation=None, array=None) -> bytes:
    picture = Image.new("RGB", size) if array is None else Image.fromarray(array)
    exif = Image.Exif()
    exif[0x10F] = "a maker"
    if orientation:
        exif[0x112] = orientation
    exif.get_ifd(0x8769).update(tags)
    exif[0x8769] = 0  # without it Pillow writes none into TIFF
    file = io.BytesIO()
    picture.save(file, form, exif=exif)
    return file.getvalue()


@pytest.mark.parametrize(
    ("tags", "size", "expected"),
    [
        (PHONE, (4032, 3024), 4032 * SHARE),
        (PHONE, (3024, 4032), 4032 * SHARE),  # turned
        (PHONE, (1008, 756), 1008 * SHARE),  # resized
        (PHONE, (100, 75), 100 * SHARE),
        (PHONE | {WIDTH: 3024, HEIGHT: 4032}, (4032, 3024), 4032 * SHARE),
        (PHONE, (4032, 2000), 4032 * SHARE),  # cut at the top
        (PHONE, (2000, 3024), 4032 * SHARE),  # and at the sides
        ({FILM: 26}, (4032, 3024), 4032 * SHARE),
        (PHONE | {WIDTH: 0, HEIGHT: 0}, (4032, 3024), 4032 * SHARE),
        (PHONE | {WIDTH: (4032, 0), HEIGHT: (3024, 0)}, (4032, 3024), 4032 * SHARE),
        (PHONE | {WIDTH: 3024, HEIGHT: 3024}, (3024, 3024), 4032 * SHARE),  # square, in the camera
        ({FILM: 50}, (6000, 4000), 50 / 36 * 6000),
        ({FILM: 50}, (1920, 1080), 50 / 36 * 1920),
        (PHONE | {ZOOM: IFDRational(0, 0)}, (4032, 3024), 4032 * SHARE),
        (PHONE | {ZOOM: 1.0}, (4032, 3024), 4032 * SHARE),
        (REFLEX, (5184, 3456), 50 * 5728.18 / 25.4),
        (REFLEX, (1296, 864), 50 * 5728.18 / 25.4 / 4),
        (REFLEX, (864, 1296), 50 * 5728.18 / 25.4 / 4),
        (REFLEX | {FILM: 0}, (5184, 3456), 50 * 5728.18 / 25.4),
        (REFLEX | {ACROSS: 2255.19, DOWN: 2255.19, UNIT: 3}, (5184, 3456), 50 * 225.519),
        (REFLEX | {FILM: 80}, (5184, 3456), 80 / 36 * 5184),  # the equivalent first
    ],
)  # fmt: skip
def test_what_cameras_and_telephones_write(tags, size, expected):
    found = focal_length(photograph(tags), size)
    assert found.px == pytest.approx(expected, rel=2e-3) and "sure to about" in found.text


@pytest.mark.parametrize(
    ("tags", "size", "said"),
    [
        ({FILM: 0}, (40, 30), "35 mm film is 0 mm"),
        ({FILM: 4, FOCAL: 4.0}, (40, 30), "35 mm film is 4 mm"),
        ({FILM: 65535}, (40, 30), "35 mm film is"),
        ({FILM: 50, FOCAL: 1e6}, (40, 30), "do not go with"),
        (PHONE | {ZOOM: 1.97}, (4032, 3024), "digital zoom of 1.97"),
        (PHONE, (1136, 775), "cut out of one of 4032 x 3024 px and resized"),
        (PHONE, (9000, 3000), "panorama"),
        (REFLEX | {FOCAL: 0}, (5184, 3456), "its focal length is 0 mm"),
        (REFLEX | {FOCAL: IFDRational(0, 0)}, (5184, 3456), "its focal length is none"),
        (REFLEX | {FOCAL: 1e9}, (5184, 3456), "its focal length is 1e+09"),
        (REFLEX | {ACROSS: IFDRational(0, 0)}, (5184, 3456), "not numbers"),
        (REFLEX | {UNIT: 77}, (5184, 3456), "not numbers"),
        (REFLEX | {DOWN: 100.0}, (5184, 3456), "not square"),
        (REFLEX | {WIDTH: 100, HEIGHT: 68}, (100, 68), "the sensor would be 0.443 mm wide"),
        (REFLEX | {WIDTH: 2560, HEIGHT: 1600}, (2560, 1600), "edited"),
    ],
)  # fmt: skip
def test_what_is_passed_over_and_why(tags, size, said):
    found = focal_length(photograph(tags), size)
    assert found.px is None and "passed over" in found.text and said in found.text


@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff"])
def test_formats(form):
    assert focal_length(photograph(PHONE, form=form), (40, 30)).px == pytest.approx(40 * SHARE)


@pytest.mark.parametrize("tags", [{}, {FOCAL: 4.25}, {WIDTH: 40}, {0x9286: b"words"}])
def test_files_that_do_not_say(tags):
    assert focal_length(photograph(tags), (40, 30)) == (None, "")


def test_damaged_data_are_none():
    whole = photograph(PHONE)
    generator = np.random.default_rng(0)
    start = whole.index(b"Exif")
    for _ in range(200):
        damaged = bytearray(whole)
        for place in generator.integers(start, start + 150, 6):
            damaged[place] = generator.integers(256)
        found = focal_length(bytes(damaged), (40, 30))
        assert found.px is None or math.isfinite(found.px)
    assert focal_length(b"no picture", (40, 30)) == (None, "")


@pytest.mark.parametrize("orientation", [None, 6])
def test_a_photograph_is_lifted_with_its_own_focal_length(orientation, tmp_path):
    array = np.stack([drawn()] * 3, -1)
    turned = np.ascontiguousarray(np.rot90(array, 1)) if orientation else array
    content = photograph({FILM: 50}, form="png", orientation=orientation, array=turned)
    (tmp_path / "a.png").write_bytes(content)
    poses = export.lift_file(tmp_path / "a.png", tmp_path / "own", detector=Greys()).poses
    expected = 50 / math.hypot(36, 24) * math.hypot(TALL, WIDE)
    assert poses.camera.focal_px[0].item() == pytest.approx(expected)
    assert poses.camera.centre_px.tolist() == [WIDE / 2, TALL / 2]
    (note,) = [note.text for note in poses.notes if note.kind == "camera"]
    assert "EXIF data (50 mm on 35 mm film" in note and "--intrinsics" in note
    given = export.lift_file(
        tmp_path / "a.png", tmp_path / "b", detector=Greys(), intrinsics="700,700,110,150"
    )
    assert given.poses.camera.focal_px.tolist() == [700, 700]
    assert not any("EXIF" in note.text for note in given.poses.notes)


def test_a_photograph_with_nonsense_is_lifted_as_one_without(tmp_path):
    (tmp_path / "a.png").write_bytes(
        photograph({FILM: 3}, form="png", array=np.stack([drawn()] * 3, -1))
    )
    poses = export.lift_file(tmp_path / "a.png", tmp_path / "out", detector=Greys()).poses
    (note,) = [note.text for note in poses.notes if note.kind == "camera"]
    assert poses.camera.name == "guessed" and "assumed" in note and "passed over" in note
