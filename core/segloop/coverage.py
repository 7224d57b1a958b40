"""Where to begin when nothing is labelled: regions that stand for what the pool looks like. Pure numpy.

Features come from a frozen encoder; this module knows no network. A sample of every image's regions is
clustered into as many groups as regions are to be asked, and of each group the one nearest its middle is
asked. What is merely odd, as the region farthest from all others mostly is, is not (docs/decisions/0020
compares both).
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from segloop.budgets import Budget
from segloop.errors import NOTHING_LEFT, EmptyPoolError, NonFiniteError, ShapeError

Floats = NDArray[np.float32]

MAX_IMAGES = 10_000
"""Of larger pools so many images are looked at, drawn by chance."""

_PER_IMAGE = 8
"""Regions of an image that are clustered, at least; more where more are asked than a quarter of them."""

_SAMPLED_PER_ASKED = 4
_CLUSTERS_AT_ONCE = 1_000
"""With more, the images are divided at random and clustered part by part: cost grows with the square."""

_ITERATIONS = 8
_ROWS_AT_ONCE = 4_096
_AREA_SAMPLE = 64


def images_to_see(num_images: int, *, rng: np.random.Generator, max_images: int = MAX_IMAGES) -> list[int]:
    """Indices of the images whose features are needed, ascending: all, or of a large pool a random sample."""
    if num_images <= max_images:
        return list(range(num_images))
    return sorted(int(index) for index in rng.choice(num_images, size=max_images, replace=False))


def images_to_ask(
    region_features: Iterable[tuple[int, Floats]],
    *,
    images: list[int],
    region_areas: Callable[[int], NDArray[np.int64]],
    candidates: Callable[[int], NDArray[np.bool_]],
    image_floor: Callable[[int], int],
    budget: Budget,
    rng: np.random.Generator,
) -> list[int]:
    """Images to ask about, ascending, when each gets `image_floor` regions: those that stand for most others.

    One of each cluster of images, by the mean of their regions' features. Where the budget reaches every
    image so, all of them, and `region_features` is not read.

    Args:
        region_features: (image index, float32 (R, D)) of `images`, in their order; read at most once.
        images: of `images_to_see`.
        region_areas: image index -> int64 (R,), pixels.
        candidates: image index -> bool (R,), which regions may be asked; images without any are left out.
        image_floor: image index -> regions of it; an image of fewer candidates counts as it is.
        budget: what may be asked.
        rng: draws the first middles, and what is missing where images are too alike for so many clusters.

    Raises:
        NonFiniteError: NaN or infinite features.
    """
    num_open = {image: int(candidates(image).sum()) for image in images}
    open_images = [image for image in images if num_open[image]]
    floors = np.array([min(image_floor(image), num_open[image]) for image in open_images])
    expected = _expected_regions(images, region_areas, budget)
    if floors.sum() <= expected:
        return images
    means = [
        _checked(image, features, len(region_areas(image))).mean(axis=0, dtype=np.float32)
        for image, features in region_features
        if num_open[image]
    ]
    num_wanted = math.ceil(expected / max(1.0, float(floors.mean())))
    chosen = [int(members[0]) for members in k_means(_unit(np.stack(means)), num_wanted, rng)]
    others = rng.permutation(np.setdiff1d(np.arange(len(open_images)), chosen)).tolist()
    while len(chosen) < num_wanted or floors[chosen].sum() < expected:
        chosen.append(others.pop())
    return sorted(open_images[at] for at in chosen)


def cold_start(
    region_features: Iterable[tuple[int, Floats]],
    *,
    images: list[int],
    spare_images: Sequence[int] = (),
    region_areas: Callable[[int], NDArray[np.int64]],
    candidates: Callable[[int], NDArray[np.bool_]] | None = None,
    image_cap: Callable[[int], int] | None = None,
    budget: Budget,
    rng: np.random.Generator,
    on_progress: Callable[[float], None] | None = None,
) -> list[tuple[int, int]]:
    """The regions to ask first, as (image index, region index), those that stand for most others first.

    No image gets more than its even share, rounded up, or than its cap where that is more, as long as others
    have what is looked for. A budget in pixels is never exceeded: what is too large for the rest is passed
    over, others fill it.

    Args:
        region_features: (image index, float32 (R, D)) of `images`, in their order; read once.
        images: of `images_to_see` or `images_to_ask`.
        spare_images: others, whose regions fill what `images` leave of the budget.
        region_areas: image index -> int64 (R,), pixels.
        candidates: image index -> bool (R,), which regions may be asked; None = all.
        image_cap: image index -> regions; None = the even share alone.
        budget: what may be asked.
        rng: draws samples and first middles.
        on_progress: told the share of the clustering that is done.

    Raises:
        EmptyPoolError: no image or no candidate at all, with a budget above 0.
        NonFiniteError: NaN or infinite features.

    Source: typical instead of extreme samples for a first budget: TypiClust (Hacohen, Dekel, Weinshall, ICML
    2022). How we differ: regions instead of images, and clusters of a sample.
    """
    if budget.amount == 0:
        return []
    if not images:
        raise EmptyPoolError("the pool holds no image to ask about")
    open_of = candidates or (lambda image: np.ones(len(region_areas(image)), dtype=np.bool_))
    expected = _expected_regions(images, region_areas, budget)
    per_image = max(_PER_IMAGE, -(-_SAMPLED_PER_ASKED * expected // len(images)))
    sample = _Sample.draw(region_features, open_of, per_image, rng)
    if not len(sample.places):
        raise EmptyPoolError(NOTHING_LEFT)
    basket = _Basket(region_areas, budget)
    share = -(-expected // len(images))
    cap_of = {image: max(share, image_cap(image)) if image_cap else share for image in images}
    for group in _clusters(sample, expected, rng, on_progress):
        basket.take_one(sample.places[group], cap_of)
    _fill(basket, sample.places[rng.permutation(len(sample.places))], cap_of)
    left = [*(images[at] for at in rng.permutation(len(images))), *rng.permutation(spare_images).tolist()]
    for image in left:
        if basket.is_spent:
            break
        for region in rng.permutation(np.flatnonzero(open_of(image))):
            basket.take(image, int(region))
    return basket.taken


def _fill(basket: "_Basket", places: NDArray[np.int64], cap_of: dict[int, int]) -> None:
    """What still fits, first of images that have room."""
    for place in places:
        basket.take_one(place[None], cap_of)
    for image, region in places.tolist():
        basket.take(image, region)


def _expected_regions(
    images: list[int], region_areas: Callable[[int], NDArray[np.int64]], budget: Budget
) -> int:
    """Regions the budget will buy, by the areas of a few images."""
    some = images[:: max(1, len(images) // _AREA_SAMPLE)]
    return max(1, int(budget.num_regions(np.concatenate([region_areas(image) for image in some]))))


@dataclass(frozen=True)
class _Sample:
    """Regions that are clustered.

    Attributes:
        places: int64 (S, 2), image and region index.
        features: float32 (S, D), each channel of mean 0 and deviation 1 over the sample, rows of length 1.
    """

    places: NDArray[np.int64]
    features: Floats

    @classmethod
    def draw(
        cls,
        region_features: Iterable[tuple[int, Floats]],
        open_of: Callable[[int], NDArray[np.bool_]],
        per_image: int,
        rng: np.random.Generator,
    ) -> "_Sample":
        places, rows = [], []
        for image, features in region_features:
            is_open = open_of(image)
            _checked(image, features, len(is_open))
            drawn = rng.permutation(np.flatnonzero(is_open))[:per_image]
            places += [(image, int(region)) for region in drawn]
            rows.append(features[drawn])
        if not places:
            return cls(np.empty((0, 2), np.int64), np.empty((0, 1), np.float32))
        return cls(np.array(places, dtype=np.int64), _unit(np.concatenate(rows).astype(np.float32)))


def _checked(image: int, features: Floats, num_regions: int) -> Floats:
    """The features, when they are of so many regions and finite."""
    if features.ndim != 2 or len(features) != num_regions:
        raise ShapeError(f"image {image} has {num_regions} regions and features of shape {features.shape}")
    num_bad = int((~np.isfinite(features)).sum())
    if num_bad:
        raise NonFiniteError(
            f"{num_bad} of {features.size} feature values of image {image} are NaN or infinite"
        )
    return features


def _unit(features: Floats) -> Floats:
    """Channels made alike, then rows of length 1: neither a loud channel nor a loud region decides."""
    centred = features - features.mean(axis=0)
    centred /= np.maximum(centred.std(axis=0), 1e-6)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    return np.asarray(centred / np.maximum(lengths, 1e-6), dtype=np.float32)


def _clusters(
    sample: _Sample,
    num_clusters: int,
    rng: np.random.Generator,
    on_progress: Callable[[float], None] | None,
) -> list[NDArray[np.int64]]:
    """Rows of each cluster, nearest its middle first; large clusters before small ones."""
    images = rng.permutation(np.unique(sample.places[:, 0]))
    num_parts = -(-num_clusters // _CLUSTERS_AT_ONCE)
    found: list[NDArray[np.int64]] = []
    for part in range(num_parts):
        rows = np.flatnonzero(np.isin(sample.places[:, 0], images[part::num_parts]))
        share = num_clusters // num_parts + (part < num_clusters % num_parts)
        found += [rows[members] for members in k_means(sample.features[rows], share, rng)]
        if on_progress is not None:
            on_progress((part + 1) / num_parts)
    return sorted(found, key=len, reverse=True)


def k_means(features: Floats, num_clusters: int, rng: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Lloyd's algorithm from random rows: rows (M,) of each cluster that has any, nearest its middle first.

    Args:
        features: float32 (S, D).
        num_clusters: at most S are used.
        rng: draws the rows to begin with.
    """
    first = rng.choice(len(features), size=min(num_clusters, len(features)), replace=False)
    middles = features[np.sort(first)]
    for _ in range(_ITERATIONS):
        nearest, _distances = _nearest(features, middles)
        middles = _means(features, nearest, middles)
    nearest, distances = _nearest(features, middles)
    order = np.lexsort((distances, nearest))
    bounds = np.searchsorted(nearest[order], np.arange(len(middles) + 1))
    for start, end in pairwise(bounds.tolist()):
        if end > start:
            yield order[start:end]


