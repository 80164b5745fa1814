"""Rendered people as they lie on disk: packed JPEGs with their key points in an .npz file.

    jpeg          (bytes,) uint8        all pictures, one JPEG after the other
    ends          (n,) int64            where each one ends
    keypoints_px  (n, joints, 2) float32, visible (n, joints) int8 (0 not labelled, 1 hidden,
                  2 seen), pose_mm (n, joints, 3) float32 in camera axes, box_px (n, 4) float32,
                  head_px (n,) float32, camera (n, 4) float32: fx, fy, cx, cy in px
    about         JSON text as uint8: {"domain", "split", "size", "points": [names of joints], ...}

Each picture is a square crop around its person already, as a detector would give it. The joints
are the house's 17, then landmarks of other sets by name.
"""

from pathlib import Path
from typing import Any

import numpy

from posebook import paths
from posebook.datasets.pictures.people import PicturePeople, of_arrays
from posebook.datasets.pictures.picture_files import PackedPictures
from posebook.datasets.readers.files import existing, listed, parsed, short
from posebook.datasets.readers.safe_pickle import read_npz
from posebook.errors import InputError
from posebook.skeletons import HOUSE, Skeleton

TERMS = "made with MakeHuman's mesh, CC0"
SPLITS = ("train", "val", "test")
#: Name, kind of numbers, and sizes of the axes behind the first; None: the joints.
_ARRAYS = (
    ("keypoints_px", "f", (None, 2)), ("visible", "iu", (None,)), ("pose_mm", "f", (None, 3)),
    ("box_px", "f", (4,)), ("head_px", "f", ()), ("camera", "f", (4,)),
)  # fmt: skip
_EXPECTED = "packed pictures: jpeg, ends, keypoints_px, visible, pose_mm, box_px, head_px, about"


def load(
    name: str, root: Path | str | None = None, split: str = "train", size: int | None = None
) -> PicturePeople:
    """The pictures of one domain and split: those in `root`, or that this checkout has.

    root  an .npz file or a folder of them; None: the small set that is shipped, and never one that
          was made here, so that a chapter's numbers are the same on every machine
    size  of the pictures in px; None: the largest that there is. Where no file has that size the
          next larger one is taken (`PicturePeople.crops` brings them to any size), else the largest
    """
    files = find(name, root, split)
    held = [(path, *_about(path)) for path in files]
    fitting = [one for one in held if (one[1]["domain"], one[1]["split"]) == (name, split)]
    if not fitting:
        there = sorted({f"{about['domain']} {about['split']}" for _, about, _ in held})
        raise InputError(
            f"{paths.shown(files[0].parent)}: holds {listed(there)}; expected {name} {split}"
        )
    sizes = sorted({about["size"] for _, about, _ in fitting})
    larger = [one for one in sizes if size is None or one >= size]
    taken = sizes[-1] if size is None or not larger else larger[0]
    return joined([_people(*one) for one in fitting if one[1]["size"] == taken])


def find(name: str, root: Path | str | None, split: str) -> list[Path]:
    """The files of a domain and split by their names, sorted: `<split>-*.npz` in the domain's own
    folder, `<domain>*<split>*.npz` in one of several."""
    folders = [paths.DATA / "rendered" / name]
    if root is not None:
        root = existing(root, f"the pictures of {name}")
        if root.is_file():
            return [root]
        folders = [root / name, root]
    for folder in folders:
        for pattern in (f"{split}-*.npz", f"{name}*{split}*.npz"):
            if found := sorted(folder.glob(pattern)):
                return found
    raise InputError(
        f"{paths.shown(folders[-1])}: no pictures of {name} {split}; `posebook data make {name}` "
        "makes them"
    )


def read(path: Path | str) -> PicturePeople:
    """One file, checked. InputError names what is wrong with it."""
    return _people(Path(path), *_about(Path(path)))


