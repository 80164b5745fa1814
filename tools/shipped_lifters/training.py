"""What the training of both lifters has in common: loss, learning rate, mean of weights, header."""

import argparse
import math
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor
from torch.optim.swa_utils import AveragedModel

from posebook import lifting, paths, results
from posebook.cameras.turned import predict_units
from posebook.geometry import aligned_distances, bone_lengths, procrustes
from posebook.skeletons import HOUSE

#: Both lifters are trained with these: the weight of the aligned loss, the weight decay, and how
#: much of the mean of the weights stays at each step, in the end.
ALIGNED, WEIGHT_DECAY, KEPT = 0.5, 1e-2, 0.9995
#: Of the run, and of the people that training does not see.
SEED, OTHER_SEED = 0, 1_000_000

Views = dict[str, Tensor]
Answer = Callable[[Tensor], Tensor]


def command_line(about: str, name: str) -> argparse.ArgumentParser:
    """A parser with the options that both trainings have."""
    parser = argparse.ArgumentParser(description=about.partition("\n")[0])
    add = parser.add_argument
    add("--threads", type=int, default=1, help="CPU threads (%(default)s)")
    add("--out", type=Path, default=paths.runs() / f"{name}_lifter", help="checkpoints")
    add("--file", type=Path, default=lifting.SHIPPED[name], help="the lifter")
    add("--trial", action="store_true", help="a few small steps, to see that everything works")
    return parser


def loss_of(predicted: Tensor, views: Views) -> Tensor:
    """Mean joint distance, in metres at the person's true size, as it is and after alignment.

    The second part forgives a pose that is turned as a whole. The alignment is taken as given
    when the gradient is.
    """
    units, size = views["units"], views["unit_mm"][:, None, None] / 1000
    plain = torch.linalg.vector_norm((predicted - units) * size, dim=-1).mean()
    with torch.no_grad():
        fit = procrustes(predicted, units)
    fitted = fit.apply(predicted)
    return plain + ALIGNED * torch.linalg.vector_norm((fitted - units) * size, dim=-1).mean()


def mean_of_weights(network: torch.nn.Module) -> AveragedModel:
    """A running mean of a network's weights; what is shipped is the mean, not the last step.

    It begins as a short mean and becomes a longer one, until `KEPT` of it stays at each step.
    """

    def follow(mean: list[Tensor], now: list[Tensor], steps: Tensor) -> None:
        if mean[0].is_floating_point():  # batch norm's counts of batches are none
            torch._foreach_lerp_(mean, now, 1 - min(KEPT, (int(steps) + 1) / (int(steps) + 21)))

    return AveragedModel(network, multi_avg_fn=follow, use_buffers=True).eval()


def learning_rate(step: int, spent: float) -> float:
    """Part of the highest rate: up in a straight line in 500 steps, then along half a cosine.

    spent  the part of the run that is over
    """
    down = 0.5 * (1 + math.cos(math.pi * min(1.0, spent)))
    return min(1.0, (step + 1) / 500) * down


@torch.no_grad()
def p_mpjpe(network: Answer, views: Views) -> float:
    """Mean over views and 17 joints of the distance after Procrustes, mm."""
    units = predict_units(network, views["inputs"])
    return float((aligned_distances(units, views["units"]).mean(-1) * views["unit_mm"]).mean())


@torch.no_grad()
def average_size(network: Answer, views: Views) -> float:
    """The sum of bones that a lifted pose is scaled to: the median person's, mm.

    Measured on lifted poses, since what the network is not sure of comes out short.
    """
    units = predict_units(network, views["inputs"])
    return round(float((bone_lengths(units, HOUSE).sum(-1) * views["unit_mm"]).median()), 1)


def ship(
    file: Path,
    header: dict,
    people: str,
    network: torch.nn.Module,
    answer: Answer,
    held_out: Views,
    perfect: Views,
) -> None:
    """Write the lifter in half precision and print its scores.

    header             the fields that the lifters do not share
    people             in words, for the split that the scores are of: "" or ", in motion"
    answer             the network as `p_mpjpe` asks it
    held_out, perfect  people that training did not see, as in training and with exact key points
    """
    protocol = "Procrustes-aligned, 17 joints, frame mean, least-squares scale"
    metrics = [
        results.Number(
            "P-MPJPE", p_mpjpe(answer, views), "mm", protocol, data="synthetic_wide",
            split=f"held out{people}, {words}", method=header["name"], chapter=header["name"],
            profile=results.OF_A_FILE, versions=results.versions(), code=results.code(),
        )
        for words, views in (("exact key points", perfect), ("as in training", held_out))
    ]  # fmt: skip
    kind = header["normalisation"]
    header = header | dict(
        skeleton=HOUSE.name,
        normalisation=dict(kind=kind, bones_mm=average_size(answer, perfect)),
        licence="MIT; the prior of synthetic_wide: data/prior/README.md",
        metrics=[number.to_dict() for number in metrics],
    )
    lifting.Lifter(header, network).save(file, weights=torch.float16)
    print(f"{paths.shown(file)}: {', '.join(map(str, metrics))}")
