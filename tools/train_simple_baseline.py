"""Train the shipped lifter `simple_baseline`, on people of `synthetic_wide` and nothing else.

    python tools/train_simple_baseline.py                 # writes data/lifters/simple_baseline.*
    python tools/train_simple_baseline.py --help          # threads, folders

Every epoch draws new people, new cameras and new mistakes of detectors, so none is seen twice. The
run is resumed where it was killed by the same command. About 40 minutes on one core.

The network is Martinez et al. 2017 (arXiv:1705.03098) without max-norm and dropout. Its input is
not the paper's, pixels of the whole picture, but the person as a camera turned towards them would
see them (posebook/cameras/turned.py); the model card says what that changes.
"""

import argparse
from dataclasses import dataclass

import torch
from shipped_lifters.training import (
    ALIGNED,
    OTHER_SEED,
    SEED,
    WEIGHT_DECAY,
    Views,
    command_line,
    learning_rate,
    loss_of,
    mean_of_weights,
    p_mpjpe,
    ship,
)
from shipped_lifters.views import LAYOUTS, PERFECT, Quality, draw_views

from posebook import training
from posebook.datasets.batches import Batches
from posebook.methods.simple_baseline.network import Martinez
from posebook.skeletons import HOUSE

NAME = "simple_baseline"
BATCH, RATE = 1024, 2e-3  # views in a step, highest learning rate


@dataclass(frozen=True)
class Size:
    """Draws of new views, views in each, views that the lifter is measured on, joint sets."""

    epochs: int
    views: int
    held_out: int
    layouts: dict[str, float]


FULL, TRIAL = Size(45, 400_000, 8_000, LAYOUTS), Size(1, 2 * BATCH, 200, {"coco_17": 1.0})


def train(options: argparse.Namespace) -> None:
    """The whole run; `options` are those of the command line."""
    size = TRIAL if options.trial else FULL
    draw = training.seed_everything(SEED)
    arguments = dict(
        input_joints=len(HOUSE) + 1, output_joints=len(HOUSE), input_dimensions=3,
        width=1024, blocks=2, dropout=0.0, max_norm=False,
    )  # fmt: skip
    network = Martinez(**arguments)
    mean = mean_of_weights(network)
    optimiser = torch.optim.AdamW(network.parameters(), weight_decay=WEIGHT_DECAY, fused=True)
    state = dict(network=network, mean=mean, optimiser=optimiser, draw=draw)
    run = training.Run(options.out, seed=SEED, device="cpu", state=state)
    torch.set_num_threads(options.threads)
    held_out = _held_out(size.held_out, Quality(), size.layouts)
    perfect = _held_out(size.held_out, PERFECT, {HOUSE.name: 1.0})
    steps = size.epochs * (size.views // BATCH)
    for _ in run.epochs(size.epochs):
        views = draw_views(size.views, draw, Quality(), size.layouts)
        network.train()
        for batch in Batches(views, BATCH, draw, drop_last=True):
            step = int(mean.n_averaged)
            optimiser.param_groups[0]["lr"] = RATE * learning_rate(step, step / steps)
            with torch.autocast("cpu", torch.bfloat16, enabled=options.bfloat16):
                predicted = network(batch["inputs"])
            loss = loss_of(predicted.float(), batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            mean.update_parameters(network)
            run.log(dict(loss_mm=1000 * loss.detach()))
        run.log(dict(held_out_mm=p_mpjpe(mean, held_out), perfect_mm=p_mpjpe(mean, perfect)))
    network = mean.module.requires_grad_(False)
    header = dict(
        name=NAME,
        network={"class": "Martinez", "arguments": arguments},
        normalisation="person_view",
        data="synthetic_wide (posebook.datasets.people.synthetic.sample_poses), nothing else",
        training=dict(
            epochs=size.epochs, views=size.views, batch=BATCH, rate=RATE, decay=WEIGHT_DECAY,
            aligned=ALIGNED, seed=SEED, bfloat16=options.bfloat16,
        ),
        seconds=round(run.seconds),
    )  # fmt: skip
    ship(options.file, header, "", network, network, held_out, perfect)


def _held_out(count: int, quality: Quality, layouts: dict[str, float]) -> Views:
    """People that training does not see: their generator is another."""
    generator = torch.Generator().manual_seed(OTHER_SEED)
    return draw_views(count, generator, quality, layouts)


def main() -> None:
    parser = command_line(__doc__, NAME)
    parser.add_argument(
        "--bfloat16", action=argparse.BooleanOptionalAction, default=True,
        help="multiply matrices in bfloat16: three times faster on CPUs that can, slower on others",
    )  # fmt: skip
    train(parser.parse_args())


if __name__ == "__main__":
    main()
