"""The steps of a round that choose what is asked; the worker and the simulation both call these.

A round: train (`segloop.training`) -> evaluate and score (`segloop.scoring`) -> plan the queries (here) ->
people answer. Round 0 has no model and plans a cold start instead. Images are numbered in the pool's order,
(filename, sha256); ties fall by it, and generators come from `segloop.seeds`, so the same project asks the
same regions wherever it runs. This module knows no torch, no file, no database and no truth.
"""

import dataclasses
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segloop.coverage import cold_start
from segloop.errors import EmptyPoolError, SettingsError
from segloop.regions import Partition, neighbours
from segloop.seeds import Purpose, generator, torch_seed
from segloop.selection import PoolRegions, select
from segloop.settings import Acquisition, Quota, RoundSettings

Partitions = Callable[[int], Partition]
"""Image index -> its partition; called again and again, so it should be cheap."""

Asked = Callable[[int], NDArray[np.bool_]]
"""Image index -> bool (R,): which of its regions have been asked, in whatever round."""


Encode = Callable[[], tuple[NDArray[np.float32], Callable[[int], NDArray[np.float32]]]]
"""() -> image features float32 (N, D), and image index -> region features float32 (R, D)."""


class ColdStart(StrEnum):
    """How the first regions are chosen, while there is no model."""

    COVERAGE = "coverage"
    RANDOM_REGIONS = "random_regions"
    RANDOM_IMAGES = "random_images"


class QueryUnit(StrEnum):
    """What is asked at once: single regions, or all regions of an image (a baseline)."""

    REGIONS = "regions"
    IMAGES = "images"


@dataclass(frozen=True, slots=True)
class Budget:
    """What one round may ask: a number of regions or a number of pixels.

    Raises:
        SettingsError: none or both, or a negative one.
    """

    regions: int | None = None
    pixels: int | None = None

    def __post_init__(self) -> None:
        """Exactly one, 0 or more."""
        given = [value for value in (self.regions, self.pixels) if value is not None]
        if len(given) != 1 or given[0] < 0:
            raise SettingsError(
                f"give one budget of 0 or more, got {self.regions} regions, {self.pixels} pixels"
            )

    @classmethod
    def of_fraction(cls, fraction: float, *, pool_pixels: int) -> Self:
        """`fraction` of all pixels of the pool, rounded down."""
        if not 0 <= fraction <= 1:
            raise SettingsError(f"budget_fraction = {fraction} is outside 0 .. 1")
        return cls(pixels=int(fraction * pool_pixels))


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """One region to ask, its place in the list being its rank.

    Attributes:
        image_index: in the pool's order.
        region_index: in the image's partition.
        score: its score, higher = asked first; 0 in a cold start.
    """

    image_index: int
    region_index: int
    score: float


def settings_of_round(settings: RoundSettings, round_number: int) -> RoundSettings:
    """The settings one round trains and scores with: a seed of its own, so that no two rounds draw alike."""
    seed = torch_seed(settings.seed, round_number, Purpose.TRAINING) % 2**31
    return dataclasses.replace(settings, seed=seed)


def candidate_mask(
    partition: Partition, asked: NDArray[np.bool_], settings: RoundSettings
) -> NDArray[np.bool_]:
    """Bool (R,): regions that may be asked: not asked yet, and off the border where that is the rule."""
    mask = ~asked
    if not settings.allow_border:
        height, width = partition.region_map.shape
        left, top, box_width, box_height = partition.bboxes.T
        mask &= (left > 0) & (top > 0) & (left + box_width < width) & (top + box_height < height)
    return mask


def plan_cold_start(
    partitions: Partitions,
    asked: Asked,
    *,
    num_images: int,
    encode: Encode | None,
    budget: Budget,
    settings: RoundSettings,
    round_number: int,
    kind: ColdStart = ColdStart.COVERAGE,
    on_progress: Callable[[float], None] | None = None,
) -> list[PlannedQuery]:
    """The first regions to ask, best first, without a model.

    Args:
        partitions: the pool's partitions.
        asked: what has been asked before.
        num_images: images of the pool.
        encode: features of a frozen encoder, as `lambda: scoring.encode_pool(source, partitions, settings)`;
            called for `coverage` alone.
        budget: what may be asked now.
        settings: border rule and seed are read.
        round_number: the round whose queries these are.
        kind: how to choose.
        on_progress: told the share of the budget that is spent.

    Raises:
        EmptyPoolError: there is no image, or no region left to ask.
    """
    if budget.regions == 0 or budget.pixels == 0:
        return []
    if num_images == 0:
        raise EmptyPoolError("the pool holds no image to ask about")
    if kind is ColdStart.COVERAGE:
        if encode is None:
            raise SettingsError("a cold start by coverage needs features of an encoder")
        return _plan_coverage(
            encode,
            partitions,
            asked,
            budget=budget,
            settings=settings,
            round_number=round_number,
            on_progress=on_progress,
        )
    unit = QueryUnit.IMAGES if kind is ColdStart.RANDOM_IMAGES else QueryUnit.REGIONS
    at_random = dataclasses.replace(
        settings,
        acquisition=Acquisition.RANDOM,
        quota=Quota.GLOBAL,
        image_cap_factor=1000.0,
        suppress_neighbours=False,
    )
    scores = ((index, np.zeros(partitions(index).num_regions, np.float32)) for index in range(num_images))
    return plan_queries(
        scores,
        partitions,
        asked,
        budget=budget,
        settings=at_random,
        round_number=round_number,
        unit=unit,
        purpose=Purpose.COLD_START,
    )


