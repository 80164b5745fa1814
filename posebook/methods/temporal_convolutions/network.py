"""Temporal convolutions: a window of 2D key points in, the 3D pose in its middle out.

    expand    a filter of width w0 over time, 2 x joints -> channels
    block i   h + narrow(wide(h)): a filter of width w_i whose taps lie d_i = w_0 ... w_(i-1) frames
              apart, then one of width 1; the sum comes last, with nothing after it
    shrink    channels -> 3 x joints

Each filter but the last has no bias and is followed by batch norm, ReLU and dropout. Nothing is
padded: frames at the edge are lost, and `lift` repeats a clip's first and last frame for them.

Source: Pavllo, Feichtenhofer, Grangier, Auli 2019, arXiv:1811.11742. Taught in
07_temporal_convolutions. Where we differ: the published code has one network for whole clips
(dilated) and one for training windows (strided). Here one `forward` does both, by its argument
`step`, and can also share work between windows that overlap. Frames come before channels in memory,
so that a filter is one matrix product.
"""

import math
from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.errors import InputError
from posebook.methods.simple_baseline.network import Dropout
from posebook.shapes import Pose2D, Pose3D
from posebook.skeletons import HOUSE

#: Receptive field in frames, and the filter widths that the paper reaches it with.
FILTER_WIDTHS: dict[int, tuple[int, ...]] = {
    1: (1, 1, 1), 9: (3, 3), 27: (3, 3, 3), 81: (3, 3, 3, 3), 243: (3, 3, 3, 3, 3),
}  # fmt: skip
LONGEST_RECEPTIVE_FIELD = 10_000
#: Frames of a clip that `lift` takes at once, and the most numbers that the taps of one filter see
#: then: they bound the memory and change no number. A file may name filters of thousands of taps.
PIECE, MOST_SEEN = 4096, 1 << 25


