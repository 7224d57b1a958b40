import math
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from segloop.losses import (
    ContrastDraw,
    ContrastSettings,
    class_loss_weights,
    contrast,
    cross_entropy,
    downsample_label_map,
    draw_contrast,
    gather_pixels,
    regional_contrast,
    separate_cross_entropy,
)
from segloop.prototypes import class_prototypes, negative_distribution
from segloop.settings import Negatives
from tests.support.plain_contrast import Pixel, known_pixels, plain_contrast, plain_prototypes

SMALL = ContrastSettings(num_anchors=6, num_negatives=5)


class ManyDraws(NamedTuple):
    """What the sampler drew, beside the pixels and prototypes it should have drawn from, found by hand."""

    pixels: list[Pixel]
    prototypes: list[Tensor]
    steps: list[list[ContrastDraw]]
    negatives: Negatives


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _plain_cross_entropy(logits: Tensor, label_map: Tensor, weights: Tensor | None) -> float:
    batch, num_classes, height, width = logits.shape
    total, num_known = 0.0, 0
    for b in range(batch):
        for y in range(height):
            for x in range(width):
                label = int(label_map[b, y, x])
                if label >= num_classes:
                    continue
                num_known += 1
                scores = [float(logits[b, c, y, x]) for c in range(num_classes)]
                loss = math.log(sum(math.exp(score) for score in scores)) - scores[label]
                total += loss * (1.0 if weights is None else float(weights[b, y, x]))
    num_pixels = batch * height * width
    return total / (num_pixels if 2 * num_known >= num_pixels else max(num_known, 1))


@pytest.mark.parametrize("share_known", [0.0, 0.1, 0.49, 0.8, 1.0])
@pytest.mark.parametrize("is_weighted", [False, True])
def test_cross_entropy_equals_the_plain_loop(share_known: float, is_weighted: bool) -> None:
    generator = _generator()
    logits = torch.randn(2, 4, 10, 10, generator=generator)
    label_map = torch.randint(4, (2, 10, 10), generator=generator).to(torch.uint8)
    unknown = torch.randperm(200, generator=generator)[round(200 * share_known) :]
    label_map.view(-1)[unknown] = torch.tensor([255, 254], dtype=torch.uint8).repeat(100)[: len(unknown)]
    weights = torch.rand(2, 10, 10, generator=generator) if is_weighted else None
    found = cross_entropy(logits, label_map, weights)
    assert found.item() == pytest.approx(_plain_cross_entropy(logits, label_map, weights), rel=1e-5)
    over_all = cross_entropy(logits, label_map, weights, sparse_below=0.0)
    share = 1.0 if share_known >= 0.5 or not share_known else share_known
    assert over_all.item() == pytest.approx(share * found.item(), rel=1e-5)


def _plain_separate(logits: Tensor, label_map: Tensor, pseudo: Tensor, weights: Tensor | None) -> float:
    sums, num_answers, num_free = [0.0, 0.0], 0, int(pseudo.sum())
    for b, y, x in torch.cartesian_prod(*(torch.arange(size) for size in label_map.shape)).tolist():
        label, is_pseudo = int(label_map[b, y, x]), bool(pseudo[b, y, x])
        if label >= logits.shape[1]:
            continue
        loss = -float(logits[b, :, y, x].softmax(0)[label].log())
        num_answers += not is_pseudo
        sums[is_pseudo] += loss if weights is None else loss * float(weights[b, y, x])
    return sums[0] / max(1, num_answers) + 0.5 * sums[1] / max(1, num_free)


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("share_pseudo", [0.0, 0.6, 1.0])
def test_separate_means_equal_the_plain_loop(is_weighted: bool, share_pseudo: float) -> None:
    generator = _generator(3)
    logits = torch.randn(2, 4, 7, 6, generator=generator)
    label_map = torch.randint(4, (2, 7, 6), generator=generator).to(torch.uint8)
    label_map[torch.rand(2, 7, 6, generator=generator) < 0.4] = 255
    pseudo = torch.rand(2, 7, 6, generator=generator) < share_pseudo
    weights = torch.rand(2, 7, 6, generator=generator) if is_weighted else None
    found = separate_cross_entropy(logits, label_map, pseudo, weights, pseudo_label_weight=0.5)
    assert found.item() == pytest.approx(_plain_separate(logits, label_map, pseudo, weights), rel=1e-5)


