"""The geometric search of chapter 11: pose by pose as the release does it, all at once, and halved.

    python benchmarks/geometric_search.py [--poses 100000] [--loop 20] [--every 500]

The poses are synthetic people with errors, seen by Human3.6M's camera. The loop goes through the
release's 4,400 candidates one after the other for each pose, in numpy; it is timed on `--loop`
poses, every candidate at once as a tensor on `--every`, and halving on all. Times are CPU seconds
of this process on one thread, and microseconds a pose. The exit status is 1 where two ways differ.
"""

import argparse
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
import torch

from posebook.datasets.people import synthetic
from posebook.geometry import root_relative
from posebook.methods.label_generator import search
from posebook.methods.label_generator.right_view import HUMAN36M
from posebook.skeletons import HOUSE


def people(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(coarse poses about the hip, mm; key points, px)."""
    made = synthetic.make("synthetic", "test", synthetic.Size(2_500, 1))
    rows = torch.arange(count) % len(made)
    pose = made.pose_mm[rows].double()
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(pose.shape, generator=generator, dtype=torch.float64)
    return root_relative(pose + 30 * noise, HOUSE), HUMAN36M.project(pose)


def one_by_one(coarse: numpy.ndarray, px: numpy.ndarray) -> list[int]:
    """The distance of each pose, mm: every candidate of every pose in a loop of its own."""
    (fx, fy), (cx, cy) = HUMAN36M.focal_px.tolist(), HUMAN36M.centre_px.tolist()
    found = []
    for pose, seen in zip(coarse, px, strict=True):
        m, n = (seen[:, 0] - cx) / fx, (seen[:, 1] - cy) / fy
        best, depth = search.MOST_MM, 0
        for candidate in range(search.RELEASED.first, search.RELEASED.last + 1):
            z = pose[:, 2] + candidate
            x, y = m * z, n * z
            x, y = x - x[0] - pose[:, 0], y - y[0] - pose[:, 1]
            error = numpy.sqrt(x * x + y * y).sum()
            if error < best:
                best, depth = error, candidate
        found.append(depth)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("poses", 100_000), ("loop", 20), ("every", 500)):
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args()
    torch.set_num_threads(1)
    coarse, px = people(given.poses)
    answers = {}

    def timed(name: str, count: int, work) -> None:
        start = time.process_time()
        answers[name] = work(coarse[:count], px[:count])
        seconds = time.process_time() - start
        each = 1e6 * seconds / count
        print(f"{name:<26}{count:>8} poses{seconds:>9.2f} s{each:>12.1f} us a pose")

    timed("loop over candidates", given.loop, lambda c, p: one_by_one(c.numpy(), p.numpy()))
    for name, count, every in (
        ("every candidate, tensor", given.every, True), ("halved", given.poses, False)
    ):  # fmt: skip
        timed(
            name, count,
            lambda c, p, every=every: search.search(c, p, HUMAN36M, exhaustive=every)
            .depth_mm.nan_to_num().long().tolist(),
        )  # fmt: skip
    halved = answers["halved"]
    same = all(own == halved[: len(own)] for own in answers.values())
    print("all three agree to the millimetre" if same else "they DIFFER")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
