"""Batch norm, ReLU and convolution as one step that keeps one map instead of two for its gradient.

A convolution keeps its input for the backward pass, and batch norm keeps its own. The first is
made from the second by a few cheap operations, so it is made again when it is needed. The numbers
are the same, and a training takes less memory, since most of it is such maps. Taught in
08_stacked_hourglass.

Source: the idea: G. Pleiss et al. 2017, arXiv:1707.06990.
"""

from typing import Any

import torch
from torch import Tensor, nn

#: Smaller maps take little memory, and going the other way costs more time than they save.
LARGE = 2**19  # numbers


def norm_relu_conv(maps: Tensor, norm: nn.BatchNorm2d, conv: nn.Conv2d) -> Tensor:
    """conv(relu(norm(maps))): (batch, channels, h, w) -> (batch, other channels, h, w)."""
    lean = (
        maps.numel() >= LARGE
        and norm.training
        and torch.is_grad_enabled()
        and not torch.is_autocast_enabled(maps.device.type)
    )
    if not lean:
        return conv(norm(maps).relu_())
    norm.num_batches_tracked.add_(1)
    return _NormReluConv.apply(maps, norm.weight, norm.bias, conv.weight, conv.bias, norm, conv)


class _NormReluConv(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, maps: Tensor, scale: Tensor, shift: Tensor, weight: Tensor, bias: Tensor,
        norm: nn.BatchNorm2d, conv: nn.Conv2d,
    ) -> Tensor:  # fmt: skip
        running = norm.running_mean, norm.running_var
        hidden, mean, inverse = torch.native_batch_norm(
            maps, scale, shift, *running, True, norm.momentum, norm.eps
        )
        ctx.save_for_backward(maps, scale, shift, weight, mean, inverse)
        ctx.norm, ctx.padding = norm, conv.padding
        return torch.conv2d(hidden.relu_(), weight, bias, 1, conv.padding)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        maps, scale, shift, weight, mean, inverse = ctx.saved_tensors
        factor = (scale * inverse)[:, None, None]
        offset = shift[:, None, None] - mean[:, None, None] * factor
        hidden = torch.addcmul(offset, maps, factor).relu_()
        wanted = [True, True, True]
        ones, zeros = [1, 1], [0, 0]
        of_hidden, of_weight, of_bias = torch.ops.aten.convolution_backward(
            gradient, hidden, weight, [len(weight)], ones, ctx.padding, ones, False, zeros, 1,
            wanted,
        )  # fmt: skip
        of_hidden = torch.ops.aten.threshold_backward(of_hidden, hidden, 0)
        of_maps, of_scale, of_shift = torch.ops.aten.native_batch_norm_backward(
            of_hidden, maps, scale, ctx.norm.running_mean, ctx.norm.running_var, mean, inverse,
            True, ctx.norm.eps, wanted,
        )  # fmt: skip
        return of_maps, of_scale, of_shift, of_weight, of_bias, None, None
