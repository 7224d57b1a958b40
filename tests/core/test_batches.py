import threading
from dataclasses import replace

import numpy as np
import torch

from segloop.augmentation import Sample, weak_augmentation
from segloop.batches import Batch, BatchMaker, Schedule, collate, draw_schedule
from segloop.settings import Mixing, RoundSettings, Teacher
from segloop.training_data import Streams

SETTINGS = RoundSettings(dominant_weight=0.25)
STREAMS = Streams(np.array([3, 5]), np.array([0, 1, 2]), np.array([3, 5]), is_sparse=False)


def _sample(index: int) -> Sample:
    pixels = np.random.default_rng(index).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    return Sample(pixels, np.full((24, 32), index, np.uint8))


def _schedule(num_steps: int = 6) -> Schedule:
    return draw_schedule(STREAMS, num_steps=num_steps, num_labelled=2, num_unlabelled=3, seed=7, generation=1)


def _maker(schedule: Schedule) -> BatchMaker:
    return BatchMaker(schedule, _sample, _sample, SETTINGS, generation=1, num_classes=10, is_sparse=False)


def test_schedules_draw_each_stream_and_repeat_for_the_same_seed() -> None:
    schedule = _schedule(400)
    assert schedule.num_steps == 400
    assert schedule.batch_size == 5
    assert set(schedule.labelled.ravel()) == {3, 5}
    assert set(schedule.unlabelled.ravel()) == {0, 1, 2}
    counts = np.bincount(schedule.unlabelled.ravel())
    assert counts.min() > 320
    np.testing.assert_array_equal(schedule.labelled, _schedule(400).labelled)
    other = draw_schedule(STREAMS, num_steps=400, num_labelled=2, num_unlabelled=3, seed=7, generation=2)
    assert (schedule.labelled != other.labelled).any()


def test_generation_0_has_no_unlabelled_image() -> None:
    schedule = draw_schedule(STREAMS, num_steps=3, num_labelled=4, num_unlabelled=0, seed=0, generation=0)
    assert schedule.unlabelled.shape == (3, 0)
    assert _maker(schedule).batch(0).images.shape == (4, 24, 32, 3)


def _equal(first: Batch, second: Batch) -> bool:
    return torch.equal(first.images, second.images) and torch.equal(first.label_map, second.label_map)


def test_batches_do_not_depend_on_threads_or_where_one_begins() -> None:
    maker = _maker(_schedule())
    one = list(maker.batches(0, num_threads=1))
    three = list(maker.batches(0, num_threads=3))
    resumed = list(maker.batches(4, num_threads=2))
    assert len(one) == len(three) == 6
    assert all(_equal(a, b) for a, b in zip(one, three, strict=True))
    assert all(_equal(a, b) for a, b in zip(one[4:], resumed, strict=True))
    assert not _equal(one[0], one[1])


def test_leaving_early_ends_the_feed() -> None:
    batches = _maker(_schedule()).batches(0, num_threads=2)
    next(batches)
    batches.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("segloop-ahead")]


def test_labelled_images_come_first_and_are_augmented_weakly() -> None:
    settings = replace(SETTINGS, scale_min=1.0, scale_max=1.0)
    maker = replace(_maker(_schedule()), settings=settings)
    for step in range(6):
        batch = maker.batch(step)
        drawn = [*maker.schedule.labelled[step], *maker.schedule.unlabelled[step]]
        for place, index in enumerate(drawn):
            values = set(np.unique(batch.label_map[place].numpy()).tolist())
            assert values <= {int(index), 255}
            if place < 2:
                original = torch.from_numpy(_sample(int(index)).image)
                assert torch.equal(batch.images[place], original) or torch.equal(
                    batch.images[place].flip(1), original
                )


def test_dominant_answers_weigh_less() -> None:
    plain = _sample(1)
    mask = np.zeros((24, 32), bool)
    mask[3:5] = True
    assert collate([plain, plain], dominant_weight=0.25).weights is None
    weights = collate([plain, replace(plain, dominant_mask=mask)], dominant_weight=0.25).weights
    assert weights is not None
    assert (weights[0] == 1).all()
    assert (weights[1, 3:5] == 0.25).all()
    assert float(weights[1].sum()) == 24 * 32 - 64 * 0.75


def test_pseudo_masks_are_false_where_a_sample_has_none() -> None:
    plain = _sample(1)
    mask = np.zeros((24, 32), bool)
    mask[3:5] = True
    assert collate([plain, plain], dominant_weight=1.0).pseudo_mask is None
    pseudo = collate([plain, replace(plain, pseudo_mask=mask)], dominant_weight=1.0).pseudo_mask
    assert pseudo is not None
    assert not pseudo[0].any()
    np.testing.assert_array_equal(pseudo[1].numpy(), mask)


def test_a_teacher_gets_the_weak_view_of_each_unlabelled_image() -> None:
    settings = replace(SETTINGS, teacher=Teacher.EMA, cutout_px=8)
    plain, taught = _maker(_schedule()), replace(_maker(_schedule()), settings=settings)
    num_strong = 0
    for step in range(6):
        batch = taught.batch(step)
        assert plain.batch(step).weak_images is None
        assert batch.weak_images is not None
        assert batch.weak_images.shape == (3, 24, 32, 3)
        for place, index in enumerate(taught.schedule.unlabelled[step]):
            rng = np.random.default_rng([settings.seed, 2, 1, step, 2 + place])
            weak = weak_augmentation(_sample(int(index)), settings, rng, num_classes=10)
            np.testing.assert_array_equal(batch.weak_images[place].numpy(), weak.image)
            num_strong += not torch.equal(batch.images[2 + place], batch.weak_images[place])
    assert num_strong > 9


def test_mixing_draws_depend_on_the_step_alone() -> None:
    maker = replace(_maker(_schedule()), settings=replace(SETTINGS, mixing=Mixing.CUTMIX))
    draws = [batch.mix for batch in maker.batches(0, num_threads=2)]
    again = maker.batch(4).mix
    assert draws[0] is not None
    assert draws[4] is not None
    assert again is not None
    assert draws[4].boxes.shape == (3, 4)
    assert torch.equal(draws[4].priorities, again.priorities)
    assert not torch.equal(draws[0].priorities, again.priorities)
