from itertools import product
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from segloop.audit import (
    RESERVED_SHARE,
    draw_audit,
    estimate_quality,
    horvitz_thompson,
    region_numbers,
    reserved_regions,
)
from segloop.budgets import Budget
from segloop.errors import SettingsError, ShapeError
from segloop.evaluation import ConfusionMatrix, metrics_of
from segloop.regions import Partition, grid_partition
from segloop.rounds import PlannedQuery, QueryUnit, plan_cold_start, plan_queries
from segloop.settings import QueryPurpose, RoundSettings

NUM_IMAGES, NUM_REGIONS, NUM_CLASSES = 120, 40, 4


def _name(image: int) -> str:
    return f"street/{image:03d}.png"


def _nothing(_: int) -> NDArray[np.bool_]:
    return np.zeros(NUM_REGIONS, dtype=np.bool_)


def _draw(asked: NDArray[np.bool_], budget: int) -> list[tuple[int, int]]:
    return draw_audit(
        range(NUM_IMAGES),
        names=_name,
        asked=lambda image: asked[image],
        areas=lambda _: np.full(NUM_REGIONS, 100),
        budget=Budget(regions=budget),
    )


def test_rounds_go_on_in_one_order_that_chance_drew() -> None:
    """Two draws of 5 are one draw of 10: the smallest numbers of the whole pool."""
    asked = np.zeros((NUM_IMAGES, NUM_REGIONS), dtype=np.bool_)
    first = _draw(asked, 5)
    for image, region in first:
        asked[image, region] = True
    second = _draw(asked, 5)
    numbers = {
        (image, region): number
        for image in range(NUM_IMAGES)
        for region, number in enumerate(region_numbers(_name(image), NUM_REGIONS))
    }
    assert first + second == sorted(numbers, key=numbers.__getitem__)[:10]


def test_a_budget_in_pixels_is_kept_and_a_used_up_reserve_gives_nothing() -> None:
    arguments: dict[str, Any] = {
        "names": _name,
        "asked": _nothing,
        "areas": lambda _: np.full(NUM_REGIONS, 100),
    }
    drawn = draw_audit(range(NUM_IMAGES), budget=Budget(pixels=750), **arguments)
    assert len(drawn) == 7
    everything = draw_audit(range(NUM_IMAGES), budget=Budget(regions=10**9), **arguments)
    assert len(everything) == sum(
        int(reserved_regions(_name(at), NUM_REGIONS).sum()) for at in range(NUM_IMAGES)
    )
    assert len(everything) == pytest.approx(RESERVED_SHARE * NUM_IMAGES * NUM_REGIONS, rel=0.25)
    assert draw_audit([], budget=Budget(regions=5), **arguments) == []


def _plan(settings: RoundSettings, asked: NDArray[np.bool_], num_regions: int) -> list[PlannedQuery]:
    scores = np.random.default_rng(0).random((NUM_IMAGES, NUM_REGIONS), dtype=np.float32)
    return plan_queries(
        ((image, scores[image]) for image in range(NUM_IMAGES)),
        _partition,
        lambda image: asked[image].copy(),
        budget=Budget(regions=num_regions),
        settings=settings,
        round_number=1,
        names=_name,
    )


def _partition(_: int) -> Partition:
    return grid_partition(16, 10, 2)  # 8 x 5 cells


def test_an_audit_is_a_share_of_the_round_and_its_regions_are_never_selected() -> None:
    settings = RoundSettings(audit_fraction=0.1)
    asked = np.zeros((NUM_IMAGES, NUM_REGIONS), dtype=np.bool_)
    reserved = np.array([reserved_regions(_name(image), NUM_REGIONS) for image in range(NUM_IMAGES)])
    seen: set[tuple[int, int]] = set()
    for num_regions in (57, 9, 300):
        planned = _plan(settings, asked, num_regions)
        assert len(planned) == num_regions
        purposes = [query.purpose for query in planned]
        num_audit = num_regions // 10
        assert purposes == [QueryPurpose.AUDIT] * num_audit + [QueryPurpose.SELECTED] * (
            num_regions - num_audit
        )
        for query in planned:
            pair = (query.image_index, query.region_index)
            assert reserved[pair] == (query.purpose is QueryPurpose.AUDIT)
            assert pair not in seen
            seen.add(pair)
            asked[pair] = True
    without = _plan(RoundSettings(), np.zeros_like(asked), 57)
    assert {query.purpose for query in without} == {QueryPurpose.SELECTED}


def test_a_cold_start_audits_too_and_keeps_its_budget() -> None:
    features = np.random.default_rng(0).normal(size=(NUM_IMAGES, NUM_REGIONS, 3)).astype(np.float32)
    planned = plan_cold_start(
        _partition,
        _nothing,
        num_images=NUM_IMAGES,
        encode=lambda images: ((index, features[index]) for index in images),
        budget=Budget(pixels=4 * 60),
        settings=RoundSettings(audit_fraction=0.05),
        round_number=0,
        names=_name,
    )
    assert len(planned) == 60
    assert [query.purpose for query in planned[:4]] == [QueryPurpose.AUDIT] * 3 + [QueryPurpose.SELECTED]
    reserved = {at: reserved_regions(_name(at), NUM_REGIONS) for at in range(NUM_IMAGES)}
    assert not any(reserved[query.image_index][query.region_index] for query in planned[3:])


