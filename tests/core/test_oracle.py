import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from segloop.errors import ShapeError
from segloop.oracle import answer_dominant, answer_region
from segloop.settings import AnnotationKind

FULL = np.ones((8, 8), dtype=np.bool_)


def truth_of(rows: list[str]) -> np.ndarray:
    return np.array(
        [[255 if cell == "?" else 254 if cell == "v" else int(cell) for cell in row] for row in rows],
        np.uint8,
    )


def clicks(truth: np.ndarray, mask: np.ndarray | None = None) -> int:
    height, width = truth.shape
    mask = np.ones(truth.shape, np.bool_) if mask is None else mask
    return answer_region(truth, mask, (0, 0, width, height)).num_clicks


def test_the_answer_is_the_truth_inside_the_region_and_unlabelled_outside() -> None:
    truth = truth_of(["0012", "0v12", "0?12"])
    mask = np.array([[True, True], [True, False]])
    answer = answer_region(truth, mask, (1, 1, 2, 2))
    assert answer.label_map.tolist() == [[254, 1], [254, 255]]
    assert answer.label_map.dtype == np.uint8
    assert answer.kind is AnnotationKind.EXACT
    assert truth[2, 1] == 255


def test_one_class_is_one_click() -> None:
    assert clicks(truth_of(["33", "33"])) == 1
    assert clicks(truth_of(["??", "vv"])) == 1


def test_a_straight_split_costs_the_class_and_two_crossings() -> None:
    assert clicks(truth_of(["00011", "00011", "00011", "00011"])) == 1 + 1 + 2


def test_a_corner_costs_its_vertex_too() -> None:
    truth = np.zeros((12, 12), np.uint8)
    truth[:5, :5] = 1
    assert clicks(truth) == 1 + 1 + 2 + 1


def test_an_island_costs_its_four_corners() -> None:
    truth = np.zeros((12, 12), np.uint8)
    truth[3:8, 3:9] = 1
    assert clicks(truth) == 1 + 1 + 4


def test_two_islands_are_painted_one_by_one_and_diagonal_pixels_together() -> None:
    truth = np.zeros((20, 20), np.uint8)
    truth[2:6, 2:6] = 1
    truth[10:14, 10:14] = 1
    assert clicks(truth) == 1 + 2 * (1 + 4)
    touching = np.zeros((20, 20), np.uint8)
    touching[2:6, 2:6] = 1
    touching[6:10, 6:10] = 1
    assert clicks(touching) < 1 + 2 * (1 + 4)


def test_a_hole_costs_its_outline_but_no_class() -> None:
    truth = np.full((30, 30), 0, np.uint8)
    truth[10:20, 2:12] = 1
    truth[13:17, 5:9] = 0
    assert clicks(truth) == 1 + 1 + 4 + 4


def test_a_wiggle_within_the_tolerance_costs_nothing_more() -> None:
    truth = np.zeros((20, 20), np.uint8)
    truth[:, 10:] = 1
    straight = clicks(truth)
    truth[::2, 10] = 0
    assert clicks(truth) == straight


def test_a_mask_of_another_size_or_a_bbox_outside_is_refused() -> None:
    truth = np.zeros((8, 8), np.uint8)
    for mask, bbox in (
        (FULL, (1, 0, 8, 8)),
        (FULL, (0, 0, 4, 4)),
        (~FULL, (0, 0, 8, 8)),
        (FULL, (-1, 0, 8, 8)),
    ):
        with pytest.raises(ShapeError):
            answer_region(truth, mask, bbox)


def test_dominant_answers_give_the_majority_class_for_one_click() -> None:
    answer = answer_dominant(
        truth_of(["001", "211"]), np.array([[True, True, True], [False, True, True]]), (0, 0, 3, 2)
    )
    assert answer.label_map.tolist() == [[1, 1, 1], [255, 1, 1]]
    assert (answer.num_clicks, answer.kind) == (1, AnnotationKind.DOMINANT)


@settings(max_examples=60, deadline=None)
@given(
    truth=hnp.arrays(np.uint8, (9, 11), elements=st.sampled_from([0, 1, 2, 254, 255])),
    mask=hnp.arrays(np.bool_, (9, 11)),
)
def test_any_region_is_answered_exactly_and_costs_at_least_a_click(
    truth: np.ndarray, mask: np.ndarray
) -> None:
    mask = mask.copy()
    mask[0, 0] = True
    answer = answer_region(truth, mask, (0, 0, 11, 9))
    assert (answer.label_map[~mask] == 255).all()
    assert (answer.label_map[mask] == np.where(truth == 255, 254, truth)[mask]).all()
    assert answer.num_clicks >= len(np.unique(answer.label_map[mask]))
