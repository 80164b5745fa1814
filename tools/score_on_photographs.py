"""PCK of detectors on photographs with marks, beside the mean pose.

    python tools/score_on_photographs.py DETECTOR ... --set coco DIR val --set mpii DIR train

A set is a name of `datasets.pictures.load`, its folder and its half. Scored are the twelve joints
of arms and legs, pooled over all people who have their left shoulder and right hip marked: right is
what lies within a fifth of that distance (PCK.2; Yang and Ramanan 2013). Everybody is cut out by
the set's own box: the question is where the joints are, not where the person is.

Beside it: the mean place of each joint in the crops of `rendered_wild`, and of these very people,
which is more than a guess could know. The last number forgives exchanged left and right.
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from posebook import detection, results
from posebook.datasets import pictures
from posebook.datasets.pictures import crops
from posebook.datasets.pictures.people import PicturePeople
from posebook.metrics.pictures import LIMBS, pooled, relative_errors

TWINS = [1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10]
SIZE = 128  # px of a crop
THRESHOLD = 0.2  # of the torso


class Scored(NamedTuple):
    """Limbs (n, 12, 2) and torso (n,) in px of crops of SIZE, NaN: no mark; (n, 2, 3) from px of
    the pictures into these."""

    people: PicturePeople
    matrix: Tensor
    limbs: Tensor
    torso: Tensor


def scored(people: PicturePeople) -> Scored:
    """Those of a set who can be scored."""
    held = people.crops(SIZE)
    limbs = held.keypoints_px[:, people.skeleton.indices(*LIMBS)]
    shoulder, hip = LIMBS.index("left_shoulder"), LIMBS.index("right_hip")
    torso = torch.linalg.vector_norm(limbs[:, shoulder] - limbs[:, hip], dim=-1)
    kept = (torso > 0).nonzero().flatten()
    return Scored(people.rows(kept), held.matrix[kept], limbs[kept], torso[kept])


def found_limbs(some: Scored, detector: detection.Detector) -> Tensor:
    """What a detector finds of the limbs (n, 12, 2), px of the crops of SIZE."""
    points_px, _ = detection.keypoints_of(some.people, detector)
    return crops.points(some.matrix, points_px[:, detector.skeleton.indices(*LIMBS)])


def shares(found: Tensor, limbs: Tensor, torso: Tensor) -> tuple[float, float]:
    """PCK.2 in percent, and with left and right exchanged where that is better."""
    errors = relative_errors(found, limbs, torso)
    exchanged = relative_errors(found[:, TWINS], limbs, torso)
    return pooled(errors, THRESHOLD), pooled(torch.minimum(errors, exchanged), THRESHOLD)


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--set", nargs=3, action="append", required=True, metavar=("NAME", "DIR", "HALF"))
    add("detectors", nargs="*", metavar="DETECTOR", help="a shipped one, or a file")
    add("--keep", action="store_true", help="put the numbers into data/ledger.jsonl")
    options = parser.parse_args(words)
    sets = [scored(pictures.load(name, folder, half)) for name, folder, half in options.set]
    truth = torch.cat([some.limbs for some in sets])
    torso = torch.cat([some.torso for some in sets])
    marks = int(torch.isfinite(truth).all(-1).sum())
    print(f"{len(torso)} people, {marks} joints of arms and legs")
    rendered = scored(pictures.load("rendered_wild", split="test", size=SIZE))
    means = {"mean of rendered_wild": rendered.limbs, "mean of these people": truth}
    found = {name: limbs.nanmean(0).expand_as(truth) for name, limbs in means.items()}
    for detector in map(detection.load, options.detectors):
        found[detector.name] = torch.cat([found_limbs(some, detector) for some in sets])
    numbers = []
    for name, limbs in found.items():
        right, either = shares(limbs, truth, torso)
        print(f"{right:5.1f} %  {name} ({either:.1f} % where sides may be exchanged)")
        about = dict(
            data="photographs", split=f"{len(torso)} people", method=name,
            chapter=name, profile=results.OF_A_FILE, frames=len(torso),
            versions=results.versions(), code=results.code(),
        )  # fmt: skip
        protocol = "at most 0.2 of left shoulder to right hip, 12 joints of arms and legs pooled"
        exchanged = protocol + ", sides exchanged where that is better"
        numbers += [
            results.Number("PCK@0.2", right, "%", protocol, **about),
            results.Number("PCK@0.2, sides free", either, "%", exchanged, **about),
        ]
    if options.keep:
        results.keep(numbers)


if __name__ == "__main__":
    main()
