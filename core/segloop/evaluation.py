"""Evaluation: the confusion matrix of predictions against truth, and the metrics read from it.

C classes. Pixels whose truth is void or unlabelled are in no count. The mean IoU is over classes that
occur in the truth: a class that is only predicted lowers the IoU of those whose pixels it took, and has
none itself.

This module knows no network and no file.
"""

import dataclasses
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from segloop.errors import LabelMapError, ShapeError
from segloop.label_maps import MAX_CLASSES, UNLABELLED, VOID, LabelMap


class ConfusionMatrix:
    """Pixel counts, int64 (C, C): rows are truth, columns are prediction.

    Attributes:
        counts: int64 (C, C).
        num_images: images added so far.
    """

    def __init__(
        self, num_classes: int, *, counts: NDArray[np.int64] | None = None, num_images: int = 0
    ) -> None:
        """An empty matrix, or one that goes on from `counts` kept earlier."""
        if not 1 <= num_classes <= MAX_CLASSES:
            raise ShapeError(f"num_classes is {num_classes}: it must be 1 to {MAX_CLASSES}")
        self.num_classes = num_classes
        self.num_images = num_images
        self.counts = np.zeros((num_classes, num_classes), np.int64) if counts is None else counts.copy()
        if self.counts.shape != (num_classes, num_classes):
            raise ShapeError(f"counts are {self.counts.shape}: they must be ({num_classes}, {num_classes})")

    def add(self, truth: LabelMap, prediction: LabelMap) -> None:
        """Count one image: both uint8 (H, W).

        Raises:
            ShapeError: the two differ in size.
            LabelMapError: a value that is no class, in the truth or where truth is known.
        """
        if truth.shape != prediction.shape:
            raise ShapeError(f"truth is {truth.shape}, prediction {prediction.shape}: they must be equal")
        known = (truth != VOID) & (truth != UNLABELLED)
        rows, columns = truth[known].astype(np.int64), prediction[known].astype(np.int64)
        highest = max(rows.max(initial=0), columns.max(initial=0))
        if highest >= self.num_classes:
            raise LabelMapError(f"value {highest} is no class: classes are 0..{self.num_classes - 1}")
        cells = np.bincount(rows * self.num_classes + columns, minlength=self.num_classes**2)
        self.counts += cells.reshape(self.counts.shape)
        self.num_images += 1

    def merge(self, other: Self) -> None:
        """Add what another matrix over the same classes counted."""
        if other.num_classes != self.num_classes:
            raise ShapeError(f"cannot merge {other.num_classes} classes into {self.num_classes}")
        self.counts += other.counts
        self.num_images += other.num_images


@dataclasses.dataclass(frozen=True)
class Metrics:
    """What a confusion matrix says.

    Attributes:
        mean_iou: mean over classes that occur in the truth; None when nothing was known.
        iou_per_class: C values; None for a class that does not occur in the truth.
        pixel_accuracy: share of known pixels that are right; None when nothing was known.
        num_images: images counted.
    """

    mean_iou: float | None
    iou_per_class: list[float | None]
    pixel_accuracy: float | None
    num_images: int

    def to_mapping(self) -> dict[str, Any]:
        """JSON-ready, with the fields' names."""
        return dataclasses.asdict(self)


def iou_of(counts: NDArray[Any]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """IoU of each class, and whether it occurs in the truth: (..., C) each, of (..., C, C) counts.

    IoU = right / (truth + predicted - right).
    """
    right = np.diagonal(counts, axis1=-2, axis2=-1).astype(float)
    in_truth, predicted = counts.sum(axis=-1), counts.sum(axis=-2)
    union = in_truth + predicted - right
    iou: NDArray[np.float64] = right / np.where(union > 0, union, 1)
    return iou, in_truth > 0


def metrics_of(confusion: ConfusionMatrix) -> Metrics:
    """IoU per class and as a mean, and pixel accuracy."""
    iou, occurs = iou_of(confusion.counts)
    num_known = int(confusion.counts.sum())
    return Metrics(
        mean_iou=float(iou[occurs].mean()) if num_known else None,
        iou_per_class=[float(value) if there else None for value, there in zip(iou, occurs, strict=True)],
        pixel_accuracy=float(np.trace(confusion.counts) / num_known) if num_known else None,
        num_images=confusion.num_images,
    )
