"""Train the shipped lifter `temporal_convolutions`, on motion of `synthetic_wide` alone.

    python tools/train_temporal_convolutions.py --device cuda --workers 8  # data/lifters/temporal_*
    python tools/train_temporal_convolutions.py --help                     # length, folders

A pool of motion is made first, in about a minute; then every step draws from it, on the device that
trains, people, cameras and mistakes of detectors that no other step has. The run is resumed where
it was killed by the same command. Minutes on a GPU, days on one core.

The network is that of Pavllo et al. 2019 (arXiv:1811.11742) on 27 frames. It sees of each frame
what `simple_baseline` sees, and answers for the frame in the middle what that answers.
"""

import argparse
import time
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from shipped_lifters.moving_people import Pool, make_pool
from shipped_lifters.training import (
    ALIGNED,
    OTHER_SEED,
    SEED,
    WEIGHT_DECAY,
    Answer,
    Views,
    command_line,
    learning_rate,
    loss_of,
    mean_of_weights,
    p_mpjpe,
    ship,
)
from shipped_lifters.views import LAYOUTS
from shipped_lifters.window_views import EXACT, WINDOW, WindowQuality, draw_windows
from torch import Tensor

from posebook import training
from posebook.methods.temporal_convolutions.network import FILTER_WIDTHS, VideoPose3D
from posebook.skeletons import HOUSE

NAME = "temporal_convolutions"
RATE = 1.5e-3  # highest learning rate
AT_ONCE = 8  # batches that are drawn together
EPOCHS = 400  # at most


@dataclass(frozen=True)
class Size:
    """Windows in a step, steps in an epoch, windows that the lifter is measured on; and the pools
    of training and measuring: clips of actions, clips of the prior, single poses."""

    batch: int
    steps: int
    held_out: int
    pool: tuple[int, int, int]
    other_pool: tuple[int, int, int]


FULL = Size(4096, 500, 8_000, (8_000, 14_000, 500_000), (1_200, 1_200, 20_000))
TRIAL = Size(64, 2, 200, (16, 16, 320), (16, 16, 320))


def of_windows(network: torch.nn.Module) -> Answer:
    """The network on windows: (n, WINDOW, 18, 3) -> the pose in the middle (n, 17, 3)."""
    return lambda windows: network(windows, WINDOW).squeeze(1)


def train(options: argparse.Namespace) -> None:
    """The whole run; `options` are those of the command line."""
    size = TRIAL if options.trial else FULL
    device = training.pick_device(options.device)
    training.seed_everything(SEED)
    arguments = dict(
        filter_widths=FILTER_WIDTHS[WINDOW], channels=960, dropout=0.0,
        input_joints=len(HOUSE) + 1, input_dimensions=3, output_scale=1.0,
    )  # fmt: skip
    network = VideoPose3D(**arguments).to(device)
    mean = mean_of_weights(network)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
    draw = torch.Generator(device).manual_seed(SEED)
    state = dict(network=network, mean=mean, optimiser=optimiser, draw=draw)
    run = training.Run(options.out, seed=SEED, device=device, state=state)
    torch.set_num_threads(options.threads)
    pool = make_pool(*size.pool, SEED, options.workers).to(device)
    other_pool = make_pool(*size.other_pool, OTHER_SEED, options.workers).to(device)
    held_out = _held_out(other_pool, size.held_out, WindowQuality(), LAYOUTS)
    perfect = _held_out(other_pool, size.held_out, EXACT, {HOUSE.name: 1.0})
    for _ in run.epochs(EPOCHS):
        network.train()
        started = time.perf_counter()
        for batch in _batches(pool, draw, size):
            spent = (run.seconds + time.perf_counter() - started) / options.seconds
            if spent >= 1:
                run.stop()
                break
            optimiser.param_groups[0]["lr"] = RATE * learning_rate(int(mean.n_averaged), spent)
            # Products of 10 bits (TF32) where a GPU has them: for the network, not for the views.
            torch.set_float32_matmul_precision("high")
            predicted = of_windows(network)(batch["inputs"])
            torch.set_float32_matmul_precision("highest")
            loss = loss_of(predicted, batch)
            optimiser.zero_grad(set_to_none=True)
            torch.set_float32_matmul_precision("high")
            loss.backward()
            torch.set_float32_matmul_precision("highest")
            optimiser.step()
            mean.update_parameters(network)
            run.log(dict(loss_mm=1000 * loss.detach()))
        answer = of_windows(mean)
        found = dict(held_out_mm=p_mpjpe(answer, held_out), perfect_mm=p_mpjpe(answer, perfect))
        run.log(found)
    network = mean.module.cpu().requires_grad_(False)
    held_out, perfect = ({n: t.cpu() for n, t in v.items()} for v in (held_out, perfect))
    header = dict(
        name=NAME,
        network={"class": "VideoPose3D", "arguments": arguments},
        normalisation="person_view_clip",
        data="synthetic_wide in motion (tools/shipped_lifters/moving_people.py), nothing else",
        training=dict(
            steps_done=int(mean.n_averaged), batch=size.batch, rate=RATE, decay=WEIGHT_DECAY,
            aligned=ALIGNED, seed=SEED, seconds=options.seconds, device=device.type,
        ),
        seconds=round(run.seconds),
    )  # fmt: skip
    ship(options.file, header, ", in motion", network, of_windows(network), held_out, perfect)


def _batches(pool: Pool, draw: torch.Generator, size: Size) -> Iterator[dict[str, Tensor]]:
    """An epoch's batches; windows are drawn many at a time, since small steps are slow on a GPU."""
    for first in range(0, size.steps, AT_ONCE):
        count = size.batch * min(AT_ONCE, size.steps - first)
        windows = draw_windows(pool, count, draw, WindowQuality(), LAYOUTS)
        order = torch.randperm(count, generator=draw, device=draw.device)
        for rows in order.split(size.batch):
            yield {name: tensor[rows] for name, tensor in windows.items()}


def _held_out(pool: Pool, count: int, quality: WindowQuality, layouts: dict[str, float]) -> Views:
    """Windows of people that training does not see."""
    generator = torch.Generator(pool.directions.device).manual_seed(OTHER_SEED)
    windows = draw_windows(pool, count, generator, quality, layouts)
    usable = windows["unit_mm"] > 0
    return {name: tensor[usable] for name, tensor in windows.items()}


def main() -> None:
    parser = command_line(__doc__, NAME)
    add = parser.add_argument
    add("--seconds", type=float, default=165, help="of training; the learning rate ends at 0")
    add("--device", default="auto", help="auto, cpu or cuda")
    add("--workers", type=int, default=1, help="processes that make the pool (%(default)s)")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
