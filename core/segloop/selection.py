"""Which regions a round asks: a batch out of scores, under a budget. Pure numpy, no image and no file.

The caller builds the pool: regions already asked are not in it, nor are border regions when
`RoundSettings.allow_border` is off (`segloop.rounds.candidate_mask` does both). Class balance is inside the
score.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segloop.budgets import Budget
from segloop.errors import NOTHING_LEFT, EmptyPoolError, NonFiniteError, SettingsError, ShapeError
from segloop.settings import Quota, RoundSettings

NeighbourPairs = Mapping[int, NDArray[np.int32]] | Callable[[int], NDArray[np.int32]]
"""Image index -> int32 (E, 2): pairs of region indices that touch."""


@dataclass(frozen=True, slots=True)
class PoolRegions:
    """The N regions that may be asked, in the pool's order (filename, sha256, region index): ties fall by it.

    Attributes:
        image_index: int32 (N,).
        region_index: int32 (N,), the region's index in its image's partition.
        score: float32 (N,), higher = ask first.
        area: int64 (N,), pixels.
    """

    image_index: NDArray[np.int32]
    region_index: NDArray[np.int32]
    score: NDArray[np.float32]
    area: NDArray[np.int64]

    def __post_init__(self) -> None:
        """Four columns of one length."""
        shapes = {column.shape for column in (self.image_index, self.region_index, self.score, self.area)}
        if len(shapes) != 1 or self.score.ndim != 1:
            raise ShapeError(f"the pool's columns must be of one shape (N,), got {sorted(shapes)}")

    def __len__(self) -> int:
        return len(self.score)


def select(
    pool: PoolRegions,
    *,
    budget: Budget,
    num_images: int,
    settings: RoundSettings,
    neighbours: NeighbourPairs | None,
    image_floor: Callable[[int], int] | None = None,
    rng: np.random.Generator | None = None,
) -> NDArray[np.int64]:
    """Indices into `pool` of the regions to ask, best first.

    Regions are walked from the highest score down (ties: the pool's order), each taken unless a rule forbids:

    - `quota = "global"`: an image gets at most `image_cap_factor` times an image's mean share, counted in the
      budget's unit, and always at least one region.
    - `image_floor`, with the global quota: the walk is one of images instead. Each image's regions, best
      first, are cut into runs as long as its floor; runs are walked by their mean score, and each visit takes
      the best regions of its image that no rule forbids, up to so many. An image's first visit is free of the
      cap. Fewer come where the image has no more, or the budget ends. What is taken comes image by image.
    - `quota = "per_image"`: every image's best region comes before any image's second best, and so on; within
      such a level the higher score wins, which is where the remainder of an uneven split goes.
    - `suppress_neighbours`: a region that touches one taken in this call is passed over.
    - `top_factor` above 1, with the global quota: the walk starts with the best regions (or runs), as many as
      cost so many times the budget, in an order that chance draws; what is taken still comes back best first.
    - a budget in pixels is never exceeded: a region too large for what is left is passed over, smaller ones
      further down still fit.

    Args:
        pool: the candidates.
        budget: what to take, in regions or pixels.
        num_images: images in the pool, also those with no candidate left; the mean share is over them.
        settings: `quota`, `image_cap_factor`, `suppress_neighbours` and `top_factor` are read.
        neighbours: needed for `suppress_neighbours`.
        image_floor: image index -> regions it gets at least, where it gets any; None = no floor.
        rng: needed for a `top_factor` above 1.

    Raises:
        EmptyPoolError: no candidate at all, with a budget above 0.
        NonFiniteError: scores that are NaN or infinite.
        SettingsError: no neighbours to suppress by, or no generator to draw with.
    """
    num_bad = int((~np.isfinite(pool.score)).sum())
    if num_bad:
        raise NonFiniteError(f"{num_bad} of {len(pool)} region scores are NaN or infinite")
    if budget.amount == 0:
        return np.empty(0, dtype=np.int64)
    if len(pool) == 0:
        raise EmptyPoolError(NOTHING_LEFT)
    if settings.suppress_neighbours and neighbours is None:
        raise SettingsError("suppress_neighbours needs the pairs of touching regions")
    costs = budget.costs(pool.area)
    order = np.argsort(-pool.score.astype(np.float64), kind="stable")
    touching = _touching_of(neighbours) if settings.suppress_neighbours and neighbours is not None else None
    basket = _Basket(pool, costs, budget.amount, touching)
    if settings.quota is Quota.PER_IMAGE:
        _fill_per_image(basket, order)
        return np.array(basket.taken, dtype=np.int64)
    image_cap = settings.image_cap_factor * budget.amount / max(num_images, 1)
    top_cost = settings.top_factor * budget.amount if settings.top_factor > 1 else 0.0
    if image_floor is not None:
        runs = _Runs.of(pool, order, costs, image_floor)
        walk = _shuffled_top(np.argsort(-runs.scores, kind="stable"), runs.costs, top_cost, rng)
        _fill_runs(basket, runs, walk, image_cap)
        return _image_by_image(basket.taken, pool)
    _fill_global(basket, _shuffled_top(order, costs, top_cost, rng), image_cap)
    return _best_first(basket.taken, order)


def _shuffled_top(
    order: NDArray[np.int64], costs: NDArray[np.int64], top_cost: float, rng: np.random.Generator | None
) -> NDArray[np.int64]:
    """`order` with its first entries, as many as `top_cost` pays for, in an order that chance draws."""
    if not top_cost:
        return order
    if rng is None:
        raise SettingsError("a top_factor above 1 needs a generator")
    num_top = int(np.searchsorted(np.cumsum(costs[order]), top_cost, side="right"))
    return np.concatenate([rng.permutation(order[:num_top]), order[num_top:]])


def _best_first(taken: list[int], order: NDArray[np.int64]) -> NDArray[np.int64]:
    """What was taken, by its place in `order`."""
    is_taken = np.zeros(len(order), dtype=np.bool_)
    is_taken[taken] = True
    return order[is_taken[order]]


def _image_by_image(taken: list[int], pool: PoolRegions) -> NDArray[np.int64]:
    """What was taken, an image's regions together: images by their mean score, in each the best first."""
    chosen = np.sort(np.array(taken, dtype=np.int64))
    _, image, counts = np.unique(pool.image_index[chosen], return_inverse=True, return_counts=True)
    scores = pool.score[chosen].astype(np.float64)
    means = np.bincount(image, weights=scores) / counts
    return chosen[np.lexsort((-scores, image, -means[image]))]


def _touching_of(neighbours: NeighbourPairs) -> Callable[[int, int], list[int]]:
    """(image, region) -> regions of that image which touch it. The last 1,024 images' pairs are kept."""
    pairs_of = lru_cache(maxsize=1024)(neighbours if callable(neighbours) else neighbours.__getitem__)

    def touching(image: int, region: int) -> list[int]:
        pairs = pairs_of(image)
        found = np.concatenate([pairs[pairs[:, 0] == region, 1], pairs[pairs[:, 1] == region, 0]])
        return [int(other) for other in found]

    return touching


class _Basket:
    """What has been taken so far and what may still be taken."""

    def __init__(
        self,
        pool: PoolRegions,
        costs: NDArray[np.int64],
        budget: int,
        touching: Callable[[int, int], list[int]] | None,
    ) -> None:
        self.images = pool.image_index
        self.regions = pool.region_index
        self.costs = costs
        self.remaining = budget
        self.cheapest = int(costs.min())
        self.taken: list[int] = []
        self._touching = touching
        self._blocked: set[tuple[int, int]] = set()

    @property
    def is_full(self) -> bool:
        """Whether not even the cheapest region fits any more."""
        return self.remaining < self.cheapest

    def may_take(self, candidate: int) -> bool:
        if self.costs[candidate] > self.remaining:
            return False
        return (int(self.images[candidate]), int(self.regions[candidate])) not in self._blocked

    def take(self, candidate: int) -> None:
        image, region = int(self.images[candidate]), int(self.regions[candidate])
        self.taken.append(candidate)
        self.remaining -= int(self.costs[candidate])
        if self._touching is not None:
            self._blocked.update((image, other) for other in self._touching(image, region))


def _fill_global(basket: _Basket, order: NDArray[np.int64], image_cap: float) -> None:
    spent: dict[int, int] = {}
    for chunk in np.array_split(order, max(1, len(order) // 65_536)):
        # a pool of 100,000 images has 19 million regions: what no longer fits leaves before the Python loop
        for candidate in chunk[basket.costs[chunk] <= basket.remaining].tolist():
            if basket.is_full:
                return
            if not basket.may_take(candidate):
                continue
            image = int(basket.images[candidate])
            spent_here = spent.get(image, 0) + int(basket.costs[candidate])
            if image in spent and spent_here > image_cap:
                continue
            spent[image] = spent_here
            basket.take(candidate)


@dataclass(frozen=True)
class _Runs:
    """Each image's candidates, best first, cut into runs.

    Attributes:
        by_image: int64 (N,), candidates image by image.
        bounds: int64 (images + 1,), where each image's candidates begin.
        length: int64 (images,), candidates of a run; an image's last one may be shorter.
        cheapest: int64 (images,), the least that one of its candidates costs.
        image: int64 (runs,), which of the images.
        scores: float64 (runs,), means.
        costs: int64 (runs,), sums.
    """

    by_image: NDArray[np.int64]
    bounds: NDArray[np.int64]
    length: NDArray[np.int64]
    cheapest: NDArray[np.int64]
    image: NDArray[np.int64]
    scores: NDArray[np.float64]
    costs: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        pool: PoolRegions,
        order: NDArray[np.int64],
        costs: NDArray[np.int64],
        floor: Callable[[int], int],
    ) -> "_Runs":
        by_image, bounds = _grouped(pool.image_index, order)
        firsts, sizes = bounds[:-1], np.diff(bounds)
        length = np.array([max(1, floor(int(image))) for image in pool.image_index[by_image[firsts]]])
        place = np.arange(len(by_image)) - np.repeat(firsts, sizes)
        starts = np.flatnonzero(place % np.repeat(length, sizes) == 0)
        return cls(
            by_image=by_image,
            bounds=bounds,
            length=length,
            cheapest=np.minimum.reduceat(costs[by_image], firsts),
            image=np.searchsorted(bounds, starts, side="right") - 1,
            scores=np.add.reduceat(pool.score[by_image].astype(np.float64), starts)
            / np.diff(starts, append=len(by_image)),
            costs=np.add.reduceat(costs[by_image], starts),
        )


def _fill_runs(basket: _Basket, runs: _Runs, walk: NDArray[np.int64], image_cap: float) -> None:
    """Visit images in the order of their runs; a visit takes the best that is left, up to a run's length."""
    queues: dict[int, list[int]] = {}
    spent: dict[int, int] = {}
    for image in runs.image[walk].tolist():
        if basket.is_full:
            return
        if runs.cheapest[image] > basket.remaining:
            continue
        queue = queues.setdefault(image, [int(runs.bounds[image]), int(runs.bounds[image + 1])])
        is_first, num_left = image not in spent, int(runs.length[image])
        while num_left and (candidate := _next_of(basket, runs.by_image, queue)) is not None:
            spent_here = spent.get(image, 0) + int(basket.costs[candidate])
            if is_first or spent_here <= image_cap:
                spent[image] = spent_here
                basket.take(candidate)
                num_left -= 1


def _fill_per_image(basket: _Basket, order: NDArray[np.int64]) -> None:
    """Level by level: each image with candidates left offers its best one that is not suppressed.

    A region too large for the pixels left is dropped for good (they only shrink), its image waits a level.
    """
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    by_image, bounds = _grouped(basket.images, order)
    queues = [[start, stop] for start, stop in pairwise(bounds.tolist())]
    while queues and not basket.is_full:
        offers = []
        for queue in queues:
            candidate = _next_of(basket, by_image, queue)
            if candidate is not None:
                offers.append(candidate)
        for candidate in sorted(offers, key=rank.__getitem__):
            if basket.may_take(candidate):
                basket.take(candidate)
        queues = [queue for queue in queues if queue[0] < queue[1]]


def _grouped(
    images: NDArray[np.int32], order: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """`order` image by image, and where each image's part begins, the end at last."""
    by_image = order[np.argsort(images[order], kind="stable")]
    starts = np.flatnonzero(np.diff(images[by_image], prepend=-1))
    return by_image, np.append(starts, len(by_image))


def _next_of(basket: _Basket, by_image: NDArray[np.int64], queue: list[int]) -> int | None:
    """The image's next candidate that may be taken now; `queue` = [next position, end] moves past it."""
    while queue[0] < queue[1]:
        candidate = int(by_image[queue[0]])
        queue[0] += 1
        if basket.may_take(candidate):
            return candidate
    return None
