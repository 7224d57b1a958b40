"""Region impurity times uncertainty: regions in which several classes meet and the model is unsure.

Source: RIPU (Xie et al., CVPR 2022). How we differ: a region is the cell people are asked about, not a window
around each pixel. Their suppression of a pick's neighbourhood is the setting `suppress_neighbours`.
"""

import math
from typing import TYPE_CHECKING

import numpy as np

from segloop.acquisition import AcquisitionFunction, Floats, PixelView, RegionView, entropy_bits

if TYPE_CHECKING:
    from torch import Tensor


def pixel_scores(view: PixelView) -> "Tensor":
    """Entropy as a share of the largest possible one."""
    return entropy_bits(view.probs) / math.log2(view.probs.shape[1])


def region_scores(view: RegionView) -> Floats:
    """Mean uncertainty of the region x entropy of the classes predicted in it, as a share of the largest."""
    num_classes = view.class_counts.shape[1]
    shares = view.class_counts / np.maximum(view.class_counts.sum(axis=1, keepdims=True), 1)
    logs = np.log2(np.where(shares > 0, shares, 1.0))
    impurity = -(shares * logs).sum(axis=1) / math.log2(num_classes)
    scores: Floats = (view.mean_scores * impurity).astype(np.float32)
    return scores


ACQUISITION = AcquisitionFunction(
    help="how many classes meet in a region, times how unsure the model is of it (RIPU)",
    pixel_scores=pixel_scores,
    region_scores=region_scores,
)
