"""A normalising flow: an invertible network that gives a density, here of 2D poses.

Source: B. Wandt, J. J. Little, H. Rhodin, "ElePose", CVPR 2022, arXiv:2112.07088, and its published
code, whose blocks come from the FrEIA package; coupling layers: L. Dinh et al. 2017 (Real NVP),
arXiv:1605.08803. Taught in 16_elepose. The blocks are written out here, in some forty lines,
because they are what the chapter teaches. A test compares them with FrEIA's own numbers
(tests/test_golden_elepose.py).

Everything is unitless: the poses are the method's normalised key points, hip at 0.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from posebook.errors import InputError
from posebook.shapes import Pose2D

#: The subnet's output is multiplied by the first; the logarithm of a scale is at most the second.
SUBNET_FACTOR, CLAMP = 0.1, 2.0
#: The scale of a dimension is SCALE_FACTOR * softplus(g), with beta SCALE_BETA.
SCALE_FACTOR, SCALE_BETA = 0.1, 0.5
#: The g that gives a scale of 1: where training starts.
SCALE_START = math.log(math.expm1(SCALE_BETA / SCALE_FACTOR)) / SCALE_BETA

Rows = Float[Tensor, "batch size"]
Each = Float[Tensor, " batch"]


class CouplingBlock(nn.Module):
    """Scales and shifts one half of the numbers as the other half decides, then rotates them all.

    size   how many numbers; the first half (the larger one, if size is odd) passes unchanged
    width  hidden units of the subnet, which need not be invertible
    The rotation is drawn once from torch's global generator and never trained. It mixes the halves.
    So over several blocks, every number changes others and is changed itself.
    """

    def __init__(self, size: int, width: int):
        super().__init__()
        self.kept = size - size // 2
        self.subnet = nn.Sequential(
            nn.Linear(self.kept, width), nn.ReLU(), nn.Linear(width, 2 * (size // 2))
        )
        self.scale = nn.Parameter(torch.full((size,), SCALE_START))
        self.offset = nn.Parameter(torch.zeros(size))
        self.register_buffer("rotation", random_rotation(size))

    def forward(self, values: Rows) -> tuple[Rows, Each]:
        """Towards the Gaussian: (batch, size) and (batch,), the log-determinant of the Jacobian."""
        first, second = values[:, : self.kept], values[:, self.kept :]
        log_scale, shift = self._coupling(first)
        values = torch.cat([first, second * log_scale.exp() + shift], -1)
        scale = self._global_scale()
        log_det = log_scale.sum(-1) + scale.log().sum()
        return (values * scale + self.offset) @ self.rotation.mT, log_det

    def inverse(self, values: Rows) -> tuple[Rows, Each]:
        """Back: (batch, size) and (batch,), the log-determinant of this direction's Jacobian."""
        scale = self._global_scale()
        values = (values @ self.rotation - self.offset) / scale
        first, second = values[:, : self.kept], values[:, self.kept :]
        log_scale, shift = self._coupling(first)
        second = (second - shift) * (-log_scale).exp()
        return torch.cat([first, second], -1), -log_scale.sum(-1) - scale.log().sum()

    def _coupling(self, first: Tensor) -> tuple[Tensor, Tensor]:
        raw, shift = (SUBNET_FACTOR * self.subnet(first)).chunk(2, -1)
        return CLAMP * torch.tanh(raw), shift

    def _global_scale(self) -> Tensor:
        return SCALE_FACTOR * functional.softplus(self.scale, beta=SCALE_BETA)


class Flow(nn.Module):
    """Coupling blocks in a row: data in; numbers that should look standard normal out.

    The paper's flow has size 26, 8 blocks and width 1024: 328,304 trained weights.
    """

    def __init__(self, size: int = 26, blocks: int = 8, width: int = 1024):
        super().__init__()
        self.size = size
        self.blocks = nn.ModuleList(CouplingBlock(size, width) for _ in range(blocks))

    def forward(self, values: Rows) -> tuple[Rows, Each]:
        """z (batch, size), and (batch,) the log-determinant of dz/dvalues."""
        log_det = values.new_zeros(len(values))
        for block in self.blocks:
            values, part = block(values)
            log_det = log_det + part
        return values, log_det

    def inverse(self, z: Rows) -> tuple[Rows, Each]:
        """values (batch, size), and (batch,) the log-determinant of dvalues/dz."""
        log_det = z.new_zeros(len(z))
        for block in reversed(self.blocks):
            z, part = block.inverse(z)
            log_det = log_det + part
        return z, log_det

    def negative_log_likelihood(self, values: Rows) -> Each:
        r"""(batch,): how unlikely each row is, without the constant :math:`\frac d2\log 2\pi`.

        Maths: :math:`\frac12\lVert f(x)\rVert^2-\log|\det J_f(x)|`.
        """
        z, log_det = self(values)
        return 0.5 * z.square().sum(-1) - log_det


