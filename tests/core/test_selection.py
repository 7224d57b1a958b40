"""Selection against a plain loop written from its docstring, and each rule by hand."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segloop.budgets import Budget
from segloop.errors import EmptyPoolError, NonFiniteError, SettingsError, ShapeError
from segloop.selection import PoolRegions, select
from segloop.settings import Quota, RoundSettings

RNG = np.random.default_rng(0)
SCORES_OF = ([0.2, 0.1, 0.1, 0.1], [0.8, 0.8, 0.7, 0.1], [0.9, 0.5, 0.4, 0.3])
CHAIN = np.array([[0, 1], [1, 2], [2, 3]], dtype=np.int32)


def pool_of(rows: list[tuple[int, int, float, int]]) -> PoolRegions:
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return PoolRegions(
        image_index=np.array(columns[0], dtype=np.int32),
        region_index=np.array(columns[1], dtype=np.int32),
        score=np.array(columns[2], dtype=np.float32),
        area=np.array(columns[3], dtype=np.int64),
    )


def chosen(
    pool: PoolRegions, *, regions: int | None = None, pixels: int | None = None, **changes: object
) -> list[int]:
    images = int(changes.pop("num_images", 2))  # type: ignore[call-overload]
    floor = changes.pop("image_floor", None)
    round_settings = RoundSettings(**{"quota": Quota.GLOBAL, "image_cap_factor": 1000.0, **changes})  # type: ignore[arg-type]
    picked = select(
        pool,
        budget=Budget(regions=regions, pixels=pixels),
        num_images=images,
        settings=round_settings,
        neighbours=lambda _: CHAIN,
        image_floor=floor,  # type: ignore[arg-type]
    )
    return [int(index) for index in picked]


def test_best_scores_come_first_and_ties_fall_by_order() -> None:
    pool = pool_of([(0, 0, 0.5, 10), (0, 1, 0.9, 10), (1, 0, 0.5, 10), (1, 1, 0.1, 10)])
    assert chosen(pool, regions=3) == [1, 0, 2]


def test_global_quota_caps_an_image_at_the_factor_times_the_mean() -> None:
    pool = pool_of(
        [(0, index, 1.0 - index / 10, 10) for index in range(6)] + [(1, 0, 0.0, 10), (1, 1, 0.0, 10)]
    )
    # 4 regions over 2 images: mean 2, cap 1.5 x 2 = 3
    assert chosen(pool, regions=4, image_cap_factor=1.5) == [0, 1, 2, 6]


def test_cap_below_one_region_still_lets_each_image_have_one() -> None:
    pool = pool_of([(image, index, image + index / 10, 10) for image in range(4) for index in range(2)])
    assert chosen(pool, regions=2, num_images=100, image_cap_factor=1.0) == [7, 5]


def test_a_floor_asks_few_images_and_each_of_them_much() -> None:
    """The best single region is image 2's, but three of image 1 are better than its three."""
    pool = pool_of(
        [(image, index, score, 10) for image in range(3) for index, score in enumerate(SCORES_OF[image])]
    )
    assert chosen(pool, regions=3, num_images=3, image_floor=lambda _: 3) == [4, 5, 6]
    assert chosen(pool, regions=5, num_images=3, image_floor=lambda _: 3) == [4, 5, 6, 8, 9]
    # the cap, 1 region here, leaves each image one run
    assert chosen(pool, regions=3, num_images=3, image_floor=lambda _: 3, image_cap_factor=1.0) == [4, 5, 6]
    assert chosen(pool, regions=12, num_images=3, image_floor=lambda _: 100) == [
        4,
        5,
        6,
        7,
        8,
        9,
        10,
        11,
        0,
        1,
        2,
        3,
    ]


def test_a_floor_draws_images_among_the_best() -> None:
    """2.5 times 4 regions are the best five images: each of them comes, and no other."""
    pool = pool_of([(image, index, 1.0 - image / 100, 10) for image in range(20) for index in range(2)])
    drawn: set[int] = set()
    for seed in range(50):
        picked = select(
            pool,
            budget=Budget(regions=4),
            num_images=20,
            settings=RoundSettings(quota=Quota.GLOBAL, image_cap_factor=1000.0, top_factor=2.5),
            neighbours=None,
            image_floor=lambda _: 2,
            rng=np.random.default_rng(seed),
        )
        images = pool.image_index[picked].tolist()
        assert len(set(images)) == 2
        assert images == sorted(images), "the better image first"
        drawn.update(images)
    assert drawn == set(range(5))


