"""Train the shipped lifter `temporal_convolutions`, on motion of `synthetic_wide` alone.

    python tools/train_temporal_convolutions.py --device cuda --workers 8  # data/lifters/temporal_*
    python tools/train_temporal_convolutions.py --help                     # size, length, folders

A pool of motion is made first, in about a minute; then every step draws from it, on the device that
trains, people, cameras and mistakes of detectors that no other step has. The run is resumed where
it was killed by the same command. Minutes on a GPU, days on one core.

The network is that of Pavllo et al. 2019 (arXiv:1811.11742) on 27 frames. It sees of each frame
what `simple_baseline` sees, and answers for the frame in the middle what that answers.
"""

import argparse
import copy
import time
from collections.abc import Callable
from pathlib import Path

import torch
from moving_people import Pool, make_pool
from torch import Tensor
from train_simple_baseline import (
    LAYOUTS,
    Average,
    average_size,
    learning_rate,
    loss_of,
    number,
    p_mpjpe,
)
from window_views import EXACT, MIDDLE, WINDOW, WindowQuality, draw_windows

from posebook import lifting, paths, training
from posebook.methods.temporal_convolutions.network import FILTER_WIDTHS, VideoPose3D
from posebook.skeletons import HOUSE

NAME = "temporal_convolutions"
FILE = paths.DATA / "lifters" / f"{NAME}.safetensors"
#: People that training does not see: clips of either sort and single poses, and windows of them.
HELD_OUT_POOL, HELD_OUT = (1200, 1200, 20_000), 8_000


def of_windows(network: VideoPose3D) -> Callable[[Tensor], Tensor]:
    """The network on windows: (n, WINDOW, 18, 3) -> the pose in the middle (n, 17, 3)."""
    return lambda windows: network(windows, WINDOW).squeeze(1)


def train(options: argparse.Namespace) -> tuple[lifting.Lifter, dict[str, dict[str, Tensor]]]:
    """The whole run, and the windows that it was judged on; `options`: the command line's."""
    device = training.pick_device(options.device)
    training.seed_everything(options.seed)
    torch.set_num_threads(options.threads)
    arguments = dict(
        filter_widths=FILTER_WIDTHS[WINDOW], channels=options.width, dropout=options.dropout,
        input_joints=len(HOUSE) + 1, input_dimensions=3, output_scale=1.0,
    )  # fmt: skip
    network = VideoPose3D(**arguments).to(device)
    average = OnDevice(network, options.mean_over)
    optimiser = torch.optim.AdamW(
        network.parameters(), options.rate, weight_decay=options.decay, fused=True
    )
    draw = torch.Generator(device).manual_seed(options.seed)
    counter = Counter()
    state = dict(network=network, average=average, optimiser=optimiser, draw=draw, counter=counter)
    run = training.Run(options.out, seed=options.seed, device=device, state=state)
    torch.set_num_threads(options.threads)
    started = time.perf_counter()
    sizes = options.actions, options.fitted, options.poses
    pool = make_pool(*sizes, options.seed, options.workers).to(device)
    unseen = make_pool(*HELD_OUT_POOL, 1_000_000 + options.seed, options.workers).to(device)
    held_out = _held_out(unseen, options.seed, WindowQuality(), LAYOUTS)
    perfect = _held_out(unseen, options.seed, EXACT, {HOUSE.name: 1.0})
    passed = time.perf_counter() - started
    print(f"pool of {len(pool.directions)} clips made in {passed:.0f} s", flush=True)
    steps = options.epochs * options.steps
    for epoch in run.epochs(options.epochs):
        network.train()
        started = time.perf_counter()
        for batch in _batches(pool, draw, options):
            spent = counter.steps / steps
            if options.seconds:
                passed = run.seconds + time.perf_counter() - started
                spent = max(spent, passed / options.seconds)
            if spent >= 1:
                run.stop()
                break
            for group in optimiser.param_groups:
                group["lr"] = options.rate * _rate(counter.steps, spent)
            # Products of 10 bits (TF32) where a GPU has them: for the network, not for the views.
            torch.set_float32_matmul_precision("high")
            with torch.autocast(device.type, torch.bfloat16, enabled=options.bfloat16):
                predicted = of_windows(network)(batch["inputs"])
            torch.set_float32_matmul_precision("highest")
            loss = loss_of(predicted.float(), batch["units"], batch["unit_mm"], options.aligned)
            optimiser.zero_grad(set_to_none=True)
            torch.set_float32_matmul_precision("high")
            loss.backward()
            torch.set_float32_matmul_precision("highest")
            optimiser.step()
            average.update(network)
            counter.steps += 1
            run.log(dict(loss_mm=1000 * loss.detach()))
        judged = copy.deepcopy(network).eval()
        judged.load_state_dict(average.weights)
        judged = of_windows(judged)
        found = dict(held_out_mm=p_mpjpe(judged, held_out), perfect_mm=p_mpjpe(judged, perfect))
        run.log(found)
        means = ", ".join(f"{name} {value:.2f}" for name, value in found.items())
        print(f"epoch {epoch}, {counter.steps} steps: {means}", flush=True)
    network.load_state_dict(average.weights)
    network.cpu().eval().requires_grad_(False)
    held_out, perfect = ({n: t.cpu() for n, t in v.items()} for v in (held_out, perfect))
    answer = of_windows(network)
    header = dict(
        name=NAME,
        network={"class": "VideoPose3D", "arguments": arguments},
        skeleton=HOUSE.name,
        normalisation=dict(kind="person_view_clip", bones_mm=average_size(answer, perfect)),
        data="synthetic_wide in motion (tools/moving_people.py), nothing else",
        licence="MIT; the prior of synthetic_wide: data/prior/README.md",
        metrics=[
            number(NAME, "held out, in motion, exact key points", p_mpjpe(answer, perfect)),
            number(NAME, "held out, in motion, as in training", p_mpjpe(answer, held_out)),
        ],
        training={n: v for n, v in vars(options).items() if n not in _PLACES}
        | dict(steps_done=counter.steps, device=device.type),
        seconds=round(run.seconds),
    )
    return lifting.Lifter(header, network), {"as in training": held_out, "perfect": perfect}


