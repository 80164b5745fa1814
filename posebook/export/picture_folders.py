"""Which files are pictures, and what else may lie in a folder of them."""

from pathlib import Path

from posebook import paths
from posebook.datasets.pictures import film_files, picture_files
from posebook.datasets.readers import keypoint_files
from posebook.errors import InputError
from posebook.lifting.notes import Note

EXPECTED = "a picture (JPEG, PNG, WebP, TIFF, ...), or a folder of pictures"
SUFFIXES = (".jpg", ".jpeg", ".jpe", ".png", ".webp", ".tif", ".tiff", ".bmp", ".gif", ".ppm",
            ".jp2", ".avif", ".heic", ".heif")  # fmt: skip
#: A folder with such files holds key points or motion capture, and perhaps pictures beside them.
_OTHERS = (".json", ".bvh", ".amc", ".asf")


def are(source: Path) -> bool:
    """Whether a file is a picture, or a folder holds pictures and nothing else that is lifted.

    InputError, one line, for a folder with films alone: each is lifted by itself.
    """
    if not source.is_dir():
        return is_picture(source)
    files = _files(source)
    if any(map(_is_other, files)):
        return False
    films = [file for file in files if film_files.is_film(file)]
    if any(is_picture(file) for file in files if file not in films):
        return True
    if films:
        raise InputError(
            f"{source}: holds films and no picture; give each by itself, such as "
            f"{paths.shown(films[0])}"
        )
    return False


def pictures(folder: Path) -> tuple[list[Path], list[Note]]:
    """The pictures of a folder, by what is in the file or what its name says that there is; and a
    note on films that lie among them."""
    files = _files(folder)
    films = [file for file in files if film_files.is_film(file)]
    found = [f for f in files if f not in films and (f.suffix.lower() in SUFFIXES or is_picture(f))]
    if not found:
        raise InputError(f"{folder}: holds no picture; expected {EXPECTED}")
    if not films:
        return found, []
    names = ", ".join(film.name for film in films[:3]) + (", ..." if films[3:] else "")
    text = f"{len(films)} film{'s' * (len(films) > 1)} in {folder}: {names}; give each by itself."
    return found, [Note("left out", text, dict(films=len(films)))]


def is_picture(file: Path) -> bool:
    """Whether a file begins as a picture does."""
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            return picture_files.is_picture(opened.read(64), file)
    except OSError:
        return False


def _is_other(file: Path) -> bool:
    """Whether a file is what a folder of key points or of motion capture holds. Text may be about
    anything."""
    if file.suffix.lower() == ".txt":
        return file.stat().st_size > 0 and keypoint_files.is_label(file)
    return file.suffix.lower() in _OTHERS


def _files(folder: Path) -> list[Path]:
    """The files of a folder by their names; hidden ones are what systems leave behind."""
    try:
        found = sorted(folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror})") from None
    return [file for file in found if not file.name.startswith(".") and file.is_file()]
