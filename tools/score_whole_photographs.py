"""Detectors on whole photographs with marks: who is found, and how well. Nobody is cut out first.

    python tools/score_whole_photographs.py DETECTOR ... --set coco DIR val --set mpii DIR train

A set is a name of `datasets.pictures.load`, its folder and its half. A folder of photographs with a
file of marks in COCO's form, `person_keypoints_val2017.json`, is read as `coco DIR val`; the
rendered sets are read as well. Asked are the twelve joints of arms and legs of everybody who has at
least six of them marked. Each marked person is compared with the nearest of those found, nobody of
them twice:
found     OKS of at least 0.5
OKS       object keypoint similarity, COCO's widths, the area 0.53 of the box; nobody found counts 0
PCK.10    joints nearer than 0.1 of the person's size (the longer side of the box around the marks)
precision of those who were found by the detector, how many are right: OKS of at least 0.5. The
          others are a marked person missed by too much or found twice, or nobody at all. Whoever
          stands where the set has a person without marks, or too few, is not asked
Pictures of one person and pictures of several are counted apart; rendered pictures are counted as
one kind, without a precision: their other people have no marks.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from posebook import detection, results
from posebook.datasets import pictures
from posebook.datasets.pictures.people import PicturePeople
from posebook.datasets.published import coco_pictures
from posebook.metrics.pictures import LIMBS, limb_oks
from posebook.skeletons import Skeleton

FEWEST_MARKED = 6
FOUND = 0.5
#: Somebody stands in a box where so many of their joints do, the box being larger by so much.
INSIDE, LARGER = 0.5, 0.1


@dataclass
class Count:
    """What one detector did with pictures of one kind.

    oks, off  of each person asked, as `compared` gives them
    right, missed, twice, nobody  of those whom the detector found
    """

    oks: list[Tensor] = field(default_factory=list)
    off: list[Tensor] = field(default_factory=list)
    right: int = 0
    missed: int = 0
    twice: int = 0
    nobody: int = 0

    @property
    def wrong(self) -> Tensor:
        return torch.tensor([self.missed, self.twice, self.nobody])


def faults(wrong: Tensor) -> str:
    return "{} too far off, {} twice, {} nobody".format(*wrong.tolist())


def compared(marks: Tensor, boxes: Tensor, found: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """OKS (people,), how far joints are off in parts of the size (people, 12), and who of those
    found each one is (people,), -1: nobody.

    marks (people, 12, 2) px, NaN without; boxes (people, 4); found (n, 12, 2). The surest pairs
    first; whoever has no pair has OKS 0 and is infinitely far off.
    """
    oks, off = torch.zeros(len(marks)), torch.full(marks.shape[:2], torch.inf)
    who = torch.full((len(marks),), -1)
    off[marks.isnan().any(-1)] = torch.nan
    if not len(found):
        return oks, off, who
    apart = torch.linalg.vector_norm(found[None] - marks[:, None], dim=-1)  # (people, n, 12)
    alike = limb_oks(found[None], marks[:, None], boxes[:, None, 2:])
    low, high = (f(marks, 1) for f in (_lowest, _highest))
    size = (high - low).amax(-1)
    left = alike.nan_to_num(0.0)
    for _ in range(min(left.shape)):
        best = int(left.argmax())
        row, column = divmod(best, left.shape[1])
        if left[row, column] <= 0:
            break
        oks[row] = alike[row, column]
        off[row] = apart[row, column] / size[row]
        who[row] = column
        left[row], left[:, column] = -1, -1
    return oks, off, who


def _lowest(points: Tensor, dim: int) -> Tensor:
    return torch.nan_to_num(points, nan=torch.inf).amin(dim)


def _highest(points: Tensor, dim: int) -> Tensor:
    return torch.nan_to_num(points, nan=-torch.inf).amax(dim)


def inside(points: Tensor, boxes: Tensor) -> Tensor:
    """(n, boxes): which part of each person's joints (n, joints, 2) lies in each box (boxes, 4)."""
    low = boxes[:, :2] - LARGER * boxes[:, 2:]
    high = boxes[:, :2] + (1 + LARGER) * boxes[:, 2:]
    at = points[:, None]  # (n, 1, joints, 2)
    return ((at >= low[:, None]) & (at <= high[:, None])).all(-1).float().mean(-1)


def limbs(points: Tensor, skeleton: Skeleton) -> Tensor:
    return points[:, skeleton.indices(*LIMBS)]


