"""Coreset: regions that, with those asked before, cover how the pool looks to the model.

Source: Sener and Savarese, ICLR 2018, the greedy k-centre. How we differ: regions are the points, their
features are the network's own (see `segloop.scoring`), and whatever was asked before is a centre.
"""

import numpy as np
from numpy.typing import NDArray

from segloop.acquisition import AcquisitionFunction, Floats, PoolView

MAX_CANDIDATES = 50_000
"""Larger pools are sampled down to this many regions: the cost is their number times the budget."""

_MARGIN = 2
"""So many times the regions wanted are put in order: caps and suppression pass over some."""


def pool_scores(view: PoolView) -> Floats:
    """A region's distance to the nearest centre when its turn came: it falls, so the order is the greedy one.

    Regions whose turn never came get the distance that is left to them, which is no larger; those outside the
    sample 0.
    """
    num = len(view.scores)
    sample = np.arange(num)
    if num > MAX_CANDIDATES:
        sample = np.sort(view.rng.choice(num, size=MAX_CANDIDATES, replace=False))
    features, distance = _read(view, sample)
    squares = (features * features).sum(axis=1)
    scores = np.zeros(num, dtype=np.float32)
    for _ in range(min(len(sample), _MARGIN * view.num_wanted)):
        current = int(distance.argmax())  # ties fall to the pool's order
        scores[sample[current]] = np.sqrt(distance[current])
        to_current = squares + squares[current] - 2 * (features @ features[current])
        distance = np.minimum(distance, np.maximum(to_current, 0))
        distance[current] = -1
    is_left = distance >= 0
    scores[sample[is_left]] = np.sqrt(distance[is_left])
    return scores


def _read(view: PoolView, sample: NDArray[np.int64]) -> tuple[Floats, Floats]:
    """Features (S, D) of the sampled candidates, and their squared distance (S,) to the nearest centre.

    Where nothing was asked before, the one centre is their mean.
    """
    images, regions = view.image_index[sample], view.region_index[sample]
    candidates: list[Floats] = []
    centres: list[Floats] = []
    for image in view.images:
        features = view.region_features(image)
        candidates.append(features[regions[images == image]])
        centres.append(features[view.asked(image)])
    features = np.concatenate(candidates)
    distance = np.full(len(features), np.inf, dtype=np.float32)
    if not any(len(some) for some in centres):
        centres = [features.mean(axis=0, keepdims=True)]
    for some in centres:
        if len(some):
            distance = np.minimum(distance, _squares(features, some))
    return features, distance


def _squares(features: Floats, centres: Floats) -> Floats:
    """Squared distance (S,) of each row of (S, D) to the nearest of (M, D)."""
    squares = (features * features).sum(axis=1)[:, None] + (centres * centres).sum(axis=1)
    squares -= 2 * (features @ centres.T)
    nearest: Floats = np.maximum(squares.min(axis=1), 0)
    return nearest


ACQUISITION = AcquisitionFunction(
    help="what the model has seen nothing like: greedy k-centre over region features (coreset)",
    pool_scores=pool_scores,
    reads_region_features=True,
)