def test_class_weights_leave_the_mean_alone_and_share_the_loss_out() -> None:
    pixels = np.array([900, 90, 10, 0])
    even = class_loss_weights(pixels, power=1.0).numpy()
    np.testing.assert_allclose(even[:3] * pixels[:3], 1000 / 3, rtol=1e-6)
    assert even[3] == pytest.approx(1000 / 3)  # never answered: as rare as one in a thousand
    root = class_loss_weights(pixels, power=0.5).numpy()
    assert float((root * pixels).sum()) == pytest.approx(1000, rel=1e-6)
    assert root[1] / root[0] == pytest.approx(math.sqrt(10))
    assert class_loss_weights(pixels, power=0.0).tolist() == [1, 1, 1, 1]


def test_one_answer_counts_as_much_as_all_pseudo_labels() -> None:
    """Three classes alike: each mean is log 3, the second one times the share that is sure."""
    label_map = torch.zeros(1, 10, 10, dtype=torch.uint8)
    pseudo = torch.ones(1, 10, 10, dtype=torch.bool)
    pseudo[0, 0, 0] = False
    label_map[0, 5:] = 255
    loss = separate_cross_entropy(torch.zeros(1, 3, 10, 10), label_map, pseudo)
    assert float(loss) == pytest.approx(math.log(3) * (1 + 49 / 99))


def test_separate_means_without_pseudo_labels_are_the_mean_over_answers() -> None:
    logits = torch.randn(1, 3, 6, 6, generator=_generator())
    label_map = torch.full((1, 6, 6), 255, dtype=torch.uint8)
    label_map[0, :2] = 1
    assert float(separate_cross_entropy(logits, label_map, None)) == pytest.approx(
        float(cross_entropy(logits, label_map))
    )


def test_cross_entropy_of_nothing_known_is_a_zero_with_a_graph() -> None:
    logits = torch.randn(1, 3, 4, 4, requires_grad=True)
    loss = cross_entropy(logits, torch.full((1, 4, 4), 255, dtype=torch.uint8))
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    assert loss.item() == 0
    assert logits.grad is not None
    assert not logits.grad.any()


def test_exactly_half_known_still_divides_by_all_pixels() -> None:
    logits = torch.zeros(1, 2, 2, 2)
    label_map = torch.tensor([[[0, 1], [255, 254]]], dtype=torch.uint8)
    assert float(cross_entropy(logits, label_map)) == pytest.approx(2 * math.log(2) / 4)
    label_map[0, 0, 1] = 255
    assert float(cross_entropy(logits, label_map)) == pytest.approx(math.log(2))


def test_cross_entropy_of_half_precision_is_worked_out_in_single() -> None:
    logits = torch.randn(1, 3, 8, 8, generator=_generator())
    label_map = torch.randint(3, (1, 8, 8), generator=_generator()).to(torch.uint8)
    found = cross_entropy(logits.to(torch.bfloat16), label_map)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(float(cross_entropy(logits, label_map)), rel=0.01)


def _batch(num_classes: int = 4, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    generator = _generator(5)
    embeddings = torch.randn(2, 8, 6, 7, generator=generator).to(dtype).requires_grad_()
    logits = torch.randn(2, num_classes, 6, 7, generator=generator).to(dtype)
    label_map = torch.randint(num_classes, (2, 24, 28), generator=generator).to(torch.uint8)
    label_map[:, :8] = 255
    return embeddings, logits, label_map


@pytest.mark.parametrize("negatives", list(Negatives))
def test_regional_contrast_equals_the_plain_loop(negatives: Negatives) -> None:
    embeddings, logits, label_map = _batch()
    settings = replace(SMALL, negatives=negatives)
    found = regional_contrast(embeddings, logits, label_map, settings, _generator(9))
    found.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    pixels = gather_pixels(embeddings, logits, label_map)
    prototypes = class_prototypes(pixels.embeddings, pixels.classes, num_classes=len(pixels.counts))
    draws = draw_contrast(pixels, prototypes, settings, _generator(9))
    assert [draw.class_index for draw in draws] == [0, 1, 2, 3]  # or the loop below would add up nothing
    assert {draw.anchors.shape for draw in draws} == {(6,)}
    assert {draw.negatives.shape for draw in draws} == {(6 if negatives is Negatives.PER_ANCHOR else 1, 5)}
    again = embeddings.detach().clone().requires_grad_()
    expected = plain_contrast(again, logits, label_map, draws, temperature=0.5)
    expected.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)
    assert found.item() > 0.1
    torch.testing.assert_close(embeddings.grad, again.grad)


