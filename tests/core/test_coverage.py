from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from segloop.budgets import Budget
from segloop.coverage import cold_start, images_to_ask, images_to_see, k_means
from segloop.errors import EmptyPoolError, NonFiniteError, ShapeError

Floats = NDArray[np.float32]
Places = list[tuple[int, int]]


def rng(seed: int = 7) -> np.random.Generator:
    return np.random.default_rng(seed)


def pool(num_images: int, num_regions: int = 6, dim: int = 3) -> Floats:
    return np.random.default_rng(1).normal(size=(num_images, num_regions, dim)).astype(np.float32)


def read(features: Floats) -> Iterator[tuple[int, Floats]]:
    yield from enumerate(features)


def ask(features: Floats, *, seed: int = 7, **given: object) -> Places:
    """With regions of one pixel, unless areas are given."""
    areas = {"region_areas": lambda _: np.ones(features.shape[1], np.int64)}
    images = list(range(len(features)))
    return cold_start(read(features), images=images, rng=rng(seed), **{**areas, **given})  # type: ignore[arg-type]


def three_kinds() -> tuple[Floats, NDArray[np.int64]]:
    """12 images of 20 regions: 70 % of kind 0, 20 % of kind 1, 10 % of kind 2; one odd one."""
    random = np.random.default_rng(3)
    kinds = random.choice(3, size=(12, 20), p=[0.7, 0.2, 0.1])
    middles = np.eye(3, 8, dtype=np.float32) * 6
    features = middles[kinds] + random.normal(0, 0.3, (12, 20, 8)).astype(np.float32)
    features[4, 4], kinds[4, 4] = 100, 3
    return features.astype(np.float32), kinds


@pytest.mark.parametrize("seed", range(5))
def test_every_kind_is_asked_and_common_ones_more(seed: int) -> None:
    features, kinds = three_kinds()
    asked = [int(kinds[place]) for place in ask(features, seed=seed, budget=Budget(regions=24))]
    assert {0, 1, 2} <= set(asked)
    assert asked.count(0) > asked.count(1) + asked.count(2)
    assert asked.count(3) <= 1, "one odd region is one region"


def test_k_means_ends_where_a_plain_loop_does() -> None:
    random = np.random.default_rng(2)
    features = np.concatenate([random.normal(centre, 0.2, (30, 4)) for centre in (0, 4, 8)], dtype=np.float32)
    clusters = list(k_means(features, 3, rng(1)))
    assert sorted(int(row) for cluster in clusters for row in cluster) == list(range(90))
    middles = [features[cluster].mean(axis=0) for cluster in clusters]
    for own, cluster in enumerate(clusters):
        distances = [[float(((features[row] - middle) ** 2).sum()) for middle in middles] for row in cluster]
        assert all(min(range(len(middles)), key=each.__getitem__) == own for each in distances)
        to_own = [each[own] for each in distances]
        assert to_own == sorted(to_own), "nearest first"


def test_k_means_of_equal_rows_and_of_more_clusters_than_rows() -> None:
    assert [list(cluster) for cluster in k_means(np.ones((4, 2), np.float32), 3, rng())] == [[0, 1, 2, 3]]
    rows = [int(cluster[0]) for cluster in k_means(pool(1)[0], 50, rng())]
    assert sorted(rows) == list(range(6))


def test_regions_are_spread_over_images() -> None:
    features = pool(10, num_regions=12, dim=5)
    few = ask(features, budget=Budget(regions=5))
    assert len({image for image, _ in few}) == 5, "one each while few are asked"
    many = ask(features, budget=Budget(regions=40))
    assert len(set(many)) == 40
    assert list(np.bincount([image for image, _ in many])) == [4] * 10, "an even share"
    assert len(set(ask(features, budget=Budget(regions=999)))) == 120


def test_only_candidates_are_asked_and_images_without_any_are_passed_over() -> None:
    open_ = np.zeros((4, 6), np.bool_)
    open_[1, 2] = open_[3, 5] = True
    assert sorted(ask(pool(4), candidates=open_.__getitem__, budget=Budget(regions=2))) == [(1, 2), (3, 5)]
    assert sorted(ask(pool(4), candidates=open_.__getitem__, budget=Budget(regions=9))) == [(1, 2), (3, 5)]


@settings(deadline=None, max_examples=50)
@given(budget=st.integers(1, 400), seed=st.integers(0, 5))
def test_a_budget_in_pixels_is_used_up_and_never_exceeded(budget: int, seed: int) -> None:
    areas = np.random.default_rng(seed).integers(5, 30, size=(6, 6))
    picked = ask(pool(6), region_areas=areas.__getitem__, budget=Budget(pixels=budget))
    left = [int(areas[image, region]) for image in range(6) for region in range(6)]
    for place in picked:
        left.remove(int(areas[place]))
    spent = sum(int(areas[place]) for place in picked)
    assert len(set(picked)) == len(picked)
    assert spent <= budget
    assert not left or budget - spent < min(left), "nothing that is left would fit"


def test_the_same_generator_gives_the_same_regions() -> None:
    features = pool(50)
    assert ask(features, seed=1, budget=Budget(regions=9)) == ask(features, seed=1, budget=Budget(regions=9))
    assert ask(features, seed=1, budget=Budget(regions=9)) != ask(features, seed=2, budget=Budget(regions=9))


