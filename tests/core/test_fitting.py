from typing import Any

import pytest

from segloop.errors import EmptyPoolError, SettingsError
from segloop.fitting import fitted_settings
from segloop.settings import METHOD_PRESETS, Negatives, RoundSettings


def test_camvid_on_a_cpu_is_what_the_defaults_say() -> None:
    fitted = fitted_settings({(360, 480): 367}, on_gpu=False)
    plain = RoundSettings().to_mapping()
    assert fitted == {name: plain[name] for name in fitted}


def test_negatives_are_the_papers_on_a_gpu_and_shared_on_a_cpu() -> None:
    def negatives(method: str, *, on_gpu: bool) -> Negatives:
        fitted = fitted_settings({(360, 480): 367}, on_gpu=on_gpu)
        return RoundSettings.from_mapping({"method": method, **fitted}).reco_negatives

    assert negatives("s4al_plus", on_gpu=True) is Negatives.PER_ANCHOR
    assert negatives("s4al_plus", on_gpu=False) is Negatives.SHARED
    assert negatives("segloop", on_gpu=True) is Negatives.SHARED


def test_camvid_on_a_gpu_has_the_papers_size() -> None:
    fitted = fitted_settings({(360, 480): 367}, on_gpu=True)
    assert (fitted["image_height_px"], fitted["image_width_px"], fitted["cutout_px"]) == (360, 480, 50)
    assert fitted["image_steps"] == 40_000


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({(1024, 2048): 5}, (147, 294)),  # wide
        ({(2048, 1024): 5}, (294, 147)),  # upright
        ({(60, 80): 5}, (60, 80)),  # never enlarged
        ({(8, 5000): 5}, (16, 4096)),  # a strip stays trainable
        ({(300, 400): 5, (1000, 1000): 4, (400, 300): 4}, (208, 208)),  # the middle shape of a mixed pool
    ],
)
def test_the_size_keeps_the_pools_shape(sizes: dict[tuple[int, int], int], expected: tuple[int, int]) -> None:
    fitted = fitted_settings(sizes, on_gpu=False)
    assert (fitted["image_height_px"], fitted["image_width_px"]) == expected


@pytest.mark.parametrize(("num_images", "steps"), [(3, 1_500), (1_000, 4_000), (100_000, 6_000)])
def test_steps_grow_with_the_pool_within_bounds(num_images: int, steps: int) -> None:
    assert fitted_settings({(360, 480): num_images}, on_gpu=False)["image_steps"] == steps


def test_what_is_fitted_are_settings_of_every_method() -> None:
    for method in METHOD_PRESETS:
        fitted = fitted_settings({(37, 4096): 2}, on_gpu=True, named={"method": method.value})
        settings = RoundSettings.from_mapping({"method": method.value, **fitted}).to_mapping()
        assert {name: settings[name] for name in fitted} == fitted


def test_an_empty_pool_is_refused() -> None:
    with pytest.raises(EmptyPoolError, match="no image"):
        fitted_settings({}, on_gpu=False)


@pytest.mark.parametrize(("method", "cutout_px"), [("segloop", 25), ("s4al_plus", 25), ("s4al", 0)])
def test_a_method_that_cuts_nothing_out_stays_so(method: str, cutout_px: int) -> None:
    fitted = fitted_settings({(360, 480): 367}, on_gpu=False, named={"method": method})
    assert RoundSettings.from_mapping({"method": method, **fitted}).cutout_px == cutout_px


def test_an_unknown_method_is_left_for_the_settings_to_refuse() -> None:
    fitted = fitted_settings({(360, 480): 367}, on_gpu=False, named={"method": "magic"})
    with pytest.raises(SettingsError, match="magic"):
        RoundSettings.from_mapping({"method": "magic", **fitted})


def fitted_beside(**named: Any) -> dict[str, Any]:
    fitted = fitted_settings({(360, 480): 367}, on_gpu=False, named=named)
    assert not set(fitted) & set(named)
    return {**fitted, **named}


def test_what_is_named_is_heeded() -> None:
    both = fitted_beside(image_height_px=360, image_width_px=500)
    assert both["cutout_px"] == 50, "the paper's share of the height that is used"
    assert fitted_beside(image_height_px=360)["image_width_px"] == 480, "the pool's shape"
    by_width = fitted_beside(image_width_px=480)
    assert (by_width["image_height_px"], by_width["cutout_px"]) == (360, 50)
    assert fitted_beside(image_steps=7, cutout_px=3)["image_height_px"] == 180


@pytest.mark.parametrize("side", ["many", True, -1, 0, 10**9, None, 3.5])
def test_a_wrong_side_is_left_for_the_settings_to_refuse(side: object) -> None:
    fitted = fitted_beside(image_height_px=side)
    assert (fitted["image_width_px"], fitted["cutout_px"]) == (240, 25)
    with pytest.raises(SettingsError, match="image_height_px"):
        RoundSettings.from_mapping(fitted)
