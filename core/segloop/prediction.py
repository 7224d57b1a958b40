"""Forward passes without gradients: logits at one size from several scales, in batches that fit in memory.

B batch, C classes, H and W image size. What is made of the probabilities is decided elsewhere.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from segloop.devices import autocast
from segloop.network import SegmentationNetwork, upsample_logits

_CPU_BATCH, _CUDA_BATCH = 4, 32
_BATCH_ELEMENTS = 64_000_000
"""Floats (C x H x W a batch) that may be alive at full size; a quarter of a gigabyte."""


def mean_logits(
    network: SegmentationNetwork, images: Tensor, scales: Sequence[float], dtype: torch.dtype
) -> Tensor:
    """Mean of the logits at `scales`, upsampled to the images' size.

    Args:
        network: in evaluation mode.
        images: (B, H, W, 3) uint8 on the network's device.
        scales: factors on H and W; the network sees the image resized bilinearly.
        dtype: what the forward pass computes in.

    Returns:
        (B, C, H, W) float32.
    """
    height, width = images.shape[1:3]
    normalised = network.normalise(images)
    total: Tensor | None = None
    for scale in scales:
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        scaled = normalised
        if size != (height, width):
            scaled = F.interpolate(normalised, size=size, mode="bilinear", align_corners=False)
        with autocast(images.device, dtype):
            logits = network(scaled).logits
        upsampled = upsample_logits(logits.float(), size, (height, width))
        total = upsampled if total is None else total.add_(upsampled)
    assert total is not None, "settings hold at least one scale"
    return total.div_(len(scales))


def batch_size_for(device: torch.device, *, num_classes: int, height: int, width: int) -> int:
    """Images a forward pass may take: few on a CPU, more on a GPU, fewer when classes and pixels are many."""
    limit = _CUDA_BATCH if device.type == "cuda" else _CPU_BATCH
    return max(1, min(limit, _BATCH_ELEMENTS // (num_classes * height * width)))
