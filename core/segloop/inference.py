"""Batches of a split through a network: read ahead in threads, forward passes here, maps of each image out.

B batch, C classes, D features, H and W training size, h and w native size. What is made of the maps, region
by region, is decided in `segloop.scoring`.
"""

import zlib
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from segloop.acquisition import (
    AcquisitionFunction,
    PixelView,
    PoolSummary,
    class_weights,
    find_acquisition,
    pixel_scores,
)
from segloop.devices import resolve_dtype, torch_runtime
from segloop.errors import NonFiniteError
from segloop.images import resize_image
from segloop.network import DROPOUT, Features, SegmentationNetwork, upsample_logits
from segloop.prediction import (
    batch_size_for,
    embeddings_of,
    encode_scales,
    mean_logits,
    mean_of_scales,
    predict_classes,
)
from segloop.prefetch import map_ahead
from segloop.regions import Partition
from segloop.settings import RoundSettings
from segloop.sources import ImageSource

Partitions = Callable[[int], Partition]
"""Image index -> its partition; called from several threads."""

_READ_THREADS = 2
_READ_AHEAD_BATCHES = 2


@dataclass(frozen=True)
class Loaded:
    """One image as the forward pass and the pooling want it; the native pixels are gone."""

    index: int
    filename: str
    pixels: NDArray[np.uint8]
    label_map: NDArray[np.uint8]
    partition: Partition | None


@dataclass(frozen=True)
class Maps:
    """What the forward pass leaves of one image, on the CPU.

    Attributes:
        prediction: (h, w) uint8.
        max_prob: (h, w) uint8.
        scores: (h, w) float32.
        probs: (C, H, W) float32.
        context: (D, H/16, W/16) float32 at scale 1, for acquisitions that read region features.
    """

    prediction: NDArray[np.uint8]
    max_prob: NDArray[np.uint8]
    scores: NDArray[np.float32]
    probs: NDArray[np.float32]
    context: NDArray[np.float32] | None


@dataclass(frozen=True)
class Forward:
    """A network with what its forward passes need to know."""

    network: SegmentationNetwork
    settings: RoundSettings
    scales: Sequence[float]
    device: torch.device
    dtype: torch.dtype
    acquisition: AcquisitionFunction
    weights: Tensor | None
    prototypes: Tensor | None

    @classmethod
    def of(
        cls,
        network: SegmentationNetwork,
        settings: RoundSettings,
        summary: PoolSummary | None = None,
        *,
        scales: Sequence[float] | None = None,
    ) -> "Forward":
        """The network in evaluation mode; without `scales`, those of the settings."""
        device = next(network.parameters()).device
        summary = summary or PoolSummary()
        weights = None
        if summary.class_prior is not None and settings.class_balance > 0:
            prior = torch.from_numpy(summary.class_prior).to(device)
            weights = class_weights(prior, balance=settings.class_balance)
        prototypes = summary.prototypes
        return cls(
            network=network.eval(),
            settings=settings,
            scales=settings.score_scales if scales is None else scales,
            device=device,
            dtype=resolve_dtype(settings.precision, device),
            acquisition=find_acquisition(settings.acquisition),
            weights=weights,
            prototypes=None if prototypes is None else torch.from_numpy(prototypes).to(device),
        )

    @property
    def batch_size(self) -> int:
        """Images a batch."""
        settings = self.settings
        return batch_size_for(
            self.device,
            num_classes=self.network.num_classes,
            height=settings.image_height_px,
            width=settings.image_width_px,
        )

    def score(self, batch: list[Loaded]) -> list[Maps]:
        """Predictions and pixel scores of each image."""
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            pixels = self._pixels(batch)
            height, width = pixels.shape[1:3]
            encoded: Iterable[Features] = encode_scales(self.network, pixels, self.scales, self.dtype)
            kept = list(encoded) if self._keeps_features else []
            logits = self._checked(
                mean_of_scales(self.network, kept or encoded, (height, width), self.dtype), batch
            )
            probs = logits.softmax(dim=1)
            native = self._native_features(pixels, kept)
            scores = self._pixel_scores(batch, probs, kept, native)
            max_prob = probs.amax(dim=1)
            reads_context = self.acquisition.reads_region_features
            maps = []
            for place, loaded in enumerate(batch):
                size = loaded.label_map.shape
                context = native.context[place].float() if native is not None and reads_context else None
                maps.append(
                    Maps(
                        prediction=predict_classes(logits[place], *size).cpu().numpy(),
                        max_prob=_to_bytes(_resize(max_prob[place], size), 1.0).cpu().numpy(),
                        scores=_resize(scores[place], size).cpu().numpy(),
                        probs=probs[place].cpu().numpy(),
                        context=None if context is None else context.cpu().numpy(),
                    )
                )
            return maps

    def predict(self, batch: list[Loaded]) -> list[NDArray[np.uint8]]:
        """(h, w) predicted classes of each image."""
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            logits = self._logits(batch)
            return [
                predict_classes(one, *loaded.label_map.shape).cpu().numpy()
                for one, loaded in zip(logits, batch, strict=True)
            ]

    def mean_probs(self, batch: list[Loaded]) -> NDArray[np.float64]:
        """(B, C) mean over pixels."""
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            return self._logits(batch).softmax(dim=1).mean(dim=(2, 3)).double().cpu().numpy()

    def embeddings(self, batch: list[Loaded]) -> Tensor:
        """(B, D, H/4, W/4) float32, on the device."""
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            (features,) = encode_scales(self.network, self._pixels(batch), (1.0,), self.dtype)
            return embeddings_of(self.network, features, self.dtype)

    def _pixel_scores(
        self, batch: list[Loaded], probs: Tensor, encoded: Sequence[Features], native: Features | None
    ) -> Tensor:
        """(B, H, W), weighed by class."""
        size = (probs.shape[2], probs.shape[3])
        reads = self.acquisition.reads_embeddings and native is not None
        view = PixelView(
            probs=probs,
            passes=lambda: self._passes(batch, encoded, size),
            embeddings=embeddings_of(self.network, native, self.dtype) if reads and native else None,
            prototypes=self.prototypes,
        )
        scores = pixel_scores(view, self.settings.acquisition)
        if scores.shape[1:] != probs.shape[2:]:
            scores = upsample_logits(scores.unsqueeze(1), size, size).squeeze(1)
        return scores if self.weights is None else scores * self.weights[probs.max(dim=1).indices]

    @property
    def _keeps_features(self) -> bool:
        """Whether features of all scales stay in memory until a batch is done."""
        read = self.acquisition
        return read.reads_passes or read.reads_embeddings or read.reads_region_features

    def _native_features(self, pixels: Tensor, encoded: Sequence[Features]) -> Features | None:
        """Features at scale 1, where the acquisition reads them."""
        if not (self.acquisition.reads_embeddings or self.acquisition.reads_region_features):
            return None
        size = (pixels.shape[1], pixels.shape[2])
        for features in encoded:
            if features.size == size:
                return features
        return next(encode_scales(self.network, pixels, (1.0,), self.dtype))

    def _passes(
        self, batch: list[Loaded], encoded: Sequence[Features], size: tuple[int, int]
    ) -> Iterator[Tensor]:
        for number in range(self.settings.dropout_passes):
            drop = _Dropout([loaded.filename for loaded in batch], self.settings.seed, number, self.device)
            yield mean_of_scales(self.network, encoded, size, self.dtype, drop).softmax(dim=1)

    def _pixels(self, batch: list[Loaded]) -> Tensor:
        return torch.from_numpy(np.stack([loaded.pixels for loaded in batch])).to(self.device)

    def _logits(self, batch: list[Loaded]) -> Tensor:
        logits = mean_logits(self.network, self._pixels(batch), self.scales, self.dtype)
        return self._checked(logits, batch)

    def _checked(self, logits: Tensor, batch: list[Loaded]) -> Tensor:
        is_bad = ~logits.isfinite().flatten(1).all(dim=1)
        if is_bad.any():
            names = [loaded.filename for loaded, bad in zip(batch, is_bad.tolist(), strict=True) if bad]
            raise NonFiniteError(f"the network gives NaN or infinity for {', '.join(names)}")
        return logits


