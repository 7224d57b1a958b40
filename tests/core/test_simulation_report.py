"""What a result says about itself."""

import math

import numpy as np
import pytest
import torch

from segloop.label_maps import UNLABELLED, VOID
from segloop.scoring import ImageScores
from segloop.settings import RoundSettings
from segloop.simulation_report import ConfidenceCheck, describe_machine, summarise


def scores_of(prediction: np.ndarray, max_prob: np.ndarray) -> ImageScores:
    nothing = np.zeros(0, dtype=np.float32)
    return ImageScores(
        prediction=prediction.astype(np.uint8),
        max_prob=max_prob.astype(np.uint8),
        heat=max_prob.astype(np.uint8),
        region_scores=nothing,
        top_classes=np.zeros((0, 2), dtype=np.int16),
        top_probs=np.zeros((0, 2), dtype=np.float32),
    )


@pytest.mark.parametrize("quantile", [1.0, 0.6, 0.0])
def test_confidence_is_checked_where_nobody_answered_against_a_plain_loop(quantile: float) -> None:
    rng = np.random.default_rng(4)
    check = ConfidenceCheck(3, RoundSettings(pseudo_label_threshold=0.7, pseudo_label_quantile=quantile))
    pixels: list[tuple[int, int, int]] = []
    for _ in range(3):
        truth = rng.choice(np.array([0, 1, VOID], dtype=np.uint8), size=(7, 9))
        known = np.where(rng.random((7, 9)) < 0.3, truth, np.uint8(UNLABELLED))
        prediction = rng.integers(0, 2, (7, 9))
        max_prob = rng.integers(0, 200, (7, 9)) + 55 * (prediction == 0)
        check.add(truth, known, scores_of(prediction, max_prob))
        pixels += [
            (int(prediction[y, x]), int(max_prob[y, x]), int(truth[y, x]))
            for y in range(7)
            for x in range(9)
            if known[y, x] == UNLABELLED
        ]
    sure, right, thresholds = [0, 0, 0], [0, 0, 0], [179, 179, 179]
    for label in (0, 1):
        own = sorted(level for predicted, level, _ in pixels if predicted == label)
        if quantile < 1:
            thresholds[label] = min(179, own[max(1, math.ceil(quantile * len(own))) - 1])
    for predicted, level, true in pixels:
        if level >= thresholds[predicted] and true != VOID:
            sure[predicted] += 1
            right[predicted] += int(predicted == true)
    found = check.to_mapping()
    assert check.num_pixels == len(pixels)
    np.testing.assert_allclose(found["threshold_per_class"], np.array(thresholds) / 255, atol=1e-6)
    np.testing.assert_allclose(found["share_per_class"], np.array(sure) / len(pixels), atol=1e-6)
    np.testing.assert_allclose(found["accuracy_per_class"][:2], np.array(right[:2]) / sure[:2], atol=1e-6)
    assert found["accuracy_per_class"][2] is None, "never predicted"
    assert abs(found["accuracy"] - sum(right) / sum(sure)) < 1e-6


def test_the_table_says_which_arm_ended_early() -> None:
    row = {"method": "a", "seed": 3, "round": 2, "labelled_fraction": 0.5, "image_steps": 8, "mean_iou": 0.25}
    said = summarise(
        {"rows": [row, {**row, "seed": 4, "ended": "no region is left to ask"}], "reference": []}
    )
    assert said.splitlines()[-1] == "a, seed 4, ended with round 2: no region is left to ask"
    assert "seed 3" not in said


def test_a_row_names_the_device_and_threads_it_took() -> None:
    found = describe_machine(torch.device("cpu"), 3)
    assert (found["device"], found["num_threads"]) == ("cpu", 3)
    assert describe_machine(torch.device("cpu"))["num_threads"] == torch.get_num_threads()
