"""What a network says about a split: predictions, region scores, metrics, and features for a cold start.

B batch, C classes, H and W training size, R regions. Reading and resizing run ahead in threads, pooling runs
behind in one, the forward passes between them, and torch works there alone. Memory holds a few images at a
time, however large the split. Which regions are asked is decided in `segloop.selection`.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch
from numpy.typing import NDArray

from segloop.acquisition import PoolSummary, RegionView, find_acquisition, maximum_score
from segloop.audit import AuditEstimate, estimate_quality
from segloop.errors import EmptyPoolError
from segloop.evaluation import ConfusionMatrix
from segloop.inference import Forward, Loaded, Maps, Partitions, load, read_batches
from segloop.label_maps import UNLABELLED, VOID, resize_label_map
from segloop.losses import downsample_label_map
from segloop.network import SegmentationNetwork
from segloop.pool_features import encode_pool, mean_over_regions, pooling_matrix
from segloop.progress import Progress
from segloop.regions import Partition, pool_mean
from segloop.seeds import Purpose, generator
from segloop.settings import RoundSettings
from segloop.sources import ImageSource

__all__ = [
    "ImageScores",
    "PoolSummary",
    "encode_pool",
    "evaluate",
    "evaluate_audit",
    "evaluate_each",
    "predict_class_prior",
    "score_images",
    "summarise_pool",
]

OnProgress = Callable[[Progress], None]

_POOL_BEHIND = 8
"""Images that may wait for their regions to be pooled."""

FEATURE_DIM = 64
"""Region features are kept at this size, by a fixed random projection: distances stay within some 10 %."""


@dataclass(frozen=True)
class ImageScores:
    """One image, scored.

    Attributes:
        prediction: (h, w) uint8 at native size, the likeliest class of each pixel.
        max_prob: (h, w) uint8, its probability, 0..255.
        heat: (h, w) uint8, the pixel's score: 255 is the acquisition's largest possible value (log2 C for
            entropy, 1 for the others), before class weights, which only lower it.
        region_scores: (R,) float32, the acquisition's score of the region, of its unanswered pixels alone, 0
            where all are answered; higher = ask first. 0.5 where only the whole pool decides.
        top_classes: (R, 2) int16, the two likeliest classes by mean probability over the region.
        top_probs: (R, 2) float32, those probabilities.
        region_features: (R, FEATURE_DIM) float16, where the acquisition reads them: the region's mean context
            features, projected.
    """

    prediction: NDArray[np.uint8]
    max_prob: NDArray[np.uint8]
    heat: NDArray[np.uint8]
    region_scores: NDArray[np.float32]
    top_classes: NDArray[np.int16]
    top_probs: NDArray[np.float32]
    region_features: NDArray[np.float16] | None = None


def score_images(
    network: SegmentationNetwork,
    source: ImageSource,
    partitions: Partitions,
    settings: RoundSettings,
    *,
    summary: PoolSummary | None = None,
    indices: Iterable[int] | None = None,
    on_progress: OnProgress | None = None,
) -> Generator[tuple[int, ImageScores], None, None]:
    """Score images in order; close the iterator when leaving early.

    Args:
        network: on the device to use; put into evaluation mode.
        source: the pool; pixels whose label map is not 255 are answered and do not count.
        partitions: regions of each image, at native size.
        settings: acquisition, score_scales, class_balance, training size, precision, num_threads and seed.
        summary: of `summarise_pool` with the same network; needed where class_balance is above 0 or the
            acquisition reads prototypes.
        indices: which images; None = all.
        on_progress: called after every batch.

    Yields:
        (index, scores).

    Raises:
        NonFiniteError: the network gave NaN or infinity for an image.
    """
    forward = Forward.of(network, settings, summary)
    wanted = list(range(len(source)) if indices is None else indices)

    def read(index: int) -> Loaded:
        return load(source, index, settings, partitions)

    waiting: deque[tuple[int, Future[ImageScores]]] = deque()
    num_done = 0
    with (
        ThreadPoolExecutor(1, "segloop-pool") as pool,
        closing(read_batches(read, wanted, forward.batch_size)) as batches,
    ):
        for batch in batches:
            for loaded, maps in zip(batch, forward.score(batch), strict=True):
                waiting.append((loaded.index, pool.submit(_pool_regions, loaded, maps, settings)))
            while len(waiting) > _POOL_BEHIND:
                index, future = waiting.popleft()
                yield index, future.result()
            num_done += len(batch)
            _report(on_progress, "score", num_done, len(wanted))
        while waiting:
            index, future = waiting.popleft()
            yield index, future.result()


def summarise_pool(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    on_progress: OnProgress | None = None,
) -> PoolSummary:
    """What scoring needs to know of the whole pool first; nothing is computed that it does not read.

    Args:
        network: the one that will score.
        source: the pool with what is known of it.
        settings: acquisition and class_balance decide what is read.
        on_progress: called after every batch.

    Raises:
        EmptyPoolError: there is no image, or no answer to take prototypes from.
    """
    class_prior = prototypes = None
    if settings.class_balance > 0:
        class_prior = predict_class_prior(network, source, settings, on_progress=on_progress)
    if find_acquisition(settings.acquisition).reads_embeddings:
        prototypes = embed_prototypes(network, source, settings, on_progress=on_progress)
    return PoolSummary(class_prior, prototypes)


def predict_class_prior(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """Mean predicted probability of each class over the pool, (C,) float32, at scale 1.

    The arguments are those of `score_images`.

    Raises:
        EmptyPoolError: there is no image.
    """
    forward = Forward.of(network, settings, scales=(1.0,))
    if not len(source):
        raise EmptyPoolError("no image to take class priors from")
    total, num_done = np.zeros(network.num_classes), 0
    with closing(_batches(source, settings, forward)) as batches:
        for batch in batches:
            total += forward.mean_probs(batch).sum(axis=0)
            num_done += len(batch)
            _report(on_progress, "class priors", num_done, len(source))
    return (total / len(source)).astype(np.float32)


def embed_prototypes(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    on_progress: OnProgress | None = None,
) -> NDArray[np.float32]:
    """Mean embedding of each class that has answers, (K, D) float32, over all answered pixels at stride 4.

    The arguments are those of `score_images`; images without an answer are not read.

    Raises:
        EmptyPoolError: no pixel has an answer that is a class.
    """
    forward = Forward.of(network, settings)
    indices = [index for index in range(len(source)) if (source.label_map(index) < VOID).any()]
    sums = counts = None
    num_done = 0
    with closing(_batches(source, settings, forward, indices)) as batches:
        for batch in batches:
            embeddings = forward.embeddings(batch)
            more_sums, more_counts = _sum_by_class(embeddings, batch, settings, network.num_classes)
            sums = more_sums if sums is None else sums + more_sums
            counts = more_counts if counts is None else counts + more_counts
            num_done += len(batch)
            _report(on_progress, "prototypes", num_done, len(indices))
    if sums is None or counts is None or not counts.any():
        raise EmptyPoolError("nothing is answered yet: there is no class to take a prototype of")
    means: NDArray[np.float32] = (sums[counts > 0] / counts[counts > 0, None]).astype(np.float32)
    return means


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
    confusion = ConfusionMatrix(num_classes)
    for one in evaluate_each(network, source, settings, num_classes=num_classes, on_progress=on_progress):
        confusion.merge(one)
    return confusion


def evaluate_each(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    num_classes: int,
    on_progress: OnProgress | None = None,
) -> Generator[ConfusionMatrix, None, None]:
    """`evaluate`, image by image, in order."""
    forward = Forward.of(network, settings, scales=(1.0,))
    num_done = 0
    with closing(_batches(source, settings, forward)) as batches:
        for batch in batches:
            for loaded, prediction in zip(batch, forward.predict(batch), strict=True):
                confusion = ConfusionMatrix(num_classes)
                confusion.add(loaded.label_map, prediction)
                yield confusion
            num_done += len(batch)
            _report(on_progress, "evaluate", num_done, len(source))


def evaluate_audit(
    network: SegmentationNetwork,
    source: ImageSource,
    settings: RoundSettings,
    *,
    num_classes: int,
    inclusion: float,
    round_number: int,
    on_progress: OnProgress | None = None,
) -> AuditEstimate:
    """How good the network is on the pool, from regions that chance drew.

    Args:
        network: to measure.
        source: images with audited regions; their label maps say nothing of other pixels.
        settings: as for `evaluate`; the seed decides the resamples.
        num_classes: of the label maps.
        inclusion: audited regions over all regions of the pool.
        round_number: the round that measures.
        on_progress: called after every batch.
    """
    each = evaluate_each(network, source, settings, num_classes=num_classes, on_progress=on_progress)
    confusions = [confusion.counts for confusion in each]
    return estimate_quality(
        np.array(confusions, dtype=np.int64).reshape(-1, num_classes, num_classes),
        np.full(len(confusions), inclusion),
        np.arange(len(confusions)),
        rng=generator(settings.seed, round_number, Purpose.AUDIT),
    )


def _batches(
    source: ImageSource, settings: RoundSettings, forward: Forward, indices: list[int] | None = None
) -> Generator[list[Loaded], None, None]:
    """Images without their regions."""
    wanted = list(range(len(source))) if indices is None else indices
    return read_batches(lambda index: load(source, index, settings), wanted, forward.batch_size)


def _sum_by_class(
    embeddings: torch.Tensor, batch: list[Loaded], settings: RoundSettings, num_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Sums (C, D) of the embeddings (B, D, h, w) of answered pixels, and their numbers (C,)."""
    height, width = embeddings.shape[2:]
    sums = np.zeros((num_classes, embeddings.shape[1]))
    counts = np.zeros(num_classes, dtype=np.int64)
    for one, loaded in zip(embeddings.cpu(), batch, strict=True):
        label_map = torch.from_numpy(
            resize_label_map(loaded.label_map, height=settings.image_height_px, width=settings.image_width_px)
        )
        classes = downsample_label_map(label_map[None], height, width)[0].long()
        is_known = classes < num_classes
        rows = one.permute(1, 2, 0)[is_known].double().numpy()
        np.add.at(sums, classes[is_known].numpy(), rows)
        counts += np.bincount(classes[is_known].numpy(), minlength=num_classes)
    return sums, counts


