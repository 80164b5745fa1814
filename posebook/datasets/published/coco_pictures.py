"""COCO key points with their photographs, and other sets in COCO's form.

    annotations/person_keypoints_train2017.json, person_keypoints_val2017.json (or of 2014)
    train2017/000000000009.jpg, val2017/...; or both below images/

An annotation is a person: `keypoints` x, y, v by turns, v being 0 not labelled, 1 hidden, 2 seen;
`bbox` x, y, width, height. Crowds and people without key points are left out. Marks name a pixel,
the first being 0, so that half a pixel is added: the middle of the first pixel is at 0.5.
Source: Lin et al. 2014, arXiv:1405.0312; cocodataset.org, "Data format".
"""

from pathlib import Path
from typing import Any

import numpy

from posebook.datasets.pictures.people import PicturePeople, of_arrays
from posebook.datasets.readers.files import read_json, short
from posebook.datasets.readers.picture_folders import pictures_of
from posebook.errors import InputError
from posebook.skeletons import COCO_17, Skeleton

NAME = "COCO key points"
TERMS = "annotations CC BY 4.0; pictures on their owners' terms"
SPLITS = ("train", "val")
#: From the number of a pixel to its middle.
HALF = 0.5
_EXPECTED = "COCO key points: images, annotations, categories"


def read(root: Path, split: str = "train", name: str = "coco") -> PicturePeople:
    """People of the training or the validation half. The test half has no published marks."""
    path = _file(root, split)
    year = "2014" if "2014" in path.name else "2017"
    folders = [f"{split}{year}", f"images/{split}{year}", "images", "."]
    return people_in(path, root, folders, COCO_17, NAME, split, TERMS)


def boxes_without_marks(root: Path, split: str = "train") -> dict[str, numpy.ndarray]:
    """Crowds and people without key points, whom `read` leaves out: boxes (n, 4), x, y, width,
    height in px, by the name of the picture. Whoever is found there may well be somebody."""
    path = _file(root, split)
    content = read_json(path, _EXPECTED)
    names = {str(one.get("id")): one["file_name"] for one in content["images"]}
    found: dict[str, list[numpy.ndarray]] = {}
    for one in content["annotations"]:
        if one.get("iscrowd") or not any(one.get("keypoints", [])[2::3]):
            where = f"{path}: annotation {short(one.get('id'))}: bbox"
            box = plain(one.get("bbox"), 4, where)
            found.setdefault(names.get(str(one.get("image_id")), ""), []).append(box)
    return {name: numpy.stack(boxes) for name, boxes in found.items()}


def _file(root: Path, split: str) -> Path:
    return annotation_file(root, split, SPLITS, [
        f"person_keypoints_{split}2017.json", f"person_keypoints_{split}2014.json",
        f"*coco*{split}*.json", "test_coco.json",
    ], "coco")  # fmt: skip


def annotation_file(
    root: Path, split: str, splits: tuple[str, ...], patterns: list[str], data: str
) -> Path:
    """The first file of these names in the folder or its `annotations` or `annot`."""
    if split not in splits:
        raise InputError(f"split is '{split}'; {data} has marks for {' and '.join(splits)}")
    for pattern in patterns:
        for folder in (root / "annotations", root / "annot", root / "annotation", root):
            if found := sorted(folder.glob(pattern)):
                return found[0]
    raise InputError(f"{root}: no {patterns[0]}; `posebook data info {data}` says how to get it")


def people_in(
    path: Path, root: Path, folders: list[str], skeleton: Skeleton, name: str, split: str,
    terms: str,
) -> PicturePeople:  # fmt: skip
    """Everybody in a COCO JSON, in a joint set of the same number of joints."""
    content = read_json(path, _EXPECTED)
    if not isinstance(content, dict) or not all(
        isinstance(content.get(key), list) for key in ("images", "annotations")
    ):
        raise InputError(f"{path}: no lists of images and annotations; expected {_EXPECTED}")
    images = {}
    for one in content["images"]:
        if not isinstance(one, dict) or not isinstance(one.get("file_name"), str):
            raise InputError(f"{path}: an image without file_name; expected {_EXPECTED}")
        images[str(one.get("id"))] = one
    names, sizes, numbers, boxes = [], [], [], []
    for one in content["annotations"]:
        if not isinstance(one, dict):
            raise InputError(f"{path}: an annotation is {short(one)}; expected {_EXPECTED}")
        where = f"{path}: annotation {short(one.get('id'))}"
        if one.get("iscrowd") or "keypoints" not in one:
            continue
        marks = plain(one["keypoints"], 3 * len(skeleton), f"{where}: keypoints")
        marks = marks.reshape(-1, 3)
        if not (marks[:, 2] > 0).any():
            continue
        image = images.get(str(one.get("image_id")))
        if image is None:
            raise InputError(f"{where}: its image {short(one.get('image_id'))} is not listed")
        box = plain(one.get("bbox"), 4, f"{where}: bbox")
        names.append(image["file_name"])
        size = image.get("width"), image.get("height")
        sizes.append(size if all(type(side) is int for side in size) else None)
        numbers.append(marks)
        boxes.append(box)
    if not names:
        raise InputError(f"{path}: nobody in it has key points; expected {_EXPECTED}")
    found = pictures_of(root, folders, names, sizes)
    marks = numpy.stack(numbers)[found.rows]
    visible = numpy.clip(marks[..., 2], 0, 2).round()
    if not (marks[..., 2] == 2).any():  # some converters know labelled, 1, and not, 0, alone
        visible = 2 * (marks[..., 2] > 0)
    return of_arrays(
        name, split, skeleton, found.files, [names[row] for row in found.rows],
        marks[..., :2] + HALF, visible, picture=found.picture,
        box_px=numpy.stack(boxes)[found.rows], terms=terms, notes=found.notes,
        missing=found.missing,
    )  # fmt: skip


def plain(values: Any, count: int, where: str) -> numpy.ndarray:
    """So many finite numbers out of a JSON list."""
    try:
        array = numpy.array(values, dtype=numpy.float64)
    except (TypeError, ValueError, OverflowError):
        array = numpy.zeros(0)
    if array.shape != (count,) or not numpy.isfinite(array).all():
        raise InputError(f"{where} is {short(values)}; expected {count} numbers")
    return array
