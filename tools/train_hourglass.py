"""Train the shipped detector `stacked_hourglass`, on rendered people alone.

    posebook data make rendered_wild --frames 32000 --size 128    # once, about 20 core minutes
    python tools/train_hourglass.py            # data/detectors/stacked_hourglass.safetensors
    python tools/train_hourglass.py --help     # length, folders

The run is resumed where it was killed by the same command. The learning rate stays at its highest
until the last quarter, so that a longer run (`--samples`) goes on from where a shorter one was.
Each epoch leaves the running mean of the weights in `--out`, as a detector, for a curve over
training time (`tools/score_on_photographs.py`).
"""

import argparse
import copy
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import torch
from shipped_lifters.training import SEED, mean_of_weights
from torch import Tensor

from posebook import detection, paths, results, training
from posebook.datasets import pictures
from posebook.datasets.pictures import crops
from posebook.datasets.pictures.augmentation import BROAD
from posebook.datasets.pictures.batches import CropBatches
from posebook.datasets.pictures.people import Crops, PicturePeople
from posebook.methods import precision
from posebook.methods.stacked_hourglass import heatmaps, losses
from posebook.methods.stacked_hourglass.inputs import OURS
from posebook.methods.stacked_hourglass.network import StackedHourglass
from posebook.metrics.pictures import pckh
from posebook.skeletons import MPII_16

NAME = "stacked_hourglass"
SIZE = 128  # px of a crop
CONTEXT = 1.5  # of the crops in memory: what augmentation turns and moves within
ARGUMENTS = dict(joints=16, stacks=2, modules=1, features=128)
#: The pictures are tinted already, and most photographs are not.
VARIED = replace(BROAD, gain=(0.8, 1.2))
SIGMA = 1.5  # of a target, px of the map
BATCH, RATE, WEIGHT_DECAY = 32, 1.5e-3, 1e-2
WARM_UP = 500  # steps until the highest learning rate
SHORT = 1_000  # people that a curve is measured on


def learning_rate(share: float, step: int) -> float:
    """Of the highest rate: up in a straight line, level, and down to 0 in the last quarter."""
    return min(1.0, (step + 1) / WARM_UP, max(0.0, 4 * (1 - share)))


@torch.no_grad()
def predict(network: torch.nn.Module, pictures_u8: Tensor, batch: int = 64) -> Tensor:
    """Key points of crops (n, SIZE, SIZE, 3) uint8 in px of the crop: (n, 16, 2), flip test on."""
    stride, found = SIZE // 32, []
    for some in pictures_u8.split(batch):
        maps = heatmaps.flip_test(lambda seen: network(seen)[-1], OURS(some), MPII_16.mirror)
        found.append(stride * heatmaps.parabola(maps, logits=True))
    return torch.cat(found)


def score(network: torch.nn.Module, people: PicturePeople, held: Crops) -> float:
    """MPII's PCKh at 0.5, percent."""
    found = crops.points(held.matrix.inverse(), predict(network, held.pictures))
    return pckh(found, people.keypoints_px, people.head_px)


