from dataclasses import replace

import pytest

from segloop.errors import SettingsError
from segloop.generations import learning_rate_factor, plan_generations
from segloop.settings import METHOD_PRESETS, Method, RoundSettings

SETTINGS = RoundSettings(image_steps=1500)


def _plan(
    settings: RoundSettings, *, has_unlabelled: bool = True, has_weights: bool = False
) -> list[tuple[int, ...]]:
    plan = plan_generations(settings, has_unlabelled=has_unlabelled, has_weights=has_weights)
    return [(one.index, one.num_steps, one.num_labelled, one.num_unlabelled) for one in plan]


def test_image_steps_are_split_by_the_share_and_never_exceeded() -> None:
    assert _plan(SETTINGS) == [(0, 93, 4, 0), (1, 188, 2, 4)]
    for image_steps in (100, 333, 1500):
        plan = plan_generations(
            replace(SETTINGS, image_steps=image_steps), has_unlabelled=True, has_weights=False
        )
        assert image_steps - 10 < sum(one.num_images for one in plan) <= image_steps


def test_the_papers_schedule_comes_out_of_its_numbers() -> None:
    settings = replace(SETTINGS, image_steps=160_000, generation_0_share=0.25)
    assert _plan(settings) == [(0, 10_000, 4, 0), (1, 20_000, 2, 4)]


def test_several_generations_share_the_rest() -> None:
    assert _plan(replace(SETTINGS, num_generations=3))[1:] == [(1, 62, 2, 4), (2, 62, 2, 4), (3, 62, 2, 4)]


def test_supervised_training_is_generation_0_alone() -> None:
    settings = RoundSettings(method=Method.SUPERVISED, **METHOD_PRESETS[Method.SUPERVISED])
    assert _plan(settings) == [(0, 375, 4, 0)]
    assert _plan(replace(SETTINGS, num_generations=0)) == [(0, 375, 4, 0)]
    assert _plan(SETTINGS, has_unlabelled=False) == [(0, 375, 4, 0)]


def test_there_is_always_a_step() -> None:
    assert _plan(replace(SETTINGS, image_steps=1)) == [(0, 1, 4, 0)]


def test_the_last_rounds_network_may_take_the_place_of_generation_0() -> None:
    settings = replace(SETTINGS, generation_0_share=0.0)
    assert settings.uses_last_weights
    assert _plan(settings, has_weights=True) == [(1, 250, 2, 4)]
    assert _plan(settings) == [(0, 375, 4, 0)]  # a first round has nothing to label with


def test_batches_of_one_are_refused() -> None:
    with pytest.raises(SettingsError, match="batch normalisation"):
        replace(SETTINGS, batch_supervised=1)


def test_learning_rate_decays_as_a_power_and_warm_starts_lower() -> None:
    assert learning_rate_factor(0, 100, power=0.9, is_warm=False, warm_factor=0.2) == 1
    assert learning_rate_factor(50, 100, power=0.9, is_warm=False, warm_factor=0.2) == pytest.approx(0.5**0.9)
    assert learning_rate_factor(99, 100, power=0.9, is_warm=False, warm_factor=0.2) > 0
    stairs = [
        learning_rate_factor(step, 300, power=0.9, is_warm=False, warm_factor=0.2, stairs=100)
        for step in range(300)
    ]
    assert stairs[:7] == [1, 1, 1, *[pytest.approx(0.99**0.9)] * 3, pytest.approx(0.98**0.9)]
    assert stairs[-1] == pytest.approx(0.01**0.9)
    warm = [
        learning_rate_factor(step, 2000, power=0.9, is_warm=True, warm_factor=0.2) for step in range(2000)
    ]
    assert warm[0] == pytest.approx(0.2 / 100, rel=1e-3)
    assert max(warm) == pytest.approx(0.2 * (1 - 99 / 2000) ** 0.9, rel=1e-3)
