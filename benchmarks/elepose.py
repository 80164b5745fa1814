"""Training as in chapter 16: poses that one core takes through a step of the lifter in a second.

    python benchmarks/elepose.py [--width 256] [--flow-width 128] [--batch 256] [--runs 15]

A step lifts, turns, asks the frozen flow, lifts again, turns back, and moves the weights. Times are
CPU seconds of this process on one thread, a median, so that other processes do not count.
"""

import argparse
import os
import platform
import statistics
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import torch  # noqa: E402

from posebook.methods.elepose.flow import PosePrior  # noqa: E402
from posebook.methods.elepose.network import ElePoseLifter  # noqa: E402
from posebook.methods.elepose.step import step_losses  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--flow-width", type=int, default=128)
    parser.add_argument("--batch", type=int, default=256)
    parser.add_argument("--runs", type=int, default=15)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    keypoints = 0.05 * torch.randn(options.batch, 17, 2)
    keypoints[:, 0] = 0  # the hip
    prior = PosePrior(width=options.flow_width).fit_components(keypoints).requires_grad_(False)
    lifter = ElePoseLifter(width=options.width)
    optimiser = torch.optim.Adam(lifter.parameters(), 1e-3)
    seconds = []
    for _ in range(options.runs + 3):
        start = time.process_time()
        draws = 3 * torch.randn(options.batch), torch.randn(options.batch)
        loss = step_losses(lifter, prior, keypoints, *draws)["loss"]
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seconds.append(time.process_time() - start)
    median = statistics.median(seconds[3:])  # the first warm caches and allocators up
    print(f"torch {torch.__version__}, {platform.machine()}, one thread, {options.runs} steps")
    print(f"width {options.width}, flow {options.flow_width}, batch {options.batch}")
    print(f"{1e3 * median:.1f} ms a step, {options.batch / median:.0f} poses a second")


if __name__ == "__main__":
    main()
