"""Agreement: how alike two people answer the same regions, as IoU per class and Cohen's kappa.

C classes. Void is a class of its own here, the last one: "I cannot tell" against "it is road" is a
disagreement, and two people who both cannot tell agree. Only pixels of the regions both answered count
(`UNLABELLED` is what lies outside), pooled over regions: a large region weighs more than a small one.

This module knows no person and no region: pairs of label maps in, numbers out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from segloop.errors import LabelMapError, ShapeError
from segloop.label_maps import UNLABELLED, VOID, LabelMap
from segloop.seeds import Purpose, generator

Counts = NDArray[np.int64]
"""int64 (C + 1, C + 1): pixels by the first person's class and the second's; the last class is void."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the pixels of regions answered twice say.

    Attributes:
        num_pixels: pixels both answered.
        pixel_agreement: share of them with the same answer; None without any.
        kappa: Cohen's kappa, 1 = the same everywhere, 0 = as chance would have it; None without pixels, and
            where both used one and the same class throughout: chance alone explains that.
        iou_per_class: C values; None for a class neither used.
        void_iou: likewise of void.
    """

    num_pixels: int
    pixel_agreement: float | None
    kappa: float | None
    iou_per_class: list[float | None]
    void_iou: float | None


def agreement_counts(first: LabelMap, second: LabelMap, *, num_classes: int) -> Counts:
    """Pixels of one region by what two people said, int64 (C + 1, C + 1).

    Args:
        first: one person's label map of the region's box, uint8 (H, W), 255 outside the region.
        second: the other's.
        num_classes: C.

    Raises:
        ShapeError: the two differ in size.
        LabelMapError: they are not of one region, or a value is no class.
    """
    if first.shape != second.shape:
        raise ShapeError(f"the answers are {first.shape} and {second.shape}: they must be of one region")
    inside = first != UNLABELLED
    if not np.array_equal(inside, second != UNLABELLED):
        raise LabelMapError("the answers leave different pixels unlabelled: they must be of one region")
    rows, columns = (
        np.where(labels == VOID, num_classes, labels).astype(np.int64)
        for labels in (first[inside], second[inside])
    )
    highest = max(rows.max(initial=0), columns.max(initial=0))
    if highest > num_classes:
        raise LabelMapError(f"value {highest} is no class: classes are 0..{num_classes - 1}")
    size = num_classes + 1
    return np.bincount(rows * size + columns, minlength=size**2).reshape(size, size)


def pooled(counts: Iterable[Counts], *, num_classes: int) -> Counts:
    """The counts of many regions as one."""
    return sum(counts, np.zeros((num_classes + 1, num_classes + 1), np.int64))


def agreement_of(counts: Counts) -> Agreement:
    """IoU per class, agreement and kappa of pooled counts.

    Source: Cohen (1960), "A coefficient of agreement for nominal scales": (observed - chance) / (1 - chance),
    chance = sum over classes of the product of both people's shares.
    """
    total = int(counts.sum())
    iou = _iou(counts)
    if total == 0:
        return Agreement(0, None, None, iou[:-1], iou[-1])
    observed = float(np.trace(counts)) / total
    chance = float((counts.sum(axis=1) / total) @ (counts.sum(axis=0) / total))
    is_chance_alone = np.count_nonzero(counts) == 1 and observed == 1.0
    kappa = None if is_chance_alone else (observed - chance) / (1 - chance)
    return Agreement(total, observed, kappa, iou[:-1], iou[-1])


def _iou(counts: Counts) -> list[float | None]:
    both = np.diag(counts)
    either = counts.sum(axis=1) + counts.sum(axis=0) - both
    return [int(b) / int(e) if e else None for b, e in zip(both, either, strict=True)]


def plan_agreement(num_queries: int, fraction: float, *, seed: int, round_number: int) -> Sequence[int]:
    """Places in a round's ranking that are asked a second time, rising; the same for the same numbers.

    Args:
        num_queries: regions the round asks.
        fraction: share of them, 0..1; rounded to whole regions, at least one unless the share is 0.
        seed: the project's.
        round_number: the round's.
    """
    if fraction <= 0 or num_queries == 0:
        return []
    num_twice = max(1, round(fraction * num_queries))
    rng = generator(seed, round_number, Purpose.AGREEMENT)
    chosen: list[int] = np.sort(rng.choice(num_queries, size=num_twice, replace=False)).tolist()
    return chosen