def joined(parts: list[PicturePeople]) -> PicturePeople:
    """Several files of one set as one."""
    if len(parts) == 1:
        return parts[0]
    if len({part.skeleton.joints for part in parts}) != 1:
        raise InputError(f"{parts[0].pictures.where}: its joints are not those of the other files")
    jpeg, ends, base = [], [], 0
    for part in parts:
        jpeg.append(part.pictures.jpeg)
        ends.append(part.pictures.ends + base)
        base += len(part.pictures.jpeg)
    where = f"{parts[0].pictures.where} and {len(parts) - 1} more"
    arrays = {
        name: numpy.concatenate([getattr(part, name).numpy() for part in parts])
        for name in ("keypoints_px", "visible", "pose_mm", "box_px", "centre_px", "side_px",
                     "head_px", "camera")
    }  # fmt: skip
    pictures = PackedPictures(numpy.concatenate(jpeg), numpy.concatenate(ends), where)
    names = [name for part in parts for name in part.names]
    first = parts[0]
    return of_arrays(first.name, first.split, first.skeleton, pictures, names, **arrays,
                     terms=TERMS, notes=first.notes)  # fmt: skip


def _about(path: Path) -> tuple[dict[str, Any], dict[str, numpy.ndarray]]:
    """(what the file says about itself, its arrays)."""
    found = read_npz(path)
    text = found.get("about")
    if not isinstance(text, numpy.ndarray) or text.dtype != numpy.uint8 or text.ndim != 1:
        raise InputError(f"{path}: holds {listed(found)}; expected {_EXPECTED}")
    try:
        about = parsed(text.tobytes().decode("utf-8"), f"{path}: about", "JSON")
    except UnicodeDecodeError:
        raise InputError(f"{path}: about is not text in UTF-8; expected JSON") from None
    for name, kind in (("domain", str), ("split", str), ("size", int), ("points", list)):
        if not isinstance(about, dict) or type(about.get(name)) is not kind:
            value = short(about.get(name)) if isinstance(about, dict) else short(about)
            raise InputError(f"{path}: about has {name} {value}; expected {kind.__name__}")
    joints = about["points"]
    if not all(isinstance(name, str) for name in joints) or len(set(joints)) != len(joints):
        raise InputError(f"{path}: about names its joints {listed(joints)}; expected each once")
    if tuple(joints[: len(HOUSE)]) != HOUSE.joints:
        raise InputError(f"{path}: its first joints are {listed(joints, 4)}; expected the house's")
    return about, found


def _people(path: Path, about: dict[str, Any], found: dict[str, Any]) -> PicturePeople:
    skeleton = skeleton_of(about["points"])
    jpeg, ends = found.get("jpeg"), found.get("ends")
    whole = isinstance(jpeg, numpy.ndarray) and isinstance(ends, numpy.ndarray)
    if not whole or jpeg.dtype != numpy.uint8 or ends.dtype.kind not in "iu" or not ends.size:
        raise InputError(f"{path}: jpeg and ends are not there; expected {_EXPECTED}")
    ends = ends.reshape(-1).astype(numpy.int64)
    if (numpy.diff(ends, prepend=0) <= 0).any() or ends[-1] != len(jpeg):
        raise InputError(f"{path}: ends does not rise to the {len(jpeg)} bytes of jpeg; cut short?")
    arrays = {}
    for name, kind, axes in _ARRAYS:
        shape = (len(ends), *(len(skeleton) if axis is None else axis for axis in axes))
        array = found.get(name)
        if (
            not isinstance(array, numpy.ndarray)
            or array.shape != shape
            or (array.dtype.kind not in kind)
        ):
            has = f"{array.dtype} {array.shape}" if isinstance(array, numpy.ndarray) else "none"
            raise InputError(f"{path}: {name} is {has}; expected {shape}")
        arrays[name] = array
    size, count = about["size"], len(ends)
    return of_arrays(
        about["domain"], about["split"], skeleton, PackedPictures(jpeg, ends, f"{path}"),
        [f"{path.stem}/{row}" for row in range(count)], **arrays,
        centre_px=numpy.full((count, 2), size / 2), side_px=numpy.full(count, size), terms=TERMS,
    )  # fmt: skip


def skeleton_of(joints: list[str]) -> Skeleton:
    """The house skeleton with further landmarks, which hang on nothing."""
    extra = joints[len(HOUSE) :]
    if not extra:
        return HOUSE
    parents = (*HOUSE.parents, *[None] * len(extra))
    return Skeleton(f"house_and_{len(extra)}", tuple(joints), parents, HOUSE.root,
                    "the house skeleton and landmarks of rendered bodies")  # fmt: skip
