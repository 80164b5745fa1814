"""Batches out of tensors that are in memory.

Poses are small: a million frames of keypoints and poses are 350 MB. So there are no workers and
no queue; each epoch draws one permutation and gathers whole batches where the tensors lie.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from posebook.errors import InputError


class Batches:
    """Shuffled batches of several tensors with the same first axis.

    tensors     name -> (frames, ...); a batch is a dict with the same names, (size, ...)
    generator   draws each epoch's order; always on the CPU, so that the order is the same
                on every device. None: no shuffling, for evaluation.
    drop_last   leave out the last batch where it is smaller (batch norm wants more than one)

    One `for` loop is one epoch. `state_dict` holds the generator, so that a resumed run goes on
    with the order that the uninterrupted one would have had. Taught in 06_simple_baseline.
    """

    def __init__(
        self,
        tensors: Mapping[str, Tensor],
        size: int,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
    ):
        lengths = {name: len(tensor) for name, tensor in tensors.items()}
        if not lengths or len(set(lengths.values())) != 1:
            raise InputError(f"batches: tensors must have one common length, these have {lengths}")
        if size < 1:
            raise InputError(f"batches: size is {size}, expected 1 or more")
        self.tensors = dict(tensors)
        self.size = size
        self.generator = generator
        self.drop_last = drop_last
        self.count = next(iter(lengths.values()))
        if len(self) == 0:
            raise InputError(f"batches: {self.count} frames do not fill one batch of {size}")

    def __len__(self) -> int:
        """Batches in an epoch."""
        whole, rest = divmod(self.count, self.size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        device = next(iter(self.tensors.values())).device
        order = None
        if self.generator is not None:
            order = torch.randperm(self.count, generator=self.generator).to(device)
        for start in range(0, len(self) * self.size, self.size):
            rows = slice(start, start + self.size)
            picked = rows if order is None else order[rows]
            yield {name: tensor[picked] for name, tensor in self.tensors.items()}

    def to(self, device: torch.device | str) -> "Batches":
        """Move the tensors, once and in place; the generator stays on the CPU."""
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        return self

    def state_dict(self) -> dict:
        return {} if self.generator is None else {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict) -> None:
        if self.generator is not None:
            self.generator.set_state(state["generator"])
