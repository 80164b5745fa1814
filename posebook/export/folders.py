"""The folders that a lift is written into: whose each is, and what each is called."""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from posebook import paths
from posebook.errors import InputError
from posebook.export.formats import NAMES, ON_REQUEST
from posebook.export.people_page import NAME as PEOPLE_PAGE
from posebook.files import MOST_BYTES, read_record

#: The film of everybody, beside the page.
PEOPLE_FILM = "people.mp4"


def folder_names(names: Sequence[str]) -> list[str]:
    """A name for each clip that any file system takes, and no name twice.

    File systems count bytes, not letters, and some take A for a, or one spelling of an accent for
    another.
    """
    made: list[str] = []
    taken: Counter[str] = Counter()
    for name in names:
        letters = re.sub(r"[^\w.-]+", "_", unicodedata.normalize("NFC", name))
        plain = letters.encode()[:80].decode(errors="ignore").strip("._") or "clip"
        alike = unicodedata.normalize("NFC", plain.casefold())
        taken[alike] += 1
        made.append(f"{plain}~{taken[alike]}" if taken[alike] > 1 else plain)
    return made


def check_place(folder: Path, extras: Sequence[str] = ()) -> None:
    """Refuse a folder that cannot be made or written into, before any work is lost.

    extras  names of the files that are written beside the four
    """
    whole = folder.absolute()
    there = next(place for place in (whole, *whole.parents) if os.path.exists(place))
    if not there.is_dir():
        raise InputError(f"{paths.shown(there)}: is a file; --out expects a folder")
    if not os.access(there, os.W_OK | os.X_OK):
        raise InputError(f"{paths.shown(there)}: must not be written into; choose another --out")
    for name in (*NAMES, *extras):
        paths.keep_no_folder(folder / name)


def check_folder(folder: Path, source: Path, extras: Sequence[str] = ()) -> set[str]:
    """Refuse a folder that holds another input's results, too.

    Returns which files an earlier lift of this input wrote into it on request. One of `extras` that
    is there without having been written so is somebody's own, and is refused.
    """
    check_place(folder, extras)
    before: set[str] = set()
    # Folders that begin with a dot are what a killed lift left half written. What we must not look
    # into is nobody's results.
    for place in (folder, *folder.glob("[!.]*/")):
        there = [name for name in NAMES if os.path.exists(place / name)]
        if not there:
            if os.path.exists(place / PEOPLE_PAGE) and not any(place.glob("[!.]*/poses.json")):
                raise InputError(f"{place}: holds a {PEOPLE_PAGE} of something else; give another "
                                 "folder with --out, or remove it")  # fmt: skip
            continue
        try:
            expected = "what `posebook lift` wrote"
            record = read_record(place / "poses.json", expected, MOST_BYTES)
            first = record["input_path"]
            same = Path(first) == source.resolve()
            if place == folder:
                before = set(ON_REQUEST.values()).intersection(record.get("files", ()))
        except (OSError, ValueError, KeyError, TypeError):  # an InputError is a ValueError
            first, same = "something else", False
        if not same:
            raise InputError(
                f"{place}: holds {there[0]} of {first}; give another folder with --out, or "
                "remove it"
            )
    for name in extras:
        if os.path.exists(folder / name) and name not in before:
            raise InputError(
                f"{paths.shown(folder / name)}: is there already, and no lift wrote it; give "
                "another folder with --out, or move it away"
            )
    return before


def check_people_film(folder: Path, extras: Sequence[str]) -> bool:
    """Whether an earlier lift wrote a film of everybody; InputError where somebody else did, and
    one is to be written."""
    path = folder / PEOPLE_FILM
    if not os.path.exists(path):
        return False
    ours = any(
        "poses.mp4" in read_record(file, "poses.json of a lift", MOST_BYTES).get("files", ())
        for file in folder.glob("[!.]*/poses.json")
    )
    if not ours and "poses.mp4" in extras:
        paths.keep_no_folder(path)
        raise InputError(
            f"{paths.shown(path)}: is there already, and no lift wrote it; give another folder "
            "with --out, or move it away"
        )
    return ours
