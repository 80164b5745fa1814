"""What Zhou 2017 learns depth from: 3D labels where there are any, bone lengths where not.

Source: X. Zhou et al. 2017, arXiv:1704.02447, and its published code, first and later form. Taught
in 10_weak_supervision.

Depths and places share one unit: half the side of the crop. So a joint at the right edge has x = 1,
and one as far behind the middle as the edge is to the right has depth 1. The later code's unit is
the side itself. Whether a person has 3D labels is always said by a mask, never by a zero sum as in
the published code.
"""

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from posebook.methods.weak_supervision.skeleton import GROUPS, Groups
from posebook.shapes import Scalar
from posebook.skeletons import MPII_16

#: Weights of the two losses, as published.
DEPTH_WEIGHT, GEOMETRY_WEIGHT = 0.1, 0.01

Depths = Float[Tensor, "batch joints"]
Places = Float[Tensor, "batch joints 2"]
People = Bool[Tensor, " batch"]
Each = Float[Tensor, " batch"]


def unit_places(places_px: Places, size_px: int = 64) -> Places:
    """Places in a map of `size_px`, in units of half its side about its middle: -1 to 1."""
    return 2 * places_px / size_px - 1


def depth_loss(depths: Depths, truth: Depths, labelled: People) -> Scalar:
    r"""Squared error of depth, mean over joints, summed over the people with 3D labels, divided by
    the whole batch.

    labelled  people with 3D labels; what `truth` holds for others is not looked at
    Maths: :math:`\frac1B\sum_{n\in 3D}\frac1J\sum_j(z_{nj}-z^*_{nj})^2`.
    """
    wrong = torch.where(labelled.unsqueeze(-1), depths - truth, 0.0)
    return wrong.square().mean(-1).sum() / len(depths)


def bone_spread(
    depths: Depths,
    places: Places,
    seen: Bool[Tensor, "batch joints"],
    *,
    halved: bool = False,
    groups: Groups = GROUPS,
) -> Each:
    r"""How unequal the bones of each group are, once divided by their average in people: (batch,).

    depths  (batch, 16)     predicted, relative, in the unit of `places`
    places  (batch, 16, 2)  the true key points; no gradient reaches them
    seen    a bone counts if both its ends are seen
    halved  the later code's extra half
    groups  bones and their weights; as published, or `skeleton.groups_of` other people
    Only differences of depth and of place count. A group with one bone gives 0. A bone of length 0
    counts in the mean, but not in the sum.

    Maths: :math:`\sum_g\frac1{|V_g|}\sum_{e\in V_g}(\ell_e-\bar r_g)^2` with
    :math:`\ell_e=w_e\sqrt{\lVert x_a-x_b\rVert^2+(z_a-z_b)^2}`.
    """
    total = torch.zeros_like(depths[:, 0])
    for bones in groups.values():
        a, b = (MPII_16.indices(*(bone[end] for bone in bones)) for end in (0, 1))
        weight = depths.new_tensor([bone[2] for bone in bones])
        across = (places[:, a] - places[:, b]).detach().square().sum(-1)
        squared = across + (depths[:, a] - depths[:, b]).square()
        counts = seen[:, a] & seen[:, b]
        real = counts & (squared > 0)  # the root of 0 has no gradient
        lengths = torch.where(real, weight * torch.where(real, squared, 1.0).sqrt(), 0.0)
        number = counts.sum(-1).clamp_min(1)
        mean = lengths.sum(-1) / number
        total = (
            total + torch.where(real, lengths - mean.unsqueeze(-1), 0.0).square().sum(-1) / number
        )
    return total / 2 if halved else total


def geometry_loss(
    depths: Depths,
    places: Places,
    seen: Bool[Tensor, "batch joints"],
    labelled: People,
    *,
    halved: bool = False,
    groups: Groups = GROUPS,
) -> Scalar:
    """`bone_spread` summed over the people without 3D labels, divided by the whole batch."""
    each = bone_spread(depths, places, seen, halved=halved, groups=groups)
    return torch.where(labelled, 0.0, each).sum() / len(depths)


def executed_geometry_loss(
    depths: Depths,
    places: Places,
    seen: Bool[Tensor, "batch joints"],
    labelled: People,
    size_px: int = 64,
    *,
    groups: Groups = GROUPS,
) -> Scalar:
    """The value of `geometry_loss` with the gradient that the first published code executes.

    Its backward pass takes the places through `unit_places` a second time, after its forward pass
    has written them back. So the gradient sees differences of x and y size_px / 2 = 32 times too
    small, and makes depth differences equal rather than bones. For comparison only.
    """
    value = geometry_loss(depths, places, seen, labelled, groups=groups)
    flat = geometry_loss(depths, places * (2 / size_px), seen, labelled, groups=groups)
    return value.detach() + flat - flat.detach()


# ------------------------------------------------------------------------------ the later code's


def at_places(
    maps: Float[Tensor, "batch joints rows columns"], places: Int[Tensor, "batch joints 2"]
) -> Depths:
    """The value of each joint's map at its place, column and row."""
    index = places[..., 1] * maps.shape[-1] + places[..., 0]
    return maps.flatten(2).gather(-1, index.unsqueeze(-1)).squeeze(-1)


def later_depth_loss(
    depths: Depths, truth: Depths, labelled: Bool[Tensor, "batch joints"]
) -> Scalar:
    """Smooth L1 between depths and truth, summed over the labelled joints, over their number."""
    wrong = functional.smooth_l1_loss(depths, truth, reduction="none")
    return torch.where(labelled, wrong, 0.0).sum() / (labelled.sum() + 1e-4)
