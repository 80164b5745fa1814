"""Peak memory of training on clips read from disk: it must not grow with the number of frames.

    python benchmarks/memory.py [--frames 1000000 10000000] [--steps 200] [--threads 1]

For each size a set of clips (2D and 3D, 340 bytes a frame) is written as two .npy files, and a
process of its own trains VideoPose3D on windows of the files, memory-mapped, mirrored and shuffled
over the whole set. What counts is anonymous memory, the process's own; pages of the
files are the system's, which takes them back when it needs them. It is read after each step. The
exit status is 1 where the largest set needs more than 5 % above the smallest.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CLIP = 2_500  # frames
MOST = 1.05


def write(folder: Path, frames: int) -> None:
    """Walks about a room, piece by piece: nothing here is to be learned, only read."""
    import numpy

    draw = numpy.random.default_rng(0)
    for name, axes in (("seen", 2), ("true", 3)):
        file = numpy.lib.format.open_memmap(
            folder / f"{name}.npy", mode="w+", dtype="float32", shape=(frames, 17, axes)
        )
        for start in range(0, frames, 100_000):
            piece = file[start : start + 100_000]
            piece[:] = draw.standard_normal(piece.shape, dtype="float32")
        file.flush()


def anonymous_mb() -> float:
    """Anonymous memory of this process now (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1024
    raise OSError("/proc/self/status has no RssAnon")


def train(folder: Path, steps: int) -> None:
    """Print the peak in MB, the steps taken and the seconds of one."""
    import numpy
    import torch

    from posebook import training
    from posebook.datasets.windows import Windows
    from posebook.methods.supervised_losses import mpjpe_loss
    from posebook.methods.temporal_convolutions.network import VideoPose3D

    torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
    generator = training.seed_everything(0)
    seen, true = (
        torch.from_numpy(numpy.load(folder / f"{name}.npy", mmap_mode="c"))
        for name in ("seen", "true")
    )
    network = VideoPose3D((3, 3, 3), 256)
    optimiser = torch.optim.Adam(network.parameters(), amsgrad=True)
    windows = Windows(
        dict(keypoints=seen), dict(pose_mm=true), [CLIP] * (len(seen) // CLIP), 1024,
        network.padding, outputs=14, step=9, generator=generator, drop_last=True,
    )  # fmt: skip
    peak, taken, started = anonymous_mb(), 0, time.monotonic()
    for batch, _ in zip(windows, range(steps), strict=False):
        loss = mpjpe_loss(network(batch["keypoints"], step=9), batch["pose_mm"]) / 1000
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        peak, taken = max(peak, anonymous_mb()), taken + 1
    print(peak, taken, (time.monotonic() - started) / taken)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--frames", type=int, nargs="+", default=[1_000_000, 10_000_000])
    add("--steps", type=int, default=200)
    add("--threads", type=int, default=1)
    add("--folder", help="where the files are written, for a while (default: the system's)")
    options = parser.parse_args()
    threads = dict(os.environ, OMP_NUM_THREADS=str(options.threads))
    peaks = []
    for frames in options.frames:
        frames = max(1, frames // CLIP) * CLIP
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            write(Path(folder), frames)
            code = (
                f"import memory, pathlib; memory.train(pathlib.Path({folder!r}), {options.steps})"
            )
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=Path(__file__).parent, env=threads,
                stdout=subprocess.PIPE, text=True, check=True,
            )  # fmt: skip
        peak, taken, seconds = done.stdout.split()
        peaks.append(float(peak))
        print(
            f"{frames:12,} frames, {340 * frames / 1e6:8,.0f} MB on disk: peak {peaks[-1]:7.1f} MB "
            f"of anonymous memory in {taken} steps of {1000 * float(seconds):.0f} ms",
            flush=True,
        )
    return int(peaks[-1] > MOST * peaks[0])


if __name__ == "__main__":
    sys.exit(main())
