"""Forward passes without gradients: logits at one size from several scales, in batches that fit in memory.

B batch, C classes, H and W image size. What is made of the probabilities is decided elsewhere.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from segloop.devices import autocast
from segloop.encoders import HIGH_STRIDE, LOW_STRIDE
from segloop.network import Features, SegmentationNetwork, pad_to_stride, upsample_logits
from segloop.tiles import encode_by_tiles, reach_cells

_CPU_BATCH, _CUDA_BATCH = 4, 32
_BATCH_ELEMENTS = 64_000_000
"""Floats (C x H x W a batch) that may be alive at full size; a quarter of a gigabyte."""
_WHOLE_PX = 4_000_000
"""Pixels up to which an image goes through the network in one piece: about 1 GB of activations."""
_TILE_CELLS = 64
"""Side of a tile of a larger image without its overlap, in cells of 16 px."""
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
    return mean_of_scales(network, encode_scales(network, images, scales, dtype), (height, width), dtype)


def encode_scales(
    network: SegmentationNetwork, images: Tensor, scales: Sequence[float], dtype: torch.dtype
) -> Iterator[Features]:
    """What the heads read, one scale after the other; the arguments are those of `mean_logits`."""
    height, width = images.shape[1:3]
    normalised = network.normalise(images)
    for scale in scales:
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        scaled = normalised
        if size != (height, width):
            scaled = F.interpolate(normalised, size=size, mode="bilinear", align_corners=False)
        with autocast(images.device, dtype):
            features = _encode(network, scaled)
        yield features


def mean_of_scales(
    network: SegmentationNetwork,
    encoded: Iterable[Features],
    size: tuple[int, int],
    dtype: torch.dtype,
    drop: Callable[[Tensor], Tensor] = lambda context: context,
) -> Tensor:
    """Mean of the logits of features at several scales, upsampled.

    Args:
        network: in evaluation mode.
        encoded: of `encode_scales`.
        size: height and width of the result.
        dtype: what the heads compute in.
        drop: what is done to each scale's context (B, 256, h, w) first, as a dropout.

    Returns:
        (B, C, *size) float32.
    """
    total: Tensor | None = None
    num_scales = 0
    for features in encoded:
        dropped = features._replace(context=drop(features.context))
        with autocast(features.low.device, dtype):
            logits = network.crop(_apply_head(network, dropped, network.class_head), features.size)
        upsampled = upsample_logits(logits.float(), features.size, size)
        total = upsampled if total is None else total.add_(upsampled)
        num_scales += 1
    assert total is not None, "settings hold at least one scale"
    return total.div_(num_scales)


def embeddings_of(network: SegmentationNetwork, features: Features, dtype: torch.dtype) -> Tensor:
    """Embeddings (B, D, h, w) float32 at stride 4, in evaluation mode too."""
    with autocast(features.low.device, dtype):
        embeddings = _apply_head(network, features, network.representation_head)
    return network.crop(embeddings, features.size).float()


def _encode(network: SegmentationNetwork, images: Tensor) -> Features:
    """Features of `images` (B, 3, H, W) normalised, by tiles where they are large.

    An encoder that looks at the whole image has no tiles that give the same features: it runs whole.
    """
    height, width = images.shape[-2:]
    reach = reach_cells(network.encoder) if height * width > _WHOLE_PX else None
    if reach is None:
        return network.encode(images)
    low, high = encode_by_tiles(
        network.encoder,
        pad_to_stride(images),
        network.low_projection,
        tile_cells=_TILE_CELLS,
        reach=reach,
    )
    return Features(network.aspp(high), low, (height, width))


def _apply_head(network: SegmentationNetwork, features: Features, head: nn.Module) -> Tensor:
    """`head` on the joined features, by strips of rows where they are many: 304 channels a pixel at stride 4.

    A strip reads one row of context beyond its own, more than upsampling and the head's 3 x 3 look.
    """
    num_rows, num_columns = features.context.shape[-2:]
    per_row = HIGH_STRIDE // LOW_STRIDE
    strip = max(1, _WHOLE_PX // (num_columns * HIGH_STRIDE**2))
    if num_rows <= strip:
        whole: Tensor = head(network.join(features))
        return whole
    strips = []
    for top in range(0, num_rows, strip):
        above, bottom = max(top - 1, 0), min(top + strip, num_rows)
        part = features._replace(
            context=features.context[:, :, above : bottom + 1],
            low=features.low[:, :, above * per_row : (bottom + 1) * per_row],
        )
        values = head(network.join(part))
        strips.append(values[:, :, (top - above) * per_row : (bottom - above) * per_row])
    return torch.cat(strips, dim=2)


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
