"""Sets of pictures by their names."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path

from posebook.datasets.pictures.people import PicturePeople
from posebook.datasets.readers.files import existing, one_of
from posebook.errors import InputError

RENDERED = ("rendered_plain", "rendered_wild")
#: The reader of each set of photographs, in `datasets.published`.
PUBLISHED = {
    "mpii": "mpii_pictures",
    "lsp": "lsp_pictures",
    "lspet": "lsp_pictures",
    "coco": "coco_pictures",
    "human36m_pictures": "human36m_pictures",
    "mpi_inf_3dhp_pictures": "mpi_inf_3dhp_pictures",
    "ai_challenger": "ai_challenger",
}
NAMES = (*RENDERED, *PUBLISHED)


def load(
    name: str,
    root: Path | str | None = None,
    split: str = "train",
    size: int | None = None,
) -> PicturePeople:
    """A set of people in pictures.

    name   rendered_plain, rendered_wild, mpii, lsp, lspet, coco, human36m_pictures,
           mpi_inf_3dhp_pictures or ai_challenger
    root   the folder that holds it; the rendered sets have one of their own
    split  'train', 'val' or 'test', as far as the set has them with labels
    size   of the rendered pictures, px (see `rendered_sets.load`); photographs keep their own
    """
    one_of("data set of pictures", name, NAMES)
    if name in RENDERED:
        from posebook.datasets.pictures import rendered_sets

        one_of("split", split, rendered_sets.SPLITS)
        return rendered_sets.load(name, root, split, size)
    if root is None:
        raise InputError(f"{name}: needs root=, the folder that holds it (-p root DIR for a "
                         "chapter, --root DIR for a command)")  # fmt: skip
    root = existing(root, f"the folder with the pictures and annotations of {name}")
    if not root.is_dir():
        raise InputError(f"{root}: is a file; expected the folder that holds {name}")
    read: Callable[..., PicturePeople] = import_module(
        f"posebook.datasets.published.{PUBLISHED[name]}"
    ).read
    return read(root, split, name)