def test_a_large_pool_is_sampled_before_anything_is_encoded() -> None:
    assert images_to_see(9, rng=rng(), max_images=9) == list(range(9))
    seen = images_to_see(1000, rng=rng(), max_images=10)
    assert len(set(seen)) == 10
    assert seen == sorted(seen)
    features = pool(1000)
    picked = cold_start(
        ((image, features[image]) for image in seen),
        images=seen,
        region_areas=lambda _: np.ones(6, np.int64),
        budget=Budget(regions=9),
        rng=rng(),
    )
    assert {image for image, _ in picked} <= set(seen)
    assert len(picked) == 9


def images_asked(features: Floats, **changes: object) -> list[int]:
    given = {
        "region_areas": lambda _: np.ones(features.shape[1], np.int64),
        "candidates": lambda _: np.ones(features.shape[1], np.bool_),
        "image_floor": lambda _: 4,
        **changes,
    }
    images = list(range(len(features)))
    return images_to_ask(read(features), images=images, rng=rng(), **given)  # type: ignore[arg-type]


@settings(deadline=None, max_examples=100)
@given(
    num_regions=st.lists(st.integers(1, 12), min_size=1, max_size=12),
    share=st.floats(0.05, 1.0),
    part=st.floats(0.0, 1.2),
)
def test_images_to_ask_are_enough_for_the_budget_whatever_their_sizes(
    num_regions: list[int], share: float, part: float
) -> None:
    floors = [max(1, int(share * number)) for number in num_regions]
    budget = 1 + int(part * sum(floors))
    features = [pool(1, number)[0] for number in num_regions]
    picked = images_to_ask(
        enumerate(features),
        images=list(range(len(num_regions))),
        region_areas=lambda image: np.ones(num_regions[image], np.int64),
        candidates=lambda image: np.ones(num_regions[image], np.bool_),
        image_floor=floors.__getitem__,
        budget=Budget(regions=budget),
        rng=rng(),
    )
    assert picked == sorted(set(picked))
    assert sum(floors[image] for image in picked) >= min(budget, sum(floors))


def test_images_to_ask_are_one_of_each_kind() -> None:
    """4 regions each: 12 regions are 3 images, one of each kind, however many there are of it."""
    kinds = np.array([0] * 20 + [1] * 6 + [2] * 4)
    features = np.random.default_rng(4).normal(0, 0.1, (30, 8, 5)).astype(np.float32)
    features += (np.eye(3, 5, dtype=np.float32) * 5)[kinds][:, None]
    for budget in (Budget(regions=12), Budget(pixels=12)):
        picked = images_asked(features, budget=budget)
        assert picked == sorted(picked)
        assert sorted(kinds[picked]) == [0, 1, 2]
    assert len(images_asked(np.ones((9, 8, 5), np.float32), budget=Budget(regions=12))) == 3, "all alike"
    assert images_asked(features, budget=Budget(regions=119)) == list(range(30))
    assert len(images_asked(features, image_floor=lambda _: 1000, budget=Budget(regions=16))) == 2, (
        "8 regions are all of an image"
    )


def test_images_to_ask_have_something_to_ask_and_enough_of_it() -> None:
    """Images 0 to 9 have no candidate, 10 to 19 one each, 20 to 29 six."""
    open_ = np.zeros((30, 8), np.bool_)
    open_[10:20, 0] = open_[20:, :6] = True
    picked = images_asked(pool(30, 8), candidates=open_.__getitem__, budget=Budget(regions=40))
    assert min(picked) >= 10
    assert sum(min(4, int(open_[image].sum())) for image in picked) >= 40
    bad = pool(30, 8)
    bad[25, 3, 1] = np.nan
    with pytest.raises(NonFiniteError, match="image 25"):
        images_asked(bad, budget=Budget(regions=20))


def test_spare_images_fill_what_is_left() -> None:
    picked = ask(pool(2), spare_images=[7, 8], budget=Budget(regions=20))
    assert len(set(picked)) == 20
    assert {image for image, _ in picked[:12]} == {0, 1}
    assert {image for image, _ in picked[12:]} == {7, 8}


def test_many_regions_are_clustered_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segloop.coverage._CLUSTERS_AT_ONCE", 4)
    shares: list[float] = []
    picked = ask(pool(20, num_regions=12), budget=Budget(regions=15), on_progress=shares.append)
    assert len(set(picked)) == 15
    assert shares == [0.25, 0.5, 0.75, 1.0]


def test_bad_input_is_refused() -> None:
    features = pool(3)
    with pytest.raises(EmptyPoolError, match="no image"):
        ask(features[:0], budget=Budget(regions=1))
    with pytest.raises(NonFiniteError, match="1 of 18 feature values of image 1"):
        ask(
            np.where(np.arange(54).reshape(3, 6, 3) == 20, np.float32(np.nan), features),
            budget=Budget(regions=1),
        )
    with pytest.raises(ShapeError, match="image 0 has 5 regions"):
        ask(features, budget=Budget(regions=1), region_areas=lambda _: np.ones(5, np.int64))
    assert ask(features, budget=Budget(regions=0)) == []
    with pytest.raises(EmptyPoolError, match="no region"):
        ask(features, candidates=lambda _: np.zeros(6, np.bool_), budget=Budget(regions=1))
