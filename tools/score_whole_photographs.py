"""Detectors on whole photographs with marks: who is found, and how well. Nobody is cut out first.

    python tools/score_whole_photographs.py DETECTOR ... --set coco DIR val --set mpii DIR train

A set is a name of `datasets.pictures.load`, its folder and its half. Asked are the twelve joints of
arms and legs of everybody who has at least six of them marked. Each marked person is compared with
the nearest of those found, nobody of them twice:
found    OKS of at least 0.5
OKS      object keypoint similarity, COCO's widths, the area 0.53 of the box; nobody found counts 0
PCK.10   joints nearer than 0.1 of the person's size (the longer side of the box around the marks)
Those alone in their picture and those among others are counted apart.
"""

import argparse
import time
from collections.abc import Sequence

import torch
from torch import Tensor

from posebook import detection, results
from posebook.datasets import pictures
from posebook.metrics.pictures import LIMBS
from posebook.skeletons import Skeleton

#: COCO's widths of shoulders, elbows, wrists, hips, knees and ankles: 2 sigma.
WIDTHS = 2 * torch.tensor([0.079, 0.072, 0.062, 0.107, 0.087, 0.089]).repeat_interleave(2)
FEWEST_MARKED = 6
MASK = 0.53  # part of a box that its person covers
FOUND = 0.5


def compared(marks: Tensor, boxes: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    """OKS (people,), and how far joints are off in parts of the size (people, 12).

    marks (people, 12, 2) px, NaN without; boxes (people, 4); found (n, 12, 2). The surest pairs
    first; whoever has no pair has OKS 0 and is infinitely far off.
    """
    oks, off = torch.zeros(len(marks)), torch.full(marks.shape[:2], torch.inf)
    off[marks.isnan().any(-1)] = torch.nan
    if not len(found):
        return oks, off
    apart = torch.linalg.vector_norm(found[None] - marks[:, None], dim=-1)  # (people, n, 12)
    area = MASK * boxes[:, 2:].prod(-1)
    alike = torch.exp(-(apart**2) / (2 * area[:, None, None] * WIDTHS**2)).nanmean(-1)
    low, high = (f(marks, 1) for f in (_lowest, _highest))
    size = (high - low).amax(-1)
    left = alike.clone()
    for _ in range(min(left.shape)):
        best = int(left.argmax())
        row, column = divmod(best, left.shape[1])
        if left[row, column] <= 0:
            break
        oks[row] = alike[row, column]
        off[row] = apart[row, column] / size[row]
        left[row], left[:, column] = -1, -1
    return oks, off


def _lowest(points: Tensor, dim: int) -> Tensor:
    return torch.nan_to_num(points, nan=torch.inf).amin(dim)


def _highest(points: Tensor, dim: int) -> Tensor:
    return torch.nan_to_num(points, nan=-torch.inf).amax(dim)


def limbs(points: Tensor, skeleton: Skeleton) -> Tensor:
    return points[:, skeleton.indices(*LIMBS)]


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--set", nargs=3, action="append", required=True, metavar=("NAME", "DIR", "HALF"))
    add("detectors", nargs="+", metavar="DETECTOR", help="a name, or a file")
    add("--each", action="store_true", help="a line for each picture")
    add("--keep", action="store_true", help="put the numbers into data/ledger.jsonl")
    options = parser.parse_args(words)
    sets = [pictures.load(name, folder, half) for name, folder, half in options.set]
    numbers: list[results.Number] = []
    for name in options.detectors:
        detector = detection.load(name)
        rows: list[tuple[bool, Tensor, Tensor]] = []
        seconds, count, extra = 0.0, 0, 0
        for people in sets:
            marked = limbs(people.keypoints_px, people.skeleton)
            asked = torch.isfinite(marked).all(-1).sum(-1) >= FEWEST_MARKED
            for number in people.picture[asked].unique().tolist():
                here = people.picture == number
                started = time.process_time()
                found = detector.detect(people.pictures[number])
                seconds, count = seconds + time.process_time() - started, count + 1
                own = limbs(found.keypoints_px, found.skeleton)
                oks, off = compared(marked[here], people.box_px[here], own)
                kept = asked[here]
                rows.append((int(here.sum()) == 1, oks[kept], off[kept]))
                extra += max(0, len(own) - int(here.sum()))
                if options.each:
                    said = " ".join(f"{one:.2f}" for one in oks[kept].tolist())
                    print(f"  {people.names[int(here.nonzero()[0])]}: {len(own)} found, OKS {said}")
        print(f"{detector.name}: {seconds / max(1, count):.2f} CPU s a picture, {extra} too many")
        for alone in (True, False):
            oks = torch.cat([o for a, o, _ in rows if a == alone] or [torch.zeros(0)])
            off = torch.cat([o for a, _, o in rows if a == alone] or [torch.zeros(0, 12)])
            said = scores(detector.name, alone, oks, off)
            print(
                "  " + ", ".join(f"{n.metric} {n.value:.3g}{n.unit}" for n in said), said[0].split
            )
            numbers += said
    if options.keep:
        results.keep(numbers)


def scores(name: str, alone: bool, oks: Tensor, off: Tensor) -> list[results.Number]:
    """The numbers of one detector on so many people: how many, found, OKS and PCK.10."""
    about = dict(
        data="whole photographs", split="alone" if alone else "among others", method=name,
        chapter=name, profile=results.OF_A_FILE, frames=len(oks), versions=results.versions(),
        code=results.code(),
    )  # fmt: skip
    asked = "12 joints of arms and legs; who is not found counts as wrong"
    right = 100 * float((off <= 0.1).sum() / (~off.isnan()).sum().clamp(min=1))
    found = 100 * float((oks >= FOUND).double().mean())
    return [
        results.Number("found", found, "%", f"OKS of at least {FOUND}, 12 joints", **about),
        results.Number("OKS", float(oks.mean()), "", f"COCO's widths, {asked}", **about),
        results.Number("PCK.10", right, "%", f"at most 0.1 of the person, {asked}", **about),
    ]


if __name__ == "__main__":
    main()
