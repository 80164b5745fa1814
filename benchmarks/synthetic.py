"""How many frames of synthetic motion one core makes in a second, before cameras.

    python benchmarks/synthetic.py [--runs 5]

The exit status is 1 where a data set falls under 50,000 frames/s. Times are CPU seconds of this
process, on one thread, so that other processes on the machine do not count. Single poses for
training (`sample_poses`) and the cameras of a data set are reported beside them.
"""

import argparse
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch

from posebook.datasets.people import synthetic

PROMISED = 50_000


def rate(make: Callable[[], int], runs: int) -> float:
    """Frames per CPU second: the median of several runs, after one to warm up."""
    make()
    rates = []
    for _ in range(runs):
        start = time.process_time()
        frames = make()
        rates.append(frames / (time.process_time() - start))
    return statistics.median(rates)


def motion(name: str, size: synthetic.Size) -> Callable[[], int]:
    people = synthetic.cast(name, "train", size)
    return lambda: synthetic.world_of(people, size.frames).shape[:2].numel()


def measure(runs: int = 5) -> dict[str, float]:
    """Frames/s by what is made."""
    torch.set_num_threads(1)
    sizes = {"synthetic": synthetic.Size(500, 2), "synthetic_wide": synthetic.Size(250, 400)}
    found = {name: rate(motion(name, size), runs) for name, size in sizes.items()}
    generator = torch.Generator().manual_seed(0)
    found["sample_poses"] = rate(lambda: len(synthetic.sample_poses(40_000, generator)), runs)
    views = synthetic.Size(250, 1)
    found["views of synthetic"] = rate(lambda: len(synthetic.make("synthetic", "test", views)), 1)
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    found = measure(parser.parse_args().runs)
    print(f"{platform.machine()}, one thread, torch {torch.__version__}; CPU time")
    for name, frames in found.items():
        print(f"{name:20s} {frames:10,.0f} frames/s")
    slow = [name for name in synthetic.NAMES if found[name] < PROMISED]
    sys.exit(f"under {PROMISED:,} frames/s: {', '.join(slow)}" if slow else 0)