class _Dropout:
    """A pass's dropout: each image's masks, one after the other for each scale, follow from its name."""

    def __init__(self, filenames: list[str], seed: int, number: int, device: torch.device) -> None:
        self._generators = []
        for filename in filenames:
            words = np.random.SeedSequence([seed, zlib.crc32(filename.encode()), number]).generate_state(2)
            value = int(words[0]) << 31 ^ int(words[1])
            self._generators.append(torch.Generator(device).manual_seed(value))

    def __call__(self, context: Tensor) -> Tensor:
        """(B, 256, h, w) with a share of `DROPOUT` zeroed, the rest scaled up."""
        masks = torch.empty_like(context)
        for mask, generator in zip(masks, self._generators, strict=True):
            mask.bernoulli_(1 - DROPOUT, generator=generator)
        return context * masks / (1 - DROPOUT)


def load(
    source: ImageSource, index: int, settings: RoundSettings, partitions: Partitions | None = None
) -> Loaded:
    """Read one image and bring it to training size."""
    return Loaded(
        index=index,
        filename=source.filename(index),
        pixels=resize_image(
            source.image(index), height=settings.image_height_px, width=settings.image_width_px
        ),
        label_map=source.label_map(index),
        partition=None if partitions is None else partitions(index),
    )


def read_batches(
    read: Callable[[int], Loaded], indices: list[int], size: int
) -> Generator[list[Loaded], None, None]:
    """Batches of loaded images, read a few batches ahead by image."""
    reads = map_ahead(read, indices, num_threads=_READ_THREADS, num_ahead=_READ_AHEAD_BATCHES * size)
    with closing(reads):
        batch: list[Loaded] = []
        for loaded in reads:
            batch.append(loaded)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def _resize(values: Tensor, size: tuple[int, ...]) -> Tensor:
    """(H, W) to `size`, bilinear."""
    return F.interpolate(values[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def _to_bytes(values: Tensor, maximum: float) -> Tensor:
    return (values * (255 / maximum)).round().clamp(0, 255).to(torch.uint8)
