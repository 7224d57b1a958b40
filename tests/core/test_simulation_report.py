"""What a result says about itself."""

import numpy as np

from segloop.label_maps import UNLABELLED, VOID
from segloop.scoring import ImageScores
from segloop.simulation_report import ConfidenceCheck


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


def test_confidence_is_checked_where_nobody_answered_against_a_plain_loop() -> None:
    rng = np.random.default_rng(4)
    check = ConfidenceCheck(3, threshold=0.7)
    num_open, sure, right = 0, [0, 0, 0], [0, 0, 0]
    for _ in range(3):
        truth = rng.choice(np.array([0, 1, VOID], dtype=np.uint8), size=(7, 9))
        known = np.where(rng.random((7, 9)) < 0.3, truth, np.uint8(UNLABELLED))
        prediction, max_prob = rng.integers(0, 2, (7, 9)), rng.integers(0, 256, (7, 9))
        check.add(truth, known, scores_of(prediction, max_prob))
        for y in range(7):
            for x in range(9):
                if known[y, x] != UNLABELLED:
                    continue
                num_open += 1
                if max_prob[y, x] < 0.7 * 255 or truth[y, x] == VOID:
                    continue
                sure[prediction[y, x]] += 1
                right[prediction[y, x]] += int(prediction[y, x] == truth[y, x])
    found = check.to_mapping()
    np.testing.assert_allclose(found["share_per_class"], np.array(sure) / num_open, atol=1e-6)
    np.testing.assert_allclose(found["accuracy_per_class"][:2], np.array(right[:2]) / sure[:2], atol=1e-6)
    assert found["accuracy_per_class"][2] is None, "never predicted"
    assert abs(found["accuracy"] - sum(right) / sum(sure)) < 1e-6
