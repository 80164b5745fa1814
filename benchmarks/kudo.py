"""Training as in Kudo et al. 2018: what of an epoch is not arithmetic, and how far from the floor.

    python benchmarks/kudo.py [--poses 60000] [--pieces 13] [--threads 1]

An epoch is what chapter 12 does: shuffle, gather, step, log, checkpoint. Beside it, in turn, as
many steps on one batch that lies in memory already: that is the arithmetic, and what the epoch
takes longer is not. The floor is the matrix products of a step alone, on matrices of the same
sizes. The exit status is 1 where more than 5 % of an epoch at batch 64 is not arithmetic. Times are
CPU seconds of this process, medians over pieces, so that other processes do not count.
"""

import argparse
import contextlib
import io
import itertools
import math
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import torch  # noqa: E402
from torch import nn  # noqa: E402

from posebook import kudo_training, training  # noqa: E402
from posebook.datasets.batches import Batches  # noqa: E402
from posebook.losses import kudo as losses  # noqa: E402
from posebook.models.kudo import KudoDiscriminator, KudoGenerator  # noqa: E402

MOST = 0.05  # of an epoch
WORDS = dict(epoch="epoch", steps="its steps on one batch", products="its matrix products")


class Players:
    """Both networks at the paper's width, their optimisers, and a step."""

    def __init__(self, width: int):
        self.generator = torch.Generator().manual_seed(0)
        self.lifter, self.critic = KudoGenerator(width=width), KudoDiscriminator(width=width)
        self.optimisers = tuple(
            kudo_training.adam(network.parameters()) for network in (self.lifter, self.critic)
        )

    def view(self, pose):
        angle = 2 * math.pi * torch.rand(len(pose), generator=self.generator)
        return losses.turned(pose, angle)

    def step(self, keypoints):
        """A whole step: with a cap of 1 nobody ever waits, however well one batch is known."""
        return kudo_training.update(
            self.lifter, self.critic, self.optimisers, keypoints, self.view, cap=1
        )


def products(width: int, batch: int) -> Callable[[], None]:
    """The matrix products of one step, and nothing else, on matrices made beforehand.

    A layer (o x i) on a batch: forward, the slope of its weights, the slope of its input: three
    products of one size. Generator: all three. Critic: forward twice; the generator's loss goes
    back to its input; its own loss goes back to its weights, twice.
    """
    sizes = [(34, width), (width, width), (width, width)]
    todo = []
    for outputs, first, forward, weights, inputs in ((17, False, 1, 1, 1), (1, True, 2, 2, 3)):
        for number, (i, o) in enumerate([*sizes, (width, outputs)]):
            x, y, w = torch.randn(batch, i), torch.randn(batch, o), torch.randn(o, i)
            todo += [(x, w.T)] * forward + [(y.T, x)] * weights
            # Nobody asks for the slope of the pictures, except where the generator made them.
            todo += [(y, w)] * (inputs if number else int(first))
    out = {(len(a), b.shape[1]): torch.empty(len(a), b.shape[1]) for a, b in todo}

    def run() -> None:
        for a, b in todo:
            torch.mm(a, b, out=out[len(a), b.shape[1]])

    return run


def seconds_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure(width: int, batch: int, poses: int, pieces: int) -> dict[str, float]:
    """Seconds of an epoch, of its steps on one batch, and of its matrix products.

    In turn, piece by piece, so that a machine that slows down slows all three; each is as many
    times the median piece, and the epoch, too, what it does once: shuffling and the checkpoint.
    """
    keypoints = torch.randn(poses, 17, 2)
    players = Players(width)
    batches = Batches({"keypoints": keypoints}, batch, players.generator, drop_last=True)
    of_a_piece = len(batches) // pieces
    one = keypoints[:batch].clone()
    multiply = products(width, batch)
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        networks: dict[str, nn.Module] = dict(lifter=players.lifter, critic=players.critic)
        state = networks | dict(optimisers=players.optimisers, batches=batches)
        run = training.Run(folder, seed=0, device="cpu", state=state)
        loaded, epochs = iter(batches), run.epochs(2)
        next(epochs)
        run.log(players.step(one))  # an epoch of one step warms everything up

        def piece() -> None:
            for batch_now in itertools.islice(loaded, of_a_piece):
                run.log(players.step(batch_now["keypoints"]))

        once = seconds_of(lambda: next(epochs)) + seconds_of(lambda: next(iter(batches)))
        taken = dict(epoch=[], steps=[], products=[])
        for _ in range(pieces):
            taken["epoch"].append(seconds_of(piece))
            taken["steps"].append(
                seconds_of(lambda: [players.step(one) for _ in range(of_a_piece)])
            )
            taken["products"].append(seconds_of(lambda: [multiply() for _ in range(of_a_piece)]))
        once += seconds_of(lambda: next(epochs, None))
    whole = len(batches) / of_a_piece
    found = {name: whole * statistics.median(values) for name, values in taken.items()}
    return found | dict(epoch=found["epoch"] + once)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    add = parser.add_argument
    add("--poses", type=int, default=60_000)
    add("--width", type=int, default=1024)
    add("--batches", type=int, nargs="+", default=[64, 1024], help="sizes; the first has to hold")
    add("--pieces", type=int, default=13, help="in which an epoch is measured (%(default)s)")
    add("--threads", type=int, default=1)
    options = parser.parse_args()
    training.THREADS = options.threads
    torch.set_num_threads(options.threads)
    print(
        f"an epoch on {options.poses} poses, {options.width} units, {options.threads} thread, "
        f"medians of {options.pieces} pieces; torch {torch.__version__}, {platform.machine()}"
    )
    shares = []
    for batch in options.batches:
        found = measure(options.width, batch, options.poses, options.pieces)
        shares.append(1 - found["steps"] / found["epoch"])
        count = options.poses // batch * batch
        print(f"batch {batch}")
        for name, words in WORDS.items():
            seconds = found[name]
            print(f"  {words:24}{seconds:8.2f} s {count / seconds:8.0f} poses/s")
        print(f"  {'not arithmetic':24}{100 * shares[-1]:8.1f} %")
    print(f"at batch {options.batches[0]} at most {100 * MOST:.0f} % may be other than arithmetic")
    return int(shares[0] > MOST)


if __name__ == "__main__":
    sys.exit(main())
