"""Large images through an encoder by overlapping tiles, with the same features as in one pass.

B batch, H and W image size, multiples of 16. A tile overlaps its neighbours by as far as the encoder looks,
so no kept feature ever saw a tile's border; tiles begin at multiples of 16, so strides fall alike. What looks
at the whole image (the ASPP's image pooling) comes afterwards, on the features of all tiles together.
"""

from collections.abc import Callable
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from segloop.encoders import HIGH_STRIDE, LOW_STRIDE, Encoder

_PROBE_CELLS = 161
"""Cells of 16 px in a row of the image that measures the reach: 1,280 px to either side."""

_reaches: "WeakKeyDictionary[Encoder, int | None]" = WeakKeyDictionary()


def reach_cells(encoder: Encoder) -> int | None:
    """How far the encoder looks beyond a cell of 16 px, in cells; None = at the whole image, or further.

    Measured: a NaN reaches exactly those features that depend on its pixel. Networks with attention or with
    squeeze-and-excitation look at the whole image.
    """
    if encoder not in _reaches:
        _reaches[encoder] = _measure_reach(encoder)
    return _reaches[encoder]


def _measure_reach(encoder: Encoder) -> int | None:
    device = next(encoder.parameters()).device
    middle = _PROBE_CELLS // 2
    # two cells high: a column of NaN shows the reach across, whatever there is above and below
    image = torch.zeros(1, 3, 2 * HIGH_STRIDE, _PROBE_CELLS * HIGH_STRIDE, device=device)
    image[..., middle * HIGH_STRIDE : (middle + 1) * HIGH_STRIDE] = torch.nan
    with torch.inference_mode():
        low, high = encoder(image)
    reached = set(_nan_cells(high, 1)) | set(_nan_cells(low, HIGH_STRIDE // LOW_STRIDE))
    if min(reached) == 0 or max(reached) == _PROBE_CELLS - 1:
        return None
    return max(middle - min(reached), max(reached) - middle)


def _nan_cells(features: Tensor, per_cell: int) -> list[int]:
    """Cells of 16 px with a NaN in them; `per_cell` columns of `features` (1, C, h, w) make one."""
    columns = features.isnan().flatten(0, 2).any(dim=0).nonzero().flatten()
    return [int(column) // per_cell for column in columns.tolist()]


def encode_by_tiles(
    encoder: Encoder, images: Tensor, project_low: Callable[[Tensor], Tensor], *, tile_cells: int, reach: int
) -> tuple[Tensor, Tensor]:
    """Low and high features as of the whole image.

    Args:
        encoder: in evaluation mode.
        images: (B, 3, H, W) normalised.
        project_low: pointwise, applied to the low features of a tile, so that they are never whole.
        tile_cells: side of what a tile contributes, in cells of 16 px.
        reach: of `reach_cells`; the overlap.

    Returns:
        (B, C, H/4, W/4) of `project_low`, and the encoder's (B, D, H/16, W/16).
    """
    rows, columns = (size // HIGH_STRIDE for size in images.shape[-2:])
    low: Tensor | None = None
    high: Tensor | None = None
    for top in range(0, rows, tile_cells):
        for left in range(0, columns, tile_cells):
            bottom, right = min(top + tile_cells, rows), min(left + tile_cells, columns)
            y, x = max(top - reach, 0), max(left - reach, 0)
            strip = images[:, :, y * HIGH_STRIDE : (bottom + reach) * HIGH_STRIDE]
            window = strip[:, :, :, x * HIGH_STRIDE : (right + reach) * HIGH_STRIDE]
            tile_low, tile_high = encoder(window)
            tile_low = project_low(tile_low)
            if low is None or high is None:
                per_cell = HIGH_STRIDE // LOW_STRIDE
                batch = len(images)
                low = tile_low.new_empty(batch, tile_low.shape[1], rows * per_cell, columns * per_cell)
                high = tile_high.new_empty(batch, tile_high.shape[1], rows, columns)
            for whole, part, scale in ((low, tile_low, HIGH_STRIDE // LOW_STRIDE), (high, tile_high, 1)):
                whole[:, :, top * scale : bottom * scale, left * scale : right * scale] = part[
                    :, :, (top - y) * scale : (bottom - y) * scale, (left - x) * scale : (right - x) * scale
                ]
    assert low is not None
    assert high is not None
    return low, high