class PosePrior(nn.Module):
    """How likely a 2D pose is: principal components, and a flow on the first of them.

    joints          of the poses, which have the hip at 0 and are in the method's normalised units
    bases           how many principal components are kept (the paper keeps 26 of 34)
    blocks, width   of the flow
    leftover        standard deviation allowed in the directions that the kept components leave out;
                    None, as published: a joint may move along those directions at no cost

    The values mean something only after `fit_components` and after the flow was trained on
    `coefficients`.
    """

    def __init__(
        self,
        joints: int = 17,
        bases: int = 26,
        blocks: int = 8,
        width: int = 1024,
        leftover: float | None = None,
    ):
        super().__init__()
        if not 2 <= bases <= 2 * joints:
            raise InputError(f"bases is {bases}, expected 2 to {2 * joints}")
        self.shape = (joints, 2)
        self.register_buffer("mean", torch.zeros(2 * joints))
        self.register_buffer("components", torch.eye(2 * joints)[:bases])
        self.leftover = leftover
        self.flow = Flow(bases, blocks, width)

    def fit_components(self, poses: Float[Tensor, "poses joints 2"]) -> "PosePrior":
        """Take mean and principal components from training poses; returns itself."""
        mean, components, _ = principal_components(poses.flatten(1))
        self.mean.copy_(mean)
        self.components.copy_(components[: len(self.components)])
        return self

    def coefficients(self, poses: Float[Tensor, "batch joints 2"]) -> Rows:
        """(batch, bases): how much of each component is in a pose; centred, not whitened."""
        return (poses.flatten(1) - self.mean) @ self.components.mT

    def poses(self, coefficients: Rows) -> Pose2D:
        """(batch, joints, 2): the poses that have these coefficients."""
        return (coefficients @ self.components + self.mean).unflatten(1, self.shape)

    def forward(self, poses: Float[Tensor, "batch joints 2"]) -> Each:
        """(batch,): negative log-likelihood of each pose, without a constant.

        It is that of the coefficients. With `leftover`, the part that they leave out is added, as
        the negative log-likelihood of a Gaussian.
        """
        coefficients = self.coefficients(poses)
        unlikely = self.flow.negative_log_likelihood(coefficients)
        if self.leftover is None:
            return unlikely
        missing = poses - self.poses(coefficients)
        return unlikely + missing.square().sum((-1, -2)) / (2 * self.leftover**2)

    @torch.no_grad()
    def sample(self, count: int, generator: torch.Generator) -> Pose2D:
        """(count, joints, 2): poses drawn from the density."""
        z = torch.randn(count, self.flow.size, generator=generator).to(self.mean)
        return self.poses(self.flow.inverse(z)[0])


def principal_components(
    rows: Float[Tensor, "rows size"],
) -> tuple[Float[Tensor, " size"], Float[Tensor, "size size"], Float[Tensor, " size"]]:
    """Mean, directions (one a row, most variance first) and singular values of many rows.

    The sign of a direction is arbitrary. Directions in which nothing varies come last, with the
    singular value 0. There must be at least as many rows as numbers in a row.
    """
    if len(rows) < rows.shape[1] or not torch.isfinite(rows).all():
        raise InputError(
            f"principal components: found {len(rows)} rows of {rows.shape[1]} numbers; expected at "
            "least as many rows, all finite"
        )
    mean = rows.double().mean(0)
    _, singular, directions = torch.linalg.svd(rows.double() - mean, full_matrices=False)
    return mean.to(rows), directions.to(rows), singular.to(rows)


def random_rotation(size: int) -> Float[Tensor, "size size"]:
    """A rotation drawn evenly from SO(size), from torch's global generator."""
    q, r = torch.linalg.qr(torch.randn(size, size))
    q = q * r.diagonal().sign()  # makes the draw even (Mezzadri 2007)
    if size > 0 and torch.linalg.det(q) < 0:
        q = torch.cat([-q[:, :1], q[:, 1:]], -1)
    return q
