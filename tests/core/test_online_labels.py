from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from segloop.batches import Batch
from segloop.mixing import draw_mix
from segloop.online_labels import (
    confidence_weights,
    fill_in,
    follow_confidences_,
    mix,
    online_thresholds,
)
from segloop.settings import Mixing, RoundSettings, Teacher

SETTINGS = RoundSettings(teacher=Teacher.EMA)
HEIGHT, WIDTH, NUM_CLASSES = 6, 8, 3


def _probs(seed: int = 0, num_images: int = 2) -> Tensor:
    """Peaky enough that some pixels are very sure."""
    logits = torch.randn(
        num_images, NUM_CLASSES, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(seed)
    )
    return (logits * 4).softmax(dim=1)


def _batch(seed: int = 0) -> Batch:
    """One labelled image, then two with answers (1), void, free pixels, and a strip outside the image."""
    rng = np.random.default_rng(seed)
    label_map = torch.from_numpy(rng.choice([1, 254, 255], (3, HEIGHT, WIDTH), p=[0.2, 0.1, 0.7])).to(
        torch.uint8
    )
    label_map[0] = 2
    pseudo_mask = label_map == 255
    pseudo_mask[0], pseudo_mask[:, :, -2:] = False, False
    label_map[1:, :, -2:] = 255
    images = torch.from_numpy(rng.integers(0, 256, (3, HEIGHT, WIDTH, 3)).astype(np.uint8))
    return Batch(images, label_map, None, pseudo_mask, weak_images=images[1:])


@pytest.mark.parametrize("levels", [None, [200, 120, 255]])
def test_the_teacher_fills_in_what_nobody_answered_where_it_is_sure(levels: list[int] | None) -> None:
    batch, probs = _batch(), _probs()
    class_levels = None if levels is None else torch.tensor(levels, dtype=torch.uint8)
    filled = fill_in(batch, probs, SETTINGS, class_levels)
    assert batch.pseudo_mask is not None
    num_filled = 0
    for image in range(3):
        for y in range(HEIGHT):
            for x in range(WIDTH):
                before, after = int(batch.label_map[image, y, x]), int(filled.label_map[image, y, x])
                if not batch.pseudo_mask[image, y, x]:
                    assert after == before
                    continue
                pixel = probs[image - 1, :, y, x].tolist()
                best = pixel.index(max(pixel))
                needed = 0.7 if levels is None else levels[best] / 255
                assert after == (best if max(pixel) >= needed else 255)
                num_filled += after != 255
    assert num_filled > 10
    assert filled.weights is None
    assert filled.weak_images is None


def test_confidence_weights_are_those_of_a_plain_loop() -> None:
    batch, probs = _batch(), _probs()
    settings = replace(SETTINGS, confidence_weighting=True, pseudo_label_threshold=0.0)
    filled = fill_in(batch, probs, settings, None)
    assert filled.weights is not None
    assert batch.pseudo_mask is not None
    assert (filled.weights[0] == 1).all()
    for image in (1, 2):
        num_known = num_very_sure = 0
        for y in range(HEIGHT):
            for x in range(WIDTH):
                if filled.label_map[image, y, x] < NUM_CLASSES:
                    is_answer = not batch.pseudo_mask[image, y, x]
                    num_known += 1
                    num_very_sure += bool(is_answer or probs[image - 1, :, y, x].max() >= 0.97)
        for y in range(HEIGHT):
            for x in range(WIDTH):
                expected = 1.0
                if batch.pseudo_mask[image, y, x]:
                    expected = float(probs[image - 1, :, y, x].max()) * num_very_sure / num_known
                assert float(filled.weights[image, y, x]) == pytest.approx(expected, abs=1e-6)
    assert 0 < num_very_sure < num_known


def test_an_image_without_any_label_weighs_nothing() -> None:
    nothing = torch.zeros(1, 2, 2, dtype=torch.bool)
    assert confidence_weights(torch.ones(1, 2, 2), ~nothing, nothing).sum() == 0


def test_thresholds_follow_the_teacher_and_forget() -> None:
    settings = replace(SETTINGS, pseudo_label_quantile=0.5)
    counts = torch.zeros(NUM_CLASSES, 256, dtype=torch.float64)
    assert (online_thresholds(counts, settings) == 179).all()  # nothing is known yet: .70 for all
    unsure = torch.tensor([0.5, 0.3, 0.2]).view(1, 3, 1, 1).expand(1, 3, 4, 4)
    free = torch.ones(1, 4, 4, dtype=torch.bool)
    free[0, 0] = False
    follow_confidences_(counts, unsure, free, decay=0.5)
    assert counts.sum() == 12
    assert online_thresholds(counts, settings).tolist() == [127, 179, 179]
    follow_confidences_(counts, unsure.roll(1, 1), free, decay=0.5)
    assert counts.sum(dim=1).tolist() == [6, 12, 0]
    for _ in range(10):
        counts.mul_(0.5)
    assert (online_thresholds(counts, settings) == 179).all()


@pytest.mark.parametrize("mixing", [Mixing.CUTMIX, Mixing.CLASSMIX])
def test_mixing_moves_images_labels_weights_and_masks_as_one(mixing: Mixing) -> None:
    settings = replace(SETTINGS, mixing=mixing, confidence_weighting=True, pseudo_label_threshold=0.0)
    num_moved = 0
    for seed in range(6):
        filled = fill_in(_batch(seed), _probs(seed), settings, None)
        rng = np.random.default_rng(seed)
        draw = draw_mix(rng, 2, num_classes=NUM_CLASSES, height=HEIGHT, width=WIDTH)
        mixed = mix(replace(filled, mix=draw), settings, torch.ones(NUM_CLASSES, dtype=torch.bool))
        assert torch.equal(mixed.images[0], filled.images[0])
        for image, donor in ((1, 2), (2, 1)):
            moved = (mixed.images[image] != filled.images[image]).any(dim=2)
            num_moved += int(moved.sum())
            for name in ("images", "label_map", "weights", "pseudo_mask"):
                before, after = getattr(filled, name), getattr(mixed, name)
                assert torch.equal(after[image][moved], before[donor][moved])
                assert torch.equal(after[image][~moved], before[image][~moved])
    assert num_moved > 20


def test_what_is_not_to_be_mixed_stays() -> None:
    batch = _batch()
    assert mix(batch, SETTINGS, torch.ones(NUM_CLASSES, dtype=torch.bool)) is batch