def train(options: argparse.Namespace) -> None:
    """The whole run; `options` are those of the command line."""
    training.seed_everything(SEED)
    folder = options.data or paths.DATA / "cache" / options.set
    people = pictures.load(options.set, folder, "train", SIZE).as_joints(MPII_16)
    held_out = pictures.load(options.set, folder, "val", SIZE).as_joints(MPII_16)
    people, held_out = people.thinned(options.people), held_out.thinned(SHORT)
    held = people.crops(round(CONTEXT * SIZE), context=CONTEXT)
    held_out_crops = held_out.crops(SIZE)
    batches = CropBatches(
        held, people.skeleton, BATCH, SEED, size=SIZE, context=CONTEXT, how=VARIED
    )
    network = StackedHourglass(**ARGUMENTS)
    mean = mean_of_weights(network)
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=WEIGHT_DECAY)
    state = dict(network=network, mean=mean, optimiser=optimiser, batches=batches)
    run = training.Run(options.out, seed=SEED, device=options.device, state=state)
    torch.set_num_threads(options.threads)
    epochs = max(1, round(options.samples / (BATCH * len(batches))))
    for epoch in run.epochs(epochs):
        network.train()
        for number, (seen, _, _) in enumerate(batches):
            share = (epoch + number / len(batches)) / epochs
            step = epoch * len(batches) + number
            optimiser.param_groups[0]["lr"] = RATE * learning_rate(share, step)
            run.log(update(network, optimiser, seen, run.device))
            mean.update_parameters(network)
        run.log(dict(pckh=score(mean.module, held_out, held_out_crops)))
        shown = (epoch + 1) * BATCH * len(batches)
        early = f"{options.file.stem} after {shown} crops"
        kept = options.out / f"after_{epoch + 1:03d}.safetensors"
        ship(kept, early, options.set, mean.module, run)
    number = results.Number(
        "PCKh@0.5", score(mean.module, held_out, held_out_crops), "%",
        "as MPII defines it: 14 joints, less than half a head length", data=options.set,
        split=f"val, {SIZE} px", method=options.file.stem, chapter=options.file.stem,
        profile=results.OF_A_FILE,
        versions=results.versions(), code=results.code(), frames=len(held_out),
    )  # fmt: skip
    ship(options.file, options.file.stem, options.set, mean.module, run, [number])
    print(f"{paths.shown(options.file)}: {number}")


def update(network: torch.nn.Module, optimiser: torch.optim.Optimizer, seen, device) -> dict:
    """One step; bfloat16 where a processor multiplies it quicker makes it twice as fast."""
    pixels = seen.pictures.to(device) - 0.5
    places = seen.keypoints_px.to(device) * (32 / SIZE)
    labelled = (seen.visible > 0).to(device)
    with precision.mixed(device):
        found = network(pixels)
    target = heatmaps.gaussian_maps(places, (32, 32), SIGMA)
    loss = losses.cross_entropy([maps.float() for maps in found], target, labelled)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return dict(loss=loss.detach())


def ship(
    file: Path,
    name: str,
    data: str,
    network: torch.nn.Module,
    run: training.Run,
    numbers: Sequence[results.Number] = (),
) -> None:
    """Write the network as a detector, in half precision."""
    colours = {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(OURS).items()}
    header = dict(
        name=name,
        network={"class": "StackedHourglass", "arguments": ARGUMENTS},
        skeleton=MPII_16.name,
        size=[SIZE, SIZE],
        decoding="parabola_of_logits",
        colours=colours,
        data=f"{data}, nothing else",
        training=dict(
            batch=BATCH, rate=RATE, decay=WEIGHT_DECAY, seed=SEED, device=run.device.type,
            seconds=round(run.seconds),
        ),
        licence="MIT; the people of rendered_wild: data/rendered/README.md",
        metrics=[number.to_dict() for number in numbers],
    )  # fmt: skip
    file.parent.mkdir(parents=True, exist_ok=True)
    network = copy.deepcopy(network).cpu().requires_grad_(False).eval()
    detection.Detector(header, network).save(file, weights=torch.float16)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--set", default="rendered_wild", help="rendered_wild or rendered_plain (%(default)s)")
    add("--data", type=Path, help="folder of its pictures (data/cache/SET)")
    add("--samples", type=int, default=400_000, help="crops to learn from (%(default)s)")
    add("--people", type=int, default=10**9, help="at most so many (all)")
    add("--device", default="auto", help="auto, cpu or cuda")
    add("--threads", type=int, default=1, help="CPU threads (%(default)s)")
    add("--out", type=Path, default=paths.runs() / f"{NAME}_detector", help="checkpoints")
    file = paths.DATA / "detectors" / f"{NAME}.safetensors"
    add("--file", type=Path, default=file, help="the detector, named after it")
    train(parser.parse_args())


if __name__ == "__main__":
    main()
