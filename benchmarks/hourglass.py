"""The two-stack hourglass at 256 x 256: forward and training step, against the public code's.

    python benchmarks/hourglass.py --public FOLDER [--batch 2] [--repeats 5] [--threads 1]
                                   [--memory-batch 8]

FOLDER holds `models/hg.py` of the published code (github.com/xingyizhou/pytorch-pose-hg-3d, branch
2D, `src`), which is not part of this book. It was written for Python 2: in
`models/layers/Residual.py` put `numOut // 2` for `numOut / 2` first. Both networks get the same
weights, and must give the same heat maps. Both sides work on one batch that lies in memory, in
turn; times are CPU seconds of this process, so that other processes do not count. Peak memory is
that of a process that takes three steps and does nothing else. The exit status is 1 where ours
takes longer or more memory.
"""

import argparse
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from posebook.methods.stacked_hourglass.losses import squared_error  # noqa: E402
from posebook.methods.stacked_hourglass.network import StackedHourglass  # noqa: E402
from posebook.methods.stacked_hourglass.weights import of_zhou  # noqa: E402

SIDES = ("public", "ours")


def network_of(side: str, folder: Path) -> nn.Module:
    if side == "ours":
        return StackedHourglass()
    sys.path.insert(0, str(folder))
    from models.hg import HourglassNet

    return HourglassNet(2, 2, 256, 16)


def step_of(network: nn.Module, pictures: Tensor) -> Callable[[], None]:
    """One training step as published: squared error, RMSprop."""
    target = torch.rand(len(pictures), 16, 64, 64)
    optimiser = torch.optim.RMSprop(network.parameters(), lr=2.5e-4, alpha=0.99, eps=1e-8)

    def step() -> None:
        network.train()
        loss = squared_error(network(pictures), target)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()

    return step


def forward_of(network: nn.Module, pictures: Tensor) -> Callable[[], None]:
    def forward() -> None:
        network.eval()
        with torch.inference_mode():
            network(pictures)

    return forward


def peak_mb(side: str, folder: Path, batch: int) -> float:
    """Peak memory of three steps, in a process of their own."""
    asked = [sys.executable, __file__, "--public", str(folder), "--peak-of", side]
    answer = subprocess.run(
        [*asked, "--memory-batch", str(batch)], capture_output=True, text=True, check=True
    )
    return float(answer.stdout)


def seconds_of(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--public", type=Path, required=True)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--memory-batch", type=int, default=8)
    parser.add_argument("--peak-of", choices=SIDES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.peak_of:
        pictures = torch.rand(options.memory_batch, 3, 256, 256)
        step = step_of(network_of(options.peak_of, options.public), pictures)
        for _ in range(3):
            step()
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        return 0

    pictures = torch.rand(options.batch, 3, 256, 256)
    networks = {side: network_of(side, options.public) for side in SIDES}
    networks["ours"].load_state_dict(of_zhou(networks["public"].state_dict()))
    with torch.inference_mode():
        both = [network.eval()(pictures)[-1] for network in networks.values()]
    apart = ((both[0] - both[1]).abs().max() / both[0].abs().max()).item()
    assert apart < 1e-4, f"the same weights give other heat maps, by {apart:.1e} of the largest"

    works = {
        (what, side): make(network, pictures)
        for what, make in (("forward", forward_of), ("step", step_of))
        for side, network in networks.items()
    }
    taken: dict[tuple[str, str], list[float]] = {key: [] for key in works}
    for turn in range(options.repeats + 1):
        for key, work in works.items():
            seconds = seconds_of(work)
            if turn:  # the first one warms up
                taken[key].append(seconds)
    median = {key: statistics.median(seconds) for key, seconds in taken.items()}
    print(
        f"two stacks at 256 x 256, batch {options.batch}, {options.threads} thread, medians of "
        f"{options.repeats}; torch {torch.__version__}, {platform.machine()}"
    )
    print(f"the same weights give the same heat maps, up to {apart:.0e} of the largest value")
    ratios = []
    for what in ("forward", "step"):
        public, ours = (median[what, side] for side in SIDES)
        ratios.append(ours / public)
        print(f"{what:8} public {public:6.3f} s  ours {ours:6.3f} s  {ratios[-1]:5.2f}")
    public, ours = (peak_mb(side, options.public, options.memory_batch) for side in SIDES)
    ratios.append(ours / public)
    print(
        f"peak of a training at batch {options.memory_batch}: public {public:.0f} MB  "
        f"ours {ours:.0f} MB  {ratios[-1]:5.2f}"
    )
    return int(max(ratios) > 1)


if __name__ == "__main__":
    sys.exit(main())