def _pool_regions(loaded: Loaded, maps: Maps, settings: RoundSettings) -> ImageScores:
    """The part of scoring that needs no torch; runs in its own thread."""
    partition = loaded.partition
    assert partition is not None
    num_regions, num_classes = partition.num_regions, len(maps.probs)
    acquisition = find_acquisition(settings.acquisition)
    is_open = loaded.label_map == UNLABELLED
    scores = pool_mean(maps.scores, partition.region_map, num_regions=num_regions, mask=is_open)
    if acquisition.region_scores is not None:
        counts = _class_counts(partition, maps.prediction, is_open, num_classes)
        scores = acquisition.region_scores(RegionView(scores, counts))
    region_probs = mean_region_probs(maps.probs, partition.region_map, num_regions)
    top = np.argsort(-region_probs, axis=1, kind="stable")[:, :2]
    maximum = maximum_score(settings.acquisition, num_classes)
    return ImageScores(
        prediction=maps.prediction,
        max_prob=maps.max_prob,
        heat=np.clip(np.rint(maps.scores * (255 / maximum)), 0, 255).astype(np.uint8),
        region_scores=scores,
        top_classes=top.astype(np.int16),
        top_probs=np.take_along_axis(region_probs, top, axis=1),
        region_features=None if maps.context is None else _region_features(partition, maps.context, settings),
    )