def judged(count: Count, found: Tensor, boxes: Tensor, asked: Tensor, others: Tensor,
           oks: Tensor, who: Tensor) -> None:  # fmt: skip
    """Count what those are whom a detector found in one picture.

    found (n, 12, 2); boxes (people, 4), oks, who (people,) as `compared` has them; asked (people,)
    who has enough marks; others (m, 4) boxes of people without marks
    """
    right = asked & (oks >= FOUND)
    count.right += int(right.sum())
    wrong = sorted(set(range(len(found))) - set(who[right].tolist()))
    for one in wrong:
        own = inside(found[one : one + 1], torch.cat([others, boxes[~asked], boxes[asked]]))[0]
        unasked, marked = own.split([len(own) - int(asked.sum()), int(asked.sum())])
        best = float(marked.max()) if len(marked) else 0.0
        if len(unasked) and float(unasked.max()) >= max(INSIDE, best):
            continue
        if best < INSIDE:
            count.nobody += 1
        elif right[asked][int(marked.argmax())]:
            count.twice += 1
        else:
            count.missed += 1


def loaded(name: str, folder: str, half: str) -> tuple[PicturePeople, dict[str, Tensor]]:
    """A set, and boxes (n, 4) of people without marks by the name of their picture."""
    people = pictures.load(name, folder, half)
    boxes = coco_pictures.boxes_without_marks(Path(folder), half) if name == "coco" else {}
    return people, {name: torch.from_numpy(held).float() for name, held in boxes.items()}


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--set", nargs=3, action="append", required=True, metavar=("NAME", "DIR", "HALF"))
    add("detectors", nargs="+", metavar="DETECTOR", help="a name, or a file")
    add("--data", default="whole photographs", help="what the ledger calls these pictures")
    add("--each", action="store_true", help="a line for each picture")
    add("--keep", action="store_true", help="put the numbers into data/ledger.jsonl")
    options = parser.parse_args(words)
    sets = [loaded(*one) for one in options.set]
    numbers: list[results.Number] = []
    for name in options.detectors:
        detector = detection.load(name)
        counts = {kind: Count() for kind in ("alone", "among others", "rendered")}
        seconds, count = 0.0, 0
        for people, unmarked in sets:
            marked = limbs(people.keypoints_px, people.skeleton)
            asked = torch.isfinite(marked).all(-1).sum(-1) >= FEWEST_MARKED
            for number in people.picture[asked].unique().tolist():
                here = people.picture == number
                file = people.names[int(here.nonzero()[0])]
                started = time.process_time()
                found = detector.detect(people.pictures[number])
                seconds, count = seconds + time.process_time() - started, count + 1
                own = limbs(found.keypoints_px, found.skeleton)
                boxes, others = people.box_px[here], unmarked.get(file, torch.zeros(0, 4))
                oks, off, who = compared(marked[here], boxes, own)
                one = int(here.sum()) + len(others) == 1
                drawn = people.pose_mm is not None
                kind = counts["rendered" if drawn else "alone" if one else "among others"]
                before = kind.wrong
                judged(kind, own, boxes, asked[here], others, oks, who)
                kind.oks.append(oks[asked[here]])
                kind.off.append(off[asked[here]])
                if options.each:
                    said = " ".join(f"{one:.2f}" for one in oks[asked[here]].tolist())
                    print(f"  {file}: {len(own)} found, OKS {said}; {faults(kind.wrong - before)}")
        print(f"{detector.name}: {seconds / max(1, count):.2f} CPU s a picture, {count} pictures")
        for split, kind in counts.items():
            if not kind.oks:
                continue
            said = scores(detector.name, options.data, split, kind)
            print(f"  {said[0].split}, {said[0].frames} people:",
                  ", ".join(f"{n.metric} {n.value:.3g}{n.unit}" for n in said) + ";",
                  f"{kind.right} right, {faults(kind.wrong)}")  # fmt: skip
            numbers += said
    if options.keep:
        results.keep(numbers)


def scores(name: str, data: str, split: str, count: Count) -> list[results.Number]:
    """The numbers of one detector on so many people: found, OKS, PCK.10, precision."""
    oks, off = torch.cat(count.oks), torch.cat(count.off)
    about = dict(
        data=data, split=split, method=name, chapter=name, profile=results.OF_A_FILE,
        frames=len(oks), versions=results.versions(), code=results.code(),
    )  # fmt: skip
    asked = "12 joints of arms and legs; who is not found counts as wrong"
    right = 100 * float((off <= 0.1).sum() / (~off.isnan()).sum().clamp(min=1))
    found = 100 * float((oks >= FOUND).double().mean())
    all_found = count.right + int(count.wrong.sum())
    numbers = [
        results.Number("found", found, "%", f"OKS of at least {FOUND}, 12 joints", **about),
        results.Number("OKS", float(oks.mean()), "", f"COCO's widths, {asked}", **about),
        results.Number("PCK.10", right, "%", f"at most 0.1 of the person, {asked}", **about),
    ]
    if split == "rendered":
        return numbers
    return numbers + [
        results.Number("precision", 100 * count.right / max(1, all_found), "%",
                       f"of those found, OKS of at least {FOUND} with somebody who has marks; "
                       "who stands where marks are missing is not asked", **about),
        results.Number("nobody", float(count.nobody), "",
                       "how many are found where nobody is", **about),
    ]  # fmt: skip


if __name__ == "__main__":
    main()
