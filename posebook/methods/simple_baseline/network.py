"""The simple baseline: one frame of 2D keypoints in, one 3D pose out, through six linear layers.

Source: J. Martinez, R. Hossain, J. Romero, J. J. Little, "A simple yet effective baseline for 3d
human pose estimation", ICCV 2017, arXiv:1705.03098, and its published TensorFlow code (MIT).
Taught in 06_simple_baseline. Where we differ: the running variance of batch norm is PyTorch's,
from the unbiased variance of a batch (64/63 of TensorFlow's at batch 64); nothing else is known.

The network sees no pixels and no millimetres. `Standardiser` takes both away and brings them back:
2D in absolute pixels (NOT root-centred), 3D in camera axes relative to the hip.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

from posebook.skeletons import HOUSE

#: The paper's hourglass detector marks no neck_nose; the hip is the root, so it is not predicted.
INPUT_JOINTS = tuple(joint for joint in HOUSE.joints if joint != "neck_nose")
OUTPUT_JOINTS = tuple(joint for joint in HOUSE.joints if joint != "hip")


class Martinez(nn.Module):
    """Standardised keypoints to standardised joints, both unitless.

    In:   (batch, input_joints, input_dimensions)
    Out:  (batch, output_joints, output_dimensions)

    width       units of every hidden layer             blocks  residual blocks of two layers each
    dropout     the probability to DROP a unit (the paper's flag is the probability to keep it)
    max_norm, batch_norm, residual                      the paper's parts, each of which can go
    """

    def __init__(
        self,
        input_joints: int = 16,
        output_joints: int = 16,
        width: int = 1024,
        blocks: int = 2,
        dropout: float = 0.5,
        max_norm: bool = True,
        batch_norm: bool = True,
        residual: bool = True,
        input_dimensions: int = 2,
        output_dimensions: int = 3,
    ):
        super().__init__()
        self.output_shape = (output_joints, output_dimensions)
        self.residual = residual

        def layer(inputs: int) -> nn.Sequential:
            return nn.Sequential(
                CappedLinear(inputs, width, max_norm),
                # TensorFlow's defaults: eps 1e-3, and 0.99 of the old running mean is kept.
                nn.BatchNorm1d(width, eps=1e-3, momentum=0.01) if batch_norm else nn.Identity(),
                nn.ReLU(),
                Dropout(dropout),
            )

        self.first = layer(input_joints * input_dimensions)
        self.blocks = nn.ModuleList(
            nn.Sequential(layer(width), layer(width)) for _ in range(blocks)
        )
        self.last = CappedLinear(width, output_joints * output_dimensions, max_norm)

    def forward(
        self, keypoints: Float[Tensor, "batch input_joints input_dimensions"]
    ) -> Float[Tensor, "batch output_joints output_dimensions"]:
        hidden = self.first(keypoints.flatten(1))
        for block in self.blocks:
            hidden = hidden + block(hidden) if self.residual else block(hidden)
        return self.last(hidden).unflatten(1, self.output_shape)


class Dropout(nn.Dropout):
    """Dropout whose random numbers, on a CPU, are bytes: eight from each draw of the generator.

    PyTorch's own dropout draws one number for each unit, which took a quarter of a training step.
    The share that is dropped is `p` to the nearest 1/256, and the rest is scaled to match.
    """

    def forward(self, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        dropped = round(256 * self.p)
        if not self.training or dropped in (0, 256) or values.device.type != "cpu":
            return super().forward(values)
        draws = torch.empty(values.numel() // 8 + 1, dtype=torch.int64).random_(-(2**63), None)
        drawn = draws.view(torch.uint8)[: values.numel()].view_as(values)
        # 0 or 1 by arithmetic on bytes, which a CPU does many at a time, comparing it does not.
        kept = drawn.clamp_(dropped - 1, dropped).sub_(dropped - 1)
        return values * kept.to(values).mul_(256 / (256 - dropped))


class CappedLinear(nn.Module):
    """A linear layer whose weight matrix, as a whole, acts with a Frobenius norm of at most 1.

    The stored matrix may grow; in the forward pass it is divided by max(1, its norm), and the
    gradient goes through that division. (PyTorch's own max-norm examples clip each unit instead.)
    The bias is free. Both start from a normal distribution cut at two standard deviations; the
    bias too, so it does not start at 0.
    """

    def __init__(self, inputs: int, outputs: int, max_norm: bool = True):
        super().__init__()
        self.max_norm = max_norm
        self.weight = nn.Parameter(_truncated_normal((outputs, inputs), fan=inputs))
        self.bias = nn.Parameter(_truncated_normal((outputs,), fan=outputs))

    def forward(self, values: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch outputs"]:
        if not self.max_norm:
            return nn.functional.linear(values, self.weight, self.bias)
        return _CappedProduct.apply(values, self.weight) + self.bias


class _CappedProduct(torch.autograd.Function):
    r"""values W^T / s with s = max(1, |W|), and its gradient by hand.

    Maths: for :math:`Y = X W^T / s` with the gradient G,
    :math:`\partial L / \partial W = G^T X / s - W \sum(G Y) / s^2`; the last term is 0 where s = 1.
    Autograd finds the same numbers, but makes the last term as a matrix of its own and adds it
    afterwards, which costs as much as two of the layer's matrix products.
    """

    @staticmethod
    def forward(context, values: Tensor, weight: Tensor) -> Tensor:
        norm = torch.linalg.vector_norm(weight).clamp(min=1)
        # Dividing the small product and not the large matrix is the same, and cheaper.
        product = nn.functional.linear(values, weight) / norm
        context.save_for_backward(values, weight, product, norm)
        return product

    @staticmethod
    def backward(context, gradient: Tensor) -> tuple[Tensor, Tensor]:
        values, weight, product, norm = context.saved_tensors
        gradient = gradient / norm
        along = torch.where(norm > 1, (gradient * product).sum() / norm, 0.0)
        return gradient @ weight, (gradient.T @ values).addcmul_(weight, -along)


def _truncated_normal(shape: tuple[int, ...], fan: int) -> Tensor:
    scale = math.sqrt(2 / fan)
    return nn.init.trunc_normal_(torch.empty(shape), std=scale, a=-2 * scale, b=2 * scale)


class Standardiser(nn.Module):
    """Subtracts a mean and divides by a standard deviation, number by number, and back.

    mean, std  (joints, dimensions), in the unit of the data, from `Standardiser.of` the TRAINING
               poses; saved with a network's weights. Numbers that never change (the root of
               root-relative poses) have std 0: they become 0, and come back as their mean.
    """

    def __init__(
        self, mean: Float[Tensor, "joints dimensions"], std: Float[Tensor, "joints dimensions"]
    ):
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)

    @classmethod
    def of(cls, poses: Float[Tensor, "poses joints dimensions"]) -> "Standardiser":
        """Statistics of many poses: the mean and the population standard deviation."""
        mean = poses.mean(0)
        std = poses.std(0, correction=0)
        constant = std <= 1e-6 * mean.abs()  # what rounding alone leaves
        return cls(mean, torch.where(constant, 0.0, std))

    def forward(self, pose: Float[Tensor, "*b joints dims"]) -> Float[Tensor, "*b joints dims"]:
        return torch.where(self.std > 0, (pose - self.mean) / self.std, 0.0)

    def inverse(self, pose: Float[Tensor, "*b joints dims"]) -> Float[Tensor, "*b joints dims"]:
        return pose * self.std + self.mean


def learning_rate_factor(step: int) -> float:
    """What the first learning rate (1e-3) is multiplied by after `step` batches of 64.

    0.96 per 100,000 steps, continuously; for `torch.optim.lr_scheduler.LambdaLR`.
    """
    return 0.96 ** (step / 100_000)
