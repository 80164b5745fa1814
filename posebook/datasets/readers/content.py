"""What a file that no reader takes seems to be, by its first bytes, and what to do with it.

People drop films, pictures, spreadsheets and model files on a program that wants key points. Each
of these begins with bytes of its own, whatever its name ends in. A file that is read nowhere hears
what it seems to be and what to do next.
"""

import re
import zipfile
from pathlib import Path

from posebook.errors import InputError

#: So much of a file is looked at.
HEAD = 64 << 10
_FILM = "`posebook lift` finds the people in a film; here, give a 2D pose detector's key points"
_PICTURE = (
    "`posebook lift` finds the person in a picture; here, give a 2D pose detector's key points"
)
_ARCHIVE = "unpack it and give the file or folder that is inside"
_MODEL = "this takes key points, not networks; `--lifter` takes a lifter that a chapter wrote"
_SHEET = "save it as CSV, with columns such as left_knee_x, left_knee_y"
_SCENE = "export the skeleton's motion as BVH (in Blender: File, Export, Motion Capture)"

# (where in the file, the bytes there, what it is, what to do)
_MAGIC: tuple[tuple[int, bytes, str, str], ...] = (
    (0, b"\xff\xd8\xff", "a JPEG picture", _PICTURE),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture", _PICTURE),
    (0, b"GIF8", "a GIF picture", _PICTURE),
    (0, b"BM", "a BMP picture", _PICTURE),
    (0, b"II*\x00", "a TIFF picture", _PICTURE),
    (0, b"MM\x00*", "a TIFF picture", _PICTURE),
    (8, b"WEBP", "a WebP picture", _PICTURE),
    (4, b"jP  \r\n", "a JPEG 2000 picture", _PICTURE),
    (4, b"ftyphei", "a HEIC picture", _PICTURE),
    (4, b"ftypmif", "a HEIC picture", _PICTURE),
    (4, b"ftypavif", "an AVIF picture", _PICTURE),
    (4, b"ftypqt", "a QuickTime film (mov)", _FILM),
    (4, b"ftyp", "a film (mp4)", _FILM),
    (4, b"moov", "a QuickTime film (mov)", _FILM),
    (4, b"mdat", "a QuickTime film (mov)", _FILM),
    (8, b"AVI ", "a film (avi)", _FILM),
    (0, b"\x1aE\xdf\xa3", "a film (mkv or webm)", _FILM),
    (0, b"FLV", "a film (flv)", _FILM),
    (0, b"\x00\x00\x01\xba", "a film (mpeg)", _FILM),
    (0, b"\x00\x00\x01\xb3", "a film (mpeg)", _FILM),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a film (wmv)", _FILM),
    (8, b"WAVE", "a sound file", "there are no key points in it"),
    (0, b"ID3", "a sound file", "there are no key points in it"),
    (0, b"Kaydara FBX Binary", "an FBX scene", _SCENE),
    (0, b"; FBX ", "an FBX scene (as text)", _SCENE),
    (0, b"glTF", "a glTF scene (glb)", _SCENE),
    (0, b"BLENDER", "a Blender file", _SCENE),
    (0, b"PXR-USDC", "a USD scene", _SCENE),
    (0, b"PAR1", "a Parquet table",
     "write it as CSV: pandas.read_parquet(FILE).to_csv('keypoints.csv')"),
    (0, b"ARROW1", "a Feather table",
     "write it as CSV: pandas.read_feather(FILE).to_csv('keypoints.csv')"),
    (0, b"SQLite format 3", "an SQLite database", "write its table of key points as CSV"),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file (xls)", _SHEET),
    (0, b"%PDF", "a PDF document", "there are no key points in it"),
    (0, b"\x1f\x8b", "a gzip archive", _ARCHIVE),
    (0, b"7z\xbc\xaf'\x1c", "a 7z archive", _ARCHIVE),
    (0, b"Rar!", "a RAR archive", _ARCHIVE),
    (0, b"BZh", "a bzip2 archive", _ARCHIVE),
    (0, b"\xfd7zXZ", "an xz archive", _ARCHIVE),
    (0, b"(\xb5/\xfd", "a zstd archive", _ARCHIVE),
    (257, b"ustar", "a tar archive", _ARCHIVE),
    (4, b"TFL3", "a TensorFlow Lite network", _MODEL),
    (0, b"#ROSBAG", "a ROS bag", "export its key points as CSV"),
    (0, b"MATLAB 5.0 MAT-file", "a MATLAB file (mat)",
     "write its key points in MATLAB: writematrix(reshape(points, frames, []), 'keypoints.csv')"),
)  # fmt: skip
_IN_ZIP = (
    (r"xl/", "an Excel workbook (xlsx)", _SHEET),
    (r"word/|ppt/", "an Office document", _SHEET),
    (r"content\.xml$", "an OpenDocument file (ods)", _SHEET),
    (r".*data\.pkl$", "a PyTorch checkpoint (pt, pth)", _MODEL),
    (r".*\.(tflite|bin)$", "a network packed for MediaPipe or another program", _MODEL),
)


def seems(head: bytes, path: Path | str) -> tuple[str, str] | None:
    """(what a file seems to be, what to do with it) by its beginning; None for what is unknown."""
    for place, magic, what, then in _MAGIC:
        if head[place : place + len(magic)] == magic:
            return (what, then) if magic != b"BM" or b"\x00" in head[:16] else None
    if head.startswith(b"PK\x03\x04"):
        names = zip_names(path, head)
        for pattern, what, then in _IN_ZIP:
            if re.search(f"(?m)^{pattern}", names):
                return what, then
        return "a zip archive", _ARCHIVE
    if re.match(rb"\x80[\x02-\x05]", head):
        if b"torch" in head[:4096]:
            return "a PyTorch checkpoint (pt, pth)", _MODEL
        return "a Python pickle", (
            "a pickle is a program, and none is run here: write its arrays as .npz, "
            "numpy.savez('keypoints.npz', keypoints_px=points, confidence=scores)"
        )
    if re.match(rb"[\x10-\xff].{7}\{\"", head, re.DOTALL):
        return "a safetensors file", _MODEL
    if head.startswith(b"\x08") and re.search(rb"onnx|pytorch|ai\.|main_graph|Conv|tf2", head):
        return "an ONNX network", _MODEL
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "a web page", "the download went wrong; fetch the file itself"
    if start.startswith(b"<"):
        return "an XML file", "convert it to BVH, TRC, CSV or JSON"
    return None


def refused(path: Path | str, head: bytes, expected: str) -> InputError:
    """The one line for a file that no reader takes."""
    found = seems(head, path)
    if found is None:
        if b"\x00" not in head[:4096]:
            return InputError(f"{path}: text that no reader knows; expected {expected}")
        return InputError(
            f"{path}: binary content of an unknown kind, not text; expected {expected}"
        )
    what, then = found
    return InputError(f"{path}: seems to be {what}, which is not read; {then}")


def zip_names(path: Path | str, head: bytes) -> str:
    """The names in a zip archive, a line each; those in its beginning where it is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return "\n".join(archive.namelist()[:1000])
    except Exception:  # a damaged archive makes zipfile raise a dozen kinds
        found = re.findall(rb"PK\x03\x04.{26}([\w./ \-]{1,200}?)(?=[\x80-\xff\x00-\x1f]|$)", head)
        return "\n".join(name.decode() for name in found)
