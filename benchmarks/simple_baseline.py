"""Martinez's network with max-norm: a training step, against the public PyTorch port's.

    python benchmarks/simple_baseline.py [--width 1024] [--batch 64] [--repeats 60] [--threads 1]

The settings are those of chapter 6 at `full`. The port (github.com/weigq/3d_pose_baseline_pytorch)
is written down here: the same layers, trained by plain Adam. Its "max norm" is another thing: it
clips the norm of all gradients together. Both sides train on one batch that lies in memory, in
turn; times are CPU seconds of this process, so that other processes do not count. The exit status
is 1 where the core that chapter 6 shows or the package's network, with chapter 6's fused Adam,
takes longer than the port. With the port's Adam the package's is shown beside it: there only
max-norm and the port's clipping differ.
"""

import argparse
import math
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402

from posebook import chapters  # noqa: E402
from posebook.methods.simple_baseline.network import Martinez  # noqa: E402


class Residual(nn.Module):
    """Two layers of the port, with a sum around them."""

    def __init__(self, width: int):
        super().__init__()
        self.layers = nn.Sequential(*port_layer(width, width), *port_layer(width, width))

    def forward(self, hidden: Tensor) -> Tensor:
        return hidden + self.layers(hidden)


def port_layer(inputs: int, width: int) -> tuple[nn.Module, ...]:
    return (
        nn.Linear(inputs, width),
        nn.BatchNorm1d(width),
        nn.ReLU(inplace=True),
        nn.Dropout(0.5),
    )


def port(width: int) -> nn.Module:
    """(batch, 16, 2) -> (batch, 16, 3), both standardised."""
    return nn.Sequential(
        nn.Flatten(),
        *port_layer(32, width),
        Residual(width),
        Residual(width),
        nn.Linear(width, 48),
        nn.Unflatten(1, (16, 3)),
    )


def core(width: int) -> nn.Module:
    """The network of chapter 6's core cells, max-norm and all, with the port's shapes around it."""
    cells = chapters.load(chapters.find("simple_baseline").source).cells
    text = "\n\n".join(cell.source for cell in cells if "core" in cell.metadata.get("tags", []))
    names = dict(torch=torch, nn=nn, functional=nn.functional, math=math, Tensor=Tensor)
    exec(compile(text, "core", "exec"), names)
    lifter = names["SimpleLifter"](width, blocks=2, dropout=0.5, max_norm=True)
    return nn.Sequential(nn.Flatten(), lifter, nn.Unflatten(1, (16, 3)))


def step_of(
    network: nn.Module, batch: int, clipped: bool = False, fused: bool | None = None
) -> Callable[[], None]:
    """One training step on a batch that lies in memory."""
    keypoints, target = torch.randn(batch, 16, 2), torch.randn(batch, 16, 3)
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-3, fused=fused)

    def step() -> None:
        loss = nn.functional.mse_loss(network(keypoints), target)
        optimiser.zero_grad()
        loss.backward()
        if clipped:
            nn.utils.clip_grad_norm_(network.parameters(), max_norm=1)
        optimiser.step()

    return step


def seconds_of(work: Callable[[], None]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=60)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    width, batch = options.width, options.batch
    steps = {
        "port": step_of(port(width), batch, clipped=True),
        "the chapter's core, fused": step_of(core(width), batch, fused=True),
        "ours, the port's Adam": step_of(Martinez(width=width), batch),
        "ours, fused Adam": step_of(Martinez(width=width), batch, fused=True),
        "ours, fused, no max-norm": step_of(
            Martinez(width=width, max_norm=False), batch, fused=True
        ),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for turn in range(options.repeats + 3):
        for name, step in steps.items():
            seconds = seconds_of(step)
            if turn > 2:  # the first three warm up
                taken[name].append(seconds)
    print(
        f"a step of batch {batch}, width {width}, {options.threads} thread, medians of "
        f"{options.repeats}; torch {torch.__version__}, {platform.machine()}"
    )
    median = {name: statistics.median(seconds) for name, seconds in taken.items()}
    for name, seconds in median.items():
        print(f"{name:26}{1e3 * seconds:8.1f} ms  {seconds / median['port']:6.2f}")
    print("ratios are to the port; those of the core and of ours with fused Adam: at most 1.00")
    slower = max(median["ours, fused Adam"], median["the chapter's core, fused"])
    return int(slower > median["port"])


if __name__ == "__main__":
    sys.exit(main())