def test_gathered_pixels_are_the_known_ones_sorted_by_class() -> None:
    embeddings, logits, label_map = _batch()
    label_map[label_map == 2] = 254  # no pixel of class 2: classes present are 0, 1 and 3
    pixels = gather_pixels(embeddings, logits, label_map)
    coarse = downsample_label_map(label_map, 6, 7)
    present = [0, 1, 3]
    expected = []
    for place, label in enumerate(present):
        for b in range(2):
            for y in range(6):
                for x in range(7):
                    if coarse[b, y, x] == label:
                        probs = logits[b, :, y, x].softmax(dim=0)
                        expected.append((place, embeddings[b, :, y, x], float(probs[label])))
    assert pixels.classes.tolist() == [place for place, _, _ in expected]
    assert pixels.counts.tolist() == [sum(p == place for p, _, _ in expected) for place in range(3)]
    torch.testing.assert_close(pixels.embeddings, torch.stack([row for _, row, _ in expected]).detach())
    torch.testing.assert_close(pixels.confidences, torch.tensor([p for _, _, p in expected]))


def test_coarse_label_map_takes_the_middle_of_each_block() -> None:
    label_map = torch.arange(35, dtype=torch.uint8).view(1, 5, 7)
    # blocks of 4: rows 2 and (6 -> last, 4); columns 2 and (6)
    assert downsample_label_map(label_map, 2, 2).tolist() == [[[16, 20], [30, 34]]]


@pytest.mark.parametrize("negatives", list(Negatives))
def test_draws_obey_their_rules(negatives: Negatives) -> None:
    embeddings, logits, label_map = _batch()
    pixels = gather_pixels(embeddings, logits, label_map)
    prototypes = class_prototypes(pixels.embeddings, pixels.classes, num_classes=4)
    settings = replace(SMALL, hard_threshold=0.3, num_anchors=50, num_negatives=4000, negatives=negatives)
    draws = draw_contrast(pixels, prototypes, settings, _generator())
    expected = negative_distribution(prototypes, temperature=settings.temperature)
    for draw in draws:
        assert set(pixels.classes[draw.anchors].tolist()) == {draw.class_index}
        assert float(pixels.confidences[draw.anchors].max()) < 0.3
        assert draw.negatives.shape == (50 if negatives is Negatives.PER_ANCHOR else 1, 4000)
        drawn = pixels.classes[draw.negatives.flatten()]
        shares = torch.bincount(drawn, minlength=4) / drawn.numel()
        assert float(shares[draw.class_index]) == 0
        torch.testing.assert_close(shares, expected[draw.class_index], atol=0.03, rtol=0)
        # within a class every pixel is as likely as the next
        other = (draw.class_index + 1) % 4
        of_other = draw.negatives.flatten()[drawn == other]
        hits = torch.bincount(of_other, minlength=len(pixels.classes))[pixels.classes == other]
        assert int(hits.min()) > 0.5 * len(of_other) / len(hits)


@pytest.fixture(scope="module", params=list(Negatives))
def many_draws(request: pytest.FixtureRequest) -> ManyDraws:
    """Forty steps' draws with S4AL+'s own numbers."""
    embeddings, logits, label_map = _batch()
    logits = 3 * logits  # some pixels are sure
    settings = ContrastSettings(hard_threshold=0.6, negatives=request.param)
    pixels = gather_pixels(embeddings, logits, label_map)
    prototypes = class_prototypes(pixels.embeddings, pixels.classes, num_classes=4)
    generator = _generator(2)
    steps = [draw_contrast(pixels, prototypes, settings, generator) for _ in range(40)]
    assert [[draw.class_index for draw in draws] for draws in steps] == [[0, 1, 2, 3]] * 40
    by_hand = known_pixels(logits, label_map)
    # a draw's rows are those of the loop: the same places, in the same order
    flat = [(pixel.image * 6 + pixel.y) * 7 + pixel.x for pixel in by_hand]
    assert pixels.index.tolist() == flat
    return ManyDraws(by_hand, plain_prototypes(embeddings, by_hand), steps, request.param)


@pytest.mark.parametrize("place", range(4))
def test_anchors_are_hard_pixels_of_their_class_each_as_likely(many_draws: ManyDraws, place: int) -> None:
    hard = [row for row, at in enumerate(many_draws.pixels) if at.place == place and at.confidence < 0.6]
    of_class = [row for row, at in enumerate(many_draws.pixels) if at.place == place]
    assert 2 <= len(hard) < min(len(of_class), 128)  # fewer than anchors: they come back
    draws = [draws[place] for draws in many_draws.steps]
    assert {draw.anchors.shape for draw in draws} == {(128,)}
    hits = torch.bincount(torch.cat([draw.anchors for draw in draws]), minlength=len(many_draws.pixels))
    assert set(hits.nonzero().flatten().tolist()) == set(hard)
    assert _surprise(hits[hard], torch.full((len(hard),), 1 / len(hard))) < 4


