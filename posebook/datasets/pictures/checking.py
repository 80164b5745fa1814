"""Whether a folder holds a set of pictures: every half, its pictures, none of them cut short."""

from pathlib import Path
from typing import Any

from posebook.datasets.pictures.loading import load
from posebook.datasets.pictures.people import PicturePeople
from posebook.datasets.pictures.picture_files import PictureFiles
from posebook.datasets.published import mpii_pictures
from posebook.datasets.readers.files import listed
from posebook.datasets.readers.picture_folders import is_cut
from posebook.errors import InputError

#: Sets of pictures that are drawn here.
RENDERED = ("rendered_plain", "rendered_wild")
#: The halves of each set that have marks.
SPLITS = {
    **dict.fromkeys(RENDERED, ("train", "val", "test")),
    "mpii": ("train", "val"),
    "lsp": ("train",),
    "lspet": ("train",),
    "coco": ("train", "val"),
    "human36m_pictures": ("train", "test"),
    "mpi_inf_3dhp_pictures": ("train", "val", "test"),
    "ai_challenger": ("train", "val"),
}


def check(root: Path, found: Any) -> Any:
    """Each half that has marks, and its pictures, into `found`, a `folders.Check`."""
    for split in SPLITS[found.name]:
        for ok, line in lines(found.name, root, split):
            found.say(ok, line)
    return found


def check_mpii(root: Path, found: Any) -> bool:
    """MPII with its photographs; False where there is only an array of poses, or nothing."""
    if not any(any(mpii_pictures.files(root, split)) for split in mpii_pictures.SPLITS):
        return False
    check(root, found)
    return True


def say_photographs(root: Path, found: Any, name: str) -> None:
    """LSP's photographs, which only `datasets.pictures` needs."""
    for ok, line in lines(name, root, "train"):
        found.say(ok or None, line)


def lines(name: str, root: Path, split: str) -> list[tuple[bool, str]]:
    """What there is of one half, and what is missing: (whether that is as it should be, a line)."""
    try:
        people = load(name, root, split)
    except InputError as error:
        return [(False, f"{split}: {error}")]
    made = [(True, f"{split}: {len(people)} people in {len(people.pictures)} pictures")]
    if people.missing:
        names = listed(people.missing, 4)
        made.append((False, f"{split}: {len(people.missing)} pictures are not there: {names}"))
    if cut := _cut(people):
        made.append((False, f"{split}: {len(cut)} pictures are cut short: {listed(cut, 4)}"))
    return made


def _cut(people: PicturePeople) -> list[str]:
    if not isinstance(people.pictures, PictureFiles):
        return []
    return [path.name for path in people.pictures.paths if is_cut(path)]