class VideoPose3D(nn.Module):
    """Key points over time to poses; with output_joints=1, to the path of the hip.

    In:   (batch, frames, input_joints, 2), unitless, screen units: `cameras.normalise_screen`
    Out:  (batch, positions, output_joints, 3), mm, camera axes. The last layer gives metres, which
          `output_scale` turns into mm. A pose is about the hip: it is trained to have the hip at 0.
          A path is absolute.

    filter_widths  odd; their product is `receptive_field`, the frames that one pose is made from
    causal         the pose belongs to the newest frame of its window, not to the middle one
    dense          an ablation of the paper: filters without holes that reach as far
    """

    def __init__(
        self,
        filter_widths: Sequence[int] = (3, 3, 3),
        channels: int = 1024,
        dropout: float = 0.25,
        causal: bool = False,
        dense: bool = False,
        input_joints: int = len(HOUSE),
        output_joints: int = len(HOUSE),
        input_dimensions: int = 2,
        output_scale: float = 1000.0,
    ):
        super().__init__()
        if not filter_widths or any(width < 1 or width % 2 == 0 for width in filter_widths):
            raise InputError(f"filter_widths {filter_widths}: expected odd numbers, such as 3, 3")
        self.receptive_field = math.prod(filter_widths)
        if self.receptive_field > LONGEST_RECEPTIVE_FIELD:
            raise InputError(
                f"filter_widths {filter_widths}: a window of {self.receptive_field} frames; "
                f"expected at most {LONGEST_RECEPTIVE_FIELD}"
            )
        self.causal, self.dense = causal, dense
        self.output_shape, self.output_scale = (output_joints, 3), output_scale
        self.input_dimensions = input_dimensions
        #: (taps, frames between two taps) of each filter over time.
        self.filters = [(filter_widths[0], 1)]
        for width in filter_widths[1:]:
            apart = math.prod(filter_widths[: len(self.filters)])
            self.filters.append(((width - 1) * apart + 1, 1) if dense else (width, apart))
        self.expand = Filter(input_dimensions * input_joints, channels, filter_widths[0], dropout)
        self.blocks = nn.ModuleList(Block(channels, taps, dropout) for taps, _ in self.filters[1:])
        self.shrink = nn.Linear(channels, 3 * output_joints)

    @property
    def padding(self) -> tuple[int, int]:
        """Frames that a window has before and after the frame its pose belongs to."""
        around = self.receptive_field - 1
        return (around, 0) if self.causal else (around // 2, around // 2)

    def forward(
        self, keypoints: Float[Tensor, "batch frames joints dims"], step: int = 1
    ) -> Float[Tensor, "batch positions out_joints 3"]:
        """A pose for every `step`-th frame that has a whole window: the numbers are the same.

        step  1: the dilated form, for whole clips. receptive_field: the strided form, for training
              on windows of that many frames, which computes nothing that is not used. A product of
              the first filter widths, such as 9 or 27: windows that far apart, which overlap and
              share what they have in common.
        """
        if keypoints.shape[1] < self.receptive_field:
            raise InputError(f"{keypoints.shape[1]} frames; a window has {self.receptive_field}")
        if step < 1:
            raise InputError(f"step {step}: expected 1 or more frames from a pose to the next")
        hidden = keypoints.flatten(2)
        apart_now = 1  # frames from one position of `hidden` to the next
        for layer, (taps, apart) in zip([self.expand, *self.blocks], self.filters, strict=True):
            dilation = apart // apart_now
            stride = 1
            if dilation == 1 and not self.dense and step % (apart_now * taps) == 0:
                stride = taps
            seen = taps_of(hidden, taps, dilation, stride)
            if layer is self.expand:
                hidden = layer(seen)
            else:
                middle = (taps - 1 if self.causal else taps // 2) * dilation
                kept = hidden[:, middle::stride][:, : seen.shape[1]]
                hidden = layer(seen, kept)
            apart_now *= stride
        poses = self.output_scale * self.shrink(hidden[:, :: max(1, step // apart_now)])
        return poses.unflatten(2, self.output_shape)

    def lift(self, keypoints: Float[Tensor, "frames in_joints dims"]) -> Pose3D:
        """Every frame of one clip, of any length: (frames, out_joints, 3).

        The clip's first and last frame are repeated as often as the windows at its ends need.
        """
        if not len(keypoints):
            return keypoints.new_zeros(0, *self.output_shape)
        before, after = self.padding
        padded = functional.pad(keypoints.movedim(0, -1), (before, after), mode="replicate")
        padded = padded.movedim(-1, 0)
        pieces = []
        layers = [self.expand, *(block.wide for block in self.blocks)]
        seen = max(layer.convolution.weight[0].numel() for layer in layers)
        frames = max(1, min(PIECE, MOST_SEEN // seen))
        for start in range(0, len(keypoints), frames):
            piece = padded[start : start + frames + before + after]
            pieces.append(self(piece.unsqueeze(0)).squeeze(0))
        return torch.cat(pieces)


def inflated(
    single: "VideoPose3D", filter_widths: Sequence[int], spread: bool = False
) -> "VideoPose3D":
    """A network over time that begins as a network of one frame: equal poses for a still person.

    single         filter widths 1, 1, ..: as many as `filter_widths`, all else as the new one
    spread         False: its weights go to the middle tap (causal: the last) of each filter, and
                   the other taps are 0; for motion, too, the pose is that of the single frame.
                   True: the taps share the weights evenly. This averages over time, so a detector's
                   errors, which change from frame to frame, are smaller from the start
    Either way the network learns time as a correction to a lifter that works.
    Source: Carreira & Zisserman 2017, arXiv:1705.07750, who do it with pictures (`spread`).
    """
    if single.receptive_field != 1 or len(single.filters) != len(filter_widths):
        raise InputError(f"inflated: expected a network of {len(filter_widths)} filters of width 1")
    joints = single.expand.convolution.in_channels // single.input_dimensions
    joints = joints, single.output_shape[0], single.input_dimensions
    rest = single.shrink.in_features, single.expand.dropout.p, single.causal, single.dense
    network = VideoPose3D(filter_widths, *rest, *joints, single.output_scale)
    state = network.state_dict()
    for name, values in single.state_dict().items():
        if state[name].shape == values.shape:
            state[name] = values.clone()
        elif spread:
            state[name] = values.expand_as(state[name]) / state[name].shape[2]
        else:
            state[name] = torch.zeros_like(state[name])
            state[name][:, :, -1 if single.causal else state[name].shape[2] // 2] = values[:, :, 0]
    network.load_state_dict(state)
    return network


class Filter(nn.Module):
    """One filter over time on what its taps see: (..., taps x inputs) -> (..., channels)."""

    def __init__(self, inputs: int, channels: int, taps: int, dropout: float):
        super().__init__()
        self.convolution = nn.Conv1d(inputs, channels, taps, bias=False)  # holds the weights
        self.norm = nn.BatchNorm1d(channels)
        self.dropout = Dropout(dropout)

    def forward(self, seen: Float[Tensor, "*batch inputs"]) -> Float[Tensor, "*batch channels"]:
        matrix = self.convolution.weight.transpose(1, 2).flatten(1)  # (channels, taps x inputs)
        rows = seen.flatten(0, -2)
        norm = self.norm
        if norm.training:
            rows = self.dropout(functional.relu(norm(functional.linear(rows, matrix))))
        else:  # its scale and shift are fixed
            scale = norm.weight * torch.rsqrt(norm.running_var + norm.eps)
            shift = norm.bias - norm.running_mean * scale
            if len(rows) < len(matrix):  # a stream's: the matrix is the larger of the two
                rows = torch.addcmul(shift, functional.linear(rows, matrix), scale)
            else:  # in the filter they cost no pass over all rows
                rows = torch.addmm(shift, rows, (scale.unsqueeze(1) * matrix).T)
            rows = self.dropout(rows.relu_())
        return rows.unflatten(0, seen.shape[:-1])


class Block(nn.Module):
    """kept + narrow(wide(seen)): the residual block, given the frame that it adds to."""

    def __init__(self, channels: int, taps: int, dropout: float):
        super().__init__()
        self.wide = Filter(channels, channels, taps, dropout)
        self.narrow = Filter(channels, channels, 1, dropout)

    def forward(
        self, seen: Float[Tensor, "*batch inputs"], kept: Float[Tensor, "*batch channels"]
    ) -> Float[Tensor, "*batch channels"]:
        return kept + self.narrow(self.wide(seen))


def taps_of(
    hidden: Float[Tensor, "batch frames channels"], taps: int, dilation: int, stride: int
) -> Float[Tensor, "batch positions all_taps"]:
    """Side by side what a filter's taps see, at each of its positions: (.., taps x channels)."""
    positions = (hidden.shape[1] - (taps - 1) * dilation - 1) // stride + 1
    if dilation == 1 and stride == taps:
        return hidden[:, : positions * taps].reshape(len(hidden), positions, -1)  # nothing moves
    last = (positions - 1) * stride + 1
    offsets = range(0, taps * dilation, dilation)
    return torch.cat([hidden[:, o : o + last : stride] for o in offsets], -1)


class Stream:
    """The causal network on one frame after another, for live video.

    network  causal, in evaluation mode
    Each filter remembers the past frames that its taps still need, and nothing is computed twice.
    So the work of a frame does not depend on the receptive field. The poses are those of
    `network.lift` on the whole clip, which repeats the first frame before the clip. Fill in missing
    key points first: a NaN stays for as many frames as the network sees.
    """

    def __init__(self, network: VideoPose3D):
        if not network.causal:
            raise InputError("a stream needs a causal network: others look into the future")
        self._check_mode(network)
        self.network = network
        self.memories: list[Tensor] = []  # of each filter: (people, what its taps reach, channels)
        self.count = 0

    @torch.no_grad()
    def push(self, keypoints: Pose2D) -> Pose3D:
        """One frame of one or more people: (people, joints, 2) -> (people, out_joints, 3).

        The people are the same in every frame, in the same order; InputError for another number.
        """
        network, first = self.network, self.count == 0
        self._check_mode(network)
        inputs = network.expand.convolution.in_channels
        people = len(keypoints) if first else len(self.memories[0])
        if tuple(keypoints.shape) != (people, inputs // 2, 2):
            raise InputError(
                f"stream: key points {tuple(keypoints.shape)}; expected ({people}, {inputs // 2}, "
                "2), the same people as in its first frame; others need a stream of their own"
            )
        newest = keypoints.flatten(1)
        layers = [network.expand, *network.blocks]
        for i, (layer, (taps, apart)) in enumerate(zip(layers, network.filters, strict=True)):
            length = (taps - 1) * apart + 1
            if first:  # as if this frame had stood there for ever
                self.memories.append(newest.unsqueeze(1).repeat(1, length, 1))
            memory, place = self.memories[i], self.count % length
            memory[:, place] = newest
            # One step on is the oldest frame that the memory holds: the first tap.
            seen = memory[:, [(place + 1 + tap * apart) % length for tap in range(taps)]].flatten(1)
            newest = layer(seen, newest) if i else layer(seen)
        self.count += 1
        return network.output_scale * network.shrink(newest).unflatten(1, network.output_shape)

    @staticmethod
    def _check_mode(network: VideoPose3D) -> None:
        if network.training:
            raise InputError("a stream needs a network in evaluation mode: network.eval()")


def learning_rate_factor(epoch: int, decay: float = 0.95) -> float:
    """The factor of the first learning rate (1e-3) in an epoch; semi-supervised decay: 0.98."""
    return decay**epoch
