"""Text of every format with every line end and mark, and what a file that is not read hears."""

import io
import json
import pickle
import zipfile

import bvh_writer
import format_writer as written
import h36m_writer
import numpy as np
import pytest
from keypoint_writer import alphapose, person

from posebook import datasets
from posebook.datasets.readers.files import decoded, plain_numbers
from posebook.errors import InputError
from posebook.skeletons import HOUSE

ONE = person(6)
WORLD = 1000 * h36m_writer.person(6).astype(np.float64)
TEXTS = {
    "bvh": lambda: bvh_writer.write(bvh_writer.Style())[0],
    "csv": lambda: written.dlc_csv([ONE], index=[[str(n)] for n in range(6)]),
    "tsv": lambda: written.sleap_csv([ONE]).replace(",", "\t"),
    "txt": lambda: written.yolo(ONE[0]) + "\n",
    "json": lambda: json.dumps(alphapose({f"{n}.jpg": [p] for n, p in enumerate(ONE)}), indent=1),
    "trc": lambda: written.trc(WORLD, [joint.replace("foot", "ankle") for joint in HOUSE.joints]),
}
CODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le")


def numbers(path):
    (found,) = datasets.read_any(path, size="1000x800")
    values = found.keypoints_px if hasattr(found, "keypoints_px") else found.world_mm
    return values.nan_to_num().numpy()


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("end", ["\r\n", "\r"], ids=["CRLF", "CR"])
@pytest.mark.parametrize("ending", TEXTS)
def test_line_ends_and_marks_do_not_matter(tmp_path, ending, end, coding):
    text = TEXTS[ending]()
    plain, other = tmp_path / f"plain.{ending}", tmp_path / f"other.{ending}"
    plain.write_bytes(text.encode())
    other.write_bytes(text.replace("\n", end).encode(coding))
    assert np.array_equal(numbers(plain), numbers(other))


@pytest.mark.parametrize("ending", TEXTS)
def test_a_files_name_decides_nothing(tmp_path, ending):
    text = TEXTS[ending]()
    (tmp_path / f"a.{ending}").write_text(text)
    (tmp_path / "b.data").write_text(text)
    assert np.array_equal(numbers(tmp_path / f"a.{ending}"), numbers(tmp_path / "b.data"))


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("0.00000-75.00000 1e-05 -2", "0.00000 -75.00000 1e-05 -2"),
        ("0,5 -1,25e-3", "0.5 -1.25e-3"),
        ("1.5, 2.5,\n3.5", "1.5  2.5 \n3.5"),
        ("1.5 12,5", "1.5 12,5"),  # damage, and named as such by who reads it
    ],
)
def test_numbers_as_programs_write_them(text, plain):
    assert plain_numbers(text) == plain


def test_what_is_no_text_is_not_taken_for_text():
    assert decoded(bytes(range(256)) * 4) is None
    assert decoded(b"1,2\r\n3,4\r\n\x1a\x00\x00") == "1,2\n3,4\n"


def zipped(*names: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return held.getvalue()


SEEN = {
    "film.mp4": (b"\x00\x00\x00\x20ftypisom" + bytes(40), "a film (mp4)", "2D pose detector"),
    "film.mov": (b"\x00\x00\x00\x14ftypqt  " + bytes(40), "QuickTime", "2D pose detector"),
    "film.avi": (b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(9), "avi", "2D pose detector"),
    "film.webm": (b"\x1aE\xdf\xa3" + bytes(40), "webm", "2D pose detector"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + bytes(40), "JPEG", "2D pose detector"),
    "a.png": (b"\x89PNG\r\n\x1a\n" + bytes(40), "PNG", "2D pose detector"),
    "a.heic": (b"\x00\x00\x00\x18ftypheic" + bytes(40), "HEIC", "2D pose detector"),
    "a.pkl": (pickle.dumps({"keypoints": [1, 2]}), "Python pickle", "numpy.savez"),
    "a.pt": (zipped("archive/data.pkl", "archive/data/0"), "PyTorch", "--lifter"),
    "a.onnx": (b"\x08\x07\x12\x07pytorch\x1a\x041.13" + bytes(9), "ONNX", "not networks"),
    "a.safetensors": (b"\x40\0\0\0\0\0\0\0" + b'{"a":{"dtype":"F32"}}', "safetensors", "networks"),
    "a.xlsx": (zipped("[Content_Types].xml", "xl/workbook.xml"), "Excel", "save it as CSV"),
    "a.xls": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(40), "xls", "save it as CSV"),
    "a.parquet": (b"PAR1" + bytes(40), "Parquet", "to_csv"),
    "a.zip": (zipped("clip/000.json"), "a zip archive", "unpack it"),
    "a.tar.gz": (b"\x1f\x8b\x08" + bytes(40), "gzip", "unpack it"),
    "a.fbx": (b"Kaydara FBX Binary  \x00\x1a\x00" + bytes(40), "FBX", "as BVH"),
    "a.glb": (b"glTF\x02\x00\x00\x00" + bytes(40), "glTF", "as BVH"),
    "a.mat": (b"MATLAB 5.0 MAT-file, Platform" + bytes(99), "MATLAB", "keypoints.csv"),
    "a.xml": (b'<?xml version="1.0"?><a/>', "XML", "convert"),
    "a.html": (b"<!DOCTYPE html><html>Sign in", "a web page", "download went wrong"),
    "a.bin": (bytes(range(1, 200)) + b"\x00\x00", "binary content of an unknown kind", "expected"),
}


@pytest.mark.parametrize("name", SEEN)
@pytest.mark.parametrize("called", ["its own", "a.json", "a.csv"])
def test_a_file_that_is_not_read_hears_what_it_seems_to_be(tmp_path, name, called):
    content, what, then = SEEN[name]
    path = tmp_path / (name if called == "its own" else called)
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        datasets.read_any(path)
    assert what in str(error.value) and then in str(error.value)
    assert path.name in str(error.value) and "\n" not in str(error.value)


def test_a_table_that_is_not_understood_hears_what_columns_are_called(tmp_path):
    (tmp_path / "a.csv").write_text("date,speed\nmonday,3\ntuesday,4\n")
    with pytest.raises(InputError, match=r"left_knee_x, left_knee_y.*frame.*person.*custom\.md"):
        datasets.read_any(tmp_path / "a.csv")
