"""How good a model is on the pool without test images: regions drawn by chance, and what they say.

Every region of the pool has a number in 0..1 of its own, drawn from its image's name and its index; the
audit asks the regions with the smallest numbers first, a few a round. So the regions audited by any day are a
simple random sample of the whole pool, however they were spread over rounds. Regions whose number is below
`RESERVED_SHARE` are never asked for training while auditing is on: no answer serves both.

S answered samples, C classes. This module knows no network and no file.

Source: Horvitz and Thompson, 1952; permanent random numbers as in Ohlsson, 1995.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from segloop.budgets import Budget
from segloop.errors import SettingsError, ShapeError
from segloop.evaluation import iou_of
from segloop.seeds import Purpose

RESERVED_SHARE = 0.05
"""Share of the pool's regions kept for audits: what they may take of a budget that asks half the pool."""

CONFIDENCE = 0.95
NUM_RESAMPLES = 1000

Counts = NDArray[np.float64]


def region_numbers(filename: str, num_regions: int) -> NDArray[np.float64]:
    """(R,) in 0..1: each region's place in the audit's order, the same for ever and on every machine."""
    rng = np.random.default_rng([zlib.crc32(filename.encode()), int(Purpose.AUDIT)])
    return rng.random(num_regions)


def reserved_regions(filename: str, num_regions: int) -> NDArray[np.bool_]:
    """Bool (R,): regions that are asked to measure the model or not at all."""
    return region_numbers(filename, num_regions) < RESERVED_SHARE


def draw_audit(
    images: Sequence[int],
    *,
    names: Callable[[int], str],
    asked: Callable[[int], NDArray[np.bool_]],
    areas: Callable[[int], NDArray[np.int64]],
    budget: Budget,
) -> list[tuple[int, int]]:
    """The next regions of the audit's order as (image, region), as many as the budget allows.

    Args:
        images: indices of the pool's images.
        names: image -> filename.
        asked: image -> bool (R,), regions asked before.
        areas: image -> int64 (R,).
        budget: never exceeded.
    """
    numbers, where, costs = [], [], []
    for image in images:
        all_areas = areas(image)
        number = region_numbers(names(image), len(all_areas))
        regions = np.flatnonzero((number < RESERVED_SHARE) & ~asked(image))
        numbers.append(number[regions])
        where.append(np.stack([np.full(len(regions), image), regions], axis=1))
        costs.append(budget.costs(all_areas[regions]))
    if not numbers:
        return []
    order = np.argsort(np.concatenate(numbers), kind="stable")
    spent = np.cumsum(np.concatenate(costs)[order])
    chosen = np.concatenate(where)[order[spent <= budget.amount]]
    return [(int(image), int(region)) for image, region in chosen]


@dataclass(frozen=True, slots=True)
class AuditEstimate:
    """What a sample says of a model on the whole pool.

    Attributes:
        mean_iou: over classes that occur in the sample; None for an empty one.
        low: lower end of the `CONFIDENCE` interval of `mean_iou`; None where the sample is of one image.
        high: its upper end.
        iou_per_class: C values; None for a class that does not occur in the sample.
        num_images: images the sample lies in.
    """

    mean_iou: float | None
    low: float | None
    high: float | None
    iou_per_class: list[float | None]
    num_images: int

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready, with the fields' names."""
        return asdict(self)


def estimate_quality(
    confusions: NDArray[np.int64],
    inclusion: NDArray[np.float64],
    images: NDArray[np.int64],
    *,
    rng: np.random.Generator,
    num_resamples: int = NUM_RESAMPLES,
) -> AuditEstimate:
    """Mean IoU of the pool from a sample of its regions, with a bootstrap interval over images.

    Args:
        confusions: (S, C, C) int, of each answered region (or of all regions of one probability in an image):
            rows truth, columns prediction.
        inclusion: (S,) float, probability with which each came into the sample.
        images: (S,) int, the image it lies in; what lies in one image is resampled together.
        rng: draws the resamples.
        num_resamples: of the bootstrap.

    Raises:
        ShapeError: lengths differ.
        SettingsError: an inclusion probability outside (0, 1].
    """
    num = len(confusions)
    if confusions.ndim != 3 or len(inclusion) != num or len(images) != num:
        raise ShapeError(
            f"{confusions.shape} confusions, {len(inclusion)} probabilities, {len(images)} images"
        )
    if num and not ((inclusion > 0) & (inclusion <= 1)).all():
        raise SettingsError("inclusion probabilities must be in (0, 1]")
    weighted = horvitz_thompson(confusions, inclusion)
    clusters, members = np.unique(images, return_inverse=True)
    by_image = np.zeros((len(clusters), *confusions.shape[1:]))
    np.add.at(by_image, members, weighted)
    total = by_image.sum(axis=0)
    iou, occurs = iou_of(total)
    low, high = _interval(by_image, rng, num_resamples)
    return AuditEstimate(
        mean_iou=float(iou[occurs].mean()) if occurs.any() else None,
        low=low,
        high=high,
        iou_per_class=[float(value) if there else None for value, there in zip(iou, occurs, strict=True)],
        num_images=len(clusters),
    )


def horvitz_thompson(confusions: NDArray[np.int64], inclusion: NDArray[np.float64]) -> Counts:
    """(S, C, C): each region's counts over its inclusion probability; their sum estimates the pool's."""
    weighted: Counts = confusions / inclusion[:, None, None]
    return weighted


def _interval(
    by_image: Counts, rng: np.random.Generator, num_resamples: int
) -> tuple[float | None, float | None]:
    """Percentiles of the mean IoU over resamples of the images; None where there is one image or none."""
    num_images, num_classes = len(by_image), by_image.shape[-1]
    if num_images < 2:
        return None, None
    weights = rng.multinomial(num_images, np.full(num_images, 1 / num_images), size=num_resamples)
    totals = (weights @ by_image.reshape(num_images, -1)).reshape(-1, num_classes, num_classes)
    iou, occurs = iou_of(totals)
    num_occurring = occurs.sum(axis=1)
    means = (np.where(occurs, iou, 0).sum(axis=1) / np.maximum(num_occurring, 1))[num_occurring > 0]
    if not len(means):
        return None, None
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(means, [tail, 1 - tail])
    return float(low), float(high)
