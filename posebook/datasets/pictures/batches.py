"""Batches of augmented crops, made by a thread of their own while the network trains."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor

from posebook.datasets.pictures.augmentation import Augmentation, Augmented, augment
from posebook.datasets.pictures.people import Crops
from posebook.errors import InputError
from posebook.skeletons import Skeleton


class CropBatches:
    """Shuffled, augmented batches of people; one `for` loop is one epoch.

    held       crops in memory, cut with some `context` around the person
    skeleton   of their joints
    batch      people in a batch; the rest of an epoch that fills no batch is left out
    seed       of order and augmentation. A batch depends on seed, epoch and its number alone, so
               that a resumed run sees the same ones
    size, context, how  as in `augmentation.augment`
    extra      further tensors (people, ...) that come with a batch, under their names

    A batch is (Augmented, {name: (batch, ...)}, rows). `state_dict` holds the epoch.
    """

    def __init__(
        self,
        held: Crops,
        skeleton: Skeleton,
        batch: int,
        seed: int,
        *,
        size: int,
        context: float = 1.0,
        how: Augmentation | None = None,
        extra: Mapping[str, Tensor] | None = None,
    ):
        if not 1 <= batch <= len(held.pictures):
            raise InputError(
                f"batches of {batch}: expected 1 to the {len(held.pictures)} people there are"
            )
        self.held, self.skeleton, self.batch, self.seed = held, skeleton, batch, seed
        self.size, self.context, self.how = size, context, how or Augmentation()
        self.extra = dict(extra or {})
        self.epoch = 0

    def __len__(self) -> int:
        return len(self.held.pictures) // self.batch

    def __iter__(self) -> Iterator[tuple[Augmented, dict[str, Tensor], Tensor]]:
        epoch, self.epoch = self.epoch, self.epoch + 1
        drawn = torch.Generator().manual_seed(_mixed(self.seed, epoch, 0))
        order = torch.randperm(len(self.held.pictures), generator=drawn)
        with ThreadPoolExecutor(1, thread_name_prefix="crops") as ahead:
            waiting = ahead.submit(self._make, order, epoch, 0)
            for number in range(len(self)):
                made = waiting.result()
                if number + 1 < len(self):
                    waiting = ahead.submit(self._make, order, epoch, number + 1)
                yield made

    def _make(self, order: Tensor, epoch: int, number: int):
        rows = order[number * self.batch : (number + 1) * self.batch]
        generator = torch.Generator().manual_seed(_mixed(self.seed, epoch, number + 1))
        made = augment(
            self.held.pictures[rows], self.held.keypoints_px[rows], self.held.visible[rows],
            self.skeleton, generator, size=self.size, context=self.context, how=self.how,
        )  # fmt: skip
        return made, {name: tensor[rows] for name, tensor in self.extra.items()}, rows

    def state_dict(self) -> dict:
        return {"epoch": self.epoch}

    def load_state_dict(self, state: dict) -> None:
        self.epoch = int(state["epoch"])


def _mixed(seed: int, epoch: int, number: int) -> int:
    """One seed out of three numbers."""
    return ((seed * 1_000_003 + epoch) * 1_000_003 + number) % 2**63