def test_audits_need_names_and_single_regions() -> None:
    settings = RoundSettings(audit_fraction=0.05)
    arguments: dict[str, Any] = {"budget": Budget(regions=20), "settings": settings, "round_number": 1}
    scores = [(0, np.zeros(NUM_REGIONS, np.float32))]
    with pytest.raises(SettingsError, match="names"):
        plan_queries(scores, _partition, _nothing, **arguments)
    with pytest.raises(SettingsError, match="whole images"):
        plan_queries(scores, _partition, _nothing, unit=QueryUnit.IMAGES, names=_name, **arguments)


def _pool_confusions(rng: np.random.Generator) -> NDArray[np.int64]:
    """(images, regions, C, C): a model that is better at some classes, and at some images."""
    skill = np.clip(rng.normal(0.75, 0.1, size=NUM_IMAGES), 0.3, 0.98)
    shares = rng.dirichlet(np.full(NUM_CLASSES, 0.8), size=(NUM_IMAGES, NUM_REGIONS))
    confusions = np.zeros((NUM_IMAGES, NUM_REGIONS, NUM_CLASSES, NUM_CLASSES), dtype=np.int64)
    for image, truth in product(range(NUM_IMAGES), range(NUM_CLASSES)):
        counts = (100 * shares[image, :, truth]).astype(np.int64)
        right = np.full(NUM_CLASSES, (1 - skill[image]) / (NUM_CLASSES - 1))
        right[truth] = skill[image] - 0.08 * truth
        confusions[image, :, truth] = rng.multinomial(counts, right / right.sum())
    return confusions


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    """200 draws of 2 % of a synthetic pool's regions against the mean IoU of all of them."""
    rng = np.random.default_rng(5)
    confusions = _pool_confusions(rng)
    truth = metrics_of(ConfusionMatrix(NUM_CLASSES, counts=confusions.sum(axis=(0, 1)))).mean_iou
    assert truth is not None
    flat = confusions.reshape(-1, NUM_CLASSES, NUM_CLASSES)
    num_sampled = len(flat) // 50
    estimates, num_covered = [], 0
    for _ in range(200):
        sample = rng.choice(len(flat), size=num_sampled, replace=False)
        found = estimate_quality(
            flat[sample],
            np.full(num_sampled, num_sampled / len(flat)),
            sample // NUM_REGIONS,
            rng=rng,
            num_resamples=300,
        )
        assert found.mean_iou is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.high
        estimates.append(found.mean_iou)
        num_covered += found.low <= truth <= found.high
    assert abs(float(np.mean(estimates)) - truth) < 0.01
    # 95 % nominal; an exact interval would cover 181 to 197 of 200. Resampling images is a little wide, since
    # regions were drawn one by one
    assert 181 <= num_covered <= 198


def test_unequal_probabilities_are_weighed_out() -> None:
    """Poisson sampling with probabilities that go with the errors: unweighted, the estimate is far off."""
    rng = np.random.default_rng(6)
    flat = _pool_confusions(rng).reshape(-1, NUM_CLASSES, NUM_CLASSES)
    errors = flat.sum(axis=(1, 2)) - np.trace(flat, axis1=1, axis2=2)
    inclusion = np.clip(0.1 * errors / errors.mean(), 0.02, 1.0)
    truth = flat.sum(axis=0)
    totals, naive = [], []
    for _ in range(100):
        sample = np.flatnonzero(rng.random(len(flat)) < inclusion)
        totals.append(horvitz_thompson(flat[sample], inclusion[sample]).sum(axis=0))
        naive.append(flat[sample].sum(axis=0) * (len(flat) / len(sample)))
    np.testing.assert_allclose(np.mean(totals, axis=0), truth, rtol=0.03)
    assert np.abs(np.mean(naive, axis=0) - truth).max() / truth.mean() > 0.1


def test_a_whole_pool_sampled_with_certainty_is_the_truth() -> None:
    confusions = np.array([[[8, 2], [1, 9]], [[5, 0], [5, 0]]])
    found = estimate_quality(confusions, np.ones(2), np.array([0, 1]), rng=np.random.default_rng(0))
    expected = metrics_of(ConfusionMatrix(2, counts=confusions.sum(axis=0)))
    assert found.mean_iou == pytest.approx(expected.mean_iou)
    assert found.iou_per_class == pytest.approx(expected.iou_per_class)
    assert found.num_images == 2


def test_too_little_for_an_interval_says_so_and_nonsense_is_refused() -> None:
    rng = np.random.default_rng(0)
    one = estimate_quality(np.eye(3, dtype=np.int64)[None], np.ones(1), np.array([4]), rng=rng)
    assert (one.mean_iou, one.low, one.high) == (1.0, None, None)
    none = estimate_quality(np.zeros((0, 3, 3), np.int64), np.zeros(0), np.zeros(0, np.int64), rng=rng)
    assert (none.mean_iou, none.low, none.iou_per_class) == (None, None, [None] * 3)
    with pytest.raises(SettingsError, match="in \\(0, 1\\]"):
        estimate_quality(np.zeros((1, 2, 2), np.int64), np.array([1.5]), np.array([0]), rng=rng)
    with pytest.raises(ShapeError, match="2 probabilities"):
        estimate_quality(np.zeros((1, 2, 2), np.int64), np.ones(2), np.array([0]), rng=rng)
