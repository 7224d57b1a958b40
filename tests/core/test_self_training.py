from pathlib import Path

import numpy as np
import pytest
import torch

from segloop.network import build_network
from segloop.record_files import RecordFile
from segloop.self_training import (
    PseudoLabelFiles,
    PseudoLabels,
    class_thresholds,
    confidence_levels,
    count_confidences,
    label_pool,
    override,
    pseudo_label,
)
from segloop.settings import RoundSettings
from segloop.sources import ArraySource
from segloop.training_data import TrainingData

SETTINGS = RoundSettings(
    encoder="mobilenet_v2",
    encoder_weights="random",
    embedding_dim=16,
    image_height_px=33,
    image_width_px=40,
    score_scales=(0.5, 1.0),
    pseudo_label_threshold=0.3,
)


def test_pseudo_labels_equal_the_plain_loop() -> None:
    logits = torch.randn(2, 3, 5, 6, generator=torch.Generator().manual_seed(0)) * 2
    found = pseudo_label(logits, threshold=0.7)
    for b in range(2):
        for y in range(5):
            for x in range(6):
                probs = logits[b, :, y, x].softmax(dim=0).tolist()
                expected = probs.index(max(probs)) if max(probs) >= 0.7 else 255
                assert int(found[b, y, x]) == expected
    assert found.dtype == torch.uint8


def test_answers_override_pseudo_labels_and_void_does_too() -> None:
    pseudo = np.array([[0, 1, 255, 2]], np.uint8)
    known = np.array([[255, 2, 1, 254]], np.uint8)
    assert override(pseudo, known).tolist() == [[0, 2, 1, 254]]


def test_a_class_threshold_is_its_quantile_where_that_is_lower() -> None:
    rng = np.random.default_rng(0)
    confidences = [rng.integers(200, 256, 501), rng.integers(60, 120, 333), np.array([90]), np.array([], int)]
    counts = np.stack([np.bincount(levels, minlength=256) for levels in confidences])
    found = class_thresholds(counts, threshold=0.7, quantile=0.25)
    expected = [179]  # 0.7 of 255, rounded up: the sure class keeps the threshold of all
    expected += [int(np.quantile(levels, 0.25, method="inverted_cdf")) for levels in confidences[1:3]]
    assert found.tolist() == [*expected, 179]
    kept = confidences[1] >= found[1]
    assert 0.75 <= kept.mean() < 0.8


def test_confidences_are_the_largest_probability_rounded_down() -> None:
    logits = torch.randn(1, 3, 4, 5, generator=torch.Generator().manual_seed(1))
    levels = confidence_levels(logits.softmax(1).amax(1))
    for y in range(4):
        for x in range(5):
            assert int(levels[0, y, x]) == int(255 * float(logits[0, :, y, x].softmax(0).max()))
    assert levels.dtype == torch.uint8


def _data(folder: Path) -> TrainingData:
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (33, 40, 3)).astype(np.uint8) for _ in range(9)]
    label_maps = [np.full((33, 40), 255, np.uint8) for _ in range(9)]
    for index in (0, 4):
        label_maps[index][:6] = 2
    source = ArraySource(images, label_maps)
    return TrainingData(source, folder, height=33, width=40, num_classes=3)


def _label(folder: Path, indices: list[int], *, stop_after: int | None = None) -> list[int]:
    """Label `indices` in `folder`; gives the counts that were reported."""
    data = _data(folder)
    network = build_network(SETTINGS, 3, torch.Generator().manual_seed(0)).eval()
    files = PseudoLabelFiles(folder, 1, "mine")
    reports: list[int] = []

    def on_labelled(num_done: int) -> None:
        reports.append(num_done)
        if stop_after is not None and num_done >= stop_after:
            raise KeyboardInterrupt

    with RecordFile(files.records_path, (33, 40), 9) as records:
        label_pool(network, data, indices, records, files, SETTINGS, torch.float32, on_labelled)
    data.close()
    return reports


def test_a_pool_is_labelled_once_with_answers_over_it(tmp_path: Path) -> None:
    indices = [0, 1, 2, 4, 8]
    assert _label(tmp_path, indices) == [4, 5]
    files = PseudoLabelFiles(tmp_path, 1, "mine")
    assert files.num_done() == 5
    assert PseudoLabelFiles(tmp_path, 1, "theirs").num_done() == 0
    assert PseudoLabelFiles(tmp_path, 2, "mine").num_done() == 0
    data = _data(tmp_path)
    with RecordFile(files.records_path, (33, 40), 9) as records:
        sample = PseudoLabels(data, records).sample(4)
    assert (sample.label_map[:6] == 2).all()
    assert (sample.label_map[6:] != 254).all()
    assert set(np.unique(sample.label_map)) <= {0, 1, 2, 255}
    np.testing.assert_array_equal(sample.image, data.image(4))
    data.close()
    assert _label(tmp_path, indices) == []  # nothing left to do


def test_an_interrupted_pool_goes_on_with_whole_batches(tmp_path: Path) -> None:
    indices = list(range(9))
    whole = tmp_path / "whole"
    whole.mkdir()
    _label(whole, indices)
    broken = tmp_path / "broken"
    broken.mkdir()
    with pytest.raises(KeyboardInterrupt):
        _label(broken, indices, stop_after=8)
    PseudoLabelFiles(broken, 1, "mine").mark_done(6)  # as a sync in the middle of a batch would
    assert _label(broken, indices) == [8, 9]
    names = [PseudoLabelFiles(folder, 1, "mine").records_path for folder in (whole, broken)]
    assert names[0].read_bytes() == names[1].read_bytes()


def test_each_class_is_held_to_its_own_threshold_and_answers_to_none(tmp_path: Path) -> None:
    data = _data(tmp_path)
    network = build_network(SETTINGS, 3, torch.Generator().manual_seed(0)).eval()
    files = PseudoLabelFiles(tmp_path, 1, "mine")
    with (
        RecordFile(files.records_path, (33, 40), 9) as records,
        RecordFile(files.confidences_path, (33, 40), 9) as confidences,
    ):
        label_pool(
            network, data, range(9), records, files, SETTINGS, torch.float32, lambda _: None, confidences
        )
        counts = count_confidences(data, records, confidences, range(9), num_classes=3)
        assert counts.sum() == 9 * 33 * 40 - 2 * 6 * 40  # answered pixels are not counted
        thresholds = np.array([0, 130, 255], np.uint8)
        sample = PseudoLabels(data, records, confidences, thresholds).sample(4)
        labels, levels = records.read(4), confidences.read(4)
    assert sample.pseudo_mask is not None
    for y in range(33):
        for x in range(40):
            is_free, label = y >= 6, int(labels[y, x])
            assert bool(sample.pseudo_mask[y, x]) == is_free
            is_kept = not is_free or levels[y, x] >= thresholds[label]
            assert int(sample.label_map[y, x]) == (label if is_kept else 255)
    files.discard()
    assert not files.confidences_path.exists()
    data.close()
