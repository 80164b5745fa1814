"""People in pictures as training sets of lifters: key points as a detector finds them.

    train, test = training_sets.train_and_test("rendered_plain", keypoints="hourglass.safetensors")

Chapters 12 and 15 load their data here.
"""

from pathlib import Path
from typing import Any

import torch

from posebook import datasets
from posebook.datasets import pictures
from posebook.datasets.clips import Clip, PoseDataset
from posebook.datasets.pictures.loading import NAMES, RENDERED
from posebook.datasets.pictures.people import SEEN, PicturePeople
from posebook.datasets.readers.files import listed
from posebook.datasets.readers.photographs import UNRELATED
from posebook.detection.detector import Detector, keypoints_of
from posebook.detection.shipped import SHIPPED, load
from posebook.errors import InputError
from posebook.key_points import MIN_CONFIDENCE
from posebook.skeletons import HOUSE, conversion

#: With fewer people there is nothing to learn or to score.
FEWEST = 64


def train_and_test(
    data: str, *, keypoints: str | Path = "true", held_out: bool = False, **options: Any
) -> tuple[PoseDataset, PoseDataset]:
    """The training and the test half of a data set: of motions, or of pictures.

    data       rendered_plain and rendered_wild; with a detector any set of
               `datasets.pictures.load`; else any of `datasets.load`
    keypoints  a detector's file (.safetensors), or the name of a shipped one: it finds everybody
               in the square that the set says. 'true': those that the set marks
    held_out   of pictures: 'val' in place of 'test'
    options    as in `datasets.train_and_test`; of pictures only `root` counts
    """
    finds = str(keypoints) in SHIPPED or str(keypoints).endswith(".safetensors")
    if not finds and data not in RENDERED:
        return datasets.train_and_test(data, keypoints=keypoints, held_out=held_out, **options)
    if data not in NAMES:
        raise InputError(
            f"keypoints {keypoints}: a detector looks at pictures, and {data} has none; expected "
            f"data {listed(NAMES)}"
        )
    if not finds and keypoints != "true":
        raise InputError(f"{data}: no key points '{keypoints}'; expected 'true' or a detector file")
    detector = load(keypoints) if finds else None
    halves = ("train", "val" if held_out else "test")
    both = (pictures.load(data, options.get("root"), split) for split in halves)
    train, test = (as_poses(people, detector) for people in both)
    return train, test


def as_poses(people: PicturePeople, detector: Detector | None = None) -> PoseDataset:
    """People in pictures as one clip of house joints, a frame each, with their true poses.

    detector  finds the key points; None: those that the set marks
    A joint that the detector is not sure of counts as not seen, as it does in a lift. Whoever lacks
    a joint is left out. InputError where fewer than `FEWEST` are left.
    """
    house = people.as_joints(HOUSE)
    split = people.split
    if detector is None:
        points, confidence = house.keypoints_px, house.visible.float() / SEEN
        notes = house.notes
    else:
        convert = conversion(detector.skeleton, HOUSE)
        found, scores = keypoints_of(people, detector)
        sure = scores >= MIN_CONFIDENCE
        found = torch.where(sure.unsqueeze(-1), found, torch.nan)
        points, confidence = convert(found, torch.where(sure, scores, 0.0))
        split += f", found by {detector.name}"
        notes = (convert.describe(),)
    whole = torch.isfinite(points).all((1, 2))
    left = f"all joints of {int(whole.sum())} of {len(people)} people are seen"
    if whole.sum() < FEWEST:
        raise InputError(f"{people.name} {split}: {left}; expected at least {FEWEST}")
    pose_mm = None if house.pose_mm is None else house.pose_mm[whole]
    clip = Clip(
        f"{people.name} {people.split}", HOUSE, None, points[whole], confidence[whole],
        pose_mm=pose_mm, size_px=_size_of(people), action="pictures",
        notes=(UNRELATED, *notes, left),
    )  # fmt: skip
    return PoseDataset(people.name, split, (clip,), people.terms, people.notes)


def _size_of(people: PicturePeople) -> tuple[int, int] | None:
    """Width and height of rendered pictures, which are all as large; None for others."""
    if people.name not in RENDERED:
        return None
    tall, wide = people.pictures[0].shape[:2]
    return wide, tall
