from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from segloop.errors import EmptyPoolError, LabelMapError
from segloop.images import resize_image
from segloop.settings import RoundSettings
from segloop.sources import ArraySource
from segloop.training_data import TrainingData
from segloop.training_plan import plan_training

Pixels = NDArray[np.uint8]


def _image(seed: int, height: int = 20, width: int = 30) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype(np.uint8)


def _answered(rows: int, value: int = 1, height: int = 20, width: int = 30) -> Pixels:
    """The first `rows` rows are answered."""
    label_map = np.full((height, width), 255, np.uint8)
    label_map[:rows] = value
    return label_map


def _data(
    tmp_path: Path, label_maps: list[Pixels], masks: list[NDArray[np.bool_] | None] | None = None
) -> TrainingData:
    images = [_image(seed, *label_map.shape) for seed, label_map in enumerate(label_maps)]
    source = ArraySource(images, label_maps, masks)
    return TrainingData(source, tmp_path, height=10, width=12, num_classes=3)


def test_void_answers_are_kept_where_nothing_else_is_answered(tmp_path: Path) -> None:
    void, unknown = _answered(8, value=254), _answered(0)
    data = _data(tmp_path, [_answered(4), void, unknown])
    assert (data.label_map(1)[:4] == 254).all()
    assert (data.label_map(1)[4:] == 255).all()
    assert (data.label_map(2) == 255).all()
    assert data.streams.answered.tolist() == [0], "no class to learn"


def test_images_are_resized_once_and_read_back(tmp_path: Path) -> None:
    reads: list[int] = []

    class CountingSource(ArraySource):
        def image(self, index: int) -> Pixels:
            reads.append(index)
            return super().image(index)

    source = CountingSource([_image(0), _image(1, 7, 5)], [_answered(20), _answered(7, height=7, width=5)])
    data = TrainingData(source, tmp_path, height=10, width=12, num_classes=3)
    assert reads == []
    for _ in range(3):
        for index in range(2):
            expected = resize_image(source.images[index], height=10, width=12)
            np.testing.assert_array_equal(data.image(index), expected)
    assert reads == [0, 1]
    data.close()


def test_full_images_are_labelled_when_they_hold_most_answers(tmp_path: Path) -> None:
    data = _data(tmp_path, [_answered(20), _answered(5), _answered(0), _answered(20, value=254)])
    assert data.streams.labelled.tolist() == [0]
    assert data.streams.unlabelled.tolist() == [1, 2]
    assert not data.streams.is_sparse
    data.close()


def _images_drawn(data: TrainingData, settings: RoundSettings) -> list[set[int]]:
    """Of each generation, the images its steps read, as labelled or not."""
    plan = plan_training(settings, data.streams, has_weights=False)
    return [{*each.schedule.labelled.flat, *each.schedule.unlabelled.flat} for each in plan]


def test_every_answer_is_trained_on_with_and_without_self_training(tmp_path: Path) -> None:
    data = _data(tmp_path, [_answered(20), _answered(5), _answered(0), _answered(9)])
    alone = RoundSettings.from_mapping({"method": "supervised", "image_steps": 200})
    assert _images_drawn(data, alone) == [{0, 1, 3}]
    assert plan_training(alone, data.streams, has_weights=False)[0].is_sparse
    taught = RoundSettings.from_mapping({"method": "segloop", "image_steps": 400})
    assert _images_drawn(data, taught) == [{0}, {0, 1, 2, 3}], "full images first, then all"
    assert not plan_training(taught, data.streams, has_weights=False)[0].is_sparse
    data.close()


def test_without_a_full_image_every_image_with_an_answer_is_labelled(tmp_path: Path) -> None:
    data = _data(tmp_path, [_answered(4), _answered(0), _answered(3), _answered(8, value=254)])
    assert data.streams.labelled.tolist() == [0, 2]
    assert data.streams.unlabelled.tolist() == [0, 1, 2, 3]
    assert data.streams.is_sparse
    data.close()


def test_one_full_image_beside_many_partly_answered_ones_does_not_take_over(tmp_path: Path) -> None:
    data = _data(tmp_path, [_answered(20), *[_answered(10) for _ in range(8)]])
    assert data.streams.labelled.tolist() == list(range(9))
    assert data.streams.unlabelled.tolist() == list(range(1, 9))
    assert data.streams.is_sparse
    data.close()


def test_void_alone_is_nothing_to_train_on(tmp_path: Path) -> None:
    for label_maps in ([_answered(0)], [_answered(20, value=254)]):
        with pytest.raises(EmptyPoolError, match="nothing is labelled yet"):
            _data(tmp_path, label_maps)


def test_unknown_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(LabelMapError):
        _data(tmp_path, [_answered(20, value=3)])


def test_samples_carry_dominant_masks_only_where_there_are_any(tmp_path: Path) -> None:
    mask = np.zeros((20, 30), bool)
    mask[:10] = True
    data = _data(tmp_path, [_answered(20), _answered(20)], [mask, None])
    sample = data.sample(0)
    assert sample.dominant_mask is not None
    assert sample.dominant_mask[:5].all()
    assert not sample.dominant_mask[5:].any()
    assert data.sample(1).dominant_mask is None
    data.close()


def test_the_digest_names_answers_and_files(tmp_path: Path) -> None:
    digests = []
    for number, rows in enumerate((20, 20, 19)):
        folder = tmp_path / str(number)
        folder.mkdir()
        data = _data(folder, [_answered(rows)])
        digests.append(data.digest)
        data.close()
    assert digests[0] == digests[1] != digests[2]
