"""An exponential average of a network's weights (EMA), its buffers too: a teacher, or what a round keeps."""

import copy
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import nn
from torch.optim.swa_utils import get_ema_multi_avg_fn

Network = TypeVar("Network", bound=nn.Module)


def start_average(network: Network) -> Network:
    """A copy of `network` in evaluation mode that takes no gradients."""
    return copy.deepcopy(network).requires_grad_(False).eval()


def update_average_(average: nn.Module, network: nn.Module, *, step: int, decay: float) -> None:
    """Move `average` towards `network`.

    Args:
        average: of the same shape; changed.
        network: after its optimiser step; only read.
        step: steps done before this one; early averages follow faster, by min(1 - 1/(step + 1), decay).
        decay: what is kept of the average at each step once that has warmed up.

    Source: S4AL and UniMatch V2 use this warm-up. S4AL averages parameters alone; here running means and
    variances of the normalisation are averaged too, and counters copied, so that the average can predict.
    """
    kept = min(1 - 1 / (step + 1), decay)
    floats: list[tuple[torch.Tensor, torch.Tensor]] = []
    with torch.no_grad():
        for old, new in zip(_tensors(average), _tensors(network), strict=True):
            if old.is_floating_point():
                floats.append((old, new.detach()))
            else:
                old.copy_(new)
        olds, news = zip(*floats, strict=True)
        average_: Callable[..., None] = get_ema_multi_avg_fn(kept)  # type: ignore[no-untyped-call]
        average_(list(olds), list(news), None)


def _tensors(network: nn.Module) -> list[torch.Tensor]:
    return [*network.parameters(), *network.buffers()]
