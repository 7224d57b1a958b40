import gc
import threading
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F

from segloop.acquisition import PixelView, PoolSummary, pixel_scores
from segloop.errors import EmptyPoolError, NonFiniteError
from segloop.images import resize_image
from segloop.network import SegmentationNetwork, build_network
from segloop.prediction import mean_logits
from segloop.progress import Progress
from segloop.regions import Partition, grid_partition, superpixel_partition
from segloop.scoring import ImageScores, evaluate, mean_region_probs, predict_class_prior, score_images
from segloop.settings import Acquisition, RoundSettings
from segloop.sources import ArraySource

SETTINGS = RoundSettings(
    encoder="mobilenet_v2",
    encoder_weights="random",
    embedding_dim=16,
    image_height_px=40,
    image_width_px=48,
    score_scales=(0.5, 1.0),
    num_threads=1,
)
NUM_CLASSES = 4
SIZES = [(40, 48), (80, 96), (55, 70), (1, 1), (40, 48), (13, 90)]


def _source(label_maps: list[NDArray[np.uint8]] | None = None) -> ArraySource:
    rng = np.random.default_rng(0)
    return ArraySource([rng.integers(0, 256, (*size, 3)).astype(np.uint8) for size in SIZES], label_maps)


def _network() -> SegmentationNetwork:
    network = build_network(SETTINGS, NUM_CLASSES, torch.Generator().manual_seed(0))
    with torch.no_grad():  # a fresh network is never sure: let it be
        _classifier(network).weight.mul_(30)
    return network.eval()


def _classifier(network: SegmentationNetwork) -> nn.Conv2d:
    last = list(network.class_head.modules())[-1]
    assert isinstance(last, nn.Conv2d)
    return last


def _partition(index: int) -> Partition:
    return grid_partition(*SIZES[index], 10)


def _scores(
    source: ArraySource, settings: RoundSettings = SETTINGS, prior: NDArray[np.float32] | None = None
) -> list[ImageScores]:
    summary = PoolSummary(class_prior=prior)
    found = list(score_images(_network(), source, _partition, settings, summary=summary))
    assert [index for index, _ in found] == list(range(len(SIZES)))
    return [scores for _, scores in found]


@pytest.mark.parametrize("acquisition", [Acquisition.ENTROPY, Acquisition("margin"), Acquisition.BVSB])
def test_scores_equal_the_plain_loop(acquisition: Acquisition) -> None:
    """At native = training size everything can be worked out by hand from the network's logits."""
    label_maps = [np.full(size, 255, np.uint8) for size in SIZES]
    label_maps[0][:15, :10] = 1  # region 0 is answered, half of the one below it too
    source = _source(label_maps)
    prior = np.array([0.7, 0.1, 0.1, 0.1], np.float32)
    settings = replace(SETTINGS, acquisition=acquisition, class_balance=6.0)
    found = _scores(source, settings, prior)[0]
    with torch.inference_mode():
        pixels = torch.from_numpy(source.images[0])[None]
        probs = mean_logits(_network(), pixels, settings.score_scales, torch.float32).softmax(dim=1)
        weights = torch.from_numpy((6 * prior + 1) ** -2.0)[probs.argmax(dim=1)]
        scores = (pixel_scores(PixelView(probs), acquisition) * weights)[0].numpy()
    p = probs[0].numpy()
    region_map = _partition(0).region_map
    for region in range(_partition(0).num_regions):
        is_open = (region_map == region) & (label_maps[0] == 255)
        expected = scores[is_open].mean() if is_open.any() else 0.0
        assert found.region_scores[region] == pytest.approx(expected, rel=1e-3, abs=1e-5)
        means = [float(p[c][region_map == region].mean()) for c in range(NUM_CLASSES)]
        order = sorted(range(NUM_CLASSES), key=lambda c: -means[c])
        assert found.top_classes[region].tolist() == order[:2]
        np.testing.assert_allclose(found.top_probs[region], [means[c] for c in order[:2]], rtol=1e-3)
    assert found.region_scores[0] == 0
    maximum = 2.0 if acquisition is Acquisition.ENTROPY else 1.0
    np.testing.assert_allclose(found.heat, np.rint(scores / maximum * 255), atol=1)
    np.testing.assert_allclose(found.max_prob, np.rint(p.max(axis=0) * 255), atol=1)
    np.testing.assert_array_equal(found.prediction, p.argmax(axis=0))


@pytest.mark.parametrize("index", range(len(SIZES)))
def test_everything_comes_at_native_size(index: int) -> None:
    found = _scores(_source())[index]
    num_regions = _partition(index).num_regions
    for array in (found.prediction, found.max_prob, found.heat):
        assert array.shape == SIZES[index]
        assert array.dtype == np.uint8
    assert found.region_scores.shape == (num_regions,)
    assert found.region_scores.dtype == np.float32
    assert found.top_classes.shape == found.top_probs.shape == (num_regions, 2)
    assert found.top_classes.dtype == np.int16
    assert (found.top_classes[:, 0] != found.top_classes[:, 1]).all()
    assert (found.top_probs[:, 0] >= found.top_probs[:, 1]).all()


