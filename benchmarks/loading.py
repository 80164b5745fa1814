"""CPU seconds of reading Human3.6M's archives, beside a loader that does as little as can be done.

    python benchmarks/loading.py [--root FOLDER] [--frames 349080] [--runs 5]

The plain loader unpickles without asking, turns each take into the axes of its four cameras, keeps
17 of 32 joints and divides the key points by the picture's width: what VideoPose3D does before it
trains. `datasets.load` does that too, checks every number, and runs nothing that a file says.
Without --root, archives of random people are written first, in the layout of the genuine ones:
seven subjects, 30 takes each, four cameras. The exit status is 1 where the median of `load` is
more than 1.5 times that of the plain loader. Both are measured in turns, on one thread.

Source of the layout: Pavllo et al. 2019, arXiv:1811.11742.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
import torch

from posebook import datasets
from posebook.cameras.human36m import LENSES, PLACES
from posebook.skeletons import HUMAN36M_KEPT_OF_32

PROMISED = 1.5
TAKES = 30


def write(folder: Path, frames: int) -> None:
    """Archives with `frames` pictures in all; the joints are a random walk, and so are the key
    points, since neither loader looks at what they show."""
    draw = numpy.random.default_rng(0)
    each = max(1, frames // (len(PLACES) * TAKES * len(LENSES)))
    motion: dict[str, dict] = {}
    seen: dict[str, dict] = {}
    for subject in PLACES:
        for take in (f"Walking {number}" for number in range(TAKES)):
            path = numpy.cumsum(draw.normal(0, 0.01, (each, 32, 3)), 0) + (0, 0, 1)
            pictures = 500 + numpy.cumsum(draw.normal(0, 1, (len(LENSES), each, 17, 2)), 1)
            motion.setdefault(subject, {})[take] = path.astype("float32")
            seen.setdefault(subject, {})[take] = list(pictures.astype("float32"))
    numpy.savez_compressed(folder / "data_3d_h36m.npz", positions_3d=motion)
    metadata = dict(layout_name="h36m", num_joints=17)
    numpy.savez_compressed(folder / "data_2d_h36m_gt.npz", positions_2d=seen, metadata=metadata)


def turned(vectors: numpy.ndarray, wxyz: numpy.ndarray) -> numpy.ndarray:
    """Vectors (..., 3) turned by a unit quaternion: v + 2 (w (q x v) + q x (q x v))."""
    across = numpy.cross(wxyz[1:], vectors)
    return vectors + 2 * (wxyz[0] * across + numpy.cross(wxyz[1:], across))


def plain(root: Path) -> list[tuple[numpy.ndarray, numpy.ndarray]]:
    """(pose in camera axes, m, about the hip; key points in screen units) of every clip."""
    motion = numpy.load(root / "data_3d_h36m.npz", allow_pickle=True)["positions_3d"].item()
    seen = numpy.load(root / "data_2d_h36m_gt.npz", allow_pickle=True)["positions_2d"].item()
    clips = []
    for subject, takes in motion.items():
        for take, world in takes.items():
            if world.shape[1] == 32:
                world = world[:, list(HUMAN36M_KEPT_OF_32)]
            rig = zip(LENSES, PLACES[subject], seen[subject][take], strict=True)
            for lens, place, points in rig:
                back = numpy.array(place[:4], "float32") * numpy.array([1, -1, -1, -1], "float32")
                pose = turned(world - numpy.array(place[4:], "float32") / 1000, back)
                pose[:, 1:] -= pose[:, :1]
                width, height = lens[1]
                screen = points[: len(pose), :, :2] / width * 2 - numpy.array(
                    [1, height / width], "float32"
                )
                clips.append((pose, screen))
    return clips


def seconds(act: Callable[[], object]) -> float:
    start = time.process_time()
    act()
    return time.process_time() - start


def measure(root: Path, runs: int) -> float:
    """Print both medians; returns how many times as long `datasets.load` takes."""
    people = datasets.load("human36m", root, split="all")
    for (pose, _), clip in zip(plain(root), people, strict=True):
        hip_mm = clip.pose_mm[:, 0].numpy()
        assert numpy.abs(1000 * pose[:, 0] - hip_mm).max() < 0.05, f"{clip.name}: not the same"
    found: dict[str, list[float]] = {"plain": [], "load": []}
    for _ in range(runs):
        found["plain"].append(seconds(lambda: plain(root)))
        found["load"].append(seconds(lambda: datasets.load("human36m", root, split="all")))
    each = {name: statistics.median(values) for name, values in found.items()}
    ratio = each["load"] / each["plain"]
    print(f"{len(people):,} frames of {len(people.clips)} clips, {people.name}, CPU seconds")
    for name, median in each.items():
        print(f"{name:<6} {median:6.2f}   {', '.join(f'{value:.2f}' for value in found[name])}")
    print(f"ratio  {ratio:6.2f}   promised: at most {PROMISED}")
    return ratio


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--root", type=Path, help="a folder with archives")
    parser.add_argument("--frames", type=int, default=349_080)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        if options.root is None:
            write(Path(folder), options.frames)
        ratio = measure(options.root or Path(folder), options.runs)
    return int(ratio > PROMISED)


if __name__ == "__main__":
    sys.exit(main())
