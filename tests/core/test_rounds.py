from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from segloop.acquisition import AcquisitionFunction, PoolView
from segloop.budgets import Budget
from segloop.errors import EmptyPoolError, SettingsError
from segloop.regions import Partition, grid_partition
from segloop.rounds import (
    PlannedQuery,
    QueryUnit,
    candidate_mask,
    plan_cold_start,
    plan_queries,
    settings_of_round,
)
from segloop.settings import Acquisition, ColdStart, Quota, RoundSettings

SETTINGS = RoundSettings(quota=Quota.GLOBAL, seed=5)


def partitions(_: int) -> Partition:
    return grid_partition(6, 8, 2)  # 3 x 4 cells of 4 pixels


def nothing(_: int) -> NDArray[np.bool_]:
    return np.zeros(12, dtype=np.bool_)


def encode(images: list[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    regions = np.random.default_rng(0).normal(size=(5, 12, 4)).astype(np.float32)
    yield from ((index, regions[index]) for index in images)


def encode_many(images: list[int]) -> Iterator[tuple[int, NDArray[np.float32]]]:
    for index in images:
        yield index, np.random.default_rng(index).normal(size=(12, 4)).astype(np.float32)


def pairs(planned: list[PlannedQuery]) -> list[tuple[int, int]]:
    return [(query.image_index, query.region_index) for query in planned]


def test_the_border_rule_leaves_the_inner_cells() -> None:
    asked = nothing(0)
    asked[5] = True
    assert np.flatnonzero(candidate_mask(partitions(0), asked, SETTINGS)).tolist() == [
        0,
        1,
        2,
        3,
        4,
        6,
        7,
        8,
        9,
        10,
        11,
    ]
    inner = RoundSettings(allow_border=False)
    assert np.flatnonzero(candidate_mask(partitions(0), asked, inner)).tolist() == [6]


def test_queries_are_planned_in_the_pools_order_whatever_order_scores_come_in() -> None:
    scores = {image: np.linspace(image, image + 0.5, 12, dtype=np.float32) for image in range(3)}
    scores[1][:] = scores[0]
    plans = [
        plan_queries(
            ((image, scores[image]) for image in order),
            partitions,
            nothing,
            budget=Budget(regions=15),
            settings=SETTINGS,
            round_number=1,
        )
        for order in ([0, 1, 2], [2, 1, 0])
    ]
    assert plans[0] == plans[1]
    assert pairs(plans[0])[:13] == [(2, region) for region in range(11, -1, -1)] + [(0, 11)]
    assert plans[0][0].score == pytest.approx(2.5)


def test_asked_regions_are_not_planned_again_and_an_exhausted_pool_is_an_error() -> None:
    asked = np.ones(12, dtype=np.bool_)
    asked[3] = False
    scores = [(0, np.zeros(12, np.float32))]
    planned = plan_queries(
        scores, partitions, lambda _: asked, budget=Budget(regions=5), settings=SETTINGS, round_number=1
    )
    assert pairs(planned) == [(0, 3)]
    with pytest.raises(EmptyPoolError):
        plan_queries(
            scores,
            partitions,
            lambda _: ~nothing(0),
            budget=Budget(regions=5),
            settings=SETTINGS,
            round_number=1,
        )


def test_whole_images_are_asked_best_first_and_only_when_they_fit() -> None:
    scores = [(image, np.full(12, value, np.float32)) for image, value in enumerate([0.1, 0.9, 0.5])]
    planned = plan_queries(
        scores,
        partitions,
        nothing,
        budget=Budget(pixels=48 * 2 + 40),
        settings=SETTINGS,
        round_number=1,
        unit=QueryUnit.IMAGES,
    )
    assert pairs(planned) == [(1, region) for region in range(12)] + [(2, region) for region in range(12)]


@pytest.mark.parametrize(
    ("unit", "budget", "num_wanted"),
    [
        (QueryUnit.REGIONS, Budget(regions=24), 24),
        (QueryUnit.REGIONS, Budget(pixels=24 * 4), 24),
        (QueryUnit.IMAGES, Budget(regions=24), 2),
        (QueryUnit.IMAGES, Budget(pixels=24 * 4), 2),
    ],
)
def test_an_acquisition_is_told_how_many_regions_or_images_are_wanted(
    unit: QueryUnit, budget: Budget, num_wanted: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []

    def pool_scores(view: PoolView) -> NDArray[np.float32]:
        told.append(view.num_wanted)
        return view.scores

    function = AcquisitionFunction(help="listens", pool_scores=pool_scores)
    monkeypatch.setattr("segloop.rounds.find_acquisition", lambda _: function)
    scores = [(image, np.ones(12, np.float32)) for image in range(3)]
    planned = plan_queries(
        scores, partitions, nothing, budget=budget, settings=SETTINGS, round_number=1, unit=unit
    )
    assert len(planned) == 24
    assert told == [num_wanted]


@pytest.mark.parametrize("kind", list(ColdStart))
def test_a_cold_start_repeats_and_keeps_its_budget(kind: ColdStart) -> None:
    def planned(round_number: int) -> list[PlannedQuery]:
        return plan_cold_start(
            partitions,
            nothing,
            num_images=5,
            encode=encode,
            budget=Budget(pixels=100),
            settings=replace(SETTINGS, cold_start=kind),
            round_number=round_number,
        )

    def plan(round_number: int) -> list[tuple[int, int]]:
        return pairs(planned(round_number))

    assert plan(0) == plan(0)
    assert {query.score for query in planned(0)} == {0.0}, "nothing was scored"
    assert len({tuple(plan(number)) for number in range(6)}) > 1
    assert len(set(plan(0))) == (24 if kind is ColdStart.RANDOM_IMAGES else 25)
    assert (
        len({image for image, _ in plan(0)}) == (2 if kind is ColdStart.RANDOM_IMAGES else 5)
        or kind is ColdStart.RANDOM_REGIONS
    )


def images_of(planned: list[PlannedQuery]) -> list[int]:
    """The images in the order they are asked, one for each change of image."""
    asked = [query.image_index for query in planned]
    return [image for at, image in enumerate(asked) if at == 0 or asked[at - 1] != image]


@pytest.mark.parametrize("budget", [Budget(regions=96), Budget(pixels=96 * 4 + 3)])
@pytest.mark.parametrize("kind", ["scores", *ColdStart])
def test_a_share_of_an_image_asks_few_images_and_each_once(kind: str, budget: Budget) -> None:
    """Half of 12 cells each: 96 regions are 16 of 40 images, one after the other."""
    settings = replace(SETTINGS, image_share=0.5, image_cap_factor=1.0)
    common = {"budget": budget, "settings": settings, "round_number": 1}
    if kind == "scores":
        scores = np.random.default_rng(3).random((40, 12)).astype(np.float32)
        planned = plan_queries(enumerate(scores), partitions, nothing, **common)  # type: ignore[arg-type]
    else:
        planned = plan_cold_start(
            partitions,
            nothing,
            num_images=40,
            encode=encode_many,
            **{**common, "settings": replace(settings, cold_start=ColdStart(kind))},  # type: ignore[arg-type]
        )
    assert len(set(pairs(planned))) == 96
    num_of = Counter(query.image_index for query in planned)
    if kind == ColdStart.RANDOM_IMAGES:
        assert set(num_of.values()) == {12}
        return
    assert set(num_of.values()) == {6}
    assert sorted(images_of(planned)) == sorted(num_of)


@pytest.mark.parametrize("budget", [8, 12, 13, 16, 21, 28, 40])
def test_a_share_of_an_image_leaves_room_for_eight(budget: int) -> None:
    scores = np.random.default_rng(3).random((40, 12)).astype(np.float32)
    planned = plan_queries(
        enumerate(scores),
        partitions,
        nothing,
        budget=Budget(regions=budget),
        settings=replace(SETTINGS, image_share=1.0),
        round_number=1,
    )
    num_of = Counter(query.image_index for query in planned)
    assert len(planned) == budget
    assert len(num_of) >= 8
    assert sorted(num_of.values())[1:] == [budget // 8] * (len(num_of) - 1), "all but the budget's end"


@pytest.mark.parametrize("seed", range(10))
def test_a_share_of_an_image_passes_over_what_is_asked(seed: int) -> None:
    """35 of 40 images have been asked whole: the others are asked."""
    planned = plan_cold_start(
        partitions,
        lambda image: np.full(12, image < 35),
        num_images=40,
        encode=encode_many,
        budget=Budget(regions=16),
        settings=replace(SETTINGS, image_share=0.5, seed=seed),
        round_number=1,
    )
    assert len(set(pairs(planned))) == 16
    assert min(query.image_index for query in planned) >= 35


@pytest.mark.parametrize("budget", [Budget(regions=11), Budget(pixels=47)])
def test_a_budget_below_one_whole_image_is_refused(budget: Budget) -> None:
    with pytest.raises(SettingsError, match=r"does not pay for a whole image: the smallest .* needs (12|48)"):
        plan_cold_start(
            partitions,
            nothing,
            num_images=3,
            encode=None,
            budget=budget,
            settings=replace(SETTINGS, cold_start=ColdStart.RANDOM_IMAGES),
            round_number=0,
        )


def test_whole_images_and_an_audit_exclude_each_other() -> None:
    with pytest.raises(SettingsError, match="audit_fraction asks single regions"):
        RoundSettings(cold_start=ColdStart.RANDOM_IMAGES, audit_fraction=0.1)


def test_a_budget_of_nothing_asks_nothing() -> None:
    empty = plan_cold_start(
        partitions,
        nothing,
        num_images=5,
        encode=None,
        budget=Budget(regions=0),
        settings=SETTINGS,
        round_number=0,
    )
    assert empty == []
    with pytest.raises(SettingsError, match="encoder"):
        plan_cold_start(
            partitions,
            nothing,
            num_images=5,
            encode=None,
            budget=Budget(regions=1),
            settings=SETTINGS,
            round_number=0,
        )


def test_a_random_acquisition_ranks_by_the_scores_it_keeps() -> None:
    settings = replace(
        SETTINGS, acquisition=Acquisition.RANDOM, quota=Quota.GLOBAL, suppress_neighbours=False
    )

    def plan(round_number: int) -> list[PlannedQuery]:
        return plan_queries(
            ((index, np.zeros(12, dtype=np.float32)) for index in range(3)),
            partitions,
            nothing,
            budget=Budget(regions=6),
            settings=settings,
            round_number=round_number,
        )

    scores = [query.score for query in plan(1)]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 6
    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


def test_every_round_trains_with_a_seed_of_its_own() -> None:
    seeds = {settings_of_round(SETTINGS, number).seed for number in range(20)}

    assert len(seeds) == 20
    assert settings_of_round(SETTINGS, 3) == settings_of_round(SETTINGS, 3)
