from dataclasses import replace

import numpy as np
import pytest

from segloop.augmentation import Sample, strong_augmentation, weak_augmentation
from segloop.errors import SettingsError
from segloop.settings import CutoutLabel, LossMeans, RoundSettings

SETTINGS = RoundSettings()
HEIGHT, WIDTH = 40, 56


def _coded_sample() -> Sample:
    """Each 8 x 8 block has its own class, and its colour says which: image and label map must move as one."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
    label_map = (rows // 8 * (WIDTH // 8) + columns // 8).astype(np.uint8)
    image = np.stack([label_map * 7, 255 - label_map * 7, label_map * 3 + 20], axis=2)
    return Sample(image, label_map, label_map % 5 == 0, label_map % 3 == 0)


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def _weak(sample: Sample, seed: int, settings: RoundSettings = SETTINGS, *, hold: bool = False) -> Sample:
    return weak_augmentation(sample, settings, _rng(seed), num_classes=200, must_hold_answer=hold)


def test_image_label_map_and_masks_move_as_one() -> None:
    num_checked = 0
    for seed in range(20):
        found = _weak(_coded_sample(), seed)
        assert found.image.shape == (HEIGHT, WIDTH, 3)
        assert found.label_map.shape == (HEIGHT, WIDTH)
        assert found.dominant_mask is not None
        assert found.pseudo_mask is not None
        known = found.label_map != 255
        # away from block borders bilinear colours are exactly the class's
        inner = known.copy()
        for axis in (0, 1):
            for shift in (-2, -1, 1, 2):
                inner &= np.roll(found.label_map, shift, axis) == found.label_map
        inner[:2], inner[-2:], inner[:, :2], inner[:, -2:] = False, False, False, False
        num_checked += inner.sum()
        classes = found.label_map[inner].astype(int)
        np.testing.assert_allclose(found.image[inner][:, 0].astype(int), classes * 7, atol=1)
        np.testing.assert_array_equal(found.dominant_mask[inner], classes % 5 == 0)
        np.testing.assert_array_equal(found.pseudo_mask[inner], classes % 3 == 0)
        assert not found.pseudo_mask[~known].any()
    assert num_checked > 1000


def test_small_scales_are_padded_on_both_sides() -> None:
    settings = replace(SETTINGS, scale_min=0.5, scale_max=1.0)
    sample = Sample(np.full((HEIGHT, WIDTH, 3), 200, np.uint8), np.ones((HEIGHT, WIDTH), np.uint8))
    is_padded = [_weak(sample, seed, settings).label_map == 255 for seed in range(10)]
    for seed, padding in enumerate(is_padded):
        found = _weak(sample, seed, settings)
        np.testing.assert_array_equal(found.image[padding], 0)
        assert (found.image[~padding] == 200).all()
        assert abs(int(padding[: HEIGHT // 2].sum()) - int(padding[HEIGHT // 2 :].sum())) <= WIDTH
    assert any(padding[0].all() and padding[-1].all() for padding in is_padded)


def test_scale_one_without_flip_is_the_sample_itself() -> None:
    settings = replace(SETTINGS, scale_min=1.0, scale_max=1.0)
    sample = _coded_sample()
    for seed in range(4):
        found = _weak(sample, seed, settings)
        flipped = found.image[0, 0, 0] != sample.image[0, 0, 0]
        np.testing.assert_array_equal(found.image[:, ::-1] if flipped else found.image, sample.image)
        np.testing.assert_array_equal(
            found.label_map[:, ::-1] if flipped else found.label_map, sample.label_map
        )


def test_half_of_the_samples_are_flipped() -> None:
    settings = replace(SETTINGS, scale_min=1.0, scale_max=1.0)
    sample = _coded_sample()
    flips = sum(_weak(sample, seed, settings).label_map[0, 0] != 0 for seed in range(400))
    assert 150 < flips < 250


@pytest.mark.parametrize(("row", "column"), [(0, 0), (39, 55), (17, 30), (0, 55)])
def test_sparse_crops_hold_an_answer_wherever_it_is(row: int, column: int) -> None:
    label_map = np.full((HEIGHT, WIDTH), 255, dtype=np.uint8)
    label_map[row, column] = 3
    sample = Sample(np.zeros((HEIGHT, WIDTH, 3), np.uint8), label_map)
    for seed in range(60):
        assert (_weak(sample, seed, hold=True).label_map == 3).any(), seed


def test_void_is_no_answer_to_hold() -> None:
    label_map = np.full((HEIGHT, WIDTH), 254, dtype=np.uint8)
    label_map[5, 5] = 1
    sample = Sample(np.zeros((HEIGHT, WIDTH, 3), np.uint8), label_map)
    for seed in range(30):
        assert (_weak(sample, seed, hold=True).label_map == 1).any()


def test_strong_augmentation_changes_colours_not_geometry() -> None:
    small = _coded_sample()
    # as high as the images the blur radius is meant for
    sample = Sample(np.tile(small.image, (9, 1, 1)), np.tile(small.label_map, (9, 1)))
    settings = replace(SETTINGS, cutout_px=0)
    num_changed = num_gray = 0
    for seed in range(300):
        found = strong_augmentation(sample, settings, _rng(seed))
        np.testing.assert_array_equal(found.label_map, sample.label_map)
        num_changed += (found.image != sample.image).any()
        num_gray += (found.image[..., 0] == found.image[..., 2]).all()
    # 1/2 blurred (the smallest radii change nothing), 1/4 jittered (3/4 of them gray), 1/4 untouched
    assert 0.6 < num_changed / 300 < 0.82
    assert 0.12 < num_gray / 300 < 0.26


@pytest.mark.parametrize(("cutout_label", "value"), [(CutoutLabel.IGNORE, 255), (CutoutLabel.CLASS_0, 0)])
def test_cutout_hole_is_black_and_ignored(cutout_label: CutoutLabel, value: int) -> None:
    settings = replace(SETTINGS, cutout_px=9, cutout_label=cutout_label)
    label_map = np.full((HEIGHT, WIDTH), 7, np.uint8)
    sample = Sample(np.full((HEIGHT, WIDTH, 3), 90, np.uint8), label_map, np.ones((HEIGHT, WIDTH), bool))
    holes = []
    for seed in range(100):
        found = strong_augmentation(sample, settings, _rng(seed))
        hole = found.label_map == value
        assert (found.image[hole] == 0).all()
        assert found.dominant_mask is not None
        np.testing.assert_array_equal(found.dominant_mask, ~hole)
        holes.append(int(hole.sum()))
    assert max(holes) == 81
    assert 30 < sum(size > 0 for size in holes) < 70
    assert (label_map == 7).all()


def test_inputs_are_not_modified_and_seeds_decide() -> None:
    sample = _coded_sample()
    image, label_map = sample.image.copy(), sample.label_map.copy()
    for seed in range(10):
        weak, again = _weak(sample, seed), _weak(sample, seed)
        np.testing.assert_array_equal(weak.image, again.image)
        strong = strong_augmentation(weak, SETTINGS, _rng(seed))
        np.testing.assert_array_equal(strong.image, strong_augmentation(weak, SETTINGS, _rng(seed)).image)
    np.testing.assert_array_equal(sample.image, image)
    np.testing.assert_array_equal(sample.label_map, label_map)


def test_one_pixel_images_survive() -> None:
    sample = Sample(np.zeros((1, 1, 3), np.uint8), np.zeros((1, 1), np.uint8))
    for seed in range(20):
        found = strong_augmentation(_weak(sample, seed, hold=True), SETTINGS, _rng(seed))
        assert found.image.shape == (1, 1, 3)


def test_a_hole_of_class_0_beside_separate_means_is_refused() -> None:
    with pytest.raises(SettingsError, match="people's answers"):
        RoundSettings(cutout_label=CutoutLabel.CLASS_0, loss_means=LossMeans.SEPARATE)
