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
_STRIP_ELEMENTS = 4_000_000
"""Floats (C x rows x width) of one strip of a large prediction: small enough for the caches to help."""


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


def predict_classes(logits: Tensor, height: int, width: int) -> Tensor:
    """The likeliest class of each pixel at another size.

    Args:
        logits: (C, h, w) float32, upsampled bilinearly with half-pixel centres.
        height: of the result; it is worked out in strips of rows, so the logits never exist at this size.
        width: of the result.

    Returns:
        (height, width) uint8; the lower class where two are equal.
    """
    num_classes, num_rows, _ = logits.shape
    strip = max(1, _STRIP_ELEMENTS // (num_classes * width))
    source_rows = (torch.arange(height, device=logits.device) + 0.5) * (num_rows / height) - 0.5
    source_rows = source_rows.clamp(0, num_rows - 1)
    classes = torch.empty(height, width, dtype=torch.uint8, device=logits.device)
    for start in range(0, height, strip):
        rows = source_rows[start : start + strip]
        above = rows.floor().long()
        below = (above + 1).clamp(max=num_rows - 1)
        weight = (rows - above).to(logits.dtype).unsqueeze(1)
        lines = torch.lerp(logits[:, above], logits[:, below], weight)
        wide = F.interpolate(lines[None], size=(len(rows), width), mode="bilinear", align_corners=False)
        classes[start : start + strip] = _argmax(wide[0])
    return classes


def _argmax(logits: Tensor) -> Tensor:
    """Argmax over the first axis, uint8.

    On a CPU class by class: torch's own argmax over an outer axis takes five times as long.
    """
    if logits.device.type != "cpu":
        return logits.max(dim=0).indices.to(torch.uint8)
    best = logits[0].clone()
    classes = torch.zeros(best.shape, dtype=torch.uint8)
    for index in range(1, len(logits)):
        is_better = logits[index] > best
        classes.masked_fill_(is_better, index)
        torch.maximum(best, logits[index], out=best)
    return classes
