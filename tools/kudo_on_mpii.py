"""How the game of Kudo et al. 2018 behaves on MPII's poses, with and without the heading loss.

    python tools/kudo_on_mpii.py POSES.npy --out runs/kudo_on_mpii

POSES.npy is the published array (19919, 34): 17 joints, x and y in turn, px. As published: one
epoch of batches of 16, 1024 units, and NumPy's old shuffle for the split. On these poses joint 9
lies on the line from neck to head top, so the heading loss measures how the head leans, not where
the nose is.

Writes OUT/seed_S/results.json for each seed: the share of held-out poses whose facing sine is above
0, the spread of their depth, the hip's depth, how often the critic is right over the last half of
the epoch, and how often the gate held a network back. `tools/update_ledger.py` takes them. The
share jumps from step to step, so it is read each 70 steps and at the end: the median and the lowest
of the readings of the last half are written, the last one, and that of the running mean of the
weights at the end.
"""

import argparse
import math
import statistics
import sys
import time
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from posebook import datasets, paths, results, training
from posebook.datasets.batches import Batches
from posebook.datasets.clips import PoseDataset
from posebook.errors import InputError
from posebook.geometry import facing_sine
from posebook.methods.adversarial_lifting import losses, protocol, step
from posebook.methods.adversarial_lifting.network import KudoCritic, KudoGenerator
from posebook.skeletons import HOUSE, MPII_17_KUDO


def half(root: Path, split: str) -> PoseDataset:
    """One half of the poses; an InputError where they are in other joints."""
    people = datasets.load("mpii", root=root, split=split)
    if people.skeleton != MPII_17_KUDO:
        raise InputError(f"{root}: {people.skeleton.name}; expected {MPII_17_KUDO.name}")
    return people


def play(train: Tensor, test: Tensor, seed: int, heading_weight: float) -> dict[str, float]:
    """One epoch; the numbers of the module's head."""
    generator = training.seed_everything(seed)
    lifter, critic = KudoGenerator(width=WIDTH), KudoCritic(width=WIDTH)
    optimisers = tuple(
        step.adam(network.parameters(), chainer_epsilon=True) for network in (lifter, critic)
    )
    batches = Batches({"keypoints": train}, BATCH, generator, drop_last=True)

    def view(pose):
        return losses.turned(pose, 2 * math.pi * torch.rand(len(pose), generator=generator))

    def share(network: KudoGenerator) -> float:
        with torch.no_grad():
            return 100 * (facing_sine(network.pose(test)) > 0).double().mean().item()

    rows, shares = [], []
    smooth = AveragedModel(lifter, multi_avg_fn=get_ema_multi_avg_fn(SMOOTH))
    for count, batch in enumerate(batches, 1):
        row = step.update(
            lifter, critic, optimisers, batch["keypoints"], view, heading_weight=heading_weight
        )
        rows.append({name: float(value) for name, value in row.items()})
        smooth.update_parameters(lifter)
        if count % EACH == 0 or count == len(batches):
            shares.append(share(lifter))
    with torch.no_grad():
        pose = lifter.pose(test)
    late, late_shares = rows[len(rows) // 2 :], shares[len(shares) // 2 :]
    hip = HOUSE.index("hip")
    return {
        "nose before chest": statistics.median(late_shares),
        "nose before chest, lowest": min(late_shares),
        "nose before chest, last": late_shares[-1],
        "nose before chest, running mean": share(smooth.module),
        "critic is right": 100 * sum(row["accuracy"] for row in late) / len(late),
        "generator waits": sum(row["generator_waits"] for row in rows),
        "critic waits": sum(row["critic_waits"] for row in rows),
        "steps": len(rows),
        "depth spread": pose[..., 2].std(correction=0).item(),
        "hip depth": pose[:, hip, 2].abs().mean().item(),
    }


BATCH, WIDTH = 16, 1024  # poses in a step, units of a hidden layer: as published
EACH = 70  # steps from one reading to the next
SMOOTH = 0.99  # how much of the running mean stays at each step
_SHARE = "share of held-out poses with facing sine > 0 in the published joints"
#: Unit and protocol of each number.
MEASURED = {
    "nose before chest": ("%", f"{_SHARE}, median of readings of the last half of the epoch"),
    "nose before chest, lowest": ("%", f"{_SHARE}, lowest reading of the last half of the epoch"),
    "nose before chest, last": ("%", f"{_SHARE}, at the end of the epoch"),
    "nose before chest, running mean": (
        "%",
        f"{_SHARE}, of the running mean of the weights ({SMOOTH}) at the end of the epoch",
    ),
    "critic is right": ("%", "mean of both shares, batches of the last half of the epoch"),
    "generator waits": ("steps", "of one epoch"),
    "critic waits": ("steps", "of one epoch"),
    "steps": ("steps", "of one epoch"),
    "depth spread": ("", "standard deviation over held-out poses and joints, normalised unit"),
    "hip depth": ("", "mean absolute depth of the hip, held-out poses, normalised unit"),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("poses", type=Path, help="the array (19919, 34), or the folder that holds it")
    add("--out", type=Path, default=paths.runs() / "kudo_on_mpii")
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    try:
        people = {split: half(options.poses, split) for split in ("train", "test")}
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    train, test = (protocol.normalised(half.keypoints_px) for half in people.values())
    for seed in options.seeds:
        book = results.Results(
            "adversarial_lifting", options.out / f"seed_{seed}", profile="full", seed=seed,
            device="cpu",
        )  # fmt: skip
        for method, weight in (("Kudo", 1.0), ("no heading loss", 0.0)):
            started = time.monotonic()
            found = play(train, test, seed, weight)
            seconds = time.monotonic() - started
            for metric, value in found.items():
                unit, how = MEASURED[metric]
                settings = f"{how}; batch {BATCH}, {WIDTH} units"
                book.add(
                    metric, value, unit, protocol=settings, data=people["test"].name, split="test",
                    method=method, seconds=seconds,
                )  # fmt: skip
            line = ", ".join(f"{metric} {value:.3g}" for metric, value in found.items())
            print(f"seed {seed}, {method}: {line} ({seconds:.0f} s)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