def _class_counts(
    partition: Partition, prediction: NDArray[np.uint8], is_open: NDArray[np.bool_], num_classes: int
) -> NDArray[np.int64]:
    """(R, C): unanswered pixels of each region predicted as each class."""
    keys = partition.region_map[is_open].astype(np.int64) * num_classes + prediction[is_open]
    counts = np.bincount(keys, minlength=partition.num_regions * num_classes)
    return counts.reshape(partition.num_regions, num_classes)


def _region_features(
    partition: Partition, context: NDArray[np.float32], settings: RoundSettings
) -> NDArray[np.float16]:
    """(R, FEATURE_DIM): mean of the context (D, H/16, W/16) over each region, projected."""
    pooling = pooling_matrix(
        partition.region_map,
        partition.num_regions,
        height=settings.image_height_px,
        width=settings.image_width_px,
    )
    means = mean_over_regions(pooling, context.reshape(len(context), -1).T)
    features: NDArray[np.float16] = (means @ _projection(len(context))).astype(np.float16)
    return features


@cache
def _projection(num_channels: int) -> NDArray[np.float32]:
    """(D, FEATURE_DIM), the same on every machine; it keeps squared distances in expectation."""
    drawn = np.random.default_rng(num_channels).normal(size=(num_channels, FEATURE_DIM))
    projection: NDArray[np.float32] = (drawn / np.sqrt(FEATURE_DIM)).astype(np.float32)
    return projection


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


def _report(on_progress: OnProgress | None, phase: str, num_done: int, num_images: int) -> None:
    if on_progress is not None:
        on_progress(Progress(phase, num_done, num_images, fraction=num_done / max(num_images, 1)))
