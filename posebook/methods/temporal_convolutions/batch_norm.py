"""Batch norm in VideoPose3D's training: the schedule of its momentum, and recomputed statistics.

Source: Pavllo et al. 2019, arXiv:1811.11742, for the momentum; recomputing statistics is ours. No
network is imported. Taught in 07_temporal_convolutions.
"""

import copy
from collections.abc import Callable, Iterable

import torch
from torch import nn

from posebook.errors import InputError

FIRST_MOMENTUM, LAST_MOMENTUM = 0.1, 0.001


def batch_norm_momentum(epoch: int, epochs: int) -> float:
    r"""Momentum in epoch e of E: :math:`0.1\,e^{-\frac eE\ln 100}`, from 0.1 down to 0.001."""
    return FIRST_MOMENTUM * (LAST_MOMENTUM / FIRST_MOMENTUM) ** (epoch / epochs)


def set_batch_norm_momentum(network: nn.Module, momentum: float | int) -> None:
    """Set the momentum of every batch norm in a network, the first layer's included."""
    for norm in _norms(network):
        norm.momentum = momentum


@torch.no_grad()
def recompute_statistics(
    network: nn.Module, batches: Iterable, show: Callable[[nn.Module, object], object]
) -> None:
    """Compute running means and variances anew, with the final weights.

    batches  training batches, some dozens      show(network, batch) runs the network on one

    The schedule ends at a momentum of 0.001, so the statistics remember a thousand steps. After a
    short training they belong to earlier weights (stale statistics). Dropout is off meanwhile, as
    it is when the network is used. Afterwards the network is in evaluation mode. Raises InputError
    and keeps the old statistics if there is no batch, or one with numbers that are not finite.
    """
    network.eval()
    norms = _norms(network)
    kept = [(norm.momentum, copy.deepcopy(norm.state_dict())) for norm in norms]
    sound = False
    try:
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the plain mean over all batches
            norm.train()
        for batch in batches:
            show(network, batch)
        sound = all(
            norm.num_batches_tracked and torch.isfinite(norm.running_mean + norm.running_var).all()
            for norm in norms
        )
    finally:
        for norm, (momentum, state) in zip(norms, kept, strict=True):
            norm.momentum = momentum
            if not sound:
                norm.load_state_dict(state)
        network.eval()
    if not sound:
        raise InputError("statistics: no batch was shown, or one that is not finite; expected some")


def _norms(network: nn.Module) -> list[nn.BatchNorm1d]:
    return [module for module in network.modules() if isinstance(module, nn.BatchNorm1d)]
