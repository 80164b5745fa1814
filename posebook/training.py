"""What every training loop needs around it, so that the loop itself can stay in its chapter.

training.seed_everything(seed)                  # before the network draws its weights
lifter = Martinez()
run = training.Run(out_dir / "main", seed=seed, device=device,
                   state=dict(lifter=lifter, optimiser=optimiser, batches=batches))
for epoch in run.epochs(20):                    # progress bar; resumes where it was killed
    for batch in batches:
        run.log(step(batch))                    # NaN stops with a clear error
    run.log(evaluate(lifter, held_out))
"""

import csv
import io
import math
import os
import random
import re
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor
from tqdm import tqdm

from posebook import paths
from posebook.errors import InputError
from posebook.files import regular


def _setting(name: str, default: str, pattern: str, expected: str) -> str:
    """An environment variable, where it is what it should be; an InputError of one line else."""
    text = os.environ.get(name) or default
    if not re.fullmatch(pattern, text) or not float(text) > 0:
        raise InputError(f"{name} is '{text:.60}'; expected {expected}")
    return text


# The number of threads changes the order of sums and so the last digits of a trained network.
# It is fixed here, so that a number does not depend on the machine's count of cores. Networks as
# small as those of `laptop` wait more for a second thread than it helps them (chapter 14 took twice
# as long with two); a second core is better used by a second run.
THREADS = int(_setting("POSEBOOK_THREADS", "1", "[0-9]{1,4}", "a whole number from 1 to 9999"))
CHECKPOINT = "checkpoint.pt"
# Seconds between two states of a progress bar. `posebook run` makes them few in a log file.
EVERY = float(
    _setting("POSEBOOK_PROGRESS_SECONDS", "1", r"[0-9]{1,9}(\.[0-9]{1,9})?", "seconds, such as 30")
)


def seed_everything(seed: int) -> torch.Generator:
    """Seed Python, NumPy and torch, fix the threads; returns a seeded CPU generator.

    Call it before a network is built: its first weights come from torch's global generator.
    """
    torch.set_num_threads(THREADS)
    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


def pick_device(device: str | torch.device = "auto") -> torch.device:
    """'auto' is the GPU where there is one; a device that is not there is an InputError."""
    if str(device) == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        picked = torch.device(device)
        torch.empty(1, device=picked).cpu()  # 'meta' is a device that holds no numbers
    except (RuntimeError, AssertionError):
        raise InputError(
            f"device '{device}' is not usable here; expected auto, cpu or cuda"
        ) from None
    return picked


