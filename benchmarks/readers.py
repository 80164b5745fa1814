"""CPU seconds of reading 10,000 frames: JSON files of a detector that lost people, and a BVH file.

python benchmarks/readers.py
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from posebook import datasets, paths

sys.path.insert(0, str(paths.CHECKOUT / "tests"))
import bvh_writer
import keypoint_writer

FRAMES = 10_000
MOST_S = {"OpenPose, a file a frame": 4.0, "BVH": 2.0}


def cpu_seconds(read: Callable[[], object], times: int = 3) -> float:
    spent = []
    for _ in range(times):
        start = time.process_time()
        read()
        spent.append(time.process_time() - start)
    return statistics.median(spent)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        person = keypoint_writer.person(FRAMES, 25, step=(0.02, 0))
        people = zip(
            keypoint_writer.lose(person, 0.2),
            keypoint_writer.person(FRAMES, 25, seed=5),
            strict=True,
        )
        detected = keypoint_writer.openpose(Path(folder) / "json", dict(enumerate(people)))
        motion = Path(folder) / "long.bvh"
        motion.write_text(bvh_writer.write(bvh_writer.Style(), frames=FRAMES)[0])
        found = {
            "OpenPose, a file a frame": cpu_seconds(lambda: datasets.read_keypoints(detected)),
            "BVH": cpu_seconds(lambda: datasets.read_motion(motion)),
        }
    for name, seconds in found.items():
        print(f"{name}: {FRAMES} frames in {seconds:.2f} s (at most {MOST_S[name]:g} s)")
    return int(any(seconds > MOST_S[name] for name, seconds in found.items()))


if __name__ == "__main__":
    sys.exit(main())
