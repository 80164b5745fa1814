"""AI Challenger's key points with their photographs: 14 joints, 2D.

    ai_challenger_keypoint_train_20170909/ (or ..._20170902; also validation_20170911)
        keypoint_train_annotations_20170909.json
        keypoint_train_images_20170902/<image_id>.jpg

    [{"image_id", "human_annotations": {"human1": [x1, y1, x2, y2]},
      "keypoint_annotations": {"human1": [x, y, v, ...]}}]; v is 1 seen, 2 hidden, 3 not labelled

or mmpose's `annotations/aic_train.json`, in COCO's form and with COCO's v.
Source: Wu et al. 2017, arXiv:1711.06475; the set's own annotation notes.
"""

from pathlib import Path

import numpy

from posebook.datasets.pictures.people import HIDDEN, SEEN, PicturePeople, of_arrays
from posebook.datasets.published.coco_pictures import HALF, people_in, plain
from posebook.datasets.readers.files import read_json, short
from posebook.datasets.readers.picture_folders import pictures_of
from posebook.errors import InputError
from posebook.skeletons import Skeleton

NAME = "AI Challenger"
TERMS = "research use, on the terms of challenger.ai"
SPLITS = {"train": "train", "val": "validation"}
_EXPECTED = "AI Challenger's list of image_id, human_annotations, keypoint_annotations"

AIC_14 = Skeleton(
    "aic_14",
    ("right_shoulder", "right_elbow", "right_wrist", "left_shoulder", "left_elbow", "left_wrist",
     "right_hip", "right_knee", "right_foot", "left_hip", "left_knee", "left_foot", "head_top",
     "neck"),
    ("neck", "right_shoulder", "right_elbow", "neck", "left_shoulder", "left_elbow",
     "neck", "right_hip", "right_knee", "neck", "left_hip", "left_knee", "neck", None),
    None,
    "AI Challenger, Wu et al. 2017 (its ankles are called left_foot, right_foot here)",
)  # fmt: skip


def read(root: Path, split: str = "train", name: str = "ai_challenger") -> PicturePeople:
    """People of the training or the validation half."""
    if split not in SPLITS:
        raise InputError(f"split is '{split}'; {NAME} has marks for train and val")
    word = SPLITS[split]
    found = [
        path
        for pattern in (f"keypoint_{word}_annotations*.json", f"aic_{split}.json", "test_aic.json")
        for path in sorted([*root.glob(pattern), *root.glob(f"*/{pattern}")])
    ]
    if not found:
        raise InputError(
            f"{root}: no keypoint_{word}_annotations_*.json; `posebook data info ai_challenger` "
            "says how to get it"
        )
    folders = [
        str(path.relative_to(root))
        for pattern in (f"keypoint_{word}_images*", f"*/keypoint_{word}_images*")
        for path in sorted(root.glob(pattern))
    ]
    folders = folders or [f"keypoint_{word}_images"]
    path = found[0]
    if not path.name.startswith("keypoint_"):
        return people_in(path, root, [*folders, "images", "."], AIC_14, NAME, split, TERMS)
    return _release(path, root, folders, split)


def _release(path: Path, root: Path, folders: list[str], split: str) -> PicturePeople:
    content = read_json(path, _EXPECTED)
    names, numbers, boxes = [], [], []
    for one in content if isinstance(content, list) else [None]:
        fields = ("image_id", "human_annotations", "keypoint_annotations")
        kinds = (str, dict, dict)
        if not isinstance(one, dict) or not all(
            isinstance(one.get(field), kind) for field, kind in zip(fields, kinds, strict=True)
        ):
            raise InputError(f"{path}: an entry is {short(one)}; expected {_EXPECTED}")
        for who, values in one["keypoint_annotations"].items():
            where = f"{path}: {one['image_id']:.60} {who:.20}"
            marks = plain(values, 42, where).reshape(14, 3)
            if not (marks[:, 2] < 3).any():
                continue
            corners = plain(one["human_annotations"].get(who), 4, f"{where}: box")
            names.append(f"{one['image_id']}.jpg")
            numbers.append(marks)
            boxes.append([*corners[:2], *(corners[2:] - corners[:2])])
    if not names:
        raise InputError(f"{path}: nobody in it has key points; expected {_EXPECTED}")
    found = pictures_of(root, folders, names)
    marks = numpy.stack(numbers)[found.rows]
    visible = numpy.select([marks[..., 2] == 1, marks[..., 2] == 2], [SEEN, HIDDEN], 0)
    return of_arrays(
        NAME, split, AIC_14, found.files, [names[row] for row in found.rows],
        marks[..., :2] + HALF, visible, picture=found.picture,
        box_px=numpy.array(boxes)[found.rows], terms=TERMS, notes=found.notes,
        missing=found.missing,
    )  # fmt: skip