def test_a_floor_of_its_own_lets_small_images_be_asked() -> None:
    """Images of 4 and of 64 regions, scored by chance: halves of some of either."""
    random = np.random.default_rng(5)
    num_regions = [4 if image % 2 else 64 for image in range(40)]
    pool = pool_of(
        [
            (image, region, random.random(), 1)
            for image, num in enumerate(num_regions)
            for region in range(num)
        ]
    )
    picked = chosen(
        pool, regions=10 * (2 + 32), num_images=40, image_floor=lambda image: num_regions[image] // 2
    )
    counts = np.bincount(pool.image_index[picked], minlength=40)
    num_small, num_large = (counts[1::2] > 0).sum(), (counts[::2] > 0).sum()
    assert set(counts[1::2]) <= {0, 2}
    assert num_small >= 5
    assert num_large >= 5


def test_per_image_quota_splits_evenly_and_gives_the_remainder_to_the_best() -> None:
    pool = pool_of(
        [(0, 0, 0.1, 1), (0, 1, 0.2, 1), (0, 2, 0.3, 1), (1, 0, 0.9, 1), (1, 1, 0.8, 1), (1, 2, 0.7, 1)]
    )
    assert chosen(pool, regions=3, quota=Quota.PER_IMAGE) == [3, 2, 4]


def test_per_image_quota_moves_on_where_an_image_has_too_few_left() -> None:
    pool = pool_of([(0, 0, 0.1, 1), (1, 0, 0.9, 1), (1, 1, 0.8, 1), (1, 2, 0.7, 1)])
    assert chosen(pool, regions=4, quota=Quota.PER_IMAGE) == [1, 0, 2, 3]


def test_touching_regions_are_not_asked_together() -> None:
    pool = pool_of([(0, 0, 0.9, 1), (0, 1, 0.8, 1), (0, 2, 0.7, 1), (1, 1, 0.1, 1)])
    assert chosen(pool, regions=3, suppress_neighbours=True) == [0, 2, 3]


def test_a_region_too_large_is_passed_over_and_a_smaller_one_fits() -> None:
    pool = pool_of([(0, 0, 0.9, 60), (0, 1, 0.8, 50), (1, 0, 0.7, 40), (1, 1, 0.6, 1)])
    assert chosen(pool, pixels=100) == [0, 2]
    assert chosen(pool, pixels=100, quota=Quota.PER_IMAGE) == [0, 2]
    assert chosen(pool, pixels=0) == []


def test_non_finite_scores_are_refused_with_their_count() -> None:
    pool = pool_of([(0, 0, float("nan"), 1), (0, 1, float("inf"), 1), (0, 2, 0.0, 1)])
    with pytest.raises(NonFiniteError, match="2 of 3"):
        chosen(pool, regions=1)


def test_an_empty_pool_and_uneven_columns_are_refused() -> None:
    with pytest.raises(EmptyPoolError):
        chosen(pool_of([]), regions=1)
    pool = pool_of([(0, 0, 0.0, 1)])
    with pytest.raises(ShapeError):
        PoolRegions(pool.image_index, pool.region_index, np.zeros(2, np.float32), pool.area)


