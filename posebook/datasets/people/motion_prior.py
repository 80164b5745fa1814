"""The prior: fitted numbers that say how people hold themselves, and how they move.

`tools/fit_motion_prior.py` fits it to motion capture; `data/prior/README.md` has source and terms.
Poses are bone directions in a body-centred frame: x to the person's right, y forward, z up, where
forward is horizontal and at right angles to the line between the hips.
"""

import math
from dataclasses import dataclass
from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor

from posebook.datasets.people.body import unit
from posebook.paths import DATA

FILE = DATA / "prior" / "motion_prior.safetensors"
#: Frames of a window, and how many of them make a second.
SPAN, RATE = 40, 30.0


@dataclass(frozen=True)
class Mixture:
    """Principal components, and in their space a mixture of Gaussians.

    mean (channels,), basis (channels, d), weights (k,), means (k, d), factors (k, d, d) lower
    triangular: a row is mean + basis @ (means[c] + factors[c] @ noise) with chance weights[c]
    """

    mean: Tensor
    basis: Tensor
    weights: Tensor
    means: Tensor
    factors: Tensor

    def latent(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws (count, d), float64, in random order."""
        edges = self.weights.cumsum(0) / self.weights.sum()
        draw = torch.rand(count, generator=generator, dtype=torch.float64)
        component = torch.searchsorted(edges, draw).clamp(max=len(edges) - 1)
        noise = torch.randn(count, self.basis.shape[1], generator=generator, dtype=torch.float64)
        order = component.argsort(stable=True)
        counts = torch.bincount(component, minlength=len(edges)).tolist()
        drawn = torch.empty_like(noise)
        drawn[order] = torch.cat([
            torch.addmm(mean, part, factor.T)
            for mean, part, factor in zip(
                self.means, noise[order].split(counts), self.factors, strict=True
            )
        ])  # fmt: skip
        return drawn

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Draws (count, channels), float64."""
        return torch.addmm(self.mean, self.latent(count, generator), self.basis.T)


@cache
def _numbers() -> dict[str, Tensor]:
    return load_file(FILE)


@cache
def mixture(name: str) -> Mixture:
    """One of the shipped mixtures: "poses" or "windows"."""

    def part(key: str) -> Tensor:
        value = _numbers()[f"{name}.{key}"].to(torch.float64)
        scale = _numbers().get(f"{name}.{key}.scale")
        return value if scale is None else value * scale.to(torch.float64)

    means, packed = part("means"), part("factors")
    size = means.shape[1]
    row, column = torch.tril_indices(size, size)
    factors = torch.zeros(len(means), size, size, dtype=torch.float64)
    factors[:, row, column] = packed
    return Mixture(part("mean"), part("basis").T.contiguous(), part("weights"), means, factors)


def sample_directions(count: int, generator: torch.Generator) -> Tensor:
    """Unit bone directions (count, 16, 3) of independent poses, float64."""
    flat = mixture("poses").sample(count, generator)
    return unit(flat.view(count, -1, 3))


def cosines(frame: Tensor, count: int) -> Tensor:
    """The first `count` cosines of a window, (..., count), at any moment `frame` of it.

    Orthonormal over the frames 0 .. SPAN - 1 (the discrete cosine transform).
    """
    order = torch.arange(count, dtype=torch.float64)
    wave = torch.cos(math.pi / SPAN * order * (frame.unsqueeze(-1) + 0.5))
    scale = torch.full((count,), math.sqrt(2 / SPAN), dtype=torch.float64)
    scale[0] = math.sqrt(1 / SPAN)
    return scale * wave


@cache
def windows_channels() -> Tensor:
    """What each of the 51 channels of a window was multiplied by before it was fitted."""
    return _numbers()["windows.weights_of_channels"].to(torch.float64)