@pytest.mark.parametrize("place", range(4))
def test_negatives_are_of_classes_that_look_alike_each_pixel_as_likely(
    many_draws: ManyDraws, place: int
) -> None:
    pixels, prototypes = many_draws.pixels, many_draws.prototypes
    likeness = [
        0.0
        if other == place
        else math.exp(
            float(prototypes[place] @ prototypes[other])
            / math.sqrt(float(prototypes[place].square().sum()) * float(prototypes[other].square().sum()))
            / 0.5
        )
        for other in range(4)
    ]
    draws = [draws[place] for draws in many_draws.steps]
    is_shared = many_draws.negatives is Negatives.SHARED
    assert {draw.negatives.shape for draw in draws} == {(1 if is_shared else 128, 256)}
    drawn = torch.cat([draw.negatives.flatten() for draw in draws])
    counts = torch.tensor([sum(at.place == other for at in pixels) for other in range(4)])
    chances = torch.tensor([likeness[at.place] / sum(likeness) / int(counts[at.place]) for at in pixels])
    assert float(chances.sum()) == pytest.approx(1)
    hits = torch.bincount(drawn, minlength=len(pixels))
    assert not hits[chances == 0].any()
    assert _surprise(hits[chances > 0], chances[chances > 0]) < 4
    if not is_shared:  # each anchor has drawn for itself
        assert len(torch.unique(draws[0].negatives, dim=0)) == 128


def _surprise(hits: Tensor, chances: Tensor) -> float:
    """Pearson's chi-square of counts against their chances, in standard deviations above what is expected."""
    expected = chances.double() * hits.sum()
    degrees = len(hits) - 1
    chi_square = float(((hits - expected).square() / expected).sum())
    return (chi_square - degrees) / math.sqrt(2 * degrees)


def test_gradient_reaches_anchors_alone() -> None:
    embeddings, logits, label_map = _batch()
    logits.requires_grad_()
    loss = regional_contrast(embeddings, logits, label_map, replace(SMALL, num_anchors=1), _generator())
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    assert embeddings.grad is not None
    touched = embeddings.grad.abs().sum(dim=1) > 0
    assert 0 < int(touched.sum()) <= 4  # one anchor a class
    assert logits.grad is None


@pytest.mark.parametrize("case", ["one class", "nothing known", "no anchors"])
def test_contrast_of_nothing_is_a_zero_with_a_graph(case: str) -> None:
    embeddings, logits, label_map = _batch()
    if case == "one class":
        label_map.fill_(1)
    if case == "nothing known":
        label_map.fill_(255)
    threshold = 0.0 if case == "no anchors" else 0.95
    loss = regional_contrast(
        embeddings, logits, label_map, replace(SMALL, hard_threshold=threshold), _generator()
    )
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    assert loss.item() == 0
    assert loss.dtype == torch.float32
    assert embeddings.grad is not None
    assert not embeddings.grad.any()


def test_classes_without_anchor_still_count_in_the_mean() -> None:
    embeddings, logits, label_map = _batch()
    logits = logits.clone()
    logits[:, 0] = 50  # every pixel is sure to be class 0: class 0 has no hard anchor
    pixels = gather_pixels(embeddings, logits, label_map)
    prototypes = class_prototypes(pixels.embeddings, pixels.classes, num_classes=4)
    draws = draw_contrast(pixels, prototypes, SMALL, _generator())
    assert [draw.class_index for draw in draws] == [1, 2, 3]
    anchors = pixels.embeddings[torch.cat([draw.anchors for draw in draws])]
    found = contrast(anchors, pixels.embeddings, prototypes, draws, temperature=0.5)
    expected = plain_contrast(embeddings, logits, label_map, draws, temperature=0.5)
    assert found.item() == pytest.approx(expected.item(), rel=1e-5)


@pytest.mark.parametrize("negatives", list(Negatives))
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_half_precision_contrast_is_finite_and_close(dtype: torch.dtype, negatives: Negatives) -> None:
    settings = replace(SMALL, negatives=negatives)
    embeddings, logits, label_map = _batch(dtype=dtype)
    big = (embeddings * 1000).detach().requires_grad_()  # squares overflow float16
    loss = regional_contrast(big, logits, label_map, settings, _generator())
    single = regional_contrast(big.float(), logits.float(), label_map, settings, _generator())
    loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it bare
    assert loss.item() == pytest.approx(single.item(), rel=0.02)
    assert big.grad is not None
    assert big.grad.isfinite().all()
