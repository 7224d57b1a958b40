import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from segloop.errors import LabelMapError, ShapeError
from segloop.evaluation import ConfusionMatrix, Metrics, metrics_of
from segloop.label_maps import UNLABELLED, VOID

Pair = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def plain_metrics(pairs: list[Pair], num_classes: int) -> Metrics:
    """The definition, pixel by pixel."""
    hits, misses, false_alarms = [0] * num_classes, [0] * num_classes, [0] * num_classes
    for truth, prediction in pairs:
        for true, said in zip(truth.ravel().tolist(), prediction.ravel().tolist(), strict=True):
            if true in {VOID, UNLABELLED}:
                continue
            if true == said:
                hits[true] += 1
            else:
                misses[true] += 1
                false_alarms[said] += 1
    iou = [
        hits[c] / (hits[c] + misses[c] + false_alarms[c]) if hits[c] + misses[c] else None
        for c in range(num_classes)
    ]
    occurring = [value for value in iou if value is not None]
    known = sum(hits) + sum(misses)
    return Metrics(
        mean_iou=sum(occurring) / len(occurring) if occurring else None,
        iou_per_class=iou,
        pixel_accuracy=sum(hits) / known if known else None,
        num_images=len(pairs),
    )


def random_pair(rng: np.random.Generator, num_classes: int) -> Pair:
    shape = rng.integers(1, 9, 2)
    truth = rng.choice([*range(num_classes), VOID, UNLABELLED], shape).astype(np.uint8)
    return truth, rng.integers(0, num_classes, shape).astype(np.uint8)


@given(st.integers(1, 6), st.integers(0, 4), st.integers(0, 2**31))
def test_metrics_are_those_of_a_plain_loop(num_classes: int, num_images: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pairs = [random_pair(rng, num_classes) for _ in range(num_images)]
    confusion = ConfusionMatrix(num_classes)
    for truth, prediction in pairs:
        confusion.add(truth, prediction)
    found, expected = metrics_of(confusion), plain_metrics(pairs, num_classes)
    assert found.iou_per_class == pytest.approx(expected.iou_per_class)
    assert found.mean_iou == pytest.approx(expected.mean_iou)
    assert found.pixel_accuracy == pytest.approx(expected.pixel_accuracy)
    assert found.num_images == num_images


def test_rows_are_truth_and_columns_are_prediction() -> None:
    confusion = ConfusionMatrix(3)
    confusion.add(np.array([[0, 0, 1, VOID]], np.uint8), np.array([[0, 2, 1, 1]], np.uint8))
    assert confusion.counts.tolist() == [[1, 0, 1], [0, 1, 0], [0, 0, 0]]


def test_a_class_that_is_only_predicted_has_no_iou_but_costs_the_others() -> None:
    confusion = ConfusionMatrix(3)
    confusion.add(np.array([[0, 0, 1]], np.uint8), np.array([[0, 2, 1]], np.uint8))
    metrics = metrics_of(confusion)
    assert metrics.iou_per_class == [0.5, 1.0, None]
    assert metrics.mean_iou == 0.75


def test_truth_without_a_known_pixel_gives_no_number() -> None:
    confusion = ConfusionMatrix(2)
    confusion.add(np.full((2, 2), UNLABELLED, np.uint8), np.zeros((2, 2), np.uint8))
    mapping = metrics_of(confusion).to_mapping()
    assert json.loads(json.dumps(mapping)) == {
        "mean_iou": None,
        "iou_per_class": [None, None],
        "pixel_accuracy": None,
        "num_images": 1,
    }


def test_merging_shards_is_counting_everything_at_once() -> None:
    rng = np.random.default_rng(3)
    pairs = [random_pair(rng, 4) for _ in range(6)]
    whole, first, second = ConfusionMatrix(4), ConfusionMatrix(4), ConfusionMatrix(4)
    for number, pair in enumerate(pairs):
        whole.add(*pair)
        (first if number % 2 else second).add(*pair)
    first.merge(ConfusionMatrix(4, counts=second.counts, num_images=second.num_images))
    np.testing.assert_array_equal(first.counts, whole.counts)
    assert metrics_of(first) == metrics_of(whole)


def test_sizes_and_values_that_do_not_fit_are_refused_and_nothing_is_counted() -> None:
    confusion = ConfusionMatrix(2)
    with pytest.raises(ShapeError):
        confusion.add(np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8))
    with pytest.raises(LabelMapError, match="value 2 is no class"):
        confusion.add(np.array([[2]], np.uint8), np.array([[0]], np.uint8))
    with pytest.raises(LabelMapError, match="value 254 is no class"):
        confusion.add(np.array([[0]], np.uint8), np.array([[VOID]], np.uint8))
    with pytest.raises(ShapeError, match="cannot merge"):
        confusion.merge(ConfusionMatrix(3))
    assert confusion.counts.sum() == 0
    assert confusion.num_images == 0


@pytest.mark.parametrize(("num_classes", "counts"), [(0, None), (255, None), (2, np.zeros((3, 3), np.int64))])
def test_a_matrix_of_no_project_is_refused(num_classes: int, counts: NDArray[np.int64] | None) -> None:
    with pytest.raises(ShapeError):
        ConfusionMatrix(num_classes, counts=counts)