def _plan_coverage(
    encode: Encode,
    partitions: Partitions,
    asked: Asked,
    *,
    budget: Budget,
    settings: RoundSettings,
    round_number: int,
    on_progress: Callable[[float], None] | None,
) -> list[PlannedQuery]:
    image_features, region_features = encode()
    picked = cold_start(
        image_features,
        region_features,
        region_areas=lambda index: partitions(index).areas,
        candidates=lambda index: candidate_mask(partitions(index), asked(index), settings),
        budget_regions=budget.regions,
        budget_pixels=budget.pixels,
        rng=generator(settings.seed, round_number, Purpose.COLD_START),
        on_progress=on_progress,
    )
    return [PlannedQuery(image, region, 0.0) for image, region in picked]


def plan_queries(
    scored: Iterable[tuple[int, NDArray[np.float32]]],
    partitions: Partitions,
    asked: Asked,
    *,
    budget: Budget,
    settings: RoundSettings,
    round_number: int,
    unit: QueryUnit = QueryUnit.REGIONS,
    purpose: Purpose = Purpose.SELECTION,
) -> list[PlannedQuery]:
    """The regions to ask next, best first.

    Args:
        scored: (image index, region scores float32 (R,)) of every image of the pool, in any order.
        partitions: the pool's partitions.
        asked: what has been asked before.
        budget: what may be asked now.
        settings: acquisition, quota, cap, suppression, border rule and seed are read.
        round_number: the round whose queries these are.
        unit: whole images take the best image by mean score over its area first.
        purpose: which of the round's generators a random acquisition draws its scores from.

    Raises:
        EmptyPoolError: no region is left to ask.
        NonFiniteError: scores that are NaN or infinite.
    """
    by_image = dict(sorted(scored, key=lambda entry: entry[0]))
    rng = generator(settings.seed, round_number, purpose)
    if settings.acquisition is Acquisition.RANDOM:
        by_image = {image: rng.random(len(scores), dtype=np.float32) for image, scores in by_image.items()}
    if unit is QueryUnit.IMAGES:
        return _plan_images(by_image, partitions, asked, budget=budget, settings=settings, rng=rng)
    pool = _pool_of(by_image, partitions, asked, settings)
    chosen = select(
        pool,
        budget_regions=budget.regions,
        budget_pixels=budget.pixels,
        num_images=len(by_image),
        settings=settings,
        neighbours=lambda index: neighbours(partitions(index).region_map),
    )
    return [
        PlannedQuery(int(pool.image_index[index]), int(pool.region_index[index]), float(pool.score[index]))
        for index in chosen
    ]


def _pool_of(
    by_image: dict[int, NDArray[np.float32]], partitions: Partitions, asked: Asked, settings: RoundSettings
) -> PoolRegions:
    images, regions, scores, areas = [], [], [], []
    for image, image_scores in by_image.items():
        partition = partitions(image)
        open_ = np.flatnonzero(candidate_mask(partition, asked(image), settings))
        images.append(np.full(len(open_), image, dtype=np.int32))
        regions.append(open_.astype(np.int32))
        scores.append(image_scores[open_].astype(np.float32))
        areas.append(partition.areas[open_].astype(np.int64))
    if not images:
        raise EmptyPoolError("the pool holds no image to ask about")
    return PoolRegions(
        np.concatenate(images), np.concatenate(regions), np.concatenate(scores), np.concatenate(areas)
    )


def _plan_images(
    by_image: dict[int, NDArray[np.float32]],
    partitions: Partitions,
    asked: Asked,
    *,
    budget: Budget,
    settings: RoundSettings,
    rng: np.random.Generator,
) -> list[PlannedQuery]:
    """All unasked regions of the best images that fit; the border rule does not apply to whole images."""
    open_of = {image: np.flatnonzero(~asked(image)) for image in by_image}
    open_of = {image: regions for image, regions in open_of.items() if len(regions)}
    areas_of = {image: partitions(image).areas[regions] for image, regions in open_of.items()}
    costs = {
        image: len(regions) if budget.pixels is None else int(areas_of[image].sum())
        for image, regions in open_of.items()
    }
    images = PoolRegions(
        np.array(list(open_of), dtype=np.int32),
        np.zeros(len(open_of), dtype=np.int32),
        rng.random(len(open_of), dtype=np.float32)
        if settings.acquisition is Acquisition.RANDOM
        else np.array(
            [
                np.average(by_image[image][regions], weights=areas_of[image])
                for image, regions in open_of.items()
            ],
            dtype=np.float32,
        ),
        np.array(list(costs.values()), dtype=np.int64),
    )
    chosen = select(
        images,
        budget_regions=None,
        budget_pixels=budget.pixels if budget.regions is None else budget.regions,
        num_images=len(by_image),
        settings=dataclasses.replace(settings, quota=Quota.GLOBAL, suppress_neighbours=False),
        neighbours=None,
    )
    return [
        PlannedQuery(image, int(region), float(by_image[image][region]))
        for image in (int(images.image_index[index]) for index in chosen)
        for region in open_of[image]
    ]
