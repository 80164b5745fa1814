"""Where the time of `posebook lift` goes: CPU seconds of each stage, for a clip of 10,000 frames.

    python benchmarks/lift.py [--frames 10000] [--runs 3]

The clip is synthetic: people who walk about, seen by cameras, as a file of key points. The stages
are those of the command, with all formats that `--write` knows. Times are CPU seconds of this
process, on one thread, the median of several runs after one to warm up; what a process pays once,
such as importing torch and making the lifter's network, is not in them. The exit status is 1 where
a stage other than the network takes more than 15 % of the whole.
"""

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy
import torch

from posebook import datasets, lifting
from posebook.datasets.people import synthetic
from posebook.export import command, writing

MOST = 0.15
NETWORK = "network"


def write_clip(path: Path, frames: int) -> Path:
    """Key points of one walk after another, in one file."""
    size = synthetic.Size(2_500, 1)
    clips = [clip.keypoints_px for clip in synthetic.make("synthetic", "test", size).clips]
    count = sum(map(len, clips))
    seen = torch.cat(clips * (1 + frames // count))[:frames]
    numpy.savez(path, keypoints_px=seen.numpy(), confidence=numpy.ones(seen.shape[:2], "f4"))
    return path


def stages(source: Path, folder: Path, lifter: Any) -> dict[str, float]:
    """CPU seconds by stage of one lift of `source`."""
    took: dict[str, float] = {}

    def timed(stage: str, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        start = time.process_time()
        found = work(*arguments, **options)
        took[stage] = time.process_time() - start
        return found

    (clip,) = timed("read", datasets.read_any, source, size=(1000, 1000), fps=50.0)
    network = SimpleNamespace(
        name=lifter.name,
        network=lifter.network,
        lift=lambda *given, **options: timed(NETWORK, lifter.lift, *given, **options),
    )
    poses = timed("place and stand up", command.lift_upright, clip, network, input=str(source))
    took["place and stand up"] -= took[NETWORK]
    body, _ = timed("rigid body", writing.rigid, poses)
    rigid_mm = body.house_mm
    bvh = timed("poses.bvh", writing.write_bvh, folder / "poses.bvh", poses, body)
    timed("poses.bvh read back", writing.read_bvh_back, bvh)
    timed("poses.npz", writing.write_npz, folder / "poses.npz", poses, rigid_mm)
    timed("poses.html", writing.write_page, folder / "poses.html", poses)
    timed("poses.json", writing.write_json, folder / "poses.json", poses, rigid_mm)
    timed("poses.trc", writing.write_trc, folder / "poses.trc", poses)
    timed("poses.glb", writing.write_gltf, folder / "poses.glb", poses, body)
    timed("poses.csv", writing.write_csv, folder / "poses.csv", poses)
    return took


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--frames", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = write_clip(folder / "clip.npz", options.frames)
        (clip,) = datasets.read_any(source, size=(1000, 1000), fps=50.0)
        lifter = lifting.default_for(clip)
        stages(write_clip(folder / "short.npz", 500), folder, lifter)
        runs = [stages(source, folder, lifter) for _ in range(options.runs)]
    took = {stage: statistics.median(run[stage] for run in runs) for stage in runs[0]}
    whole = sum(took.values())
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.frames:,} frames with {lifter.name}: {whole:.2f} CPU s, peak {peak:,.0f} MB")
    for stage, seconds in sorted(took.items(), key=lambda item: -item[1]):
        print(f"{stage:20s} {seconds:6.2f} s {100 * seconds / whole:5.1f} %")
    slow = [s for s, seconds in took.items() if s != NETWORK and seconds > MOST * whole]
    if slow:
        print(f"over {100 * MOST:.0f} %: {', '.join(slow)}")
    return int(bool(slow))


if __name__ == "__main__":
    sys.exit(main())
