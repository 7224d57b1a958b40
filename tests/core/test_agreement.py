"""Agreement of people, against plain loops written from the definitions."""

import numpy as np
import pytest
from numpy.typing import NDArray

from segloop.agreement import agreement_counts, agreement_of, plan_agreement, pooled
from segloop.errors import LabelMapError, ShapeError
from segloop.label_maps import UNLABELLED, VOID

C = 4


def answers(seed: int, *, agree: float = 0.6, shape: tuple[int, int] = (9, 11)) -> list[NDArray[np.uint8]]:
    """Two people's answers to a region that leaves out some of its box; void is among them."""
    rng = np.random.default_rng(seed)
    values = np.array([0, 1, 2, VOID], np.uint8)  # class 3 is used by nobody
    first, other = rng.choice(values, shape), rng.choice(values, shape)
    second = np.where(rng.random(shape) < agree, first, other).astype(np.uint8)
    outside = rng.random(shape) < 0.2
    first[outside] = second[outside] = UNLABELLED
    return [first, second]


def pairs_of(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> list[tuple[int, int]]:
    return [(int(a), int(b)) for a, b in zip(first.flat, second.flat, strict=True) if a != UNLABELLED]


def kappa_by_loop(pairs: list[tuple[int, int]]) -> float:
    """Cohen's kappa as in the paper: pair by pair, label by label."""
    observed = sum(a == b for a, b in pairs) / len(pairs)
    chance = 0.0
    for label in {value for pair in pairs for value in pair}:
        share_first = sum(a == label for a, _ in pairs) / len(pairs)
        share_second = sum(b == label for _, b in pairs) / len(pairs)
        chance += share_first * share_second
    return (observed - chance) / (1 - chance)


def iou_by_loop(pairs: list[tuple[int, int]], label: int) -> float | None:
    both = sum(a == b == label for a, b in pairs)
    either = sum(label in pair for pair in pairs)
    return both / either if either else None


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("agree", [0.0, 0.5, 0.95])
def test_kappa_and_iou_are_those_of_a_plain_loop(seed: int, agree: float) -> None:
    regions = [answers(10 * seed + number, agree=agree) for number in range(3)]
    pairs = [pair for first, second in regions for pair in pairs_of(first, second)]

    found = agreement_of(
        pooled((agreement_counts(*region, num_classes=C) for region in regions), num_classes=C)
    )

    assert found.num_pixels == len(pairs)
    assert found.kappa == pytest.approx(kappa_by_loop(pairs), abs=1e-12)
    assert found.pixel_agreement == pytest.approx(sum(a == b for a, b in pairs) / len(pairs))
    expected = [iou_by_loop(pairs, label) for label in range(C)]
    assert found.iou_per_class == pytest.approx(expected)
    assert found.iou_per_class[3] is None, "nobody used it"
    assert found.void_iou == pytest.approx(iou_by_loop(pairs, VOID))


def test_hand_made_case() -> None:
    """Cohen's classic table (20, 5; 10, 15): agreement 0.7, chance 0.5, kappa 0.4."""
    first = np.repeat([0, 0, 1, 1], [20, 5, 10, 15]).astype(np.uint8)[None]
    second = np.repeat([0, 1, 0, 1], [20, 5, 10, 15]).astype(np.uint8)[None]
    found = agreement_of(agreement_counts(first, second, num_classes=2))
    assert found.pixel_agreement == pytest.approx(0.7)
    assert found.kappa == pytest.approx(0.4)
    assert found.iou_per_class == pytest.approx([20 / 35, 15 / 30])


def test_order_of_the_two_people_does_not_matter() -> None:
    first, second = answers(3)
    one = agreement_of(agreement_counts(first, second, num_classes=C))
    other = agreement_of(agreement_counts(second, first, num_classes=C))
    assert one.kappa == pytest.approx(other.kappa)
    assert one.iou_per_class == other.iou_per_class


def test_one_class_throughout_has_no_kappa_and_no_pixels_have_nothing() -> None:
    road = np.zeros((3, 3), np.uint8)
    same = agreement_of(agreement_counts(road, road, num_classes=2))
    assert (same.kappa, same.pixel_agreement, same.iou_per_class) == (None, 1.0, [1.0, None])
    never = agreement_of(agreement_counts(road, road + 1, num_classes=2))
    assert (never.kappa, never.pixel_agreement) == (0.0, 0.0)
    nothing = agreement_of(pooled([], num_classes=2))
    assert (nothing.num_pixels, nothing.pixel_agreement, nothing.kappa) == (0, None, None)
    assert nothing.iou_per_class == [None, None]


def test_what_is_not_of_one_region_is_refused() -> None:
    first, second = answers(1)
    with pytest.raises(ShapeError):
        agreement_counts(first, second[:-1], num_classes=C)
    elsewhere = np.roll(second, 1, axis=0)
    with pytest.raises(LabelMapError, match="one region"):
        agreement_counts(first, elsewhere, num_classes=C)
    with pytest.raises(LabelMapError, match="no class"):
        agreement_counts(first, second, num_classes=1)


def test_places_asked_twice_follow_from_the_seed() -> None:
    chosen = plan_agreement(40, 0.25, seed=7, round_number=2)
    assert list(chosen) == sorted(set(chosen))
    assert len(chosen) == 10
    assert set(chosen) <= set(range(40))
    assert chosen == plan_agreement(40, 0.25, seed=7, round_number=2)
    assert chosen != plan_agreement(40, 0.25, seed=8, round_number=2)
    assert chosen != plan_agreement(40, 0.25, seed=7, round_number=3)


@pytest.mark.parametrize(
    ("num_queries", "fraction", "expected"), [(0, 0.5, 0), (9, 0.0, 0), (9, 0.01, 1), (9, 1.0, 9)]
)
def test_share_asked_twice_is_at_least_one_unless_it_is_nothing(
    num_queries: int, fraction: float, expected: int
) -> None:
    assert len(plan_agreement(num_queries, fraction, seed=0, round_number=0)) == expected