class Run:
    """Seed, device, progress, log, checkpoint and resume for one training loop.

    out_dir   a folder of its own for each loop; holds checkpoint.pt, log.csv and the
              TensorBoard files. If it has a checkpoint, `epochs` goes on after it.
    state     all that training changes: modules, optimisers, schedulers, `Batches` (anything
              with state_dict/load_state_dict), torch generators; dicts and lists of them too.
              What can be moved is moved to the device.

    After kill -9 the last whole epoch is on disk. A resumed run restores the random states with
    the rest, so on a CPU it ends in the same numbers as an uninterrupted one.
    """

    def __init__(
        self,
        out_dir: Path | str,
        *,
        seed: int = 0,
        device: str | torch.device = "auto",
        state: Mapping[str, Any],
    ):
        self.out_dir = Path(out_dir)
        self.out_dir.mkdir(parents=True, exist_ok=True)
        self.seed = seed
        self.device = pick_device(device)
        self.state = dict(_leaves(state))
        self.epoch = 0  # whole epochs behind us
        self.seconds = 0.0  # spent in them, over all resumed parts
        self.history: list[dict[str, float]] = []  # one row of means for each epoch
        self._sums: dict[str, tuple[Tensor | float, float]] = {}
        self._steps = 0
        self._shown = 0.0
        self._bar: tqdm | None = None
        self._stopping = False
        seed_everything(seed)
        if self.device.type == "cuda":
            # TF32, as PyTorch's convolutions do by default: three digits, five times faster.
            torch.set_float32_matmul_precision("high")
        for part in self.state.values():
            if isinstance(part, torch.nn.Module) or hasattr(part, "tensors"):
                part.to(self.device)

    def epochs(self, count: int) -> Iterator[int]:
        """Epoch numbers from the first that is not done yet; each ends with a checkpoint.

        An epoch left by `break` or an error is not counted. To end early, call `stop`.
        """
        self._load()
        if self.epoch >= count:
            return
        from torch.utils.tensorboard import SummaryWriter  # slow to import

        self._stopping = False
        # stdout, not stderr: a stored notebook should not show a red box for a progress bar.
        # Seldom (EVERY) is enough to follow, and does not fill the notebook with old states.
        bar = tqdm(
            total=count, initial=self.epoch, unit="epoch", file=sys.stdout, mininterval=EVERY
        )
        with bar, SummaryWriter(str(self.out_dir), purge_step=self.epoch) as board:
            self._bar = bar
            while self.epoch < count and not self._stopping:
                started = time.perf_counter()
                self._sums, self._steps = {}, 0
                yield self.epoch
                row = self._means()
                self.seconds += time.perf_counter() - started
                self.history.append(row)
                self.epoch += 1
                self._save()
                for name, value in row.items():
                    board.add_scalar(name, value, self.epoch - 1)
                means = ", ".join(f"{name} {value:.4g}" for name, value in row.items())
                bar.set_postfix_str(means, refresh=False)
                bar.update()
        self._bar = None

    def stop(self) -> None:
        """Let this epoch be the last."""
        self._stopping = True

    def log(
        self,
        values: Mapping[str, Tensor | float | int] | Tensor | float | int,
        weight: float | int = 1,
    ) -> None:
        """Add numbers to this epoch's means; a bare number is the loss.

        weight   e.g. the batch's size, where batches differ

        Numbers on a GPU are not read before the epoch ends, since reading waits for the device.
        """
        if not isinstance(values, Mapping):
            values = {"loss": values}
        self._steps += 1
        for name, value in values.items():
            if isinstance(value, Tensor):
                value = value.detach()
                if value.device.type == "cpu":
                    value = value.item()
            if isinstance(value, float | int) and not math.isfinite(value):
                raise self._not_finite(name, value, f"step {self._steps - 1}")
            total, weights = self._sums.get(name, (0.0, 0.0))
            self._sums[name] = (total + value * weight, weights + weight)
        if self._bar is not None and time.monotonic() - self._shown > EVERY:
            self._shown = time.monotonic()
            self._bar.set_postfix_str(f"step {self._steps}")

    def _means(self) -> dict[str, float]:
        row = {name: float(total) / weight for name, (total, weight) in self._sums.items()}
        for name, value in row.items():
            if not math.isfinite(value):
                raise self._not_finite(name, value, "mean over the epoch")
        return row

    def _not_finite(self, name: str, value: float, where: str) -> FloatingPointError:
        kept = f"the last good one, after epoch {self.epoch - 1}, is kept in"
        return FloatingPointError(
            f"'{name}' is {value} in epoch {self.epoch}, {where}: training has diverged or a batch "
            f"holds NaN; try a lower learning rate and look at the batch. No checkpoint is written"
            + (f"; {kept} {paths.shown(self.out_dir / CHECKPOINT)}" if self.epoch else "")
        )

    def _save(self) -> None:
        state = {name: _state_of(part) for name, part in self.state.items()}
        content = io.BytesIO()  # torch itself does not say that a disk is full
        torch.save(
            dict(
                epoch=self.epoch,
                seed=self.seed,
                seconds=self.seconds,
                history=self.history,
                random=_random_state(),
                state=state,
            ),
            content,
        )
        with paths.replacing(self.out_dir / CHECKPOINT) as temporary:
            temporary.write_bytes(content.getbuffer())
        columns = list(dict.fromkeys(name for row in self.history for name in row))
        table = io.StringIO()
        writer = csv.DictWriter(table, ["epoch", *columns])
        writer.writeheader()
        writer.writerows({"epoch": i, **row} for i, row in enumerate(self.history))
        paths.write_text(self.out_dir / "log.csv", table.getvalue())

    def _load(self) -> None:
        path = self.out_dir / CHECKPOINT
        if not path.exists():
            return
        try:
            saved = torch.load(regular(path, "a checkpoint"), map_location="cpu", weights_only=True)
            epoch, states = saved["epoch"], saved["state"]
        except Exception as error:
            reason = str(error).partition("\n")[0]
            raise InputError(f"{paths.shown(path)}: not a readable checkpoint: {reason}") from None
        if saved["seed"] != self.seed or states.keys() != self.state.keys():
            raise InputError(
                f"{paths.shown(path)}: was written with seed {saved['seed']} and "
                f"{', '.join(states)}; this run has seed {self.seed} and {', '.join(self.state)}; "
                "choose another folder"
            )
        try:
            for name, part in self.state.items():
                _restore(part, states[name])
        except (RuntimeError, ValueError, KeyError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputError(
                f"{paths.shown(path)}: '{name}' does not fit this run, choose another folder: "
                f"{reason}"
            ) from None
        self.epoch, self.seconds, self.history = epoch, saved["seconds"], saved["history"]
        _set_random_state(saved["random"])


def _leaves(state: Mapping[str, Any] | list | tuple, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Name and part of each thing that has a state, through dicts, lists and tuples."""
    pairs = state.items() if isinstance(state, Mapping) else enumerate(state)
    for key, part in pairs:
        name = f"{prefix}{key}"
        if isinstance(part, torch.Generator) or hasattr(part, "load_state_dict"):
            yield name, part
        elif isinstance(part, Mapping | list | tuple):
            yield from _leaves(part, f"{name}.")
        else:
            raise TypeError(
                f"state '{name}' is a {type(part).__name__}; expected something with "
                "state_dict and load_state_dict, or a torch.Generator"
            )


def _state_of(part: Any) -> Any:
    return part.get_state() if isinstance(part, torch.Generator) else part.state_dict()


def _restore(part: Any, saved: Any) -> None:
    if isinstance(part, torch.Generator):
        part.set_state(saved)
    else:
        part.load_state_dict(saved)


def _random_state() -> dict:
    """The states of the global generators, as what `torch.load(weights_only=True)` admits."""
    kind, keys, place, has_gauss, gauss = numpy.random.get_state()
    return dict(
        python=random.getstate(),
        numpy=(kind, torch.from_numpy(keys.astype("int64")), place, has_gauss, gauss),
        torch=torch.get_rng_state(),
        cuda=torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
    )


def _set_random_state(saved: dict) -> None:
    version, numbers, gauss = saved["python"]
    random.setstate((version, tuple(numbers), gauss))
    kind, keys, *rest = saved["numpy"]
    numpy.random.set_state((kind, keys.numpy().astype("uint32"), *rest))
    torch.set_rng_state(saved["torch"])
    if saved["cuda"] and torch.cuda.device_count() == len(saved["cuda"]):
        torch.cuda.set_rng_state_all(saved["cuda"])
