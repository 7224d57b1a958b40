import math

import pytest
import torch
from torch import Tensor

from segloop.acquisition import ACQUISITIONS, class_weights, maximum_score, pixel_scores
from segloop.errors import ShapeError
from segloop.settings import Acquisition


def _probs(num_classes: int = 5) -> Tensor:
    return torch.randn(2, num_classes, 6, 7, generator=torch.Generator().manual_seed(0)).mul(2).softmax(dim=1)


def _plain(acquisition: Acquisition, p: list[float]) -> float:
    ranked = sorted(p, reverse=True)
    if acquisition is Acquisition.ENTROPY:
        return -sum(value * math.log2(value) for value in p if value > 0)
    if acquisition is Acquisition.MARGIN:
        return 1 - (ranked[0] - ranked[1])
    if acquisition is Acquisition.BVSB:
        return ranked[1] / ranked[0]
    return 0.5


@pytest.mark.parametrize("acquisition", list(Acquisition))
def test_scores_equal_the_plain_loop(acquisition: Acquisition) -> None:
    probs = _probs()
    found = pixel_scores(probs, acquisition)
    for b in range(2):
        for y in range(6):
            for x in range(7):
                expected = _plain(acquisition, [float(p) for p in probs[b, :, y, x]])
                assert float(found[b, y, x]) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("acquisition", list(Acquisition))
@pytest.mark.parametrize("num_classes", [2, 11, 150])
def test_every_acquisition_keeps_the_contract(acquisition: Acquisition, num_classes: int) -> None:
    """Finite within 0..maximum, unsure never below sure, the input as it was, the same each time."""
    assert set(ACQUISITIONS) == set(Acquisition)
    sure = torch.zeros(num_classes)
    sure[1] = 1.0
    unsure = torch.full((num_classes,), 1 / num_classes)
    probs = torch.stack([sure, unsure], dim=1).view(1, num_classes, 1, 2)
    before = probs.clone()
    scores = pixel_scores(probs, acquisition)
    assert torch.equal(probs, before)
    assert torch.equal(scores, pixel_scores(probs, acquisition))
    assert scores.shape == (1, 1, 2)
    assert scores.isfinite().all()
    low, high = scores.flatten().tolist()
    maximum = maximum_score(acquisition, num_classes)
    assert 0 <= low <= high <= maximum * (1 + 1e-5)
    if acquisition is not Acquisition.RANDOM:
        assert low == pytest.approx(0, abs=1e-5)
        assert high == pytest.approx(maximum, rel=1e-5)


def test_underflowed_probabilities_score_finite_numbers() -> None:
    probs = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    for acquisition in Acquisition:
        assert pixel_scores(probs, acquisition).isfinite().all()
        assert pixel_scores(probs.half().float(), acquisition).isfinite().all()


def test_common_classes_weigh_less() -> None:
    weights = class_weights(torch.tensor([0.5, 0.1, 0.0]), balance=6.0)
    torch.testing.assert_close(weights, torch.tensor([1 / 16, 1 / 1.6**2, 1.0]))
    torch.testing.assert_close(class_weights(torch.rand(4), balance=0.0), torch.ones(4))


def test_a_pixel_is_weighed_by_its_likeliest_class() -> None:
    probs = _probs()
    weights = torch.rand(5)
    found = pixel_scores(probs, Acquisition.BVSB, weights)
    expected = pixel_scores(probs, Acquisition.BVSB) * weights[probs.argmax(dim=1)]
    torch.testing.assert_close(found, expected)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match="B, C, H, W"):
        pixel_scores(torch.rand(5, 6, 7), Acquisition.ENTROPY)
    with pytest.raises(ShapeError, match="at least 2"):
        pixel_scores(torch.rand(1, 1, 6, 7), Acquisition.ENTROPY)
