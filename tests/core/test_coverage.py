from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segloop.coverage import cold_start, farthest_first
from segloop.errors import EmptyPoolError, NonFiniteError, SettingsError

Floats = NDArray[np.float32]


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def pool(num_images: int, num_regions: int = 6, dim: int = 3) -> tuple[Floats, list[Floats]]:
    regions = np.random.default_rng(1).normal(size=(num_images, num_regions, dim)).astype(np.float32)
    return regions.mean(axis=1), list(regions)


def test_farthest_first_equals_a_plain_loop() -> None:
    features, _ = pool(40)
    order = list(farthest_first(features, rng=rng()))
    assert sorted(order) == list(range(40))
    for step in range(1, 40):
        distance = [
            -1.0
            if row in order[:step]
            else min(float(((features[row] - features[other]) ** 2).sum()) for other in order[:step])
            for row in range(40)
        ]
        assert distance[order[step]] == pytest.approx(max(distance), rel=1e-4)


def test_equal_images_are_each_visited_once() -> None:
    assert sorted(farthest_first(np.ones((5, 4), np.float32), rng=rng())) == [0, 1, 2, 3, 4]


def test_clusters_are_covered_before_any_is_visited_twice() -> None:
    centres = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], dtype=np.float32)
    features = np.repeat(centres, 25, axis=0) + np.random.default_rng(2).normal(0, 0.1, (100, 2)).astype(
        np.float32
    )
    assert {index // 25 for index in islice(farthest_first(features, rng=rng()), 4)} == {0, 1, 2, 3}


def test_the_most_different_region_is_asked() -> None:
    regions = [np.zeros((5, 2), np.float32), np.zeros((5, 2), np.float32)]
    regions[0][3] = 9
    regions[1][1] = -9
    features = np.array([part.mean(axis=0) for part in regions])
    picked = cold_start(
        features,
        regions.__getitem__,
        region_areas=lambda _: np.ones(5, np.int64),
        budget_regions=2,
        rng=rng(),
    )
    assert sorted(picked) == [(0, 3), (1, 1)]


def test_more_regions_than_images_are_spread_evenly() -> None:
    features, regions = pool(4)
    picked = cold_start(
        features,
        regions.__getitem__,
        region_areas=lambda _: np.ones(6, np.int64),
        budget_regions=10,
        rng=rng(),
    )
    assert len(set(picked)) == 10
    assert sorted(np.bincount([image for image, _ in picked])) == [2, 2, 3, 3]
    everything = cold_start(
        features,
        regions.__getitem__,
        region_areas=lambda _: np.ones(6, np.int64),
        budget_regions=99,
        rng=rng(),
    )
    assert len(set(everything)) == 24


def test_only_candidates_are_asked_and_images_without_any_are_passed_over() -> None:
    features, regions = pool(4)
    open_ = np.zeros((4, 6), np.bool_)
    open_[1, 2] = open_[3, 5] = True
    picked = cold_start(
        features,
        regions.__getitem__,
        region_areas=lambda _: np.ones(6, np.int64),
        candidates=open_.__getitem__,
        budget_regions=2,
        rng=rng(),
    )
    assert sorted(picked) == [(1, 2), (3, 5)]


@settings(deadline=None, max_examples=50)
@given(budget=st.integers(1, 400), seed=st.integers(0, 5))
def test_a_budget_in_pixels_is_used_up_and_never_exceeded(budget: int, seed: int) -> None:
    features, regions = pool(6)
    areas = np.random.default_rng(seed).integers(5, 30, size=(6, 6))
    picked = cold_start(
        features, regions.__getitem__, region_areas=areas.__getitem__, budget_pixels=budget, rng=rng()
    )
    spent = sum(int(areas[entry]) for entry in picked)
    left = [
        int(areas[image, region])
        for image in range(6)
        for region in range(6)
        if (image, region) not in picked
    ]
    assert len(set(picked)) == len(picked)
    assert spent <= budget
    assert not left or not picked or budget - spent < max(left)


def test_a_larger_pool_is_sampled_and_the_same_generator_gives_the_same_regions() -> None:
    features, regions = pool(50)

    def ask(seed: int) -> list[tuple[int, int]]:
        return cold_start(
            features,
            regions.__getitem__,
            region_areas=lambda _: np.ones(6, np.int64),
            budget_regions=9,
            max_images=10,
            rng=np.random.default_rng(seed),
        )

    assert ask(1) == ask(1)
    assert ask(1) != ask(2)
    assert len({image for image, _ in ask(1)}) == 9


def test_bad_input_is_refused() -> None:
    features, regions = pool(3)

    def ask(
        features: Floats, in_regions: int | None = None, in_pixels: int | None = None
    ) -> list[tuple[int, int]]:
        return cold_start(
            features,
            regions.__getitem__,
            region_areas=lambda _: np.ones(6, np.int64),
            rng=rng(),
            budget_regions=in_regions,
            budget_pixels=in_pixels,
        )

    for in_regions, in_pixels in ((None, None), (1, 1), (-1, None)):
        with pytest.raises(SettingsError):
            ask(features, in_regions, in_pixels)
    with pytest.raises(EmptyPoolError):
        ask(features[:0], in_regions=1)
    with pytest.raises(NonFiniteError, match="3 of 9"):
        ask(np.where(np.eye(3, dtype=bool), np.nan, features), in_regions=1)
    assert ask(features, in_regions=0) == []
    with pytest.raises(EmptyPoolError):
        cold_start(
            features,
            regions.__getitem__,
            region_areas=lambda _: np.ones(6, np.int64),
            candidates=lambda _: np.zeros(6, np.bool_),
            budget_regions=1,
            rng=rng(),
        )