def test_predictions_are_upsampled_logits_not_upsampled_classes() -> None:
    source = _source()
    found = _scores(source)[1]
    with torch.inference_mode():
        # the image is twice the training size; Pillow's reduction is what the source's image goes through
        pixels = torch.from_numpy(resize_image(source.images[1], height=40, width=48))[None]
        logits = mean_logits(_network(), pixels, SETTINGS.score_scales, torch.float32)
        native = F.interpolate(logits, size=(80, 96), mode="bilinear").argmax(dim=1)[0].numpy()
    assert (found.prediction == native).mean() > 0.999


def test_order_progress_and_indices() -> None:
    reports: list[Progress] = []
    source = _source()
    scored = score_images(
        _network(), source, _partition, SETTINGS, indices=[4, 0, 2], on_progress=reports.append
    )
    all_scores = _scores(source)
    for index, scores in scored:
        expected = all_scores[index].region_scores
        np.testing.assert_allclose(scores.region_scores, expected, rtol=1e-4)
    assert reports[-1] == Progress("score", 3, 3, fraction=1.0)


def test_leaving_early_ends_the_threads() -> None:
    scored = score_images(_network(), _source(), _partition, SETTINGS)
    next(scored)
    scored.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("segloop")]
    assert torch.is_inference_mode_enabled() is False


def test_tensors_alive_do_not_grow_with_the_pool() -> None:
    network = _network()
    few, many = (_alive_while_scoring(network, num_images) for num_images in (12, 48))
    # some images are on their way at any time, a handful of tensors more or less; a leak adds 36
    assert many < few + 12


def _alive_while_scoring(network: SegmentationNetwork, num_images: int) -> int:
    """Most tensors that exist at once beside the network's, looked at every fourth image."""
    image = np.random.default_rng(0).integers(0, 256, (*SIZES[0], 3)).astype(np.uint8)
    gc.collect()
    before, most = _num_tensors(), 0
    source = ArraySource([image] * num_images)
    for index, _ in score_images(network, source, lambda _: _partition(0), SETTINGS):
        if index % 4 == 3:
            most = max(most, _num_tensors() - before)
    return most


def _num_tensors() -> int:
    return sum(1 for thing in gc.get_objects() if type(thing) is torch.Tensor)


def test_networks_that_give_nan_are_named_with_the_image() -> None:
    network = _network()
    with torch.no_grad():
        _classifier(network).weight.fill_(torch.nan)
    with pytest.raises(NonFiniteError, match=r"000000.png"):
        list(score_images(network, _source(), _partition, SETTINGS))


def test_class_prior_is_the_mean_probability() -> None:
    source = _source()
    found = predict_class_prior(_network(), source, SETTINGS)
    expected = np.zeros(NUM_CLASSES)
    with torch.inference_mode():
        for image in source.images:
            pixels = torch.from_numpy(resize_image(image, height=40, width=48))[None]
            expected += (
                mean_logits(_network(), pixels, (1.0,), torch.float32).softmax(1).mean((0, 2, 3)).numpy()
            )
    np.testing.assert_allclose(found, expected / len(SIZES), rtol=1e-3)
    assert found.sum() == pytest.approx(1.0, abs=1e-5)
    with pytest.raises(EmptyPoolError):
        predict_class_prior(_network(), ArraySource([]), SETTINGS)


def test_evaluation_counts_known_pixels_at_native_size() -> None:
    predictions = [scores.prediction for scores in _scores(_source(), replace(SETTINGS, score_scales=(1.0,)))]
    truths = [prediction.copy() for prediction in predictions]
    truths[1][:40] = (truths[1][:40] + 1) % NUM_CLASSES
    truths[2][:] = 255
    truths[5][:, :30] = 254
    confusion = evaluate(_network(), _source(truths), SETTINGS, num_classes=NUM_CLASSES)
    num_known = sum(int((truth < 254).sum()) for truth in truths)
    assert confusion.counts.sum() == num_known
    assert np.diag(confusion.counts).sum() == num_known - 40 * 96
    assert confusion.num_images == len(SIZES)


def test_region_probabilities_of_regions_that_vanish_at_training_size() -> None:
    probs = np.zeros((2, 4, 4), np.float32)
    probs[0, :, :2], probs[1, :, 2:] = 1, 1
    region_map = np.zeros((40, 40), np.int32)
    region_map[11, 21] = 1  # one pixel on the right: nearest neighbour steps over it
    region_map[0, 0] = 2  # and one on the left
    found = mean_region_probs(probs, region_map, 3)
    np.testing.assert_allclose(found, np.array([[0.5, 0.5], [0.0, 1.0], [1.0, 0.0]]), atol=1e-6)


def test_superpixels_are_scored_like_any_region() -> None:
    source = _source()
    partition = superpixel_partition(source.images[1], 12)
    ((index, scores),) = score_images(_network(), source, lambda _: partition, SETTINGS, indices=[1])
    assert index == 1
    assert scores.region_scores.shape == (partition.num_regions,)
    assert (scores.region_scores > 0).all()
