"""What of an epoch is not arithmetic, and how far it is from the floor: for any training step.

An epoch is what a chapter does: shuffle, gather, step, log, checkpoint. Beside it, in turn, as many
steps on one batch that lies in memory already: that is the arithmetic, and what the epoch takes
longer is not. The floor is the matrix products of a step alone, on matrices of the same sizes.
Times are CPU seconds of this process, medians over pieces, so that other processes do not count.
Pieces of a few steps suffice, since every step is alike; what an epoch does once is done once here.
"""

import argparse
import contextlib
import io
import itertools
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import torch  # noqa: E402

from posebook import training  # noqa: E402
from posebook.datasets.batches import Batches  # noqa: E402

MOST = 0.05  # of an epoch
WORDS = dict(epoch="epoch", steps="its steps on one batch", products="its matrix products")


class Trainer(Protocol):
    """Networks with what trains them.

    batches  as the epoch goes through them
    state    what a checkpoint holds, without the batches
    step     one iteration on one of the batches: gather what it needs, and train
    fixed    a step on a batch that is in memory already
    """

    batches: Batches
    state: dict[str, Any]

    def step(self, batch: dict[str, torch.Tensor]) -> Any: ...

    def fixed(self) -> Any: ...


def product_of(
    sizes: Sequence[tuple[int, int, int]], device: torch.device | str = "cpu"
) -> Callable[[], None]:
    """Products of matrices (rows x inner) @ (inner x columns), which are made beforehand."""
    todo = [
        (torch.randn(n, k, device=device), torch.randn(k, m, device=device)) for n, k, m in sizes
    ]
    out = {(n, m): torch.empty(n, m, device=device) for n, _, m in sizes}

    def run() -> None:
        for a, b in todo:
            torch.mm(a, b, out=out[len(a), b.shape[1]])

    return run


def seconds_of(work: Callable[[], object]) -> float:
    started = time.process_time()
    work()
    return time.process_time() - started


def measure(
    trainer: Trainer, multiply: Callable[[], object], options: argparse.Namespace
) -> dict[str, float]:
    """Seconds of an epoch, of its steps on one batch, and of its matrix products.

    In turn, piece by piece, so that a machine that slows down slows all three; each is the median
    piece times as many as an epoch has, and the epoch, too, what it does once: shuffling and the
    checkpoint.
    """
    batches, pieces = trainer.batches, options.pieces
    of_a_piece = max(1, min(len(batches) // pieces, options.steps))
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        state = trainer.state | dict(batches=batches)
        run = training.Run(folder, seed=0, device="cpu", state=state)
        loaded, epochs = iter(batches), run.epochs(2)
        next(epochs)
        run.log(trainer.fixed())  # an epoch of one step warms everything up
        trainer.fixed()

        def piece() -> None:
            for batch in itertools.islice(loaded, of_a_piece):
                run.log(trainer.step(batch))

        once = seconds_of(lambda: next(epochs)) + seconds_of(lambda: next(iter(batches)))
        taken = dict(epoch=[], steps=[], products=[])
        for _ in range(min(pieces, len(batches) // of_a_piece)):
            taken["epoch"].append(seconds_of(piece))
            taken["steps"].append(seconds_of(lambda: [trainer.fixed() for _ in range(of_a_piece)]))
            taken["products"].append(seconds_of(lambda: [multiply() for _ in range(of_a_piece)]))
        once += seconds_of(lambda: next(epochs, None))
    whole = len(batches) / of_a_piece
    found = {name: whole * statistics.median(values) for name, values in taken.items()}
    return found | dict(epoch=found["epoch"] + once)


def options_of(
    what: str, poses: int, width: int = 1024, batches: Sequence[int] = (64, 1024)
) -> argparse.Namespace:
    """The command line, with the threads set."""
    parser = argparse.ArgumentParser(description=what.partition("\n")[0])
    add = parser.add_argument
    add("--poses", type=int, default=poses)
    add("--width", type=int, default=width)
    add(
        "--batches", type=int, nargs="+", default=list(batches), help="sizes; the first has to hold"
    )
    add("--pieces", type=int, default=13, help="in which an epoch is measured (%(default)s)")
    add("--steps", type=int, default=12, help="at most, in each piece (%(default)s)")
    add("--threads", type=int, default=1)
    options = parser.parse_args()
    training.THREADS = options.threads
    torch.set_num_threads(options.threads)
    print(
        f"an epoch on {options.poses} poses, {options.width} units, {options.threads} thread, "
        f"medians of {options.pieces} pieces; torch {torch.__version__}, {platform.machine()}"
    )
    return options


def report(
    options: argparse.Namespace, measured: Callable[[int, argparse.Namespace], dict[str, float]]
) -> int:
    """Print what `measured(batch, options)` finds for each size; the exit status."""
    shares = []
    for batch in options.batches:
        found = measured(batch, options)
        shares.append(1 - found["steps"] / found["epoch"])
        count = options.poses // batch * batch
        print(f"batch {batch}")
        for name, words in WORDS.items():
            seconds = found[name]
            print(f"  {words:24}{seconds:8.2f} s {count / seconds:8.0f} poses/s")
        print(f"  {'not arithmetic':24}{100 * shares[-1]:8.1f} %")
    print(f"at batch {options.batches[0]} at most {100 * MOST:.0f} % may be other than arithmetic")
    return int(shares[0] > MOST)
