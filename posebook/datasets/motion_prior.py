"""The prior: fitted numbers that say how people hold themselves.

`tools/fit_motion_prior.py` fits it to motion capture; `data/prior/README.md` has source and terms.
"""

from dataclasses import dataclass
from functools import cache

import torch
from safetensors.torch import load_file
from torch import Tensor

from posebook.paths import DATA

FILE = DATA / "prior" / "motion_prior.safetensors"


@dataclass(frozen=True)
class PosePrior:
    """A mixture of Gaussians over bone directions in a body-centred frame.

    Frame: x to the person's right, y forward, z up; forward is horizontal, at right angles to the
    line between the hips.
    mean (48,), basis (48, d), weights (k,), means (k, d), factors (k, d, d) lower triangular
    """

    mean: Tensor
    basis: Tensor
    weights: Tensor
    means: Tensor
    factors: Tensor

    def sample(self, count: int, generator: torch.Generator) -> Tensor:
        """Unit bone directions (count, 16, 3), float64, independent poses in random order."""
        edges = self.weights.cumsum(0) / self.weights.sum()
        draw = torch.rand(count, generator=generator, dtype=torch.float64)
        component = torch.searchsorted(edges, draw).clamp(max=len(edges) - 1)
        noise = torch.randn(count, len(self.basis.T), generator=generator, dtype=torch.float64)
        order = component.argsort(stable=True)
        counts = torch.bincount(component, minlength=len(edges)).tolist()
        parts = noise[order].split(counts)
        latent = torch.cat(
            [
                torch.addmm(mean, part, factor.T)
                for mean, part, factor in zip(self.means, parts, self.factors, strict=True)
            ]
        )
        flat = torch.empty(count, len(self.mean), dtype=torch.float64)
        flat[order] = torch.addmm(self.mean, latent, self.basis.T)
        return torch.nn.functional.normalize(flat.view(count, -1, 3), dim=-1)


@cache
def pose_prior() -> PosePrior:
    """The shipped prior."""
    numbers = {name: value.to(torch.float64) for name, value in load_file(FILE).items()}
    size = numbers["pose.means"].shape[1]
    row, column = torch.tril_indices(size, size)
    factors = torch.zeros(len(numbers["pose.means"]), size, size, dtype=torch.float64)
    factors[:, row, column] = numbers["pose.factors"]
    weights = numbers["pose.weights"]
    return PosePrior(
        numbers["pose.mean"],
        numbers["pose.basis"],
        weights,
        numbers["pose.means"],
        factors,
    )