def _batches(pool: Pool, draw: torch.Generator, options: argparse.Namespace):
    """An epoch's batches; windows are drawn many at a time, since small steps are slow on a GPU."""
    rest = options.steps
    while rest > 0:
        count = min(rest, options.at_once)
        windows = draw_windows(pool, count * options.batch, draw, WindowQuality())
        order = torch.randperm(count * options.batch, generator=draw, device=draw.device)
        for rows in order.split(options.batch):
            yield {name: tensor[rows] for name, tensor in windows.items()}
        rest -= count


def _rate(step: int, spent: float, warm_up: int = 500) -> float:
    """Part of the highest rate: `train_simple_baseline.learning_rate` by the part of the run."""
    whole = 10**6
    return min(1.0, (step + 1) / warm_up) * learning_rate(int(spent * whole), whole, 1)


class OnDevice(Average):
    """The running mean, which a checkpoint brings back to where the network is."""

    def load_state_dict(self, state: dict) -> None:
        places = {name: tensor.device for name, tensor in self.weights.items()}
        super().load_state_dict(state)
        self.weights = {name: tensor.to(places[name]) for name, tensor in self.weights.items()}


class Counter:
    """Steps done, kept in the checkpoint."""

    def __init__(self):
        self.steps = 0

    def state_dict(self) -> dict:
        return dict(steps=self.steps)

    def load_state_dict(self, state: dict) -> None:
        self.steps = state["steps"]


def _held_out(
    pool: Pool, seed: int, quality: WindowQuality, layouts: dict[str, float]
) -> dict[str, Tensor]:
    generator = torch.Generator(pool.directions.device).manual_seed(1_000_000 + seed)
    windows = draw_windows(pool, HELD_OUT, generator, quality, layouts)
    usable = windows["unit_mm"] > 0
    return {name: tensor[usable] for name, tensor in windows.items()}


def _beside(unseen: dict[str, dict[str, Tensor]]) -> None:
    """Say what `simple_baseline` makes of the middle frames of the same windows."""
    network = lifting.load("simple_baseline").network
    for words, views in unseen.items():
        single = dict(views, inputs=views["inputs"][:, MIDDLE])
        print(f"simple_baseline, held-out people, {words}: {p_mpjpe(network, single):.2f} mm")


_PLACES = ("out", "file", "threads", "workers", "device")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--epochs", type=int, default=80, help="at most so many (%(default)s)")
    add("--steps", type=int, default=500, help="steps in an epoch (%(default)s)")
    add("--seconds", type=float, default=0, help="end after so many, the rate at 0; 0: no limit")
    add("--batch", type=int, default=4096, help="windows in a step (%(default)s)")
    add("--at-once", type=int, default=8, help="batches that are drawn together (%(default)s)")
    add("--actions", type=int, default=8_000, help="clips of actions in the pool (%(default)s)")
    add("--fitted", type=int, default=14_000, help="clips of the prior (%(default)s)")
    add("--poses", type=int, default=500_000, help="single poses in the pool (%(default)s)")
    add("--width", type=int, default=1024, help="channels (%(default)s)")
    add("--dropout", type=float, default=0.0, help="probability to drop a unit (%(default)s)")
    add("--rate", type=float, default=1.5e-3, help="highest learning rate (%(default)s)")
    add("--decay", type=float, default=1e-2, help="weight decay (%(default)s)")
    add("--aligned", type=float, default=0.5, help="weight of the aligned loss (%(default)s)")
    add("--mean-over", type=float, default=0.9995, help="decay of the mean weights (%(default)s)")
    add("--seed", type=int, default=0)
    add("--device", default="auto", help="auto, cpu or cuda")
    add("--threads", type=int, default=1, help="CPU threads (%(default)s)")
    add("--workers", type=int, default=1, help="processes that make the pool (%(default)s)")
    add(
        "--bfloat16", action=argparse.BooleanOptionalAction, default=False,
        help="multiply matrices in bfloat16: faster, 7 bits in place of 10 or 23",
    )  # fmt: skip
    add("--out", type=Path, default=paths.runs() / f"{NAME}_lifter", help="checkpoints")
    add("--file", type=Path, default=FILE, help="the lifter")
    options = parser.parse_args()
    lifter, unseen = train(options)
    lifter.save(options.file, weights=torch.float16)
    print(f"{paths.shown(options.file)}: {lifter.header['metrics']}")
    _beside(unseen)


if __name__ == "__main__":
    main()
