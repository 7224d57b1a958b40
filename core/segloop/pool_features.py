"""Frozen-encoder features of a pool, one vector an image and one a region, for a cold start.

D channels of the encoder's high-level features, R regions, h and w their size at stride 16. Nothing is
trained yet; which images and regions are chosen is decided in `segloop.coverage`.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field

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
_KEPT_BYTES = 256_000_000
"""Region features kept in memory; those of further images are made again when asked for."""


def encode_pool(
    source: ImageSource,
    partitions: Callable[[int], Partition],
    settings: RoundSettings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
) -> tuple[Floats, Callable[[int], Floats]]:
    """Features of every image and, on demand, of every region.

    Args:
        source: the pool.
        partitions: regions of each image, at native size; called from several threads.
        settings: encoder, encoder_weights, training size, device, precision, num_threads and seed.
        on_progress: called after every batch.

    Returns:
        Image features float32 (N, D), the mean over the image, and a function from an image's index to its
        region features float32 (R, D), the mean over each region.

    Raises:
        SettingsError: encoder or device are unknown here.
        WeightsError: the encoder's weights are not here.
    """
    pool = _PoolEncoder.of(source, partitions, settings)
    image_features = np.empty((len(source), pool.encoder.high_channels), dtype=np.float32)
    indices = range(len(source))
    reads = map_ahead(pool.read, indices, num_threads=_READ_THREADS, num_ahead=_READ_AHEAD)
    with closing(reads):
        for start in range(0, len(source), _BATCH):
            batch = [next(reads) for _ in indices[start : start + _BATCH]]
            for place, features in enumerate(pool.encode([pixels for pixels, _ in batch])):
                pooling = batch[place][1]
                image_features[start + place] = pooling.sum(axis=0) @ features / pooling.sum()
                pool.keep(start + place, pooling, features)
            if on_progress is not None:
                num_done = start + len(batch)
                on_progress(Progress("features", num_done, len(source), fraction=num_done / len(source)))
    return image_features, pool.region_features


@dataclass
class _PoolEncoder:
    """A frozen encoder over a source, with some region features kept."""

    source: ImageSource
    partitions: Callable[[int], Partition]
    settings: RoundSettings
    encoder: Encoder
    device: torch.device
    kept: dict[int, Floats] = field(default_factory=dict)
    kept_bytes: int = 0

    @classmethod
    def of(
        cls, source: ImageSource, partitions: Callable[[int], Partition], settings: RoundSettings
    ) -> "_PoolEncoder":
        device = resolve_device(settings.device)
        with seeded(settings.seed):
            encoder = build_encoder(settings.encoder, settings.encoder_weights)
        encoder = encoder.to(memory_format=torch.channels_last).to(device).eval()
        return cls(source, partitions, settings, encoder, device)

    def region_features(self, index: int) -> Floats:
        """(R, D), kept or made again."""
        if index in self.kept:
            return self.kept[index]
        pixels, pooling = self.read(index)
        return mean_over_regions(pooling, self.encode([pixels])[0])

    def keep(self, index: int, pooling: Floats, features: Floats) -> None:
        """Remember an image's region features while there is room."""
        num_bytes = pooling.shape[0] * features.shape[1] * features.itemsize
        if self.kept_bytes + num_bytes <= _KEPT_BYTES:
            self.kept[index] = mean_over_regions(pooling, features)
            self.kept_bytes += num_bytes

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
