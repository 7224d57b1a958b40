"""The steps of a round that choose what is asked; the worker and the simulation both call these.

A round: train (`segloop.training`) -> evaluate and score (`segloop.scoring`) -> plan the queries (here) ->
people answer. Round 0 has no model and plans a cold start instead. Images are numbered in the pool's order,
(filename, sha256); ties fall by it, and generators come from `segloop.seeds`, so the same project asks the
same regions wherever it runs. This module knows no torch, no file, no database and no truth.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray

from segloop.acquisition import PoolView, find_acquisition
from segloop.audit import draw_audit, reserved_regions
from segloop.budgets import Budget
from segloop.coverage import cold_start, images_to_ask, images_to_see
from segloop.errors import BudgetError, EmptyPoolError, SettingsError
from segloop.regions import Partition, neighbours
from segloop.seeds import Purpose, generator, torch_seed
from segloop.selection import PoolRegions, select
from segloop.settings import Acquisition, ColdStart, QueryPurpose, Quota, RoundSettings

_IMAGES_AT_LEAST = 8
"""Images whose first visits a round can pay for, whatever share of each it would ask."""

Partitions = Callable[[int], Partition]
"""Image index -> its partition; called again and again, so it should be cheap."""

Asked = Callable[[int], NDArray[np.bool_]]
"""Image index -> bool (R,): which of its regions have been asked, in whatever round."""

Names = Callable[[int], str]
"""Image index -> its filename."""

RegionFeatures = Callable[[int], NDArray[np.floating]]
"""Image index -> float (R, D), as `segloop.scoring` left them."""

Encode = Callable[[list[int]], Iterator[tuple[int, NDArray[np.float32]]]]
"""Image indices -> (index, region features float32 (R, D)) of each, in that order."""


class QueryUnit(StrEnum):
    """What is asked at once: single regions, or all regions of an image (a baseline)."""

    REGIONS = "regions"
    IMAGES = "images"


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """One region to ask, its place in the list being its rank.

    Attributes:
        image_index: in the pool's order.
        region_index: in the image's partition.
        score: its score, higher = asked first; 0 in a cold start and of an audit.
        purpose: `audit` where chance drew it to measure the model; its answer is never trained on.
    """

    image_index: int
    region_index: int
    score: float
    purpose: QueryPurpose = QueryPurpose.SELECTED


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
    names: Names | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> list[PlannedQuery]:
    """The first regions to ask, best first, without a model; those of an audit before them.

    Args:
        partitions: the pool's partitions.
        asked: what has been asked before.
        num_images: images of the pool.
        encode: features of a frozen encoder, as
            `lambda images: scoring.encode_pool(source, partitions, settings, images)`; called for `coverage`
            alone.
        budget: what may be asked now.
        settings: cold_start, border rule, share of an image, audit and seed are read.
        round_number: the round whose queries these are.
        names: needed for an audit.
        on_progress: told the share of the budget that is spent.

    Raises:
        EmptyPoolError: there is no image, or no region left to ask.
        BudgetError: it does not pay for one of the whole images that `cold_start` wants.
    """
    if budget.amount == 0:
        return []
    if num_images == 0:
        raise EmptyPoolError("the pool holds no image to ask about")
    if settings.cold_start is ColdStart.COVERAGE:
        if encode is None:
            raise SettingsError("a cold start by coverage needs features of an encoder")
        audit = _Audit.draw(range(num_images), partitions, asked, names, budget=budget, settings=settings)
        return audit.queries + _plan_coverage(
            encode,
            num_images,
            partitions,
            audit.taken_or(asked),
            budget=audit.budget,
            settings=settings,
            round_number=round_number,
            on_progress=on_progress,
        )
    is_of_images = settings.cold_start is ColdStart.RANDOM_IMAGES
    at_random = dataclasses.replace(
        settings,
        acquisition=Acquisition.RANDOM,
        quota=Quota.GLOBAL,
        image_cap_factor=1000.0,
        suppress_neighbours=False,
    )
    scores = ((index, np.zeros(partitions(index).num_regions, np.float32)) for index in range(num_images))
    drawn = plan_queries(
        scores,
        partitions,
        asked,
        budget=budget,
        settings=at_random,
        round_number=round_number,
        names=names,
        unit=QueryUnit.IMAGES if is_of_images else QueryUnit.REGIONS,
        purpose=Purpose.COLD_START,
    )
    return [dataclasses.replace(query, score=0.0) for query in drawn]


def _plan_coverage(
    encode: Encode,
    num_images: int,
    partitions: Partitions,
    asked: Asked,
    *,
    budget: Budget,
    settings: RoundSettings,
    round_number: int,
    on_progress: Callable[[float], None] | None,
) -> list[PlannedQuery]:
    rng = generator(settings.seed, round_number, Purpose.COLD_START)
    seen = images_to_see(num_images, rng=rng)

    def areas(index: int) -> NDArray[np.int64]:
        return partitions(index).areas

    def candidates(index: int) -> NDArray[np.bool_]:
        return candidate_mask(partitions(index), asked(index), settings)

    images, floor = seen, _image_floor(seen, partitions, budget, settings)
    if floor is not None:
        images = images_to_ask(
            encode(seen),
            images=seen,
            region_areas=areas,
            candidates=candidates,
            image_floor=floor,
            budget=budget,
            rng=rng,
        )
    picked = cold_start(
        encode(images),
        images=images,
        spare_images=sorted(set(seen) - set(images)),
        region_areas=areas,
        candidates=candidates,
        image_cap=floor,
        budget=budget,
        rng=rng,
        on_progress=on_progress,
    )
    if floor is not None:  # people see an image once
        place_of = {image: place for place, image in reversed(list(enumerate(image for image, _ in picked)))}
        picked.sort(key=lambda query: place_of[query[0]])
    return [PlannedQuery(image, region, 0.0) for image, region in picked]


def _image_floor(
    images: Sequence[int], partitions: Partitions, budget: Budget, settings: RoundSettings
) -> Callable[[int], int] | None:
    """Image index -> regions it gets where it gets any: `image_share`, at most an eighth of the budget."""
    if not settings.image_share:
        return None
    areas = np.concatenate([partitions(image).areas for image in images])
    most = max(1, int(budget.num_regions(areas)) // _IMAGES_AT_LEAST)
    return lambda image: min(most, max(1, round(settings.image_share * partitions(image).num_regions)))


def plan_queries(
    scored: Iterable[tuple[int, NDArray[np.float32]]],
    partitions: Partitions,
    asked: Asked,
    *,
    budget: Budget,
    settings: RoundSettings,
    round_number: int,
    names: Names | None = None,
    region_features: RegionFeatures | None = None,
    unit: QueryUnit = QueryUnit.REGIONS,
    purpose: Purpose = Purpose.SELECTION,
) -> list[PlannedQuery]:
    """The regions to ask next, best first; those of an audit, which chance draws, before them.

    Args:
        scored: (image index, region scores float32 (R,)) of every image of the pool, in any order.
        partitions: the pool's partitions.
        asked: what has been asked before.
        budget: what may be asked now, the audit included.
        settings: acquisition, selection, border rule, audit and seed are read.
        round_number: the round whose queries these are.
        names: needed for an audit.
        region_features: needed by acquisitions that read them.
        unit: whole images take the best image by mean score over its area first.
        purpose: which of the round's generators selection draws from.

    Raises:
        EmptyPoolError: no region is left to ask.
        NonFiniteError: scores that are NaN or infinite.
    """
    by_image = dict(sorted(scored, key=lambda entry: entry[0]))
    if not by_image:
        raise EmptyPoolError("the pool holds no image to ask about")
    planner = _Planner(
        by_image=by_image,
        partitions=partitions,
        asked=asked,
        region_features=region_features,
        settings=settings,
        rng=generator(settings.seed, round_number, purpose),
    )
    if unit is QueryUnit.IMAGES:
        if settings.audit_fraction:
            raise SettingsError("audit_fraction asks single regions: it cannot go with whole images")
        return planner.plan_images(budget)
    audit = _Audit.draw(by_image, partitions, asked, names, budget=budget, settings=settings)
    return audit.queries + planner.plan_regions(audit.budget, taken=audit.taken_or(asked))


@dataclass(frozen=True)
class _Audit:
    """What an audit takes of a round.

    Attributes:
        queries: what it asks.
        budget: what it leaves.
        names: of the images, None without an audit.
    """

    queries: list[PlannedQuery]
    budget: Budget
    names: Names | None

    @classmethod
    def draw(
        cls,
        images: Iterable[int],
        partitions: Partitions,
        asked: Asked,
        names: Names | None,
        *,
        budget: Budget,
        settings: RoundSettings,
    ) -> Self:
        if not settings.audit_fraction:
            return cls([], budget, None)
        if names is None:
            raise SettingsError("audit_fraction needs the images' names")
        drawn = draw_audit(
            list(images),
            names=names,
            asked=asked,
            areas=lambda index: partitions(index).areas,
            budget=budget.part(settings.audit_fraction),
        )
        areas = np.array([partitions(image).areas[region] for image, region in drawn], dtype=np.int64)
        queries = [PlannedQuery(image, region, 0.0, QueryPurpose.AUDIT) for image, region in drawn]
        return cls(queries, budget.less(int(budget.costs(areas).sum())), names)

    def taken_or(self, asked: Asked) -> Asked:
        """Regions that may not be asked for training: asked before, or kept for audits."""
        names = self.names
        if names is None:
            return asked

        def taken(index: int) -> NDArray[np.bool_]:
            mask = asked(index)
            return mask | reserved_regions(names(index), len(mask))

        return taken


@dataclass(frozen=True)
class _Planner:
    """A pool with its scores."""

    by_image: dict[int, NDArray[np.float32]]
    partitions: Partitions
    asked: Asked
    region_features: RegionFeatures | None
    settings: RoundSettings
    rng: np.random.Generator

    def plan_regions(self, budget: Budget, *, taken: Asked) -> list[PlannedQuery]:
        pool = self._pool_of(taken)
        if budget.amount and len(pool):
            pool = dataclasses.replace(
                pool, score=self._pool_scores(pool, budget, self._features, self.asked)
            )
        chosen = select(
            pool,
            budget=budget,
            num_images=len(self.by_image),
            settings=self.settings,
            neighbours=lambda index: neighbours(self.partitions(index).region_map),
            image_floor=_image_floor(list(self.by_image), self.partitions, budget, self.settings),
            rng=self.rng,
        )
        return [
            PlannedQuery(int(pool.image_index[at]), int(pool.region_index[at]), float(pool.score[at]))
            for at in chosen
        ]

    def plan_images(self, budget: Budget) -> list[PlannedQuery]:
        """All unasked regions of the best images that fit; the border rule does not apply to whole images."""
        open_of = {image: np.flatnonzero(~self.asked(image)) for image in self.by_image}
        open_of = {image: regions for image, regions in open_of.items() if len(regions)}
        areas_of = {image: self.partitions(image).areas[regions] for image, regions in open_of.items()}
        costs = [int(budget.costs(areas).sum()) for areas in areas_of.values()]
        in_costs = Budget(pixels=budget.amount)  # an image stands for all its regions, with what they cost
        means = [
            np.average(self.by_image[image][regions], weights=areas_of[image])
            for image, regions in open_of.items()
        ]
        images = PoolRegions(
            np.array(list(open_of), dtype=np.int32),
            np.zeros(len(open_of), dtype=np.int32),
            np.array(means, dtype=np.float32),
            np.array(costs, dtype=np.int64),
        )
        if budget.amount and len(images):
            scores = self._pool_scores(
                images,
                in_costs,
                lambda index: self._features(index).mean(axis=0, keepdims=True),
                lambda index: np.array([index not in open_of]),
            )
            images = dataclasses.replace(images, score=scores)
        chosen = select(
            images,
            budget=in_costs,
            num_images=len(self.by_image),
            settings=dataclasses.replace(
                self.settings, quota=Quota.GLOBAL, suppress_neighbours=False, top_factor=1.0
            ),
            neighbours=None,
            rng=self.rng,
        )
        if budget.amount and not len(chosen):
            raise BudgetError(
                f"a budget of {budget.amount:,} {budget.unit} does not pay for a whole image: the "
                f"smallest that is not answered needs {min(costs):,}"
            )
        return [
            PlannedQuery(image, int(region), float(self.by_image[image][region]))
            for image in (int(images.image_index[at]) for at in chosen)
            for region in open_of[image]
        ]

    def _pool_of(self, taken: Asked) -> PoolRegions:
        images, regions, scores, areas = [], [], [], []
        for image, image_scores in self.by_image.items():
            partition = self.partitions(image)
            open_ = np.flatnonzero(candidate_mask(partition, taken(image), self.settings))
            images.append(np.full(len(open_), image, dtype=np.int32))
            regions.append(open_.astype(np.int32))
            scores.append(image_scores[open_].astype(np.float32))
            areas.append(partition.areas[open_].astype(np.int64))
        return PoolRegions(
            np.concatenate(images), np.concatenate(regions), np.concatenate(scores), np.concatenate(areas)
        )

    def _pool_scores(
        self, pool: PoolRegions, budget: Budget, features: Callable[[int], NDArray[np.float32]], asked: Asked
    ) -> NDArray[np.float32]:
        """The acquisition's last step, over all candidates together."""
        function = find_acquisition(self.settings.acquisition).pool_scores
        if function is None:
            return pool.score
        view = PoolView(
            image_index=pool.image_index,
            region_index=pool.region_index,
            scores=pool.score,
            images=list(self.by_image),
            asked=asked,
            region_features=features,
            num_wanted=math.ceil(budget.num_regions(pool.area)),
            rng=self.rng,
        )
        return function(view)

    def _features(self, index: int) -> NDArray[np.float32]:
        if self.region_features is None:
            raise SettingsError(f"acquisition {self.settings.acquisition.value} needs region features")
        return self.region_features(index).astype(np.float32)
