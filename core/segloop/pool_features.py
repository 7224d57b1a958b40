"""Frozen-encoder features of a pool's regions, for a cold start.

D channels of the encoder's high-level features, R regions, h and w their size at stride 16. Nothing is
trained yet; which regions are chosen is decided in `segloop.coverage`.
"""

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from segloop.devices import autocast, resolve_device, resolve_dtype, seeded, torch_runtime
from segloop.encoders import HIGH_STRIDE, Encoder, build_encoder
from segloop.images import resize_image
from segloop.network import normalise, pad_to_stride
from segloop.prefetch import map_ahead
from segloop.progress import Progress
from segloop.regions import Partition
from segloop.settings import RoundSettings
from segloop.sources import ImageSource

Floats = NDArray[np.float32]

_BATCH = 8
_READ_THREADS, _READ_AHEAD = 2, 32


def encode_pool(
    source: ImageSource,
    partitions: Callable[[int], Partition],
    settings: RoundSettings,
    indices: Sequence[int] | None = None,
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> Generator[tuple[int, Floats], None, None]:
    """Features of every region, image by image; close the generator when leaving early.

    Args:
        source: the pool.
        partitions: regions of each image, at native size; called from several threads.
        settings: encoder, encoder_weights, training size, device, precision, num_threads and seed.
        indices: which images, in this order; None = all.
        on_progress: called after every batch.

    Yields:
        (index, float32 (R, D)): the mean of the encoder's high-level features over each region.

    Raises:
        SettingsError: encoder or device are unknown here.
        WeightsError: the encoder's weights are not here.
    """
    pool = _PoolEncoder.of(source, partitions, settings)
    wanted = list(range(len(source)) if indices is None else indices)
    with closing(map_ahead(pool.read, wanted, num_threads=_READ_THREADS, num_ahead=_READ_AHEAD)) as reads:
        for start in range(0, len(wanted), _BATCH):
            places = wanted[start : start + _BATCH]
            batch = [next(reads) for _ in places]
            encoded = pool.encode([pixels for pixels, _ in batch])
            for index, features, (_, pooling) in zip(places, encoded, batch, strict=True):
                yield index, mean_over_regions(pooling, features)
            if on_progress is not None:
                num_done = start + len(batch)
                on_progress(Progress("features", num_done, len(wanted), fraction=num_done / len(wanted)))


@dataclass(frozen=True)
class _PoolEncoder:
    """A frozen encoder over a source."""

    source: ImageSource
    partitions: Callable[[int], Partition]
    settings: RoundSettings
    encoder: Encoder
    device: torch.device

    @classmethod
    def of(
        cls, source: ImageSource, partitions: Callable[[int], Partition], settings: RoundSettings
    ) -> "_PoolEncoder":
        device = resolve_device(settings.device)
        with seeded(settings.seed):
            encoder = build_encoder(settings.encoder, settings.encoder_weights)
        encoder = encoder.to(memory_format=torch.channels_last).to(device).eval()
        return cls(source, partitions, settings, encoder, device)

    def read(self, index: int) -> tuple[NDArray[np.uint8], Floats]:
        """Pixels at training size, and the pooling matrix (R, h * w) of `pooling_matrix`."""
        height, width = self.settings.image_height_px, self.settings.image_width_px
        pixels = resize_image(self.source.image(index), height=height, width=width)
        partition = self.partitions(index)
        pooling = pooling_matrix(partition.region_map, partition.num_regions, height=height, width=width)
        return pixels, pooling

    def encode(self, images: list[NDArray[np.uint8]]) -> Floats:
        """(B, h * w, D) features of images (H, W, 3) uint8 at training size."""
        dtype = resolve_dtype(self.settings.precision, self.device)
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            pixels = torch.from_numpy(np.stack(images)).to(self.device)
            with autocast(self.device, dtype):
                _, high = self.encoder(pad_to_stride(normalise(pixels, self.encoder)))
            features: Floats = high.float().flatten(2).transpose(1, 2).cpu().numpy()
        return features


def pooling_matrix(region_map: NDArray[np.int32], num_regions: int, *, height: int, width: int) -> Floats:
    """How many of each region's pixels lie in each cell of the feature map.

    Args:
        region_map: int32 at native size.
        num_regions: R.
        height: training height, of which a feature cell covers 16 rows.
        width: training width.

    Returns:
        (R, h * w) float32 with h = ceil(height / 16) and w = ceil(width / 16).
    """
    num_rows, num_columns = -(-height // HIGH_STRIDE), -(-width // HIGH_STRIDE)
    native_height, native_width = region_map.shape
    rows = (2 * np.arange(native_height) + 1) * height // (2 * native_height * HIGH_STRIDE)
    columns = (2 * np.arange(native_width) + 1) * width // (2 * native_width * HIGH_STRIDE)
    cells = rows[:, None] * num_columns + columns
    num_cells = num_rows * num_columns
    keys = region_map.astype(np.int64) * num_cells + cells
    counts = np.bincount(keys.ravel(), minlength=num_regions * num_cells)
    return counts.reshape(num_regions, num_cells).astype(np.float32)


def mean_over_regions(pooling: Floats, features: Floats) -> Floats:
    """(R, D): area-weighted mean of the features (h * w, D) under each region."""
    areas = np.maximum(pooling.sum(axis=1, keepdims=True), 1)
    means: Floats = pooling @ features / areas
    return means
