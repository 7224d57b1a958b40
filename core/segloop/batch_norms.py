"""Batch normalisation over the images of all processes, without a change to the network.

B images of this process, C channels. Whatever module normalises (torch's, timm's with an activation in it)
calls `torch.nn.functional.batch_norm`; that call is answered here. So the network has the same modules, and
files, as one trained alone.

Source: torch's SyncBatchNorm, whose kernels do it on CUDA; torch has none for a CPU, so there it is ours.
"""

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import functional as F
from torch.nn.modules._functions import SyncBatchNorm

from segloop.processes import Processes
from segloop.torch_calls import Answered


def joint_batch_norms(processes: Processes) -> AbstractContextManager[object]:
    """Inside, every batch norm in training mode counts the images of all processes."""
    if processes.size == 1:
        return nullcontext()
    return Answered(F.batch_norm, partial(_batch_norm, processes))


def _batch_norm(
    processes: Processes,
    images: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """`torch.nn.functional.batch_norm` of `images` (B, C, ...), with the statistics of all processes."""
    if not training:
        return F.batch_norm(images, running_mean, running_var, weight, bias, False, momentum, eps)
    if images.is_cuda:
        result: Tensor = SyncBatchNorm.apply(
            images, weight, bias, running_mean, running_var, eps, momentum, dist.group.WORLD, processes.size
        )
        return result
    axes = [axis for axis in range(images.ndim) if axis != 1]
    values = images.float()
    num_here = torch.tensor(values.numel() // values.shape[1], dtype=torch.float32)
    (num,) = processes.totals(num_here)
    mean = _Total.apply(processes, values.sum(axes, keepdim=True)) / num
    centred = values - mean
    # of the centred values: the difference of two large sums would lose digits
    variance = _Total.apply(processes, centred.square().sum(axes, keepdim=True)) / num
    if running_mean is not None and running_var is not None:
        _follow_(running_mean, mean, momentum)
        _follow_(running_var, variance * (num / (num - 1).clamp(min=1)), momentum)
    normalised = centred * (variance + eps).rsqrt()
    shape = mean.shape
    if weight is not None:
        normalised = normalised * weight.view(shape)
    if bias is not None:
        normalised = normalised + bias.view(shape)
    joint: Tensor = normalised.to(images.dtype)
    return joint


def _follow_(running: Tensor, fresh: Tensor, momentum: float) -> None:
    with torch.no_grad():
        running.lerp_(fresh.flatten(), momentum)


class _Total(torch.autograd.Function):
    """The sum over all processes; what the losses of all of them make of it flows back to each."""

    @staticmethod
    def forward(ctx: Any, processes: Processes, values: Tensor) -> Tensor:
        ctx.processes = processes
        (total,) = processes.totals(values)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[None, Tensor]:
        return None, ctx.processes.totals(gradients[0])[0]
