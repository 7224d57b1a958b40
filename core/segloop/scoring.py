"""What a network says about a split: predictions, region scores, metrics, and features for a cold start.

B batch, C classes, H and W training size, R regions. Reading and resizing run ahead in threads, pooling runs
behind in one, the forward passes between them, and torch works there alone. Memory holds a few images at a
time, however large the split. Which regions are asked is decided in `segloop.selection`.
"""

import zlib
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from segloop.acquisition import class_weights, maximum_score, pixel_scores
from segloop.devices import resolve_dtype, torch_runtime
from segloop.errors import EmptyPoolError, NonFiniteError
from segloop.evaluation import ConfusionMatrix
from segloop.images import resize_image
from segloop.label_maps import UNLABELLED
from segloop.network import SegmentationNetwork
from segloop.pool_features import encode_pool
from segloop.prediction import batch_size_for, mean_logits, predict_classes
from segloop.prefetch import map_ahead
from segloop.progress import Progress
from segloop.regions import Partition, pool_mean
from segloop.settings import Acquisition, RoundSettings
from segloop.sources import ImageSource

__all__ = ["ImageScores", "encode_pool", "evaluate", "predict_class_prior", "score_images"]

Partitions = Callable[[int], Partition]
"""Image index -> its partition; called from several threads."""

OnProgress = Callable[[Progress], None]

_READ_THREADS = 2
_READ_AHEAD_BATCHES = 2
_POOL_BEHIND = 8
"""Images that may wait for their regions to be pooled."""


@dataclass(frozen=True)
class ImageScores:
    """One image, scored.

    Attributes:
        prediction: (h, w) uint8 at native size, the likeliest class of each pixel.
        max_prob: (h, w) uint8, its probability, 0..255.
        heat: (h, w) uint8, the pixel's score: 255 is the acquisition's largest possible value (log2 C for
            entropy, 1 for the others), before class weights, which only lower it.
        region_scores: (R,) float32, mean score of the region's unanswered pixels, 0 where all are answered;
            higher = ask first.
        top_classes: (R, 2) int16, the two likeliest classes by mean probability over the region.
        top_probs: (R, 2) float32, those probabilities.
    """

    prediction: NDArray[np.uint8]
    max_prob: NDArray[np.uint8]
    heat: NDArray[np.uint8]
    region_scores: NDArray[np.float32]
    top_classes: NDArray[np.int16]
    top_probs: NDArray[np.float32]


def score_images(
    network: SegmentationNetwork,
    source: ImageSource,
    partitions: Partitions,
    settings: RoundSettings,
    *,
    class_prior: NDArray[np.float32] | None = None,
    indices: Iterable[int] | None = None,
    on_progress: OnProgress | None = None,
) -> Generator[tuple[int, ImageScores], None, None]:
    """Score images in order; close the iterator when leaving early.

    Args:
        network: on the device to use; put into evaluation mode.
        source: the pool; pixels whose label map is not 255 are answered and do not count.
        partitions: regions of each image, at native size.
        settings: acquisition, score_scales, class_balance, training size, precision, num_threads and seed.
        class_prior: (C,) of `predict_class_prior`; weighs classes where class_balance is above 0.
        indices: which images; None = all.
        on_progress: called after every batch.

    Yields:
        (index, scores).

    Raises:
        NonFiniteError: the network gave NaN or infinity for an image.
    """
    scorer = _Scorer.of(network, settings, class_prior)
    wanted = list(range(len(source)) if indices is None else indices)

    def read(index: int) -> _Loaded:
        return _load(source, index, settings, partitions)

    waiting: deque[tuple[int, Future[ImageScores]]] = deque()
    num_done = 0
    with (
        ThreadPoolExecutor(1, "segloop-pool") as pool,
        closing(_read_batches(read, wanted, scorer)) as batches,
    ):
        for batch in batches:
            for loaded, maps in zip(batch, scorer.score(batch), strict=True):
                waiting.append((loaded.index, pool.submit(_pool_regions, loaded, maps, settings)))
            while len(waiting) > _POOL_BEHIND:
                index, future = waiting.popleft()
                yield index, future.result()
            num_done += len(batch)
            _report(on_progress, "score", num_done, len(wanted))
        while waiting:
            index, future = waiting.popleft()
            yield index, future.result()


