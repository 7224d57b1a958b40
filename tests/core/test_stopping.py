from dataclasses import replace
from typing import Any

import pytest

from segloop.stopping import CurveStep, StopRule, suggest

STEP = CurveStep(labelled_fraction=0.01, mean_iou=0.4, on="test", mean_score=0.8, acquisition="bvsb")


def _steps(*mean_ious: float | None, **values: Any) -> list[CurveStep]:
    return [
        replace(STEP, labelled_fraction=0.01 * (at + 1), mean_iou=mean_iou, **values)
        for at, mean_iou in enumerate(mean_ious)
    ]


def test_a_rising_curve_goes_on() -> None:
    found = suggest(_steps(0.4, 0.45, 0.48, 0.49))
    assert (found.should_stop, found.rule) == (False, None)
    assert found.reason
    assert suggest([]).should_stop is False


def test_a_spent_budget_stops_whatever_the_curve_does() -> None:
    found = suggest(_steps(0.4, 0.5, 0.6), budget_fraction=0.03)
    assert (found.rule, found.limit) == (StopRule.BUDGET, 0.03)
    assert found.value == pytest.approx(0.03)
    assert found.reason == "3.0 % of the pixels are labelled, of 3.0 % planned."
    assert suggest(_steps(0.4, 0.5, 0.6), budget_fraction=0.031).rule is None


@pytest.mark.parametrize(
    ("mean_ious", "stops"),
    [
        ((0.4, 0.5, 0.502, 0.503), True),
        ((0.4, 0.5, 0.49, 0.48), True),
        ((0.4, 0.5, 0.49, 0.51), False),
        ((0.5, 0.501), False),  # too few rounds to tell
        ((None, 0.5, 0.5), False),
        ((0.5, 0.5, 0.5, None), False),  # the last model was not measured
    ],
)
def test_a_flat_curve_stops(mean_ious: tuple[float | None, ...], stops: bool) -> None:
    found = suggest(_steps(*mean_ious))
    assert found.should_stop is stops
    if stops:
        assert found.rule is StopRule.PLATEAU
        assert "points of mean IoU" in found.reason


def test_only_like_is_compared_with_like() -> None:
    flat = _steps(0.5, 0.5, 0.5, 0.5)
    assert suggest(flat).rule is StopRule.PLATEAU
    assert suggest([replace(step, on="audit") for step in flat[:2]] + flat[2:]).rule is None
    calm = replace(STEP, mean_iou=0.45, mean_score=0.1)
    assert suggest([STEP, calm]).rule is StopRule.CERTAINTY
    assert suggest([replace(STEP, acquisition="entropy"), calm]).rule is None


def test_regions_hardly_in_doubt_stop() -> None:
    found = suggest([STEP, replace(STEP, mean_iou=0.45, mean_score=0.19)])
    assert found.rule is StopRule.CERTAINTY
    assert found.reason == "The regions asked last were 24 % as much in doubt as the most doubtful round's."
    assert suggest([STEP, replace(STEP, mean_iou=0.45, mean_score=0.21)]).rule is None
    assert suggest([STEP, replace(STEP, mean_iou=0.45, mean_score=None)]).rule is None
