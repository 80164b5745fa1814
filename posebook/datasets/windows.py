"""Windows over clips, by index: what a temporal network is trained on.

A million frames have a million windows of up to 243 frames. They are never made: the clips lie one
after the other in one tensor, and a batch gathers the frames it asks for. Frames before the first
and after the last of a clip are those, repeated. Tensors may be memory-mapped; then memory does not
grow with the frames, since the order of an epoch is computed, not stored.

Source: Pavllo et al. 2019, arXiv:1811.11742, its training batches. Taught in
07_temporal_convolutions.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from posebook.errors import InputError
from posebook.skeletons import HOUSE, Skeleton


class Windows:
    """Shuffled batches of windows, and of what is asked for in their middle frames.

    inputs     name -> (frames, joints, 2 or 3), all clips one after the other
    targets    name -> (frames, joints, 2 or 3), the same frames
    lengths    frames of each clip, in that order
    size       output frames in a batch
    padding    frames before and after an output frame that its window has: `VideoPose3D.padding`
    outputs    frames that one window is asked for, `step` frames apart: 1 as in the paper; with
               more, a network that is given the same `step` shares work between them
    mirror     joint set by which windows are mirrored, x to -x and left to right: every window is
               then in an epoch twice, once plain and once mirrored. None: no mirroring
    generator  draws each epoch's order. None: no shuffling

    A batch is a dict: the inputs (items, frames, joints, ..), the targets (items, outputs, joints,
    ..), `clip` (items,) int64 and `mirrored` (items,) bool. Each frame is an output once in an
    epoch, and once more mirrored; so are, where a clip's length is no multiple of what an item
    spans, a few repeated frames beyond its ends.
    """

    def __init__(
        self,
        inputs: Mapping[str, Tensor],
        targets: Mapping[str, Tensor],
        lengths: Sequence[int],
        size: int,
        padding: tuple[int, int],
        *,
        outputs: int = 1,
        step: int = 1,
        mirror: Skeleton | None = HOUSE,
        generator: torch.Generator | None = None,
        drop_last: bool = False,
    ):
        frames = sum(lengths)
        found = {name: len(tensor) for name, tensor in (*inputs.items(), *targets.items())}
        if set(found.values()) != {frames} or min(lengths, default=0) < 1:
            raise InputError(f"windows: clips of {frames} frames, tensors of {found}")
        if min(size, outputs, step) < 1 or min(padding) < 0:
            raise InputError(
                f"windows: size {size}, outputs {outputs}, step {step}, padding {padding}; "
                "expected >= 1, padding >= 0"
            )
        if both := (inputs.keys() & targets.keys()) | (found.keys() & {"clip", "mirrored"}):
            raise InputError(f"windows: the name {', '.join(sorted(both))} is taken twice")
        for name, tensor in (*inputs.items(), *targets.items()):
            if mirror is not None and tensor.shape[1:2] != (len(mirror),):
                raise InputError(
                    f"windows: {name} has shape {tuple(tensor.shape)}; expected the {len(mirror)} "
                    f"joints of {mirror.name}, by which it is mirrored; or mirror=None"
                )
        self.tensors = dict(inputs) | dict(targets)
        self.inputs = tuple(inputs)
        self.padding, self.outputs, self.step, self.mirror = padding, outputs, step, mirror
        self.generator, self.drop_last = generator, drop_last
        self.items_in_batch = max(1, size // outputs)
        self.device = torch.device("cpu")
        lengths = torch.tensor(lengths)
        self._first = lengths.cumsum(0) - lengths  # of each clip, in the tensors
        self._last = self._first + lengths - 1
        # An item spans outputs x step frames; `step` items that begin one frame apart fill a span.
        span = outputs * step
        spans = -(-lengths // span)
        #: As many frames stick out before the clip as behind it, to half a frame.
        self._early = (spans * span - lengths) // 2
        self._until = (spans * step).cumsum(0)  # items of this clip and those before it
        self.plain = int(self._until[-1])
        self.count = self.plain * (1 if mirror is None else 2)
        if len(self) == 0:
            raise InputError(f"windows: {self.count} do not fill one batch of {size} frames")

    def __len__(self) -> int:
        """Batches in an epoch."""
        whole, rest = divmod(self.count, self.items_in_batch)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[dict[str, Tensor]]:
        order = None if self.generator is None else Order(self.count, self.generator)
        for start in range(0, len(self) * self.items_in_batch, self.items_in_batch):
            places = torch.arange(start, min(start + self.items_in_batch, self.count))
            yield self.take(places if order is None else order(places))

    def take(self, items: Int[Tensor, " items"]) -> dict[str, Tensor]:
        """The batch of these items; item i + `plain` is item i mirrored."""
        if len(items) and not 0 <= int(items.min()) <= int(items.max()) < self.count:
            raise InputError(f"windows: items are numbered from 0 to {self.count - 1}")
        frames, clip, mirrored = self.frames_of(items)
        before, after = self.padding
        window = torch.arange(-before, (self.outputs - 1) * self.step + after + 1)
        asked = torch.arange(0, self.outputs * self.step, self.step)
        batch = {}
        for name, tensor in self.tensors.items():
            rows = frames.unsqueeze(1) + (window if name in self.inputs else asked)
            rows = rows.clamp(self._first[clip].unsqueeze(1), self._last[clip].unsqueeze(1))
            values = tensor[rows.to(tensor.device)].to(self.device)
            if self.mirror is not None:
                chosen = mirrored.to(self.device)
                values[chosen] = self.mirror.flip(values[chosen])
            batch[name] = values
        return batch | dict(clip=clip.to(self.device), mirrored=mirrored.to(self.device))

    def frames_of(
        self, items: Int[Tensor, " items"]
    ) -> tuple[Int[Tensor, " items"], Int[Tensor, " items"], Bool[Tensor, " items"]]:
        """First output frame of each item (it may lie outside its clip), clip, mirrored or not."""
        mirrored = items >= self.plain
        items = torch.where(mirrored, items - self.plain, items)
        clip = torch.searchsorted(self._until, items, right=True)
        in_clip = items - torch.where(clip > 0, self._until[clip - 1], 0)
        span, phase = in_clip // self.step, in_clip % self.step
        early = self._first[clip] - self._early[clip]
        return early + span * self.outputs * self.step + phase, clip, mirrored

    def to(self, device: torch.device | str) -> "Windows":
        """Move the tensors, once and in place; batches are made where they are."""
        self.tensors = {name: tensor.to(device) for name, tensor in self.tensors.items()}
        self.device = torch.device(device)
        return self

    def state_dict(self) -> dict:
        return {} if self.generator is None else {"generator": self.generator.get_state()}

    def load_state_dict(self, state: dict) -> None:
        if self.generator is not None:
            self.generator.set_state(state["generator"])


class Order:
    """A random order of 0 .. count - 1 that is computed place by place and stored nowhere.

    A Feistel network of six rounds scrambles the numbers below a power of four; what falls
    outside 0 .. count - 1 is scrambled again until it does not. Source: Black & Rogaway 2002,
    "Ciphers with arbitrary finite domains", CT-RSA.
    """

    ROUNDS = 6

    def __init__(self, count: int, generator: torch.Generator):
        self.count = count
        self.half_bits = max(1, ((count - 1).bit_length() + 1) // 2)
        self.keys = torch.randint(2**31, (self.ROUNDS,), generator=generator).tolist()

    def __call__(self, places: Int[Tensor, " places"]) -> Int[Tensor, " places"]:
        """What stands at these places of the order."""
        numbers = self._scrambled(places)
        while (outside := numbers >= self.count).any():
            numbers[outside] = self._scrambled(numbers[outside])
        return numbers

    def _scrambled(self, numbers: Tensor) -> Tensor:
        bits, mask = self.half_bits, 2**self.half_bits - 1
        left, right = numbers >> bits, numbers & mask
        for key in self.keys:
            # 31 bits times 31 bits fit into an int64; the middle of the product is well mixed.
            mixed = ((right ^ key) * 0x45D9F3B) & 0x7FFFFFFF
            mixed = ((mixed ^ (mixed >> 15)) * 0x2C1B3C6D) & 0x7FFFFFFF
            left, right = right, left ^ ((mixed >> 9) & mask)
        return (left << bits) | right


def labelled_part(frames: int, share: float) -> slice:
    """The contiguous part of a clip that keeps its labels, the same for every clip of that length.

    frames, share  the clip's length, and the share of it, in (0, 1]
    The start is drawn by the SHA-256 of the length, as the published semi-supervised split does.
    """
    kept = round(frames * share) if 0 < share <= 1 else 0
    if kept < 1:
        raise InputError(f"labelled part: {share} of {frames} frames; expected at least one frame")
    digest = hashlib.sha256(str(frames).encode()).digest()
    draw = int.from_bytes(digest[:4], "little") / (2**32 - 1)
    start = min(int(draw * (frames - kept + 1)), frames - kept)
    return slice(start, start + kept)
