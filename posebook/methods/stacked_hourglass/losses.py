"""What a stacked hourglass learns from: the answer of every stack is compared with the truth.

Source: squared error and the supervision of every stack: A. Newell et al. 2016, arXiv:1603.06937;
X. Zhou et al. 2017, arXiv:1704.02447. The cross-entropy is ours, see `cross_entropy`. Taught in
08_stacked_hourglass.
"""

from collections.abc import Sequence

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn import functional

from posebook.shapes import Scalar

HeatMaps = Float[Tensor, "batch joints rows columns"]


def squared_error(found: Sequence[HeatMaps], target: HeatMaps) -> Scalar:
    r"""The mean of squared differences, summed over the stacks: as published.

    A joint without a label has a target of zeros, and counts.
    Maths: :math:`\sum_k\frac{1}{BJhw}\lVert\hat H^{(k)}-H\rVert^2`.
    """
    return torch.stack([functional.mse_loss(maps, target) for maps in found]).sum()


def cross_entropy(
    found: Sequence[HeatMaps], target: HeatMaps, labelled: Bool[Tensor, "batch joints"]
) -> Scalar:
    r"""Each map, as logarithms of probabilities over its pixels, against the target as
    probabilities; the mean over the labelled joints, summed over the stacks.

    target    any positive scale: each map is divided by its own sum; one of zeros is not scored
    labelled  joints that are known; the others are not scored at all

    Nearly every pixel of a target is 0, so a network that answers 0 everywhere has a small squared
    error, and a long way out of there. Here the pixels of a map compete: it must put its
    probability somewhere.
    Maths: :math:`-\frac1N\sum_{nj}\sum_p t_{njp}\log\mathrm{softmax}(\hat H^{(k)}_{nj})_p`.
    """
    total = target.sum((-1, -2))
    counts = (labelled & (total > 0)).to(target)
    share = target * (counts / total.clamp_min(1e-12))[..., None, None]
    joints = counts.sum().clamp_min(1)
    return torch.stack([_cross(maps, share) for maps in found]).sum() / joints


def _cross(maps: HeatMaps, share: HeatMaps) -> Scalar:
    return -(maps.flatten(2).log_softmax(-1) * share.flatten(2)).sum()