def _nearest(features: Floats, middles: Floats) -> tuple[NDArray[np.int64], Floats]:
    """Each row's nearest middle (the first of equal ones), and its squared distance but for the row's own."""
    squares = np.einsum("kd,kd->k", middles, middles)
    nearest = np.empty(len(features), dtype=np.int64)
    distances = np.empty(len(features), dtype=np.float32)
    for start in range(0, len(features), _ROWS_AT_ONCE):
        part = features[start : start + _ROWS_AT_ONCE]
        away = squares - 2 * (part @ middles.T)
        nearest[start : start + len(part)] = away.argmin(axis=1)
        own = np.einsum("nd,nd->n", part, part)
        distances[start : start + len(part)] = away.min(axis=1) + own
    return nearest, distances


def _means(features: Floats, nearest: NDArray[np.int64], middles: Floats) -> Floats:
    """The mean of each cluster's rows; a cluster without any stays where it was."""
    order = np.argsort(nearest, kind="stable")
    used, starts, counts = np.unique(nearest[order], return_index=True, return_counts=True)
    sums = np.add.reduceat(features[order], starts, axis=0)
    moved = middles.copy()
    moved[used] = sums / counts[:, None]
    return moved


class _Basket:
    """Regions taken so far and what is left of the budget."""

    def __init__(self, region_areas: Callable[[int], NDArray[np.int64]], budget: Budget) -> None:
        self.taken: list[tuple[int, int]] = []
        self._region_areas = region_areas
        self._remaining = budget.amount
        self._budget = budget
        self._regions: set[tuple[int, int]] = set()
        self._num_of: dict[int, int] = {}

    @property
    def is_spent(self) -> bool:
        return self._remaining <= 0

    def take_one(self, places: NDArray[np.int64], cap_of: dict[int, int]) -> None:
        """The first of a cluster whose image has room and that fits."""
        for image, region in places.tolist():
            if self.is_spent:
                return
            if self._num_of.get(image, 0) < cap_of[image] and self.take(image, region):
                return

    def take(self, image: int, region: int) -> bool:
        """Whether it was taken: not twice, and not beyond the budget."""
        if self.is_spent or (image, region) in self._regions:
            return False
        cost = int(self._budget.costs(self._region_areas(image))[region])
        if cost > self._remaining:
            return False
        self.taken.append((image, region))
        self._regions.add((image, region))
        self._num_of[image] = self._num_of.get(image, 0) + 1
        self._remaining -= cost
        return True