def predict_class_prior(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    indices: Iterable[int] | None = None,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """Mean predicted probability of each class over the pool, (C,) float32, at scale 1.

    The arguments are those of `score_images`.

    Raises:
        EmptyPoolError: there is no image.
    """
    scorer = _Scorer.of(network, settings, None, scales=(1.0,))
    wanted = list(range(len(source)) if indices is None else indices)
    if not wanted:
        raise EmptyPoolError("no image to take class priors from")
    total, num_done = np.zeros(network.num_classes), 0
    with closing(_read_batches(lambda index: _load(source, index, settings), wanted, scorer)) as batches:
        for batch in batches:
            total += scorer.mean_probs(batch).sum(axis=0)
            num_done += len(batch)
            _report(on_progress, "class priors", num_done, len(wanted))
    return (total / len(wanted)).astype(np.float32)


def evaluate(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    num_classes: int,
    on_progress: OnProgress | None = None,
) -> ConfusionMatrix:
    """Confusion matrix of a split against its label maps: one scale, no flip, at the label maps' size.

    The source's label maps are the truth; the other arguments are those of `score_images`.

    Raises:
        LabelMapError: a label map holds a value that is no class.
    """
    scorer = _Scorer.of(network, settings, None, scales=(1.0,))
    confusion = ConfusionMatrix(num_classes)
    wanted = list(range(len(source)))
    with closing(_read_batches(lambda index: _load(source, index, settings), wanted, scorer)) as batches:
        for batch in batches:
            for loaded, prediction in zip(batch, scorer.predict(batch), strict=True):
                confusion.add(loaded.label_map, prediction)
            _report(on_progress, "evaluate", confusion.num_images, len(wanted))
    return confusion


@dataclass(frozen=True)
class _Loaded:
    """One image as the forward pass and the pooling want it; the native pixels are gone."""

    index: int
    filename: str
    pixels: NDArray[np.uint8]
    label_map: NDArray[np.uint8]
    partition: Partition | None


@dataclass(frozen=True)
class _Maps:
    """What the forward pass leaves of one image, on the CPU: (h, w) native, (C, H, W) at training size."""

    prediction: NDArray[np.uint8]
    max_prob: NDArray[np.uint8]
    scores: NDArray[np.float32]
    probs: NDArray[np.float32]


@dataclass(frozen=True)
class _Scorer:
    """A network with what its forward passes need to know."""

    network: SegmentationNetwork
    settings: RoundSettings
    scales: Sequence[float]
    device: torch.device
    dtype: torch.dtype
    weights: Tensor | None

    @classmethod
    def of(
        cls,
        network: SegmentationNetwork,
        settings: RoundSettings,
        class_prior: NDArray[np.float32] | None,
        *,
        scales: Sequence[float] | None = None,
    ) -> "_Scorer":
        device = next(network.parameters()).device
        weights = None
        if class_prior is not None and settings.class_balance > 0:
            prior = torch.from_numpy(class_prior).to(device)
            weights = class_weights(prior, balance=settings.class_balance)
        return cls(
            network=network.eval(),
            settings=settings,
            scales=settings.score_scales if scales is None else scales,
            device=device,
            dtype=resolve_dtype(settings.precision, device),
            weights=weights,
        )

    @property
    def batch_size(self) -> int:
        settings = self.settings
        return batch_size_for(
            self.device,
            num_classes=self.network.num_classes,
            height=settings.image_height_px,
            width=settings.image_width_px,
        )

    def score(self, batch: list[_Loaded]) -> list[_Maps]:
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            logits = self._logits(batch)
            probs = logits.softmax(dim=1)
            scores = pixel_scores(probs, self.settings.acquisition, self.weights)
            max_prob = probs.amax(dim=1)
            maps = []
            for place, loaded in enumerate(batch):
                size = loaded.label_map.shape
                maps.append(
                    _Maps(
                        prediction=predict_classes(logits[place], *size).cpu().numpy(),
                        max_prob=_to_bytes(_resize(max_prob[place], size), 1.0).cpu().numpy(),
                        scores=_resize(scores[place], size).cpu().numpy(),
                        probs=probs[place].cpu().numpy(),
                    )
                )
            return maps

    def predict(self, batch: list[_Loaded]) -> list[NDArray[np.uint8]]:
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            logits = self._logits(batch)
            return [
                predict_classes(one, *loaded.label_map.shape).cpu().numpy()
                for one, loaded in zip(logits, batch, strict=True)
            ]

    def mean_probs(self, batch: list[_Loaded]) -> NDArray[np.float64]:
        """(B, C) mean over pixels."""
        with torch_runtime(self.settings, self.device), torch.inference_mode():
            return self._logits(batch).softmax(dim=1).mean(dim=(2, 3)).double().cpu().numpy()

    def _logits(self, batch: list[_Loaded]) -> Tensor:
        pixels = torch.from_numpy(np.stack([loaded.pixels for loaded in batch])).to(self.device)
        logits = mean_logits(self.network, pixels, self.scales, self.dtype)
        is_bad = ~logits.isfinite().flatten(1).all(dim=1)
        if is_bad.any():
            names = [loaded.filename for loaded, bad in zip(batch, is_bad.tolist(), strict=True) if bad]
            raise NonFiniteError(f"the network gives NaN or infinity for {', '.join(names)}")
        return logits


def _load(
    source: ImageSource, index: int, settings: RoundSettings, partitions: Partitions | None = None
) -> _Loaded:
    return _Loaded(
        index=index,
        filename=source.filename(index),
        pixels=resize_image(
            source.image(index), height=settings.image_height_px, width=settings.image_width_px
        ),
        label_map=source.label_map(index),
        partition=None if partitions is None else partitions(index),
    )


def _read_batches(
    read: Callable[[int], _Loaded], indices: list[int], scorer: _Scorer
) -> Generator[list[_Loaded], None, None]:
    """Batches of loaded images, read a few batches ahead by image."""
    size = scorer.batch_size
    reads = map_ahead(read, indices, num_threads=_READ_THREADS, num_ahead=_READ_AHEAD_BATCHES * size)
    with closing(reads):
        batch: list[_Loaded] = []
        for loaded in reads:
            batch.append(loaded)
            if len(batch) == size:
                yield batch
                batch = []
        if batch:
            yield batch


def _pool_regions(loaded: _Loaded, maps: _Maps, settings: RoundSettings) -> ImageScores:
    """The part of scoring that needs no torch; runs in its own thread."""
    partition = loaded.partition
    assert partition is not None
    num_regions = partition.num_regions
    is_open = loaded.label_map == UNLABELLED
    scores = pool_mean(maps.scores, partition.region_map, num_regions=num_regions, mask=is_open)
    if settings.acquisition is Acquisition.RANDOM:
        # one draw a region, so that large regions are as likely as small ones
        seed = [settings.seed, zlib.crc32(loaded.filename.encode())]
        drawn = np.random.default_rng(seed).random(num_regions, dtype=np.float32)
        scores = np.where(scores > 0, drawn, 0).astype(np.float32)
    region_probs = mean_region_probs(maps.probs, partition.region_map, num_regions)
    top = np.argsort(-region_probs, axis=1, kind="stable")[:, :2]
    maximum = maximum_score(settings.acquisition, len(maps.probs))
    return ImageScores(
        prediction=maps.prediction,
        max_prob=maps.max_prob,
        heat=np.clip(np.rint(maps.scores * (255 / maximum)), 0, 255).astype(np.uint8),
        region_scores=scores,
        top_classes=top.astype(np.int16),
        top_probs=np.take_along_axis(region_probs, top, axis=1),
    )


def mean_region_probs(
    probs: NDArray[np.float32], region_map: NDArray[np.int32], num_regions: int
) -> NDArray[np.float32]:
    """Mean probabilities of each region, (R, C) float32.

    Args:
        probs: (C, H, W) float32 at training size.
        region_map: (h, w) int32 at native size; it is brought to training size by nearest neighbour, and a
            region too small to survive that gets the probabilities at one of its pixels.
        num_regions: R.
    """
    num_classes, height, width = probs.shape
    rows = (np.arange(height) * 2 + 1) * region_map.shape[0] // (2 * height)
    columns = (np.arange(width) * 2 + 1) * region_map.shape[1] // (2 * width)
    cells = region_map[rows][:, columns].ravel()
    counts = np.bincount(cells, minlength=num_regions)
    planes = probs.reshape(num_classes, -1)
    sums = np.stack([np.bincount(cells, weights=plane, minlength=num_regions) for plane in planes], axis=1)
    means = sums / np.maximum(counts, 1)[:, None]
    lost = np.flatnonzero(counts == 0)
    if len(lost):
        some_pixel = np.zeros(num_regions, dtype=np.int64)
        some_pixel[region_map.ravel()] = np.arange(region_map.size)
        y, x = np.divmod(some_pixel[lost], region_map.shape[1])
        means[lost] = probs[:, y * height // region_map.shape[0], x * width // region_map.shape[1]].T
    return means.astype(np.float32)


def _resize(values: Tensor, size: tuple[int, ...]) -> Tensor:
    """(H, W) to `size`, bilinear."""
    return F.interpolate(values[None, None], size=size, mode="bilinear", align_corners=False)[0, 0]


def _to_bytes(values: Tensor, maximum: float) -> Tensor:
    return (values * (255 / maximum)).round().clamp(0, 255).to(torch.uint8)


def _report(on_progress: OnProgress | None, phase: str, num_done: int, num_images: int) -> None:
    if on_progress is not None:
        on_progress(Progress(phase, num_done, num_images, fraction=num_done / max(num_images, 1)))
