"""Checks of chapter 9's exercises."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from posebook import figures
from posebook.course.answers import is_stub
from posebook.course.checking import NotAttempted, Wrong
from posebook.methods.pose_resnet.network import STRIDE, PoseResNet
from posebook.skeletons import HOUSE


def exercise_1(enlarging_weights: int | None) -> None:
    """Weights of a ResNet-101's three enlarging layers, batch norms included."""
    if enlarging_weights is None:
        raise NotAttempted
    with torch.device("meta"):
        layers = PoseResNet(101).deconv_layers
    expected = sum(parameter.numel() for parameter in layers.parameters())
    norms = sum(p.numel() for p in layers.parameters() if p.dim() == 1)
    given = int(enlarging_weights)
    if given == expected - norms:
        raise Wrong("The batch norms are missing: each has a scale and a shift for each channel.")
    if given == expected - norms + 3 * 256:
        raise Wrong("A batch norm has two numbers for each channel: a scale and a shift.")
    if given in (expected + 3 * 256, expected - norms + 3 * 256 * 3):
        raise Wrong("The three layers have no bias: the batch norm behind each would undo it.")
    if given != expected:
        raise Wrong(
            f"{given:,} is not the number. A layer has 4 x 4 weights for each pair of a channel "
            "that comes in and a channel that goes out, and then a batch norm."
        )


def exercise_2(lost_px: float | None) -> None:
    """Mean distance from a place in a pixel of 4 x 4 px to the pixel's middle, px of the crop."""
    if lost_px is None:
        raise NotAttempted
    middles = (torch.arange(400, dtype=torch.float64) + 0.5) / 400 - 0.5
    off = STRIDE * torch.cartesian_prod(middles, middles)
    expected, given = off.norm(dim=-1).mean().item(), float(lost_px)
    if abs(given - expected) <= 0.02 * expected:
        return
    if abs(STRIDE * given - expected) <= 0.02 * expected:
        raise Wrong("This is in px of the map; the exercise asks for px of the crop.")
    if abs(given - off.abs().mean().item()) <= 0.02:
        raise Wrong("This is the mean error of one coordinate. The distance has two of them.")
    if abs(given - off.square().sum(-1).mean().sqrt().item()) <= 0.02:
        raise Wrong("This is the root of the mean square. Take the mean of the distances.")
    raise Wrong(
        f"{given:g} px is not the mean. Draw many places in a square of {STRIDE} x {STRIDE} px, "
        "and average their distances from its middle."
    )


def exercise_3(turned_back: Callable[[Tensor, float, list[int]], Tensor]) -> None:
    """Places found in a mirrored crop, back in the crop."""
    mirror, width_px = list(HOUSE.mirror), 96.0
    draw = torch.Generator().manual_seed(0)
    places = width_px * torch.rand(4, len(HOUSE), 2, generator=draw)
    seen = torch.stack([width_px - places[..., 0], places[..., 1]], -1)
    found = turned_back(seen[:, mirror].clone(), width_px, mirror)
    if is_stub(turned_back, "09"):
        raise NotAttempted
    if found.shape != places.shape:
        raise Wrong(f"The shape is {tuple(found.shape)}; expected {tuple(places.shape)}.")
    if torch.allclose(found, places[:, mirror], atol=1e-3):
        raise Wrong("x is right, but left and right joints are not exchanged.")
    if torch.allclose(found, seen, atol=1e-3):
        raise Wrong("Left and right are exchanged, but x still counts from the other edge.")
    if torch.allclose(found - torch.tensor([-1.0, 0.0]), places, atol=1e-3):
        raise Wrong(
            "x is 1 px off. (0, 0) is the corner of the crop, not the middle of its first pixel: "
            "what was at x is now at the width minus x."
        )
    if not torch.allclose(found, places, atol=1e-3):
        raise Wrong("These are not the places in the crop itself.")


def exercise_4(body_map: Any, heat_map: Any) -> None:
    """Sizes of a ResNet's last map and of a heat map, for a crop of 288 x 384 px."""
    if body_map is None and heat_map is None:
        raise NotAttempted
    for name, given, shrinks in (("body_map", body_map, 32), ("heat_map", heat_map, STRIDE)):
        if given is None:
            raise Wrong(f"`{name}` is still empty.")
        wide, high = (float(value) for value in given)
        if (wide, high) == (384 / shrinks, 288 / shrinks):
            raise Wrong(f"`{name}` is wider than high, but the crop is a standing person's.")
        if (wide, high) != (288 / shrinks, 384 / shrinks):
            raise Wrong(
                f"`{name}`: a pixel of a map of {wide:g} x {high:g} would stand for "
                f"{288 / wide:.3g} x {384 / high:.3g} pixels of the crop."
            )


def exercise_5(two_faced: Any) -> None:
    """A map whose mean place is right, and which is dark there."""
    if two_faced is None:
        raise NotAttempted
    if not isinstance(two_faced, Tensor) or two_faced.shape != (24, 24):
        raise Wrong("`two_faced` is a tensor of shape (24, 24).")
    joint = torch.tensor([8.5, 15.5])
    share = two_faced.float().flatten().softmax(0).view(24, 24)
    middles = torch.arange(24) + 0.5
    mean = torch.stack([(share.sum(0) * middles).sum(), (share.sum(1) * middles).sum()])
    shown = figures.heat_maps(share[None], places=joint[None], captions=["+: the joint"])
    if not (mean - joint).norm() < 0.1:
        x, y = mean.tolist()
        raise Wrong(f"Its mean place is ({x:.1f}, {y:.1f}): that costs something.", shown)
    away = torch.cdist(torch.cartesian_prod(middles, middles).flip(-1), joint[None]).view(24, 24)
    near = share[away <= 4].sum().item()
    if not near < 0.01:
        raise Wrong(f"{near:.1%} of its probability lies within 4 px of the joint.", shown)