def reference(  # noqa: C901, PLR0912 - all in one place, to be read beside the docstring
    pool: PoolRegions,
    budget: int,
    *,
    in_pixels: bool,
    num_images: int,
    settings: RoundSettings,
    image_floor: Callable[[int], int] | None,
) -> list[int]:
    """The docstring of `select`, in the plainest loops."""
    order = sorted(range(len(pool)), key=lambda index: (-float(pool.score[index]), index))
    cost = [int(area) if in_pixels else 1 for area in pool.area]
    taken: list[int] = []

    def touches(candidate: int) -> bool:
        pairs = {(int(a), int(b)) for a, b in CHAIN}
        return any(
            pool.image_index[other] == pool.image_index[candidate]
            and {
                (int(pool.region_index[other]), int(pool.region_index[candidate])),
                (int(pool.region_index[candidate]), int(pool.region_index[other])),
            }
            & pairs
            for other in taken
        )

    def fits(candidate: int) -> bool:
        if cost[candidate] > budget - sum(cost[index] for index in taken):
            return False
        return not (settings.suppress_neighbours and touches(candidate))

    def may_have(candidate: int) -> bool:
        same = [cost[index] for index in taken if pool.image_index[index] == pool.image_index[candidate]]
        return not same or sum(same) + cost[candidate] <= settings.image_cap_factor * budget / num_images

    left = {
        image: [c for c in order if pool.image_index[c] == image] for image in set(pool.image_index.tolist())
    }
    if settings.quota is Quota.GLOBAL and image_floor is not None:
        size_of = {image: image_floor(image) for image in left}
        runs = [
            (own[at : at + size_of[image]], image)
            for image, own in left.items()
            for at in range(0, len(own), size_of[image])
        ]
        runs.sort(key=lambda run: -sum(float(pool.score[c]) for c in run[0]) / len(run[0]))
        visited = set()
        for _, image in runs:
            num_taken = 0
            while left[image] and num_taken < size_of[image]:
                candidate = left[image].pop(0)
                if fits(candidate) and (image not in visited or may_have(candidate)):
                    taken.append(candidate)
                    num_taken += 1
            if num_taken:
                visited.add(image)
        of = {
            image: [float(pool.score[c]) for c in taken if pool.image_index[c] == image] for image in visited
        }
        mean = {image: sum(scores) / len(scores) for image, scores in of.items()}
        image_of = pool.image_index.tolist()
        return sorted(taken, key=lambda c: (-mean[image_of[c]], image_of[c], order.index(c)))
    if settings.quota is Quota.GLOBAL:
        for candidate in order:
            if fits(candidate) and may_have(candidate):
                taken.append(candidate)  # noqa: PERF401 - fits() reads taken
        return taken
    while any(left.values()):
        offers = []
        for image, queue in left.items():
            while queue and not fits(queue[0]):
                queue.pop(0)
            if queue:
                offers.append(queue.pop(0))
            left[image] = queue
        for candidate in sorted(offers, key=order.index):
            if fits(candidate):
                taken.append(candidate)  # noqa: PERF401 - fits() reads taken
    return taken


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 4), st.integers(1, 9)), min_size=1, max_size=30
    ),
    budget=st.integers(1, 40),
    in_pixels=st.booleans(),
    quota=st.sampled_from(list(Quota)),
    suppress=st.booleans(),
    factor=st.sampled_from([1.0, 1.5, 4.0]),
    floor=st.none() | st.lists(st.integers(1, 3), min_size=4, max_size=4),
)
def test_selection_equals_a_plain_loop(
    rows: list[tuple[int, int, int]],
    budget: int,
    in_pixels: bool,
    quota: Quota,
    suppress: bool,
    factor: float,
    floor: list[int] | None,
) -> None:
    unique = {(image, index % 4): area for image, index, area in rows}
    pool = pool_of(
        [
            (image, region, score / 4, area)
            for score, ((image, region), area) in enumerate((key, area) for key, area in unique.items())
        ]
    )
    pool = PoolRegions(pool.image_index, pool.region_index, np.floor(pool.score), pool.area)
    round_settings = RoundSettings(quota=quota, suppress_neighbours=suppress, image_cap_factor=factor)
    image_floor = None if floor is None else floor.__getitem__
    picked = select(
        pool,
        budget=Budget(pixels=budget) if in_pixels else Budget(regions=budget),
        num_images=4,
        settings=round_settings,
        neighbours=dict.fromkeys(range(4), CHAIN),
        image_floor=image_floor,
    )
    assert picked.tolist() == reference(
        pool, budget, in_pixels=in_pixels, num_images=4, settings=round_settings, image_floor=image_floor
    )


def test_top_factor_draws_among_the_best_and_nothing_else() -> None:
    """20 regions of which 4 are asked: with a factor of 2.5 they come from the best ten, all alike."""
    pool = pool_of([(index, 0, 1.0 - index / 100, 10) for index in range(20)])
    round_settings = RoundSettings(quota=Quota.GLOBAL, image_cap_factor=1000.0, top_factor=2.5)
    times = np.zeros(20, dtype=np.int64)
    for seed in range(400):
        picked = select(
            pool,
            budget=Budget(regions=4),
            num_images=20,
            settings=round_settings,
            neighbours=None,
            rng=np.random.default_rng(seed),
        )
        assert len(picked) == 4
        assert list(picked) == sorted(picked), "best first"
        times[picked] += 1
    assert times[10:].sum() == 0
    # each is drawn with probability 0.4: 160 of 400, standard deviation 9.8
    assert abs(times[:10] - 160).max() < 5 * 9.8


def test_top_factor_goes_on_below_the_best_when_rules_forbid_them() -> None:
    """All of the best lie in one image that may have one region: the rest comes from further down."""
    pool = pool_of([(0, index, 1.0, 10) for index in range(6)] + [(1, 0, 0.5, 10), (2, 0, 0.4, 10)])
    round_settings = RoundSettings(quota=Quota.GLOBAL, image_cap_factor=1.0, top_factor=2.0)
    picked = select(
        pool,
        budget=Budget(regions=3),
        num_images=3,
        settings=round_settings,
        neighbours=None,
        rng=np.random.default_rng(1),
    )
    assert list(picked[1:]) == [6, 7]
    assert picked[0] < 6


def test_top_factor_needs_a_generator() -> None:
    pool = pool_of([(0, 0, 0.5, 10)])
    with pytest.raises(SettingsError, match="generator"):
        chosen(pool, regions=1, top_factor=3.0)
